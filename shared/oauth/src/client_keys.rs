use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::MetadataProblem;

/// More keys than any client needs.
const MOST_KEYS: usize = 10;

/// The client's public keys, written out. Those behind a `jwks_uri` would be fetched whenever a client comes, before it has
/// shown anything. By one of them at least it must be able to prove who it is.
pub(crate) fn keys(members: &Map<String, Value>) -> Result<Value, MetadataProblem> {
    let refused = |why| Err(MetadataProblem::Other(why));
    if members.contains_key("jwks_uri") {
        return refused("jwks_uri is not followed: put the keys into jwks");
    }
    let Some(jwks) = members.get("jwks") else {
        return refused("private_key_jwt needs jwks, with the client's public keys");
    };
    let Some(keys) =
        jwks.get("keys").and_then(Value::as_array).filter(|keys| (1..=MOST_KEYS).contains(&keys.len()))
    else {
        return refused("jwks must be a JWK Set of 1 to 10 keys");
    };
    if !keys.iter().all(is_public) {
        return refused("jwks must hold public keys alone");
    }
    if !keys.iter().any(verifies) {
        return refused(
            "jwks must have a key that verifies signatures: EC P-256, OKP Ed25519, or RSA from 2048 bits",
        );
    }
    let keys: Vec<Value> = keys.iter().map(what_makes_a_key).collect();
    Ok(json!({ "keys": keys }))
}

fn is_public(key: &Value) -> bool {
    let is_asymmetric = text(key, "kty").is_some_and(|kind| ["EC", "RSA", "OKP"].contains(&kind));
    is_asymmetric
        && ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().all(|secret| key.get(secret).is_none())
}

/// Whether it is of a kind by which signatures are verified here, and says that it is for that (RFC 7517, section 4; RFC 7518,
/// section 6; RFC 8037, section 2). Whether there is such a point or number shows when something is signed with it.
fn verifies(key: &Value) -> bool {
    /// From 2048 to 8192 bits.
    const RSA: std::ops::RangeInclusive<usize> = 256..=1024;
    let bytes =
        |name| text(key, name).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).map(|all| all.len());
    let algorithms: &[&str] = match (text(key, "kty"), text(key, "crv")) {
        (Some("EC"), Some("P-256")) if bytes("x") == Some(32) && bytes("y") == Some(32) => &["ES256"],
        (Some("OKP"), Some("Ed25519")) if bytes("x") == Some(32) => &["EdDSA"],
        (Some("RSA"), _)
            if bytes("n").is_some_and(|length| RSA.contains(&length)) && bytes("e") > Some(0) =>
        {
            &["RS256", "PS256"]
        }
        _ => return false,
    };
    let fits = |alg: &Value| alg.as_str().is_some_and(|alg| algorithms.contains(&alg));
    let verify = |all: &Value| all.as_array().is_some_and(|all| all.iter().any(|one| one == "verify"));
    key.get("alg").is_none_or(fits)
        && key.get("use").is_none_or(|purpose| purpose == "sig")
        && key.get("key_ops").is_none_or(verify)
}

fn text<'k>(key: &'k Value, name: &str) -> Option<&'k str> {
    key.get(name).and_then(Value::as_str)
}

/// The members of a public key that are looked at (RFC 7517, section 4; RFC 7518, section 6; RFC 8037, section 2).
const OF_A_KEY: [&str; 10] = ["kty", "crv", "x", "y", "n", "e", "kid", "alg", "use", "key_ops"];

/// A key without whatever else stands in it: that would be written down for nothing.
fn what_makes_a_key(key: &Value) -> Value {
    let members = OF_A_KEY.iter().filter_map(|name| Some(((*name).to_owned(), key.get(name)?.clone())));
    Value::Object(members.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(jwks: &Value) -> Result<Value, MetadataProblem> {
        let members = json!({ "jwks": jwks });
        keys(members.as_object().expect("an object"))
    }

    fn of(length: usize) -> String {
        URL_SAFE_NO_PAD.encode(vec![7; length])
    }

    fn key() -> Value {
        json!({ "kty": "EC", "crv": "P-256", "x": of(32), "y": of(32) })
    }

    /// The key with a member more, or with another in its place.
    fn with(member: &str, value: Value) -> Value {
        let mut key = key();
        key[member] = value;
        key
    }

    #[test]
    fn keys_are_public_few_and_written_out() {
        let symmetric = json!({ "kty": "oct", "k": "AA" });
        for (jwks, good) in [
            (json!({ "keys": [key()] }), true),
            (json!({ "keys": [] }), false),
            (json!({ "keys": vec![key(); 11] }), false),
            (json!({ "keys": [key(), with("d", json!("AA"))] }), false),
            (json!({ "keys": [symmetric] }), false),
            (json!([key()]), false),
        ] {
            assert_eq!(read(&jwks).is_ok(), good, "{jwks}");
            let both = json!({ "jwks": jwks, "jwks_uri": "https://agents.example/keys" });
            assert!(keys(both.as_object().expect("an object")).is_err(), "jwks_uri");
        }
    }

    /// RFC 7591, section 3.2.2: who could never authenticate is told at once.
    #[test]
    fn one_of_the_keys_verifies_signatures() {
        let rsa = |n: usize| json!({ "kty": "RSA", "n": of(n), "e": "AQAB" });
        let okp = |curve: &str| json!({ "kty": "OKP", "crv": curve, "x": of(32) });
        for good in [
            key(),
            okp("Ed25519"),
            rsa(256),
            with("use", json!("sig")),
            with("alg", json!("ES256")),
            with("key_ops", json!(["sign", "verify"])),
        ] {
            assert!(read(&json!({ "keys": [good] })).is_ok(), "{good}");
        }
        for useless in [
            json!({ "kty": "EC" }),
            okp("X25519"),
            rsa(128),
            rsa(6_000),
            json!({ "kty": "RSA", "n": of(256) }),
            with("crv", json!("P-384")),
            with("x", json!(7)),
            with("x", json!({ "filling": [1] })),
            with("y", json!(of(31))),
            with("y", json!(format!("{}=", of(32)))),
            with("use", json!("enc")),
            with("alg", json!("RS256")),
            with("key_ops", json!(["sign"])),
            with("key_ops", json!("verify")),
        ] {
            assert!(read(&json!({ "keys": [useless] })).is_err(), "{useless}");
            // RFC 7517, section 5: what is not understood does not spoil the others.
            assert!(read(&json!({ "keys": [useless, key()] })).is_ok(), "{useless}");
        }
    }

    /// What else stands in a key would be kept for nothing, and given back.
    #[test]
    fn of_a_key_only_what_makes_it_one_is_kept() {
        let mut whole = key();
        for (member, value) in [("kid", "1"), ("alg", "ES256"), ("use", "sig")] {
            whole[member] = json!(value);
        }
        let kept = json!({ "keys": [whole] });
        whole["x5c"] = json!(["AA"]);
        whole["filling"] = json!("a".repeat(100));
        assert_eq!(read(&json!({ "keys": [whole] })).expect("keys"), kept);
    }
}
