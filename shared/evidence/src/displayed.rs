use oauth::Sha256Digest;
use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::Shown;

/// What the text says it is. A later version of the format has another name, so that no program takes the one for the other.
const FORMAT: &str = "countersign-displayed/1";
/// The longest text, in bytes: the largest details and their sentences fit.
const LONGEST: usize = 2 * 1024 * 1024;
/// The largest whole number that every reader of JSON reads as it is (RFC 7493, section 2.2).
const LARGEST_EXACT: u64 = (1 << 53) - 1;

/// What was displayed, as the one text that is rendered and signed.
#[derive(Clone, Debug, PartialEq)]
pub struct Displayed {
    text: String,
    shown: Shown,
}

/// Why something cannot be displayed, or a text is not of something that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDisplayed {
    /// A number of a detail would be another one in canonical JSON (RFC 8785, section 3.2.2.3).
    #[error("a number in it is larger than JSON can hold exactly")]
    NumberNotExact,
    /// More than anybody reads.
    #[error("it is too long")]
    TooLong,
    /// It is not of this format.
    #[error("it is not of the format {FORMAT}")]
    OtherFormat,
    /// It says the same in other letters: then it has another hash.
    #[error("it is not canonical JSON (RFC 8785)")]
    NotCanonical,
}

#[derive(Serialize)]
struct Writing<'a> {
    format: &'a str,
    #[serde(flatten)]
    shown: &'a Shown,
}

impl Shown {
    /// The text of it, and itself as a reader of the text finds it: members in canonical order, numbers in canonical form.
    ///
    /// # Errors
    /// [`NotDisplayed::NumberNotExact`], [`NotDisplayed::TooLong`].
    pub fn displayed(&self) -> Result<Displayed, NotDisplayed> {
        if !self.details.iter().flat_map(|shown| shown.detail.fields.values()).all(is_exact) {
            return Err(NotDisplayed::NumberNotExact);
        }
        let text = oauth::canonical(&Writing { format: FORMAT, shown: self });
        let text = String::from_utf8(text).map_err(|_| NotDisplayed::NotCanonical)?;
        Displayed::read(&text)
    }
}

impl Displayed {
    /// Reads the text again.
    ///
    /// # Errors
    /// See [`NotDisplayed`]: nothing but the very text that [`Shown::displayed`] makes is taken.
    pub fn read(text: &str) -> Result<Self, NotDisplayed> {
        if text.len() > LONGEST {
            return Err(NotDisplayed::TooLong);
        }
        let mut value: Value = serde_json::from_str(text).map_err(|_| NotDisplayed::OtherFormat)?;
        let members = value.as_object_mut().ok_or(NotDisplayed::OtherFormat)?;
        if members.shift_remove("format").is_none_or(|format| format != FORMAT) {
            return Err(NotDisplayed::OtherFormat);
        }
        let shown = Shown::deserialize(&value).map_err(|_| NotDisplayed::OtherFormat)?;
        // A member that comes twice, a space, another way to write a letter or a number: whatever the reader passed over shows here.
        if oauth::canonical(&Writing { format: FORMAT, shown: &shown }) != text.as_bytes() {
            return Err(NotDisplayed::NotCanonical);
        }
        Ok(Self { text: text.to_owned(), shown })
    }

    /// The canonical JSON (RFC 8785).
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it says.
    pub const fn shown(&self) -> &Shown {
        &self.shown
    }

    /// Its SHA-256: the challenge that the passkey signs.
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(self.text.as_bytes())
    }
}

impl Serialize for Displayed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Writing { format: FORMAT, shown: &self.shown }.serialize(serializer)
    }
}

/// Within another canonical text it is its own canonical text.
impl<'de> Deserialize<'de> for Displayed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::from_utf8(oauth::canonical(&Value::deserialize(deserializer)?));
        Self::read(&text.map_err(D::Error::custom)?).map_err(D::Error::custom)
    }
}

/// Whether canonical JSON holds every number of it as it is. A fraction is a double before and after.
fn is_exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            number.is_f64() || number.as_i64().is_some_and(|number| number.unsigned_abs() <= LARGEST_EXACT)
        }
        Value::Array(elements) => elements.iter().all(is_exact),
        Value::Object(members) => members.values().all(is_exact),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}
