use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Lifetime, PublicKeys, StandingDetail};

/// Another issuer whose tokens are taken. Nothing is taken from an issuer that is not named, nothing is worth more than is said here,
/// and the policies (`token_exchange`) have the last word. What came from an issuer ends when it is taken out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustedIssuerTable {
    /// Its `iss`, compared as written. `https`, or `http` on loopback.
    pub issuer: String,
    /// The public keys that sign for it, a JWK Set (RFC 7517, section 5). Or `jwks_uri`.
    #[serde(default)]
    pub jwks: Option<PublicKeys>,
    /// Where its JWK Set is fetched: `https`. It is kept as long as it says, one day at most, and asked for again, once a minute at
    /// most, when a token names a key that is not in it. While it cannot be had, that which was is used for another hour.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// The algorithms that it may sign with: `ES256`, `RS256`, `PS256`, `EdDSA`.
    pub algorithms: BTreeSet<String>,
    /// What is taken from it.
    pub accepts: BTreeSet<AcceptanceName>,
    /// The `typ` in the header of its subject tokens. One without `typ`, or with another, is refused. That of an ID-JAG is fixed.
    #[serde(default = "jwt")]
    #[schemars(extend("default" = "JWT"))]
    pub typ: String,
    /// The claim that says whom a token is about.
    #[serde(default = "sub")]
    #[schemars(extend("default" = "sub"))]
    pub subject_claim: String,
    /// Whom that means here.
    pub subject: SubjectName,
    /// The clients that may show its tokens, each one of `clients/`.
    pub clients: BTreeSet<String>,
    /// What tokens that are got by it may allow at most: scopes of tools.
    #[serde(default)]
    pub scopes: BTreeSet<String>,
    /// What they may allow at most in detail: each detail that is asked for must lie within one of these.
    #[serde(default)]
    pub details: Vec<StandingDetail>,
    /// How long ago a token may have been made, whatever it says itself: 30 s to 1 d.
    #[serde(default)]
    #[schemars(extend("default" = "10 min"))]
    pub max_age: Option<Lifetime>,
    /// For how long after a subject token was made what comes of it can be renewed by refresh tokens, by the client that showed it:
    /// 1 min to 30 d. Without it, nobody whom the issuer vouches for is renewed; who comes by an ID-JAG never is.
    #[serde(default)]
    pub refresh_tokens: Option<Lifetime>,
    /// What the issuer said before this moment is worth nothing, nor is what came of it, such as when its keys had been stolen until
    /// then: a moment of RFC 3339, as in `"2026-11-26T12:00:00Z"`.
    #[serde(default)]
    pub not_before: Option<String>,
    /// Needed where `subject` is `user_name` and `subject_claim` is not `sub`: that the issuer gives each value of the claim to one
    /// person alone, for ever, and that nobody chooses it for themselves. `email` counts only where `email_verified` is true.
    #[serde(default)]
    pub claim_names_one_person: bool,
}

fn jwt() -> String {
    "JWT".to_owned()
}

fn sub() -> String {
    "sub".to_owned()
}

/// What is taken from an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AcceptanceName {
    /// Its JWTs, as subject tokens of an exchange (RFC 8693). Each must be meant for this server alone: its issuer, or its token
    /// endpoint.
    SubjectToken,
    /// Its Identity Assertion JWT Authorization Grants, as grants of their own (`jwt_bearer`).
    IdJag,
}

/// Whom an issuer's subject is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubjectName {
    /// The person with this user name. Where there is none, the token is refused.
    UserName,
    /// Nobody who is known here: a name of its own, `external:` and a digest of issuer and subject, that no person or client has.
    External,
}

/// Another authorization server that takes this server's Identity Assertion JWT Authorization Grants (ID-JAG), and one resource
/// behind it. Who may have one is for the policies to say (`token_exchange`, with the resource as tool).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdJagTargetTable {
    /// The other server's issuer identifier, as written there.
    pub audience: String,
    /// The resource behind it, as clients name it.
    pub resource: String,
    /// The scopes of that resource that an ID-JAG may name.
    pub scopes: BTreeSet<String>,
    /// The clients that may have one, each one of `clients/`, and what the other server calls each of them.
    pub clients: BTreeMap<String, String>,
    /// Whether it is told the person's e-mail address, where they granted the client the scope `email`.
    #[serde(default)]
    pub email: bool,
    /// How long one is good: 30 s to 10 min.
    #[serde(default)]
    #[schemars(extend("default" = "5 min"))]
    pub lifetime: Option<Lifetime>,
}
