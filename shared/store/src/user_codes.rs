use environment::Fault;
use oauth::{PersonId, UserCodeHash};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::item::{Condition, Draft, Item, Key, Written, body};

/// A person's user code (OpenID CIBA Core 1.0, section 7.1), as it stood in the table when it was read.
pub struct KeptUserCode {
    /// Its slow hash, if they have set one.
    pub hash: Option<UserCodeHash>,
    person: PersonId,
    item: Option<Item>,
}

/// The item's content.
#[derive(Default, Serialize, Deserialize)]
struct Content {
    hash: Option<UserCodeHash>,
}

impl Store {
    /// A person's user code.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn user_code(&self, person: &PersonId) -> Result<KeptUserCode, Fault> {
        kept(person, self.read(&key(person)).await?)
    }

    /// Sets, changes or removes a person's user code, on condition that it is still what was read. `false` when somebody came
    /// first.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn keep_user_code(
        &self,
        before: &KeptUserCode,
        after: Option<UserCodeHash>,
    ) -> Result<bool, Fault> {
        let draft = Draft::new(&key(&before.person), &Content { hash: after }, None);
        let written = self.write_if(draft, Condition::unchanged(before.item.as_ref())).await?;
        Ok(matches!(written, Written::Done))
    }
}

pub(crate) fn kept(person: &PersonId, item: Option<Item>) -> Result<KeptUserCode, Fault> {
    let Content { hash } = item.as_ref().map(body).transpose()?.unwrap_or_default();
    Ok(KeptUserCode { hash, person: person.clone(), item })
}

pub(crate) fn key(person: &PersonId) -> Key {
    Key::new(format!("USER_CODE#{person}"), "USER_CODE")
}
