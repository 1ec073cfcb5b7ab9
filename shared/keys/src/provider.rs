//! `jsonwebtoken` over ring: it verifies with the library that also does TLS here, and signs nothing.

use std::sync::Once;

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters,
    RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

static RING: CryptoProvider = CryptoProvider {
    signer_factory: no_signer,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes ring the process's provider. Whoever installed another one before keeps it: what may be verified is
/// decided by the list of algorithms, not by the provider.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let _ = RING.install_default();
    });
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that jsonwebtoken asks for")]
fn no_signer(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    Err(ErrorKind::UnsupportedAlgorithm.into())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that jsonwebtoken asks for")]
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    match (algorithm, key.kind()) {
        (Algorithm::ES256 | Algorithm::EdDSA, DecodingKeyKind::SecretOrDer(_))
        | (Algorithm::RS256 | Algorithm::PS256, DecodingKeyKind::RsaModulusExponent { .. })
            if key.family() == algorithm.family() =>
        {
            Ok(Box::new(RingVerifier { algorithm: *algorithm, key: key.clone() }))
        }
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

struct RingVerifier {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl RingVerifier {
    fn by_bytes(
        &self,
        algorithm: &'static dyn VerificationAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let Ok(key) = self.key.try_get_as_bytes() else {
            return false;
        };
        UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
    }

    fn by_rsa(&self, parameters: &'static RsaParameters, message: &[u8], signature: &[u8]) -> bool {
        let DecodingKeyKind::RsaModulusExponent { n, e } = self.key.kind() else {
            return false;
        };
        RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
    }
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        let holds = match self.algorithm {
            Algorithm::ES256 => self.by_bytes(&ECDSA_P256_SHA256_FIXED, message, signature),
            Algorithm::EdDSA => self.by_bytes(&ED25519, message, signature),
            Algorithm::RS256 => self.by_rsa(&RSA_PKCS1_2048_8192_SHA256, message, signature),
            Algorithm::PS256 => self.by_rsa(&RSA_PSS_2048_8192_SHA256, message, signature),
            _ => false,
        };
        if holds { Ok(()) } else { Err(Error::new()) }
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
