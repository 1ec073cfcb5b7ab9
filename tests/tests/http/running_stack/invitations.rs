//! A person lets an agent ask them that does not know them: a code, once, for minutes (`login_hint_token`, OpenID CIBA Core 1.0,
//! section 7.1).

use serde_json::json;

use crate::agent::the_file;
use crate::asking::{Answering, an_asking_agent, for_approval_of, somebody_reachable, the_person_answers};
use crate::browser::{Browser, Page};
use crate::inviting::{ANY_AGENT, INVITATIONS, an_invited_agent, choice, shown_code, with_the_code};
use crate::person::{Person, somebody};
use crate::stack::Stack;
use crate::web::{Answer, Parameters, post};

/// What every code that is no good is answered with.
const NO_GOOD: &str = "expired_login_hint_token";

#[track_caller]
fn invitation_of(stack: &Stack, person: &Person, agent: &str) -> String {
    Browser::new(stack).invites(person, agent)
}

#[track_caller]
fn is_no_good(answer: &Answer) {
    answer.is_refused(400, NO_GOOD);
}

/// Whether anything waits for the person.
fn is_asked(stack: &Stack, person: &Person) -> bool {
    let page = Browser::new(stack).comes_to_account(person, "/approval");
    !page.words().contains("Nothing waits for your answer.")
}

#[test]
fn an_agent_that_knows_nobody_asks_whoever_invited_it_once() {
    let stack = Stack::shared();
    let (agent, person) = (an_invited_agent(stack), somebody(stack));
    let file = json!([the_file("Q4-report.pdf", &["read"])]);
    let code = invitation_of(stack, &person, &agent.id);
    let form = for_approval_of("", &file).without("login_hint").and("login_hint_token", &code);
    let auth_req_id = agent.waits_for_approval(&form);
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    let tokens = agent.comes_with(&auth_req_id).ok().json();
    assert_eq!(tokens["authorization_details"], file);
    is_no_good(&agent.asks_elsewhere(&form));
}

/// Without an invitation it is answered as one that named nobody.
#[test]
fn an_agent_that_knows_nobody_rings_no_phone_without_an_invitation() {
    let stack = Stack::shared();
    let (agent, person) = (an_invited_agent(stack), somebody_reachable(stack));
    let file = json!([the_file("Q4-report.pdf", &["read"])]);
    agent.asks_elsewhere(&for_approval_of(&person.user_name, &file)).ok();
    assert!(!is_asked(stack, &person));
    an_asking_agent(stack).asks_elsewhere(&for_approval_of(&person.user_name, &file)).ok();
    assert!(is_asked(stack, &person), "the same by an agent that knows them");
}

#[test]
fn a_code_is_good_however_it_is_spoken_or_typed() {
    let stack = Stack::shared();
    let (agent, person) = (an_invited_agent(stack), somebody(stack));
    for heard in [
        |code: &str| code.to_lowercase(),
        |code: &str| code.replace('-', ""),
        |code: &str| code.chars().flat_map(|symbol| [symbol, ' ']).collect(),
    ] {
        let code = invitation_of(stack, &person, &agent.id);
        agent.asks_elsewhere(&with_the_code(&heard(&code))).ok();
        is_no_good(&agent.asks_elsewhere(&with_the_code(&code)));
    }
}

/// Nobody learns by an answer whether a code exists, whose it is, or whether it was used.
#[test]
fn a_code_that_is_no_good_is_answered_like_one_that_nobody_made() {
    let stack = Stack::shared();
    let (agent, other, person) = (an_invited_agent(stack), an_asking_agent(stack), somebody(stack));
    let unknown = other.asks_elsewhere(&with_the_code("ABCDE-FGHJK"));
    is_no_good(&unknown);
    let code = invitation_of(stack, &person, &agent.id);
    let of_another = other.asks_elsewhere(&with_the_code(&code));
    agent.asks_elsewhere(&with_the_code(&code)).ok();
    let spent = agent.asks_elsewhere(&with_the_code(&code));
    let garbled = agent.asks_elsewhere(&with_the_code("no code at all"));
    let disabled = {
        let code = invitation_of(stack, &person, &agent.id);
        stack.operator().does(&["user", "disable", &person.user_name]);
        agent.asks_elsewhere(&with_the_code(&code))
    };
    for (why, answer) in
        [("of another", of_another), ("spent", spent), ("garbled", garbled), ("of nobody any more", disabled)]
    {
        assert_eq!((answer.status, answer.text()), (unknown.status, unknown.text()), "{why}");
    }
}

#[test]
fn a_code_for_any_agent_is_spent_by_the_first() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let code = invitation_of(stack, &person, ANY_AGENT);
    an_asking_agent(stack).asks_elsewhere(&with_the_code(&code)).ok();
    is_no_good(&an_invited_agent(stack).asks_elsewhere(&with_the_code(&code)));
}

#[test]
fn the_page_shows_the_code_once_and_no_cache_keeps_it() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_account(&person, INVITATIONS);
    assert!(page.words().contains("Lobby Kiosk"), "{}", page.words());
    assert!(!page.words().contains("Report Agent"), "one that asks nobody: {}", page.words());
    let answer = browser.chooses(&page, "invited-agent").ok();
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let shown = Page::of(answer);
    let code = shown_code(&shown);
    for said in ["For Lobby Kiosk alone", "It works once, until"] {
        assert!(shown.words().contains(said), "{said}: {}", shown.words());
    }
    assert!(shown.html.contains("<svg viewBox=\"0 0 29 29\""), "no QR code: {}", shown.html);
    let again = Page::of(browser.opens(INVITATIONS).ok());
    assert!(!again.html.contains(&code), "it is shown once more");
}

#[test]
fn whoever_chooses_nobody_or_one_that_asks_nobody_invites_nobody() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_account(&person, INVITATIONS);
    for agent in ["", "nobody-at-all", "report-agent", "ANY AGENT", "invited-agent "] {
        let answer = browser.chooses(&page, agent);
        assert_eq!(answer.status, 422, "{agent:?}");
        let words = Page::of(answer).words();
        assert!(words.contains("Choose one of the agents in the list."), "{agent:?}: {words}");
    }
    let nothing = Parameters::of([("csrf", page.field("csrf").as_str())]);
    assert_eq!(browser.submits_and_stays(INVITATIONS, &nothing).status, 422);
}

#[test]
fn an_agent_that_the_person_has_blocked_is_not_invited() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let file = json!([the_file("Q4-report.pdf", &["read"])]);
    let auth_req_id = agent.waits_for_approval(&for_approval_of(&person.user_name, &file));
    the_person_answers(stack, &person, &auth_req_id, &Answering::NotMe);

    let mut browser = Browser::new(stack);
    let page = browser.comes_to_account(&person, INVITATIONS);
    let answer = browser.chooses(&page, &agent.id);
    assert_eq!(answer.status, 422);
    assert!(Page::of(answer).words().contains("You have blocked this agent."));
    let for_any = browser.invites(&person, ANY_AGENT);
    is_no_good(&agent.asks_elsewhere(&with_the_code(&for_any)));
}

#[test]
fn nobody_invites_in_anothers_name() {
    let stack = Stack::shared();
    let (victim, attacker) = (somebody(stack), somebody(stack));
    let (mut victims, mut attackers) = (Browser::new(stack), Browser::new(stack));
    let page = victims.comes_to_account(&victim, INVITATIONS);
    let own = attackers.comes_to_account(&attacker, INVITATIONS);
    let theirs = choice(&page, ANY_AGENT);
    let account = Page::of(victims.opens("/account").ok());

    assert_eq!(attackers.submits_and_stays(INVITATIONS, &theirs).status, 403, "another's form");
    assert_eq!(Browser::new(stack).submits_and_stays(INVITATIONS, &theirs).status, 403, "nobody signed in");
    let elsewhere = post(&stack.url(INVITATIONS), &theirs).header("origin", "https://evil.test");
    assert_eq!(victims.sends(elsewhere).status, 403, "from another site");
    for (why, csrf) in [
        ("forged", "forged".to_owned()),
        ("own", own.field("csrf")),
        ("another page's", account.field("csrf")),
    ] {
        let form = theirs.clone().with("csrf", &csrf);
        assert_eq!(victims.submits_and_stays(INVITATIONS, &form).status, 403, "{why}");
    }
    assert_eq!(victims.submits_and_stays(INVITATIONS, &theirs).status, 200, "their own form");
}

#[test]
fn whoever_is_not_signed_in_comes_to_the_page_by_signing_in() {
    let stack = Stack::shared();
    let person = somebody(stack);
    for path in [INVITATIONS, crate::inviting::USER_CODE] {
        let mut browser = Browser::new(stack);
        let page = Page::of(browser.opens(path).ok());
        assert!(page.has_form("/sign-in"), "{}", page.words());
        let page = Page::of(browser.signs_in(&page, &person).ok());
        assert!(page.has_form(path), "{}", page.words());
    }
}
