use std::slice;

use crate::{
    Actors, Authorization, AuthorizationDetails, ClientId, GrantId, PersonId, ResourceUri, Scope, Stage,
    Timestamp,
};

/// What a client holds in a person's name, by what its authorization says by itself: a grant, or a refresh token that was got by
/// exchange. What else could have ended it is for the caller to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Holding<'a> {
    /// Which authorization.
    pub id: &'a GrantId,
    /// Whose name it is in.
    pub person: PersonId,
    /// Who holds it.
    pub client_id: &'a ClientId,
    /// Who acts with it.
    pub act: &'a Actors,
    /// For which tools; empty where the client named none.
    pub resources: &'a [ResourceUri],
    /// What it allows by scope.
    pub scope: &'a Scope,
    /// What it allows in detail.
    pub details: &'a AuthorizationDetails,
    /// Since when.
    pub since: Timestamp,
    /// When a token was last got by it; none where the client has yet to fetch the first.
    pub last_used: Option<Timestamp>,
    /// The last moment of any token.
    pub until: Timestamp,
    /// Whether new tokens can be got by it.
    pub is_renewable: bool,
    /// The authorization that it was got from by exchange, if it was.
    pub root: Option<&'a GrantId>,
}

impl Authorization {
    /// What is held by it, as long as something can come of it. Nobody holds a request that waits for a person.
    pub fn holding(&self, now: Timestamp) -> Option<Holding<'_>> {
        let (until, last_used, is_renewable) = match &self.stage {
            Stage::Consented(consented) => (consented.code_expires_at, None, false),
            Stage::Approved(approved) => (approved.awaited.expires_at, None, false),
            Stage::Active(active) => {
                // Without a refresh token there was one token, right after the grant.
                let renewed = active.refresh.as_ref().map(|family| family.rotated_at);
                let used = renewed.unwrap_or(active.grant.granted_at);
                (active.grant.ends_at, Some(used), renewed.is_some())
            }
            Stage::Child(child) => (child.claims.exp, Some(child.refresh.rotated_at), true),
            Stage::Pushed(_) | Stage::Requested(_) | Stage::Declined(_) | Stage::Ended(_) => return None,
        };
        let held = if let Stage::Child(child) = &self.stage {
            Holding {
                id: &self.id,
                person: child.person()?,
                client_id: &child.claims.client_id,
                act: &child.claims.act,
                resources: slice::from_ref(&child.claims.aud),
                scope: &child.claims.scope,
                details: &child.claims.authorization_details,
                since: child.claims.iat,
                last_used,
                until,
                is_renewable,
                root: child.claims.grant_id.as_ref(),
            }
        } else {
            let grant = self.grant()?;
            Holding {
                id: &self.id,
                person: grant.person.clone(),
                client_id: &grant.client_id,
                act: &grant.act,
                resources: &grant.resources,
                scope: &grant.scope,
                details: &grant.details,
                since: grant.granted_at,
                last_used,
                until,
                is_renewable,
                root: None,
            }
        };
        (now < until).then_some(held)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Sha256Digest;

    const SINCE: i64 = 1_800_000_000;

    fn stored(stage: &Value) -> Authorization {
        let id = GrantId::from_random([3; 16]);
        let stage = serde_json::from_value(stage.clone()).expect("a stage");
        Authorization { id, version: 1, stage }
    }

    fn grant() -> Value {
        json!({
            "client_id": "desk", "person": format!("person-{}", "A".repeat(22)), "scope": "openid", "resources": [],
            "authentication": { "auth_time": SINCE, "amr": ["pwd"] }, "nonce": null, "asked": Sha256Digest::of(b""),
            "granted_at": SINCE, "ends_at": SINCE + 600,
        })
    }

    fn code() -> Value {
        json!({ "secret": Sha256Digest::of(b""), "challenge": Sha256Digest::of(b""), "redirect_uri": "https://a.test/" })
    }

    fn active(refresh: &Value) -> Authorization {
        stored(&json!({ "stage": "active", "grant": grant(), "code": code(), "refresh": refresh }))
    }

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(SINCE + seconds)
    }

    #[test]
    fn a_grant_is_held_until_its_last_moment_and_was_used_when_it_was_renewed() {
        let family = json!({ "secret": Sha256Digest::of(b""), "generation": 2, "rotated_at": SINCE + 60 });
        let renewed = active(&family);
        let held = renewed.holding(at(599)).expect("held");
        assert_eq!((held.last_used, held.until, held.is_renewable), (Some(at(60)), at(600), true));
        assert_eq!(renewed.holding(at(600)), None);
        let once = active(&Value::Null);
        let held = once.holding(at(1)).expect("held");
        assert_eq!((held.last_used, held.is_renewable), (Some(at(0)), false));
    }

    /// What nobody has fetched yet can be fetched until the code expires, whatever the grant would last.
    #[test]
    fn what_waits_to_be_fetched_is_held_while_it_can_be() {
        let consented = stored(
            &json!({ "stage": "consented", "grant": grant(), "code": code(), "code_expires_at": SINCE + 60 }),
        );
        assert_eq!(consented.holding(at(59)).expect("held").last_used, None);
        assert_eq!(consented.holding(at(60)), None);
    }

    #[test]
    fn what_has_ended_is_held_by_nobody() {
        let ended = active(&Value::Null).ended(crate::End::Revoked, at(1));
        assert_eq!(ended.holding(at(1)), None);
    }
}
