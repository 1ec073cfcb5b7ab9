use super::*;

const METADATA: &str = "https://files.internal.corp/.well-known/oauth-protected-resource";

#[track_caller]
fn challenge(refusal: &Refusal) -> String {
    refusal.challenge(None, None, None).expect("a challenge")
}

/// RFC 6750, section 3.1; RFC 9728, section 5.1.
#[test]
fn a_request_without_a_token_is_told_where_to_begin_and_of_no_error() {
    assert_eq!(challenge(&Refusal::NoToken), "Bearer");
    let scope = Scope::parse("files.read").expect("a scope");
    let full = Refusal::NoToken.challenge(Some("files"), Some(&scope), Some(METADATA));
    assert_eq!(
        full.expect("a challenge"),
        format!(r#"Bearer realm="files", scope="files.read", resource_metadata="{METADATA}""#)
    );
    assert_eq!(Refusal::NoToken.status(), 401);
}

#[test]
fn why_a_token_is_not_accepted_is_not_told() {
    let told = |why| {
        let response: Response<String> = Refusal::InvalidToken(why).respond(None, None, None);
        (response.status(), response.headers().clone(), response.into_body())
    };
    assert_eq!(told(Unacceptable::BadSignature), told(Unacceptable::Expired));
    assert!(challenge(&Refusal::InvalidToken(Unacceptable::Expired)).contains(r#"error="invalid_token""#));
}

#[test]
fn the_scope_that_is_needed_is_told() {
    let refusal = Refusal::InsufficientScope { needed: Scope::parse("files.access").expect("a scope") };
    assert_eq!(refusal.status(), 403);
    // Not what one begins with.
    let first = Scope::parse("files.read").expect("a scope");
    let challenge = refusal.challenge(None, Some(&first), None).expect("a challenge");
    assert!(
        challenge.contains(r#"error="insufficient_scope""#) && challenge.ends_with(r#"scope="files.access""#)
    );
}

/// RFC 9470, section 3.
#[test]
fn a_person_who_must_sign_in_again_is_told_how() {
    let refusal = Refusal::InsufficientAuthentication {
        contexts: vec!["phr".into(), "pwd".into()],
        within: Some(Duration::from_mins(5)),
    };
    assert_eq!(refusal.status(), 401);
    let challenge = challenge(&refusal);
    assert!(challenge.contains(r#"error="insufficient_user_authentication""#), "{challenge}");
    assert!(challenge.ends_with(r#"acr_values="phr pwd", max_age="300""#), "{challenge}");
}

/// RFC 9470, section 3: what the client is to ask for.
#[test]
fn a_client_that_lacks_an_approval_is_told_to_ask_for_a_passkey() {
    assert_eq!(Refusal::NotCountersigned.status(), 401);
    let challenge = challenge(&Refusal::NotCountersigned);
    assert!(challenge.contains(r#"error="insufficient_user_authentication""#), "{challenge}");
    assert!(challenge.ends_with(r#"acr_values="phr""#), "{challenge}");
}

/// draft-ietf-oauth-rar-metadata-remediation-00, section 4.
#[test]
fn the_details_to_ask_for_are_in_the_body_and_in_the_challenge() {
    let missing = json!([{"type": "file_access", "actions": ["read"], "identifier": "Q3-report.pdf"}]);
    let refusal = Refusal::InsufficientDetails { missing: missing.as_array().expect("a list").clone() };
    assert_eq!(refusal.status(), 403);
    assert_eq!(refusal.body()["error"], "insufficient_authorization");
    assert_eq!(refusal.body()["authorization_details"], missing);
    let challenge = challenge(&refusal);
    let (_, remediation) = challenge.split_once(r#"authorization_remediation=""#).expect("it is there");
    let remediation = URL_SAFE_NO_PAD.decode(remediation.trim_end_matches('"')).expect("base64url");
    let remediation: Value = serde_json::from_slice(&remediation).expect("JSON");
    assert_eq!(remediation["authorization_details"], missing);
    assert!(remediation["authorization_reference"].is_string());
}

#[test]
fn details_that_are_too_large_for_a_header_are_in_the_body_alone() {
    let missing = vec![json!({"type": "file_access", "identifier": "x".repeat(5_000)})];
    let refusal = Refusal::InsufficientDetails { missing: missing.clone() };
    assert!(!challenge(&refusal).contains("authorization_remediation"));
    assert_eq!(refusal.body()["authorization_details"], Value::from(missing));
}

/// Whoever sets a tool up could be careless.
#[test]
fn nothing_breaks_out_of_a_quoted_string() {
    let refusal = Refusal::InsufficientAuthentication {
        contexts: vec!["a\", error=\"none\r\nSet-Cookie: b\\".into()],
        within: None,
    };
    assert!(challenge(&refusal).ends_with(r#"acr_values="a\", error=\"noneSet-Cookie: b\\""#));
}

#[test]
fn who_cannot_decide_lets_nobody_in_and_blames_nobody() {
    let response: Response<String> = Refusal::Undecided(Trouble::NoKeys).respond(Some("files"), None, None);
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers().get("www-authenticate"), None);
    assert_eq!(response.headers().get("retry-after").map(HeaderValue::as_bytes), Some(b"10".as_slice()));
    assert_eq!(
        response.headers().get("cache-control").map(HeaderValue::as_bytes),
        Some(b"no-store".as_slice())
    );
}

#[test]
fn who_asks_for_what_nobody_may_do_is_not_told_to_come_with_another_token() {
    let response: Response<String> = Refusal::NobodyMay.respond(Some("files"), None, Some(METADATA));
    assert_eq!(response.status(), 403);
    assert!(response.headers().get("www-authenticate").is_none());
    assert!(response.into_body().contains("access_denied"));
}
