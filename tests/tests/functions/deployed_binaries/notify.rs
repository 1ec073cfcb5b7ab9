//! Whatever happens to `notify`, at whichever call: what there is to tell is told, or lies in the queue from which it comes
//! again, or Lambda is told to bring the record again. Nobody waits for its answer.
//!
//! It may be told twice: a message of which SNS has heard, and whose answer was lost, cannot be called back.

use std::time::Duration;

use lean_start::runtime_api::Outcome;
use serde_json::{Value, json};

use crate::approvals::id_of;
use crate::place::{ASKING, CALLED_BACK, PATIENT, RECEIVING};
use crate::post_office::{PostOffice, of_stream};
use crate::process::Process;
use crate::seen::{AT_ONCE, Seen, WAITING_AT_ONCE, from_call, on_threads};
use crate::walk::{Crew, Ready};
use crate::way::{Fault, SECRET_ROLE, Way};

/// What the template gives it (`NotifyFunction`, `Timeout`).
const TIMEOUT: Duration = Duration::from_secs(30);

const FAULTS: [Fault; 8] = [
    Fault::Throttled,
    Fault::Broken,
    Fault::Denied,
    Fault::Expired,
    Fault::CutBefore,
    Fault::CutAfter,
    Fault::Torn,
    Fault::Gibberish,
];

/// Something of which it hears, one for each way that it goes to AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    /// A request of an agent that polls: the person is to be told.
    Requested,
    /// One of an agent that is called back: its expiry, too, has to be told of in time.
    RequestedByCalledBack,
    /// The person has said yes, and the agent is to be called back, where nobody listens.
    Approved,
    /// The person has said yes, and the tokens are to be made and brought to the agent, where nobody listens.
    ApprovedForReceiving,
    /// A message that was put off comes again from the queue.
    Again,
}

const NEWS: [News; 5] =
    [News::Requested, News::RequestedByCalledBack, News::Approved, News::ApprovedForReceiving, News::Again];

/// A record that is about to be brought, and what it is about. Its person has nothing else to do meanwhile.
struct Brought<'c> {
    crew: &'c Crew,
    news: News,
    ready: Ready,
    record: Value,
    authorization: String,
    /// Of the person's one device.
    number: String,
}

impl Drop for Brought<'_> {
    fn drop(&mut self) {
        let person = self.ready.person().clone().with(Some(self.ready.browser.clone()));
        self.crew.people.are_joined_by(person);
    }
}

impl News {
    /// Comes to the point where its record is ready to be brought.
    fn prepared(self, crew: &Crew) -> Brought<'_> {
        let ready = match self {
            Self::Requested | Self::Again => crew.is_asked_by(ASKING, false),
            Self::RequestedByCalledBack => crew.is_asked_by(CALLED_BACK, false),
            Self::Approved => crew.is_asked_by(CALLED_BACK, true),
            Self::ApprovedForReceiving => crew.is_asked_by(RECEIVING, true),
        };
        let number = crew.place.is_reached_by_text(ready.person().user_name());
        let authorization = id_of(&ready.token).to_owned();
        let record = match self {
            Self::Requested | Self::RequestedByCalledBack => of_stream(&authorization, "requested"),
            Self::Approved | Self::ApprovedForReceiving => of_stream(&authorization, "approved"),
            Self::Again => of_queue(&json!({
                "kind": "ask", "authorization": authorization, "tries": 1, "until": 4_000_000_000_u32,
            })),
        };
        Brought { crew, news: self, ready, record, authorization, number }
    }

    /// Whether it is about a person who is to be told.
    const fn is_of_a_person(self) -> bool {
        matches!(self, Self::Requested | Self::RequestedByCalledBack | Self::Again)
    }

    /// What is put off though nothing goes wrong.
    const fn waits_as(self) -> Option<&'static str> {
        match self {
            Self::RequestedByCalledBack => Some("expire"),
            Self::Approved | Self::ApprovedForReceiving => Some("tell"),
            Self::Requested | Self::Again => None,
        }
    }
}

/// One of the queue ("Using Lambda with Amazon SQS").
fn of_queue(errand: &Value) -> Value {
    let id = errand["authorization"].clone();
    json!({ "messageId": id, "eventSource": "aws:sqs", "body": errand.to_string() })
}

/// The function's process, with what it needs.
struct Messenger<'p> {
    crew: &'p Crew,
    post: &'p PostOffice,
    process: Process,
}

impl<'p> Messenger<'p> {
    fn starts(crew: &'p Crew, post: &'p PostOffice, way: &Way) -> Self {
        let environment = post.in_environment(crew.place.environment("notify", &way.endpoint));
        Self { crew, post, process: crew.place.starts_in("notify", environment) }
    }

    /// One whose calls may take as long as they take on a busy machine.
    fn starts_patiently(crew: &'p Crew, post: &'p PostOffice, way: &Way) -> Self {
        let environment = post.in_environment(crew.place.environment("notify", &way.endpoint));
        Self { crew, post, process: crew.place.starts_in("notify", environment.with(PATIENT.0, PATIENT.1)) }
    }

    /// Brings it records: which of them have to come again, or that all have to.
    fn is_brought(&self, records: &[&Value]) -> Result<Vec<String>, Outcome> {
        match self.process.function.invoke(&json!({ "Records": records }).to_string(), TIMEOUT) {
            Outcome::Answer(answer) => {
                let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
                let failed = answer["batchItemFailures"].as_array().expect("failures").iter();
                Ok(failed.map(|one| one["itemIdentifier"].as_str().expect("a position").to_owned()).collect())
            }
            other => Err(other),
        }
    }

    /// That nothing of it is lost: it was told, or lies in the queue.
    fn is_told_or_put_off(&self, brought: &Brought<'_>) -> Result<(), String> {
        let waits: Vec<Value> = self.post.put_off(&brought.authorization);
        let waits_as = |kind: &str| waits.iter().any(|errand| errand["kind"] == kind);
        if brought.news.is_of_a_person() && self.post.texts_to(&brought.number) == 0 && !waits_as("ask") {
            return Err(format!("nobody was told, and {waits:?} is put off"));
        }
        match brought.news.waits_as() {
            Some(kind) if !waits_as(kind) => Err(format!("{kind} is not put off, only {waits:?}")),
            _ => Ok(()),
        }
    }

    /// That the person is told when what was put off comes again, or that tokens were made once and lie ready.
    fn is_told_in_the_end(&self, brought: &Brought<'_>) -> Result<(), String> {
        let tokens = || self.crew.place.tokens_ready_for(&brought.authorization);
        let before = tokens();
        for errand in self.post.put_off(&brought.authorization) {
            let is_told = brought.news.is_of_a_person() && self.post.texts_to(&brought.number) > 0;
            if is_told || errand["kind"] == "expire" {
                continue;
            }
            let again = self.is_brought(&[&of_queue(&errand)]);
            if !matches!(&again, Ok(failed) if failed.is_empty()) {
                return Err(format!("what was put off comes again in vain: {again:?}"));
            }
        }
        let texts = self.post.texts_to(&brought.number);
        if brought.news.is_of_a_person() != (texts > 0) {
            return Err(format!("{texts} messages"));
        }
        let after = tokens();
        match brought.news {
            News::ApprovedForReceiving if after.is_none() => Err("no tokens were made".to_owned()),
            News::ApprovedForReceiving if before.is_some() && before != after => {
                Err("tokens were made twice".to_owned())
            }
            _ => Ok(()),
        }
    }
}

#[test]
fn whichever_call_of_notify_breaks_what_there_is_to_tell_is_told_or_comes_again() {
    let crew = Crew::new();
    let jobs = |faults: &[Fault], times: usize| -> Vec<(News, Fault, usize)> {
        NEWS.iter().flat_map(|news| faults.iter().map(move |fault| (*news, *fault, times))).collect()
    };
    let quick = [jobs(&FAULTS, usize::MAX), jobs(&FAULTS, 1)].concat();
    let mut seen = breaks_each_call(&crew, AT_ONCE, &quick);
    seen.adds(breaks_each_call(&crew, WAITING_AT_ONCE, &jobs(&[Fault::Late], usize::MAX)));
    assert!(seen.broken > 100, "{} met a fault only", seen.broken);
    seen.tells();
}

#[test]
fn a_messenger_killed_between_any_two_calls_loses_nothing() {
    let crew = Crew::new();
    let kills = [Fault::HeldBefore, Fault::HeldAfter];
    let jobs: Vec<_> =
        NEWS.iter().flat_map(|news| kills.iter().map(move |fault| (*news, *fault, 1))).collect();
    let seen = breaks_each_call(&crew, AT_ONCE, &jobs);
    assert!(seen.broken > 40, "{} were killed only", seen.broken);
    seen.tells();
}

/// Brings each record as often as there are calls; each time another one is the first to break. Nothing is given up. Each job has
/// queues of its own: to look into one is to be sent all that lies there.
fn breaks_each_call(crew: &Crew, threads: usize, jobs: &[(News, Fault, usize)]) -> Seen {
    on_threads(threads, &crew.place.endpoint, jobs, |(news, fault, times), way| {
        let post = PostOffice::at(&crew.place.endpoint);
        let (mut seen, calls) =
            from_call(0, way, |at| breaks_at(crew, &post, way, *news, *fault, (at, *times)));
        assert!(calls >= 5, "{news:?}, {fault:?}: {calls} calls only");
        let given_up = post.dead_letters();
        if !given_up.is_empty() {
            seen.wrong.push(format!("{news:?}, {fault:?}: given up: {given_up:?}"));
        }
        seen
    })
}

/// Brings the record while calls break from this one on, if there are so many; and once more where Lambda would.
fn breaks_at(
    crew: &Crew,
    post: &PostOffice,
    way: &Way,
    news: News,
    fault: Fault,
    (at, times): (usize, usize),
) -> Option<Seen> {
    let brought = news.prepared(crew);
    way.breaks(fault, at, times);
    let messenger = Messenger::starts(crew, post, way);
    let heard = if matches!(fault, Fault::HeldBefore | Fault::HeldAfter) {
        let asks = || messenger.is_brought(&[&brought.record]);
        let (heard, was_killed) = messenger.process.killed_when_held(way, asks);
        if was_killed { None } else { Some(heard) }
    } else {
        Some(messenger.is_brought(&[&brought.record]))
    };
    let calls = way.calls();
    if way.recovers() == 0 {
        return None;
    }
    let mut seen = Seen { broken: 1, ..Seen::default() };
    let mut wrong = |what: &str| {
        let calls = calls.join(" ");
        seen.wrong.push(format!("{news:?}, {fault:?} from call {at}, {times} times ({calls}): {what}"));
    };
    let comes_again = match &heard {
        None => true,
        Some(Ok(failed)) if failed.is_empty() => false,
        Some(Ok(failed)) if *failed == [brought.authorization.as_str()] => true,
        Some(other) => {
            wrong(&format!("that is no answer: {other:?}"));
            true
        }
    };
    // Lambda starts another process where one was killed, and brings it the same record.
    let next = if heard.is_none() { Messenger::starts(crew, post, way) } else { messenger };
    if comes_again {
        is_brought_again(&next, &brought).unwrap_or_else(|what| {
            way.is_taken_for_slow();
            wrong(&what);
        });
    }
    let told = next.is_told_or_put_off(&brought).and_then(|()| next.is_told_in_the_end(&brought));
    told.unwrap_or_else(|what| {
        // Nothing is broken any more: it may have been the machine.
        way.is_taken_for_slow();
        wrong(&what);
    });
    seen.refused = usize::from(comes_again);
    Some(seen)
}

fn is_brought_again(messenger: &Messenger<'_>, brought: &Brought<'_>) -> Result<(), String> {
    match messenger.is_brought(&[&brought.record]) {
        Ok(failed) if failed.is_empty() => Ok(()),
        other => Err(format!("nothing is broken any more, and: {other:?}")),
    }
}

/// Where not even the queue takes anything, each record is named that has to come again, and no other: one that cannot be read is
/// laid down for somebody to look at, and holds up nobody.
#[test]
fn a_batch_that_nobody_takes_comes_again_record_by_record() {
    let crew = Crew::new();
    let post = PostOffice::at(&crew.place.endpoint);
    let way = Way::to(&crew.place.endpoint);
    let messenger = Messenger::starts_patiently(&crew, &post, &way);
    let batch = [News::Requested, News::RequestedByCalledBack, News::Again].map(|news| news.prepared(&crew));
    let poisoned = of_stream("nothing-of-ours", "requested");
    let records: Vec<&Value> = batch.iter().map(|brought| &brought.record).chain([&poisoned]).collect();

    way.breaks(Fault::Denied, 0, usize::MAX);
    let mut named = messenger.is_brought(&records).expect("an answer");
    assert!(way.recovers() > 0);
    let mut expected: Vec<_> = batch.iter().map(|brought| brought.authorization.clone()).collect();
    expected.push("nothing-of-ours".to_owned());
    named.sort();
    expected.sort();
    assert_eq!(named, expected);

    assert_eq!(messenger.is_brought(&records).expect("an answer"), [""; 0]);
    for brought in &batch {
        messenger.is_told_or_put_off(brought).expect("told");
        assert_eq!(post.texts_to(&brought.number), 1, "{:?}", brought.news);
    }
    assert_eq!(post.dead_letters().len(), 1, "the one that cannot be read: {:?}", post.dead_letters());
}

/// Nobody hears of it: what is missing is told to the log, and what there was to tell waits until somebody has put it right.
#[test]
fn notify_that_lacks_one_right_puts_off_what_it_cannot_do_and_says_so_to_the_log() {
    let crew = Crew::new();
    let post = PostOffice::at(&crew.place.endpoint);
    let way = Way::to(&crew.place.endpoint);
    let mut taken = std::collections::BTreeSet::new();
    for news in NEWS {
        way.counts_anew();
        let brought = news.prepared(&crew);
        let messenger = Messenger::starts_patiently(&crew, &post, &way);
        assert_eq!(messenger.is_brought(&[&brought.record]).expect("an answer"), [""; 0], "{news:?}");
        let mut operations = way.calls();
        operations.sort();
        operations.dedup();
        for operation in &operations {
            lacks(&crew, &post, &way, news, operation);
        }
        taken.extend(operations);
    }
    assert!(taken.iter().eq(OPERATIONS), "{taken:?}");
}

/// All that it calls.
const OPERATIONS: [&str; 8] =
    ["BatchGetItem", "Decrypt", "GetItem", "Publish", "PutItem", "Query", "SendMessage", "Sign"];

#[track_caller]
fn lacks(crew: &Crew, post: &PostOffice, way: &Way, news: News, operation: &str) {
    let brought = news.prepared(crew);
    way.denies(operation);
    let messenger = Messenger::starts_patiently(crew, post, way);
    let named = messenger.is_brought(&[&brought.record]).expect("an answer");
    assert!(way.recovers() > 0, "{news:?}: {operation} is not called");
    let log = messenger.process.log();
    let code = if operation == "Publish" { "AuthorizationError" } else { "AccessDeniedException" };
    assert!(log.contains(code) && !log.contains(SECRET_ROLE), "{news:?} without {operation}: {log}");
    if operation == "SendMessage" {
        assert_eq!(named, [brought.authorization.as_str()], "{news:?} without {operation}");
        is_brought_again(&messenger, &brought).expect("it has its rights");
    } else {
        assert_eq!(named, [""; 0], "{news:?} without {operation}");
        assert!(!post.put_off(&brought.authorization).is_empty(), "{news:?} without {operation}");
    }
    messenger.is_told_in_the_end(&brought).unwrap_or_else(|what| panic!("{news:?}, {operation}: {what}"));
}

#[test]
fn a_messenger_that_slept_while_its_connections_died_does_its_next_errand() {
    let crew = Crew::new();
    let post = PostOffice::at(&crew.place.endpoint);
    for dies in [Way::closes_connections, Way::silences_connections] {
        let way = Way::to(&crew.place.endpoint);
        let messenger = Messenger::starts(&crew, &post, &way);
        let does_an_errand = |when: &str| {
            let brought = News::Requested.prepared(&crew);
            assert_eq!(messenger.is_brought(&[&brought.record]).expect("an answer"), [""; 0], "{when}");
            messenger.is_told_in_the_end(&brought).unwrap_or_else(|what| panic!("{when}: {what}"));
        };
        does_an_errand("cold");
        does_an_errand("warm");
        assert!(dies(&way) > 0, "it had no connection open");
        does_an_errand("afterwards");
    }
}
