use environment::Fault;
use oauth::{Asks, PersonId};

use crate::Guest;

/// How often it is tried again because somebody else, such as an agent that asks, changed the same at the same moment.
pub(crate) const MOST_TRIES: usize = 8;

impl Guest<'_> {
    /// Changes what is known of who asks a person, on top of whatever others change meanwhile; `false` where it was so already.
    ///
    /// # Errors
    /// When the table does not answer, or somebody else always came first.
    pub async fn change_asks(&self, person: &PersonId, change: impl Fn(Asks) -> Asks) -> Result<bool, Fault> {
        for _ in 0..MOST_TRIES {
            let kept = self.store.asks(person).await?;
            let changed = change(kept.asks.clone());
            if changed == kept.asks {
                return Ok(false);
            }
            if self.store.keep_asks(&kept, &changed).await? {
                return Ok(true);
            }
        }
        Err(Fault::unavailable("table", "who asks this person has just changed"))
    }
}
