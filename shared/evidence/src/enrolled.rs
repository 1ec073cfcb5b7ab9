use oauth::{PasskeyId, PersonId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Key;

/// The record that ties a passkey to a person: made when it was registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolled {
    /// Whose it is.
    pub person: PersonId,
    /// Which passkey.
    pub credential: PasskeyId,
    /// Its public key.
    pub key: Key,
    /// The domain that it belongs to (Web Authentication Level 3, section 4, "relying party identifier").
    pub rp_id: String,
    /// The origin of the server's pages.
    pub origin: String,
    /// When it was registered.
    pub enrolled_at: Timestamp,
    /// On whose word.
    pub by: EnrolledBy,
}

/// On whose word a passkey was taken for a person's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnrolledBy {
    /// An operator's, who made a link for the person.
    Link,
    /// The person's, who was signed in with their password.
    Password,
    /// The person's, who was signed in with this passkey.
    Passkey(PasskeyId),
    /// Nothing was kept of it: the passkey is older than these records.
    Unrecorded,
}
