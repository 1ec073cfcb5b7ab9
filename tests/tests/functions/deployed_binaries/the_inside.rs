//! What goes wrong inside a function that somebody waits for is told to the log, and to nobody else.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::caller::{Caller, FUNCTIONS};
use crate::event::{Reply, Request};
use crate::place::{AGENT, ASKING, Place};
use crate::process::Process;
use crate::seen::{each_kind_of_visit, each_visit};
use crate::visit::Visit;
use crate::walk::Crew;
use crate::way::{Fault, SECRET_ROLE, Way};

/// What the log has when the SDK finds no credentials, which Lambda always sets.
const OF_AWS: &str = "it cannot be reached";

/// 500 or 503 of ours, with nothing of the inside in it.
pub(super) fn is_of_ours(place: &Place, reply: &Reply) -> bool {
    let page = reply.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    let says = match reply.status {
        500 => page || reply.member("error") == "server_error",
        503 => page || reply.member("error") == "temporarily_unavailable",
        _ => false,
    };
    let inside = [
        "127.0.0.1",
        "ynamo",
        "KMS",
        "kms",
        "panic",
        ".rs",
        "AWS_",
        "COUNTERSIGN_",
        "It works!",
        &place.table,
    ];
    // The issuer itself is no secret, whatever its address.
    let body = reply.body.replace(&place.issuer, "");
    says && !inside.iter().any(|word| body.contains(word))
}

/// Whoever makes another function says who calls it, and makes a visit of it.
#[test]
fn every_function_of_the_product_has_a_caller_and_is_visited_if_a_gateway_calls_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions");
    let names = fs::read_dir(folder).expect("the functions").map(|entry| entry.expect("one").file_name());
    let names: BTreeSet<_> = names.map(|name| name.into_string().expect("a name")).collect();
    assert_eq!(names, FUNCTIONS.map(|(name, _)| name.to_owned()).into());
    let visited: BTreeSet<_> = Visit::ALL.iter().map(|visit| visit.function()).collect();
    assert_eq!(visited, Caller::Gateway.functions().collect());
}

#[test]
fn what_is_no_event_is_answered_with_500_and_told_to_the_log() {
    let place = Place::shared();
    let mut broken_body = Request::post("/token", &[("grant_type", "client_credentials")]).event();
    broken_body["body"] = "not base64!".into();
    let broken_body = broken_body.to_string();
    for function in Caller::Gateway.functions() {
        let process = place.starts(function);
        let no_events = ["{}", "[]", "null", "\"text\"", r#"{"Records": []}"#, r#"{"httpMethod": "GET"}"#];
        for event in no_events.into_iter().chain([broken_body.as_str()]) {
            let reply = process.takes(event);
            let is_as_meant = reply.status == 500 && is_of_ours(place, &reply);
            assert!(is_as_meant, "{function}: {event}: {}", reply.outline());
        }
        let lines = process.log().matches("not an event of the gateway").count();
        assert_eq!(lines, no_events.len() + 1, "{function}: {}", process.log());
    }
}

#[test]
fn a_variable_that_is_missing_is_named_in_the_log_alone() {
    let place = Place::shared();
    let of_all = ["COUNTERSIGN_TABLE", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    for function in Caller::Gateway.functions() {
        for name in of_all.iter().chain(own_variables_of(function)) {
            let (program, environment) =
                (place.program(function), place.environment(function, &place.endpoint));
            let process = Process::start_without(name, &program, environment, place.log(function));
            process.function.first_poll().expect("it starts");
            let reply = process.sends(&a_request_to(function));
            assert!(
                is_of_ours(place, &reply),
                "{function} without {name}: {} {}",
                reply.outline(),
                reply.body
            );
            let said =
                if name.starts_with("AWS_ACCESS") || name.starts_with("AWS_SECRET") { OF_AWS } else { name };
            assert!(process.log().contains(said), "{function} without {name}: {}", process.log());
        }
    }
}

#[test]
fn an_answer_of_the_endpoint_that_is_none_is_told_to_the_log_alone() {
    let crew = Crew::new();
    each_kind_of_visit(&crew, |visit, way| {
        for from in 0.. {
            if !meets_gibberish_from(&crew, visit, way, from)? {
                break;
            }
        }
        Ok(())
    });
}

/// Whether there is such a call.
fn meets_gibberish_from(crew: &Crew, visit: Visit, way: &Way, from: usize) -> Result<bool, String> {
    let ready = crew.prepares(visit);
    way.breaks(Fault::Gibberish, from, usize::MAX);
    let process = crew.place.starts_on(visit.function(), way);
    process.function.first_poll().map_err(|why| why.to_string())?;
    let reply = process.sends(&ready.request);
    if way.recovers() == 0 {
        return Ok(false);
    }
    if visit.is_granted(&reply) {
        return Ok(true);
    }
    let nobody_was_reached = visit.says_that_nobody_was_reached(&reply);
    if !nobody_was_reached && !is_of_ours(crew.place, &reply) {
        return Err(format!("from call {from}: {}", reply.outline()));
    }
    let said = if nobody_was_reached { "an error without a code" } else { "a fault of ours" };
    if !process.log().contains(said) {
        return Err(format!("from call {from}, the log: {}", process.log()));
    }
    let again = process.sends(&crew.again(&ready));
    if again.status == 503 {
        way.is_taken_for_slow();
    }
    if visit.is_granted(&again) || crew.was_done(&ready, &again) {
        Ok(true)
    } else {
        Err(format!("from call {from}, afterwards: {}", again.outline()))
    }
}

/// The role of a function was changed, or its credentials are too old: the caller hears 503 (RFC 6749, section 4.1.2.1) and
/// nothing of it, the log has which right is missing, and the same process answers when it has been put right.
#[test]
fn a_service_that_refuses_the_function_is_told_to_the_log_alone() {
    let crew = Crew::new();
    let refusals = [
        (Fault::Denied, [" is unavailable: AccessDeniedException, ", " is not allowed"]),
        (Fault::Expired, [" is unavailable: ", "ExpiredTokenException"]),
    ];
    each_visit(&crew, |visit, way| {
        // Nothing but what its start has read is needed for these.
        if matches!(visit, Visit::ReadMetadata | Visit::ReadKeys) {
            return Ok(());
        }
        for (fault, said) in refusals {
            let ready = crew.prepares(visit);
            let process = crew.place.starts_on(visit.function(), way);
            process.function.first_poll().map_err(|why| why.to_string())?;
            way.breaks(fault, 0, usize::MAX);
            let reply = process.sends(&ready.request);
            let struck = way.recovers();
            let is_as_meant = reply.status == 503 && is_of_ours(crew.place, &reply) && struck > 0;
            if !is_as_meant || reply.body.contains(SECRET_ROLE) {
                return Err(format!("{fault:?} of {struck} calls: {}", reply.outline()));
            }
            let log = process.log();
            if !said.iter().all(|words| log.contains(words)) || log.contains(SECRET_ROLE) {
                return Err(format!("{fault:?}, the log: {log}"));
            }
            let again = process.sends(&crew.again(&ready));
            if again.status == 503 {
                way.is_taken_for_slow();
            }
            if !visit.is_granted(&again) {
                return Err(format!("{fault:?}, afterwards: {}", again.outline()));
            }
        }
        Ok(())
    });
}

/// What a function needs of its environment beside what all have. Those that do without `COUNTERSIGN_DEPLOYMENT` name their metrics
/// otherwise then; which apps wake phones may be left out.
const fn own_variables_of(function: &str) -> &'static [&'static str] {
    match function.as_bytes() {
        b"account" => &["COUNTERSIGN_PEOPLE_TOPIC"],
        _ => &[],
    }
}

/// A request for which the function needs its table.
fn a_request_to(function: &str) -> Request {
    match function {
        "authorize" => Request::get("/authorize?client_id=report-agent&response_type=code"),
        "discovery" => Request::get("/.well-known/oauth-authorization-server"),
        "account" => Request::get("/account"),
        "approval" => Request::get("/approval"),
        "backchannel" => {
            let form = [("scope", "openid"), ("login_hint", "nobody"), ("binding_message", "W4SCT")];
            Place::shared().post_by(ASKING, "/bc-authorize", &form)
        }
        "sign-in" => Request::get("/sign-in"),
        "userinfo" => Request::get("/userinfo").header("authorization", "Bearer e30.e30.e30"),
        "consent" => Request::post("/consent", &[("decision", "approve")]),
        other => {
            let secret = Place::shared().secret_of(AGENT);
            Request::post(&format!("/{other}"), &[("grant_type", "client_credentials")]).by(AGENT, secret)
        }
    }
}
