//! `cargo run -p demo` and `cargo run -p demo -- nightly`: the token opens the one file that it names, and no other.

use std::fs;
use std::process::Command;

use super::{Ended, Terminal, WANTED, the_demos_server, the_person_decides, the_wanted_file, top};
use crate::person::Decision;
use crate::stack::Stack;
use crate::web::{Answer, http};
use tests::program;

/// Starts the demo as the README says, with the data folder of our server, which names its issuer and knows the secrets.
pub(super) fn the_demo(stack: &Stack, words: &[&str]) -> Terminal {
    let mut command = Command::new(program("demo"));
    command.args(words).arg("--data").arg(&stack.data).env_remove("COUNTERSIGN_CLIENT_SECRET");
    Terminal::starts(&mut command)
}

/// The agent that asks a person, who decides. Returns how it ended, and what the person's browser shows then.
fn the_demo_asks(decision: &Decision) -> (Ended, String) {
    let stack = the_demos_server();
    let mut demo = the_demo(stack, &["--no-browser"]);
    let address = demo.shows_a_page();
    let callback = the_person_decides(stack, &address, decision);
    let page = Answer::to(http().get(callback)).ok().text();
    (demo.ends(), page)
}

/// The lines of a step of the demo's story, by the words of its title.
#[track_caller]
pub(super) fn step<'s>(story: &'s str, title: &str) -> &'s str {
    let (_, after) = story.split_once(title).unwrap_or_else(|| panic!("no step \"{title}\": {story}"));
    // A step ends where the next line begins that is not indented.
    let next =
        after.match_indices('\n').find(|(at, _)| after[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
    next.map_or(after, |(at, _)| &after[..at])
}

/// A file of the demo's tool, as the demo shows it.
fn shown(file: &str) -> String {
    let path = top().join(format!("infra/demo/files/finance/{file}.txt"));
    let text = fs::read_to_string(path).expect("a file of the demo");
    text.lines().map(|line| format!("   {line}").trim_end().to_owned() + "\n").collect()
}

/// That the token opened one file, and was refused for the one beside it.
#[track_caller]
pub(super) fn has_read_one_file_and_was_refused_the_other(story: &str) {
    let served = step(story, "The agent reads Q4-report.pdf");
    assert!(served.contains("200 OK") && served.contains(&shown(WANTED)), "{served}");
    let refused = step(story, "The agent tries Q3-report.pdf with the same token");
    assert!(refused.contains("403 Forbidden"), "{refused}");
    assert!(refused.contains(r#"error="insufficient_authorization""#), "{refused}");
    has_not_seen(story, "Q3-report.pdf");
}

/// That nothing of a file came out, not even its first lines.
#[track_caller]
pub(super) fn has_not_seen(story: &str, file: &str) {
    let text = shown(file);
    let heading = text.lines().nth(1).expect("a second line").trim();
    assert!(heading.starts_with("Finance report") && !story.contains(heading), "{story}");
}

#[test]
fn an_agent_reads_the_file_that_a_person_approved_and_not_the_one_beside_it() {
    let (ended, page) = the_demo_asks(&Decision::All);
    let story = ended.well();
    assert!(page.contains("The agent has its answer."), "{page}");
    let redeemed = step(&story, "The agent redeems the code");
    let approved = redeemed.lines().find_map(|line| line.strip_prefix("   approved "));
    let approved: Option<serde_json::Value> = approved.and_then(|text| serde_json::from_str(text).ok());
    assert_eq!(approved.as_ref(), Some(&the_wanted_file()[0]), "{redeemed}");
    assert!(redeemed.contains("the person for whom the agent acts"), "{redeemed}");
    has_read_one_file_and_was_refused_the_other(&story);
}

#[test]
fn an_agent_hears_that_a_person_said_no_and_reads_nothing() {
    let (ended, page) = the_demo_asks(&Decision::Deny);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.complained.starts_with("demo: no approval: access_denied"), "{}", ended.complained);
    assert_eq!(ended.complained.lines().count(), 1, "{}", ended.complained);
    assert!(page.contains("The agent got no approval."), "{page}");
    has_not_seen(&ended.said, WANTED);
}

/// A person may approve a part of what was asked for (RFC 9396, section 7).
#[test]
fn an_agent_hears_that_a_person_left_the_file_out_and_reads_nothing() {
    let (ended, _) = the_demo_asks(&Decision::Details(Vec::new()));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.complained, "demo: no approval: the person left Q4-report.pdf out\n");
    has_not_seen(&ended.said, WANTED);
}

#[test]
fn the_nightly_agent_reads_the_file_of_its_registration_and_asks_nobody() {
    let story = the_demo(the_demos_server(), &["nightly"]).ends().well();
    let asked = step(&story, "The agent asks in its own name");
    assert!(asked.contains("the agent itself: no person stands behind it"), "{asked}");
    assert!(!story.contains("/authorize?"), "it shows a page to somebody: {story}");
    has_read_one_file_and_was_refused_the_other(&story);
}
