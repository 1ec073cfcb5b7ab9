use std::io;
use std::path::{Path, PathBuf};

use lean_start::runtime_api::NotReady;

/// Why there are no figures. One line, which names what stands in the way.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{}: {why}", path.display())]
    File { path: PathBuf, why: io::Error },
    #[error("{} is not built: {command}", path.display())]
    NotBuilt { path: PathBuf, command: &'static str },
    #[error("the functions cannot be built: {0}")]
    Build(String),
    #[error("the server of the table: {0}")]
    Server(String),
    #[error("there is no function \"{0}\"")]
    NoSuchFunction(String),
    #[error("{function} did not start: {why}")]
    NotReady { function: String, why: NotReady },
    #[error("{function} did not answer its sample: {what}")]
    Sample { function: String, what: String },
    #[error("{function} under valgrind: {why}")]
    Instructions { function: String, why: String },
}

impl Failure {
    /// What the system said of a file.
    pub(crate) fn of(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |why| Self::File { path, why }
    }
}
