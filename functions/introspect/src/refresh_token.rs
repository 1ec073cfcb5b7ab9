use admission::Visit;
use http::Problem;
use http::audit::{Event, Outcome};
use oauth::configuration::Client;
use oauth::{
    AccessTokenClaims, Child, HandleRejection, Introspection, RefreshToken, Refusal, Stage, TokenFrame,
    TokenId,
};

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
        if child.claims.client_id != asker.id {
            return Ok(None);
        }
        http::note_authorization(&authorization);
        return by_exchange(services, visit, asker, &token, child).await;
    }
    let Ok(grant) = authorization.live_grant(visit.now) else {
        return Ok(None);
    };
    let Stage::Active(active) = &authorization.stage else {
        return Ok(None);
    };
    let current = active.refresh.as_ref().is_some_and(|family| family.is_at(&token));
    if !current || grant.client_id != asker.id {
        return Ok(None);
    }
    let Some(person) = services.store.person_of_now(&visit.configuration, grant, visit.now).await? else {
        return Ok(None);
    };
    let tools = visit.configuration.tools_of(asker, &grant.resources);
    let server = &visit.configuration.server;
    let frame = TokenFrame {
        iss: server.issuer.clone(),
        sub: grant.person.to_string(),
        aud: server.resource(),
        client_id: grant.client_id.clone(),
        jti: TokenId::of_authorization(&authorization.id),
        iat: active.refresh.as_ref().map_or(grant.granted_at, |family| family.rotated_at),
        exp: grant.ends_at,
    };
    let claims = AccessTokenClaims {
        scope: grant.scope.intersection(&asker.scopes),
        auth_time: Some(grant.authentication.auth_time),
        amr: grant.authentication.amr.clone(),
        acr: grant.authentication.acr().map(str::to_owned),
        grant_id: Some(authorization.id.clone()),
        authorization_details: services.types(visit).granted_for_any(&grant.details, &tools, asker),
        asked: Some(grant.asked),
        approval: grant.approval.clone(),
        act: grant.act.clone(),
        ..AccessTokenClaims::bare(frame)
    };
    let username = Some(person.profile.user_name);
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
    if !child.refresh.is_at(token) || visit.now >= child.claims.exp {
        return Ok(None);
    }
    let Some(good) = visit.good_child(child, &services.types(visit)).await? else {
        // Nothing else says when what came of a root that has ended was found to have ended with it.
        let ended = Refusal::RefreshTokenInvalid { why: HandleRejection::Ended };
        visit.record(Event::Introspection, Outcome::Refused(&ended)).client(&asker.id).record();
        return Ok(None);
    };
    let claims = AccessTokenClaims {
        scope: good.claims.scope,
        authorization_details: good.claims.authorization_details,
        ..child.token(token.id(), TokenId::of_authorization(token.id()), child.refresh.rotated_at)
    };
    let username = good.standing.person.map(|person| person.profile.user_name);
    Ok(Some(Introspection { active: true, token_type: None, claims, username }))
}
