use environment::Fault;
use oauth::{Asks, PersonId, Place, Reach, Timestamp};

use crate::item::{Condition, Draft, Item, Key, Together, Written, body};
use crate::{KeptPlace, Person, Store, asks, people, places};

/// What a person is reached on, and when not, as it stood in the table when it was read.
pub struct KeptDevices {
    /// All of it.
    pub reach: Reach,
    person: PersonId,
    item: Option<Item>,
}

impl Store {
    /// A person, and what they are reached on, in one call.
    ///
    /// # Errors
    /// When the table does not answer or an item cannot be read.
    pub async fn person_and_devices(&self, id: &PersonId) -> Result<(Option<Person>, KeptDevices), Fault> {
        let [person, item] = self.read_all([&people::key(id), &key(id)]).await?;
        let reach = item.as_ref().map(body).transpose()?.unwrap_or_default();
        Ok((person.as_ref().map(body).transpose()?, KeptDevices { reach, person: id.clone(), item }))
    }

    /// A person who is to be told that they are asked, what they are reached on, and who asked them lately, in one call.
    ///
    /// # Errors
    /// When the table does not answer or an item cannot be read.
    pub async fn person_to_tell(&self, id: &PersonId) -> Result<(Option<Person>, Reach, Asks), Fault> {
        let keys = [&people::key(id), &key(id), &asks::key(id)];
        let [person, reach, asks] = self.read_all(keys).await?;
        let person = person.as_ref().map(body).transpose()?;
        let reach = reach.as_ref().map(body).transpose()?.unwrap_or_default();
        let asks = asks.as_ref().map(body).transpose()?.unwrap_or_default();
        Ok((person, reach, asks))
    }

    /// Writes down what a person is reached on, on condition that nothing was since it was read. `false` when somebody came
    /// first.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn keep_devices(&self, before: &KeptDevices, after: &Reach) -> Result<bool, Fault> {
        let draft = Draft::new(&key(&before.person), after, None);
        let written = self.write_if(draft, Condition::unchanged(before.item.as_ref())).await?;
        Ok(matches!(written, Written::Done))
    }

    /// Writes down what people are reached on, and whose a place is that one of them is reached at: all or nothing, on condition that
    /// none of it was changed since it was read. `false` when somebody came first.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn keep_devices_and_place(
        &self,
        devices: &[(&KeptDevices, &Reach)],
        place: (&KeptPlace, &Place),
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let (before, after) = place;
        let unchanged = Condition::unchanged(before.item.as_ref());
        let mut writes = vec![self.put_if(places::draft(&before.digest, after, now), unchanged)?];
        for (before, after) in devices {
            let draft = Draft::new(&key(&before.person), after, None);
            writes.push(self.put_if(draft, Condition::unchanged(before.item.as_ref()))?);
        }
        Ok(self.all_or_nothing(writes).await? == Together::Done)
    }
}

pub(crate) fn key(person: &PersonId) -> Key {
    Key::new(format!("DEVICES#{person}"), "DEVICES")
}
