//! `cargo run -p demo -- approve` and `-- voice`: agents that ask a person who is not at their screen, and what the person does about
//! it on their phone (OpenID CIBA Core 1.0).

use std::sync::{Mutex, PoisonError};

use super::agents::{has_not_seen, has_read_one_file_and_was_refused_the_other, step, the_demo};
use super::{SIGNING_IN, Terminal, WANTED, the_demos_server, the_printed_person};
use crate::asking::Answering;
use crate::browser::{Browser, Page};
use crate::inviting::{INVITATIONS, shown_code};
use crate::local_stack::backchannel::{messages_of, soon};
use crate::stack::Stack;

/// Held while an agent waits for the printed person: their page then shows its request, and no list.
static WAITING: Mutex<()> = Mutex::new(());

/// The printed person, signed in on their phone, at a page.
#[track_caller]
fn the_printed_person_comes_to<'s>(stack: &'s Stack, path: &str) -> (Browser<'s>, Page) {
    let _one_at_a_time = SIGNING_IN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_account(&the_printed_person(stack), path);
    (browser, page)
}

/// What the agent shows to be compared.
#[track_caller]
fn to_compare(demo: &mut Terminal) -> String {
    let line = demo.shows(|line| line.starts_with("Compare: "));
    line.trim_start_matches("Compare: ").to_owned()
}

/// The person sees on their phone the same that the agent shows, and answers there.
#[track_caller]
fn answers((browser, page): (&mut Browser<'_>, &Page), shown: [&str; 3], answering: &Answering) {
    for shown in shown {
        assert!(page.words().contains(shown), "the page does not tell of {shown}: {}", page.words());
    }
    assert_eq!(browser.answers(page, answering).status, 303);
}

/// The agent that deletes asks the printed person, whom a message leads to the request.
#[track_caller]
fn the_demo_asks_for_approval(answering: &Answering) -> super::Ended {
    let stack = the_demos_server();
    let mut demo = the_demo(stack, &["approve"]);
    let compare = to_compare(&mut demo);
    let person = the_printed_person(stack);
    let message = soon(|| {
        let mut messages = messages_of(stack, &person.user_name).into_iter();
        messages.find(|message| message["binding_message"] == compare.as_str())
    });
    let link = message["link"].as_str().expect("a link");
    let (mut browser, page) = the_printed_person_comes_to(stack, link);
    answers((&mut browser, &page), ["Clean-up agent", "Q3-report.pdf", &compare], answering);
    demo.ends()
}

/// In this order: who said no is asked more rarely from then on.
#[test]
fn an_agent_deletes_what_a_person_approved_on_their_phone_and_hears_a_no() {
    let _alone = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    let story = the_demo_asks_for_approval(&Answering::Yes).well();
    let deleted = step(&story, "The agent deletes Q3-report.pdf");
    assert!(deleted.contains("204 No Content"), "{deleted}");
    assert_eq!(deleted.matches("403 Forbidden").count(), 2, "{deleted}");
    assert!(story.contains("the person for whom the agent acts"), "{story}");

    let ended = the_demo_asks_for_approval(&Answering::No);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.complained, "demo: no approval: the person said no\n");
    assert!(!ended.said.contains("204 No Content"), "{}", ended.said);
}

/// The kiosk asks for a code, and the printed person makes one for it on their phone.
#[track_caller]
fn the_printed_person_invites(demo: &mut Terminal) -> (Browser<'static>, String) {
    let stack = the_demos_server();
    let address = demo.shows(|line| line.ends_with(INVITATIONS));
    let (mut browser, page) = the_printed_person_comes_to(stack, &address);
    let shown = Page::of(browser.chooses(&page, "kiosk-agent").ok());
    (browser, shown_code(&shown))
}

#[test]
fn a_kiosk_asks_whoever_gave_it_a_code_and_reads_the_file_once_they_approve() {
    let _alone = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut kiosk = the_demo(the_demos_server(), &["voice"]);
    let (mut browser, code) = the_printed_person_invites(&mut kiosk);
    kiosk.is_given("ABCDE-FGHJK");
    kiosk.shows(|line| line.starts_with("That code is not good"));
    kiosk.is_given(&code.to_lowercase().replace('-', " "));
    let compare = to_compare(&mut kiosk);
    let page = Page::of(browser.opens("/approval").ok());
    answers((&mut browser, &page), ["Lobby kiosk", WANTED, &compare], &Answering::Yes);
    let story = kiosk.ends().well();
    assert!(!story.contains("login_hint "), "it names nobody: {story}");
    has_read_one_file_and_was_refused_the_other(&story);
}

#[test]
fn a_kiosk_reads_nothing_to_whoever_says_no_or_has_no_code() {
    let _alone = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut kiosk = the_demo(the_demos_server(), &["voice"]);
    let (mut browser, code) = the_printed_person_invites(&mut kiosk);
    kiosk.is_given(&code);
    let compare = to_compare(&mut kiosk);
    let page = Page::of(browser.opens("/approval").ok());
    answers((&mut browser, &page), ["Lobby kiosk", WANTED, &compare], &Answering::No);
    let refused = kiosk.ends();
    assert_eq!(
        (refused.code, refused.complained.as_str()),
        (Some(1), "demo: no approval: the person said no\n")
    );
    has_not_seen(&refused.said, WANTED);

    let mut kiosk = the_demo(the_demos_server(), &["voice"]);
    for guess in [code.as_str(), "ABCDE-FGHJK", "let me in"] {
        kiosk.is_given(guess);
    }
    let refused = kiosk.ends();
    assert_eq!(refused.complained, "demo: no approval: none of the codes was good\n", "{}", refused.said);
    has_not_seen(&refused.said, WANTED);
}
