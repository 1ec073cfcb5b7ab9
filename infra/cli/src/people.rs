use std::collections::BTreeMap;

use environment::{Dice, Fault};
use oauth::configuration::Profile;
use oauth::{Channel, Contact, EndpointArn, PersonId, Secret, SubscriptionArn, Timestamp};
use serde_json::Value;
use sessions::{Password, SHORTEST_PASSWORD};
use store::{Created, Person, Store};

use crate::checks::profile_problems;
use crate::differences::{Change, compare, json};
use crate::ways_in::{end_all_but_passkeys, give_password};

/// Why a person was not changed.
#[derive(Debug, thiserror::Error)]
pub enum PersonRefused {
    /// Nobody has this user name.
    #[error("there is nobody with the user name {0:?}")]
    Unknown(String),
    /// Somebody has this user name already.
    #[error("somebody has the user name {0:?} already")]
    Taken(String),
    /// What is to be known of them does not fit.
    #[error("{}", .0.join(" "))]
    Unfit(Vec<String>),
    /// They are shut out.
    #[error("{0:?} is shut out: countersign user enable {0}")]
    Disabled(String),
    /// Nobody signs in with a passkey, by the configuration or because the pages have no domain.
    #[error(
        "nobody signs in with a passkey here: see [sign_in] in server.toml, and that the pages have a domain"
    )]
    NoPasskeys,
    /// The password is empty, too short or too long.
    #[error("a password has at least {SHORTEST_PASSWORD} characters and at most 1024 bytes")]
    Password,
    /// The table did not answer, or holds what we cannot read.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A password made by us: 100 random bits that can be read out and typed. It is shown once and kept as a hash.
pub fn generated_password(dice: &Dice) -> Secret<String> {
    /// Crockford's 32 letters and digits: none is mistaken for another.
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let letters = dice.roll::<20>().map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    let groups: Vec<String> = letters.chunks(5).map(|group| group.iter().collect()).collect();
    Secret::new(groups.join("-"))
}

/// Adds a person. Without a password they cannot sign in yet.
///
/// # Errors
/// [`PersonRefused::Taken`], [`PersonRefused::Unfit`], [`PersonRefused::Password`], [`PersonRefused::Fault`].
pub async fn add_person(
    store: &Store,
    dice: &Dice,
    profile: Profile,
    password: Option<&Secret<String>>,
) -> Result<PersonId, PersonRefused> {
    let problems = profile_problems(&profile);
    if !problems.is_empty() {
        return Err(PersonRefused::Unfit(problems.into_iter().map(|(_, problem)| problem).collect()));
    }
    let user_name = profile.user_name.clone();
    let password_hash = password.map(|password| hash(password, dice)).transpose()?;
    let id = PersonId::from_random(dice.roll());
    let person = Person {
        id: id.clone(),
        profile,
        password_hash,
        disabled: false,
        not_before: None,
        session_generation: 0,
        ended_clients: BTreeMap::new(),
    };
    match store.create_person(&person).await? {
        Created::Done => Ok(id),
        Created::UserNameTaken => Err(PersonRefused::Taken(user_name)),
    }
}

/// Shuts a person out: their sessions, authorizations and tokens end with it, and a link for a passkey.
///
/// # Errors
/// [`PersonRefused::Unknown`], [`PersonRefused::Fault`].
pub async fn disable_person(store: &Store, user_name: &str, now: Timestamp) -> Result<(), PersonRefused> {
    end_all_but_passkeys(store, user_name, now, |person| person.disabled = true).await.map(drop)
}

/// Lets a person in again. What ended when they were shut out stays ended.
///
/// # Errors
/// [`PersonRefused::Unknown`], [`PersonRefused::Fault`].
pub async fn enable_person(store: &Store, user_name: &str) -> Result<(), PersonRefused> {
    change(store, user_name, |person| person.disabled = false).await
}

/// What SNS has of a person who was removed, for whoever looks after the AWS account: no message goes there any more.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LeftAtSns {
    /// Subscriptions of e-mail addresses. Whoever registers one of these addresses next has its subscription ended.
    pub subscriptions: Vec<SubscriptionArn>,
    /// The company's app on phones. An app stays enrolled for whoever signs in on the phone next.
    pub endpoints: Vec<EndpointArn>,
}

/// Removes a person and everything of theirs, and frees their user name. Whoever has the name later is somebody else.
///
/// They are shut out first, and what hangs on them goes before they do: where it ends halfway they are found still, nothing can be done
/// in their name, and the same again does the rest. Their authorizations and remembered consents, which no operator may read, stay until
/// they expire by themselves, as what refuses the tokens that were given for them and as what answers nobody any more; so do counts, for
/// two hours, and invitations, for minutes.
///
/// # Errors
/// [`PersonRefused::Unknown`], [`PersonRefused::Fault`].
pub async fn remove_person(
    store: &Store,
    user_name: &str,
    now: Timestamp,
) -> Result<LeftAtSns, PersonRefused> {
    if !find(store, user_name).await?.disabled {
        disable_person(store, user_name, now).await?;
    }
    let person = find(store, user_name).await?;
    forget(store, &person, now).await?;
    let reach = store.remove_person(&person).await?;
    // What was under way when they were shut out.
    forget(store, &person, now).await?;
    let mut left = LeftAtSns::default();
    for device in reach.devices() {
        match &device.channel {
            Channel::Push { endpoint, .. } => left.endpoints.push(endpoint.clone()),
            Channel::Email { subscription, .. } => left.subscriptions.extend(subscription.clone()),
            Channel::Sms { .. } => {}
        }
    }
    Ok(left)
}

/// Forgets what hangs on a person and is not needed to know that they were there.
async fn forget(store: &Store, person: &Person, now: Timestamp) -> Result<(), Fault> {
    store.end_sessions_of(&person.id).await?;
    store.free_places_of(&person.id, now).await?;
    store.forget_sign_in_attempts(&person.profile.user_name).await
}

/// Gives a person a new password. What let them in before may have been stolen, so whatever was begun until now ends: sessions,
/// authorizations and tokens, and a link for a passkey. How many passkeys they have still is given back: these stay.
///
/// # Errors
/// [`PersonRefused::Unknown`], [`PersonRefused::Password`], [`PersonRefused::Fault`].
pub async fn reset_password(
    store: &Store,
    dice: &Dice,
    user_name: &str,
    password: &Secret<String>,
    now: Timestamp,
) -> Result<usize, PersonRefused> {
    let hash = hash(password, dice)?;
    give_password(store, user_name, &hash, now).await
}

async fn change(
    store: &Store,
    user_name: &str,
    change: impl FnOnce(&mut Person),
) -> Result<(), PersonRefused> {
    let before = find(store, user_name).await?;
    let mut after = before.clone();
    change(&mut after);
    Ok(store.update_person(&before, &after).await?)
}

pub(crate) async fn find(store: &Store, user_name: &str) -> Result<Person, PersonRefused> {
    let found = store.person_by_user_name(&user_name.to_lowercase()).await?;
    found.ok_or_else(|| PersonRefused::Unknown(user_name.to_owned()))
}

fn hash(password: &Secret<String>, dice: &Dice) -> Result<String, PersonRefused> {
    let password = Password::typed(password.expose().clone()).filter(Password::is_long_enough);
    let password = password.ok_or(PersonRefused::Password)?;
    Ok(password.hash(dice.roll()).as_str().to_owned())
}

/// What was done with a person when many records were brought up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonChanged {
    /// They were not known.
    Added,
    /// Their record was another.
    Updated,
}

/// Which people are missing, whose record is out of date, and who is not found by what their record says: they were there before anybody
/// was found by more than a user name.
#[derive(Debug)]
pub struct PeopleChanges {
    missing: Vec<Profile>,
    outdated: Vec<(Person, Profile)>,
    unfound: Vec<(Person, Vec<Contact>)>,
}

/// Compares records with what is known: one or two reads more for each that is the same and has an address or number. Whoever is not
/// among the records stays as they are.
///
/// # Errors
/// When the table does not answer.
pub async fn plan_people(store: &Store, profiles: &[Profile]) -> Result<PeopleChanges, Fault> {
    let mut changes = PeopleChanges { missing: Vec::new(), outdated: Vec::new(), unfound: Vec::new() };
    for profile in profiles {
        match store.person_by_user_name(&profile.user_name).await? {
            None => changes.missing.push(profile.clone()),
            Some(person) if person.profile != *profile => changes.outdated.push((person, profile.clone())),
            Some(person) => {
                let contacts = store.not_found_by(&person).await?;
                if !contacts.is_empty() {
                    changes.unfound.push((person, contacts));
                }
            }
        }
    }
    Ok(changes)
}

impl PeopleChanges {
    /// What would change.
    pub fn changes(&self) -> Vec<Change> {
        let by_name = |profile: &Profile| (profile.user_name.clone(), json(profile));
        let known = self.outdated.iter().map(|(person, _)| person);
        let known = known.chain(self.unfound.iter().map(|(person, _)| person));
        let before: BTreeMap<_, _> = known.map(|person| by_name(&person.profile)).collect();
        let found_by = |(person, contacts): &(Person, Vec<Contact>)| {
            let (name, mut record) = by_name(&person.profile);
            record["found_by"] = contacts.iter().map(Contact::as_str).collect::<Value>();
            (name, record)
        };
        let after = self
            .outdated
            .iter()
            .map(|(_, profile)| by_name(profile))
            .chain(self.missing.iter().map(by_name))
            .chain(self.unfound.iter().map(found_by))
            .collect();
        compare("person", &before, &after)
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.outdated.is_empty() && self.unfound.is_empty()
    }

    /// The records of those who are missing.
    pub fn missing(&self) -> &[Profile] {
        &self.missing
    }

    /// Makes the changes, and tells of each one that is made. Whoever is added cannot sign in before they have a password.
    ///
    /// # Errors
    /// When the table does not answer, or somebody else changes a person at the same time: what was told of is done.
    pub async fn carry_out(
        self,
        store: &Store,
        dice: &Dice,
        tell: &mut impl FnMut(PersonChanged, &PersonId),
    ) -> Result<(), Fault> {
        for profile in self.missing {
            let id = PersonId::from_random(dice.roll());
            let person = Person {
                id: id.clone(),
                profile,
                password_hash: None,
                disabled: false,
                not_before: None,
                session_generation: 0,
                ended_clients: BTreeMap::new(),
            };
            // Somebody who took the name since then is brought up to date by the next apply.
            if let Created::Done = store.create_person(&person).await? {
                tell(PersonChanged::Added, &id);
            }
        }
        for (before, profile) in self.outdated {
            store.change_profile(&before, profile).await?;
            tell(PersonChanged::Updated, &before.id);
        }
        for (person, contacts) in self.unfound {
            store.let_be_found(&person, &contacts).await?;
            tell(PersonChanged::Updated, &person.id);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_password_can_be_read_out_and_never_comes_twice() {
        let dice = Dice::system();
        let [one, other] = [generated_password(&dice), generated_password(&dice)];
        assert_eq!(one.expose().len(), 23);
        assert!(
            one.expose()
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        );
        assert_ne!(one.expose(), other.expose());
    }
}
