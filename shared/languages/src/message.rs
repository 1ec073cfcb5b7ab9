use std::fmt;

use crate::cleaning::runs_right_to_left;

/// A stretch of a message: our text, or a value that was inserted into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Plain text, not HTML: escape it.
    pub text: String,
    /// Whether it is a value. A page shows values in `<strong>`, isolated (`<bdi>`) from the text around them.
    pub is_value: bool,
}

/// A rendered message: segments in reading order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message(Vec<Segment>);

impl Message {
    /// The segments in reading order.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The message as one line of text. A value with letters that run from right to left stands between U+2068 and U+2069,
    /// which keep it from reordering its neighbours.
    pub fn plain(&self) -> String {
        self.to_string()
    }

    pub(crate) fn push_text(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(last) if !last.is_value => last.text.push_str(text),
            _ => self.0.push(Segment { text: text.to_owned(), is_value: false }),
        }
    }

    pub(crate) fn push_value(&mut self, text: &str) {
        // An empty value would leave a hole that the sentence closes over; two quotes show that it is there.
        let text = if text.is_empty() { "\"\"" } else { text };
        self.0.push(Segment { text: text.to_owned(), is_value: true });
    }

    pub(crate) fn append(&mut self, other: &Message) {
        for segment in &other.0 {
            if segment.is_value {
                self.push_value(&segment.text);
            } else {
                self.push_text(&segment.text);
            }
        }
    }

    /// The message as one value: for words that stand for a value.
    pub(crate) fn into_value(self) -> Self {
        let mut message = Self::default();
        message.push_value(&self.0.iter().map(|segment| segment.text.as_str()).collect::<String>());
        message
    }
}

impl fmt::Display for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|segment| {
            if segment.is_value && runs_right_to_left(&segment.text) {
                write!(formatter, "\u{2068}{}\u{2069}", segment.text)
            } else {
                formatter.write_str(&segment.text)
            }
        })
    }
}
