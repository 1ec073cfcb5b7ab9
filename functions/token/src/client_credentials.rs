use admission::Visit;
use clients::AuthenticatedClient;
use http::Problem;
use issuing::{Behalf, Content, Registered};
use oauth::configuration::{Client, GrantType};
use oauth::{Audience, Narrower, Parameters, Refusal, ResourceUri, TokenResponse, narrowed_scope};
use policy::ISSUER;

use crate::{Services, alone};

/// Issues a token to a client that works alone (OAuth 2.1, section 4.2): one signature, and no table access
/// when warm. There is no refresh token (section 4.2.3).
pub(crate) async fn issue(
    services: &Services,
    visit: &Visit<'_>,
    authenticated: &AuthenticatedClient,
    parameters: &Parameters,
) -> Result<TokenResponse, Problem> {
    let client = authenticated.client();
    client.require_grant(GrantType::ClientCredentials)?;
    authenticated.confidential()?;
    let asked = Narrower::parse(parameters)?;
    let registered = services.registered(visit, client);
    let content = standing(&asked, &registered)?;
    let content = permitted(services, visit, client, &asked, content)?;
    let token = services.access_token(visit, client, &content, &Behalf::Client).await?;
    Ok(token.respond(crate::granted(visit), &content, None))
}

/// What a client may have for itself: of its own scopes, and details within its standing ones.
fn standing<'a>(asked: &Narrower, registered: &Registered<'a>) -> Result<Content<'a>, Refusal> {
    let Registered { server, tools, ref types, client, default_resource } = *registered;
    let own: Vec<ResourceUri> = tools
        .iter()
        .filter(|tool| client.tools.contains(&tool.id))
        .map(|tool| tool.resource.clone())
        .collect();
    let named = match (asked.resources.as_slice(), default_resource) {
        ([], Some(default)) => std::slice::from_ref(default),
        (named, _) => named,
    };
    let audience = Audience::choose(named, &own, default_resource, server, tools)?;
    let details = asked.details.clone().unwrap_or_default();
    Content::check(&details, audience, registered)?;
    types.is_within(&details, &client.standing_details)?;
    // Nobody signed in: the issuer's scopes are about a person.
    let of_tools = client.scopes.retaining(|token| !oauth::configuration::is_issuer_scope(token));
    let scope = narrowed_scope(asked.scope.as_ref(), &of_tools).map_err(|_| Refusal::ScopeNotAllowed)?;
    if asked.scope.is_some() {
        oauth::require_details_for_scopes(&scope, &details, tools)?;
    }
    Ok(Content::apart(audience, &scope, details))
}

/// The part of it that the policies leave. What the request itself names and a policy refuses is not left out in silence.
fn permitted<'c>(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    asked: &Narrower,
    content: Content<'c>,
) -> Result<Content<'c>, Refusal> {
    let at = content.audience.tool().map_or(ISSUER, |tool| tool.resource.as_str());
    let held = (&content.scope, &content.details);
    let answer = alone::ask(&services.policies(visit), client, at, held, visit.now);
    http::note_policies(answer.for_audit());
    if answer.refused.is_empty() {
        return Ok(content);
    }
    if asked.scope.is_some() { answer.everything() } else { answer.everything_but_scopes() }?;
    let left = content.left(&answer.scopes, &answer.details);
    if left.is_empty() {
        return Err(Refusal::ClientNotPermitted);
    }
    http::note_policies(answer.for_audit_in_part());
    Ok(left)
}
