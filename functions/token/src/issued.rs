//! What stands in place of an access token where an exchange asks for it (RFC 8693, section 3).

use admission::Visit;
use http::Problem;
use issuing::{AccessToken, Behalf, Content, Exchanged};
use oauth::configuration::Client;
use oauth::{
    AccessTokenClaims, Authorization, ChildTerms, Grant, GrantId, ID_JAG_TYP, ID_TOKEN_TYP, IdJagClaims,
    IdJagTarget, IdTokenClaims, RefreshToken, Refusal, Timestamp,
};

use crate::Services;
use crate::saml::{Statement, saml_assertion};

/// Signs a SAML assertion in place of an access token: for a tool that is registered as a SAML service provider.
pub(crate) async fn assertion(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    content: &Content<'_>,
    exchanged: &Exchanged<'_>,
) -> Result<AccessToken, Problem> {
    let not_taken = Refusal::TokenTypeNotSupported { name: "requested_token_type" };
    let registration = content.audience.tool().and_then(|tool| tool.saml.as_ref()).ok_or(not_taken)?;
    let behalf = Behalf::Exchanged(exchanged);
    let mint = services.mint(visit);
    let lives = mint.lives(content, &behalf).min(registration.lifetime);
    let claims = mint.claims(client, content, &behalf, lives);
    let statement =
        Statement { claims: &claims, details: &content.details, registration, person: exchanged.profile };
    let text = saml_assertion(&services.keys, &statement).await?;
    Ok(AccessToken::in_place(text, claims))
}

/// Signs an ID token for `party` in place of an access token: it says on whose behalf `client` acts, and nothing about rights.
pub(crate) async fn id_token_by_exchange(
    services: &Services,
    visit: &Visit<'_>,
    (client, party): (&Client, &Client),
    content: &Content<'_>,
    exchanged: &Exchanged<'_>,
) -> Result<AccessToken, Problem> {
    let server = &visit.configuration.server;
    let behalf = Behalf::Exchanged(exchanged);
    let lives = behalf.capped(server.lifetimes.id_token, visit.now);
    let claims = services.mint(visit).claims(client, content, &behalf, lives);
    let (Some(grant_id), Some(auth_time)) = (&claims.grant_id, claims.auth_time) else {
        return Err(Refusal::SubjectTokenInvalid { why: "nobody signed in" }.into());
    };
    let said = IdTokenClaims {
        iss: claims.iss.clone(),
        sub: claims.sub.clone(),
        aud: party.id.clone(),
        exp: claims.exp,
        iat: claims.iat,
        auth_time,
        nonce: None,
        amr: claims.amr.clone(),
        acr: claims.acr.clone(),
        at_hash: None,
        rt_hash: None,
        auth_req_id: None,
        jti: claims.jti.clone(),
        client_id: Some(client.id.clone()),
        grant_id: grant_id.clone(),
        act: claims.act.clone(),
        exchanged_from: claims.exchanged_from.clone(),
    };
    let text = services.keys.sign(&said, ID_TOKEN_TYP, party.id_token_signed_response_alg, visit.now).await?;
    Ok(AccessToken::in_place(text, claims))
}

/// Signs an ID-JAG for another authorization server (draft-ietf-oauth-identity-assertion-authz-grant, section 4.3.3). It is signed as
/// the client's ID tokens are.
pub(crate) async fn id_jag(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    (target, content): (&IdJagTarget, &Content<'_>),
    exchanged: &Exchanged<'_>,
) -> Result<AccessToken, Problem> {
    let behalf = Behalf::Exchanged(exchanged);
    let lives = behalf.capped(target.lifetime, visit.now);
    let claims = services.mint(visit).claims(client, content, &behalf, lives);
    // As `/userinfo` has it: granted by the person, and not taken from the client since.
    let may_know = |grant: &Grant| grant.scope.contains("email") && client.scopes.contains("email");
    let lets_know = target.email && exchanged.grant.is_some_and(may_know);
    let name_there = target.clients.get(&client.id).ok_or(Refusal::ResourceNotAllowed)?;
    let said = IdJagClaims {
        iss: claims.iss.clone(),
        sub: claims.sub.clone(),
        aud: target.audience.clone(),
        client_id: name_there.clone(),
        jti: claims.jti.clone(),
        exp: claims.exp,
        iat: claims.iat,
        resource: target.resource.clone(),
        scope: claims.scope.clone(),
        auth_time: claims.auth_time,
        acr: claims.acr.clone(),
        amr: claims.amr.clone(),
        email: exchanged.profile.filter(|_| lets_know).and_then(|profile| profile.email.clone()),
    };
    let text = services.keys.sign(&said, ID_JAG_TYP, client.id_token_signed_response_alg, visit.now).await?;
    Ok(AccessToken::in_place(text, claims))
}

/// A refresh token in place of an access token, and what can be had by it until `ends_at`: nothing is signed. The caller stores it.
pub(crate) async fn refresh_token_by_exchange(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    content: &Content<'_>,
    (exchanged, ends_at, terms): (&Exchanged<'_>, Timestamp, ChildTerms),
) -> Result<(AccessToken, Authorization), Problem> {
    let lives = ends_at.since(visit.now);
    let said = services.mint(visit).claims(client, content, &Behalf::Exchanged(exchanged), lives);
    let own_root = said.own_root || (said.grant_id.is_none() && said.child_grant_ids.is_empty());
    let claims = AccessTokenClaims {
        authorization_details: content.details.clone(),
        own_root,
        person: serde_json::Map::new(),
        ..said
    };
    let token = RefreshToken::first(GrantId::from_random(services.dice.roll()), services.dice.roll());
    let child = Authorization::child(&token, claims.clone(), terms);
    let text = token.reveal(services.keys.server_secret().await?);
    // The audit says which authorization by exchange came of it, beside the one that it goes back to.
    let above = claims.child_grant_ids.iter().cloned();
    let child_grant_ids = std::iter::once(child.id.clone()).chain(above).collect();
    let claims = AccessTokenClaims { child_grant_ids, ..claims };
    Ok((AccessToken::in_place(text, claims), child))
}
