use serde::{Deserialize, Serialize};

use crate::authorization::{Authorization, Family, Stage};
use crate::{
    AccessTokenClaims, Actors, ClientId, GrantId, PersonId, RefreshToken, Timestamp, TokenId, ToolId,
};

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
    /// Whom an actor token named (RFC 8693, section 2.1), when it was got or when the refresh token was that it was made of, where that
    /// is another client than its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<ClientId>,
}

impl Child {
    /// The person, if it is about one.
    pub fn person(&self) -> Option<PersonId> {
        PersonId::parse(&self.claims.sub)
    }

    /// Whom an actor token named, where that is another client than its own (RFC 8693, section 2.1): it is renewed as long as its client
    /// may name that one.
    pub fn shown_actor(&self) -> Option<ClientId> {
        let said = || {
            // What was stored before it was kept: whoever acts now.
            let newest = self.claims.act.newest().filter(|_| self.terms.names_the_actor)?;
            newest.as_client().filter(|actor| *actor != self.claims.client_id)
        };
        self.terms.actor.clone().or_else(said)
    }

    /// Its client, and whom that one named, as [`Grant::names`](crate::Grant::names).
    pub fn names(&self) -> Option<(ClientId, ClientId)> {
        self.shown_actor().map(|actor| (self.claims.client_id.clone(), actor))
    }

    /// Who acted before it was got, as the token said that it was made of.
    pub fn acted_before(&self) -> Actors {
        if self.terms.names_the_actor { self.claims.act.before_newest() } else { self.claims.act.clone() }
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn stored(act: &Value, terms: &Value) -> Child {
        let claims = json!({
            "iss": "https://us.test", "sub": "person-AAAAAAAAAAAAAAAAAAAAAA", "aud": "https://bank.test",
            "iat": 1_800_000_000, "exp": 1_800_000_060, "jti": "B".repeat(22), "client_id": "tool", "act": act,
        });
        let refresh = json!({
            "secret": crate::Sha256Digest::of(b""), "generation": 0, "rotated_at": 1_800_000_000,
        });
        serde_json::from_value(json!({ "claims": claims, "refresh": refresh, "terms": terms }))
            .expect("a child")
    }

    #[test]
    fn who_was_named_at_first_is_known_whoever_acts_now() {
        let act = json!({ "sub": "tool", "act": { "sub": "caller" } });
        let child = stored(&act, &json!({ "names_the_actor": true, "actor": "caller" }));
        assert_eq!(child.shown_actor(), ClientId::parse("caller"));
        let written = serde_json::to_value(&child).expect("JSON");
        assert_eq!(serde_json::from_value::<Child>(written).expect("a child"), child);
    }

    /// As the version before this one stored it.
    #[test]
    fn of_what_was_stored_without_a_name_whoever_acts_was_named_unless_it_is_the_client_itself() {
        let named = |act: Value, terms: Value| stored(&act, &terms).shown_actor();
        assert_eq!(
            named(json!({ "sub": "caller" }), json!({ "names_the_actor": true })),
            ClientId::parse("caller")
        );
        assert_eq!(
            named(json!({ "sub": "tool", "act": { "sub": "caller" } }), json!({ "names_the_actor": true })),
            None
        );
        assert_eq!(named(json!({ "sub": "caller" }), json!({ "names_the_actor": false })), None);
    }

    /// RFC 8693, section 4.1.
    #[test]
    fn who_acted_before_it_was_got_is_whoever_acts_but_the_newest_where_that_one_is_named() {
        let act = json!({ "sub": "tool", "act": { "sub": "caller" } });
        let before = |terms: Value| serde_json::to_value(stored(&act, &terms).acted_before()).expect("JSON");
        assert_eq!(before(json!({ "names_the_actor": true })), json!({ "sub": "caller" }));
        assert_eq!(before(json!({ "names_the_actor": false })), act);
    }
}
