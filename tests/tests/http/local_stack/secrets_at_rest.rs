//! Nothing that was handed out can be found again: not in the table, not in the log.

use serde_json::json;

use crate::agent::{Agent, an_agent, asks_for_a_file, the_file};
use crate::browser::{Browser, Page};
use crate::person::{Decision, granted, somebody, the_person_consents, the_person_decides};
use crate::stack::Stack;
use crate::web::Parameters;

#[test]
fn no_secret_of_a_whole_run_is_in_the_table_or_in_the_log() {
    let stack = Stack::start("secrets-at-rest", &[]);
    lives_a_day(&stack);

    let secrets = stack.handed_out();
    assert!(secrets.len() > 30, "the run handed out {} secrets only", secrets.len());
    let observer = stack.observer();
    let (items, log) = (observer.items(), observer.log_text());
    assert!(items.len() > 20 && log.lines().count() > 30);
    for secret in &secrets {
        assert!(secret.len() >= 12, "too short to be looked for: {secret}");
    }
    none_is_at_rest(&stack);
}

/// Whatever was handed out at this stack is neither in its table nor in its log.
#[track_caller]
pub(crate) fn none_is_at_rest(stack: &Stack) {
    let (items, log) = (stack.observer().items(), stack.observer().log_text());
    for secret in stack.handed_out() {
        for item in &items {
            assert!(!item.contains(&secret), "{secret} is in the table: {item}");
        }
        for line in log.lines() {
            assert!(!line.contains(&secret), "{secret} is in the log: {line}");
        }
    }
}

/// A bit of everything that hands out or takes a secret, good and bad.
fn lives_a_day(stack: &Stack) {
    let (agent, person) = (an_agent(stack), somebody(stack));
    crate::running_stack::thin_path::walks_the_whole_way(stack, &agent);
    crate::running_stack::thin_path::walks_the_whole_way(stack, &Agent::with_post(stack, "posting-agent"));
    crate::running_stack::thin_path::walks_the_whole_way(stack, &Agent::signing(stack, "EdDSA"));
    crate::running_stack::thin_path::walks_the_whole_way(stack, &Agent::public(stack));

    // A replay, a wrong verifier, a stolen refresh token, a token in the wrong place.
    let ask = asks_for_a_file();
    let code = the_person_consents(&agent, &person, &ask);
    stack.hands_out(&ask.verifier);
    agent.redeems(&code, &ask).ok();
    agent.redeems(&code, &ask);
    let tokens = granted(&agent, &person, &asks_for_a_file());
    Agent::public(stack).refreshes(&tokens.refresh_token);
    agent.sends(
        "/token",
        &Parameters::of([("grant_type", &tokens.refresh_token), ("code", &tokens.access_token)]),
    );
    agent.sends(
        "/introspect",
        &Parameters::of([("token", &tokens.refresh_token), ("token_type_hint", &tokens.access_token)]),
    );
    agent.revokes(&tokens.access_token);
    the_person_decides(&agent, &person, &asks_for_a_file(), &Decision::Deny);

    // Client credentials, right and wrong.
    let nightly = Agent::with_basic(stack, "nightly-agent");
    let file = json!([the_file("Q4-report.pdf", &["read"])]).to_string();
    nightly.works_alone(&Parameters::of([("scope", "files.access"), ("authorization_details", &file)])).ok();
    let wrong = "this-is-not-the-secret-of-anybody";
    stack.hands_out(wrong);
    Agent { stack, id: "report-agent".to_owned(), proof: crate::agent::Proof::Basic(wrong.to_owned()) }
        .sends("/token", &Parameters::of([("grant_type", "client_credentials")]));

    // A wrong password, and a password typed where the name belongs.
    let mut browser = Browser::new(stack);
    let page = Page::of(browser.opens(&agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()))));
    let typo = "a password with one wrong letter";
    stack.hands_out(typo);
    let page = Page::of(browser.types(&page, &person.user_name, typo));
    let page = Page::of(browser.types(&page, &person.password, "x"));
    browser.signs_in(&page, &person).ok();
    browser.opens(&format!("/account?session={}", person.password));
}
