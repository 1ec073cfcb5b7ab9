use serde::{Deserialize, Serialize};

use crate::{Sha256Digest, Timestamp};

/// A client's secret as it is kept. The secret itself is 256 bits of our own making, so a plain SHA-256 is
/// enough: there is nothing to guess.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashedSecret {
    /// The digest of the text that the client was given.
    pub digest: Sha256Digest,
    /// When it ceases to be good, if it does: while a secret rotates the old one has an end.
    pub expires_at: Option<Timestamp>,
}
