//! What Lambda's Runtime API promises, seen by functions that keep to it and by one that does not
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use lean_start::runtime_api::{Environment, Function, NotReady, Outcome};

const LONG: Duration = Duration::from_secs(20);

/// The folder where cargo puts what it builds.
fn built() -> PathBuf {
    let test = std::env::current_exe().expect("this program has a path");
    test.parent().and_then(Path::parent).expect("it lies in a folder `deps`").to_owned()
}

fn unruly_in(environment: &Environment) -> Function {
    Function::start(&built().join("examples/unruly"), environment).expect("started")
}

/// A function that does what its events say.
fn unruly() -> Function {
    unruly_in(&Environment::of_function("unruly"))
}

/// The text of an answer.
fn answer(function: &Function, event: &str) -> String {
    match function.invoke(event, LONG) {
        Outcome::Answer(answer) => String::from_utf8(answer.body).expect("text"),
        other => panic!("{event} was answered by {other:?}"),
    }
}

/// Whether a process of this id is running; one that has ended and was not waited for is not.
fn is_running(process_id: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process_id}/stat")).unwrap_or_default();
    status.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

#[test]
fn a_bare_function_answers_events_one_after_another() {
    let named = std::env::var_os("COUNTERSIGN_BIN").map(|folder| PathBuf::from(folder).join("bare"));
    let binary = named.filter(|path| path.is_file()).unwrap_or_else(|| built().join("bare"));
    assert!(binary.is_file(), "{} is not built: `cargo build --workspace --all-targets`", binary.display());
    let function = Function::start(&binary, &Environment::of_function("bare")).expect("started");
    let started = function.first_poll().expect("it asks for an event");
    assert!(started < LONG && started == function.first_poll().expect("as before"));
    let event = r#"{"resource":"/","path":"/","httpMethod":"GET","headers":{},"multiValueHeaders":{},
        "queryStringParameters":null,"multiValueQueryStringParameters":null,"pathParameters":null,"stageVariables":null,
        "requestContext":{"accountId":"0","resourceId":"0","stage":"prod","requestId":"0","identity":{},
        "resourcePath":"/","httpMethod":"GET","apiId":"0"},"body":null,"isBase64Encoded":false}"#;
    for _ in 0..3 {
        let answer = answer(&function, event);
        assert!(answer.contains(r#""statusCode":200"#) && answer.contains(r#""body":"bare""#), "{answer}");
    }
}

#[test]
fn a_function_finds_in_its_environment_what_lambda_sets_and_what_is_added_alone() {
    let environment =
        Environment::of_function("unruly").with("COUNTERSIGN_TABLE", "a-table").with("TZ", ":CET");
    let found = answer(&unruly_in(&environment), r#""environment""#);
    for expected in [
        "\"AWS_LAMBDA_FUNCTION_NAME=unruly\"",
        "\"AWS_LAMBDA_RUNTIME_API=127.0.0.1:",
        "\"COUNTERSIGN_TABLE=a-table\"",
        "\"TZ=:CET\"",
        "\"LAMBDA_TASK_ROOT=",
    ] {
        assert!(found.contains(expected), "{expected} in {found}");
    }
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "this process has it");
    assert!(!found.contains("CARGO"), "{found}");
}

#[test]
fn every_event_comes_with_the_headers_of_the_runtime_api() {
    let function = unruly();
    let first = answer(&function, r#""headers""#);
    for name in ["Aws-Request-Id", "Deadline-Ms", "Invoked-Function-Arn", "Trace-Id"] {
        assert!(first.contains(&format!("Lambda-Runtime-{name}: ")), "{name} in {first}");
    }
    assert!(first.contains("arn:aws:lambda:us-east-1:000000000000:function:unruly"), "{first}");
    assert_ne!(first, answer(&function, r#""headers""#), "each event has an id of its own");
}

#[test]
fn an_error_is_told_and_the_function_lives_on() {
    let function = unruly();
    match function.invoke(r#""error""#, LONG) {
        Outcome::Error(said) => assert!(said.contains("as asked"), "{said}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(answer(&function, r#""answer""#), r#""answered""#);
}

#[test]
fn a_crash_is_noticed_at_once_and_says_how_it_ended() {
    for (event, expected) in [(r#""exit""#, "exit status: 6"), (r#""abort""#, "signal: 6")] {
        let function = unruly();
        function.first_poll().expect("it asks for an event");
        let began = Instant::now();
        match function.invoke(event, LONG) {
            Outcome::Crash(status) => assert!(status.to_string().starts_with(expected), "{event}: {status}"),
            other => panic!("{event}: {other:?}"),
        }
        assert!(began.elapsed() < LONG / 2);
        assert!(matches!(function.invoke(r#""answer""#, LONG), Outcome::Crash(_)), "it stays dead");
    }
}

#[test]
fn an_answer_given_just_before_the_end_counts() {
    for _ in 0..20 {
        assert_eq!(answer(&unruly(), r#""answer and exit""#), r#""answered""#);
    }
}

#[test]
fn a_late_answer_is_not_taken_for_the_next_events() {
    let function = unruly();
    function.first_poll().expect("it asks for an event");
    assert!(matches!(function.invoke(r#""late""#, Duration::from_millis(50)), Outcome::Timeout));
    assert_eq!(answer(&function, r#""answer""#), r#""answered""#);
    assert!(answer(&function, r#""another's answer""#).contains("400"), "it is refused");
}

#[test]
fn an_event_that_was_never_fetched_is_gone_after_its_deadline() {
    let function = unruly();
    function.first_poll().expect("it asks for an event");
    assert!(matches!(function.invoke(r#""late""#, Duration::from_millis(50)), Outcome::Timeout));
    assert!(matches!(function.invoke(r#""exit""#, Duration::from_millis(50)), Outcome::Timeout));
    thread::sleep(Duration::from_millis(500));
    assert_eq!(answer(&function, r#""answer""#), r#""answered""#, "it asked again, and got no old event");
}

#[test]
fn it_can_be_killed_in_the_middle_of_an_event() {
    let function = unruly();
    function.first_poll().expect("it asks for an event");
    thread::scope(|scope| {
        let outcome = scope.spawn(|| function.invoke(r#""hang""#, LONG));
        thread::sleep(Duration::from_millis(50));
        assert!(is_running(function.process_id()));
        let status = function.kill().expect("known");
        assert!(status.to_string().starts_with("signal: 9"), "{status}");
        assert!(matches!(outcome.join().expect("no panic"), Outcome::Crash(_)));
    });
    assert!(!is_running(function.process_id()));
}

#[test]
fn it_does_not_outlive_its_owner() {
    // Not even one that would not notice that its API is gone.
    let function = unruly_in(&Environment::of_function("unruly").with("UNRULY_START", "hang"));
    let process_id = function.process_id();
    assert!(is_running(process_id));
    drop(function);
    assert!(!is_running(process_id));
}

#[test]
fn a_function_that_is_hung_up_on_ends_by_itself() {
    let function = unruly();
    function.first_poll().expect("it asks for an event");
    assert_eq!(function.hang_up(LONG).expect("known").code(), Some(1), "its main program returned an error");
}

#[test]
fn a_failed_start_says_why() {
    let start = |how| unruly_in(&Environment::of_function("unruly").with("UNRULY_START", how)).first_poll();
    match start("error") {
        Err(NotReady::Ended { status, said }) => {
            assert_eq!(status.code(), Some(3));
            assert!(said.contains("no start"), "{said}");
        }
        other => panic!("{other:?}"),
    }
    let silent = start("exit").expect_err("it ended");
    assert!(
        matches!(&silent, NotReady::Ended { status, said } if status.code() == Some(4) && said.is_empty())
    );
    let missing = Function::start(Path::new("/nowhere/bootstrap"), &Environment::of_function("none"));
    assert!(missing.is_err());
}

#[test]
fn what_a_function_writes_is_appended_to_its_log() {
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join("unruly.log");
    let _ = std::fs::remove_file(&log);
    for _ in 0..2 {
        let function = unruly_in(&Environment::of_function("unruly").logging_to(&log));
        function.first_poll().expect("it asks for an event");
    }
    let written = std::fs::read_to_string(&log).expect("a log");
    assert_eq!(written, "the function has started\n".repeat(2));
}
