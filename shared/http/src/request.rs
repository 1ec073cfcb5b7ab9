//! What a request says beside its parameters: method, headers, and where and how it arrived.

use std::collections::BTreeMap;

use lambda_http::http::{HeaderName, Method, header};
use oauth::Refusal;

/// What arrives.
pub type Request = lambda_http::Request;

/// How a request came through the gateway; it stands in the request's extensions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// The gateway's name for this request: in every log line and audit event.
    pub request_id: String,
    /// The route that matched, as the template writes it: `/token`, `/assets/{file}`.
    pub route: String,
    /// The path as it came, without the stage.
    pub path: String,
    /// The placeholders of the route.
    pub path_parameters: BTreeMap<String, String>,
    /// Who sent it, as the gateway saw it.
    pub source_ip: Option<String>,
    /// The domain that it came to, without the port: one of those that the gateway was given, whatever `Host` says.
    pub domain: Option<String>,
}

static NOWHERE: Arrival = Arrival {
    request_id: String::new(),
    route: String::new(),
    path: String::new(),
    path_parameters: BTreeMap::new(),
    source_ip: None,
    domain: None,
};

/// How the request arrived; all empty for one that did not come through [`crate::gateway`].
pub fn arrival(request: &Request) -> &Arrival {
    request.extensions().get().unwrap_or(&NOWHERE)
}

/// The gateway's name for this request.
pub fn request_id(request: &Request) -> &str {
    &arrival(request).request_id
}

/// Which methods an endpoint answers. Whoever answers GET answers HEAD (RFC 9110, section 9.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Allowed {
    Get,
    Post,
    GetOrPost,
    Delete,
    /// What a registration's owner does (RFC 7592, section 2).
    GetPutOrDelete,
}

impl Allowed {
    /// The value of the `Allow` header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD",
            Self::Post => "POST",
            Self::GetOrPost => "GET, HEAD, POST",
            Self::Delete => "DELETE",
            Self::GetPutOrDelete => "GET, HEAD, PUT, DELETE",
        }
    }

    fn includes(self, method: &Method) -> bool {
        match *method {
            Method::GET | Method::HEAD => !matches!(self, Self::Post | Self::Delete),
            Method::POST => matches!(self, Self::Post | Self::GetOrPost),
            Method::PUT => self == Self::GetPutOrDelete,
            Method::DELETE => matches!(self, Self::Delete | Self::GetPutOrDelete),
            _ => false,
        }
    }
}

/// Checks the method.
///
/// # Errors
/// [`Refusal::WrongMethod`], answered with 405 and `Allow`.
pub fn require_method(request: &Request, allowed: Allowed) -> Result<(), Refusal> {
    if allowed.includes(request.method()) {
        Ok(())
    } else {
        Err(Refusal::WrongMethod { allowed: allowed.as_str() })
    }
}

/// The value of the `Authorization` header.
///
/// # Errors
/// [`Refusal::SeveralAuthenticationMethods`] when it came twice: what one reader checks and another uses
/// must be the same. [`Refusal::MalformedParameter`] when it is not ASCII.
pub fn authorization(request: &Request) -> Result<Option<&str>, Refusal> {
    let mut values = request.headers().get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Refusal::SeveralAuthenticationMethods);
    }
    let malformed = Refusal::MalformedParameter { name: "Authorization", expected: "a header in ASCII" };
    value.to_str().map(Some).map_err(|_| malformed)
}

/// Whether the body says that it is JSON: `application/json`, whatever the parameters (RFC 8259, section 11).
pub fn is_json(request: &Request) -> bool {
    single(request, &header::CONTENT_TYPE).is_some_and(|content_type| {
        let media = content_type.split(';').next().unwrap_or_default().trim();
        media.eq_ignore_ascii_case("application/json")
    })
}

/// The languages that the browser wishes for (RFC 9110, section 12.5.4), when it says so in a sane length.
pub fn accept_language(request: &Request) -> Option<&str> {
    single(request, &header::ACCEPT_LANGUAGE).filter(|value| value.len() <= 500)
}

/// A header that counts only when it came once and is ASCII.
pub(crate) fn single<'a>(request: &'a Request, name: &HeaderName) -> Option<&'a str> {
    let mut values = request.headers().get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;

    fn request(method: Method) -> Request {
        lambda_http::http::Request::builder().method(method).body(Body::Empty).expect("a request")
    }

    #[test]
    fn a_wrong_method_is_told_the_right_ones() {
        for (allowed, right, wrong) in [
            (Allowed::Get, vec![Method::GET, Method::HEAD], vec![Method::POST, Method::PUT]),
            (Allowed::Post, vec![Method::POST], vec![Method::GET, Method::HEAD, Method::DELETE]),
            (
                Allowed::GetOrPost,
                vec![Method::GET, Method::HEAD, Method::POST],
                vec![Method::TRACE, Method::PUT],
            ),
            (Allowed::GetPutOrDelete, vec![Method::GET, Method::PUT, Method::DELETE], vec![Method::POST]),
        ] {
            for method in right {
                assert_eq!(require_method(&request(method), allowed), Ok(()));
            }
            for method in wrong {
                let refused = Err(Refusal::WrongMethod { allowed: allowed.as_str() });
                assert_eq!(require_method(&request(method), allowed), refused);
            }
        }
    }

    #[test]
    fn an_authorization_header_that_comes_twice_is_refused() {
        let mut twice = request(Method::POST);
        assert_eq!(authorization(&twice), Ok(None));
        twice.headers_mut().append(header::AUTHORIZATION, "Basic YQ==".parse().unwrap());
        assert_eq!(authorization(&twice), Ok(Some("Basic YQ==")));
        twice.headers_mut().append(header::AUTHORIZATION, "Basic Yg==".parse().unwrap());
        assert_eq!(authorization(&twice), Err(Refusal::SeveralAuthenticationMethods));
    }
}
