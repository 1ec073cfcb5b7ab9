//! Checkpoints over all chains of approvals: how a file of evidence is anchored by one, and what shows by one when somebody who can write
//! the table has had their hands in it so that every chain is consistent with itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use crate::local_stack::backchannel::soon;
use crate::local_stack::countersigning::the_vault;
use crate::local_stack::evidence::{Said, Signer, audit, both_say, exported};
use crate::observer::body_of;
use crate::stack::{Stack, own_folder};

/// As often as the schedule of `template.yaml` says, in seconds.
const AN_HOUR: u32 = 3600;

/// What an audit of everybody finds: of each break its kind, and what it says.
fn breaks(stack: &Stack) -> Vec<(String, String)> {
    let (code, told) = audit(stack, &[]);
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let breaks = told["breaks"].as_array().expect("a list").iter();
    let breaks: Vec<_> = breaks.map(|found| (text(&found["kind"]), text(&found["message"]))).collect();
    assert_eq!(code == 0, breaks.is_empty(), "{told}");
    breaks
}

fn kinds(stack: &Stack) -> Vec<String> {
    breaks(stack).into_iter().map(|(kind, _)| kind).collect()
}

/// The number of the last checkpoint.
fn last(stack: &Stack) -> u64 {
    audit(stack, &[]).1["last_checkpoint"]["number"].as_u64().unwrap_or_default()
}

/// An hour passes, and the next checkpoint is there.
#[track_caller]
fn is_checkpointed(stack: &Stack) {
    let before = checkpoints(stack).len();
    stack.time_passes(AN_HOUR);
    soon(|| (checkpoints(stack).len() > before).then_some(()));
}

/// An hour passes at whose end no checkpoint is to be written: there is nothing to look for, so it gets the time that one takes.
fn an_hour_passes_without_a_checkpoint(stack: &Stack) {
    stack.time_passes(AN_HOUR);
    sleep(Duration::from_secs(2));
}

/// What a stranger is given once: the keys that sign checkpoints.
fn anchor(stack: &Stack, folder: &Path) -> PathBuf {
    let file = folder.join("keys.json");
    fs::write(&file, stack.operator().does(&["evidence", "anchor"])).expect("written");
    file
}

fn checkpoints(stack: &Stack) -> Vec<Value> {
    let mut items = stack.observer().items_of("CHECKPOINTS");
    items.retain(|item| item["sk"]["S"] != "KEYS");
    items.sort_by_key(|item| item["sk"]["S"].as_str().map(str::to_owned));
    items
}

#[test]
fn an_approval_in_a_checkpoint_is_anchored_for_whoever_has_the_keys() {
    let stack = Stack::start("checkpoints-anchored", &[]);
    let folder = own_folder("checkpoints-anchored-files");
    let refused = stack.operator().is_refused(&["evidence", "anchor"]);
    assert!(refused.contains("No checkpoint was signed yet"), "{refused}");
    let (mut signer, approved) = Signer::of_vaults(&stack, &["A", "B", "C"]);
    let (_, _) = Signer::of_vaults(&stack, &["D"]);
    let young = fs::read(exported(&stack, &approved[0].id, &folder)).expect("a file");
    assert!(String::from_utf8_lossy(&young).contains(r#""inclusion":null"#));

    is_checkpointed(&stack);
    let keys = anchor(&stack, &folder);
    let option = Path::new("--anchor");
    for approved in &approved {
        let own = own_folder(&format!("checkpoints-of-{}", approved.id));
        let file = exported(&stack, &approved.id, &own);
        for anchored in both_say(0, &file, &[option, &keys]) {
            assert!(anchored.out.contains("Checkpoint 1 of "), "{anchored:?}");
        }
        for without in both_say(3, &file, &[]) {
            assert!(without.all().contains("no anchor was given"), "{without:?}");
        }
        fs::remove_file(&file).expect("removed");
    }

    // The server's other keys sign no checkpoint.
    let jwks = folder.join("jwks.json");
    fs::write(&jwks, stack.get("/jwks.json").ok().text()).expect("written");
    let own = own_folder("checkpoints-other-keys");
    let file = exported(&stack, &approved[1].id, &own);
    for refused in both_say(1, &file, &[option, &jwks]) {
        assert!(refused.all().contains("checkpoint_signature"), "{refused:?}");
    }

    // What is approved later is not in it, and what was is in the next one as well.
    let later = signer.approves(&json!([the_vault("E")]));
    let own = own_folder("checkpoints-later");
    let file = exported(&stack, &later.id, &own);
    for young in both_say(3, &file, &[option, &keys]) {
        assert!(young.all().contains("younger than the last checkpoint"), "{young:?}");
    }
    is_checkpointed(&stack);
    let own = own_folder("checkpoints-next");
    let file = exported(&stack, &approved[0].id, &own);
    for anchored in both_say(0, &file, &[option, &keys]) {
        assert!(anchored.out.contains("Checkpoint 2 of "), "{anchored:?}");
    }
    assert_eq!(breaks(&stack), []);
    let (code, told) = audit(&stack, &["--anchor", &keys.display().to_string()]);
    assert_eq!((code, &told["checkpoints"], &told["verdict"]), (0, &json!(2), &json!("in_order")));
    assert!(!told["limits"].as_str().expect("text").contains("the table itself names"), "{told}");
}

#[test]
fn an_hour_in_which_nobody_approves_writes_nothing() {
    let stack = Stack::start("checkpoints-idle", &[]);
    an_hour_passes_without_a_checkpoint(&stack);
    assert_eq!(stack.observer().items_of("CHECKPOINTS"), [] as [Value; 0], "not even a key");
    let _ = Signer::of_vaults(&stack, &["A"]);
    is_checkpointed(&stack);
    let before = stack.observer().items_of("CHECKPOINT");
    for _ in 0..2 {
        an_hour_passes_without_a_checkpoint(&stack);
    }
    assert_eq!(stack.observer().items_of("CHECKPOINT"), before);
}

#[test]
fn what_was_signed_under_a_key_before_still_holds_when_another_has_taken_over() {
    let stack = Stack::start("checkpoints-new-key", &[]);
    let folder = own_folder("checkpoints-new-key-files");
    let (mut signer, approved) = Signer::of_vaults(&stack, &["A"]);
    is_checkpointed(&stack);
    let old_keys = anchor(&stack, &folder);
    let old_keys_text = fs::read_to_string(&old_keys).expect("keys");
    let old = exported(&stack, &approved[0].id, &folder);

    fs::remove_file(stack.data.join("checkpoint-key.json")).expect("there");
    signer.approves(&json!([the_vault("B")]));
    is_checkpointed(&stack);
    let own = own_folder("checkpoints-new-key-later");
    let new = exported(&stack, &approved[0].id, &own);
    let new_keys = anchor(&stack, &own);
    let count = |text: &str| {
        let keys: Value = serde_json::from_str(text).expect("JSON");
        keys["keys"].as_array().expect("a list").len()
    };
    assert_eq!((count(&old_keys_text), count(&fs::read_to_string(&new_keys).expect("keys"))), (1, 2));
    let option = Path::new("--anchor");
    both_say(0, &old, &[option, &old_keys]);
    both_say(0, &old, &[option, &new_keys]);
    both_say(0, &new, &[option, &new_keys]);
    for refused in both_say(1, &new, &[option, &old_keys]) {
        assert!(refused.all().contains("checkpoint_signature"), "{refused:?}");
    }
    assert_eq!(breaks(&stack), []);
    let (code, told) = audit(&stack, &["--anchor", &old_keys.display().to_string()]);
    assert_eq!((code, &told["breaks"][0]["kind"]), (1, &json!("checkpoint_unsigned")), "{told}");
}

/// Each is put so that the chain is consistent with itself: without a checkpoint nothing would show.
#[test]
fn a_chain_that_is_cut_made_anew_or_gone_is_found_by_what_a_checkpoint_holds() {
    let stack = Stack::start("checkpoints-found", &[]);
    let folder = own_folder("checkpoints-found-files");
    let observer = stack.observer();
    let mut signer = Signer::new(&stack);
    let first = signer.approves(&json!([the_vault("A")]));
    let sub = first.sub.as_str();
    let head_of_one = observer.item("HEADS#", sub);
    signer.approves(&json!([the_vault("B")]));
    is_checkpointed(&stack);
    let keys = anchor(&stack, &folder);
    let (entries, head) = (signer.entries(sub), observer.item("HEADS#", sub));
    assert_eq!(breaks(&stack), []);

    // Cut: the second approval with the head that names it.
    observer.removes(&entries[1]);
    observer.puts(&head_of_one);
    let cut = "checkpoint 1 holds 2 approvals, and there are 1: the last ones were removed";
    assert_eq!(breaks(&stack), [("cut".to_owned(), cut.to_owned())]);
    let refused = stack.operator().is_refused(&["evidence", "export", &first.id]);
    assert!(refused.contains("(inclusion)"), "{refused}");

    // The next checkpoint does not hold what is left, but what was there.
    an_hour_passes_without_a_checkpoint(&stack);
    assert_eq!((last(&stack), kinds(&stack)), (1, vec!["cut".to_owned()]));
    assert!(observer.log_text().contains("went back behind the last checkpoint"), "it is told");

    // Made anew: another second approval follows, and a third.
    signer.approves(&json!([the_vault("C")]));
    let anew = "made_anew".to_owned();
    assert_eq!(kinds(&stack), std::slice::from_ref(&anew));
    signer.approves(&json!([the_vault("D")]));
    is_checkpointed(&stack);
    assert_eq!(kinds(&stack), std::slice::from_ref(&anew), "though a checkpoint holds the new chain, too");
    let (code, told) = audit(&stack, &["--person", sub, "--anchor", &keys.display().to_string()]);
    assert_eq!((code, &told["breaks"][0]["checkpoint"]), (1, &json!(1)), "{told}");

    // Gone, with its person: the account, the head and all approvals.
    stack.operator().does(&["user", "remove", &signer.person.user_name]);
    for item in signer.entries(sub).iter().chain([&observer.item("HEADS#", sub)]) {
        observer.removes(item);
    }
    let gone = "checkpoint 2 holds 3 approvals, and there are 0: the last ones were removed";
    assert_eq!(breaks(&stack), [("cut".to_owned(), gone.to_owned())]);

    observer.puts(&head);
    for entry in &entries {
        observer.puts(entry);
    }
    assert_eq!(kinds(&stack), ["cut"], "what the second checkpoint holds is not there");
}

/// A file that was exported before shows what an audit of a table whose checkpoints were taken away does not.
#[test]
fn checkpoints_that_are_removed_changed_or_replaced_are_named() {
    let stack = Stack::start("checkpoints-changed", &[]);
    let folder = own_folder("checkpoints-changed-files");
    let observer = stack.observer();
    let (mut signer, approved) = Signer::of_vaults(&stack, &["A"]);
    is_checkpointed(&stack);
    for vault in ["B", "C"] {
        signer.approves(&json!([the_vault(vault)]));
        is_checkpointed(&stack);
    }
    let keys = anchor(&stack, &folder);
    let items = checkpoints(&stack);
    assert_eq!((items.len(), breaks(&stack)), (3, vec![]));

    observer.removes(&items[1]);
    assert_eq!(kinds(&stack), ["checkpoints_missing"]);
    observer.puts(&items[1]);

    let changed = |item: &Value, change: &dyn Fn(&mut Value)| {
        let (mut changed, mut body) = (item.clone(), body_of(item));
        change(&mut body);
        changed["body"]["S"] = json!(body.to_string());
        observer.puts(&changed);
        let found = kinds(&stack);
        observer.puts(item);
        found
    };
    let of_first = body_of(&items[0]);
    assert_eq!(changed(&items[2], &|body| body["heads"] = of_first["heads"].clone()), ["other_heads"]);
    assert_eq!(changed(&items[2], &|body| *body = json!({})), ["checkpoint_unreadable"]);
    assert_eq!(
        changed(&items[1], &|body| body["signed"] = of_first["signed"].clone())[0],
        "checkpoint_unreadable"
    );
    let forged = |body: &mut Value| {
        let jws = body["signed"].as_str().expect("text").to_owned();
        let (input, _) = jws.rsplit_once('.').expect("a JWS");
        let (_, other) = of_first["signed"].as_str().expect("text").rsplit_once('.').expect("a JWS");
        body["signed"] = json!(format!("{input}.{other}"));
    };
    assert_eq!(changed(&items[2], &forged), ["checkpoint_unsigned"]);

    // A key of their own, under which they sign anew, is none of the anchor.
    let names = observer.item("CHECKPOINTS", "KEYS");
    let mut others = body_of(&names);
    others[0]["jwk"]["x"] = others[0]["jwk"]["y"].clone();
    let mut replaced = names.clone();
    replaced["body"]["S"] = json!(others.to_string());
    observer.puts(&replaced);
    let (code, told) = audit(&stack, &["--anchor", &keys.display().to_string()]);
    assert_eq!(
        (code, &told["breaks"]),
        (0, &json!([])),
        "the anchor from outside is asked, and not the table"
    );
    observer.puts(&names);

    // Heads that are not what was signed are not signed again, nor is evidence made of them.
    let (mut other, mut body) = (items[2].clone(), body_of(&items[2]));
    body["heads"]["here"][0]["number"] = json!(1);
    other["body"]["S"] = json!(body.to_string());
    observer.puts(&other);
    let refused = stack.operator().is_refused(&["evidence", "export", &approved[0].id]);
    assert!(refused.contains("the last checkpoint cannot be used"), "{refused}");
    signer.approves(&json!([the_vault("D")]));
    an_hour_passes_without_a_checkpoint(&stack);
    assert_eq!(checkpoints(&stack).len(), 3);
    observer.puts(&items[2]);
    is_checkpointed(&stack);
    assert_eq!(breaks(&stack), []);
}

/// More heads than one item holds, put there by hand; most stay as they are.
#[test]
fn many_chains_are_checkpointed_in_parts_and_then_only_what_went_on_is_written() {
    let stack = Stack::start("checkpoints-many", &[]);
    let folder = own_folder("checkpoints-many-files");
    let observer = stack.observer();
    // The one that it looks for at its start.
    sleep(Duration::from_secs(2));
    for number in 0..3_000_u32 {
        let sub = format!("person-{number:022}");
        let head = json!({ "person": sub, "number": 1, "hash": "A".repeat(43) });
        let pk = format!("HEADS#{:02x}", number % 16);
        observer.puts(&json!({ "pk": { "S": pk }, "sk": { "S": sub }, "body": { "S": head.to_string() } }));
    }
    let (mut signer, approved) = Signer::of_vaults(&stack, &["A"]);
    is_checkpointed(&stack);
    let first = &checkpoints(&stack)[0];
    assert_eq!(body_of(first)["heads"]["in_parts"]["count"], 2, "{first}");
    assert_eq!(observer.items_of("CHECKPOINTED#").len(), 2);

    signer.approves(&json!([the_vault("B")]));
    is_checkpointed(&stack);
    let second = &checkpoints(&stack)[1];
    let body = body_of(second);
    assert_eq!((&body["are_all"], body["heads"]["here"].as_array().map(Vec::len)), (&json!(false), Some(1)));
    assert_eq!(observer.items_of("CHECKPOINTED#").len(), 2, "nothing is written twice");

    let keys = anchor(&stack, &folder);
    let file = exported(&stack, &approved[0].id, &folder);
    let [Said { out, .. }, _] = both_say(0, &file, &[Path::new("--anchor"), &keys]);
    assert!(out.contains("Checkpoint 2 of "), "{out}");
}
