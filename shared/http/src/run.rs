use std::cell::OnceCell;
use std::rc::Rc;
use std::time::Instant;

use environment::Fault;
use lambda_http::lambda_runtime::{LambdaEvent, Runtime, service_fn};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error_answer::temporarily_unavailable;
use crate::gateway::{Reply, caught, exchange};
use crate::metrics::tell_of_faults;
use crate::request::Request;
use crate::{Response, log};

/// Runs a function under the Lambda runtime, on one thread: a function answers one request at a time.
///
/// `initialise` builds what the function uses, before the first request. A fault in it does not end the
/// process, which would tell the caller nothing and cost the next one a cold start: requests are answered
/// with 503, and each tries again. Nor does a panic: they are answered with 500.
pub fn serve<S: 'static>(
    function: &'static str,
    initialise: impl AsyncFn() -> Result<S, Fault> + 'static,
    handle: impl AsyncFn(&S, Request) -> Response + 'static,
) {
    let function = Function { name: function, services: OnceCell::new(), initialise, handle };
    on_one_thread(answer_all(function));
}

/// Runs a function that no gateway calls, such as one on a schedule. A fault fails the invocation, so that Lambda
/// tries again and its alarm sees it; who invoked it hears no more than that. Nor do they of a panic.
pub fn serve_events<S: 'static>(
    function: &'static str,
    initialise: impl AsyncFn() -> Result<S, Fault> + 'static,
    handle: impl AsyncFn(&S, &str) -> Result<Value, Fault> + 'static,
) {
    let function = Function { name: function, services: OnceCell::new(), initialise, handle };
    on_one_thread(handle_all(function));
}

fn on_one_thread(work: impl Future<Output = ()>) {
    log::install();
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => tracing::error!(%error, "no runtime"),
    }
}

async fn handle_all<S, I, H>(function: Function<S, I, H>)
where
    I: AsyncFn() -> Result<S, Fault>,
    H: AsyncFn(&S, &str) -> Result<Value, Fault>,
{
    let function = Rc::new(function);
    function.start().await;
    let answer = service_fn(|event: LambdaEvent<Box<RawValue>>| {
        let function = Rc::clone(&function);
        async move { function.work(event.payload.get(), &event.context.request_id).await }
    });
    if let Err(error) = Runtime::new(answer).run().await {
        tracing::error!(error, "the Lambda runtime ended");
    }
}

struct Function<S, I, H> {
    name: &'static str,
    services: OnceCell<S>,
    initialise: I,
    /// What it does is long: it is boxed where it is called, or it would be copied from frame to frame.
    handle: H,
}

async fn answer_all<S, I, H>(function: Function<S, I, H>)
where
    I: AsyncFn() -> Result<S, Fault>,
    H: AsyncFn(&S, Request) -> Response,
{
    let function = Rc::new(function);
    // Lambda gives the start a whole processor: use it.
    function.start().await;
    let answer = service_fn(|event: LambdaEvent<Box<RawValue>>| {
        let function = Rc::clone(&function);
        async move {
            Ok::<_, lambda_http::Error>(function.answer(event.payload.get(), &event.context.request_id).await)
        }
    });
    if let Err(error) = Runtime::new(answer).run().await {
        tracing::error!(error, "the Lambda runtime ended");
    }
}

impl<S, I, H> Function<S, I, H>
where
    I: AsyncFn() -> Result<S, Fault>,
{
    async fn start(&self) {
        // The log has the panic, and whoever asks first tries again.
        drop(caught(self.services()).await);
    }

    async fn services(&self) -> Option<&S> {
        if self.services.get().is_none() {
            match (self.initialise)().await {
                // One request at a time: nobody can have been quicker.
                Ok(services) => drop(self.services.set(services)),
                Err(fault) => tracing::error!(function = self.name, %fault, "the function could not start"),
            }
        }
        self.services.get()
    }
}

impl<S, I, H> Function<S, I, H>
where
    I: AsyncFn() -> Result<S, Fault>,
    H: AsyncFn(&S, &str) -> Result<Value, Fault>,
{
    async fn work(&self, event: &str, invocation_id: &str) -> Result<Value, &'static str> {
        let started = Instant::now();
        // What a panic says may hold anything, and the runtime would hand it to whoever invoked the function.
        let (done, calls) = aws::counted(caught(Box::pin(self.handled(event)))).await;
        let done = done.unwrap_or(None);
        tracing::info!(
            target: "event",
            request_id = invocation_id,
            function = self.name,
            outcome = if done.is_some() { "done" } else { "failed" },
            milliseconds = started.elapsed().as_secs_f64() * 1000.0,
            aws_calls = calls.total(),
            aws = %calls,
        );
        tell_of_faults(self.name, invocation_id, &calls);
        done.ok_or("it failed; the log says why")
    }

    /// Nothing where it failed, which is in the log by then.
    async fn handled(&self, event: &str) -> Option<Value> {
        let handled = (self.handle)(self.services().await?, event).await;
        handled
            .inspect_err(|fault| tracing::error!(function = self.name, %fault, "an event was not handled"))
            .ok()
    }
}

impl<S, I, H> Function<S, I, H>
where
    I: AsyncFn() -> Result<S, Fault>,
    H: AsyncFn(&S, Request) -> Response,
{
    /// Within the time that a request has: whatever AWS does, the caller hears of it while they still wait.
    async fn answer(&self, event: &str, invocation_id: &str) -> Reply {
        let answered =
            exchange(self.name, event, invocation_id, async |request| match self.services().await {
                Some(services) => Box::pin((self.handle)(services, request)).await,
                None => temporarily_unavailable(),
            });
        aws::within(aws::time_of_a_request(aws::TIME_OF_A_REQUEST), answered).await
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use lambda_http::http::StatusCode;
    use serde_json::json;
    use tracing::instrument::WithSubscriber;

    use super::*;
    use crate::answer::text;
    use crate::log::tests::Lines;

    const EVENT: &str = r#"{"httpMethod": "GET", "path": "/", "requestContext": {"requestId": "req-1"}}"#;

    #[tokio::test]
    async fn a_function_that_cannot_start_answers_503_until_it_can() {
        let tries = Cell::new(0);
        let function = Function {
            name: "token",
            services: OnceCell::new(),
            initialise: async || {
                tries.set(tries.get() + 1);
                if tries.get() < 3 { Err(Fault::unavailable("table", "throttled")) } else { Ok("services") }
            },
            handle: async |services: &&str, _request| text(StatusCode::OK, *services),
        };
        assert!(function.services().await.is_none());
        let answer = || Box::pin(function.answer(EVENT, "lambda-1"));
        assert_eq!(answer().await.status_code, 503);
        let reply = answer().await;
        assert_eq!((reply.status_code, reply.body.as_deref()), (200, Some("services")));
        answer().await;
        assert_eq!(tries.get(), 3);
    }

    /// Nobody hears what a panic says: neither whoever invoked the function, nor, by Lambda, its log.
    #[tokio::test]
    async fn an_event_at_which_a_function_panics_fails_with_nothing_of_the_inside() {
        let at_start = Function {
            name: "rotation",
            services: OnceCell::new(),
            initialise: async || panic!("the secret is swordfish"),
            handle: async |(): &(), _: &str| Ok(Value::Null),
        };
        let at_work = Function {
            name: "notify",
            services: OnceCell::new(),
            initialise: async || Ok(()),
            handle: async |(): &(), _: &str| panic!("the secret is swordfish"),
        };
        at_start.start().await;
        assert_eq!(at_start.work("{}", "lambda-1").await, Err("it failed; the log says why"));
        assert_eq!(at_work.work("{}", "lambda-1").await, Err("it failed; the log says why"));
    }

    #[tokio::test]
    async fn an_event_leaves_one_line_that_says_what_it_cost() {
        let function = Function {
            name: "rotation",
            services: OnceCell::new(),
            initialise: async || Ok(()),
            handle: async |(): &(), event: &str| {
                aws::count("DynamoDB.GetItem");
                if event == "{}" { Ok(Value::Null) } else { Err(Fault::broken("event", "not one")) }
            },
        };
        for (event, outcome) in [("{}", "done"), ("[]", "failed")] {
            let lines = Lines::default();
            let done = function.work(event, "lambda-1").with_subscriber(lines.subscriber("off")).await;
            assert_eq!(done.is_ok(), outcome == "done");
            let mut line = lines.read().into_iter().find(|line| line["target"] == "event").expect("a line");
            let fields = line.as_object_mut().expect("an object");
            fields.remove("timestamp");
            assert!(fields.remove("milliseconds").is_some_and(|value| value.is_f64()));
            assert_eq!(
                line,
                json!({
                    "level": "INFO", "target": "event", "request_id": "lambda-1", "function": "rotation",
                    "outcome": outcome, "aws_calls": 1, "aws": "DynamoDB.GetItem=1",
                })
            );
        }
    }

    #[tokio::test]
    async fn a_function_that_panics_while_it_starts_answers_500_until_it_can() {
        let tries = Cell::new(0);
        let function = Function {
            name: "token",
            services: OnceCell::new(),
            initialise: async || {
                tries.set(tries.get() + 1);
                if tries.get() < 3 { panic!("no thread") } else { Ok("services") }
            },
            handle: async |services: &&str, _request| text(StatusCode::OK, *services),
        };
        function.start().await;
        let answer = || Box::pin(function.answer(EVENT, "lambda-1"));
        assert_eq!(answer().await.status_code, 500);
        assert_eq!(answer().await.status_code, 200);
    }
}
