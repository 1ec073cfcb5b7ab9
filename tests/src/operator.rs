use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::program;

/// The operator, with the `countersign` command.
#[derive(Default)]
pub struct Operator<'s> {
    /// The data folder of the server that is meant; for a deployed one, the environment says where its table is.
    pub data: Option<&'s Path>,
    /// The command, when it is that of another version.
    pub command: Option<PathBuf>,
}

impl Operator<'_> {
    /// Makes a person, of whom more may be known, and returns the generated password.
    #[track_caller]
    pub fn adds_a_user(&self, user_name: &str, more: &[&str]) -> String {
        let name = format!("{} of the Tests", user_name.to_uppercase());
        let known = ["user", "add", user_name, "--name", &name, "--group", "testers"];
        self.makes(&[&known, more].concat(), "password")
    }

    /// The identifier of a person, which tokens and the audit trail name them by.
    #[track_caller]
    pub fn id_of(&self, user_name: &str) -> String {
        let people = self.tells(&["user", "list"]);
        let is_meant = |person: &&Value| person["profile"]["user_name"] == user_name;
        let person = people.as_array().expect("people").iter().find(is_meant);
        person.and_then(|person| person["id"].as_str()).expect("an identifier").to_owned()
    }

    /// Makes a new password and returns it.
    #[track_caller]
    pub fn resets_the_password_of(&self, user_name: &str) -> String {
        self.makes(&["user", "reset-password", user_name], "password")
    }

    /// Makes the link by which a person registers a passkey, and returns it.
    #[track_caller]
    pub fn enrols(&self, user_name: &str) -> String {
        self.makes(&["user", "enrol", user_name], "link")
    }

    /// As [`Operator::enrols`], with a passkey that takes the place of all others.
    #[track_caller]
    pub fn enrols_anew(&self, user_name: &str) -> String {
        self.makes(&["user", "enrol", user_name, "--replace"], "link")
    }

    /// Makes a secret of a client and returns it.
    #[track_caller]
    pub fn rotates_the_secret_of(&self, client: &str) -> String {
        self.makes(&["client", "rotate-secret", client], "client_secret")
    }

    /// Puts a configuration folder in force and returns its version.
    #[track_caller]
    pub fn applies(&self, folder: &Path) -> u64 {
        self.applies_with(folder, &[])
    }

    /// As [`Operator::applies`], with the issuer of a deployment.
    #[track_caller]
    pub fn applies_as(&self, folder: &Path, issuer: &str) -> u64 {
        self.applies_with(folder, &["--issuer", issuer])
    }

    #[track_caller]
    fn applies_with(&self, folder: &Path, more: &[&str]) -> u64 {
        let folder = folder.display().to_string();
        let said = self.tells(&[&["apply", &folder, "--yes"], more].concat());
        said["version"].as_u64().unwrap_or_else(|| panic!("no version in {said}"))
    }

    /// Runs the command and returns why it was refused; it must be.
    #[track_caller]
    pub fn is_refused(&self, arguments: &[&str]) -> String {
        let output = self.tries(arguments);
        assert_eq!(output.status.code(), Some(1), "countersign {}", arguments.join(" "));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Runs the command, whatever comes of it.
    pub fn tries(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.command.clone().unwrap_or_else(|| program("countersign")));
        command.args(arguments);
        if let Some(data) = self.data {
            command.arg("--data").arg(data);
        }
        command.output().expect("the command runs")
    }

    /// Runs the command and returns what it wrote; it must succeed.
    #[track_caller]
    pub fn does(&self, arguments: &[&str]) -> String {
        let output = self.tries(arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "countersign {}: {said}{complained}", arguments.join(" "));
        said
    }

    /// Runs the command and returns what it told a program (`--json`); it must succeed.
    #[track_caller]
    pub fn tells(&self, arguments: &[&str]) -> Value {
        let said = self.does(&[arguments, &["--json"]].concat());
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    }

    #[track_caller]
    fn makes(&self, arguments: &[&str], member: &str) -> String {
        let said = self.tells(arguments);
        said[member].as_str().unwrap_or_else(|| panic!("no {member} in {said}")).to_owned()
    }
}
