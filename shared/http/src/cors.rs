//! Which answers a script of another site may read (the Fetch standard's CORS protocol).
//!
//! Public clients in browsers call discovery, the key set, the token endpoint, userinfo and revocation. None
//! of these looks at a cookie, so any origin may read them and none may send credentials. The authorization
//! endpoint and the pages are for navigation alone: they never go through here.

use lambda_http::Body;
use lambda_http::http::{HeaderValue, Method, StatusCode, header};

use crate::Response;
use crate::request::{Allowed, Request};

/// Lets scripts of any origin read the answer.
pub fn readable_by_any_origin(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Retry-After, WWW-Authenticate, x-amzn-Remapped-WWW-Authenticate"),
    );
    response
}

/// The answer to a browser that asks before it sends. `None` for any other request.
pub fn preflight(request: &Request, allowed: Allowed) -> Option<Response> {
    if request.method() != Method::OPTIONS {
        return None;
    }
    let mut response = readable_by_any_origin(Response::new(Body::Empty));
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(allowed.as_str()));
    // Clients of MCP servers say their version when they look for the documents, too (MCP, transports).
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("Authorization, Content-Type, MCP-Protocol-Version"),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    headers.insert(header::ALLOW, HeaderValue::from_static(allowed.as_str()));
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method) -> Request {
        lambda_http::http::Request::builder().method(method).body(Body::Empty).expect("a request")
    }

    #[test]
    fn any_origin_may_read_and_none_may_send_cookies() {
        let response = preflight(&request(Method::OPTIONS), Allowed::Post).expect("a preflight");
        assert_eq!(response.status(), 204);
        assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_METHODS], "POST");
        assert!(!response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }

    #[test]
    fn a_client_of_an_mcp_server_may_say_its_version() {
        let response = preflight(&request(Method::OPTIONS), Allowed::Get).expect("a preflight");
        let headers = response.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str().expect("text");
        assert!(headers.split(", ").any(|one| one == "MCP-Protocol-Version"), "{headers}");
    }

    #[test]
    fn only_options_is_a_preflight() {
        assert!(preflight(&request(Method::POST), Allowed::Post).is_none());
    }
}
