//! Both verifiers say the same of the same files.

use std::path::{Path, PathBuf};
use std::process::Command;

use evidence::{Anchor, Why, verify};
use serde_json::{Value, json};

use crate::cases::{self, Case};
use crate::world::{Authenticator, Signer, claims, included};

fn said(case: &Case) -> &'static str {
    let Ok(anchor) = case.anchor.as_deref().map(Anchor::read).transpose() else { return "no anchor" };
    match verify(&case.file, anchor.as_ref(), case.token.as_deref()) {
        Ok(verdict) if verdict.is_anchored => "anchored",
        Ok(_) => "self_consistent",
        Err(why) => why.code(),
    }
}

fn is_as_expected(said: &str, case: &Case) -> bool {
    match case.expected {
        "refused" => !matches!(said, "anchored" | "self_consistent" | "no anchor"),
        expected => said == expected,
    }
}

#[test]
fn this_verifier_takes_what_is_sound_and_refuses_the_rest() {
    let cases = cases::all();
    assert!(cases.iter().filter(|case| case.name.starts_with("bit ")).count() >= 1_500);
    let wrong: Vec<String> = cases
        .iter()
        .filter(|case| !is_as_expected(said(case), case))
        .map(|case| format!("{}: {} and not {}", case.name, said(case), case.expected))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_other_verifier_says_the_same() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/evidence");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("evidence-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let cases = cases::all();
    let listed: Vec<Value> = cases
        .iter()
        .enumerate()
        .map(|(number, case)| {
            let file = folder.join(format!("{number}.json"));
            std::fs::write(&file, &case.file).expect("written");
            json!({ "file": file, "anchor": case.anchor, "token": case.token })
        })
        .collect();
    let list = folder.join("cases");
    std::fs::write(&list, serde_json::to_vec(&listed).expect("JSON")).expect("written");
    let python = Command::new(root.join("environment")).output().expect("it runs");
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    let python = String::from_utf8(python.stdout).expect("a path");
    let output =
        Command::new(python.trim()).arg(root.join("verify_all.py")).arg(&list).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Vec<String> = serde_json::from_slice(&output.stdout).expect("JSON");
    std::fs::remove_dir_all(&folder).expect("removed");
    assert_eq!(said.len(), cases.len());
    let wrong: Vec<String> = cases
        .iter()
        .zip(&said)
        .filter(|(case, said)| !is_as_expected(said, case))
        .map(|(case, said)| format!("{}: {said} and not {}", case.name, case.expected))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

/// The example that lies beside the format's document. With `COUNTERSIGN_WRITE_EXAMPLE` in the environment it is made anew: signatures
/// are different each time.
#[test]
fn the_example_holds_under_its_keys() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/evidence");
    if std::env::var_os("COUNTERSIGN_WRITE_EXAMPLE").is_some() {
        let server = Signer::of_a_server();
        let file = included(&Authenticator::new(), &server, 6).to_bytes();
        let keys = json!({ "keys": [server.public()] }).to_string();
        let token = server.token("at+jwt", &claims());
        for (name, bytes) in
            [("example.json", file), ("example-keys.json", keys.into()), ("example-token.jwt", token.into())]
        {
            std::fs::write(folder.join(name), bytes).expect("written");
        }
    }
    let read = |name| std::fs::read_to_string(folder.join(name)).expect("it lies there");
    let anchor = Anchor::read(&read("example-keys.json")).expect("an anchor");
    let file = read("example.json");
    let verdict = verify(file.as_bytes(), Some(&anchor), Some(&read("example-token.jwt"))).expect("it holds");
    assert!(verdict.is_anchored && verdict.token.is_some_and(|token| token.is_signed));
    let changed = file.replace("Pay ", "Get ");
    assert_eq!(verify(changed.as_bytes(), Some(&anchor), None).err(), Some(Why::Challenge));
}
