use serde::{Deserialize, Serialize};

use crate::authorization::{Authorization, Family, Stage};
use crate::{AccessTokenClaims, ClientId, GrantId, PersonId, RefreshToken, Timestamp, TokenId, ToolId};

/// What can be had by a refresh token that was got by exchange (RFC 8693, section 2.2.1). It goes back to the authorization that
/// the subject token came from, the root, and ends with it; where there is none, it is its own root.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Child {
    /// What each of its access tokens says at most, its details among them. `grant_id` is the root's, `exp` the last moment of
    /// any token and never past the root's, `iat` when it was made, `client_id` whose the refresh token is.
    pub claims: AccessTokenClaims,
    /// The refresh tokens.
    pub refresh: Family,
    /// On what terms it was got.
    #[serde(default)]
    pub terms: ChildTerms,
}

/// How a refresh token was got by exchange, so that each renewal can be asked of rules and policies as that was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildTerms {
    /// The tool whose rights became these, by the rules. None for what a person granted to the client itself, and for what another
    /// issuer vouched for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ToolId>,
    /// Whether its tokens say who acts: otherwise it was got by impersonation (RFC 8693, section 1.1).
    #[serde(default)]
    pub names_the_actor: bool,
}

impl Child {
    /// The person, if it is about one.
    pub fn person(&self) -> Option<PersonId> {
        PersonId::parse(&self.claims.sub)
    }

    /// Whom an actor token named, where that is another client than its own (RFC 8693, section 2.1).
    pub fn shown_actor(&self) -> Option<ClientId> {
        let newest = self.claims.act.newest().filter(|_| self.terms.names_the_actor)?;
        newest.as_client().filter(|actor| *actor != self.claims.client_id)
    }

    /// What an access token of it says that is made now, before it is narrowed: it ends with the child `id` and all above.
    #[must_use]
    pub fn token(&self, id: &GrantId, jti: TokenId, iat: Timestamp) -> AccessTokenClaims {
        let above = self.claims.child_grant_ids.iter().cloned();
        AccessTokenClaims {
            jti,
            iat,
            child_grant_ids: std::iter::once(id.clone()).chain(above).collect(),
            ..self.claims.clone()
        }
    }
}

impl Authorization {
    /// A refresh token was got by exchange.
    pub fn child(token: &RefreshToken, claims: AccessTokenClaims, terms: ChildTerms) -> Self {
        let refresh = Family { secret: token.family().digest(), generation: 0, rotated_at: claims.iat };
        Self {
            id: token.id().clone(),
            version: 1,
            stage: Stage::Child(Box::new(Child { claims, refresh, terms })),
        }
    }
}
