//! Who approved what for which agent when: for the operator by a command, for the person on their own page, with the evidence as a file.

use std::fs;

use serde_json::{Value, json};

use crate::agent::FILES;
use crate::browser::{Browser, Page};
use crate::local_stack::evidence::{Approved, Signer, both_say};
use crate::stack::{Stack, own_folder};

/// The ids of the approvals that the command finds, the newest first.
#[track_caller]
fn found(stack: &Stack, more: &[&str]) -> Vec<String> {
    let told = stack.operator().tells(&[&["approvals"], more].concat());
    let all = told["approvals"].as_array().unwrap_or_else(|| panic!("{told}"));
    all.iter().map(|one| one["approval"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn who_approved_what_is_found_by_person_client_tool_text_and_time() {
    let stack = Stack::start("approvals-found", &[]);
    let (one, of_one) = Signer::of_vaults(&stack, &["Blue", "Green"]);
    let (other, of_other) = Signer::of_vaults(&stack, &["Red"]);
    let id = |approved: &Approved| approved.id.clone();
    let (blue, green, red) = (id(&of_one[0]), id(&of_one[1]), id(&of_other[0]));
    let mut all = found(&stack, &[]);
    all.sort();
    let mut expected = vec![blue.clone(), green.clone(), red.clone()];
    expected.sort();
    assert_eq!(all, expected);

    let name = one.person.user_name.as_str();
    assert_eq!(found(&stack, &["--person", name]), [green.clone(), blue.clone()], "the newest first");
    assert_eq!(found(&stack, &["--person", &of_one[0].sub]), [green.clone(), blue.clone()]);
    assert_eq!(found(&stack, &["--person", &other.person.user_name]), std::slice::from_ref(&red));
    assert_eq!(found(&stack, &["--client", "asking-agent"]).len(), 3);
    assert_eq!(found(&stack, &["--client", "report-agent"]), Vec::<String>::new());
    assert_eq!(
        found(&stack, &["--text", "open RED"]),
        std::slice::from_ref(&red),
        "words, in any order and case"
    );
    assert_eq!(found(&stack, &["--text", "red green"]), Vec::<String>::new());
    assert_eq!(found(&stack, &["--person", name, "--text", "blue"]), std::slice::from_ref(&blue));
    assert_eq!(found(&stack, &["--tool", FILES]).len(), 3);
    assert_eq!(found(&stack, &["--tool", "https://gone.example/"]), Vec::<String>::new());
    assert_eq!(found(&stack, &["--since", "1 h"]).len(), 3);
    assert_eq!(found(&stack, &["--until", "2020-01-01"]), Vec::<String>::new());

    let told = stack.operator().tells(&["approvals", "--text", "Red"]);
    let row = &told["approvals"][0];
    for (member, value) in [
        ("user_name", json!(other.person.user_name)),
        ("person", json!(of_other[0].sub)),
        ("client_id", json!("asking-agent")),
        ("client_name", json!("Asking Agent")),
        ("tools", json!([FILES])),
        ("kind", json!("backchannel")),
        ("number", json!(1)),
        ("actor", json!(null)),
    ] {
        assert_eq!(row[member], value, "{member} in {row}");
    }
    assert_eq!(row["sentences"][0], "Open the vault Red", "details first: {row}");
    let words = stack.operator().does(&["approvals", "--person", name]);
    for said in [name, "asking-agent", "Open the vault Blue", &green, "2 in all."] {
        assert!(words.contains(said), "{said} in {words}");
    }
    for wrong in [["--person", "nobody-at-all"], ["--tool", "nothing-at-all"]] {
        stack.operator().is_refused(&[["approvals"].as_slice(), &wrong].concat());
    }

    // What was changed is not passed over in silence.
    let mut entry = one.entries(&of_one[0].sub)[0].clone();
    entry["body"]["S"] = json!("{}");
    stack.observer().puts(&entry);
    let refused = stack.operator().is_refused(&["approvals", "--client", "asking-agent"]);
    assert!(refused.contains("1 could not be looked at"), "{refused}");
}

const PAGE: &str = "/account/agents/approvals";

#[test]
fn a_person_sees_what_they_signed_and_keeps_the_evidence_and_nobody_else_does() {
    let stack = Stack::shared();
    let (mut signer, approved) = Signer::of_vaults(stack, &["Mine", "Mine too"]);
    let (mut other, others) = Signer::of_vaults(stack, &["Theirs"]);
    let agents = signer.browser.opens("/account/agents").ok().text();
    assert!(agents.contains(&format!("{PAGE}\"")), "{agents}");

    let listed = signer.browser.opens(PAGE).ok();
    let calls = stack.observer().calls_of(&listed);
    assert_eq!(calls.get("DynamoDB.Query"), Some(&1), "{calls:?}");
    let page = Page::of(listed);
    let words = page.words();
    for told in ["Open the vault Mine", "Open the vault Mine too", "Asking Agent"] {
        assert!(words.contains(told), "{told} in {words}");
    }
    assert!(!words.contains("Theirs"), "{words}");

    let file_of = |id: &str| format!("{PAGE}/file?of={id}");
    let answer = signer.browser.opens(&file_of(&approved[0].id)).ok();
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let disposition = format!("attachment; filename=\"approval-{}.json\"", approved[0].id);
    assert_eq!(
        (answer.header("content-disposition"), answer.header("cache-control")),
        (Some(disposition.as_str()), Some("no-store"))
    );
    let folder = own_folder("signed-file");
    let file = folder.join("approval.json");
    fs::write(&file, answer.text()).expect("written");
    for said in both_say(3, &file, &[]) {
        assert!(said.out.contains("Open the vault Mine"), "{said:?}");
    }
    let kept: Value = serde_json::from_str(&answer.text()).expect("JSON");
    assert_eq!((&kept["entry"]["approval"], &kept["inclusion"]), (&json!(approved[0].id), &json!(null)));

    for id in [&others[0].id, &"A".repeat(22)] {
        let refused = signer.browser.opens(&file_of(id));
        assert_eq!(refused.status, 404);
        assert!(!refused.text().contains("Theirs") && !refused.text().contains("authenticator_data"));
    }
    assert_eq!(signer.browser.opens(&format!("{PAGE}/file?of=short")).status, 400);
    assert_eq!(signer.browser.opens(&format!("{PAGE}/file")).status, 400);
    assert_eq!(other.browser.opens(&file_of(&approved[0].id)).status, 404);
    for path in [PAGE.to_owned(), file_of(&approved[0].id)] {
        let stranger = Page::of(Browser::new(stack).opens(&path));
        assert!(stranger.has_form("/sign-in") && !stranger.words().contains("Mine"), "{path}");
    }

    // What somebody changed in the table is told, and what is another's does not become theirs.
    let observer = stack.observer();
    let (entries, theirs) = (signer.entries(&approved[0].sub), other.entries(&others[0].sub));
    let mut moved = entries[0].clone();
    moved["body"] = theirs[0]["body"].clone();
    observer.puts(&moved);
    let page = Page::of(signer.browser.opens(PAGE).ok());
    let words = page.words();
    assert!(words.contains("One approval cannot be shown") && !words.contains("Theirs"), "{words}");
    assert_eq!(signer.browser.opens(&file_of(&others[0].id)).status, 404);
    observer.puts(&entries[0]);

    // A session that was ended shows nothing.
    stack.operator().does(&["user", "reset-password", &signer.person.user_name]);
    for path in [PAGE.to_owned(), file_of(&approved[0].id)] {
        let ended = Page::of(signer.browser.opens(&path));
        assert!(ended.has_form("/sign-in") && !ended.words().contains("Mine"), "{path}: {}", ended.words());
    }
}
