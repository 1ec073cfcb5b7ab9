use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth::Sha256Digest;
use serde::{Deserialize, Serialize};

/// What an authenticator has to sign (Web Authentication Level 3, section 13.4.3): 256 random bits, or the hash of a text in which there
/// are 128. It is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Challenge([u8; 32]);

impl Challenge {
    /// The challenge of these random bytes.
    pub const fn from_random(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The challenge that says what is signed: the hash of a text.
    pub(crate) const fn of_text(digest: Sha256Digest) -> Self {
        Self(*digest.as_bytes())
    }

    /// Under what it is remembered that it was answered.
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(&self.0)
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl From<Challenge> for String {
    fn from(challenge: Challenge) -> Self {
        challenge.to_string()
    }
}

impl TryFrom<String> for Challenge {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or("a challenge is 32 bytes in base64url")
    }
}
