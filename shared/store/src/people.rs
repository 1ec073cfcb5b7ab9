use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use environment::Fault;
use oauth::configuration::Profile;
use oauth::{ClientId, Contact, LoginHint, PersonId, Reach, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::{Condition, Draft, Item, Key, Together, body, json_text, text};
use crate::{Session, Store, asks, devices, passkeys, user_codes};

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
    /// Nothing that these clients had of this person up to these moments is good: everything of theirs was ended for them alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ended_clients: BTreeMap<ClientId, Timestamp>,
}

/// For how long it is kept that everything of a client was ended: nothing that it ended lasts longer.
const KEPT: Duration = Duration::from_hours(367 * 24);

impl Person {
    /// Whether something made at `moment` in this person's name is good by now. In the very second of an ending
    /// nothing is: it may have been there before.
    pub fn allows_made_at(&self, moment: Timestamp) -> bool {
        !self.disabled && self.not_before.is_none_or(|mark| moment > mark)
    }

    /// Whether something made at `moment` in this person's name is good by now, as far as it is this client's. It is not in the very
    /// second of an ending either.
    pub fn allows_of(&self, client: &ClientId, moment: Timestamp) -> bool {
        self.allows_made_at(moment) && self.ended_clients.get(client).is_none_or(|mark| moment > *mark)
    }

    /// Whether a session of this person is good by now.
    pub fn allows(&self, session: &Session) -> bool {
        !self.disabled && session.generation == self.session_generation
    }

    /// Ends everything that was made in this person's name up to `now`, and every session, as soon as it is written.
    pub fn end_everything(&mut self, now: Timestamp) {
        self.end_all_access(now);
        self.end_sessions();
    }

    /// Ends everything that was made in this person's name up to `now`, as soon as it is written. They stay signed in.
    pub fn end_all_access(&mut self, now: Timestamp) {
        // A clock that is behind the last one's revives nothing.
        self.not_before = self.not_before.max(Some(now));
    }

    /// Ends everything that a client had of this person up to `now`, as soon as it is written.
    pub fn end_client(&mut self, client: &ClientId, now: Timestamp) {
        self.ended_clients.retain(|_, mark| now < mark.after(KEPT));
        let mark = self.ended_clients.entry(client.clone()).or_insert(now);
        *mark = now.max(*mark);
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

    /// The `sub` of the one person whom a client knows by this: by their user name, or by an address or number that their record
    /// has and nobody else's. One call, whatever it is. Whoever is two people by it is nobody.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn person_hinted(&self, hint: &LoginHint) -> Result<Option<PersonId>, Fault> {
        let Some(contact) = hint.contact() else { return self.person_named(hint.user_name()).await };
        let keys = [&user_name_key(hint.user_name()), &contact_key(contact)];
        let [named, reached] = self.read_all(keys).await?;
        let named: Option<PersonId> = named.as_ref().map(body).transpose()?;
        Ok(match (named, reached.as_ref().map(people_of).as_deref()) {
            (named, None | Some([])) => named,
            (None, Some([one])) => Some(one.clone()),
            (Some(named), Some([one])) if named == *one => Some(named),
            _ => None,
        })
    }

    /// Makes a person, takes their user name, and lets them be found by what their record says: all or nothing.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn create_person(&self, person: &Person) -> Result<Created, Fault> {
        let name = Draft::new(&user_name_key(&person.profile.user_name), &person.id, None);
        let mut writes =
            vec![self.put_if(name, Condition::absent())?, self.put_if(draft(person), Condition::absent())?];
        for contact in person.profile.contacts() {
            writes.push(self.found_by("ADD people :person", &contact, &person.id)?);
        }
        match self.all_or_nothing(writes).await? {
            Together::Done => Ok(Created::Done),
            Together::Unmet(at) if at.first() == Some(&0) => Ok(Created::UserNameTaken),
            Together::Unmet(_) => Err(Fault::broken("dice", "a person's identifier came twice")),
            Together::Contended => Err(Fault::unavailable("table", "somebody else is being made")),
        }
    }

    /// Replaces what a person's record says, and what they are found by with it, on condition that the person is still what was read.
    ///
    /// # Errors
    /// When the table does not answer; [`Fault::Unavailable`] when somebody else changed it meanwhile.
    pub async fn change_profile(&self, before: &Person, profile: Profile) -> Result<(), Fault> {
        let after = Person { profile, ..before.clone() };
        let (old, new) = (before.profile.contacts(), after.profile.contacts());
        if old == new {
            return self.update_person(before, &after).await;
        }
        let standing = self.read(&key(&before.id)).await?;
        let mut writes = vec![self.put_if(draft(&after), is_still(before, standing.as_ref())?)?];
        for contact in old.difference(&new) {
            writes.push(self.found_by("DELETE people :person", contact, &before.id)?);
        }
        for contact in new.difference(&old) {
            writes.push(self.found_by("ADD people :person", contact, &before.id)?);
        }
        self.all_of_the_person(writes).await?;
        self.forget_contacts(old.difference(&new)).await
    }

    /// What a person's record says and they are not found by: they were there before anybody was found by that.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn not_found_by(&self, person: &Person) -> Result<Vec<Contact>, Fault> {
        let contacts: Vec<Contact> = person.profile.contacts().into_iter().collect();
        if contacts.is_empty() {
            return Ok(contacts);
        }
        let keys: Vec<Key> = contacts.iter().map(contact_key).collect();
        let items = self.read_each(&keys).await?;
        let is_listed =
            |item: &Option<Item>| item.as_ref().is_some_and(|item| people_of(item).contains(&person.id));
        Ok(contacts
            .into_iter()
            .zip(&items)
            .filter(|(_, item)| !is_listed(item))
            .map(|(one, _)| one)
            .collect())
    }

    /// Lets a person be found by these, on condition that they still are what was read.
    ///
    /// # Errors
    /// When the table does not answer; [`Fault::Unavailable`] when somebody else changed the person meanwhile.
    pub async fn let_be_found(&self, person: &Person, contacts: &[Contact]) -> Result<(), Fault> {
        let standing = self.read(&key(&person.id)).await?;
        let mut writes = vec![self.put_if(draft(person), is_still(person, standing.as_ref())?)?];
        for contact in contacts {
            writes.push(self.found_by("ADD people :person", contact, &person.id)?);
        }
        self.all_of_the_person(writes).await
    }

    /// Replaces what is known of a person on condition that it is still what was read. What they are found by stays as it is:
    /// [`Store::change_profile`] changes it.
    ///
    /// # Errors
    /// When the table does not answer; [`Fault::Unavailable`] when somebody else changed it meanwhile.
    pub async fn update_person(&self, before: &Person, after: &Person) -> Result<(), Fault> {
        if before.profile.contacts() != after.profile.contacts() {
            return Err(Fault::broken("table", "a person would be found by what their record does not say"));
        }
        let is_as_read = |stored: Option<Person>| stored.as_ref() == Some(before);
        if self.replace(&key(&before.id), is_as_read, draft(after)).await? {
            Ok(())
        } else {
            Err(changed_meanwhile())
        }
    }

    /// Removes a person, what they were reached on, their passkeys, their user code and who asked them, frees their user name, and
    /// lets nobody find them any more: all or nothing, on condition that the person and what they were reached on still are what was
    /// read. Their `sub` is never given out again. What they were reached on is given back.
    ///
    /// # Errors
    /// When the table does not answer; [`Fault::Unavailable`] when somebody else changed something of it meanwhile.
    pub async fn remove_person(&self, person: &Person) -> Result<Reach, Fault> {
        let id = &person.id;
        let keys = [&key(id), &devices::key(id)];
        let [standing, reach] = self.read_all(keys).await?;
        let is_named = Condition::new("body = :own", vec![(":own", text(json_text(id)))]);
        let mut writes = vec![
            self.gone_if(&key(id), Some(is_still(person, standing.as_ref())?))?,
            self.gone_if(&user_name_key(&person.profile.user_name), Some(is_named))?,
            self.gone_if(&devices::key(id), Some(Condition::unchanged(reach.as_ref())))?,
        ];
        for key in [passkeys::key(id), user_codes::key(id), asks::key(id)] {
            writes.push(self.gone_if(&key, None)?);
        }
        let contacts = person.profile.contacts();
        for contact in &contacts {
            writes.push(self.found_by("DELETE people :person", contact, id)?);
        }
        self.all_of_the_person(writes).await?;
        self.forget_contacts(contacts.iter()).await?;
        reach.as_ref().map(body).transpose().map(Option::unwrap_or_default)
    }

    /// Forgets addresses and numbers that nobody is found by any more: an item whose set is empty would keep them.
    async fn forget_contacts(&self, contacts: impl Iterator<Item = &Contact>) -> Result<(), Fault> {
        for contact in contacts {
            self.delete_if(&contact_key(contact), Condition::new("attribute_not_exists(people)", vec![]))
                .await?;
        }
        Ok(())
    }

    /// Makes writes that depend on a person being what was read.
    async fn all_of_the_person(&self, writes: Vec<TransactWriteItem>) -> Result<(), Fault> {
        match self.all_or_nothing(writes).await? {
            Together::Done => Ok(()),
            Together::Unmet(_) | Together::Contended => Err(changed_meanwhile()),
        }
    }

    /// Whether a person is one of those who are found by this. Several may be: families share telephones.
    fn found_by(&self, change: &str, contact: &Contact, id: &PersonId) -> Result<TransactWriteItem, Fault> {
        let person = AttributeValue::Ss(vec![id.to_string()]);
        self.changed_if(&contact_key(contact), change, None, vec![(":person", person)])
    }

    /// Everybody's `sub`, by user name, from the index alone: nothing of their records is read.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn person_ids(&self) -> Result<Vec<PersonId>, Fault> {
        let keys = self.owned(PEOPLE, "").await?;
        Ok(keys.iter().filter_map(|key| PersonId::parse(key.pk.strip_prefix("PERSON#")?)).collect())
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

/// The condition that a person is who a caller decided by, to the letter as it stands.
fn is_still<'a>(person: &Person, standing: Option<&Item>) -> Result<Condition<'a>, Fault> {
    let stands: Option<Person> = standing.map(body).transpose()?;
    if stands.as_ref() == Some(person) {
        Ok(Condition::unchanged(standing))
    } else {
        Err(changed_meanwhile())
    }
}

fn changed_meanwhile() -> Fault {
    Fault::unavailable("table", "the person was changed meanwhile")
}

/// Under which owner the index lists everybody.
const PEOPLE: &str = "PEOPLE";

pub(crate) fn key(id: &PersonId) -> Key {
    Key::new(format!("PERSON#{id}"), "PERSON")
}

fn user_name_key(user_name: &str) -> Key {
    Key::new(format!("USER_NAME#{user_name}"), "USER_NAME")
}

pub(crate) fn contact_key(contact: &Contact) -> Key {
    match contact {
        Contact::Email(address) => Key::new(format!("EMAIL#{address}"), "PEOPLE"),
        Contact::Phone(number) => Key::new(format!("PHONE#{number}"), "PEOPLE"),
    }
}

/// Who is found by an address or a number.
pub(crate) fn people_of(item: &Item) -> Vec<PersonId> {
    let ids = item.get("people").and_then(|people| people.as_ss().ok()).into_iter().flatten();
    ids.filter_map(|id| PersonId::parse(id)).collect()
}

pub(crate) fn draft(person: &Person) -> Draft {
    Draft::new(&key(&person.id), person, None).owned_by(PEOPLE.to_owned(), person.profile.user_name.clone())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
                phone_number: None,
                groups: BTreeSet::new(),
                attributes: BTreeMap::new(),
                locale: None,
                zone: None,
            },
            password_hash: None,
            disabled: false,
            not_before: None,
            session_generation: 0,
            ended_clients: BTreeMap::new(),
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

    #[test]
    fn what_a_client_had_up_to_the_second_of_its_ending_is_worth_nothing_and_no_other_clients() {
        let (mut person, at) = (somebody(), |seconds| Timestamp::from_seconds(NOW.as_seconds() + seconds));
        let client = |id| ClientId::parse(id).expect("a client");
        person.end_client(&client("desk"), NOW);
        for (seconds, allowed) in [(-1, false), (0, false), (1, true)] {
            assert_eq!(person.allows_of(&client("desk"), at(seconds)), allowed, "{seconds}");
            assert!(person.allows_of(&client("other"), at(seconds)), "{seconds}");
        }
        person.end_client(&client("desk"), at(-60));
        assert!(!person.allows_of(&client("desk"), NOW), "a clock that is behind revives nothing");
        // Whoever ends all ends that, too.
        person.end_everything(at(5));
        assert!(!person.allows_of(&client("other"), at(5)));
    }

    /// The record of a person is read with every request of theirs.
    #[test]
    fn an_ending_is_forgotten_when_nothing_from_before_it_can_be_left() {
        let client = |id| ClientId::parse(id).expect("a client");
        let mut person = somebody();
        person.end_client(&client("desk"), NOW);
        person.end_client(&client("other"), NOW.after(Duration::from_hours(366 * 24)));
        assert_eq!(person.ended_clients.len(), 2);
        person.end_client(&client("third"), NOW.after(Duration::from_hours(367 * 24)));
        assert!(!person.ended_clients.contains_key(&client("desk")));
    }

    #[test]
    fn whoever_ended_nothing_is_written_as_before() {
        let written = json_text(&somebody());
        assert!(!written.contains("ended_clients"), "{written}");
    }
}
