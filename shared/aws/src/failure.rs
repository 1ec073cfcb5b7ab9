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

/// What AWS says when it refuses us, whatever is asked: a right was taken away, or the credentials are worth nothing any
/// more. That says nothing of the request, which succeeds once somebody has put it right.
const REFUSING: [&str; 4] = [
    "AccessDeniedException",
    "ExpiredTokenException",
    "UnrecognizedClientException",
    "InvalidSignatureException",
];

/// Tells an AWS call that may succeed when tried again ([`Fault::Unavailable`]: the service is slow, throttles, is half down,
/// or refuses us) from one that cannot ([`Fault::Broken`]: a key that is gone, a bug). `what` names the part that was asked.
///
/// The service's code is told, and which right is missing, and nothing else: its messages and bodies can quote what was sent
/// or stored. A surrounding [`crate::counted`] has the fault in its count.
pub fn fault<E: ProvideErrorMetadata + Error + 'static>(
    what: &'static str,
    error: &SdkError<E, HttpResponse>,
) -> Fault {
    count_fault(what);
    let why = match error {
        SdkError::ServiceError(service) => said(service.err()),
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(_) => "it cannot be reached".to_owned(),
        SdkError::ResponseError(_) => "an answer that cannot be read".to_owned(),
        SdkError::ConstructionFailure(_) if is_late(error) => "the request's time is over".to_owned(),
        _ => "the request could not be built".to_owned(),
    };
    if may_pass(error) { Fault::unavailable(what, why) } else { Fault::broken(what, why) }
}

/// The service's code, with the right that it says is missing.
fn said(error: &impl ProvideErrorMetadata) -> String {
    let code = error.code().unwrap_or("an error without a code");
    match error.message().and_then(missing_right) {
        Some(right) => format!("{code}, {right} is not allowed"),
        None => code.to_owned(),
    }
}

/// The action that a refusal names: "… is not authorized to perform: dynamodb:GetItem on resource: …". Taken for one only if
/// it looks like one, so that nothing else of a message reaches the log.
fn missing_right(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("is not authorized to perform: ")?;
    let action = rest.split(' ').next()?;
    let (service, name) = action.split_once(':')?;
    let is_word =
        |word: &str| (1..=40).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_word(service) && is_word(name)).then_some(action)
}

fn may_pass<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, HttpResponse>) -> bool {
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
        SdkError::ServiceError(service) => {
            service.raw().status().is_server_error()
                || service
                    .err()
                    .code()
                    .is_some_and(|code| PASSING.contains(&code) || REFUSING.contains(&code))
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
        service_error_that_says(status, code, "the item held a secret")
    }

    fn service_error_that_says(
        status: u16,
        code: &str,
        message: &str,
    ) -> SdkError<ErrorMetadata, HttpResponse> {
        let status = StatusCode::try_from(status).expect("a status");
        let response = HttpResponse::new(status, SdkBody::empty());
        SdkError::service_error(ErrorMetadata::builder().code(code).message(message).build(), response)
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
    fn a_service_that_refuses_us_is_worth_a_retry_when_that_was_put_right() {
        for code in ["AccessDeniedException", "ExpiredTokenException", "UnrecognizedClientException"] {
            let error = service_error(400, code);
            assert!(matches!(fault("table", &error), Fault::Unavailable { what: "table", .. }), "{code}");
        }
    }

    #[test]
    fn a_missing_key_or_setting_is_a_fault_of_ours() {
        for error in [
            service_error(400, "NotFoundException"),
            service_error(400, "DisabledException"),
            service_error(400, "ValidationException"),
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
        let text = fault("signing key", &service_error(400, "DisabledException")).to_string();
        assert_eq!(text, "signing key is broken: DisabledException");
    }

    #[test]
    fn the_log_names_the_missing_right_and_nothing_that_only_looks_like_one() {
        let text = |message: &str| {
            let error = service_error_that_says(400, "AccessDeniedException", message);
            fault("table", &error).to_string()
        };
        let denied = |action: &str| {
            let role = "arn:aws:sts::123456789012:assumed-role/token/a-secret";
            let table = "arn:aws:dynamodb:eu-central-1:123456789012:table/another-secret";
            text(&format!(
                "User: {role} is not authorized to perform: {action} on resource: {table} because …"
            ))
        };
        let bare = "table is unavailable: AccessDeniedException";
        assert_eq!(denied("dynamodb:PutItem"), format!("{bare}, dynamodb:PutItem is not allowed"));
        assert_eq!(denied("kms:Sign"), format!("{bare}, kms:Sign is not allowed"));
        for other in ["a-secret", "a:secret!", "dynamodb:", ":Sign", &format!("kms:{}", "x".repeat(41))] {
            assert_eq!(denied(other), bare, "{other}");
        }
        assert_eq!(text("is not authorized to perform: "), bare);
        assert_eq!(text("no"), bare);
    }
}
