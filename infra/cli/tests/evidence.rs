//! `countersign evidence verify` as somebody types it who has no server: the example that lies beside the format's document.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../evidence").join(name)
}

/// The exit code, and what is said on standard output and on standard error.
fn verify(file: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    let output = command.args(["evidence", "verify"]).arg(file).args(arguments).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code().expect("a code"), text(output.stdout), text(output.stderr))
}

/// A copy of the example in which something is changed.
fn changed(name: &str, from: &str, to: &str) -> PathBuf {
    let text = std::fs::read_to_string(example("example.json")).expect("the example");
    assert!(text.contains(from), "{from}");
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text.replacen(from, to, 1)).expect("written");
    path
}

fn keys() -> String {
    example("example-keys.json").display().to_string()
}

#[test]
fn under_an_anchor_it_says_what_was_approved_by_whom_and_when() {
    let token = example("example-token.jwt").display().to_string();
    let (code, said, complaint) = verify(&example("example.json"), &["--anchor", &keys(), "--token", &token]);
    assert_eq!((code, complaint.as_str()), (0, ""), "{said}");
    for told in [
        "Alice Ångström (alice, person-",
        "2027-01-15T08:00:12Z",
        "Finance agent (finance-agent)",
        "Bank (bank-tool)",
        "approved  Pay 1,250.50 EUR to Müller & Söhne",
        "left out  See your name",
        "a link of the administrator's",
        "lies within it, has details that were approved",
        "Checkpoint 2 of 2027-01-15T08:01:00Z holds it",
    ] {
        assert!(said.contains(told), "{told} in\n{said}");
    }
}

#[test]
fn without_an_anchor_nobody_vouches_for_it() {
    let (code, said, complaint) = verify(&example("example.json"), &[]);
    assert_eq!(code, 3);
    assert!(said.contains("Pay ") && complaint.contains("Self-consistent only"), "{said}{complaint}");
}

#[test]
fn a_changed_word_is_refused() {
    let file = changed("changed-word.json", "Pay ", "Get ");
    let (code, said, complaint) = verify(&file, &["--anchor", &keys()]);
    assert_eq!((code, said.as_str()), (1, ""));
    assert!(complaint.contains("Refused (challenge)"), "{complaint}");
}

#[test]
fn json_says_the_same() {
    let asked = ["--anchor", &keys(), "--json"];
    let (code, said, _) = verify(&example("example.json"), &asked);
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((code, &said["verdict"]), (0, &Value::from("anchored")));
    assert_eq!(said["displayed"]["client"]["id"], "finance-agent");
    assert_eq!(said["checkpoint"]["number"], 2);
    let (code, said, _) = verify(&changed("changed-for-json.json", "Pay ", "Get "), &asked);
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((code, &said["verdict"], &said["why"]), (1, &"refused".into(), &"challenge".into()));
    let (code, said, _) = verify(&example("example.json"), &["--json"]);
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((code, &said["verdict"]), (3, &Value::from("self_consistent")));
}

#[test]
fn what_cannot_be_read_is_wrong_usage() {
    let file = example("example.json");
    let no_key = file.display().to_string();
    for (path, arguments) in [
        (example("missing.json"), vec![]),
        (file.clone(), vec!["--anchor", "missing.json"]),
        (file.clone(), vec!["--anchor", &no_key]),
        (file, vec!["--token", "missing.jwt"]),
    ] {
        let (code, said, complaint) = verify(&path, &arguments);
        assert_eq!((code, said.as_str()), (2, ""), "{arguments:?}: {complaint}");
    }
}
