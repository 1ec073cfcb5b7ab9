use oauth::{Passkey, Passkeys, PersonId, Sha256Digest, Timestamp};
use serde_json::json;
use webauthn_rs_core::proto::{
    AuthenticationExtensionsClientOutputs, COSEEC2Key, COSEKeyType, Credential, ECDSACurve,
    PublicKeyCredential,
};

use crate::relying_party::TIMEOUT;
use crate::signing_in::verified;
use crate::{Challenge, RelyingParty, Unproven, answer};

/// The countersignature of what was displayed to a person: an authentication ceremony (Web Authentication Level 3, section 7.2) whose
/// challenge is the SHA-256 of the text that was displayed. Begun, and not answered. It is not sealed by itself: whoever knows the text
/// knows the challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Countersigning {
    person: PersonId,
    challenge: Challenge,
}

/// A countersignature of a person's own passkey.
#[derive(Clone, Debug, PartialEq)]
pub struct Countersigned {
    /// The passkey as it is now: with its new count of signatures.
    pub passkey: Passkey,
    /// What it answered: to be remembered as answered by the write that keeps the passkey.
    pub challenge: Sha256Digest,
    /// Its public key.
    pub key: PublicKey,
    /// What anybody can verify by that.
    pub signed: Signed,
}

/// The public key of a passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// A point on P-256, by its coordinates.
    P256 {
        /// 32 bytes.
        x: Vec<u8>,
        /// 32 bytes.
        y: Vec<u8>,
    },
    /// An RSA key.
    Rsa {
        /// The modulus.
        n: Vec<u8>,
        /// The exponent.
        e: Vec<u8>,
    },
}

/// What an authenticator has signed, and its signature (section 6.3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// `authenticatorData`.
    pub authenticator_data: Vec<u8>,
    /// `clientDataJSON`.
    pub client_data: Vec<u8>,
    /// `signature`, over the first and the SHA-256 of the second.
    pub signature: Vec<u8>,
}

impl Countersigning {
    /// Begins the countersignature of the text with this digest by a person.
    pub const fn begin(person: PersonId, text: Sha256Digest) -> Self {
        Self { person, challenge: Challenge::of_text(text) }
    }

    /// Under what it is remembered that it was answered.
    pub fn challenge(&self) -> Sha256Digest {
        self.challenge.digest()
    }

    /// What the page's script asks the browser for (`PublicKeyCredentialRequestOptions`, section 5.5), as JSON: the person's own
    /// passkeys and no other.
    pub fn options(&self, relying_party: &RelyingParty, own: &Passkeys) -> String {
        let allowed = own.all().iter().map(|own| json!({ "type": "public-key", "id": own.id.as_str() }));
        json!({
            "rpId": relying_party.id(),
            "challenge": self.challenge,
            "allowCredentials": allowed.collect::<Vec<_>>(),
            "userVerification": "required",
            "timeout": TIMEOUT.as_millis(),
        })
        .to_string()
    }

    /// What a browser's answer has countersigned, by the passkeys that the person has now.
    ///
    /// # Errors
    /// See [`Unproven`]; [`Unproven::SomebodyElses`] where the authenticator says that the passkey is another person's.
    pub fn answered(
        &self,
        relying_party: &RelyingParty,
        own: &Passkeys,
        answer: &str,
        now: Timestamp,
    ) -> Result<Countersigned, Unproven> {
        let mut answer: PublicKeyCredential = answer::read(answer)?;
        // Nobody has signed these.
        answer.extensions = AuthenticationExtensionsClientOutputs::default();
        // An authenticator that was told which passkeys will do need not say whose they are (section 6.3.3, step 9).
        if answer.get_user_unique_id().is_some_and(|handle| handle != self.person.as_str().as_bytes()) {
            return Err(Unproven::SomebodyElses);
        }
        let passkey = verified(&answer, &self.challenge, relying_party, own, now)?;
        let response = answer.response;
        let signed = Signed {
            authenticator_data: response.authenticator_data,
            client_data: response.client_data_json,
            signature: response.signature,
        };
        let key = public_key(&passkey)?;
        Ok(Countersigned { passkey, challenge: self.challenge.digest(), key, signed })
    }
}

fn public_key(passkey: &Passkey) -> Result<PublicKey, Unproven> {
    let credential: Credential =
        serde_json::from_value(passkey.credential.clone()).map_err(|_| Unproven::Invalid)?;
    match credential.cred.key {
        COSEKeyType::EC_EC2(COSEEC2Key { curve: ECDSACurve::SECP256R1, x, y }) => {
            Ok(PublicKey::P256 { x, y })
        }
        COSEKeyType::RSA(key) => Ok(PublicKey::Rsa { n: key.n, e: key.e.into() }),
        _ => Err(Unproven::Invalid),
    }
}
