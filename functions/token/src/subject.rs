use admission::{GoodToken, Visit};
use http::Problem;
use keys::{AcceptedKeys, Expected};
use oauth::configuration::{Client, Tool};
use oauth::{
    AccessTokenClaims, Actor, Actors, Authorization, AuthorizationDetails, Grant, ID_TOKEN_TYP,
    IdTokenClaims, PersonId, Refusal, Scope, ShownToken, TokenType,
};
use store::Standing;

use crate::Services;

/// On whose behalf a token is exchanged: good, and shown by whom it was meant for. Policy comes after this, never instead.
pub(crate) struct Subject<'v> {
    /// What its token says.
    pub(crate) claims: AccessTokenClaims,
    /// What was read of it.
    pub(crate) standing: Standing,
    /// What it allows at most.
    pub(crate) most: Most<'v>,
}

/// What a subject token allows at most.
pub(crate) enum Most<'v> {
    /// What an access token says, for this tool.
    AtTool(&'v Tool),
    /// What the person granted to the client itself: an ID token says who they are, and the authorization what they allowed.
    OfGrant,
}

impl<'v> Subject<'v> {
    /// The grant that it goes back to; none for a client that works alone.
    pub(crate) fn grant(&self) -> Option<&Grant> {
        self.standing.authorization.as_ref().and_then(Authorization::grant)
    }

    /// Reads the subject token. An access token may be shown by the client that is the tool in its `aud`, an ID token by the
    /// client that is its `aud`.
    ///
    /// # Errors
    /// [`Refusal::SubjectTokenInvalid`], [`Refusal::TokenTypeNotSupported`]; faults of table and keys.
    pub(crate) async fn shown(
        services: &Services,
        visit: &'v Visit<'_>,
        client: &Client,
        shown: &ShownToken<'_>,
    ) -> Result<Self, Problem> {
        match shown.token_type {
            TokenType::AccessToken | TokenType::Jwt => {
                Self::by_access_token(services, visit, client, shown.text).await
            }
            TokenType::IdToken => Self::by_id_token(services, visit, client, shown.text).await,
            TokenType::RefreshToken | TokenType::Saml2 => {
                Err(Refusal::TokenTypeNotSupported { name: "subject_token_type" }.into())
            }
        }
    }

    async fn by_access_token(
        services: &Services,
        visit: &'v Visit<'_>,
        client: &Client,
        token: &str,
    ) -> Result<Self, Problem> {
        let claims = ours(services, visit, token, invalid).await?;
        let tool = visit.configuration.own_tool(client).filter(|tool| tool.resource == claims.aud);
        let tool = tool.ok_or_else(|| invalid("audience"))?;
        note(&claims);
        let types = services.registered(visit, client).types;
        let good = visit.good_token(claims, &types).await?.ok_or_else(|| invalid("ended"))?;
        let GoodToken { claims, standing, .. } = good;
        Ok(Self { claims, standing, most: Most::AtTool(tool) })
    }

    async fn by_id_token(
        services: &Services,
        visit: &Visit<'_>,
        client: &Client,
        token: &str,
    ) -> Result<Self, Problem> {
        let issuer = visit.site.issuer();
        let expected = Expected { issuer, types: &[ID_TOKEN_TYP], keys: AcceptedKeys::Published };
        let claims: IdTokenClaims = services
            .keys
            .public()
            .await?
            .verify(token, &expected, visit.now)
            .and_then(|token| token.claims_as())
            .map_err(|_| invalid("signature or shape"))?;
        if claims.aud != client.id {
            return Err(invalid("audience"));
        }
        let claims =
            as_access_token(claims, visit).accepted(issuer, visit.now).map_err(|_| invalid("times"))?;
        note(&claims);
        let standing = services.store.standing(&claims).await?;
        if !standing.holds(&claims, visit.now) {
            return Err(invalid("ended"));
        }
        Ok(Self { claims, standing, most: Most::OfGrant })
    }
}

/// What an ID token says, in the terms of an access token that allows nothing by itself: what ends the one ends the other.
fn as_access_token(claims: IdTokenClaims, visit: &Visit<'_>) -> AccessTokenClaims {
    AccessTokenClaims {
        iss: claims.iss,
        sub: claims.sub,
        aud: visit.configuration.server.resource(),
        exp: claims.exp,
        iat: claims.iat,
        jti: claims.jti,
        client_id: claims.aud,
        scope: Scope::empty(),
        auth_time: Some(claims.auth_time),
        amr: claims.amr,
        grant_id: Some(claims.grant_id),
        authorization_details: AuthorizationDetails::default(),
        authorization_details_id: None,
        asked: None,
        act: Actors::default(),
        may_act: None,
        exchanged_from: vec![],
        person: serde_json::Map::new(),
    }
}

/// Who acts by an actor token: one of ours, good, and given to this client or meant for it. It is a token that a party got for
/// itself. A person's token says that somebody acts for them, and never that they act.
///
/// # Errors
/// [`Refusal::ActorTokenInvalid`], [`Refusal::TokenTypeNotSupported`]; faults of table and keys.
pub(crate) async fn shown_actor(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    shown: &ShownToken<'_>,
) -> Result<Actor, Problem> {
    let invalid = |why| Problem::from(Refusal::ActorTokenInvalid { why });
    if !matches!(shown.token_type, TokenType::AccessToken | TokenType::Jwt) {
        return Err(Refusal::TokenTypeNotSupported { name: "actor_token_type" }.into());
    }
    let claims = ours(services, visit, shown.text, invalid).await?;
    let is_meant_for = visit.configuration.own_tool(client).is_some_and(|tool| tool.resource == claims.aud);
    if claims.client_id != client.id && !is_meant_for {
        return Err(invalid("audience"));
    }
    let types = services.registered(visit, client).types;
    let good = visit.good_token(claims, &types).await?.ok_or_else(|| invalid("ended"))?;
    let claims = good.claims;
    let is_its_own = claims.grant_id.is_none()
        && claims.exchanged_from.is_empty()
        && claims.sub == claims.client_id.as_str();
    if is_its_own { Ok(Actor { sub: claims.sub, iss: None }) } else { Err(invalid("not the party's own")) }
}

fn invalid(why: &'static str) -> Problem {
    Refusal::SubjectTokenInvalid { why }.into()
}

/// The claims of an access token of ours, whose signature and times are good. It is not the bearer's own proof, so whatever is
/// wrong with it makes the request invalid (RFC 8693, section 2.2.2).
async fn ours(
    services: &Services,
    visit: &Visit<'_>,
    token: &str,
    invalid: impl Fn(&'static str) -> Problem,
) -> Result<AccessTokenClaims, Problem> {
    visit.access_token(&*services.keys.public().await?, token).map_err(|refusal| match refusal {
        Refusal::TokenInvalid { why } => invalid(why),
        other => other.into(),
    })
}

/// The log's line says whom it is about, once the caller has proven to hold something of it.
fn note(claims: &AccessTokenClaims) {
    if let Some(grant_id) = &claims.grant_id {
        http::note_grant(grant_id);
    }
    if let Some(person) = PersonId::parse(&claims.sub) {
        http::note_person(&person);
    }
    if let Some(asked) = claims.asked {
        http::note_asked(asked);
    }
}
