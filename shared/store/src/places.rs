use environment::Fault;
use oauth::{Contact, PersonId, Place, Sha256Digest, Timestamp};

use crate::item::{Condition, Draft, Item, Key, Written, body};
use crate::{Store, people};

/// Whose a place is, as it stood in the table when it was read.
pub struct KeptPlace {
    /// What it says.
    pub place: Place,
    pub(crate) digest: Sha256Digest,
    pub(crate) item: Option<Item>,
}

impl Store {
    /// Whose the place with this digest is. The digest is a keyed one: the table tells nobody who asks about an address.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn place(&self, digest: &Sha256Digest) -> Result<KeptPlace, Fault> {
        kept(digest, self.read(&key(digest)).await?)
    }

    /// The same of an address, and whose record has that, in one call.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn place_of_address(
        &self,
        digest: &Sha256Digest,
        address: &Contact,
    ) -> Result<(KeptPlace, Vec<PersonId>), Fault> {
        let [item, found] = self.read_all([&key(digest), &people::contact_key(address)]).await?;
        Ok((kept(digest, item)?, found.as_ref().map(people::people_of).unwrap_or_default()))
    }

    /// Writes down whose a place is, on condition that nothing was since it was read. `false` when somebody came first.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn keep_place(&self, before: &KeptPlace, after: &Place, now: Timestamp) -> Result<bool, Fault> {
        let unchanged = Condition::unchanged(before.item.as_ref());
        let written = self.write_if(draft(&before.digest, after, now), unchanged).await?;
        Ok(matches!(written, Written::Done))
    }

    /// Frees everything that the index lists as a person's place. Whoever has it next ends what SNS still has for it.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn free_places_of(&self, person: &PersonId, now: Timestamp) -> Result<(), Fault> {
        for key in self.owned(&owner(person), PLACE).await? {
            let digest = key.pk.strip_prefix(PLACE).and_then(Sha256Digest::from_base64url);
            let Some(digest) = digest else { continue };
            let before = self.place(&digest).await?;
            if before.place.listed_under() == Some(person) {
                let free = before.place.clone().let_go(person);
                self.keep_place(&before, &free, now).await?;
            }
        }
        Ok(())
    }
}

fn kept(digest: &Sha256Digest, item: Option<Item>) -> Result<KeptPlace, Fault> {
    let place = item.as_ref().map(body).transpose()?.unwrap_or_default();
    Ok(KeptPlace { place, digest: *digest, item })
}

/// How the keys of places begin, and how they stand in the index.
const PLACE: &str = "PLACE#";

pub(crate) fn draft(digest: &Sha256Digest, place: &Place, now: Timestamp) -> Draft {
    let draft = Draft::new(&key(digest), place, place.forgotten_at(now));
    match place.listed_under() {
        Some(person) => draft.owned_by(owner(person), PLACE.to_owned()),
        None => draft,
    }
}

fn owner(person: &PersonId) -> String {
    format!("PERSON#{person}")
}

fn key(digest: &Sha256Digest) -> Key {
    Key::new(format!("PLACE#{}", digest.to_base64url()), "PLACE")
}
