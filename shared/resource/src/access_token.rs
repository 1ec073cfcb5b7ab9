use oauth::{AuthorizationDetails, Scope, Secret, Timestamp};
use serde_json::Value;

use crate::Actor;
use crate::claims::Claims;

/// An access token that is good here and now. There is no other way to one than a check.
#[derive(Clone)]
pub struct AccessToken {
    pub(crate) claims: Claims,
    pub(crate) text: Secret<String>,
}

impl AccessToken {
    /// The person for whom the client acts, or the client that works alone.
    pub fn subject(&self) -> &str {
        &self.claims.sub
    }

    /// The client that the token was given to.
    pub fn client_id(&self) -> &str {
        &self.claims.client_id
    }

    /// Who issued it.
    pub fn issuer(&self) -> &str {
        &self.claims.iss
    }

    /// The token's own identifier.
    pub fn id(&self) -> &str {
        &self.claims.jti
    }

    /// Its last moment.
    pub const fn expires_at(&self) -> Timestamp {
        Timestamp::from_seconds(self.claims.exp)
    }

    /// What it is good for here, roughly.
    pub const fn scope(&self) -> &Scope {
        &self.claims.scope
    }

    /// What it is good for here, exactly (RFC 9396). Empty also where the token only refers to its details and nobody has
    /// asked for them: [`AccessToken::refers_to_details`].
    pub const fn details(&self) -> &AuthorizationDetails {
        &self.claims.authorization_details
    }

    /// Whether the details are not in it: introspection has them.
    pub fn refers_to_details(&self) -> bool {
        self.claims.authorization_details_id.is_some() && self.claims.authorization_details.is_empty()
    }

    /// Who acts, when it is not the client on its own (RFC 8693, section 4.1).
    pub const fn actor(&self) -> Option<&Actor> {
        self.claims.act.as_ref()
    }

    /// When the person signed in.
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.claims.auth_time.map(Timestamp::from_seconds)
    }

    /// How surely it was the person (`acr`).
    pub fn authentication_context(&self) -> Option<&str> {
        self.claims.acr.as_deref()
    }

    /// The approval that the person has countersigned with a passkey, by its id, where what this token allows comes from one
    /// (`approval`).
    pub fn approval(&self) -> Option<&str> {
        self.claims.approval.as_deref()
    }

    /// Another claim, such as what the tool's registration maps from the person.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.others.get(name)
    }

    /// The token itself, to be exchanged for one for the next tool. It opens this tool to whoever has it.
    pub const fn secret(&self) -> &Secret<String> {
        &self.text
    }
}
