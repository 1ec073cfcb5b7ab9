use environment::Fault;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Store;
use crate::item::{Condition, Draft, Item, Key, Written, body};

/// The deployment's key ring as it stood in the table when it was read.
pub struct KeptRing<R> {
    /// What it says.
    pub ring: R,
    item: Item,
}

impl Store {
    /// The deployment's key ring, if one was ever made. What it says is the business of `keys`.
    ///
    /// # Errors
    /// When the table does not answer or the item cannot be read.
    pub async fn key_ring<R: DeserializeOwned>(&self) -> Result<Option<KeptRing<R>>, Fault> {
        match self.read(&key()).await? {
            Some(item) => Ok(Some(KeptRing { ring: body(&item)?, item })),
            None => Ok(None),
        }
    }

    /// Puts a key ring in the place of the one that was read, or where none was. `false` when somebody else was
    /// quicker: nothing has changed then.
    ///
    /// # Errors
    /// When the table does not answer: the one in force is then as before or as wanted.
    pub async fn replace_key_ring<R: Serialize>(
        &self,
        ring: &R,
        before: Option<&KeptRing<R>>,
    ) -> Result<bool, Fault> {
        let condition = Condition::unchanged(before.map(|kept| &kept.item));
        let written = self.write_if(Draft::new(&key(), ring, None), condition).await?;
        Ok(matches!(written, Written::Done))
    }
}

/// A partition of its own, which only the function that rotates may write.
fn key() -> Key {
    Key::new("KEYS", "RING")
}
