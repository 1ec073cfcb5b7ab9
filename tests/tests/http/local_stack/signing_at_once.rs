//! One person signs several things at the same moment, the reply to what they signed is lost, or an operator ends everything of theirs
//! meanwhile: the chain has each approval once, and each approval its place.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::agent::{Agent, an_agent, asks, the_file_tool};
use crate::asking::{Answering, an_asking_agent, for_approval_of, page_of};
use crate::at_once::at_once;
use crate::authenticator::Authenticator;
use crate::browser::{Browser, Page};
use crate::local_stack::countersigning::{signed, somebody_with_a_passkey, the_vault, to_sign};
use crate::observer::body_of;
use crate::person::{Decision, Person, decision_form, the_code};
use crate::stack::Stack;
use crate::web::Parameters;

/// What is read before anything is written.
const READS: u32 = 2;

/// What the person has signed of a new request, and not yet sent.
fn signed_yes(
    (agent, vault): (&Agent<'_>, &str),
    (person, browser, authenticator): (&Person, &mut Browser<'_>, &mut Authenticator),
) -> (String, Parameters) {
    let asked = agent.waits_for_approval(&for_approval_of(&person.user_name, &json!([the_vault(vault)])));
    let page = Page::of(browser.opens(&page_of(&asked)).ok());
    let page = to_sign(browser.answers(&page, &Answering::Yes));
    (asked, signed(&page, authenticator))
}

/// The chain of a person, by the numbers of its entries.
fn chain_of(stack: &Stack, person: &Person) -> Vec<Value> {
    let sub = stack.operator().id_of(&person.user_name);
    let mut kept: Vec<Value> =
        stack.observer().items_of(&format!("EVIDENCE#{sub}")).iter().map(body_of).collect();
    kept.sort_by_key(|kept| kept["entry"]["number"].as_u64());
    kept
}

/// Each follows from the one before it, none is twice, and the head names the last.
#[track_caller]
fn is_whole(stack: &Stack, person: &Person, count: usize) {
    let chain = chain_of(stack, person);
    let numbers: Vec<u64> = chain.iter().filter_map(|kept| kept["entry"]["number"].as_u64()).collect();
    assert_eq!(numbers, (1..=count as u64).collect::<Vec<_>>());
    assert!(chain.windows(2).all(|pair| pair[1]["previous"] == pair[0]["head"]), "{chain:?}");
    let Some(last) = chain.last() else { return };
    let head = body_of(&stack.observer().item("HEADS#", last["entry"]["person"].as_str().expect("a sub")));
    assert_eq!(head["hash"], last["head"]);
}

/// Their passkey does not count, as those that a provider syncs: one that counts is taken in the order in which it signed.
#[test]
fn several_approvals_of_one_person_at_once_all_have_their_place() {
    let stack = Stack::start("signing-at-once", &[]);
    let (asking, agent) = (an_asking_agent(&stack), an_agent(&stack));
    let (person, mut browser, mut authenticator) = somebody_with_a_passkey(&stack);
    authenticator.counter = None;
    let (asked, form) = signed_yes((&asking, "A"), (&person, &mut browser, &mut authenticator));
    let mut all = vec![("/approval", form)];
    for vault in ["B", "C", "D"] {
        let ask = asks(&json!([the_vault(vault)]));
        let page = browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&ask)));
        let page = to_sign(browser.submits_and_stays("/consent", &decision_form(&page, &Decision::All)));
        all.push(("/consent", signed(&page, &mut authenticator)));
    }
    let answers = at_once(|number| {
        let (path, form) = &all[number % all.len()];
        browser.clone().submits_and_stays(path, form).status
    });
    for (number, (path, form)) in all.iter().enumerate() {
        let of_it: Vec<u16> = answers.iter().skip(number).step_by(all.len()).copied().collect();
        if !of_it.contains(&303) {
            // All of its tries met somebody else's: that is told as a fault of ours, and the person presses the button again.
            assert!(of_it.iter().all(|status| *status == 503), "{of_it:?}");
            assert_eq!(browser.clone().submits_and_stays(path, form).status, 303);
        }
    }
    asking.comes_with(&asked).ok();
    is_whole(&stack, &person, all.len());
}

/// One transaction has all of it or nothing; one look says whether it arrived.
#[test]
fn an_approval_whose_reply_is_lost_is_found_by_a_look() {
    let stack = Stack::start("signing-unheard", &[]);
    let agent = an_asking_agent(&stack);
    let (person, mut browser, mut authenticator) = somebody_with_a_passkey(&stack);
    for (number, times) in [1, 2, 20].into_iter().enumerate() {
        let (asked, form) = signed_yes((&agent, "A"), (&person, &mut browser, &mut authenticator));
        stack.suffers(&json!({ "kind": "lose_reply", "operation": "TransactWriteItems", "times": times }));
        let answer = browser.submits_and_stays("/approval", &form);
        assert_eq!(answer.status, 303, "{}", answer.text());
        assert!(stack.calls_that_failed() > 0);
        stack.recovers();
        is_whole(&stack, &person, number + 1);
        agent.comes_with(&asked).ok();
    }
}

/// Nothing at all is heard from the transaction on: the person is told of a fault, and finds the request as it is.
#[test]
fn whoever_heard_nothing_of_what_they_signed_finds_what_became_of_it() {
    let stack = Stack::start("signing-unanswered", &[]);
    let agent = an_asking_agent(&stack);
    let (person, mut browser, mut authenticator) = somebody_with_a_passkey(&stack);
    let (asked, form) = signed_yes((&agent, "A"), (&person, &mut browser, &mut authenticator));
    stack.suffers(&json!({ "kind": "lose_reply", "skip": READS }));
    assert_eq!(browser.submits_and_stays("/approval", &form).status, 503);
    stack.recovers();
    // Where it was time to look at the configuration, too, it never came to the transaction.
    if chain_of(&stack, &person).is_empty() {
        agent.comes_with(&asked).is_refused(400, "authorization_pending");
        assert_eq!(browser.submits_and_stays("/approval", &form).status, 303);
    }
    is_whole(&stack, &person, 1);
    let words = Page::of(browser.opens(&page_of(&asked)).ok()).words();
    assert!(words.contains("Open the vault A"), "{words}");
    agent.comes_with(&asked).ok();
    assert_ne!(browser.submits_and_stays("/approval", &form).status, 303, "it is decided");
    is_whole(&stack, &person, 1);
}

/// A request that came with the browser, to which they said no: nothing was heard of that, and it was taken back.
#[test]
fn whoever_heard_nothing_of_their_no_can_still_sign() {
    let stack = Stack::start("signing-after-a-no", &[]);
    let (agent, ask) = (an_agent(&stack), asks(&json!([the_vault("A")])));
    let (person, mut browser, mut authenticator) = somebody_with_a_passkey(&stack);
    for (number, is_pushed) in [true, false].into_iter().enumerate() {
        let address = if is_pushed {
            agent.sends_the_person_with(&agent.pushes(&ask))
        } else {
            agent.sends_the_person_asking(&ask)
        };
        let page = browser.comes_to_consent(&person, &address);
        stack.suffers(&json!({ "kind": "lose_reply", "skip": READS }));
        assert_eq!(browser.decides(&page, &Decision::Deny).status, 503);
        stack.recovers();
        let sent = browser.decides_and_signs(&page, &mut authenticator);
        agent.redeems(&the_code(&stack, &sent), &ask).ok();
        is_whole(&stack, &person, number + 1);
        assert_eq!(browser.submits_and_stays("/consent", &decision_form(&page, &Decision::Deny)).status, 400);
    }
}

/// Whatever comes first: there is evidence of what was approved and of nothing else, and nothing that was made before the end lives.
#[test]
fn signing_and_an_operators_end_at_once_leave_nothing_alive_from_before() {
    let stack = Stack::start("signing-and-ending", &[]);
    let (agent, tool) = (an_asking_agent(&stack), the_file_tool(&stack));
    for delay in [0, 40, 80, 160, 320, 640] {
        let (person, mut browser, mut authenticator) = somebody_with_a_passkey(&stack);
        let sub = stack.operator().id_of(&person.user_name);
        let (asked, form) = signed_yes((&agent, "A"), (&person, &mut browser, &mut authenticator));
        let answer = thread::scope(|scope| {
            let ends = || stack.operator().does(&["end", "--person", &person.user_name, "--yes"]);
            let ending = scope.spawn(ends);
            thread::sleep(Duration::from_millis(delay));
            let answer = browser.clone().submits_and_stays("/approval", &form);
            ending.join().expect("it ends");
            answer
        });
        is_whole(&stack, &person, usize::from(answer.status == 303));
        let mark = body_of(&stack.observer().item(&format!("PERSON#{sub}"), "PERSON"))["not_before"].clone();
        let told = agent.comes_with(&asked);
        if told.status == 200 {
            let approved =
                chain_of(&stack, &person).pop().expect("evidence")["granted"]["approved_at"].clone();
            assert!(approved.as_i64() > mark.as_i64(), "{approved} {mark}");
            tool.finds_active(&told.string("access_token"));
        }
    }
}
