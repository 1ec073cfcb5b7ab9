//! Who the client is: what it presents ([`Presented`]), and whether that proves it ([`authenticate`]).
//!
//! Pure: keys, secrets, time and the record of spent assertions are parameters. From outside every rejection
//! looks the same; why is in [`oauth::ClientRejection`], for the audit alone.

mod assertion;
mod audiences;
mod authentication;
mod claims;
mod presented;
mod request_object;
mod secrets;
mod signature;

pub use assertion::{LONGEST_ASSERTION_LIFETIME, LONGEST_JTI, SpendOnce};
pub use audiences::AcceptedAudiences;
pub use authentication::{
    AuthenticatedClient, Credentials, Proof, Registered, UnspentAssertion, authenticate,
};
pub use presented::{JWT_BEARER, Presented};
pub use request_object::{SignedRequest, signed_request};
pub use secrets::new_secret;
pub use signature::{ASSERTION_ALGORITHMS, SignatureCheck};
