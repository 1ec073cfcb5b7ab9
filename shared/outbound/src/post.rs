use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Method;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use oauth::Secret;
use tokio::time::timeout;
use url::Url;

use crate::fetch::{NAME, addressed};
use crate::target::Target;
use crate::{Outbound, Problem};

/// What an endpoint is told that somebody else named.
pub struct Post<'a> {
    /// The text, JSON.
    pub json: &'a str,
    /// What the endpoint knows us by (RFC 6750, section 2.1).
    pub bearer: &'a Secret<String>,
}

impl Outbound {
    /// Tells an endpoint something, by the rules by which documents are fetched; it may also lie in a range that the configuration
    /// names, because its URL stands there, too. Of the answer nothing is used but its status,
    /// which is handed back whatever it is: a redirect is not followed, and no body is read.
    ///
    /// # Errors
    /// Any [`Problem`] that comes before a status: the endpoint may have been told, or not.
    pub async fn post(&self, url: &Url, post: &Post<'_>, time: Duration) -> Result<u16, Problem> {
        let target = Target::of_endpoint(url, &self.settings, self.loopback)?;
        timeout(time, self.post_to(&target, url, post)).await.map_err(|_| Problem::Late(time))?
    }

    async fn post_to(&self, target: &Target, url: &Url, post: &Post<'_>) -> Result<u16, Problem> {
        let unfit = || Problem::Url("it cannot be told anything");
        let bearer = format!("Bearer {}", post.bearer.expose());
        let mut bearer = HeaderValue::from_str(&bearer).map_err(|_| unfit())?;
        bearer.set_sensitive(true);
        let request = addressed(target, url)
            .method(Method::POST)
            .header(USER_AGENT, NAME)
            .header(AUTHORIZATION, bearer)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::copy_from_slice(post.json.as_bytes())))
            .map_err(|_| unfit())?;
        let mut connection = self.connect(target, target.addresses().await?).await?;
        let response = connection.sender.send_request(request).await.map_err(|_| Problem::Broken)?;
        Ok(response.status().as_u16())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use oauth::configuration::OutboundSettings;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::Loopback;

    const TIME: Duration = Duration::from_secs(2);

    /// A server on loopback that takes one request, says `answer`, and goes on with zeros for as long as anybody listens.
    async fn endpoint(answer: Option<&'static str>) -> (Url, tokio::task::JoinHandle<(String, usize)>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/told?by=us", listener.local_addr().expect("bound"));
        let heard = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.expect("a request");
            let (mut said, zeros) = (0, vec![b'0'; 1 << 16]);
            match answer {
                Some(answer) => {
                    stream.write_all(answer.as_bytes()).await.expect("answered");
                    while said < 1 << 30 && stream.write_all(&zeros).await.is_ok() {
                        said += 1 << 16;
                    }
                }
                None => tokio::time::sleep(2 * TIME).await,
            }
            (String::from_utf8(request[..length].to_vec()).expect("text"), said)
        });
        (url.parse().expect("a URL"), heard)
    }

    async fn post(url: &Url, loopback: Loopback, time: Duration) -> Result<u16, Problem> {
        let outbound = Outbound::new(&OutboundSettings::default(), loopback).expect("a fetcher");
        let bearer = Secret::new("8d67dc78-7faa-4d41".to_owned());
        outbound.post(url, &Post { json: r#"{"auth_req_id":"1c26"}"#, bearer: &bearer }, time).await
    }

    #[tokio::test]
    async fn an_endpoint_is_told_with_its_own_token_and_answers_by_a_status() {
        let (url, heard) = endpoint(Some("HTTP/1.1 204 No Content\r\n\r\n")).await;
        assert_eq!(post(&url, Loopback::Allowed, TIME).await, Ok(204));
        let host = format!("{}:{}", url.host_str().expect("a host"), url.port().expect("a port"));
        let expected = format!(
            "POST /told?by=us HTTP/1.1\r\nhost: {host}\r\nuser-agent: countersign\r\n\
             authorization: Bearer 8d67dc78-7faa-4d41\r\ncontent-type: application/json\r\ncontent-length: 22\r\n\r\n\
             {{\"auth_req_id\":\"1c26\"}}"
        );
        assert_eq!(heard.await.expect("heard").0, expected);
    }

    #[tokio::test]
    async fn a_redirect_is_a_status_like_any_other() {
        let (other, unheard) = endpoint(Some("HTTP/1.1 200 OK\r\n\r\n")).await;
        for status in [301, 302, 303, 307, 308] {
            let answer = format!("HTTP/1.1 {status} There\r\nlocation: {other}\r\ncontent-length: 0\r\n\r\n");
            let (url, _) = endpoint(Some(answer.leak())).await;
            assert_eq!(post(&url, Loopback::Allowed, TIME).await, Ok(status));
        }
        assert!(!unheard.is_finished());
        unheard.abort();
    }

    #[tokio::test]
    async fn a_body_of_a_gigabyte_is_not_read() {
        let (url, heard) = endpoint(Some("HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n")).await;
        let began = Instant::now();
        assert_eq!(post(&url, Loopback::Allowed, TIME).await, Ok(200));
        assert!(began.elapsed() < TIME);
        let said = heard.await.expect("heard").1;
        assert!(said < 16 << 20, "what the sockets hold, and no more: {said}");
    }

    #[tokio::test]
    async fn whoever_does_not_answer_is_given_up() {
        let (url, _) = endpoint(None).await;
        let time = Duration::from_millis(200);
        assert_eq!(post(&url, Loopback::Allowed, time).await, Err(Problem::Late(time)));
    }

    #[tokio::test]
    async fn no_token_leaves_for_a_place_that_may_not_be_reached() {
        let (url, unheard) = endpoint(Some("HTTP/1.1 200 OK\r\n\r\n")).await;
        assert!(matches!(post(&url, Loopback::Refused, TIME).await, Err(Problem::Url(_))));
        let named = "https://localhost/told".parse().expect("a URL");
        assert_eq!(post(&named, Loopback::Refused, TIME).await, Err(Problem::AddressNotAllowed));
        assert!(!unheard.is_finished());
        unheard.abort();
    }
}
