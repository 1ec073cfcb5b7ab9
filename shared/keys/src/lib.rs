//! Signing and verification: the deployment's key ring with KMS, or a local key file; JWKS, rotation, and the
//! server's own secret.
//!
//! [`Keys`] is what a function holds. It signs tokens ([`Keys::sign`]), gives out the public half
//! ([`Keys::public`], which verifies our own tokens and makes the JWKS), and keeps the [`ServerSecret`]. A function
//! that only verifies or publishes holds [`PublishedKeys`].
//! [`Jwks`] verifies the tokens of others, such as a client's assertion.
//!
//! Signing input is built here for every kind of key, because a key in KMS signs over the network. Signatures
//! are verified by `jsonwebtoken` over ring; what that leaves open (`crit`, `typ`, a missing `iss`) is checked
//! here. Whether a token has expired is the pure core's question, not this room's.

mod algorithm;
mod certificate;
mod checkpoint_keys;
mod deployment;
mod der;
#[cfg(test)]
mod fake_aws;
#[cfg(test)]
mod fixtures;
mod jwks;
mod jwt;
mod key_file;
mod key_ring;
mod key_set;
mod keys;
mod kms;
mod local_key;
mod provider;
mod public_key;
mod public_keys;
mod published;
mod received;
mod rejection;
mod ring_copy;
mod ring_custody;
mod rotation;
mod server_secret;
mod signing_key;

pub use algorithm::Algorithm;
pub use checkpoint_keys::{CheckpointKey, CheckpointKeys, CheckpointSigner};
pub use deployment::Deployment;
pub use jwks::{Jwks, JwksDefect, MOST_KEYS};
pub use key_file::{FileKey, KeyFile, KeyFileError};
pub use key_ring::{CHECKPOINTS_TAG, DEPLOYMENT_TAG, KeyRing, RingCustody, RingKey, SigningMode};
pub use key_set::{JWKS_MAX_AGE, KeySet, LONGEST_TOKEN_LIFE, Schedule, ScheduledKey};
pub use keys::Keys;
pub use public_key::{KeyDefect, PublicKey};
pub use public_keys::{AcceptedKeys, Expected, PublicKeys};
pub use published::PublishedKeys;
pub use received::{LONGEST_TOKEN, TokenHeader, VerifiedToken};
pub use rejection::TokenRejected;
pub use rotation::{Demand, Rotation, RotationPlan, Tended};
pub use server_secret::{BROUGHT_TOKENS, DEFERRED_REQUEST, NOTIFICATION_TOKEN, ServerSecret};
pub use signing_key::CertifiedSignature;
