use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use crate::Key;

/// What stands before the point in the `SubjectPublicKeyInfo` of a key on P-256 (RFC 5480, section 2).
const P256_SPKI: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// Keys that a verifier has from somewhere else than the file, and trusts: those that sign checkpoints, and tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor(Vec<Key>);

/// Why something is no anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnchor {
    /// It is neither a JWK, nor a JWK Set, nor a PEM.
    #[error("it is neither a JWK, nor a JWK Set, nor the PEM of a public key on P-256")]
    Unreadable,
    /// Whoever has this can sign: it is not to be handed around.
    #[error("it holds a private key; a verifier needs the public one alone")]
    Private,
    /// None of its keys is of a kind that signs here.
    #[error("it has no key on P-256 and no RSA key")]
    NoKey,
}

impl Anchor {
    /// Reads a JWK (RFC 7517), a JWK Set, or a public key on P-256 in PEM. Keys of other kinds are passed over, and so is what is no key;
    /// one that cannot be used, as a point that is on no curve, verifies nothing. Neither keeps another key from it.
    ///
    /// # Errors
    /// See [`NoAnchor`].
    pub fn read(text: &str) -> Result<Self, NoAnchor> {
        if text.contains("-----BEGIN") {
            return from_pem(text);
        }
        let value: Value = oauth::strictly(text.as_bytes()).map_err(|_| NoAnchor::Unreadable)?;
        let all = match value.get("keys") {
            Some(Value::Array(keys)) => keys.clone(),
            None if value.is_object() => vec![value],
            Some(_) | None => return Err(NoAnchor::Unreadable),
        };
        if all.iter().any(|key| key.get("d").is_some() || key.get("k").is_some()) {
            return Err(NoAnchor::Private);
        }
        let keys: Vec<Key> = all.iter().filter_map(|key| Key::deserialize(key).ok()).collect();
        if keys.is_empty() { Err(NoAnchor::NoKey) } else { Ok(Self(keys)) }
    }

    /// No key at all: nothing is signed under it.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub(crate) fn keys(&self) -> &[Key] {
        &self.0
    }
}

fn from_pem(text: &str) -> Result<Anchor, NoAnchor> {
    if text.contains("PRIVATE KEY") {
        return Err(NoAnchor::Private);
    }
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    let der = STANDARD.decode(body).map_err(|_| NoAnchor::Unreadable)?;
    match der.strip_prefix(&P256_SPKI).map(|point| point.split_at_checked(32)) {
        Some(Some((x, y))) if y.len() == 32 => Ok(Anchor(vec![Key::p256(x, y)])),
        _ => Err(NoAnchor::NoKey),
    }
}
