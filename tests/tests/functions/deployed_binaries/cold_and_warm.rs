//! A process that has just started, one that is warm, and one that has slept while its connections died answer alike.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use tests::tries_again;

use crate::deployed_binaries::faults::is_told_to_come_again;
use crate::event::Reply;
use crate::place::PATIENT;
use crate::process::Process;
use crate::seen::{Seen, each, each_visit};
use crate::visit::Visit;
use crate::walk::{Crew, Ready};
use crate::way::Way;

/// Longer than a process acts on what it knows of the configuration: the first call after it finds the connection dead.
const SLEEP: Duration = Duration::from_secs(6);

/// An answer without what is of this one alone: secrets, moments, sealed fields.
#[derive(Debug, PartialEq, Eq)]
struct Shape {
    status: u16,
    headers: BTreeSet<String>,
    members: BTreeSet<String>,
    forms: Vec<usize>,
}

impl Shape {
    fn of(reply: &Reply) -> Self {
        let fields = ["interaction", "detail", "scope", "csrf", "user_name", "password", "decision"];
        Self {
            status: reply.status,
            headers: reply.headers.keys().cloned().collect(),
            members: reply.json().as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect(),
            forms: fields.map(|name| reply.fields(name).len()).into(),
        }
    }
}

#[test]
fn a_cold_and_a_warm_function_answer_alike() {
    let crew = Crew::new();
    each_visit(&crew, |visit, way| {
        let process = crew.place.starts_on(visit.function(), way);
        let (cold, warm) = (granted(&crew, visit, &process)?, granted(&crew, visit, &process)?);
        let (cold, warm) = (Shape::of(&cold), Shape::of(&warm));
        if cold == warm { Ok(()) } else { Err(format!("cold {cold:?}, warm {warm:?}")) }
    });
}

#[test]
fn a_function_that_slept_while_its_connections_were_closed_answers_its_first_request() {
    wakes_up(Way::closes_connections);
}

/// As behind a network that has forgotten them: nothing tells the function, until it waits for an answer.
#[test]
fn a_function_that_slept_while_its_connections_went_silent_answers_its_first_request() {
    wakes_up(Way::silences_connections);
}

/// Lambda rotates the credentials of a role by a new process. It goes by them from its first call on, and by nothing else: what
/// the process before had made goes on.
#[test]
fn a_process_with_new_credentials_goes_on_where_the_one_before_was() {
    let crew = Crew::new();
    let way = Way::to(&crew.place.endpoint);
    let mut answered = Vec::new();
    for rotation in ["before", "after"] {
        let (key, token) = (format!("ASIA{rotation}"), format!("session-{rotation}"));
        let environment = crew.place.environment("token", &way.endpoint).with(PATIENT.0, PATIENT.1);
        let environment = environment.with("AWS_ACCESS_KEY_ID", &key).with("AWS_SESSION_TOKEN", &token);
        let process = crew.place.starts_in("token", environment);
        granted(&crew, Visit::Refresh, &process).expect("granted");
        answered.push((key, token));
        let mut signed_by = way.signed_by();
        signed_by.sort_by_key(|signer| answered.iter().position(|known| known == signer));
        assert_eq!(signed_by, answered);
    }
}

fn wakes_up(dies: impl Fn(&Way) -> usize + Sync) {
    let crew = Crew::new();
    let asleep = Mutex::new(Vec::new());
    each_visit(&crew, |visit, _| {
        let sleeper = Sleeper::falls_asleep(&crew, visit)?;
        asleep.lock().expect("no thread has failed").push(sleeper);
        Ok(())
    });
    // All at the same time.
    thread::sleep(SLEEP);
    let asleep = asleep.into_inner().expect("no thread has failed");
    assert_eq!(asleep.len(), Visit::ALL.len());
    let seen = each(&crew.place.endpoint, &asleep, |first, _| {
        let mut outcome = first.wakes_up(&crew, &dies);
        for _ in 1..MOST_SLEEPS {
            if outcome.is_ok() {
                break;
            }
            // Once may have been the machine.
            tries_again();
            outcome = Sleeper::falls_asleep(&crew, first.ready.visit).and_then(|again| {
                thread::sleep(SLEEP);
                again.wakes_up(&crew, &dies)
            });
        }
        let wrong = outcome.err().map(|what| format!("{:?}: {what}", first.ready.visit));
        Seen { wrong: wrong.into_iter().collect(), ..Seen::default() }
    });
    seen.tells();
}

/// How often a function may be put to sleep until it wakes up as it is meant to.
const MOST_SLEEPS: usize = 3;

/// A warm function with the next request to it.
struct Sleeper {
    way: Way,
    process: Process,
    ready: Ready,
}

impl Sleeper {
    fn falls_asleep(crew: &Crew, visit: Visit) -> Result<Self, String> {
        let way = Way::to(&crew.place.endpoint);
        let process = crew.place.starts_on(visit.function(), &way);
        granted(crew, visit, &process).or_else(|_| granted(crew, visit, &process))?;
        Ok(Self { ready: crew.prepares(visit), process, way })
    }

    fn wakes_up(&self, crew: &Crew, dies: &impl Fn(&Way) -> usize) -> Result<(), String> {
        if dies(&self.way) == 0 {
            return Err("it had no connection open".to_owned());
        }
        let visit = self.ready.visit;
        let mut reply = self.process.sends(&self.ready.request);
        // SNS is asked once. After a minute no connection is used any more that lay idle; these slept for seconds.
        if visit.asks_sns() && is_told_to_come_again(visit, &reply) {
            reply = self.process.sends(&self.ready.request);
        }
        if visit.is_granted(&reply) { crew.goes_on(&self.ready, &reply) } else { Err(reply.outline()) }
    }
}

fn granted(crew: &Crew, visit: Visit, process: &Process) -> Result<Reply, String> {
    let ready = crew.prepares(visit);
    let reply = process.sends(&ready.request);
    if visit.is_granted(&reply) { crew.goes_on(&ready, &reply).map(|()| reply) } else { Err(reply.outline()) }
}
