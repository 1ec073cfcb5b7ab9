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

pub use event::{Event, NotAnEvent, PayloadVersion};
pub use reply::Reply;

use crate::Response;
use crate::error_answer::{Told, server_error};
use crate::request::{Request, arrival};

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

    let (answered, calls) = aws::counted(caught(async { handle(request).await })).await;
    let mut response = answered.unwrap_or_else(|_| server_error());
    if method == Method::HEAD {
        *response.body_mut() = Body::Empty;
    }

    // Neither path nor query: they may hold what must not be kept.
    tracing::info!(
        target: "request",
        request_id = arrival.request_id,
        function,
        method = %method,
        route = arrival.route,
        status = response.status().as_u16(),
        error = response.extensions().get::<Told>().map(|told| told.0.as_str()),
        milliseconds = started.elapsed().as_secs_f64() * 1000.0,
        aws_calls = calls.total(),
        aws = %calls,
    );
    Reply::new(response, version)
}

async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
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
