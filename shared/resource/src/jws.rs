use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserializer, IgnoredAny};
use serde::{Deserialize, Serialize};

use crate::Unacceptable;

/// The longest token that is looked at, in bytes. Details above 4 KB are referred to, so ours are far shorter.
pub const LONGEST_TOKEN: usize = 16 * 1024;

/// A signature algorithm that is verified (RFC 7518, section 3.1). There is no `none` and no HMAC here, so no token can
/// ask for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
}

impl Algorithm {
    /// Reads the JOSE name, which is case-sensitive.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "ES256" => Some(Self::Es256),
            "RS256" => Some(Self::Rs256),
            _ => None,
        }
    }
}

/// A JWS in compact form (RFC 7515, section 7.1) whose header is that of an access token. Nothing is proven yet.
pub(crate) struct Received<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: String,
    /// What the signature is over.
    pub(crate) signing_input: &'a [u8],
    pub(crate) signature: Vec<u8>,
    payload: &'a str,
}

/// The members that decide something; each may come once. `jku`, `jwk`, `x5u` and `x5c` are never followed: a token does
/// not choose who vouches for it.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    #[serde(default, deserialize_with = "is_there")]
    crit: bool,
}

fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl<'a> Received<'a> {
    /// Reads the header and refuses what could not be verified anyway, before any cryptography (RFC 9068, section 4;
    /// RFC 8725, sections 3.1 and 3.11).
    pub(crate) fn parse(token: &'a str) -> Result<Self, Unacceptable> {
        if token.len() > LONGEST_TOKEN {
            return Err(Unacceptable::TooLong);
        }
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Unacceptable::Malformed);
        };
        let signed = &token[..=header.len() + payload.len()];
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| Unacceptable::Malformed)?;
        let signature = decode(signature)?;
        if !header.typ.as_deref().is_some_and(is_access_token) {
            return Err(Unacceptable::NotAnAccessToken);
        }
        if header.crit {
            return Err(Unacceptable::CriticalExtension);
        }
        let algorithm = Algorithm::parse(&header.alg).ok_or(Unacceptable::AlgorithmNotAllowed)?;
        let key_id = header.kid.ok_or(Unacceptable::UnknownKey)?;
        Ok(Self { algorithm, key_id, signing_input: signed.as_bytes(), signature, payload })
    }

    /// The bytes of the claims.
    pub(crate) fn payload(&self) -> Result<Vec<u8>, Unacceptable> {
        decode(self.payload)
    }
}

fn decode(part: &str) -> Result<Vec<u8>, Unacceptable> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Unacceptable::Malformed)
}

/// RFC 9068, section 4: `at+jwt`, or the media type in full.
fn is_access_token(typ: &str) -> bool {
    ["at+jwt", "application/at+jwt"].iter().any(|name| typ.eq_ignore_ascii_case(name))
}
