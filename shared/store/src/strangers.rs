use std::sync::Arc;

use environment::Fault;
use oauth::{ClientId, ClientOrigin, Stranger, Timestamp};

use crate::Store;
use crate::item::{Condition, Draft, Item, Key, Written, body};

/// What is known of a client that nobody here registered, as it stood in the table when it was read.
pub struct KeptStranger {
    /// What it says.
    pub known: Stranger,
    item: Item,
}

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
        if let Some(known) = self.strangers.get(id, now) {
            return Ok(Some(known).filter(|known| known.is_known_at(now)));
        }
        let read = self.stranger_now(id, origin).await?.map(|kept| Arc::new(kept.known));
        let Some(known) = read.filter(|known| known.is_known_at(now)) else { return Ok(None) };
        self.strangers.put(id, known.clone(), now);
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
    ) -> Result<Option<KeptStranger>, Fault> {
        // An id that does not exist is not remembered: anybody can make up as many as they like.
        let Some(item) = self.read(&key(id, origin)).await? else { return Ok(None) };
        Ok(Some(KeptStranger { known: body(&item)?, item }))
    }

    /// Keeps what a client's document says, over what an earlier reading of it said.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn keep_document(&self, stranger: Stranger, now: Timestamp) -> Result<(), Fault> {
        let key = key(&stranger.id, ClientOrigin::Document);
        self.write(Draft::new(&key, &stranger, Some(stranger.expires_at))).await?;
        let id = stranger.id.clone();
        self.strangers.put(&id, Arc::new(stranger), now);
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
    pub async fn change_registration(&self, before: &KeptStranger, after: &Stranger) -> Result<bool, Fault> {
        let key = key(&after.id, ClientOrigin::Registered);
        let draft = Draft::new(&key, after, Some(after.expires_at));
        let written = self.write_if(draft, Condition::unchanged(Some(&before.item))).await?;
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

/// Each kind has a partition of its own, so that who may write the one cannot write the other, nor a registered client's state.
fn key(id: &ClientId, origin: ClientOrigin) -> Key {
    match origin {
        ClientOrigin::Document => Key::new(format!("DOCUMENT#{id}"), "CLIENT"),
        ClientOrigin::Registered | ClientOrigin::Configured => {
            Key::new(format!("REGISTRATION#{id}"), "CLIENT")
        }
    }
}
