use std::fs;
use std::path::{Path, PathBuf};

use tests::{built, program};

use crate::assertion::jwks;
use crate::place::COUNTED;

/// The built programs of one version of Countersign, and what its tests configure.
#[derive(Clone)]
pub(crate) struct Version {
    /// Where each function lies, in a folder with its name.
    pub(crate) functions: PathBuf,
    /// What the functions run under, when they are not for this machine.
    pub(crate) emulator: &'static [&'static str],
    /// The operator's command.
    pub(crate) command: PathBuf,
    configuration: PathBuf,
}

impl Version {
    /// The one that is being tested.
    pub(crate) fn this() -> Self {
        let functions = std::env::var_os("COUNTERSIGN_FUNCTIONS")
            .map_or_else(|| built().with_file_name("lambda"), PathBuf::from);
        let configuration = Path::new(env!("CARGO_MANIFEST_DIR")).join("configuration");
        Self { functions, emulator: &[], command: program("countersign"), configuration }
    }

    /// The same with functions for arm64, as `tests/binaries/run` has built them.
    pub(crate) fn for_arm64() -> Self {
        Self {
            functions: PathBuf::from(needed("COUNTERSIGN_ARM64")),
            emulator: &["/usr/bin/qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"],
            ..Self::this()
        }
    }

    /// The one before, as `tests/binaries/run` has built it.
    pub(crate) fn previous() -> Self {
        let folder = PathBuf::from(needed("COUNTERSIGN_PREVIOUS"));
        Self {
            command: folder.join("countersign"),
            configuration: folder.join("configuration"),
            functions: folder,
            emulator: &[],
        }
    }

    /// Whether its tests' configuration has this client.
    pub(crate) fn knows(&self, client: &str) -> bool {
        self.configuration.join(format!("clients/{client}.toml")).is_file()
    }

    /// A copy of its tests' configuration, with a key for the client that authenticates by one, and a client that may come
    /// so seldom that each of its requests is written down.
    pub(crate) fn configuration_in(&self, folder: &Path) -> PathBuf {
        let own = folder.join("configuration");
        let _ = fs::remove_dir_all(&own);
        copy(&self.configuration, &own);
        fs::write(own.join("clients/signing-agent.jwks.json"), jwks().to_string()).expect("written");
        let public = fs::read_to_string(own.join("clients/browser-app.toml")).expect("a client");
        let counted = public.replace("browser-app", COUNTED) + "\nrequests_per_minute = 20\n";
        fs::write(own.join(format!("clients/{COUNTED}.toml")), counted).expect("written");
        own
    }
}

/// A variable of the environment.
pub(crate) fn needed(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: these tests need an endpoint, see tests/deployed and tests/binaries")
    })
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder of the tests") {
        let (from, to) = entry.map(|entry| (entry.path(), to.join(entry.file_name()))).expect("an entry");
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("copied");
        }
    }
}
