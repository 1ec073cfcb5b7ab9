use std::sync::OnceLock;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

use crate::place::a_name;

/// A key with which somebody else signs.
struct Key {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Key {
    fn read(document: &[u8], random: SystemRandom) -> Self {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document, &random);
        Self { pair: pair.expect("a key"), random }
    }

    fn signed(&self, header: &Value, claims: &Value) -> String {
        let part = |json: &Value| encode(json.to_string().as_bytes());
        let input = format!("{}.{}", part(header), part(claims));
        let signature = self.pair.sign(&self.random, input.as_bytes()).expect("signed");
        format!("{input}.{}", encode(signature.as_ref()))
    }
}

/// The one with which a client authenticates, made anew for each run.
#[expect(clippy::disallowed_methods, reason = "the client's dice, not the server's")]
fn key() -> &'static Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    KEY.get_or_init(|| {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        Key::read(made.as_ref(), random)
    })
}

/// The one of another issuer, which `tests/configuration` trusts.
#[expect(clippy::disallowed_methods, reason = "another issuer's dice, not the server's")]
fn key_of_the_partner() -> &'static Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    let document = include_bytes!("../../../shared/keys/fixtures/p256.pkcs8.der");
    KEY.get_or_init(|| Key::read(document, SystemRandom::new()))
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
    key().signed(&header, &claims)
}

/// A token of another issuer about somebody who is nobody here, as a subject token (RFC 8693, section 2.1).
pub(crate) fn token_of_the_partner(issuer: &str) -> String {
    by_the_partner("JWT", &about_alice(issuer))
}

/// The same as a grant for a client, which nobody has used (draft-ietf-oauth-identity-assertion-authz-grant, section 3.1).
pub(crate) fn id_jag_of_the_partner(issuer: &str, client: &str, resource: &str) -> String {
    let mut claims = about_alice(issuer);
    for (name, value) in [("client_id", client), ("resource", resource), ("scope", "files.read")] {
        claims[name] = json!(value);
    }
    by_the_partner("oauth-id-jag+jwt", &claims)
}

fn about_alice(issuer: &str) -> Value {
    let now = now();
    json!({ "iss": "https://idp.partner.test", "sub": "alice", "aud": issuer, "jti": a_name(), "iat": now, "exp": now + 200 })
}

fn by_the_partner(typ: &str, claims: &Value) -> String {
    let header = json!({ "alg": "ES256", "typ": typ, "kid": "partner-1" });
    key_of_the_partner().signed(&header, claims)
}

#[expect(clippy::disallowed_methods, reason = "the client's clock, not the server's")]
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs()
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
