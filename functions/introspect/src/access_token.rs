use admission::Visit;
use details::DetailTypes;
use environment::Fault;
use http::Problem;
use oauth::configuration::{Client, Tool};
use oauth::{AccessTokenClaims, Audience, AuthorizationDetails, Introspection, Sha256Digest};
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
    let scope = claims.scope.intersection(&client.scopes);
    let claims = AccessTokenClaims { authorization_details: details, scope, ..claims };
    Ok(Some(Introspection { active: true, token_type: Some("Bearer"), claims, username }))
}

/// A client sees its own tokens, a tool those that are meant for it (RFC 7662, section 4).
fn may_see(asker: &Client, claims: &AccessTokenClaims, visit: &Visit<'_>) -> bool {
    let own_tool = asker.is_tool.as_ref().and_then(|id| visit.configuration.tool(id));
    claims.client_id == asker.id || own_tool.is_some_and(|tool| tool.resource == claims.aud)
}

/// The details of the token, be they in it or only referred to, as far as its client may still have them. `None` when
/// none is left: the token then allows nothing, and its scope alone would look as if it allowed everything.
async fn details(
    services: &Services,
    visit: &Visit<'_>,
    claims: &AccessTokenClaims,
    standing: &Standing,
    client: &Client,
) -> Result<Option<AuthorizationDetails>, Fault> {
    let configuration = &visit.configuration;
    let types =
        services.types.of(configuration.version, || DetailTypes::new(configuration.detail_types.clone()));
    let audience = Audience::find(&claims.aud, &configuration.server, &configuration.tools);
    let Some(tool) = audience.and_then(|audience| audience.tool()) else {
        let said_nothing =
            claims.authorization_details.is_empty() && claims.authorization_details_id.is_none();
        return Ok(said_nothing.then(AuthorizationDetails::default));
    };
    if !client.tools.contains(&tool.id) {
        return Ok(None);
    }
    let said = match &claims.authorization_details_id {
        None => claims.authorization_details.clone(),
        Some(digest) => match whole(&types, standing, tool, client, digest) {
            Some(whole) => whole,
            // A narrowed token has its own; where they are gone, nobody could say what it allows.
            None => match services.store.kept_details(claims.grant_id.as_ref(), &claims.jti).await? {
                Some(narrowed) => narrowed,
                None => return Ok(None),
            },
        },
    };
    let left = types.granted_for(&said, tool, client);
    Ok((said.is_empty() || !left.is_empty()).then_some(left))
}

/// All that the authorization has for a tool, if it is this that the token refers to: as its client may have it now, or as it
/// might before some of it was taken away.
fn whole(
    types: &DetailTypes,
    standing: &Standing,
    tool: &Tool,
    client: &Client,
    digest: &Sha256Digest,
) -> Option<AuthorizationDetails> {
    let details = &standing.authorization.as_ref()?.grant()?.details;
    let now = types.granted_for(details, tool, client);
    [now, types.for_tool(details, tool)].into_iter().find(|whole| whole.digest() == *digest)
}
