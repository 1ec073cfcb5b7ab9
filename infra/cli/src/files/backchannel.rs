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
    /// Whether clients may be registered for `push`: their tokens are brought to them over the network and are good for whoever reads
    /// them there. FAPI-CIBA, section 5.2.2, forbids it.
    #[serde(default)]
    #[schemars(extend("default" = false))]
    pub push: Option<bool>,
    /// How often one person is asked in an hour, by all clients together.
    #[serde(default)]
    #[schemars(extend("default" = 30))]
    pub asks_per_hour: Option<NonZero<u32>>,
    /// How often one person is asked in an hour by one client.
    #[serde(default)]
    #[schemars(extend("default" = 12))]
    pub asks_of_one_client_per_hour: Option<NonZero<u32>>,
    /// How often one client asks in a minute, whomever: a credential that leaked rings no crowd. Of exchanges that wait: each person.
    #[serde(default)]
    #[schemars(extend("default" = 60))]
    pub asks_of_one_client_per_minute: Option<NonZero<u32>>,
    /// Whether every agent shows a number of two digits (`binding_number` in the answer of `/bc-authorize`), which the person has to
    /// pick from three to approve: against approving out of habit, or what somebody else started. A wrong one declines the request.
    #[serde(default)]
    #[schemars(extend("default" = false))]
    pub number_matching: Option<bool>,
}

/// How a client asks people who are elsewhere. It goes with the grant type `ciba`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientBackchannelTable {
    /// How it learns what a person decided (OpenID CIBA Core 1.0, section 5).
    #[serde(default)]
    pub token_delivery_mode: DeliveryMode,
    /// For `ping` and `push`: where it is told, an `https` URL; `http` on loopback for a server on loopback.
    #[serde(default)]
    pub client_notification_endpoint: Option<String>,
    /// The groups whose members it may ask.
    #[serde(default)]
    pub may_ask_groups: BTreeSet<String>,
    /// The people whom it may ask, by user name.
    #[serde(default)]
    pub may_ask_people: BTreeSet<String>,
    /// It knows nobody, as a kiosk does: it asks those alone who give it a code that they make on their account page. In place of
    /// `may_ask_groups` and `may_ask_people`, beside which people can invite it all the same.
    #[serde(default)]
    pub invited_only: bool,
    /// Whether an approval can give it a refresh token. It needs the grant type `refresh_token`, and the person who lets it go on
    /// while they are away (`offline_access`).
    #[serde(default)]
    pub refresh_tokens: bool,
    /// How it signs its requests: `ES256`, `RS256`, `PS256` or `EdDSA`, by a key of `jwks`. From then on it must sign all of them
    /// (OpenID CIBA Core 1.0, section 7.1.1). For clients that authenticate by `private_key_jwt`.
    #[serde(default)]
    #[schemars(extend("enum" = ["ES256", "RS256", "PS256", "EdDSA"]))]
    pub request_signing_alg: Option<String>,
    /// Whether it shows the code that a person set and gave it (`user_code`, OpenID CIBA Core 1.0, section 7.1). Whoever invites it
    /// needs none.
    #[serde(default)]
    pub user_code: Option<UserCodeName>,
    /// Whether it shows a number that the person has to pick to approve, whatever the server's `number_matching` says.
    #[serde(default)]
    pub number_matching: bool,
}

/// Whether a client shows the code that a person gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserCodeName {
    /// It may leave it out. Whoever has set one does not hear of a request without it, and finds it on their page.
    Optional,
    /// It must show it: nobody is asked without.
    Required,
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
    /// Its tokens are brought to it. The server's `push` has to allow it; an approval is for one tool, and no more than 64 KiB of
    /// details.
    Push,
}
