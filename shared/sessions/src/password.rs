use argon2::password_hash::phc::PasswordHash as PhcString;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use oauth::Secret;

/// The shortest password that can be set: there is no rule about its characters (NIST SP 800-63B, section 3.1.1.2).
pub const SHORTEST_PASSWORD: usize = 12;
/// Longer input is not hashed: hashing is work that anybody can ask for.
const LONGEST_PASSWORD: usize = 1024;

/// A password that somebody typed.
pub struct Password(Secret<String>);

/// How a password is kept: an Argon2id hash in PHC form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordHash(String);

/// What is verified when there is no such person, so that an unknown name costs the same as a wrong password.
/// It is the hash of 256 random bits that nobody kept.
pub(crate) const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5aGFzdGhpc3NhbA$rUuf1GyNLq3CFRcKZFzBgGhJ1QW6D8hO3hSmvF5mWfI";

impl Password {
    /// Takes what was typed; `None` when it is empty or longer than any password.
    pub fn typed(text: String) -> Option<Self> {
        let secret = Secret::new(text);
        (1..=LONGEST_PASSWORD).contains(&secret.expose().len()).then_some(Self(secret))
    }

    /// Whether it is long enough to be set.
    pub fn is_long_enough(&self) -> bool {
        self.0.expose().chars().count() >= SHORTEST_PASSWORD
    }

    /// Hashes the password with a fresh random salt.
    pub fn hash(&self, salt: [u8; 16]) -> PasswordHash {
        PasswordHash(hashed(self.0.expose(), salt))
    }

    /// Whether it is the password that was hashed. Without a hash the same work is done, and the answer is no.
    pub fn is(&self, kept: Option<&PasswordHash>) -> bool {
        let same = is_hash_of(kept.map_or(NOBODY, |kept| &kept.0), self.0.expose());
        same && kept.is_some()
    }
}

impl PasswordHash {
    /// A hash as it was kept.
    pub const fn kept(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string to keep.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A hash in PHC form.
///
/// # Panics
/// Never: the parameters and the length of the salt are constants that Argon2 allows.
pub(crate) fn hashed(text: &str, salt: [u8; 16]) -> String {
    let hash = argon2id().hash_password_with_salt(text.as_bytes(), &salt);
    hash.expect("the parameters are allowed").to_string()
}

/// Whether a hash in PHC form is of this text.
pub(crate) fn is_hash_of(phc: &str, text: &str) -> bool {
    PhcString::new(phc).is_ok_and(|hash| argon2id().verify_password(text.as_bytes(), &hash).is_ok())
}

/// Argon2id with 19 MiB, two passes and one lane, as OWASP recommends.
fn argon2id() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19 * 1024, 2, 1, None).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Password {
        Password::typed(text.to_owned()).unwrap()
    }

    #[test]
    fn a_password_is_itself_and_nothing_else() {
        let kept = typed("correct horse battery").hash([7; 16]);
        assert!(typed("correct horse battery").is(Some(&kept)));
        assert!(!typed("correct horse batterz").is(Some(&kept)));
        assert!(!typed("correct horse battery").is(None));
        assert!(kept.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    }

    #[test]
    fn the_hash_of_nobody_costs_as_much_as_anybodys() {
        let hash = PhcString::new(NOBODY).unwrap();
        assert_eq!(hash.hash.unwrap().as_bytes().len(), 32);
        assert!(NOBODY.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    }

    #[test]
    fn what_is_too_long_is_not_even_hashed() {
        assert!(Password::typed("x".repeat(1025)).is_none());
        assert!(Password::typed(String::new()).is_none());
    }
}
