use oauth::{Passkey, PasskeyId, Passkeys, PersonId, Sha256Digest, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::proto::{
    AuthenticationExtensionsClientOutputs, AuthenticationState, Credential, PublicKeyCredential,
    UserVerificationPolicy,
};

use crate::relying_party::TIMEOUT;
use crate::{Challenge, RelyingParty, Unproven, answer};

/// A sign-in with a passkey (Web Authentication Level 3, section 7.2), begun and not answered. Whose, the answer will say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningIn {
    challenge: Challenge,
}

/// An answer that says whose it is, and has yet to prove it.
#[derive(Clone)]
pub struct Claim {
    challenge: Challenge,
    answer: PublicKeyCredential,
    person: PersonId,
}

/// An answer that has proven whose it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Proven {
    /// The passkey as it is now: with its new count of signatures.
    pub passkey: Passkey,
    /// What it answered: to be remembered as answered by the write that keeps the passkey.
    pub challenge: Sha256Digest,
}

impl SigningIn {
    /// Begins a sign-in.
    pub const fn begin(challenge: Challenge) -> Self {
        Self { challenge }
    }

    /// What the page's script asks the browser for (`PublicKeyCredentialRequestOptions`, section 5.5), as JSON. No passkey is named:
    /// the authenticator finds those of this domain, and nobody learns here who has one.
    pub fn options(&self, relying_party: &RelyingParty) -> String {
        json!({
            "rpId": relying_party.id(),
            "challenge": self.challenge,
            "allowCredentials": [],
            "userVerification": "required",
            "timeout": TIMEOUT.as_millis(),
        })
        .to_string()
    }

    /// Whose answer a browser brings, as it says itself.
    ///
    /// # Errors
    /// [`Unproven::Unreadable`].
    pub fn claimed(self, answer: &str) -> Result<Claim, Unproven> {
        let mut answer: PublicKeyCredential = answer::read(answer)?;
        // Nobody has signed these.
        answer.extensions = AuthenticationExtensionsClientOutputs::default();
        let handle = answer.get_user_unique_id().and_then(|handle| std::str::from_utf8(handle).ok());
        let person = handle.and_then(PersonId::parse).ok_or(Unproven::Unreadable)?;
        Ok(Claim { challenge: self.challenge, answer, person })
    }
}

impl Claim {
    /// Who it says it is from (`userHandle`): whose passkeys are to be read.
    pub const fn person(&self) -> &PersonId {
        &self.person
    }

    /// What it answers: a challenge that was answered before is not to be looked at again, since a count of signatures that does not
    /// grow would then mean nothing.
    pub fn challenge(&self) -> Sha256Digest {
        self.challenge.digest()
    }

    /// Proves it by the passkeys of that person.
    ///
    /// # Errors
    /// See [`Unproven`].
    pub fn proven(
        self,
        relying_party: &RelyingParty,
        own: &Passkeys,
        now: Timestamp,
    ) -> Result<Proven, Unproven> {
        let passkey = verified(&self.answer, &self.challenge, relying_party, own, now)?;
        Ok(Proven { passkey, challenge: self.challenge.digest() })
    }
}

/// Verifies an answer to a challenge by a person's passkeys (section 7.2), and gives what has become of the passkey.
pub(crate) fn verified(
    answer: &PublicKeyCredential,
    challenge: &Challenge,
    relying_party: &RelyingParty,
    own: &Passkeys,
    now: Timestamp,
) -> Result<Passkey, Unproven> {
    let client_data = &answer.response.client_data_json;
    answer::check_client_data(client_data, "webauthn.get", challenge, relying_party)?;
    let id = PasskeyId::of(answer.get_credential_id()).ok_or(Unproven::Unreadable)?;
    let passkey = own.get(&id).ok_or(Unproven::UnknownPasskey)?;
    let mut credential: Credential =
        serde_json::from_value(passkey.credential.clone()).map_err(|_| Unproven::Invalid)?;
    let core = relying_party.core();
    let state = state(&core, challenge)?;
    let result = core.authenticate_single_credential(answer, &state, &credential)?;
    if !result.user_verified() {
        return Err(Unproven::PersonNotVerified);
    }
    (credential.counter, credential.backup_state) = (result.counter(), result.backup_state());
    let credential = serde_json::to_value(&credential).map_err(|_| Unproven::Invalid)?;
    Ok(Passkey { credential, used_at: Some(now), ..passkey.clone() })
}

fn state(core: &WebauthnCore, challenge: &Challenge) -> Result<AuthenticationState, Unproven> {
    let builder = core.new_challenge_authenticate_builder(vec![], Some(UserVerificationPolicy::Required))?;
    let (_, state) = core.generate_challenge_authenticate(builder)?;
    answer::expected(state, challenge)
}
