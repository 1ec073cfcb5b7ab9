//! What the operator does takes hold within seconds.

use std::thread::sleep;
use std::time::Duration;

use crate::agent::{Agent, Ask, FILES, Proof, an_agent, asks_for_a_file, the_file_tool};
use crate::browser::{Browser, Page};
use crate::person::{Decision, Person, granted, somebody, the_code};
use crate::stack::Stack;
use crate::web::Parameters;

/// A function acts on what it last knew of a client for at most five seconds. The command goes by the real clock, so these
/// tests wait for real.
fn it_takes_hold() {
    sleep(Duration::from_secs(6));
}

#[test]
fn disabling_a_person_ends_their_sessions_and_authorizations() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent(stack), somebody(stack));
    let tokens = granted(&agent, &person, &asks_for_a_file());
    let mut browser = Browser::new(stack);
    browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&asks_for_a_file())));

    stack.operator().does(&["user", "disable", &person.user_name]);
    the_file_tool(stack).finds_inactive(&tokens.access_token);
    let refused = agent.refreshes(&tokens.refresh_token);
    assert_eq!(refused.status, 400, "{}", refused.text());
    // Whatever page the browser still shows, no code comes of it.
    let page = Page::of(browser.opens(&agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()))));
    if page.has_form("/consent") {
        let answer = browser.decides(&page, &Decision::All);
        assert!(answer.header("location").is_none_or(|location| !location.contains("code=")), "{answer:?}");
    }
    let mut fresh = Browser::new(stack);
    let page = Page::of(fresh.opens(&agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()))));
    let page = Page::of(fresh.signs_in(&page, &person));
    assert!(page.has_form("/sign-in"), "they can sign in: {}", page.words());
}

#[test]
fn removing_a_person_ends_their_sessions_and_authorizations() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent(stack), somebody(stack));
    let ask = asks_for_a_file().and("resource", &stack.issuer);
    let for_files = Parameters::of([("resource", FILES)]);
    let mut browser = Browser::new(stack);
    let asks = |ask: &Ask| agent.sends_the_person_with(&agent.pushes(ask));
    let page = browser.comes_to_consent(&person, &asks(&ask));
    let code = the_code(stack, &browser.decides(&page, &Decision::All));
    let tokens = agent.redeems_for(&code, &ask, &for_files).ok();
    let for_issuer = Parameters::of([("resource", &stack.issuer)]);
    let renewed = agent.refreshes_for(&tokens.string("refresh_token"), &for_issuer).ok();
    let userinfo = || stack.userinfo(&renewed.string("access_token"));
    let subject = userinfo().ok().string("sub");
    let page = Page::of(browser.opens(&asks(&ask)).ok());
    let waiting = the_code(stack, &browser.decides(&page, &Decision::All));
    let open_page = Page::of(browser.opens(&asks(&ask)).ok());
    assert!(open_page.has_form("/consent"));

    stack.operator().does(&["user", "remove", &person.user_name]);
    let nothing_is_left = || {
        the_file_tool(stack).finds_inactive(&tokens.string("access_token"));
        agent.finds_inactive(&renewed.string("access_token"));
        agent.finds_inactive(&renewed.string("refresh_token"));
        userinfo().is_refused(401, "invalid_token");
        agent.refreshes(&renewed.string("refresh_token")).is_refused(400, "invalid_grant");
        agent.redeems_for(&waiting, &ask, &for_files).is_refused(400, "invalid_grant");
        let mut browser = browser.clone();
        let decided = browser.decides(&open_page, &Decision::All);
        assert!(decided.header("location").is_none_or(|location| !location.contains("code=")), "{decided:?}");
        assert!(Page::of(browser.opens("/account").ok()).has_form("/sign-in"), "their session goes on");
    };
    nothing_is_left();
    let mut fresh = Browser::new(stack);
    let page = Page::of(fresh.opens("/sign-in").ok());
    assert!(Page::of(fresh.signs_in(&page, &person)).has_form("/sign-in"), "they can sign in");

    // Whoever has the name later is somebody else, and inherits nothing.
    let password = stack.operator().adds_a_user(&person.user_name, &[]);
    stack.hands_out(&password);
    nothing_is_left();
    let successor = Person { user_name: person.user_name, password };
    let theirs = granted(&agent, &successor, &asks_for_a_file());
    assert_ne!(the_file_tool(stack).finds_active(&theirs.access_token)["sub"], subject.as_str());
    nothing_is_left();
}

#[test]
fn a_new_password_from_the_operator_replaces_the_old_one() {
    let stack = Stack::shared();
    let (agent, mut person) = (an_agent(stack), somebody(stack));
    let new = stack.operator().resets_the_password_of(&person.user_name);
    let mut browser = Browser::new(stack);
    let page = Page::of(browser.opens(&agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()))));
    let page = Page::of(browser.signs_in(&page, &person));
    assert!(page.has_form("/sign-in"), "the old password still works");
    person.password = new;
    browser.signs_in(&page, &person).ok();
    assert!(browser.cookie("session").is_some());
}

#[test]
fn a_disabled_client_gets_no_token_and_its_standing_ones_are_inactive() {
    let stack = Stack::shared();
    let agent = Agent::with_basic(stack, "doomed-agent");
    if stack.is_deployed() {
        // An earlier run against this table has switched it off.
        stack.operator().does(&["client", "enable", "doomed-agent"]);
        it_takes_hold();
    }
    let tokens = granted(&agent, &somebody(stack), &asks_for_a_file());
    stack.operator().does(&["client", "disable", "doomed-agent"]);
    the_file_tool(stack).finds_inactive(&tokens.access_token);
    it_takes_hold();
    agent.refreshes(&tokens.refresh_token).is_refused(401, "invalid_client");
    agent.sends("/par", &asks_for_a_file().parameters).is_refused(401, "invalid_client");
}

#[test]
fn two_secrets_are_good_while_one_replaces_the_other() {
    let stack = Stack::shared();
    let before = Agent::with_basic(stack, "rotating-agent");
    let secret = stack.operator().rotates_the_secret_of("rotating-agent");
    let after = Agent { stack, id: before.id.clone(), proof: Proof::Basic(secret) };
    it_takes_hold();
    before.pushes(&asks_for_a_file());
    after.pushes(&asks_for_a_file());
    // A second rotation drops the oldest.
    stack.operator().rotates_the_secret_of("rotating-agent");
    it_takes_hold();
    before.sends("/par", &asks_for_a_file().parameters).is_refused(401, "invalid_client");
    after.pushes(&asks_for_a_file());
}

/// What a function remembers of a client for seconds is older than the secret that the client was just given.
#[test]
fn a_fresh_secret_works_at_once() {
    let stack = Stack::shared();
    let before = Agent::with_basic(stack, "renewing-agent");
    before.pushes(&asks_for_a_file());
    for _ in 0..3 {
        let secret = stack.operator().rotates_the_secret_of(&before.id);
        stack.hands_out(&secret);
        let after = Agent { stack, id: before.id.clone(), proof: Proof::Basic(secret) };
        after.pushes(&asks_for_a_file());
    }
}
