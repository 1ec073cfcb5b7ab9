use std::sync::atomic::{AtomicU32, Ordering};

use crate::agent::{Agent, Ask, CALLBACK, secret_part};
use crate::browser::{Browser, Page};
use crate::stack::Stack;
use crate::web::{Answer, Parameters};

/// A person whom the operator has made for one test.
pub(crate) struct Person {
    pub(crate) user_name: String,
    pub(crate) password: String,
}

/// Somebody whom no other test knows, nor an earlier run against a table that stays.
pub(crate) fn somebody(stack: &Stack) -> Person {
    somebody_with(stack, &[])
}

/// Somebody of whom more is known, as the operator's options say it.
pub(crate) fn somebody_with(stack: &Stack, more: &[&str]) -> Person {
    static COUNTER: AtomicU32 = AtomicU32::new(1);
    let user_name = format!("person{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
    let password = stack.operator().adds_a_user(&user_name, more);
    stack.hands_out(&password);
    Person { user_name, password }
}

/// What a person does on the consent page.
#[derive(Clone, Debug)]
pub(crate) enum Decision {
    /// Approves all of it.
    All,
    /// Approves these details, by their position, and all scopes.
    Details(Vec<usize>),
    /// Approves all details and these scopes.
    Scopes(Vec<&'static str>),
    /// Approves all of it and does not want to be asked again.
    AllAndRemember,
    /// Says no.
    Deny,
}

impl Browser<'_> {
    /// Types user name and password into the sign-in page.
    pub(crate) fn signs_in(&mut self, page: &Page, person: &Person) -> Answer {
        self.types(page, &person.user_name, &person.password)
    }

    pub(crate) fn types(&mut self, page: &Page, user_name: &str, password: &str) -> Answer {
        let form = Parameters::of([
            ("interaction", &page.field("interaction")),
            ("user_name", user_name),
            ("password", password),
        ]);
        self.submits("/sign-in", &form)
    }

    /// Decides on the consent page.
    pub(crate) fn decides(&mut self, page: &Page, decision: &Decision) -> Answer {
        self.submits_and_stays("/consent", &decision_form(page, decision))
    }

    /// Opens what the agent sent, signs in and comes to the consent page.
    #[track_caller]
    pub(crate) fn comes_to_consent(&mut self, person: &Person, address: &str) -> Page {
        let page = Page::of(self.opens(address).ok());
        if !page.has_form("/sign-in") {
            return page;
        }
        let page = Page::of(self.signs_in(&page, person).ok());
        assert!(page.has_form("/consent"), "no consent page: {}", page.words());
        page
    }
}

/// What the consent page sends for a decision.
pub(crate) fn decision_form(page: &Page, decision: &Decision) -> Parameters {
    let mut form = Parameters::of([("interaction", &page.field("interaction"))]);
    let (details, scopes) = (page.fields("detail"), page.fields("scope"));
    let positions = |chosen: &[usize]| chosen.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (details, scopes, answer) = match decision {
        Decision::All | Decision::AllAndRemember => (details, scopes, "approve"),
        Decision::Details(chosen) => (positions(chosen), scopes, "approve"),
        Decision::Scopes(chosen) => {
            (details, chosen.iter().map(|scope| (*scope).to_owned()).collect(), "approve")
        }
        Decision::Deny => (details, scopes, "deny"),
    };
    for index in &details {
        form = form.and("detail", index);
    }
    for scope in &scopes {
        form = form.and("scope", scope);
    }
    if matches!(decision, Decision::AllAndRemember) {
        form = form.and("remember", "yes");
    }
    form.and("decision", answer)
}

/// The form of the page that changes a password, with the new one typed twice.
pub(crate) fn password_form(page: &Page, current: &str, new: &str) -> Parameters {
    Parameters::of([
        ("csrf", page.field("csrf").as_str()),
        ("current_password", current),
        ("new_password", new),
        ("new_password_again", new),
    ])
}

/// The person signs in and decides; the agent gets what comes back to its redirect URI.
#[track_caller]
pub(crate) fn the_person_decides(
    agent: &Agent<'_>,
    person: &Person,
    ask: &Ask,
    decision: &Decision,
) -> Answer {
    let mut browser = Browser::new(agent.stack);
    let page = browser.comes_to_consent(person, &agent.sends_the_person_with(&agent.pushes(ask)));
    browser.decides(&page, decision)
}

/// The person approves all of it, and the agent gets the code.
#[track_caller]
pub(crate) fn the_person_consents(agent: &Agent<'_>, person: &Person, ask: &Ask) -> String {
    the_code(agent.stack, &the_person_decides(agent, person, ask, &Decision::All))
}

/// The code with which the browser is sent back.
#[track_caller]
pub(crate) fn the_code(stack: &Stack, answer: &Answer) -> String {
    let code =
        answer.callback(CALLBACK).remove("code").unwrap_or_else(|| panic!("no code: {}", answer.location()));
    stack.hands_out(&code);
    stack.hands_out(secret_part(&code));
    code
}

/// What an agent holds in the end.
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) answer: Answer,
}

/// The whole way from the push to the tokens.
#[track_caller]
pub(crate) fn granted(agent: &Agent<'_>, person: &Person, ask: &Ask) -> Tokens {
    let code = the_person_consents(agent, person, ask);
    let answer = agent.redeems(&code, ask).ok();
    Tokens {
        access_token: answer.string("access_token"),
        refresh_token: answer.string("refresh_token"),
        answer,
    }
}
