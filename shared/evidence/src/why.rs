use serde::{Serialize, Serializer};

/// Why a file proves nothing, or not what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The file is not of this format, in canonical form, to the last byte.
    #[error("the file is not evidence in canonical form")]
    Format,
    /// The passkey is enrolled for somebody else than the person who was asked.
    #[error("the passkey is enrolled for another person")]
    Person,
    /// It was enrolled after it is said to have signed.
    #[error("the passkey was enrolled after the request was displayed")]
    EnrolledLater,
    /// The answer is of another passkey than was enrolled.
    #[error("the answer is of another passkey than the enrolled one")]
    Credential,
    /// `clientDataJSON` cannot be read.
    #[error("what the browser says about the answer cannot be read")]
    ClientData,
    /// Its `type` is not `webauthn.get`.
    #[error("the answer is of another ceremony")]
    Ceremony,
    /// Its `challenge` is not the hash of what was displayed.
    #[error("the passkey signed something else than what was displayed")]
    Challenge,
    /// Its `origin` is not the enrolled one.
    #[error("the answer was given to a page of another origin")]
    Origin,
    /// The page was in a frame of another one.
    #[error("the answer was given in a frame of another page")]
    Frame,
    /// `authenticatorData` is too short.
    #[error("what the authenticator says cannot be read")]
    AuthenticatorData,
    /// Its `rpIdHash` is not that of the enrolled domain.
    #[error("the answer is for another domain")]
    RelyingParty,
    /// The enrolled origin is not of the enrolled domain.
    #[error("the origin does not belong to the domain of the passkey")]
    Domain,
    /// The flag UP is not set.
    #[error("nobody was present")]
    Presence,
    /// The flag UV is not set.
    #[error("the authenticator has not verified the person")]
    Verification,
    /// The signature is not of the enrolled key.
    #[error("the signature is not of the enrolled passkey")]
    Signature,
    /// Something was given to another client.
    #[error("it was granted to another client than asked")]
    GrantedClient,
    /// Something was given for a tool that was not displayed.
    #[error("it was granted for a tool that was not displayed")]
    GrantedResources,
    /// A scope was given that was not approved.
    #[error("a scope was granted that was not approved")]
    GrantedScope,
    /// A detail was given that was not approved.
    #[error("a detail was granted that was not approved")]
    GrantedDetails,
    /// It was approved before it was displayed, or after its end.
    #[error("it was not approved between its display and its end")]
    Time,
    /// The entry of the chain is of another approval.
    #[error("the entry of the chain is of another approval")]
    Entry,
    /// The entry's place in the chain is not what the file says.
    #[error("the chain does not hold the entry")]
    Chain,
    /// The checkpoint is of another server, or older than the approval.
    #[error("the checkpoint is not one of this server from after the approval")]
    OtherCheckpoint,
    /// The checkpoint does not hold the chain.
    #[error("the checkpoint does not hold the chain of this approval")]
    Inclusion,
    /// No key from outside the file has signed the checkpoint.
    #[error("the checkpoint is not signed by a key that was given")]
    CheckpointSignature,
    /// The token cannot be read.
    #[error("the token cannot be read")]
    Token,
    /// No key from outside the file has signed the token.
    #[error("the token is not signed by a key that was given")]
    TokenSignature,
    /// The token is of another server, or names another approval or person.
    #[error("the token is not of this approval")]
    OtherToken,
    /// The token is for a tool for which nothing was approved.
    #[error("the token is for another tool than was approved")]
    TokenResource,
    /// The token was made before the approval.
    #[error("the token is older than the approval")]
    TokenTime,
    /// The token lives longer than was displayed.
    #[error("the token outlives what was approved")]
    TokenLifetime,
    /// The token has a scope that was not approved.
    #[error("the token has a scope that was not approved")]
    TokenScope,
    /// The token has a detail that was not approved.
    #[error("the token has a detail that does not lie within what was approved")]
    TokenDetails,
}

impl Why {
    /// One word for it, the same in every verifier.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Person => "person",
            Self::EnrolledLater => "enrolled_later",
            Self::Credential => "credential",
            Self::ClientData => "client_data",
            Self::Ceremony => "ceremony",
            Self::Challenge => "challenge",
            Self::Origin => "origin",
            Self::Frame => "frame",
            Self::AuthenticatorData => "authenticator_data",
            Self::RelyingParty => "relying_party",
            Self::Domain => "domain",
            Self::Presence => "presence",
            Self::Verification => "verification",
            Self::Signature => "signature",
            Self::GrantedClient => "granted_client",
            Self::GrantedResources => "granted_resources",
            Self::GrantedScope => "granted_scope",
            Self::GrantedDetails => "granted_details",
            Self::Time => "time",
            Self::Entry => "entry",
            Self::Chain => "chain",
            Self::OtherCheckpoint => "other_checkpoint",
            Self::Inclusion => "inclusion",
            Self::CheckpointSignature => "checkpoint_signature",
            Self::Token => "token",
            Self::TokenSignature => "token_signature",
            Self::OtherToken => "other_token",
            Self::TokenResource => "token_resource",
            Self::TokenTime => "token_time",
            Self::TokenLifetime => "token_lifetime",
            Self::TokenScope => "token_scope",
            Self::TokenDetails => "token_details",
        }
    }
}

/// Its word.
impl Serialize for Why {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}
