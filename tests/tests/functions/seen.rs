use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tests::tries_again;

use crate::visit::Visit;
use crate::walk::Crew;
use crate::way::Way;

/// How many requests are on their way at once.
pub(crate) const AT_ONCE: usize = 4;

/// How many of those that only wait, until their time is over.
pub(crate) const WAITING_AT_ONCE: usize = 10;

/// How many tries in a row may say nothing because the endpoint itself was slow.
const MOST_VOID: usize = 10;

/// What was seen of requests that met a fault.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) broken: usize,
    /// How many were refused at first.
    pub(crate) refused: usize,
    /// How many were refused for good.
    pub(crate) lost: usize,
    pub(crate) longest: Duration,
    pub(crate) wrong: Vec<String>,
}

impl Seen {
    pub(crate) fn adds(&mut self, one: Self) {
        self.broken += one.broken;
        self.refused += one.refused;
        self.lost += one.lost;
        self.longest = self.longest.max(one.longest);
        self.wrong.extend(one.wrong);
    }

    /// Says what was seen, and fails when something was wrong.
    #[track_caller]
    pub(crate) fn tells(self) {
        let Self { broken, refused, lost, longest, wrong } = self;
        if broken > 0 {
            eprintln!(
                "{broken} met a fault, {refused} were refused, {lost} for good; the longest took {longest:?}"
            );
        }
        assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    }
}

/// Does the work for each job on a few threads, with a way of its own.
pub(crate) fn each<T: Sync>(endpoint: &str, jobs: &[T], work: impl Fn(&T, &Way) -> Seen + Sync) -> Seen {
    on_threads(AT_ONCE, endpoint, jobs, work)
}

/// The same on so many.
pub(crate) fn on_threads<T: Sync>(
    threads: usize,
    endpoint: &str,
    jobs: &[T],
    work: impl Fn(&T, &Way) -> Seen + Sync,
) -> Seen {
    let (next, all) = (AtomicUsize::new(0), Mutex::new(Seen::default()));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let one = work(job, &Way::to(endpoint));
                    all.lock().expect("no thread has failed").adds(one);
                }
            });
        }
    });
    all.into_inner().expect("no thread has failed")
}

/// Does the work at the first call, the second, and so on, until there is no such call. What was seen while the endpoint
/// itself was slow does not count. A start is the same for all visits of a function: the first of them meets what happens
/// there.
pub(crate) fn at_each_call(visit: Visit, way: &Way, work: impl Fn(usize) -> Option<Seen>) -> Seen {
    let first = if visit.is_first_of_its_function() { 0 } else { visit.calls_of_a_start() };
    let (seen, after) = from_call(first, way, work);
    // What needs nothing but what a start has read makes no call of its own.
    assert!(after >= visit.calls_of_a_start(), "{visit:?} has {after} calls only");
    seen
}

/// The same from this call on. What was seen, and the first call that is none.
pub(crate) fn from_call(first: usize, way: &Way, work: impl Fn(usize) -> Option<Seen>) -> (Seen, usize) {
    let (mut seen, mut at) = (Seen::default(), first);
    while let Some(one) = undisturbed(way, || work(at)) {
        seen.adds(one);
        at += 1;
    }
    (seen, at)
}

/// Does the work until the endpoint was not slow meanwhile. What is as it was meant to be counts however slow it was.
fn undisturbed<T: Look>(way: &Way, work: impl Fn() -> T) -> T {
    for _ in 1..MOST_VOID {
        way.is_watched_anew();
        let seen = work();
        if !way.was_slow() {
            return seen;
        }
        tries_again();
    }
    let seen = work();
    assert!(!way.was_slow() || seen.tells_anything(), "the endpoint is too slow for these tests");
    seen
}

/// What comes of work that the endpoint may have disturbed.
trait Look {
    /// Whether it says more than that nothing was seen.
    fn tells_anything(&self) -> bool;
}

impl Look for Option<Seen> {
    fn tells_anything(&self) -> bool {
        self.is_some()
    }
}

impl Look for Result<(), String> {
    fn tells_anything(&self) -> bool {
        true
    }
}

/// Lets something happen to every visit, a few at once, each with a way of its own.
#[track_caller]
pub(crate) fn each_visit(crew: &Crew, happens: impl Fn(Visit, &Way) -> Result<(), String> + Sync) {
    each_of(crew, &Visit::ALL, happens);
}

/// The same without visits that are like another.
#[track_caller]
pub(crate) fn each_kind_of_visit(crew: &Crew, happens: impl Fn(Visit, &Way) -> Result<(), String> + Sync) {
    let kinds: Vec<_> = Visit::ALL.into_iter().filter(|visit| !visit.is_like_another()).collect();
    each_of(crew, &kinds, happens);
}

#[track_caller]
fn each_of(crew: &Crew, visits: &[Visit], happens: impl Fn(Visit, &Way) -> Result<(), String> + Sync) {
    let seen = each(&crew.place.endpoint, visits, |visit, way| {
        let wrong = undisturbed(way, || happens(*visit, way)).err();
        let wrong = wrong.map(|what| format!("{visit:?}: {what}")).into_iter().collect();
        Seen { wrong, ..Seen::default() }
    });
    seen.tells();
}
