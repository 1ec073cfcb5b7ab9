use std::fmt;

use aws_sdk_sns::config::http::HttpResponse;
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};

/// Somebody was not reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// Whether it may be otherwise in a while.
    pub may_pass: bool,
    /// Whether nothing was heard that says so, so that it may have arrived all the same.
    pub unanswered: bool,
    /// What was in the way, without secrets and without what was to be said.
    pub why: String,
}

impl Undelivered {
    /// It may be otherwise in a while.
    pub(crate) fn for_now(why: impl fmt::Display) -> Self {
        Self::of(true, why)
    }

    /// It will not be otherwise.
    pub(crate) fn for_good(why: impl fmt::Display) -> Self {
        Self::of(false, why)
    }

    /// `may_pass` says whether it may be otherwise in a while; that it has arrived all the same is not assumed.
    pub(crate) fn of(may_pass: bool, why: impl fmt::Display) -> Self {
        Self { may_pass, unanswered: false, why: why.to_string() }
    }
}

/// What SNS says when it is too busy, under whatever status, or cannot use the topic's key just now.
const PASSING: [&str; 6] = [
    "Throttled",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "KMSThrottling",
    "KMSAccessDenied",
];

/// What an AWS call that failed means for whoever was to be reached. The service's code is told and nothing else: its messages can
/// quote what was sent. A right that is missing (403) may be given back, and an answer without a code is none of the service's own:
/// it has refused nothing.
pub(crate) fn of_aws<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Undelivered {
    match error {
        SdkError::ServiceError(service) => {
            let Some(code) = service.err().code() else {
                return Undelivered::for_now("an error without a code");
            };
            let status = service.raw().status().as_u16();
            let may_pass = status >= 500 || matches!(status, 403 | 429) || PASSING.contains(&code);
            Undelivered::of(may_pass, code)
        }
        SdkError::TimeoutError(_) => Undelivered::for_now("no answer in time"),
        SdkError::DispatchFailure(_) => Undelivered::for_now("it cannot be reached"),
        SdkError::ResponseError(_) => Undelivered::for_now("an answer that cannot be read"),
        _ => Undelivered::for_good("the request could not be built"),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sns::error::ErrorMetadata;

    use super::*;

    fn may_pass(status: u16, code: Option<&str>) -> bool {
        let mut error = ErrorMetadata::builder();
        if let Some(code) = code {
            error = error.code(code);
        }
        let response = HttpResponse::new(status.try_into().expect("a status"), "".into());
        of_aws(&SdkError::service_error(error.build(), response)).may_pass
    }

    #[test]
    fn a_service_that_is_busy_or_lacks_a_right_or_says_nothing_is_asked_again() {
        for (status, code) in [
            (400, Some("Throttling")),
            (400, Some("ThrottlingException")),
            (429, Some("ThrottledException")),
            (403, Some("AuthorizationError")),
            (403, Some("ExpiredToken")),
            (400, Some("KMSThrottling")),
            (500, Some("InternalFailure")),
            (200, None),
            (404, None),
        ] {
            assert!(may_pass(status, code), "{status} {code:?}");
        }
    }

    #[test]
    fn what_the_service_refuses_for_good_is_not_asked_again() {
        for code in ["InvalidParameter", "EndpointDisabled", "NotFound", "OptedOut"] {
            assert!(!may_pass(400, Some(code)), "{code}");
        }
    }
}
