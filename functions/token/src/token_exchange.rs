use admission::Visit;
use clients::AuthenticatedClient;
use http::Problem;
use oauth::configuration::{Client, GrantType, Tool};
use oauth::{
    Actor, ExchangeRequest, Narrower, Parameters, Refusal, TokenResponse, TokenType, ancestors, delegated,
};
use policy::{Action, Context, Person, Principal, Question};
use store::Hop;

use crate::Services;
use crate::content::{Content, Registered};
use crate::exchanged::Rights;
use crate::issued::{AccessToken, Behalf, Exchanged, access_token, assertion};
use crate::subject::{Most, Subject, shown_actor};

/// Exchanges a token (RFC 8693): one read of all that could have ended the subject token, one signature, and one write that
/// records the hop, where the configuration keeps such records. With an actor token, one read more.
///
/// In this order: whether the client may exchange at all, whether the subject token is good and this client the one to show it,
/// who acts, what the tools' rules leave of its rights, and what the policies leave of that.
pub(crate) async fn exchange(
    services: &Services,
    visit: &Visit<'_>,
    authenticated: &AuthenticatedClient,
    parameters: &Parameters,
) -> Result<TokenResponse, Problem> {
    let client = authenticated.client();
    crate::require_grant(client, GrantType::TokenExchange)?;
    authenticated.confidential()?;
    let request = ExchangeRequest::parse(parameters)?;
    require_issuable(request.requested)?;
    let registered = services.registered(visit, client);
    let target = request.target(client, registered.tools)?;

    let subject = Subject::shown(services, visit, client, &request.subject).await?;
    let longest = visit.configuration.server.exchange.longest_chain;
    // Whoever an actor token names, it is the client that gets the new token: it must be one that may act.
    let by_the_client = delegated(&subject.claims, Actor::client(&client.id), longest)?;
    let act = match &request.actor {
        Some(shown) => {
            delegated(&subject.claims, shown_actor(services, visit, client, shown).await?, longest)?
        }
        None => by_the_client,
    };

    let content = content(&subject, target, &request.asked, &registered)?;
    let hop = Attempt { services, visit, client, target, subject: &subject, request: &request };
    let (content, names_the_actor) = hop.permitted(content)?;

    let act = if names_the_actor { act } else { subject.claims.act.clone() };
    let profile = subject.standing.person.as_ref().map(|person| &person.profile);
    let exchanged = Exchanged { subject: &subject.claims, grant: subject.grant(), profile, act };
    let token = match request.requested {
        TokenType::Saml2 => assertion(services, visit, client, &content, &exchanged).await?,
        _ => access_token(services, visit, client, &content, &Behalf::Exchanged(&exchanged)).await?,
    };
    record(services, visit, &token, &content, &exchanged).await?;
    let response = token.respond(visit, content, None, None);
    // An assertion is no access token (RFC 8693, section 2.2.1).
    let token_type = if request.requested == TokenType::Saml2 { "N_A" } else { response.token_type };
    Ok(TokenResponse { issued_token_type: Some(request.requested), token_type, ..response })
}

/// What can be asked for. Further kinds of tokens get their place here.
fn require_issuable(requested: TokenType) -> Result<(), Refusal> {
    match requested {
        TokenType::AccessToken | TokenType::Jwt | TokenType::Saml2 => Ok(()),
        TokenType::IdToken | TokenType::RefreshToken => {
            Err(Refusal::TokenTypeNotSupported { name: "requested_token_type" })
        }
    }
}

/// What of the subject's rights a token for the target can carry, and of that what the request names.
fn content<'a>(
    subject: &Subject<'_>,
    target: &'a Tool,
    asked: &Narrower,
    registered: &Registered<'a>,
) -> Result<Content<'a>, Refusal> {
    let claims = &subject.claims;
    match (&subject.most, subject.grant()) {
        (Most::AtTool(tool), _) => {
            let rights = Rights { tool, scope: &claims.scope, details: &claims.authorization_details };
            Content::exchanged(&rights, target, asked, registered)
        }
        (Most::OfGrant, Some(grant)) => {
            let asked = Narrower { resources: vec![target.resource.clone()], ..asked.clone() };
            Content::of_grant(grant, &asked, registered)
        }
        (Most::OfGrant, None) => Err(Refusal::SubjectTokenInvalid { why: "ended" }),
    }
}

/// An exchange that everything but the policies allows.
struct Attempt<'a> {
    services: &'a Services,
    visit: &'a Visit<'a>,
    client: &'a Client,
    target: &'a Tool,
    subject: &'a Subject<'a>,
    request: &'a ExchangeRequest<'a>,
}

impl Attempt<'_> {
    /// The part of the content that the policies leave, and whether the new token says who acts. It does not where they permit
    /// nothing but impersonation (RFC 8693, section 1.1). What a policy refuses is not tried again without a name.
    fn permitted<'c>(&self, content: Content<'c>) -> Result<(Content<'c>, bool), Refusal> {
        // What allows nothing is not worth a token, and a policy that permits everything must not be asked about nothing.
        if content.is_empty() {
            return Err(Refusal::ExchangeNotAllowed);
        }
        for (action, names_the_actor) in [(Action::TokenExchange, true), (Action::Impersonate, false)] {
            let answer = self.ask(action, &content);
            if answer.scopes.is_empty() && answer.details.is_empty() {
                if answer.is_refused_by_nobody() {
                    continue;
                }
                return Err(Refusal::ExchangeNotAllowed);
            }
            if !answer.refused.is_empty() {
                self.refuse_what_was_named(&answer, &content)?;
            }
            let left = content.left(&answer.scopes, &answer.details);
            return if left.is_empty() {
                Err(Refusal::ExchangeNotAllowed)
            } else {
                Ok((left, names_the_actor))
            };
        }
        Err(Refusal::ExchangeNotAllowed)
    }

    fn ask(&self, action: Action, content: &Content<'_>) -> policy::Answer {
        let claims = &self.subject.claims;
        let person = self.subject.standing.person.as_ref();
        // Who has had a token of the chain, and not who is named by an actor token: whoever was sent one could show it. An ID
        // token was given to the client itself.
        let above = match self.subject.most {
            Most::AtTool(_) => ancestors(claims),
            Most::OfGrant => Vec::new(),
        };
        let actors: Vec<&str> = above.iter().map(|one| one.client_id.as_str()).collect();
        let amr: Vec<&str> = claims.amr.iter().map(String::as_str).collect();
        let question = Question {
            principal: Principal {
                client: self.client,
                person: person.map(|person| Person::new(&person.id, &person.profile)),
            },
            action,
            tool: self.target.resource.as_str(),
            context: Context {
                scope: None,
                detail: None,
                scopes: &content.scope,
                details: &content.details,
                depth: u32::try_from(above.len()).unwrap_or(u32::MAX),
                actors: &actors,
                acr: None,
                amr: &amr,
                auth_age: claims.auth_time.map(|moment| self.visit.now.since(moment)),
                now: self.visit.now,
            },
        };
        let answer = self.services.policies(self.visit).each(&question);
        // Of two refusals the one that a policy spoke says more.
        if action == Action::TokenExchange || !answer.by().is_empty() {
            http::note_policies(answer.for_audit());
        }
        answer
    }

    /// What the request itself names and a policy refuses is not left out in silence.
    fn refuse_what_was_named(&self, answer: &policy::Answer, content: &Content<'_>) -> Result<(), Refusal> {
        if self.request.asked.scope.is_some() && answer.scopes != content.scope {
            return Err(Refusal::ScopeNotAllowed);
        }
        let left_out = (0..content.details.len()).find(|index| !answer.details.contains(index));
        match left_out.filter(|_| self.request.asked.details.is_some()) {
            Some(index) => Err(Refusal::DetailNotPermitted { index }),
            None => Ok(()),
        }
    }
}

/// Records the hop before anybody is given the token.
async fn record(
    services: &Services,
    visit: &Visit<'_>,
    token: &AccessToken,
    content: &Content<'_>,
    exchanged: &Exchanged<'_>,
) -> Result<(), Problem> {
    if !visit.configuration.server.exchange.record {
        return Ok(());
    }
    let (claims, subject) = (&token.claims, exchanged.subject);
    let hop = Hop {
        at: claims.iat,
        client_id: claims.client_id.clone(),
        act: claims.act.clone(),
        subject: claims.sub.clone(),
        from: subject.jti.clone(),
        token: claims.jti.clone(),
        resource: claims.aud.clone(),
        scope: content.scope.clone(),
        details: content.details.clone(),
        until: claims.exp,
    };
    let forgotten_at = exchanged.grant.map_or(claims.exp, |grant| grant.ends_at);
    services.store.record_hop(claims.grant_id.as_ref(), &hop, forgotten_at).await?;
    Ok(())
}
