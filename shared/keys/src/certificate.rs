//! The certificate of an RSA key: an envelope for its public half, because software that checks XML signatures takes
//! keys in no other (SAML V2.0 Metadata Interoperability Profile, section 2.6.1). It is signed by its own key, so trust
//! in it is trust in that key.

use std::time::Duration;

use environment::Fault;
use oauth::{Sha256Digest, Timestamp};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};

use crate::public_key::PublicKey;

/// How long a certificate is good. What a key may be used for is in the hands of the ring's schedule: this only has
/// to be longer.
const LIFE: Duration = Duration::from_hours(10 * 365 * 24);
/// For a reader whose clock is behind ours.
const BEFORE: Duration = Duration::from_hours(1);

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const UTF8_STRING: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// `[0] EXPLICIT` and `[3] EXPLICIT`.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

/// `AlgorithmIdentifier { sha256WithRSAEncryption, NULL }` (RFC 4055, section 5).
const SHA256_WITH_RSA: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00];
/// `AlgorithmIdentifier { rsaEncryption, NULL }` (RFC 3279, section 2.3.1).
const RSA: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
/// `id-at-commonName` (RFC 5280, appendix A.1).
const COMMON_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x04, 0x03];
/// Critical: no certification authority (RFC 5280, section 4.2.1.9).
const NOT_AN_AUTHORITY: &[u8] =
    &[0x30, 0x0c, 0x06, 0x03, 0x55, 0x1d, 0x13, 0x01, 0x01, 0xff, 0x04, 0x02, 0x30, 0x00];
/// Critical: `digitalSignature` alone (RFC 5280, section 4.2.1.3).
const SIGNS: &[u8] =
    &[0x30, 0x0e, 0x06, 0x03, 0x55, 0x1d, 0x0f, 0x01, 0x01, 0xff, 0x04, 0x04, 0x03, 0x02, 0x07, 0x80];
/// `id-ce-subjectKeyIdentifier` (RFC 5280, section 4.2.1.2).
const KEY_IDENTIFIER: &[u8] = &[0x06, 0x03, 0x55, 0x1d, 0x0e];

/// A certificate that waits for its signature. It follows from the key and the moment it was published, so whoever makes
/// it again makes the same.
pub(crate) struct Draft<'a> {
    n: &'a [u8],
    e: &'a [u8],
    to_be_signed: Vec<u8>,
}

impl<'a> Draft<'a> {
    /// `TBSCertificate` (RFC 5280, section 4.1) of a key published at this moment; `None` for a key that is not RSA.
    pub(crate) fn new(public: &'a PublicKey, published_at: Timestamp) -> Option<Self> {
        let PublicKey::Rsa { n, e } = public else { return None };
        let pair = value(SEQUENCE, &[&number(n), &number(e)]);
        let public_key = value(SEQUENCE, &[RSA, &value(BIT_STRING, &[&[0], &pair])]);
        let digest = Sha256Digest::of(&public_key);
        let digest = digest.as_bytes();
        let common_name = value(UTF8_STRING, &[b"Countersign ", public.thumbprint().as_bytes()]);
        let name = value(SEQUENCE, &[&value(SET, &[&value(SEQUENCE, &[COMMON_NAME, &common_name])])]);
        let since = published_at.as_seconds().saturating_sub(i64::try_from(BEFORE.as_secs()).ok()?);
        let validity = [time(Timestamp::from_seconds(since))?, time(published_at.after(LIFE))?];
        let identifier = value(OCTET_STRING, &[&value(OCTET_STRING, &[&digest[..20]])]);
        let extensions = [NOT_AN_AUTHORITY, SIGNS, &value(SEQUENCE, &[KEY_IDENTIFIER, &identifier])].concat();
        let to_be_signed = value(
            SEQUENCE,
            &[
                &value(VERSION, &[&[INTEGER, 1, 2]]),
                &serial_number(digest),
                SHA256_WITH_RSA,
                &name,
                &value(SEQUENCE, &[&validity.concat()]),
                &name,
                &public_key,
                &value(EXTENSIONS, &[&value(SEQUENCE, &[&extensions])]),
            ],
        );
        Some(Self { n, e, to_be_signed })
    }

    /// What the key is to sign with RSASSA-PKCS1-v1_5 and SHA-256.
    pub(crate) fn to_be_signed(&self) -> &[u8] {
        &self.to_be_signed
    }

    /// The whole certificate, DER.
    ///
    /// # Errors
    /// [`Fault::Broken`] when the signature is not this key's over this.
    pub(crate) fn signed(self, signature: &[u8]) -> Result<Vec<u8>, Fault> {
        RsaPublicKeyComponents { n: self.n, e: self.e }
            .verify(&RSA_PKCS1_2048_8192_SHA256, &self.to_be_signed, signature)
            .map_err(|_| Fault::broken("certificate", "its signature is not by its own key"))?;
        let signature = value(BIT_STRING, &[&[0], signature]);
        Ok(value(SEQUENCE, &[&self.to_be_signed, SHA256_WITH_RSA, &signature]))
    }
}

/// Sixteen bytes of the public key's digest: positive and without needless zeros (RFC 5280, section 4.1.2.2).
fn serial_number(digest: &[u8]) -> Vec<u8> {
    let first = (digest[0] & 0x7f) | 0x40;
    value(INTEGER, &[&[first], &digest[1..16]])
}

/// A moment as RFC 5280, section 4.1.2.5, wants it: with two digits of the year until 2049, with four from then on.
fn time(at: Timestamp) -> Option<Vec<u8>> {
    let at = jiff::Timestamp::from_second(at.as_seconds()).ok()?;
    let text = at.strftime("%Y%m%d%H%M%SZ").to_string();
    Some(match text.as_str() {
        early if early < "2050" => value(UTC_TIME, &[&early.as_bytes()[2..]]),
        late => value(GENERALIZED_TIME, &[late.as_bytes()]),
    })
}

/// A positive number, which has no leading zeros here.
fn number(bytes: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if bytes.first().is_some_and(|first| *first >= 0x80) { &[0] } else { &[] };
    value(INTEGER, &[sign, bytes])
}

/// Tag, length and content of a value (ITU-T X.690, section 8.1).
fn value(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1)..];
    let mut der = vec![tag];
    if content.len() >= 0x80 {
        // A length of a length is at most eight.
        der.push(0x80 | u8::try_from(length.len()).unwrap_or_default());
    }
    der.extend_from_slice(length);
    der.extend_from_slice(&content);
    der
}

#[cfg(test)]
mod tests {
    use oauth::configuration::SigningAlgorithm;

    use super::*;
    use crate::fixtures::{P256_SPKI, RSA_PKCS8, RSA_SPKI, START, signer};

    fn public() -> PublicKey {
        PublicKey::from_spki(RSA_SPKI).expect("a key")
    }

    #[test]
    fn a_certificate_holds_the_key_as_openssl_writes_it_and_is_the_same_each_time() {
        let public = public();
        let sign = signer(SigningAlgorithm::Rs256, RSA_PKCS8);
        let made = || {
            let draft = Draft::new(&public, START).expect("an RSA key");
            let signature = sign(draft.to_be_signed());
            draft.signed(&signature).expect("by its own key")
        };
        assert_eq!(made(), made());
        assert!(made().windows(RSA_SPKI.len()).any(|part| part == RSA_SPKI));
        let later = Draft::new(&public, START.after(Duration::from_secs(1))).expect("an RSA key");
        assert!(later.signed(&sign(Draft::new(&public, START).expect("one").to_be_signed())).is_err());
    }

    #[test]
    fn a_key_that_is_not_rsa_has_none() {
        let public = PublicKey::from_spki(P256_SPKI).expect("a key");
        assert!(Draft::new(&public, START).is_none());
    }

    #[test]
    fn a_year_has_two_digits_until_2049() {
        let written = |seconds| time(Timestamp::from_seconds(seconds)).expect("a time");
        assert_eq!(written(2_524_607_999), [&[UTC_TIME, 13], b"491231235959Z".as_slice()].concat());
        assert_eq!(written(2_524_608_000), [&[GENERALIZED_TIME, 15], b"20500101000000Z".as_slice()].concat());
    }

    #[test]
    fn a_length_takes_as_many_bytes_as_it_needs() {
        let head = |length: usize| value(OCTET_STRING, &[&vec![0; length]])[..5.min(length + 2)].to_vec();
        assert_eq!(head(0), [4, 0]);
        assert_eq!(head(0x7f)[..2], [4, 0x7f]);
        assert_eq!(head(0x80)[..3], [4, 0x81, 0x80]);
        assert_eq!(head(0x1234)[..4], [4, 0x82, 0x12, 0x34]);
    }
}
