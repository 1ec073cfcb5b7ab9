use std::sync::OnceLock;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

use crate::place::a_name;

/// The key with which a client authenticates, made anew for each run.
struct ClientKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

#[expect(clippy::disallowed_methods, reason = "the client's dice, not the server's")]
fn key() -> &'static ClientKey {
    static KEY: OnceLock<ClientKey> = OnceLock::new();
    KEY.get_or_init(|| {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        ClientKey {
            pair: EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).expect("just made"),
            random,
        }
    })
}

/// The public half, as the client registers it.
pub(crate) fn jwks() -> Value {
    let point = key().pair.public_key().as_ref();
    json!({ "keys": [
        { "kty": "EC", "crv": "P-256", "kid": "p256", "use": "sig", "x": encode(&point[1..33]), "y": encode(&point[33..]) },
    ]})
}

/// An assertion (RFC 7523, section 3) that was not used before.
pub(crate) fn assertion(client: &str, issuer: &str) -> String {
    let now = now();
    let claims =
        json!({ "iss": client, "sub": client, "aud": issuer, "jti": a_name(), "iat": now, "exp": now + 60 });
    let header = json!({ "alg": "ES256", "typ": "JWT", "kid": "p256" });
    let part = |json: &Value| encode(json.to_string().as_bytes());
    let input = format!("{}.{}", part(&header), part(&claims));
    let signature = key().pair.sign(&key().random, input.as_bytes()).expect("signed");
    format!("{input}.{}", encode(signature.as_ref()))
}

#[expect(clippy::disallowed_methods, reason = "the client's clock, not the server's")]
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs()
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
