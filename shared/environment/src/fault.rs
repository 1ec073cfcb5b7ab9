/// A fault of ours, never of the caller. The world hears 503 or 500 and no more; the log has the text.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Something we depend on did not answer in time, throttled us or refused us; a retry may succeed (503).
    #[error("{what} is unavailable: {why}")]
    Unavailable {
        /// Which part: "table", "signing key".
        what: &'static str,
        /// What it said, without secrets.
        why: String,
    },
    /// A bug, or data that we cannot read (500).
    #[error("{what} is broken: {why}")]
    Broken {
        /// Which part.
        what: &'static str,
        /// What is wrong with it, without secrets.
        why: String,
    },
}

impl Fault {
    /// A part that did not answer.
    pub fn unavailable(what: &'static str, why: impl std::fmt::Display) -> Self {
        Self::Unavailable { what, why: why.to_string() }
    }

    /// A part that cannot be right.
    pub fn broken(what: &'static str, why: impl std::fmt::Display) -> Self {
        Self::Broken { what, why: why.to_string() }
    }
}
