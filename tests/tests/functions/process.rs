use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use lean_start::runtime_api::{Environment, Function, Outcome};

use crate::event::{Reply, Request};
use crate::way::Way;

/// A function's process.
pub(crate) struct Process {
    pub(crate) function: Function,
    log: PathBuf,
}

/// What the template gives a function in seconds (`Globals`, `Timeout`).
pub(crate) const TIMEOUT: Duration = Duration::from_secs(8);

impl Process {
    /// Starts a program. It may not be ready when this returns.
    pub(crate) fn start(binary: &Path, environment: Environment, log: PathBuf) -> Self {
        let environment = environment.logging_to(&log);
        let function = Function::start(binary, &environment).expect("the function starts");
        Self { function, log }
    }

    /// Has the process asked, and kills it when its call is held: what was heard, and whether it was killed.
    pub(crate) fn killed_when_held<T: Send>(&self, way: &Way, asks: impl FnOnce() -> T + Send) -> (T, bool) {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let asked = scope.spawn(|| {
                let heard = asks();
                over.store(true, Ordering::Release);
                heard
            });
            let is_held = way.holds_a_call(|| over.load(Ordering::Acquire));
            if is_held {
                self.function.kill().expect("killed");
            }
            (asked.join().expect("no panic"), is_held)
        })
    }

    /// Starts a program under another, which runs what is not for this machine; by itself if there is none.
    pub(crate) fn start_under(
        emulator: &[&str],
        binary: &Path,
        environment: Environment,
        log: PathBuf,
    ) -> Self {
        let [runner, words @ ..] = emulator else { return Self::start(binary, environment, log) };
        let mut command = Command::new(runner);
        command.args(words).arg(binary);
        let environment = environment.logging_to(&log);
        let function = Function::start_by(command, binary, &environment).expect("the function starts");
        Self { function, log }
    }

    /// Starts a program that lacks a variable of its environment.
    pub(crate) fn start_without(name: &str, binary: &Path, environment: Environment, log: PathBuf) -> Self {
        let mut command = Command::new("/usr/bin/env");
        command.args(["-u", name]).arg(binary);
        let environment = environment.logging_to(&log);
        let function = Function::start_by(command, binary, &environment).expect("the function starts");
        Self { function, log }
    }

    /// Sends a request, which must be answered before Lambda would end the function.
    #[track_caller]
    pub(crate) fn sends(&self, request: &Request) -> Reply {
        self.takes(&request.event().to_string())
    }

    /// Hands over an event, which must be answered.
    #[track_caller]
    pub(crate) fn takes(&self, event: &str) -> Reply {
        match self.function.invoke(event, TIMEOUT) {
            Outcome::Answer(answer) => Reply::read(&answer.body, answer.took),
            other => panic!("no answer but {other:?}; the log: {}", self.log()),
        }
    }

    /// What it has written to its outputs.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}
