use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{HOST, HeaderValue};
use hyper::{Request, Uri};

/// Whom a connection leads to (RFC 9110, section 4.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) is_secure: bool,
    /// A name, or an address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// A request whose content is in memory.
pub(crate) type Outgoing = Request<Full<Bytes>>;

/// A request of the SDK as HTTP/1.1 sends it: the target in origin form, and the host in its header (RFC 9112, section 3.2).
///
/// # Errors
/// What of it is not as the SDK writes it.
pub(crate) fn outgoing(request: HttpRequest) -> Result<(Origin, Outgoing), Box<dyn Error + Send + Sync>> {
    let (mut head, body) = request.try_into_http1x()?.into_parts();
    let body = Bytes::copy_from_slice(body.bytes().ok_or("the body is not in memory")?);
    let to = Origin::of(&head.uri)?;
    if !head.headers.contains_key(HOST) {
        let name = head.uri.host().ok_or("no host")?;
        let host = if to.port == to.default_port() { name.to_owned() } else { format!("{name}:{}", to.port) };
        head.headers.insert(HOST, HeaderValue::try_from(host)?);
    }
    head.uri =
        head.uri.path_and_query().map_or_else(|| Uri::from_static("/"), |target| target.clone().into());
    Ok((to, Request::from_parts(head, Full::new(body))))
}

impl Origin {
    fn of(uri: &Uri) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let is_secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err("neither https nor http".into()),
        };
        let host = uri.host().ok_or("no host")?.trim_matches(['[', ']']).to_owned();
        let mut origin = Self { is_secure, host, port: 0 };
        origin.port = uri.port_u16().unwrap_or(origin.default_port());
        Ok(origin)
    }

    const fn default_port(&self) -> u16 {
        if self.is_secure { 443 } else { 80 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_to(uri: &str) -> Result<(Origin, Outgoing), Box<dyn Error + Send + Sync>> {
        let mut request = HttpRequest::empty();
        request.set_uri(uri).expect("a URI");
        outgoing(request)
    }

    #[test]
    fn a_request_names_its_host_and_is_sent_in_origin_form() {
        for (uri, is_secure, host, port, header, target) in [
            (
                "https://kms.eu-north-1.amazonaws.com",
                true,
                "kms.eu-north-1.amazonaws.com",
                443,
                "kms.eu-north-1.amazonaws.com",
                "/",
            ),
            ("https://a.example:443/b?c=d", true, "a.example", 443, "a.example", "/b?c=d"),
            ("https://a.example:80/", true, "a.example", 80, "a.example:80", "/"),
            ("http://127.0.0.1:4566/", false, "127.0.0.1", 4566, "127.0.0.1:4566", "/"),
            ("http://[::1]:4566/", false, "::1", 4566, "[::1]:4566", "/"),
        ] {
            let (origin, request) = sent_to(uri).expect(uri);
            assert_eq!(origin, Origin { is_secure, host: host.to_owned(), port }, "{uri}");
            assert_eq!(request.headers()[HOST], header, "{uri}");
            assert_eq!(request.uri().to_string(), target, "{uri}");
        }
    }

    #[test]
    fn nothing_is_sent_to_another_scheme_or_to_nobody() {
        for uri in ["ftp://a.example/", "/only/a/path"] {
            assert!(sent_to(uri).is_err(), "{uri}");
        }
    }
}
