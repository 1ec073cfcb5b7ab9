//! What the registered types of `authorization_details` (RFC 9396) do: who may ask for them, what a valid one looks
//! like, when one lies within another, and the sentence that a person reads before they say yes.
//!
//! - [`check_type`] is asked when a configuration is applied: it refuses a type that could hide something from the
//!   person who approves it or whose rules do not fit its schema.
//! - [`DetailTypes`] is asked at every request. It is made from types that were checked; what it does not know it refuses.
//!
//! Nothing here does I/O. JSON Schemas and sentences are compiled when they are first used and kept.

mod beneath;
mod check;
mod comparison;
mod decimal;
mod explanation;
mod fields;
mod metadata;
mod narrowing;
mod problem;
mod schema;
mod sentence;
mod types;
mod validation;

pub use beneath::is_beneath;
pub use check::check_type;
pub use problem::Problem;
pub use types::DetailTypes;
