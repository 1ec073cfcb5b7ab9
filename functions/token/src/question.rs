use std::collections::BTreeSet;

use admission::Visit;
use oauth::configuration::Client;
use oauth::{AccessTokenClaims, Ancestor, Narrower, Origin, OutsideToken, Refusal, Timestamp, TokenType};
use policy::{Action, Answer, Context, Person, Principal, Question};

use crate::Services;
use crate::content::Content;

/// An exchange as policies are asked about it: at first, whenever what came of it is renewed, and where another issuer's grant
/// takes the place of the subject token.
pub(crate) struct Exchange<'a> {
    pub(crate) services: &'a Services,
    pub(crate) visit: &'a Visit<'a>,
    /// Who gets the new token.
    pub(crate) client: &'a Client,
    /// Whom it is about, if it is one of ours.
    pub(crate) person: Option<&'a store::Person>,
    /// What policies call the target.
    pub(crate) at: &'a str,
    /// What is issued.
    pub(crate) requested: TokenType,
    /// Who vouches for the subject, if it is another issuer.
    pub(crate) origin: Option<&'a Origin>,
    /// How the subject signed in.
    pub(crate) signed_in: SignedIn<'a>,
    /// Who has had a token of the chain, and not who is named by an actor token: whoever was sent one could show it.
    pub(crate) above: &'a [Ancestor],
}

/// How somebody signed in, as far as a token says so.
#[derive(Clone, Copy)]
pub(crate) struct SignedIn<'a> {
    acr: Option<&'a str>,
    amr: &'a [String],
    auth_time: Option<Timestamp>,
}

impl<'a> From<&'a AccessTokenClaims> for SignedIn<'a> {
    fn from(claims: &'a AccessTokenClaims) -> Self {
        Self { acr: claims.acr.as_deref(), amr: &claims.amr, auth_time: claims.auth_time }
    }
}

impl<'a> From<&'a OutsideToken> for SignedIn<'a> {
    fn from(token: &'a OutsideToken) -> Self {
        Self { acr: token.acr.as_deref(), amr: &token.amr, auth_time: token.auth_time }
    }
}

impl Exchange<'_> {
    /// What the policies answer to each scope and detail.
    pub(crate) fn ask(&self, action: Action, content: &Content<'_>) -> Answer {
        let Self { visit, signed_in: SignedIn { acr, amr, auth_time }, above, .. } = *self;
        let actors: Vec<&str> = above.iter().map(|one| one.client_id.as_str()).collect();
        let amr: Vec<&str> = amr.iter().map(String::as_str).collect();
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
                requested: self.requested,
                origin: self.origin.map(|origin| origin.iss.as_str()),
                depth: u32::try_from(above.len()).unwrap_or(u32::MAX),
                actors: &actors,
                acr,
                amr: &amr,
                auth_age: auth_time.map(|moment| visit.now.since(moment)),
                now: visit.now,
            },
        })
    }
}

/// The part of the content that the policies leave. What the request itself names and a policy refuses is not left out in silence.
pub(crate) fn permitted_part<'c>(
    asked: &Narrower,
    answer: &Answer,
    content: Content<'c>,
) -> Result<Content<'c>, Refusal> {
    if asked.scope.is_some() && answer.scopes != content.scope {
        return Err(Refusal::ScopeNotPermitted);
    }
    let left_out = (0..content.details.len()).find(|index| !answer.details.contains(index));
    match left_out.filter(|_| asked.details.is_some()) {
        Some(index) => Err(Refusal::DetailNotPermitted { index }),
        None => Ok(content.left(&answer.scopes, &answer.details)),
    }
}

/// As [`permitted_part`], on record: the audit names who spoke so far, and who refused it, or else who permitted what is left.
pub(crate) fn permitted_on_record<'c>(
    so_far: &BTreeSet<String>,
    asked: &Narrower,
    answer: &Answer,
    content: Content<'c>,
) -> Result<Content<'c>, Refusal> {
    http::note_policies(so_far | &answer.for_audit());
    let left = permitted_part(asked, answer, content)?;
    http::note_policies(so_far | &answer.for_audit_in_part());
    Ok(left)
}
