//! What was spent comes again; what was never given out comes.

use crate::agent::{Agent, Ask, CALLBACK, an_agent, asks_for_a_file, the_file_tool};
use crate::assertion::unguessable;
use crate::browser::{Browser, Page};
use crate::person::{Decision, granted, somebody, the_code, the_person_consents};
use crate::stack::Stack;
use crate::web::Parameters;

/// OAuth 2.1, section 4.1.3: a second use by the right client with the right verifier proves a leak.
#[test]
fn a_code_redeemed_twice_ends_the_authorization() {
    let stack = Stack::shared();
    let (agent, ask) = (an_agent(stack), asks_for_a_file());
    let code = the_person_consents(&agent, &somebody(stack), &ask);
    let tokens = agent.redeems(&code, &ask).ok();
    the_file_tool(stack).finds_active(&tokens.string("access_token"));
    agent.redeems(&code, &ask).is_refused(400, "invalid_grant");
    the_file_tool(stack).finds_inactive(&tokens.string("access_token"));
    agent.refreshes(&tokens.string("refresh_token")).is_refused(400, "invalid_grant");
}

#[test]
fn a_spent_code_in_the_hands_of_others_ends_nothing() {
    let stack = Stack::shared();
    let (agent, ask) = (an_agent(stack), asks_for_a_file());
    let code = the_person_consents(&agent, &somebody(stack), &ask);
    let tokens = agent.redeems(&code, &ask).ok();

    // Another client with everything that it could have seen.
    Agent::public(stack).redeems(&code, &ask).is_refused(400, "invalid_grant");
    // The right client, as whoever stole its secret and the code but not the verifier would use it.
    let guessed = Ask { verifier: unguessable(), ..ask.clone() };
    agent.redeems(&code, &guessed).is_refused(400, "invalid_grant");
    // The right id with another secret.
    let forged = format!("{}.{}", code.split('.').next().unwrap(), unguessable());
    agent.redeems(&forged, &ask).is_refused(400, "invalid_grant");

    the_file_tool(stack).finds_active(&tokens.string("access_token"));
    agent.refreshes(&tokens.string("refresh_token")).ok();
}

/// RFC 7636, section 4.6.
#[test]
fn a_code_is_of_no_use_without_its_verifier_and_stays_good() {
    let stack = Stack::shared();
    let (agent, ask) = (an_agent(stack), asks_for_a_file());
    let code = the_person_consents(&agent, &somebody(stack), &ask);
    let wrong = Ask { verifier: unguessable(), ..ask.clone() };
    agent.redeems(&code, &wrong).is_refused(400, "invalid_grant");
    let form = Parameters::of([("grant_type", "authorization_code"), ("code", &code)]);
    agent.sends("/token", &form).is_refused(400, "invalid_request");
    agent.redeems(&code, &ask).ok();
}

#[test]
fn a_code_is_bound_to_its_client_and_its_redirect_uri() {
    let stack = Stack::shared();
    let (agent, ask) = (an_agent(stack), asks_for_a_file());
    let code = the_person_consents(&agent, &somebody(stack), &ask);
    Agent::with_basic(stack, "modern-agent").redeems(&code, &ask).is_refused(400, "invalid_grant");
    let elsewhere = ask.clone().with("redirect_uri", "https://agent.test/callback?kept=1");
    agent.redeems(&code, &elsewhere).is_refused(400, "invalid_grant");
    agent.redeems(&code, &ask).ok();
}

/// OAuth 2.1, section 4.3.1: the family ends once an older generation comes again, beyond the grace of a lost reply.
#[test]
fn a_refresh_token_of_an_older_generation_ends_the_family() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let first = granted(&agent, &somebody(stack), &asks_for_a_file());
    let second = agent.refreshes(&first.refresh_token).ok().string("refresh_token");
    let third = agent.refreshes(&second).ok();
    // The first is two generations old: no grace covers it.
    agent.refreshes(&first.refresh_token).is_refused(400, "invalid_grant");
    agent.refreshes(&third.string("refresh_token")).is_refused(400, "invalid_grant");
    the_file_tool(stack).finds_inactive(&third.string("access_token"));
}

#[test]
fn a_repeated_rotation_within_the_grace_gives_the_same_successor() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let tokens = granted(&agent, &somebody(stack), &asks_for_a_file());
    let once = agent.refreshes(&tokens.refresh_token).ok().string("refresh_token");
    let again = agent.refreshes(&tokens.refresh_token).ok().string("refresh_token");
    assert_eq!(once, again);
}

#[test]
fn a_refresh_token_in_the_hands_of_another_client_ends_nothing() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let tokens = granted(&agent, &somebody(stack), &asks_for_a_file());
    Agent::public(stack).refreshes(&tokens.refresh_token).is_refused(400, "invalid_grant");
    Agent::with_basic(stack, "modern-agent")
        .refreshes(&tokens.refresh_token)
        .is_refused(400, "invalid_grant");
    agent.refreshes(&tokens.refresh_token).ok();
}

/// RFC 9126, section 4: looking at the page spends nothing; the decision does.
#[test]
fn a_request_uri_is_good_for_one_decision_and_a_page_may_be_loaded_again() {
    let stack = Stack::shared();
    let (agent, ask, person) = (an_agent(stack), asks_for_a_file(), somebody(stack));
    let address = agent.sends_the_person_with(&agent.pushes(&ask));
    let mut browser = Browser::new(stack);
    browser.comes_to_consent(&person, &address);
    let page = browser.comes_to_consent(&person, &address);
    the_code(stack, &browser.decides(&page, &Decision::All));
    let again = browser.decides(&page, &Decision::All);
    assert!(again.header("location").is_none_or(|location| !location.contains("code=")), "{again:?}");
    let page = Page::of(browser.opens(&address));
    assert_eq!(page.answer.status, 400);
    assert!(page.words().contains("invalid_request_uri"), "{}", page.words());
}

/// RFC 9126, section 2.2.
#[test]
fn a_request_uri_is_bound_to_its_client() {
    let stack = Stack::shared();
    let request_uri = an_agent(stack).pushes(&asks_for_a_file());
    let page = Page::of(Browser::new(stack).opens(&Agent::public(stack).sends_the_person_with(&request_uri)));
    assert_eq!(page.answer.status, 400);
    assert!(page.words().contains("invalid_request_uri"), "{}", page.words());
}

#[test]
fn a_denied_request_gives_no_second_chance() {
    let stack = Stack::shared();
    let (agent, ask) = (an_agent(stack), asks_for_a_file());
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_consent(&somebody(stack), &agent.sends_the_person_with(&agent.pushes(&ask)));
    let denied = browser.decides(&page, &Decision::Deny);
    let callback = denied.callback(CALLBACK);
    assert_eq!(
        (callback["error"].as_str(), callback["iss"].as_str()),
        ("access_denied", stack.issuer.as_str())
    );
    assert_eq!(callback["state"], ask.state());
    let after = browser.decides(&page, &Decision::All);
    assert!(after.header("location").is_none_or(|location| !location.contains("code=")), "{after:?}");
}

/// The same where the request came with the browser and no table knew it before: the form stands in the page of whoever has
/// the browser next.
#[test]
fn a_denied_request_that_came_with_the_browser_gives_no_second_chance() {
    let stack = Stack::shared();
    let (agent, ask, person) = (an_agent(stack), asks_for_a_file(), somebody(stack));
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_consent(&person, &agent.sends_the_person_asking(&ask));
    let denied = browser.decides(&page, &Decision::Deny);
    assert_eq!(denied.callback(CALLBACK)["error"], "access_denied");
    for decision in [Decision::All, Decision::Deny] {
        let after = browser.decides(&page, &decision);
        assert!(after.header("location").is_none_or(|location| !location.contains("code=")), "{after:?}");
        assert_eq!(after.status, 400, "{decision:?}");
    }
    // The client may ask again, and be heard.
    let page = browser.comes_to_consent(&person, &agent.sends_the_person_asking(&ask));
    let code = the_code(stack, &browser.decides(&page, &Decision::All));
    let again = browser.decides(&page, &Decision::All);
    assert!(again.header("location").is_none_or(|location| !location.contains("code=")), "{again:?}");
    agent.redeems(&code, &ask).ok();
}
