use std::collections::{BTreeMap, BTreeSet};

use environment::Fault;
use oauth::{AuthenticationEvent, PersonId, Secret, Sha256Digest, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::item::{Draft, Key, body};

/// A person's SSO session. Its cookie is a secret of 256 bits, of which only the SHA-256 is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Whose it is.
    pub person: PersonId,
    /// Their user name and full name, to be shown.
    pub user_name: String,
    /// Full name.
    pub name: String,
    /// The language they chose.
    pub locale: Option<String>,
    /// IANA name of their time zone.
    pub zone: Option<String>,
    /// How they signed in.
    pub authentication: AuthenticationEvent,
    /// What policies may know of the person, as it was when they signed in: for showing what they cannot grant. When they do
    /// grant it, their record counts. A session that began before there was such a thing has none.
    #[serde(default)]
    pub membership: Option<Membership>,
    /// Under which number of the person's sessions it began: [`crate::Person::session_generation`].
    #[serde(default)]
    pub generation: u64,
    /// Its last moment.
    pub expires_at: Timestamp,
}

/// A person's groups and attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The names of their groups.
    pub groups: BTreeSet<String>,
    /// What else the company knows of them.
    pub attributes: BTreeMap<String, String>,
}

impl Store {
    /// The session of a cookie, if it is good now.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn session(&self, secret: &Secret<[u8; 32]>, now: Timestamp) -> Result<Option<Session>, Fault> {
        let Some(item) = self.read(&key(&secret.digest())).await? else {
            return Ok(None);
        };
        let session: Session = body(&item)?;
        Ok(Some(session).filter(|session| now < session.expires_at))
    }

    /// Begins a session.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn begin_session(&self, secret: &Secret<[u8; 32]>, session: &Session) -> Result<(), Fault> {
        let draft = Draft::new(&key(&secret.digest()), session, Some(session.expires_at)).owned_by(
            owner(&session.person),
            format!("SESSION#{}", session.authentication.auth_time.as_seconds()),
        );
        self.write(draft).await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn end_session(&self, secret: &Secret<[u8; 32]>) -> Result<(), Fault> {
        self.delete(&key(&secret.digest())).await.map(drop)
    }

    /// Ends all sessions that the index lists for a person. Their next generation, written first, covers those that
    /// it does not list yet.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn end_sessions_of(&self, person: &PersonId) -> Result<usize, Fault> {
        let keys = self.owned(&owner(person), "SESSION#").await?;
        for key in &keys {
            self.delete(key).await?;
        }
        Ok(keys.len())
    }
}

fn owner(person: &PersonId) -> String {
    format!("PERSON#{person}")
}

fn key(secret: &Sha256Digest) -> Key {
    Key::new(format!("SESSION#{}", secret.to_base64url()), "SESSION")
}
