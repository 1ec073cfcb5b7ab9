use environment::Fault;
use oauth::{Passkeys, PersonId};

use crate::item::{Condition, Draft, Item, Key, Together, Written, body};
use crate::{Person, Store, people};

/// A person's passkeys, and the person, as they stood in the table when they were read.
pub struct KeptPasskeys {
    /// All of them.
    pub passkeys: Passkeys,
    id: PersonId,
    person: Option<Item>,
    item: Option<Item>,
}

impl KeptPasskeys {
    pub(crate) fn read(id: &PersonId, person: Option<Item>, item: Option<Item>) -> Result<Self, Fault> {
        let passkeys = item.as_ref().map(body).transpose()?.unwrap_or_default();
        Ok(Self { passkeys, id: id.clone(), person, item })
    }

    /// They must be what was read.
    pub(crate) fn unchanged(&self) -> Condition<'_> {
        Condition::unchanged(self.item.as_ref())
    }
}

impl Store {
    /// A person and their passkeys, in one call. Whoever does not exist costs the same.
    ///
    /// # Errors
    /// When the table does not answer or an item cannot be read.
    pub async fn person_and_passkeys(&self, id: &PersonId) -> Result<(Option<Person>, KeptPasskeys), Fault> {
        let [person, item] = self.read_all([&people::key(id), &key(id)]).await?;
        let known = person.as_ref().map(body).transpose()?;
        Ok((known, KeptPasskeys::read(id, person, item)?))
    }

    /// Writes down a person's passkeys, on condition that nothing was since they were read. `false` when somebody came first. The
    /// one write keeps what was made or used, and that its challenge was answered.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn keep_passkeys(&self, before: &KeptPasskeys, after: &Passkeys) -> Result<bool, Fault> {
        let written = self.write_if(draft(before, after), before.unchanged()).await?;
        Ok(matches!(written, Written::Done))
    }

    /// Writes down a person and their passkeys: both or nothing, on condition that neither was changed since they were read together.
    /// `false` when somebody came first. So nobody comes by a passkey in a session that ends at that moment, and what ends sessions
    /// because a passkey goes leaves neither without the other.
    ///
    /// # Errors
    /// When the table does not answer; when there was no such person.
    pub async fn keep_person_and_passkeys(
        &self,
        before: &KeptPasskeys,
        person: &Person,
        after: &Passkeys,
    ) -> Result<bool, Fault> {
        let Some(standing) = &before.person else {
            return Err(Fault::broken("table", "passkeys would be written of nobody"));
        };
        let is_as_it_was = body::<Person>(standing)? == *person;
        let person = if is_as_it_was { Draft::as_it_stands(standing) } else { people::draft(person) };
        let writes = vec![
            self.put_if(person, Condition::unchanged(Some(standing)))?,
            self.put_if(draft(before, after), before.unchanged())?,
        ];
        Ok(self.all_or_nothing(writes).await? == Together::Done)
    }
}

pub(crate) fn draft(before: &KeptPasskeys, after: &Passkeys) -> Draft {
    Draft::new(&key(&before.id), after, None)
}

pub(crate) fn key(person: &PersonId) -> Key {
    Key::new(format!("PASSKEYS#{person}"), "PASSKEYS")
}
