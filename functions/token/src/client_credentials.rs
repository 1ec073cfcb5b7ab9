use admission::Visit;
use clients::AuthenticatedClient;
use http::Problem;
use oauth::configuration::{Client, GrantType};
use oauth::{Narrower, Parameters, Refusal, TokenResponse, TokenType};
use policy::{Action, Context, ISSUER, Principal, Question};

use crate::Services;
use crate::content::Content;
use crate::issued::{Behalf, access_token};

/// Issues a token to a client that works alone (OAuth 2.1, section 4.2): one signature, and no table access
/// when warm. There is no refresh token (section 4.2.3).
pub(crate) async fn issue(
    services: &Services,
    visit: &Visit<'_>,
    authenticated: &AuthenticatedClient,
    parameters: &Parameters,
) -> Result<TokenResponse, Problem> {
    let client = authenticated.client();
    crate::require_grant(client, GrantType::ClientCredentials)?;
    authenticated.confidential()?;
    let asked = Narrower::parse(parameters)?;
    let registered = services.registered(visit, client);
    let content = Content::standing(&asked, &registered)?;
    let content = permitted(services, visit, client, &asked, content)?;
    let token = access_token(services, visit, client, &content, &Behalf::Client).await?;
    Ok(token.respond(visit, content, None, None))
}

/// The part of it that the policies leave. What the request itself names and a policy refuses is not left out in silence.
fn permitted<'c>(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    asked: &Narrower,
    content: Content<'c>,
) -> Result<Content<'c>, Refusal> {
    let answer = services.policies(visit).each(&Question {
        principal: Principal { client, person: None },
        action: Action::ClientCredentials,
        tool: content.audience.tool().map_or(ISSUER, |tool| tool.resource.as_str()),
        context: Context {
            scope: None,
            detail: None,
            scopes: &content.scope,
            details: &content.details,
            requested: TokenType::AccessToken,
            origin: None,
            depth: 0,
            actors: &[],
            acr: None,
            amr: &[],
            auth_age: None,
            now: visit.now,
        },
    });
    http::note_policies(answer.for_audit());
    if answer.refused.is_empty() {
        return Ok(content);
    }
    if asked.scope.is_some() { answer.everything() } else { answer.everything_but_scopes() }?;
    if answer.scopes.is_empty() && answer.details.is_empty() {
        return Err(Refusal::ClientNotPermitted);
    }
    http::note_policies(answer.for_audit_in_part());
    Ok(content.left(&answer.scopes, &answer.details))
}
