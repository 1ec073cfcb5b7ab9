use oauth::{PasskeyId, Sha256Digest};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{Bytes, Displayed, Enrolled, Why};

/// Authenticator data: the hash of the domain, the flags, a counter (Web Authentication Level 3, section 6.1).
const SHORTEST_AUTHENTICATOR_DATA: usize = 37;
/// Somebody was there (UP).
const PRESENT: u8 = 0x01;
/// The authenticator has verified who (UV).
const VERIFIED: u8 = 0x04;

/// What an authenticator answered when it was asked to sign what was displayed (Web Authentication Level 3, section 6.3.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    /// With which passkey.
    pub credential: PasskeyId,
    /// `authenticatorData`.
    pub authenticator_data: Bytes,
    /// `clientDataJSON`.
    pub client_data: Bytes,
    /// `signature`.
    pub signature: Bytes,
}

/// What the browser says an answer was given to (section 5.8.1). Members that are not known are passed over, as section 7.2 has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    cross_origin: Option<bool>,
    top_origin: Option<String>,
}

impl Assertion {
    /// Whether it is the signature of what was displayed, by the passkey that was enrolled (section 7.2).
    ///
    /// # Errors
    /// See [`Why`].
    pub fn signs(&self, displayed: &Displayed, enrolled: &Enrolled) -> Result<(), Why> {
        if self.credential != enrolled.credential {
            return Err(Why::Credential);
        }
        self.check_client_data(displayed, enrolled)?;
        self.check_authenticator_data(enrolled)?;
        let client_data = Sha256Digest::of(self.client_data.as_slice());
        let signed = [self.authenticator_data.as_slice(), client_data.as_bytes()].concat();
        let is_signed = enrolled.key.has_asserted(&signed, self.signature.as_slice());
        is_signed.then_some(()).ok_or(Why::Signature)
    }

    fn check_client_data(&self, displayed: &Displayed, enrolled: &Enrolled) -> Result<(), Why> {
        let data: ClientData = oauth::strictly(self.client_data.as_slice()).map_err(|_| Why::ClientData)?;
        if data.r#type != "webauthn.get" {
            return Err(Why::Ceremony);
        }
        if data.challenge != displayed.digest().to_base64url() {
            return Err(Why::Challenge);
        }
        if data.origin != enrolled.origin {
            return Err(Why::Origin);
        }
        if data.cross_origin == Some(true) || data.top_origin.is_some() {
            return Err(Why::Frame);
        }
        Ok(())
    }

    fn check_authenticator_data(&self, enrolled: &Enrolled) -> Result<(), Why> {
        let data = self.authenticator_data.as_slice();
        if data.len() < SHORTEST_AUTHENTICATOR_DATA {
            return Err(Why::AuthenticatorData);
        }
        if data[..32] != *Sha256Digest::of(enrolled.rp_id.as_bytes()).as_bytes() {
            return Err(Why::RelyingParty);
        }
        if !belongs(&enrolled.origin, &enrolled.rp_id) {
            return Err(Why::Domain);
        }
        if data[32] & PRESENT == 0 {
            return Err(Why::Presence);
        }
        if data[32] & VERIFIED == 0 {
            return Err(Why::Verification);
        }
        Ok(())
    }
}

/// Whether a page of this origin may ask for passkeys of this domain (section 5.1.3): its host is the domain or beneath it.
fn belongs(origin: &str, domain: &str) -> bool {
    let host = Url::parse(origin).ok().and_then(|url| url.domain().map(str::to_owned));
    host.is_some_and(|host| {
        host == domain || host.strip_suffix(domain).is_some_and(|above| above.ends_with('.'))
    })
}
