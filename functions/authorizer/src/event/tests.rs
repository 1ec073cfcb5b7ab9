use serde_json::json;

use super::*;

const API: &str = "arn:aws:execute-api:eu-central-1:123456789012:abcdef/prod";

fn asked(event: &serde_json::Value) -> Option<Asked> {
    Event::read(&event.to_string()).expect("an event").asked()
}

fn getting(path: &str) -> Asked {
    Asked { method: "GET".into(), path: path.into(), certain: true }
}

#[test]
fn each_kind_of_event_says_what_is_asked() {
    let token =
        json!({"type": "TOKEN", "authorizationToken": "Bearer a", "methodArn": format!("{API}/GET/files/a")});
    assert_eq!(asked(&token), Some(getting("/files/a")));
    let request = json!({
        "type": "REQUEST", "methodArn": format!("{API}/GET/files/a"), "resource": "/files/{name}",
        "path": "/v1/files/a", "httpMethod": "GET",
    });
    assert_eq!(asked(&request), Some(getting("/files/a")));
    let root = json!({"type": "TOKEN", "methodArn": format!("{API}/GET/")});
    assert_eq!(asked(&root), Some(getting("/")));
    for (stage, path) in [("$default", "/files/a"), ("prod", "/prod/files/a")] {
        let http_api = json!({
            "version": "2.0", "type": "REQUEST", "routeArn": format!("{API}/GET/files/a"), "rawPath": path,
            "routeKey": "GET /files/{name}", "requestContext": {"stage": stage, "http": {"method": "GET"}},
        });
        assert_eq!(asked(&http_api), Some(getting("/files/a")), "{stage}");
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
    let is_uncertain = |event| !asked(event).expect("a method and a path").certain;
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
    let http_api = json!({
        "version": "2.0", "routeArn": format!("{API}/GET/files/{{name}}"), "rawPath": "/files/finance/Q4",
        "routeKey": "GET /files/{name}", "requestContext": {"stage": "$default", "http": {"method": "GET"}},
    });
    assert!(is_uncertain(&http_api));
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
