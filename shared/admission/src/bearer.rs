use http::Problem;
use oauth::{AccessTokenClaims, Refusal, Scope};
use store::Person;

use crate::Visit;

/// Who bears an access token for the issuer itself, and for whom.
#[derive(Debug)]
pub struct Bearer {
    /// The person behind it.
    pub person: Person,
    /// What it allows now: never more than its client may still ask for.
    pub scope: Scope,
}

impl Visit<'_> {
    /// Whether an access token whose signature and times are good is for the issuer itself, allows this, and stands: one call to the
    /// table for everything that could have ended it.
    ///
    /// # Errors
    /// [`Refusal::TokenInvalid`], [`Refusal::InsufficientScope`]; a fault of the table.
    pub async fn bearer(&self, claims: &AccessTokenClaims, needed: &'static str) -> Result<Bearer, Problem> {
        if claims.aud != self.configuration.server.resource() {
            return Err(Refusal::TokenInvalid { why: "audience" }.into());
        }
        // What was taken from a client is told to it no more, whatever its token says.
        let client = self.store.client(&self.configuration, &claims.client_id, self.now).await?;
        let client = client.ok_or(Refusal::TokenInvalid { why: "a client that is registered no longer" })?;
        let scope = claims.scope.intersection(&client.scopes);
        if !scope.contains(needed) {
            return Err(Refusal::InsufficientScope { scope: needed }.into());
        }
        let standing = self.standing(claims).await?.ok_or(Refusal::TokenInvalid { why: "ended" })?;
        // A client that works alone has no person to tell about.
        let person = standing.person.ok_or(Refusal::TokenInvalid { why: "nobody's" })?;
        Ok(Bearer { person, scope })
    }
}
