//! What goes wrong inside functions that nobody waits for: Lambda hears that it failed, for its alarms; why is told to the log,
//! and to nobody else.

use lean_start::runtime_api::{Environment, Outcome};
use serde_json::json;

use crate::caller::Caller;
use crate::place::Place;
use crate::post_office::PostOffice;
use crate::process::{Process, TIMEOUT};

/// All that is said of a failure.
const FAILED: &str = "it failed; the log says why";

/// News of an authorization that nobody has.
const NOBODYS: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// An event for which a function needs all that it has.
fn an_event_of(function: &str) -> String {
    let item = json!({ "pk": { "S": format!("AUTHORIZATION#{NOBODYS}") }, "news": { "S": "approved" } });
    let news = json!({ "SequenceNumber": NOBODYS, "NewImage": item });
    let record = json!({ "eventID": NOBODYS, "eventSource": "aws:dynamodb", "dynamodb": news });
    match function {
        "notify" => json!({ "Records": [record] }).to_string(),
        _ => "{}".to_owned(),
    }
}

fn functions() -> impl Iterator<Item = &'static str> {
    Caller::Schedule.functions().chain(Caller::Stream.functions())
}

fn environment(place: &Place, post: &PostOffice, function: &str) -> Environment {
    post.in_environment(place.environment(function, &place.endpoint))
}

#[test]
fn what_is_no_event_of_its_source_fails_and_is_told_to_the_log() {
    let place = Place::shared();
    let post = PostOffice::at(&place.endpoint);
    for function in functions() {
        let process = place.starts_in(function, environment(place, &post, function));
        let no_events = ["[]", "null", "\"text\"", "17", r#"{"Records": {}}"#, r#"{"httpMethod": "GET"}"#];
        for event in no_events {
            match process.function.invoke(event, TIMEOUT) {
                Outcome::Error(said) => assert!(said.contains(FAILED), "{function}: {event}: {said}"),
                other => panic!("{function}: {event}: {other:?}"),
            }
        }
        let lines = process.log().matches("an event was not handled").count();
        assert_eq!(lines, no_events.len(), "{function}: {}", process.log());
    }
}

#[test]
fn a_variable_that_a_function_of_events_lacks_is_named_in_the_log_alone() {
    let place = Place::shared();
    let post = PostOffice::at(&place.endpoint);
    let of_all = ["COUNTERSIGN_TABLE", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    for function in functions() {
        let own: &[&str] = match function {
            "notify" => &["COUNTERSIGN_PEOPLE_TOPIC", "COUNTERSIGN_DELAY_QUEUE", "COUNTERSIGN_DEAD_LETTERS"],
            _ => &[
                "COUNTERSIGN_DATA_KEY",
                "COUNTERSIGN_DEPLOYMENT",
                "COUNTERSIGN_SIGNING_MODE",
                "COUNTERSIGN_ROTATION_DAYS",
            ],
        };
        for name in of_all.iter().chain(own) {
            lacks(place, &post, function, name);
        }
    }
}

#[track_caller]
fn lacks(place: &Place, post: &PostOffice, function: &str, name: &str) {
    let (program, environment) = (place.program(function), environment(place, post, function));
    let process = Process::start_without(name, &program, environment, place.log(function));
    process.function.first_poll().expect("it starts");
    let log = || process.log();
    match process.function.invoke(&an_event_of(function), TIMEOUT) {
        Outcome::Error(said) => {
            assert!(said.contains(FAILED) && !said.contains(name), "{function} without {name}: {said}");
        }
        // Without credentials not even the queue takes anything: the record comes again.
        Outcome::Answer(answer) => {
            let said = String::from_utf8_lossy(&answer.body).into_owned();
            let expected = json!({ "batchItemFailures": [{ "itemIdentifier": NOBODYS }] });
            assert_eq!(said, expected.to_string(), "{function} without {name}: {}", log());
        }
        other => panic!("{function} without {name}: {other:?}"),
    }
    // The SDK finds no credentials, which Lambda always sets.
    let is_of_aws = name.starts_with("AWS_ACCESS") || name.starts_with("AWS_SECRET");
    let said = if is_of_aws { "it cannot be reached" } else { name };
    assert!(log().contains(said), "{function} without {name}: {}", log());
}
