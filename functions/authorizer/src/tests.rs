//! Whole events, with an issuer that answers from memory.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_types::{Request, Response};
use resource::{Answering, Fetch};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::json;

use super::*;
use crate::rules::OfAll;

mod attacks;
mod audit;
mod looking_up;

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

fn rules_as_text() -> String {
    json!([{
        "methods": ["GET"], "path": "/files/{folder}/{name}", "scope": "files.access",
        "details": [{
            "type": "file_access", "among": {"actions": "read", "locations": "https://files.internal.corp/{folder}"},
            "is_or_absent": {"identifier": "{name}"},
        }],
    }, {
        "methods": ["DELETE"], "path": "/drafts/{name}", "scope": "files.access", "actor": "files-agent",
        "through": ["finance-agent", "planner"],
    }, {
        "methods": ["DELETE"], "path": "/files/{name}", "scope": "files.access",
        "acr_values": "phr pwd", "max_age": 300,
    }, {
        "methods": ["POST"], "path": "/payments", "scope": "files.access", "approval": true,
    }])
    .to_string()
}

fn rules() -> Rules {
    Rules { rules: Some(serde_json::from_str(&rules_as_text()).expect("rules")), ..Rules::default() }
}

fn authorizer(answers: bool) -> Authorizer {
    let guard = Guard::of(ISSUER, RESOURCE).fetch(Issuer { answers }).build().expect("a guard");
    Authorizer { guard, rules: rules() }
}

fn token(scope: &str) -> String {
    token_with(scope, &json!({}))
}

fn token_with(scope: &str, more: &Value) -> String {
    signed(&json!({"typ": "at+jwt", "alg": "ES256", "kid": "one"}), &claims_with(scope, more))
}

fn claims_with(scope: &str, more: &Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": RESOURCE, "sub": "person-1", "client_id": "finance-agent", "iat": 1,
        "exp": 4_102_444_800_u64, "jti": "t-1", "scope": scope,
        "authorization_details": [{
            "type": "file_access", "locations": ["https://files.internal.corp/finance"], "actions": ["read"],
            "identifier": "Q4-report.pdf",
        }],
    });
    for (name, value) in more.as_object().expect("claims") {
        claims[name] = value.clone();
    }
    claims
}

/// Signed by the issuer's key, whatever the header says.
#[expect(clippy::disallowed_methods, reason = "a signature in a test needs no exact dice")]
fn signed(header: &Value, claims: &Value) -> String {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64url");
    let (random, point) = (SystemRandom::new(), [vec![4], decode(X), decode(Y)].concat());
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let key = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &decode(D), &point, &random);
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

fn asks_of_http_api(path: &str, token: &str) -> Value {
    json!({
        "version": "2.0", "type": "REQUEST", "routeArn": format!("{API}/GET{path}"), "rawPath": path,
        "routeKey": "$default", "headers": {"authorization": format!("Bearer {token}")},
        "requestContext": {"stage": "$default", "http": {"method": "GET"}},
    })
}

async fn answer(event: &Value) -> Result<Value, &'static str> {
    authorizer(true).handle(&event.to_string()).await
}

#[tokio::test]
async fn a_token_opens_exactly_the_method_and_path_that_were_asked_for() {
    let arn = format!("{API}/GET/files/finance/Q4-report.pdf");
    let by_token = json!({
        "type": "TOKEN", "methodArn": arn, "authorizationToken": format!("bearer {}", token("files.access")),
    });
    let by_request = asks("GET", "/files/finance/Q4-report.pdf", &token("files.access"));
    let of_all = OfAll { scope: vec!["files.access".to_owned()], looked_up: false };
    for (event, rules) in [(by_request, rules()), (by_token, Rules { of_all, rules: None })] {
        let authorizer = Authorizer { rules, ..authorizer(true) };
        let allowed = authorizer.handle(&event.to_string()).await.expect("an answer");
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
        assert!(denied["context"]["refusal"].as_str().is_some_and(|text| text.contains("access_denied")));
    }
}

/// A policy's effect, and the challenge and the body that come with it.
async fn effect(method: &str, path: &str, token: &str) -> (String, String, String) {
    let answer = answer(&asks(method, path, token)).await.expect("an answer");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let context = &answer["context"];
    let effect = text(&answer["policyDocument"]["Statement"][0]["Effect"]);
    (effect, text(&context["challenge"]), text(&context["refusal"]))
}

/// Encoded or decoded in the ARN: nothing but what was sent tells the two apart, and a `TOKEN` event does not have it.
#[tokio::test]
async fn a_path_that_could_be_read_in_two_ways_meets_no_rule() {
    let bearer = format!("Bearer {}", token("files.access"));
    for path in ["finance/Q4-report.pdf", "finance%2FQ4-report.pdf"] {
        let arn = format!("{API}/GET/files/{path}");
        for event in [
            json!({"type": "TOKEN", "methodArn": arn, "authorizationToken": bearer}),
            json!({
                "type": "REQUEST", "methodArn": arn, "resource": "/files/{name}", "headers": {"Authorization": bearer},
                "path": "/files/finance%2FQ4-report.pdf",
            }),
        ] {
            let denied = answer(&event).await.expect("an answer");
            assert_eq!(denied["policyDocument"]["Statement"][0]["Effect"], "Deny", "{event}");
            assert_eq!(denied["context"].get("challenge"), None, "{event}");
        }
    }
    for path in [
        "/files//finance/Q4-report.pdf",
        "//files/finance/Q4-report.pdf",
        "/files/finance/Q4-report.pdf/",
        "/files/./finance/Q4-report.pdf",
        "/files/hr/../finance/Q4-report.pdf",
        "/files/finance/..",
    ] {
        let (effect, ..) = effect("GET", path, &token("files.access")).await;
        assert_eq!(effect, "Deny", "{path}");
    }
}

/// RFC 8693, section 4.1.
#[tokio::test]
async fn a_rule_that_names_actors_is_met_only_by_their_chain() {
    let through = |act: Value| token_with("files.access", &json!({"act": act}));
    let before = json!({"sub": "finance-agent", "act": {"sub": "planner"}});
    let allowed = through(json!({"sub": "files-agent", "act": before}));
    assert_eq!(effect("DELETE", "/drafts/a", &allowed).await.0, "Allow");
    for act in [
        json!({"sub": "files-agent"}),
        json!({"sub": "files-agent", "act": {"sub": "finance-agent"}}),
        json!({"sub": "finance-agent", "act": {"sub": "files-agent", "act": {"sub": "planner"}}}),
        json!({"sub": "files-agent", "iss": "https://elsewhere.example.com", "act": before}),
    ] {
        let (effect, challenge, refusal) = effect("DELETE", "/drafts/a", &through(act.clone())).await;
        assert_eq!(effect, "Deny", "{act}");
        assert!(challenge.contains(r#"error="insufficient_scope""#), "{challenge}");
        assert!(refusal.contains("by way of others"), "{refusal}");
    }
    assert_eq!(effect("DELETE", "/drafts/a", &token("files.access")).await.0, "Deny");
    let with_all_but_the_scope = token_with("openid", &json!({"act": {"sub": "files-agent", "act": before}}));
    assert_eq!(effect("DELETE", "/drafts/a", &with_all_but_the_scope).await.0, "Deny");
}

/// RFC 9470, section 3. The client has a good token: a bare 401 would have it come back with one that is no better.
#[tokio::test]
async fn who_signed_in_too_weakly_or_too_long_ago_is_told_how_to_sign_in() {
    let now = json!(resource::Clock::system().now()).as_i64().expect("seconds");
    let signed_in = |more: Value| token_with("files.access", &more);
    for acr in ["phr", "pwd"] {
        let good = signed_in(json!({"acr": acr, "auth_time": now - 290}));
        assert_eq!(effect("DELETE", "/files/a", &good).await.0, "Allow", "{acr}");
    }
    for more in [
        json!({"acr": "pwd", "auth_time": now - 400}),
        json!({"acr": "none", "auth_time": now}),
        json!({"acr": "pwd"}),
        json!({"auth_time": now}),
        json!({}),
    ] {
        let (effect, challenge, refusal) = effect("DELETE", "/files/a", &signed_in(more.clone())).await;
        assert_eq!(effect, "Deny", "{more}");
        for part in
            [r#"error="insufficient_user_authentication""#, r#"acr_values="phr pwd""#, r#"max_age="300""#]
        {
            assert!(challenge.contains(part), "{more}: {challenge}");
        }
        assert!(refusal.contains("insufficient_user_authentication"), "{refusal}");
    }
}

/// However the person signed in: there has to be evidence of what they approved, which the claim names.
#[tokio::test]
async fn what_takes_a_signed_approval_is_not_done_without_one() {
    let with = |more: Value| token_with("files.access", &more);
    let signed = with(json!({"approval": "5dSyFfLPTgKWwCrUY1SvqQ", "acr": "phr"}));
    assert_eq!(effect("POST", "/payments", &signed).await.0, "Allow");
    let for_another_scope = token_with("openid", &json!({"approval": "5dSyFfLPTgKWwCrUY1SvqQ"}));
    assert_eq!(effect("POST", "/payments", &for_another_scope).await.0, "Deny");
    for more in [json!({"acr": "phr"}), json!({}), json!({"approval": null})] {
        let (effect, challenge, refusal) = effect("POST", "/payments", &with(more.clone())).await;
        assert_eq!(effect, "Deny", "{more}");
        for part in [r#"error="insufficient_user_authentication""#, r#"acr_values="phr""#] {
            assert!(challenge.contains(part), "{more}: {challenge}");
        }
        assert!(refusal.contains("insufficient_user_authentication"), "{refusal}");
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
        let expired = token_with("files.access", &json!({"exp": 2}));
        assert_eq!(answer(&asks("GET", path, &expired)).await, Err("Unauthorized"), "{path}");
        two["multiValueHeaders"]["Authorization"] = json!(["Bearer \n"]);
        assert_eq!(answer(&two).await, Err("Unauthorized"), "{path}");
    }
}

#[tokio::test]
async fn an_http_api_gets_yes_or_no() {
    let good = token("files.access");
    let yes = answer(&asks_of_http_api("/files/finance/Q4-report.pdf", &good)).await.expect("an answer");
    assert_eq!((&yes["isAuthorized"], &yes["context"]["sub"]), (&json!(true), &json!("person-1")));
    for (path, token) in [
        ("/files/finance/Q3-report.pdf", good.as_str()),
        ("/files", &good),
        ("/files/finance/Q4-report.pdf", "junk"),
    ] {
        let no = answer(&asks_of_http_api(path, token)).await.expect("an answer");
        assert_eq!(no["isAuthorized"], false, "{path}");
        assert_eq!(no.get("policyDocument"), None);
    }
}

/// RFC 9728, section 5.1. Who comes without a token costs the issuer no question.
#[tokio::test]
async fn a_tool_that_describes_itself_is_pointed_to_by_every_challenge() {
    let itself = "https://files.internal.corp/.well-known/oauth-protected-resource";
    let without_a_token = json!({
        "version": "2.0", "type": "REQUEST", "routeArn": format!("{API}/GET/"), "rawPath": "/", "routeKey": "$default",
        "headers": {}, "requestContext": {"stage": "$default", "http": {"method": "GET"}},
    });
    for (url, challenge) in
        [(itself, format!("Bearer resource_metadata=\"{itself}\"")), ("", "Bearer".to_owned())]
    {
        let settings = Settings::read(|name| {
            let value = match name {
                "COUNTERSIGN_ISSUER" => ISSUER,
                "COUNTERSIGN_RESOURCE" => RESOURCE,
                "COUNTERSIGN_SCOPE" => "files.access",
                "COUNTERSIGN_METADATA_URL" => url,
                _ => return None,
            };
            Some(value.to_owned())
        });
        let authorizer = Authorizer::new(settings.expect("settings")).expect("an authorizer");
        let no = authorizer.handle(&without_a_token.to_string()).await.expect("an answer");
        assert_eq!((&no["isAuthorized"], &no["context"]["challenge"]), (&json!(false), &json!(challenge)));
    }
}

#[tokio::test]
async fn who_cannot_decide_fails_and_lets_nobody_in() {
    let event = asks("GET", "/files/finance/Q4-report.pdf", &token("files.access")).to_string();
    assert_eq!(authorizer(false).handle(&event).await, Err(FAILED));
    assert_eq!(authorizer(true).handle("{}").await, Err(FAILED));
}
