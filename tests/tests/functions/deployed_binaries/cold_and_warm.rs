//! A process that has just started, one that is warm, and one that has slept while its connections died answer alike.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use crate::event::Reply;
use crate::process::Process;
use crate::seen::each_visit;
use crate::walk::{Crew, Visit};
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
        let process = crew.place.starts(visit.function(), &way.endpoint);
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

fn wakes_up(dies: impl Fn(&Way) -> usize + Sync) {
    let crew = Crew::new();
    each_visit(&crew, |visit, way| {
        let process = crew.place.starts(visit.function(), &way.endpoint);
        granted(&crew, visit, &process)?;
        let ready = crew.prepares(visit);
        thread::sleep(SLEEP);
        if dies(way) == 0 {
            return Err("it had no connection open".to_owned());
        }
        let reply = process.sends(&ready.request);
        if visit.is_granted(&reply) { crew.goes_on(&ready, &reply) } else { Err(reply.outline()) }
    });
}

fn granted(crew: &Crew, visit: Visit, process: &Process) -> Result<Reply, String> {
    let ready = crew.prepares(visit);
    let reply = process.sends(&ready.request);
    if visit.is_granted(&reply) { crew.goes_on(&ready, &reply).map(|()| reply) } else { Err(reply.outline()) }
}
