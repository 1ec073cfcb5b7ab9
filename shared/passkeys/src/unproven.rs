use webauthn_rs_core::error::WebauthnError;

/// Why an answer proves nothing. The words are for the audit: they say nothing that the caller chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// It is no answer of a browser, or longer than any.
    #[error("the answer cannot be read")]
    Unreadable,
    /// It is of the other ceremony: what registers a passkey signs nobody in.
    #[error("the answer is of another ceremony")]
    OtherCeremony,
    /// It answers another challenge.
    #[error("the answer is to another challenge")]
    OtherChallenge,
    /// It was given to a page that is not ours.
    #[error("the answer was given to a page of another origin")]
    ForeignOrigin,
    /// It was given to our page in a frame of somebody else's.
    #[error("the answer was given in a frame of another page")]
    InAFrame,
    /// The passkey is another domain's.
    #[error("the passkey is of another domain")]
    ForeignDomain,
    /// Nobody touched the authenticator.
    #[error("nobody was present")]
    NobodyPresent,
    /// The authenticator did not verify who used it.
    #[error("the authenticator has not verified the person")]
    PersonNotVerified,
    /// Its count of signatures did not grow: there are two authenticators with this key (section 6.1.1).
    #[error("the passkey may have been copied")]
    Copied,
    /// The person has no such passkey, or has it no more.
    #[error("the person has no such passkey")]
    UnknownPasskey,
    /// It is another person's than the one it says it is.
    #[error("the passkey is of another person")]
    SomebodyElses,
    /// Its signature is wrong, its key of a kind that is not taken, or it contradicts itself.
    #[error("the answer is not valid")]
    Invalid,
}

impl From<WebauthnError> for Unproven {
    fn from(error: WebauthnError) -> Self {
        match error {
            WebauthnError::InvalidClientDataType => Self::OtherCeremony,
            WebauthnError::MismatchedChallenge => Self::OtherChallenge,
            WebauthnError::InvalidRPOrigin => Self::ForeignOrigin,
            WebauthnError::CredentialCrossOrigin => Self::InAFrame,
            WebauthnError::InvalidRPIDHash => Self::ForeignDomain,
            WebauthnError::UserNotPresent => Self::NobodyPresent,
            WebauthnError::UserNotVerified => Self::PersonNotVerified,
            WebauthnError::CredentialPossibleCompromise => Self::Copied,
            WebauthnError::CredentialNotFound => Self::UnknownPasskey,
            _ => Self::Invalid,
        }
    }
}
