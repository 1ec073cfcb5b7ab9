use std::cmp::Reverse;

use environment::Fault;
use oauth::{ClientId, GrantId, PersonId, Scope, Sha256Digest, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::item::{Draft, Key, body};

/// A consent that a person let us remember: it answers an identical request of the same client, and no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedConsent {
    /// Who asked.
    pub client: ClientId,
    /// The digest of what was asked.
    pub asked: Sha256Digest,
    /// What the client was called then.
    pub client_name: String,
    /// What the person read about each detail, as plain text.
    pub sentences: Vec<String>,
    /// The tag of the language they read it in (BCP 47).
    pub language: String,
    /// The scope that they allowed.
    pub scope: Scope,
    /// When it was given.
    pub granted_at: Timestamp,
    /// Its last moment.
    pub expires_at: Timestamp,
    /// Which authorization it was given with.
    pub grant_id: GrantId,
}

impl RememberedConsent {
    fn is_good_at(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
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
        Ok(Some(consent).filter(|consent| consent.is_good_at(now)))
    }

    /// All remembered consents of a person that are still good, the newest first.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn remembered_consents(
        &self,
        person: &PersonId,
        now: Timestamp,
    ) -> Result<Vec<RememberedConsent>, Fault> {
        let items = self.query(&partition(person), CONSENT).await?;
        let mut consents = items.iter().map(body).collect::<Result<Vec<RememberedConsent>, _>>()?;
        consents.retain(|consent| consent.is_good_at(now));
        consents.sort_by_key(|consent| Reverse(consent.granted_at));
        Ok(consents)
    }

    /// Remembers a consent of a person.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn remember_consent(
        &self,
        person: &PersonId,
        consent: &RememberedConsent,
    ) -> Result<(), Fault> {
        let key = key(person, &consent.client, &consent.asked);
        self.write(Draft::new(&key, consent, Some(consent.expires_at))).await
    }

    /// Forgets a consent of this person, and says whether it was there. What was given with it goes on. When the answer to a
    /// deletion is lost, the next try finds nothing.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn forget_consent(
        &self,
        person: &PersonId,
        client: &ClientId,
        asked: &Sha256Digest,
    ) -> Result<bool, Fault> {
        self.delete(&key(person, client, asked)).await
    }
}

/// How the sort key of a remembered consent begins.
const CONSENT: &str = "CONSENT#";

fn partition(person: &PersonId) -> String {
    format!("CONSENTS#{person}")
}

fn key(person: &PersonId, client: &ClientId, asked: &Sha256Digest) -> Key {
    Key::new(partition(person), format!("{CONSENT}{client}#{}", asked.to_base64url()))
}
