//! Number matching: the agent shows a number and the person picks it, against approving out of habit. An extension of ours to OpenID
//! CIBA Core 1.0.

use serde_json::json;

use crate::agent::{Agent, the_file};
use crate::asking::{
    Answering, an_asking_agent, answer_form, for_approval_of, for_signing_in_of, page_of, somebody_reachable,
};
use crate::at_once::at_once;
use crate::browser::{Browser, Page};
use crate::person::Person;
use crate::stack::Stack;
use crate::web::{Answer, Parameters};

/// The agent that shows numbers.
fn a_counting_agent(stack: &Stack) -> Agent<'_> {
    Agent::with_basic(stack, "counting-agent")
}

struct Asked<'s> {
    agent: Agent<'s>,
    person: Person,
    auth_req_id: String,
    number: u64,
    browser: Browser<'s>,
    page: Page,
}

#[track_caller]
fn asked(stack: &Stack) -> Asked<'_> {
    let (agent, person) = (a_counting_agent(stack), somebody_reachable(stack));
    let file = json!([the_file("Q4-report.pdf", &["read"])]);
    let answer = agent.asks_elsewhere(&for_approval_of(&person.user_name, &file)).ok();
    let (auth_req_id, number) = (answer.string("auth_req_id"), answer.json()["binding_number"].clone());
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_approval(&person, &auth_req_id);
    Asked { agent, person, auth_req_id, number: number.as_u64().expect("a number"), browser, page }
}

impl Asked<'_> {
    /// The numbers on the page.
    fn shown(&self) -> Vec<u64> {
        self.page.fields("number").iter().map(|number| number.parse().expect("a number")).collect()
    }

    /// Says yes with this number.
    fn picks(&self, number: &str) -> Answer {
        let form = answer_form(&self.page, &Answering::Yes).and("number", number);
        self.browser.clone().submits_and_stays("/approval", &form)
    }

    /// One that is shown and not the agent's.
    fn a_decoy(&self) -> String {
        self.shown().into_iter().find(|number| *number != self.number).expect("three numbers").to_string()
    }

    fn comes(&self) -> Answer {
        self.agent.comes_with(&self.auth_req_id)
    }

    fn sees(&self) -> String {
        Page::of(self.browser.clone().opens(&page_of(&self.auth_req_id)).ok()).words()
    }
}

#[test]
fn the_agent_is_told_a_number_that_is_one_of_three_on_the_page() {
    let stack = Stack::shared();
    let asked = asked(stack);
    let shown = asked.shown();
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert!(
        shown.contains(&asked.number) && shown.iter().all(|number| (10..=99).contains(number)),
        "{shown:?}"
    );
    assert!(asked.page.words().contains("Which number does the agent show you?"), "{}", asked.page.words());
}

#[test]
fn the_right_number_approves() {
    let stack = Stack::shared();
    let asked = asked(stack);
    assert_eq!(asked.picks(&asked.number.to_string()).status, 303);
    asked.comes().ok();
}

#[test]
fn a_yes_without_a_number_decides_nothing() {
    let stack = Stack::shared();
    let asked = asked(stack);
    for form in [
        answer_form(&asked.page, &Answering::Yes),
        answer_form(&asked.page, &Answering::Yes).and("number", ""),
    ] {
        let answer = asked.browser.clone().submits_and_stays("/approval", &form);
        assert_eq!(answer.status, 422, "{}", answer.text());
        let page = Page::of(answer);
        assert!(
            page.words().contains("Pick the number that the agent shows you, or deny."),
            "{}",
            page.words()
        );
    }
    asked.comes().is_refused(400, "authorization_pending");
    assert_eq!(asked.picks(&asked.number.to_string()).status, 303);
    asked.comes().ok();
}

#[test]
fn a_wrong_number_declines_for_good() {
    let stack = Stack::shared();
    for forged in [false, true] {
        let asked = asked(stack);
        let unseen = (10..=99).find(|number| !asked.shown().contains(number)).expect("there are ninety");
        let wrong = if forged { unseen.to_string() } else { asked.a_decoy() };
        let answer = asked.picks(&wrong);
        assert_eq!(answer.status, 303, "{}", answer.text());
        assert!(asked.sees().contains("This was not approved"), "{}", asked.sees());
        asked.comes().is_refused(400, "access_denied");
        assert_eq!(asked.picks(&asked.number.to_string()).status, 400, "nobody guesses twice");
        asked.comes().is_refused(400, "access_denied");
        // It counts as a no.
        let again = asked.agent.asks_elsewhere(&for_signing_in_of(&asked.person.user_name));
        again.is_refused(429, "temporarily_unavailable");
        assert!(again.header("retry-after").is_some());
    }
}

#[test]
fn what_is_no_number_is_refused_and_decides_nothing() {
    let stack = Stack::shared();
    let asked = asked(stack);
    for junk in ["many", "1000", "-1", "4 2"] {
        assert_eq!(asked.picks(junk).status, 400, "{junk}");
    }
    let twice = answer_form(&asked.page, &Answering::Yes).and("number", "42").and("number", "17");
    assert_eq!(asked.browser.clone().submits_and_stays("/approval", &twice).status, 400);
    asked.comes().is_refused(400, "authorization_pending");
    assert_eq!(asked.picks(&asked.number.to_string()).status, 303);
}

#[test]
fn who_picks_all_three_at_once_approves_once_or_never() {
    let stack = Stack::shared();
    let asked = asked(stack);
    let shown = asked.shown();
    let answers = at_once(|at| asked.picks(&shown[at % 3].to_string()));
    let made: Vec<usize> = (0..answers.len()).filter(|at| answers[*at].status == 303).collect();
    let [winner] = made[..] else { panic!("{made:?}") };
    if shown[winner % 3] == asked.number {
        asked.comes().ok();
    } else {
        asked.comes().is_refused(400, "access_denied");
    }
}

#[test]
fn a_no_needs_no_number() {
    let stack = Stack::shared();
    for answering in [Answering::No, Answering::NotMe] {
        let asked = asked(stack);
        assert_eq!(asked.browser.clone().answers(&asked.page, &answering).status, 303);
        asked.comes().is_refused(400, "access_denied");
    }
}

/// Each has its own number, and none of them says anything of the other.
#[test]
fn of_two_that_wait_at_one_person_each_is_decided_by_its_own_number() {
    let stack = Stack::shared();
    let first = asked(stack);
    let file = json!([the_file("Q4-report.pdf", &["read"])]);
    let form = for_approval_of(&first.person.user_name, &file);
    // The same number by chance would say nothing.
    let second = loop {
        let answer = first.agent.asks_elsewhere(&form).ok();
        let number = answer.json()["binding_number"].as_u64().expect("a number");
        let auth_req_id = answer.string("auth_req_id");
        if number != first.number {
            break auth_req_id;
        }
        let page = Page::of(first.browser.clone().opens(&page_of(&auth_req_id)).ok());
        let form = answer_form(&page, &Answering::Yes).and("number", &number.to_string());
        assert_eq!(first.browser.clone().submits_and_stays("/approval", &form).status, 303);
    };
    let page = Page::of(first.browser.clone().opens(&page_of(&second)).ok());
    let with_the_others = answer_form(&page, &Answering::Yes).and("number", &first.number.to_string());
    assert_eq!(first.browser.clone().submits_and_stays("/approval", &with_the_others).status, 303);
    first.agent.comes_with(&second).is_refused(400, "access_denied");
    first.comes().is_refused(400, "authorization_pending");
    assert_eq!(first.picks(&first.number.to_string()).status, 303);
    first.comes().ok();
}

/// So that neither the agent nor who sees its screen learns whether there is such a person.
#[test]
fn whoever_means_nobody_is_told_a_number_too_and_other_agents_none() {
    let stack = Stack::shared();
    let nobody = a_counting_agent(stack).asks_elsewhere(&for_signing_in_of("nobody-who-counts")).ok();
    assert!((10..=99).contains(&nobody.json()["binding_number"].as_u64().expect("a number")));
    let person = somebody_reachable(stack);
    let other = an_asking_agent(stack).asks_elsewhere(&for_signing_in_of(&person.user_name)).ok();
    assert!(other.json().get("binding_number").is_none(), "{}", other.text());
}

/// Whatever the form says, where no number is asked for it says nothing.
#[test]
fn a_number_that_was_not_asked_for_is_ignored() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let auth_req_id = agent.waits_for_approval(&for_signing_in_of(&person.user_name));
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_approval(&person, &auth_req_id);
    assert!(page.fields("number").is_empty());
    let form: Parameters = answer_form(&page, &Answering::Yes).and("number", "42");
    assert_eq!(browser.submits_and_stays("/approval", &form).status, 303);
    agent.comes_with(&auth_req_id).ok();
}
