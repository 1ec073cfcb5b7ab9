use http::Problem;
use oauth::{Authorization, AuthorizationRequest, Decision, HandleRejection, Refusal, Timestamp};
use sessions::{Interaction, Request};
use store::{Commit, Person};

use crate::{Guest, SignedIn};

/// A request that waits for the decision of this very person. Deciding consumes it.
pub struct Pending {
    interaction: Interaction,
    request: AuthorizationRequest,
    pushed: Option<Authorization>,
    person: Person,
}

impl Pending {
    /// Reads a pushed request and the person in one call. Nobody decides from whom everything has been taken
    /// since they signed in.
    ///
    /// # Errors
    /// [`Refusal::RequestUriInvalid`] when the request is gone or was decided, [`Refusal::InteractionExpired`],
    /// [`Refusal::PersonEnded`]; a fault of the table.
    pub async fn read(
        guest: &Guest<'_>,
        interaction: Interaction,
        signed_in: &SignedIn,
    ) -> Result<Self, Problem> {
        let session = &signed_in.session;
        let gone = Refusal::RequestUriInvalid { why: HandleRejection::Unknown };
        let (request, pushed, person) = match &interaction.request {
            Request::Carried(request) => {
                ((**request).clone(), None, guest.store.person(&session.person).await?)
            }
            Request::Pushed => {
                let (pushed, person) =
                    guest.store.authorization_and_person(&interaction.id, &session.person).await?;
                let pushed = pushed.ok_or(gone)?;
                (pushed.taken_up(guest.now)?.clone(), Some(pushed), person)
            }
        };
        let stands = |person: &Person| person.allows_session_since(session.authentication.auth_time);
        let person = person.filter(stands).ok_or(Refusal::PersonEnded)?;
        Ok(Self { interaction, request, pushed, person })
    }

    /// What is asked.
    pub const fn request(&self) -> &AuthorizationRequest {
        &self.request
    }

    /// The person's way here.
    pub const fn interaction(&self) -> &Interaction {
        &self.interaction
    }

    /// Whether what the person did at `moment` is good by now.
    pub fn allows_made_at(&self, moment: Timestamp) -> bool {
        self.person.allows_made_at(moment)
    }

    /// Commits the person's yes by one write, which spends the request: of any number at once exactly one
    /// succeeds.
    ///
    /// # Errors
    /// [`Refusal::RequestUriInvalid`] when it was decided meanwhile; a fault of the table.
    pub async fn approve(self, guest: &Guest<'_>, decision: Decision) -> Result<Authorization, Problem> {
        let (lives, now) = (&guest.configuration.server.lifetimes, guest.now);
        let next = match self.pushed {
            Some(pushed) => pushed.consented(decision, lives, now)?,
            None => Authorization::consented_at_once(self.interaction.id, self.request, decision, lives, now),
        };
        guest.commit(next).await
    }

    /// Commits the person's no, so that the same form cannot say yes afterwards.
    ///
    /// # Errors
    /// As [`Pending::approve`].
    pub async fn deny(self, guest: &Guest<'_>) -> Result<(), Problem> {
        let denied = match self.pushed {
            Some(pushed) => pushed.denied(guest.now)?,
            None => Authorization::denied_at_once(self.interaction.id, &self.request, guest.now),
        };
        guest.commit(denied).await?;
        Ok(())
    }
}

impl Guest<'_> {
    /// The pushed request of an interaction.
    ///
    /// # Errors
    /// [`Refusal::RequestUriInvalid`] when it is gone.
    pub async fn pushed(&self, interaction: &Interaction) -> Result<Authorization, Problem> {
        let gone = Refusal::RequestUriInvalid { why: HandleRejection::Unknown };
        Ok(self.store.authorization(&interaction.id).await?.ok_or(gone)?)
    }

    async fn commit(&self, next: Authorization) -> Result<Authorization, Problem> {
        match self.store.commit(&next).await? {
            Commit::Done => Ok(next),
            Commit::Outdated(_) => Err(Refusal::RequestUriInvalid { why: HandleRejection::Spent }.into()),
        }
    }
}
