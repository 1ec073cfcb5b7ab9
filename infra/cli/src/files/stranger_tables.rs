use std::collections::BTreeSet;
use std::num::NonZero;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Lifetime;

/// Clients that nobody registers: their `client_id` is the URL of a document that describes them
/// (draft-ietf-oauth-client-id-metadata-document). Off unless `enabled`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientDocumentsTable {
    /// Whether such clients are let in.
    #[serde(default)]
    pub enabled: bool,
    /// The hosts whose documents are read, in lower case: such as `agents.example`, or `*.agents.example` for every name below
    /// it. Nothing is fetched from any other.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// What such clients may ask for, as far as the policies let them.
    #[serde(default)]
    pub open_to: OpenToTable,
}

/// Clients that register themselves (RFC 7591, RFC 7592), at `/register`. Off unless `enabled`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientRegistrationTable {
    /// Whether clients may register themselves.
    #[serde(default)]
    pub enabled: bool,
    /// The SHA-256, in hexadecimal digits, of an initial access token (RFC 7591, section 1.2) that whoever registers a client must
    /// show. The token is 32 random bytes or more, in base64url; without this, anybody may register.
    #[serde(default)]
    #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
    pub initial_access_token_sha256: Option<String>,
    /// How long a registration lives that no person has granted anything: 1 h to 365 d.
    #[serde(default)]
    #[schemars(extend("default" = "1 d"))]
    pub unused: Option<Lifetime>,
    /// How many clients may be registered in a minute from one network address.
    #[serde(default)]
    #[schemars(extend("default" = 10))]
    pub per_minute: Option<NonZero<u32>>,
    /// What such clients may ask for, as far as the policies let them.
    #[serde(default)]
    pub open_to: OpenToTable,
}

/// What clients that nobody vouches for may ask for. Without an entry it is nothing.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenToTable {
    /// The tools they may get tokens for, each one of `tools/`.
    #[serde(default)]
    pub tools: BTreeSet<String>,
    /// The scopes they may ask for: those of these tools, and `openid`, `profile`, `email`, `groups`, `offline_access`.
    #[serde(default)]
    pub scopes: BTreeSet<String>,
    /// The types of `authorization_details` they may use, each one of `details/`.
    #[serde(default)]
    pub detail_types: BTreeSet<String>,
    /// The tool that a token is for when the client names no `resource`.
    #[serde(default)]
    pub default_tool: Option<String>,
}

/// What the server may call: documents of clients, keys of issuers that it trusts, and the endpoints at which clients are told. Always by
/// HTTPS, and at public addresses unless it says otherwise here.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutboundTable {
    /// Hosts that may have addresses of a private network: such as `agents.corp`, or `agents.corp:8443` for another port.
    #[serde(default)]
    pub private_hosts: Vec<String>,
    /// Ranges of a private network in which endpoints of clients may lie, at any port, whatever their hosts are called: such as
    /// `10.20.0.0/16` or `fd12:3456::/32`. Documents and key sets are fetched there from `private_hosts` alone.
    #[serde(default)]
    pub private_ranges: Vec<String>,
    /// A file beside `server.toml` with the certificates of authorities, as PEM, that are trusted beside the public ones.
    #[serde(default)]
    pub authorities_file: Option<String>,
}
