use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::{KeyPair, KeySize};

/// Makes an RSA key of 2048 bits, as PKCS#8 (RFC 5208), for the local key file.
///
/// On AWS, KMS makes such keys. ring, which everything else here signs and verifies with, cannot, so that this
/// one function is the only use of a second crypto library. Only the local runner and the operator's command link it.
///
/// # Errors
/// When the system has no randomness to give.
pub fn generate_rsa_2048() -> Result<Vec<u8>, Unspecified> {
    let key = KeyPair::generate(KeySize::Rsa2048)?;
    let pkcs8: Pkcs8V1Der<'static> = key.as_der()?;
    Ok(pkcs8.as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use oauth::configuration::SigningAlgorithm;

    use super::generate_rsa_2048;

    #[test]
    fn the_key_signs_with_rs256() {
        let pkcs8 = generate_rsa_2048().expect("randomness");
        keys::FileKey::from_pkcs8(SigningAlgorithm::Rs256, pkcs8).expect("a key that the key file takes");
    }
}
