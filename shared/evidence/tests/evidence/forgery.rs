//! Files that somebody made who knows the format and has keys of their own: everything is right in them but one thing. What is hashed
//! is written here once more, from the document of the format and not from the crate.

use evidence::Head;
use oauth::{PersonId, Sha256Digest};
use serde_json::{Value, json};

use crate::world::{Authenticator, Signer, alice, granted, others, shown};

/// The digest that the format gives a thing of this name.
fn tagged(tag: &str, parts: &[&[u8]]) -> Sha256Digest {
    let mut all = format!("countersign-evidence/1 {tag}\0").into_bytes();
    for part in parts {
        all.extend_from_slice(part);
    }
    Sha256Digest::of(&all)
}

fn digest(value: &Value) -> Sha256Digest {
    serde_json::from_value(value.clone()).expect("a digest")
}

/// The parts of a file before they are hashed: `displayed`, `assertion`, `enrolment`, `granted`.
pub(crate) fn parts(authenticator: &Authenticator) -> Value {
    let displayed = shown().displayed().expect("it can be displayed");
    json!({
        "displayed": displayed,
        "assertion": authenticator.sign(&displayed),
        "enrolment": authenticator.enrolled(),
        "granted": granted(&shown()),
    })
}

/// The whole file of these parts, with all its hashes.
pub(crate) fn hashed(mut file: Value) -> Value {
    let rest = json!({
        "assertion": file["assertion"], "enrolment": file["enrolment"], "granted": file["granted"],
    });
    file["format"] = json!("countersign-evidence/1");
    file["entry"] = json!({
        "person": file["displayed"]["person"]["sub"],
        "number": 1,
        "approval": file["displayed"]["approval"],
        "approved_at": file["granted"]["approved_at"],
        "displayed": Sha256Digest::of(&oauth::canonical(&file["displayed"])),
        "rest": tagged("rest", &[&oauth::canonical(&rest)]),
    });
    let person = file["entry"]["person"].as_str().expect("a person");
    file["previous"] = json!(tagged("start", &[person.as_bytes()]));
    file["inclusion"] = Value::Null;
    linked(file)
}

/// The file with the head that follows from its entry.
pub(crate) fn linked(mut file: Value) -> Value {
    let entry = tagged("entry", &[&oauth::canonical(&file["entry"])]);
    let previous = digest(&file["previous"]);
    file["head"] = json!(tagged("link", &[previous.as_bytes(), entry.as_bytes()]));
    file
}

/// The file within a checkpoint that says `claims` beside its root and its size.
pub(crate) fn included(mut file: Value, server: &Signer, typ: &str, claims: &Value) -> Value {
    let person: PersonId = serde_json::from_value(file["entry"]["person"].clone()).expect("a person");
    let number = file["entry"]["number"].as_u64().expect("a number");
    let mut heads = others(6);
    heads.push(Head { person: person.clone(), number, hash: digest(&file["head"]) });
    let tree = evidence::Tree::of(heads);
    let (_, path) = tree.path(&person).expect("it is there");
    let mut says = json!({ "root": tree.root(), "size": tree.size() });
    for (name, value) in claims.as_object().expect("claims") {
        says[name] = value.clone();
    }
    let says: Value = serde_json::from_slice(&oauth::canonical(&says)).expect("JSON");
    file["inclusion"] = json!({ "checkpoint": server.token(typ, &says), "links": [], "path": path });
    file
}

/// A file of the parts that `change` leaves, signed by the authenticator before or after it.
pub(crate) fn forged(authenticator: &Authenticator, change: impl FnOnce(&mut Value)) -> Value {
    let mut parts = parts(authenticator);
    change(&mut parts);
    hashed(parts)
}

pub(crate) fn bytes(file: &Value) -> Vec<u8> {
    oauth::canonical(file)
}

#[test]
fn what_is_hashed_here_is_what_the_crate_hashes() {
    let authenticator = Authenticator::new();
    let file = bytes(&forged(&authenticator, |_| {}));
    let verdict = evidence::verify(&file, None, None).expect("it holds together");
    assert_eq!(verdict.evidence.entry().person, alice());
}
