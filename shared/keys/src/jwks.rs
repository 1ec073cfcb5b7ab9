use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::public_key::{KeyDefect, PublicKey};
use crate::received::{Received, VerifiedToken};
use crate::rejection::{TokenRejected, shown};

/// The most keys that a JWK Set may have: each may have to be tried when a token does not name its key.
pub const MOST_KEYS: usize = 32;

/// Somebody else's public keys (RFC 7517, section 5), such as a client's. Keys that cannot be used are kept with
/// the reason, so that whoever relies on one can be told; the others work regardless.
#[derive(Clone, Debug)]
pub struct Jwks(Vec<ForeignKey>);

#[derive(Clone, Debug)]
struct ForeignKey {
    key_id: Option<String>,
    key: Result<UsableKey, KeyDefect>,
}

#[derive(Clone, Debug)]
struct UsableKey {
    public: PublicKey,
    /// `alg`, when the owner ties the key to one.
    only: Option<Algorithm>,
}

/// Why some JSON is not a JWK Set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwksDefect {
    /// There is no array `keys`.
    #[error("a JWK Set is a JSON object with an array \"keys\"")]
    NoKeys,
    /// More keys than anybody rotates.
    #[error("the JWK Set has {count} keys, {MOST_KEYS} are accepted")]
    TooMany {
        /// How many there are.
        count: usize,
    },
}

impl Jwks {
    /// Reads a JWK Set. A key that cannot be used does not spoil the others (RFC 7517, section 5).
    ///
    /// # Errors
    /// [`JwksDefect`] when it is no JWK Set, or too long.
    pub fn parse(document: &Value) -> Result<Self, JwksDefect> {
        let keys = document.get("keys").and_then(Value::as_array).ok_or(JwksDefect::NoKeys)?;
        if keys.len() > MOST_KEYS {
            return Err(JwksDefect::TooMany { count: keys.len() });
        }
        Ok(Self(keys.iter().map(ForeignKey::read).collect()))
    }

    /// The keys that are not used, by their `kid` or their place in the list, with the reason: for whoever
    /// registers the set.
    pub fn defects(&self) -> impl Iterator<Item = (String, &KeyDefect)> {
        self.0.iter().enumerate().filter_map(|(place, key)| {
            let name = || key.key_id.as_deref().map_or_else(|| format!("number {}", place + 1), shown);
            key.key.as_ref().err().map(|defect| (name(), defect))
        })
    }

    /// Verifies a token by these keys: header, key and signature. Who issued it, for whom and until when is the
    /// caller's to check.
    ///
    /// # Errors
    /// [`TokenRejected`] with what is wrong first.
    pub fn verify(&self, token: &str, allowed: &[Algorithm]) -> Result<VerifiedToken, TokenRejected> {
        let received = Received::parse(token, allowed)?;
        let candidates = self.named(received.header.key_id.as_deref())?;
        let mut rejected = None;
        for candidate in candidates {
            match candidate.verify(&received) {
                Ok(claims) => {
                    return Ok(VerifiedToken { header: received.header, claims });
                }
                // A signature that does not match says more than a key that was not even tried.
                Err(TokenRejected::BadSignature) => rejected = Some(TokenRejected::BadSignature),
                Err(other) => rejected = rejected.or(Some(other)),
            }
        }
        Err(rejected.unwrap_or(TokenRejected::UnknownKey { key_id: String::new() }))
    }

    /// The keys of that name, or all when the token names none.
    fn named(&self, key_id: Option<&str>) -> Result<Vec<&ForeignKey>, TokenRejected> {
        let Some(key_id) = key_id else {
            return Ok(self.0.iter().collect());
        };
        let named: Vec<_> = self.0.iter().filter(|key| key.key_id.as_deref() == Some(key_id)).collect();
        if named.is_empty() { Err(TokenRejected::UnknownKey { key_id: shown(key_id) }) } else { Ok(named) }
    }
}

impl ForeignKey {
    fn read(value: &Value) -> Self {
        let Some(jwk) = value.as_object() else {
            return Self { key_id: None, key: Err(KeyDefect::NotAnObject) };
        };
        let key_id = jwk.get("kid").and_then(Value::as_str).map(str::to_owned);
        Self { key_id, key: UsableKey::read(jwk) }
    }

    fn verify(&self, received: &Received<'_>) -> Result<Map<String, Value>, TokenRejected> {
        let key = self.key.as_ref().map_err(|why| TokenRejected::UnusableKey { why: why.clone() })?;
        let algorithm = received.header.algorithm;
        if key.only.is_some_and(|only| only != algorithm) {
            return Err(TokenRejected::AlgorithmNotAllowed { algorithm: algorithm.as_str().to_owned() });
        }
        received.verify(&key.public)
    }
}

impl UsableKey {
    fn read(jwk: &Map<String, Value>) -> Result<Self, KeyDefect> {
        let public = PublicKey::from_jwk(jwk)?;
        let says_signatures = jwk.get("use").is_none_or(|purpose| purpose == "sig");
        let may_verify = jwk.get("key_ops").is_none_or(|operations| {
            operations
                .as_array()
                .is_some_and(|operations| operations.iter().any(|operation| operation == "verify"))
        });
        if !says_signatures || !may_verify {
            return Err(KeyDefect::NotForSignatures);
        }
        let only = match jwk.get("alg") {
            None => None,
            Some(name) => {
                let algorithm = name.as_str().and_then(Algorithm::parse).filter(|found| public.fits(*found));
                Some(algorithm.ok_or(KeyDefect::OtherAlgorithm)?)
            }
        };
        Ok(Self { public, only })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use oauth::configuration::SigningAlgorithm::{Es256, Rs256};
    use ring::signature::{Ed25519KeyPair, KeyPair, RSA_PSS_SHA256, RsaKeyPair};
    use serde_json::json;

    use super::*;
    use crate::fixtures::{
        self, OTHER_P256_PKCS8, P256_PKCS8, P256_SPKI, RSA_PKCS8, RSA_SPKI, forge, signer,
    };
    use crate::local_key::generator;

    fn jwk(spki: &[u8], members: &Value) -> Value {
        let mut jwk = PublicKey::from_spki(spki).expect("a key").to_jwk();
        jwk.extend(members.as_object().expect("members").clone());
        Value::Object(jwk)
    }

    fn set(keys: &[Value]) -> Jwks {
        Jwks::parse(&json!({ "keys": keys })).expect("a JWK Set")
    }

    fn assertion(header: &Value) -> String {
        forge(header, &json!({ "iss": "client" }), signer(Es256, P256_PKCS8))
    }

    fn ed25519() -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[5; 32]).expect("a seed")
    }

    fn by_pss(message: &[u8]) -> Vec<u8> {
        let key = RsaKeyPair::from_pkcs8(RSA_PKCS8).expect("a key");
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(&RSA_PSS_SHA256, &generator(), message, &mut signature).expect("it signs");
        signature
    }

    #[test]
    fn all_four_algorithms_verify() {
        let okp = PublicKey::Ed25519 { x: ed25519().public_key().as_ref().try_into().expect("32 bytes") };
        let keys = set(&[jwk(P256_SPKI, &json!({})), jwk(RSA_SPKI, &json!({})), Value::Object(okp.to_jwk())]);
        let claims = json!({ "iss": "client", "exp": 1 });
        let tokens = [
            (Algorithm::Es256, forge(&json!({ "alg": "ES256" }), &claims, signer(Es256, P256_PKCS8))),
            (Algorithm::Rs256, forge(&json!({ "alg": "RS256" }), &claims, signer(Rs256, RSA_PKCS8))),
            (Algorithm::Ps256, forge(&json!({ "alg": "PS256" }), &claims, by_pss)),
            (
                Algorithm::EdDsa,
                forge(&json!({ "alg": "EdDSA" }), &claims, |message| {
                    ed25519().sign(message).as_ref().to_vec()
                }),
            ),
        ];
        for (algorithm, token) in tokens {
            let verified = keys.verify(&token, &Algorithm::ALL).expect("a good signature");
            assert_eq!(verified.header.algorithm, algorithm);
            assert_eq!(Value::Object(verified.claims), claims);
            let others: Vec<_> = Algorithm::ALL.into_iter().filter(|other| *other != algorithm).collect();
            let refused = keys.verify(&token, &others);
            assert!(matches!(refused, Err(TokenRejected::AlgorithmNotAllowed { .. })), "{algorithm:?}");
            let flipped = fixtures::with_a_flipped_bit(&token, 2, 40);
            assert_eq!(keys.verify(&flipped, &Algorithm::ALL), Err(TokenRejected::BadSignature));
        }
    }

    #[test]
    fn expiry_is_left_to_the_caller() {
        let token =
            forge(&json!({ "alg": "ES256" }), &json!({ "exp": 1, "nbf": 1e18 }), signer(Es256, P256_PKCS8));
        assert!(set(&[jwk(P256_SPKI, &json!({}))]).verify(&token, &Algorithm::ALL).is_ok());
    }

    #[test]
    fn a_named_key_is_the_only_one_tried() {
        let keys = set(&[jwk(P256_SPKI, &json!({ "kid": "new" })), jwk(RSA_SPKI, &json!({ "kid": "old" }))]);
        assert!(keys.verify(&assertion(&json!({ "alg": "ES256", "kid": "new" })), &Algorithm::ALL).is_ok());
        let other = keys.verify(&assertion(&json!({ "alg": "ES256", "kid": "old" })), &Algorithm::ALL);
        assert_eq!(other, Err(TokenRejected::AlgorithmNotAllowed { algorithm: "ES256".to_owned() }));
        let unknown = keys.verify(&assertion(&json!({ "alg": "ES256", "kid": "newer" })), &Algorithm::ALL);
        assert_eq!(unknown, Err(TokenRejected::UnknownKey { key_id: "newer".to_owned() }));
    }

    #[test]
    fn without_a_name_every_key_that_fits_is_tried() {
        let other = fixtures::signer(Es256, OTHER_P256_PKCS8);
        let other_key = crate::local_key::LocalKey::from_pkcs8(Es256, OTHER_P256_PKCS8).expect("a key");
        let other_jwk = Value::Object(other_key.public().expect("a key").to_jwk());
        let keys = set(&[jwk(RSA_SPKI, &json!({})), other_jwk, jwk(P256_SPKI, &json!({ "kid": "a" }))]);
        assert!(keys.verify(&assertion(&json!({ "alg": "ES256" })), &Algorithm::ALL).is_ok());
        let by_other = forge(&json!({ "alg": "ES256" }), &json!({}), other);
        assert!(keys.verify(&by_other, &Algorithm::ALL).is_ok());
        assert!(set(&[]).verify(&by_other, &Algorithm::ALL).is_err());
    }

    #[test]
    fn a_key_for_another_purpose_does_not_sign() {
        let token = assertion(&json!({ "alg": "ES256", "kid": "k" }));
        let cases = [
            (json!({ "use": "enc" }), KeyDefect::NotForSignatures),
            (json!({ "use": 1 }), KeyDefect::NotForSignatures),
            (json!({ "key_ops": ["encrypt"] }), KeyDefect::NotForSignatures),
            (json!({ "key_ops": "verify" }), KeyDefect::NotForSignatures),
            (json!({ "alg": "RS256" }), KeyDefect::OtherAlgorithm),
            (json!({ "alg": "ECDH-ES" }), KeyDefect::OtherAlgorithm),
            (json!({ "d": "AAAA" }), KeyDefect::Secret { member: "d" }),
        ];
        for (mut members, why) in cases {
            members["kid"] = json!("k");
            let refused = set(&[jwk(P256_SPKI, &members)]).verify(&token, &Algorithm::ALL);
            assert_eq!(refused, Err(TokenRejected::UnusableKey { why }), "{members}");
        }
        for good in
            [json!({ "use": "sig" }), json!({ "key_ops": ["sign", "verify"] }), json!({ "alg": "ES256" })]
        {
            let mut members = good;
            members["kid"] = json!("k");
            assert!(set(&[jwk(P256_SPKI, &members)]).verify(&token, &Algorithm::ALL).is_ok(), "{members}");
        }
    }

    #[test]
    fn a_key_tied_to_one_algorithm_verifies_no_other() {
        let keys = set(&[jwk(RSA_SPKI, &json!({ "alg": "PS256" }))]);
        let by_pkcs1 = forge(&json!({ "alg": "RS256" }), &json!({}), signer(Rs256, RSA_PKCS8));
        let refused = keys.verify(&by_pkcs1, &Algorithm::ALL);
        assert_eq!(refused, Err(TokenRejected::AlgorithmNotAllowed { algorithm: "RS256".to_owned() }));
        assert!(keys.verify(&forge(&json!({ "alg": "PS256" }), &json!({}), by_pss), &Algorithm::ALL).is_ok());
    }

    #[test]
    fn nobody_is_believed_without_a_signature_by_a_private_key() {
        let keys = set(&[
            jwk(P256_SPKI, &json!({})),
            jwk(RSA_SPKI, &json!({})),
            json!({ "kty": "oct", "k": "AAAA" }),
        ]);
        let claims = json!({ "iss": "client" });
        let tokens = [
            forge(&json!({ "alg": "none" }), &claims, |_| vec![]),
            forge(&json!({ "alg": "HS256" }), &claims, fixtures::hmac_by(P256_SPKI)),
            forge(&json!({ "alg": "HS256" }), &claims, fixtures::hmac_by(RSA_SPKI)),
            forge(&json!({ "alg": "HS256" }), &claims, fixtures::hmac_by(&[0, 0, 0])),
        ];
        for token in tokens {
            let refused = keys.verify(&token, &Algorithm::ALL);
            assert!(matches!(refused, Err(TokenRejected::AlgorithmNotAllowed { .. })), "{token}");
        }
        let critical = assertion(&json!({ "alg": "ES256", "crit": ["b64"], "b64": false }));
        assert_eq!(keys.verify(&critical, &Algorithm::ALL), Err(TokenRejected::CriticalExtension));
    }

    #[test]
    fn a_signature_of_zeros_proves_nothing() {
        let keys = set(&[jwk(P256_SPKI, &json!({}))]);
        let token = forge(&json!({ "alg": "ES256" }), &json!({}), |_| vec![0; 64]);
        assert_eq!(keys.verify(&token, &Algorithm::ALL), Err(TokenRejected::BadSignature));
    }

    #[test]
    fn a_bad_key_is_told_and_does_not_spoil_the_others() {
        let modulus = URL_SAFE_NO_PAD.encode([0xff; 128]);
        let weak = json!({ "kty": "RSA", "kid": "weak", "n": modulus, "e": "AQAB" });
        let keys = set(&[weak, json!("nonsense"), jwk(P256_SPKI, &json!({ "kid": "good" }))]);
        let defects: Vec<_> = keys.defects().map(|(name, why)| (name, why.clone())).collect();
        assert_eq!(defects.len(), 2);
        assert_eq!(defects[0], ("weak".to_owned(), KeyDefect::RsaSize { bits: 1024 }));
        assert_eq!(defects[1], ("number 2".to_owned(), KeyDefect::NotAnObject));
        assert!(keys.verify(&assertion(&json!({ "alg": "ES256", "kid": "good" })), &Algorithm::ALL).is_ok());
        let by_weak = keys.verify(&assertion(&json!({ "alg": "RS256", "kid": "weak" })), &Algorithm::ALL);
        assert_eq!(by_weak, Err(TokenRejected::UnusableKey { why: KeyDefect::RsaSize { bits: 1024 } }));
    }

    #[test]
    fn what_is_no_jwk_set_is_refused() {
        for document in [json!({}), json!([]), json!({ "keys": {} }), json!(null)] {
            assert_eq!(Jwks::parse(&document).err(), Some(JwksDefect::NoKeys), "{document}");
        }
        let many = json!({ "keys": vec![json!({}); MOST_KEYS + 1] });
        assert_eq!(Jwks::parse(&many).err(), Some(JwksDefect::TooMany { count: MOST_KEYS + 1 }));
    }
}
