//! A configuration that is wrong is refused with file, line and what to do, and all that is wrong is told at once.

mod clients;
mod folder;
mod reading;
mod server;
mod tools;
