//! A function that is killed, between any two calls of AWS, loses nothing that was promised: the caller asks again, a fresh
//! process answers. What is promised of a code and of a decision ends with the one write that spends them: when it has
//! arrived and the process that could have taken it back is gone, the code is refused as a replay and the request as
//! decided. Nobody has got what was made of them. So it is with an invitation: whoever made it makes another.
//!
//! A consent that is to be remembered is written down after that, so that a process can die in between.

use lean_start::runtime_api::Outcome;

use crate::deployment::Deployment;
use crate::event::Reply;
use crate::process::TIMEOUT;
use crate::seen::{Seen, at_each_call, each};
use crate::version::Version;
use crate::visit::Visit;
use crate::walk::{Crew, Ready};
use crate::way::{Fault, Way};

#[test]
fn a_function_killed_before_its_call_arrives_loses_nothing_but_what_an_earlier_call_spent() {
    let seen = kills_at_each_call(&Crew::new(), &Visit::ALL, Fault::HeldBefore);
    let lost = seen.lost;
    seen.tells();
    assert_eq!(lost, count_of(Visit::writes_after_spending));
}

#[test]
fn a_function_killed_after_its_call_arrived_loses_only_what_the_call_spent() {
    let seen = kills_at_each_call(&Crew::new(), &Visit::ALL, Fault::HeldAfter);
    let lost = seen.lost;
    seen.tells();
    let spent = count_of(Visit::spends_once) + count_of(Visit::writes_after_spending);
    assert_eq!(
        lost, spent,
        "each redemption and each decision is lost once, by its write, or by one after it"
    );
}

fn count_of(kind: impl Fn(Visit) -> bool) -> usize {
    Visit::ALL.iter().filter(|visit| kind(**visit)).count()
}

#[test]
fn in_signing_mode_kms_wrapped_a_function_killed_after_its_call_arrived_loses_only_the_code() {
    let crew = Crew::at(Deployment::ready("kms-wrapped").with(&Version::this()));
    let seen = kills_at_each_call(&crew, &Visit::OF_KEYS, Fault::HeldAfter);
    let lost = seen.lost;
    seen.tells();
    assert_eq!(lost, 1, "the redemption is lost once, by its write");
}

/// Sends each request as often as it has calls; each time the process is killed at another one.
fn kills_at_each_call(crew: &Crew, visits: &[Visit], fault: Fault) -> Seen {
    each(&crew.place.endpoint, visits, |visit, way| {
        at_each_call(*visit, way, |at| kills_at(crew, way, *visit, fault, at))
    })
}

/// Kills the process at a call, if there are so many, and lets another one answer the same request.
fn kills_at(crew: &Crew, way: &Way, visit: Visit, fault: Fault, at: usize) -> Option<Seen> {
    let ready = crew.prepares(visit);
    way.breaks(fault, at, 1);
    let was_killed = is_killed_at_the_call(crew, way, &ready);
    let calls = way.calls();
    way.recovers();
    if !was_killed {
        return None;
    }
    let process = crew.place.starts_on(visit.function(), way);
    let reply = process.sends(&crew.again(&ready));
    if reply.status == 503 {
        // Nothing goes wrong any more: it was the machine.
        way.is_taken_for_slow();
    }
    let mut seen = Seen { broken: 1, longest: reply.took, ..Seen::default() };
    let in_flight = calls.last().map_or("nothing", String::as_str);
    let mut wrong = |what: &str| {
        let outline = reply.outline();
        seen.wrong
            .push(format!("{visit:?}, killed at call {at} ({in_flight}), {fault:?}: {what}: {outline}"));
    };
    if visit.is_granted(&reply) {
        if let Err(what) = crew.goes_on(&ready, &reply) {
            wrong(&what);
        }
    } else if may_be_spent_by(visit, fault, &calls) && is_refused_as_spent(visit, &reply) {
        seen.lost = 1;
    } else if !crew.was_done(&ready, &reply) {
        wrong("another process refuses");
    }
    Some(seen)
}

/// Starts a process and sends it the request; kills it when its call is held. Whether that came before an answer.
fn is_killed_at_the_call(crew: &Crew, way: &Way, ready: &Ready) -> bool {
    let process = crew.place.starts_on(ready.visit.function(), way);
    let event = ready.request.event().to_string();
    let asks = || process.function.first_poll().ok().map(|_| process.function.invoke(&event, TIMEOUT));
    let (outcome, is_held) = process.killed_when_held(way, asks);
    let is_as_meant = match outcome {
        None | Some(Outcome::Crash(_)) => is_held,
        Some(Outcome::Answer(_)) => !is_held,
        Some(Outcome::Error(_) | Outcome::Timeout) => false,
    };
    assert!(is_as_meant, "held: {is_held}");
    is_held
}

/// Whether the last of these calls may have spent what the caller has only once; if that call was not carried out, or writes
/// what comes after, an earlier one.
fn may_be_spent_by(visit: Visit, fault: Fault, calls: &[String]) -> bool {
    let is_write = |call: &String| visit.writes_by().contains(&call.as_str());
    let writes = calls.iter().filter(|call| is_write(call)).count();
    let is_last_a_write = calls.last().is_some_and(is_write);
    match fault {
        Fault::HeldAfter => visit.spends_once() && is_last_a_write,
        _ => visit.writes_after_spending() && is_last_a_write && writes > 1,
    }
}

/// `invalid_grant` (RFC 6749, section 5.2), `expired_login_hint_token` (OpenID CIBA Core 1.0, section 13), or a page that says that the
/// request was decided.
pub(super) fn is_refused_as_spent(visit: Visit, reply: &Reply) -> bool {
    let error = if visit == Visit::AskInvited { "expired_login_hint_token" } else { "invalid_grant" };
    reply.status == 400 && (visit.is_of_a_browser() || reply.member("error") == error)
}
