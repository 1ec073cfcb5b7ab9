use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Secret;

/// The fewest characters of a user code that can be set.
pub const SHORTEST_USER_CODE: usize = 6;
/// The most characters of a user code, set or shown: hashing is work that anybody can ask for.
pub const LONGEST_USER_CODE: usize = 64;

/// What a person gives the agents that may ask them (`user_code`, OpenID CIBA Core 1.0, section 7.1): known to the person and
/// verifiable by the server. It proves nothing but that the person let the agent have it, and opens nothing.
#[derive(Clone)]
pub struct UserCode(Secret<String>);

/// How a user code is kept: an Argon2id hash in PHC form. It is as slow to guess as a password, because it is as short.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserCodeHash(String);

impl UserCode {
    /// Reads a code that somebody sets or shows, without the spaces around it. `None` for what cannot be one: fewer than
    /// [`SHORTEST_USER_CODE`] or more than [`LONGEST_USER_CODE`] characters, or some that nobody sees.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let length = (SHORTEST_USER_CODE..=LONGEST_USER_CODE).contains(&text.chars().count());
        let plain = !text.chars().any(crate::acts_unseen);
        (length && plain).then(|| Self(Secret::new(text.to_owned())))
    }

    /// The code itself, for who hashes it.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl UserCodeHash {
    /// A hash in PHC form.
    pub const fn kept(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UserCodeHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A hash of six digits is soon guessed by whoever has it.
        formatter.write_str("UserCodeHash")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_six_to_sixty_four_visible_characters() {
        for good in ["123456", " 123456 ", "żółw-żółw", &"x".repeat(LONGEST_USER_CODE)] {
            assert_eq!(
                UserCode::parse(good).map(|code| code.expose().to_owned()).as_deref(),
                Some(good.trim())
            );
        }
        for bad in ["", "12345", "  123  ", "1234\u{200b}56", "1234\n56", &"x".repeat(LONGEST_USER_CODE + 1)]
        {
            assert!(UserCode::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_kept_of_a_code_is_not_printed() {
        let kept = UserCodeHash::kept("$argon2id$secret".to_owned());
        assert_eq!(format!("{kept:?}"), "UserCodeHash");
    }
}
