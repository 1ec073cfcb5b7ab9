//! Who the client is: `private_key_jwt`, `client_secret_basic`, `client_secret_post`, `none`.

use serde_json::{Value, json};

use crate::agent::{Agent, an_agent, asks_for_a_file, basic};
use crate::assertion::{claims, header, unguessable};
use crate::stack::Stack;
use crate::web::{Answer, Parameters, post};

/// A request that a client may make at any time: whether the client is accepted shows in its status.
fn sends(stack: &Stack, form: &Parameters) -> Answer {
    Answer::to(post(&stack.url("/revoke"), &Parameters::of([("token", "junk")]).joined(form)))
}

fn with_claims(stack: &Stack, change: impl FnOnce(&mut Value)) -> Answer {
    let agent = Agent::signing(stack, "ES256");
    let mut claims = claims(stack, &agent.id);
    change(&mut claims);
    sends(stack, &agent.assertion(&header("ES256"), &claims))
}

/// RFC 7523, section 3; RFC 7518, section 3.1; RFC 8037.
#[test]
fn an_assertion_may_be_signed_by_four_algorithms() {
    let stack = Stack::shared();
    for algorithm in ["ES256", "RS256", "PS256", "EdDSA"] {
        let agent = Agent::signing(stack, algorithm);
        let answer = sends(stack, &agent.assertion(&header(algorithm), &claims(stack, &agent.id)));
        assert_eq!(answer.status, 200, "{algorithm}: {}", answer.text());
    }
}

#[test]
fn an_assertion_may_name_the_issuer_the_token_endpoint_or_the_endpoint_called() {
    let stack = Stack::shared();
    for audience in
        [json!(stack.issuer), json!(stack.url("/token")), json!(stack.url("/revoke")), json!([stack.issuer])]
    {
        let answer = with_claims(stack, |claims| claims["aud"] = audience.clone());
        assert_eq!(answer.status, 200, "{audience}: {}", answer.text());
    }
    for audience in [
        json!("https://elsewhere.test"),
        json!(stack.url("/par")),
        json!(format!("{}/", stack.issuer)),
        json!([]),
        json!(7),
        Value::Null,
    ] {
        let answer = with_claims(stack, |claims| claims["aud"] = audience.clone());
        assert_eq!(answer.status, 401, "{audience}: {}", answer.text());
        answer.is_refused(401, "invalid_client");
    }
}

#[test]
fn an_assertion_may_leave_out_iat_and_nothing_else() {
    let stack = Stack::shared();
    let without = |name: &str| {
        with_claims(stack, |claims| {
            claims.as_object_mut().unwrap().remove(name);
        })
    };
    assert_eq!(without("iat").status, 200);
    for name in ["iss", "sub", "aud", "jti", "exp"] {
        without(name).is_refused(401, "invalid_client");
    }
}

#[test]
fn an_assertion_is_refused_when_its_claims_are_not_right() {
    let stack = Stack::shared();
    let now = stack.now();
    let changes: [(&str, Value); 12] = [
        ("exp", json!(now - 120)),
        ("exp", json!(now + 1_000_000)),
        ("exp", json!("soon")),
        ("iat", json!(now + 600)),
        ("nbf", json!(now + 600)),
        ("iss", json!("report-agent")),
        ("sub", json!("report-agent")),
        ("sub", json!("")),
        ("jti", json!("")),
        ("jti", json!(7)),
        ("iss", json!(null)),
        ("exp", json!(-1)),
    ];
    for (name, value) in changes {
        let answer = with_claims(stack, |claims| claims[name] = value.clone());
        assert_eq!(answer.status, 401, "{name}: {value}: {}", answer.text());
        answer.is_refused(401, "invalid_client");
    }
}

/// RFC 7515, sections 4.1.1 and 4.1.11; RFC 8725, section 3.1.
#[test]
fn an_assertion_is_refused_when_its_header_is_not_right() {
    let stack = Stack::shared();
    let agent = Agent::signing(stack, "ES256");
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "HS256", "kid": "p256"}),
        json!({"alg": "ES256", "kid": "rsa"}),
        json!({"alg": "RS256", "kid": "p256"}),
        json!({"alg": "ES256", "kid": "unknown"}),
        json!({"alg": "ES256", "kid": "p256", "crit": ["exp"], "exp": 1}),
        json!({"alg": "es256", "kid": "p256"}),
        json!({"kid": "p256"}),
    ] {
        let answer = sends(stack, &agent.assertion(&header, &claims(stack, &agent.id)));
        assert_eq!(answer.status, 401, "{header}: {}", answer.text());
    }
    let claims = claims(stack, &agent.id);
    let good = agent.assertion(&header("ES256"), &claims);
    let jwt = good.get("client_assertion").unwrap().to_owned();
    for forged in [
        jwt[..jwt.len() - 4].to_owned(),
        format!("{jwt}AAAA"),
        jwt.replace('.', ""),
        "junk".to_owned(),
        format!("{jwt}.{jwt}"),
    ] {
        sends(stack, &good.clone().with("client_assertion", &forged)).is_refused(401, "invalid_client");
    }
    // None of these has spent the good one.
    assert_eq!(sends(stack, &good).status, 200);
}

/// RFC 7523, section 3, item 7.
#[test]
fn an_assertion_is_good_once_wherever_it_goes() {
    let stack = Stack::shared();
    let agent = Agent::signing(stack, "ES256");
    let once = agent.assertion(&header("ES256"), &claims(stack, &agent.id));
    assert_eq!(sends(stack, &once).status, 200);
    for path in ["/revoke", "/token", "/par", "/introspect"] {
        let form = Parameters::of([("token", "junk"), ("grant_type", "client_credentials")]).joined(&once);
        Answer::to(post(&stack.url(path), &form)).is_refused(401, "invalid_client");
    }
}

#[test]
fn a_client_is_held_to_the_method_that_it_registered() {
    let stack = Stack::shared();
    let secret = stack.secret_of("report-agent");
    let in_body = Parameters::of([("client_id", "report-agent"), ("client_secret", &secret)]);
    sends(stack, &in_body).is_refused(401, "invalid_client");
    sends(stack, &Parameters::of([("client_id", "report-agent")])).is_refused(401, "invalid_client");
    let other = stack.secret_of("posting-agent");
    let request = post(&stack.url("/revoke"), &Parameters::of([("token", "junk")]));
    let refused = Answer::to(request.header("authorization", basic("posting-agent", &other)));
    refused.is_refused(401, "invalid_client");
}

/// RFC 6749, sections 2.3 and 5.2.
#[test]
fn a_wrong_secret_and_an_unknown_client_get_the_same_answer() {
    let stack = Stack::shared();
    let attempt = |id: &str| {
        let request = post(&stack.url("/token"), &Parameters::of([("grant_type", "client_credentials")]));
        let answer = Answer::to(request.header("authorization", basic(id, &unguessable())));
        answer.is_refused(401, "invalid_client");
        let challenged = ["www-authenticate", "x-amzn-remapped-www-authenticate"]
            .into_iter()
            .any(|name| answer.header(name).is_some_and(|value| value.starts_with("Basic ")));
        assert!(challenged, "RFC 6749, section 5.2: the challenge matches the scheme");
        answer.json()
    };
    assert_eq!(attempt("report-agent"), attempt("no-such-agent"));
}

#[test]
fn one_way_to_authenticate_is_enough() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let signing = Agent::signing(stack, "ES256");
    let both = agent.request("/par", &asks_for_a_file().parameters.and("client_secret", "x"));
    let answer = Answer::to(both);
    assert!(matches!(answer.status, 400 | 401), "{}", answer.text());
    let both = signing.assertion(&header("ES256"), &claims(stack, &signing.id));
    let answer = agent.sends("/revoke", &Parameters::of([("token", "junk")]).joined(&both));
    assert!(matches!(answer.status, 400 | 401), "{}", answer.text());
}

/// RFC 6749, section 2.3.1: both halves are form-encoded first.
#[test]
fn a_public_client_has_no_secret_to_guess() {
    let stack = Stack::shared();
    let with_secret = Parameters::of([("client_id", "browser-app"), ("client_secret", "guess")]);
    sends(stack, &with_secret).is_refused(401, "invalid_client");
    let public = Agent::public(stack);
    let alone = public.works_alone(&Parameters::default());
    assert!(matches!(alone.status, 400 | 401), "{}", alone.text());
    let refused = public.sends("/introspect", &Parameters::of([("token", "junk")]));
    refused.is_refused(401, "invalid_client");
}
