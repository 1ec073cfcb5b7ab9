use oauth::{AuthorizationDetails, Scope};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::Actor;

/// The claims of an access token (RFC 9068, section 2.2; RFC 8693, section 4.1; RFC 9396, section 9.1). A claim that comes
/// twice, or is of another type, makes the token unreadable.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) sub: String,
    pub(crate) aud: Audience,
    pub(crate) exp: i64,
    pub(crate) iat: i64,
    pub(crate) nbf: Option<i64>,
    pub(crate) jti: String,
    pub(crate) client_id: String,
    #[serde(default)]
    pub(crate) scope: Scope,
    pub(crate) auth_time: Option<i64>,
    pub(crate) acr: Option<String>,
    pub(crate) grant_id: Option<String>,
    pub(crate) approval: Option<String>,
    pub(crate) act: Option<Actor>,
    pub(crate) cnf: Option<Value>,
    #[serde(default, deserialize_with = "details")]
    pub(crate) authorization_details: AuthorizationDetails,
    pub(crate) authorization_details_id: Option<String>,
    #[serde(flatten)]
    pub(crate) others: Map<String, Value>,
}

/// `aud`: one, or several (RFC 7519, section 4.1.3).
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    pub(crate) fn contains(&self, resource: &str) -> bool {
        match self {
            Self::One(one) => one == resource,
            Self::Several(several) => several.iter().any(|one| one == resource),
        }
    }
}

/// Details as a token or an introspection has them: well formed, as many as a request may carry.
pub(crate) fn details<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AuthorizationDetails, D::Error> {
    AuthorizationDetails::from_values(Vec::deserialize(deserializer)?)
        .map_err(|_| D::Error::custom("authorization_details is not what RFC 9396 says"))
}
