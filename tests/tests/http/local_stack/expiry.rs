//! What time does. These tests move the clock of a server of their own.

use crate::agent::{Agent, an_agent, asks_for_a_file, the_file_tool};
use crate::browser::{Browser, Page};
use crate::person::{Decision, granted, somebody, the_code, the_person_consents};
use crate::stack::Stack;

/// OAuth 2.1, section 4.1.2: a code lives 60 seconds at most.
#[test]
fn a_code_is_dead_after_a_minute() {
    let stack = Stack::whose_time_passes();
    let (agent, ask) = (an_agent(&stack), asks_for_a_file());
    let code = the_person_consents(&agent, &somebody(&stack), &ask);
    stack.time_passes(60);
    agent.redeems(&code, &ask).is_refused(400, "invalid_grant");
}

/// RFC 9126, section 2.2, and FAPI 2.0, section 5.3.2.2: the expiry gates the uptake, not the person's time.
#[test]
fn a_request_uri_is_dead_after_its_time_but_whoever_came_in_time_may_take_longer() {
    let stack = Stack::whose_time_passes();
    let (agent, ask, person) = (an_agent(&stack), asks_for_a_file(), somebody(&stack));
    let (in_time, too_late) = (agent.pushes(&ask), agent.pushes(&asks_for_a_file()));
    let mut browser = Browser::new(&stack);
    let sign_in = Page::of(browser.opens(&agent.sends_the_person_with(&in_time)).ok());
    stack.time_passes(91);
    let page = Page::of(Browser::new(&stack).opens(&agent.sends_the_person_with(&too_late)));
    assert_eq!(page.answer.status, 400);
    assert!(page.words().contains("invalid_request_uri"), "{}", page.words());

    stack.time_passes(300);
    let consent = Page::of(browser.signs_in(&sign_in, &person).ok());
    stack.time_passes(300);
    let code = the_code(&stack, &browser.decides(&consent, &Decision::All));
    agent.redeems(&code, &ask).ok();
}

#[test]
fn a_consent_page_is_dead_after_a_quarter_of_an_hour() {
    let stack = Stack::whose_time_passes();
    let (agent, ask) = (an_agent(&stack), asks_for_a_file());
    let mut browser = Browser::new(&stack);
    let page = browser.comes_to_consent(&somebody(&stack), &agent.sends_the_person_with(&agent.pushes(&ask)));
    stack.time_passes(15 * 60 + 91);
    let late = browser.decides(&page, &Decision::All);
    assert!(late.header("location").is_none_or(|location| !location.contains("code=")), "{late:?}");
}

/// RFC 7662, section 2.2; RFC 6750, section 3.1.
#[test]
fn an_access_token_lives_five_minutes() {
    let stack = Stack::whose_time_passes();
    let agent = an_agent(&stack);
    let tokens = granted(&agent, &somebody(&stack), &asks_for_a_file());
    stack.time_passes(290);
    the_file_tool(&stack).finds_active(&tokens.access_token);
    stack.time_passes(11);
    the_file_tool(&stack).finds_inactive(&tokens.access_token);
    agent.refreshes(&tokens.refresh_token).ok();
}

#[test]
fn a_repeated_rotation_after_the_grace_ends_the_family() {
    let stack = Stack::whose_time_passes();
    let agent = an_agent(&stack);
    let tokens = granted(&agent, &somebody(&stack), &asks_for_a_file());
    let successor = agent.refreshes(&tokens.refresh_token).ok().string("refresh_token");
    stack.time_passes(12);
    agent.refreshes(&tokens.refresh_token).is_refused(400, "invalid_grant");
    agent.refreshes(&successor).is_refused(400, "invalid_grant");
}

#[test]
fn an_authorization_ends_after_thirty_days_however_often_it_is_renewed() {
    let stack = Stack::whose_time_passes();
    let agent = an_agent(&stack);
    let mut refresh_token = granted(&agent, &somebody(&stack), &asks_for_a_file()).refresh_token;
    for _ in 0..3 {
        stack.time_passes(9 * 24 * 3600);
        refresh_token = agent.refreshes(&refresh_token).ok().string("refresh_token");
    }
    stack.time_passes(3 * 24 * 3600);
    agent.refreshes(&refresh_token).is_refused(400, "invalid_grant");
}

/// OpenID Connect Core, section 3.1.2.1.
#[test]
fn max_age_asks_whoever_signed_in_too_long_ago_to_sign_in_again() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_agent(&stack), somebody(&stack));
    let mut browser = Browser::new(&stack);
    browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&asks_for_a_file())));
    stack.time_passes(600);
    let young = Page::of(
        browser
            .opens(&agent.sends_the_person_with(&agent.pushes(&asks_for_a_file().with("max_age", "1000"))))
            .ok(),
    );
    assert!(young.has_form("/consent"), "{}", young.words());
    let old = Page::of(
        browser
            .opens(&agent.sends_the_person_with(&agent.pushes(&asks_for_a_file().with("max_age", "500"))))
            .ok(),
    );
    assert!(old.has_form("/sign-in"), "{}", old.words());
    let consent = Page::of(browser.signs_in(&old, &person).ok());
    assert!(consent.has_form("/consent"), "{}", consent.words());
}

#[test]
fn a_session_ends_after_twelve_hours() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_agent(&stack), somebody(&stack));
    let mut browser = Browser::new(&stack);
    browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&asks_for_a_file())));
    stack.time_passes(12 * 3600);
    let page = Page::of(browser.opens(&agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()))).ok());
    assert!(page.has_form("/sign-in"), "{}", page.words());
}

/// RFC 7523, section 3.
#[test]
fn an_assertion_is_good_until_it_expires_and_not_longer() {
    use crate::assertion::{claims, header};
    use crate::web::{Answer, Parameters, post};

    let stack = Stack::whose_time_passes();
    let agent = Agent::signing(&stack, "ES256");
    let form = Parameters::of([("token", "junk")])
        .joined(&agent.assertion(&header("ES256"), &claims(&stack, &agent.id)));
    stack.time_passes(130);
    Answer::to(post(&stack.url("/revoke"), &form)).is_refused(401, "invalid_client");
}

/// The wait after failures grows, and ends.
#[test]
fn after_many_wrong_passwords_even_the_right_one_must_wait() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_agent(&stack), somebody(&stack));
    let mut browser = Browser::new(&stack);
    let mut page =
        Page::of(browser.opens(&agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()))).ok());
    for _ in 0..8 {
        page = Page::of(browser.types(&page, &person.user_name, "not the password at all"));
        assert!(page.has_form("/sign-in"), "{}", page.words());
    }
    let refused = Page::of(browser.signs_in(&page, &person));
    assert!(refused.words().contains("Too many attempts"), "{}", refused.words());
    stack.time_passes(301);
    let page = Page::of(browser.signs_in(&refused, &person));
    assert!(page.has_form("/consent"), "{}", page.words());
}
