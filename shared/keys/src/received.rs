use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Validation;
use jsonwebtoken::errors::ErrorKind;
use serde::de::{Deserializer, IgnoredAny};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::provider;
use crate::public_key::PublicKey;
use crate::rejection::{TokenRejected, shown};

/// The longest token that is looked at, in bytes. An `Authorization` header cannot carry more than 10 KB to us,
/// and a client's assertion is far shorter.
pub const LONGEST_TOKEN: usize = 16 * 1024;

/// What a verified token's header says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenHeader {
    /// `alg`.
    pub algorithm: Algorithm,
    /// `kid`.
    pub key_id: Option<String>,
    /// `typ`.
    pub token_type: Option<String>,
}

/// A token whose signature holds. Whether it is still valid, and for whom, is not decided yet: `exp`, `nbf`,
/// `iat` and `aud` are the caller's to check.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedToken {
    /// Its header.
    pub header: TokenHeader,
    /// Its claims.
    pub claims: Map<String, Value>,
}

impl VerifiedToken {
    /// The claims as a type.
    ///
    /// # Errors
    /// [`TokenRejected::Malformed`] when they do not have its shape.
    pub fn claims_as<T: DeserializeOwned>(&self) -> Result<T, TokenRejected> {
        serde_json::from_value(Value::Object(self.claims.clone()))
            .map_err(|_| TokenRejected::Malformed("a claim is missing or of another type"))
    }
}

/// A token whose header has been read and found acceptable; nothing is proven yet.
pub(crate) struct Received<'a> {
    token: &'a str,
    pub(crate) header: TokenHeader,
}

impl<'a> Received<'a> {
    /// Reads the header and refuses what could not be verified anyway, before any cryptography.
    pub(crate) fn parse(token: &'a str, allowed: &[Algorithm]) -> Result<Self, TokenRejected> {
        if token.len() > LONGEST_TOKEN {
            return Err(TokenRejected::TooLong { bytes: token.len(), limit: LONGEST_TOKEN });
        }
        let mut parts = token.split('.');
        let (Some(header), Some(_), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenRejected::Malformed("it does not have three parts"));
        };
        let header = URL_SAFE_NO_PAD
            .decode(header)
            .map_err(|_| TokenRejected::Malformed("its header is not base64url"))?;
        let header: ReceivedHeader = serde_json::from_slice(&header)
            .map_err(|_| TokenRejected::Malformed("its header is not the JSON of a JWS header"))?;
        if header.crit {
            return Err(TokenRejected::CriticalExtension);
        }
        let algorithm = Algorithm::parse(&header.alg)
            .filter(|algorithm| allowed.contains(algorithm))
            .ok_or_else(|| TokenRejected::AlgorithmNotAllowed { algorithm: shown(&header.alg) })?;
        Ok(Self { token, header: TokenHeader { algorithm, key_id: header.kid, token_type: header.typ } })
    }

    /// Verifies the signature by one key, and with it the algorithm that this key is for.
    pub(crate) fn verify(&self, key: &PublicKey) -> Result<Map<String, Value>, TokenRejected> {
        if !key.fits(self.header.algorithm) {
            let algorithm = self.header.algorithm.as_str().to_owned();
            return Err(TokenRejected::AlgorithmNotAllowed { algorithm });
        }
        provider::install();
        let decoded =
            jsonwebtoken::decode(self.token, &key.to_decoding_key(), &signature_only(self.header.algorithm));
        decoded.map(|data| data.claims).map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => TokenRejected::BadSignature,
            _ => TokenRejected::Malformed("it is not a JWS with a JSON object in it"),
        })
    }
}

/// Time and audience are decided by the pure core, which is told what time it is.
fn signature_only(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm.into());
    validation.required_spec_claims = HashSet::new();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

/// The members that decide something. Their repetition is an error; `jku`, `jwk`, `x5u` and `x5c` are never
/// followed: a token does not choose who vouches for it.
#[derive(Deserialize)]
struct ReceivedHeader {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    #[serde(default, deserialize_with = "is_there")]
    crit: bool,
}

fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}
