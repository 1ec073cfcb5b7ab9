use std::collections::BTreeSet;
use std::num::NonZero;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Lifetime;

/// How people are asked who are elsewhere (OpenID CIBA Core 1.0). Which clients may ask whom stands in their own files.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackchannelTable {
    /// How long a request waits, for the person and then for the client, unless the client names another time
    /// (`requested_expiry`): 30 s to `longest_expiry`.
    #[serde(default)]
    #[schemars(extend("default" = "3 min"))]
    pub expires_in: Option<Lifetime>,
    /// The longest that a client may ask for: up to 1 h.
    #[serde(default)]
    #[schemars(extend("default" = "15 min"))]
    pub longest_expiry: Option<Lifetime>,
    /// How long a client waits between two polls: 2 to 60 s.
    #[serde(default)]
    #[schemars(extend("default" = "5 s"))]
    pub interval: Option<Lifetime>,
    /// Whether a client is told that it named nobody whom it may ask (`unknown_user_id`). Otherwise such a request simply expires,
    /// and the client learns nothing of who exists.
    #[serde(default)]
    #[schemars(extend("default" = false))]
    pub tells_unknown_users: Option<bool>,
    /// How often one person is asked in an hour, by all clients together.
    #[serde(default)]
    #[schemars(extend("default" = 30))]
    pub asks_per_hour: Option<NonZero<u32>>,
    /// How often one person is asked in an hour by one client.
    #[serde(default)]
    #[schemars(extend("default" = 12))]
    pub asks_of_one_client_per_hour: Option<NonZero<u32>>,
    /// How often one client asks in a minute, whomever: a credential that leaked rings no crowd.
    #[serde(default)]
    #[schemars(extend("default" = 60))]
    pub asks_of_one_client_per_minute: Option<NonZero<u32>>,
}

/// How a client asks people who are elsewhere. It goes with the grant type `ciba`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientBackchannelTable {
    /// How it learns what a person decided (OpenID CIBA Core 1.0, section 5).
    #[serde(default)]
    pub token_delivery_mode: DeliveryMode,
    /// For `ping`: where it is told, an `https` URL; `http` on loopback for a server on loopback.
    #[serde(default)]
    pub client_notification_endpoint: Option<String>,
    /// The groups whose members it may ask.
    #[serde(default)]
    pub may_ask_groups: BTreeSet<String>,
    /// The people whom it may ask, by user name.
    #[serde(default)]
    pub may_ask_people: BTreeSet<String>,
    /// Whether an approval can give it a refresh token. It needs the grant type `refresh_token`, and the person who lets it go on
    /// while they are away (`offline_access`).
    #[serde(default)]
    pub refresh_tokens: bool,
    /// How it signs its requests: `ES256`, `RS256`, `PS256` or `EdDSA`, by a key of `jwks`. From then on it must sign all of them
    /// (OpenID CIBA Core 1.0, section 7.1.1). For clients that authenticate by `private_key_jwt`.
    #[serde(default)]
    #[schemars(extend("enum" = ["ES256", "RS256", "PS256", "EdDSA"]))]
    pub request_signing_alg: Option<String>,
}

/// `backchannel_token_delivery_mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryMode {
    /// It asks at the token endpoint until it is told.
    #[default]
    Poll,
    /// It is told that there is something, and then asks.
    Ping,
}
