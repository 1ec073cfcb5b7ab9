//! The server as its callers see it. Every test starts or shares a stack ([`stack`]), lets people and agents ([`person`],
//! [`agent`]) do what they do, and looks at what came back. They speak HTTP and nothing else, with one exception: the
//! [`observer`] reads the table and the log, to see what must not be there.

mod agent;
mod assertion;
mod at_once;
mod browser;
mod observer;
mod operator;
mod person;
mod stack;
mod token;
mod web;

mod running_stack {
    mod alone;
    mod audit;
    mod authorization_requests;
    mod aws_calls;
    mod client_authentication;
    mod details;
    mod discovery;
    mod error_catalogue;
    mod expiry;
    mod operator;
    mod other_shapes;
    mod races;
    mod remembered_consents;
    mod replays;
    mod resources;
    mod secrets_at_rest;
    mod sessions;
    mod thin_path;
    mod tokens;
    mod wrong_input;
}
