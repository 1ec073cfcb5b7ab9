use environment::Fault;
use oauth::{ClientId, PersonId, Sha256Digest, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::item::{Draft, Key, body};

/// A consent that a person let us remember: it answers an identical request of the same client, and no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedConsent {
    /// When it was given.
    pub granted_at: Timestamp,
    /// Its last moment.
    pub expires_at: Timestamp,
    /// Which authorization it was given with.
    pub grant_id: oauth::GrantId,
}

impl Store {
    /// The consent that a person gave to exactly this request, if it is remembered and still good.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn remembered_consent(
        &self,
        person: &PersonId,
        client: &ClientId,
        asked: &Sha256Digest,
        now: Timestamp,
    ) -> Result<Option<RememberedConsent>, Fault> {
        let Some(item) = self.read(&key(person, client, asked)).await? else {
            return Ok(None);
        };
        let consent: RememberedConsent = body(&item)?;
        Ok(Some(consent).filter(|consent| now < consent.expires_at))
    }

    /// Remembers a consent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn remember_consent(
        &self,
        person: &PersonId,
        client: &ClientId,
        asked: &Sha256Digest,
        consent: &RememberedConsent,
    ) -> Result<(), Fault> {
        self.write(Draft::new(&key(person, client, asked), consent, Some(consent.expires_at))).await
    }
}

fn key(person: &PersonId, client: &ClientId, asked: &Sha256Digest) -> Key {
    Key::new(format!("PERSON#{person}"), format!("CONSENT#{client}#{}", asked.to_base64url()))
}
