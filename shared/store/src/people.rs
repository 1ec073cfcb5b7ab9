use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use environment::Fault;
use oauth::configuration::Profile;
use oauth::{PersonId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::{Draft, Key, body, fault};
use crate::{Session, Store};

/// A person, as the table knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// `sub`: never reused.
    pub id: PersonId,
    /// What is known of them.
    pub profile: Profile,
    /// The Argon2id hash of their password (PHC string), if they have one.
    pub password_hash: Option<String>,
    /// Whether they may do anything at all.
    pub disabled: bool,
    /// Nothing of theirs that was made up to this moment is good: authorizations, tokens, remembered consents.
    pub not_before: Option<Timestamp>,
    /// How often all their sessions were ended. A session is good while this is the number that it began under: whole
    /// seconds do not say whether it began before the password was changed or after it.
    #[serde(default)]
    pub session_generation: u64,
}

impl Person {
    /// Whether something made at `moment` in this person's name is good by now. In the very second of an ending
    /// nothing is: it may have been there before.
    pub fn allows_made_at(&self, moment: Timestamp) -> bool {
        !self.disabled && self.not_before.is_none_or(|mark| moment > mark)
    }

    /// Whether a session of this person is good by now.
    pub fn allows(&self, session: &Session) -> bool {
        !self.disabled && session.generation == self.session_generation
    }

    /// Ends everything that was made in this person's name up to `now`, and every session, as soon as it is written.
    pub fn end_everything(&mut self, now: Timestamp) {
        // A clock that is behind the last one's revives nothing.
        self.not_before = self.not_before.max(Some(now));
        self.end_sessions();
    }

    /// Ends every session, be it listed anywhere or just about to be written.
    pub fn end_sessions(&mut self) {
        self.session_generation += 1;
    }
}

/// What making a person met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// They are there.
    Done,
    /// Somebody else has this user name.
    UserNameTaken,
}

impl Store {
    /// The person with this `sub`, read now.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn person(&self, id: &PersonId) -> Result<Option<Person>, Fault> {
        self.read(&key(id)).await?.as_ref().map(body).transpose()
    }

    /// The person with this user name, in lower case. A name that nobody has costs the same two reads.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn person_by_user_name(&self, user_name: &str) -> Result<Option<Person>, Fault> {
        let id = self.person_named(user_name).await?;
        self.person(&id.unwrap_or_else(|| PersonId::from_random([0; 16]))).await
    }

    /// The `sub` of the person with this user name, exactly as it is stored, in lower case: one read.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn person_named(&self, user_name: &str) -> Result<Option<PersonId>, Fault> {
        self.read(&user_name_key(user_name)).await?.as_ref().map(body).transpose()
    }

    /// Makes a person and takes their user name, both or neither.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn create_person(&self, person: &Person) -> Result<Created, Fault> {
        let name = Draft::new(&user_name_key(&person.profile.user_name), &person.id, None);
        let put = |draft: Draft| {
            Put::builder()
                .table_name(&*self.table)
                .set_item(Some(draft.into_item()))
                .condition_expression("attribute_not_exists(pk)")
                .build()
                .map_err(|error| Fault::broken("table", error))
        };
        let answer = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(put(name)?).build())
            .transact_items(TransactWriteItem::builder().put(put(draft(person))?).build())
            .send()
            .await;
        match answer {
            Ok(_) => Ok(Created::Done),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(TransactWriteItemsError::is_transaction_canceled_exception) =>
            {
                Ok(Created::UserNameTaken)
            }
            Err(error) => Err(fault(&error)),
        }
    }

    /// Replaces what is known of a person on condition that it is still what was read.
    ///
    /// # Errors
    /// When the table does not answer; [`Fault::Unavailable`] when somebody else changed it meanwhile.
    pub async fn update_person(&self, before: &Person, after: &Person) -> Result<(), Fault> {
        let is_as_read = |stored: Option<Person>| stored.as_ref() == Some(before);
        if self.replace(&key(&before.id), is_as_read, draft(after)).await? {
            Ok(())
        } else {
            Err(Fault::unavailable("table", "the person was changed meanwhile"))
        }
    }

    /// Removes a person and frees their user name. Their `sub` is never given out again.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn remove_person(&self, person: &Person) -> Result<(), Fault> {
        let delete = |key: Key| {
            Delete::builder()
                .table_name(&*self.table)
                .set_key(Some(key.to_item()))
                .build()
                .map_err(|error| Fault::broken("table", error))
        };
        self.client
            .transact_write_items()
            .transact_items(
                TransactWriteItem::builder()
                    .delete(delete(user_name_key(&person.profile.user_name))?)
                    .build(),
            )
            .transact_items(TransactWriteItem::builder().delete(delete(key(&person.id))?).build())
            .send()
            .await
            .map_err(|error| fault(&error))?;
        Ok(())
    }

    /// Everybody, by user name, from the index.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn people(&self) -> Result<Vec<Person>, Fault> {
        let mut people = Vec::new();
        for key in self.owned(PEOPLE, "").await? {
            if let Some(item) = self.read(&key).await? {
                people.push(body(&item)?);
            }
        }
        Ok(people)
    }
}

/// Under which owner the index lists everybody.
const PEOPLE: &str = "PEOPLE";

pub(crate) fn key(id: &PersonId) -> Key {
    Key::new(format!("PERSON#{id}"), "PERSON")
}

fn user_name_key(user_name: &str) -> Key {
    Key::new(format!("USER_NAME#{user_name}"), "USER_NAME")
}

fn draft(person: &Person) -> Draft {
    Draft::new(&key(&person.id), person, None).owned_by(PEOPLE.to_owned(), person.profile.user_name.clone())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::time::Duration;

    use oauth::AuthenticationEvent;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn somebody() -> Person {
        Person {
            id: PersonId::from_random([7; 16]),
            profile: Profile {
                user_name: "alice".to_owned(),
                name: "Alice".to_owned(),
                email: None,
                groups: BTreeSet::new(),
                attributes: BTreeMap::new(),
                locale: None,
                zone: None,
            },
            password_hash: None,
            disabled: false,
            not_before: None,
            session_generation: 0,
        }
    }

    fn session_of(person: &Person) -> Session {
        Session {
            person: person.id.clone(),
            user_name: "alice".to_owned(),
            name: "Alice".to_owned(),
            locale: None,
            zone: None,
            membership: None,
            authentication: AuthenticationEvent { auth_time: NOW, amr: vec!["pwd".to_owned()] },
            generation: person.session_generation,
            expires_at: NOW.after(Duration::from_hours(1)),
        }
    }

    /// All of it within one second: before the ending, and after it.
    #[test]
    fn sessions_of_before_an_ending_are_dead_in_its_very_second_and_those_after_it_live() {
        for end in [Person::end_sessions, |person: &mut Person| person.end_everything(NOW)] {
            let mut person = somebody();
            let before = session_of(&person);
            assert!(person.allows(&before));
            end(&mut person);
            assert!(!person.allows(&before));
            assert!(person.allows(&session_of(&person)));
            person.disabled = true;
            assert!(!person.allows(&session_of(&person)));
        }
    }

    #[test]
    fn what_was_made_up_to_the_second_of_an_ending_is_worth_nothing() {
        let mut person = somebody();
        person.end_everything(NOW);
        for (seconds, allowed) in [(-1, false), (0, false), (1, true)] {
            let moment = Timestamp::from_seconds(NOW.as_seconds() + seconds);
            assert_eq!(person.allows_made_at(moment), allowed, "{seconds}");
        }
        person.end_everything(Timestamp::from_seconds(NOW.as_seconds() - 60));
        assert_eq!(person.not_before, Some(NOW), "a clock that is behind revives nothing");
    }
}
