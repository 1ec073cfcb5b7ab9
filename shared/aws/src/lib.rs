//! The lean AWS SDK configuration, built once, and the count of calls a request makes.
//!
//! A function does without `aws-config`: reading the machine's certificates and looking for profiles costs
//! more than a whole bare function needs to start. What Lambda hands over in the environment is all there is.

mod calls;
mod configuration;
mod credentials;
mod failure;

pub use aws_types::SdkConfig;

pub use calls::{CallCounter, Calls, count, count_fault, counted};
pub use configuration::{from_environment, local};
pub use failure::fault;
