//! Whole events, with an issuer that answers from memory.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_types::{Request, Response};
use resource::{Answering, Fetch};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::json;

use super::*;

const ISSUER: &str = "https://auth.example.com";
const RESOURCE: &str = "https://files.internal.corp";
const API: &str = "arn:aws:execute-api:eu-central-1:123456789012:abcdef/prod";

// The example key of RFC 7515, appendix A.3.
const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const D: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";

/// An issuer that is there, or not.
struct Issuer {
    answers: bool,
}

impl Fetch for Issuer {
    fn fetch(&self, request: Request<Vec<u8>>) -> Answering<'_> {
        let document = match request.uri().path() {
            "/jwks.json" => {
                json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "one", "x": X, "y": Y}]})
            }
            _ => json!({"issuer": ISSUER, "jwks_uri": format!("{ISSUER}/jwks.json")}),
        };
        let answer = self.answers.then(|| Response::new(document.to_string().into_bytes()));
        Box::pin(async move { answer.ok_or_else(|| "nobody is there".to_owned()) })
    }
}

fn rules() -> Rules {
    let rules = json!([{
        "methods": ["GET"], "path": "/files/{folder}/{name}", "scope": "files.access",
        "details": [{
            "type": "file_access", "among": {"actions": "read", "locations": "https://files.internal.corp/{folder}"},
            "is_or_absent": {"identifier": "{name}"},
        }],
    }]);
    Rules { rules: Some(serde_json::from_value(rules).expect("rules")), ..Rules::default() }
}

fn authorizer(answers: bool) -> Authorizer {
    let guard = Guard::of(ISSUER, RESOURCE).fetch(Issuer { answers }).build().expect("a guard");
    Authorizer { guard, rules: rules() }
}

#[expect(clippy::disallowed_methods, reason = "a signature in a test needs no exact dice")]
fn token(scope: &str) -> String {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64url");
    let (random, point) = (SystemRandom::new(), [vec![4], decode(X), decode(Y)].concat());
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let key = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &decode(D), &point, &random);
    let claims = json!({
        "iss": ISSUER, "aud": RESOURCE, "sub": "person-1", "client_id": "finance-agent", "iat": 1,
        "exp": 4_102_444_800_u64, "jti": "t-1", "scope": scope,
        "authorization_details": [{
            "type": "file_access", "locations": ["https://files.internal.corp/finance"], "actions": ["read"],
            "identifier": "Q4-report.pdf",
        }],
    });
    let header = json!({"typ": "at+jwt", "alg": "ES256", "kid": "one"});
    let input = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let signature = key.expect("a key").sign(&random, input.as_bytes()).expect("signed");
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn asks(method: &str, path: &str, token: &str) -> Value {
    json!({
        "type": "REQUEST", "methodArn": format!("{API}/{method}{path}"), "resource": "/{proxy+}", "path": path,
        "httpMethod": method, "multiValueHeaders": {"Authorization": [format!("Bearer {token}")]},
    })
}

async fn answer(event: &Value) -> Result<Value, &'static str> {
    authorizer(true).handle(&event.to_string()).await
}

#[tokio::test]
async fn a_token_opens_exactly_the_method_and_path_that_were_asked_for() {
    let arn = format!("{API}/GET/files/finance/Q4-report.pdf");
    let events = [
        asks("GET", "/files/finance/Q4-report.pdf", &token("files.access")),
        json!({"type": "TOKEN", "methodArn": arn, "authorizationToken": format!("bearer {}", token("files.access"))}),
    ];
    for event in events {
        let allowed = answer(&event).await.expect("an answer");
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": arn}],
        });
        assert_eq!(allowed["policyDocument"], policy);
        assert_eq!(allowed["principalId"], "person-1");
        let context = &allowed["context"];
        assert_eq!((&context["sub"], &context["client_id"]), (&json!("person-1"), &json!("finance-agent")));
        assert_eq!(context["scope"], "files.access");
        let details: Value =
            serde_json::from_str(context["authorization_details"].as_str().expect("text")).expect("JSON");
        assert_eq!(details[0]["identifier"], "Q4-report.pdf");
    }
}

#[tokio::test]
async fn what_the_token_does_not_allow_is_denied_and_told_what_is_missing() {
    let denied = answer(&asks("GET", "/files/finance/Q3-report.pdf", &token("files.access")))
        .await
        .expect("an answer");
    assert_eq!(denied["policyDocument"]["Statement"][0]["Effect"], "Deny");
    let challenge = denied["context"]["challenge"].as_str().expect("a challenge");
    assert!(challenge.contains(r#"error="insufficient_authorization""#), "{challenge}");
    let refusal = denied["context"]["refusal"].as_str().expect("a body");
    assert!(refusal.contains("Q3-report.pdf"), "{refusal}");

    let denied =
        answer(&asks("GET", "/files/finance/Q4-report.pdf", &token("openid"))).await.expect("an answer");
    assert!(denied["context"]["challenge"].as_str().expect("a challenge").contains("insufficient_scope"));
}

#[tokio::test]
async fn what_no_rule_names_is_denied_to_every_token() {
    for (method, path) in [
        ("DELETE", "/files/finance/Q4-report.pdf"),
        ("GET", "/files"),
        ("GET", "/"),
        ("GET", "/files/finance/*"),
    ] {
        let denied = answer(&asks(method, path, &token("files.access"))).await.expect("an answer");
        assert_eq!(denied["policyDocument"]["Statement"][0]["Effect"], "Deny", "{method} {path}");
        assert_eq!(denied["policyDocument"]["Statement"].as_array().map(Vec::len), Some(1));
    }
}

#[tokio::test]
async fn who_has_no_good_token_is_unauthorized_whatever_they_ask_for() {
    for path in ["/files/finance/Q4-report.pdf", "/nowhere"] {
        for junk in ["", "junk", "a.b.c", &format!("{}x", token("files.access"))] {
            assert_eq!(answer(&asks("GET", path, junk)).await, Err("Unauthorized"), "{path} {junk}");
        }
        let mut two = asks("GET", path, "");
        let bearer = format!("Bearer {}", token("files.access"));
        two["multiValueHeaders"]["Authorization"] = json!([bearer, bearer]);
        assert_eq!(answer(&two).await, Err("Unauthorized"), "{path}");
        two["multiValueHeaders"]["Authorization"] = json!(["Bearer \n"]);
        assert_eq!(answer(&two).await, Err("Unauthorized"), "{path}");
    }
}

#[tokio::test]
async fn an_http_api_gets_yes_or_no() {
    let ask = |path: &str, token: &str| {
        json!({
            "version": "2.0", "type": "REQUEST", "routeArn": format!("{API}/GET{path}"), "rawPath": path,
            "routeKey": "$default", "headers": {"authorization": format!("Bearer {token}")},
            "requestContext": {"stage": "$default", "http": {"method": "GET"}},
        })
    };
    let good = token("files.access");
    let yes = answer(&ask("/files/finance/Q4-report.pdf", &good)).await.expect("an answer");
    assert_eq!((&yes["isAuthorized"], &yes["context"]["sub"]), (&json!(true), &json!("person-1")));
    for (path, token) in [
        ("/files/finance/Q3-report.pdf", good.as_str()),
        ("/files", &good),
        ("/files/finance/Q4-report.pdf", "junk"),
    ] {
        let no = answer(&ask(path, token)).await.expect("an answer");
        assert_eq!(no["isAuthorized"], false, "{path}");
        assert_eq!(no.get("policyDocument"), None);
    }
}

#[tokio::test]
async fn who_cannot_decide_fails_and_lets_nobody_in() {
    let event = asks("GET", "/files/finance/Q4-report.pdf", &token("files.access")).to_string();
    assert_eq!(authorizer(false).handle(&event).await, Err(FAILED));
    assert_eq!(authorizer(true).handle("{}").await, Err(FAILED));
}
