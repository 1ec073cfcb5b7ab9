//! Evidence of an approval: a value that says what was displayed to a person and what their passkey signed, and can be checked years
//! later by somebody who trusts nobody here.
//!
//! [`Shown`] is everything that a person saw. [`Shown::displayed`] makes the one text of it ([`Displayed`]; RFC 8785), of which the
//! page is rendered and whose SHA-256 the passkey signs: screen and hash cannot part. [`Evidence`] adds the answer ([`Assertion`]), the
//! record that ties the passkey to the person ([`Enrolled`]) and what was [`Granted`]. It leaves an [`Entry`] in the person's chain, of
//! which a [`Checkpoint`] holds the [`Head`], with those of all others ([`AllHeads`]). [`verify`] checks all of it in an [`EvidenceFile`],
//! [`Checkpoints`] those of a server, and [`breaks`] a whole chain.
//!
//! Pure: moments and random bytes are parameters. `infra/evidence/README.md` has the format for whoever writes another verifier.

mod anchor;
mod assertion;
mod audit;
mod bytes;
mod chain;
mod checkpoint;
mod checkpoints;
mod displayed;
mod enrolled;
mod file;
mod granted;
mod heads;
mod jws;
mod key;
mod nonce;
mod record;
mod sentence;
mod shown;
mod taking;
mod token;
mod tree;
mod verdict;
mod why;

pub use anchor::{Anchor, NoAnchor};
pub use assertion::Assertion;
pub use audit::{Break, breaks};
pub use bytes::Bytes;
pub use chain::{Entry, Head};
pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use checkpoints::{CheckpointBreak, Checkpoints, Held, OfCheckpoint};
pub use displayed::{Displayed, NotDisplayed};
pub use enrolled::{Enrolled, EnrolledBy};
pub use file::{EvidenceFile, Inclusion, verify};
pub use granted::Granted;
pub use heads::{AllHeads, Moved};
pub use key::{Curve, Key};
pub use nonce::Nonce;
pub use record::Evidence;
pub use sentence::{Piece, Sentence};
pub use shown::{Access, Choice, Kind, Party, Person, Request, Shown, ShownDetail, ShownScope, Tool};
pub use token::{Details, Token};
pub use tree::{Path, Tree};
pub use verdict::Verdict;
pub use why::Why;
