//! A person registers passkeys, signs in with them, and removes them: what the server does with whatever an authenticator and a
//! browser send. The authenticator is made of the specification alone.

use std::fs;

use serde_json::{Value, json};

use crate::agent::{an_agent, asks_for_a_file};
use crate::at_once::at_once;
use crate::authenticator::Authenticator;
use crate::browser::{Browser, Page};
use crate::inviting::{USER_CODE, a_number};
use crate::local_stack::backchannel::messages_of;
use crate::local_stack::devices::listed;
use crate::person::{Decision, Person, somebody, somebody_with, the_code};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::{Answer, Parameters};

pub(crate) const PASSKEYS: &str = "/account/passkeys";
pub(crate) const LINK: &str = "/account/passkeys/enrol";
const TOO_LATE: &str = "That took too long. Please try again.";
pub(crate) const REFUSED: &str = "You could not be signed in with this passkey.";
pub(crate) const NOT_REGISTERED: &str = "The passkey was not registered";
pub(crate) const LINK_IS_OVER: &str = "This link is not good.";

/// What a page asks the browser's authenticator for.
pub(crate) fn options(page: &Page) -> Value {
    serde_json::from_str(&page.attribute("data-options")).expect("JSON")
}

/// An authenticator in a browser that is at the pages of the stack.
pub(crate) fn an_authenticator(stack: &Stack) -> Authenticator {
    Authenticator::at(&Browser::new(stack).origin())
}

/// What the form sends by which a passkey is registered, once the authenticator has answered.
pub(crate) fn registration(page: &Page, answer: &str, name: &str) -> Parameters {
    page.form(["csrf", "ceremony"]).and("do", "register").and("answer", answer).and("name", name)
}

/// What the form sends by which the first passkey of the page is removed.
pub(crate) fn removal(page: &Page) -> Parameters {
    page.form(["csrf", "passkey"]).and("do", "remove")
}

/// What the sign-in page sends once the authenticator has answered.
pub(crate) fn assertion(page: &Page, answer: &str) -> Parameters {
    page.form(["interaction", "ceremony"]).and("answer", answer)
}

impl Browser<'_> {
    /// Signs in, and registers a passkey.
    #[track_caller]
    pub(crate) fn registers(&mut self, person: &Person, authenticator: &mut Authenticator) {
        let page = self.comes_to_account(person, PASSKEYS);
        let answer = authenticator.create(&options(&page));
        let answer = self.submits_and_stays(PASSKEYS, &registration(&page, &answer, "My phone"));
        assert_eq!(answer.status, 303, "{}", answer.text());
    }

    /// Answers a sign-in page with a passkey, and goes where that leads.
    pub(crate) fn signs_in_with(&mut self, page: &Page, authenticator: &mut Authenticator) -> Answer {
        let answer = authenticator.get(&options(page));
        self.submits("/sign-in", &assertion(page, &answer))
    }

    /// Opens the link that the operator makes for somebody, and registers a passkey by it.
    #[track_caller]
    pub(crate) fn enrols(&mut self, person: &Person, authenticator: &mut Authenticator) {
        assert_eq!(self.uses(&link_for(self.stack, person), authenticator).status, 303);
    }

    /// Opens a link, and registers a passkey by it.
    #[track_caller]
    pub(crate) fn uses(&mut self, link: &str, authenticator: &mut Authenticator) -> Answer {
        let page = Page::of(self.opens(link).ok());
        let form = enrolment(&page, &authenticator.create(&options(&page)));
        self.submits_and_stays(LINK, &form)
    }

    /// Comes to the sign-in page of nobody, and answers it with a passkey.
    pub(crate) fn answers_with(&mut self, authenticator: &mut Authenticator) -> Answer {
        self.forgets("session");
        let page = Page::of(self.opens("/account").ok());
        let answer = authenticator.get(&options(&page));
        self.submits_and_stays("/sign-in", &assertion(&page, &answer))
    }
}

/// A person with a passkey, and their browser.
pub(crate) fn with_a_passkey(stack: &Stack) -> (Person, Browser<'_>, Authenticator) {
    who_has_a_passkey(stack, somebody(stack))
}

/// This person with a passkey, and their browser.
pub(crate) fn who_has_a_passkey(stack: &Stack, person: Person) -> (Person, Browser<'_>, Authenticator) {
    let (mut browser, mut authenticator) = (Browser::new(stack), an_authenticator(stack));
    browser.registers(&person, &mut authenticator);
    (person, browser, authenticator)
}

/// The page refuses a sign-in, and the audit says why.
#[track_caller]
pub(crate) fn is_refused(stack: &Stack, answer: &Answer, said: &str, why: &str) {
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert!(Page::of(answer.clone()).words().contains(said), "{}", answer.text());
    let audit = stack.observer().audit_of(answer);
    assert_eq!(audit.len(), 1, "{audit:?}");
    assert_eq!(audit[0]["outcome"], "failed", "{audit:?}");
    assert_eq!(audit[0]["why"], why, "{audit:?}");
}

/// RFC 8176, section 2, and the registry that it founds: nobody has attested where the key is kept (`pop`).
#[test]
fn whoever_signs_in_with_a_passkey_types_nothing_and_the_token_says_how() {
    let stack = Stack::shared();
    let (_, mut browser, mut authenticator) = with_a_passkey(stack);
    browser.forgets("session");
    let (agent, ask) = (an_agent(stack), asks_for_a_file());
    let page = Page::of(browser.opens(&agent.sends_the_person_with(&agent.pushes(&ask))).ok());
    let page = Page::of(browser.signs_in_with(&page, &mut authenticator).ok());
    let code = the_code(stack, &browser.decides(&page, &Decision::All));
    let tokens = agent.redeems(&code, &ask).ok();
    let claims = verified(stack, &tokens.string("access_token")).claims;
    assert_eq!(claims["amr"], json!(["pop", "user", "mfa"]));
    assert_eq!(claims["acr"], "phr");
}

#[test]
fn an_answer_that_comes_fifty_times_at_once_signs_in_once() {
    let stack = Stack::shared();
    // One that does not count, so that nothing but the challenge tells an old answer from a new one.
    let (person, mut other, mut uncounted) = (somebody(stack), Browser::new(stack), an_authenticator(stack));
    uncounted.counter = None;
    other.registers(&person, &mut uncounted);
    other.forgets("session");
    let page = Page::of(other.opens("/account").ok());
    let form = assertion(&page, &uncounted.get(&options(&page)));
    let answers = at_once(|_| other.clone().submits_and_stays("/sign-in", &form));
    let signed_in = answers.iter().filter(|answer| answer.status == 303).count();
    assert_eq!(signed_in, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    let late = answers.iter().find(|answer| answer.status == 422).expect("somebody who came second");
    is_refused(stack, late, TOO_LATE, "the challenge was answered before");
}

/// The count of signatures did not grow either, and yet nobody has copied anything.
#[test]
fn an_answer_that_comes_again_is_late_and_no_copy() {
    let stack = Stack::shared();
    let (_, mut browser, mut authenticator) = with_a_passkey(stack);
    browser.forgets("session");
    let page = Page::of(browser.opens("/account").ok());
    let form = assertion(&page, &authenticator.get(&options(&page)));
    assert_eq!(browser.submits_and_stays("/sign-in", &form).status, 303);
    let again = browser.submits_and_stays("/sign-in", &form);
    is_refused(stack, &again, TOO_LATE, "the challenge was answered before");
}

#[test]
fn a_challenge_is_good_for_minutes_and_in_one_browser() {
    let stack = Stack::undisturbed("a-challenge-is-good-for-minutes");
    let (_, mut browser, mut authenticator) = with_a_passkey(&stack);
    browser.forgets("session");
    let page = Page::of(browser.opens("/account").ok());
    let form = assertion(&page, &authenticator.get(&options(&page)));
    let mut other = Browser::new(&stack);
    other.opens("/account").ok();
    assert_eq!(other.submits_and_stays("/sign-in", &form).status, 403);
    stack.time_passes(599);
    assert_eq!(browser.clone().submits_and_stays("/sign-in", &form).status, 303);
    let page = Page::of(browser.opens("/account").ok());
    let form = assertion(&page, &authenticator.get(&options(&page)));
    stack.time_passes(600);
    let late = browser.submits_and_stays("/sign-in", &form);
    is_refused(&stack, &late, TOO_LATE, "the challenge is too old, or of another browser");
}

#[test]
fn an_answer_with_one_thing_wrong_is_refused_and_the_audit_says_why() {
    type Wrong = (fn(&mut Authenticator), &'static str, &'static str);
    let wrong: [Wrong; 6] = [
        (|it| it.verifies = false, REFUSED, "the authenticator has not verified the person"),
        (|it| it.is_touched = false, REFUSED, "nobody was present"),
        (
            |it| it.origin = "https://evil.example".into(),
            REFUSED,
            "the answer was given to a page of another origin",
        ),
        (
            |it| it.top_origin = Some("https://evil.example".into()),
            REFUSED,
            "the answer was given in a frame of another page",
        ),
        (|it| it.id = vec![7; 16], REFUSED, "the person has no such passkey"),
        (|it| it.counter = Some(0), "there may be a copy of it", "the passkey may have been copied"),
    ];
    let stack = Stack::shared();
    for (spoil, said, why) in wrong {
        let (_, mut browser, mut authenticator) = with_a_passkey(stack);
        assert_eq!(browser.answers_with(&mut authenticator).status, 303);
        spoil(&mut authenticator);
        is_refused(stack, &browser.answers_with(&mut authenticator), said, why);
    }
}

#[test]
fn a_passkey_is_its_persons_and_nobody_elses() {
    let stack = Stack::shared();
    let (_, mut browser, mut authenticator) = with_a_passkey(stack);
    let (_, _, others) = with_a_passkey(stack);
    let own = authenticator.handle.clone();
    authenticator.handle.clone_from(&others.handle);
    is_refused(stack, &browser.answers_with(&mut authenticator), REFUSED, "the person has no such passkey");
    authenticator.handle = format!("person-{}", "A".repeat(22));
    is_refused(stack, &browser.answers_with(&mut authenticator), REFUSED, "there is no such person");
    authenticator.handle = own;
    assert_eq!(browser.answers_with(&mut authenticator).status, 303);
}

#[test]
fn a_registration_is_for_the_session_that_it_was_shown_to() {
    let stack = Stack::shared();
    let (person, other) = (somebody(stack), somebody(stack));
    let (mut browser, mut authenticator) = (Browser::new(stack), an_authenticator(stack));
    let page = browser.comes_to_account(&person, PASSKEYS);
    let answer = authenticator.create(&options(&page));
    let mut others = Browser::new(stack);
    let theirs = others.comes_to_account(&other, PASSKEYS);
    let planted = registration(&page, &answer, "Mine").with("csrf", &theirs.field("csrf"));
    let refused = others.submits_and_stays(PASSKEYS, &planted);
    assert!(Page::of(refused.clone()).words().contains(TOO_LATE), "{}", refused.text());
    assert!(listed(&Page::of(others.opens(PASSKEYS).ok())).is_empty());
    let unverified = {
        authenticator.verifies = false;
        authenticator.create(&options(&page))
    };
    let refused = browser.submits_and_stays(PASSKEYS, &registration(&page, &unverified, "Mine"));
    assert!(Page::of(refused.clone()).words().contains(NOT_REGISTERED), "{}", refused.text());
    let kept = browser.submits_and_stays(PASSKEYS, &registration(&page, &answer, "Mine"));
    assert_eq!(kept.status, 303);
    assert_eq!(listed(&Page::of(browser.opens(PASSKEYS).ok())), ["Mine"]);
}

/// Once it is removed, neither the answer that made it nor the passkey itself is worth anything.
#[test]
fn a_passkey_that_was_removed_signs_nobody_in_and_its_registration_does_not_come_again() {
    let stack = Stack::shared();
    let (person, mut browser, mut authenticator) =
        (somebody(stack), Browser::new(stack), an_authenticator(stack));
    let page = browser.comes_to_account(&person, PASSKEYS);
    let form = registration(&page, &authenticator.create(&options(&page)), "My phone");
    assert_eq!(browser.submits_and_stays(PASSKEYS, &form).status, 303);
    let page = Page::of(browser.opens(PASSKEYS).ok());
    let removal = removal(&page);
    assert_eq!(browser.submits_and_stays(PASSKEYS, &removal).status, 303);
    // The session has another secret now: the forms of before are nobody's.
    for form in [&form, &removal] {
        assert_eq!(browser.submits_and_stays(PASSKEYS, form).status, 403);
    }
    let csrf = Page::of(browser.opens(PASSKEYS).ok()).field("csrf");
    let again = browser.submits_and_stays(PASSKEYS, &form.with("csrf", &csrf));
    assert!(Page::of(again.clone()).words().contains(TOO_LATE), "{}", again.text());
    let again = browser.submits_and_stays(PASSKEYS, &removal.with("csrf", &csrf));
    assert!(Page::of(again).words().contains("There is no such passkey"));
    is_refused(stack, &browser.answers_with(&mut authenticator), REFUSED, "the person has no such passkey");
}

#[test]
fn only_whoever_signed_in_just_now_changes_passkeys() {
    let stack = Stack::undisturbed("only-whoever-signed-in-just-now");
    let (_, mut browser, mut authenticator) = with_a_passkey(&stack);
    let page = Page::of(browser.opens(PASSKEYS).ok());
    let form = registration(&page, &an_authenticator(&stack).create(&options(&page)), "Another");
    stack.time_passes(601);
    let asked = Page::of(browser.submits_and_stays(PASSKEYS, &form).ok());
    assert!(asked.has_form("/sign-in"), "{}", asked.words());
    let page = Page::of(browser.opens(PASSKEYS).ok());
    assert_eq!(listed(&page), ["My phone"]);
    assert!(!page.html.contains("<form"), "{}", page.html);
    let page = Page::of(browser.opens(&format!("{PASSKEYS}?again=yes")).ok());
    let page = Page::of(browser.signs_in_with(&page, &mut authenticator).ok());
    assert!(page.html.contains("value=\"remove\""), "{}", page.words());
}

#[test]
fn whoever_registers_or_removes_a_passkey_is_seen_on_the_persons_devices() {
    let stack = Stack::shared();
    let person = somebody_with(stack, &["--phone-number", &a_number()]);
    let mut browser = Browser::new(stack);
    browser.has(&person, &a_number(), "Mine");

    browser.registers(&person, &mut an_authenticator(stack));
    let message = messages_of(stack, &person.user_name).remove(0);
    assert!(message.to_string().contains("A passkey was added to your account"), "{message}");
    assert!(message["link"].as_str().is_some_and(|link| link.ends_with(PASSKEYS)), "{message}");
    let page = Page::of(browser.opens(PASSKEYS).ok());
    assert_eq!(browser.submits_and_stays(PASSKEYS, &removal(&page)).status, 303);
    let message = messages_of(stack, &person.user_name).remove(0);
    assert!(message.to_string().contains("A passkey was removed from your account"), "{message}");
}

/// What the form of a link sends.
pub(crate) fn enrolment(page: &Page, answer: &str) -> Parameters {
    page.form(["person", "code", "ceremony"]).and("answer", answer).and("name", "My phone")
}

/// The link that the operator makes, as a path.
pub(crate) fn link_for(stack: &Stack, person: &Person) -> String {
    handed_out(stack, stack.operator().enrols(&person.user_name))
}

/// The one whose passkey takes the place of all others.
pub(crate) fn replacing_link_for(stack: &Stack, person: &Person) -> String {
    handed_out(stack, stack.operator().enrols_anew(&person.user_name))
}

fn handed_out(stack: &Stack, link: String) -> String {
    let (_, code) = link.rsplit_once("code=").expect("a code");
    stack.hands_out(code);
    link
}

#[test]
fn a_link_of_the_operator_registers_one_passkey_for_whom_it_was_made() {
    let stack = Stack::shared();
    let (person, other) = (somebody(stack), somebody(stack));
    let link = link_for(stack, &person);
    let (mut browser, mut authenticator) = (Browser::new(stack), an_authenticator(stack));
    let page = Page::of(browser.opens(&link).ok());
    assert!(page.words().contains(&person.user_name), "{}", page.words());
    let form = enrolment(&page, &authenticator.create(&options(&page)));
    let others = stack.operator().id_of(&other.user_name);
    let stolen = browser.submits_and_stays(LINK, &form.clone().with("person", &others));
    assert!(Page::of(stolen.clone()).words().contains(LINK_IS_OVER), "{}", stolen.text());
    let made = at_once(|_| browser.clone().submits_and_stays(LINK, &form));
    assert_eq!(made.iter().filter(|answer| answer.status == 303).count(), 1);
    assert!(
        made.iter().filter(|answer| answer.status != 303).all(|answer| answer.text().contains(LINK_IS_OVER))
    );
    assert!(browser.cookie("session").is_none(), "the link begins no session");
    assert_eq!(browser.answers_with(&mut authenticator).status, 303);
    assert_eq!(listed(&Page::of(browser.opens(PASSKEYS).ok())), ["My phone"]);
}

#[test]
fn a_link_is_good_for_an_hour_until_a_later_one_and_not_for_whoever_is_shut_out() {
    let stack = Stack::undisturbed("a-link-is-good-for-an-hour");
    let person = somebody(&stack);
    let good = |link: &str| {
        let answer = Browser::new(&stack).opens(link);
        let is_good = answer.status == 200;
        assert_eq!(!is_good, answer.text().contains(LINK_IS_OVER), "{}", answer.text());
        is_good
    };
    let first = link_for(&stack, &person);
    assert!(good(&first));
    let second = link_for(&stack, &person);
    assert!(!good(&first) && good(&second));
    assert!(!good(&second.replace("code=", "code=A")));
    // The operator's own clock is not the server's.
    let late = link_for(&stack, &person);
    stack.time_passes(3_590);
    assert!(good(&late));
    stack.time_passes(20);
    assert!(!good(&late));
    let shut_out = somebody(&stack);
    let link = link_for(&stack, &shut_out);
    stack.operator().does(&["user", "disable", &shut_out.user_name]);
    assert!(!good(&link));
    assert!(stack.operator().is_refused(&["user", "enrol", &shut_out.user_name]).contains("shut out"));
}

#[test]
fn whoever_is_shut_out_does_not_sign_in_with_a_passkey() {
    let stack = Stack::shared();
    let (person, mut browser, mut authenticator) = with_a_passkey(stack);
    stack.operator().does(&["user", "disable", &person.user_name]);
    is_refused(stack, &browser.answers_with(&mut authenticator), REFUSED, "the person may not sign in");
}

/// A stack whose settings of signing in are these.
pub(crate) fn stack_with(name: &str, settings: &str) -> Stack {
    Stack::start_with(name, &[], |configuration| {
        let path = configuration.join("server.toml");
        let text = fs::read_to_string(&path).expect("the server's settings");
        fs::write(path, format!("{text}\n[sign_in]\n{settings}\n")).expect("written");
    })
}

#[test]
fn without_passwords_a_password_signs_nobody_in() {
    let stack = stack_with("without-passwords", "passwords = false");
    let (person, mut browser, mut authenticator) =
        (somebody(&stack), Browser::new(&stack), an_authenticator(&stack));
    let page = Page::of(browser.opens("/account").ok());
    assert!(!page.html.contains("name=\"password\""), "{}", page.words());
    let refused = browser.types(&page, &person.user_name, &person.password);
    assert_eq!(refused.status, 422);
    browser.enrols(&person, &mut authenticator);
    assert_eq!(browser.answers_with(&mut authenticator).status, 303);
    let page = Page::of(browser.opens("/account").ok());
    assert!(!page.html.contains("/sign-in/password"), "{}", page.words());
}

/// The password is no proof where it signs nobody in: having signed in is, for ten minutes.
#[test]
fn without_passwords_the_code_for_agents_is_set_by_whoever_signed_in_just_now() {
    let stack = stack_with("code-without-passwords", "passwords = false");
    let (person, mut browser, mut authenticator) =
        (somebody(&stack), Browser::new(&stack), an_authenticator(&stack));
    browser.enrols(&person, &mut authenticator);
    assert_eq!(browser.answers_with(&mut authenticator).status, 303);
    let page = Page::of(browser.opens(USER_CODE).ok());
    assert!(!page.html.contains("current_password"), "{}", page.words());
    let code = "493 817 26";
    stack.hands_out(code);
    let form = Parameters::of([("csrf", page.field("csrf").as_str()), ("user_code", code)]);
    assert_eq!(browser.submits_and_stays(USER_CODE, &form).status, 303);
    assert!(has_a_code(&mut browser));
    let removal = removal_of_the_code(&page);
    stack.time_passes(601);
    for form in [&removal, &removal.clone().and("current_password", &person.password)] {
        let asked = Page::of(browser.submits_and_stays(USER_CODE, form).ok());
        assert!(asked.has_form("/sign-in"), "{}", asked.words());
    }
    assert!(has_a_code(&mut browser), "nothing was removed");
    assert!(!Page::of(browser.opens(USER_CODE).ok()).html.contains("<form"));
    let page = Page::of(browser.opens(&format!("{USER_CODE}?again=yes")).ok());
    let page = Page::of(browser.signs_in_with(&page, &mut authenticator).ok());
    assert_eq!(browser.submits_and_stays(USER_CODE, &removal_of_the_code(&page)).status, 303);
    assert!(!has_a_code(&mut browser));
}

fn has_a_code(browser: &mut Browser<'_>) -> bool {
    Page::of(browser.opens(USER_CODE).ok()).words().contains("You have a code.")
}

fn removal_of_the_code(page: &Page) -> Parameters {
    page.form(["csrf"]).and("remove", "yes")
}

/// Whoever has a password types it, also where they signed in just now.
#[test]
fn whoever_has_a_password_changes_the_code_for_agents_by_nothing_else() {
    let stack = Stack::shared();
    let (_, mut browser, mut authenticator) = with_a_passkey(stack);
    assert_eq!(browser.answers_with(&mut authenticator).status, 303);
    let page = Page::of(browser.opens(USER_CODE).ok());
    let form = Parameters::of([("csrf", page.field("csrf").as_str()), ("user_code", "maple 4711")]);
    let refused = browser.submits_and_stays(USER_CODE, &form);
    assert_eq!(refused.status, 422, "{}", refused.text());
}

#[test]
fn without_passkeys_nobody_is_offered_one_and_none_is_taken() {
    let stack = stack_with("without-passkeys", "passkeys = false");
    let (person, mut browser) = (somebody(&stack), Browser::new(&stack));
    let page = Page::of(browser.opens("/account").ok());
    assert!(!page.html.contains("data-passkey"), "{}", page.words());
    assert!(
        page.answer.header("content-security-policy").is_some_and(|policy| !policy.contains("script-src"))
    );
    let form = page.form(["interaction"]).and("ceremony", "c").and("answer", "{}");
    let refused = browser.submits_and_stays("/sign-in", &form);
    is_refused(&stack, &refused, REFUSED, "nobody signs in with a passkey here");
    let page = browser.comes_to_account(&person, PASSKEYS);
    assert!(page.words().contains("Nobody signs in with passkeys here."), "{}", page.words());
    assert!(stack.operator().is_refused(&["user", "enrol", &person.user_name]).contains("sign_in"));
}
