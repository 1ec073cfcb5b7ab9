//! Push (OpenID CIBA Core 1.0, sections 10.3 and 12): tokens are brought to a small real receiver, and used where they are for.

use std::thread::sleep;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::backchannel::{Endpoint, TOKEN, soon};
use crate::agent::{Agent, the_file, the_file_tool};
use crate::asking::{Answering, for_approval_of, somebody_reachable, the_person_answers};
use crate::at_once::{CROWD, at_once};
use crate::browser::Browser;
use crate::exchange::{acted_by, own_token_of};
use crate::local_stack::exchanges::changes;
use crate::person::Person;
use crate::stack::Stack;
use crate::token::verified;
use crate::web::Parameters;

const AUTH_REQ_ID: &str = "urn:openid:params:jwt:claim:auth_req_id";
const RT_HASH: &str = "urn:openid:params:jwt:claim:rt_hash";

/// A stack with an agent to which tokens are brought at this endpoint.
fn a_stack_that_brings(name: &str, endpoint: &Endpoint) -> Stack {
    Stack::start_with(name, &[], |configuration| {
        let path = configuration.join("clients/receiving-agent.toml");
        changes(&path, "https://agent.test/brought", &endpoint.url);
    })
}

fn a_receiving_agent(stack: &Stack) -> Agent<'_> {
    Agent::with_basic(stack, "receiving-agent")
}

fn for_a_file_of(person: &Person) -> Parameters {
    for_approval_of(&person.user_name, &json!([the_file("Q4-report.pdf", &["read"])]))
        .and("client_notification_token", TOKEN)
}

/// What the endpoint was brought, after so many times.
#[track_caller]
fn brought(endpoint: &Endpoint, times: usize) -> Vec<Value> {
    let body = |heard: &String| {
        assert!(heard.starts_with("POST /told HTTP/1.1\r\n"), "{heard}");
        assert!(heard.contains(&format!("\r\nauthorization: Bearer {TOKEN}\r\n")), "{heard}");
        serde_json::from_str(heard.split_once("\r\n\r\n").expect("a body").1).expect("JSON")
    };
    endpoint.heard(times).iter().map(body).collect()
}

#[track_caller]
fn last_brought(endpoint: &Endpoint, times: usize) -> Value {
    brought(endpoint, times).pop().expect("something")
}

fn text<'v>(brought: &'v Value, name: &str) -> &'v str {
    brought[name].as_str().unwrap_or_else(|| panic!("no {name} in {brought}"))
}

/// OpenID Connect Core, section 3.1.3.6; OpenID CIBA Core 1.0, section 10.3.1.
fn left_half(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&digest(&SHA256, token.as_bytes()).as_ref()[..16])
}

/// No token stands anywhere.
#[track_caller]
fn lies_nowhere(stack: &Stack, brought: &Value) {
    let (table, log) = (stack.observer().items().concat(), stack.observer().log_text());
    for name in ["access_token", "id_token", "refresh_token"] {
        if let Some(token) = brought[name].as_str() {
            assert!(!table.contains(token), "the {name} is in the table");
            assert!(!log.contains(token), "the {name} is in the log");
        }
    }
}

#[test]
fn the_tokens_of_an_approval_are_brought_and_good_at_their_tool() {
    let endpoint = Endpoint::opens();
    let stack = a_stack_that_brings("bringing", &endpoint);
    let (agent, person) = (a_receiving_agent(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    let brought = last_brought(&endpoint, 1);
    assert_eq!((text(&brought, "auth_req_id"), text(&brought, "token_type")), (&*auth_req_id, "Bearer"));
    assert!((290..=300).contains(&brought["expires_in"].as_u64().expect("seconds")), "{brought}");
    assert_eq!(brought.get("refresh_token"), None);

    let said = verified(&stack, text(&brought, "id_token")).claims;
    assert_eq!((&said["aud"], &said["iss"]), (&json!("receiving-agent"), &json!(stack.issuer)));
    assert_eq!(said[AUTH_REQ_ID], auth_req_id);
    assert_eq!(said["at_hash"], left_half(text(&brought, "access_token")));
    assert_eq!(said.get(RT_HASH), None);

    let seen = the_file_tool(&stack).finds_active(text(&brought, "access_token"));
    assert_eq!(seen["sub"], said["sub"]);
    assert_eq!(seen["authorization_details"], json!([the_file("Q4-report.pdf", &["read"])]));
    assert_eq!(brought["authorization_details"], seen["authorization_details"]);

    agent.comes_with(&auth_req_id).is_refused(400, "unauthorized_client");
    lies_nowhere(&stack, &brought);
}

#[test]
fn a_refresh_token_that_is_brought_is_tied_to_the_id_token_and_renews() {
    let endpoint = Endpoint::opens();
    let stack = a_stack_that_brings("bringing-to-stay", &endpoint);
    let (agent, person) = (a_receiving_agent(&stack), somebody_reachable(&stack));
    let going_on = for_a_file_of(&person).with("scope", "openid offline_access files.access");
    let auth_req_id = agent.waits_for_approval(&going_on);
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    let brought = last_brought(&endpoint, 1);
    let said = verified(&stack, text(&brought, "id_token")).claims;
    assert_eq!(said[RT_HASH], left_half(text(&brought, "refresh_token")));
    let renewed = agent.refreshes(text(&brought, "refresh_token")).ok();
    the_file_tool(&stack).finds_active(&renewed.string("access_token"));
    lies_nowhere(&stack, &brought);
}

/// OpenID CIBA Core 1.0, section 12.
#[test]
fn a_no_and_the_end_of_a_request_are_brought_and_the_token_endpoint_tells_nothing() {
    let endpoint = Endpoint::opens();
    let stack = a_stack_that_brings("bringing-of-errors", &endpoint);
    let (agent, person, other) =
        (a_receiving_agent(&stack), somebody_reachable(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    the_person_answers(&stack, &person, &auth_req_id, &Answering::No);
    let told = last_brought(&endpoint, 1);
    assert_eq!((text(&told, "error"), text(&told, "auth_req_id")), ("access_denied", &*auth_req_id));
    assert!(told["error_description"].is_string() && told.get("access_token").is_none(), "{told}");

    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&other));
    agent.comes_with(&auth_req_id).is_refused(400, "unauthorized_client");
    let id = format!("\"grant_id\":\"{}\"", auth_req_id.split('.').next().expect("an id"));
    // The timer runs as soon as the stream has brought the request.
    soon(|| stack.observer().log_text().contains(&id).then_some(()));
    sleep(Duration::from_millis(300));
    stack.time_passes(182);
    let told = last_brought(&endpoint, 2);
    assert_eq!((text(&told, "error"), text(&told, "auth_req_id")), ("expired_token", &*auth_req_id));
}

#[test]
fn an_endpoint_that_was_down_is_brought_the_same_tokens_when_it_is_up_and_nobody_else_sees_them_meanwhile() {
    let endpoint = Endpoint::opens();
    let stack = a_stack_that_brings("bringing-again", &endpoint);
    let (agent, person) = (a_receiving_agent(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    endpoint.answers("503 Service Unavailable");
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    let first = last_brought(&endpoint, 1);
    lies_nowhere(&stack, &first);
    stack.time_passes(16);
    endpoint.heard(2);
    endpoint.answers("200 OK");
    stack.time_passes(31);
    let last = last_brought(&endpoint, 3);
    for name in ["access_token", "id_token", "auth_req_id"] {
        assert_eq!(last[name], first[name]);
    }
    stack.time_passes(61);
    sleep(Duration::from_millis(500));
    assert_eq!(endpoint.heard(3).len(), 3, "it has them");
    let issued = |line: &Value| line["event"] == "token" && line["outcome"] == "granted";
    assert_eq!(stack.observer().log().iter().filter(|line| issued(line)).count(), 1, "one set was made");
    the_file_tool(&stack).finds_active(text(&last, "access_token"));
}

/// RFC 8693, section 4.1: who acts was proven when the client asked, and nobody comes to prove it again.
#[test]
fn tokens_that_are_brought_name_the_agent_that_acts() {
    let endpoint = Endpoint::opens();
    let stack = Stack::start_with("bringing-in-somebodys-name", &[], |configuration| {
        let path = configuration.join("clients/receiving-agent.toml");
        changes(&path, "https://agent.test/brought", &endpoint.url);
        let acting = "is_tool = \"files\"\nactors = [\"nightly-agent\"]\n\n[backchannel]\n";
        changes(&path, "[backchannel]\n", acting);
    });
    let (agent, person) = (a_receiving_agent(&stack), somebody_reachable(&stack));
    let acted = acted_by(&own_token_of(&Agent::with_basic(&stack, "nightly-agent")));
    let going_on = for_a_file_of(&person).with("scope", "openid offline_access files.access");
    let auth_req_id = agent.waits_for_approval(&going_on.joined(&acted));
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    let brought = last_brought(&endpoint, 1);
    let act = json!({ "sub": "nightly-agent" });
    for name in ["access_token", "id_token"] {
        assert_eq!(verified(&stack, text(&brought, name)).claims["act"], act, "{name}");
    }
    assert_eq!(the_file_tool(&stack).finds_active(text(&brought, "access_token"))["act"], act);
    let renewed = agent.refreshes(text(&brought, "refresh_token")).ok();
    assert_eq!(verified(&stack, &renewed.string("access_token")).claims["act"], act);
}

#[test]
fn a_person_who_approves_fifty_times_at_once_has_one_set_of_tokens_made() {
    let endpoint = Endpoint::opens();
    let stack = a_stack_that_brings("bringing-once", &endpoint);
    let (agent, person) = (a_receiving_agent(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    let mut browser = Browser::new(&stack);
    let page = browser.comes_to_approval(&person, &auth_req_id);
    let answers = at_once(|_| browser.clone().answers(&page, &Answering::Yes).status);
    assert_eq!(answers.len(), CROWD);
    assert_eq!(answers.iter().filter(|status| **status == 303).count(), 1, "{answers:?}");
    endpoint.heard(1);
    sleep(Duration::from_secs(1));
    let brought = brought(&endpoint, 1);
    assert!(brought.iter().all(|one| one["access_token"] == brought[0]["access_token"]), "{brought:?}");
    let issued = |line: &Value| line["event"] == "token" && line["outcome"] == "granted";
    assert_eq!(stack.observer().log().iter().filter(|line| issued(line)).count(), 1);
}

#[test]
fn what_was_ended_before_it_was_there_is_not_brought() {
    let endpoint = Endpoint::opens();
    let stack = a_stack_that_brings("bringing-nothing", &endpoint);
    let (agent, person) = (a_receiving_agent(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    endpoint.answers("503 Service Unavailable");
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    endpoint.heard(1);
    stack.operator().does(&["user", "disable", &person.user_name]);
    endpoint.answers("204 No Content");
    stack.time_passes(16);
    let told = last_brought(&endpoint, 2);
    assert_eq!((text(&told, "error"), told.get("access_token")), ("transaction_failed", None));
}

/// A request may live a quarter of an hour, and an access token lives five minutes.
#[test]
fn tokens_that_end_before_they_are_there_are_made_anew_while_the_request_lives() {
    let endpoint = Endpoint::opens();
    let stack = a_stack_that_brings("bringing-anew", &endpoint);
    let (agent, person) = (a_receiving_agent(&stack), somebody_reachable(&stack));
    let going_on = for_a_file_of(&person).with("scope", "openid offline_access files.access");
    let auth_req_id = agent.waits_for_approval(&going_on.and("requested_expiry", "900"));
    endpoint.answers("503 Service Unavailable");
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    let first = last_brought(&endpoint, 1);
    for (times, seconds) in [(2, 16), (3, 31), (4, 61), (5, 121)] {
        stack.time_passes(seconds);
        let again = last_brought(&endpoint, times);
        assert_eq!(again["access_token"], first["access_token"]);
    }
    endpoint.answers("204 No Content");
    stack.time_passes(241);
    let anew = last_brought(&endpoint, 6);
    assert_ne!(anew["access_token"], first["access_token"]);
    let said = verified(&stack, text(&anew, "id_token")).claims;
    assert_eq!(said["at_hash"], left_half(text(&anew, "access_token")));
    assert_eq!(said[RT_HASH], left_half(text(&anew, "refresh_token")));
    assert!(said["exp"].as_i64().expect("a moment") > stack.now(), "{said}");
    the_file_tool(&stack).finds_inactive(text(&first, "access_token"));
    the_file_tool(&stack).finds_active(text(&anew, "access_token"));
    let renewed = agent.refreshes(text(&anew, "refresh_token")).ok();
    the_file_tool(&stack).finds_active(&renewed.string("access_token"));
    lies_nowhere(&stack, &anew);
}

/// Nobody has any of it, as far as the server can know.
#[test]
fn what_a_client_does_not_take_is_worth_nothing() {
    for answer in ["401 Unauthorized", "307 Temporary Redirect"] {
        let endpoint = Endpoint::opens();
        let stack = a_stack_that_brings("bringing-in-vain", &endpoint);
        let (agent, person) = (a_receiving_agent(&stack), somebody_reachable(&stack));
        let going_on = for_a_file_of(&person).with("scope", "openid offline_access files.access");
        let auth_req_id = agent.waits_for_approval(&going_on);
        endpoint.answers(answer);
        the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
        let brought = last_brought(&endpoint, 1);
        let is_end = |line: &Value| line["event"] == "end" && line["outcome"] == "failed";
        let end = soon(|| stack.observer().log().into_iter().find(is_end));
        assert_eq!(end["grant_id"], auth_req_id.split('.').next().expect("an id"));
        assert_eq!((&end["client"], end["person"].is_string()), (&json!("receiving-agent"), true), "{end}");
        the_file_tool(&stack).finds_inactive(text(&brought, "access_token"));
        agent.refreshes(text(&brought, "refresh_token")).is_refused(400, "invalid_grant");
        stack.time_passes(60);
        sleep(Duration::from_millis(500));
        assert_eq!(endpoint.heard(1).len(), 1, "it is not brought again");
        let page = Browser::new(&stack).comes_to_approval(&person, &auth_req_id);
        assert!(page.words().contains("it is over"), "{}", page.words());
    }
}

#[test]
fn a_client_that_was_switched_off_before_it_was_brought_anything_is_brought_nothing() {
    let endpoint = Endpoint::opens();
    let stack = a_stack_that_brings("bringing-to-nobody", &endpoint);
    let (agent, person) = (a_receiving_agent(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    endpoint.answers("503 Service Unavailable");
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    let first = last_brought(&endpoint, 1);
    endpoint.answers("204 No Content");
    stack.operator().does(&["client", "disable", "receiving-agent"]);
    stack.takes_notice();
    stack.time_passes(16);
    let is_end = |line: &Value| line["event"] == "end" && line["outcome"] == "failed";
    soon(|| stack.observer().log().into_iter().find(is_end));
    stack.operator().does(&["client", "enable", "receiving-agent"]);
    stack.takes_notice();
    stack.time_passes(60);
    sleep(Duration::from_millis(500));
    assert_eq!(endpoint.heard(1).len(), 1);
    the_file_tool(&stack).finds_inactive(text(&first, "access_token"));
}

/// They go by reference in the token, and whole beside it.
#[test]
fn details_as_large_as_can_be_brought_are_brought_whole() {
    let endpoint = Endpoint::opens();
    let stack = a_stack_that_brings("bringing-much", &endpoint);
    let (agent, person) = (a_receiving_agent(&stack), somebody_reachable(&stack));
    let memos = |count: usize| -> Value {
        (0..count)
            .map(|number| json!({"type": "memo", "text": format!("{number} {}", "x".repeat(9_990))}))
            .collect()
    };
    let asking =
        |details: &Value| for_approval_of(&person.user_name, details).and("client_notification_token", TOKEN);
    agent.asks_elsewhere(&asking(&memos(7))).is_refused(400, "invalid_request");
    let auth_req_id = agent.waits_for_approval(&asking(&memos(6)));
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    let brought = last_brought(&endpoint, 1);
    assert_eq!(brought["authorization_details"], memos(6));
    let seen = the_file_tool(&stack).finds_active(text(&brought, "access_token"));
    assert_eq!(seen["authorization_details"], memos(6));
}
