//! The tool as an agent meets it: over HTTP, with an issuer that publishes one key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;
use crate::stage::{FAR_AWAY, Issuer, header, sign};

impl Issuer {
    fn claims(&self) -> Value {
        json!({
            "iss": self.url, "aud": RESOURCE, "sub": "p-1", "client_id": "finance-agent", "iat": 1, "exp": FAR_AWAY,
            "jti": "t-1", "scope": FILE_SCOPE,
            "authorization_details": [
                {"type": "file_access", "locations": [LOCATION], "actions": ["read"], "identifier": "Q4-report.pdf"}
            ],
        })
    }

    fn claims_but(&self, name: &str, value: Value) -> Value {
        let mut claims = self.claims();
        let object = claims.as_object_mut().expect("an object");
        if value.is_null() {
            object.remove(name);
        } else {
            object.insert(name.to_owned(), value);
        }
        claims
    }
}

async fn get(tool: &FileTool, path: &str, token: &str) -> (u16, String, String) {
    answer(
        reqwest::Client::new()
            .get(format!("{}{path}", tool.origin()))
            .header("authorization", format!("Bearer {token}")),
    )
    .await
}

/// Status, challenge and body.
async fn answer(request: reqwest::RequestBuilder) -> (u16, String, String) {
    let answer = request.send().await.expect("an answer");
    let challenge = answer
        .headers()
        .get("www-authenticate")
        .map(|value| value.to_str().expect("text").to_owned())
        .unwrap_or_default();
    (answer.status().as_u16(), challenge, answer.text().await.expect("a body"))
}

async fn stage() -> (Issuer, FileTool) {
    let issuer = Issuer::start().await;
    let tool = FileTool::start(&issuer.url, Transport::new().expect("a client")).await.expect("started");
    (issuer, tool)
}

#[tokio::test]
async fn the_approved_file_is_served_and_the_one_beside_it_refused() {
    let (issuer, tool) = stage().await;
    let token = sign(&header(), &issuer.claims());
    let (status, _, body) = get(&tool, "/finance/Q4-report.pdf", &token).await;
    assert_eq!(status, 200);
    assert!(body.contains("fourth quarter"));

    let (status, challenge, body) = get(&tool, "/finance/Q3-report.pdf", &token).await;
    assert_eq!(status, 403);
    assert!(challenge.contains(r#"error="insufficient_authorization""#), "{challenge}");
    assert!(!body.contains("third quarter"));
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(body["authorization_details"][0]["identifier"], "Q3-report.pdf");
}

#[tokio::test]
async fn a_detail_without_identifier_means_every_file_of_its_locations() {
    let (issuer, tool) = stage().await;
    let every = |locations| json!([{"type": "file_access", "locations": locations, "actions": ["read"]}]);
    let token = sign(&header(), &issuer.claims_but("authorization_details", every(json!([LOCATION]))));
    assert_eq!(get(&tool, "/finance/Q3-report.pdf", &token).await.0, 200);
    let elsewhere = every(json!([format!("{RESOURCE}/legal")]));
    let token = sign(&header(), &issuer.claims_but("authorization_details", elsewhere));
    assert_eq!(get(&tool, "/finance/Q3-report.pdf", &token).await.0, 403);
}

#[tokio::test]
async fn whether_another_file_exists_is_not_told() {
    let (issuer, tool) = stage().await;
    let token = sign(&header(), &issuer.claims());
    let (there, _, _) = get(&tool, "/finance/Q3-report.pdf", &token).await;
    let (not_there, _, _) = get(&tool, "/finance/Q5-report.pdf", &token).await;
    assert_eq!((there, not_there), (403, 403));
}

/// RFC 6750, section 3.1: a request without a token gets a challenge without an error.
#[tokio::test]
async fn a_request_without_a_token_is_challenged() {
    let (_issuer, tool) = stage().await;
    let url = format!("{}/finance/Q4-report.pdf", tool.origin());
    let client = reqwest::Client::new();
    for request in [
        client.get(&url),
        client.get(&url).header("authorization", "Basic YTpi"),
        client.get(format!("{url}?access_token=a")),
    ] {
        let (status, challenge, _) = answer(request).await;
        assert_eq!((status, challenge.as_str()), (401, r#"Bearer realm="files""#));
    }
    let (status, challenge, _) =
        answer(client.get(&url).header("authorization", "Bearer a").header("authorization", "Bearer b"))
            .await;
    assert_eq!(status, 400);
    assert!(challenge.contains(r#"error="invalid_request""#));
}

/// RFC 9068, section 4.
#[tokio::test]
async fn a_token_with_one_wrong_claim_is_not_accepted() {
    let (issuer, tool) = stage().await;
    for (name, value) in [
        ("iss", json!("http://localhost:1")),
        ("iss", Value::Null),
        ("aud", json!("https://mail.internal.corp")),
        ("aud", json!([])),
        ("aud", Value::Null),
        ("exp", json!(1)),
        ("exp", json!("4102444800")),
        ("exp", Value::Null),
        ("nbf", json!(FAR_AWAY)),
        ("sub", Value::Null),
        ("scope", json!(["files.access"])),
        ("authorization_details", json!({"type": "file_access"})),
    ] {
        let token = sign(&header(), &issuer.claims_but(name, value.clone()));
        let (status, challenge, _) = get(&tool, "/finance/Q4-report.pdf", &token).await;
        assert_eq!(status, 401, "{name}: {value}");
        assert!(challenge.contains(r#"error="invalid_token""#), "{name}: {value}");
    }
}

/// An ID token for this audience, a token that says `none` or HMAC, one by a key nobody knows (RFC 8725).
#[tokio::test]
async fn a_token_with_another_header_is_not_accepted() {
    let (issuer, tool) = stage().await;
    for wrong in [
        json!({"typ": "JWT", "alg": "ES256", "kid": "one"}),
        json!({"alg": "ES256", "kid": "one"}),
        json!({"typ": "at+jwt", "alg": "none", "kid": "one"}),
        json!({"typ": "at+jwt", "alg": "HS256", "kid": "one"}),
        json!({"typ": "at+jwt", "alg": "HS256", "kid": "shared"}),
        json!({"typ": "at+jwt", "alg": "RS256", "kid": "rsa"}),
        json!({"typ": "at+jwt", "alg": "ES256", "kid": "rsa"}),
        json!({"typ": "at+jwt", "alg": "ES256", "kid": "two"}),
        json!({"typ": "at+jwt", "alg": "ES256"}),
        json!({"typ": "at+jwt", "alg": "ES256", "kid": "one", "crit": ["exp"], "exp": 1}),
    ] {
        let token = sign(&wrong, &issuer.claims());
        let (status, _, _) = get(&tool, "/finance/Q4-report.pdf", &token).await;
        assert_eq!(status, 401, "{wrong}");
    }
    let long_form = json!({"typ": "application/at+jwt", "alg": "ES256", "kid": "one"});
    let token = sign(&long_form, &issuer.claims());
    assert_eq!(get(&tool, "/finance/Q4-report.pdf", &token).await.0, 200);
}

#[tokio::test]
async fn a_token_that_was_changed_is_not_accepted() {
    let (issuer, tool) = stage().await;
    let token = sign(&header(), &issuer.claims());
    let [head, _, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts");
    };
    let wider = issuer.claims_but(
        "authorization_details",
        json!([
            {"type": "file_access", "locations": [LOCATION], "actions": ["read"]}
        ]),
    );
    let changed = format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(wider.to_string()));
    for wrong in [changed, format!("{token}A"), token.replace('.', ""), "a".into(), String::new()] {
        let (status, _, _) = get(&tool, "/finance/Q3-report.pdf", &wrong).await;
        assert_eq!(status, 401, "{wrong}");
    }
}

#[tokio::test]
async fn a_token_without_the_scope_is_told_which_one() {
    let (issuer, tool) = stage().await;
    let token = sign(&header(), &issuer.claims_but("scope", json!("openid")));
    let (status, challenge, _) = get(&tool, "/finance/Q4-report.pdf", &token).await;
    assert_eq!(status, 403);
    assert!(
        challenge.contains(r#"error="insufficient_scope""#) && challenge.contains(r#"scope="files.access""#),
        "{challenge}"
    );
}

#[tokio::test]
async fn files_can_be_read_and_deleted_only() {
    let (issuer, tool) = stage().await;
    let token = sign(&header(), &issuer.claims());
    let (status, _, _) = answer(
        reqwest::Client::new()
            .put(format!("{}/finance/Q4-report.pdf", tool.origin()))
            .header("authorization", format!("Bearer {token}")),
    )
    .await;
    assert_eq!(status, 405);
}

#[tokio::test]
async fn metadata_of_another_issuer_is_not_trusted() {
    let issuer = Issuer::start().await;
    let other = issuer.url.replace("127.0.0.1", "localhost");
    let refused = FileTool::start(&other, Transport::new().expect("a client")).await;
    assert!(matches!(refused, Err(Trouble::Document { .. })));
}
