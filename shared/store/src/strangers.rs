use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use environment::Fault;
use oauth::{ClientId, ClientOrigin, Stranger, Timestamp};

use crate::Store;
use crate::item::{Condition, Draft, Key, Written, body};

/// How long a process may act on what it last read of a client.
const FRESH: Duration = Duration::from_secs(5);
/// How many clients a process remembers.
const MOST_REMEMBERED: usize = 1000;

#[derive(Default)]
pub(crate) struct Cache(Mutex<HashMap<ClientId, (Timestamp, Arc<Stranger>)>>);

impl Store {
    /// What is known of a client that nobody here registered, at most five seconds old. Nothing once its last moment has come.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn stranger(
        &self,
        id: &ClientId,
        origin: ClientOrigin,
        now: Timestamp,
    ) -> Result<Option<Arc<Stranger>>, Fault> {
        let known = match self.strangers.get(id, now) {
            Some(known) => Some(known),
            None => self.stranger_now(id, origin).await?,
        };
        let Some(known) = known.filter(|known| known.is_known_at(now)) else { return Ok(None) };
        self.strangers.put(known.clone(), now);
        Ok(Some(known))
    }

    /// The same, read now.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn stranger_now(
        &self,
        id: &ClientId,
        origin: ClientOrigin,
    ) -> Result<Option<Arc<Stranger>>, Fault> {
        // An id that does not exist is not remembered: anybody can make up as many as they like.
        let Some(item) = self.read(&key(id, origin)).await? else { return Ok(None) };
        Ok(Some(Arc::new(body(&item)?)))
    }

    /// Keeps what a client's document says, over what an earlier reading of it said.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn keep_document(&self, stranger: Stranger, now: Timestamp) -> Result<(), Fault> {
        let key = key(&stranger.id, ClientOrigin::Document);
        self.write(Draft::new(&key, &stranger, Some(stranger.expires_at))).await?;
        self.strangers.put(Arc::new(stranger), now);
        Ok(())
    }

    /// Keeps a new registration. `false` when its id is taken.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn register(&self, stranger: &Stranger) -> Result<bool, Fault> {
        let draft =
            Draft::new(&key(&stranger.id, ClientOrigin::Registered), stranger, Some(stranger.expires_at));
        Ok(matches!(self.write_if(draft, Condition::absent()).await?, Written::Done))
    }

    /// Changes a registration, on condition that it is still what was read: one that was deleted meanwhile stays so. `false`
    /// when somebody came first.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn change_registration(&self, before: &Stranger, after: &Stranger) -> Result<bool, Fault> {
        let key = key(&after.id, ClientOrigin::Registered);
        let standing = self.read(&key).await?;
        if standing.as_ref().map(body::<Stranger>).transpose()?.as_ref() != Some(before) {
            return Ok(false);
        }
        let draft = Draft::new(&key, after, Some(after.expires_at));
        let written = self.write_if(draft, Condition::unchanged(standing.as_ref())).await?;
        self.strangers.forget(&after.id);
        Ok(matches!(written, Written::Done))
    }

    /// Deletes a registration, be it there or not.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn delete_registration(&self, id: &ClientId) -> Result<(), Fault> {
        self.delete(&key(id, ClientOrigin::Registered)).await?;
        self.strangers.forget(id);
        Ok(())
    }
}

impl Cache {
    fn get(&self, id: &ClientId, now: Timestamp) -> Option<Arc<Stranger>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(id)
            .filter(|(read_at, _)| now >= *read_at && now < read_at.after(FRESH))
            .map(|(_, known)| known.clone())
    }

    /// Remembers it from its first reading on: to be asked about again makes it no younger.
    fn put(&self, stranger: Arc<Stranger>, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_young = |read_at: Timestamp| now >= read_at && now < read_at.after(FRESH);
        if known.get(&stranger.id).is_some_and(|(read_at, kept)| is_young(*read_at) && *kept == stranger) {
            return;
        }
        if known.len() >= MOST_REMEMBERED {
            known.retain(|_, (read_at, _)| is_young(*read_at));
        }
        if known.len() < MOST_REMEMBERED {
            known.insert(stranger.id.clone(), (now, stranger));
        }
    }

    fn forget(&self, id: &ClientId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

/// Each kind has a partition of its own, so that who may write the one cannot write the other, nor a registered client's state.
fn key(id: &ClientId, origin: ClientOrigin) -> Key {
    match origin {
        ClientOrigin::Document => Key::new(format!("DOCUMENT#{id}"), "CLIENT"),
        ClientOrigin::Registered | ClientOrigin::Configured => {
            Key::new(format!("REGISTRATION#{id}"), "CLIENT")
        }
    }
}
