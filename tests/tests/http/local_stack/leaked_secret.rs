//! A client's secret that somebody else may have.

use crate::agent::{Agent, Proof, asks_for_a_file};
use crate::stack::Stack;

/// The other way round: looking again for a fresh secret brings back none that has ended.
#[test]
fn a_secret_that_ended_at_once_is_dead_within_seconds_and_the_fresh_one_alive_at_once() {
    let stack = Stack::start("leaked-secret", &[]);
    let leaked = Agent::with_basic(&stack, "renewing-agent");
    leaked.pushes(&asks_for_a_file());
    let said = stack.operator().tells(&["client", "rotate-secret", &leaked.id, "--at-once"]);
    let secret = said["client_secret"].as_str().expect("a secret").to_owned();
    let fresh = Agent { stack: &stack, id: leaked.id.clone(), proof: Proof::Basic(secret) };
    fresh.pushes(&asks_for_a_file());
    stack.takes_notice();
    leaked.sends("/par", &asks_for_a_file().parameters).is_refused(401, "invalid_client");
    fresh.pushes(&asks_for_a_file());
}
