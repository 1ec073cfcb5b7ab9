use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::configuration::{ClaimSource, Profile, Tool};
use crate::{
    Actor, Actors, Ancestor, ApprovalId, AuthorizationDetails, ClientId, GrantId, Origin, Refusal,
    ResourceUri, Scope, Sha256Digest, Timestamp, TokenId, TokenType,
};

/// The `typ` of an access token (RFC 9068, section 2.1).
pub const ACCESS_TOKEN_TYP: &str = "at+jwt";
/// The `typ` of an ID token.
pub const ID_TOKEN_TYP: &str = "JWT";

/// Details above this many bytes of JSON do not go into a token: an Authorization header must carry it, and
/// API Gateway allows 10,240 bytes of headers in all.
pub const LARGEST_DETAILS_IN_TOKEN: usize = 4 * 1024;

/// The claims of an access token (RFC 9068, section 2.2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    /// The issuer.
    pub iss: String,
    /// The person, or the client that works alone.
    pub sub: String,
    /// The one resource it is for.
    pub aud: ResourceUri,
    /// Its last moment.
    pub exp: Timestamp,
    /// When it was made.
    pub iat: Timestamp,
    /// Its identifier.
    pub jti: TokenId,
    /// Which client it was given to.
    pub client_id: ClientId,
    /// By scope; absent when there is none.
    #[serde(default, skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// When the person signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<Timestamp>,
    /// How the person signed in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// How surely it was the person, where somebody said so (`acr`, OpenID Connect Core, section 2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// The authorization it comes from; absent when a client works alone, and where the subject came from another issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_id: Option<GrantId>,
    /// What exactly it allows (RFC 9396, section 9.1).
    #[serde(default, skip_serializing_if = "AuthorizationDetails::is_empty")]
    pub authorization_details: AuthorizationDetails,
    /// Stands for details that are too large for a token, or that the tool wants to ask for: introspection
    /// answers with them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_details_id: Option<Sha256Digest>,
    /// The digest of what was asked when the person decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<Sha256Digest>,
    /// The approval that the person has countersigned with a passkey, and that all of this comes from: the evidence's id (`approval`, a
    /// claim of ours).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalId>,
    /// Who acts on behalf of the subject; empty for the client that the authorization was given to (RFC 8693, section 4.1).
    #[serde(default, skip_serializing_if = "Actors::is_empty")]
    pub act: Actors,
    /// The only one who may act on behalf of the subject with this token, where that is said (RFC 8693, section 4.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may_act: Option<Actor>,
    /// The tokens that it was exchanged from, the newest first: it ends with each of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exchanged_from: Vec<Ancestor>,
    /// The authorizations by exchange whose refresh tokens it was got by, and what a person approved on demand of it, the newest first: it
    /// ends with each of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub child_grant_ids: Vec<GrantId>,
    /// Whether the oldest of these goes back to no authorization of a person: it is its own root.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_root: bool,
    /// The other issuer that the subject comes from, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// What the tool wants to know of the person.
    #[serde(flatten)]
    pub person: Map<String, Value>,
}

/// What every access token says: who issued it about whom, to whom, for whom, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenFrame {
    /// The issuer.
    pub iss: String,
    /// Whom it is about.
    pub sub: String,
    /// Whom it is for.
    pub aud: ResourceUri,
    /// The client that it was given to.
    pub client_id: ClientId,
    /// Its identifier.
    pub jti: TokenId,
    /// When it was made.
    pub iat: Timestamp,
    /// Its last moment.
    pub exp: Timestamp,
}

impl AccessTokenClaims {
    /// Claims that allow nothing, and come from nowhere: the rest is for the caller to say.
    pub fn bare(frame: TokenFrame) -> Self {
        let TokenFrame { iss, sub, aud, client_id, jti, iat, exp } = frame;
        Self {
            iss,
            sub,
            aud,
            exp,
            iat,
            jti,
            client_id,
            scope: Scope::empty(),
            auth_time: None,
            amr: vec![],
            acr: None,
            grant_id: None,
            authorization_details: AuthorizationDetails::default(),
            authorization_details_id: None,
            asked: None,
            approval: None,
            act: Actors::default(),
            may_act: None,
            exchanged_from: vec![],
            child_grant_ids: vec![],
            own_root: false,
            origin: None,
            person: Map::new(),
        }
    }

    /// The clients that have their part in it: it ends with each of them. Those are the ones that it and all above it were given to,
    /// and who acts, or acted before.
    pub fn clients(&self) -> BTreeSet<ClientId> {
        let above = self.exchanged_from.iter().map(|above| above.client_id.clone());
        std::iter::once(self.client_id.clone()).chain(above).chain(self.act.clients()).collect()
    }

    /// The tokens of the chain that it is the last of, the oldest first: the client that each was given to, and what it was for. `None`
    /// where nothing stands above it, and where one of them does not say what it was for.
    pub fn way_here(&self) -> Option<Vec<(&ClientId, &ResourceUri)>> {
        let above = self.exchanged_from.iter().rev().map(|one| Some((&one.client_id, one.aud.as_ref()?)));
        let whole =
            above.chain(std::iter::once(Some((&self.client_id, &self.aud)))).collect::<Option<Vec<_>>>();
        whole.filter(|whole| whole.len() > 1)
    }

    /// Whether the token is good now, as far as it says itself.
    ///
    /// # Errors
    /// [`Refusal::TokenInvalid`].
    pub fn accepted(self, issuer: &str, now: Timestamp) -> Result<Self, Refusal> {
        if self.iss != issuer {
            return Err(Refusal::TokenInvalid { why: "issuer" });
        }
        if now >= self.exp {
            return Err(Refusal::TokenInvalid { why: "expired" });
        }
        if self.iat > now.after(crate::time::CLOCK_SKEW) {
            return Err(Refusal::TokenInvalid { why: "from the future" });
        }
        Ok(self)
    }

    /// Puts the details into the token, or their identifier where they are too large or the tool wants it so.
    #[must_use]
    pub fn with_details(mut self, details: &AuthorizationDetails, by_reference: bool) -> Self {
        if is_referenced(details, by_reference) {
            self.authorization_details_id = Some(details.digest());
        } else {
            self.authorization_details = details.clone();
        }
        self
    }
}

/// Whether a token only refers to the details: where the tool wants it so, or where they are too large for a token.
pub fn is_referenced(details: &AuthorizationDetails, by_reference: bool) -> bool {
    !details.is_empty() && (by_reference || must_be_referenced(details))
}

/// Whether the details are too large for a token.
fn must_be_referenced(details: &AuthorizationDetails) -> bool {
    details.bytes() > LARGEST_DETAILS_IN_TOKEN
}

/// The claims of an ID token (OpenID Connect Core, section 2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdTokenClaims {
    /// The issuer.
    pub iss: String,
    /// The person.
    pub sub: String,
    /// The client.
    pub aud: ClientId,
    /// Its last moment.
    pub exp: Timestamp,
    /// When it was made.
    pub iat: Timestamp,
    /// When the person signed in.
    pub auth_time: Timestamp,
    /// The client's nonce.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// How the person signed in.
    pub amr: Vec<String>,
    /// How surely it was them, where somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// Ties it to the access token beside it (OpenID Connect Core, section 3.1.3.6). One that was got by exchange has none beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_hash: Option<String>,
    /// Ties it to the refresh token that is brought with it (OpenID CIBA Core 1.0, section 10.3.1).
    #[serde(
        rename = "urn:openid:params:jwt:claim:rt_hash",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub rt_hash: Option<String>,
    /// Ties it to the `auth_req_id` that it is brought for (OpenID CIBA Core 1.0, section 10.3.1).
    #[serde(
        rename = "urn:openid:params:jwt:claim:auth_req_id",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub auth_req_id: Option<String>,
    /// Its identifier.
    pub jti: TokenId,
    /// The client that asked for it, where it was got by exchange (`client_id`, RFC 8693, section 4.3). It is not `azp`: whom the
    /// token is for would take that for another's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The authorization it comes from: exchanged, it ends with that.
    pub grant_id: GrantId,
    /// Who acts on behalf of the person, as in access tokens (RFC 8693, section 4.1).
    #[serde(default, skip_serializing_if = "Actors::is_empty")]
    pub act: Actors,
    /// The tokens that it was exchanged from, the newest first. One that was exchanged is worth nothing as a subject token: what the
    /// person granted, they granted to the client at the start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exchanged_from: Vec<Ancestor>,
}

/// The left half of the SHA-256 of a token, for `at_hash` and `rt_hash` in an ID token beside it: ours are all signed with a
/// SHA-256.
pub fn left_half_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256Digest::of(token.as_bytes()).as_bytes()[..16])
}

/// What a tool's tokens say of the person, as the tool's registration maps it.
pub fn claims_for_tool(tool: &Tool, person: &Profile) -> Map<String, Value> {
    tool.claims
        .iter()
        .filter_map(|(claim, source)| Some((claim.clone(), claim_value(source, person)?)))
        .filter(|(claim, _)| !RESERVED_CLAIMS.contains(&claim.as_str()))
        .collect()
}

/// Claims that mean something to us: a tool's registration cannot replace them.
pub const RESERVED_CLAIMS: [&str; 27] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "client_id",
    "scope",
    "auth_time",
    "acr",
    "amr",
    "act",
    "may_act",
    "exchanged_from",
    "child_grant_ids",
    "own_root",
    "origin",
    "cnf",
    "grant_id",
    "authorization_details",
    "authorization_details_id",
    "asked",
    "approval",
    "active",
    "token_type",
    "username",
];

/// What a person's record says for a claim; `None` where it says nothing.
pub fn claim_value(source: &ClaimSource, person: &Profile) -> Option<Value> {
    Some(match source {
        ClaimSource::Groups => person.groups.iter().cloned().collect::<Vec<_>>().into(),
        ClaimSource::Email => person.email.clone()?.into(),
        ClaimSource::Name => person.name.clone().into(),
        ClaimSource::UserName => person.user_name.clone().into(),
        ClaimSource::Attribute(name) => person.attributes.get(name)?.clone().into(),
    })
}

/// What userinfo says of a person (OpenID Connect Core, sections 5.3.2 and 5.4).
pub fn userinfo_claims(sub: &str, person: &Profile, scope: &Scope) -> BTreeMap<&'static str, Value> {
    let mut claims = BTreeMap::from([("sub", Value::from(sub))]);
    if scope.contains("profile") {
        claims.insert("name", person.name.clone().into());
        claims.insert("preferred_username", person.user_name.clone().into());
        claims.extend(person.locale.clone().map(|locale| ("locale", locale.into())));
        claims.extend(person.zone.clone().map(|zone| ("zoneinfo", zone.into())));
    }
    if let Some(email) = person.email.clone().filter(|_| scope.contains("email")) {
        claims.insert("email", email.into());
    }
    if scope.contains("groups") {
        claims.insert("groups", person.groups.iter().cloned().collect::<Vec<_>>().into());
    }
    claims
}

/// The answer of the token endpoint (OAuth 2.1, section 3.2.3; RFC 9396, section 7).
#[derive(Clone, Debug, Serialize)]
pub struct TokenResponse {
    /// The access token, or whatever else was asked for by an exchange.
    pub access_token: String,
    /// What kind of token that is; said after an exchange alone (RFC 8693, section 2.2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<TokenType>,
    /// `Bearer`; `N_A` for what is no access token (RFC 8693, section 2.2.1).
    pub token_type: &'static str,
    /// Seconds that it lives.
    pub expires_in: u64,
    /// The refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The ID token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// What the access token allows by scope: always said, since it may be less than was asked for.
    pub scope: Scope,
    /// What the access token allows in detail.
    #[serde(skip_serializing_if = "AuthorizationDetails::is_empty")]
    pub authorization_details: AuthorizationDetails,
}

/// The answer about a good access token (RFC 7662, section 2.2; RFC 9396, section 9.2).
#[derive(Clone, Debug, Serialize)]
pub struct Introspection {
    /// Always true: a token that is not active has no claims.
    pub active: bool,
    /// `Bearer`; absent for refresh tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// The token's claims, with the details themselves even where the token only refers to them.
    #[serde(flatten)]
    pub claims: AccessTokenClaims,
    /// The person's user name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const ISSUER: &str = "https://auth.example.com";

    fn claims() -> AccessTokenClaims {
        AccessTokenClaims::bare(TokenFrame {
            iss: ISSUER.to_owned(),
            sub: "person-1".to_owned(),
            aud: ResourceUri::parse("https://files.example.com").unwrap(),
            client_id: ClientId::parse("agent").unwrap(),
            jti: TokenId::from_random([1; 16]),
            iat: NOW,
            exp: NOW.after(std::time::Duration::from_mins(5)),
        })
    }

    #[test]
    fn a_token_is_good_from_its_issue_to_its_last_moment_at_its_own_issuer() {
        let at = |seconds: i64| Timestamp::from_seconds(NOW.as_seconds() + seconds);
        for (issuer, moment, good) in [
            (ISSUER, 0, true),
            (ISSUER, 299, true),
            (ISSUER, 300, false),
            (ISSUER, 301, false),
            // As far as clocks may differ, and no further.
            (ISSUER, -60, true),
            (ISSUER, -61, false),
            ("https://other.example.com", 0, false),
        ] {
            assert_eq!(claims().accepted(issuer, at(moment)).is_ok(), good, "{issuer} {moment}");
        }
    }
}
