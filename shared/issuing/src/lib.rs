//! Tokens out of what was granted: what one says and for how long, its signature, and the one write that spends what it is given
//! for. Whether anybody may have it was decided before: by `oauth`, `details` and the policies, in the functions.

mod access_token;
mod content;
mod first_tokens;
mod id_token;

pub use access_token::{AccessToken, Behalf, Exchanged, on_behalf};
pub use content::{Content, Registered};
pub use first_tokens::{FirstTokens, Issued, SignedTokens};

use environment::{Dice, Fault};
use http::Problem;
use keys::Keys;
use oauth::{ClientId, Grant, Refusal, Timestamp};
use store::{Configuration, Person, Store};

/// Where tokens are made, and when: everything of one request is judged by the same moment and the same configuration.
#[derive(Clone, Copy)]
pub struct Mint<'a> {
    /// The table.
    pub store: &'a Store,
    /// What signs.
    pub keys: &'a Keys,
    /// Where identifiers come from.
    pub dice: &'a Dice,
    /// The configuration in force.
    pub configuration: &'a Configuration,
    /// The moment.
    pub now: Timestamp,
}

impl Mint<'_> {
    /// The person behind a grant, unless everything of theirs or of the client has been ended since it was given.
    ///
    /// # Errors
    /// [`Refusal::PersonEnded`]; a fault of the table.
    pub async fn standing_person(&self, grant: &Grant) -> Result<Person, Problem> {
        let person = self.store.person(&grant.person).await?;
        let client = self.store.client_state(&grant.client_id, self.now).await?;
        let stands = |person: &Person| {
            person.allows_made_at(grant.granted_at) && client.allows_issued_at(grant.granted_at)
        };
        let person = person.filter(stands).ok_or(Refusal::PersonEnded)?;
        if self.actor_stands(grant).await? { Ok(person) } else { Err(Refusal::PersonEnded.into()) }
    }

    /// Whether the client that acts in the person's name may still act, where it is another than the one that asks.
    async fn actor_stands(&self, grant: &Grant) -> Result<bool, Fault> {
        let actor = grant.act.newest().filter(|actor| actor.iss.is_none());
        let Some(actor) = actor.and_then(|actor| ClientId::parse(&actor.sub)) else { return Ok(true) };
        if actor == grant.client_id {
            return Ok(true);
        }
        Ok(self.store.client_state(&actor, self.now).await?.allows_issued_at(grant.granted_at))
    }
}
