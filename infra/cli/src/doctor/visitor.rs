use std::error::Error;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use hyper::{Method, Request};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// How long an answer may take, a cold start included.
const PATIENCE: Duration = Duration::from_secs(15);

/// The largest answer that is read.
const LARGEST: usize = 1024 * 1024;

/// Somebody from outside: an HTTP client with the machine's own certificates, without cookies, that follows no redirect.
pub(crate) struct Visitor(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Visitor {
    /// # Errors
    /// When the machine has no certificates.
    pub(crate) fn new() -> std::io::Result<Self> {
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self(Client::builder(TokioExecutor::new()).build(connector)))
    }

    /// # Errors
    /// Why there is no answer, in words: no such name, nobody there, a certificate that is not good.
    pub(crate) async fn get(&self, url: &str) -> Result<Answer, String> {
        self.send(Request::builder().method(Method::GET).uri(url), Bytes::new()).await
    }

    /// Sends a form.
    ///
    /// # Errors
    /// As [`Visitor::get`].
    pub(crate) async fn post(&self, url: &str, form: &'static str) -> Result<Answer, String> {
        let request = Request::builder().method(Method::POST).uri(url);
        self.send(request.header(CONTENT_TYPE, "application/x-www-form-urlencoded"), form.into()).await
    }

    async fn send(&self, request: hyper::http::request::Builder, body: Bytes) -> Result<Answer, String> {
        let request = request.body(Full::new(body)).map_err(|error| error.to_string())?;
        let exchange = async {
            let response = self.0.request(request).await.map_err(|error| reason(&error))?;
            let (parts, body) = response.into_parts();
            let body =
                Limited::new(body, LARGEST).collect().await.map_err(|error| reason(&*error))?.to_bytes();
            Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
        };
        let in_time = tokio::time::timeout(PATIENCE, exchange).await;
        in_time.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())))
    }
}

impl Answer {
    /// A header, as text.
    pub(crate) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether it says that it is JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.header(CONTENT_TYPE).is_some_and(|value| value.starts_with("application/json"))
    }
}

/// An error with what is beneath it, which is where the certificate's fault stands.
fn reason(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut beneath = error.source();
    while let Some(error) = beneath {
        words = format!("{words}: {error}");
        beneath = error.source();
    }
    words
}
