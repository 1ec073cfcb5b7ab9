use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::{Deserialize, Serialize};

use crate::Bytes;

/// A public key, as a JWK (RFC 7517) with the members of the key itself. Passkeys have one of these two kinds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kty")]
pub enum Key {
    /// A point on P-256 (RFC 7518, section 6.2.1).
    #[serde(rename = "EC")]
    P256 {
        /// Which curve.
        crv: Curve,
        /// The x coordinate, 32 bytes.
        x: Bytes,
        /// The y coordinate, 32 bytes.
        y: Bytes,
    },
    /// An RSA key of 2048 to 8192 bits (RFC 7518, section 6.3.1).
    #[serde(rename = "RSA")]
    Rsa {
        /// The modulus.
        n: Bytes,
        /// The exponent.
        e: Bytes,
    },
}

/// A curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Curve {
    /// NIST P-256.
    #[serde(rename = "P-256")]
    P256,
}

impl Key {
    /// The point on P-256 with these coordinates.
    pub fn p256(x: &[u8], y: &[u8]) -> Self {
        Self::P256 { crv: Curve::P256, x: x.into(), y: y.into() }
    }

    /// The RSA key with this modulus and exponent.
    pub fn rsa(n: &[u8], e: &[u8]) -> Self {
        Self::Rsa { n: n.into(), e: e.into() }
    }

    /// Whether a passkey with this key has signed `message` (Web Authentication Level 3, section 6.5.5): ECDSA in DER with SHA-256, or
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    pub(crate) fn has_asserted(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256 { x, y, .. } => {
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point(x, y));
                key.verify(message, signature).is_ok()
            }
            Self::Rsa { n, e } => {
                components(n, e).verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
        }
    }

    /// Whether this key has made a signature of this algorithm in a JWS (RFC 7518, section 3.1): ES256, RS256 or PS256.
    pub(crate) fn has_signed(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm) {
            (Self::P256 { x, y, .. }, "ES256") => {
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point(x, y));
                key.verify(message, signature).is_ok()
            }
            (Self::Rsa { n, e }, "RS256") => {
                components(n, e).verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
            (Self::Rsa { n, e }, "PS256") => {
                components(n, e).verify(&RSA_PSS_2048_8192_SHA256, message, signature).is_ok()
            }
            _ => false,
        }
    }
}

/// A point that is not compressed (SEC 1, section 2.3.3).
fn point(x: &Bytes, y: &Bytes) -> Vec<u8> {
    [&[4], x.as_slice(), y.as_slice()].concat()
}

fn components<'a>(n: &'a Bytes, e: &'a Bytes) -> RsaPublicKeyComponents<&'a [u8]> {
    RsaPublicKeyComponents { n: n.as_slice(), e: e.as_slice() }
}
