use oauth::configuration::Client;
use oauth::{AuthorizationDetails, AuthorizationRequest, Refusal, Scope};
use pages::Withheld;
use policy::{Action, Answer, Item, Person, Principal, Requested};

use crate::{Guest, SignedIn, Yes};

impl Guest<'_> {
    /// Asks the policies whether a client may ask a person for this.
    ///
    /// # Errors
    /// [`Refusal::ScopeNotPermitted`], [`Refusal::DetailNotPermitted`], [`Refusal::ClientNotPermitted`].
    pub fn may_be_asked(&self, client: &Client, request: &AuthorizationRequest) -> Result<(), Refusal> {
        let tools = self.configuration.tools_of(client, &request.resources);
        let answer = self.policies.ask(client, request, &tools, self.now);
        http::note_policies(answer.for_audit());
        answer.everything()
    }

    /// What of a request the person who is signed in cannot grant, as far as their session says: for the page. Their yes is
    /// judged by their record ([`Guest::may_grant`]).
    pub(crate) fn withheld(
        &self,
        client: &Client,
        request: &AuthorizationRequest,
        signed_in: &SignedIn,
    ) -> Withheld {
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
        let asked = Share { scopes: &request.scope, details: &request.details };
        let answer = self.granted_by(person, signed_in, client, request, asked);
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

    /// Asks the policies whether a person may grant these scopes and details: nobody approves access that they do not hold.
    ///
    /// # Errors
    /// [`Refusal::GrantNotPermitted`].
    pub(crate) fn may_grant(
        &self,
        person: &store::Person,
        signed_in: &SignedIn,
        client: &Client,
        request: &AuthorizationRequest,
        yes: &Yes,
    ) -> Result<(), Refusal> {
        let details = request.details.pick(&yes.details);
        let asked = Share { scopes: &yes.scope, details: &details };
        let answer =
            self.granted_by(Person::new(&person.id, &person.profile), signed_in, client, request, asked);
        http::note_policies(answer.for_audit());
        answer.refused.is_empty().then_some(()).ok_or(Refusal::GrantNotPermitted)
    }

    fn granted_by(
        &self,
        person: Person<'_>,
        signed_in: &SignedIn,
        client: &Client,
        request: &AuthorizationRequest,
        asked: Share<'_>,
    ) -> Answer {
        let authentication = &signed_in.session.authentication;
        let amr: Vec<&str> = authentication.amr.iter().map(String::as_str).collect();
        self.policies.request(&Requested {
            principal: Principal { client, person: Some(person) },
            action: Action::Grant,
            scopes: asked.scopes,
            details: asked.details,
            tools: &self.configuration.tools_of(client, &request.resources),
            amr: &amr,
            auth_age: Some(self.now.since(authentication.auth_time)),
            now: self.now,
        })
    }
}

/// The part of a request that is decided about.
#[derive(Clone, Copy)]
struct Share<'a> {
    scopes: &'a Scope,
    details: &'a AuthorizationDetails,
}
