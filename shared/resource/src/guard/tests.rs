use http_types::HeaderValue;
use http_types::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::*;
use crate::stage::{
    FakeIssuer, Hands, ISSUER, OTHER_PKCS8, RESOURCE, accepted, by_another, forge, header, token,
};
use crate::{Trouble, Unacceptable, WantedDetail};

const INTROSPECT: &str = "/introspect";

fn headers(values: &[&str]) -> HeaderMap {
    let values = values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_str(value).expect("a value")));
    values.fold(HeaderMap::new(), |mut headers, (name, value)| {
        headers.append(name, value);
        headers
    })
}

fn guard(fake: &FakeIssuer, hands: &Hands) -> Guard {
    fake.guard(hands).credentials(Credentials::secret("files tool", "s:cret+")).build().expect("a guard")
}

fn reads_q4() -> Demand {
    Demand::new().detail(WantedDetail::of_type("file_access").identifier("Q4"))
}

async fn refused(guard: &Guard, headers: &HeaderMap, demand: &Demand) -> Refusal {
    guard.check(headers, demand).await.map(drop).expect_err("refused")
}

/// OAuth 2.1, section 5.1.1.
#[tokio::test]
async fn a_token_comes_in_one_authorization_header() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    let guard = guard(&fake, &hands);
    let good = token(&json!({}));
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let seen = guard.check(&headers(&[&format!("{scheme} {good}")]), &Demand::new()).await;
        assert_eq!(seen.expect("let in").subject(), "person-1");
    }
    for (values, refusal) in [
        (vec![], Refusal::NoToken),
        (vec!["Basic YTpi".to_owned()], Refusal::NoToken),
        (vec!["Bearer".to_owned()], Refusal::NoToken),
        (vec![format!("DPoP {good}")], Refusal::NoToken),
        (vec![format!("Bearer{good}")], Refusal::NoToken),
        (vec![format!("Bearer {good}"), format!("Bearer {good}")], Refusal::MalformedRequest),
        (vec![format!("Bearer {good}, Bearer {good}")], Refusal::MalformedRequest),
        (vec![format!("Bearer {good} x")], Refusal::MalformedRequest),
    ] {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        assert_eq!(refused(&guard, &headers(&values), &Demand::new()).await, refusal, "{values:?}");
    }
}

#[tokio::test]
async fn junk_does_not_make_the_tool_ask_the_issuer() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    let guard = guard(&fake, &hands);
    assert!(guard.check_token("junk", &Demand::new().looked_up()).await.is_err());
    assert!(fake.arrived("/jwks.json").is_empty());
    let forged = forge(&header().to_string(), "{}", by_another);
    assert!(guard.check_token(&forged, &Demand::new().looked_up()).await.is_err());
    assert!(fake.arrived(INTROSPECT).is_empty(), "a token is looked up only when its signature holds");
}

#[tokio::test]
async fn nobody_is_let_in_while_the_issuer_was_never_reached() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    fake.is_silent_at("/jwks.json");
    let refusal = guard(&fake, &hands).check_token(&token(&json!({})), &Demand::new()).await.map(drop);
    assert!(matches!(refusal, Err(Refusal::Undecided(Trouble::NoAnswer { .. }))), "{refusal:?}");
}

/// RFC 7662; RFC 9396, section 9.2.
#[tokio::test]
async fn details_that_a_token_refers_to_are_asked_for_once_in_a_while() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    let guard = guard(&fake, &hands);
    let referring = token(&json!({"authorization_details_id": "digest"}));
    let q4 = json!({"type": "file_access", "identifier": "Q4"});
    fake.says(INTROSPECT, &json!({"active": true, "authorization_details": [q4], "scope": "files.access"}));
    for _ in 0..3 {
        let seen = guard.check_token(&referring, &reads_q4()).await.expect("let in");
        assert_eq!(seen.details().len(), 1);
    }
    let asked = fake.arrived(INTROSPECT);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].form["token"], referring);
    // RFC 6749, section 2.3.1: both are form-encoded first.
    assert_eq!(asked[0].authorization.as_deref(), Some("Basic ZmlsZXMrdG9vbDpzJTNBY3JldCUyQg=="));

    fake.says(INTROSPECT, &json!({"active": false}));
    hands.move_on(10);
    let refusal = guard.check_token(&referring, &reads_q4()).await.map(drop);
    assert_eq!(refusal, Err(Refusal::InvalidToken(Unacceptable::Inactive)));
}

#[tokio::test]
async fn what_the_issuer_does_not_name_any_more_is_gone() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    let guard = guard(&fake, &hands);
    let q4 = json!({"type": "file_access", "identifier": "Q4"});
    let carrying = token(&json!({"authorization_details": [q4], "scope": "files.access files.read"}));
    assert!(guard.check_token(&carrying, &reads_q4()).await.is_ok());
    fake.says(INTROSPECT, &json!({"active": true, "scope": "files.access admin"}));
    let looked_up = guard.check_token(&carrying, &Demand::new().looked_up()).await.expect("active");
    assert_eq!(looked_up.scope().to_string(), "files.access", "never more than the token says");
    let refusal = guard.check_token(&carrying, &reads_q4().looked_up()).await.map(drop);
    assert!(matches!(refusal, Err(Refusal::InsufficientDetails { .. })), "{refusal:?}");
}

/// An answer without `scope` names none, also where the token once had some.
#[tokio::test]
async fn the_last_scope_that_was_taken_away_is_gone() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    let guard = guard(&fake, &hands);
    fake.says(INTROSPECT, &json!({"active": true}));
    let carrying = token(&json!({"scope": "files.read"}));
    assert!(guard.check_token(&carrying, &Demand::new().scope("files.read")).await.is_ok());
    let refusal =
        guard.check_token(&carrying, &Demand::new().scope("files.read").looked_up()).await.map(drop);
    assert!(matches!(refusal, Err(Refusal::InsufficientScope { .. })), "{refusal:?}");
}

#[tokio::test]
async fn an_answer_is_never_remembered_past_the_end_of_the_token() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    let guard = guard(&fake, &hands);
    fake.says(INTROSPECT, &json!({"active": true}));
    let ends_soon = token(&json!({"exp": crate::stage::NOW + 3}));
    assert!(guard.check_token(&ends_soon, &Demand::new().looked_up()).await.is_ok());
    hands.move_on(3);
    fake.says(INTROSPECT, &json!({"active": false}));
    let refusal = guard.check_token(&ends_soon, &Demand::new().looked_up()).await.map(drop);
    assert_eq!(refusal, Err(Refusal::InvalidToken(Unacceptable::Inactive)));
}

#[tokio::test]
async fn a_token_that_cannot_be_looked_up_opens_nothing() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    let without = fake.guard(&hands).build().expect("a guard");
    let referring = token(&json!({"authorization_details_id": "digest"}));
    let refusal = without.check_token(&referring, &reads_q4()).await.map(drop);
    assert_eq!(refusal, Err(Refusal::Undecided(Trouble::NoCredentials)));
    for answer in [json!({"scope": "files.access"}), json!({"active": "true"}), json!([])] {
        fake.says(INTROSPECT, &answer);
        let refusal = guard(&fake, &hands).check_token(&referring, &reads_q4()).await.map(drop);
        assert!(matches!(refusal, Err(Refusal::Undecided(_))), "{answer}: {refusal:?}");
    }
}

/// RFC 8693, section 2.1.
#[tokio::test]
async fn a_token_is_exchanged_in_one_call() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    let credentials = Credentials::key("files-tool", "k1", OTHER_PKCS8).expect("a key");
    let guard = fake.guard(&hands).credentials(credentials).build().expect("a guard");
    fake.says(
        "/token",
        &json!({
            "access_token": "next", "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "token_type": "Bearer", "expires_in": 60, "scope": "mail.send",
            "authorization_details": [{"type": "mail"}],
        }),
    );
    let subject = accepted(&json!({}));
    let exchange = Exchange::of(&subject, "https://mail.internal.corp")
        .scope("mail.send")
        .detail(json!({"type": "mail"}));
    let next = guard.exchange(&exchange).await.expect("exchanged");
    assert_eq!((next.token.expose().as_str(), next.details.len()), ("next", 1));
    assert_eq!(next.expires_at, Some(Timestamp::from_seconds(crate::stage::NOW + 60)));

    let asked = fake.arrived("/token").pop().expect("a request");
    for (name, value) in [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", subject.secret().expose()),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ("resource", "https://mail.internal.corp"),
        ("scope", "mail.send"),
        ("authorization_details", r#"[{"type":"mail"}]"#),
        ("client_id", "files-tool"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
    ] {
        assert_eq!(asked.form[name], value);
    }
    let claims = asked.form["client_assertion"].split('.').nth(1).map(crate::stage::decode).expect("a JWT");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    assert_eq!(
        (&claims["iss"], &claims["sub"], &claims["aud"]),
        (&json!("files-tool"), &json!("files-tool"), &json!(ISSUER))
    );
}

/// RFC 8693, sections 2.2.1 and 3.
#[tokio::test]
async fn a_token_is_exchanged_for_an_assertion_and_nothing_else_is_taken_for_one() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    let guard = guard(&fake, &hands);
    let subject = accepted(&json!({}));
    let exchange = Exchange::of(&subject, "https://ledger.internal.corp").for_saml();
    let (saml, jwt) =
        ("urn:ietf:params:oauth:token-type:saml2", "urn:ietf:params:oauth:token-type:access_token");
    for (issued, token_type, taken) in [(saml, "N_A", true), (saml, "Bearer", false), (jwt, "Bearer", false)]
    {
        fake.says(
            "/token",
            &json!({"access_token": "YXNzZXJ0aW9u", "issued_token_type": issued, "token_type": token_type}),
        );
        let answer = guard.exchange(&exchange).await;
        assert_eq!(answer.is_ok(), taken, "{issued} {token_type}");
    }
    let asked = fake.arrived("/token").pop().expect("a request");
    assert_eq!(asked.form["requested_token_type"], saml);
}

#[tokio::test]
async fn an_exchange_that_is_refused_says_why_and_another_kind_of_token_is_not_taken() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    let guard = guard(&fake, &hands);
    let subject = accepted(&json!({}));
    let exchange = Exchange::of(&subject, RESOURCE);
    let no = json!({"error": "invalid_target", "error_description": "not for you"}).to_string().into_bytes();
    fake.answers_with("/token", Response::builder().status(400).body(no).expect("an answer"));
    let refused = guard.exchange(&exchange).await.map(drop);
    assert!(
        matches!(&refused, Err(ExchangeError::Refused { error, .. }) if error == "invalid_target"),
        "{refused:?}"
    );

    let (saml, jwt) = ("token-type:saml2", "token-type:access_token");
    for (issued, token_type) in [(saml, "Bearer"), (jwt, "N_A"), (jwt, "DPoP")] {
        let issued = format!("urn:ietf:params:oauth:{issued}");
        fake.says(
            "/token",
            &json!({"access_token": "a", "issued_token_type": issued, "token_type": token_type}),
        );
        let refused = guard.exchange(&exchange).await.map(drop);
        assert!(
            matches!(refused, Err(ExchangeError::Undecided(Trouble::Unusable { .. }))),
            "{issued} {token_type}: {refused:?}"
        );
    }
}

#[test]
fn a_guard_trusts_no_issuer_that_somebody_could_stand_before() {
    for issuer in ["http://auth.example.com", "auth.example.com", "", "ftp://auth.example.com"] {
        let wrong = Guard::of(issuer, RESOURCE).build().map(drop);
        assert!(matches!(wrong, Err(SetUpWrong::Issuer { .. })), "{issuer}");
    }
    let wrong = Guard::of(ISSUER, "files").build().map(drop);
    assert!(matches!(wrong, Err(SetUpWrong::Resource { .. })));
    let wrong = Guard::of(ISSUER, RESOURCE).asking_for("\"").build().map(drop);
    assert!(matches!(wrong, Err(SetUpWrong::Scope { .. })));
}

#[tokio::test]
async fn an_answer_says_what_to_ask_for_and_points_to_the_tools_metadata() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    let guard = fake.guard(&hands).realm("files").asking_for("files.read").with_metadata();
    let answer: Response<String> = guard.build().expect("a guard").answer(&Refusal::NoToken);
    let challenge = answer.headers()["www-authenticate"].to_str().expect("text");
    assert_eq!(
        challenge,
        r#"Bearer realm="files", scope="files.read", resource_metadata="https://files.internal.corp/.well-known/oauth-protected-resource""#
    );
}
