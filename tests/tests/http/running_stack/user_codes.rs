//! The code that an agent has to show before it may ask a person (`user_code`, OpenID CIBA Core 1.0, section 7.1): the page on which
//! they set it.

use crate::browser::{Browser, Page};
use crate::inviting::USER_CODE;
use crate::person::{Person, somebody};
use crate::stack::Stack;
use crate::web::{Answer, Parameters, post};

const CODE: &str = "maple 4711";

/// Somebody at the page.
struct Setting<'s> {
    stack: &'s Stack,
    person: Person,
    browser: Browser<'s>,
    page: Page,
}

fn setting(stack: &Stack) -> Setting<'_> {
    let (person, mut browser) = (somebody(stack), Browser::new(stack));
    let page = browser.comes_to_account(&person, USER_CODE);
    stack.hands_out(CODE);
    Setting { stack, person, browser, page }
}

impl Setting<'_> {
    fn form(&self, code: &str) -> Parameters {
        Parameters::of([
            ("csrf", self.page.field("csrf").as_str()),
            ("current_password", &self.person.password),
            ("user_code", code),
        ])
    }

    fn sends(&self, form: &Parameters) -> Answer {
        self.browser.clone().submits_and_stays(USER_CODE, form)
    }

    /// What the page says of the code.
    fn has_one(&self) -> bool {
        let page = Page::of(self.browser.clone().opens(USER_CODE).ok());
        let (has, has_not) =
            (page.words().contains("You have a code."), page.words().contains("no code yet"));
        assert_ne!(has, has_not, "{}", page.words());
        assert!(!page.html.contains(CODE), "it is shown");
        has
    }
}

#[test]
fn a_person_sets_a_code_changes_it_and_removes_it_with_their_password() {
    let setting = setting(Stack::shared());
    assert!(!setting.has_one());
    for code in [CODE, "another 4711"] {
        let answer = setting.sends(&setting.form(code));
        assert_eq!(answer.location(), setting.stack.path("/account?notice=user-code-set"));
        assert!(setting.has_one());
    }
    let removing = setting.form("").and("remove", "yes");
    let answer = setting.sends(&removing);
    assert_eq!(answer.location(), setting.stack.path("/account?notice=user-code-removed"));
    assert!(!setting.has_one());
    let account = Page::of(setting.browser.clone().opens("/account?notice=user-code-removed").ok());
    assert!(account.words().contains("You have no code for agents any more."), "{}", account.words());
}

#[test]
fn a_session_alone_neither_sets_nor_removes_a_code() {
    let setting = setting(Stack::shared());
    for password in ["", "not the password"] {
        for form in [setting.form(CODE), setting.form("").and("remove", "yes")] {
            let answer = setting.sends(&form.with("current_password", password));
            assert_eq!(answer.status, 422, "{password:?}");
            assert!(Page::of(answer).words().contains("The password is not right."));
        }
    }
    assert!(!setting.has_one());
}

/// At the account's page as at the sign-in page: guesses make the next ones wait.
#[test]
fn whoever_guesses_the_password_there_waits() {
    let setting = setting(Stack::shared());
    let guesses = || setting.sends(&setting.form(CODE).with("current_password", "a guess")).status;
    // The fifth wrong one makes the next wait a second, the seventh four: longer than any stack takes for one request.
    let mut wrong = 0;
    while wrong < 7 {
        match guesses() {
            422 => wrong += 1,
            429 if wrong >= 5 => std::thread::sleep(std::time::Duration::from_millis(200)),
            other => panic!("{other} after {wrong} wrong ones"),
        }
    }
    assert_eq!(guesses(), 429);
    assert_eq!(setting.sends(&setting.form(CODE)).status, 429, "the right one waits, too");
    assert!(!setting.has_one());
}

#[test]
fn a_code_that_is_too_short_too_long_unseen_or_the_password_is_not_taken() {
    let setting = setting(Stack::shared());
    for code in ["", "12345", "  123  ", "1234\u{200b}56", &"x".repeat(65)] {
        let answer = setting.sends(&setting.form(code));
        assert_eq!(answer.status, 422, "{code:?}");
        assert!(Page::of(answer).words().contains("6 to 64 visible characters"), "{code:?}");
    }
    let answer = setting.sends(&setting.form(&setting.person.password));
    assert_eq!(answer.status, 422);
    assert!(Page::of(answer).words().contains("That is your password."));
    assert!(!setting.has_one());
}

#[test]
fn nobody_sets_a_code_in_anothers_name() {
    let stack = Stack::shared();
    let (victims, attackers) = (setting(stack), setting(stack));
    let theirs = victims.form(CODE);
    assert_eq!(attackers.sends(&theirs).status, 403, "another's form");
    assert_eq!(Browser::new(stack).submits_and_stays(USER_CODE, &theirs).status, 403, "nobody signed in");
    let elsewhere = post(&stack.url(USER_CODE), &theirs).header("origin", "https://evil.test");
    assert_eq!(victims.browser.clone().sends(elsewhere).status, 403, "from another site");
    let account = Page::of(victims.browser.clone().opens("/account").ok());
    for csrf in ["forged".to_owned(), attackers.page.field("csrf"), account.field("csrf")] {
        assert_eq!(victims.sends(&theirs.clone().with("csrf", &csrf)).status, 403, "{csrf}");
    }
    // A password of somebody else is not theirs, however right it is.
    let with_another = victims.form(CODE).with("current_password", &attackers.person.password);
    assert_eq!(victims.sends(&with_another).status, 422);
    assert!(!victims.has_one() && !attackers.has_one());
}
