use std::time::Duration;

use environment::Fault;
use oauth::{Sha256Digest, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::item::{Condition, Draft, Item, Key, Written, body, integer};

/// How often signing in has failed under a user name of late, be there such a person or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// Failures, or attempts under way, since the last success.
    pub failures: u32,
    /// Until when no further attempt is heard.
    pub blocked_until: Option<Timestamp>,
}

/// The attempts as they were seen.
pub struct SeenAttempts {
    /// What counts.
    pub attempts: Attempts,
    standing: Option<Item>,
}

/// How long failures are remembered.
const REMEMBERED: Duration = Duration::from_hours(1);

impl Store {
    /// The attempts under a user name that still count.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn sign_in_attempts(&self, user_name: &str, now: Timestamp) -> Result<SeenAttempts, Fault> {
        let standing = self.read(&key(user_name)).await?;
        let counts = |item: &&Item| integer(item, "expires_at").is_some_and(|at| now.as_seconds() < at);
        let attempts = standing.as_ref().filter(counts).map(body).transpose()?.unwrap_or_default();
        Ok(SeenAttempts { attempts, standing })
    }

    /// Counts an attempt before its password is looked at, on condition that nobody else's was counted since
    /// `before` was seen: many guesses at once therefore count as many. `false` when somebody else came first.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn count_sign_in_attempt(
        &self,
        user_name: &str,
        before: &SeenAttempts,
        after: &Attempts,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let draft = Draft::new(&key(user_name), after, Some(now.after(REMEMBERED)));
        let unchanged = Condition::unchanged(before.standing.as_ref());
        Ok(matches!(self.write_if(draft, unchanged).await?, Written::Done))
    }

    /// Forgets the failures after a success.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn forget_sign_in_attempts(&self, user_name: &str) -> Result<(), Fault> {
        self.delete(&key(user_name)).await.map(drop)
    }
}

/// A user name that somebody typed can be anything and of any length.
fn key(user_name: &str) -> Key {
    Key::new(format!("SIGN_IN#{}", Sha256Digest::of(user_name.as_bytes()).to_base64url()), "ATTEMPTS")
}
