//! How often anybody may come in a minute, so that nobody can run up a bill.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::agent::{Agent, asks, asks_for_a_file};
use crate::browser::{Browser, Page};
use crate::person::somebody;
use crate::stack::Stack;
use crate::web::Parameters;

pub(crate) fn narrow(configuration: &Path) {
    let path = configuration.join("server.toml");
    let text = fs::read_to_string(&path).expect("the server's settings");
    let wide = "[limits]\nclient_requests_per_minute = 100_000\nsign_ins_per_minute = 100_000\n";
    let narrow = "[limits]\nclient_requests_per_minute = 20\nsign_ins_per_minute = 3\n";
    assert!(text.contains(wide), "{text}");
    fs::write(path, text.replace(wide, narrow)).expect("written");
}

/// Goes to the beginning of a minute, so that a count cannot be split by one that ends meanwhile.
pub(crate) fn begins_a_minute(stack: &Stack) {
    let into_it = u32::try_from(stack.now().rem_euclid(60)).expect("seconds");
    stack.time_passes(60 - into_it);
}

#[test]
fn a_client_that_comes_too_often_is_turned_away_until_the_minute_ends_and_nobody_else_is() {
    let stack = Stack::start_with("limits", &[], narrow);
    let (busy, other) =
        (Agent::with_basic(&stack, "nightly-agent"), Agent::with_basic(&stack, "report-agent"));
    let ask = Parameters::of([("scope", "files.read")]);
    busy.works_alone(&ask);
    begins_a_minute(&stack);
    for _ in 0..20 {
        busy.works_alone(&ask).ok();
    }
    let refused = busy.works_alone(&ask);
    refused.is_refused(429, "temporarily_unavailable");
    assert_eq!(refused.header("retry-after"), Some("60"));
    busy.finds_inactive("junk");
    other.finds_inactive("junk");
    let calls = stack.observer().calls_of(&busy.works_alone(&ask));
    assert!(!calls.contains_key("DynamoDB.UpdateItem"), "who is turned away costs no more writes: {calls:?}");
    stack.time_passes(60);
    busy.works_alone(&ask).ok();
}

/// What is pushed is kept: 60 KB are fifteen times 4 KB, and twenty times may be pushed in a minute.
#[test]
fn a_pushed_request_counts_as_much_as_it_is_long() {
    let stack = Stack::start_with("limits-of-what-is-long", &[], narrow);
    let (agent, other) = (Agent::with_basic(&stack, "report-agent"), Agent::with_basic(&stack, "files-tool"));
    let long = asks(&json!(vec![json!({ "type": "memo", "text": "long ".repeat(2_000) }); 6]));
    let short = asks_for_a_file();
    other.finds_inactive("junk");
    agent.pushes(&short);
    begins_a_minute(&stack);
    agent.pushes(&long);
    agent.sends("/par", &long.parameters).is_refused(429, "temporarily_unavailable");
    agent.sends("/par", &short.parameters).is_refused(429, "temporarily_unavailable");
    begins_a_minute(&stack);
    for _ in 0..20 {
        agent.pushes(&short);
    }
    agent.sends("/par", &short.parameters).is_refused(429, "temporarily_unavailable");
}

#[test]
fn nobody_is_counted_by_a_name_that_they_only_claim() {
    let stack = Stack::start_with("limits-of-the-claimed", &[], narrow);
    let agent = Agent::with_basic(&stack, "nightly-agent");
    let ask = Parameters::of([("scope", "files.read")]);
    agent.works_alone(&ask).ok();
    begins_a_minute(&stack);
    let stranger = Agent {
        stack: &stack,
        id: "nightly-agent".to_owned(),
        proof: crate::agent::Proof::Basic("x".repeat(43)),
    };
    for _ in 0..30 {
        stranger.works_alone(&ask).is_refused(401, "invalid_client");
    }
    agent.works_alone(&ask).ok();
}

#[test]
fn an_address_that_tries_to_sign_in_too_often_has_no_more_passwords_checked() {
    let stack = Stack::start_with("limits-of-signing-in", &[], narrow);
    let person = somebody(&stack);
    let mut browser = Browser::new(&stack);
    let page = Page::of(browser.opens("/sign-in").ok());
    begins_a_minute(&stack);
    for guess in 0..3 {
        browser.types(&page, &format!("nobody-{guess}"), "not the password");
    }
    let refused = browser.signs_in(&page, &person);
    assert_eq!(refused.status, 429);
    stack.time_passes(60);
    browser.signs_in(&page, &person).ok();
    assert!(browser.cookie("session").is_some());
}
