//! The functions as they are deployed: each test starts the very programs that Lambda would run ([`place`]), puts a way to
//! DynamoDB and KMS under them that can be broken at any call ([`way`]), hands them events of API Gateway ([`event`]), and
//! looks at what the caller hears and what stands afterwards. They need a deployed endpoint and the built functions.

mod event;
mod place;
mod process;
mod requests;
mod seen;
mod walk;
mod way;

/// What takes a deployed endpoint and built functions.
mod deployed_binaries {
    mod cold_and_warm;
    mod faults;
    mod kills;
    mod the_inside;
}
