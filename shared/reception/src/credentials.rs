use std::time::Duration;

use http::Problem;
use oauth::PersonId;
use sessions::{Password, PasswordHash, blocked_until};
use store::{Attempts, Person};

use crate::Guest;

/// What became of an attempt to prove who one is.
pub enum Checked {
    /// They are who they say.
    Proven(Box<Person>),
    /// The name or the password is not right, or the person may not sign in: nobody is told which, but the audit says
    /// whose name it was.
    Wrong {
        /// Whose name it was.
        person: Option<PersonId>,
    },
    /// Too many attempts: this one was not even looked at.
    TooMany {
        /// How long to wait.
        wait: Duration,
    },
}

impl Guest<'_> {
    /// Checks a password under a user name. The attempt is counted before the password is looked at, so that many
    /// guesses at once count as many; then a hash is computed, be there such a person or not.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn check_password(&self, user_name: &str, password: &Password) -> Result<Checked, Problem> {
        let store = self.store;
        let before = store.sign_in_attempts(user_name, self.now).await?;
        if let Some(until) = before.attempts.blocked_until.filter(|until| self.now < *until) {
            return Ok(Checked::TooMany { wait: until.since(self.now) });
        }
        let failures = before.attempts.failures.saturating_add(1);
        let after = Attempts { failures, blocked_until: blocked_until(failures, self.now) };
        if !store.count_sign_in_attempt(user_name, &before, &after, self.now).await? {
            return Ok(Checked::TooMany { wait: Duration::from_secs(1) });
        }
        let person = store.person_by_user_name(user_name).await?;
        let kept = person.as_ref().and_then(|person| person.password_hash.clone()).map(PasswordHash::kept);
        aws::count("Argon2id");
        let right = password.is(kept.as_ref());
        match person {
            Some(person) if right && !person.disabled => {
                store.forget_sign_in_attempts(user_name).await?;
                Ok(Checked::Proven(Box::new(person)))
            }
            person => Ok(Checked::Wrong { person: person.map(|person| person.id) }),
        }
    }
}
