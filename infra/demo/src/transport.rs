use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};

use crate::Trouble;

/// The HTTP client under the OAuth library. It follows no redirect: an endpoint that answers with one would send the
/// agent's credentials elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Transport(reqwest::Client);

/// A request that got no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// It did not arrive, or the answer did not.
    #[error("{}", reason(.0))]
    Network(#[from] reqwest::Error),
    /// The answer could not be handed on.
    #[error(transparent)]
    Message(#[from] http::Error),
}

impl Transport {
    /// A client without proxies, redirects and TLS: the demo's server is on this machine.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub(crate) fn new() -> Result<Self, Trouble> {
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(10))
            .build()
            .map(Self)
            .map_err(Trouble::HttpClient)
    }

    /// The client itself, for a library that brings its own requests.
    pub(crate) const fn client(&self) -> &reqwest::Client {
        &self.0
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// [`NoAnswer`] when there was none. An error status is an answer.
    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, NoAnswer> {
        let answer = self.0.execute(request.try_into()?).await?;
        let mut response = http::Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            response = response.header(name, value);
        }
        Ok(response.body(answer.bytes().await?.to_vec())?)
    }
}

impl<'c> AsyncHttpClient<'c> for Transport {
    type Error = NoAnswer;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NoAnswer>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// The innermost cause, which is the one that says something ("Connection refused").
fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
