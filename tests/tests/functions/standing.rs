use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::event::Reply;

/// Tokens of a grant that nobody renews or ends. Whoever only shows one of them need not have it granted anew: that takes
/// many requests.
#[derive(Default)]
pub(crate) struct Standing(Mutex<Option<(Instant, Reply)>>);

/// Well within the life of the tokens.
const LONGEST: Duration = Duration::from_mins(1);

impl Standing {
    /// The tokens, which are granted if there are none yet, or have been there for long.
    pub(crate) fn or(&self, granted: impl FnOnce() -> Reply) -> Reply {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_none_or(|(since, _)| since.elapsed() > LONGEST) {
            *kept = None;
        }
        kept.get_or_insert_with(|| (Instant::now(), granted())).1.clone()
    }
}
