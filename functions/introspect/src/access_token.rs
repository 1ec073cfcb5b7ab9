use admission::Visit;
use details::DetailTypes;
use environment::Fault;
use http::Problem;
use oauth::configuration::Client;
use oauth::{AccessTokenClaims, Audience, AuthorizationDetails, Introspection};
use store::Standing;

use crate::Services;

/// Looks at an access token: its signature and its times first, and only then one call to the table for
/// everything that could have ended it.
pub(crate) async fn look(
    services: &Services,
    visit: &Visit<'_>,
    asker: &Client,
    token: &str,
) -> Result<Option<Introspection>, Problem> {
    let claims = match visit.access_token(&services.keys, token).await {
        Err(Problem::Refused(_)) => return Ok(None),
        verified => verified?,
    };
    if !may_see(asker, &claims, visit) {
        return Ok(None);
    }
    // A client that is registered no longer has nothing that is good.
    let Some(client) = services.store.client(&visit.configuration, &claims.client_id).await? else {
        return Ok(None);
    };
    let standing = services.store.standing(&claims).await?;
    if !standing.holds(&claims, visit.now) {
        return Ok(None);
    }
    let Some(details) = details(services, visit, &claims, &standing, &client).await? else {
        return Ok(None);
    };
    let username = standing.person.map(|person| person.profile.user_name);
    let claims = AccessTokenClaims { authorization_details: details, ..claims };
    Ok(Some(Introspection { active: true, token_type: Some("Bearer"), claims, username }))
}

/// A client sees its own tokens, a tool those that are meant for it (RFC 7662, section 4).
fn may_see(asker: &Client, claims: &AccessTokenClaims, visit: &Visit<'_>) -> bool {
    let own_tool = asker.is_tool.as_ref().and_then(|id| visit.configuration.tool(id));
    claims.client_id == asker.id || own_tool.is_some_and(|tool| tool.resource == claims.aud)
}

/// The details of the token, be they in it or only referred to. `None` when they are gone: the token then
/// allows nothing that anybody could check.
async fn details(
    services: &Services,
    visit: &Visit<'_>,
    claims: &AccessTokenClaims,
    standing: &Standing,
    client: &Client,
) -> Result<Option<AuthorizationDetails>, Fault> {
    let Some(digest) = &claims.authorization_details_id else {
        return Ok(Some(claims.authorization_details.clone()));
    };
    let configuration = &visit.configuration;
    let whole = standing.authorization.as_ref().and_then(oauth::Authorization::grant).map(|grant| {
        let types =
            services.types.of(configuration.version, || DetailTypes::new(configuration.detail_types.clone()));
        match Audience::find(&claims.aud, &configuration.server, &configuration.tools) {
            Some(Audience::Tool(tool)) => types.granted_for(&grant.details, tool, client),
            _ => AuthorizationDetails::default(),
        }
    });
    match whole.filter(|whole| whole.digest() == *digest) {
        Some(whole) => Ok(Some(whole)),
        None => services.store.kept_details(claims.grant_id.as_ref(), &claims.jti).await,
    }
}
