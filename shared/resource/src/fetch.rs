use std::pin::Pin;

use http_types::{Request, Response, StatusCode};
use serde::de::DeserializeOwned;
use url::{Host, Url};

use crate::Trouble;

/// An answer on its way; the error is why there is none, in words.
pub type Answering<'f> = Pin<Box<dyn Future<Output = Result<Response<Vec<u8>>, String>> + Send + 'f>>;

/// How this room reaches the authorization server. Whoever implements it follows no redirect, because a request may carry
/// the tool's credentials, and limits time and size of an answer. `Https` is one that is ready.
pub trait Fetch: Send + Sync {
    /// Sends a request and reads its answer. An error status is an answer.
    fn fetch(&self, request: Request<Vec<u8>>) -> Answering<'_>;
}

/// Sends a request, and reads the JSON of an answer with status 200.
pub(crate) async fn json<T: DeserializeOwned>(
    fetch: &dyn Fetch,
    what: &'static str,
    request: Request<Vec<u8>>,
) -> Result<(T, Response<()>), Trouble> {
    let answer = fetch.fetch(request).await.map_err(|why| Trouble::NoAnswer { what, why })?;
    if answer.status() != StatusCode::OK {
        return Err(Trouble::unusable(what, &format_args!("status {}", answer.status())));
    }
    let (parts, body) = answer.into_parts();
    // The parser's words could repeat what stands there.
    let value =
        serde_json::from_slice(&body).map_err(|_| Trouble::unusable(what, "not the JSON it should be"))?;
    Ok((value, Response::from_parts(parts, ())))
}

/// Whether a URL is one to trust keys from and to send credentials to: https, or plain http on this very machine when the
/// issuer is there too.
pub(crate) fn is_safe(url: &str, issuer: &str) -> bool {
    let Ok(parsed) = Url::parse(url) else {
        return false;
    };
    let no_user = parsed.username().is_empty() && parsed.password().is_none();
    no_user && (parsed.scheme() == "https" || (is_plain_loopback(&parsed) && is_on_this_machine(issuer)))
}

fn is_on_this_machine(issuer: &str) -> bool {
    Url::parse(issuer).is_ok_and(|url| is_plain_loopback(&url))
}

fn is_plain_loopback(url: &Url) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_and_an_issuer_on_it() {
        let (here, there) = ("http://localhost:8690", "https://auth.example.com");
        for (url, issuer, safe) in [
            ("https://auth.example.com/jwks.json", there, true),
            ("https://keys.example.net/jwks.json", there, true),
            ("http://auth.example.com/jwks.json", there, false),
            ("http://localhost/jwks.json", there, false),
            ("http://127.0.0.1:1/jwks.json", here, true),
            ("http://[::1]/jwks.json", here, true),
            ("http://169.254.169.254/latest", here, false),
            ("http://localhost.example.com/", here, false),
            ("https://name:word@auth.example.com/", there, false),
            ("file:///etc/passwd", here, false),
            ("jwks.json", there, false),
        ] {
            assert_eq!(is_safe(url, issuer), safe, "{url} of {issuer}");
        }
    }
}
