use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Environment;
use super::api::{Api, Event};

/// How long a function may take from its start to its first poll: Lambda ends the initialisation then.
pub const INITIALISATION_LIMIT: Duration = Duration::from_secs(10);

/// How often a process is looked after while something is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How long an ended process's last words may take to arrive.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A function that runs, as the process that Lambda would run. It is killed when this is dropped.
///
/// It may be shared between threads: one can [`kill`](Self::kill) it while another waits for an answer.
pub struct Function {
    child: Mutex<Child>,
    process_id: u32,
    spawned: Instant,
    api: Arc<Api>,
    address: SocketAddr,
    server: Option<JoinHandle<()>>,
    /// One event at a time.
    turn: Mutex<()>,
    invocations: AtomicU64,
}

/// How an invocation ended.
#[derive(Debug)]
pub enum Outcome {
    /// The function answered.
    Answer(Answer),
    /// The function reported an error: the JSON of its `errorType` and `errorMessage`.
    Error(String),
    /// The process ended without an answer.
    Crash(ExitStatus),
    /// The deadline passed. Lambda would kill the function now; here it is left as it is, and what it still says of
    /// this event is refused.
    Timeout,
}

/// A function's answer.
pub struct Answer {
    /// The answer's JSON.
    pub body: Vec<u8>,
    /// From the moment the function got the event to the moment its answer was there.
    pub took: Duration,
}

impl fmt::Debug for Answer {
    /// Without the body, which may hold a token.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Answer").field("took", &self.took).finish_non_exhaustive()
    }
}

/// Why a function is not ready for events.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// The process ended first.
    #[error("the function ended before it asked for an event ({status}): {said}")]
    Ended {
        /// How it ended.
        status: ExitStatus,
        /// What it reported to `init/error`; empty when it reported nothing.
        said: String,
    },
    /// It asked for nothing for this long after its start.
    #[error("the function asked for no event within {0:?}")]
    Silent(Duration),
}

impl Function {
    /// Starts a function: a program named `bootstrap` on Lambda, whatever its name is here.
    ///
    /// # Errors
    /// When there is no port on loopback, or the program cannot be started.
    pub fn start(binary: &Path, environment: &Environment) -> io::Result<Self> {
        Self::start_by(Command::new(binary), binary, environment)
    }

    /// Starts a function by a command that runs it under something else, such as a profiler, in its own process.
    ///
    /// # Errors
    /// When there is no port on loopback, or the command cannot be started.
    pub fn start_by(mut command: Command, binary: &Path, environment: &Environment) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        environment.put_into(&mut command, binary, address)?;
        let api = Arc::new(Api::new(environment.invoked_function_arn()));
        let spawned = Instant::now();
        let child = command.spawn()?;
        let serving = Arc::clone(&api);
        Ok(Self {
            process_id: child.id(),
            child: Mutex::new(child),
            spawned,
            api,
            address,
            server: Some(thread::spawn(move || serving.serve(&listener))),
            turn: Mutex::default(),
            invocations: AtomicU64::new(0),
        })
    }

    /// Waits until the function asks for an event, at most for [`INITIALISATION_LIMIT`]. How long that took from its
    /// start, however often it is asked.
    ///
    /// # Errors
    /// [`NotReady`] when it ended instead, or still has not asked.
    pub fn first_poll(&self) -> Result<Duration, NotReady> {
        let mut ending = Ending::default();
        let mut state = self.api.state();
        loop {
            if let Some(first_poll) = state.first_poll {
                return Ok(first_poll.duration_since(self.spawned));
            }
            if let Some(status) = ending.of(self, state.connections) {
                let said = state.initialisation_error.as_deref().unwrap_or_default();
                return Err(NotReady::Ended { status, said: String::from_utf8_lossy(said).into_owned() });
            }
            if self.spawned.elapsed() >= INITIALISATION_LIMIT {
                return Err(NotReady::Silent(INITIALISATION_LIMIT));
            }
            state = self.api.wait(state, LOOK_EVERY);
        }
    }

    /// Hands the function an event (JSON) and waits for what becomes of it. A second call waits for the first.
    pub fn invoke(&self, event: &str, deadline: Duration) -> Outcome {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let number = self.invocations.fetch_add(1, Ordering::Relaxed);
        let id = format!("00000000-0000-4000-8000-{number:012x}");
        let mut ending = Ending::default();
        let began = Instant::now();
        let mut state = self.api.offer(Event { id, payload: event.to_owned(), limit: deadline });
        let outcome = loop {
            if let Some(report) = state.report.take() {
                break if report.succeeded {
                    Outcome::Answer(Answer { body: report.body, took: report.took })
                } else {
                    Outcome::Error(String::from_utf8_lossy(&report.body).into_owned())
                };
            }
            if let Some(status) = ending.of(self, state.connections) {
                break Outcome::Crash(status);
            }
            let left = deadline.saturating_sub(began.elapsed());
            if left.is_zero() {
                break Outcome::Timeout;
            }
            state = self.api.wait(state, LOOK_EVERY.min(left));
        };
        state.forget_event();
        outcome
    }

    /// The process's id.
    pub const fn process_id(&self) -> u32 {
        self.process_id
    }

    /// Ends the function as Lambda does, at once and without a word to it (SIGKILL), and waits until it is gone. How it
    /// ended, which may have been before and by itself.
    ///
    /// # Errors
    /// When the system will not say.
    pub fn kill(&self) -> io::Result<ExitStatus> {
        let mut child = self.child();
        child.kill()?;
        child.wait()
    }

    /// Hangs up on the function, which has nothing to wait for then and returns from its main program. On Lambda that
    /// never happens; a profiler needs it to write down what it saw. After `patience` the function is killed.
    ///
    /// # Errors
    /// When the system will not say how it ended.
    pub fn hang_up(&self, patience: Duration) -> io::Result<ExitStatus> {
        self.close_api();
        let began = Instant::now();
        while began.elapsed() < patience {
            if let Some(status) = self.child().try_wait()? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.kill()
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close_api(&self) {
        self.api.close();
        // The listener looks up when somebody connects.
        let _ = TcpStream::connect(self.address);
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.kill();
        self.close_api();
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

/// A process that was seen to have ended. What it said just before may still be on its way: nothing more comes when
/// its connections are closed.
#[derive(Default)]
struct Ending(Option<(ExitStatus, Instant)>);

impl Ending {
    fn of(&mut self, function: &Function, connections: usize) -> Option<ExitStatus> {
        if self.0.is_none() {
            let status = function.child().try_wait().ok().flatten();
            self.0 = status.map(|status| (status, Instant::now()));
        }
        let (status, seen) = self.0?;
        let least = if connections == 0 { LOOK_EVERY } else { LAST_WORDS };
        (seen.elapsed() >= least).then_some(status)
    }
}
