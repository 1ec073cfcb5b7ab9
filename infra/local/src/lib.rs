//! The whole authorization server in one process.
//!
//! Every HTTP request becomes the JSON event that API Gateway sends, goes through the same `handle` that Lambda
//! runs, and its JSON answer becomes HTTP again: what works here works there. Routes and table come from
//! `template.yaml`, so that the two cannot drift. State lives in an embedded DynamoDB, keys in a file.
//!
//! [`Stack`] is the story; [`functions`] is the one place that knows every function.

mod arguments;
mod banner;
mod checkpoints;
mod configuration;
mod data_folder;
mod database;
mod fault_proxy;
mod faults;
mod functions;
mod gateway;
mod gateway_answer;
mod gateway_event;
mod gateway_refusal;
mod inbox;
mod inbox_page;
mod invocation;
mod key_watch;
mod log;
mod routes;
mod secrets;
mod server;
mod shelf;
mod signing_keys;
mod stack;
mod start_error;
mod stream;
mod template;
mod test_control;

pub use arguments::{Arguments, EventVersion};
pub use banner::Banner;
pub use configuration::Demo;
pub use data_folder::DataFolder;
pub use database::Database;
pub use functions::{Handler, Surroundings};
pub use log::start_log;
pub use secrets::Secrets;
pub use stack::Stack;
pub use start_error::StartError;
