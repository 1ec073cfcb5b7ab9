use environment::Fault;
use oauth::configuration::SigningAlgorithm;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};

use crate::der::p256_private_scalar;
use crate::key_file::KeyFileError;
use crate::public_key::PublicKey;

/// A private key in this process's memory.
pub(crate) enum LocalKey {
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl LocalKey {
    /// Reads PKCS#8 (RFC 5208) of the kind that the algorithm wants.
    pub(crate) fn from_pkcs8(algorithm: SigningAlgorithm, pkcs8: &[u8]) -> Result<Self, KeyFileError> {
        let rejected =
            |error: ring::error::KeyRejected| KeyFileError::Key { algorithm, why: error.to_string() };
        match algorithm {
            SigningAlgorithm::Es256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &generator())
                    .map(Self::P256)
                    .map_err(rejected)
            }
            SigningAlgorithm::Rs256 => RsaKeyPair::from_pkcs8(pkcs8).map(Self::Rsa).map_err(rejected),
        }
    }

    /// Puts a pair together whose halves KMS gave out apart: PKCS#8 that need not hold the public half, and that.
    pub(crate) fn from_halves(
        algorithm: SigningAlgorithm,
        pkcs8: &[u8],
        public: &PublicKey,
    ) -> Result<Self, KeyFileError> {
        let defect = |why: &dyn std::fmt::Display| KeyFileError::Key { algorithm, why: why.to_string() };
        let key = match public {
            PublicKey::P256 { x, y } if algorithm == SigningAlgorithm::Es256 => {
                let scalar = p256_private_scalar(pkcs8).map_err(|why| defect(&why))?;
                let point = [&[4], x.as_slice(), y].concat();
                let random = generator();
                EcdsaKeyPair::from_private_key_and_public_key(
                    &ECDSA_P256_SHA256_FIXED_SIGNING,
                    scalar,
                    &point,
                    &random,
                )
                .map(Self::P256)
                .map_err(|why| defect(&why))?
            }
            _ => Self::from_pkcs8(algorithm, pkcs8)?,
        };
        if key.public()? == *public { Ok(key) } else { Err(defect(&"its halves do not belong together")) }
    }

    /// The public half.
    pub(crate) fn public(&self) -> Result<PublicKey, KeyFileError> {
        let defect =
            |algorithm| KeyFileError::Key { algorithm, why: "its public half is malformed".to_owned() };
        match self {
            Self::P256(pair) => {
                let coordinates = pair.public_key().as_ref().strip_prefix(&[4]);
                let (x, y) = coordinates
                    .and_then(|both| both.split_at_checked(32))
                    .ok_or_else(|| defect(SigningAlgorithm::Es256))?;
                let fixed = |bytes: &[u8]| bytes.try_into().map_err(|_| defect(SigningAlgorithm::Es256));
                Ok(PublicKey::P256 { x: fixed(x)?, y: fixed(y)? })
            }
            Self::Rsa(pair) => {
                let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public());
                PublicKey::rsa(n, e).map_err(|_| defect(SigningAlgorithm::Rs256))
            }
        }
    }

    /// The JOSE form of a signature (RFC 7518, sections 3.3 and 3.4).
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let failed = |_| Fault::broken("signing key", "the key file's key did not sign");
        match self {
            Self::P256(pair) => {
                pair.sign(&generator(), message).map(|signature| signature.as_ref().to_vec()).map_err(failed)
            }
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &generator(), message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

/// The generator that ring wants for nonces, blinding and new keys; it accepts none but its own.
#[expect(clippy::disallowed_methods, reason = "ring seals its generators; Dice hands out bytes, not one")]
pub(crate) fn generator() -> SystemRandom {
    SystemRandom::new()
}
