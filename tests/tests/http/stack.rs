use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tests::{Operator, program};

use crate::assertion::ClientKey;
use crate::observer::Observer;
use crate::web::{Answer, http};

/// A running server of the tests, with `tests/configuration` applied: one of this machine's own processes, or the one that
/// `COUNTERSIGN_URL` names, deployed.
pub(crate) struct Stack {
    /// The issuer, such as `http://localhost:40123`.
    pub(crate) issuer: String,
    /// The URL of its pages: the issuer, unless its configuration has been given another.
    pub(crate) pages: String,
    /// The folder of its data, where the log is too. A deployed one has none: the environment says where its table is.
    pub(crate) data: PathBuf,
    /// The folder of its configuration, a copy of its own.
    pub(crate) configuration: PathBuf,
    /// Where its clock is moved and its way to the table is broken.
    pub(crate) test_control: String,
    /// The keys of the client that authenticates with them, made for this run.
    pub(crate) client_key: ClientKey,
    table: String,
    table_endpoint: String,
    /// Everything that was given to people and agents and must be found nowhere.
    handed_out: Mutex<Vec<String>>,
    secrets: Mutex<Vec<(String, String)>>,
    process: Option<Child>,
}

impl Stack {
    /// The stack of all tests that leave the clock alone.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Stack> = OnceLock::new();
        SHARED.get_or_init(|| Self::deployed().unwrap_or_else(|| Self::start("shared", &[])))
    }

    /// A stack whose clock a test may move. Such tests run one after another.
    pub(crate) fn whose_time_passes() -> MutexGuard<'static, Self> {
        static MOVABLE: OnceLock<Mutex<Stack>> = OnceLock::new();
        MOVABLE
            .get_or_init(|| Mutex::new(Self::start("whose-time-passes", &[])))
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A stack whose table nobody else writes meanwhile. A deployed one is alone only when its tests run by themselves.
    pub(crate) fn undisturbed(name: &str) -> Self {
        Self::deployed().unwrap_or_else(|| Self::start(name, &[]))
    }

    /// The deployed server, if one is meant, with the tests' configuration put in force.
    fn deployed() -> Option<Self> {
        let stack = Self::deployed_as_it_is()?;
        let operator = Operator::default();
        operator.applies_as(&stack.configuration, &stack.issuer);
        // Every process acts on what it last read of the configuration for five seconds.
        sleep(Duration::from_secs(6));
        Some(stack)
    }

    /// The deployed server, if one is meant, with whatever configuration is in force there.
    pub(crate) fn deployed_as_it_is() -> Option<Self> {
        let issuer = std::env::var("COUNTERSIGN_URL").ok()?;
        let needed =
            |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("COUNTERSIGN_URL needs {name}"));
        let (configuration, client_key) = own_configuration(&own_folder("deployed"));
        Some(Self {
            pages: issuer.clone(),
            issuer,
            table: needed("COUNTERSIGN_TABLE"),
            table_endpoint: needed("AWS_ENDPOINT_URL"),
            test_control: String::new(),
            data: PathBuf::new(),
            configuration,
            client_key,
            handed_out: Mutex::default(),
            secrets: Mutex::default(),
            process: None,
        })
    }

    /// Starts one more.
    pub(crate) fn start(name: &str, options: &[&str]) -> Self {
        Self::start_with(name, options, |_| {})
    }

    /// Starts one more, whose configuration folder is changed before.
    pub(crate) fn start_with(name: &str, options: &[&str], change: impl FnOnce(&Path)) -> Self {
        Self::start_in(name, options, &[], change)
    }

    /// Starts one more, whose requests have three times this for all their calls to the table.
    pub(crate) fn in_a_hurry(name: &str, milliseconds_of_a_call: u32) -> Self {
        let environment = [("COUNTERSIGN_AWS_MILLISECONDS", milliseconds_of_a_call.to_string())];
        Self::start_in(name, &[], &environment, |_| {})
    }

    fn start_in(
        name: &str,
        options: &[&str],
        environment: &[(&str, String)],
        change: impl FnOnce(&Path),
    ) -> Self {
        let folder = own_folder(name);
        let data = folder.join("data");
        let (configuration, client_key) = own_configuration(&folder);
        change(&configuration);
        fs::DirBuilder::new().mode(0o700).create(&data).expect("a folder");

        let process = spawn(&folder, &configuration, &data, options, environment);
        let running = wait_for(&data.join("running.json"), &folder.join("output"));
        let member = |name: &str| member(&running, name);
        Self {
            issuer: member("issuer"),
            pages: member("issuer"),
            table: member("table"),
            table_endpoint: member("table_endpoint"),
            test_control: member("test_control"),
            data,
            configuration,
            client_key,
            handed_out: Mutex::default(),
            secrets: Mutex::default(),
            process: Some(process),
        }
    }

    /// Stops the server and starts it anew over the data that it left. Its ports are others, and its clock goes right.
    pub(crate) fn starts_again(&mut self) {
        self.stops();
        let folder = self.data.parent().expect("a folder for the data").to_owned();
        self.process = Some(spawn(&folder, &self.configuration, &self.data, &[], &[]));
        let running = wait_for(&self.data.join("running.json"), &folder.join("output"));
        self.issuer = member(&running, "issuer");
        self.pages = member(&running, "issuer");
        self.table_endpoint = member(&running, "table_endpoint");
        self.test_control = member(&running, "test_control");
    }

    fn stops(&mut self) {
        if let Some(mut process) = self.process.take() {
            drop(process.stdin.take());
            let _ = process.wait();
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// The path of an endpoint on its host: the issuer may have one, too.
    pub(crate) fn path(&self, path: &str) -> String {
        let host = self.issuer.find("://").map_or(0, |scheme| scheme + 3);
        let base = self.issuer[host..].find('/').map_or("", |slash| &self.issuer[host + slash..]);
        format!("{base}{path}")
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        Answer::to(http().get(self.url(path)))
    }

    /// What the issuer tells whom an access token was given to (OpenID Connect Core, section 5.3).
    pub(crate) fn userinfo(&self, token: &str) -> Answer {
        Answer::to(http().get(self.url("/userinfo")).header("authorization", format!("Bearer {token}")))
    }

    /// Whether this is somebody else's deployment, whose log is not on this machine.
    pub(crate) const fn is_deployed(&self) -> bool {
        self.process.is_none()
    }

    /// Whether its requests come as the events of an HTTP API.
    pub(crate) fn is_an_http_api(&self) -> bool {
        !self.is_deployed() && options_of_the_run().contains("--event-version 2")
    }

    /// Moves the server's clock.
    pub(crate) fn time_passes(&self, seconds: u32) {
        Answer::to(http().post(format!("{}/advance?seconds={seconds}", self.test_control))).ok();
    }

    /// Lets everything that a function remembers for seconds be read anew.
    pub(crate) fn takes_notice(&self) {
        self.time_passes(6);
    }

    /// The server's time, in seconds since 1970.
    #[expect(clippy::disallowed_methods, reason = "a deployed server goes by the time of day")]
    pub(crate) fn now(&self) -> i64 {
        if self.is_deployed() {
            let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).expect("later than 1970");
            return i64::try_from(since_1970.as_secs()).expect("seconds");
        }
        let answer = Answer::to(http().get(format!("{}/now", self.test_control))).ok();
        answer.json()["now"].as_i64().expect("seconds")
    }

    /// Moves the server's clock to where a minute begins, which requests are counted in.
    pub(crate) fn a_minute_begins(&self) {
        let passed = u32::try_from(self.now().rem_euclid(60)).expect("less than 60");
        self.time_passes(60 - passed);
    }

    pub(crate) fn operator(&self) -> Operator<'_> {
        Operator { data: self.process.is_some().then_some(self.data.as_path()), ..Operator::default() }
    }

    pub(crate) fn observer(&self) -> Observer<'_> {
        Observer {
            table: &self.table,
            table_endpoint: &self.table_endpoint,
            log: self.data.join("audit.jsonl"),
        }
    }

    /// Remembers what must not be found anywhere afterwards.
    pub(crate) fn hands_out(&self, secret: &str) {
        self.handed_out.lock().unwrap_or_else(PoisonError::into_inner).push(secret.to_owned());
    }

    pub(crate) fn handed_out(&self) -> Vec<String> {
        self.handed_out.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The secret of a client, made when it is first asked for.
    pub(crate) fn secret_of(&self, client: &str) -> String {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, secret)) = secrets.iter().find(|(id, _)| id == client) {
            return secret.clone();
        }
        let secret = self.operator().rotates_the_secret_of(client);
        self.hands_out(&secret);
        secrets.push((client.to_owned(), secret.clone()));
        secret
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.stops();
    }
}

/// Options of every local server of this run.
fn options_of_the_run() -> String {
    std::env::var("COUNTERSIGN_STACK_OPTIONS").unwrap_or_default()
}

/// An empty folder for what one stack leaves on this machine.
pub(crate) fn own_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A copy of the tests' configuration, with a key for the client that authenticates by one.
fn own_configuration(folder: &Path) -> (PathBuf, ClientKey) {
    let configuration = folder.join("configuration");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("configuration"), &configuration);
    let client_key = ClientKey::generate();
    fs::write(configuration.join("clients/signing-agent.jwks.json"), client_key.jwks().to_string())
        .expect("written");
    (configuration, client_key)
}

/// Starts the server under a shell that ends it when our end of its standard input closes. That happens whichever way
/// this process ends, so that no server is left behind.
fn spawn(
    folder: &Path,
    configuration: &Path,
    data: &Path,
    options: &[&str],
    environment: &[(&str, String)],
) -> Child {
    let output = fs::File::create(folder.join("output")).expect("a file");
    Command::new("sh")
        .arg("-c")
        .arg(r#""$@" </dev/null & server=$!; read -r _; kill -TERM "$server"; wait "$server""#)
        .arg("sh")
        .arg(program("countersign-local"))
        .args(["--port", "0", "--test-control", "0", "--config"])
        .arg(configuration)
        .arg("--data")
        .arg(data)
        .args(options)
        .args(options_of_the_run().split_whitespace())
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(output.try_clone().expect("a second handle"))
        .stderr(output)
        .spawn()
        .expect("a shell")
}

fn wait_for(running: &Path, output: &Path) -> Value {
    let patience = Duration::from_mins(1);
    let began = Instant::now();
    while began.elapsed() < patience {
        if let Ok(text) = fs::read_to_string(running)
            && let Ok(value) = serde_json::from_str(&text)
        {
            return value;
        }
        let said = fs::read_to_string(output).unwrap_or_default();
        assert!(!said.starts_with("countersign:"), "the server did not start: {said}");
        sleep(Duration::from_millis(20));
    }
    panic!("no server after {patience:?}: {}", fs::read_to_string(output).unwrap_or_default());
}

fn member(running: &Value, name: &str) -> String {
    running[name].as_str().unwrap_or_else(|| panic!("no {name} in running.json")).to_owned()
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder of the tests") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}
