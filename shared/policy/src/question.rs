use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use oauth::configuration::{Client, Profile};
use oauth::{AuthorizationDetail, AuthorizationDetails, PersonId, Scope, Timestamp, TokenType};

/// The name of the issuer itself where policies name tools: the scopes `openid`, `profile` and the like belong to it. No tool
/// has it, because a resource indicator is an absolute URI.
pub const ISSUER: &str = "issuer";

/// What policies are asked: may `principal` do `action` at `tool`, in these circumstances?
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who would do it, and for whom.
    pub principal: Principal<'a>,
    /// What they would do.
    pub action: Action,
    /// At which tool: its resource indicator, or [`ISSUER`].
    pub tool: &'a str,
    /// For what, and how it comes about.
    pub context: Context<'a>,
}

/// A client, and the person for whom it acts.
#[derive(Clone, Copy, Debug)]
pub struct Principal<'a> {
    /// The client, which has proven who it is where it can.
    pub client: &'a Client,
    /// The person at the start of the chain; `None` while nobody has signed in, and for a client that works alone.
    pub person: Option<Person<'a>>,
}

/// A person, as far as policies may know them.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// `sub`.
    pub subject: &'a str,
    /// What they type to sign in.
    pub user_name: &'a str,
    /// The names of their groups.
    pub groups: &'a BTreeSet<String>,
    /// What else the company knows of them.
    pub attributes: &'a BTreeMap<String, String>,
}

impl<'a> Person<'a> {
    /// The person of this record.
    pub fn new(id: &'a PersonId, profile: &'a Profile) -> Self {
        Self {
            subject: id.as_str(),
            user_name: &profile.user_name,
            groups: &profile.groups,
            attributes: &profile.attributes,
        }
    }
}

/// What a principal would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Ask a person, at `/par` or `/authorize`.
    Ask,
    /// Be given it by the person who is asked: what they themselves may grant. Nobody grants what they do not hold.
    Grant,
    /// Get a token of its own (OAuth 2.1, section 4.2).
    ClientCredentials,
    /// Exchange a person's token, to act for them at another tool (RFC 8693, section 1.1: delegation).
    TokenExchange,
    /// Exchange a person's token for one that does not say who acts (RFC 8693, section 1.1: impersonation).
    Impersonate,
    /// Exchange a token for a refresh token: access that outlives the person's presence.
    RefreshTokenByExchange,
}

impl Action {
    /// All actions.
    pub const ALL: [Self; 6] = [
        Self::Ask,
        Self::Grant,
        Self::ClientCredentials,
        Self::TokenExchange,
        Self::Impersonate,
        Self::RefreshTokenByExchange,
    ];

    /// The action's name in policies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Grant => "grant",
            Self::ClientCredentials => "client_credentials",
            Self::TokenExchange => "token_exchange",
            Self::Impersonate => "impersonate",
            Self::RefreshTokenByExchange => "refresh_token_by_exchange",
        }
    }

    /// The action with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == name)
    }

    /// Whether the action is decided by the client's registration alone while a configuration has no policy at all. So it was
    /// before there were policies, and a person or an operator has said yes to it elsewhere. An exchange has nobody's yes but
    /// the policy's.
    pub(crate) const fn is_open_without_policies(self) -> bool {
        matches!(self, Self::Ask | Self::Grant | Self::ClientCredentials)
    }
}

/// For what a principal would do something, and how it comes about.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The one scope that is decided about, if it is a scope.
    pub scope: Option<&'a str>,
    /// The one detail that is decided about, if it is a detail.
    pub detail: Option<&'a AuthorizationDetail>,
    /// Every scope that is asked for at this tool.
    pub scopes: &'a Scope,
    /// Every detail that is asked for at this tool. Of these, policies see the types alone: Cedar has no way to look through a
    /// set of records.
    pub details: &'a AuthorizationDetails,
    /// What is issued, where it is allowed: the type of the token (RFC 8693, section 3). An access token wherever nothing else can be
    /// asked for.
    pub requested: TokenType,
    /// The other issuer that vouches for whom it is about, by its `iss`; `None` for whom this server knows by itself.
    pub origin: Option<&'a str>,
    /// How many clients stand between the person and this one: 0 for the client that the person dealt with.
    pub depth: u32,
    /// Those clients, by `client_id`: whoever had a token of the chain, and whoever that token says acts or acted before (`act`, RFC
    /// 8693, section 4.1).
    pub actors: &'a [&'a str],
    /// The client that acts, where an actor token names one (RFC 8693, section 2.1): by `client_id`. Policies hear of it where it is
    /// another one than the principal.
    pub actor: Option<&'a str>,
    /// How strongly the person has authenticated (`acr`, OpenID Connect Core, section 2).
    pub acr: Option<&'a str>,
    /// By which means (`amr`, RFC 8176).
    pub amr: &'a [&'a str],
    /// How long ago that was.
    pub auth_age: Option<Duration>,
    /// The moment of the request.
    pub now: Timestamp,
}
