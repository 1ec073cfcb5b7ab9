use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Challenge, RelyingParty, Unproven};

/// The longest answer. One without an attestation has about a thousand bytes.
const LONGEST_ANSWER: usize = 16 * 1024;

/// An answer as the page's script sends it.
pub(crate) fn read<T: DeserializeOwned>(answer: &str) -> Result<T, Unproven> {
    if answer.len() > LONGEST_ANSWER {
        return Err(Unproven::Unreadable);
    }
    serde_json::from_str(answer).map_err(|_| Unproven::Unreadable)
}

/// What the browser says an answer was given to (Web Authentication Level 3, section 5.8.1). A field that comes twice is an error.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    cross_origin: Option<bool>,
    top_origin: Option<String>,
}

/// Checks what an answer was given to (sections 7.1 and 7.2, steps on `C.type` to `C.topOrigin`): this ceremony, this challenge, and
/// our own page in no frame. The crate beneath checks some of it again, and leaves out `crossOrigin` when somebody signs in.
pub(crate) fn check_client_data(
    client_data: &[u8],
    ceremony: &str,
    challenge: &Challenge,
    relying_party: &RelyingParty,
) -> Result<(), Unproven> {
    let data: ClientData = oauth::strictly(client_data).map_err(|_| Unproven::Unreadable)?;
    if data.r#type != ceremony {
        return Err(Unproven::OtherCeremony);
    }
    if data.challenge != challenge.to_string() {
        return Err(Unproven::OtherChallenge);
    }
    if data.origin != relying_party.origin() {
        return Err(Unproven::ForeignOrigin);
    }
    if data.cross_origin == Some(true) || data.top_origin.is_some() {
        return Err(Unproven::InAFrame);
    }
    Ok(())
}

/// What the crate beneath compares an answer with. It takes no challenge but its own, so ours is put in its place.
pub(crate) fn expected<T: Serialize + DeserializeOwned>(
    state: T,
    challenge: &Challenge,
) -> Result<T, Unproven> {
    let mut state = serde_json::to_value(state).map_err(|_| Unproven::Invalid)?;
    *state.get_mut("challenge").ok_or(Unproven::Invalid)? = Value::String(challenge.to_string());
    serde_json::from_value(state).map_err(|_| Unproven::Invalid)
}
