//! Passkeys: the ceremonies of Web Authentication (Level 3) by which a person registers one, signs in with it, and countersigns what was
//! displayed to them.
//!
//! A ceremony is a value: it begins with a challenge, travels with the page (sealed, so that it comes back as it was), and is
//! consumed by the answer to it. What an answer proves is a value, too, which only this room makes. That a challenge is good once is
//! for the table to keep ([`oauth::Passkeys`]); its age is in the seal.
//!
//! Pure: challenges and moments are parameters. Always required: that the authenticator has verified who uses it, and that it can
//! find the passkey by itself. Attestation is not asked for: which make somebody's authenticator is, is not known.

mod answer;
mod challenge;
mod countersigning;
mod registering;
mod relying_party;
mod signing_in;
mod unproven;

pub use challenge::Challenge;
pub use countersigning::{Countersigned, Countersigning, PublicKey, Signed};
pub use registering::{Holder, Registered, Registering};
pub use relying_party::RelyingParty;
pub use signing_in::{Claim, Proven, SigningIn};
pub use unproven::Unproven;

/// What signing in with a passkey was (`amr`, RFC 8176, section 2, and the registry that it founds): possession of a key of which
/// nobody has attested whether hardware keeps it (`pop`), by somebody who was there (`user`) and whom the authenticator has verified,
/// by what they know or are (`mfa`). Which of these, it does not tell.
pub const AUTHENTICATION_METHODS: [&str; 3] = ["pop", "user", "mfa"];
