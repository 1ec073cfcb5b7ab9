use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a function finds in its environment: what Lambda puts there, and what the deployment adds. Nothing of this
/// process's own environment gets through.
#[derive(Clone)]
pub struct Environment {
    function_name: String,
    variables: BTreeMap<String, String>,
    log: Option<PathBuf>,
}

impl Environment {
    /// The variables that Lambda sets for a function of this name
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>), with credentials that are
    /// good for nothing.
    pub fn of_function(name: &str) -> Self {
        let variables = [
            ("AWS_LAMBDA_FUNCTION_NAME", name),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/local"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "local"),
            ("_HANDLER", "bootstrap"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_SESSION_TOKEN", "local"),
            ("LANG", "en_US.UTF-8"),
            ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
            ("TZ", ":UTC"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { function_name: name.to_owned(), variables: variables.into(), log: None }
    }

    /// The same with one more variable, or another value of one.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// The same with what the function writes to its outputs appended to a file, as Lambda sends it to
    /// `CloudWatch` Logs. Without this it is lost.
    #[must_use]
    pub fn logging_to(mut self, file: impl Into<PathBuf>) -> Self {
        self.log = Some(file.into());
        self
    }

    pub(super) fn invoked_function_arn(&self) -> String {
        let region = self.variables.get("AWS_REGION").map_or("us-east-1", String::as_str);
        format!("arn:aws:lambda:{region}:000000000000:function:{}", self.function_name)
    }

    /// Gives it to a command that is about to run a program, with the address of the Runtime API.
    pub(super) fn put_into(&self, command: &mut Command, binary: &Path, api: SocketAddr) -> io::Result<()> {
        let folder = binary.parent().unwrap_or(Path::new("/"));
        command
            .env_clear()
            .envs(&self.variables)
            .env("AWS_LAMBDA_RUNTIME_API", api.to_string())
            .env("LAMBDA_TASK_ROOT", folder)
            .env("LAMBDA_RUNTIME_DIR", folder)
            .stdin(Stdio::null());
        match &self.log {
            Some(path) => {
                let file = File::options().append(true).create(true).open(path)?;
                command.stdout(file.try_clone()?).stderr(file);
            }
            None => {
                command.stdout(Stdio::null()).stderr(Stdio::null());
            }
        }
        Ok(())
    }
}
