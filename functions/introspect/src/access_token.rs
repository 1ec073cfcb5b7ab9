use admission::Visit;
use http::Problem;
use oauth::configuration::Client;
use oauth::{AccessTokenClaims, Introspection};

use crate::Services;

/// Looks at an access token: its signature and its times first, and only then one call to the table for
/// everything that could have ended it.
pub(crate) async fn look(
    services: &Services,
    visit: &Visit<'_>,
    asker: &Client,
    token: &str,
) -> Result<Option<Introspection>, Problem> {
    let Ok(claims) = visit.access_token(&*services.keys.public().await?, token) else {
        return Ok(None);
    };
    if !may_see(asker, &claims, visit) {
        return Ok(None);
    }
    let Some(good) = visit.good_token(claims, &services.types(visit)).await? else {
        return Ok(None);
    };
    let username = good.standing.person.map(|person| person.profile.user_name);
    Ok(Some(Introspection { active: true, token_type: Some("Bearer"), claims: good.claims, username }))
}

/// A client sees its own tokens, a tool those that are meant for it (RFC 7662, section 4).
fn may_see(asker: &Client, claims: &AccessTokenClaims, visit: &Visit<'_>) -> bool {
    let own_tool = visit.configuration.own_tool(asker);
    claims.client_id == asker.id || own_tool.is_some_and(|tool| tool.resource == claims.aud)
}
