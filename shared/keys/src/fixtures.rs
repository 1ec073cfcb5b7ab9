//! Keys for tests, made once with OpenSSL. They sign nothing else anywhere.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth::Timestamp;
use oauth::configuration::SigningAlgorithm;
use ring::hmac;
use serde_json::Value;

use crate::local_key::LocalKey;
use crate::{FileKey, KeyFile, KeySet, Schedule, ScheduledKey};

pub(crate) const P256_PKCS8: &[u8] = include_bytes!("../fixtures/p256.pkcs8.der");
pub(crate) const OTHER_P256_PKCS8: &[u8] = include_bytes!("../fixtures/p256_other.pkcs8.der");
pub(crate) const RSA_PKCS8: &[u8] = include_bytes!("../fixtures/rsa_2048.pkcs8.der");
pub(crate) const P256_SPKI: &[u8] = include_bytes!("../fixtures/p256.spki.der");
pub(crate) const RSA_SPKI: &[u8] = include_bytes!("../fixtures/rsa_2048.spki.der");
pub(crate) const RSA_1024_SPKI: &[u8] = include_bytes!("../fixtures/rsa_1024.spki.der");

pub(crate) const SECRET: [u8; 32] = [7; 32];

/// The moment at which the keys of these tests came into use.
pub(crate) const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// A key file with one key an algorithm, both in use since [`START`].
pub(crate) fn key_file() -> KeyFile {
    let keys = [(SigningAlgorithm::Es256, P256_PKCS8), (SigningAlgorithm::Rs256, RSA_PKCS8)];
    let keys = keys.map(|(algorithm, pkcs8)| ScheduledKey {
        algorithm,
        schedule: Schedule::first(START),
        key: FileKey::from_pkcs8(algorithm, pkcs8.to_vec()).expect("a key of the fixtures"),
    });
    KeyFile::new(SECRET, KeySet::new(keys.into()))
}

/// A token with any header and claims, signed by whatever the closure is.
pub(crate) fn forge(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let input = format!("{}.{}", encode(header), encode(claims));
    let signature = sign(input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A signer by one of the keys above.
pub(crate) fn signer(algorithm: SigningAlgorithm, pkcs8: &[u8]) -> impl Fn(&[u8]) -> Vec<u8> {
    let key = LocalKey::from_pkcs8(algorithm, pkcs8).expect("a key of the fixtures");
    move |message| key.sign(message).expect("it signs")
}

/// The attack that HMAC invites: the public key, which everybody has, as the shared secret.
pub(crate) fn hmac_by(public: &[u8]) -> impl Fn(&[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, public);
    move |message| hmac::sign(&key, message).as_ref().to_vec()
}

/// The same token with one bit of one part turned over: 0 is the header, 1 the claims, 2 the signature.
pub(crate) fn with_a_flipped_bit(token: &str, part: usize, byte: usize) -> String {
    let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    let mut bytes = URL_SAFE_NO_PAD.decode(&parts[part]).expect("base64url");
    let byte = byte % bytes.len();
    bytes[byte] ^= 1;
    parts[part] = URL_SAFE_NO_PAD.encode(bytes);
    parts.join(".")
}
