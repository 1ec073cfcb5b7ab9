use serde::Serialize;

/// The `error` codes of the RFCs and of OpenID Connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the specification's own word")]
pub enum ErrorCode {
    // OAuth 2.1, sections 3.2.4 and 4.1.2.1
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    UnauthorizedClient,
    UnsupportedGrantType,
    UnsupportedResponseType,
    InvalidScope,
    AccessDenied,
    ServerError,
    TemporarilyUnavailable,
    // RFC 6750, section 3.1
    InvalidToken,
    InsufficientScope,
    // RFC 8707, section 2
    InvalidTarget,
    // RFC 9396, section 5
    InvalidAuthorizationDetails,
    // OpenID Connect Core, section 3.1.2.6; RFC 9101, section 7
    LoginRequired,
    ConsentRequired,
    InteractionRequired,
    RequestNotSupported,
    InvalidRequestUri,
    // OpenID Connect Core Unmet Authentication Requirements
    UnmetAuthenticationRequirements,
    // OpenID CIBA Core 1.0, sections 11 to 13
    AuthorizationPending,
    SlowDown,
    ExpiredToken,
    TransactionFailed,
    ExpiredLoginHintToken,
    UnknownUserId,
    MissingUserCode,
    InvalidUserCode,
    InvalidBindingMessage,
    // RFC 7591, section 3.2.2
    InvalidRedirectUri,
    InvalidClientMetadata,
}

impl ErrorCode {
    /// The code as it stands in the answer.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::AccessDenied => "access_denied",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidAuthorizationDetails => "invalid_authorization_details",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::InvalidRequestUri => "invalid_request_uri",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::ExpiredToken => "expired_token",
            Self::TransactionFailed => "transaction_failed",
            Self::ExpiredLoginHintToken => "expired_login_hint_token",
            Self::UnknownUserId => "unknown_user_id",
            Self::MissingUserCode => "missing_user_code",
            Self::InvalidUserCode => "invalid_user_code",
            Self::InvalidBindingMessage => "invalid_binding_message",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
        }
    }
}
