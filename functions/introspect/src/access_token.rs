use admission::Visit;
use details::DetailTypes;
use environment::Fault;
use http::Problem;
use keys::{AcceptedKeys, Expected};
use oauth::configuration::Client;
use oauth::{ACCESS_TOKEN_TYP, AccessTokenClaims, Audience, AuthorizationDetails, Introspection, PersonId};
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
    let issuer = visit.site.issuer();
    let expected = Expected { issuer, types: &[ACCESS_TOKEN_TYP], keys: AcceptedKeys::Published };
    let verified = services.keys.public().await?.verify(token, &expected, visit.now);
    let Ok(claims) = verified.and_then(|token| token.claims_as::<AccessTokenClaims>()) else {
        return Ok(None);
    };
    let Ok(claims) = claims.accepted(issuer, visit.now) else {
        return Ok(None);
    };
    if !may_see(asker, &claims, visit) {
        return Ok(None);
    }
    // A client that is registered no longer has nothing that is good.
    if services.store.client(&visit.configuration, &claims.client_id).await?.is_none() {
        return Ok(None);
    }
    let standing = services.store.standing(&claims).await?;
    if !stands(&claims, &standing, visit) {
        return Ok(None);
    }
    let Some(details) = details(services, visit, &claims, &standing).await? else {
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

/// Whether nothing has ended the token: itself, its authorization, its client, its person.
fn stands(claims: &AccessTokenClaims, standing: &Standing, visit: &Visit<'_>) -> bool {
    if standing.revoked || !standing.client.allows_issued_at(claims.iat) {
        return false;
    }
    if claims.grant_id.is_none() {
        return true;
    }
    let granted =
        standing.authorization.as_ref().and_then(|authorization| authorization.live_grant(visit.now).ok());
    let (Some(grant), Some(person)) = (granted, &standing.person) else {
        return false;
    };
    PersonId::parse(&claims.sub).is_some_and(|sub| sub == grant.person)
        && person.allows_made_at(grant.granted_at)
        && standing.client.allows_issued_at(grant.granted_at)
}

/// The details of the token, be they in it or only referred to. `None` when they are gone: the token then
/// allows nothing that anybody could check.
async fn details(
    services: &Services,
    visit: &Visit<'_>,
    claims: &AccessTokenClaims,
    standing: &Standing,
) -> Result<Option<AuthorizationDetails>, Fault> {
    let Some(digest) = &claims.authorization_details_id else {
        return Ok(Some(claims.authorization_details.clone()));
    };
    let configuration = &visit.configuration;
    let whole = standing.authorization.as_ref().and_then(oauth::Authorization::grant).map(|grant| {
        let types =
            services.types.of(configuration.version, || DetailTypes::new(configuration.detail_types.clone()));
        match Audience::find(&claims.aud, &configuration.server, &configuration.tools) {
            Some(Audience::Tool(tool)) => types.for_tool(&grant.details, tool),
            _ => AuthorizationDetails::default(),
        }
    });
    match whole.filter(|whole| whole.digest() == *digest) {
        Some(whole) => Ok(Some(whole)),
        None => services.store.kept_details(claims.grant_id.as_ref(), &claims.jti).await,
    }
}
