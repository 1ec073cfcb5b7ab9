use std::time::Duration;

use crate::{ErrorCode, Timestamp};

/// Why a request was refused, with the facts. Its text is what the caller may read: it names the parameter
/// and what to do and never repeats what was sent. [`Refusal::code`] is the RFC's word for it; the HTTP
/// status is decided at the edge, in `http`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's text says what it means")]
pub enum Refusal {
    // The shape of the request.
    #[error("the parameter {name} is missing")]
    MissingParameter { name: &'static str },
    #[error("the parameter {name} must not be repeated")]
    RepeatedParameter { name: &'static str },
    #[error("the parameter {name} has more than {limit} values")]
    TooManyValues { name: &'static str, limit: usize },
    #[error("the parameter {name} is longer than {limit} bytes")]
    ParameterTooLong { name: &'static str, limit: usize },
    #[error("the parameter {name} is malformed: {expected} is expected")]
    MalformedParameter { name: &'static str, expected: &'static str },
    #[error("the request's parameters are not UTF-8 text")]
    NotUtf8,
    #[error("the request is larger than {limit} bytes")]
    BodyTooLarge { limit: usize },
    #[error(
        "the query is longer than {limit} bytes; push the request to the pushed authorization request endpoint instead"
    )]
    QueryTooLong { limit: usize },
    #[error("the body must be application/x-www-form-urlencoded")]
    WrongContentType,
    #[error("this endpoint answers {allowed} only")]
    WrongMethod { allowed: &'static str },
    #[error("parameters belong in the body, not in the query")]
    ParametersInQuery,
    #[error("too many requests: try again in {} seconds", retry_after.as_secs())]
    SlowDown { retry_after: Duration },
    #[error("the request has more than {limit} parameters")]
    TooManyParameters { limit: usize },

    // Who the client is.
    #[error("the client did not authenticate")]
    ClientNotAuthenticated,
    #[error("the client used more than one way to authenticate")]
    SeveralAuthenticationMethods,
    #[error("the client is unknown, disabled, or did not prove who it is")]
    ClientRejected { why: ClientRejection },
    #[error("no client is registered under this client_id")]
    UnknownClient,
    #[error("the client_id is not the URL of a metadata document: {problem}")]
    ClientUrlInvalid { problem: &'static str },
    #[error("the client_id is on a host whose metadata documents are not read here")]
    DocumentHostNotAllowed,
    #[error("the client's metadata document was not read: {problem}")]
    DocumentNotRead { problem: &'static str },
    #[error("the client's metadata document cannot be used: {problem}")]
    DocumentInvalid { problem: &'static str },
    #[error("clients cannot register themselves here")]
    RegistrationNotOffered,
    #[error("the client's metadata cannot be used: {problem}")]
    ClientMetadataInvalid { problem: &'static str },
    #[error("the client's redirect_uris cannot be used: {problem}")]
    RedirectUriUnusable { problem: &'static str },
    #[error("the client may not use {grant_type}")]
    GrantNotAllowed { grant_type: &'static str },

    // Authorization requests.
    #[error("the redirect_uri is not registered for this client")]
    RedirectUriNotRegistered,
    #[error("the response_type must be code")]
    UnsupportedResponseType,
    #[error("the response_mode must be query")]
    UnsupportedResponseMode,
    #[error("the code_challenge_method must be S256")]
    ChallengeMethodNotS256,
    #[error("the parameter request is not supported: push the request instead")]
    RequestObjectNotSupported,
    #[error("the signed request cannot be used: {why}")]
    RequestObjectInvalid { why: &'static str },
    #[error("this client signs its authentication requests: send the parameter request")]
    SignedRequestExpected,
    #[error("beside request there are parameters that belong in it")]
    ParametersBesideRequest,
    #[error("a pushed authorization request must not contain request_uri")]
    RequestUriInPushedRequest,
    #[error("the request_uri is not one of ours")]
    ForeignRequestUri,
    #[error("the request_uri is unknown, expired, already used, or belongs to another client")]
    RequestUriInvalid { why: HandleRejection },
    #[error("this client must push its authorization requests")]
    PushRequired,
    #[error("the type {detail_type} is accepted in pushed authorization requests only")]
    DetailTypeMustBePushed { detail_type: String },
    #[error("the scope has a token that this client may not ask for or that does not exist")]
    ScopeNotAllowed,
    #[error("the scope {scope} gives access to nothing without authorization_details")]
    ScopeNeedsDetails { scope: String },
    #[error("the resource is unknown, or this client may not ask for it")]
    ResourceNotAllowed,
    #[error("the authorization covers several resources: name one with the parameter resource")]
    ResourceNotChosen,
    #[error("prompt=none cannot be combined with another prompt")]
    PromptNoneNotAlone,
    #[error("the person is not signed in")]
    LoginRequired,
    #[error("the person has not consented to this")]
    ConsentRequired,
    #[error("the person said no")]
    DeniedByPerson,
    #[error("the person took too long")]
    InteractionExpired,
    #[error(
        "authorization_details has a type that must be approved with a passkey, which nobody can do here"
    )]
    AuthenticationStrengthUnavailable,
    #[error("this cannot be signed with a passkey: {why}")]
    ApprovalUnsignable { why: &'static str },
    #[error("the person has not signed in as one of acr_values demands")]
    AuthenticationContextUnmet,

    // Authorization details.
    #[error("authorization_details is not a JSON array: error at line {line}, column {column}")]
    DetailsNotAnArray { line: usize, column: usize },
    #[error("authorization_details has an object with the same member twice")]
    DetailRepeatsMember,
    #[error("authorization_details nests deeper than {limit}")]
    DetailTooDeep { limit: usize },
    #[error("authorization_details has more than {limit} elements")]
    TooManyDetails { limit: usize },
    #[error("authorization_details[{index}] is not an object with a type")]
    DetailWithoutType { index: usize },
    #[error("authorization_details[{index}] has a type that is not registered")]
    UnknownDetailType { index: usize },
    #[error("authorization_details[{index}] has a type that this client may not use")]
    DetailTypeNotAllowed { index: usize },
    #[error("authorization_details[{index}]{pointer}: {problem}")]
    DetailInvalid { index: usize, pointer: String, problem: String },
    #[error("authorization_details[{index}] is for a tool that the requested resource is not")]
    DetailOutsideResource { index: usize },
    #[error("authorization_details[{index}] is wider than what was granted")]
    DetailWidened { index: usize },

    // Requests at the backchannel.
    #[error("exactly one of login_hint, id_token_hint and login_hint_token says who is asked")]
    HintNotChosen,
    #[error("an authentication request has the scope openid")]
    OpenidScopeMissing,
    #[error(
        "the binding_message must be plain text on one line, at most 100 characters, without addresses and telephone numbers"
    )]
    BindingMessageInvalid,
    #[error("the login_hint_token is unknown, used or expired, or not for this client")]
    HintTokenInvalid,
    #[error("the hint names nobody whom this client may ask")]
    UnknownUser,
    #[error("this client has to show the user_code that the person gave it")]
    UserCodeMissing,
    #[error("the user_code is not the one that the person set, or was wrong too often")]
    UserCodeInvalid,
    #[error("the person has to pick the number that the agent shows")]
    NumberNotPicked,
    #[error("the person picked another number than the agent shows")]
    WrongNumber,
    #[error("the actor_token is not of the actor that the person approved")]
    ActorMismatch,
    #[error("the request is unknown or has expired, or was decided already")]
    RequestNotWaiting { why: HandleRejection },
    #[error("the person has not decided yet")]
    AuthorizationPending,
    #[error("the client asked again too soon: wait {} seconds between two requests", interval.as_secs())]
    PolledTooSoon { interval: Duration },
    #[error("the auth_req_id has expired")]
    AuthReqIdExpired,
    #[error("the person declined")]
    ApprovalDenied,
    #[error("the person approved, but by now no token can be issued for it")]
    TransactionFailed,
    #[error("the tokens are brought to this client: it does not come for them")]
    TokensAreBrought,
    #[error("the auth_req_id is unknown or already used, or belongs to another client")]
    AuthReqIdInvalid { why: HandleRejection },

    // Token requests that wait for a person.
    #[error(
        "a person has to approve this first: say completion_mode=deferred, or ask them at the backchannel authentication endpoint"
    )]
    InteractionRequired,
    #[error("the subject_token ends too soon for anybody to be asked")]
    DeferralTooShort,
    #[error(
        "the deferral_code is unknown or already used, or belongs to another client, or nothing more comes of it"
    )]
    DeferralCodeInvalid { why: HandleRejection },
    #[error("the deferral_code has expired")]
    DeferralCodeExpired,

    // Grants.
    #[error("this grant_type is not supported")]
    UnsupportedGrantType,
    #[error("the code is unknown, expired, already used, or was given to another client")]
    CodeInvalid { why: HandleRejection },
    #[error("the redirect_uri is not the one that the code was sent to")]
    RedirectUriMismatch,
    #[error("the code_verifier does not match the code_challenge")]
    VerifierMismatch,
    #[error("the refresh token is unknown, expired, revoked, or belongs to another client")]
    RefreshTokenInvalid { why: HandleRejection },
    #[error("the scope is wider than what was granted")]
    ScopeWidened,
    #[error("the person's account has been disabled, or everything of theirs was ended")]
    PersonEnded,

    // Token exchange.
    #[error("the parameter {name} names a token type that is not taken here")]
    TokenTypeNotSupported { name: &'static str },
    #[error("the subject_token is invalid, expired or revoked, or not one that this client may exchange")]
    SubjectTokenInvalid { why: &'static str },
    #[error("the assertion is invalid, expired or used already, or not one that this client may present")]
    GrantAssertionInvalid { why: &'static str },
    #[error("the actor_token is invalid, expired or revoked, or not one that this client may show")]
    ActorTokenInvalid { why: &'static str },
    #[error("the subject_token says that somebody else may act with it")]
    ActorNotAllowed,
    #[error("the subject_token has been exchanged {limit} times, and may not be again")]
    ChainTooLong { limit: usize },
    #[error("a token is for one target: name one with the parameter resource or audience")]
    TargetNotChosen,
    #[error("no policy allows this exchange")]
    ExchangeNotAllowed,
    #[error("no SAML assertion can be made of this: {why}")]
    AssertionNotPossible { why: &'static str },
    #[error("authorization_details[{index}] is not allowed by any policy")]
    DetailNotPermitted { index: usize },
    #[error("the scope has a token that no policy allows")]
    ScopeNotPermitted,
    #[error("no policy allows the client to ask for this")]
    ClientNotPermitted,
    #[error("the person cannot grant this")]
    GrantNotPermitted,

    // Tokens presented to us.
    #[error("the access token is missing")]
    TokenMissing,
    #[error("the access token is invalid, expired or revoked")]
    TokenInvalid { why: &'static str },
    #[error("the access token was sent in more than one way")]
    TokenSentTwice,
    #[error("the access token does not have the scope {scope}")]
    InsufficientScope { scope: &'static str },

    // Devices.
    #[error("the device cannot be enrolled: {problem}")]
    DeviceUnusable { problem: &'static str },
    #[error("the person has no such device")]
    DeviceUnknown,

    // Pages.
    #[error(
        "this page is out of date, was sent from elsewhere, or belongs to another browser: start again from the application"
    )]
    FormRejected,
}

/// Why a client was not accepted: for the audit, never for the caller, who could learn which ids exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ClientRejection {
    Unknown,
    Disabled,
    WrongSecret,
    MethodNotRegistered,
    AssertionMalformed,
    AssertionSignature,
    AssertionIssuer,
    AssertionAudience,
    AssertionExpired,
    AssertionTooLong,
    AssertionFromTheFuture,
    AssertionReplayed,
}

/// Why a handle was not accepted: for the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandleRejection {
    /// Nothing that we gave out looks like this, or its secret or tag is wrong.
    Unknown,
    /// It was good until then.
    Expired {
        /// Its last moment.
        at: Timestamp,
    },
    /// It was spent, and this use is not proven to be a replay.
    Spent,
    /// It was spent, and this use proves that it leaked: the authorization has been ended.
    Replayed,
    /// It was given to another client.
    OtherClient,
    /// The authorization behind it has ended.
    Ended,
}

/// The longest `error_description`, in characters.
const LONGEST_DESCRIPTION: usize = 500;

impl Refusal {
    /// The RFC's word for it.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::ClientNotAuthenticated
            | Self::ClientRejected { .. }
            | Self::ClientUrlInvalid { .. }
            | Self::DocumentHostNotAllowed
            | Self::DocumentNotRead { .. }
            | Self::DocumentInvalid { .. } => ErrorCode::InvalidClient,
            Self::RedirectUriUnusable { .. } => ErrorCode::InvalidRedirectUri,
            Self::ClientMetadataInvalid { .. } => ErrorCode::InvalidClientMetadata,
            Self::GrantNotAllowed { .. } | Self::ClientNotPermitted | Self::TokensAreBrought => {
                ErrorCode::UnauthorizedClient
            }
            Self::UnsupportedResponseType => ErrorCode::UnsupportedResponseType,
            Self::RequestObjectNotSupported => ErrorCode::RequestNotSupported,
            Self::ScopeNotAllowed
            | Self::ScopeNotPermitted
            | Self::ScopeNeedsDetails { .. }
            | Self::OpenidScopeMissing
            | Self::ScopeWidened => ErrorCode::InvalidScope,
            Self::ResourceNotAllowed
            | Self::ResourceNotChosen
            | Self::TargetNotChosen
            | Self::AssertionNotPossible { .. }
            | Self::ExchangeNotAllowed => ErrorCode::InvalidTarget,
            Self::LoginRequired => ErrorCode::LoginRequired,
            Self::ConsentRequired => ErrorCode::ConsentRequired,
            Self::InteractionRequired => ErrorCode::InteractionRequired,
            Self::DeniedByPerson
            | Self::InteractionExpired
            | Self::ApprovalDenied
            | Self::WrongNumber
            | Self::GrantNotPermitted
            | Self::RegistrationNotOffered => ErrorCode::AccessDenied,
            Self::AuthenticationStrengthUnavailable | Self::AuthenticationContextUnmet => {
                ErrorCode::UnmetAuthenticationRequirements
            }
            Self::DetailsNotAnArray { .. }
            | Self::DetailRepeatsMember
            | Self::DetailTooDeep { .. }
            | Self::TooManyDetails { .. }
            | Self::DetailWithoutType { .. }
            | Self::UnknownDetailType { .. }
            | Self::DetailTypeNotAllowed { .. }
            | Self::DetailInvalid { .. }
            | Self::DetailOutsideResource { .. }
            | Self::DetailTypeMustBePushed { .. }
            | Self::DetailNotPermitted { .. }
            | Self::ApprovalUnsignable { .. }
            | Self::DetailWidened { .. } => ErrorCode::InvalidAuthorizationDetails,
            Self::UnsupportedGrantType => ErrorCode::UnsupportedGrantType,
            Self::BindingMessageInvalid => ErrorCode::InvalidBindingMessage,
            Self::HintTokenInvalid => ErrorCode::ExpiredLoginHintToken,
            Self::UnknownUser => ErrorCode::UnknownUserId,
            Self::UserCodeMissing => ErrorCode::MissingUserCode,
            Self::UserCodeInvalid => ErrorCode::InvalidUserCode,
            Self::AuthorizationPending => ErrorCode::AuthorizationPending,
            Self::PolledTooSoon { .. } => ErrorCode::SlowDown,
            Self::AuthReqIdExpired | Self::DeferralCodeExpired => ErrorCode::ExpiredToken,
            Self::TransactionFailed => ErrorCode::TransactionFailed,
            Self::CodeInvalid { .. }
            | Self::RedirectUriMismatch
            | Self::VerifierMismatch
            | Self::RefreshTokenInvalid { .. }
            | Self::GrantAssertionInvalid { .. }
            | Self::AuthReqIdInvalid { .. }
            | Self::DeferralCodeInvalid { .. }
            | Self::ActorMismatch
            | Self::PersonEnded => ErrorCode::InvalidGrant,
            Self::TokenInvalid { .. } => ErrorCode::InvalidToken,
            Self::InsufficientScope { .. } => ErrorCode::InsufficientScope,
            Self::RequestUriInvalid { .. } | Self::ForeignRequestUri => ErrorCode::InvalidRequestUri,
            Self::SlowDown { .. } => ErrorCode::TemporarilyUnavailable,
            _ => ErrorCode::InvalidRequest,
        }
    }

    /// The text in the characters that `error_description` may have: %x20-21 / %x23-5B / %x5D-7E (OAuth 2.1,
    /// section 3.2.4), and no longer than an answer to bad input should be.
    pub fn description(&self) -> String {
        self.to_string()
            .chars()
            .take(LONGEST_DESCRIPTION)
            .map(|character| match character {
                '"' => '\'',
                '\\' => '/',
                ' '..='~' => character,
                _ => '?',
            })
            .collect()
    }

    /// The name under which the error catalogue explains this refusal.
    pub fn name(&self) -> String {
        let variant = format!("{self:?}");
        let end = variant.find([' ', '{', '(']).unwrap_or(variant.len());
        let mut name = String::new();
        for character in variant[..end].chars() {
            if character.is_ascii_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.push(character.to_ascii_lowercase());
        }
        name
    }
}
