/// Something that the tool depends on did not answer, or not as its specification says. It is nobody's fault who asks:
/// they are told to come again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// No answer.
    #[error("{what} did not answer: {why}")]
    NoAnswer {
        /// Which part of the authorization server.
        what: &'static str,
        /// What the HTTP client said.
        why: String,
    },
    /// An answer that is of no use.
    #[error("{what} answered something else than it should: {why}")]
    Unusable {
        /// Which part of the authorization server.
        what: &'static str,
        /// What is wrong with it, without its content.
        why: String,
    },
    /// The keys are older than they may be, and were asked for only just now.
    #[error("the issuer's keys cannot be had at the moment")]
    NoKeys,
    /// The token refers to its details, or the demand wants it looked up, and the tool has no credentials to ask with.
    #[error("introspection is needed, and the tool was given no credentials for it")]
    NoCredentials,
}

impl Trouble {
    pub(crate) fn unusable(what: &'static str, why: &(impl ToString + ?Sized)) -> Self {
        Self::Unusable { what, why: why.to_string() }
    }
}
