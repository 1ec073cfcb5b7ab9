//! Answers of people who are elsewhere, where time passes and the table's replies get lost; and what the log knows of them.

use std::fs;

use serde_json::{Value, json};

use crate::agent::the_file;
use crate::asking::{Answering, an_asking_agent, answer_form, for_approval_of, page_of, somebody_reachable};
use crate::browser::{Browser, Page};
use crate::local_stack::aws_calls::Calls;
use crate::person::Person;
use crate::stack::Stack;
use crate::token::verified;
use crate::web::{Answer, Parameters};

fn for_a_file_of(person: &Person) -> Parameters {
    for_approval_of(&person.user_name, &json!([the_file("Q4-report.pdf", &["read"])]))
}

/// The client is told nothing: it waits as after any refusal, asks, and nobody hears it.
#[test]
fn nobody_hears_an_agent_that_they_have_blocked() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let mut browser = Browser::new(&stack);
    let asked = agent.waits_for_approval(&for_a_file_of(&person));
    let page = browser.comes_to_approval(&person, &asked);
    assert_eq!(browser.answers(&page, &Answering::NotMe).status, 303);
    stack.time_passes(61);

    let unheard = agent.waits_for_approval(&for_a_file_of(&person));
    agent.comes_with(&unheard).is_refused(400, "authorization_pending");
    let answer = browser.opens(&page_of(&unheard));
    assert_eq!(answer.status, 400);
    assert!(Page::of(answer).words().contains("There is nothing here for you to decide"));
    let list = Page::of(browser.opens("/approval").ok());
    assert!(list.words().contains("Nothing waits for your answer."), "{}", list.words());
}

#[test]
fn each_answer_is_one_event_that_names_everyone_and_a_block_is_another() {
    let stack = Stack::shared();
    let observer = stack.observer();
    let agent = an_asking_agent(stack);
    let answers = |answering: &Answering| {
        let person = somebody_reachable(stack);
        let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
        let mut browser = Browser::new(stack);
        let page = browser.comes_to_approval(&person, &auth_req_id);
        let answer = browser.answers(&page, answering);
        assert_eq!(answer.status, 303, "{}", answer.text());
        (browser, person, auth_req_id, observer.audit_of(&answer))
    };
    let kind = |event: &Value| format!("{} {}", event["event"], event["outcome"]).replace('"', "");

    let (_, person, auth_req_id, events) = answers(&Answering::Yes);
    let [approved] = &events[..] else { panic!("{events:?}") };
    assert_eq!(kind(approved), "approval granted");
    let claims = verified(stack, &agent.comes_with(&auth_req_id).ok().string("access_token")).claims;
    assert_eq!(approved["person"], stack.operator().id_of(&person.user_name).as_str());
    assert_eq!(approved["client"], "asking-agent");
    assert_eq!(approved["grant_id"], claims["grant_id"]);
    assert_eq!(approved["details_digest"], claims["asked"]);
    assert!(claims["asked"].is_string(), "{claims}");
    assert!(approved["scope"].as_str().is_some_and(|scope| scope.contains("files.read")), "{approved}");

    let (_, _, auth_req_id, events) = answers(&Answering::No);
    let [denied] = &events[..] else { panic!("{events:?}") };
    assert_eq!(kind(denied), "approval denied");
    assert_eq!(denied["grant_id"], auth_req_id.split('.').next().expect("an id"));
    assert!(denied["details_digest"].is_string() && denied["person"].is_string(), "{denied}");

    let (mut browser, _, _, events) = answers(&Answering::NotMe);
    assert_eq!(events.iter().map(kind).collect::<Vec<_>>(), ["block granted", "approval denied"]);
    let account = Page::of(browser.opens("/account").ok());
    let lifting = Parameters::of([("csrf", &*account.field("csrf")), ("unblock", "asking-agent")]);
    let lifted = observer.audit_of(&browser.submits_and_stays("/account", &lifting));
    assert_eq!(lifted.iter().map(kind).collect::<Vec<_>>(), ["block-lifted granted"]);
    assert_eq!(lifted[0]["client"], "asking-agent");
    // Lifting what is not there is no event.
    let again = observer.audit_of(&browser.submits_and_stays("/account", &lifting));
    assert!(again.is_empty(), "{again:?}");
}

/// An approval is one write, after the session, and the request with the person.
#[test]
fn an_answer_calls_aws_as_often_as_it_must() {
    let stack = Stack::start("calls-of-answers", &[]);
    let (agent, observer) = (an_asking_agent(&stack), stack.observer());
    let calls = |answer: &Answer| {
        let calls = Calls::of(&observer, answer);
        (calls.reads, calls.writes)
    };
    let least = |answering: &Answering| {
        let once = |_| {
            let person = somebody_reachable(&stack);
            let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
            let mut browser = Browser::new(&stack);
            let page = browser.comes_to_approval(&person, &auth_req_id);
            let shown = calls(&browser.opens(&page_of(&auth_req_id)));
            (shown, calls(&browser.answers(&page, answering)))
        };
        (0..3).map(once).min().expect("three")
    };
    assert_eq!(least(&Answering::Yes), ((2, 0), (2, 1)));
    assert_eq!(least(&Answering::No), ((2, 0), (3, 2)));
    assert_eq!(least(&Answering::NotMe), ((2, 0), (4, 3)));
}

/// Whichever call loses its reply, the answer that is heard is the one that stands.
#[test]
fn whichever_reply_is_lost_an_answer_stands() {
    let stack = Stack::start("lost-replies-to-answers", &[]);
    let agent = an_asking_agent(&stack);
    for lost in 0..50 {
        let person = somebody_reachable(&stack);
        let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
        let mut browser = Browser::new(&stack);
        let page = browser.comes_to_approval(&person, &auth_req_id);
        stack.suffers(&json!({ "kind": "lose_reply", "skip": lost, "times": 1 }));
        let answer = browser.answers(&page, &Answering::NotMe);
        let struck = stack.calls_that_failed();
        stack.recovers();
        assert_eq!(answer.status, 303, "{lost}: {}", answer.text());
        agent.comes_with(&auth_req_id).is_refused(400, "access_denied");
        let account = Page::of(browser.opens("/account").ok());
        assert_eq!(account.fields("unblock"), ["asking-agent"], "{lost}");
        if struck == 0 {
            assert!(lost >= 7, "an answer has {lost} calls only");
            return;
        }
    }
    panic!("the answer has no end");
}

/// Nothing is heard of the write, nor of a look afterwards: it is taken back, and the person is asked once more.
#[test]
fn an_answer_of_which_nobody_heard_is_given_once_more() {
    let stack = Stack::start("unheard-answers", &[]);
    let agent = an_asking_agent(&stack);
    for answering in [Answering::Yes, Answering::No] {
        let person = somebody_reachable(&stack);
        let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
        let mut browser = Browser::new(&stack);
        let page = browser.comes_to_approval(&person, &auth_req_id);
        // The session is read, and the configuration where it is older than some seconds: what comes after is not answered.
        browser.opens(&page_of(&auth_req_id)).ok();
        stack.suffers(&json!({ "kind": "lose_reply", "operation": "PutItem" }));
        stack.suffers(&json!({ "kind": "lose_reply", "operation": "GetItem", "skip": 1 }));
        let unheard = browser.answers(&page, &answering);
        stack.recovers();
        assert_eq!(unheard.status, 503, "{}", unheard.text());
        agent.comes_with(&auth_req_id).is_refused(400, "authorization_pending");

        let again = browser.submits_and_stays("/approval", &answer_form(&page, &answering));
        assert_eq!(again.status, 409, "{}", again.text());
        let anew = Page::of(again);
        assert!(anew.words().contains("Your answer did not reach us"), "{}", anew.words());
        assert_eq!(browser.answers(&anew, &answering).status, 303);
        match answering {
            Answering::Yes => drop(agent.comes_with(&auth_req_id).ok()),
            _ => agent.comes_with(&auth_req_id).is_refused(400, "access_denied"),
        }
    }
}

const HOLDS: &str = r#"
@id("asks") permit (principal, action == Action::"ask", resource);
@id("grants-all-but-plans") permit (principal, action == Action::"grant", resource)
unless { context has detail && context.detail has identifier && context.detail.identifier == "plan.txt" };
"#;

#[test]
fn nobody_approves_what_they_do_not_hold() {
    let stack = Stack::start_with("policies-of-approvals", &[], |configuration| {
        let folder = configuration.join("policies");
        fs::remove_dir_all(&folder).expect("the tests have policies");
        fs::create_dir(&folder).expect("made");
        fs::write(folder.join("test.cedar"), HOLDS).expect("written");
    });
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let files = json!([the_file("Q4-report.pdf", &["read"]), the_file("plan.txt", &["read"])]);
    let auth_req_id = agent.waits_for_approval(&for_approval_of(&person.user_name, &files));
    let mut browser = Browser::new(&stack);
    let page = browser.comes_to_approval(&person, &auth_req_id);
    assert_eq!(page.fields("detail"), ["0"], "what they hold can be chosen");
    assert!(page.words().contains("You cannot allow this"), "{}", page.words());

    // A form that says more than the page approves nothing.
    let forged = answer_form(&page, &Answering::Yes).and("detail", "1");
    let refused = browser.submits_and_stays("/approval", &forged);
    assert_eq!(refused.status, 400, "{}", refused.text());
    let events = stack.observer().audit_of(&refused);
    assert_eq!(events[0]["reason"], "grant-not-permitted", "{events:?}");
    assert_eq!(events[0]["event"], "approval", "{events:?}");
    assert_eq!(browser.answers(&page, &Answering::Yes).status, 303);
    let granted = agent.comes_with(&auth_req_id).ok().json();
    assert_eq!(granted["authorization_details"], json!([the_file("Q4-report.pdf", &["read"])]));
}
