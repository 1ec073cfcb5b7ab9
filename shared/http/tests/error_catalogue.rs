//! The error catalogue, `infra/errors.md`, explains every refusal and says of each what the server says.

use std::time::Duration;

use http::status;
use oauth::{ClientRejection, HandleRejection, Refusal, Timestamp};

const CATALOGUE: &str = include_str!("../../../infra/errors.md");

/// One of each. It does not compile while a refusal is missing here.
macro_rules! one_of_each {
    ($($variant:ident { $($fields:tt)* })*) => {
        fn one_of_each() -> Vec<Refusal> {
            let _every_variant_is_here = |refusal: &Refusal| match refusal {
                $(Refusal::$variant { .. } => (),)*
            };
            vec![$(Refusal::$variant { $($fields)* }),*]
        }
    };
}

one_of_each! {
    MissingParameter { name: "grant_type" }
    RepeatedParameter { name: "state" }
    TooManyValues { name: "resource", limit: 16 }
    ParameterTooLong { name: "authorization_details", limit: 307_200 }
    MalformedParameter { name: "code_challenge", expected: "43 characters of base64url" }
    NotUtf8 {}
    BodyTooLarge { limit: 983_040 }
    QueryTooLong { limit: 8192 }
    WrongContentType {}
    WrongMethod { allowed: "POST" }
    ParametersInQuery {}
    SlowDown { retry_after: Duration::from_secs(30) }
    TooManyParameters { limit: 1000 }
    ClientNotAuthenticated {}
    SeveralAuthenticationMethods {}
    ClientRejected { why: ClientRejection::Unknown }
    UnknownClient {}
    ClientUrlInvalid { problem: "it has no path" }
    DocumentHostNotAllowed {}
    DocumentNotRead { problem: "its status is not 200" }
    DocumentInvalid { problem: "its client_id is not the URL that it was fetched from" }
    RegistrationNotOffered {}
    ClientMetadataInvalid { problem: "grant_types must have authorization_code" }
    RedirectUriUnusable { problem: "redirect_uris must have 1 to 20 elements" }
    GrantNotAllowed { grant_type: "client_credentials" }
    RedirectUriNotRegistered {}
    UnsupportedResponseType {}
    UnsupportedResponseMode {}
    ChallengeMethodNotS256 {}
    RequestObjectNotSupported {}
    RequestObjectInvalid { why: "no key of the client has signed it" }
    SignedRequestExpected {}
    ParametersBesideRequest {}
    RequestUriInPushedRequest {}
    ForeignRequestUri {}
    RequestUriInvalid { why: HandleRejection::Unknown }
    PushRequired {}
    DetailTypeMustBePushed { detail_type: "payment".to_owned() }
    ScopeNotAllowed {}
    ScopeNeedsDetails { scope: "tools.access".to_owned() }
    ResourceNotAllowed {}
    ResourceNotChosen {}
    PromptNoneNotAlone {}
    LoginRequired {}
    ConsentRequired {}
    DeniedByPerson {}
    InteractionExpired {}
    AuthenticationStrengthUnavailable {}
    ApprovalUnsignable { why: "it is too long" }
    AuthenticationContextUnmet {}
    HintNotChosen {}
    OpenidScopeMissing {}
    BindingMessageInvalid {}
    HintTokenInvalid {}
    UnknownUser {}
    UserCodeMissing {}
    UserCodeInvalid {}
    NumberNotPicked {}
    WrongNumber {}
    ActorMismatch {}
    RequestNotWaiting { why: HandleRejection::Unknown }
    AuthorizationPending {}
    PolledTooSoon { interval: Duration::from_secs(10) }
    AuthReqIdExpired {}
    ApprovalDenied {}
    TransactionFailed {}
    TokensAreBrought {}
    AuthReqIdInvalid { why: HandleRejection::Unknown }
    InteractionRequired {}
    DeferralTooShort {}
    DeferralCodeInvalid { why: HandleRejection::Unknown }
    DeferralCodeExpired {}
    DetailsNotAnArray { line: 1, column: 7 }
    DetailRepeatsMember {}
    DetailTooDeep { limit: 16 }
    TooManyDetails { limit: 100 }
    DetailWithoutType { index: 0 }
    UnknownDetailType { index: 0 }
    DetailTypeNotAllowed { index: 0 }
    DetailInvalid { index: 1, pointer: "/actions/0".to_owned(), problem: "the value is not one of those allowed".to_owned() }
    DetailOutsideResource { index: 0 }
    DetailWidened { index: 0 }
    UnsupportedGrantType {}
    CodeInvalid { why: HandleRejection::Spent }
    RedirectUriMismatch {}
    VerifierMismatch {}
    RefreshTokenInvalid { why: HandleRejection::Expired { at: Timestamp::from_seconds(0) } }
    ScopeWidened {}
    PersonEnded {}
    AssertionNotPossible { why: "several details of one type" }
    TokenTypeNotSupported { name: "subject_token_type" }
    SubjectTokenInvalid { why: "ended" }
    GrantAssertionInvalid { why: "replayed" }
    ActorTokenInvalid { why: "ended" }
    ActorNotAllowed {}
    ChainTooLong { limit: 4 }
    TargetNotChosen {}
    ExchangeNotAllowed {}
    DetailNotPermitted { index: 0 }
    ScopeNotPermitted {}
    ClientNotPermitted {}
    GrantNotPermitted {}
    TokenMissing {}
    TokenInvalid { why: "it has expired" }
    TokenSentTwice {}
    InsufficientScope { scope: "openid" }
    DeviceUnusable { problem: "there is no app for this platform" }
    DeviceUnknown {}
    FormRejected {}
}

#[test]
fn every_refusal_is_explained_with_its_code_status_and_text() {
    for refusal in one_of_each() {
        let entry = format!(
            "\n### {}\n\n`{}`, {}\n\n> {}\n",
            refusal.name(),
            refusal.code().as_str(),
            status(&refusal).as_u16(),
            refusal.description()
        );
        assert!(CATALOGUE.contains(&entry), "infra/errors.md lacks{entry}");
    }
}

#[test]
fn nothing_else_is_explained() {
    let names: Vec<String> = one_of_each().iter().map(Refusal::name).collect();
    let headings = CATALOGUE.lines().filter_map(|line| line.strip_prefix("### "));
    for heading in headings.filter(|heading| !heading.starts_with("fault-")) {
        assert!(names.iter().any(|name| name == heading), "no refusal is called {heading}");
    }
}
