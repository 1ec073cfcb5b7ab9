use openidconnect::http::StatusCode;
use openidconnect::url::Url;
use serde::Deserialize;

use crate::Trouble;
use crate::endpoint::Endpoint;
use crate::local_server::LocalServer;
use crate::transport::Transport;

const NAME: &str = "The endpoint for pushed requests";

/// A request that waits at the server under a reference (RFC 9126, section 2.2).
#[derive(Debug, Deserialize)]
pub(crate) struct PushedRequest {
    /// The reference, good once.
    pub(crate) request_uri: String,
    /// How long it can be taken up, in seconds.
    pub(crate) expires_in: u64,
}

/// Pushes what the library built (RFC 9126, section 2.1). The library, `oauth2` 5.0, knows nothing of pushed
/// requests; it builds the URL that would carry everything through the browser. The parameters of that URL are
/// exactly the body of a pushed request, so they are sent to the server instead, with the client's credentials.
///
/// # Errors
/// What the endpoint refused, in its own words.
pub(crate) async fn push(
    transport: &Transport,
    endpoint: &Url,
    server: &LocalServer,
    authorization_url: &Url,
) -> Result<PushedRequest, Trouble> {
    let endpoint = Endpoint { name: NAME, url: endpoint, good: StatusCode::CREATED };
    let form = authorization_url.query().unwrap_or_default();
    let pushed = endpoint.post(transport, server, form).await?;
    pushed.map_err(|refused| Trouble::Refused { endpoint: NAME, why: refused.words() })
}

/// The URL for the browser: nothing but the client and the reference (RFC 9126, section 4).
pub(crate) fn front_door(authorization_endpoint: &Url, client_id: &str, pushed: &PushedRequest) -> Url {
    let mut url = authorization_endpoint.clone();
    url.query_pairs_mut().append_pair("client_id", client_id).append_pair("request_uri", &pushed.request_uri);
    url
}

#[cfg(test)]
mod tests {
    use openidconnect::{HttpResponse, http};

    use super::*;

    fn read(answer: &HttpResponse) -> Result<PushedRequest, Trouble> {
        let url = Url::parse("http://localhost:8690/par").expect("a URL");
        let endpoint = Endpoint { name: NAME, url: &url, good: StatusCode::CREATED };
        endpoint.read(answer)?.map_err(|refused| Trouble::Refused { endpoint: NAME, why: refused.words() })
    }

    fn answer(status: u16, body: &str) -> HttpResponse {
        http::Response::builder().status(status).body(body.as_bytes().to_vec()).expect("a response")
    }

    #[test]
    fn the_browser_carries_the_client_and_the_reference_alone() {
        let pushed =
            PushedRequest { request_uri: "urn:ietf:params:oauth:request_uri:a.b".into(), expires_in: 60 };
        let endpoint = Url::parse("http://localhost:8690/authorize").expect("a URL");
        assert_eq!(
            front_door(&endpoint, "finance-agent", &pushed).as_str(),
            "http://localhost:8690/authorize?client_id=finance-agent\
             &request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Aa.b"
        );
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words() {
        let refusal = r#"{"error":"invalid_authorization_details","error_description":"unknown type"}"#;
        let told = read(&answer(400, refusal)).expect_err("refused").to_string();
        assert!(told.contains("invalid_authorization_details: unknown type"), "{told}");
    }

    #[test]
    fn anything_but_a_created_request_is_no_request() {
        for (status, body) in
            [(200, r#"{"request_uri":"urn:x","expires_in":60}"#), (201, "{}"), (500, "oops"), (303, "")]
        {
            assert!(read(&answer(status, body)).is_err(), "{status} {body}");
        }
    }
}
