use http_types::StatusCode;
use oauth::{AuthorizationDetails, Scope, Secret, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::issuer::Issuer;
use crate::{AccessToken, Credentials, Trouble, claims, fetch};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const SAML2: &str = "urn:ietf:params:oauth:token-type:saml2";
const WHAT: &str = "the issuer's token endpoint";

/// A token for the next tool, on behalf of whom the token at hand is for (RFC 8693, section 2.1).
#[derive(Clone)]
pub struct Exchange<'t> {
    subject: &'t AccessToken,
    resource: String,
    scope: Vec<String>,
    details: Vec<Value>,
    wanted: Wanted,
}

/// What kind of token is asked for (RFC 8693, section 3).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    AccessToken,
    Saml2,
}

impl Wanted {
    const fn token_type(self) -> &'static str {
        match self {
            Self::AccessToken => ACCESS_TOKEN,
            Self::Saml2 => SAML2,
        }
    }

    /// What `token_type` says of it: an assertion is no access token, so it has none (RFC 8693, section 2.2.1).
    const fn used_as(self) -> &'static str {
        match self {
            Self::AccessToken => "Bearer",
            Self::Saml2 => "N_A",
        }
    }
}

/// What came of an exchange (RFC 8693, section 2.2.1).
pub struct Exchanged {
    /// The token; an assertion is in base64url (RFC 8693, section 3).
    pub token: Secret<String>,
    /// Its last moment, as far as the issuer says.
    pub expires_at: Option<Timestamp>,
    /// What it allows by scope, where that is said.
    pub scope: Option<Scope>,
    /// What it allows in detail.
    pub details: AuthorizationDetails,
}

/// Why there is no other token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// The issuer said no (RFC 6749, section 5.2; RFC 8693, section 2.2.2).
    #[error("the exchange was refused: {error}")]
    Refused {
        /// `error`, such as `invalid_target`.
        error: String,
        /// `error_description`, for the tool's developer.
        description: Option<String>,
    },
    /// It did not answer, or cannot be asked.
    #[error(transparent)]
    Undecided(#[from] Trouble),
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    issued_token_type: String,
    token_type: String,
    expires_in: Option<u64>,
    scope: Option<Scope>,
    #[serde(default, deserialize_with = "claims::details")]
    authorization_details: AuthorizationDetails,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
    error_description: Option<String>,
}

impl<'t> Exchange<'t> {
    /// The token that the tool was sent, and the resource of the next tool (RFC 8707).
    pub fn of(subject: &'t AccessToken, resource: impl Into<String>) -> Self {
        let (scope, details) = (Vec::new(), Vec::new());
        Self { subject, resource: resource.into(), scope, details, wanted: Wanted::AccessToken }
    }

    /// A scope of the next tool.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope.push(scope.into());
        self
    }

    /// A detail that the next tool keeps to (RFC 9396, section 6).
    #[must_use]
    pub fn detail(mut self, detail: Value) -> Self {
        self.details.push(detail);
        self
    }

    /// A SAML 2.0 assertion in place of an access token, for a tool that takes nothing else.
    #[must_use]
    pub fn for_saml(mut self) -> Self {
        self.wanted = Wanted::Saml2;
        self
    }

    /// Asks the issuer.
    pub(crate) async fn ask(
        &self,
        issuer: &Issuer,
        credentials: Option<&Credentials>,
        now: Timestamp,
    ) -> Result<Exchanged, ExchangeError> {
        let credentials = credentials.ok_or(Trouble::NoCredentials)?;
        let documents = issuer.documents(None).await?;
        let endpoint = documents.metadata.token_endpoint.as_deref();
        let endpoint = endpoint
            .filter(|endpoint| fetch::is_safe(endpoint, issuer.url()))
            .ok_or_else(|| Trouble::unusable(WHAT, "the metadata has no safe address of it"))?;
        let (scope, details) = (self.scope.join(" "), Value::from(self.details.clone()).to_string());
        let mut parameters = vec![
            ("grant_type", GRANT),
            ("subject_token", self.subject.text.expose()),
            ("subject_token_type", ACCESS_TOKEN),
            ("requested_token_type", self.wanted.token_type()),
            ("resource", &self.resource),
        ];
        parameters.extend((!self.scope.is_empty()).then_some(("scope", scope.as_str())));
        parameters.extend((!self.details.is_empty()).then_some(("authorization_details", details.as_str())));
        let request = credentials
            .form(endpoint, issuer.url(), now, &parameters)
            .ok_or_else(|| Trouble::unusable(WHAT, "no request can be made for it"))?;
        let answer =
            issuer.fetch().fetch(request).await.map_err(|why| Trouble::NoAnswer { what: WHAT, why })?;
        read(self.wanted, answer.status(), answer.body(), now)
    }
}

fn read(wanted: Wanted, status: StatusCode, body: &[u8], now: Timestamp) -> Result<Exchanged, ExchangeError> {
    let other = |why: &str| ExchangeError::from(Trouble::unusable(WHAT, why));
    if status != StatusCode::OK {
        let Ok(refused) = serde_json::from_slice::<Refused>(body) else {
            return Err(Trouble::unusable(WHAT, &format_args!("status {status}")).into());
        };
        let Refused { error, error_description: description } = refused;
        return Err(ExchangeError::Refused { error, description });
    }
    let granted: Granted =
        serde_json::from_slice(body).map_err(|_| other("not the JSON of RFC 8693, section 2.2.1"))?;
    let used_as = granted.token_type.as_str();
    if granted.issued_token_type != wanted.token_type() || !used_as.eq_ignore_ascii_case(wanted.used_as()) {
        return Err(other("another kind of token than was asked for"));
    }
    Ok(Exchanged {
        token: Secret::new(granted.access_token),
        expires_at: granted.expires_in.map(|seconds| now.after(std::time::Duration::from_secs(seconds))),
        scope: granted.scope,
        details: granted.authorization_details,
    })
}
