use serde::{Deserialize, Serialize};

use crate::Bytes;

/// 128 random bits of the server, made after the person has ticked what they allow: without them somebody could guess what will be
/// displayed, and have it signed beforehand. In base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Bytes", into = "Bytes")]
pub struct Nonce([u8; 16]);

impl Nonce {
    /// The nonce of these random bytes.
    pub const fn from_random(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl From<Nonce> for Bytes {
    fn from(nonce: Nonce) -> Self {
        nonce.0.as_slice().into()
    }
}

impl TryFrom<Bytes> for Nonce {
    type Error = &'static str;

    fn try_from(bytes: Bytes) -> Result<Self, Self::Error> {
        bytes.as_slice().try_into().map(Self).map_err(|_| "a nonce has 16 bytes")
    }
}
