use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_types::header::{self, HeaderName, HeaderValue};
use http_types::{Response, StatusCode};
use oauth::{AuthorizationDetails, PHISHING_RESISTANT, Scope};
use serde_json::{Value, json};

use crate::Trouble;

/// The longest `authorization_remediation` that is put into a header, in bytes: proxies refuse large headers. The body has
/// it in any case.
const LONGEST_REMEDIATION: usize = 4 * 1024;

/// Why a request is not let through (RFC 6750, section 3).
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// No token. The challenge says how to come with one, and names no error (RFC 6750, section 3.1).
    NoToken,
    /// More than one token, or one that is not text.
    MalformedRequest,
    /// A token, and not an acceptable one. The client learns no more than that.
    InvalidToken(Unacceptable),
    /// A good token without the scope.
    InsufficientScope {
        /// All that is needed.
        needed: Scope,
    },
    /// A good token that came by way of others than it must.
    OtherActor,
    /// The person signed in too weakly or too long ago (RFC 9470, section 3).
    InsufficientAuthentication {
        /// Which contexts would do; empty when any does.
        contexts: Vec<String>,
        /// How recently the person must have signed in.
        within: Option<Duration>,
    },
    /// Nobody has countersigned with a passkey what the token comes from (after RFC 9470, section 3).
    NotCountersigned,
    /// A good token that does not allow this.
    InsufficientDetails {
        /// What the client would have to ask for.
        missing: Vec<Value>,
    },
    /// A good token, and nothing that any token allows.
    NobodyMay,
    /// The tool could not decide: its own fault, or the issuer's.
    Undecided(Trouble),
}

/// Why a token is not accepted: for the tool's own log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unacceptable {
    /// Longer than anybody needs.
    #[error("too long")]
    TooLong,
    /// Not a JWT, or a header that cannot be read.
    #[error("not a JWT")]
    Malformed,
    /// Another kind of JWT, such as an ID token (RFC 9068, section 4).
    #[error("another kind of token")]
    NotAnAccessToken,
    /// It has a header parameter that must be understood and is not (RFC 7515, section 4.1.11).
    #[error("a critical extension")]
    CriticalExtension,
    /// `none`, HMAC, or not what the key is for.
    #[error("an algorithm that is not accepted")]
    AlgorithmNotAllowed,
    /// It names no key, or one that the issuer does not publish.
    #[error("an unknown key")]
    UnknownKey,
    /// The signature does not match.
    #[error("a wrong signature")]
    BadSignature,
    /// A claim is missing, comes twice or is of another type.
    #[error("a missing or wrong claim")]
    ClaimMissingOrWrong,
    /// Another server's.
    #[error("another issuer")]
    OtherIssuer,
    /// For another tool.
    #[error("another audience")]
    OtherAudience,
    /// It was good.
    #[error("expired")]
    Expired,
    /// It will be good, or our clock is behind.
    #[error("not yet valid")]
    NotYet,
    /// It is bound to a sender, which is not proven here (`cnf`).
    #[error("bound to its sender")]
    SenderConstrained,
    /// The issuer says that it is not good any more (RFC 7662).
    #[error("taken back")]
    Inactive,
}

impl Refusal {
    /// The status.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NoToken
            | Self::InvalidToken(_)
            | Self::InsufficientAuthentication { .. }
            | Self::NotCountersigned => StatusCode::UNAUTHORIZED,
            Self::MalformedRequest => StatusCode::BAD_REQUEST,
            Self::InsufficientScope { .. }
            | Self::OtherActor
            | Self::InsufficientDetails { .. }
            | Self::NobodyMay => StatusCode::FORBIDDEN,
            Self::Undecided(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The `error` code. `insufficient_authorization` is that of draft-ietf-oauth-rar-metadata-remediation-00, section 4;
    /// its examples answer 401, and here it is 403 like `insufficient_scope`: another sign-in would not help, and clients
    /// throw a token away at 401 that is good for other things.
    pub const fn error(&self) -> Option<&'static str> {
        match self {
            Self::NoToken => None,
            Self::MalformedRequest => Some("invalid_request"),
            Self::InvalidToken(_) => Some("invalid_token"),
            Self::InsufficientScope { .. } | Self::OtherActor => Some("insufficient_scope"),
            Self::InsufficientAuthentication { .. } | Self::NotCountersigned => {
                Some("insufficient_user_authentication")
            }
            Self::InsufficientDetails { .. } => Some("insufficient_authorization"),
            Self::NobodyMay => Some("access_denied"),
            Self::Undecided(_) => Some("temporarily_unavailable"),
        }
    }

    const fn description(&self) -> &'static str {
        match self {
            Self::NoToken => "an access token is needed",
            Self::MalformedRequest => "there must be one Authorization header, with one token",
            Self::InvalidToken(_) => "the access token is not acceptable here, or is not good any more",
            Self::InsufficientScope { .. } => "the access token lacks a scope",
            Self::OtherActor => "the access token came by way of others than it must",
            Self::InsufficientAuthentication { .. } => "the person must sign in again, or more surely",
            Self::NotCountersigned => "the person must approve this with a passkey",
            Self::InsufficientDetails { .. } => {
                "the access token does not allow this; its details do not say so"
            }
            Self::NobodyMay => "nobody may do this",
            Self::Undecided(_) => "the access token cannot be checked at the moment",
        }
    }

    /// The value of `WWW-Authenticate`. Nothing of the request is in it. `None` when another token would not help. `scope` is
    /// what a client asks for that comes without a token that is good (RFC 6750, section 3).
    pub fn challenge(
        &self,
        realm: Option<&str>,
        scope: Option<&Scope>,
        resource_metadata: Option<&str>,
    ) -> Option<String> {
        if matches!(self, Self::Undecided(_) | Self::NobodyMay) {
            return None;
        }
        let mut parameters = Vec::new();
        let mut add = |name: &str, value: &str| parameters.push(format!("{name}={}", quoted(value)));
        if let Some(realm) = realm {
            add("realm", realm);
        }
        if let Some(error) = self.error() {
            add("error", error);
            add("error_description", self.description());
        }
        match self {
            Self::InsufficientScope { needed } => add("scope", &needed.to_string()),
            Self::NoToken | Self::InvalidToken(_) => {
                if let Some(scope) = scope {
                    add("scope", &scope.to_string());
                }
            }
            Self::InsufficientAuthentication { contexts, within } => {
                if !contexts.is_empty() {
                    add("acr_values", &contexts.join(" "));
                }
                if let Some(span) = within {
                    add("max_age", &span.as_secs().to_string());
                }
            }
            Self::NotCountersigned => add("acr_values", PHISHING_RESISTANT),
            Self::InsufficientDetails { missing } => {
                let remediation = URL_SAFE_NO_PAD.encode(remediation(missing).to_string());
                if remediation.len() <= LONGEST_REMEDIATION {
                    add("authorization_remediation", &remediation);
                }
            }
            _ => {}
        }
        // RFC 9728, section 5.1.
        if let Some(url) = resource_metadata {
            add("resource_metadata", url);
        }
        Some(if parameters.is_empty() {
            "Bearer".to_owned()
        } else {
            format!("Bearer {}", parameters.join(", "))
        })
    }

    /// The same for a program or a person to read.
    pub fn body(&self) -> Value {
        let mut body = json!({"error_description": self.description()});
        if let Some(error) = self.error() {
            body["error"] = error.into();
        }
        if let Self::InsufficientDetails { missing } = self {
            body["authorization_details"] = missing.clone().into();
        }
        body
    }

    /// The whole answer.
    pub fn respond<B: From<String>>(
        &self,
        realm: Option<&str>,
        scope: Option<&Scope>,
        resource_metadata: Option<&str>,
    ) -> Response<B> {
        let mut response = Response::new(B::from(self.body().to_string()));
        *response.status_mut() = self.status();
        let mut set = |name: HeaderName, value: HeaderValue| response.headers_mut().insert(name, value);
        set(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        set(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if matches!(self, Self::Undecided(_)) {
            set(header::RETRY_AFTER, HeaderValue::from_static("10"));
        }
        let challenge = self.challenge(realm, scope, resource_metadata);
        if let Some(challenge) = challenge.and_then(|text| HeaderValue::from_str(&text).ok()) {
            set(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// What would help, as draft-ietf-oauth-rar-metadata-remediation-00, section 4, has it. The reference is the digest of the
/// details, so that a client recognises a token that it asked for because of them.
fn remediation(missing: &[Value]) -> Value {
    let mut remediation = json!({"authorization_details": missing});
    if let Ok(details) = AuthorizationDetails::from_values(missing.to_vec()) {
        remediation["authorization_reference"] = details.digest().to_base64url().into();
    }
    remediation
}

/// A quoted string (RFC 9110, section 5.6.4), without what may not stand in a header.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars().filter(|one| matches!(one, ' '..='~')) {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;
