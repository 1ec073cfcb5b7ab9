//! Whatever happens to rotation, at whichever call: the key ring is as before or as after, and the next run does what this one
//! could not. Nobody waits for it, so that a fault fails the invocation, and Lambda's alarm sees it.

use std::time::Duration;

use lean_start::runtime_api::Outcome;
use serde_json::{Value, json};

use crate::deployment::Deployment;
use crate::event::Request;
use crate::place::PATIENT;
use crate::process::Process;
use crate::seen::{Seen, each, from_call};
use crate::version::Version;
use crate::visit::Visit;
use crate::walk::Crew;
use crate::way::{Fault, SECRET_ROLE, Way};

/// What the template gives it (`RotationFunction`, `Timeout`).
const TIMEOUT: Duration = Duration::from_mins(1);

const FAULTS: [Fault; 8] = [
    Fault::Late,
    Fault::Throttled,
    Fault::Broken,
    Fault::Denied,
    Fault::CutBefore,
    Fault::CutAfter,
    Fault::HeldBefore,
    Fault::HeldAfter,
];

#[test]
fn rotation_that_meets_a_fault_or_is_killed_leaves_the_ring_as_before_or_as_after() {
    let deployment = Deployment::ready("kms");
    // An RSA key has a certificate, too, which it signs itself; an emulator takes long to make one.
    let es256 = json!({ "rotate": ["ES256"], "at_once": true });
    let rs256 = json!({ "rotate": ["RS256"], "at_once": true });
    let jobs: Vec<_> = FAULTS.iter().map(|fault| (*fault, &es256)).collect();
    let jobs = [jobs, vec![(Fault::Denied, &rs256), (Fault::HeldAfter, &rs256)]].concat();
    breaks_each_call_of_each(&deployment, &jobs);
    still_works(&deployment);
}

#[test]
fn the_first_keys_are_made_by_the_next_run_when_the_first_met_a_fault() {
    let demand = json!({});
    for fault in [Fault::Denied, Fault::HeldAfter] {
        let way = Way::to(&crate::version::needed("AWS_ENDPOINT_URL"));
        let (seen, calls) = from_call(0, &way, |at| {
            let deployment = Deployment::new("kms-wrapped");
            let mut seen = breaks_at(&deployment, &way, fault, &demand, at)?;
            seen.wrong.extend(published(&deployment, 2).err());
            Some(seen)
        });
        seen.tells();
        assert!(calls >= 5, "{calls} calls only");
    }
}

/// Nobody waits for it: what it lacks is told to the log, and to Lambda, whose alarm it rings.
#[test]
fn rotation_that_lacks_a_right_says_which_to_the_log_and_changes_nothing() {
    let deployment = Deployment::ready("kms");
    let way = Way::to(&deployment.endpoint);
    let demand = json!({ "rotate": ["RS256"], "at_once": true });
    way.counts_anew();
    let said = invoked(&rotation_on(&deployment, &way), &demand);
    assert!(matches!(said, Outcome::Answer(_)), "with all rights: {said:?}");
    let mut operations = way.calls();
    operations.sort();
    operations.dedup();
    assert_eq!(operations, ["CreateKey", "DisableKey", "GetItem", "GetPublicKey", "PutItem", "Sign"]);
    for operation in &operations {
        let before = deployment.ring();
        way.denies(operation);
        let process = rotation_on(&deployment, &way);
        let earlier = process.log().len();
        let said = invoked(&process, &demand);
        assert!(way.recovers() > 0, "{operation}: it is not called");
        let log = process.log().split_off(earlier);
        let is_a_failure =
            matches!(&said, Outcome::Error(said) if said.contains("it failed; the log says why"));
        assert!(is_a_failure, "{operation}: {said:?}, {log}");
        let is_named = log.contains(&format!(":{operation} is not allowed")) && !log.contains(SECRET_ROLE);
        assert!(is_named, "{operation}: {log}");
        // These come after the new key is in force: the one before signs no more, and the next run does what is left.
        if matches!(operation.as_str(), "DisableKey" | "Sign") {
            assert_eq!(deployment.tends_keys(&Version::this(), &json!({}))["keys"], "as they were");
            still_works(&deployment);
        } else {
            assert_eq!(deployment.ring(), before, "{operation}");
        }
    }
}

/// As at an emulator: on AWS it waits minutes for the right to a new key, which hangs on its tag.
fn rotation_on(deployment: &Deployment, way: &Way) -> Process {
    let environment = deployment.environment_of_rotation(&way.endpoint).with(PATIENT.0, PATIENT.1);
    deployment.starts_rotation(&Version::this(), environment)
}

fn breaks_each_call_of_each(deployment: &Deployment, jobs: &[(Fault, &Value)]) {
    // One after the other: each must find what the one before left.
    for job in jobs {
        let seen = each(&deployment.endpoint, &[*job], |(fault, demand), way| {
            let (seen, calls) = from_call(0, way, |at| breaks_at(deployment, way, *fault, demand, at));
            assert!(calls >= 6, "{fault:?}: {calls} calls only");
            seen
        });
        seen.tells();
    }
}

/// Lets rotation meet the fault from this call on, if there are so many, and then run once more.
fn breaks_at(deployment: &Deployment, way: &Way, fault: Fault, demand: &Value, at: usize) -> Option<Seen> {
    let is_kill = matches!(fault, Fault::HeldBefore | Fault::HeldAfter);
    let before = deployment.keys_in_ring();
    way.breaks(fault, at, if is_kill { 1 } else { usize::MAX });
    let process = rotation_on(deployment, way);
    let outcome = if is_kill { killed(&process, way, demand) } else { Some(invoked(&process, demand)) };
    let calls = way.calls();
    let struck = way.recovers();
    if struck == 0 {
        return None;
    }
    let mut seen = Seen { broken: 1, ..Seen::default() };
    let mut wrong =
        |what: &str| seen.wrong.push(format!("{fault:?} from call {at} ({}): {what}", calls.join(" ")));
    match outcome {
        // A fault fails the invocation; what had to do with nothing but the answer may have been heard of.
        Some(Outcome::Error(said)) if !said.contains("it failed; the log says why") => wrong(&said),
        Some(Outcome::Answer(_)) if fault != Fault::CutAfter => wrong("it says that all went well"),
        Some(Outcome::Crash(_)) if !is_kill => wrong("it crashed"),
        Some(Outcome::Timeout) => wrong("it does not end"),
        _ => {}
    }
    let after = deployment.keys_in_ring();
    let is_whole =
        if before.is_empty() { matches!(after.len(), 0 | 2) } else { after.len() <= before.len() + 1 };
    if !is_whole || !before.iter().all(|key| after.contains(key)) {
        wrong(&format!("{} keys were in the ring, and are {} now", before.len(), after.len()));
    }
    // What this run could not do, the next one does, which nobody asked for anything.
    let next = deployment.tends_keys(&Version::this(), &json!({}));
    if next["keys"] != "made" && next["keys"] != "changed" && next["keys"] != "as they were" {
        wrong(&format!("the next run says {next}"));
    }
    Some(seen)
}

fn invoked(process: &Process, demand: &Value) -> Outcome {
    process.function.invoke(&demand.to_string(), TIMEOUT)
}

/// Kills the process when its call is held. Nothing if it was.
fn killed(process: &Process, way: &Way, demand: &Value) -> Option<Outcome> {
    let (outcome, is_held) = process.killed_when_held(way, || invoked(process, demand));
    (!is_held).then_some(outcome)
}

/// That so many keys are published.
fn published(deployment: &Deployment, count: usize) -> Result<(), String> {
    deployment.applies(&Version::this());
    let place = deployment.with(&Version::this());
    let keys = place.starts("discovery").sends(&Request::get("/jwks.json")).json();
    let found = keys["keys"].as_array().map_or(0, Vec::len);
    if found == count { Ok(()) } else { Err(format!("{found} keys are published")) }
}

/// That tokens are signed with the keys that came of it, by KMS and with certificates, and found good.
fn still_works(deployment: &Deployment) {
    published(deployment, 2).expect("one of each kind");
    let crew = Crew::at(deployment.with(&Version::this()));
    for visit in Visit::OF_KEYS {
        let ready = crew.prepares(visit);
        let reply = crew.place.starts(visit.function()).sends(&ready.request);
        assert!(visit.is_granted(&reply), "{visit:?}: {}", reply.outline());
        crew.goes_on(&ready, &reply).expect("it goes on");
    }
}
