pub use oauth::Access;
use oauth::{ApprovalId, AuthorizationDetail, ClientId, GrantId, PersonId, ResourceUri, Scope, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Nonce, Sentence};

/// Everything that was displayed to a person when they were asked to sign. What a page shows of a request and is not in here would
/// not be signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The server that asked: its issuer identifier (RFC 8414, section 2).
    pub issuer: String,
    /// What the approval is called from now on: the claim `approval` of its tokens.
    pub approval: ApprovalId,
    /// The request that it answers.
    pub request: Request,
    /// Who asked.
    pub client: Party,
    /// Who would act, where it is not the client itself.
    pub actor: Option<Party>,
    /// Who approves.
    pub person: Person,
    /// The tools that it is for, in the request's order.
    pub tools: Vec<Tool>,
    /// What was asked by scope, chosen or not.
    pub scopes: Vec<ShownScope>,
    /// What was asked in detail, chosen or not, in the request's order.
    pub details: Vec<ShownDetail>,
    /// What the agent shows on its side, to be compared (OpenID CIBA Core 1.0, section 7.1).
    pub binding_message: Option<String>,
    /// Why the agent asks, in its own words.
    pub purpose: Option<String>,
    /// The number that the agent shows, as the person picked it.
    pub number: Option<u8>,
    /// The host, with its port, that the browser goes back to.
    pub returns_to: Option<String>,
    /// How long the access lasts.
    pub access: Access,
    /// Whether the person chose not to be asked again for the same.
    pub is_remembered: bool,
    /// In which language: the tag of its texts (RFC 5646).
    pub language: String,
    /// Where the person's clock goes: the name of a zone, or an offset.
    pub time_zone: String,
    /// When it was displayed.
    pub shown_at: Timestamp,
    /// What nobody could have known before it was displayed.
    pub nonce: Nonce,
}

impl Shown {
    /// The scopes that are approved.
    pub fn approved_scope(&self) -> Scope {
        let approved = self.scopes.iter().filter(|shown| shown.choice.is_approved());
        approved.map(|shown| shown.scope.as_str()).collect()
    }

    /// The details that are approved.
    pub fn approved_details(&self) -> impl Iterator<Item = &AuthorizationDetail> {
        self.details.iter().filter(|shown| shown.choice.is_approved()).map(|shown| &shown.detail)
    }

    /// What is approved, as it was read: the details, then the scopes.
    pub fn approved_sentences(&self) -> impl Iterator<Item = &Sentence> {
        let details = self.details.iter().map(|shown| (shown.choice, &shown.sentence));
        let scopes = self.scopes.iter().map(|shown| (shown.choice, &shown.sentence));
        let approved = details.chain(scopes).filter(|(choice, _)| choice.is_approved());
        approved.map(|(_, sentence)| sentence)
    }
}

/// How a request came to the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Their own browser brought it (OAuth 2.1, section 4.1.1).
    Consent,
    /// An agent asked while they were elsewhere (OpenID CIBA Core 1.0).
    Backchannel,
    /// A token request could not be answered without them.
    Deferred,
}

/// A request as it stood when it was displayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// How it came.
    pub kind: Kind,
    /// Which one.
    pub id: GrantId,
    /// In which version: a request that was changed since is another.
    pub version: u64,
    /// When it was asked: when the agent asked, or the person's browser arrived with it.
    pub asked_at: Timestamp,
    /// Until when it waits for an answer.
    pub expires_at: Timestamp,
}

/// A client as it was displayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// Its `client_id`.
    pub id: ClientId,
    /// Its name.
    pub name: String,
    /// Whether somebody of the company registered it: else nobody vouches for its name.
    pub is_vouched_for: bool,
}

/// The person as they were displayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The `sub` of their tokens.
    pub sub: PersonId,
    /// The name people know them by.
    pub name: String,
    /// The name they sign in with.
    pub user_name: String,
}

/// A tool as it was displayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its resource identifier (RFC 8707).
    pub resource: ResourceUri,
    /// Its name.
    pub name: String,
}

/// What became of something that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The person chose it.
    Ticked,
    /// They did not.
    Unticked,
    /// There was nothing to choose: the request makes no sense without it, and whoever approves it approves this.
    Always,
    /// They could not choose it, because they do not hold it themselves.
    Withheld,
}

impl Choice {
    /// Whether it is approved.
    pub const fn is_approved(self) -> bool {
        matches!(self, Self::Ticked | Self::Always)
    }
}

/// A scope as it was displayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShownScope {
    /// The scope token (RFC 6749, section 3.3).
    pub scope: String,
    /// What it allows, in words.
    pub sentence: Sentence,
    /// What became of it.
    pub choice: Choice,
}

/// An authorization detail as it was displayed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShownDetail {
    /// The detail itself (RFC 9396, section 2).
    pub detail: AuthorizationDetail,
    /// The name of the tool that it is for; empty when there is none.
    pub tool: String,
    /// What it allows, in words.
    pub sentence: Sentence,
    /// What became of it.
    pub choice: Choice,
}
