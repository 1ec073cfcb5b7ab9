use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unic_langid::LanguageIdentifier;

/// A language tag of BCP 47 (RFC 5646), such as `en` or `de-AT`, in its canonical spelling.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LanguageTag(LanguageIdentifier);

/// The text is not a language tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a language tag such as \"en\" or \"de-AT\"")]
pub struct InvalidTag;

impl LanguageTag {
    /// The primary language, lower case: `de` for `de-AT`.
    pub fn language(&self) -> &str {
        self.0.language.as_str()
    }

    /// The tag of the primary language alone.
    pub(crate) fn primary(&self) -> LanguageIdentifier {
        LanguageIdentifier::from_parts(self.0.language, None, None, &[])
    }

    /// The direction its script is written in, as HTML's `dir` attribute names it.
    pub fn direction(&self) -> &'static str {
        match self.0.character_direction() {
            unic_langid::CharacterDirection::RTL => "rtl",
            _ => "ltr",
        }
    }
}

impl FromStr for LanguageTag {
    type Err = InvalidTag;

    fn from_str(text: &str) -> Result<Self, InvalidTag> {
        let tag: LanguageIdentifier = text.parse().map_err(|_| InvalidTag)?;
        if tag.language.is_empty() { Err(InvalidTag) } else { Ok(Self(tag)) }
    }
}

impl TryFrom<String> for LanguageTag {
    type Error = InvalidTag;

    fn try_from(text: String) -> Result<Self, InvalidTag> {
        text.parse()
    }
}

impl From<LanguageTag> for String {
    fn from(tag: LanguageTag) -> Self {
        tag.to_string()
    }
}

impl fmt::Display for LanguageTag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_written_canonically() {
        let tag: LanguageTag = "DE_at".parse().unwrap();
        assert_eq!(tag.to_string(), "de-AT");
        assert_eq!(tag.language(), "de");
        assert_eq!(tag.direction(), "ltr");
    }

    #[test]
    fn junk_is_not_a_tag() {
        for junk in ["", "und", "*", "d", "de-", "<script>", "de;q=1", "\u{202e}de"] {
            assert_eq!(junk.parse::<LanguageTag>(), Err(InvalidTag), "{junk:?}");
        }
    }
}
