//! API Gateway's events and answers, payload versions 1 (REST API) and 2 (HTTP API, function URL).
//!
//! The events are read here and not by `lambda_http`, whose own reading drops a repeated header in version 1,
//! takes the host from the `Host` header and panics on a bad one, and fails as a whole on a header that is
//! not ASCII. Nothing that a caller can write may cost more than a refusal. The local runner speaks the same
//! two shapes, so what works there works here.

mod event;
mod reply;

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Instant;

use lambda_http::Body;
use lambda_http::http::Method;
use oauth::{ClientId, GrantId};

pub use event::{Event, NotAnEvent, PayloadVersion};
pub use reply::Reply;

use crate::Response;
use crate::error_answer::{Told, server_error};
use crate::metrics::tell_of_faults;
use crate::request::{Request, arrival};
use crate::subject::noted;

/// Answers one event of the gateway: reads it, lets `handle` answer, and writes the log's line about it. A
/// panic in `handle` becomes a 500 of ours, so that the caller never sees the inside. `invocation_id` names
/// the request where the gateway gave it no name.
pub async fn exchange<F>(
    function: &str,
    event: &str,
    invocation_id: &str,
    handle: impl FnOnce(Request) -> F,
) -> Reply
where
    F: Future<Output = Response>,
{
    let (version, request) = match Event::read(event, invocation_id) {
        Ok(read) => read,
        Err(NotAnEvent { why }) => {
            tracing::error!(target: "request", request_id = invocation_id, function, why, "not an event of the gateway");
            return Reply::new(server_error(), PayloadVersion::One);
        }
    };
    let started = Instant::now();
    let arrival = arrival(&request).clone();
    let method = request.method().clone();

    let ((answered, subject), calls) = aws::counted(noted(caught(async { handle(request).await }))).await;
    let mut response = answered.unwrap_or_else(|_| server_error());
    if method == Method::HEAD {
        *response.body_mut() = Body::Empty;
    }

    let client = subject.client.as_ref().map(ClientId::as_str);
    // Neither path nor query: they may hold what must not be kept.
    tracing::info!(
        target: "request",
        request_id = arrival.request_id,
        function,
        method = %method,
        route = arrival.route,
        client = client.filter(|_| subject.client_is_proven),
        claimed_client = client.filter(|_| !subject.client_is_proven),
        grant_id = subject.grant_id.as_ref().map(GrantId::as_str),
        status = response.status().as_u16(),
        error = response.extensions().get::<Told>().map(|told| told.0.as_str()),
        milliseconds = started.elapsed().as_secs_f64() * 1000.0,
        aws_calls = calls.total(),
        aws = %calls,
    );
    tell_of_faults(function, &arrival.request_id, &calls);
    Reply::new(response, version)
}

/// What a future comes to, or that it panicked.
pub(crate) async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(move |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

#[cfg(test)]
mod tests {
    use lambda_http::http::StatusCode;
    use serde_json::json;
    use tracing::instrument::WithSubscriber;

    use super::*;
    use crate::answer::text;
    use crate::audit::{Decision, Event, Outcome};
    use crate::log::tests::Lines;

    const EVENT: &str = r#"{"httpMethod": "POST", "path": "/token", "headers": {}, "body": null,
        "queryStringParameters": {"code": "hidden"},
        "requestContext": {"requestId": "req-1", "stage": "prod", "resourcePath": "/token"}}"#;

    #[tokio::test]
    async fn a_request_leaves_one_line_that_says_what_it_cost() {
        let lines = Lines::default();
        let reply = exchange("token", EVENT, "lambda-1", async |_| {
            aws::count("DynamoDB.GetItem");
            text(StatusCode::OK, "done")
        })
        .with_subscriber(lines.subscriber("off"))
        .await;
        assert_eq!((reply.status_code, reply.body.as_deref()), (200, Some("done")));

        let mut line = lines.read().remove(0);
        assert!(!line.to_string().contains("hidden"));
        let fields = line.as_object_mut().expect("an object");
        fields.remove("timestamp");
        assert!(fields.remove("milliseconds").is_some_and(|value| value.is_f64()));
        assert_eq!(
            line,
            json!({
                "level": "INFO", "target": "request", "request_id": "req-1", "function": "token", "method": "POST",
                "route": "/token", "status": 200, "aws_calls": 1, "aws": "DynamoDB.GetItem=1",
            })
        );
    }

    #[tokio::test]
    async fn the_line_says_whom_and_what_the_request_was_about() {
        let (client, grant_id) = (ClientId::parse("report-agent").unwrap(), GrantId::from_random([2; 16]));
        let lines = Lines::default();
        exchange("token", EVENT, "lambda-1", async |request| {
            crate::note_client(&ClientId::parse("another").unwrap());
            crate::note_proven_client(&client);
            let now = oauth::Timestamp::from_seconds(1);
            Decision::new(Event::Token, Outcome::Granted, &request, now).grant_id(&grant_id).record();
            text(StatusCode::OK, "done")
        })
        .with_subscriber(lines.subscriber("off"))
        .await;
        for claims in [false, true] {
            exchange("token", EVENT, "lambda-2", async |_| {
                if claims {
                    crate::note_client(&client);
                }
                text(StatusCode::OK, "done")
            })
            .with_subscriber(lines.subscriber("off"))
            .await;
        }
        let lines: Vec<_> = lines.read().into_iter().filter(|line| line["target"] == "request").collect();
        assert_eq!(
            (&lines[0]["client"], &lines[0]["grant_id"]),
            (&json!("report-agent"), &json!(grant_id.as_str()))
        );
        assert_eq!(
            (lines[1].get("client"), lines[1].get("grant_id")),
            (None, None),
            "the next request is another's"
        );
        assert_eq!(
            (lines[2].get("client"), &lines[2]["claimed_client"]),
            (None, &json!("report-agent")),
            "who only says so is not booked as the client"
        );
    }

    /// The alarm `FailingKms` reads it. A line of metrics is an object of its own, not a field of ours.
    #[tokio::test]
    async fn a_failure_of_ours_leaves_a_metric_and_nothing_else_does() {
        let lines = Lines::default();
        for fails in [false, true] {
            exchange("token", EVENT, "lambda-1", async |_| {
                if fails {
                    aws::count_fault("signing key");
                }
                text(StatusCode::OK, "done")
            })
            .with_subscriber(lines.subscriber("off"))
            .await;
        }
        let lines = lines.read();
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert_eq!(lines[2]["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Countersign");
        assert_eq!((&lines[2]["KmsFaults"], &lines[2]["deployment"]), (&json!(1), &json!("token")));
        assert!(lines[2].get("level").is_none());
    }

    #[tokio::test]
    async fn a_panic_is_a_500_that_tells_nothing() {
        let lines = Lines::default();
        let reply = exchange("token", EVENT, "lambda-1", async |_| panic!("the secret is swordfish"))
            .with_subscriber(lines.subscriber("info"))
            .await;
        assert_eq!(reply.status_code, 500);
        assert!(reply.body.expect("a body").contains("server_error"));
        assert!(!json!(lines.read()).to_string().contains("swordfish"));
    }

    #[tokio::test]
    async fn what_is_no_event_is_answered_too() {
        for event in ["", "[]", "{}", "{\"httpMethod\": \"GET\"}", "{\"Records\": []}"] {
            let reply = exchange("token", event, "lambda-1", async |_| text(StatusCode::OK, "no")).await;
            assert_eq!(reply.status_code, 500, "{event}");
        }
    }

    #[tokio::test]
    async fn the_answer_to_head_has_no_body() {
        let event = EVENT.replace("POST", "HEAD");
        let reply = exchange("discovery", &event, "lambda-1", async |_| text(StatusCode::OK, "long")).await;
        assert_eq!((reply.status_code, reply.body), (200, None));
    }
}
