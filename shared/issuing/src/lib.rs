//! Tokens out of what was granted: what one says and for how long, its signature, and the one write that spends what it is given
//! for. Whether anybody may have it was decided before: by `oauth`, `details` and the policies, in the functions.

mod access_token;
mod content;
mod first_tokens;
mod id_token;

pub use access_token::{AccessToken, Behalf, Exchanged, on_behalf};
pub use content::{Content, Registered};
pub use first_tokens::{FirstTokens, Issued, SignedTokens};

use environment::Dice;
use http::Problem;
use keys::Keys;
use oauth::{Grant, Refusal, Timestamp};
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
    /// The person behind a grant, unless everything of theirs, of the client's or of who acts has been ended since it was given.
    ///
    /// # Errors
    /// [`Refusal::PersonEnded`]; a fault of the table.
    pub async fn standing_person(&self, grant: &Grant) -> Result<Person, Problem> {
        let person = self.store.person_of(self.configuration, grant, self.now).await?;
        Ok(person.ok_or(Refusal::PersonEnded)?)
    }

    /// Whether a grant is still good at the tool that a token of it is for: everything there may have been ended since it was given.
    ///
    /// # Errors
    /// [`Refusal::PersonEnded`]; a fault of the table.
    pub async fn still_good_at(&self, grant: &Grant, content: &Content<'_>) -> Result<(), Problem> {
        let state = self.store.client_state(&grant.client_id, self.now).await?;
        let tool = content.audience.uri(&self.configuration.server);
        if state.allows_at(&tool, grant.granted_at) { Ok(()) } else { Err(Refusal::PersonEnded.into()) }
    }
}
