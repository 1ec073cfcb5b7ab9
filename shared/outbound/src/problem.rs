use std::time::Duration;

/// Why a document was not fetched. For the log: whoever named the address hears less, so that they do not learn what answers
/// on a network that is not theirs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The URL is not one that is fetched at all.
    #[error("the URL is not fetched: {0}")]
    Url(&'static str),
    /// The name could not be resolved.
    #[error("the name has no address")]
    NoAddress,
    /// An address of the name is not one that may be reached.
    #[error("the name stands for an address that may not be reached")]
    AddressNotAllowed,
    /// No address accepted a connection with a certificate for the name.
    #[error("no connection: {0}")]
    NotReached(String),
    /// It took longer than it may.
    #[error("not done within {} ms", .0.as_millis())]
    Late(Duration),
    /// The answer is not a 200.
    #[error("status {0}")]
    Status(u16),
    /// The answer is not JSON, or is encoded.
    #[error("the answer is {0}")]
    NotPlainJson(&'static str),
    /// The answer is longer than it may be.
    #[error("longer than {0} bytes")]
    TooLarge(usize),
    /// The answer broke off, or is no HTTP.
    #[error("the answer cannot be read")]
    Broken,
}

impl Problem {
    /// What whoever named the address may read. It tells a client's developer what to mend, and nobody what a network has.
    pub const fn for_strangers(&self) -> &'static str {
        match self {
            Self::Url(why) => why,
            Self::NoAddress
            | Self::AddressNotAllowed
            | Self::NotReached(_)
            | Self::Late(_)
            | Self::Broken => "it could not be fetched",
            Self::Status(_) => "its status is not 200",
            Self::NotPlainJson(_) => "it is not application/json, as it is",
            Self::TooLarge(_) => "it is too large",
        }
    }
}
