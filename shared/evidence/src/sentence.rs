use std::fmt;

use serde::{Deserialize, Serialize};

/// A sentence as it was rendered: the server's words, and the request's values apart from them, in reading order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sentence(Vec<Piece>);

/// A stretch of a sentence. Plain text, not HTML.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// The server's words.
    Words(String),
    /// A value of the request, which a page sets off from the words.
    Value(String),
}

impl Sentence {
    /// The sentence of these pieces.
    pub fn of(pieces: impl IntoIterator<Item = Piece>) -> Self {
        Self(pieces.into_iter().collect())
    }

    /// Its pieces in reading order.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }
}

/// The sentence on one line; no value reorders what stands around it (U+2068 and U+2069).
impl fmt::Display for Sentence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Words(text) => formatter.write_str(text),
            Piece::Value(text) if text.is_ascii() => formatter.write_str(text),
            Piece::Value(text) => write!(formatter, "\u{2068}{text}\u{2069}"),
        })
    }
}
