use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::is_beside;
use crate::files::{ClientFile, PublicKeys};
use crate::reading::{Read, text};
use crate::{Complaint, Place};

/// The private members of a JWK (RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1; RFC 8037, section 2).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
/// The shortest modulus of an RSA key, in bytes (RFC 7518, section 3.3).
const SHORTEST_MODULUS: usize = 256;
/// The largest file of keys, in bytes: the client is one item of the table.
const LARGEST_FILE: usize = 64 * 1024;

/// A client's keys as they stand in its own file.
pub(super) fn public_keys(
    file: &Read<ClientFile>,
    keys: &[Map<String, Value>],
    complaints: &mut Vec<Complaint>,
) -> Option<Value> {
    let place = |index: Option<usize>| match index {
        Some(index) => file.at(&["jwks", "keys", &index.to_string()]),
        None => file.at(&["jwks"]),
    };
    checked(keys, place, complaints)
}

/// A client's keys as they stand in a file beside its own.
pub(super) fn public_keys_of_file(
    file: &Read<ClientFile>,
    name: &str,
    complaints: &mut Vec<Complaint>,
) -> Option<Value> {
    if !is_beside(name) {
        complaints.push(file.complaint(
            &["jwks_file"],
            format!("{name:?} is not the name of a file beside this one."),
            "Name the file alone, without a folder.",
        ));
        return None;
    }
    let path = file.path.with_file_name(name);
    let source = match text(&path) {
        Ok(source) if source.len() <= LARGEST_FILE => source,
        Ok(_) => {
            complaints.push(Complaint::new(
                Place::file(&path),
                "The file is larger than 64 KiB.",
                "Keep the keys that are in use.",
            ));
            return None;
        }
        Err(complaint) => {
            complaints.push(Complaint {
                place: file.at(&["jwks_file"]),
                wrong: format!("{}: {}", path.display(), complaint.wrong),
                ..complaint
            });
            return None;
        }
    };
    match serde_json::from_str::<PublicKeys>(&source) {
        Ok(keys) => checked(&keys.keys, |_| Place::file(&path), complaints),
        Err(error) => {
            let place = Place { file: path, position: Some((error.line().max(1), error.column().max(1))) };
            complaints.push(Complaint::new(
                place,
                "This is not a JWK Set.",
                "It is {\"keys\": [...]} with the client's public keys (RFC 7517, section 5).",
            ));
            None
        }
    }
}

/// A JWK Set with which nothing is wrong.
pub(super) fn checked(
    keys: &[Map<String, Value>],
    place: impl Fn(Option<usize>) -> Place,
    complaints: &mut Vec<Complaint>,
) -> Option<Value> {
    let before = complaints.len();
    if keys.is_empty() {
        complaints.push(Complaint::new(
            place(None),
            "There is no key in it.",
            "Add the client's public key.",
        ));
    }
    for (index, key) in keys.iter().enumerate() {
        if let Some((wrong, remedy)) = problem(key) {
            complaints.push(Complaint::new(
                place(Some(index)),
                format!("Key {}: {wrong}", index + 1),
                remedy,
            ));
        }
        let kid = key.get("kid");
        if kid.is_some() && keys[..index].iter().any(|earlier| earlier.get("kid") == kid) {
            complaints.push(Complaint::new(
                place(Some(index)),
                format!("Key {}: an earlier key has the same `kid`.", index + 1),
                "Give each key its own.",
            ));
        }
    }
    (complaints.len() == before).then(|| json!({ "keys": keys }))
}

fn problem(key: &Map<String, Value>) -> Option<(String, &'static str)> {
    if let Some(member) = PRIVATE_MEMBERS.into_iter().find(|member| key.contains_key(*member)) {
        return Some((
            format!(
                "`{member}` is a part of a private key, and no secret is ever read from configuration files."
            ),
            "Leave it with the client, which should make a new key now that this one has been written down.",
        ));
    }
    let member = |name: &str| key.get(name).and_then(Value::as_str).unwrap_or_default();
    if key.contains_key("kid") && member("kid").is_empty() {
        return Some(("`kid` must be a string.".to_owned(), ""));
    }
    if key.contains_key("use") && member("use") != "sig" {
        return Some(("it is not for signatures.".to_owned(), "Its `use` must be \"sig\" or absent."));
    }
    let length = |name: &str| URL_SAFE_NO_PAD.decode(member(name)).map_or(0, |bytes| bytes.len());
    let (fits, expected, algorithms): (bool, _, &[&str]) = match member("kty") {
        "EC" => (
            member("crv") == "P-256" && length("x") == 32 && length("y") == 32,
            "an EC key has `crv` \"P-256\" and `x` and `y` of 32 bytes in base64url.",
            &["ES256"],
        ),
        "RSA" => (
            length("n") >= SHORTEST_MODULUS && length("e") > 0,
            "an RSA key has `n` of at least 2048 bits and `e`, both in base64url.",
            &["RS256", "PS256"],
        ),
        "OKP" => (
            member("crv") == "Ed25519" && length("x") == 32,
            "an OKP key has `crv` \"Ed25519\" and `x` of 32 bytes in base64url.",
            &["EdDSA", "Ed25519"],
        ),
        _ => (false, "`kty` must be \"EC\", \"RSA\" or \"OKP\".", &[]),
    };
    if !fits {
        return Some((expected.to_owned(), ""));
    }
    let algorithm = key.get("alg").map(|_| member("alg"));
    algorithm.filter(|name| !algorithms.contains(name)).map(|name| {
        (format!("`alg` {name:?} does not go with the key."), "ES256, RS256, PS256 and EdDSA are accepted.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(value: &Value) -> Option<String> {
        problem(value.as_object().expect("an object")).map(|(wrong, _)| wrong)
    }

    #[test]
    fn public_keys_of_the_accepted_algorithms_pass() {
        let (half, modulus) = (URL_SAFE_NO_PAD.encode([7; 32]), URL_SAFE_NO_PAD.encode([7; 256]));
        assert_eq!(
            key(
                &json!({"kty": "EC", "crv": "P-256", "x": half, "y": half, "kid": "a", "use": "sig", "alg": "ES256"})
            ),
            None
        );
        assert_eq!(key(&json!({"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "PS256"})), None);
        assert_eq!(key(&json!({"kty": "OKP", "crv": "Ed25519", "x": half})), None);
    }

    #[test]
    fn a_private_or_symmetric_or_weak_key_is_refused() {
        let (half, short) = (URL_SAFE_NO_PAD.encode([7; 32]), URL_SAFE_NO_PAD.encode([7; 128]));
        for (value, said) in [
            (
                json!({"kty": "EC", "crv": "P-256", "x": half, "y": half, "d": half}),
                "`d` is a part of a private key",
            ),
            (json!({"kty": "oct", "k": half}), "`k` is a part of a private key"),
            (json!({"kty": "RSA", "n": short, "e": "AQAB"}), "2048 bits"),
            (json!({"kty": "EC", "crv": "P-521", "x": half, "y": half}), "P-256"),
            (json!({"kty": "EC", "crv": "P-256", "x": half, "y": half, "use": "enc"}), "not for signatures"),
            (
                json!({"kty": "EC", "crv": "P-256", "x": half, "y": half, "alg": "none"}),
                "does not go with the key",
            ),
            (json!({"kty": "EC", "crv": "P-256", "x": half, "y": half, "kid": 7}), "must be a string"),
            (json!({}), "`kty` must be"),
        ] {
            assert!(key(&value).is_some_and(|wrong| wrong.contains(said)), "{value}");
        }
    }
}
