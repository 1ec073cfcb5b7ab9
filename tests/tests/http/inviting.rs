//! What people do on the pages of their account so that agents may ask them: invitations (`login_hint_token`), and the code that an
//! agent has to show (`user_code`; OpenID CIBA Core 1.0, section 7.1).

use std::sync::atomic::{AtomicU32, Ordering};

use crate::agent::Agent;
use crate::asking::for_signing_in_of;
use crate::browser::{Browser, Page};
use crate::person::Person;
use crate::stack::Stack;
use crate::web::{Answer, Parameters};

pub(crate) const INVITATIONS: &str = "/account/invitations";
pub(crate) const USER_CODE: &str = "/account/user-code";
pub(crate) const DEVICES: &str = "/account/devices";

/// Whom somebody chooses who is asked by any agent.
pub(crate) const ANY_AGENT: &str = "any agent";

/// The agent that asks those alone who invite it.
pub(crate) fn an_invited_agent(stack: &Stack) -> Agent<'_> {
    Agent::with_basic(stack, "invited-agent")
}

/// A request of whoever made a code.
pub(crate) fn with_the_code(code: &str) -> Parameters {
    for_signing_in_of("").without("login_hint").and("login_hint_token", code)
}

/// A telephone number that no other test names: three messages an hour are sent to each.
pub(crate) fn a_number() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("+49151{:08}", NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Browser<'_> {
    /// Opens a page of the account, and signs in where that is asked.
    #[track_caller]
    pub(crate) fn comes_to_account(&mut self, person: &Person, path: &str) -> Page {
        let page = Page::of(self.opens(path).ok());
        if page.has_form("/sign-in") { Page::of(self.signs_in(&page, person).ok()) } else { page }
    }

    /// Chooses an agent on that page.
    pub(crate) fn chooses(&mut self, page: &Page, agent: &str) -> Answer {
        self.submits_and_stays(INVITATIONS, &choice(page, agent))
    }

    /// Makes an invitation and reads its code.
    #[track_caller]
    pub(crate) fn invites(&mut self, person: &Person, agent: &str) -> String {
        let page = self.comes_to_account(person, INVITATIONS);
        let page = Page::of(self.chooses(&page, agent).ok());
        let code = shown_code(&page);
        self.stack.hands_out(&code);
        self.stack.hands_out(&code.replace('-', ""));
        code
    }
}

impl Browser<'_> {
    /// Sets the code that agents have to show.
    #[track_caller]
    pub(crate) fn sets_the_user_code(&mut self, person: &Person, code: &str) {
        self.stack.hands_out(code);
        self.changes_the_user_code(person, ("user_code", code));
    }

    /// Takes it back.
    #[track_caller]
    pub(crate) fn removes_the_user_code(&mut self, person: &Person) {
        self.changes_the_user_code(person, ("remove", "yes"));
    }

    #[track_caller]
    fn changes_the_user_code(&mut self, person: &Person, (name, value): (&str, &str)) {
        let page = self.comes_to_account(person, USER_CODE);
        let csrf = page.field("csrf");
        let form =
            Parameters::of([("csrf", csrf.as_str()), ("current_password", &person.password), (name, value)]);
        let answer = self.submits_and_stays(USER_CODE, &form);
        assert_eq!(answer.status, 303, "{}", answer.text());
    }
}

/// What the page sends for a choice.
pub(crate) fn choice(page: &Page, agent: &str) -> Parameters {
    Parameters::of([("csrf", page.field("csrf").as_str()), ("agent", agent)])
}

/// The code that the page shows.
#[track_caller]
pub(crate) fn shown_code(page: &Page) -> String {
    let shown = page.html.split_once("translate=\"no\">").and_then(|(_, rest)| rest.split_once('<'));
    shown.unwrap_or_else(|| panic!("no code: {}", page.words())).0.to_owned()
}
