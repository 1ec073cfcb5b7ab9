//! A small Lambda Runtime API on loopback, with the function that speaks to it.
//!
//! A function on Lambda is a program that asks this API for its next event, and posts the answer back
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>). Whoever serves the API can therefore run the
//! program as it is deployed, without Lambda, and end it at any moment.
//!
//! ```no_run
//! # use std::{path::Path, time::Duration};
//! # use lean_start::runtime_api::{Environment, Function, Outcome};
//! let environment = Environment::of_function("par").with("COUNTERSIGN_TABLE", "a-table");
//! let function = Function::start(Path::new("target/release/par"), &environment)?;
//! println!("it was ready after {:?}", function.first_poll()?);
//! if let Outcome::Answer(answer) = function.invoke("{}", Duration::from_secs(10)) {
//!     println!("it answered with {} bytes", answer.body.len());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The API has no extensions, no streamed responses and no `SnapStart`.

mod api;
mod environment;
mod function;
mod message;

pub use environment::Environment;
pub use function::{Answer, Function, INITIALISATION_LIMIT, NotReady, Outcome};
