//! The languages a person may read: one file each, chosen by the browser's wish.
//!
//! A language file is a [Fluent](https://projectfluent.org/fluent/guide/) file kept to its plainest part: text, `{ $variables }` and choices
//! between variants. [`Languages`] picks the file for a request, [`Texts::message`] fills in the values of one message, and
//! a [`Template`] does the same for the sentence of an authorization detail.
//!
//! What comes out is a [`Message`]: segments of our own text and segments of inserted values, never mixed. A value comes
//! from an agent that may be hostile, so a [`Value`] is cleaned when it is made: it holds no line break, no control or
//! invisible character, nothing that reorders the sentence around it, and it ends after [`Value::LONGEST`] characters.
//! Nothing here knows HTML; whoever writes a page escapes each segment.

mod cleaning;
mod message;
mod moments;
mod negotiation;
mod pattern;
mod shipped;
mod tag;
mod template;
mod texts;
mod value;

pub use cleaning::{foreign_text, shown_exactly};
pub use message::{Message, Segment};
pub use moments::{UnknownZone, Zone};
pub use negotiation::negotiate;
pub use pattern::{RenderError, Unsupported};
pub use shipped::Languages;
pub use tag::{InvalidTag, LanguageTag};
pub use template::{Template, TemplateError};
pub use texts::{Texts, TextsError};
pub use value::{Arguments, Value};
