//! What a person let us remember: they see it, they can have it forgotten, and nobody else reaches it.

use crate::agent::{Agent, asks_for_a_file};
use crate::browser::{Browser, Page};
use crate::person::{Decision, Person, somebody, the_code};
use crate::stack::Stack;
use crate::web::{Parameters, post};

/// A browser in which the person has consented and is remembered.
fn remembering<'s>(agent: &Agent<'s>, person: &Person) -> Browser<'s> {
    let mut browser = Browser::new(agent.stack);
    let address = agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()));
    let page = browser.comes_to_consent(person, &address);
    the_code(agent.stack, &browser.decides(&page, &Decision::AllAndRemember));
    browser
}

fn is_asked(browser: &mut Browser<'_>, agent: &Agent<'_>) -> bool {
    let answer = browser.opens(&agent.sends_the_person_with(&agent.pushes(&asks_for_a_file())));
    answer.status == 200
}

/// What the account page sends to have its first remembered consent forgotten.
fn forgetting(account: &Page) -> Parameters {
    let fields = ["csrf", "client", "consent"].map(|name| (name, account.field(name)));
    Parameters::of(fields.each_ref().map(|(name, value)| (*name, value.as_str())))
}

#[test]
fn what_is_remembered_is_listed_and_can_be_forgotten() {
    let stack = Stack::shared();
    let (agent, person) = (Agent::with_basic(stack, "remembered-agent"), somebody(stack));
    let mut browser = remembering(&agent, &person);
    assert!(!is_asked(&mut browser, &agent));

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
    let agent = Agent::with_basic(stack, "remembered-agent");
    let (victim, attacker) = (somebody(stack), somebody(stack));
    let mut victims = remembering(&agent, &victim);
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
