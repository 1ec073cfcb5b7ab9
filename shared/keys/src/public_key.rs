use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use oauth::Sha256Digest;
use oauth::configuration::SigningAlgorithm;
use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::der::{DerDefect, SubjectPublicKey, subject_public_key};

/// RSA keys shorter than this are refused (RFC 7518, section 3.3).
const SHORTEST_RSA_BITS: usize = 2048;
/// Longer ones only cost time to verify.
const LONGEST_RSA_BITS: usize = 8192;
/// Members of a JWK that belong to a private or symmetric key (RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1).
const SECRET_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key that verifies signatures, of a kind and size that we accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// A point on P-256.
    P256 {
        /// The x coordinate, big-endian.
        x: [u8; 32],
        /// The y coordinate, big-endian.
        y: [u8; 32],
    },
    /// An RSA key of 2048 to 8192 bits.
    Rsa {
        /// The modulus, big-endian without leading zeros.
        n: Vec<u8>,
        /// The public exponent, big-endian without leading zeros.
        e: Vec<u8>,
    },
    /// A key on edwards25519.
    Ed25519 {
        /// The public key.
        x: [u8; 32],
    },
}

/// Why a key is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyDefect {
    /// Not a JSON object.
    #[error("a key is not a JSON object")]
    NotAnObject,
    /// `kty`, with its curve, is none that we know.
    #[error("its \"kty\" or \"crv\" is not one of EC P-256, RSA, OKP Ed25519")]
    UnknownType,
    /// A member is missing, or is not what it should be.
    #[error("its member \"{member}\" is {why}")]
    WrongMember {
        /// The member's name.
        member: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A modulus that can be factored, or one that only costs time.
    #[error("an RSA key of {bits} bits; 2048 to 8192 are accepted")]
    RsaSize {
        /// The modulus's length.
        bits: usize,
    },
    /// Somebody published a private or a symmetric key.
    #[error("it holds the secret member \"{member}\"")]
    Secret {
        /// The member's name.
        member: &'static str,
    },
    /// `use` or `key_ops` say that the key is for something else.
    #[error("it is not for signatures (\"use\" or \"key_ops\")")]
    NotForSignatures,
    /// `alg` names an algorithm that we do not verify, or that its type cannot do.
    #[error("its \"alg\" is not one that such a key is used with here")]
    OtherAlgorithm,
    /// DER that is not a public key.
    #[error("its DER is not a P-256 or RSA public key")]
    Der,
}

impl From<DerDefect> for KeyDefect {
    fn from(_: DerDefect) -> Self {
        Self::Der
    }
}

impl PublicKey {
    /// Reads the key of a JWK (RFC 7517, section 4; RFC 7518, section 6; RFC 8037, section 2).
    ///
    /// # Errors
    /// [`KeyDefect`], also when the JWK holds anything private.
    pub fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, KeyDefect> {
        if let Some(member) = SECRET_MEMBERS.into_iter().find(|member| jwk.contains_key(*member)) {
            return Err(KeyDefect::Secret { member });
        }
        let text = |member| jwk.get(member).and_then(Value::as_str);
        match (text("kty"), text("crv")) {
            (Some("EC"), Some("P-256")) => Ok(Self::P256 { x: fixed(jwk, "x")?, y: fixed(jwk, "y")? }),
            (Some("OKP"), Some("Ed25519")) => Ok(Self::Ed25519 { x: fixed(jwk, "x")? }),
            (Some("RSA"), _) => Self::rsa(decoded(jwk, "n")?, decoded(jwk, "e")?),
            _ => Err(KeyDefect::UnknownType),
        }
    }

    /// Reads `SubjectPublicKeyInfo`, the form in which KMS gives out public keys.
    ///
    /// # Errors
    /// [`KeyDefect`] when it is not a P-256 key or an RSA key of an accepted size.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyDefect> {
        match subject_public_key(der)? {
            SubjectPublicKey::P256 { x, y } => Ok(Self::P256 { x, y }),
            SubjectPublicKey::Rsa { n, e } => Self::rsa(n.to_vec(), e.to_vec()),
        }
    }

    pub(crate) fn rsa(n: Vec<u8>, e: Vec<u8>) -> Result<Self, KeyDefect> {
        for (member, number) in [("n", &n), ("e", &e)] {
            if number.first().is_none_or(|first| *first == 0) {
                return Err(KeyDefect::WrongMember { member, why: "empty or begins with a zero byte" });
            }
        }
        let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
        if !(SHORTEST_RSA_BITS..=LONGEST_RSA_BITS).contains(&bits) {
            return Err(KeyDefect::RsaSize { bits });
        }
        let is_odd = e.last().is_some_and(|last| last % 2 == 1);
        // Up to 32 bits, as everybody has; one is the exponent that makes every message its own signature.
        if !is_odd || e == [1] || e.len() > 4 {
            return Err(KeyDefect::WrongMember {
                member: "e",
                why: "not an odd number from 3 to 4294967295",
            });
        }
        Ok(Self::Rsa { n, e })
    }

    /// Whether an algorithm works with this kind of key.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::P256 { .. } => algorithm == Algorithm::Es256,
            Self::Rsa { .. } => matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256),
            Self::Ed25519 { .. } => algorithm == Algorithm::EdDsa,
        }
    }

    /// The JWK thumbprint with SHA-256 (RFC 7638), base64url. The members stand in the order that the RFC
    /// demands by themselves, so that no map's order can change the name of a key.
    pub fn thumbprint(&self) -> String {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let canonical = match self {
            Self::P256 { x, y } => {
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, encode(x), encode(y))
            }
            Self::Rsa { n, e } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encode(e), encode(n)),
            Self::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(x)),
        };
        Sha256Digest::of(canonical.as_bytes()).to_base64url()
    }

    /// The JWK with the members of the key itself and nothing about its use.
    pub fn to_jwk(&self) -> Map<String, Value> {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let members = match self {
            Self::P256 { x, y } => {
                vec![
                    ("kty", "EC".to_owned()),
                    ("crv", "P-256".to_owned()),
                    ("x", encode(x)),
                    ("y", encode(y)),
                ]
            }
            Self::Rsa { n, e } => vec![("kty", "RSA".to_owned()), ("n", encode(n)), ("e", encode(e))],
            Self::Ed25519 { x } => {
                vec![("kty", "OKP".to_owned()), ("crv", "Ed25519".to_owned()), ("x", encode(x))]
            }
        };
        members.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect()
    }

    /// The JWK as a JWK Set has it: what it is for, which algorithm it is used with, and its name (RFC 7517, section 4).
    pub(crate) fn to_published_jwk(&self, algorithm: SigningAlgorithm, kid: &str) -> Map<String, Value> {
        let mut jwk = self.to_jwk();
        for (name, value) in [("use", "sig"), ("alg", algorithm.as_str()), ("kid", kid)] {
            jwk.insert(name.to_owned(), Value::from(value));
        }
        jwk
    }

    pub(crate) fn to_decoding_key(&self) -> DecodingKey {
        match self {
            Self::P256 { x, y } => DecodingKey::from_ec_der(&[&[4], x.as_slice(), y.as_slice()].concat()),
            Self::Rsa { n, e } => DecodingKey::from_rsa_raw_components(n, e),
            Self::Ed25519 { x } => DecodingKey::from_ed_der(x),
        }
    }
}

fn decoded(jwk: &Map<String, Value>, member: &'static str) -> Result<Vec<u8>, KeyDefect> {
    let text =
        jwk.get(member).and_then(Value::as_str).ok_or(KeyDefect::WrongMember { member, why: "missing" })?;
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| KeyDefect::WrongMember { member, why: "not base64url without padding" })
}

fn fixed(jwk: &Map<String, Value>, member: &'static str) -> Result<[u8; 32], KeyDefect> {
    decoded(jwk, member)?.try_into().map_err(|_| KeyDefect::WrongMember { member, why: "not 32 bytes long" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures;

    fn jwk(value: &Value) -> Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    /// RFC 7638, section 3.1.
    const RFC_7638_MODULUS: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aP\
        FFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0\
        _FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0f\
        M4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

    #[test]
    fn the_thumbprint_is_that_of_rfc_7638() {
        let key = PublicKey::from_jwk(&jwk(&json!({
            "kty": "RSA", "n": RFC_7638_MODULUS, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
        })));
        assert_eq!(key.expect("a key").thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037() {
        let key = PublicKey::from_jwk(&jwk(&json!({
            "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        })));
        assert_eq!(key.expect("a key").thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_key_survives_the_way_through_a_jwk() {
        for spki in [fixtures::P256_SPKI, fixtures::RSA_SPKI] {
            let key = PublicKey::from_spki(spki).expect("a key");
            assert_eq!(PublicKey::from_jwk(&key.to_jwk()), Ok(key));
        }
    }

    #[test]
    fn a_weak_rsa_key_is_refused() {
        assert_eq!(PublicKey::from_spki(fixtures::RSA_1024_SPKI), Err(KeyDefect::RsaSize { bits: 1024 }));
        let mut just_too_short = vec![0xff; 256];
        just_too_short[0] = 0x7f;
        assert_eq!(PublicKey::rsa(just_too_short, vec![1, 0, 1]), Err(KeyDefect::RsaSize { bits: 2047 }));
    }

    #[test]
    fn an_rsa_exponent_that_proves_nothing_is_refused() {
        for e in [vec![1], vec![2], vec![1, 0, 0], vec![1, 0, 0, 0, 1]] {
            let key = PublicKey::rsa(vec![0xff; 256], e.clone());
            assert!(matches!(key, Err(KeyDefect::WrongMember { member: "e", .. })), "{e:?}");
        }
    }

    #[test]
    fn a_published_secret_is_refused() {
        let mut private = PublicKey::from_spki(fixtures::P256_SPKI).expect("a key").to_jwk();
        private.insert("d".to_owned(), json!("AAAA"));
        assert_eq!(PublicKey::from_jwk(&private), Err(KeyDefect::Secret { member: "d" }));
        let symmetric = jwk(&json!({ "kty": "oct", "k": "AAAA" }));
        assert_eq!(PublicKey::from_jwk(&symmetric), Err(KeyDefect::Secret { member: "k" }));
    }

    #[test]
    fn malformed_keys_are_refused_by_the_member_at_fault() {
        let x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
        let cases = [
            (json!({ "kty": "EC", "crv": "P-256", "x": x }), "y"),
            (json!({ "kty": "EC", "crv": "P-256", "x": "AAAA", "y": x }), "x"),
            (json!({ "kty": "EC", "crv": "P-256", "x": format!("{x}="), "y": x }), "x"),
            (json!({ "kty": "OKP", "crv": "Ed25519", "x": 7 }), "x"),
            (json!({ "kty": "RSA", "n": "AAEA", "e": "AQAB" }), "n"),
        ];
        for (value, at_fault) in cases {
            let defect = PublicKey::from_jwk(&jwk(&value)).expect_err("malformed");
            assert!(matches!(defect, KeyDefect::WrongMember { member, .. } if member == at_fault), "{value}");
        }
        for value in
            [json!({}), json!({ "kty": "EC", "crv": "P-521" }), json!({ "kty": "OKP", "crv": "X25519" })]
        {
            assert_eq!(PublicKey::from_jwk(&jwk(&value)), Err(KeyDefect::UnknownType), "{value}");
        }
    }
}
