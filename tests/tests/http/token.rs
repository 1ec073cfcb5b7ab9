use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::Value;

use crate::stack::Stack;

/// A JWT whose signature holds against the published keys.
#[derive(Clone, Debug)]
pub(crate) struct Verified {
    pub(crate) header: Value,
    pub(crate) claims: Value,
}

impl Verified {
    /// The seconds from `iat` to `exp`.
    pub(crate) fn lives_for(&self) -> i64 {
        let moment = |name: &str| self.claims[name].as_i64().expect("a moment");
        moment("exp") - moment("iat")
    }
}

/// Reads a JWT and checks its signature as a tool would: by `kid` from `jwks_uri`.
#[track_caller]
pub(crate) fn verified(stack: &Stack, jwt: &str) -> Verified {
    verified_by(&stack.get("/jwks.json").ok().json(), jwt)
}

/// The same by keys that the tool has at hand.
#[track_caller]
pub(crate) fn verified_by(keys: &Value, jwt: &str) -> Verified {
    let (input, signature) = jwt.rsplit_once('.').expect("three parts");
    let (header, claims) = input.split_once('.').expect("three parts");
    let header = part(header);
    let key = key_of(keys, &header);
    assert_eq!(key["alg"], header["alg"], "the key is for this algorithm");
    let signature = decode(signature);
    let holds = match header["alg"].as_str() {
        Some("ES256") => {
            let point = [vec![4], number(key, "x"), number(key, "y")].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(input.as_bytes(), &signature)
        }
        Some("RS256") => RsaPublicKeyComponents { n: number(key, "n"), e: number(key, "e") }.verify(
            &RSA_PKCS1_2048_8192_SHA256,
            input.as_bytes(),
            &signature,
        ),
        other => panic!("signed with {other:?}"),
    };
    holds.expect("the signature holds");
    Verified { header, claims: part(claims) }
}

/// What a JWT says, whoever signed it.
pub(crate) fn payload(jwt: &str) -> Value {
    part(jwt.split('.').nth(1).expect("three parts"))
}

/// The key of a JWK Set that a JWT's header names.
#[track_caller]
pub(crate) fn key_of<'k>(keys: &'k Value, header: &Value) -> &'k Value {
    let mut all = keys["keys"].as_array().expect("keys").iter();
    let named = all.find(|key| key["kid"] == header["kid"]);
    named.unwrap_or_else(|| panic!("the kid of {header} is not published in {keys}"))
}

/// A number of a JWK.
pub(crate) fn number(key: &Value, name: &str) -> Vec<u8> {
    decode(key[name].as_str().expect("a key's number"))
}

fn part(text: &str) -> Value {
    serde_json::from_slice(&decode(text)).expect("JSON")
}

fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url without padding")
}
