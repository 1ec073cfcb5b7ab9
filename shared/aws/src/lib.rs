//! The lean AWS SDK configuration, built once, the count of calls a request makes, and the time it has for them.
//!
//! A function does without `aws-config`: reading the machine's certificates and looking for profiles costs
//! more than a whole bare function needs to start. What Lambda hands over in the environment is all there is.

mod calls;
mod configuration;
mod connections;
mod credentials;
mod deadline;
mod failure;
mod origin;

pub use aws_types::SdkConfig;

pub use calls::{CallWatch, Calls, count, count_fault, counted, of_kind};
pub use configuration::{from_environment, local, unhurried, until_a_tag_is_known};
pub use deadline::{TIME_OF_A_REQUEST, in_its_own_time, time_of_a_request, within};
pub use failure::fault;
