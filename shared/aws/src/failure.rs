use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use environment::Fault;

use crate::calls::count_fault;
use crate::deadline::Late;

/// What AWS says when it is too busy or half down, besides any status of 500 and above.
const PASSING: [&str; 9] = [
    "ThrottlingException",
    "Throttling",
    "RequestLimitExceeded",
    "ProvisionedThroughputExceededException",
    "KMSInternalException",
    "DependencyTimeoutException",
    "KeyUnavailableException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Tells an AWS call that may succeed when tried again ([`Fault::Unavailable`]) from one that cannot
/// ([`Fault::Broken`]: a missing right, a key that is gone, a bug). `what` names the part that was asked.
///
/// The service's code is told and nothing else: its messages and bodies can quote what was sent or stored. A surrounding
/// [`crate::counted`] has the fault in its count.
pub fn fault<E: ProvideErrorMetadata + Error + 'static>(
    what: &'static str,
    error: &SdkError<E, HttpResponse>,
) -> Fault {
    count_fault(what);
    let why = match error {
        SdkError::ServiceError(service) => service.err().code().unwrap_or("an error without a code"),
        SdkError::TimeoutError(_) => "no answer in time",
        SdkError::DispatchFailure(_) => "it cannot be reached",
        SdkError::ResponseError(_) => "an answer that cannot be read",
        SdkError::ConstructionFailure(_) if is_late(error) => "the request's time is over",
        _ => "the request could not be built",
    };
    if may_pass(error) { Fault::unavailable(what, why) } else { Fault::broken(what, why) }
}

fn may_pass<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, HttpResponse>) -> bool {
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
        SdkError::ServiceError(service) => {
            service.raw().status().is_server_error()
                || service.err().code().is_some_and(|code| PASSING.contains(&code))
        }
        // Otherwise a request that cannot even be built, and what later versions of the SDK may add.
        _ => is_late(error),
    }
}

/// Whether the call was not begun because its request had no time left.
fn is_late(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<Late>() {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    fn service_error(status: u16, code: &str) -> SdkError<ErrorMetadata, HttpResponse> {
        let status = StatusCode::try_from(status).expect("a status");
        let response = HttpResponse::new(status, SdkBody::empty());
        SdkError::service_error(
            ErrorMetadata::builder().code(code).message("the item held a secret").build(),
            response,
        )
    }

    #[test]
    fn throttling_and_errors_of_the_service_are_worth_a_retry() {
        for error in [
            service_error(400, "ThrottlingException"),
            service_error(500, "InternalServerError"),
            service_error(503, "anything"),
            SdkError::timeout_error("slow"),
        ] {
            assert!(matches!(fault("table", &error), Fault::Unavailable { what: "table", .. }), "{error:?}");
        }
    }

    #[test]
    fn a_missing_right_or_key_is_a_fault_of_ours() {
        for error in [
            service_error(400, "AccessDeniedException"),
            service_error(400, "NotFoundException"),
            SdkError::construction_failure("no region"),
        ] {
            assert!(matches!(fault("table", &error), Fault::Broken { what: "table", .. }), "{error:?}");
        }
    }

    #[tokio::test]
    async fn a_fault_stands_in_the_count_of_what_was_done() {
        let throttled = service_error(400, "ThrottlingException");
        let ((), calls) = crate::counted(async {
            let _ =
                (fault("table", &throttled), fault("signing key", &throttled), fault("table", &throttled));
        })
        .await;
        assert_eq!(calls.faults().collect::<Vec<_>>(), [("signing key", 1), ("table", 2)]);
        assert_eq!(calls.total(), 0, "a fault is no call");
    }

    #[test]
    fn the_log_says_the_services_code_and_nothing_that_it_quotes() {
        let text = fault("signing key", &service_error(400, "AccessDeniedException")).to_string();
        assert_eq!(text, "signing key is broken: AccessDeniedException");
    }
}
