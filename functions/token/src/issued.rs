use std::time::Duration;

use admission::Visit;
use http::Problem;
use http::audit::{Event, Outcome};
use oauth::configuration::{Client, Profile, Server, SigningAlgorithm};
use oauth::{
    ACCESS_TOKEN_TYP, AccessTokenClaims, Asked, Authorization, Grant, ID_TOKEN_TYP, IdTokenClaims,
    Sha256Digest, TokenId, TokenResponse, at_hash, claims_for_tool,
};

use crate::Services;
use crate::content::Content;

/// For whom a token is issued.
pub(crate) enum Behalf<'a> {
    /// A person, by their authorization.
    Person { authorization: &'a Authorization, grant: &'a Grant, profile: &'a Profile },
    /// The client itself.
    Client,
}

/// A signed access token, before anybody has seen it.
pub(crate) struct AccessToken {
    pub(crate) text: String,
    pub(crate) claims: AccessTokenClaims,
    lives: Duration,
}

/// Signs an access token (RFC 9068). It never outlives the authorization it comes from.
pub(crate) async fn access_token(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    content: &Content<'_>,
    behalf: &Behalf<'_>,
) -> Result<AccessToken, Problem> {
    let server = &visit.configuration.server;
    let mut lives = content.audience.access_token_lifetime(server);
    if let Behalf::Person { grant, .. } = behalf {
        lives = lives.min(grant.ends_at.since(visit.now));
    }
    let tool = content.audience.tool();
    let claims = AccessTokenClaims {
        iss: server.issuer.clone(),
        sub: match behalf {
            Behalf::Person { grant, .. } => grant.person.to_string(),
            Behalf::Client => client.id.to_string(),
        },
        aud: content.audience.uri(server),
        exp: visit.now.after(lives),
        iat: visit.now,
        jti: TokenId::from_random(services.dice.roll()),
        client_id: client.id.clone(),
        scope: content.scope.clone(),
        auth_time: None,
        amr: vec![],
        grant_id: None,
        authorization_details: oauth::AuthorizationDetails::default(),
        authorization_details_id: None,
        asked: Some(asked_alone(client, content, server)),
        person: serde_json::Map::new(),
    };
    let claims = on_behalf(claims, behalf, tool)
        .with_details(&content.details, tool.is_some_and(|tool| tool.details_by_reference));
    keep_referenced_details(services, content, &claims).await?;
    let algorithm = tool.map_or(SigningAlgorithm::Es256, |tool| tool.signing_alg);
    let text = services.keys.sign(&claims, ACCESS_TOKEN_TYP, algorithm, visit.now).await?;
    Ok(AccessToken { text, claims, lives })
}

fn on_behalf(
    claims: AccessTokenClaims,
    behalf: &Behalf<'_>,
    tool: Option<&oauth::configuration::Tool>,
) -> AccessTokenClaims {
    let Behalf::Person { authorization, grant, profile } = behalf else {
        return claims;
    };
    AccessTokenClaims {
        auth_time: Some(grant.authentication.auth_time),
        amr: grant.authentication.amr.clone(),
        grant_id: Some(authorization.id.clone()),
        asked: Some(grant.asked),
        person: tool.map(|tool| claims_for_tool(tool, profile)).unwrap_or_default(),
        ..claims
    }
}

/// Details that a token only refers to are kept for introspection, unless the authorization itself says them.
async fn keep_referenced_details(
    services: &Services,
    content: &Content<'_>,
    claims: &AccessTokenClaims,
) -> Result<(), Problem> {
    if claims.authorization_details_id.is_none() || content.details_are_whole || content.details.is_empty() {
        return Ok(());
    }
    services.store.keep_details(claims.grant_id.as_ref(), &claims.jti, &content.details, claims.exp).await?;
    Ok(())
}

/// Signs an ID token (OpenID Connect Core, section 2).
pub(crate) async fn id_token(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    grant: &Grant,
    access_token: &str,
) -> Result<String, Problem> {
    let server = &visit.configuration.server;
    let claims = IdTokenClaims {
        iss: server.issuer.clone(),
        sub: grant.person.to_string(),
        aud: client.id.clone(),
        exp: visit.now.after(server.lifetimes.id_token),
        iat: visit.now,
        auth_time: grant.authentication.auth_time,
        nonce: grant.nonce.clone(),
        amr: grant.authentication.amr.clone(),
        at_hash: at_hash(access_token),
    };
    Ok(services.keys.sign(&claims, ID_TOKEN_TYP, client.id_token_signed_response_alg, visit.now).await?)
}

impl AccessToken {
    /// The answer to the client, and the audit's line about it.
    pub(crate) fn respond(
        self,
        visit: &Visit<'_>,
        content: Content<'_>,
        refresh_token: Option<String>,
        id_token: Option<String>,
    ) -> TokenResponse {
        self.record(visit, &content);
        TokenResponse {
            access_token: self.text,
            token_type: "Bearer",
            expires_in: self.lives.as_secs(),
            refresh_token,
            id_token,
            scope: content.scope,
            authorization_details: content.details,
        }
    }

    fn record(&self, visit: &Visit<'_>, content: &Content<'_>) {
        let claims = &self.claims;
        let person = oauth::PersonId::parse(&claims.sub);
        let digest = content.details.digest();
        let mut decision = visit
            .record(Event::Token, Outcome::Granted)
            .client(&claims.client_id)
            .token_id(&claims.jti)
            .resource(&claims.aud)
            .scope(&claims.scope)
            .details_digest(claims.asked.as_ref().unwrap_or(&digest));
        if let Some(person) = &person {
            decision = decision.person(person);
        }
        if let Some(grant_id) = &claims.grant_id {
            decision = decision.grant_id(grant_id);
        }
        decision.record();
    }
}

/// The digest of what a client asks for itself. A person's grant has its own.
fn asked_alone(client: &Client, content: &Content<'_>, server: &Server) -> Sha256Digest {
    Asked {
        client: &client.id,
        actors: &[],
        resource: &[content.audience.uri(server)],
        scope: &content.scope,
        details: &content.details,
        message: None,
    }
    .digest()
}
