//! A form that is sent to an endpoint of the server with the client's credentials, for what the library does not know.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openidconnect::HttpResponse;
use openidconnect::http::{self, Method, StatusCode, header};
use openidconnect::url::{Url, form_urlencoded};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Trouble;
use crate::local_server::LocalServer;
use crate::transport::Transport;

/// An endpoint, and how its answer is to be taken.
pub(crate) struct Endpoint<'a> {
    /// What it is called in a sentence.
    pub(crate) name: &'static str,
    /// Where it is.
    pub(crate) url: &'a Url,
    /// The status of a good answer.
    pub(crate) good: StatusCode,
}

/// An error answer (RFC 6749, section 5.2).
#[derive(Debug, Deserialize)]
pub(crate) struct Refused {
    /// The code.
    pub(crate) error: String,
    error_description: Option<String>,
}

impl Refused {
    /// The server's own words.
    pub(crate) fn words(self) -> String {
        match self.error_description {
            Some(description) => format!("{}: {description}", self.error),
            None => self.error,
        }
    }
}

impl Endpoint<'_> {
    /// Sends a form in the client's name.
    ///
    /// # Errors
    /// When there is no answer, or none that the specifications know.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        transport: &Transport,
        server: &LocalServer,
        form: &str,
    ) -> Result<Result<T, Refused>, Trouble> {
        let unexpected = |why: String| Trouble::Unexpected { endpoint: self.name, why };
        let request = http::Request::builder()
            .method(Method::POST)
            .uri(self.url.as_str())
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::AUTHORIZATION, basic(server))
            .body(form.as_bytes().to_vec())
            .map_err(|error| unexpected(error.to_string()))?;
        let answer = transport.send(request).await.map_err(|error| unexpected(error.to_string()))?;
        self.read(&answer)
    }

    /// What the answer is: the good one, or a refusal.
    ///
    /// # Errors
    /// When it is neither.
    pub(crate) fn read<T: DeserializeOwned>(
        &self,
        answer: &HttpResponse,
    ) -> Result<Result<T, Refused>, Trouble> {
        let unexpected =
            || Trouble::Unexpected { endpoint: self.name, why: format!("status {}", answer.status()) };
        if answer.status() == self.good {
            return serde_json::from_slice(answer.body()).map(Ok).map_err(|_| unexpected());
        }
        serde_json::from_slice(answer.body()).map(Err).map_err(|_| unexpected())
    }
}

/// `client_secret_basic` (RFC 6749, section 2.3.1): both halves are form-encoded before they are joined.
fn basic(server: &LocalServer) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(&server.client_id), encoded(server.client_secret.secret()));
    format!("Basic {}", STANDARD.encode(pair))
}

#[cfg(test)]
mod tests {
    use openidconnect::{ClientId, ClientSecret};

    use super::*;

    #[test]
    fn credentials_are_form_encoded_before_they_are_joined() {
        let server = LocalServer {
            issuer: String::new(),
            client_id: ClientId::new("a b".into()),
            client_secret: ClientSecret::new("c:d%".into()),
        };
        let decoded =
            STANDARD.decode(basic(&server).strip_prefix("Basic ").expect("the scheme")).expect("base64");
        assert_eq!(decoded, b"a+b:c%3Ad%25");
    }
}
