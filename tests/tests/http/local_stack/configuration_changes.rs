//! The operator applies another configuration, goes back, breaks off, or is overtaken.

use std::fs;
use std::thread;

use serde_json::{Value, json};

use crate::agent::{Agent, BANK, FILES, an_agent, asks, asks_for_a_file, the_file, the_file_tool};
use crate::browser::{Browser, Page};
use crate::local_stack::exchanges;
use crate::person::{Decision, somebody, the_person_consents};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::{Answer, Parameters};

/// Changes a file of the configuration.
fn changes(stack: &Stack, file: &str, from: &str, to: &str) {
    exchanges::changes(&stack.configuration.join(file), from, to);
}

/// The same, put in force.
pub(crate) fn puts_in_force(stack: &Stack, (file, from, to): (&str, &str, &str)) {
    changes(stack, file, from, to);
    applies(stack);
}

/// Puts policies in force beside those that are there.
pub(crate) fn also(stack: &Stack, policies: &str) {
    fs::write(stack.configuration.join("policies/also.cedar"), policies).expect("written");
    applies(stack);
}

/// Puts the changed configuration in force, and lets the server take notice.
pub(crate) fn applies(stack: &Stack) -> u64 {
    let version = stack.operator().applies(&stack.configuration);
    stack.takes_notice();
    version
}

/// The name that stands on every page.
fn brand(stack: &Stack) -> String {
    let words = Page::of(stack.get("/sign-in").ok()).words();
    let known = ["Test Mills", "Crashed Mills", "Other Mills", "Third Mills"];
    known.into_iter().find(|name| words.contains(name)).unwrap_or_else(|| panic!("{words}")).to_owned()
}

fn is_known(stack: &Stack, client: &str) -> bool {
    let page = Page::of(Browser::new(stack).opens(&format!("/authorize?client_id={client}")));
    !page.html.contains("/errors/unknown-client\"")
}

fn for_resource(resource: &str) -> Parameters {
    Parameters::of([("resource", resource)])
}

fn scope(answer: &Answer) -> Vec<String> {
    let mut scope: Vec<String> = answer.string("scope").split(' ').map(str::to_owned).collect();
    scope.sort();
    scope
}

/// What a person granted is the most that a token says; what the client may have is another bound, as it stands now.
#[test]
fn what_is_taken_from_a_client_is_in_no_token_from_then_on() {
    let stack = Stack::start("taken-from-a-client", &[]);
    let (agent, person) = (an_agent(&stack), somebody(&stack));
    let file = the_file("Q4-report.pdf", &["read"]);
    let memo = json!({"type": "memo", "text": "remember"});
    let payment =
        json!({"type": "payment", "creditor": "Mill & Co", "amount": {"value": "12.50", "currency": "EUR"}});
    let ask = asks(&json!([file, memo, payment]))
        .with("scope", "files.read files.access bank.pay offline_access")
        .and("resource", BANK);
    let code = the_person_consents(&agent, &person, &ask);
    let waiting = the_person_consents(&agent, &person, &ask);
    let first = agent.redeems_for(&code, &ask, &for_resource(FILES)).ok();
    assert_eq!(scope(&first), ["files.access", "files.read"]);
    assert_eq!(first.json()["authorization_details"], json!([file, memo]));

    changes(&stack, "clients/report-agent.toml", r#""files.read", "#, "");
    applies(&stack);
    let second = agent.refreshes_for(&first.string("refresh_token"), &for_resource(FILES)).ok();
    assert_eq!(scope(&second), ["files.access"]);

    changes(&stack, "clients/report-agent.toml", r#""file_access", "#, "");
    applies(&stack);
    let third = agent.refreshes_for(&second.string("refresh_token"), &for_resource(FILES)).ok();
    assert_eq!(third.json()["authorization_details"], json!([memo]));
    let asking = for_resource(FILES).with("authorization_details", &json!([file]).to_string());
    agent
        .refreshes_for(&third.string("refresh_token"), &asking)
        .is_refused(400, "invalid_authorization_details");

    for (from, to) in [
        (r#"tools = ["files", "bank"]"#, r#"tools = ["bank"]"#),
        (r#""files.access", "#, ""),
        (r#""archive", "memo", "vault", "#, ""),
    ] {
        changes(&stack, "clients/report-agent.toml", from, to);
    }
    applies(&stack);
    agent
        .refreshes_for(&third.string("refresh_token"), &for_resource(FILES))
        .is_refused(400, "invalid_target");
    // A code that waited all the while gives no more.
    agent.redeems_for(&waiting, &ask, &for_resource(FILES)).is_refused(400, "invalid_target");
    let for_bank = agent.redeems_for(&waiting, &ask, &for_resource(BANK)).ok();
    assert_eq!(for_bank.json()["authorization_details"], json!([payment]));
    // What the client still may have goes on.
    let fourth = agent.refreshes_for(&third.string("refresh_token"), &for_resource(BANK)).ok();
    assert_eq!(scope(&fourth), ["bank.pay"]);
    assert_eq!(fourth.json()["authorization_details"], json!([payment]));
}

/// A token that only refers to its details says what of them its client may still have, be it issued before or after some
/// were taken away; with none left it is good for nothing, whatever its scope.
#[test]
fn a_token_says_at_introspection_what_its_client_may_still_have() {
    let stack = Stack::start("taken-from-a-token", &[]);
    let (agent, person, tool) = (an_agent(&stack), somebody(&stack), the_file_tool(&stack));
    let file = the_file("Q4-report.pdf", &["read"]);
    let memo = json!({"type": "memo", "text": "long ".repeat(1000)});
    let ask = asks(&json!([file, memo])).with("scope", "files.read files.access offline_access");
    let narrowed_to = |details: &Value| Parameters::of([("authorization_details", &details.to_string())]);
    let whole = agent.redeems(&the_person_consents(&agent, &person, &ask), &ask).ok();
    let memo_alone = agent.refreshes_for(&whole.string("refresh_token"), &narrowed_to(&json!([memo]))).ok();
    let file_alone =
        agent.refreshes_for(&memo_alone.string("refresh_token"), &narrowed_to(&json!([file]))).ok();
    let says = |answer: &Answer| {
        let said = tool.introspects(&answer.string("access_token"));
        if said["active"] == true { said["authorization_details"].clone() } else { json!("nothing") }
    };
    assert_eq!(
        [&whole, &memo_alone, &file_alone].map(says),
        [json!([file, memo]), json!([memo]), json!([file])]
    );

    changes(&stack, "clients/report-agent.toml", r#""file_access", "#, "");
    applies(&stack);
    let later = agent.refreshes(&file_alone.string("refresh_token")).ok();
    for token in [&whole, &memo_alone, &later] {
        assert!(
            verified(&stack, &token.string("access_token")).claims["authorization_details_id"].is_string()
        );
        assert_eq!(says(token), json!([memo]));
    }
    assert_eq!(says(&file_alone), "nothing");

    changes(&stack, "clients/report-agent.toml", r#""memo", "#, "");
    applies(&stack);
    assert_eq!([&whole, &memo_alone, &file_alone, &later].map(says), [const { "nothing" }; 4]);
}

/// Writes another client into the configuration.
fn adds_a_client(stack: &Stack, id: &str) {
    let clients = stack.configuration.join("clients");
    let text = fs::read_to_string(clients.join("posting-agent.toml")).expect("a client");
    fs::write(clients.join(format!("{id}.toml")), text.replace("posting-agent", id)).expect("written");
}

/// Leaves the table as an apply does that crashed before its last write: the one that puts everything in force.
fn crashes_while_applying(stack: &Stack) {
    let observer = stack.observer();
    let in_force = observer.item("CONFIGURATION", "POINTER");
    stack.operator().applies(&stack.configuration);
    observer.puts(&in_force);
    stack.takes_notice();
}

/// The same items, in another partition.
fn moved_to(partition: &str, items: &[Value]) -> Vec<Value> {
    let moved = |item: &Value| {
        let mut item = item.clone();
        item["pk"] = json!({ "S": partition });
        item
    };
    items.iter().map(moved).collect()
}

#[test]
fn an_apply_that_crashed_leaves_nothing_that_ever_comes_in_force() {
    let stack = Stack::start("crashed-apply", &[]);
    let before = stack.observer().items_of("SNAPSHOT#");
    adds_a_client(&stack, "crashed-agent");
    changes(&stack, "server.toml", "Test Mills", "Crashed Mills");
    crashes_while_applying(&stack);
    assert_eq!(brand(&stack), "Test Mills");
    assert!(!is_known(&stack, "crashed-agent"));
    // A table can hold what earlier versions of this program left, under the number alone.
    let left: Vec<Value> =
        stack.observer().items_of("SNAPSHOT#").into_iter().filter(|item| !before.contains(item)).collect();
    assert!(left.len() > 10, "the crashed apply had written much");
    for partition in ["SNAPSHOT#2", "SNAPSHOT#3"] {
        for item in moved_to(partition, &left) {
            stack.observer().puts(&item);
        }
    }
    let said = stack.operator().is_refused(&["rollback", "--yes", "--to", "2"]);
    assert!(said.contains("no version 2"), "{said}");

    // The next apply takes the number and nothing else.
    fs::remove_file(stack.configuration.join("clients/crashed-agent.toml")).expect("removed");
    changes(&stack, "server.toml", "Crashed Mills", "Other Mills");
    assert_eq!(applies(&stack), 2);
    assert_eq!(brand(&stack), "Other Mills");
    assert!(!is_known(&stack, "crashed-agent") && is_known(&stack, "posting-agent"));
}

#[test]
fn going_back_leads_only_to_what_was_in_force() {
    let stack = Stack::start("going-back", &[]);
    let goes_back = |arguments: &[&str]| {
        stack.operator().does(&[&["rollback", "--yes"], arguments].concat());
        stack.takes_notice();
    };
    stack.operator().is_refused(&["rollback", "--yes"]);
    changes(&stack, "server.toml", "Test Mills", "Other Mills");
    adds_a_client(&stack, "later-agent");
    assert_eq!(applies(&stack), 2);
    assert!(is_known(&stack, "later-agent"));
    for version in ["0", "2", "3", "9", "18446744073709551615"] {
        stack.operator().is_refused(&["rollback", "--yes", "--to", version]);
    }
    goes_back(&[]);
    assert_eq!(brand(&stack), "Test Mills");
    assert!(!is_known(&stack, "later-agent"));
    goes_back(&["--to", "2"]);
    assert_eq!(brand(&stack), "Other Mills");
    goes_back(&["--to", "1"]);
    // A number never comes twice, or whoever goes back to it would not know to what.
    changes(&stack, "server.toml", "Other Mills", "Third Mills");
    assert_eq!(applies(&stack), 3);
    goes_back(&["--to", "2"]);
    assert_eq!(brand(&stack), "Other Mills");
}

/// Each is told what became of it, and one whole configuration is in force: that of the last who was told so.
#[test]
fn of_applies_at_once_each_is_in_force_as_a_whole_or_not_at_all() {
    let stack = Stack::start("applies-at-once", &[]);
    let folders: Vec<_> = (0..6)
        .map(|number| {
            let folder = stack.configuration.with_file_name(format!("configuration-{number}"));
            crate::stack::copy(&stack.configuration, &folder);
            let clients = folder.join("clients");
            let text = fs::read_to_string(clients.join("posting-agent.toml")).expect("a client");
            let id = format!("agent-of-{number}");
            fs::write(clients.join(format!("{id}.toml")), text.replace("posting-agent", &id))
                .expect("written");
            folder
        })
        .collect();
    let answers: Vec<(usize, Option<u64>)> = thread::scope(|scope| {
        let apply = |folder: &std::path::Path| {
            let output = stack.operator().tries(&["apply", &folder.display().to_string(), "--yes", "--json"]);
            if output.status.success() {
                let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
                return Some(said["version"].as_u64().expect("a version"));
            }
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(said.contains("at the same time"), "{said}");
            None
        };
        let operators: Vec<_> = folders.iter().map(|folder| scope.spawn(move || apply(folder))).collect();
        operators.into_iter().map(|one| one.join().expect("ended")).enumerate().collect()
    });
    stack.takes_notice();
    let mut versions: Vec<u64> = answers.iter().filter_map(|(_, version)| *version).collect();
    versions.sort_unstable();
    let expected: Vec<u64> = (2..).take(versions.len()).collect();
    assert_eq!(versions, expected, "each that was told so was in force once");
    let (last, _) = answers.iter().max_by_key(|(_, version)| *version).expect("somebody was first");
    for (number, _) in &answers {
        assert_eq!(is_known(&stack, &format!("agent-of-{number}")), number == last, "{answers:?}");
    }
    let beyond = versions.len() + 2;
    stack.operator().is_refused(&["rollback", "--yes", "--to", &beyond.to_string()]);
}

/// The standing details of an agent that works alone are its client's: they change with it.
#[test]
fn an_agent_that_works_alone_has_what_its_client_has_now() {
    let stack = Stack::start("taken-from-the-nightly-agent", &[]);
    let nightly = Agent::with_basic(&stack, "nightly-agent");
    let asking = |actions: &[&str]| {
        let details = json!([the_file("Q4-report.pdf", actions)]).to_string();
        Parameters::of([("scope", "files.access"), ("authorization_details", &details)])
    };
    nightly.works_alone(&asking(&["read", "write"])).ok();
    changes(&stack, "clients/nightly-agent.toml", r#"["read", "write"]"#, r#"["read"]"#);
    applies(&stack);
    nightly.works_alone(&asking(&["read", "write"])).is_refused(400, "invalid_authorization_details");
    nightly.works_alone(&asking(&["read"])).ok();
}

/// An address that was taken from a client gets no code any more, not even of what a person had before them already.
#[test]
fn a_redirect_uri_that_was_taken_away_is_followed_no_more() {
    let stack = Stack::start("redirect-uri-taken-away", &[]);
    let (agent, person) = (an_agent(&stack), somebody(&stack));
    let (mut pushed, mut carried) = (Browser::new(&stack), Browser::new(&stack));
    let pushed_page =
        pushed.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&asks_for_a_file())));
    let carried_page = carried.comes_to_consent(&person, &agent.sends_the_person_asking(&asks_for_a_file()));
    let waiting = agent.pushes(&asks_for_a_file());

    changes(
        &stack,
        "clients/report-agent.toml",
        "http://127.0.0.1/callback",
        "https://elsewhere.test/callback",
    );
    applies(&stack);
    let refused = |answer: Answer| {
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert!(answer.header("location").is_none());
    };
    refused(pushed.decides(&pushed_page, &Decision::All));
    refused(carried.decides(&carried_page, &Decision::Deny));
    refused(carried.decides(&carried_page, &Decision::All));
    refused(carried.opens(&agent.sends_the_person_with(&waiting)));
}
