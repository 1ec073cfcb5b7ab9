//! Authentication requests that the client signs (OpenID CIBA Core 1.0, section 7.1.1).

use serde_json::{Value, json};

use crate::agent::{Agent, Proof, the_file};
use crate::asking::{Answering, for_signing_in_of, somebody_reachable, the_person_answers};
use crate::assertion::{header, unguessable};
use crate::person::Person;
use crate::stack::Stack;
use crate::web::Parameters;

pub(crate) fn the_sworn_agent(stack: &Stack) -> Agent<'_> {
    Agent { stack, id: "sworn-agent".to_owned(), proof: Proof::Assertion("ES256") }
}

fn claims(stack: &Stack, person: &Person) -> Value {
    json!({
        "iss": "sworn-agent", "aud": stack.issuer, "iat": stack.now(), "nbf": stack.now(), "exp": stack.now() + 120, "jti": unguessable(),
        "scope": "openid files.access", "login_hint": person.user_name, "binding_message": "W4SCT", "requested_expiry": 60,
        "authorization_details": [the_file("Q4-report.pdf", &["read"])],
    })
}

fn signed(stack: &Stack, header: &Value, claims: &Value) -> Parameters {
    Parameters::of([("request", stack.client_key.signed(header, claims).as_str())])
}

/// A request of the sworn agent for a person, signed as it should be.
pub(crate) fn sworn(stack: &Stack, person: &Person) -> Parameters {
    signed(stack, &header("ES256"), &claims(stack, person))
}

#[test]
fn a_signed_request_is_asked_as_it_says_and_once() {
    let stack = Stack::shared();
    let (agent, person) = (the_sworn_agent(stack), somebody_reachable(stack));
    let request = sworn(stack, &person);
    let answer = agent.asks_elsewhere(&request).ok();
    assert_eq!(answer.json()["expires_in"], 60);
    let auth_req_id = answer.string("auth_req_id");
    agent.asks_elsewhere(&request).is_refused(400, "invalid_request");

    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    let tokens = agent.comes_with(&auth_req_id).ok();
    assert_eq!(tokens.json()["authorization_details"], json!([the_file("Q4-report.pdf", &["read"])]));
}

#[test]
fn a_client_that_signs_sends_nothing_unsigned_and_one_that_does_not_sends_nothing_signed() {
    let stack = Stack::shared();
    let (agent, person) = (the_sworn_agent(stack), somebody_reachable(stack));
    let unsigned = for_signing_in_of(&person.user_name);
    agent.asks_elsewhere(&unsigned).is_refused(400, "invalid_request");
    let both = sworn(stack, &person).and("binding_message", "OTHER");
    agent.asks_elsewhere(&both).is_refused(400, "invalid_request");
    let other = Agent { stack, id: "signing-asking-agent".to_owned(), proof: Proof::Assertion("ES256") };
    other.asks_elsewhere(&sworn(stack, &person)).is_refused(400, "request_not_supported");
}

#[test]
fn a_request_that_is_not_signed_by_the_client_for_this_server_and_this_hour_is_refused() {
    let stack = Stack::shared();
    let (agent, person) = (the_sworn_agent(stack), somebody_reachable(stack));
    for wrong in [
        json!({"alg": "none"}),
        json!({"alg": "RS256", "kid": "rsa"}),
        json!({"alg": "HS256", "kid": "p256"}),
        json!({"alg": "ES256", "kid": "p256", "typ": "at+jwt"}),
        json!({"alg": "ES256", "kid": "p256", "crit": ["b64"]}),
        json!({"alg": "ES256", "kid": "ed25519"}),
    ] {
        let request = signed(stack, &wrong, &claims(stack, &person));
        agent.asks_elsewhere(&request).is_refused(400, "invalid_request");
    }
    for (name, value) in [
        ("iss", json!("asking-agent")),
        ("aud", json!("https://elsewhere.test")),
        ("exp", json!(stack.now() - 1)),
        ("exp", json!(stack.now() + 4_000)),
        ("nbf", json!(stack.now() + 600)),
        ("nbf", json!(stack.now() - 4_000)),
        ("jti", Value::Null),
        ("iat", Value::Null),
    ] {
        let mut claims = claims(stack, &person);
        claims[name] = value;
        let request = signed(stack, &header("ES256"), &claims);
        agent.asks_elsewhere(&request).is_refused(400, "invalid_request");
    }
    let mut whole = stack.client_key.signed(&header("ES256"), &claims(stack, &person));
    whole.pop();
    agent.asks_elsewhere(&Parameters::of([("request", whole.as_str())])).is_refused(400, "invalid_request");
}
