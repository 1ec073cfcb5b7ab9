use std::collections::BTreeSet;
use std::num::NonZero;

use oauth::configuration::{GrantType, SigningAlgorithm};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{ClientBackchannelTable, SigningAlgorithmName};

/// `clients/*.toml`: a registered client, one a file. Its secret, if it has one, is made by
/// `countersign client rotate-secret` and never stands here.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "clients/*.toml")]
pub struct ClientFile {
    /// `client_id`: visible characters, at most 256, not beginning with `person-` or `external:`.
    #[schemars(length(min = 1, max = 256))]
    pub id: String,
    /// What people call it; the consent page shows it.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// How it proves who it is (RFC 7591, section 2).
    pub token_endpoint_auth_method: AuthenticationMethod,
    /// What it may ask the token endpoint for.
    pub grant_types: BTreeSet<GrantTypeName>,
    /// Where codes may be sent: `https`, `http` on loopback, or an app's own scheme with a dot in it. Compared as written, save
    /// that the port of `127.0.0.1` and `[::1]` may differ.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// The scopes it may ask for: those of its tools, and `openid`, `profile`, `email`, `groups`, `offline_access`.
    #[serde(default)]
    pub scopes: BTreeSet<String>,
    /// The types of `authorization_details` it may use, each one of `details/`.
    #[serde(default)]
    pub detail_types: BTreeSet<String>,
    /// The tools it may get tokens for, each one of `tools/`.
    #[serde(default)]
    pub tools: BTreeSet<String>,
    /// The tool that a token is for when the client names no `resource`. Without it such a token is for the issuer (userinfo).
    #[serde(default)]
    pub default_tool: Option<String>,
    /// What the client may get when it works alone, with `client_credentials`: each detail that it asks for must lie within
    /// one of these.
    #[serde(default)]
    pub standing_details: Vec<StandingDetail>,
    /// Whether this client must push its authorization requests (RFC 9126, section 6).
    #[serde(default)]
    pub require_pushed_authorization_requests: bool,
    /// How many requests in a minute, where it is not what `server.toml` says.
    #[serde(default)]
    pub requests_per_minute: Option<NonZero<u32>>,
    /// Whether a person's consent may be remembered for an identical request.
    #[serde(default)]
    pub remember_consent: bool,
    /// How its ID tokens are signed: `RS256` is what OpenID clients assume.
    #[serde(default = "rs256")]
    pub id_token_signed_response_alg: SigningAlgorithmName,
    /// The tool that this client is: it may introspect the tokens that are meant for it, and exchange them where a policy
    /// allows it.
    #[serde(default)]
    pub is_tool: Option<String>,
    /// The only client that may act on behalf of people with this client's tokens, when they are exchanged (RFC 8693, section
    /// 4.4). Without it, whoever a policy allows.
    #[serde(default)]
    pub may_act: Option<String>,
    /// Clients whose own tokens this client may show as `actor_token`, so that they act in a person's name (RFC 8693, section 2.1):
    /// those that call it as a tool. It may always show its own.
    #[serde(default)]
    pub actors: BTreeSet<String>,
    /// How it asks people who are elsewhere. It goes with the grant type `ciba`.
    #[serde(default)]
    pub backchannel: Option<ClientBackchannelTable>,
    /// For `private_key_jwt`: the client's public keys, a JWK Set (RFC 7517, section 5). Or `jwks_file`.
    #[serde(default)]
    pub jwks: Option<PublicKeys>,
    /// For `private_key_jwt`: a file beside this one that holds the client's public JWK Set, such as `"agent.jwks.json"`.
    #[serde(default)]
    pub jwks_file: Option<String>,
}

fn rs256() -> SigningAlgorithmName {
    SigningAlgorithmName(SigningAlgorithm::Rs256)
}

/// How a client proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationMethod {
    /// A public client: it proves nothing but PKCE.
    None,
    /// A secret in the Authorization header.
    ClientSecretBasic,
    /// A secret in the body.
    ClientSecretPost,
    /// A JWT signed by one of its own keys (RFC 7523, section 2.2).
    PrivateKeyJwt,
}

/// A grant type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantTypeName {
    /// A person approves (OAuth 2.1, section 4.1). Needs `redirect_uris`.
    AuthorizationCode,
    /// The approval can be renewed (OAuth 2.1, section 4.3). Goes with `authorization_code` or `token_exchange`.
    RefreshToken,
    /// The client works alone (OAuth 2.1, section 4.2). Not for public clients.
    ClientCredentials,
    /// The client acts with tokens that others were given (RFC 8693), where a policy allows it. Not for public clients.
    TokenExchange,
    /// The client acts for whom a trusted issuer vouches, by an ID-JAG (RFC 7523, section 2.1). Not for public clients.
    JwtBearer,
    /// The client asks people who are elsewhere (OpenID CIBA Core 1.0). Needs `[backchannel]`. Not for public clients.
    Ciba,
}

impl From<GrantTypeName> for GrantType {
    fn from(name: GrantTypeName) -> Self {
        match name {
            GrantTypeName::AuthorizationCode => Self::AuthorizationCode,
            GrantTypeName::RefreshToken => Self::RefreshToken,
            GrantTypeName::ClientCredentials => Self::ClientCredentials,
            GrantTypeName::TokenExchange => Self::TokenExchange,
            GrantTypeName::JwtBearer => Self::JwtBearer,
            GrantTypeName::Ciba => Self::Ciba,
        }
    }
}

/// One authorization detail that the client has without a person.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct StandingDetail {
    /// The type, one of the client's `detail_types`.
    #[serde(rename = "type")]
    pub detail_type: String,
    /// The fields that the type defines.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

/// A JWK Set of public keys.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicKeys {
    /// The keys, public parts alone: P-256, RSA of at least 2048 bits, or Ed25519.
    pub keys: Vec<Map<String, Value>>,
}
