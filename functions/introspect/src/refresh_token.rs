use admission::Visit;
use http::Problem;
use oauth::configuration::Client;
use oauth::{AccessTokenClaims, Actors, Child, Introspection, RefreshToken, Stage, TokenId};

use crate::Services;

/// Looks at a refresh token: its own client sees whether it could still be used, and for what. Of what was granted that is no
/// more than the client may have now: no token that is got by it says more.
pub(crate) async fn look(
    services: &Services,
    visit: &Visit<'_>,
    asker: &Client,
    token: &str,
) -> Result<Option<Introspection>, Problem> {
    let Some(token) = RefreshToken::parse(token, services.keys.server_secret().await?) else {
        return Ok(None);
    };
    let Some(authorization) = services.store.authorization(token.id()).await? else {
        return Ok(None);
    };
    if let Stage::Child(child) = &authorization.stage {
        return by_exchange(services, visit, asker, &token, child).await;
    }
    let Ok(grant) = authorization.live_grant(visit.now) else {
        return Ok(None);
    };
    let Stage::Active(active) = &authorization.stage else {
        return Ok(None);
    };
    let current = active.refresh.as_ref().is_some_and(|family| {
        token.family().matches(&family.secret) && token.generation() == family.generation
    });
    let (person, client) = services.store.standing_of(grant).await?;
    let allowed = person.as_ref().is_some_and(|person| person.allows_made_at(grant.granted_at))
        && client.allows_issued_at(grant.granted_at);
    if !current || grant.client_id != asker.id || !allowed {
        return Ok(None);
    }
    let tools = visit.configuration.tools_of(asker, &grant.resources);
    let claims = AccessTokenClaims {
        iss: visit.site.issuer().to_owned(),
        sub: grant.person.to_string(),
        aud: visit.configuration.server.resource(),
        exp: grant.ends_at,
        iat: active.refresh.as_ref().map_or(grant.granted_at, |family| family.rotated_at),
        jti: token_id(&authorization.id),
        client_id: grant.client_id.clone(),
        scope: grant.scope.intersection(&asker.scopes),
        auth_time: Some(grant.authentication.auth_time),
        amr: grant.authentication.amr.clone(),
        acr: None,
        grant_id: Some(authorization.id.clone()),
        authorization_details: services.types(visit).granted_for_any(&grant.details, &tools, asker),
        authorization_details_id: None,
        asked: Some(grant.asked),
        act: Actors::default(),
        may_act: None,
        exchanged_from: vec![],
        child_grant_ids: vec![],
        own_root: false,
        origin: None,
        person: serde_json::Map::new(),
    };
    let username = person.map(|person| person.profile.user_name);
    Ok(Some(Introspection { active: true, token_type: None, claims, username }))
}

/// One that was got by exchange: it ends with the authorization that it goes back to, and with everything above it.
async fn by_exchange(
    services: &Services,
    visit: &Visit<'_>,
    asker: &Client,
    token: &RefreshToken,
    child: &Child,
) -> Result<Option<Introspection>, Problem> {
    let is_current =
        token.family().matches(&child.refresh.secret) && token.generation() == child.refresh.generation;
    if !is_current || child.claims.client_id != asker.id || visit.now >= child.claims.exp {
        return Ok(None);
    }
    let Some(good) = visit.good_child(child, &services.types(visit)).await? else {
        return Ok(None);
    };
    let claims = AccessTokenClaims {
        scope: good.claims.scope,
        authorization_details: good.claims.authorization_details,
        ..child.token(token.id(), token_id(token.id()), child.refresh.rotated_at)
    };
    let username = good.standing.person.map(|person| person.profile.user_name);
    Ok(Some(Introspection { active: true, token_type: None, claims, username }))
}

/// A refresh token has no identifier of its own but its authorization's.
fn token_id(id: &oauth::GrantId) -> TokenId {
    TokenId::parse(id.as_str()).unwrap_or_else(|| TokenId::from_random([0; 16]))
}
