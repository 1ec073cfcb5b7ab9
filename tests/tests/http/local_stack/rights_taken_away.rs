//! What an operator takes from a client, it has no more from then on, whatever its tokens say: at userinfo and introspection
//! too, and by tokens that only refer to their details.

use std::fs;

use serde_json::{Value, json};

use crate::agent::{Ask, FILES, an_agent, asks, the_file, the_file_tool};
use crate::exchange::without_details;
use crate::person::{granted, somebody, the_person_consents};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::Parameters;

const CLIENT: &str = "clients/report-agent.toml";

/// The tool for files, with all that the agent has of it after the rest was taken.
const OF_FILES: [&str; 3] = [r#""files", "#, r#""files.access", "#, r#""archive", "memo", "vault", "#];

/// Takes something out of the agent's file, and lets the server take notice.
fn takes(stack: &Stack, what: &[&str]) {
    let path = stack.configuration.join(CLIENT);
    let mut text = fs::read_to_string(&path).expect("a file of the configuration");
    for part in what {
        assert!(text.contains(part), "{CLIENT} does not say {part}");
        text = text.replace(part, "");
    }
    fs::write(path, text).expect("written");
    stack.operator().applies(&stack.configuration);
    stack.takes_notice();
}

fn words(said: &Value) -> Vec<String> {
    let mut words: Vec<_> =
        said["scope"].as_str().unwrap_or_default().split(' ').map(str::to_owned).collect();
    words.sort();
    words
}

/// OpenID Connect Core, section 5.4: a scope asks for claims.
#[test]
fn userinfo_tells_nothing_that_a_scope_was_for_which_the_client_has_no_more() {
    let stack = Stack::start("scopes-taken-from-userinfo", &[]);
    let (agent, person) = (an_agent(&stack), somebody(&stack));
    let token = granted(&agent, &person, &Ask::new("openid profile email offline_access")).access_token;
    let told = stack.userinfo(&token).ok().json();
    assert!(told["preferred_username"].is_string() && told.get("name").is_some(), "{told}");

    takes(&stack, &[r#""profile", "#]);
    let told = stack.userinfo(&token).ok().json();
    let names: Vec<&String> = told.as_object().expect("claims").keys().collect();
    assert!(told["sub"].is_string() && told.get("name").is_none(), "{names:?}");
    assert!(told.get("preferred_username").is_none(), "{names:?}");

    takes(&stack, &[r#""openid", "#]);
    let refused = stack.userinfo(&token);
    assert_eq!(refused.status, 403, "{}", refused.text());
    let challenge = refused.header("www-authenticate").expect("a challenge");
    assert!(challenge.contains("insufficient_scope"), "{challenge}");
}

/// One token carries its details and one refers to them: each loses what its client loses.
#[test]
fn introspection_says_no_scope_type_or_tool_that_was_taken_from_the_client() {
    let stack = Stack::start("taken-at-introspection", &[]);
    let (agent, person, tool) = (an_agent(&stack), somebody(&stack), the_file_tool(&stack));
    let file = the_file("Q4-report.pdf", &["read"]);
    let memo = |length: usize| json!({"type": "memo", "text": "long ".repeat(length)});
    let token = |length: usize| {
        let ask = asks(&json!([file, memo(length)])).with("scope", "files.read files.access");
        let answer = agent.redeems(&the_person_consents(&agent, &person, &ask), &ask).ok();
        answer.string("access_token")
    };
    let (carries, refers) = (token(1), token(1_000));
    let claims = |token: &str| verified(&stack, token).claims;
    assert!(claims(&carries).get("authorization_details_id").is_none());
    assert!(claims(&refers)["authorization_details_id"].is_string());
    let both = || [(tool.introspects(&carries), 1), (tool.introspects(&refers), 1_000)];
    for (said, length) in both() {
        assert_eq!(words(&said), ["files.access", "files.read"]);
        assert_eq!(said["authorization_details"], json!([file, memo(length)]));
    }

    takes(&stack, &[r#""files.read", "#]);
    for (said, _) in both() {
        assert_eq!(words(&said), ["files.access"]);
    }
    takes(&stack, &[r#""file_access", "#]);
    for (said, length) in both() {
        assert_eq!(said["authorization_details"], json!([memo(length)]));
    }
    takes(&stack, &OF_FILES);
    for (said, _) in both() {
        assert_eq!(said, json!({ "active": false }), "its tool is not the client's any more");
    }
}

/// A token that says a scope and none of the details would look as if it allowed everything.
#[test]
fn nothing_is_renewed_where_every_detail_was_taken_from_the_client() {
    let stack = Stack::start("details-taken-from-a-grant", &[]);
    let (agent, person) = (an_agent(&stack), somebody(&stack));
    let ask = asks(&json!([the_file("Q4-report.pdf", &["read"])]))
        .with("scope", "openid files.read files.access offline_access");
    let token = granted(&agent, &person, &ask).refresh_token;
    let for_files = Parameters::of([("resource", FILES)]);
    let token = agent.refreshes_for(&token, &for_files).ok().string("refresh_token");
    takes(&stack, &[r#""file_access", "#]);
    for more in [&for_files, &for_files.clone().joined(&without_details())] {
        agent.refreshes_for(&token, more).is_refused(400, "invalid_target");
    }
}

/// RFC 7662, section 2.2: a refresh token is for what its client would get by it.
#[test]
fn a_refresh_token_is_shown_with_what_its_client_could_still_get() {
    let stack = Stack::start("taken-from-a-refresh-token", &[]);
    let (agent, person) = (an_agent(&stack), somebody(&stack));
    let file = the_file("Q4-report.pdf", &["read"]);
    let memo = json!({"type": "memo", "text": "remember"});
    let ask = asks(&json!([file, memo])).with("scope", "files.read files.access offline_access");
    let code = the_person_consents(&agent, &person, &ask);
    let token = agent.redeems(&code, &ask).ok().string("refresh_token");
    let said = || agent.introspects(&token);
    assert_eq!(said()["authorization_details"], json!([file, memo]));
    assert_eq!(words(&said()), ["files.access", "files.read", "offline_access"]);

    takes(&stack, &[r#""files.read", "#]);
    takes(&stack, &[r#""file_access", "#]);
    assert_eq!(words(&said()), ["files.access", "offline_access"]);
    assert_eq!(said()["authorization_details"], json!([memo]));
    takes(&stack, &OF_FILES);
    assert!(said().get("authorization_details").is_none_or(|left| *left == json!([])), "{}", said());
    let refused = agent.refreshes_for(&token, &Parameters::of([("resource", FILES)]));
    refused.is_refused(400, "invalid_target");
}
