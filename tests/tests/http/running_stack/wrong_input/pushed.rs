use serde_json::{Value, json};

use super::Expected::Json;
use super::{EVIL, Row, a_file_with, details, row};
use crate::agent::{Ask, asks, asks_for_a_file, the_file};

/// What `/par` refuses (RFC 9126, section 2.3).
pub(super) fn rows() -> Vec<Row> {
    let mut rows = parameters();
    rows.extend(authorization_details());
    rows
}

fn pushed(section: &'static str, name: &str, error: &'static str, names: &'static str, ask: Ask) -> Row {
    row(section, format!("/par: {name}"), Json(400, error), names, move |place| {
        place.agent.request("/par", &ask.parameters)
    })
}

fn parameters() -> Vec<Row> {
    let ask = asks_for_a_file;
    vec![
        pushed(
            "RFC 9126, 2.1",
            "request_uri",
            "invalid_request",
            "request_uri",
            ask().with("request_uri", EVIL),
        ),
        pushed(
            "OAuth 2.1, 4.1.1",
            "no response_type",
            "invalid_request",
            "response_type",
            ask().without("response_type"),
        ),
        pushed(
            "OAuth 2.1, 4.1.1",
            "an empty response_type",
            "invalid_request",
            "response_type",
            ask().with("response_type", ""),
        ),
        pushed(
            "OAuth 2.1, 10.1",
            "response_type=token",
            "unsupported_response_type",
            "response_type",
            ask().with("response_type", "token"),
        ),
        pushed(
            "OAuth 2.1, 10.1",
            "an unknown response_type",
            "unsupported_response_type",
            "response_type",
            ask().with("response_type", EVIL),
        ),
        pushed(
            "OAuth 2.1, 3.1",
            "response_type twice",
            "invalid_request",
            "response_type",
            ask().and("response_type", "code"),
        ),
        pushed(
            "RFC 7636, 4.4.1",
            "no code_challenge",
            "invalid_request",
            "code_challenge",
            ask().without("code_challenge"),
        ),
        pushed(
            "RFC 7636, 4.3",
            "no code_challenge_method",
            "invalid_request",
            "code_challenge_method",
            ask().without("code_challenge_method"),
        ),
        pushed(
            "RFC 7636, 4.3",
            "code_challenge_method=plain",
            "invalid_request",
            "code_challenge_method",
            ask().with("code_challenge_method", "plain"),
        ),
        pushed(
            "RFC 7636, 4.2",
            "a code_challenge that is too short",
            "invalid_request",
            "code_challenge",
            ask().with("code_challenge", "abc"),
        ),
        pushed(
            "RFC 7636, 4.2",
            "a code_challenge of other characters",
            "invalid_request",
            "code_challenge",
            ask().with("code_challenge", &format!("{EVIL}{}", "a".repeat(10))),
        ),
        pushed(
            "OAuth 2.1, 2.3",
            "a redirect_uri that is not registered",
            "invalid_request",
            "redirect_uri",
            ask().with("redirect_uri", "https://evil.test/"),
        ),
        pushed(
            "OAuth 2.1, 2.3",
            "a redirect_uri that is no URI",
            "invalid_request",
            "redirect_uri",
            ask().with("redirect_uri", EVIL),
        ),
        pushed(
            "OAuth 2.1, 2.3.2",
            "no redirect_uri, where several are registered",
            "invalid_request",
            "redirect_uri",
            ask().without("redirect_uri"),
        ),
        pushed(
            "OAuth 2.1, 3.1",
            "redirect_uri twice",
            "invalid_request",
            "redirect_uri",
            ask().and("redirect_uri", "https://evil.test/"),
        ),
        pushed(
            "RFC 6749, 3.3",
            "an unknown scope",
            "invalid_scope",
            "scope",
            ask().with("scope", "evil.scope"),
        ),
        pushed(
            "RFC 6749, 3.3",
            "a scope with two spaces",
            "invalid_request",
            "scope",
            ask().with("scope", "openid  profile"),
        ),
        pushed(
            "RFC 6749, 3.3",
            "a scope of other characters",
            "invalid_request",
            "scope",
            ask().with("scope", EVIL),
        ),
        pushed(
            "RFC 9396, 3",
            "a scope that needs details, alone",
            "invalid_scope",
            "scope",
            ask().without("authorization_details"),
        ),
        pushed(
            "RFC 6749, 3.3",
            "an over-long scope",
            "invalid_request",
            "scope",
            ask().with("scope", &"evil".repeat(5000)),
        ),
        pushed(
            "RFC 8707, 2",
            "an unknown resource",
            "invalid_target",
            "resource",
            ask().with("resource", "https://evil.test"),
        ),
        pushed(
            "RFC 8707, 2",
            "a resource that is no URI",
            "invalid_target",
            "resource",
            ask().with("resource", EVIL),
        ),
        pushed(
            "RFC 8707, 2",
            "a resource with a fragment",
            "invalid_target",
            "resource",
            ask().with("resource", "https://files.test#evil"),
        ),
        pushed(
            "OpenID Core, 3.1.2.1",
            "an unknown prompt",
            "invalid_request",
            "prompt",
            ask().with("prompt", EVIL),
        ),
        pushed(
            "OpenID Core, 3.1.2.1",
            "prompt=none with another",
            "invalid_request",
            "prompt",
            ask().with("prompt", "none consent"),
        ),
        pushed(
            "OpenID Core, 3.1.2.1",
            "a max_age that is no number",
            "invalid_request",
            "max_age",
            ask().with("max_age", EVIL),
        ),
        pushed(
            "OpenID Core, 3.1.2.1",
            "a max_age beyond all numbers",
            "invalid_request",
            "max_age",
            ask().with("max_age", &"9".repeat(40)),
        ),
        pushed(
            "OpenID Core, 3.1.2.1",
            "two spaces in acr_values",
            "invalid_request",
            "acr_values",
            ask().with("acr_values", "a  b"),
        ),
        pushed(
            "OpenID Core, 3.1.2.1",
            "eleven acr_values",
            "invalid_request",
            "acr_values",
            ask().with("acr_values", "1 2 3 4 5 6 7 8 9 10 11"),
        ),
        pushed(
            "OpenID Core, 3.1.2.1",
            "an over-long value of acr_values",
            "invalid_request",
            "acr_values",
            ask().with("acr_values", &"a".repeat(257)),
        ),
        pushed(
            "OpenID Core, 6.1",
            "a request object",
            "request_not_supported",
            "request",
            ask().with("request", EVIL),
        ),
        pushed(
            "OAuth 2.1, 4.1.1",
            "an over-long state",
            "invalid_request",
            "state",
            ask().with("state", &"evil".repeat(1000)),
        ),
        pushed("OAuth 2.1, 3.1", "state twice", "invalid_request", "state", ask().and("state", EVIL)),
        pushed(
            "OpenID Core, 3.1.2.1",
            "an over-long nonce",
            "invalid_request",
            "nonce",
            ask().with("nonce", &"evil".repeat(1000)),
        ),
        pushed(
            "OpenID Core, 3.1.2.1",
            "an over-long login_hint",
            "invalid_request",
            "login_hint",
            ask().with("login_hint", &"evil".repeat(100)),
        ),
        pushed(
            "OAuth 2.0 Multiple Response Types, 2.1",
            "response_mode=fragment",
            "invalid_request",
            "response_mode",
            ask().with("response_mode", "fragment"),
        ),
        pushed(
            "infra/errors.md, malformed-parameter",
            "a purpose of several lines",
            "invalid_request",
            "purpose",
            ask().with("purpose", EVIL),
        ),
        pushed(
            "infra/errors.md, malformed-parameter",
            "an over-long purpose",
            "invalid_request",
            "purpose",
            ask().with("purpose", &"evil ".repeat(100)),
        ),
        pushed(
            "infra/errors.md, malformed-parameter",
            "a purpose that turns text around",
            "invalid_request",
            "purpose",
            ask().with("purpose", "evil\u{202e}"),
        ),
        row(
            "RFC 6749, 5.2",
            "/par: a client without authorization_code",
            Json(400, "invalid_request"),
            "redirect_uri",
            |place| place.nightly.request("/par", &asks_for_a_file().parameters),
        ),
    ]
}

fn authorization_details() -> Vec<Row> {
    let raw = |text: &str| asks_for_a_file().with("authorization_details", text);
    let bad = |name: &str, names: &'static str, ask: Ask| {
        pushed(
            "RFC 9396, 5",
            &format!("authorization_details: {name}"),
            "invalid_authorization_details",
            names,
            ask,
        )
    };
    let place = "authorization_details";
    let first = "authorization_details[0]";
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let deep_in_one = format!(r#"[{{"type":"file_access","x":{}1{}}}]"#, "[".repeat(40), "]".repeat(40));
    let many: Vec<Value> = (0..101).map(|_| the_file("Q4-report.pdf", &["read"])).collect();
    let second = json!([the_file("Q4-report.pdf", &["read"]), {"type": "file_access"}]);
    vec![
        bad("no JSON", place, raw(EVIL)),
        bad("cut off", place, raw(r#"[{"type":"file_access""#)),
        bad("an object", place, raw(r#"{"type":"file_access"}"#)),
        bad("null", place, raw("null")),
        bad("a trailing comma", place, raw(r#"[{"type":"file_access"},]"#)),
        bad("nested 5,000 deep", place, raw(&deep)),
        bad("nested 40 deep in a detail", place, raw(&deep_in_one)),
        bad("a hundred and one", place, asks(&json!(many))),
        bad("a member twice", place, raw(r#"[{"type":"file_access","identifier":"a","identifier":"evil"}]"#)),
        bad("an element that is no object", first, raw(r#"["evil"]"#)),
        bad("no type", first, raw(r#"[{"actions":["evil"]}]"#)),
        bad("an empty type", first, raw(r#"[{"type":""}]"#)),
        bad("a type that is a number", first, raw(r#"[{"type":7}]"#)),
        bad("an unknown type", first, details(&json!([{"type": EVIL}]))),
        bad("an unknown field", first, details(&a_file_with("surplus", json!(EVIL)))),
        bad("a missing field", "authorization_details[1]", details(&second)),
        bad(
            "a value that is not in the list",
            "authorization_details[0]/actions",
            details(&a_file_with("actions", json!([EVIL]))),
        ),
        bad(
            "a value of another kind",
            "authorization_details[0]/identifier",
            details(&a_file_with("identifier", json!({"evil": 1}))),
        ),
        bad(
            "an over-long value",
            "authorization_details[0]/identifier",
            details(&a_file_with("identifier", json!("evil".repeat(100)))),
        ),
        bad(
            "a place of another tool",
            first,
            details(&a_file_with("locations", json!(["https://evil.test/finance"]))),
        ),
        pushed(
            "RFC 9396, 12",
            "authorization_details: above 300 KB",
            "invalid_request",
            place,
            raw(&format!("[{}]", " ".repeat(310 * 1024))),
        ),
        pushed(
            "OAuth 2.1, 3.1",
            "authorization_details twice",
            "invalid_request",
            place,
            asks_for_a_file().and(place, "[]"),
        ),
        row(
            "RFC 9396, 5",
            "/par: a type that the client may not use",
            Json(400, "invalid_authorization_details"),
            first,
            |place| {
                let ask = details(&json!([{"type": "memo", "text": EVIL}]))
                    .with("scope", "files.read")
                    .with("redirect_uri", "https://brief.test/callback");
                place.brief.request("/par", &ask.parameters)
            },
        ),
    ]
}
