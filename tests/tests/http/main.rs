//! The server as its callers see it. Every test starts or shares a stack ([`stack`]), lets people and agents ([`person`],
//! [`agent`]) do what they do, and looks at what came back. They speak HTTP and nothing else, with one exception: the
//! [`observer`] reads the table and the log, to see what must not be there, and leaves in the table what only a crash leaves.

mod agent;
mod asking;
mod assertion;
mod at_once;
/// The authenticator of the room that verifies what one sends.
#[path = "../../../shared/passkeys/tests/ceremonies/authenticator.rs"]
mod authenticator;
mod browser;
mod document;
mod exchange;
mod faults;
mod inviting;
mod observer;
mod outsider;
mod person;
mod server_key;
mod stack;
mod token;
mod web;

/// What holds wherever the server runs: these tests run against the local server and, unchanged, against a deployed one.
mod running_stack {
    mod acting;
    mod alone;
    mod approval;
    mod authorization_requests;
    mod backchannel;
    mod brought_tokens;
    mod client_authentication;
    mod details;
    mod discovery;
    mod error_catalogue;
    mod exchange_cases;
    mod hints;
    mod identity_by_exchange;
    mod invitations;
    mod large_details;
    mod numbers;
    mod operator;
    mod other_issuers;
    mod posted_requests;
    mod races;
    mod refresh_by_exchange;
    pub(crate) mod registration;
    pub(crate) mod remembered_consents;
    mod replays;
    mod resources;
    pub(crate) mod saml_assertions;
    pub(crate) mod sessions;
    mod sessions_that_end;
    mod shown_codes;
    pub(crate) mod signed_requests;
    pub(crate) mod thin_path;
    mod times;
    mod token_exchange;
    mod tokens;
    mod user_codes;
    mod wrong_input;
}

/// What takes a local server: a clock that can be moved, calls that can be broken, a log on this machine, a configuration of
/// the test's own, the programs of a developer.
mod local_stack {
    mod actors;
    pub(crate) mod agents;
    mod agents_ended;
    mod approval;
    mod asking;
    mod audit;
    mod authentication_contexts;
    pub(crate) mod aws_calls;
    mod backchannel;
    mod brand;
    mod brought_tokens;
    mod checkpoints;
    mod client_documents;
    mod configuration_changes;
    pub(crate) mod countersigning;
    mod deferred;
    mod demonstrations;
    mod devices;
    mod enrolment;
    mod evidence;
    mod exchanges;
    mod exchanges_judged_above;
    mod exchanges_judged_again;
    mod expiry;
    mod invitations;
    mod key_rotation;
    mod leaked_secret;
    mod limits;
    mod lost_replies;
    mod other_shapes;
    mod pages_apart;
    pub(crate) mod passkeys;
    mod passwords;
    mod policies;
    mod public_clients;
    mod random_chains;
    mod registrations;
    mod rights_taken_away;
    mod secrets_at_rest;
    mod signed;
    mod signed_terms;
    mod signing_at_once;
    mod signing_demanded;
    mod stolen_key;
    mod table_out_of_reach;
    mod taken_over;
}
