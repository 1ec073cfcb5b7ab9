//! The functions as they are deployed: each test starts the very programs that Lambda would run ([`place`]), puts a way to
//! DynamoDB, KMS, SNS and SQS under them that can be broken at any call ([`way`]), hands them events of API Gateway ([`event`]), and
//! looks at what the caller hears and what stands afterwards. They need an endpoint and the built functions: `tests/binaries/run`.

mod account;
mod afterwards;
mod approvals;
mod assertion;
/// The authenticator of the room that verifies what one sends.
#[path = "../../../shared/passkeys/tests/ceremonies/authenticator.rs"]
mod authenticator;
mod belongings;
mod caller;
mod deployment;
mod event;
mod exchanges;
mod passkeys;
mod place;
mod post_office;
mod process;
mod registrations;
mod requests;
mod seen;
mod standing;
mod version;
mod visit;
mod walk;
mod way;

/// What takes an endpoint alone, and built functions: `tests/binaries/run faults`.
mod deployed_binaries {
    mod cold_and_warm;
    mod events;
    mod faults;
    mod keys_replaced;
    mod kills;
    mod notify;
    mod rights_taken_away;
    mod rotation;
    mod the_inside;
}

/// What takes an endpoint alone, built functions, and those of the previous version: `tests/binaries/run upgrade`.
mod two_versions {
    mod begun;
    mod upgrade_and_rollback;
}

/// What takes an endpoint alone, and functions for arm64: `tests/binaries/run arm64`.
mod arm64_binaries {
    mod smoke;
}

/// What takes an endpoint alone that can restore a table, and built functions: `tests/binaries/run upgrade`.
mod restored_table {
    mod restore;
}
