//! What a person let us remember: they see it, they can have it forgotten, nobody else reaches it, and it is worth nothing
//! once what it was given with has ended.

use std::thread::sleep;
use std::time::Duration;

use crate::agent::{Agent, Ask, asks_for_a_file};
use crate::browser::{Browser, Page};
use crate::person::{Decision, Person, somebody, the_code};
use crate::stack::Stack;
use crate::web::{Parameters, post};

/// A browser in which the person has consented and is remembered, and what came of the consent.
struct Remembering<'s> {
    browser: Browser<'s>,
    ask: Ask,
    code: String,
}

fn remembering<'s>(agent: &Agent<'s>, person: &Person) -> Remembering<'s> {
    let (mut browser, ask) = (Browser::new(agent.stack), asks_for_a_file());
    let address = agent.sends_the_person_with(&agent.pushes(&ask));
    let page = browser.comes_to_consent(person, &address);
    let code = the_code(agent.stack, &browser.decides(&page, &Decision::AllAndRemember));
    assert!(!is_asked(&mut browser, agent), "the consent is remembered");
    Remembering { browser, ask, code }
}

/// The agent that asks once.
fn an_agent_that_is_remembered(stack: &Stack) -> Agent<'_> {
    Agent::with_basic(stack, "remembered-agent")
}

pub(crate) fn the_same_request(agent: &Agent<'_>) -> String {
    agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()))
}

/// Whether the person sees a page, rather than being sent on with a code.
fn is_asked(browser: &mut Browser<'_>, agent: &Agent<'_>) -> bool {
    let answer = browser.opens(&the_same_request(agent));
    if answer.status == 200 {
        return true;
    }
    the_code(agent.stack, &answer);
    false
}

/// That a person who is signed in must decide again, be it with a page or silently.
#[track_caller]
pub(crate) fn must_decide_again(browser: &mut Browser<'_>, agent: &Agent<'_>) {
    let page = Page::of(browser.opens(&the_same_request(agent)).ok());
    assert!(page.has_form("/consent"), "{}", page.words());
    let silent = asks_for_a_file().with("prompt", "none");
    let answer = browser.opens(&agent.sends_the_person_with(&agent.pushes(&silent)));
    assert_eq!(answer.callback(crate::agent::CALLBACK)["error"], "consent_required");
}

/// What the account page sends to have its first remembered consent forgotten.
pub(crate) fn forgetting(account: &Page) -> Parameters {
    account.form(["csrf", "client", "consent"])
}

#[test]
fn what_is_remembered_is_listed_and_can_be_forgotten() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent_that_is_remembered(stack), somebody(stack));
    let Remembering { mut browser, .. } = remembering(&agent, &person);

    let account = Page::of(browser.opens("/account").ok());
    assert_eq!(account.fields("client"), ["remembered-agent"]);
    assert!(account.words().contains("Q4-report.pdf"), "{}", account.words());

    let answer = browser.submits_and_stays("/account", &forgetting(&account));
    assert_eq!(answer.status, 303);
    let account = Page::of(browser.opens("/account").ok());
    assert!(account.fields("consent").is_empty(), "{}", account.words());
    assert!(is_asked(&mut browser, &agent));
}

#[test]
fn nobody_sees_or_forgets_what_another_let_us_remember() {
    let stack = Stack::shared();
    let agent = an_agent_that_is_remembered(stack);
    let (victim, attacker) = (somebody(stack), somebody(stack));
    let Remembering { browser: mut victims, .. } = remembering(&agent, &victim);
    let listed = Page::of(victims.opens("/account").ok());
    let theirs = forgetting(&listed);

    // Signed in as somebody else, with a form of their own that names the victim's consent.
    let mut attackers = Browser::new(stack);
    let page = Page::of(attackers.opens("/sign-in").ok());
    attackers.signs_in(&page, &attacker).ok();
    let own = Page::of(attackers.opens("/account").ok());
    assert!(own.fields("consent").is_empty(), "{}", own.words());
    attackers.submits("/account", &theirs.clone().with("csrf", &own.field("csrf"))).ok();
    assert!(!is_asked(&mut victims, &agent));

    // The victim's own form in the attacker's browser, without a session, from another site, and forged.
    assert_eq!(attackers.submits_and_stays("/account", &theirs).status, 403);
    assert_eq!(Browser::new(stack).submits_and_stays("/account", &theirs).status, 403);
    let elsewhere = post(&stack.url("/account"), &theirs).header("origin", "https://evil.test");
    assert_eq!(victims.sends(elsewhere).status, 403);
    let forged = theirs.clone().with("csrf", "forged");
    assert_eq!(victims.submits_and_stays("/account", &forged).status, 403);
    assert!(!is_asked(&mut victims, &agent));
}

/// Whoever shuts a person out ends what they have agreed to. It does not come back with them.
#[test]
fn nothing_is_remembered_of_a_person_who_was_shut_out_and_let_in_again() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent_that_is_remembered(stack), somebody(stack));
    remembering(&agent, &person);
    let mut another = Browser::new(stack);
    let page = Page::of(another.opens(&the_same_request(&agent)).ok());
    the_code(stack, &another.signs_in(&page, &person));

    stack.operator().does(&["user", "disable", &person.user_name]);
    stack.operator().does(&["user", "enable", &person.user_name]);
    // What began in the very second of the mark is taken for older.
    sleep(Duration::from_millis(1_100));
    let mut browser = Browser::new(stack);
    browser.comes_to_consent(&person, &the_same_request(&agent));
    must_decide_again(&mut browser, &agent);
}

/// OAuth 2.1, section 4.1.3: the replay proves that somebody else has what the consent gave.
#[test]
fn nothing_is_remembered_of_a_consent_whose_code_was_replayed() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent_that_is_remembered(stack), somebody(stack));
    let Remembering { mut browser, ask, code } = remembering(&agent, &person);
    agent.redeems(&code, &ask).ok();
    assert!(!is_asked(&mut browser, &agent), "redeeming it ends nothing");
    agent.redeems(&code, &ask).is_refused(400, "invalid_grant");
    must_decide_again(&mut browser, &agent);
}

/// RFC 7009, section 2.1: revoking the refresh token ends the authorization grant.
#[test]
fn nothing_is_remembered_of_a_consent_whose_refresh_token_was_revoked() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent_that_is_remembered(stack), somebody(stack));
    let Remembering { mut browser, ask, code } = remembering(&agent, &person);
    let tokens = agent.redeems(&code, &ask).ok();
    agent.revokes(&tokens.string("access_token"));
    assert!(!is_asked(&mut browser, &agent), "an access token ends itself alone");
    agent.revokes(&tokens.string("refresh_token"));
    must_decide_again(&mut browser, &agent);
}

#[test]
fn nothing_is_remembered_of_a_client_that_was_switched_off_and_on() {
    let stack = Stack::shared();
    let (agent, person) = (Agent::with_basic(stack, "paused-agent"), somebody(stack));
    let Remembering { mut browser, .. } = remembering(&agent, &person);
    stack.operator().does(&["client", "disable", &agent.id]);
    stack.operator().does(&["client", "enable", &agent.id]);
    sleep(Duration::from_secs(6));
    must_decide_again(&mut browser, &agent);
    // What they decide from now on can be remembered again.
    let page = Page::of(browser.opens(&the_same_request(&agent)).ok());
    the_code(stack, &browser.decides(&page, &Decision::AllAndRemember));
    assert!(!is_asked(&mut browser, &agent));
}
