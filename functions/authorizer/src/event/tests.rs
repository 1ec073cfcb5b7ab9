use serde_json::json;

use super::*;

const API: &str = "arn:aws:execute-api:eu-central-1:123456789012:abcdef/prod";

fn asked(event: &serde_json::Value) -> Option<Asked> {
    Event::read(&event.to_string()).expect("an event").asked()
}

fn getting(path: &str, certain: bool) -> Asked {
    Asked { method: "GET".into(), path: path.into(), certain }
}

/// A REST API's `REQUEST`, whose ARN has this path and which was sent as that.
fn request(path: &str, sent: &str) -> serde_json::Value {
    json!({"type": "REQUEST", "methodArn": format!("{API}/GET{path}"), "resource": "/{proxy+}", "path": sent})
}

#[test]
fn each_kind_of_event_says_what_is_asked() {
    let token =
        json!({"type": "TOKEN", "authorizationToken": "Bearer a", "methodArn": format!("{API}/GET/files/a")});
    assert_eq!(asked(&token), Some(getting("/files/a", false)));
    let request = json!({
        "type": "REQUEST", "methodArn": format!("{API}/GET/files/a"), "resource": "/files/{name}",
        "path": "/v1/files/a", "httpMethod": "GET",
    });
    assert_eq!(asked(&request), Some(getting("/files/a", true)));
    for sent in ["/", "/v1"] {
        let root = json!({"methodArn": format!("{API}/GET/"), "resource": "/", "path": sent});
        assert_eq!(asked(&root), Some(getting("/", true)), "{sent}");
    }
    for (stage, path) in [("$default", "/files/a"), ("prod", "/prod/files/a")] {
        let http_api = json!({
            "version": "2.0", "type": "REQUEST", "routeArn": format!("{API}/GET/files/a"), "rawPath": path,
            "routeKey": "GET /files/{name}", "requestContext": {"stage": stage, "http": {"method": "GET"}},
        });
        assert_eq!(asked(&http_api), Some(getting("/files/a", true)), "{stage}");
    }
}

/// The gateway would take `*` for any path, and hold on to the policy.
#[test]
fn a_path_that_means_more_than_itself_in_a_policy_is_asked_for_in_vain() {
    for path in ["*", "files/*", "files/?", "files/${aws:username}", "files/{name}"] {
        let event = json!({"type": "TOKEN", "methodArn": format!("{API}/GET/{path}")});
        assert_eq!(asked(&event), None, "{path}");
    }
    for arn in ["", "arn:aws:execute-api", "arn:aws:execute-api:r:a:api/prod"] {
        assert_eq!(asked(&json!({"type": "TOKEN", "methodArn": arn})), None, "{arn}");
    }
}

#[test]
fn an_encoded_slash_does_not_make_two_segments_of_one() {
    let is_uncertain = |event: &serde_json::Value| !asked(event).expect("a method and a path").certain;
    let decoded = json!({
        "type": "REQUEST", "methodArn": format!("{API}/GET/files/finance/Q4"), "resource": "/files/{name}",
        "path": "/files/finance/Q4",
    });
    assert!(is_uncertain(&decoded));
    let encoded = json!({
        "type": "REQUEST", "methodArn": format!("{API}/GET/files/finance/Q4"), "resource": "/{proxy+}",
        "path": "/files/finance%2FQ4",
    });
    assert!(is_uncertain(&encoded));
    // Nothing tells whether the ARN's slash was sent as one.
    for path in ["files/finance/Q4", "files/finance%2FQ4"] {
        let token = json!({"type": "TOKEN", "methodArn": format!("{API}/GET/{path}")});
        assert!(is_uncertain(&token), "{path}");
    }
    let http_api = json!({
        "version": "2.0", "routeArn": format!("{API}/GET/files/{{name}}"), "rawPath": "/files/finance/Q4",
        "routeKey": "GET /files/{name}", "requestContext": {"stage": "$default", "http": {"method": "GET"}},
    });
    assert!(is_uncertain(&http_api));
}

#[test]
fn a_path_is_certain_only_where_it_was_sent_just_so() {
    let is_certain = |path, sent| asked(&request(path, sent)).expect("a method and a path").certain;
    for (path, sent) in [("/files/a", "/files/a"), ("/files/a", "/v1/files/a"), ("/files/a/", "/files/a/")] {
        assert!(is_certain(path, sent), "{path} {sent}");
    }
    for sent in
        ["/files/b", "/files/a/", "/files/a/b", "/files%2Fa", "/x/../files/a", "//files/a", "files/a", ""]
    {
        assert!(!is_certain("/files/a", sent), "{sent}");
    }
    for path in [
        "/files/%61",
        "/files//a",
        "//files/a",
        "/files/a//",
        "/files/./a",
        "/files/../a",
        "/files/..",
        "/files/.",
        "/files\\a",
        "/files/a;v=1",
        "/files/a#b",
        "/files/a b",
        "/files/\u{e9}",
        "/files/a\t",
    ] {
        assert!(!is_certain(path, path), "{path}");
        let http_api = json!({
            "version": "2.0", "routeArn": format!("{API}/GET{path}"), "rawPath": path, "routeKey": "$default",
            "requestContext": {"stage": "$default", "http": {"method": "GET"}},
        });
        assert!(!asked(&http_api).expect("a method and a path").certain, "{path}");
    }
}

#[test]
fn every_authorization_header_is_seen() {
    for (event, count) in [
        (json!({"methodArn": API, "authorizationToken": "Bearer a"}), 1),
        (json!({"methodArn": API, "headers": {"authorization": "Bearer a"}}), 1),
        (json!({"methodArn": API, "headers": {"Authorization": "Bearer a", "authorization": "Bearer b"}}), 2),
        (
            json!({"methodArn": API, "headers": {"Authorization": "Bearer b"},
                "multiValueHeaders": {"AUTHORIZATION": ["Bearer a", "Bearer b"]}}),
            2,
        ),
        (json!({"methodArn": API}), 0),
    ] {
        let Credential::Headers(headers) = Event::read(&event.to_string()).expect("an event").credential()
        else {
            panic!("headers");
        };
        assert_eq!(headers.get_all(AUTHORIZATION).iter().count(), count, "{event}");
    }
}

#[test]
fn what_is_no_authorizers_event_is_told_apart() {
    for wrong in ["", "[]", "{}", r#"{"httpMethod": "GET"}"#, r#"{"methodArn": 7}"#] {
        assert!(Event::read(wrong).is_none(), "{wrong}");
    }
}
