use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the server could not start or end cleanly. Each is one line that names the thing to look at.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Somebody else listens there.
    #[error("port {} is in use on {}: end the other program, or choose another port with {option}", address.port(), address.ip())]
    PortInUse {
        /// Where we wanted to listen.
        address: SocketAddr,
        /// The option that chooses the port.
        option: &'static str,
    },
    /// The operating system refused to listen there.
    #[error("cannot listen on {address}: {why}")]
    Listen {
        /// Where we wanted to listen.
        address: SocketAddr,
        /// What the system said.
        why: std::io::Error,
    },
    /// Another server holds the data folder.
    #[error("{} is in use by another running server: end that one, or choose another folder with --data", path.display())]
    DataInUse {
        /// The folder.
        path: PathBuf,
    },
    /// The data folder can be read by others, and secrets lie in it.
    #[error("{} can be opened by other users (mode {mode:o}): run chmod 700 on it, or choose another folder with --data", path.display())]
    DataOpenToOthers {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file or folder could not be read, written or made.
    #[error("cannot {verb} {}: {why}", path.display())]
    File {
        /// What was tried: "read", "write", "make".
        verb: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// A file is there but does not say what it should.
    #[error("{} is not what it should be: {why}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line where that is known.
        why: String,
    },
    /// The configuration is refused, or could not be put in force.
    #[error("{}: {why}", folder.display())]
    Configuration {
        /// The configuration's folder.
        folder: PathBuf,
        /// What is wrong, with file and line.
        why: String,
    },
    /// `--log` has a filter that cannot be read.
    #[error("--log {filter}: {why}")]
    LogFilter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        why: String,
    },
    /// `template.yaml`, which is built into this program, does not fit it. A bug.
    #[error("template.yaml: {0}")]
    Template(String),
    /// The embedded database refused something.
    #[error("the table in {place}: {why}")]
    Database {
        /// The file, or "memory".
        place: String,
        /// What it said.
        why: String,
    },
    /// The machine cannot give what every program needs.
    #[error("cannot set up {what}: {why}")]
    Machine {
        /// What was asked for.
        what: &'static str,
        /// What the system said.
        why: String,
    },
}
