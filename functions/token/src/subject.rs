use admission::{GoodToken, ShownActor, Visit};
use http::Problem;
use keys::{AcceptedKeys, Expected};
use oauth::configuration::{Client, GrantType, Tool};
use oauth::{
    AccessTokenClaims, Actor, Actors, Authorization, Child, ChildTerms, ClientId, Grant, GrantId,
    ID_TOKEN_TYP, IdTokenClaims, OutsideToken, PersonId, RefreshToken, Refusal, ResourceUri, Rotation,
    Sha256Digest, ShownToken, Spent, Stage, Timestamp, TokenFrame, TokenId, TokenType, TrustedIssuer,
    ancestors,
};
use store::{Commit, Standing};

use crate::question::{between, between_by};
use crate::{Services, alone, outside};

/// On whose behalf a token is exchanged: good, and shown by whom it was meant for. Policy comes after this, never instead.
pub(crate) struct Subject<'v> {
    /// What its token says.
    pub(crate) claims: AccessTokenClaims,
    /// What was read of it.
    pub(crate) standing: Standing,
    /// What was read of who acts, in the same call.
    pub(crate) actor: Option<Standing>,
    /// What it allows at most.
    pub(crate) most: Most<'v>,
}

/// What a subject token allows at most.
pub(crate) enum Most<'v> {
    /// What an access token says, for this tool.
    AtTool(&'v Tool),
    /// What the person granted to the client itself: an ID token says who they are, and the authorization what they allowed.
    OfGrant,
    /// What was got by exchange before, as far as it could be renewed: at its own tool alone, and nobody becomes that tool by it.
    OfChild(Box<Child>),
    /// What the configuration trusts another issuer with.
    Vouched(&'v TrustedIssuer),
}

impl Most<'_> {
    /// The clients that stand between the subject and the client that shows this token, for policies to know. An ID token was given
    /// to the client itself.
    pub(crate) fn actors(&self, claims: &AccessTokenClaims) -> Vec<ClientId> {
        match self {
            Self::AtTool(_) => between(&ancestors(claims), &claims.act),
            Self::OfChild(child) => between_by(child, &ancestors(claims), &claims.act),
            Self::OfGrant | Self::Vouched(_) => between(&[], &claims.act),
        }
    }
}

impl<'v> Subject<'v> {
    /// The grant that it goes back to; none for a client that works alone.
    pub(crate) fn grant(&self) -> Option<&Grant> {
        self.standing.authorization.as_ref().and_then(Authorization::grant)
    }

    /// Reads the subject token. An access token may be shown by the client that is the tool in its `aud`, an ID token by the
    /// client that is its `aud`, a refresh token by the client that it was given to, and another issuer's JWT by the clients
    /// that the trust in it names. With an actor token, what stands behind that one is read in the same call.
    ///
    /// # Errors
    /// [`Refusal::SubjectTokenInvalid`], [`Refusal::TokenTypeNotSupported`]; faults of table and keys.
    pub(crate) async fn shown(
        services: &Services,
        visit: &'v Visit<'_>,
        client: &Client,
        (shown, actor): (&ShownToken<'_>, Option<&ShownActor>),
    ) -> Result<Self, Problem> {
        if matches!(shown.token_type, TokenType::Jwt | TokenType::IdToken)
            && let Some(trusted) = outside::trust(visit, shown.text)
        {
            return Self::by_outside(services, visit, client, (trusted, shown.text, actor)).await;
        }
        let of = (shown.text, actor);
        match shown.token_type {
            TokenType::AccessToken | TokenType::Jwt => {
                Self::by_access_token(services, visit, client, of).await
            }
            TokenType::IdToken => Self::by_id_token(services, visit, client, of).await,
            TokenType::RefreshToken if visit.configuration.server.exchange.accept_refresh_tokens => {
                Self::by_refresh_token(services, visit, client, of).await
            }
            TokenType::RefreshToken | TokenType::Saml2 | TokenType::IdJag => {
                Err(Refusal::TokenTypeNotSupported { name: "subject_token_type" }.into())
            }
        }
    }

    async fn by_access_token(
        services: &Services,
        visit: &'v Visit<'_>,
        client: &Client,
        (token, actor): (&str, Option<&ShownActor>),
    ) -> Result<Self, Problem> {
        let claims = ours(services, visit, token).await?;
        let tool = visit.configuration.own_tool(client).filter(|tool| tool.resource == claims.aud);
        let tool = tool.ok_or_else(|| invalid("audience"))?;
        note(&claims);
        let types = services.registered(visit, client).types;
        let good = visit.good_token_beside(claims, &types, actor).await?;
        let (GoodToken { claims, standing, .. }, actor) = good.ok_or_else(|| invalid("ended"))?;
        Ok(Self { claims, standing, actor, most: Most::AtTool(tool) })
    }

    async fn by_id_token(
        services: &Services,
        visit: &Visit<'_>,
        client: &Client,
        (token, actor): (&str, Option<&ShownActor>),
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
        // What the person granted, they granted to the client at the start, and not to whom it was told about them.
        if !claims.exchanged_from.is_empty() {
            return Err(invalid("exchanged"));
        }
        let claims =
            as_access_token(claims, visit).accepted(issuer, visit.now).map_err(|_| invalid("times"))?;
        note(&claims);
        let (standing, actor) =
            visit.standing_beside(&claims, actor).await?.ok_or_else(|| invalid("ended"))?;
        let grant = standing.authorization.as_ref().and_then(Authorization::grant);
        let grant = grant.ok_or_else(|| invalid("ended"))?;
        http::note_asked(grant.asked);
        // What was asked is no claim of an ID token: the authorization says it.
        let (asked, approval) = (Some(grant.asked), grant.approval.clone());
        let claims = AccessTokenClaims { act: acted_before(grant), asked, approval, ..claims };
        Ok(Self { claims, standing, actor, most: Most::OfGrant })
    }

    /// Whom an actor token named when the refresh token was got that is shown now, if it is one that was got by exchange.
    pub(crate) fn shown_actor(&self) -> Option<ClientId> {
        match &self.most {
            Most::OfChild(child) => child.shown_actor(),
            Most::AtTool(_) | Most::OfGrant | Most::Vouched(_) => None,
        }
    }

    /// What each renewal of a refresh token that is made of it is asked of, where `actor` is named now or was before.
    pub(crate) fn terms(&self, names_the_actor: bool, actor: Option<&ClientId>) -> ChildTerms {
        let from = match &self.most {
            Most::AtTool(tool) => Some(tool.id.clone()),
            Most::OfChild(child) => child.terms.from.clone(),
            Most::OfGrant | Most::Vouched(_) => None,
        };
        ChildTerms { from, names_the_actor, actor: actor.cloned() }
    }

    /// Whether it is still good for a tool at which everything may have been ended: a token that is for one tool says when it was made,
    /// and what opens all that the person granted, when they did.
    pub(crate) fn is_good_at(&self, tool: &ResourceUri) -> bool {
        let (client, made) = match (&self.most, self.grant()) {
            (Most::OfGrant, Some(grant)) => (&grant.client_id, grant.granted_at),
            (Most::OfGrant, None) => return false,
            (Most::Vouched(_), _) => (&self.claims.client_id, self.claims.iat),
            (Most::AtTool(_) | Most::OfChild(_), _) => return true,
        };
        self.standing.allows_at(client, tool, made)
    }

    /// Looks at a refresh token by the same moves as a rotation, and neither spends nor rotates it: only the newest generation
    /// counts, and an older one that comes again ends the authorization, as it would there. Two reads.
    async fn by_refresh_token(
        services: &Services,
        visit: &'v Visit<'_>,
        client: &Client,
        (token, actor): (&str, Option<&ShownActor>),
    ) -> Result<Self, Problem> {
        client.require_grant(GrantType::RefreshToken)?;
        let secret = services.keys.server_secret().await?;
        let token = RefreshToken::parse(token, secret).ok_or_else(|| invalid("unknown"))?;
        http::note_grant(token.id());
        let authorization =
            services.store.authorization(token.id()).await?.ok_or_else(|| invalid("unknown"))?;
        match authorization.clone().rotated(&client.id, &token, visit.now) {
            Spent::Well(Rotation::Moved(_)) => {}
            Spent::Well(Rotation::Repeated(_)) => return Err(invalid("rotated")),
            Spent::Not(_) => return Err(invalid("refresh token")),
            Spent::Replayed(ended) => {
                if matches!(services.store.commit(&ended).await?, Commit::Done) {
                    crate::record_end(visit, &ended, &Refusal::SubjectTokenInvalid { why: "replayed" });
                }
                return Err(invalid("replayed"));
            }
        }
        http::note_authorization(&authorization);
        let jti = TokenId::of_authorization(token.id());
        let claims = match &authorization.stage {
            Stage::Active(active) => as_refresh_token(&active.grant, token.id(), jti, visit),
            Stage::Child(child) => {
                let types = services.registered(visit, client).types;
                let good = alone::good_child(services, visit, child, (&types, actor)).await?;
                let (good, actor) = good.ok_or_else(|| invalid("ended"))?;
                let claims = AccessTokenClaims {
                    scope: good.claims.scope,
                    authorization_details: good.claims.authorization_details,
                    // It is about those that its tokens are sent to, and this is its own client.
                    may_act: None,
                    ..child.token(token.id(), jti, child.claims.iat)
                };
                let most = Most::OfChild(child.clone());
                return Ok(Self { claims, standing: good.standing, actor, most });
            }
            _ => return Err(invalid("ended")),
        };
        let (standing, actor) =
            visit.standing_beside(&claims, actor).await?.ok_or_else(|| invalid("ended"))?;
        Ok(Self { claims, standing, actor, most: Most::OfGrant })
    }

    /// Takes another issuer's word for who somebody is. They have no authorization here: what comes of it goes back to that
    /// token, and says so.
    async fn by_outside(
        services: &Services,
        visit: &'v Visit<'_>,
        client: &Client,
        (trusted, token, actor): (&'v TrustedIssuer, &str, Option<&ShownActor>),
    ) -> Result<Self, Problem> {
        let said = outside::subject_token(services, visit, trusted, client, token).await;
        let said = said.map_err(|unproven| unproven.told(invalid))?;
        let sub = outside::subject(services, trusted, &said).await?;
        let sub = sub.ok_or_else(|| invalid("unknown subject"))?;
        let mut digest = [0; 16];
        digest.copy_from_slice(&Sha256Digest::of(token.as_bytes()).as_bytes()[..16]);
        let claims = vouched_for(said, (sub, TokenId::from_random(digest)), client, visit);
        note(&claims);
        let (standing, actor) =
            visit.standing_beside(&claims, actor).await?.ok_or_else(|| invalid("ended"))?;
        Ok(Self { claims, standing, actor, most: Most::Vouched(trusted) })
    }
}

/// What it is in the terms of an access token that is for nobody but us.
fn frame(
    visit: &Visit<'_>,
    sub: String,
    (client_id, jti): (ClientId, TokenId),
    (iat, exp): (Timestamp, Timestamp),
) -> TokenFrame {
    let server = &visit.configuration.server;
    TokenFrame { iss: server.issuer.clone(), sub, aud: server.resource(), client_id, jti, iat, exp }
}

fn as_refresh_token(grant: &Grant, id: &GrantId, jti: TokenId, visit: &Visit<'_>) -> AccessTokenClaims {
    let sub = grant.person.to_string();
    let of_client = (grant.client_id.clone(), jti);
    let frame = frame(visit, sub, of_client, (grant.granted_at, grant.ends_at));
    AccessTokenClaims {
        auth_time: Some(grant.authentication.auth_time),
        amr: grant.authentication.amr.clone(),
        acr: grant.authentication.acr().map(str::to_owned),
        grant_id: Some(id.clone()),
        asked: Some(grant.asked),
        approval: grant.approval.clone(),
        act: acted_before(grant),
        ..AccessTokenClaims::bare(frame)
    }
}

/// Who acted in a grant's name before its own client does: that one is named as soon as it exchanges what it was given.
fn acted_before(grant: &Grant) -> Actors {
    let own = Actor::client(&grant.client_id);
    if grant.act.newest() == Some(&own) { Actors::default() } else { grant.act.clone() }
}

fn vouched_for(
    said: OutsideToken,
    (sub, jti): (String, TokenId),
    client: &Client,
    visit: &Visit<'_>,
) -> AccessTokenClaims {
    let made = said.made_at_the_earliest();
    let frame = frame(visit, sub, (client.id.clone(), jti), (made, said.exp));
    AccessTokenClaims {
        auth_time: said.auth_time,
        amr: said.amr,
        acr: said.acr,
        origin: Some(said.origin),
        ..AccessTokenClaims::bare(frame)
    }
}

/// What an ID token says, in the terms of an access token that allows nothing by itself: what ends the one ends the other.
fn as_access_token(claims: IdTokenClaims, visit: &Visit<'_>) -> AccessTokenClaims {
    let IdTokenClaims { sub, aud, jti, iat, exp, act, .. } = claims;
    AccessTokenClaims {
        iss: claims.iss,
        auth_time: Some(claims.auth_time),
        amr: claims.amr,
        acr: claims.acr,
        grant_id: Some(claims.grant_id),
        act,
        ..AccessTokenClaims::bare(frame(visit, sub, (aud, jti), (iat, exp)))
    }
}

fn invalid(why: &'static str) -> Problem {
    Refusal::SubjectTokenInvalid { why }.into()
}

/// The claims of an access token of ours, whose signature and times are good. It is not the bearer's own proof, so whatever is
/// wrong with it makes the request invalid (RFC 8693, section 2.2.2).
async fn ours(services: &Services, visit: &Visit<'_>, token: &str) -> Result<AccessTokenClaims, Problem> {
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
