use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The operator, with the `countersign` command, which finds the table by the environment.
pub(crate) struct Operator {
    program: PathBuf,
}

impl Operator {
    /// The built command: in `COUNTERSIGN_BIN`, or where this test was built.
    pub(crate) fn new(built: &Path) -> Self {
        let folder = std::env::var_os("COUNTERSIGN_BIN").map_or_else(|| built.to_owned(), PathBuf::from);
        let program = folder.join("countersign");
        assert!(program.is_file(), "{} is not built: cargo build -p countersign-cli", program.display());
        Self { program }
    }

    pub(crate) fn applies(&self, folder: &Path, issuer: &str) {
        self.does(&["apply", &folder.display().to_string(), "--issuer", issuer, "--yes", "--json"]);
    }

    /// Makes a person and returns the generated password.
    pub(crate) fn adds_a_user(&self, user_name: &str) -> String {
        self.makes(&["user", "add", user_name, "--name", "One of the Tests", "--json"], "password")
    }

    /// Makes a secret of a client.
    pub(crate) fn rotates_the_secret_of(&self, client: &str) -> String {
        self.makes(&["client", "rotate-secret", client, "--json"], "client_secret")
    }

    fn makes(&self, arguments: &[&str], member: &str) -> String {
        let json: Value = serde_json::from_str(&self.does(arguments)).expect("JSON");
        json[member].as_str().unwrap_or_else(|| panic!("no {member} of {arguments:?}")).to_owned()
    }

    fn does(&self, arguments: &[&str]) -> String {
        let output = Command::new(&self.program).args(arguments).output().expect("the command runs");
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "countersign {}: {complained}", arguments.join(" "));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
