use lambda_http::http::StatusCode;
use oauth::Refusal;

/// The one table of statuses. RFC 6749, section 5.2, answers 400 unless something else is specified, and
/// this is what else is specified:
///
/// - 401: the client is not who it says (RFC 6749, section 5.2), or the access token is not good (RFC 6750,
///   section 3.1);
/// - 403: the access token is good for something else (RFC 6750, section 3.1), or a page's form was sent
///   from elsewhere (RFC 9110, section 15.5.4), or what is asked for is not offered here at all;
/// - 404: a person's device that is not theirs, or no longer (RFC 9110, section 15.5.5);
/// - 405, 413, 429: method, size and pace (RFC 9126, section 2.3);
/// - 414: a query that no URL should carry (RFC 9110, section 15.5.15).
///
/// A wrong content type stays 400: to OAuth it is a malformed request, and no OAuth RFC says 415.
#[expect(clippy::too_many_lines, reason = "it is a table, with a row for each refusal")]
pub fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::ClientNotAuthenticated
        | Refusal::ClientRejected { .. }
        | Refusal::TokenMissing
        | Refusal::TokenInvalid { .. } => StatusCode::UNAUTHORIZED,

        Refusal::InsufficientScope { .. } | Refusal::FormRejected | Refusal::RegistrationNotOffered => {
            StatusCode::FORBIDDEN
        }
        Refusal::DeviceUnknown => StatusCode::NOT_FOUND,
        Refusal::WrongMethod { .. } => StatusCode::METHOD_NOT_ALLOWED,
        Refusal::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::QueryTooLong { .. } => StatusCode::URI_TOO_LONG,
        Refusal::SlowDown { .. } => StatusCode::TOO_MANY_REQUESTS,

        Refusal::MissingParameter { .. }
        | Refusal::RepeatedParameter { .. }
        | Refusal::TooManyValues { .. }
        | Refusal::TooManyParameters { .. }
        | Refusal::ParameterTooLong { .. }
        | Refusal::MalformedParameter { .. }
        | Refusal::NotUtf8
        | Refusal::WrongContentType
        | Refusal::ParametersInQuery
        | Refusal::SeveralAuthenticationMethods
        | Refusal::UnknownClient
        | Refusal::ClientUrlInvalid { .. }
        | Refusal::DocumentHostNotAllowed
        | Refusal::DocumentNotRead { .. }
        | Refusal::DocumentInvalid { .. }
        | Refusal::ClientMetadataInvalid { .. }
        | Refusal::RedirectUriUnusable { .. }
        | Refusal::GrantNotAllowed { .. }
        | Refusal::RedirectUriNotRegistered
        | Refusal::UnsupportedResponseType
        | Refusal::UnsupportedResponseMode
        | Refusal::ChallengeMethodNotS256
        | Refusal::RequestObjectNotSupported
        | Refusal::RequestObjectInvalid { .. }
        | Refusal::SignedRequestExpected
        | Refusal::ParametersBesideRequest
        | Refusal::RequestUriInPushedRequest
        | Refusal::ForeignRequestUri
        | Refusal::RequestUriInvalid { .. }
        | Refusal::PushRequired
        | Refusal::DetailTypeMustBePushed { .. }
        | Refusal::ScopeNotAllowed
        | Refusal::ScopeNeedsDetails { .. }
        | Refusal::ResourceNotAllowed
        | Refusal::ResourceNotChosen
        | Refusal::PromptNoneNotAlone
        | Refusal::LoginRequired
        | Refusal::ConsentRequired
        | Refusal::DeniedByPerson
        | Refusal::InteractionExpired
        | Refusal::AuthenticationStrengthUnavailable
        | Refusal::ApprovalUnsignable { .. }
        | Refusal::AuthenticationContextUnmet
        | Refusal::HintNotChosen
        | Refusal::OpenidScopeMissing
        | Refusal::BindingMessageInvalid
        | Refusal::HintTokenInvalid
        | Refusal::UnknownUser
        | Refusal::UserCodeMissing
        | Refusal::UserCodeInvalid
        | Refusal::NumberNotPicked
        | Refusal::WrongNumber
        | Refusal::ActorMismatch
        | Refusal::RequestNotWaiting { .. }
        | Refusal::AuthorizationPending
        | Refusal::PolledTooSoon { .. }
        | Refusal::AuthReqIdExpired
        | Refusal::InteractionRequired
        | Refusal::DeferralTooShort
        | Refusal::DeferralCodeInvalid { .. }
        | Refusal::DeferralCodeExpired
        | Refusal::ApprovalDenied
        | Refusal::TransactionFailed
        | Refusal::TokensAreBrought
        | Refusal::AuthReqIdInvalid { .. }
        | Refusal::DetailsNotAnArray { .. }
        | Refusal::DetailRepeatsMember
        | Refusal::DetailTooDeep { .. }
        | Refusal::TooManyDetails { .. }
        | Refusal::DetailWithoutType { .. }
        | Refusal::UnknownDetailType { .. }
        | Refusal::DetailTypeNotAllowed { .. }
        | Refusal::DetailInvalid { .. }
        | Refusal::DetailOutsideResource { .. }
        | Refusal::DetailWidened { .. }
        | Refusal::UnsupportedGrantType
        | Refusal::CodeInvalid { .. }
        | Refusal::RedirectUriMismatch
        | Refusal::VerifierMismatch
        | Refusal::RefreshTokenInvalid { .. }
        | Refusal::ScopeWidened
        | Refusal::PersonEnded
        | Refusal::TokenTypeNotSupported { .. }
        | Refusal::SubjectTokenInvalid { .. }
        | Refusal::ActorTokenInvalid { .. }
        | Refusal::GrantAssertionInvalid { .. }
        | Refusal::ActorNotAllowed
        | Refusal::ChainTooLong { .. }
        | Refusal::TargetNotChosen
        | Refusal::ExchangeNotAllowed
        | Refusal::AssertionNotPossible { .. }
        | Refusal::DetailNotPermitted { .. }
        | Refusal::ScopeNotPermitted
        | Refusal::ClientNotPermitted
        | Refusal::GrantNotPermitted
        | Refusal::DeviceUnusable { .. }
        | Refusal::TokenSentTwice => StatusCode::BAD_REQUEST,
    }
}
