//! Starts and invocations of the real programs, timed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lean_start::runtime_api::{Answer, Environment, Function, Outcome};
use serde_json::Value;

use crate::failure::Failure;
use crate::samples::{Aim, RightAnswer, Sample};
use crate::share::Share;
use crate::surroundings::Surroundings;

/// How long an invocation may take, under a profiler too.
const PATIENCE: Duration = Duration::from_mins(1);

/// Invocations before the timed ones.
const WARMING: u32 = 10;

/// A program that is measured.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) binary: PathBuf,
    pub(crate) environment: Environment,
    pub(crate) sample: Option<Sample>,
    pub(crate) aim: Option<Aim>,
}

/// An event, and the right answer to it.
pub(crate) struct Question {
    event: String,
    answer: RightAnswer,
}

/// The times of cold starts.
#[derive(Default)]
pub(crate) struct Starts {
    pub(crate) first_polls: Vec<Duration>,
    /// What the processor worked for them: without what is waited for, and whatever else the machine does.
    pub(crate) processor_times: Vec<Duration>,
    pub(crate) first_invocations: Vec<Duration>,
}

/// The times of warm invocations, in order of length, and what the process needed for them.
pub(crate) struct Warm {
    pub(crate) invocations: Vec<Duration>,
    pub(crate) peak_memory_bytes: u64,
}

/// How long a whole processor works for a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    /// From its start to its first poll.
    pub(crate) start: Duration,
    /// For its first request.
    pub(crate) first: Duration,
    /// For each that comes later.
    pub(crate) warm: Duration,
}

impl Subject {
    /// Makes the event anew: a token in it lives for five minutes.
    pub(crate) fn question(&self, around: &Surroundings) -> Result<Option<Question>, Failure> {
        let question = |sample: &Sample| Ok(Question { event: sample.event(around)?, answer: sample.answer });
        self.sample.as_ref().map(question).transpose()
    }

    /// Starts it once, and asks it once.
    pub(crate) fn start_once(&self, question: Option<&Question>, starts: &mut Starts) -> Result<(), Failure> {
        let (function, first_poll) = self.start()?;
        starts.first_polls.push(first_poll);
        starts.processor_times.push(processor_time(function.process_id())?);
        if let Some(question) = question {
            starts.first_invocations.push(self.ask(&function, question)?.took);
        }
        Ok(())
    }

    /// Asks one process over and over.
    pub(crate) fn invoke(&self, question: Option<&Question>, times: u32) -> Result<Warm, Failure> {
        let (function, _) = self.start()?;
        let mut invocations = Vec::new();
        if let Some(question) = question {
            for round in 0..WARMING + times {
                let took = self.ask(&function, question)?.took;
                if round >= WARMING {
                    invocations.push(took);
                }
            }
        }
        invocations.sort_unstable();
        Ok(Warm { invocations, peak_memory_bytes: peak_memory(function.process_id())? })
    }

    /// What a whole processor works for a process.
    pub(crate) fn work(&self, question: &Question, times: u32) -> Result<Work, Failure> {
        let (function, _) = self.start()?;
        let worked = || processor_time(function.process_id());
        let start = worked()?;
        self.ask(&function, question)?;
        let asked_once = worked()?;
        for _ in 0..times {
            self.ask(&function, question)?;
        }
        Ok(Work {
            start,
            first: asked_once.saturating_sub(start),
            warm: worked()?.saturating_sub(asked_once) / times,
        })
    }

    /// Asks one process over and over that has this share of the processor from its first poll on. The times, in order of
    /// length.
    pub(crate) fn invoke_in(
        &self,
        share: &Share,
        question: &Question,
        times: u32,
    ) -> Result<Vec<Duration>, Failure> {
        let (function, _) = self.start()?;
        share.take(function.process_id()).map_err(Failure::of(Path::new("cgroup.procs")))?;
        let took = (0..times).map(|_| Ok(self.ask(&function, question)?.took));
        let mut took = took.collect::<Result<Vec<_>, Failure>>()?;
        took.sort_unstable();
        Ok(took)
    }

    /// Asks a running function, and looks whether its answer is the right one: the time of a wrong one means nothing.
    pub(crate) fn ask(&self, function: &Function, question: &Question) -> Result<Answer, Failure> {
        let wrong = |what: String| Failure::Sample { function: self.name.to_owned(), what };
        let answer = match function.invoke(&question.event, PATIENCE) {
            Outcome::Answer(answer) => answer,
            other => return Err(wrong(format!("{other:?}"))),
        };
        let reply: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if question.answer.is(&reply) {
            return Ok(answer);
        }
        Err(wrong(format!("{reply:.300} in place of {:?}", question.answer)))
    }

    fn start(&self) -> Result<(Function, Duration), Failure> {
        let function = Function::start(&self.binary, &self.environment).map_err(Failure::of(&self.binary))?;
        let first_poll =
            function.first_poll().map_err(|why| Failure::NotReady { function: self.name.to_owned(), why })?;
        Ok((function, first_poll))
    }
}

/// The most memory that a process ever had at once, in bytes (`VmHWM`; proc(5)).
fn peak_memory(process_id: u32) -> Result<u64, Failure> {
    let path = PathBuf::from(format!("/proc/{process_id}/status"));
    let status = fs::read_to_string(&path).map_err(Failure::of(&path))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let kilobytes = line.trim().trim_end_matches("kB").trim().parse().unwrap_or(0);
    Ok(kilobytes * 1024_u64)
}

/// How long the processor has worked for a process's threads (`schedstat`; Linux, `sched-stats.rst`). Threads that have
/// ended are not counted; a function has none.
pub(crate) fn processor_time(process_id: u32) -> Result<Duration, Failure> {
    let threads = PathBuf::from(format!("/proc/{process_id}/task"));
    let mut nanoseconds = 0;
    for thread in fs::read_dir(&threads).map_err(Failure::of(&threads))?.flatten() {
        let stat = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        nanoseconds += stat.split(' ').next().and_then(|first| first.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// The value that this share of the sorted values does not exceed.
pub(crate) fn quantile(sorted: &[Duration], share: f64) -> Option<Duration> {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred values")]
    let rank = (sorted.len() as f64 * share).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the length")]
    let place = (rank as usize).saturating_sub(1);
    sorted.get(place).copied()
}

/// The middle value.
pub(crate) fn median(values: &[Duration]) -> Option<Duration> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    quantile(&sorted, 0.5)
}

/// A folder for the profiler's files, deleted at the end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn make() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("countersign-lean-start-{}", std::process::id()));
        fs::create_dir(&path).map_err(Failure::of(&path))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let values: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(quantile(&values, 0.5), Some(Duration::from_millis(100)));
        assert_eq!(quantile(&values, 0.99), Some(Duration::from_millis(198)));
        assert_eq!(quantile(&values[..1], 0.99), Some(Duration::from_millis(1)));
        assert_eq!(quantile(&[], 0.5), None);
        let unsorted = [3, 1, 2].map(Duration::from_millis);
        assert_eq!(median(&unsorted), Some(Duration::from_millis(2)));
    }

    #[test]
    fn a_process_has_had_some_memory() {
        assert!(peak_memory(std::process::id()).expect("readable") > 100_000);
    }

    #[test]
    fn work_takes_processor_time() {
        let spent = || processor_time(std::process::id()).expect("readable");
        let before = spent();
        assert!(before > Duration::ZERO);
        let began = std::time::Instant::now();
        while spent() < before + Duration::from_millis(20) {
            assert!(began.elapsed() < Duration::from_secs(20), "work is not seen");
        }
    }
}
