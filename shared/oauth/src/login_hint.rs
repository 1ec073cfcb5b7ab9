use std::collections::BTreeSet;

use crate::configuration::Profile;
use crate::{EmailAddress, PhoneNumber};

/// The longest user name, in bytes.
pub const LONGEST_USER_NAME: usize = 256;

/// What a client knows a person by (`login_hint`, OpenID CIBA Core 1.0, section 7.1): their user name, or an e-mail address or
/// telephone number that their record has. Which of them is told by its shape; the first may look like an address, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginHint {
    user_name: String,
    contact: Option<Contact>,
}

/// Something that a person's record says they are reached on, in the one form in which it is looked up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contact {
    /// An e-mail address, in lower case as a whole: who distinguishes mailboxes by capitals is not known.
    Email(String),
    /// A telephone number (ITU-T E.164).
    Phone(String),
}

impl LoginHint {
    /// Reads a hint. `None` for what is longer than any, or nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let user_name = text.trim().to_lowercase();
        let contact =
            if user_name.starts_with('+') { Contact::phone(&user_name) } else { Contact::email(&user_name) };
        (1..=LONGEST_USER_NAME).contains(&user_name.len()).then_some(Self { user_name, contact })
    }

    /// As a user name.
    pub fn user_name(&self) -> &str {
        &self.user_name
    }

    /// The one way in which all spellings of it are written, whether anybody has it or not.
    pub fn canonical(&self) -> &str {
        self.contact.as_ref().map_or(&self.user_name, Contact::as_str)
    }

    /// As an address or number, where it has the shape of one.
    pub const fn contact(&self) -> Option<&Contact> {
        self.contact.as_ref()
    }
}

impl Contact {
    /// As it is looked up.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(text) | Self::Phone(text) => text,
        }
    }

    /// An e-mail address as people write it; `None` for what is none.
    pub fn email(text: &str) -> Option<Self> {
        EmailAddress::typed(text).map(|address| Self::Email(address.into()))
    }

    /// A telephone number as people write it; `None` for what is none.
    pub fn phone(text: &str) -> Option<Self> {
        PhoneNumber::typed(text).map(|number| Self::Phone(number.into()))
    }
}

impl From<&EmailAddress> for Contact {
    fn from(address: &EmailAddress) -> Self {
        Self::Email(address.as_str().to_owned())
    }
}

impl Profile {
    /// What the person is found by, besides their user name.
    pub fn contacts(&self) -> BTreeSet<Contact> {
        let email = self.email.as_deref().and_then(Contact::email);
        let phone = self.phone_number.as_deref().and_then(Contact::phone);
        email.into_iter().chain(phone).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(text: &str) -> Option<Contact> {
        LoginHint::parse(text).unwrap().contact().cloned()
    }

    #[test]
    fn an_address_and_a_number_are_found_however_they_are_written() {
        for text in ["Alice@Example.COM", " alice@example.com "] {
            assert_eq!(contact(text), Some(Contact::Email("alice@example.com".into())), "{text}");
        }
        for text in ["+4915112345678", "+49 151 1234-5678", "+49 (151) 12345678", "+49.151/12345678"] {
            assert_eq!(contact(text), Some(Contact::Phone("+4915112345678".into())), "{text}");
        }
        for text in ["alice", "alice@", "015112345678", "+", "+49abc1234567", "a@b.example,c@d.example"] {
            assert_eq!(contact(text), None, "{text}");
        }
    }

    #[test]
    fn every_hint_may_be_a_user_name() {
        let user_name = |text| LoginHint::parse(text).unwrap().user_name().to_owned();
        assert_eq!(user_name(" Alice@Example.COM"), "alice@example.com");
        assert_eq!(user_name("+49 151 12345678"), "+49 151 12345678");
        for nothing in ["", "  ", &"x".repeat(LONGEST_USER_NAME + 1)] {
            assert_eq!(LoginHint::parse(nothing), None);
        }
    }
}
