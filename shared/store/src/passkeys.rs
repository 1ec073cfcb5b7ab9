use environment::Fault;
use oauth::{Passkeys, PersonId};

use crate::item::{Condition, Draft, Item, Key, Written, body};
use crate::{Person, Store, people};

/// A person's passkeys, as they stood in the table when they were read.
pub struct KeptPasskeys {
    /// All of them.
    pub passkeys: Passkeys,
    person: PersonId,
    item: Option<Item>,
}

impl Store {
    /// A person and their passkeys, in one call. Whoever does not exist costs the same.
    ///
    /// # Errors
    /// When the table does not answer or an item cannot be read.
    pub async fn person_and_passkeys(&self, id: &PersonId) -> Result<(Option<Person>, KeptPasskeys), Fault> {
        let [person, item] = self.read_all([&people::key(id), &key(id)]).await?;
        let passkeys = item.as_ref().map(body).transpose()?.unwrap_or_default();
        Ok((person.as_ref().map(body).transpose()?, KeptPasskeys { passkeys, person: id.clone(), item }))
    }

    /// Writes down a person's passkeys, on condition that nothing was since they were read. `false` when somebody came first. The
    /// one write keeps what was made or used, and that its challenge was answered.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn keep_passkeys(&self, before: &KeptPasskeys, after: &Passkeys) -> Result<bool, Fault> {
        let draft = Draft::new(&key(&before.person), after, None);
        let written = self.write_if(draft, Condition::unchanged(before.item.as_ref())).await?;
        Ok(matches!(written, Written::Done))
    }
}

pub(crate) fn key(person: &PersonId) -> Key {
    Key::new(format!("PASSKEYS#{person}"), "PASSKEYS")
}
