use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use lean_start::runtime_api::Environment;
use ring::rand::SystemRandom;
use tests::{Operator, built};

use crate::process::Process;

/// Where the functions run: a deployed table with `tests/configuration` in force, and the built programs.
pub(crate) struct Place {
    pub(crate) endpoint: String,
    pub(crate) issuer: String,
    pub(crate) operator: Operator<'static>,
    pub(crate) table: String,
    /// The name of the deployment, which its keys are bound to.
    deployment: String,
    programs: PathBuf,
    folder: PathBuf,
    secrets: Vec<(&'static str, String)>,
}

/// The clients of `tests/configuration` that take part.
pub(crate) const AGENT: &str = "report-agent";
pub(crate) const TOOL: &str = "files-tool";
pub(crate) const ALONE: &str = "nightly-agent";

impl Place {
    /// The one that the environment names.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Place> = OnceLock::new();
        SHARED.get_or_init(Self::of_environment)
    }

    fn of_environment() -> Self {
        let needed = |name: &str| {
            std::env::var(name).unwrap_or_else(|_| {
                panic!("{name} is not set: these tests need a deployed endpoint, see tests/deployed")
            })
        };
        let programs = std::env::var_os("COUNTERSIGN_FUNCTIONS")
            .map_or_else(|| built().with_file_name("lambda"), PathBuf::from);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("functions");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        let (issuer, operator) = (needed("COUNTERSIGN_URL"), Operator { data: None });
        operator.applies_as(&own_configuration(&folder), &issuer);
        let secret = |client| (client, operator.rotates_the_secret_of(client));
        Self {
            secrets: [AGENT, TOOL, ALONE].map(secret).into(),
            endpoint: needed("AWS_ENDPOINT_URL"),
            table: needed("COUNTERSIGN_TABLE"),
            deployment: std::env::var("COUNTERSIGN_DEPLOYMENT").unwrap_or_else(|_| "countersign".to_owned()),
            issuer,
            operator,
            programs,
            folder,
        }
    }

    pub(crate) fn secret_of(&self, client: &str) -> &str {
        let found = self.secrets.iter().find(|(id, _)| *id == client);
        &found.unwrap_or_else(|| panic!("no secret of {client}")).1
    }

    /// A function's environment, with its way to AWS.
    pub(crate) fn environment(&self, function: &str, endpoint: &str) -> Environment {
        let credential = |name: &str| std::env::var(name).unwrap_or_else(|_| "test".to_owned());
        Environment::of_function(function)
            .with("AWS_ENDPOINT_URL", endpoint)
            .with("AWS_ACCESS_KEY_ID", credential("AWS_ACCESS_KEY_ID"))
            .with("AWS_SECRET_ACCESS_KEY", credential("AWS_SECRET_ACCESS_KEY"))
            .with("AWS_SESSION_TOKEN", "")
            .with("COUNTERSIGN_TABLE", &self.table)
            .with("COUNTERSIGN_DEPLOYMENT", &self.deployment)
    }

    /// The built program of a function.
    pub(crate) fn program(&self, function: &str) -> PathBuf {
        let program = self.programs.join(function).join("bootstrap");
        assert!(program.is_file(), "{} is not built: infra/localstack/up", program.display());
        program
    }

    /// A file of its own for what a process writes.
    pub(crate) fn log(&self, function: &str) -> PathBuf {
        static COUNTER: AtomicU32 = AtomicU32::new(1);
        self.folder.join(format!("{function}-{}.log", COUNTER.fetch_add(1, Ordering::Relaxed)))
    }

    /// Starts a function whose calls go this way.
    pub(crate) fn starts(&self, function: &str, endpoint: &str) -> Process {
        Process::start(&self.program(function), self.environment(function, endpoint), self.log(function))
    }

    /// The issuer's origin, which pages are sent from.
    pub(crate) fn origin(&self) -> &str {
        let host = self.issuer.find("://").map_or(0, |scheme| scheme + 3);
        let end = self.issuer[host..].find('/').map_or(self.issuer.len(), |slash| host + slash);
        &self.issuer[..end]
    }

    /// An address as the gateway hands it to a function: without the issuer's own path, or its host.
    pub(crate) fn inside(&self, address: &str) -> String {
        let base = &self.issuer[self.origin().len()..];
        let path = address.strip_prefix(self.origin()).unwrap_or(address);
        path.strip_prefix(base).unwrap_or(path).to_owned()
    }
}

/// A name that nobody else has.
#[expect(clippy::disallowed_methods, reason = "the test's dice, not the server's")]
pub(crate) fn a_name() -> String {
    let random: [u8; 8] = ring::rand::generate(&SystemRandom::new()).expect("random bytes").expose();
    format!("faults-{:016x}", u64::from_be_bytes(random))
}

/// A copy of the tests' configuration without the client whose key is made anew for each run.
fn own_configuration(folder: &Path) -> PathBuf {
    let own = folder.join("configuration");
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("configuration");
    fs::create_dir_all(&own).expect("a folder");
    fs::copy(tests.join("server.toml"), own.join("server.toml")).expect("copied");
    for kind in ["clients", "details", "tools"] {
        fs::create_dir_all(own.join(kind)).expect("a folder");
        for entry in fs::read_dir(tests.join(kind)).expect("a folder of the tests") {
            let entry = entry.expect("an entry");
            if entry.file_name() != "signing-agent.toml" {
                fs::copy(entry.path(), own.join(kind).join(entry.file_name())).expect("copied");
            }
        }
    }
    own
}
