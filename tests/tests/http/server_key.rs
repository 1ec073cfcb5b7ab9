use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

use crate::assertion::{encode, signing_input};
use crate::stack::Stack;
use crate::token::{key_of, number};

/// The key with which a local server signs, as whoever stole it would have it: whatever a token by it is refused for, it is not the
/// signature.
pub(crate) struct ServerKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl ServerKey {
    /// The one that signs access tokens, from the server's own key file.
    #[expect(clippy::disallowed_methods, reason = "a thief's dice, not the server's")]
    pub(crate) fn of(stack: &Stack) -> Self {
        let text = fs::read_to_string(stack.data.join("keys.json")).expect("the key file");
        let file: Value = serde_json::from_str(&text).expect("JSON");
        let keys = file["keys"].as_array().expect("keys");
        let key = keys.iter().find(|key| key["algorithm"] == "ES256").expect("a key for ES256");
        let pkcs8 = STANDARD.decode(key["pkcs8"].as_str().expect("text")).expect("base64");
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &random);
        Self { pair: pair.expect("a key"), random }
    }

    /// A JWT of any header and claims, signed by ES256 whatever the header says.
    pub(crate) fn signed(&self, header: &Value, claims: &Value) -> String {
        self.signed_raw(&header.to_string(), &claims.to_string())
    }

    /// The same of any text.
    pub(crate) fn signed_raw(&self, header: &str, claims: &str) -> String {
        let input = signing_input(header, claims);
        let signature = self.pair.sign(&self.random, input.as_bytes()).expect("signed");
        format!("{input}.{}", encode(signature.as_ref()))
    }
}

/// The HMACs of a JWT with what everybody knows of the key that its header names as the secret (RFC 8725, section 2.1): the key in
/// DER, in PEM, as a point, and as it stands in the JWK Set.
pub(crate) fn signed_by_the_public_key(stack: &Stack, header: &Value, claims: &Value) -> Vec<String> {
    let keys = stack.get("/jwks.json").ok().json();
    let jwk = key_of(&keys, header);
    let point = [vec![4], number(jwk, "x"), number(jwk, "y")].concat();
    // SubjectPublicKeyInfo of a P-256 key (RFC 5480, section 2), before the point.
    let before = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
        0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];
    let der = [before.as_slice(), &point].concat();
    let text = STANDARD.encode(&der);
    let pem =
        format!("-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----\n", &text[..64], &text[64..]);
    let mut header = header.clone();
    header["alg"] = json!("HS256");
    let input = signing_input(&header.to_string(), &claims.to_string());
    [der, pem.into_bytes(), point, jwk.to_string().into_bytes()]
        .map(|secret| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), input.as_bytes()))
        .map(|tag| format!("{input}.{}", encode(tag.as_ref())))
        .into()
}
