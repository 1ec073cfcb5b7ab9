//! Each decision is one event in the log.

use crate::agent::{Agent, an_agent, asks_for_a_file};
use crate::browser::{Browser, Page};
use crate::person::{Decision, somebody, the_code};
use crate::stack::Stack;
use crate::token::verified;

#[test]
fn each_decision_on_the_way_is_one_event_that_names_everyone() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent(stack), somebody(stack));
    let ask = asks_for_a_file().with("purpose", "I write the quarterly summary.");
    let observer = stack.observer();

    let pushed = agent.sends("/par", &ask.parameters);
    let event = &observer.audit_of(&pushed)[..];
    assert!(
        matches!(event, [one] if one["event"] == "push" && one["outcome"] == "granted" && one["client"] == "report-agent"),
        "{event:?}"
    );

    let mut browser = Browser::new(stack);
    let page = browser.comes_to_consent(&person, &agent.sends_the_person_with(&pushed.string("request_uri")));
    let decided = browser.decides(&page, &Decision::All);
    let code = the_code(stack, &decided);
    let token = agent.redeems(&code, &ask).ok();
    let claims = verified(stack, &token.string("access_token")).claims;

    let events = observer.audit_of(&decided);
    let [consent] = &events[..] else { panic!("{events:?}") };
    assert_eq!((consent["event"].as_str(), consent["outcome"].as_str()), (Some("consent"), Some("granted")));
    let events = observer.audit_of(&token);
    let [issued] = &events[..] else { panic!("{events:?}") };
    assert_eq!((issued["event"].as_str(), issued["outcome"].as_str()), (Some("token"), Some("granted")));
    for event in [consent, issued] {
        assert_eq!(event["person"], claims["sub"], "{event}");
        assert_eq!(event["grant_id"], claims["grant_id"], "{event}");
        assert_eq!(event["client"], "report-agent", "{event}");
        assert!(event["details_digest"].is_string(), "{event}");
    }
    assert_eq!(consent["details_digest"], issued["details_digest"]);
    assert_eq!(issued["token_id"], claims["jti"]);
    assert_eq!(consent["purpose"], "I write the quarterly summary.");

    let replayed = agent.redeems(&code, &ask);
    let events = observer.audit_of(&replayed);
    let [ended, refused] = &events[..] else { panic!("{events:?}") };
    assert_eq!(ended["event"], "end");
    assert_eq!((&ended["grant_id"], &ended["person"]), (&claims["grant_id"], &claims["sub"]));
    for event in [ended, refused] {
        assert_eq!((event["outcome"].as_str(), event["why"].as_str()), (Some("refused"), Some("Replayed")));
    }
}

#[test]
fn the_log_says_why_a_client_was_rejected_and_the_answer_does_not() {
    let stack = Stack::shared();
    let agent =
        Agent { stack, id: "no-such-agent".to_owned(), proof: crate::agent::Proof::Basic("x".repeat(43)) };
    let refused = agent.sends("/par", &asks_for_a_file().parameters);
    let events = stack.observer().audit_of(&refused);
    assert!(matches!(&events[..], [one] if one["why"] == "Unknown"), "{events:?}");
}

#[test]
fn a_failed_sign_in_is_an_event_that_names_no_password() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent(stack), somebody(stack));
    let mut browser = Browser::new(stack);
    let page = Page::of(browser.opens(&agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()))));
    let failed = browser.types(&page, &person.user_name, "not the password at all");
    let events = stack.observer().audit_of(&failed);
    assert!(
        matches!(&events[..], [one] if one["event"] == "sign-in" && one["outcome"] == "refused"),
        "{events:?}"
    );
}

#[test]
fn the_operator_reads_the_audit_by_client_and_time() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    agent.pushes(&asks_for_a_file());
    let said = stack.operator().does(&["audit", "--client", "report-agent", "--since", "1 h"]);
    assert!(said.contains("report-agent") && said.contains("push"), "{said}");
    let said = stack.operator().does(&["audit", "--client", "nightly-agent", "--until", "1 h"]);
    assert_eq!(said, "");
}
