use std::path::PathBuf;

use crate::arguments::SECRET_VARIABLE;

/// Why the demo did not come to its end. Each is one line for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// No asynchronous runtime.
    #[error("cannot start: {0}")]
    Runtime(std::io::Error),
    /// The HTTP client could not be built.
    #[error("cannot make an HTTP client: {0}")]
    HttpClient(reqwest::Error),
    /// No loopback port could be had.
    #[error("cannot listen on 127.0.0.1: {0}")]
    Loopback(std::io::Error),
    /// A tool cannot listen where the configuration says that it is.
    #[error(
        "a tool cannot listen on port {port}: {why}; --tools-port takes others, and the server's configuration names them"
    )]
    ToolPort {
        /// The port.
        port: u16,
        /// What the machine said.
        why: String,
    },
    /// The issuer is no URL, or not on this machine.
    #[error("--issuer {issuer}: {why}")]
    Issuer {
        /// What was given.
        issuer: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file of the data folder is there and cannot be used.
    #[error("{}: {why}", path.display())]
    DataFolder {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Nobody knows the client's secret.
    #[error(
        "no secret for client {client_id}: {} does not have it, and {SECRET_VARIABLE} is not set; start the server \
         with `cargo run`, or name its data folder with --data",
        path.display()
    )]
    NoSecret {
        /// The client.
        client_id: String,
        /// The file that was looked into.
        path: PathBuf,
    },
    /// Nobody listens at the issuer.
    #[error("no server answers at {issuer} ({why}); start one with `cargo run` in another terminal")]
    NoServer {
        /// Where it should be.
        issuer: String,
        /// What the HTTP client said.
        why: String,
    },
    /// A document of the server that cannot be used.
    #[error("the server's {document} cannot be used: {why}")]
    Document {
        /// Which.
        document: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// An endpoint refused the agent.
    #[error("{endpoint} refused: {why}")]
    Refused {
        /// Which endpoint.
        endpoint: &'static str,
        /// Its error code and description.
        why: String,
    },
    /// An endpoint did not answer, or not as its specification says.
    #[error("{endpoint} did not answer as it should: {why}")]
    Unexpected {
        /// Which endpoint.
        endpoint: &'static str,
        /// What was seen.
        why: String,
    },
    /// The person said no, or the server could not let them decide (OAuth 2.1, section 4.1.2.1).
    #[error("no approval: {0}")]
    NotApproved(String),
    /// The answer at the redirect URI is not from the server that was asked (RFC 9207, section 2.4).
    #[error("the answer names another issuer than the one that was asked: {0}")]
    OtherIssuer(String),
    /// Nobody answered in time.
    #[error("nobody answered within {minutes} minutes")]
    NobodyAnswered {
        /// How long the agent waited.
        minutes: u64,
    },
    /// The tool did something else than the token says.
    #[error("the tool should have {should} {file}, and answered {status}")]
    Tool {
        /// "served" or "refused".
        should: &'static str,
        /// Which file.
        file: &'static str,
        /// The status it gave.
        status: u16,
    },
}
