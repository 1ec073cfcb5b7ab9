use std::collections::BTreeMap;

use crate::Message;
use crate::cleaning::foreign_text;

/// What is inserted into a sentence, cleaned when it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value(pub(crate) Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing was given: the variant `[absent]` of a choice, and only that, stands for it.
    Absent,
    Text(String),
    /// A number as JSON writes it; plural rules apply.
    Number(String),
    /// Joined the language's way, each member a value of its own.
    List(Vec<Value>),
    /// A sentence or phrase of ours, with values of its own.
    Phrase(Message),
}

impl Value {
    /// How many characters of one text are shown; an ellipsis stands for the rest.
    pub const LONGEST: usize = 300;

    /// A foreign text: see the crate's documentation for what is taken out of it.
    pub fn text(text: &str) -> Self {
        Self(Kind::Text(foreign_text(text, Self::LONGEST)))
    }

    /// Nothing was given.
    pub fn absent() -> Self {
        Self(Kind::Absent)
    }

    /// A list of values, joined the language's way ("a, b and c"). A list without members is shown as an empty text: it
    /// is not the same as an absent one.
    pub fn list(members: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        Self(Kind::List(members.into_iter().map(Into::into).collect()))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::text(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::text(&text)
    }
}

macro_rules! from_number {
    ($($number:ty),*) => {$(
        impl From<$number> for Value {
            fn from(number: $number) -> Self {
                Self(Kind::Number(number.to_string()))
            }
        }
    )*};
}
from_number!(i8, u8, i32, u32, i64, u64, usize, f64);

impl From<Message> for Value {
    fn from(phrase: Message) -> Self {
        Self(Kind::Phrase(phrase))
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(given: Option<T>) -> Self {
        given.map_or_else(Self::absent, Into::into)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(members: Vec<T>) -> Self {
        Self::list(members)
    }
}

impl From<&[String]> for Value {
    fn from(members: &[String]) -> Self {
        Self::list(members)
    }
}

/// The values of a message's variables, by name (without the `$`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments(BTreeMap<String, Value>);

impl Arguments {
    /// No values: for a message without variables.
    pub fn none() -> Self {
        Self::default()
    }

    /// The same with one more value.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

impl<N: Into<String>> FromIterator<(N, Value)> for Arguments {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(values: I) -> Self {
        Self(values.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl<const N: usize> From<[(&str, Value); N]> for Arguments {
    fn from(values: [(&str, Value); N]) -> Self {
        values.into_iter().collect()
    }
}
