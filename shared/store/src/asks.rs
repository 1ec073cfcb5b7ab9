use environment::Fault;
use oauth::{Asks, Authorization, GrantId, PersonId, Stage, Timestamp};

use crate::item::{Condition, Draft, Item, Key, Written, body};
use crate::{Person, Store, authorizations, people};

/// Who asked a person lately, as it stood in the table when it was read.
pub struct KeptAsks {
    /// What counts.
    pub asks: Asks,
    person: PersonId,
    item: Option<Item>,
}

impl KeptAsks {
    /// Whose they are.
    pub const fn person(&self) -> &PersonId {
        &self.person
    }
}

/// The most requests of one person that are read for a page: as many as one call takes.
const MOST_READ: usize = 100;
/// The most that are shown.
const MOST_SHOWN: usize = 50;

impl Store {
    /// A person, and who asked them lately, and who asked somebody else, in one call.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn person_and_asks(
        &self,
        id: &PersonId,
        other: &PersonId,
    ) -> Result<(Option<Person>, KeptAsks, KeptAsks), Fault> {
        let [person, own, others] = self.read_all([&people::key(id), &key(id), &key(other)]).await?;
        Ok((person.as_ref().map(body).transpose()?, kept(id, own)?, kept(other, others)?))
    }

    /// A person, and who asked them lately, in one call.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn person_and_own_asks(&self, id: &PersonId) -> Result<(Option<Person>, KeptAsks), Fault> {
        let [person, own] = self.read_all([&people::key(id), &key(id)]).await?;
        Ok((person.as_ref().map(body).transpose()?, kept(id, own)?))
    }

    /// Who asked a person lately.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn asks(&self, id: &PersonId) -> Result<KeptAsks, Fault> {
        kept(id, self.read(&key(id)).await?)
    }

    /// Writes down who asked a person lately, on condition that nothing was since it was read. `false` when somebody came first.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn keep_asks(&self, before: &KeptAsks, after: &Asks) -> Result<bool, Fault> {
        let draft = Draft::new(&key(&before.person), after, after.forgotten_at());
        let written = self.write_if(draft, Condition::unchanged(before.item.as_ref())).await?;
        Ok(matches!(written, Written::Done))
    }

    /// Which of these requests have been decided. One that is not there yet waits: it is counted before it is kept.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn decided(&self, requests: &[GrantId]) -> Result<Vec<GrantId>, Fault> {
        let keys: Vec<Key> = requests.iter().map(authorizations::key).collect();
        let items = self.read_each(&keys).await?;
        let is_decided = |item: &Item| {
            authorizations::decode(item).is_ok_and(|found| !matches!(found.stage, Stage::Requested(_)))
        };
        let decided = requests.iter().zip(items).filter(|(_, item)| item.as_ref().is_some_and(is_decided));
        Ok(decided.map(|(id, _)| id.clone()).collect())
    }

    /// The requests that wait for a person's decision, the newest first. They are found by the index, which lags a moment behind.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn requests_that_wait_for(
        &self,
        person: &PersonId,
        now: Timestamp,
    ) -> Result<Vec<Authorization>, Fault> {
        let mut keys = self.owned(&format!("PERSON#{person}"), "REQUEST#").await?;
        keys.reverse();
        // What has expired lies there until the table cleans up.
        keys.truncate(MOST_READ);
        if keys.is_empty() {
            return Ok(vec![]);
        }
        let mut waiting = Vec::new();
        for item in self.read_each(&keys).await?.iter().flatten() {
            if waiting.len() < MOST_SHOWN && authorizations::decode(item)?.waits_for(person, now).is_ok() {
                waiting.push(self.assemble(item).await?);
            }
        }
        Ok(waiting)
    }
}

fn kept(person: &PersonId, item: Option<Item>) -> Result<KeptAsks, Fault> {
    let asks = item.as_ref().map(body).transpose()?.unwrap_or_default();
    Ok(KeptAsks { asks, person: person.clone(), item })
}

fn key(person: &PersonId) -> Key {
    Key::new(format!("ASKS#{person}"), "ASKS")
}
