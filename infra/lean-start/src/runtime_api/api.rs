//! The API's side of the conversation: what it knows of the one function that it serves.

use std::io::{self, BufReader};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::message::{Request, respond};

const VERSION: &str = "/2018-06-01/runtime/";

/// An event on its way to the function.
pub(super) struct Event {
    pub(super) id: String,
    pub(super) payload: String,
    /// How long the function may take.
    pub(super) limit: Duration,
}

/// What the function said of an event.
pub(super) struct Report {
    pub(super) succeeded: bool,
    pub(super) body: Vec<u8>,
    /// From the moment the event was handed over.
    pub(super) took: Duration,
}

#[derive(Default)]
pub(super) struct State {
    /// When the function asked for an event for the first time.
    pub(super) first_poll: Option<Instant>,
    /// The event that the function will get when it asks.
    pub(super) next: Option<Event>,
    /// The event that the function has, and since when.
    in_work: Option<(String, Instant)>,
    pub(super) report: Option<Report>,
    pub(super) initialisation_error: Option<Vec<u8>>,
    /// Connections of the function that are open: while there is one, something may still come.
    pub(super) connections: usize,
    closed: bool,
}

impl State {
    /// Forgets the event at hand: what is said of it from now on concerns nobody.
    pub(super) fn forget_event(&mut self) {
        self.next = None;
        self.in_work = None;
        self.report = None;
    }
}

pub(super) struct Api {
    state: Mutex<State>,
    changed: Condvar,
    invoked_function_arn: String,
}

impl Api {
    pub(super) fn new(invoked_function_arn: String) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), invoked_function_arn }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something has changed, or for this long.
    pub(super) fn wait<'a>(&self, state: MutexGuard<'a, State>, longest: Duration) -> MutexGuard<'a, State> {
        self.changed.wait_timeout(state, longest).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Offers an event to the function.
    pub(super) fn offer(&self, event: Event) -> MutexGuard<'_, State> {
        let mut state = self.state();
        state.forget_event();
        state.next = Some(event);
        self.changed.notify_all();
        state
    }

    /// Hangs up on a function that waits for an event. The listener ends with the next connection.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }

    /// Serves until it is closed.
    pub(super) fn serve(self: &Arc<Self>, listener: &TcpListener) {
        for connection in listener.incoming() {
            if self.state().closed {
                return;
            }
            let Ok(connection) = connection else { continue };
            self.state().connections += 1;
            let api = Arc::clone(self);
            thread::spawn(move || {
                // However it ends, the function is gone or broken, and whoever waits for it will see that.
                let _ = api.converse(connection);
                api.state().connections -= 1;
                api.changed.notify_all();
            });
        }
    }

    fn converse(&self, mut connection: TcpStream) -> io::Result<()> {
        connection.set_nodelay(true)?;
        let mut received = BufReader::new(connection.try_clone()?);
        while let Some(request) = Request::read(&mut received)? {
            let path = request.path.strip_prefix(VERSION).unwrap_or_default();
            match (request.method.as_str(), path.split('/').collect::<Vec<_>>().as_slice()) {
                ("GET", ["invocation", "next"]) => {
                    let Some(event) = self.next_event() else { return Ok(()) };
                    self.hand_over(&event, &mut connection)?;
                }
                ("POST", ["invocation", id, "response"]) => {
                    self.accept(id, true, request.body, &mut connection)?;
                }
                ("POST", ["invocation", id, "error"]) => {
                    self.accept(id, false, request.body, &mut connection)?;
                }
                ("POST", ["init", "error"]) => {
                    self.state().initialisation_error = Some(request.body);
                    respond(&mut connection, "202 Accepted", &[], br#"{"status":"OK"}"#)?;
                }
                _ => respond(&mut connection, "404 Not Found", &[], b"{}")?,
            }
        }
        Ok(())
    }

    /// The next event, as soon as there is one; `None` when the API is closed.
    fn next_event(&self) -> Option<Event> {
        let mut state = self.state();
        state.first_poll.get_or_insert_with(Instant::now);
        self.changed.notify_all();
        loop {
            if state.closed {
                return None;
            }
            if let Some(event) = state.next.take() {
                state.in_work = Some((event.id.clone(), Instant::now()));
                return Some(event);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn hand_over(&self, event: &Event, connection: &mut TcpStream) -> io::Result<()> {
        let deadline = (since_1970() + event.limit).as_millis().to_string();
        let trace = format!("Root=1-{:08x}-000000000000000000000000;Sampled=0", since_1970().as_secs());
        let headers = [
            ("Lambda-Runtime-Aws-Request-Id", event.id.as_str()),
            ("Lambda-Runtime-Deadline-Ms", &deadline),
            ("Lambda-Runtime-Invoked-Function-Arn", &self.invoked_function_arn),
            ("Lambda-Runtime-Trace-Id", &trace),
        ];
        respond(connection, "200 OK", &headers, event.payload.as_bytes())
    }

    /// Takes what the function says of its event; of another one it has nothing to say.
    fn accept(&self, id: &str, succeeded: bool, body: Vec<u8>, connection: &mut TcpStream) -> io::Result<()> {
        let said = Instant::now();
        let handed_over = self.state().in_work.take_if(|(in_work, _)| in_work == id);
        let Some((_, handed_over)) = handed_over else {
            let body = br#"{"errorMessage":"not the event in work","errorType":"InvalidRequestID"}"#;
            return respond(connection, "400 Bad Request", &[], body);
        };
        respond(connection, "202 Accepted", &[], br#"{"status":"OK"}"#)?;
        self.state().report = Some(Report { succeeded, body, took: said.duration_since(handed_over) });
        self.changed.notify_all();
        Ok(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this stands in for Lambda, whose deadlines are by the wall clock"
)]
fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
