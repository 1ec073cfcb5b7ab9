use oauth::configuration::Client;
use oauth::{
    Asked, AuthenticationEvent, AuthorizationDetails, AuthorizationRequest, ClientId, Refusal, Scope,
};
use pages::Withheld;
use policy::{Action, Answer, Asking, Item, Person, Principal, Requested};

use crate::{Chosen, Guest, SignedIn};

impl Guest<'_> {
    /// Refuses what a browser brought and nobody could approve.
    ///
    /// # Errors
    /// Those of [`Asking::check`].
    pub fn may_be_asked(&self, client: &Client, request: &AuthorizationRequest) -> Result<(), Refusal> {
        let asking = Asking {
            client,
            actor: None,
            scope: &request.scope,
            details: &request.details,
            tools: &self.configuration.tools_of(client, &request.resources),
            has_passkeys: self.configuration.server.has_passkeys(),
            is_pushed: false,
            now: self.now,
        };
        asking.check(&self.types, &self.policies, |answer| http::note_policies(answer.for_audit()))
    }

    /// What of a request the person who is signed in cannot grant, as far as their session says: for the page. Their yes is
    /// judged by their record ([`Guest::may_grant`]).
    pub(crate) fn withheld(&self, client: &Client, asked: &Asked<'_>, signed_in: &SignedIn) -> Withheld {
        let session = &signed_in.session;
        let Some(membership) = &session.membership else {
            return Withheld::default();
        };
        let person = Person {
            subject: session.person.as_str(),
            user_name: &session.user_name,
            groups: &membership.groups,
            attributes: &membership.attributes,
        };
        let whole = Share { scopes: asked.scope, details: asked.details };
        let mut answer = self.granted_by(person, &session.authentication, client, asked, whole);
        if self.relying_party().is_some() && !answer.refused.is_empty() {
            // What they can grant by countersigning it is theirs to choose.
            let signed = self.granted_by(person, &self.countersigning_now(), client, asked, whole);
            answer.refused.retain(|refused| signed.refused.iter().any(|one| one.item == refused.item));
        }
        let mut withheld = Withheld::default();
        for refused in answer.refused {
            match refused.item {
                Item::Scope(scope) => withheld.scopes.push(scope),
                Item::Detail(index) => withheld.details.push(index),
                Item::Whole => {}
            }
        }
        withheld
    }

    /// Asks the policies whether a person who is known like this may grant these scopes and details: nobody approves access that they
    /// do not hold.
    ///
    /// # Errors
    /// [`Refusal::GrantNotPermitted`].
    pub fn may_grant(
        &self,
        person: &store::Person,
        authentication: &AuthenticationEvent,
        client: &Client,
        asked: &Asked<'_>,
        chosen: &Chosen,
    ) -> Result<(), Refusal> {
        let details = asked.details.pick(&chosen.details);
        let share = Share { scopes: &chosen.scope, details: &details };
        let answer =
            self.granted_by(Person::new(&person.id, &person.profile), authentication, client, asked, share);
        http::note_policies(answer.for_audit());
        answer.refused.is_empty().then_some(()).ok_or(Refusal::GrantNotPermitted)
    }

    /// Whether a person may grant what they chose as they are signed in, or only by countersigning it.
    ///
    /// # Errors
    /// [`Refusal::GrantNotPermitted`] where they may not either way.
    pub fn may_grant_signed(
        &self,
        person: &store::Person,
        signed_in: &SignedIn,
        client: &Client,
        asked: &Asked<'_>,
        chosen: &Chosen,
    ) -> Result<Permitted, Refusal> {
        let authentication = &signed_in.session.authentication;
        match self.may_grant(person, authentication, client, asked, chosen) {
            Ok(()) => Ok(Permitted::AsSignedIn),
            Err(refusal) if self.relying_party().is_none() => Err(refusal),
            Err(_) => {
                let signed = self.may_grant(person, &self.countersigning_now(), client, asked, chosen);
                signed.map(|()| Permitted::IfCountersigned)
            }
        }
    }

    fn granted_by(
        &self,
        person: Person<'_>,
        authentication: &AuthenticationEvent,
        client: &Client,
        asked: &Asked<'_>,
        share: Share<'_>,
    ) -> Answer {
        let amr: Vec<&str> = authentication.amr.iter().map(String::as_str).collect();
        self.policies.request(&Requested {
            principal: Principal { client, person: Some(person) },
            actor: asked.actors.iter().find(|actor| **actor != client.id).map(ClientId::as_str),
            action: Action::Grant,
            scopes: share.scopes,
            details: share.details,
            tools: &self.configuration.tools_of(client, asked.resource),
            acr: authentication.acr(),
            amr: &amr,
            auth_age: Some(self.now.since(authentication.auth_time)),
            now: self.now,
        })
    }
}

/// How a person may grant something, as the policies have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permitted {
    /// As they are signed in.
    AsSignedIn,
    /// If they countersign it: then they are known by a passkey, and from now on.
    IfCountersigned,
}

/// The part of a request that is decided about.
#[derive(Clone, Copy)]
struct Share<'a> {
    scopes: &'a Scope,
    details: &'a AuthorizationDetails,
}
