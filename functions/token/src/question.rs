use std::sync::Arc;

use admission::Visit;
use oauth::configuration::Client;
use oauth::{AccessTokenClaims, Ancestor, Narrower, Refusal};
use policy::{Action, Answer, Context, Person, Principal, Question};

use crate::Services;
use crate::content::Content;

/// An exchange as policies are asked about it: at first, and whenever what came of it is renewed.
pub(crate) struct Exchange<'a> {
    pub(crate) services: &'a Services,
    pub(crate) visit: &'a Visit<'a>,
    /// Who gets the new token.
    pub(crate) client: &'a Arc<Client>,
    /// Whom it is about, if it is one of ours.
    pub(crate) person: Option<&'a store::Person>,
    /// What policies call the target.
    pub(crate) at: &'a str,
    /// What says how the subject signed in.
    pub(crate) claims: &'a AccessTokenClaims,
    /// Who has had a token of the chain, and not who is named by an actor token: whoever was sent one could show it.
    pub(crate) above: &'a [Ancestor],
}

impl Exchange<'_> {
    /// What the policies answer to each scope and detail.
    pub(crate) fn ask(&self, action: Action, content: &Content<'_>) -> Answer {
        let Self { visit, claims, above, .. } = *self;
        let actors: Vec<&str> = above.iter().map(|one| one.client_id.as_str()).collect();
        let amr: Vec<&str> = claims.amr.iter().map(String::as_str).collect();
        self.services.policies(visit).each(&Question {
            principal: Principal {
                client: self.client,
                person: self.person.map(|person| Person::new(&person.id, &person.profile)),
            },
            action,
            tool: self.at,
            context: Context {
                scope: None,
                detail: None,
                scopes: &content.scope,
                details: &content.details,
                depth: u32::try_from(above.len()).unwrap_or(u32::MAX),
                actors: &actors,
                acr: claims.acr.as_deref(),
                amr: &amr,
                auth_age: claims.auth_time.map(|moment| visit.now.since(moment)),
                now: visit.now,
            },
        })
    }
}

/// What the request itself names and a policy refuses is not left out in silence.
pub(crate) fn refuse_what_was_named(
    asked: &Narrower,
    answer: &Answer,
    content: &Content<'_>,
) -> Result<(), Refusal> {
    if asked.scope.is_some() && answer.scopes != content.scope {
        return Err(Refusal::ScopeNotPermitted);
    }
    let left_out = (0..content.details.len()).find(|index| !answer.details.contains(index));
    match left_out.filter(|_| asked.details.is_some()) {
        Some(index) => Err(Refusal::DetailNotPermitted { index }),
        None => Ok(()),
    }
}
