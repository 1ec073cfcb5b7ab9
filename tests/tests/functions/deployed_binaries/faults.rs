//! Whatever DynamoDB or KMS does, at whichever call: the caller hears of it in time (RFC 6749, section 4.1.2.1:
//! `temporarily_unavailable`), the state is as before or as after, and the same request succeeds when the fault has ended.
//!
//! Each request is sent to a process that has just started, so that the calls of its start are among those that break.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::deployment::Deployment;
use crate::event::Reply;
use crate::place::PATIENT;
use crate::seen::{AT_ONCE, Seen, WAITING_AT_ONCE, at_each_call, each_kind_of_visit, on_threads};
use crate::version::Version;
use crate::visit::Visit;
use crate::walk::{Crew, Ready};
use crate::way::{Fault, Way};

/// How long any request may take.
const BUDGET: Duration = Duration::from_millis(3500);
/// How long SNS may take for its answer, after all that is done with the table.
const OF_SNS: Duration = Duration::from_secs(5);
/// What is asked of SNS once: it takes what it has heard of, and a phone must not ring twice for an answer that was lost.
const ASKED_ONCE: [&str; 4] = ["CreatePlatformEndpoint", "Publish", "SetEndpointAttributes", "Subscribe"];

const OF_ENDPOINTS: [Fault; 7] = [
    Fault::Late,
    Fault::Throttled,
    Fault::Broken,
    Fault::Denied,
    Fault::CutBefore,
    Fault::CutAfter,
    Fault::Torn,
];

/// What happens to visits whose calls are those of another one, which meets the rest: a call without its effect, and one with it.
const OF_LIKE_ANOTHER: [Fault; 2] = [Fault::Denied, Fault::CutAfter];

/// A code or an invitation that was spent and a decision that was made, of which nobody heard any more, are taken back.
#[test]
fn a_fault_that_lasts_is_told_in_time_and_costs_nothing() {
    let seen = breaks_each_call(&Crew::new(), &Visit::ALL, &OF_ENDPOINTS, usize::MAX);
    let refused = seen.refused;
    seen.tells();
    assert!(refused > 0, "nothing was broken");
}

/// One call of many: the SDK tries again, and nobody hears of it.
#[test]
fn a_fault_of_one_call_is_heard_of_by_nobody() {
    let faults = [Fault::Late, Fault::Throttled, Fault::CutAfter, Fault::Torn];
    let seen = breaks_each_call(&Crew::new(), &Visit::ALL, &faults, 1);
    let refused = seen.refused;
    seen.tells();
    assert_eq!(refused, 0);
}

/// Where functions open the signing keys themselves, KMS is asked at other moments. That is all that differs, so that these are
/// the four visits that use a signing key, each in its own way, with four faults: a call that takes long, is turned away, is
/// refused, or has its effect and no answer.
#[test]
fn in_signing_mode_kms_wrapped_a_fault_that_lasts_is_told_in_time_and_costs_nothing() {
    let crew = Crew::at(Deployment::ready("kms-wrapped").with(&Version::this()));
    let faults = [Fault::Late, Fault::Throttled, Fault::Denied, Fault::CutAfter];
    let seen = breaks_each_call(&crew, &Visit::OF_KEYS, &faults, usize::MAX);
    let refused = seen.refused;
    seen.tells();
    assert!(refused > 0, "nothing was broken");
}

/// What a call of AWS may take in the test of a request's time, in milliseconds. All calls of one have three times as much.
const OF_A_CALL: &str = "400";

/// Each call is answered in its time, and all of them together are not: the request is given up in its own.
#[test]
fn a_request_whose_calls_are_all_slow_is_given_up_in_time() {
    let crew = Crew::new();
    let given_up = AtomicUsize::new(0);
    each_kind_of_visit(&crew, |visit, way| {
        let ready = crew.prepares(visit);
        let environment = crew.place.environment(visit.function(), &way.endpoint);
        let environment = environment.with(PATIENT.0, OF_A_CALL);
        let process = crew.place.starts_in(visit.function(), environment);
        process.function.first_poll().map_err(|why| why.to_string())?;
        way.breaks(Fault::Slow, 0, usize::MAX);
        let reply = process.sends(&ready.request);
        way.recovers();
        if reply.took > Duration::from_secs(2) {
            return Err(format!("it took too long: {}", reply.outline()));
        }
        let granted = if visit.is_granted(&reply) {
            reply
        } else if is_told_to_come_again(visit, &reply) {
            given_up.fetch_add(1, Ordering::Relaxed);
            process.sends(&crew.again(&ready))
        } else {
            return Err(format!("that is no way to say so: {}", reply.outline()));
        };
        comes_to_its_end(&crew, &ready, &granted)
    });
    assert!(given_up.into_inner() > 0, "every request had time enough");
}

/// Each call has a second for itself, and a request has three for all.
#[test]
fn an_endpoint_that_is_slow_to_answer_each_call_refuses_nobody() {
    let crew = Crew::new();
    each_kind_of_visit(&crew, |visit, way| {
        let ready = crew.prepares(visit);
        way.breaks(Fault::Sluggish, 0, usize::MAX);
        let process = crew.place.starts_on(visit.function(), way);
        process.function.first_poll().map_err(|why| why.to_string())?;
        let reply = process.sends(&ready.request);
        if way.recovers() < visit.calls_of_a_start() {
            return Err("nothing was slow".to_owned());
        }
        if visit.is_granted(&reply) { crew.goes_on(&ready, &reply) } else { Err(reply.outline()) }
    });
}

/// How often somebody comes is counted beside what they come for, and nothing depends on it.
#[test]
fn a_count_that_cannot_be_written_down_turns_nobody_away() {
    let crew = Crew::new();
    let way = Way::to(&crew.place.endpoint);
    let environment = crew.place.environment("par", &way.endpoint);
    let process = crew.place.starts_in("par", environment.with(PATIENT.0, PATIENT.1));
    let sends_from = |call| {
        way.breaks(Fault::Denied, call, 1);
        let reply = process.sends(&crew.prepares(Visit::PushCounted).request);
        assert!(Visit::PushCounted.is_granted(&reply), "{:?}: {}", way.calls(), reply.outline());
    };
    sends_from(usize::MAX);
    // Now it is warm.
    sends_from(usize::MAX);
    let count = way.calls().iter().position(|call| call == "UpdateItem");
    sends_from(count.expect("it is counted"));
    assert_eq!(way.recovers(), 1);
}

/// Sends each request as often as it has calls; each time another one is the first to break.
fn breaks_each_call(crew: &Crew, visits: &[Visit], faults: &[Fault], times: usize) -> Seen {
    let jobs = visits.iter().flat_map(|visit| faults.iter().map(|fault| (*visit, *fault)));
    let jobs = jobs.filter(|(visit, fault)| !visit.is_like_another() || OF_LIKE_ANOTHER.contains(fault));
    let (waiting, quick): (Vec<_>, Vec<_>) = jobs.partition(|(_, fault)| *fault == Fault::Late);
    let breaks = |threads, jobs: &[_]| {
        on_threads(threads, &crew.place.endpoint, jobs, |(visit, fault), way| {
            at_each_call(*visit, way, |from| breaks_from(crew, way, *visit, *fault, (from, times)))
        })
    };
    thread::scope(|scope| {
        let waiting = scope.spawn(|| breaks(WAITING_AT_ONCE, &waiting));
        let mut seen = breaks(AT_ONCE, &quick);
        seen.adds(waiting.join().expect("no thread has failed"));
        seen
    })
}

/// That a request, sent again when the fault had ended, is granted and good for what comes next, or had been carried out.
pub(super) fn comes_to_its_end(crew: &Crew, ready: &Ready, reply: &Reply) -> Result<(), String> {
    if ready.visit.is_granted(reply) {
        crew.goes_on(ready, reply)
    } else if crew.was_done(ready, reply) {
        Ok(())
    } else {
        Err("afterwards".to_owned())
    }
}

/// Sends the request once, and once more when it was refused.
fn breaks_from(
    crew: &Crew,
    way: &Way,
    visit: Visit,
    fault: Fault,
    (from, times): (usize, usize),
) -> Option<Seen> {
    let ready = crew.prepares(visit);
    way.breaks(fault, from, times);
    let process = crew.place.starts_on(visit.function(), way);
    process.function.first_poll().expect("it starts, whatever its table does");
    let reply = process.sends(&ready.request);
    let calls = way.calls();
    if way.recovers() == 0 {
        return None;
    }
    let mut seen = Seen { broken: 1, longest: reply.took, ..Seen::default() };
    let mut wrong = |what: &str, reply: &Reply| {
        let outline = reply.outline();
        let calls = calls.join(" ");
        seen.wrong.push(format!("{visit:?}, {fault:?} from call {from} ({calls}): {what}: {outline}"));
    };
    let budget = if visit.asks_sns() { BUDGET + OF_SNS } else { BUDGET };
    if reply.took > budget {
        wrong("it took too long", &reply);
    }
    let is_asked_once = calls.get(from).is_some_and(|call| ASKED_ONCE.contains(&call.as_str()));
    let mut granted = reply;
    if !visit.is_granted(&granted) {
        seen.refused = usize::from(times > 1 || !is_asked_once);
        if !is_told_to_come_again(visit, &granted) {
            wrong("that is no way to say so", &granted);
        }
        granted = process.sends(&crew.again(&ready));
        // Nothing goes wrong any more, and one call that does is no reason to refuse: it was the machine.
        if granted.status == 503 || (times == 1 && !is_asked_once) {
            way.is_taken_for_slow();
        }
    }
    if let Err(what) = comes_to_its_end(crew, &ready, &granted) {
        wrong(&what, &granted);
    }
    Some(seen)
}

/// 503, with the moment to come again (RFC 9110, section 15.6.4), as JSON or as a page; or the page that says that SNS reached nobody.
pub(super) fn is_told_to_come_again(visit: Visit, reply: &Reply) -> bool {
    let kind = reply.header("content-type").unwrap_or_default();
    let is_said = if visit.is_of_a_browser() && kind.starts_with("text/html") {
        !reply.body.is_empty()
    } else {
        reply.member("error") == "temporarily_unavailable"
    };
    let is_unavailable = reply.status == 503 && is_said && reply.header("retry-after").is_some();
    is_unavailable || visit.says_that_nobody_was_reached(reply)
}
