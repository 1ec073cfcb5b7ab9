use std::time::Duration;

use admission::Visit;
use http::Problem;
use http::audit::{Event, Outcome};
use oauth::configuration::{Client, Profile, Server, SigningAlgorithm};
use oauth::{
    ACCESS_TOKEN_TYP, AccessTokenClaims, Actor, Actors, Asked, AssertedGrant, Authorization, Child,
    ChildTerms, Grant, GrantId, ID_JAG_TYP, ID_TOKEN_TYP, IdJagClaims, IdJagTarget, IdTokenClaims,
    RefreshToken, Refusal, Sha256Digest, Timestamp, TokenFrame, TokenId, TokenResponse, ancestors, at_hash,
    claims_for_tool,
};

use crate::Services;
use crate::content::Content;
use crate::saml::{Statement, saml_assertion};

/// For whom a token is issued.
pub(crate) enum Behalf<'a> {
    /// A person, by their authorization.
    Person { authorization: &'a Authorization, grant: &'a Grant, profile: &'a Profile },
    /// Whoever the token that is exchanged is about.
    Exchanged(&'a Exchanged<'a>),
    /// Whom a refresh token by exchange is about.
    Child { id: &'a GrantId, child: &'a Child, profile: Option<&'a Profile> },
    /// Whom another issuer vouches for: `sub` is who that is here.
    Asserted { grant: &'a AssertedGrant, sub: &'a str, profile: Option<&'a Profile> },
    /// The client itself.
    Client,
}

/// What a token comes from that is made of another one (RFC 8693).
pub(crate) struct Exchanged<'a> {
    /// What the subject token says.
    pub(crate) subject: &'a AccessTokenClaims,
    /// The grant that it goes back to; none for a client that works alone.
    pub(crate) grant: Option<&'a Grant>,
    /// The person, if it is about one.
    pub(crate) profile: Option<&'a Profile>,
    /// Who acts with the new token.
    pub(crate) act: Actors,
}

impl Behalf<'_> {
    /// How long a token for them lives that would live so long: never past what it comes from.
    pub(crate) fn capped(&self, lives: Duration, now: Timestamp) -> Duration {
        self.ends_at().map_or(lives, |ends_at| lives.min(ends_at.since(now)))
    }

    /// The last moment that a token for them may have; none for the client itself.
    fn ends_at(&self) -> Option<Timestamp> {
        match self {
            Self::Person { grant, .. } => Some(grant.ends_at),
            Self::Exchanged(Exchanged { subject, grant, .. }) => {
                Some(grant.map_or(subject.exp, |grant| grant.ends_at.min(subject.exp)))
            }
            Self::Child { child, .. } => Some(child.claims.exp),
            // A grant is spent at once; what is got by it has a life of its own.
            Self::Asserted { .. } | Self::Client => None,
        }
    }
}

/// A signed access token, before anybody has seen it.
pub(crate) struct AccessToken {
    pub(crate) text: String,
    pub(crate) claims: AccessTokenClaims,
    lives: Duration,
    /// The assertion of another issuer that it was issued for, by what that is spent as.
    assertion: Option<Sha256Digest>,
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
    let lives = lives(visit, content, behalf);
    let tool = content.audience.tool();
    let claims = claims(services, visit, client, content, behalf, lives)
        .with_details(&content.details, tool.is_some_and(|tool| tool.details_by_reference));
    if !(matches!(behalf, Behalf::Exchanged(_)) && server.exchange.record) {
        // The record of an exchange says them.
        keep_referenced_details(services, content, &claims).await?;
    }
    let algorithm = tool.map_or(SigningAlgorithm::Es256, |tool| tool.signing_alg);
    let text = services.keys.sign(&claims, ACCESS_TOKEN_TYP, algorithm, visit.now).await?;
    let assertion = match behalf {
        Behalf::Asserted { grant, .. } => Some(grant.spent_as),
        _ => None,
    };
    Ok(AccessToken { text, claims, lives, assertion })
}

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
    let lives = lives(visit, content, &behalf).min(registration.lifetime);
    let claims = claims(services, visit, client, content, &behalf, lives);
    let statement =
        Statement { claims: &claims, details: &content.details, registration, person: exchanged.profile };
    let text = saml_assertion(&services.keys, &statement).await?;
    Ok(AccessToken { text, claims, lives, assertion: None })
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
    let claims = claims(services, visit, client, content, &behalf, lives);
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
        jti: claims.jti.clone(),
        grant_id: grant_id.clone(),
        act: claims.act.clone(),
        exchanged_from: claims.exchanged_from.clone(),
    };
    let text = services.keys.sign(&said, ID_TOKEN_TYP, party.id_token_signed_response_alg, visit.now).await?;
    Ok(AccessToken { text, claims, lives, assertion: None })
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
    let claims = claims(services, visit, client, content, &behalf, lives);
    let lets_know = target.email && exchanged.grant.is_some_and(|grant| grant.scope.contains("email"));
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
    Ok(AccessToken { text, claims, lives, assertion: None })
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
    let said = claims(services, visit, client, content, &Behalf::Exchanged(exchanged), lives);
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
    Ok((AccessToken { text, claims, lives, assertion: None }, child))
}

fn lives(visit: &Visit<'_>, content: &Content<'_>, behalf: &Behalf<'_>) -> Duration {
    behalf.capped(content.audience.access_token_lifetime(&visit.configuration.server), visit.now)
}

/// What a token says, but for its details.
fn claims(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    content: &Content<'_>,
    behalf: &Behalf<'_>,
    lives: Duration,
) -> AccessTokenClaims {
    let server = &visit.configuration.server;
    let sub = match behalf {
        Behalf::Person { grant, .. } => grant.person.to_string(),
        Behalf::Exchanged(exchanged) => exchanged.subject.sub.clone(),
        Behalf::Child { child, .. } => child.claims.sub.clone(),
        Behalf::Asserted { sub, .. } => (*sub).to_owned(),
        Behalf::Client => client.id.to_string(),
    };
    let frame = TokenFrame {
        iss: server.issuer.clone(),
        sub,
        aud: content.audience.uri(server),
        client_id: client.id.clone(),
        jti: TokenId::from_random(services.dice.roll()),
        iat: visit.now,
        exp: visit.now.after(lives),
    };
    let claims = AccessTokenClaims {
        scope: content.scope.clone(),
        may_act: client.may_act.as_ref().map(Actor::client),
        ..AccessTokenClaims::bare(frame)
    };
    let claims = match behalf {
        // Nobody's grant says what had been asked.
        Behalf::Asserted { .. } | Behalf::Client => {
            AccessTokenClaims { asked: Some(asked_alone(client, content, server)), ..claims }
        }
        Behalf::Person { .. } | Behalf::Exchanged(_) | Behalf::Child { .. } => claims,
    };
    on_behalf(claims, behalf, content.audience.tool())
}

/// What it says of whom it is for, and of what it comes from.
pub(crate) fn on_behalf(
    claims: AccessTokenClaims,
    behalf: &Behalf<'_>,
    tool: Option<&oauth::configuration::Tool>,
) -> AccessTokenClaims {
    let about = |profile: &Profile| tool.map(|tool| claims_for_tool(tool, profile)).unwrap_or_default();
    match behalf {
        Behalf::Person { authorization, grant, profile } => AccessTokenClaims {
            auth_time: Some(grant.authentication.auth_time),
            amr: grant.authentication.amr.clone(),
            grant_id: Some(authorization.id.clone()),
            asked: Some(grant.asked),
            person: about(profile),
            ..claims
        },
        Behalf::Exchanged(Exchanged { subject, profile, act, .. }) => AccessTokenClaims {
            auth_time: subject.auth_time,
            amr: subject.amr.clone(),
            acr: subject.acr.clone(),
            grant_id: subject.grant_id.clone(),
            asked: subject.asked,
            act: act.clone(),
            exchanged_from: ancestors(subject),
            child_grant_ids: subject.child_grant_ids.clone(),
            own_root: subject.own_root,
            origin: subject.origin.clone(),
            person: profile.map(about).unwrap_or_default(),
            ..claims
        },
        Behalf::Child { id, child, profile } => {
            let said = child.token(id, claims.jti, claims.iat);
            AccessTokenClaims {
                aud: claims.aud,
                exp: claims.exp,
                scope: claims.scope,
                may_act: claims.may_act,
                authorization_details: claims.authorization_details,
                person: profile.map(about).unwrap_or_default(),
                ..said
            }
        }
        Behalf::Asserted { grant: AssertedGrant { token, .. }, profile, .. } => AccessTokenClaims {
            auth_time: token.auth_time,
            amr: token.amr.clone(),
            acr: token.acr.clone(),
            origin: Some(token.origin.clone()),
            person: profile.map(about).unwrap_or_default(),
            ..claims
        },
        Behalf::Client => claims,
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
    (authorization, grant): (&Authorization, &Grant),
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
        acr: None,
        at_hash: Some(at_hash(access_token)),
        jti: TokenId::from_random(services.dice.roll()),
        grant_id: authorization.id.clone(),
        act: Actors::default(),
        exchanged_from: vec![],
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
            issued_token_type: None,
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
            .details_digest(claims.asked.as_ref().unwrap_or(&digest))
            .lineage(claims);
        if let Some(person) = &person {
            decision = decision.person(person);
        }
        if let Some(grant_id) = &claims.grant_id {
            decision = decision.grant_id(grant_id);
        }
        if let Some(spent_as) = &self.assertion {
            decision = decision.assertion(spent_as);
        }
        if let Some(from) = claims.exchanged_from.first() {
            decision = decision.exchanged_from(&from.jti, &claims.act);
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
