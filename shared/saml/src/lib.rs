//! SAML 2.0 assertions for tools that take nothing else, and the metadata by which such a tool knows our keys.
//!
//! Nothing here reads XML, and nothing signs. [`Element`] writes the exclusive canonical form and no other, so what is
//! signed is what stands in the document. [`Unsigned`] says which bytes are to be signed; whoever has the key hands the
//! signature back, and has the whole assertion.

mod assertion;
mod element;
mod metadata;
mod moment;
mod signature;

pub use assertion::{
    Assertion, Attribute, AuthenticationStatement, NAME_ID_EMAIL, NAME_ID_UNSPECIFIED, NameId,
    PASSWORD_PROTECTED_TRANSPORT, UNSPECIFIED_CONTEXT,
};
pub use element::{Element, Namespace, NotXml};
pub use metadata::{METADATA_CONTENT_TYPE, MetadataError, metadata};
pub use signature::Unsigned;
