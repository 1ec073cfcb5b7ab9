//! Signing in, staying signed in, and what others can do about it.

use crate::agent::{an_agent, asks_for_a_file};
use crate::assertion::unguessable;
use crate::browser::{Browser, Page};
use crate::person::{Decision, Person, decision_form, password_form, somebody, the_code};
use crate::stack::Stack;
use crate::web::{Answer, Parameters, http, post};

pub(crate) fn sign_in_page(browser: &mut Browser<'_>) -> Page {
    let agent = an_agent(browser.stack);
    Page::of(browser.opens(&agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()))).ok())
}

#[test]
fn a_wrong_password_and_an_unknown_name_look_the_same() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let attempt = |user_name: &str| {
        let mut browser = Browser::new(stack);
        let page = sign_in_page(&mut browser);
        let page = Page::of(browser.types(&page, user_name, "not the password at all"));
        assert!(browser.cookie("session").is_none());
        (page.answer.status, page.words().replace(user_name, "NAME"))
    };
    assert_eq!(attempt(&person.user_name), attempt("nobody-of-this-name"));
}

#[test]
fn what_was_typed_is_shown_as_text() {
    let stack = Stack::shared();
    let mut browser = Browser::new(stack);
    let page = sign_in_page(&mut browser);
    let page = Page::of(browser.types(&page, "\"><img src=x onerror=alert(1)>", "whatever it is"));
    assert!(!page.html.contains("<img src=x"), "{}", page.html);
}

#[test]
fn the_same_person_by_another_capitalisation() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let mut browser = Browser::new(stack);
    let page = sign_in_page(&mut browser);
    let page = Page::of(browser.types(&page, &person.user_name.to_uppercase(), &person.password).ok());
    assert!(page.has_form("/consent"), "{}", page.words());
}

/// Somebody who fixes the victim's session before they sign in gains nothing.
#[test]
fn signing_in_makes_a_new_session() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let mut browser = Browser::new(stack);
    let page = sign_in_page(&mut browser);
    let planted = format!("{}.{}", unguessable(), unguessable());
    browser.is_given("session", &planted);
    browser.signs_in(&page, &person).ok();
    assert_ne!(browser.cookie("session"), Some(planted.as_str()));
}

/// Cross-site request forgery: a form that another site sends, an interaction of another browser, a browser without cookie.
#[test]
fn a_decision_counts_only_from_the_page_of_this_browser() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let (victim, attacker) = (somebody(stack), somebody(stack));
    let consent = |browser: &mut Browser<'_>, person: &Person| {
        browser.comes_to_consent(person, &agent.sends_the_person_with(&agent.pushes(&asks_for_a_file())))
    };
    let (mut victims, mut attackers) = (Browser::new(stack), Browser::new(stack));
    let own = consent(&mut victims, &victim);
    let foreign = consent(&mut attackers, &attacker);
    let no_code = |answer: &Answer| {
        assert!(answer.header("location").is_none_or(|location| !location.contains("code=")), "{answer:?}");
        assert!(matches!(answer.status, 400 | 403), "{}", answer.status);
    };

    // The attacker's interaction in the victim's browser.
    no_code(&victims.decides(&foreign, &Decision::All));
    // The victim's own interaction, sent by another site.
    let form = decision_form(&own, &Decision::All);
    for (origin, site) in
        [("https://evil.test", "cross-site"), ("null", "cross-site"), ("http://localhost:1", "same-site")]
    {
        let request =
            post(&stack.url("/consent"), &form).header("origin", origin).header("sec-fetch-site", site);
        no_code(&victims.sends(request));
    }
    // Without the browser's cookie, and with another's.
    let mut bare = victims.clone();
    bare.forgets("browser");
    no_code(&bare.decides(&own, &Decision::All));
    let mut mixed = victims.clone();
    mixed.is_given("browser", attackers.cookie("browser").expect("a cookie"));
    no_code(&mixed.decides(&own, &Decision::All));
    // Tampered with, or none.
    let interaction = own.field("interaction");
    for forged in [format!("{interaction}A"), interaction[1..].to_owned(), unguessable(), String::new()] {
        no_code(&victims.submits_and_stays("/consent", &form.clone().with("interaction", &forged)));
    }
    // After all that the victim's own decision still counts.
    the_code(stack, &victims.decides(&own, &Decision::All));
}

#[test]
fn nobody_is_signed_in_by_another_site() {
    let stack = Stack::shared();
    let attacker = somebody(stack);
    let mut victims = Browser::new(stack);
    sign_in_page(&mut victims);
    let page = sign_in_page(&mut Browser::new(stack));
    let form = Parameters::of([
        ("interaction", &page.field("interaction")),
        ("user_name", &attacker.user_name),
        ("password", &attacker.password),
    ]);
    let request = post(&stack.url("/sign-in"), &form)
        .header("origin", "https://evil.test")
        .header("sec-fetch-site", "cross-site");
    assert_eq!(victims.sends(request).status, 403);
    assert!(victims.cookie("session").is_none());
}

#[test]
fn signing_out_ends_the_session_at_the_server_too() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let mut browser = Browser::new(stack);
    let page = sign_in_page(&mut browser);
    browser.signs_in(&page, &person).ok();
    let session = browser.cookie("session").expect("signed in").to_owned();
    let account = Page::of(browser.opens("/account").ok());
    assert!(account.words().contains(&person.user_name), "{}", account.words());
    browser.submits("/sign-out", &Parameters::of([("csrf", &account.field("csrf"))]));
    assert!(browser.cookie("session").is_none());
    // The cookie itself, kept by somebody, is dead.
    let mut thief = browser.clone();
    thief.is_given("session", &session);
    let page = Page::of(thief.opens("/account"));
    assert!(!page.words().contains(&format!("({})", person.user_name)), "{}", page.words());
}

#[test]
fn signing_out_needs_our_own_page() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let mut browser = Browser::new(stack);
    let page = sign_in_page(&mut browser);
    browser.signs_in(&page, &person).ok();
    let request = post(&stack.url("/sign-out"), &Parameters::default()).header("origin", "https://evil.test");
    browser.sends(request);
    let account = Page::of(browser.opens("/account").ok());
    assert!(account.words().contains(&person.user_name), "{}", account.words());
}

#[test]
fn a_person_can_change_their_password_and_the_other_sessions_end() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let (mut browser, mut elsewhere) = (Browser::new(stack), Browser::new(stack));
    let page = sign_in_page(&mut elsewhere);
    elsewhere.signs_in(&page, &person).ok();
    let page = sign_in_page(&mut browser);
    browser.signs_in(&page, &person).ok();

    let new = "a sentence that nobody guesses";
    let changes = |browser: &mut Browser<'_>, current: &str, new: &str, again: &str| {
        let page = Page::of(browser.opens("/sign-in/password").ok());
        let form = password_form(&page, current, new).with("new_password_again", again);
        browser.submits("/sign-in/password", &form)
    };
    for (current, new, again) in [
        ("wrong", new, new),
        (person.password.as_str(), "short", "short"),
        (person.password.as_str(), new, "something else entirely"),
        (person.password.as_str(), person.password.as_str(), person.password.as_str()),
    ] {
        let page = Page::of(changes(&mut browser, current, new, again));
        assert!(page.html.contains("role=\"alert\""), "{}", page.words());
    }
    stack.hands_out(new);
    let done = Page::of(changes(&mut browser, &person.password, new, new).ok());
    assert!(done.words().contains("Your password was changed"), "{}", done.words());

    let page = Page::of(elsewhere.opens("/account"));
    assert!(
        !page.words().contains(&format!("({})", person.user_name)),
        "the other session goes on: {}",
        page.words()
    );
    let mut fresh = Browser::new(stack);
    let page = sign_in_page(&mut fresh);
    let page = Page::of(fresh.types(&page, &person.user_name, &person.password));
    assert!(page.has_form("/sign-in"), "the old password still works");
    fresh.types(&page, &person.user_name, new).ok();
    assert!(fresh.cookie("session").is_some());
}

/// Many guesses at once count as many.
#[test]
fn guesses_at_once_do_not_get_around_the_wait() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let mut browser = Browser::new(stack);
    let page = sign_in_page(&mut browser);
    let heard = crate::at_once::at_once(|number| {
        let page =
            Page::of(browser.clone().types(&page, &person.user_name, &format!("guess number {number}")));
        usize::from(page.words().contains("The user name or password is not right"))
    });
    let heard: usize = heard.iter().sum();
    assert!(heard <= 12, "{heard} guesses were looked at");
}

#[test]
fn pages_speak_the_language_of_the_browser() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let address = agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()));
    let page =
        Page::of(Answer::to(http().get(stack.url(&address)).header("accept-language", "de-AT,de;q=0.8")));
    assert!(page.html.contains("<html lang=\"de\"") && page.words().contains("Passwort"), "{}", page.words());
    let page = Page::of(Answer::to(http().get(stack.url(&address)).header("accept-language", "tlh")));
    assert!(page.html.contains("<html lang=\"en\""), "{}", page.html);
}
