use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use reqwest::blocking::Client;

/// The way from a function to DynamoDB, KMS, SNS and SQS: a proxy on loopback that counts the calls of AWS that pass, and breaks
/// them beneath the SDK.
pub(crate) struct Way {
    /// Its address, for `AWS_ENDPOINT_URL`.
    pub(crate) endpoint: String,
    shared: Arc<Shared>,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It takes so long that nobody waits for it, and reaches the endpoint when the fault has ended.
    Late,
    /// The reply takes its time, which the SDK waits for.
    Sluggish,
    /// The reply takes so long that a request of a few calls would outlast its time.
    Slow,
    /// Too much is asked of the service: each has a word of its own for it.
    Throttled,
    /// An error 500.
    Broken,
    /// The function's role lacks the right.
    Denied,
    /// The function's credentials are too old.
    Expired,
    /// The connection closes and the endpoint never hears of it.
    CutBefore,
    /// The endpoint has carried it out, and the connection closes.
    CutAfter,
    /// The endpoint has carried it out, and the connection closes in the middle of the reply.
    Torn,
    /// It stops before the endpoint hears of it, until the test goes on.
    HeldBefore,
    /// The endpoint has carried it out, and the reply stops until the test goes on.
    HeldAfter,
    /// An answer that is none.
    Gibberish,
}

/// What stands in a refusal beside the right, and is nobody's business.
pub(crate) const SECRET_ROLE: &str = "a-role-of-this-deployment";

/// How long an arranged stop may take to come.
const PATIENCE: Duration = Duration::from_secs(20);

const SLUGGISH: Duration = Duration::from_millis(150);
const SLOW: Duration = Duration::from_millis(350);

struct Shared {
    endpoint: String,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    calls: Vec<String>,
    /// Who signed the calls: the access key's id, and the token of its session.
    signed_by: BTreeSet<(String, String)>,
    fault: Option<Arranged>,
    struck: usize,
    /// The longest that the endpoint itself took.
    slowest: Duration,
    /// Calls that are let through when the fault ends, in the order in which they came.
    late: Vec<Call>,
    is_held: bool,
    is_closed: bool,
    /// Connections by number; those below `silent_below` say nothing any more.
    connections: BTreeMap<u64, TcpStream>,
    opened: u64,
    silent_below: u64,
}

struct Arranged {
    fault: Fault,
    from: usize,
    times: usize,
    /// The only operation that it happens to, if not to any.
    operation: Option<String>,
}

/// A call as it came.
#[derive(Clone)]
struct Call {
    service: Service,
    operation: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Way {
    /// A way to an endpoint on which nothing goes wrong yet.
    pub(crate) fn to(endpoint: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            endpoint: endpoint.to_owned(),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || serving.serve(&listener));
        Self { endpoint: format!("http://{address}"), shared }
    }

    /// Lets something go wrong with `times` calls, after this many that go well.
    pub(crate) fn breaks(&self, fault: Fault, from: usize, times: usize) {
        self.arranges(Some(Arranged { fault, from, times, operation: None }));
    }

    /// Lets the function's role lack the right to one operation.
    pub(crate) fn denies(&self, operation: &str) {
        let operation = Some(operation.to_owned());
        self.arranges(Some(Arranged { fault: Fault::Denied, from: 0, times: usize::MAX, operation }));
    }

    /// Lets everything go well, and counts the calls from now on.
    pub(crate) fn counts_anew(&self) {
        self.arranges(None);
    }

    fn arranges(&self, fault: Option<Arranged>) {
        let mut state = self.shared.state();
        state.calls.clear();
        (state.struck, state.slowest) = (0, Duration::ZERO);
        state.fault = fault;
    }

    /// Lets everything go well again, and what was late arrive now. How many calls went wrong.
    pub(crate) fn recovers(&self) -> usize {
        let (struck, late) = {
            let mut state = self.shared.state();
            state.fault = None;
            state.is_held = false;
            (std::mem::take(&mut state.struck), std::mem::take(&mut state.late))
        };
        self.shared.changed.notify_all();
        for call in late {
            // Nobody waits for the reply any more.
            let _ = self.shared.pass(&call);
        }
        struck
    }

    /// Waits until a call is held, as arranged; false when `is_over` comes first.
    pub(crate) fn holds_a_call(&self, is_over: impl Fn() -> bool) -> bool {
        let began = Instant::now();
        let mut state = self.shared.state();
        while !state.is_held {
            assert!(began.elapsed() < PATIENCE, "nothing happens");
            let waited = self.shared.changed.wait_timeout(state, Duration::from_millis(5));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            if !state.is_held && is_over() {
                return false;
            }
        }
        true
    }

    /// The calls since something was last arranged, by the names of their operations.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.shared.state().calls.clone()
    }

    /// Who has signed calls so far: the access key's id, and the token of its session.
    pub(crate) fn signed_by(&self) -> Vec<(String, String)> {
        self.shared.state().signed_by.iter().cloned().collect()
    }

    /// Whether the endpoint itself was so slow since something was last arranged that what was seen says nothing: the SDK
    /// waits for 550 ms. A machine that is busy with something else does that.
    pub(crate) fn was_slow(&self) -> bool {
        self.shared.state().slowest > Duration::from_millis(200)
    }

    /// Takes note that a function waited in vain although nothing was arranged: the endpoint was slow, or the function did
    /// not get its share of the machine.
    pub(crate) fn is_taken_for_slow(&self) {
        self.shared.state().slowest = Duration::MAX;
    }

    /// Forgets how slow the endpoint was.
    pub(crate) fn is_watched_anew(&self) {
        self.shared.state().slowest = Duration::ZERO;
    }

    /// Closes all connections, as an endpoint does with idle ones.
    pub(crate) fn closes_connections(&self) -> usize {
        let mut state = self.shared.state();
        let open = std::mem::take(&mut state.connections);
        for connection in open.values() {
            let _ = connection.shutdown(Shutdown::Both);
        }
        open.len()
    }

    /// Lets all connections that are open now say nothing any more, without closing them. New ones are well.
    pub(crate) fn silences_connections(&self) -> usize {
        let mut state = self.shared.state();
        state.silent_below = state.opened;
        state.connections.len()
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.shared.state().is_closed = true;
        self.shared.changed.notify_all();
        self.closes_connections();
        // The listener looks up when somebody connects.
        let _ = TcpStream::connect(self.endpoint.trim_start_matches("http://"));
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(self: &Arc<Self>, listener: &TcpListener) {
        for connection in listener.incoming() {
            if self.state().is_closed {
                return;
            }
            let Ok(connection) = connection else { continue };
            let number = {
                let mut state = self.state();
                let number = state.opened;
                state.opened += 1;
                state.connections.insert(number, connection.try_clone().expect("a second handle"));
                number
            };
            let shared = Arc::clone(self);
            thread::spawn(move || {
                // However a connection ends, the function sees it.
                let _ = shared.converse(number, &connection);
                let _ = connection.shutdown(Shutdown::Both);
                shared.state().connections.remove(&number);
            });
        }
    }

    fn converse(&self, number: u64, mut connection: &TcpStream) -> io::Result<()> {
        connection.set_nodelay(true)?;
        let mut received = BufReader::new(connection.try_clone()?);
        while let Some(call) = Call::read(&mut received)? {
            if number < self.state().silent_below {
                io::copy(&mut received, &mut io::sink())?;
                return Ok(());
            }
            match self.answer(&call) {
                Said::All(reply) => connection.write_all(&reply)?,
                Said::Part(reply) => return connection.write_all(reply),
                Said::Nothing => return Ok(()),
            }
        }
        Ok(())
    }

    /// What is said to a call. The connection is closed after anything but all of a reply.
    fn answer(&self, call: &Call) -> Said {
        let Some(fault) = self.strike(call) else {
            return self.pass(call).map_or(Said::Nothing, Said::All);
        };
        if let Fault::Sluggish | Fault::Slow = fault {
            thread::sleep(if fault == Fault::Slow { SLOW } else { SLUGGISH });
            return self.pass(call).map_or(Said::Nothing, Said::All);
        }
        if matches!(fault, Fault::CutAfter | Fault::Torn | Fault::HeldAfter) {
            // Whatever the reply says: it is not passed on.
            let _ = self.pass(call);
        }
        match fault {
            Fault::Throttled => call.service.refuses(400, call.service.throttling(), "Rate exceeded"),
            Fault::Broken => call.service.refuses(500, "InternalFailure", "no"),
            Fault::Denied => denial(call),
            Fault::Expired => call.service.refuses_old_credentials(),
            Fault::Gibberish => Said::All(message(200, JSON, b"<html>It works!</html>")),
            Fault::Torn => Said::Part(TORN),
            Fault::CutBefore | Fault::CutAfter | Fault::Sluggish | Fault::Slow => Said::Nothing,
            Fault::Late => self.stops(|state| state.late.push(call.clone())),
            Fault::HeldBefore | Fault::HeldAfter => self.stops(|state| state.is_held = true),
        }
    }

    /// Counts a call. What goes wrong with it, if anything.
    fn strike(&self, call: &Call) -> Option<Fault> {
        let mut state = self.state();
        let place = state.calls.len();
        state.calls.push(call.operation.clone());
        state.signed_by.insert(call.signed_by());
        let struck = state.struck;
        let arranged = state.fault.as_ref()?;
        let is_meant = arranged.operation.as_deref().is_none_or(|operation| operation == call.operation);
        let strikes = is_meant && place >= arranged.from && struck < arranged.times;
        let fault = strikes.then_some(arranged.fault)?;
        state.struck += 1;
        Some(fault)
    }

    /// Stops a call until everything goes well again.
    fn stops(&self, remember: impl FnOnce(&mut State)) -> Said {
        let mut state = self.state();
        remember(&mut state);
        self.changed.notify_all();
        while state.fault.is_some() && !state.is_closed {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Said::Nothing
    }

    /// Lets the endpoint answer. The host stays as it was signed.
    fn pass(&self, call: &Call) -> reqwest::Result<Vec<u8>> {
        let is_sns = call.service == Service::Sns;
        let body = if is_sns { replaced(&call.body, OF_SNS, OF_EMULATOR) } else { call.body.clone() };
        let mut request = client().post(format!("{}{}", self.endpoint, call.path)).body(body);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let sent = Instant::now();
        let answer = request.send().and_then(|answer| {
            let status = answer.status().as_u16();
            let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok());
            let kind = kind.unwrap_or(JSON).to_owned();
            let body = answer.bytes()?;
            let [of_sns, of_emulator] = ENDPOINTS;
            let body = if is_sns { replaced(&body, of_emulator, of_sns) } else { body.into() };
            Ok(message(status, &kind, &body))
        });
        let mut state = self.state();
        state.slowest = state.slowest.max(sent.elapsed());
        answer
    }
}

/// How the endpoint of an app on a phone begins: as SNS names it (`arn:…:endpoint/GCM/NAME/ID`), and as the emulator does, as if it
/// were an application; and both in a form.
const ENDPOINTS: [&str; 2] = [":endpoint/GCM/agents/", ":app/GCM/agents/"];
const OF_SNS: &str = "%3Aendpoint%2FGCM%2Fagents%2F";
const OF_EMULATOR: &str = "%3Aapp%2FGCM%2Fagents%2F";

fn replaced(text: &[u8], this: &str, by: &str) -> Vec<u8> {
    String::from_utf8_lossy(text).replace(this, by).into_bytes()
}

const JSON: &str = "application/x-amz-json-1.0";

/// As much of a reply as comes when it is torn.
const TORN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 4000\r\n\r\n{\"Item\": {";

/// What comes back from a call.
enum Said {
    All(Vec<u8>),
    Part(&'static [u8]),
    Nothing,
}

/// The one client of all that asks the emulator itself.
pub(crate) fn client() -> &'static Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().expect("a client")
    })
}

/// A service of AWS. They do not say no alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    DynamoDb,
    Kms,
    Sns,
    Sqs,
}

impl Service {
    /// The one whose header `x-amz-target` this is, and the operation. SNS has no such header.
    fn targeted(target: &str) -> (Self, String) {
        let (of, operation) = target.rsplit_once('.').unwrap_or_default();
        let service = match of {
            "TrentService" => Self::Kms,
            "AmazonSQS" => Self::Sqs,
            _ => Self::DynamoDb,
        };
        (service, operation.to_owned())
    }

    /// As the names of its rights begin.
    const fn prefix(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::Kms => "kms",
            Self::Sns => "SNS",
            Self::Sqs => "sqs",
        }
    }

    /// What it says when too much is asked of it.
    const fn throttling(self) -> &'static str {
        match self {
            Self::DynamoDb => "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
            Self::Kms | Self::Sns => "ThrottlingException",
            Self::Sqs => "com.amazonaws.sqs#RequestThrottled",
        }
    }

    fn refuses_old_credentials(self) -> Said {
        match self {
            Self::Sns => self.refuses(403, "ExpiredToken", "The security token is expired"),
            _ => self.refuses(400, "com.amazon.coral.service#ExpiredTokenException", "no"),
        }
    }

    /// A refusal in its protocol: SNS has the Query protocol, the others JSON.
    fn refuses(self, status: u16, code: &str, what: &str) -> Said {
        let (kind, body) = match self {
            Self::Sns => {
                let error =
                    format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{what}</Message></Error>");
                ("text/xml", format!("<ErrorResponse>{error}<RequestId>0</RequestId></ErrorResponse>"))
            }
            _ => (JSON, format!(r#"{{"__type":"{code}","message":"{what}"}}"#)),
        };
        Said::All(message(status, kind, body.as_bytes()))
    }
}

/// As the services say it, with a right and two names of ours.
fn denial(call: &Call) -> Said {
    let right = format!("{}:{}", call.service.prefix(), call.operation);
    let what = format!(
        "User: arn:aws:sts::000000000000:assumed-role/{SECRET_ROLE}/{SECRET_ROLE} is not authorized to perform: {right} on resource: arn:aws:x:us-east-1:000000000000:{SECRET_ROLE} because no identity-based policy allows the {right} action"
    );
    match call.service {
        Service::Sns => call.service.refuses(403, "AuthorizationError", &what),
        service => service.refuses(400, "com.amazon.coral.service#AccessDeniedException", &what),
    }
}

fn message(status: u16, kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} It\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

impl Call {
    fn signed_by(&self) -> (String, String) {
        let header =
            |name: &str| self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        let credential = header("authorization").and_then(|value| value.split_once("Credential="));
        let key = credential.and_then(|(_, scope)| scope.split('/').next()).unwrap_or_default();
        (key.to_owned(), header("x-amz-security-token").unwrap_or_default().to_owned())
    }

    /// The next call of a connection; nothing when it was closed.
    fn read(connection: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut line = String::new();
        if connection.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let path = line.split(' ').nth(1).unwrap_or("/").to_owned();
        let (mut headers, mut length) = (Vec::new(), 0);
        let mut target = None;
        loop {
            line.clear();
            connection.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
            match name.as_str() {
                "content-length" => length = value.parse().map_err(io::Error::other)?,
                "x-amz-target" => target = Some(Service::targeted(&value)),
                _ => {}
            }
            if !matches!(name.as_str(), "content-length" | "connection") {
                headers.push((name, value));
            }
        }
        let mut body = vec![0; length];
        connection.read_exact(&mut body)?;
        let (service, operation) = target.unwrap_or_else(|| (Service::Sns, action_in(&body)));
        Ok(Some(Self { service, operation, path, headers, body }))
    }
}

/// The operation in a form of the Query protocol.
fn action_in(form: &[u8]) -> String {
    let mut pairs = form_urlencoded::parse(form);
    pairs.find(|(name, _)| name == "Action").map(|(_, value)| value.into_owned()).unwrap_or_default()
}
