use std::fmt;

use aws_sdk_sns::config::http::HttpResponse;
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};

/// Somebody was not reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// Whether it may be otherwise in a while.
    pub may_pass: bool,
    /// What was in the way, without secrets and without what was to be said.
    pub why: String,
}

impl Undelivered {
    /// It may be otherwise in a while.
    pub(crate) fn for_now(why: impl fmt::Display) -> Self {
        Self { may_pass: true, why: why.to_string() }
    }

    /// It will not be otherwise.
    pub(crate) fn for_good(why: impl fmt::Display) -> Self {
        Self { may_pass: false, why: why.to_string() }
    }
}

/// What SNS says when it is too busy, or cannot use the topic's key just now.
const PASSING: [&str; 4] = ["Throttled", "ThrottledException", "KMSThrottling", "KMSAccessDenied"];

/// What an AWS call that failed means for whoever was to be reached. The service's code is told and nothing else: its messages can
/// quote what was sent. A right that is missing (403) may be given back.
pub(crate) fn of_aws<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Undelivered {
    match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or("an error without a code");
            let status = service.raw().status().as_u16();
            let may_pass = status >= 500 || matches!(status, 403 | 429) || PASSING.contains(&code);
            Undelivered { may_pass, why: code.to_owned() }
        }
        SdkError::TimeoutError(_) => Undelivered::for_now("no answer in time"),
        SdkError::DispatchFailure(_) => Undelivered::for_now("it cannot be reached"),
        SdkError::ResponseError(_) => Undelivered::for_now("an answer that cannot be read"),
        _ => Undelivered::for_good("the request could not be built"),
    }
}
