//! Answers of people who are elsewhere, where time passes and the table's replies get lost; and what the log knows of them.

use std::fs;

use serde_json::{Value, json};

use crate::agent::{Agent, the_file};
use crate::asking::{
    Answering, a_signing_asking_agent, an_asking_agent, another_asking_agent, answer_form, for_approval_of,
    for_signing_in_of, page_of, rings, somebody_reachable, the_person_answers,
};
use crate::browser::{Browser, Page};
use crate::exchange::{acted_by, own_token_of};
use crate::local_stack::aws_calls::Calls;
use crate::local_stack::backchannel::{messages_of, soon};
use crate::local_stack::exchanges::changes;
use crate::local_stack::policies::{HOLDS, two_files, with_policies};
use crate::person::{Person, somebody_with};
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

/// It was blocked by its own name, and has another client ask for it, or it was named by that client: whichever way it comes next.
#[test]
fn an_agent_that_was_blocked_does_not_come_back_through_another_client() {
    let stack = Stack::start_with("blocked-agents-other-clients", &[], |folder| {
        changes(
            &folder.join("clients/asking-agent.toml"),
            "[\"ciba\"]",
            "[\"ciba\", \"client_credentials\"]",
        );
        let both = "actors = [\"nightly-agent\", \"asking-agent\"]";
        changes(&folder.join("clients/desk-tool.toml"), "actors = [\"nightly-agent\"]", both);
    });
    let (agent, desk) = (an_asking_agent(&stack), Agent::with_basic(&stack, "desk-tool"));
    let acted = acted_by(&own_token_of(&agent));
    let is_heard = |person: &Person, auth_req_id: &str| {
        Browser::new(&stack).comes_to_approval(person, auth_req_id).has_form("/approval")
    };

    let person = somebody_reachable(&stack);
    let asked = desk.waits_for_approval(&for_a_file_of(&person).joined(&acted));
    assert!(is_heard(&person, &asked), "before it is blocked");
    let own = agent.waits_for_approval(&for_a_file_of(&person));
    the_person_answers(&stack, &person, &own, &Answering::NotMe);
    let named = desk.waits_for_approval(&for_a_file_of(&person).joined(&acted));
    assert!(!rings(&stack, &named) && !is_heard(&person, &named), "it is named by another client");
    let mut browser = Browser::new(&stack);
    browser.comes_to_approval(&person, &named);
    let list = Page::of(browser.opens("/approval").ok());
    assert!(list.words().contains("Nothing waits for your answer."), "{}", list.words());

    let person = somebody_reachable(&stack);
    let asked = desk.waits_for_approval(&for_a_file_of(&person).joined(&acted));
    the_person_answers(&stack, &person, &asked, &Answering::NotMe);
    let own = agent.waits_for_approval(&for_a_file_of(&person));
    assert!(!rings(&stack, &own) && !is_heard(&person, &own), "it asks by itself");
}

/// Nobody could decide it: it stands in nobody's way, neither on the page nor when others ask.
#[test]
fn what_an_agent_has_waiting_that_was_switched_off_meanwhile_is_offered_to_nobody_and_takes_nobodys_place() {
    let stack = Stack::start("agents-switched-off", &[]);
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let others = [another_asking_agent(&stack), a_signing_asking_agent(&stack)];
    let of_agent = [0, 1].map(|_| agent.waits_for_approval(&for_a_file_of(&person)));
    let of_another = others[0].waits_for_approval(&for_a_file_of(&person));
    others[0].waits_for_approval(&for_a_file_of(&person));
    for _ in 0..2 {
        others[1].waits_for_approval(&for_a_file_of(&person));
    }
    assert!(!rings(
        &stack,
        &Agent::with_basic(&stack, "counting-agent").waits_for_approval(&for_a_file_of(&person))
    ));
    stack.operator().does(&["client", "disable", "asking-agent"]);
    stack.takes_notice();

    let mut browser = Browser::new(&stack);
    let sign_in = Page::of(browser.opens("/approval").ok());
    let list = Page::of(browser.signs_in(&sign_in, &person).ok());
    assert!(list.words().contains("Other Asking Agent"), "{}", list.words());
    for request in &of_agent {
        assert!(!list.html.contains(&page_of(request)), "{}", list.html);
    }
    // Five wait that can be decided, so that there is no room yet; with one less there is.
    let page = Page::of(browser.opens(&page_of(&of_another)).ok());
    assert_eq!(browser.answers(&page, &Answering::Yes).status, 303);
    let next = Agent::with_basic(&stack, "counting-agent").waits_for_approval(&for_a_file_of(&person));
    assert!(rings(&stack, &next));
}

/// Nor is what nobody could grant, because who would act in the person's name was switched off.
#[test]
fn what_waits_for_an_actor_that_was_switched_off_meanwhile_is_offered_to_nobody_and_is_in_nobodys_way() {
    let stack = Stack::start("actors-switched-off", &[]);
    let person = somebody_reachable(&stack);
    let acted = acted_by(&own_token_of(&Agent::with_basic(&stack, "nightly-agent")));
    let desk = Agent::with_basic(&stack, "desk-tool");
    desk.waits_for_approval(&for_a_file_of(&person).joined(&acted));
    stack.operator().does(&["client", "disable", "nightly-agent"]);
    stack.takes_notice();
    let mut browser = Browser::new(&stack);
    let sign_in = Page::of(browser.opens("/approval").ok());
    let list = Page::of(browser.signs_in(&sign_in, &person).ok());
    assert!(!list.words().contains("Front Desk"), "{}", list.words());
    an_asking_agent(&stack).waits_for_approval(&for_a_file_of(&person));
    assert!(Page::of(browser.opens("/approval").ok()).words().contains("Asking Agent"));
}

/// The time that an answer takes says nothing of what others ask.
#[test]
fn a_request_that_does_not_ring_costs_as_many_calls_as_one_that_does_and_as_one_of_nobody() {
    let stack = Stack::start("silent-requests", &[]);
    let person = somebody_reachable(&stack);
    let agents = [an_asking_agent(&stack), another_asking_agent(&stack)];
    let asking = Agent::with_basic(&stack, "counting-agent");
    let nobody = format!("nobody-{}", person.user_name);
    // What is known of the agent is warm.
    asking.waits_for_approval(&for_approval_of(
        "nobody-at-all",
        &json!([the_file("Q4-report.pdf", &["read"])]),
    ));
    let form = |name: &str| for_approval_of(name, &json!([the_file("Q4-report.pdf", &["read"])]));
    let measured = |name: &str| {
        let answer = asking.asks_elsewhere(&form(name)).ok();
        (rings(&stack, &answer.string("auth_req_id")), Calls::of(&stack.observer(), &answer))
    };
    let (rang, loud) = measured(&person.user_name);
    for agent in &agents {
        for _ in 0..2 {
            agent.waits_for_approval(&form(&person.user_name));
        }
    }
    let (rang_again, silent) = measured(&person.user_name);
    assert!(rang && !rang_again, "the first rings and the sixth does not");
    let (_, of_nobody) = measured(&nobody);
    assert_eq!(Calls { reads: 3, writes: 2, ..Calls::default() }, loud);
    assert_eq!((silent, of_nobody), (loud, loud));
}

/// The audit says that it was the number, and not the person's own no.
#[test]
fn a_wrong_number_is_one_event_of_its_own_and_stands_in_no_message() {
    let stack = Stack::shared();
    let (agent, person) = (Agent::with_basic(stack, "counting-agent"), somebody_reachable(stack));
    let asked = agent.asks_elsewhere(&for_a_file_of(&person)).ok();
    let auth_req_id = asked.string("auth_req_id");
    let number = asked.json()["binding_number"].as_u64().expect("a number");
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_approval(&person, &auth_req_id);
    let wrong = (10..=99).find(|other| *other != number).expect("another").to_string();
    let form = answer_form(&page, &Answering::Yes).and("number", &wrong);
    let answer = browser.submits_and_stays("/approval", &form);
    assert_eq!(answer.status, 303, "{}", answer.text());
    let events = stack.observer().audit_of(&answer);
    let [event] = &events[..] else { panic!("{events:?}") };
    assert_eq!((&event["event"], &event["outcome"]), (&json!("approval"), &json!("refused")));
    assert_eq!(event["reason"], "wrong-number");
    assert_eq!(event["client"], "counting-agent");
    assert_eq!(event["person"], stack.operator().id_of(&person.user_name).as_str());
}

/// Neither on the phone nor where it could be read later: who has it approves what they did not begin.
#[test]
fn the_number_that_the_agent_shows_stands_in_no_message_and_in_no_log() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (Agent::with_basic(&stack, "counting-agent"), somebody_reachable(&stack));
    let asked = agent.asks_elsewhere(&for_a_file_of(&person)).ok();
    let (auth_req_id, id) = (asked.string("auth_req_id"), asked.request_id().to_owned());
    let number = asked.json()["binding_number"].as_u64().expect("a number").to_string();
    let message = soon(|| messages_of(&stack, &person.user_name).first().cloned());
    let link = stack.url(&page_of(&auth_req_id));
    assert_eq!(message["text"], format!("Counting Agent: W4SCT\n{link}"));
    assert_eq!(message["binding_message"], "W4SCT");
    let mut browser = Browser::new(&stack);
    let page = browser.comes_to_approval(&person, &auth_req_id);
    let answer =
        browser.submits_and_stays("/approval", &answer_form(&page, &Answering::Yes).and("number", &number));
    assert_eq!(answer.status, 303);
    agent.comes_with(&auth_req_id).ok();

    let grant = auth_req_id.split('.').next().expect("an id");
    let is_about = |line: &&Value| {
        [&id, answer.request_id()].iter().any(|id| line["request_id"] == **id) || line["grant_id"] == grant
    };
    let log = stack.observer().log();
    let lines: Vec<&Value> = log.iter().filter(is_about).collect();
    assert!(lines.len() >= 5, "{lines:?}");
    for (name, value) in lines.iter().flat_map(|line| line.as_object().expect("an object")) {
        assert!(!name.contains("number"), "{name}");
        let words = value.as_str().unwrap_or_default();
        let is_said = words.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| word == number);
        assert!(!is_said || ["timestamp", "aws"].contains(&name.as_str()), "{name}: {words}");
    }
    let inbox: Vec<String> = messages_of(&stack, &person.user_name).iter().map(Value::to_string).collect();
    assert_eq!(inbox.len(), 1, "{inbox:?}");
    assert!(!inbox[0].contains("number"), "{inbox:?}");
}

/// Whoever opens the link, or answers a page that they had opened before.
#[test]
fn a_link_to_what_nobody_can_decide_any_more_says_so() {
    let stack = Stack::start("links-to-what-is-gone", &[]);
    let person = somebody_reachable(&stack);
    let acted = acted_by(&own_token_of(&Agent::with_basic(&stack, "nightly-agent")));
    let desk = Agent::with_basic(&stack, "desk-tool");
    let of_the_night = desk.waits_for_approval(&for_a_file_of(&person).joined(&acted));
    let of_the_other = another_asking_agent(&stack).waits_for_approval(&for_a_file_of(&person));
    let of_the_agent = an_asking_agent(&stack).waits_for_approval(&for_a_file_of(&person));
    let mut browser = Browser::new(&stack);
    let all = [&of_the_night, &of_the_other, &of_the_agent];
    let pages = all.map(|request| browser.comes_to_approval(&person, request));

    stack.operator().does(&["client", "disable", "nightly-agent"]);
    stack.operator().does(&["client", "disable", "other-asking-agent"]);
    // It may sign people in still, and ask nobody.
    let path = stack.configuration.join("clients/asking-agent.toml");
    let text = fs::read_to_string(&path).expect("a file of the configuration");
    let by_browser = "grant_types = [\"authorization_code\"]\nredirect_uris = [\"https://agent.test/\"]";
    let text = text.replace(r#"grant_types = ["ciba"]"#, by_browser);
    let text = text.replace("[backchannel]\nmay_ask_groups = [\"reachable\"]\n", "");
    assert!(text.contains("authorization_code") && !text.contains("backchannel"), "{text}");
    fs::write(path, text).expect("written");
    stack.operator().applies(&stack.configuration);
    stack.takes_notice();

    for (request, page) in all.into_iter().zip(&pages) {
        let answer = browser.answers(page, &Answering::Yes);
        assert_eq!(answer.status, 303, "{}", answer.text());
        let shown = Page::of(browser.opens(&page_of(request)).ok());
        assert!(shown.words().contains("There is nothing to decide any more"), "{}", shown.words());
        assert!(!shown.html.contains("name=\"decision\""), "{}", shown.html);
    }
    // Nothing was decided by that.
    stack.operator().does(&["client", "enable", "other-asking-agent"]);
    stack.takes_notice();
    another_asking_agent(&stack).comes_with(&of_the_other).is_refused(400, "authorization_pending");
}

/// Whoever guesses waits a minute, and then may try again.
#[test]
fn after_a_wait_the_right_user_code_counts_again() {
    let stack = Stack::whose_time_passes();
    let person = somebody_reachable(&stack);
    Browser::new(&stack).sets_the_user_code(&person, "493 817 26");
    let agent = Agent::with_basic(&stack, "coded-agent");
    let showing = |code: &str| for_signing_in_of(&person.user_name).and("user_code", code);
    for _ in 0..5 {
        agent.asks_elsewhere(&showing("000 000 00")).is_refused(400, "invalid_user_code");
    }
    stack.time_passes(55);
    agent.asks_elsewhere(&showing("493 817 26")).is_refused(400, "invalid_user_code");
    stack.time_passes(6);
    agent.asks_elsewhere(&showing("493 817 26")).ok();
    // It is forgiven.
    for _ in 0..4 {
        agent.asks_elsewhere(&showing("000 000 00")).is_refused(400, "invalid_user_code");
    }
    agent.asks_elsewhere(&showing("493 817 26")).ok();
}

/// Without a refresh token nothing comes of an approval after its token.
#[test]
fn a_page_says_that_an_approval_is_over_once_its_token_has_expired() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let unused = agent.waits_for_approval(&for_a_file_of(&person));
    let used = agent.waits_for_approval(&for_a_file_of(&person));
    let mut browser = Browser::new(&stack);
    for request in [&unused, &used] {
        let page = browser.comes_to_approval(&person, request);
        browser.answers(&page, &Answering::Yes);
    }
    agent.comes_with(&used).ok();
    stack.time_passes(181);
    let says = |browser: &mut Browser<'_>, request| Page::of(browser.opens(&page_of(request)).ok()).words();
    assert!(says(&mut browser, &unused).contains("it is over"), "nobody came for it");
    assert!(!says(&mut browser, &used).contains("it is over"), "its token is good");
    stack.time_passes(120);
    assert!(says(&mut browser, &used).contains("it is over"), "its token has expired");
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

/// By group, and by attribute: as at consent.
#[test]
fn nobody_approves_what_they_do_not_hold() {
    let stack = with_policies("policies-of-approvals", HOLDS);
    let agent = an_asking_agent(&stack);
    let of_finance = somebody_with(&stack, &["--group", "reachable", "--group", "finance"]);
    let of_berlin = somebody_with(&stack, &["--group", "reachable", "--attribute", "site=Berlin"]);
    for (person, holds, lacks) in [(&of_finance, 0, "1"), (&of_berlin, 1, "0")] {
        let auth_req_id = agent.waits_for_approval(&for_approval_of(&person.user_name, &two_files()));
        let mut browser = Browser::new(&stack);
        let page = browser.comes_to_approval(person, &auth_req_id);
        assert_eq!(page.fields("detail"), [holds.to_string()], "what they hold can be chosen");
        assert!(page.words().contains("You cannot allow this"), "{}", page.words());

        // A form that says more than the page approves nothing.
        let forged = answer_form(&page, &Answering::Yes).and("detail", lacks);
        let refused = browser.submits_and_stays("/approval", &forged);
        assert_eq!(refused.status, 400, "{}", refused.text());
        let events = stack.observer().audit_of(&refused);
        assert_eq!(events[0]["reason"], "grant-not-permitted", "{events:?}");
        assert_eq!(events[0]["event"], "approval", "{events:?}");
        agent.comes_with(&auth_req_id).is_refused(400, "authorization_pending");
        assert_eq!(browser.answers(&page, &Answering::Yes).status, 303);
        let granted = agent.comes_with(&auth_req_id).ok().json();
        assert_eq!(granted["authorization_details"], json!([two_files()[holds]]));
    }
}
