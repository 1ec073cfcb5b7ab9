use std::time::Duration;

use http::Problem;
use http::audit::Decision;
use oauth::configuration::{Client, Profile, Server, SigningAlgorithm, Tool};
use oauth::{
    ACCESS_TOKEN_TYP, AccessTokenClaims, Actor, Actors, Asked, AssertedGrant, Authorization, Child, Grant,
    GrantId, Sha256Digest, Timestamp, TokenFrame, TokenId, TokenResponse, ancestors, claims_for_tool,
    is_referenced,
};

use crate::{Content, Mint};

/// For whom a token is issued.
pub enum Behalf<'a> {
    /// A person, by their authorization.
    Person {
        /// The authorization.
        authorization: &'a Authorization,
        /// What it is for.
        grant: &'a Grant,
        /// Who they are.
        profile: &'a Profile,
    },
    /// Whoever the token that is exchanged is about.
    Exchanged(&'a Exchanged<'a>),
    /// Whom a refresh token by exchange is about.
    Child {
        /// Of the authorization by exchange.
        id: &'a GrantId,
        /// What can be had by it.
        child: &'a Child,
        /// The person, if it is about one.
        profile: Option<&'a Profile>,
    },
    /// Whom another issuer vouches for: `sub` is who that is here.
    Asserted {
        /// What that issuer says.
        grant: &'a AssertedGrant,
        /// Who that is here.
        sub: &'a str,
        /// The person, if it is one of ours.
        profile: Option<&'a Profile>,
    },
    /// The client itself.
    Client,
}

/// What a token comes from that is made of another one (RFC 8693).
pub struct Exchanged<'a> {
    /// What the subject token says.
    pub subject: &'a AccessTokenClaims,
    /// The grant that it goes back to; none for a client that works alone.
    pub grant: Option<&'a Grant>,
    /// The person, if it is about one.
    pub profile: Option<&'a Profile>,
    /// Who acts with the new token.
    pub act: Actors,
}

impl Behalf<'_> {
    /// How long a token for them lives that would live so long: never past what it comes from.
    pub fn capped(&self, lives: Duration, now: Timestamp) -> Duration {
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
pub struct AccessToken {
    /// The token itself.
    pub text: String,
    /// What it says.
    pub claims: AccessTokenClaims,
    /// The assertion of another issuer that it was issued for, by what that is spent as.
    assertion: Option<Sha256Digest>,
}

impl Mint<'_> {
    /// Signs an access token (RFC 9068). It never outlives the authorization it comes from.
    ///
    /// # Errors
    /// When the keys or the table do not answer.
    pub async fn access_token(
        &self,
        client: &Client,
        content: &Content<'_>,
        behalf: &Behalf<'_>,
    ) -> Result<AccessToken, Problem> {
        let lives = self.lives(content, behalf);
        let tool = content.audience.tool();
        let claims = self
            .claims(client, content, behalf, lives)
            .with_details(&content.details, tool.is_some_and(|tool| tool.details_by_reference));
        if self.keeps_details(content, behalf) {
            let (root, details) = (claims.grant_id.as_ref(), &content.details);
            self.store.keep_details(root, &claims.jti, details, claims.exp).await?;
        }
        let algorithm = tool.map_or(SigningAlgorithm::Es256, |tool| tool.signing_alg);
        let text = self.keys.sign(&claims, ACCESS_TOKEN_TYP, algorithm, self.now).await?;
        let assertion = match behalf {
            Behalf::Asserted { grant, .. } => Some(grant.spent_as),
            _ => None,
        };
        Ok(AccessToken { text, claims, assertion })
    }

    /// How long a token with this content lives: as its tool or the server says, never past what it comes from, and never longer than
    /// whose approval it is has signed.
    pub fn lives(&self, content: &Content<'_>, behalf: &Behalf<'_>) -> Duration {
        let lives = content.audience.access_token_lifetime(&self.configuration.server);
        let granted = match behalf {
            Behalf::Person { grant, .. } => Some(*grant),
            Behalf::Exchanged(Exchanged { grant, .. }) => *grant,
            _ => None,
        };
        let signed = granted.and_then(|grant| grant.access).map(|access| access.token);
        behalf.capped(signed.map_or(lives, |signed| lives.min(signed)), self.now)
    }

    /// What a token says, but for its details.
    pub fn claims(
        &self,
        client: &Client,
        content: &Content<'_>,
        behalf: &Behalf<'_>,
        lives: Duration,
    ) -> AccessTokenClaims {
        let server = &self.configuration.server;
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
            jti: TokenId::from_random(self.dice.roll()),
            iat: self.now,
            exp: self.now.after(lives),
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

    /// How many bytes are kept for introspection when such a token is made: they are billed, and the client that asks for it chooses them.
    pub fn bytes_kept(&self, content: &Content<'_>, behalf: &Behalf<'_>) -> usize {
        if self.keeps_details(content, behalf) { content.bytes() } else { 0 }
    }

    /// Details that a token only refers to are kept for introspection, unless something else says them: the authorization itself, or the
    /// record of an exchange.
    fn keeps_details(&self, content: &Content<'_>, behalf: &Behalf<'_>) -> bool {
        let is_recorded = matches!(behalf, Behalf::Exchanged(_)) && self.configuration.server.exchange.record;
        let by_reference = content.audience.tool().is_some_and(|tool| tool.details_by_reference);
        !is_recorded && !content.details_are_whole && is_referenced(&content.details, by_reference)
    }
}

/// What it says of whom it is for, and of what it comes from.
pub fn on_behalf(claims: AccessTokenClaims, behalf: &Behalf<'_>, tool: Option<&Tool>) -> AccessTokenClaims {
    let about = |profile: &Profile| tool.map(|tool| claims_for_tool(tool, profile)).unwrap_or_default();
    match behalf {
        Behalf::Person { authorization, grant, profile } => AccessTokenClaims {
            auth_time: Some(grant.authentication.auth_time),
            amr: grant.authentication.amr.clone(),
            acr: grant.authentication.acr().map(str::to_owned),
            grant_id: Some(authorization.id.clone()),
            asked: Some(grant.asked),
            approval: grant.approval.clone(),
            act: grant.act.clone(),
            person: about(profile),
            ..claims
        },
        Behalf::Exchanged(Exchanged { subject, profile, act, .. }) => AccessTokenClaims {
            auth_time: subject.auth_time,
            amr: subject.amr.clone(),
            acr: subject.acr.clone(),
            grant_id: subject.grant_id.clone(),
            asked: subject.asked,
            approval: subject.approval.clone(),
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

impl AccessToken {
    /// What stands in place of an access token: another kind of token, of which nothing else has to be remembered.
    pub const fn in_place(text: String, claims: AccessTokenClaims) -> Self {
        Self { text, claims, assertion: None }
    }

    /// The answer to the client, and the audit's line about it, begun by the caller.
    pub fn respond(
        &self,
        decision: Decision<'_>,
        content: &Content<'_>,
        refresh_token: Option<String>,
    ) -> TokenResponse {
        self.record(decision, content);
        self.answer(content, refresh_token, None)
    }

    pub(crate) fn answer(
        &self,
        content: &Content<'_>,
        refresh_token: Option<String>,
        id_token: Option<String>,
    ) -> TokenResponse {
        TokenResponse {
            access_token: self.text.clone(),
            issued_token_type: None,
            token_type: "Bearer",
            expires_in: self.claims.exp.since(self.claims.iat).as_secs(),
            refresh_token,
            id_token,
            scope: content.scope.clone(),
            authorization_details: content.details.clone(),
        }
    }

    pub(crate) fn record<'d>(&'d self, decision: Decision<'d>, content: &'d Content<'_>) {
        let claims = &self.claims;
        let person = oauth::PersonId::parse(&claims.sub);
        let digest = content.details.digest();
        let mut decision = decision
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
