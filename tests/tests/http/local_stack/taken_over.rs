//! An account that somebody else has got into, by a passkey that was lost or by one of their own, is taken back: by its person, who
//! removes what the other has, and by an operator, as SECURITY.md says. Whoever was in it is out of it at once, in every way.

use std::thread;

use crate::agent::{an_agent, asks_for_a_file};
use crate::browser::{Browser, Page};
use crate::local_stack::devices::listed;
use crate::local_stack::passkeys::{
    LINK_IS_OVER, NOT_REGISTERED, PASSKEYS, REFUSED, an_authenticator, is_refused, link_for, options,
    registration, removal, replacing_link_for, stack_with, with_a_passkey,
};
use crate::person::{granted, somebody};
use crate::stack::Stack;
use crate::web::Answer;

const THE_LAST: &str = "Without this passkey you could not sign in any more.";
const NO_SUCH_PASSKEY: &str = "the person has no such passkey";

#[track_caller]
fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    !Page::of(browser.opens("/account").ok()).has_form("/sign-in")
}

#[track_caller]
fn is_over(answer: &Answer) {
    assert!(answer.status == 422 && answer.text().contains(LINK_IS_OVER), "{}", answer.text());
}

/// Removes the first passkey that the page lists.
fn removes_the_first(browser: &mut Browser<'_>) -> Answer {
    let page = Page::of(browser.opens(PASSKEYS).ok());
    browser.submits_and_stays(PASSKEYS, &removal(&page))
}

/// The thief knows the password, has a passkey of their own in the account, a session, an agent that was allowed something, and the
/// link that an operator had made.
#[test]
fn by_a_new_password_and_without_passkeys_whoever_had_taken_over_an_account_is_out_of_it() {
    let stack = Stack::shared();
    let (mut person, mut thief, mut theirs) = with_a_passkey(stack);
    let (agent, ask) = (an_agent(stack), asks_for_a_file());
    let tokens = granted(&agent, &person, &ask);
    assert_eq!(thief.answers_with(&mut theirs).status, 303);
    let mut by_password = Browser::new(stack);
    by_password.comes_to_account(&person, "/account");
    let link = link_for(stack, &person);

    let (operator, old) = (stack.operator(), person.password.clone());
    person.password = operator.resets_the_password_of(&person.user_name);
    stack.hands_out(&person.password);
    for browser in [&mut thief, &mut by_password] {
        assert!(!is_signed_in(browser), "a session outlived the password");
    }
    is_over(&thief.opens(&link));
    assert_eq!(agent.introspects(&tokens.access_token)["active"], false);
    // The passkey is good still: that is why there is a second step.
    assert_eq!(thief.answers_with(&mut theirs).status, 303);
    let link = link_for(stack, &person);
    let said = operator.does(&["user", "remove-passkeys", &person.user_name]);
    assert!(said.contains(&person.user_name), "{said}");
    assert!(!is_signed_in(&mut thief), "a session outlived its passkey");
    is_refused(stack, &thief.answers_with(&mut theirs), REFUSED, NO_SUCH_PASSKEY);
    is_over(&thief.opens(&link));
    let page = Page::of(thief.opens("/account").ok());
    assert_eq!(thief.types(&page, &person.user_name, &old).status, 422);

    let (mut browser, mut own) = (Browser::new(stack), an_authenticator(stack));
    assert!(listed(&browser.comes_to_account(&person, PASSKEYS)).is_empty());
    browser.registers(&person, &mut own);
    assert_eq!(browser.answers_with(&mut own).status, 303);
}

#[test]
fn a_link_that_replaces_changes_nothing_before_it_is_used_and_leaves_nothing_else_then() {
    let stack = Stack::shared();
    let (person, mut thief, mut theirs) = with_a_passkey(stack);
    let (agent, ask) = (an_agent(stack), asks_for_a_file());
    let tokens = granted(&agent, &person, &ask);
    let link = replacing_link_for(stack, &person);
    let (mut browser, mut own) = (Browser::new(stack), an_authenticator(stack));
    let page = Page::of(browser.opens(&link).ok());
    assert!(page.words().contains("All other passkeys of this account stop working"), "{}", page.words());
    assert_eq!(options(&page)["excludeCredentials"], serde_json::json!([]), "it may be on the same device");
    assert!(is_signed_in(&mut thief));
    agent.finds_active(&tokens.access_token);

    assert_eq!(browser.uses(&link, &mut own).status, 303);
    assert!(!is_signed_in(&mut thief), "a session outlived what it was begun with");
    agent.finds_inactive(&tokens.access_token);
    is_refused(stack, &thief.answers_with(&mut theirs), REFUSED, NO_SUCH_PASSKEY);
    is_over(&thief.opens(&link));
    assert_eq!(browser.answers_with(&mut own).status, 303);
    assert_eq!(listed(&Page::of(browser.opens(PASSKEYS).ok())), ["My phone"]);
}

/// A thief who fills up what a person may have keeps nobody out.
#[test]
fn a_link_that_replaces_has_room_where_another_has_none() {
    let stack = Stack::shared();
    let (person, mut thief, mut browser) = (somebody(stack), Browser::new(stack), Browser::new(stack));
    thief.comes_to_account(&person, PASSKEYS);
    for _ in 0..10 {
        let page = Page::of(thief.opens(PASSKEYS).ok());
        let answer = an_authenticator(stack).create(&options(&page));
        assert_eq!(thief.submits_and_stays(PASSKEYS, &registration(&page, &answer, "Mine")).status, 303);
    }
    let refused = browser.uses(&link_for(stack, &person), &mut an_authenticator(stack));
    assert!(refused.status == 422 && refused.text().contains("Nobody has more than"), "{}", refused.text());
    let mut own = an_authenticator(stack);
    assert_eq!(browser.uses(&replacing_link_for(stack, &person), &mut own).status, 303);
    assert_eq!(browser.answers_with(&mut own).status, 303);
}

#[test]
fn no_link_outlives_the_person_s_being_shut_out_or_a_new_password() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let operator = stack.operator();
    for make in [link_for, replacing_link_for] {
        let link = make(stack, &person);
        operator.does(&["user", "disable", &person.user_name]);
        operator.does(&["user", "enable", &person.user_name]);
        is_over(&Browser::new(stack).opens(&link));
        let link = make(stack, &person);
        stack.hands_out(&operator.resets_the_password_of(&person.user_name));
        is_over(&Browser::new(stack).opens(&link));
    }
}

/// Whoever finds a phone and is signed in with its passkey is out as soon as its owner removes that.
#[test]
fn whoever_removes_a_passkey_is_signed_in_nowhere_else() {
    let stack = Stack::shared();
    let (person, mut thief, mut theirs) = with_a_passkey(stack);
    assert_eq!(thief.answers_with(&mut theirs).status, 303);
    let mut browser = Browser::new(stack);
    browser.comes_to_account(&person, PASSKEYS);
    let copied = browser.clone();
    let answer = removes_the_first(&mut browser);
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(is_signed_in(&mut browser), "their own browser goes on");
    assert!(!is_signed_in(&mut thief), "a session outlived its passkey");
    assert!(!is_signed_in(&mut copied.clone()), "a copied session outlived it");
    is_refused(stack, &thief.answers_with(&mut theirs), REFUSED, NO_SUCH_PASSKEY);
    // How they had signed in, and when, is as it was: they may go on changing passkeys for as long as before, and no longer.
    browser.registers(&person, &mut an_authenticator(stack));
}

/// What is refused ends nothing.
#[test]
fn removing_what_is_not_there_signs_nobody_out() {
    let stack = Stack::shared();
    let (_, mut other, _) = with_a_passkey(stack);
    let (_, mut browser, _) = with_a_passkey(stack);
    let theirs = Page::of(other.opens(PASSKEYS).ok()).field("passkey");
    let page = Page::of(browser.opens(PASSKEYS).ok());
    let refused = browser.submits_and_stays(PASSKEYS, &removal(&page).with("passkey", &theirs));
    assert!(refused.text().contains("There is no such passkey"), "{}", refused.text());
    assert_eq!(listed(&Page::of(other.opens(PASSKEYS).ok())), ["My phone"], "somebody else's was removed");
    assert!(is_signed_in(&mut browser));
}

/// Whoever sits at a session locks nobody out of their account.
#[test]
fn the_last_way_in_is_not_removed() {
    let stack = stack_with("the-last-way-in", "passwords = false");
    let (person, mut browser) = (somebody(&stack), Browser::new(&stack));
    let (mut first, mut second) = (an_authenticator(&stack), an_authenticator(&stack));
    browser.enrols(&person, &mut first);
    assert_eq!(browser.answers_with(&mut first).status, 303);
    let refused = removes_the_first(&mut browser);
    assert!(refused.status == 422 && refused.text().contains(THE_LAST), "{}", refused.text());
    assert!(is_signed_in(&mut browser), "nothing has ended");
    let page = Page::of(browser.opens(PASSKEYS).ok());
    let answer = second.create(&options(&page));
    assert_eq!(browser.submits_and_stays(PASSKEYS, &registration(&page, &answer, "Other")).status, 303);
    assert_eq!(removes_the_first(&mut browser).status, 303);
    assert_eq!(listed(&Page::of(browser.opens(PASSKEYS).ok())), ["Other"]);
    is_refused(&stack, &browser.answers_with(&mut first), REFUSED, NO_SUCH_PASSKEY);
    assert_eq!(browser.answers_with(&mut second).status, 303);
}

/// Of passkeys that are registered while an operator removes them all, each was there before and is gone, or is not registered.
#[test]
fn no_passkey_comes_to_be_while_all_are_removed() {
    let stack = Stack::shared();
    let (person, mut browser) = (somebody(stack), Browser::new(stack));
    browser.comes_to_account(&person, PASSKEYS);
    let mut tries: Vec<_> = (0..8)
        .map(|_| {
            let (page, mut own) = (Page::of(browser.opens(PASSKEYS).ok()), an_authenticator(stack));
            (registration(&page, &own.create(&options(&page)), "Mine"), own)
        })
        .collect();
    thread::scope(|scope| {
        for (form, _) in &tries {
            let mut browser = browser.clone();
            scope.spawn(move || browser.submits_and_stays(PASSKEYS, form));
        }
        scope.spawn(|| stack.operator().does(&["user", "remove-passkeys", &person.user_name]));
    });
    for (form, own) in &mut tries {
        let late = browser.submits_and_stays(PASSKEYS, form);
        assert_eq!(late.status, 403, "{}", late.text());
        is_refused(stack, &browser.clone().answers_with(own), REFUSED, NO_SUCH_PASSKEY);
    }
}

/// What an authenticator calls its passkey is chosen by whoever makes it (Web Authentication Level 3, section 7.1, step 27): the same
/// name with another key, or with the same, opens nobody else's account.
#[test]
fn a_passkey_by_the_name_of_somebody_elses_opens_its_own_account_alone() {
    let stack = Stack::shared();
    let (_, mut victims, mut own) = with_a_passkey(stack);
    let (attacker, mut browser) = (somebody(stack), Browser::new(stack));
    let mut forged = an_authenticator(stack);
    forged.id.clone_from(&own.id);
    browser.registers(&attacker, &mut forged);
    assert_eq!(browser.answers_with(&mut forged).status, 303);
    let account = Page::of(browser.opens("/account").ok());
    assert!(account.words().contains(&attacker.user_name), "{}", account.words());
    forged.handle.clone_from(&own.handle);
    is_refused(stack, &browser.answers_with(&mut forged), REFUSED, "the answer is not valid");
    assert_eq!(victims.answers_with(&mut own).status, 303, "the victim signs in as before");
}

/// Neither a name that turns the page around nor an answer that nobody was verified for is registered.
#[test]
fn what_is_wrong_with_a_registration_registers_nothing() {
    let stack = Stack::shared();
    let (person, mut browser) = (somebody(stack), Browser::new(stack));
    let page = browser.comes_to_account(&person, PASSKEYS);
    let answer = an_authenticator(stack).create(&options(&page));
    for name in ["", "\u{202e}enohp yM", "My\u{200b}phone", "My\nphone", &"x".repeat(41)] {
        let refused = browser.submits_and_stays(PASSKEYS, &registration(&page, &answer, name));
        assert!(refused.status == 422 && refused.text().contains("visible characters"), "{name:?}");
    }
    let mut elsewhere = an_authenticator(stack);
    elsewhere.origin = "https://evil.example".to_owned();
    let foreign = elsewhere.create(&options(&page));
    let refused = browser.submits_and_stays(PASSKEYS, &registration(&page, &foreign, "Mine"));
    assert!(refused.text().contains(NOT_REGISTERED), "{}", refused.text());
    assert!(listed(&Page::of(browser.opens(PASSKEYS).ok())).is_empty());
}
