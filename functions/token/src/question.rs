use std::collections::BTreeSet;

use issuing::Content;
use oauth::configuration::Client;
use oauth::{
    AccessTokenClaims, Actors, Ancestor, Child, ClientId, Narrower, Origin, OutsideToken, Refusal, Timestamp,
    TokenType,
};
use policy::{Action, Answer, Context, Person, Policies, Principal, Question};

/// An exchange as policies are asked about it: at first, whenever what came of it is renewed, and where another issuer's grant
/// takes the place of the subject token.
pub(crate) struct Exchange<'a> {
    /// Those in force.
    pub(crate) policies: Policies,
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
    /// Whom an actor token names, where one was shown (RFC 8693, section 2.1).
    pub(crate) actor: Option<ClientId>,
    /// The clients that stand between the subject and this one, the nearest first ([`between`]). Whom an actor token names just now is
    /// another question.
    pub(crate) actors: Vec<ClientId>,
    /// Whether the person at the start of the chain has approved what is asked for now.
    pub(crate) is_approved: bool,
    /// The moment of the request.
    pub(crate) now: Timestamp,
}

/// What the policies leave of an exchange.
pub(crate) enum Permitted<'c> {
    /// This, at once.
    Now {
        /// What the token allows.
        content: Content<'c>,
        /// Whether it says who acts.
        names_the_actor: bool,
    },
    /// This, once the person at the start of the chain has approved it.
    OnceApproved(Content<'c>),
}

/// The clients that stand between a subject and the client that shows its token, the nearest first: whoever has had a token of the
/// chain, and whoever that token says acts or acted before, by an actor token.
pub(crate) fn between(above: &[Ancestor], act: &Actors) -> Vec<ClientId> {
    let mut all: Vec<ClientId> = above.iter().map(|one| one.client_id.clone()).collect();
    for actor in act.clients() {
        if !all.contains(&actor) {
            all.push(actor);
        }
    }
    all
}

/// As [`between`], for what was got by exchange, or is got with it: where no tool's rights became these, its client has stood between
/// nobody and itself.
pub(crate) fn between_by(child: &Child, above: &[Ancestor], act: &Actors) -> Vec<ClientId> {
    if child.terms.from.is_some() {
        return between(above, act);
    }
    between(&[], act).into_iter().filter(|actor| *actor != child.claims.client_id).collect()
}

/// By which action an exchange is permitted, and whether its token says who acts then.
const WAYS: [(Action, bool); 2] = [(Action::TokenExchange, true), (Action::Impersonate, false)];

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
    /// The part of the content that the policies leave, and whether the new token says who acts. It does not where they permit
    /// nothing but impersonation (RFC 8693, section 1.1). What a policy refuses is not tried again without a name, nor is what names
    /// who acts by an actor token: to leave that name out in silence would be a lie. `so_far` says which policies have spoken before,
    /// for the audit.
    pub(crate) fn permitted<'c>(
        &self,
        so_far: &BTreeSet<String>,
        asked: &Narrower,
        content: &Content<'c>,
    ) -> Result<Permitted<'c>, Refusal> {
        // What allows nothing is not worth a token, and a policy that permits everything must not be asked about nothing.
        if content.is_empty() {
            return Err(Refusal::ExchangeNotAllowed);
        }
        let ways = if self.actor.is_some() { &WAYS[..1] } else { &WAYS };
        for &(action, names_the_actor) in ways {
            let answer = self.ask(action, content);
            // Of two refusals the one that a policy spoke says more.
            if action != Action::Impersonate || !answer.by().is_empty() {
                http::note_policies(so_far | &answer.for_audit());
            }
            if let Some(left) = self.waits(asked, &answer, content) {
                return Ok(Permitted::OnceApproved(left));
            }
            if answer.scopes.is_empty() && answer.details.is_empty() {
                if answer.is_refused_by_nobody() {
                    continue;
                }
                return Err(Refusal::ExchangeNotAllowed);
            }
            let left = permitted_part(asked, &answer, content)?;
            if left.is_empty() {
                return Err(Refusal::ExchangeNotAllowed);
            }
            let left = self.lasting(asked, left, &(so_far | &answer.for_audit_in_part()))?;
            return if left.is_empty() {
                Err(Refusal::ExchangeNotAllowed)
            } else {
                Ok(Permitted::Now { content: left, names_the_actor })
            };
        }
        Err(Refusal::ExchangeNotAllowed)
    }

    /// What the policies would leave once the person has approved it, where they leave nothing of what is asked for before that, and an
    /// access token of it then. What can be had at once is had without what waits, unless the request names that.
    fn waits<'c>(&self, asked: &Narrower, answer: &Answer, content: &Content<'c>) -> Option<Content<'c>> {
        let enough =
            |answer: &Answer| permitted_part(asked, answer, content).ok().filter(|left| !left.is_empty());
        let is_access_token = matches!(self.requested, TokenType::AccessToken | TokenType::Jwt);
        if !answer.waits() || !is_access_token || enough(answer).is_some() {
            return None;
        }
        enough(&answer.clone().once_approved())
    }

    /// The part of it that may outlive the subject token, where a refresh token is asked for: that is a question of its own.
    fn lasting<'c>(
        &self,
        asked: &Narrower,
        content: Content<'c>,
        so_far: &BTreeSet<String>,
    ) -> Result<Content<'c>, Refusal> {
        if self.requested != TokenType::RefreshToken {
            http::note_policies(so_far.iter().cloned());
            return Ok(content);
        }
        let answer = self.ask(Action::RefreshTokenByExchange, &content);
        permitted_on_record(so_far, asked, &answer, &content)
    }

    /// What the policies answer to each scope and detail.
    pub(crate) fn ask(&self, action: Action, content: &Content<'_>) -> Answer {
        let SignedIn { acr, amr, auth_time } = self.signed_in;
        let actors: Vec<&str> = self.actors.iter().map(ClientId::as_str).collect();
        let amr: Vec<&str> = amr.iter().map(String::as_str).collect();
        let answer = self.policies.each(&Question {
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
                depth: u32::try_from(actors.len()).unwrap_or(u32::MAX),
                actors: &actors,
                actor: self.actor.as_ref().map(ClientId::as_str),
                acr,
                amr: &amr,
                auth_age: auth_time.map(|moment| self.now.since(moment)),
                now: self.now,
            },
        });
        if self.is_approved { answer.once_approved() } else { answer }
    }
}

/// The part of the content that the policies leave. What the request itself names and a policy refuses is not left out in silence.
pub(crate) fn permitted_part<'c>(
    asked: &Narrower,
    answer: &Answer,
    content: &Content<'c>,
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
    content: &Content<'c>,
) -> Result<Content<'c>, Refusal> {
    http::note_policies(so_far | &answer.for_audit());
    let left = permitted_part(asked, answer, content)?;
    if !left.is_empty() {
        http::note_policies(so_far | &answer.for_audit_in_part());
    }
    Ok(left)
}
