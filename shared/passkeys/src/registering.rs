use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth::{Passkey, PasskeyId, PasskeyName, Passkeys, PersonId, Sha256Digest, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::proto::{
    COSEAlgorithm, RegisterPublicKeyCredential, RegistrationExtensionsClientOutputs, RegistrationState,
    UserVerificationPolicy,
};

use crate::relying_party::TIMEOUT;
use crate::{Challenge, RelyingParty, Unproven, answer};

/// The kinds of key that are taken: ECDSA on P-256, and RSA, which some computers have alone.
const ALGORITHMS: [COSEAlgorithm; 2] = [COSEAlgorithm::ES256, COSEAlgorithm::RS256];

/// The registration of a passkey (Web Authentication Level 3, section 7.1), begun and not answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registering {
    challenge: Challenge,
    person: PersonId,
}

/// Who will hold a passkey, as their authenticator shows them.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    /// The name they sign in with.
    pub user_name: &'a str,
    /// The name that people know them by.
    pub display_name: &'a str,
}

/// A passkey that was made for a person by answering a challenge.
#[derive(Clone, Debug, PartialEq)]
pub struct Registered {
    /// The passkey.
    pub passkey: Passkey,
    /// What it answered: to be remembered as answered by the write that keeps the passkey.
    pub challenge: Sha256Digest,
}

impl Registering {
    /// Begins a registration for a person.
    pub const fn begin(person: PersonId, challenge: Challenge) -> Self {
        Self { challenge, person }
    }

    /// What the page's script asks the browser for (`PublicKeyCredentialCreationOptions`, section 5.4), as JSON. What the person has
    /// already is left out, so that no authenticator has two.
    pub fn options(&self, relying_party: &RelyingParty, holder: Holder<'_>, own: &Passkeys) -> String {
        let kinds = ALGORITHMS.map(|algorithm| json!({ "type": "public-key", "alg": algorithm as i64 }));
        let known =
            own.all().iter().map(|passkey| json!({ "type": "public-key", "id": passkey.id.as_str() }));
        json!({
            "rp": { "id": relying_party.id(), "name": relying_party.name() },
            "user": {
                "id": URL_SAFE_NO_PAD.encode(self.person.as_str()),
                "name": holder.user_name,
                "displayName": holder.display_name,
            },
            "challenge": self.challenge,
            "pubKeyCredParams": kinds,
            "excludeCredentials": known.collect::<Vec<_>>(),
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": true,
                "userVerification": "required",
            },
            "attestation": "none",
            "timeout": TIMEOUT.as_millis(),
        })
        .to_string()
    }

    /// The passkey that a browser's answer has made.
    ///
    /// # Errors
    /// See [`Unproven`]; [`Unproven::SomebodyElses`] when the registration was begun for another person.
    pub fn answered(
        self,
        relying_party: &RelyingParty,
        person: &PersonId,
        answer: &str,
        name: PasskeyName,
        now: Timestamp,
    ) -> Result<Registered, Unproven> {
        if self.person != *person {
            return Err(Unproven::SomebodyElses);
        }
        let mut answer: RegisterPublicKeyCredential = answer::read(answer)?;
        let response = &answer.response;
        answer::check_client_data(
            &response.client_data_json,
            "webauthn.create",
            &self.challenge,
            relying_party,
        )?;
        // Nobody has signed these.
        answer.extensions = RegistrationExtensionsClientOutputs::default();
        let core = relying_party.core();
        let state = state(&core, &self)?;
        let credential = core.register_credential(&answer, &state, None)?;
        let id = PasskeyId::of(&credential.cred_id).ok_or(Unproven::Invalid)?;
        let credential = serde_json::to_value(&credential).map_err(|_| Unproven::Invalid)?;
        let passkey = Passkey { id, name, credential, made_at: now, used_at: None };
        Ok(Registered { passkey, challenge: self.challenge.digest() })
    }
}

fn state(core: &WebauthnCore, begun: &Registering) -> Result<RegistrationState, Unproven> {
    let person = begun.person.as_str();
    let builder = core.new_challenge_register_builder(person.as_bytes(), person, person)?;
    let builder = builder
        .user_verification_policy(UserVerificationPolicy::Required)
        .require_resident_key(true)
        .credential_algorithms(ALGORITHMS.to_vec());
    let (_, state) = core.generate_challenge_register(builder)?;
    answer::expected(state, &begun.challenge)
}
