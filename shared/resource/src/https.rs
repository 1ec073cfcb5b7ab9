use std::error::Error;
use std::io;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use http_types::{Request, Response};
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::fetch::{Answering, Fetch};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The largest answer that is read, in bytes.
const LARGEST: usize = 1024 * 1024;

/// HTTP/1.1 over TLS with the machine's own root certificates. It keeps no cookies and follows no redirect. Plain http is
/// spoken where the issuer is on this very machine.
#[derive(Clone, Debug)]
pub struct Https(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Https {
    /// Reads the machine's root certificates.
    ///
    /// # Errors
    /// When there are none.
    pub fn new() -> io::Result<Self> {
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .build();
        // A connection that a frozen Lambda function kept is dead, and it is told only when it needs one.
        Ok(Self(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector)))
    }

    async fn exchange(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, String> {
        let request = request.map(|body| Full::new(Bytes::from(body)));
        let response = self.0.request(request).await.map_err(|error| innermost(&error))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, LARGEST).collect().await.map_err(|error| innermost(&*error))?;
        Ok(Response::from_parts(parts, body.to_bytes().into()))
    }
}

impl Fetch for Https {
    fn fetch(&self, request: Request<Vec<u8>>) -> Answering<'_> {
        Box::pin(async move {
            let in_time = tokio::time::timeout(PATIENCE, self.exchange(request)).await;
            in_time.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())))
        })
    }
}

/// The cause that says something ("Connection refused").
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
