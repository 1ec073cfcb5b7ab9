use admission::Visit;
use details::DetailTypes;
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
    let claims = match visit.access_token(&services.keys, token).await {
        Err(Problem::Refused(_)) => return Ok(None),
        verified => verified?,
    };
    if !may_see(asker, &claims, visit) {
        return Ok(None);
    }
    let configuration = &visit.configuration;
    let types =
        services.types.of(configuration.version, || DetailTypes::new(configuration.detail_types.clone()));
    let Some(good) = visit.good_token(claims, &types).await? else {
        return Ok(None);
    };
    let username = good.standing.person.map(|person| person.profile.user_name);
    Ok(Some(Introspection { active: true, token_type: Some("Bearer"), claims: good.claims, username }))
}

/// A client sees its own tokens, a tool those that are meant for it (RFC 7662, section 4).
fn may_see(asker: &Client, claims: &AccessTokenClaims, visit: &Visit<'_>) -> bool {
    let own_tool = asker.is_tool.as_ref().and_then(|id| visit.configuration.tool(id));
    claims.client_id == asker.id || own_tool.is_some_and(|tool| tool.resource == claims.aud)
}
