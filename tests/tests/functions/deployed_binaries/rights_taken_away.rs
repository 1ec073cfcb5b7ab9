//! A function whose role lacks a right, whichever of those that a request takes: the caller hears 503 (RFC 6749, section
//! 4.1.2.1: `temporarily_unavailable`) and nothing of the inside, the log has which right it is, and the same process grants
//! the same request when the role has it again.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::deployed_binaries::faults::{comes_to_its_end, is_told_to_come_again};
use crate::deployed_binaries::the_inside::is_of_ours;
use crate::process::Process;
use crate::seen::each_visit;
use crate::visit::Visit;
use crate::walk::Crew;
use crate::way::{SECRET_ROLE, Way};

#[test]
fn a_function_that_lacks_one_right_says_503_to_its_caller_and_which_it_is_to_the_log() {
    let crew = Crew::new();
    let taken = Mutex::new(BTreeSet::new());
    each_visit(&crew, |visit, way| {
        let operations = operations_of(&crew, visit, way)?;
        operations.iter().try_for_each(|operation| lacks(&crew, visit, way, operation))?;
        taken.lock().expect("no thread has failed").extend(operations);
        Ok(())
    });
    let taken = taken.into_inner().expect("no thread has failed");
    assert!(taken.iter().eq(OPERATIONS), "{taken:?}");
}

/// Of DynamoDB, of KMS and of SNS: all that functions with callers call, but for what looks after addresses that have agreed.
const OPERATIONS: [&str; 13] = [
    "BatchGetItem",
    "CreatePlatformEndpoint",
    "Decrypt",
    "DeleteItem",
    "GetItem",
    "Publish",
    "PutItem",
    "Query",
    "SetEndpointAttributes",
    "Sign",
    "Subscribe",
    "TransactWriteItems",
    "UpdateItem",
];
/// Those of SNS, whose messages may quote what was sent: the log has its word for it alone.
const OF_SNS: [&str; 4] = ["CreatePlatformEndpoint", "Publish", "SetEndpointAttributes", "Subscribe"];

/// What a visit calls, from the start of its function on: each takes a right of its own, and each service at least one.
fn operations_of(crew: &Crew, visit: Visit, way: &Way) -> Result<Vec<String>, String> {
    let ready = crew.prepares(visit);
    way.counts_anew();
    let process = started(crew, visit, way)?;
    let reply = process.sends(&ready.request);
    if !visit.is_granted(&reply) {
        way.is_taken_for_slow();
        return Err(format!("with all rights: {}", reply.outline()));
    }
    let mut operations = way.calls();
    operations.sort();
    operations.dedup();
    Ok(operations)
}

/// Sends the request without a right from the start of the function on, and once more with it.
fn lacks(crew: &Crew, visit: Visit, way: &Way, operation: &str) -> Result<(), String> {
    let ready = crew.prepares(visit);
    way.denies(operation);
    let process = started(crew, visit, way)?;
    let reply = process.sends(&ready.request);
    let struck = way.recovers();
    let log = process.log();
    let wrong = |what: &str| Err(format!("without {operation}, of {struck} calls, {what}; the log: {log}"));
    if struck == 0 {
        return wrong("nothing is missed");
    }
    let is_named = if OF_SNS.contains(&operation) {
        log.contains("AuthorizationError")
    } else {
        log.contains(&format!(":{operation} is not allowed"))
    };
    if !is_named || log.contains(SECRET_ROLE) {
        return wrong("that is not what the log should have");
    }
    if visit.is_granted(&reply) {
        return if visit.goes_on_without(operation) { Ok(()) } else { wrong("it is granted") };
    }
    let is_page = reply.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    let is_ours = visit.says_that_nobody_was_reached(&reply) || is_of_ours(crew.place, &reply);
    let is_said = is_told_to_come_again(visit, &reply) && is_ours;
    if !is_said || is_page != visit.is_of_a_browser() || reply.body.contains(SECRET_ROLE) {
        return wrong(&reply.outline());
    }
    let granted = process.sends(&crew.again(&ready));
    if granted.status == 503 {
        way.is_taken_for_slow();
    }
    comes_to_its_end(crew, &ready, &granted).or_else(|what| wrong(&format!("{what}: {}", granted.outline())))
}

fn started(crew: &Crew, visit: Visit, way: &Way) -> Result<Process, String> {
    let process = crew.place.starts_on(visit.function(), way);
    process.function.first_poll().map_err(|why| why.to_string())?;
    Ok(process)
}
