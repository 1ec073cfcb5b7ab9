//! Codes with which people invite agents to ask them: how long they are good, how many there are, who tries them, and what is
//! written down about them.

use serde_json::json;

use crate::agent::the_file;
use crate::asking::{an_asking_agent, for_approval_of, page_of};
use crate::at_once::{CROWD, at_once};
use crate::browser::{Browser, Page};
use crate::inviting::{ANY_AGENT, INVITATIONS, USER_CODE, an_invited_agent, with_the_code};
use crate::person::somebody;
use crate::stack::Stack;
use crate::web::Parameters;

const NO_GOOD: &str = "expired_login_hint_token";

#[test]
fn a_code_is_good_for_five_minutes() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_invited_agent(&stack), somebody(&stack));
    let mut browser = Browser::new(&stack);
    let (in_time, late) = (browser.invites(&person, &agent.id), browser.invites(&person, &agent.id));
    stack.time_passes(298);
    agent.asks_elsewhere(&with_the_code(&in_time)).ok();
    stack.time_passes(2);
    agent.asks_elsewhere(&with_the_code(&late)).is_refused(400, NO_GOOD);
}

/// Whoever had the person's session may have made it.
#[test]
fn a_code_ends_with_everything_of_its_person() {
    let stack = Stack::shared();
    let (agent, person) = (an_invited_agent(stack), somebody(stack));
    let code = Browser::new(stack).invites(&person, &agent.id);
    stack.operator().does(&["user", "disable", &person.user_name]);
    stack.operator().does(&["user", "enable", &person.user_name]);
    agent.asks_elsewhere(&with_the_code(&code)).is_refused(400, NO_GOOD);
    // In the very second of an ending nothing is good.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let later = Browser::new(stack).invites(&person, &agent.id);
    agent.asks_elsewhere(&with_the_code(&later)).ok();
}

#[test]
fn a_form_that_lay_open_for_long_invites_nobody() {
    let stack = Stack::whose_time_passes();
    let person = somebody(&stack);
    let mut browser = Browser::new(&stack);
    let page = browser.comes_to_account(&person, INVITATIONS);
    stack.time_passes(15 * 60 + 91);
    assert_eq!(browser.chooses(&page, ANY_AGENT).status, 403);
}

#[test]
fn a_person_makes_five_codes_in_a_minute() {
    let stack = Stack::whose_time_passes();
    let (person, other) = (somebody(&stack), somebody(&stack));
    let (mut browser, mut others) = (Browser::new(&stack), Browser::new(&stack));
    let page = browser.comes_to_account(&person, INVITATIONS);
    stack.a_minute_begins();
    for _ in 0..5 {
        browser.chooses(&page, ANY_AGENT).ok();
    }
    let refused = browser.chooses(&page, ANY_AGENT);
    let audit = stack.observer().audit_of(&refused);
    assert_eq!(
        (audit[0]["event"].as_str(), audit[0]["outcome"].as_str()),
        (Some("invitation"), Some("refused"))
    );
    assert_eq!(refused.status, 429);
    let words = Page::of(refused).words();
    assert!(words.contains("Make the next one in 1 minute."), "{words}");
    others.invites(&other, ANY_AGENT);
    stack.time_passes(60);
    browser.chooses(&page, ANY_AGENT).ok();
}

#[test]
fn a_person_makes_twenty_codes_in_an_hour() {
    let stack = Stack::whose_time_passes();
    let person = somebody(&stack);
    let mut browser = Browser::new(&stack);
    // So that all of it lies within one hour by the clock.
    stack.time_passes(u32::try_from(3_600 - stack.now().rem_euclid(3_600)).expect("it fits"));
    for _ in 0..4 {
        let page = browser.comes_to_account(&person, INVITATIONS);
        stack.a_minute_begins();
        for _ in 0..5 {
            browser.chooses(&page, ANY_AGENT).ok();
        }
        stack.time_passes(60);
    }
    let page = browser.comes_to_account(&person, INVITATIONS);
    let refused = browser.chooses(&page, ANY_AGENT);
    assert_eq!(refused.status, 429);
    let words = Page::of(refused).words();
    assert!(words.contains("Make the next one in 1 hour."), "{words}");
    stack.time_passes(3_600);
    let page = browser.comes_to_account(&person, INVITATIONS);
    browser.chooses(&page, ANY_AGENT).ok();
}

/// Each try costs two slow hashes, whether or not the password is right.
#[test]
fn a_person_tries_to_change_their_code_for_agents_ten_times_an_hour() {
    let stack = Stack::whose_time_passes();
    let person = somebody(&stack);
    let mut browser = Browser::new(&stack);
    let page = browser.comes_to_account(&person, USER_CODE);
    let form = Parameters::of([
        ("csrf", page.field("csrf").as_str()),
        ("current_password", person.password.as_str()),
        ("remove", "yes"),
    ]);
    let answers: Vec<u16> = (0..12).map(|_| browser.submits_and_stays(USER_CODE, &form).status).collect();
    assert_eq!((answers[9], answers[11]), (303, 429), "{answers:?}");
}

#[test]
fn an_agent_that_is_switched_off_is_not_invited() {
    let stack = Stack::whose_time_passes();
    let person = somebody(&stack);
    let mut browser = Browser::new(&stack);
    let page = browser.comes_to_account(&person, INVITATIONS);
    // What a process knows of a client it knows for five seconds.
    let becomes = |state: &str| {
        stack.operator().does(&["client", state, "invited-agent"]);
        stack.time_passes(6);
    };
    becomes("disable");
    let answer = browser.chooses(&page, "invited-agent");
    becomes("enable");
    assert_eq!(answer.status, 422);
    let words = Page::of(answer).words();
    assert!(words.contains("This agent is switched off at the moment."), "{words}");
    browser.chooses(&page, "invited-agent").ok();
}

#[test]
fn of_many_requests_with_one_code_at_once_one_is_kept() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_invited_agent(&stack), somebody(&stack));
    let code = Browser::new(&stack).invites(&person, &agent.id);
    stack.a_minute_begins();
    let answers = at_once(|_| agent.asks_elsewhere(&with_the_code(&code)));
    let (kept, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((kept.len(), refused.len()), (1, CROWD - 1));
    for answer in refused {
        answer.is_refused(400, NO_GOOD);
    }
    let page = Browser::new(&stack).comes_to_account(&person, &page_of(&kept[0].string("auth_req_id")));
    assert!(page.words().contains("Lobby Kiosk asks for your approval"), "{}", page.words());
}

/// A code has 49 random bits: whoever looks for one by trying is slowed down long before.
#[test]
fn a_client_that_tries_codes_is_told_to_wait_and_no_other_is() {
    let stack = Stack::whose_time_passes();
    let (agent, other, person) = (an_asking_agent(&stack), an_invited_agent(&stack), somebody(&stack));
    let code = Browser::new(&stack).invites(&person, &other.id);
    stack.a_minute_begins();
    for _ in 0..60 {
        agent.asks_elsewhere(&with_the_code("ABCDE-FGHJK")).is_refused(400, NO_GOOD);
    }
    // A process writes down its count from time to time: a few more pass until it knows.
    for _ in 0..10 {
        agent.asks_elsewhere(&with_the_code("ABCDE-FGHJK"));
    }
    let slowed = agent.asks_elsewhere(&with_the_code("ABCDE-FGHJK"));
    assert_eq!((slowed.status, slowed.header("retry-after")), (429, Some("60")), "{}", slowed.text());
    other.asks_elsewhere(&with_the_code(&code)).ok();
}

/// Neither the code nor its digest stands in the log, and what the person did is one event each.
#[test]
fn what_is_written_about_an_invitation_names_the_person_and_the_agent_and_no_code() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_invited_agent(&stack), somebody(&stack));
    let id = stack.operator().id_of(&person.user_name);
    let mut browser = Browser::new(&stack);
    let page = browser.comes_to_account(&person, INVITATIONS);
    let invited = browser.chooses(&page, &agent.id).ok();
    let code = crate::inviting::shown_code(&Page::of(invited.clone()));
    let audit = stack.observer().audit_of(&invited);
    let [event] = &audit[..] else { panic!("{audit:?}") };
    assert_eq!((&event["event"], &event["outcome"]), (&json!("invitation"), &json!("granted")));
    assert_eq!((&event["person"], &event["client"]), (&json!(id), &json!(agent.id)));
    assert!(!event.to_string().contains(&code) && !event.to_string().contains(&code.replace('-', "")));
    let for_any = browser.chooses(&page, ANY_AGENT).ok();
    assert_eq!(stack.observer().audit_of(&for_any)[0].get("client"), None);

    let file = json!([the_file("Q4-report.pdf", &["read"])]);
    let form = for_approval_of("", &file).without("login_hint").and("login_hint_token", &code);
    let asked = agent.asks_elsewhere(&form).ok();
    assert_eq!(stack.observer().audit_of(&asked)[0]["person"], json!(id));

    let page = browser.comes_to_account(&person, USER_CODE);
    let form = |password: &str| {
        Parameters::of([("csrf", page.field("csrf").as_str()), ("current_password", password)])
            .and("user_code", "maple 4711")
    };
    for (password, outcome) in [("a guess", "refused"), (person.password.as_str(), "granted")] {
        let answer = browser.submits_and_stays(USER_CODE, &form(password));
        let audit = stack.observer().audit_of(&answer);
        let [event] = &audit[..] else { panic!("{audit:?}") };
        assert_eq!((&event["event"], &event["outcome"]), (&json!("user-code"), &json!(outcome)));
        assert_eq!(event["person"], json!(id));
    }
}
