//! The shapes of an answer. Nothing is stored by anyone unless the shape says so.

use std::time::Duration;

use lambda_http::Body;
use lambda_http::http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::error_answer::server_error;
use crate::{Response, Site};

/// A JSON document that nobody may store (RFC 6749, section 5.1).
pub fn json(status: StatusCode, document: &impl Serialize) -> Response {
    let Ok(text) = serde_json::to_string(document) else {
        // Our own types serialise; a map with other keys than text is a bug.
        tracing::error!(document = std::any::type_name_of_val(document), "an answer does not serialise");
        return server_error();
    };
    let mut response = plain(status, Body::Text(text));
    set(&mut response, header::CONTENT_TYPE, "application/json");
    set(&mut response, header::CACHE_CONTROL, "no-store");
    response
}

/// A JSON document that is the same for everybody, such as discovery and the key set: it may be kept for
/// `lifetime`. Give it to [`crate::cors::readable_by_any_origin`].
pub fn public_json(document: &impl Serialize, lifetime: Duration) -> Response {
    let mut response = json(StatusCode::OK, document);
    set(&mut response, header::CACHE_CONTROL, &format!("public, max-age={}", lifetime.as_secs()));
    response
}

/// A document that is no JSON and the same for everybody: it may be kept for `lifetime`.
pub fn public_document(content_type: &'static str, text: String, lifetime: Duration) -> Response {
    let mut response = plain(StatusCode::OK, Body::Text(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    set(&mut response, header::CACHE_CONTROL, &format!("public, max-age={}", lifetime.as_secs()));
    response
}

/// A page. `csp` is its `Content-Security-Policy`.
///
/// `Referrer-Policy` is `same-origin`: nothing leaks to other sites, and a form of ours still says its
/// `Origin`. Under `no-referrer` browsers send `Origin: null`, which [`crate::require_same_origin`] refuses.
pub fn html(status: StatusCode, page: String, csp: &str, site: &Site) -> Response {
    let mut response = plain(status, Body::Text(page));
    set(&mut response, header::CONTENT_TYPE, "text/html; charset=utf-8");
    set(&mut response, header::CACHE_CONTROL, "no-store");
    set(&mut response, header::CONTENT_SECURITY_POLICY, csp);
    set(&mut response, header::X_FRAME_OPTIONS, "DENY");
    set(&mut response, header::REFERRER_POLICY, "same-origin");
    set(&mut response, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    if site.is_https() {
        set(&mut response, header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    if !response.headers().contains_key(header::CONTENT_SECURITY_POLICY) {
        // A page without its policy does not leave.
        tracing::error!("a page's content security policy is not a header's value");
        return server_error();
    }
    response
}

/// On to another place, by GET, whatever the method was (RFC 9110, section 15.4.4): a 307 would send a
/// person's password on to the client (OAuth 2.1, section 7.5.3).
pub fn see_other(location: &str) -> Response {
    let mut response = plain(StatusCode::SEE_OTHER, Body::Empty);
    set(&mut response, header::CACHE_CONTROL, "no-store");
    set(&mut response, header::REFERRER_POLICY, "no-referrer");
    set(&mut response, header::LOCATION, location);
    if !response.headers().contains_key(header::LOCATION) {
        tracing::error!("a redirect's target is not a header's value");
        return server_error();
    }
    response
}

/// A few words.
pub fn text(status: StatusCode, words: impl Into<String>) -> Response {
    let mut response = plain(status, Body::Text(words.into()));
    set(&mut response, header::CONTENT_TYPE, "text/plain; charset=utf-8");
    set(&mut response, header::CACHE_CONTROL, "no-store");
    response
}

/// A file that a browser saves and does not show, and that nobody else may store. `name` is of letters, digits, hyphens and dots.
pub fn attachment(content_type: &'static str, name: &str, content: Vec<u8>) -> Response {
    let mut response = file(content_type, content, "no-store", "default-src 'none'; sandbox");
    set(&mut response, header::CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""));
    response
}

/// An answer without a body, such as that of revocation (RFC 7009, section 2.2).
pub fn empty(status: StatusCode) -> Response {
    let mut response = plain(status, Body::Empty);
    set(&mut response, header::CACHE_CONTROL, "no-store");
    response
}

/// A file whose name changes with its content: browsers keep it for a year.
pub fn asset(content_type: &'static str, content: Vec<u8>) -> Response {
    // A logo is an SVG: opened by itself it must not run anything.
    let csp = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
    file(content_type, content, "public, max-age=31536000, immutable", csp)
}

/// Text leaves as text: a gateway that was not told that everything is binary would give out its base64.
fn file(content_type: &'static str, content: Vec<u8>, may_be_kept: &str, csp: &str) -> Response {
    let body = String::from_utf8(content).map_or_else(|error| Body::Binary(error.into_bytes()), Body::Text);
    let mut response = plain(StatusCode::OK, body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    set(&mut response, header::CACHE_CONTROL, may_be_kept);
    set(&mut response, header::CONTENT_SECURITY_POLICY, csp);
    set(&mut response, HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    response
}

fn plain(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    response
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "default-src 'none'";

    fn header_of<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
        response.headers().get(name).map(|value| value.to_str().expect("ASCII"))
    }

    #[test]
    fn a_page_carries_every_header_that_keeps_it_alone() {
        let page = html(StatusCode::OK, "<p>".into(), POLICY, &Site::new("https://auth.example"));
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("content-security-policy", POLICY),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cache-control", "no-store"),
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(header_of(&page, name), Some(value), "{name}");
        }
    }

    #[test]
    fn a_loopback_page_does_not_pin_the_whole_machine_to_tls() {
        let page = html(StatusCode::OK, "<p>".into(), POLICY, &Site::new("http://localhost:8765"));
        assert_eq!(header_of(&page, "strict-transport-security"), None);
    }

    #[test]
    fn a_page_without_its_policy_does_not_leave() {
        let page = html(StatusCode::OK, "<p>".into(), "a\r\nb", &Site::new("https://auth.example"));
        assert_eq!(page.status(), 500);
    }

    #[test]
    fn a_redirect_is_303_and_tells_nobody_where_it_came_from() {
        let redirect = see_other("https://agent.example/callback?code=x");
        assert_eq!(redirect.status(), 303);
        assert_eq!(header_of(&redirect, "location"), Some("https://agent.example/callback?code=x"));
        assert_eq!(header_of(&redirect, "referrer-policy"), Some("no-referrer"));
        assert_eq!(see_other("https://a.example/\r\nSet-Cookie: a=b").status(), 500);
    }

    #[test]
    fn only_what_is_the_same_for_everybody_may_be_kept() {
        let kept = public_json(&serde_json::json!({}), Duration::from_mins(5));
        assert_eq!(header_of(&kept, "cache-control"), Some("public, max-age=300"));
        let kept = asset("text/css; charset=utf-8", b"a{}".to_vec());
        assert_eq!(header_of(&kept, "cache-control"), Some("public, max-age=31536000, immutable"));
        for fresh in [text(StatusCode::OK, "hello"), empty(StatusCode::OK), see_other("/")] {
            assert_eq!(header_of(&fresh, "cache-control"), Some("no-store"));
        }
    }
}
