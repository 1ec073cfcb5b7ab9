use std::collections::BTreeMap;
use std::sync::Arc;

use environment::Fault;
use oauth::{ClientId, HashedSecret, ResourceUri, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::item::{Draft, Key};

/// What is true of a client outside the configuration, so that going back to an earlier one revives nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientState {
    /// Its secrets: two while it rotates.
    pub secrets: Vec<HashedSecret>,
    /// Whether an operator has switched it off.
    pub disabled: bool,
    /// Nothing that was granted or issued to it up to this moment is good.
    pub not_before: Option<Timestamp>,
    /// Nothing that was granted or issued to it for these tools up to these moments is good: everything at that tool was ended.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ended_tools: BTreeMap<ResourceUri, Timestamp>,
}

impl ClientState {
    /// Whether something issued to the client at `moment` is good by now. In the very second of an ending nothing is:
    /// it may have been there before.
    pub fn allows_issued_at(&self, moment: Timestamp) -> bool {
        !self.disabled && self.not_before.is_none_or(|mark| moment > mark)
    }

    /// Whether something issued to the client at `moment` is good by now at this tool.
    pub fn allows_at(&self, tool: &ResourceUri, moment: Timestamp) -> bool {
        self.allows_issued_at(moment) && self.ended_tools.get(tool).is_none_or(|mark| moment > *mark)
    }

    /// Ends everything that was granted or issued to the client for this tool up to `now`, as soon as it is written.
    pub fn end_at(&mut self, tool: &ResourceUri, now: Timestamp) {
        let mark = self.ended_tools.entry(tool.clone()).or_insert(now);
        *mark = now.max(*mark);
    }
}

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
        let key = key(id);
        let is_as_read = |stored: Option<ClientState>| stored.unwrap_or_default() == *before;
        self.replace(&key, is_as_read, Draft::new(&key, after, None)).await
    }
}

pub(crate) fn key(id: &ClientId) -> Key {
    Key::new(format!("CLIENT#{id}"), "STATE")
}
