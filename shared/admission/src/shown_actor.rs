use details::DetailTypes;
use http::Problem;
use keys::PublicKeys;
use oauth::configuration::Client;
use oauth::{ClientId, Refusal, ShownToken, TokenType};

use crate::Visit;

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
        let invalid = |why| Problem::from(Refusal::ActorTokenInvalid { why });
        if !matches!(shown.token_type, TokenType::AccessToken | TokenType::Jwt) {
            return Err(Refusal::TokenTypeNotSupported { name: "actor_token_type" }.into());
        }
        // It is not the bearer's own proof, so whatever is wrong with it makes the request invalid (section 2.2.2).
        let claims = self.access_token(keys, shown.text).map_err(|refusal| match refusal {
            Refusal::TokenInvalid { why } => invalid(why),
            other => other.into(),
        })?;
        let own = self.configuration.own_tool(client);
        let is_meant_for = own.is_some_and(|tool| tool.resource == claims.aud);
        if claims.client_id != client.id && !is_meant_for {
            return Err(invalid("audience"));
        }
        if !client.may_show(&claims.client_id) {
            return Err(invalid("not an actor of this client's"));
        }
        let claims = self.good_token(claims, types).await?.ok_or_else(|| invalid("ended"))?.claims;
        let is_its_own = claims.grant_id.is_none()
            && claims.exchanged_from.is_empty()
            && claims.sub == claims.client_id.as_str();
        if is_its_own { Ok(claims.client_id) } else { Err(invalid("not the party's own")) }
    }
}
