use http::Problem;
use oauth::{OtherPasskeys, PasskeyRefused, Passkeys, PersonId, Secret, Timestamp};
use passkeys::Registered;
use reception::{Guest, SignedIn};
use store::Person;

/// A link of the administrator's: proof of who somebody is, once, for an hour.
pub(super) struct Link {
    pub(super) person: PersonId,
    pub(super) code: Secret<String>,
}

/// By what somebody changes passkeys.
#[derive(Clone, Copy)]
pub(super) enum Proof<'a> {
    /// They are signed in.
    Session(&'a SignedIn),
    /// They have a link.
    Link(&'a Link),
}

impl Proof<'_> {
    /// Whose passkeys they change.
    pub(super) fn person(&self) -> &PersonId {
        match self {
            Self::Session(signed_in) => &signed_in.session.person,
            Self::Link(link) => &link.person,
        }
    }

    /// What the form of a registration must come back with.
    pub(super) fn binding(&self) -> [u8; 32] {
        match self {
            Self::Session(signed_in) => signed_in.binding(),
            Self::Link(link) => *link.code.digest().as_bytes(),
        }
    }

    /// Whether it still proves anything, of the person as the table knows them at the moment of the write.
    pub(super) fn stands(&self, person: &Person) -> bool {
        match self {
            Self::Session(signed_in) => person.allows(&signed_in.session),
            Self::Link(_) => !person.disabled,
        }
    }

    /// The person and their passkeys with one more. By a link that replaces all others, everything that was begun until now ends:
    /// somebody else may have had one of them.
    pub(super) fn keep(
        &self,
        mut person: Person,
        own: Passkeys,
        made: Registered,
        now: Timestamp,
    ) -> Result<(Person, Passkeys), PasskeyRefused> {
        let Registered { passkey, challenge } = made;
        match self {
            Self::Session(_) => Ok((person, own.registered(passkey, challenge, now)?)),
            Self::Link(link) => {
                let (own, others) = own.enrolled(&link.code, passkey, challenge, now)?;
                if others == OtherPasskeys::Replaced {
                    person.end_everything(now);
                }
                Ok((person, own))
            }
        }
    }
}

impl Link {
    /// The person whose link it is, their passkeys, and what becomes of these, while it is good.
    pub(super) async fn good(
        &self,
        guest: &Guest<'_>,
    ) -> Result<Option<(Person, Passkeys, OtherPasskeys)>, Problem> {
        let (person, kept) = guest.store.person_and_passkeys(&self.person).await?;
        let person = person.filter(|person| !person.disabled);
        let others = kept.passkeys.link(&self.code, guest.now);
        Ok(person.zip(others).map(|(person, others)| (person, kept.passkeys, others)))
    }
}
