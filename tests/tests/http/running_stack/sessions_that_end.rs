//! When a session ends, and that nothing comes of its cookie afterwards.

use serde_json::Value;

use crate::agent::{an_agent, asks_for_a_file};
use crate::browser::{Browser, Page};
use crate::person::{Decision, Person, password_form, somebody};
use crate::stack::Stack;
use crate::web::Parameters;

fn signs_in<'s>(stack: &'s Stack, person: &Person) -> Browser<'s> {
    let mut browser = Browser::new(stack);
    signs_in_again(&mut browser, person);
    browser
}

fn signs_in_again(browser: &mut Browser<'_>, person: &Person) {
    let page = Page::of(browser.opens("/sign-in").ok());
    let page = Page::of(browser.signs_in(&page, person).ok());
    assert!(page.words().contains(&format!("({})", person.user_name)), "{}", page.words());
}

/// Whether the pages that show or change what is the person's open for whoever has this browser's cookies.
#[track_caller]
fn is_signed_in(browser: &Browser<'_>) -> bool {
    let opens = |path: &str| {
        let page = Page::of(browser.clone().opens(path).ok());
        !page.has_form("/sign-in")
    };
    let (account, password) = (opens("/account"), opens("/sign-in/password"));
    assert_eq!(account, password, "both pages ask the same");
    account
}

fn session(browser: &Browser<'_>) -> String {
    browser.cookie("session").expect("signed in").to_owned()
}

/// Does something that ends a person's sessions, and leaves their items in the table: the index that lists them lags behind,
/// so that what deletes them misses those that have just begun.
fn unlisted(stack: &Stack, person: &Person, ends_them: impl FnOnce()) {
    let observer = stack.observer();
    let name = format!("\"user_name\":\"{}\"", person.user_name);
    let is_theirs = |item: &Value| item["body"]["S"].as_str().is_some_and(|body| body.contains(&name));
    let mut sessions = observer.items_of("SESSION#");
    sessions.retain(is_theirs);
    assert!(!sessions.is_empty());
    ends_them();
    for session in sessions {
        observer.puts(&session);
    }
}

#[test]
fn shutting_a_person_out_ends_their_sessions_at_once() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent(stack), somebody(stack));
    let mut browser = signs_in(stack, &person);
    let address = agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()));
    let consent = browser.comes_to_consent(&person, &address);
    let account = Page::of(browser.opens("/account").ok());
    let password = Page::of(browser.opens("/sign-in/password").ok());

    unlisted(stack, &person, || {
        stack.operator().does(&["user", "disable", &person.user_name]);
        assert!(!is_signed_in(&browser), "the session is gone from the table");
    });
    assert!(!is_signed_in(&browser), "the person's record ends what the index does not list");
    // Neither do the forms of pages that were open before.
    let decided = browser.decides(&consent, &Decision::All);
    assert!(decided.header("location").is_none_or(|location| !location.contains("code=")), "{decided:?}");
    let forgotten = Parameters::of([("csrf", &account.field("csrf")), ("client", "x"), ("consent", "x")]);
    assert_eq!(browser.submits_and_stays("/account", &forgotten).status, 403);
    let changed = password_form(&password, &person.password, "a sentence that nobody guesses");
    assert_eq!(browser.submits_and_stays("/sign-in/password", &changed).status, 403);

    stack.operator().does(&["user", "enable", &person.user_name]);
    assert!(!is_signed_in(&browser), "the session does not come back with the person");
}

#[test]
fn a_new_password_from_the_operator_ends_the_sessions_of_the_old_one() {
    let stack = Stack::shared();
    let mut person = somebody(stack);
    let browser = signs_in(stack, &person);
    let mut reset = String::new();
    unlisted(stack, &person, || {
        reset = stack.operator().resets_the_password_of(&person.user_name);
    });
    // At once, in the same second perhaps: with the new password one is in, and the session of the old one is not.
    person.password = reset;
    assert!(is_signed_in(&signs_in(stack, &person)));
    assert!(!is_signed_in(&browser));
}

/// Whoever signs in at this browser, the session that it had is not left behind for whoever finds its cookie.
#[test]
fn signing_in_again_ends_the_earlier_session_of_that_browser() {
    let stack = Stack::shared();
    let (person, another) = (somebody(stack), somebody(stack));
    let mut browser = signs_in(stack, &person);
    let elsewhere = signs_in(stack, &person);
    for next in [&person, &another] {
        let mut kept = browser.clone();
        let before = session(&browser);
        signs_in_again(&mut browser, next);
        assert_ne!(session(&browser), before);
        kept.is_given("session", &before);
        assert!(!is_signed_in(&kept), "the cookie of before still opens the account");
    }
    assert!(is_signed_in(&elsewhere), "another browser's session goes on");
}

#[test]
fn changing_the_password_ends_every_other_session_and_gives_this_browser_a_new_secret() {
    let stack = Stack::shared();
    let mut person = somebody(stack);
    let elsewhere = signs_in(stack, &person);
    let mut browser = signs_in(stack, &person);
    let thief = browser.clone();
    let before = session(&browser);

    let page = Page::of(browser.opens("/sign-in/password").ok());
    let new = "a sentence that nobody guesses";
    stack.hands_out(new);
    let form = password_form(&page, &person.password, new);
    unlisted(stack, &person, || {
        browser.submits("/sign-in/password", &form).ok();
    });

    assert_ne!(session(&browser), before);
    assert!(is_signed_in(&browser), "this browser goes on");
    assert!(!is_signed_in(&thief), "whoever copied the cookie is out");
    assert!(!is_signed_in(&elsewhere));
    // The same form again, with the new password as the current one: it was bound to the session that ended.
    let again = form.with("current_password", new).with("new_password", &person.password);
    let again = again.with("new_password_again", &person.password);
    assert_eq!(browser.submits_and_stays("/sign-in/password", &again).status, 403);
    new.clone_into(&mut person.password);
    signs_in(stack, &person);
}
