use http::Problem;
use oauth::{
    Authorization, ClientId, Grant, GrantId, HandleRejection, PersonId, Redeemed, Refusal, Requested, Stage,
    Timestamp,
};
use reception::{Guest, SignedIn};
use store::Person;

/// A request as this very person finds it.
pub(crate) enum Found {
    /// It waits for their decision.
    Waiting(Box<Waiting>),
    /// It waited in vain.
    Expired(Box<Waiting>),
    /// They have approved it. The client may do something with that still, or no more.
    Approved {
        /// What they approved.
        grant: Box<Grant>,
        /// Until when that is good.
        until: Timestamp,
    },
    /// They have approved it, and it was ended since.
    Ended(ClientId),
    /// They have denied it.
    Denied(Box<Authorization>),
}

/// A request that waits for the decision of this very person.
pub(crate) struct Waiting {
    /// What is asked.
    pub(crate) requested: Requested,
    /// As it stands.
    pub(crate) authorization: Authorization,
}

/// There is no such request, as far as this person is told.
pub(crate) const fn unknown() -> Refusal {
    Refusal::RequestNotWaiting { why: HandleRejection::Unknown }
}

/// Reads a request and the person in one call. Nobody decides from whom everything has been taken since they signed in.
///
/// # Errors
/// [`Refusal::RequestNotWaiting`], which says the same of what is not there and of what is another's; [`Refusal::PersonEnded`]; a
/// fault of the table.
pub(crate) async fn find(
    guest: &Guest<'_>,
    id: &GrantId,
    signed_in: &SignedIn,
) -> Result<(Found, Person), Problem> {
    let stored = guest.store.authorization_and_person(id, &signed_in.session.person).await?;
    Ok(Found::by(signed_in, stored, guest.now)?)
}

impl Waiting {
    /// Whether it was asked after everything of the person was last ended.
    fn stands_for(&self, person: &Person) -> bool {
        person.allows_made_at(self.requested.requested_at)
    }

    /// Who decides about it now comes too late.
    pub(crate) const fn expired(&self) -> Refusal {
        let at = self.requested.awaited.expires_at;
        Refusal::RequestNotWaiting { why: HandleRejection::Expired { at } }
    }
}

impl Found {
    /// What was read of a request and a person is to whoever is signed in.
    pub(crate) fn by(
        signed_in: &SignedIn,
        (authorization, person): (Option<Authorization>, Option<Person>),
        now: Timestamp,
    ) -> Result<(Self, Person), Refusal> {
        let person = person.filter(|person| person.allows(&signed_in.session)).ok_or(Refusal::PersonEnded)?;
        let found = Self::of(authorization.ok_or(unknown())?, &person.id, now)?;
        // What was asked before everything of theirs was ended is not there any more.
        let is_over =
            matches!(&found, Self::Waiting(waiting) | Self::Expired(waiting) if !waiting.stands_for(&person));
        if is_over { Err(unknown()) } else { Ok((found, person)) }
    }

    /// What an authorization is to a person.
    pub(crate) fn of(
        authorization: Authorization,
        person: &PersonId,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        match &authorization.stage {
            Stage::Approved(approved) if approved.grant.person == *person => {
                http::note_authorization(&authorization);
                let (grant, until) = (Box::new(approved.grant.clone()), approved.awaited.expires_at);
                Ok(Self::Approved { grant, until })
            }
            Stage::Active(active)
                if active.grant.person == *person && matches!(active.spent, Redeemed::AuthReqId { .. }) =>
            {
                http::note_authorization(&authorization);
                let grant = Box::new(active.grant.clone());
                Ok(Self::Approved { until: grant.ends_at, grant })
            }
            Stage::Ended(ended) if ended.person.as_ref() == Some(person) => {
                http::note_authorization(&authorization);
                Ok(Self::Ended(ended.client_id.clone()))
            }
            Stage::Declined(declined) if declined.person == *person => {
                http::note_authorization(&authorization);
                Ok(Self::Denied(Box::new(authorization)))
            }
            Stage::Requested(requested) if requested.person.as_ref() == Some(person) => {
                http::note_authorization(&authorization);
                let is_over = match authorization.waits_for(person, now) {
                    Ok(_) => false,
                    Err(Refusal::RequestNotWaiting { why: HandleRejection::Expired { .. } }) => true,
                    Err(refusal) => return Err(refusal),
                };
                let requested = Requested::clone(requested);
                let waiting = Box::new(Waiting { requested, authorization });
                Ok(if is_over { Self::Expired(waiting) } else { Self::Waiting(waiting) })
            }
            _ => Err(unknown()),
        }
    }

    /// The request, for whoever wants to decide about it.
    pub(crate) fn still_waits(self) -> Result<Waiting, Refusal> {
        match self {
            Self::Waiting(waiting) => Ok(*waiting),
            Self::Expired(waiting) => Err(waiting.expired()),
            Self::Approved { .. } | Self::Ended(_) | Self::Denied(_) => {
                Err(Refusal::RequestNotWaiting { why: HandleRejection::Spent })
            }
        }
    }
}
