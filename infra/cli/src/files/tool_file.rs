use std::collections::BTreeMap;

use oauth::configuration::{ClaimSource, SigningAlgorithm};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Lifetime, SigningAlgorithmName};

/// `tools/*.toml`: a tool, one a file. A tool is a resource server (an API, an MCP server) that takes our tokens.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "tools/*.toml")]
pub struct ToolFile {
    /// Its short name: letters, digits, `-` and `_`, at most 64.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"))]
    pub id: String,
    /// What people call it; the consent page shows it.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// Its resource indicator (RFC 8707, section 2): an absolute URI without a fragment. It is the `aud` of the tool's tokens.
    pub resource: String,
    /// Other places that it serves: the `locations` of a detail may lie beneath these and beneath `resource`.
    #[serde(default)]
    pub locations: Vec<String>,
    /// Its scopes, by name.
    #[serde(default)]
    pub scopes: BTreeMap<String, ScopeTable>,
    /// How long its access tokens live: 30 s to 1 h. Without it, as `server.toml` says.
    #[serde(default)]
    pub access_token_lifetime: Option<Lifetime>,
    /// How its access tokens are signed.
    #[serde(default = "es256")]
    pub signing_alg: SigningAlgorithmName,
    /// Whether its tokens carry a reference instead of the details themselves; introspection then answers with them. Above 4 KB
    /// of details that is so anyway.
    #[serde(default)]
    pub details_by_reference: bool,
    /// Which of a person's claims its tokens carry: the claim's name, and where it comes from.
    #[serde(default)]
    pub claims: BTreeMap<String, ClaimSourceName>,
}

fn es256() -> SigningAlgorithmName {
    SigningAlgorithmName(SigningAlgorithm::Es256)
}

/// One scope of a tool.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScopeTable {
    /// In plain words, by language: what a person reads who is asked for it. English (`en`) is always needed.
    pub description: BTreeMap<String, String>,
    /// Whether the scope gives access to nothing without `authorization_details`.
    #[serde(default)]
    pub requires_details: bool,
}

/// Where a claim's value comes from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimSourceName {
    /// The names of the person's groups.
    Groups,
    /// The person's e-mail address.
    Email,
    /// The person's full name.
    Name,
    /// The person's user name.
    UserName,
    /// One of the person's attributes.
    Attribute(String),
}

impl From<ClaimSourceName> for ClaimSource {
    fn from(name: ClaimSourceName) -> Self {
        match name {
            ClaimSourceName::Groups => Self::Groups,
            ClaimSourceName::Email => Self::Email,
            ClaimSourceName::Name => Self::Name,
            ClaimSourceName::UserName => Self::UserName,
            ClaimSourceName::Attribute(attribute) => Self::Attribute(attribute),
        }
    }
}
