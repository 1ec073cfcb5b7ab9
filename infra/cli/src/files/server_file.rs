use std::num::NonZero;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    BackchannelTable, ClientDocumentsTable, ClientRegistrationTable, DevicesTable, Lifetime, OutboundTable,
};

/// `server.toml`: the settings of the whole server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "server.toml")]
pub struct ServerFile {
    /// The issuer identifier (RFC 8414, section 2): the public URL that clients know the server by, without a slash at its
    /// end. `https`, or `http` on loopback. Usually left out and given to `countersign apply --issuer`, because the address of
    /// a new stack is known only after it is deployed; without either, the issuer stays what it was.
    #[serde(default)]
    pub issuer: Option<String>,
    /// The URL below which people open the pages, without a slash at its end, when it is not the issuer: such as
    /// `https://sign-in.example.com`, which a phone reaches, while the issuer is on a private network. Clients find
    /// `authorization_endpoint` there; all other endpoints stay at the issuer, and so does `iss`.
    #[serde(default)]
    pub pages: Option<String>,
    /// Marks a configuration that is for trying out. It is refused unless the issuer is on loopback, so that a demonstration's
    /// people and clients cannot end up in a real deployment.
    #[serde(default)]
    pub demo: bool,
    /// Whether every client must push its authorization requests (RFC 9126, section 5). A client can be made to by itself.
    #[serde(default)]
    pub require_pushed_authorization_requests: bool,
    /// What people see on the pages.
    pub brand: BrandTable,
    /// How long things live. What is left out keeps its default.
    #[serde(default)]
    pub lifetimes: LifetimesTable,
    /// How often anybody may come. What is left out keeps its default.
    #[serde(default)]
    pub limits: LimitsTable,
    /// How tokens are exchanged (RFC 8693). What is left out keeps its default.
    #[serde(default)]
    pub exchange: ExchangeSettingsTable,
    /// How people are asked who are elsewhere. What is left out keeps its default.
    #[serde(default)]
    pub backchannel: BackchannelTable,
    /// What people may be reached on. What is left out keeps its default.
    #[serde(default)]
    pub devices: DevicesTable,
    /// By what people sign in. What is left out keeps its default.
    #[serde(default)]
    pub sign_in: SignInTable,
    /// Other issuers whose tokens are taken.
    #[serde(default)]
    pub trusted_issuer: Vec<super::TrustedIssuerTable>,
    /// Other authorization servers that take this server's word for who somebody is.
    #[serde(default)]
    pub id_jag_target: Vec<super::IdJagTargetTable>,
    /// Clients that are described by a document at their `client_id`.
    #[serde(default)]
    pub client_documents: Option<ClientDocumentsTable>,
    /// Clients that register themselves.
    #[serde(default)]
    pub client_registration: Option<ClientRegistrationTable>,
    /// What the server may call.
    #[serde(default)]
    pub outbound: OutboundTable,
}

/// By what people sign in.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInTable {
    /// Whether people sign in with a password. Without, they need a passkey: `countersign user enrol` makes the link for the first.
    #[serde(default)]
    #[schemars(extend("default" = true))]
    pub passwords: Option<bool>,
    /// Whether people sign in with a passkey, which belongs to the domain of the pages for good: with another one all are worth
    /// nothing. Where the pages have an address in place of a domain, nobody does.
    #[serde(default)]
    #[schemars(extend("default" = true))]
    pub passkeys: Option<bool>,
}

/// The light brand of the pages.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BrandTable {
    /// The company's name, at most 60 characters.
    #[schemars(length(min = 1, max = 60))]
    pub name: String,
    /// The colour of buttons and links, `#rrggbb`. It is made lighter or darker where it could not be read.
    #[serde(default = "default_accent")]
    #[schemars(regex(pattern = r"^#[0-9a-fA-F]{6}$"))]
    pub accent: String,
    /// An SVG file beside `server.toml`, at most 64 KiB, without scripts, event handlers or references.
    #[serde(default)]
    pub logo_file: Option<String>,
}

fn default_accent() -> String {
    "#175e54".to_owned()
}

/// How tokens are exchanged. Whether a client may exchange one at all is for the policies to say.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangeSettingsTable {
    /// How often a token, and what came of it, may be exchanged: 1 to 8.
    #[serde(default)]
    #[schemars(range(min = 1, max = 8), extend("default" = 4))]
    pub longest_chain: Option<u8>,
    /// Whether each exchange is recorded beside the authorization: who, for whom, for what, until when. It costs one write.
    #[serde(default)]
    #[schemars(extend("default" = true))]
    pub record: Option<bool>,
    /// Whether an exchange may yield a refresh token. A policy has to permit it as well (`refresh_token_by_exchange`); it ends with the
    /// authorization that the subject token goes back to.
    #[serde(default)]
    #[schemars(extend("default" = false))]
    pub issue_refresh_tokens: Option<bool>,
    /// Whether the client that a refresh token was given to may exchange it. It is neither spent nor rotated by that.
    #[serde(default)]
    #[schemars(extend("default" = false))]
    pub accept_refresh_tokens: Option<bool>,
}

/// How often anybody may come, so that nobody can run up a bill. A request above a limit is answered 429.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsTable {
    /// Requests in a minute of one client, unless its own file says otherwise. A pushed one counts once for each 4 KB begun, as do
    /// details that are recorded with an exchange or that a token only refers to. All clients that nobody here registered have as many
    /// together from one network address.
    #[serde(default)]
    #[schemars(extend("default" = 1200))]
    pub client_requests_per_minute: Option<NonZero<u32>>,
    /// Attempts in a minute to sign in from one network address.
    #[serde(default)]
    #[schemars(extend("default" = 600))]
    pub sign_ins_per_minute: Option<NonZero<u32>>,
}

/// How long things live: a whole number and a unit (`s`, `min`, `h`, `d`).
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LifetimesTable {
    /// A `request_uri`, from the push to the moment `/authorize` takes it up: 60 s to 300 s.
    #[serde(default)]
    #[schemars(extend("default" = "90 s"))]
    pub request_uri: Option<Lifetime>,
    /// From the moment a person is sent here to their decision: 1 min to 1 h.
    #[serde(default)]
    #[schemars(extend("default" = "15 min"))]
    pub interaction: Option<Lifetime>,
    /// An authorization code: 10 s to 60 s.
    #[serde(default)]
    #[schemars(extend("default" = "60 s"))]
    pub code: Option<Lifetime>,
    /// An access token, unless its tool says otherwise: 30 s to 1 h.
    #[serde(default)]
    #[schemars(extend("default" = "5 min"))]
    pub access_token: Option<Lifetime>,
    /// An ID token: 30 s to 1 h.
    #[serde(default)]
    #[schemars(extend("default" = "5 min"))]
    pub id_token: Option<Lifetime>,
    /// A person's session, from signing in: 5 min to 7 d.
    #[serde(default)]
    #[schemars(extend("default" = "12 h"))]
    pub session: Option<Lifetime>,
    /// How long an authorization can be renewed by refresh tokens: 5 min to 365 d.
    #[serde(default)]
    #[schemars(extend("default" = "30 d"))]
    pub authorization: Option<Lifetime>,
}
