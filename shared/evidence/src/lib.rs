//! Evidence of an approval: a value that says what was displayed to a person, and can be checked years later by somebody who trusts
//! nobody here.
//!
//! [`Shown`] is everything that a person saw. [`Shown::displayed`] makes the one text of it ([`Displayed`]; RFC 8785), of which the
//! page is rendered and whose SHA-256 the passkey signs: screen and hash cannot part.
//!
//! Pure: moments and random bytes are parameters. `infra/evidence/README.md` has the format for whoever writes another verifier.

mod displayed;
mod nonce;
mod sentence;
mod shown;

pub use displayed::{Displayed, NotDisplayed};
pub use nonce::Nonce;
pub use sentence::{Piece, Sentence};
pub use shown::{Access, Choice, Kind, Party, Person, Request, Shown, ShownDetail, ShownScope, Tool};
