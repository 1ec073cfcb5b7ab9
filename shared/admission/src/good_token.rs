use std::sync::Arc;

use details::DetailTypes;
use environment::Fault;
use oauth::configuration::{Client, GrantType, Tool};
use oauth::{AccessTokenClaims, Audience, AuthorizationDetails, Child, Sha256Digest};
use store::Standing;

use crate::{ShownActor, Visit};

/// An access token that nothing has ended, and what it is worth now.
#[derive(Debug)]
pub struct GoodToken {
    /// What it says, with the details themselves, and no more than its client may still have.
    pub claims: AccessTokenClaims,
    /// The client that it was given to.
    pub client: Arc<Client>,
    /// What was read of it.
    pub standing: Standing,
}

impl Visit<'_> {
    /// Whether an access token whose signature and times are good still stands, and what it is worth: one call to the table for
    /// everything that could have ended it. `None` for one that is worth nothing.
    ///
    /// # Errors
    /// A fault of the table.
    pub async fn good_token(
        &self,
        claims: AccessTokenClaims,
        types: &DetailTypes,
    ) -> Result<Option<GoodToken>, Fault> {
        Ok(self.good_token_beside(claims, types, None).await?.map(|(good, _)| good))
    }

    /// As [`Visit::good_token`], with what stands behind the token of who acts, in the same call.
    ///
    /// # Errors
    /// A fault of the table.
    pub async fn good_token_beside(
        &self,
        claims: AccessTokenClaims,
        types: &DetailTypes,
        actor: Option<&ShownActor>,
    ) -> Result<Option<(GoodToken, Option<Standing>)>, Fault> {
        let Some((standing, actor)) = self.standing_beside(&claims, actor).await? else { return Ok(None) };
        Ok(self.worth(claims, standing, types).await?.map(|good| (good, actor)))
    }

    /// As [`Visit::good_token`], for who has read what stands behind it.
    ///
    /// # Errors
    /// A fault of the table.
    pub(crate) async fn good_as_read(
        &self,
        claims: AccessTokenClaims,
        standing: Standing,
        types: &DetailTypes,
    ) -> Result<Option<GoodToken>, Fault> {
        if !self.is_backed(&claims).await? {
            return Ok(None);
        }
        let Some(standing) = self.still_holding(&claims, standing).await? else { return Ok(None) };
        self.worth(claims, standing, types).await
    }

    /// What a token that stands is worth now.
    async fn worth(
        &self,
        claims: AccessTokenClaims,
        standing: Standing,
        types: &DetailTypes,
    ) -> Result<Option<GoodToken>, Fault> {
        let Some(client) = self.store.client(&self.configuration, &claims.client_id, self.now).await? else {
            return Ok(None);
        };
        let Some(details) = self.details_left(&claims, &standing, &client, types) else {
            return Ok(None);
        };
        let scope = claims.scope.intersection(&client.scopes);
        let first =
            |tool: &Tool, first: &Client| self.rights_at_first((&claims, &standing), (tool, first), types);
        let left = self.left_from_above(&claims, (scope, details), first).await?;
        let Some((scope, authorization_details)) = left else { return Ok(None) };
        let claims = AccessTokenClaims { authorization_details, scope, ..claims };
        Ok(Some(GoodToken { claims, client, standing }))
    }

    /// What stands behind the claims of a token of ours, of whatever kind it is: one call to the table. `None` where that does not hold
    /// any more: something that it goes back to was ended or is registered no longer.
    ///
    /// # Errors
    /// A fault of the table.
    pub async fn standing(&self, claims: &AccessTokenClaims) -> Result<Option<Standing>, Fault> {
        Ok(self.standing_beside(claims, None).await?.map(|(standing, _)| standing))
    }

    /// As [`Visit::standing`], with what stands behind the token of who acts, in the same call: whether that one is good is another
    /// question ([`Visit::still_acts`]).
    ///
    /// # Errors
    /// A fault of the table.
    pub async fn standing_beside(
        &self,
        claims: &AccessTokenClaims,
        actor: Option<&ShownActor>,
    ) -> Result<Option<(Standing, Option<Standing>)>, Fault> {
        if !self.is_backed(claims).await? {
            return Ok(None);
        }
        let (standing, actor) = match actor {
            None => (self.store.standing(claims).await?, None),
            Some(actor) => {
                let [standing, actor] = self.store.standing_of_both([claims, actor.claims()]).await?;
                (standing, Some(actor))
            }
        };
        Ok(self.still_holding(claims, standing).await?.map(|standing| (standing, actor)))
    }

    /// Whether the configuration and the registrations still back a token.
    async fn is_backed(&self, claims: &AccessTokenClaims) -> Result<bool, Fault> {
        // What another issuer vouched for is worth nothing without it.
        if !self.configuration.server.stands_by(claims) {
            return Ok(false);
        }
        // A client that is registered no longer has nothing that is good, nor has who got anything through it, nor for whom it acts.
        self.store.are_registered(&self.configuration, &claims.clients(), self.now).await
    }

    /// What was read of a token, if nothing of it has ended that token.
    async fn still_holding(
        &self,
        claims: &AccessTokenClaims,
        standing: Standing,
    ) -> Result<Option<Standing>, Fault> {
        let holds = standing.holds(claims, self.now)
            && self.store.may_still_name(&self.configuration, standing.named(), self.now).await?;
        Ok(holds.then_some(standing))
    }

    /// Whether what was got by exchange could still be renewed, and what it is worth: refresh tokens are given out by exchange, its client
    /// may still exchange and still name who acts, what stands above it stands, and client, the rules of its tool and the trust in
    /// another issuer still allow something of it. Its item, and what the policies say, are the caller's to look at.
    ///
    /// # Errors
    /// A fault of the table.
    pub async fn good_child(&self, child: &Child, types: &DetailTypes) -> Result<Option<GoodToken>, Fault> {
        Ok(self.good_child_beside(child, types, None).await?.map(|(good, _)| good))
    }

    /// As [`Visit::good_child`], with what stands behind the token of who acts, in the same call.
    ///
    /// # Errors
    /// A fault of the table.
    pub async fn good_child_beside(
        &self,
        child: &Child,
        types: &DetailTypes,
        actor: Option<&ShownActor>,
    ) -> Result<Option<(GoodToken, Option<Standing>)>, Fault> {
        let server = &self.configuration.server;
        if !server.exchange.issue_refresh_tokens || !server.renews(child, self.now) {
            return Ok(None);
        }
        let good = self.good_token_beside(child.claims.clone(), types, actor).await?;
        let Some((good, actor)) = good else { return Ok(None) };
        if !good.client.may_use(GrantType::TokenExchange) {
            return Ok(None);
        }
        if child.shown_actor().is_some_and(|actor| !good.client.may_show(&actor)) {
            return Ok(None);
        }
        let tool = self.configuration.tools.iter().find(|tool| tool.resource == child.claims.aud);
        let Some(tool) = tool else { return Ok(None) };
        let (mut scope, mut details) = (good.claims.scope, good.claims.authorization_details);
        if let Some(from) = &child.terms.from {
            scope = tool.scope_still_from(from, &scope);
            details = tool.details_still_from(from, &details);
        }
        if let Some(trusted) = child.claims.origin.as_ref().and_then(|origin| server.trusted(&origin.iss)) {
            scope = scope.intersection(&trusted.scopes);
            details = within(types, &details, &trusted.details);
        }
        let is_lost = details.is_empty() && !child.claims.authorization_details.is_empty();
        if is_lost || (scope.is_empty() && details.is_empty()) {
            return Ok(None);
        }
        let claims = AccessTokenClaims { scope, authorization_details: details, ..good.claims };
        Ok(Some((GoodToken { claims, ..good }, actor)))
    }

    /// The details of the token, be they in it or only referred to, as far as its client may still have them. `None` when none
    /// is left: the token then allows nothing, and its scope alone would look as if it allowed everything.
    fn details_left(
        &self,
        claims: &AccessTokenClaims,
        standing: &Standing,
        client: &Client,
        types: &DetailTypes,
    ) -> Option<AuthorizationDetails> {
        let configuration = &self.configuration;
        let audience = Audience::find(&claims.aud, &configuration.server, &configuration.tools);
        let Some(tool) = audience.and_then(|audience| audience.tool()) else {
            let said_nothing =
                claims.authorization_details.is_empty() && claims.authorization_details_id.is_none();
            return said_nothing.then(AuthorizationDetails::default);
        };
        if !client.tools.contains(&tool.id) {
            return None;
        }
        let said = match &claims.authorization_details_id {
            None => claims.authorization_details.clone(),
            // A narrowed token has its own; where they are gone, nobody could say what it allows.
            Some(digest) => match standing.kept_details() {
                Some(narrowed) => narrowed.clone(),
                None => whole(types, standing, tool, client, digest)?,
            },
        };
        let left = types.granted_for(&said, tool, client);
        (said.is_empty() || !left.is_empty()).then_some(left)
    }
}

/// Those of the details that lie within `most`, if all of these together do.
fn within(
    types: &DetailTypes,
    details: &AuthorizationDetails,
    most: &AuthorizationDetails,
) -> AuthorizationDetails {
    let fits = |details: &AuthorizationDetails| types.is_within(details, most).is_ok();
    let left = details.retaining(|one| fits(&AuthorizationDetails::new(vec![one.clone()])));
    if fits(&left) { left } else { AuthorizationDetails::default() }
}

/// All that the authorization has for a tool, if it is this that the token refers to: as its client may have it now, or as it
/// might before some of it was taken away.
fn whole(
    types: &DetailTypes,
    standing: &Standing,
    tool: &Tool,
    client: &Client,
    digest: &Sha256Digest,
) -> Option<AuthorizationDetails> {
    let details = &standing.authorization.as_ref()?.grant()?.details;
    let now = types.granted_for(details, tool, client);
    [now, types.for_tool(details, tool)].into_iter().find(|whole| whole.digest() == *digest)
}
