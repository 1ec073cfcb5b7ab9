use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A set of scope tokens (RFC 6749, section 3.3). Order does not matter and is kept sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope(BTreeSet<String>);

/// `openid`: the request is an authentication request too (OpenID Connect Core, section 3.1.2.1).
pub const OPENID: &str = "openid";
/// `offline_access` (OpenID Connect Core, section 11).
pub const OFFLINE_ACCESS: &str = "offline_access";
/// `devices`: the client may enrol the phone that it runs on, to wake it when its person is asked something.
pub const DEVICES: &str = "devices";
/// The scopes that the issuer itself serves, at userinfo, in ID tokens and where devices are enrolled.
pub const ISSUER_SCOPES: [&str; 6] = [OPENID, "profile", "email", "groups", DEVICES, OFFLINE_ACCESS];

impl Scope {
    /// No scope at all.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Reads tokens separated by single spaces; `None` when a character is not allowed.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::empty());
        }
        text.split(' ')
            .map(|token| is_scope_token(token).then(|| token.to_owned()))
            .collect::<Option<_>>()
            .map(Self)
    }

    /// Whether `token` is in the set.
    pub fn contains(&self, token: &str) -> bool {
        self.0.contains(token)
    }

    /// Whether there is no token.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every token of this set is in `wider` too.
    pub fn is_within(&self, wider: &Self) -> bool {
        self.0.is_subset(&wider.0)
    }

    /// The tokens that both have.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }

    /// The tokens that either has.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    /// The tokens for which `keep` holds.
    #[must_use]
    pub fn retaining(&self, mut keep: impl FnMut(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|token| keep(token)).cloned().collect())
    }

    /// The tokens in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl<'a> FromIterator<&'a str> for Scope {
    /// # Panics
    /// When a token has a character that RFC 6749 does not allow: meant for literals.
    fn from_iter<I: IntoIterator<Item = &'a str>>(tokens: I) -> Self {
        Self(
            tokens
                .into_iter()
                .map(|token| {
                    assert!(is_scope_token(token), "{token:?} is a scope token");
                    token.to_owned()
                })
                .collect(),
        )
    }
}

/// Whether `token` is a `scope-token` of RFC 6749, section 3.3.
pub fn is_scope_token(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, token) in self.0.iter().enumerate() {
            if position > 0 {
                formatter.write_str(" ")?;
            }
            formatter.write_str(token)?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Scope {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is not a scope"))
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}
