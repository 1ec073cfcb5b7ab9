//! A configuration that is wrong is refused with file, line and what to do, and all that is wrong is told at once.

mod clients;
mod exchanges;
mod folder;
mod policies;
mod reading;
mod saml;
mod server;
mod strangers;
mod tools;
mod trust;
