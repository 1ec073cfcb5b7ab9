use details::DetailTypes;
use http::Problem;
use keys::PublicKeys;
use oauth::configuration::Client;
use oauth::{AccessTokenClaims, ClientId, Refusal, ShownToken, TokenType};
use store::Standing;

use crate::Visit;

/// Who a client says acts, by a good token of that party's own. Whether it was ended stands in the table.
#[derive(Debug)]
pub struct ShownActor(AccessTokenClaims);

impl ShownActor {
    /// Who it is.
    pub const fn id(&self) -> &ClientId {
        &self.0.client_id
    }

    /// What the token says.
    pub const fn claims(&self) -> &AccessTokenClaims {
        &self.0
    }
}

impl Visit<'_> {
    /// Who acts by an actor token (RFC 8693, section 2.1): one of ours, good, and given to this client, or meant for it and of a party
    /// that this client is registered to name. Whoever calls a tool sends it such tokens, and none of them lets the tool act as that
    /// caller wherever it likes. It is a token that a party got for itself. A person's token says that somebody acts for them, and
    /// never that they act. One call to the table.
    ///
    /// # Errors
    /// [`Refusal::ActorTokenInvalid`], [`Refusal::TokenTypeNotSupported`]; a fault of the table.
    pub async fn shown_actor(
        &self,
        keys: &PublicKeys,
        types: &DetailTypes,
        client: &Client,
        shown: &ShownToken<'_>,
    ) -> Result<ClientId, Problem> {
        let ShownActor(claims) = self.actor_shown(keys, client, shown)?;
        let good = self.good_token(claims, types).await?;
        good.map(|good| good.claims.client_id).ok_or(ended().into())
    }

    /// As [`Visit::shown_actor`], as far as the token itself says so: the table is asked by the caller, among other things.
    ///
    /// # Errors
    /// [`Refusal::ActorTokenInvalid`], [`Refusal::TokenTypeNotSupported`].
    pub fn actor_shown(
        &self,
        keys: &PublicKeys,
        client: &Client,
        shown: &ShownToken<'_>,
    ) -> Result<ShownActor, Refusal> {
        let invalid = |why| Refusal::ActorTokenInvalid { why };
        if !matches!(shown.token_type, TokenType::AccessToken | TokenType::Jwt) {
            return Err(Refusal::TokenTypeNotSupported { name: "actor_token_type" });
        }
        // It is not the bearer's own proof, so whatever is wrong with it makes the request invalid (section 2.2.2).
        let claims = self.access_token(keys, shown.text).map_err(|refusal| match refusal {
            Refusal::TokenInvalid { why } => invalid(why),
            other => other,
        })?;
        let own = self.configuration.own_tool(client);
        let is_meant_for = own.is_some_and(|tool| tool.resource == claims.aud);
        if claims.client_id != client.id && !is_meant_for {
            return Err(invalid("audience"));
        }
        if !client.may_show(&claims.client_id) {
            return Err(invalid("not an actor of this client's"));
        }
        let is_its_own = claims.grant_id.is_none()
            && claims.exchanged_from.is_empty()
            && claims.sub == claims.client_id.as_str();
        if is_its_own { Ok(ShownActor(claims)) } else { Err(invalid("not the party's own")) }
    }

    /// That nothing has ended the token by which a party is said to act, by what was read of it. What was not read has not been seen to
    /// stand.
    ///
    /// # Errors
    /// [`Refusal::ActorTokenInvalid`]; a fault of the table.
    pub async fn still_acts(
        &self,
        types: &DetailTypes,
        ShownActor(claims): ShownActor,
        standing: Option<Standing>,
    ) -> Result<(), Problem> {
        let standing = standing.ok_or_else(ended)?;
        self.good_as_read(claims, standing, types).await?.map(drop).ok_or(ended().into())
    }
}

const fn ended() -> Refusal {
    Refusal::ActorTokenInvalid { why: "ended" }
}
