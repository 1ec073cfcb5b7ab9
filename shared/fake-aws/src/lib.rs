//! AWS under the real SDK, for unit tests: each request that the SDK would send is answered in memory.
//!
//! A test's own state says by [`Service`] what is answered; a [`Table`] answers for DynamoDB, and [`sns`] writes what SNS says.
//! Nothing that is deployed depends on this room.

pub mod sns;
mod table;

use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

use crate::sns::Form;
pub use crate::table::{Table, key};

/// What answers in place of AWS. What a test does not expect to be asked for, it leaves out.
pub trait Service: Debug + Send + 'static {
    /// Answers what DynamoDB, KMS and SQS are asked, by status and body.
    ///
    /// # Panics
    /// Where it is left out.
    fn json(&mut self, operation: &str, request: &Value) -> (u16, Value) {
        panic!("nobody asks for {operation}: {request}")
    }

    /// Answers what SNS is asked, by status and body, or not in time.
    ///
    /// # Panics
    /// Where it is left out.
    fn form(&mut self, form: Form) -> Option<(u16, String)> {
        panic!("nobody sends a form: {form:?}")
    }
}

/// AWS as a test has it. All clones share one state.
#[derive(Debug, Default)]
pub struct Fake<S>(Arc<Mutex<S>>);

impl<S> Clone for Fake<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Fake<S> {
    /// The state, which answers nobody as long as it is held.
    ///
    /// # Panics
    /// After a panic while it was held.
    pub fn state(&self) -> MutexGuard<'_, S> {
        self.0.lock().expect("not poisoned")
    }
}

impl<S: Service> Fake<S> {
    /// The SDK's configuration by which each client reaches this, and nothing else.
    pub fn sdk(&self) -> aws::SdkConfig {
        let connector = SharedHttpConnector::new(self.clone());
        aws::local("http://aws.invalid")
            .into_builder()
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build()
    }
}

/// The SDK's configuration of whoever reaches AWS and hears nothing.
pub fn silent() -> aws::SdkConfig {
    silent_to(usize::MAX, String::new())
}

/// The same, where no answer comes to so many requests, and this to those after them.
pub fn silent_to(requests: usize, then: String) -> aws::SdkConfig {
    let connector = SharedHttpConnector::new(Silent { left: AtomicUsize::new(requests), then });
    aws::local("http://aws.invalid")
        .into_builder()
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .build()
}

#[derive(Debug)]
struct Silent {
    left: AtomicUsize,
    then: String,
}

impl HttpConnector for Silent {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let one_less = |left: usize| left.checked_sub(1);
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok() {
            return HttpConnectorFuture::new(std::future::pending());
        }
        let status = StatusCode::try_from(200).expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(self.then.clone()))))
    }
}

impl<S: Service> HttpConnector for Fake<S> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().expect("in memory");
        let operation = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
        let mut state = self.state();
        let answer = match operation {
            Some(operation) => {
                let (status, answer) = state.json(operation, &serde_json::from_slice(body).expect("JSON"));
                Some((status, answer.to_string()))
            }
            None => state.form(form_urlencoded::parse(body).into_owned().collect()),
        };
        HttpConnectorFuture::ready(match answer {
            Some((status, answer)) => {
                let status = StatusCode::try_from(status).expect("a status");
                Ok(HttpResponse::new(status, SdkBody::from(answer)))
            }
            None => Err(ConnectorError::timeout("nobody answers".into())),
        })
    }
}
