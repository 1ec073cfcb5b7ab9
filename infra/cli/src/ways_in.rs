//! By what a person gets in, when it was lost or stolen: passkeys, the links by which they are registered, and the end of what was begun
//! with them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use environment::{Dice, Fault};
use oauth::{ENROLMENT_LASTS, OtherPasskeys, Passkeys, PersonId, Secret, Timestamp};
use store::{Person, Store};

use crate::people::{PersonRefused, find};

/// How often it is tried again because the person changed something at the same moment.
const MOST_TRIES: usize = 8;

/// Makes the link by which a person registers a passkey without being signed in: their first, or one after they lost the last. One
/// that was made before is good no more. When it is used, the passkeys that they have stay, or this one replaces them, and whatever
/// was begun until then ends.
///
/// # Errors
/// [`PersonRefused::Unknown`], [`PersonRefused::Disabled`], [`PersonRefused::NoPasskeys`], [`PersonRefused::Fault`].
pub async fn enrol_person(
    store: &Store,
    dice: &Dice,
    user_name: &str,
    others: OtherPasskeys,
    now: Timestamp,
) -> Result<EnrolmentLink, PersonRefused> {
    let id = find(store, user_name).await?.id;
    let server = store.configuration(now).await?.server.clone();
    if !server.has_passkeys() {
        return Err(PersonRefused::NoPasskeys);
    }
    let code = Secret::new(URL_SAFE_NO_PAD.encode(dice.roll::<16>()));
    let may_have_one = |person: Person, own: Passkeys| {
        if person.disabled {
            return Err(PersonRefused::Disabled(user_name.to_owned()));
        }
        Ok((person, own.enrollable(code.digest(), others, now)))
    };
    change(store, &id, user_name, may_have_one).await?;
    let path = format!("/account/passkeys/enrol?person={id}&code={}", code.expose());
    let expires_at = now.after(ENROLMENT_LASTS);
    Ok(EnrolmentLink { person: id, link: Secret::new(server.page(&path)), expires_at })
}

/// A link that proves who somebody is, once.
pub struct EnrolmentLink {
    /// Whose it is.
    pub person: PersonId,
    /// The link.
    pub link: Secret<String>,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Removes all passkeys of a person and the link for one, and ends what was begun in their name: whoever has taken over an account is out
/// of it, as far as passkeys let them in. How many there were is given back.
///
/// # Errors
/// [`PersonRefused::Unknown`], [`PersonRefused::Fault`].
pub async fn remove_passkeys(store: &Store, user_name: &str, now: Timestamp) -> Result<usize, PersonRefused> {
    let without = |mut person: Person, own: Passkeys| {
        person.end_everything(now);
        Ok((person, own.removed()))
    };
    end_with(store, user_name, without).await
}

/// Ends what was begun in a person's name up to `now`, their sessions, and the link for a passkey, by the write that changes what else is
/// to be changed of them. How many passkeys they have still is given back: these stay.
pub(crate) async fn end_all_but_passkeys(
    store: &Store,
    user_name: &str,
    now: Timestamp,
    also: impl Fn(&mut Person),
) -> Result<usize, PersonRefused> {
    let ended = |person: &mut Person, _: &Passkeys| {
        also(person);
        person.end_everything(now);
    };
    end_links_and_sessions(store, user_name, ended).await
}

/// Gives a person a password. Whatever was begun by what let them in before ends, but for passkeys, of which it is given back how many
/// they have. Who had no way in yet has begun nothing that could be a thief's: their first password may be used at once.
pub(crate) async fn give_password(
    store: &Store,
    user_name: &str,
    hash: &str,
    now: Timestamp,
) -> Result<usize, PersonRefused> {
    let given = |person: &mut Person, own: &Passkeys| {
        let had_a_way_in = person.password_hash.replace(hash.to_owned()).is_some() || !own.all().is_empty();
        if had_a_way_in {
            person.end_everything(now);
        }
    };
    end_links_and_sessions(store, user_name, given).await
}

async fn end_links_and_sessions(
    store: &Store,
    user_name: &str,
    with: impl Fn(&mut Person, &Passkeys),
) -> Result<usize, PersonRefused> {
    let ended = |mut person: Person, own: Passkeys| {
        with(&mut person, &own);
        Ok((person, own.without_links()))
    };
    end_with(store, user_name, ended).await
}

/// Changes a person together with their passkeys, and ends their sessions. How many passkeys there were is given back.
async fn end_with(
    store: &Store,
    user_name: &str,
    decide: impl Fn(Person, Passkeys) -> Result<(Person, Passkeys), PersonRefused>,
) -> Result<usize, PersonRefused> {
    let id = find(store, user_name).await?.id;
    let before = change(store, &id, user_name, decide).await?;
    // The next generation, written first, covers the session that begins meanwhile.
    store.end_sessions_of(&id).await?;
    Ok(before.all().len())
}

/// Changes a person together with their passkeys: whatever they do at the same moment comes before it, or not at all. The passkeys as
/// they were are given back.
async fn change(
    store: &Store,
    id: &PersonId,
    user_name: &str,
    decide: impl Fn(Person, Passkeys) -> Result<(Person, Passkeys), PersonRefused>,
) -> Result<Passkeys, PersonRefused> {
    for _ in 0..MOST_TRIES {
        let (person, kept) = store.person_and_passkeys(id).await?;
        let person = person.ok_or_else(|| PersonRefused::Unknown(user_name.to_owned()))?;
        let (person, passkeys) = decide(person, kept.passkeys.clone())?;
        if store.keep_person_and_passkeys(&kept, &person, &passkeys).await? {
            return Ok(kept.passkeys);
        }
    }
    Err(Fault::unavailable("table", "this person has just changed").into())
}
