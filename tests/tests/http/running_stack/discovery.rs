//! The documents that clients start from (RFC 8414; OpenID Connect Discovery 1.0; RFC 7517).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::browser::{Browser, Page};
use crate::stack::Stack;
use crate::web::{Answer, http};

#[test]
fn both_documents_say_the_same_and_everything_that_clients_need() {
    let stack = Stack::shared();
    let document = stack.get("/.well-known/openid-configuration").ok().json();
    assert_eq!(document, stack.get("/.well-known/oauth-authorization-server").ok().json());
    assert_eq!(document["issuer"], stack.issuer.as_str());
    for (name, path) in [
        ("authorization_endpoint", "/authorize"),
        ("pushed_authorization_request_endpoint", "/par"),
        ("token_endpoint", "/token"),
        ("introspection_endpoint", "/introspect"),
        ("revocation_endpoint", "/revoke"),
        ("userinfo_endpoint", "/userinfo"),
        ("jwks_uri", "/jwks.json"),
    ] {
        assert_eq!(document[name], stack.url(path), "{name}");
    }
    assert_eq!(document["response_types_supported"], json!(["code"]));
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    assert_eq!(document["request_uri_parameter_supported"], false);
    let grants: BTreeSet<&str> = texts(&document["grant_types_supported"]);
    let exchange = crate::exchange::GRANT;
    let bearer = crate::exchange::JWT_BEARER;
    let ciba = crate::asking::CIBA;
    let deferred = crate::asking::DEFERRED;
    let of_oauth = ["authorization_code", "client_credentials", "refresh_token"];
    let extensions = [exchange, bearer, ciba, deferred];
    assert_eq!(grants, of_oauth.into_iter().chain(extensions).collect());
    // draft-ietf-oauth-deferred-token-response-01, section 4.1.
    assert_eq!(document["deferred_token_response_supported"], true);
}

#[test]
fn the_published_keys_are_public_and_named() {
    let stack = Stack::shared();
    let keys = stack.get("/jwks.json").ok().json();
    let keys = keys["keys"].as_array().unwrap();
    let algorithms: BTreeSet<&str> = keys.iter().map(|key| key["alg"].as_str().unwrap()).collect();
    assert_eq!(algorithms, BTreeSet::from(["ES256", "RS256"]));
    for key in keys {
        assert!(key["kid"].is_string() && key["use"] == "sig", "{key}");
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none(), "{private} is published");
        }
    }
}

/// Whatever the gateway takes for binary: what is text leaves as text.
#[test]
fn what_a_page_is_dressed_in_arrives_as_it_is_written() {
    let stack = Stack::shared();
    let page = Page::of(stack.get("/errors").ok());
    let sheets: Vec<&str> = page.html.split("href=\"").filter_map(|rest| rest.split('"').next()).collect();
    let sheets: Vec<&str> = sheets.into_iter().filter(|path| path.contains(".css")).collect();
    assert_eq!(sheets.len(), 2, "{sheets:?}");
    for path in sheets {
        let sheet = Answer::to(http().get(format!("{}{path}", Browser::new(stack).origin()))).ok();
        assert_eq!(sheet.header("content-type"), Some("text/css; charset=utf-8"), "{path}");
        assert!(sheet.text().contains(":root"), "{path}: {}", sheet.text());
    }
}

/// Any page may read them: they hold nothing of anybody.
#[test]
fn a_page_of_another_site_may_read_the_documents_and_nothing_else() {
    let stack = Stack::shared();
    let from_elsewhere =
        |path: &str| Answer::to(http().get(stack.url(path)).header("origin", "https://app.test"));
    for path in ["/.well-known/openid-configuration", "/jwks.json"] {
        assert_eq!(from_elsewhere(path).header("access-control-allow-origin"), Some("*"), "{path}");
    }
    for path in ["/authorize", "/account", "/sign-in"] {
        assert_eq!(from_elsewhere(path).header("access-control-allow-origin"), None, "{path}");
    }
}

#[test]
fn the_documents_can_be_cached() {
    let stack = Stack::shared();
    for path in ["/.well-known/openid-configuration", "/jwks.json", "/authorization-details-types"] {
        let answer = stack.get(path).ok();
        assert!(answer.header("cache-control").is_some_and(|value| value.contains("max-age=")), "{path}");
        let head = Answer::to(http().head(stack.url(path)));
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
    }
}

fn texts(value: &Value) -> BTreeSet<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}
