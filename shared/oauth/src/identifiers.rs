use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads the identifier; `None` when its characters or length are not allowed.
            pub fn parse(text: &str) -> Option<Self> {
                let valid: fn(&str) -> bool = $valid;
                valid(text).then(|| Self(text.to_owned()))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                Self::parse(&text).ok_or_else(|| format!("{text:?} is not a valid {}", stringify!($name)))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

pub(crate) use identifier;

/// What every person's `sub` starts with and no client id may: the two never collide.
const PERSON_PREFIX: &str = "person-";

identifier!(
    /// A client's identifier (OAuth 2.1, section 2.2): visible characters, at most 256. It is never like a person's, nor like that
    /// of another issuer's subject.
    ClientId,
    |text| {
        (1..=256).contains(&text.len())
            && text.bytes().all(|byte| (0x21..=0x7e).contains(&byte))
            && !text.starts_with(PERSON_PREFIX)
            && !text.starts_with(crate::OUTSIDE_PREFIX)
    }
);

identifier!(
    /// A person's identifier, the `sub` of their tokens: never reused, never shown to be typed.
    PersonId,
    |text| text.starts_with(PERSON_PREFIX) && (8..=64).contains(&text.len()) && is_name(text)
);

identifier!(
    /// A tool's short name in the configuration.
    ToolId,
    |text| (1..=64).contains(&text.len()) && is_name(text)
);

identifier!(
    /// An authorization's identifier: `grant_id` in tokens and the audit. 128 random bits in base64url.
    GrantId,
    |text| text.len() == 22 && is_name(text)
);

identifier!(
    /// What an approval that a passkey signed is called: the claim `approval`. 128 random bits in base64url.
    ApprovalId,
    |text| text.len() == 22 && is_name(text)
);

identifier!(
    /// A token's identifier, `jti`. 128 random bits in base64url.
    TokenId,
    |text| text.len() == 22 && is_name(text)
);

identifier!(
    /// The identifier of something that a person is reached on. 128 random bits in base64url.
    DeviceId,
    |text| text.len() == 22 && is_name(text)
);

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

impl PersonId {
    /// The identifier made of 128 random bits.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(format!("{PERSON_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }
}

impl GrantId {
    /// The identifier made of 128 random bits.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl ApprovalId {
    /// The identifier made of 128 random bits.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl DeviceId {
    /// The identifier made of 128 random bits.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl TokenId {
    /// The identifier made of 128 random bits.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// That of a refresh token, which has none of its own but its authorization's.
    pub fn of_authorization(id: &GrantId) -> Self {
        Self(id.0.clone())
    }
}
