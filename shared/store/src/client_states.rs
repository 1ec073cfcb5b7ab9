use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use environment::Fault;
use oauth::{ClientId, HashedSecret, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::item::{Condition, Draft, Key, Written, body};

/// What is true of a client outside the configuration, so that going back to an earlier one revives nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientState {
    /// Its secrets: two while it rotates.
    pub secrets: Vec<HashedSecret>,
    /// Whether an operator has switched it off.
    pub disabled: bool,
    /// Nothing that was granted or issued to it up to this moment is good.
    pub not_before: Option<Timestamp>,
}

impl ClientState {
    /// Whether something issued to the client at `moment` is good by now. In the very second of an ending nothing is:
    /// it may have been there before.
    pub fn allows_issued_at(&self, moment: Timestamp) -> bool {
        !self.disabled && self.not_before.is_none_or(|mark| moment > mark)
    }
}

/// How long a process may act on what it last knew of a client.
const FRESH: Duration = Duration::from_secs(5);
/// How many clients a process remembers.
const MOST_REMEMBERED: usize = 1000;

#[derive(Default)]
pub(crate) struct Cache(Mutex<HashMap<ClientId, (Timestamp, Arc<ClientState>)>>);

impl Store {
    /// The standing of a client, at most five seconds old, so that a warm request reads nothing.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn client_state(&self, id: &ClientId, now: Timestamp) -> Result<Arc<ClientState>, Fault> {
        if let Some(known) = self.client_states.get(id, now) {
            return Ok(known);
        }
        let state = Arc::new(self.client_state_now(id).await?);
        self.client_states.put(id, state.clone(), now);
        Ok(state)
    }

    /// Changes what is true of a client, on condition that it is still what was read: an operator who switches
    /// it off and one who gives it a new secret do not undo each other. `false` when somebody came first.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn change_client_state(
        &self,
        id: &ClientId,
        before: &ClientState,
        after: &ClientState,
    ) -> Result<bool, Fault> {
        let standing = self.read(&key(id)).await?;
        if standing.as_ref().map(body::<ClientState>).transpose()?.unwrap_or_default() != *before {
            return Ok(false);
        }
        let draft = Draft::new(&key(id), after, None);
        let written = self.write_if(draft, Condition::unchanged(standing.as_ref())).await?;
        Ok(matches!(written, Written::Done))
    }
}

impl Cache {
    fn get(&self, id: &ClientId, now: Timestamp) -> Option<Arc<ClientState>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(id).filter(|(read_at, _)| now < read_at.after(FRESH)).map(|(_, state)| state.clone())
    }

    fn put(&self, id: &ClientId, state: Arc<ClientState>, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_REMEMBERED {
            known.retain(|_, (read_at, _)| now < read_at.after(FRESH));
        }
        if known.len() < MOST_REMEMBERED {
            known.insert(id.clone(), (now, state));
        }
    }
}

pub(crate) fn key(id: &ClientId) -> Key {
    Key::new(format!("CLIENT#{id}"), "STATE")
}
