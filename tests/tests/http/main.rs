//! The server as its callers see it. Every test starts or shares a stack ([`stack`]), lets people and agents ([`person`],
//! [`agent`]) do what they do, and looks at what came back. They speak HTTP and nothing else, with one exception: the
//! [`observer`] reads the table and the log, to see what must not be there, and leaves in the table what only a crash leaves.

mod agent;
mod assertion;
mod at_once;
mod browser;
mod faults;
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
    mod configuration_changes;
    mod details;
    mod discovery;
    mod error_catalogue;
    mod expiry;
    mod key_rotation;
    mod large_details;
    mod lost_replies;
    mod operator;
    mod other_shapes;
    mod posted_requests;
    mod races;
    mod remembered_consents;
    mod replays;
    mod resources;
    mod secrets_at_rest;
    mod sessions;
    mod sessions_that_end;
    mod table_out_of_reach;
    mod thin_path;
    mod tokens;
    mod wrong_input;
}
