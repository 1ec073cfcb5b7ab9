use evidence::Displayed;
use http::audit::{self, Event, Outcome};
use http::{Problem, Response, answer};
use oauth::configuration::Client;
use oauth::{
    Authorization, AuthorizationRequest, ClientId, Decision, GrantId, Handle, HandleRejection, Passkeys,
    Refusal, Secret, Stage, Timestamp, meets_acr,
};
use passkeys::RelyingParty;
use sessions::{Interaction, Request};
use store::{Commit, Countersigned, Person, ToCountersign};

use crate::{Chosen, Guest, Permitted, SignedIn};

/// A request that waits for the decision of this very person. Deciding consumes it.
pub struct Pending {
    interaction: Interaction,
    request: AuthorizationRequest,
    /// What stands in the table for it: what was pushed, or what is left of a decision about what the browser brought that was taken back.
    standing: Option<Authorization>,
    person: Person,
}

/// What a person says yes to.
pub struct Yes {
    /// How much of what was asked.
    pub chosen: Chosen,
    /// Whether they had let us remember it, and were not asked now.
    pub is_remembered: bool,
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
        let person = &signed_in.session.person;
        let found = match &interaction.request {
            Request::Carried(_) => (None, guest.store.person(person).await?),
            Request::Pushed { .. } => guest.store.authorization_and_person(&interaction.id, person).await?,
        };
        Ok(Self::of(guest, interaction, signed_in, found)?)
    }

    /// The same of a request that the person countersigns, with all that the countersignature is judged by: one call, too.
    ///
    /// # Errors
    /// As [`Pending::read`].
    pub async fn to_countersign(
        guest: &Guest<'_>,
        interaction: Interaction,
        signed_in: &SignedIn,
    ) -> Result<(Self, ToCountersign), Problem> {
        let person = &signed_in.session.person;
        let mut standing = guest.store.to_countersign(&interaction.id, person).await?;
        let found = (standing.authorization.take(), standing.person.take());
        Ok((Self::of(guest, interaction, signed_in, found)?, standing))
    }

    /// The request of an interaction, with what the table has of it and of the person.
    fn of(
        guest: &Guest<'_>,
        interaction: Interaction,
        signed_in: &SignedIn,
        (standing, person): (Option<Authorization>, Option<Person>),
    ) -> Result<Self, Refusal> {
        let taken_up = standing.as_ref().map(|standing| standing.taken_up(guest.now)).transpose()?;
        let gone = Refusal::RequestUriInvalid { why: HandleRejection::Unknown };
        let request = match &interaction.request {
            Request::Carried(request) => (**request).clone(),
            Request::Pushed { .. } => taken_up.ok_or(gone)?.clone(),
        };
        let person = person.filter(|person| person.allows(&signed_in.session));
        Ok(Self { interaction, request, standing, person: person.ok_or(Refusal::PersonEnded)? })
    }

    /// What is asked.
    pub const fn request(&self) -> &AuthorizationRequest {
        &self.request
    }

    /// The person's way here.
    pub const fn interaction(&self) -> &Interaction {
        &self.interaction
    }

    /// Whether what the person gave to a client at `moment` is good by now.
    pub fn allows_of(&self, client: &ClientId, moment: Timestamp) -> bool {
        self.person.allows_of(client, moment)
    }

    /// The version of the request, as the person reads it. What their browser brought stays as it came.
    pub fn version(&self) -> u64 {
        match &self.interaction.request {
            Request::Carried(_) => 0,
            Request::Pushed { .. } => self.standing.as_ref().map_or(0, |pushed| pushed.version),
        }
    }

    /// Whether the person may say this yes as they are signed in, and has not to countersign it.
    ///
    /// # Errors
    /// [`Refusal::GrantNotPermitted`]; [`Refusal::AuthenticationStrengthUnavailable`] for what takes a countersignature.
    pub fn may_be_granted(
        &self,
        guest: &Guest<'_>,
        client: &Client,
        signed_in: &SignedIn,
        yes: &Yes,
    ) -> Result<(), Refusal> {
        if self.takes_countersignature(guest, client, signed_in, &yes.chosen)? {
            return Err(Refusal::AuthenticationStrengthUnavailable);
        }
        Ok(())
    }

    /// Whether the person may say yes to this by countersigning it alone: a type demands it, the request, or the policies. A request
    /// that only has them sign in demands that they sign in with a passkey, and nothing to be signed.
    ///
    /// # Errors
    /// [`Refusal::GrantNotPermitted`] where they may not either way.
    pub fn takes_countersignature(
        &self,
        guest: &Guest<'_>,
        client: &Client,
        signed_in: &SignedIn,
        chosen: &Chosen,
    ) -> Result<bool, Refusal> {
        let asked = self.request.asked();
        let permitted = guest.may_grant_signed(&self.person, signed_in, client, &asked, chosen)?;
        let details = self.request.details.pick(&chosen.details);
        Ok(permitted == Permitted::IfCountersigned || guest.must_be_signed(&self.request, &details))
    }

    /// Commits the person's countersigned yes with its evidence by one write. `None` where something that it was judged by has changed
    /// meanwhile: read it again.
    ///
    /// # Errors
    /// As [`Pending::grant`].
    pub async fn grant_signed(
        self,
        guest: &Guest<'_>,
        client: &Client,
        signed_in: &SignedIn,
        standing: &ToCountersign,
        relying_party: &RelyingParty,
        (displayed, signed, used): (Displayed, passkeys::Countersigned, Passkeys),
    ) -> Result<Option<Response>, Problem> {
        if !meets_acr(signed_in.signed().acr, &self.request.acr_values) {
            return Err(Refusal::AuthenticationContextUnmet.into());
        }
        let (chosen, now_known) = (Chosen::of_displayed(&displayed), guest.countersigning_now());
        guest.may_grant(&self.person, &now_known, client, &self.request.asked(), &chosen)?;
        let (reply_to, purpose) = (self.request.reply_to(), self.request.purpose.clone());
        let code: [u8; 32] = guest.dice.roll();
        let approval = chosen.countersigned_by(signed_in, now_known, displayed.shown());
        let decision = Decision { approval, code: Secret::new(code).digest() };
        let lives = &guest.configuration.server.lifetimes;
        let consented = self.undecided(guest).consented(decision, lives, guest.now)?;
        let chain = &standing.head.head;
        let evidence = guest.evidence(relying_party, displayed, signed, &consented, chain)?;
        let of_passkeys = (&standing.passkeys, &used);
        match guest.store.countersign(&consented, of_passkeys, (&standing.head, &evidence)).await? {
            Countersigned::Contended => Ok(None),
            Countersigned::Outdated(_) => {
                Err(Refusal::RequestUriInvalid { why: HandleRejection::Spent }.into())
            }
            Countersigned::Done => {
                record_yes(guest, &consented, purpose.as_deref().unwrap_or_default(), false);
                let code = Handle::new(consented.id, code).reveal();
                Ok(Some(answer::see_other(&reply_to.with_code(&code, guest.site.issuer()))))
            }
        }
    }

    /// Commits the person's yes by one write, which spends the request: of any number at once exactly one succeeds.
    /// Then records it, and sends them back to the client with the code.
    ///
    /// # Errors
    /// [`Refusal::GrantNotPermitted`]; [`Refusal::AuthenticationStrengthUnavailable`]; [`Refusal::AuthenticationContextUnmet`] when they have
    /// signed in by less than the request demands; [`Refusal::RequestUriInvalid`] when it was decided meanwhile; a fault of the table.
    pub async fn grant(
        self,
        guest: &Guest<'_>,
        client: &Client,
        signed_in: &SignedIn,
        yes: Yes,
    ) -> Result<(GrantId, Response), Problem> {
        if !meets_acr(signed_in.signed().acr, &self.request.acr_values) {
            return Err(Refusal::AuthenticationContextUnmet.into());
        }
        self.may_be_granted(guest, client, signed_in, &yes)?;
        let (reply_to, purpose) = (self.request.reply_to(), self.request.purpose.clone());
        let code: [u8; 32] = guest.dice.roll();
        let approval = yes.chosen.approved_by(signed_in);
        let decision = Decision { approval, code: Secret::new(code).digest() };
        let consented = self.approve(guest, decision).await?;
        record_yes(guest, &consented, purpose.as_deref().unwrap_or_default(), yes.is_remembered);
        let code = Handle::new(consented.id.clone(), code).reveal();
        let response = answer::see_other(&reply_to.with_code(&code, guest.site.issuer()));
        Ok((consented.id, response))
    }

    /// Commits the person's no, so that the same form cannot say yes afterwards, records it, and sends them back.
    ///
    /// # Errors
    /// As [`Pending::grant`].
    pub async fn deny(self, guest: &Guest<'_>, signed_in: &SignedIn) -> Result<Response, Problem> {
        let (client, asked, reply_to) =
            (self.request.client_id.clone(), self.request.asked().digest(), self.request.reply_to());
        let denied = guest.decide(self.undecided(guest), |request| request.denied(guest.now)).await?;
        audit::Decision::new(Event::Consent, Outcome::Denied, guest.request, guest.now)
            .client(&client)
            .person(&signed_in.session.person)
            .grant_id(&denied.id)
            .details_digest(&asked)
            .record();
        let refusal = Refusal::DeniedByPerson;
        let error_uri = guest.site.error_uri(&refusal.name());
        Ok(answer::see_other(&reply_to.with_refusal(&refusal, &error_uri, guest.site.issuer())))
    }

    async fn approve(self, guest: &Guest<'_>, decision: Decision) -> Result<Authorization, Problem> {
        let lives = &guest.configuration.server.lifetimes;
        let consented = |request: Authorization| request.consented(decision.clone(), lives, guest.now);
        guest.decide(self.undecided(guest), consented).await
    }

    /// The request before the decision. One that came with the browser stands nowhere: it is decided like one that was pushed,
    /// by nobody, as the version before the first.
    fn undecided(self, guest: &Guest<'_>) -> Authorization {
        self.standing.unwrap_or_else(|| {
            let lives = &guest.configuration.server.lifetimes;
            let nobodys = Secret::new(guest.dice.roll::<32>()).digest();
            let pushed = Authorization::pushed(self.interaction.id, self.request, nobodys, lives, guest.now);
            Authorization { version: 0, ..pushed }
        })
    }
}

/// Why the agent asked was read by whoever was asked; a remembered yes is marked as one instead.
fn record_yes(guest: &Guest<'_>, consented: &Authorization, purpose: &str, is_remembered: bool) {
    let mut decision = audit::Decision::new(Event::Consent, Outcome::Granted, guest.request, guest.now)
        .grant_id(&consented.id);
    if let Some(grant) = consented.grant() {
        decision = decision
            .client(&grant.client_id)
            .person(&grant.person)
            .scope(&grant.scope)
            .details_digest(&grant.asked);
    }
    if is_remembered { decision.remembered().record() } else { decision.purpose(purpose).record() }
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

    /// Commits the decision about a request. Who heard of nothing may press a button again: they find what taking their first
    /// decision back has left, which stands in the table even where the request did not.
    async fn decide(
        &self,
        before: Authorization,
        decision: impl Fn(Authorization) -> Result<Authorization, Refusal>,
    ) -> Result<Authorization, Problem> {
        let decided = decision(before.clone())?;
        let is_stored = before.version > 0;
        let commit = Box::pin(self.store.commit_or_take_back(before.clone(), &decided)).await?;
        match commit {
            Commit::Outdated(Some(standing)) if !is_stored && matches!(standing.stage, Stage::Pushed(_)) => {
                let before = Authorization { version: standing.version, ..before };
                let decided = decision(before.clone())?;
                made(&Box::pin(self.store.commit_or_take_back(before, &decided)).await?, decided)
            }
            commit => made(&commit, decided),
        }
    }
}

/// What a commit made, unless somebody had decided before.
fn made(commit: &Commit, next: Authorization) -> Result<Authorization, Problem> {
    match commit {
        Commit::Done => Ok(next),
        Commit::Outdated(_) => Err(Refusal::RequestUriInvalid { why: HandleRejection::Spent }.into()),
    }
}
