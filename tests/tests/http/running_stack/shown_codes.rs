//! What an agent shows of what a person gave it (`user_code`, OpenID CIBA Core 1.0, sections 7.1 and 13), and what it learns by it.

use crate::agent::Agent;
use crate::asking::{
    Answering, an_asking_agent, for_signing_in_of, rings, somebody_reachable, the_person_answers,
};
use crate::at_once::at_once;
use crate::browser::Browser;
use crate::inviting::with_the_code;
use crate::observer::body_of;
use crate::person::{Person, somebody};
use crate::stack::Stack;
use crate::web::Parameters;

const CODE: &str = "493 817 26";

/// The agent that must show a code.
fn a_coded_agent(stack: &Stack) -> Agent<'_> {
    Agent::with_basic(stack, "coded-agent")
}

/// The agent that may show one.
fn a_half_coded_agent(stack: &Stack) -> Agent<'_> {
    Agent::with_basic(stack, "half-coded-agent")
}

/// Somebody who has set a code.
#[track_caller]
fn somebody_with_a_code(stack: &Stack) -> Person {
    let person = somebody_reachable(stack);
    Browser::new(stack).sets_the_user_code(&person, CODE);
    person
}

fn showing(user_name: &str, code: &str) -> Parameters {
    for_signing_in_of(user_name).and("user_code", code)
}

#[test]
fn who_shows_the_persons_code_asks_them() {
    let stack = Stack::shared();
    let person = somebody_with_a_code(stack);
    for agent in [a_coded_agent(stack), a_half_coded_agent(stack)] {
        let auth_req_id = agent.waits_for_approval(&showing(&person.user_name, CODE));
        assert!(rings(stack, &auth_req_id), "{}", agent.id);
        the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
        agent.comes_with(&auth_req_id).ok();
    }
}

#[test]
fn who_must_show_a_code_and_shows_none_is_told_so_whoever_is_meant() {
    let stack = Stack::shared();
    let person = somebody_with_a_code(stack);
    for name in [person.user_name.as_str(), "nobody-with-a-code"] {
        a_coded_agent(stack).asks_elsewhere(&for_signing_in_of(name)).is_refused(400, "missing_user_code");
    }
}

#[test]
fn a_wrong_code_is_answered_like_that_of_nobody_and_of_who_has_none() {
    let stack = Stack::shared();
    let (person, without, unrelated) =
        (somebody_with_a_code(stack), somebody_reachable(stack), somebody(stack));
    let nobody = format!("nobody-{}", person.user_name);
    for agent in [a_coded_agent(stack), a_half_coded_agent(stack)] {
        let mut told = Vec::new();
        for name in [&person.user_name, &without.user_name, &unrelated.user_name, &nobody] {
            let answer = agent.asks_elsewhere(&showing(name, "000 000 00"));
            answer.is_refused(400, "invalid_user_code");
            told.push(answer.json()["error_description"].clone());
        }
        assert!(told.windows(2).all(|two| two[0] == two[1]), "{told:?}");
    }
}

#[test]
fn what_cannot_be_a_code_is_none() {
    let stack = Stack::shared();
    let person = somebody_with_a_code(stack);
    for code in ["12345", "4938172\u{200b}6", &"4".repeat(65)] {
        let answer = a_coded_agent(stack).asks_elsewhere(&showing(&person.user_name, code));
        answer.is_refused(400, "invalid_user_code");
    }
}

/// Only the agent that guesses waits.
#[test]
fn after_five_wrong_codes_the_right_one_does_not_count_and_other_agents_do_not_wait() {
    let stack = Stack::shared();
    let person = somebody_with_a_code(stack);
    let agent = a_coded_agent(stack);
    for _ in 0..5 {
        agent.asks_elsewhere(&showing(&person.user_name, "000 000 00")).is_refused(400, "invalid_user_code");
    }
    agent.asks_elsewhere(&showing(&person.user_name, CODE)).is_refused(400, "invalid_user_code");
    a_half_coded_agent(stack).waits_for_approval(&showing(&person.user_name, CODE));
    an_asking_agent(stack).waits_for_approval(&for_signing_in_of(&person.user_name));
}

/// Many guesses at once are no more than one after the other.
#[test]
fn of_fifty_wrong_codes_at_once_no_more_than_five_are_looked_at() {
    let stack = Stack::shared();
    let person = somebody_with_a_code(stack);
    let agent = a_coded_agent(stack);
    let answers = at_once(|_| agent.asks_elsewhere(&showing(&person.user_name, "000 000 00")));
    assert!(answers.iter().all(|answer| matches!(answer.status, 400 | 503)), "{answers:?}");
    let item = stack.observer().item(&format!("ASKS#{}", stack.operator().id_of(&person.user_name)), "ASKS");
    let kept = body_of(&item);
    let wrong = kept["wrong_codes"]["coded-agent"]["in_a_row"].as_u64().expect("a number");
    assert!((1..=5).contains(&wrong), "{wrong}");
}

/// Where the code may be left out, it is the person's choice whether such a request rings.
#[test]
fn whoever_has_set_a_code_finds_a_request_without_it_on_their_page() {
    let stack = Stack::shared();
    let (agent, with, without) =
        (a_half_coded_agent(stack), somebody_with_a_code(stack), somebody_reachable(stack));
    let silent = agent.waits_for_approval(&for_signing_in_of(&with.user_name));
    assert!(!rings(stack, &silent));
    the_person_answers(stack, &with, &silent, &Answering::Yes);
    agent.comes_with(&silent).ok();
    assert!(rings(stack, &agent.waits_for_approval(&for_signing_in_of(&without.user_name))));
    // An agent that is not registered for codes shows none.
    let other = an_asking_agent(stack).waits_for_approval(&showing(&with.user_name, "000 000 00"));
    assert!(rings(stack, &other));
}

#[test]
fn whoever_was_invited_needs_no_code() {
    let stack = Stack::shared();
    let (agent, person) = (a_coded_agent(stack), somebody_with_a_code(stack));
    let code = Browser::new(stack).invites(&person, &agent.id);
    let auth_req_id = agent.waits_for_approval(&with_the_code(&code));
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    agent.comes_with(&auth_req_id).ok();
}

#[test]
fn a_code_that_was_removed_is_good_for_nothing() {
    let stack = Stack::shared();
    let person = somebody_with_a_code(stack);
    Browser::new(stack).removes_the_user_code(&person);
    a_coded_agent(stack)
        .asks_elsewhere(&showing(&person.user_name, CODE))
        .is_refused(400, "invalid_user_code");
}
