use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oauth::{ClientId, Timestamp};

/// How long a process may act on what it last knew of a client.
const FRESH: Duration = Duration::from_secs(5);
/// How many clients a process remembers.
const MOST_REMEMBERED: usize = 1000;

/// What a process knows of clients, each from its last reading.
pub(crate) struct Remembered<V>(Mutex<HashMap<ClientId, (Timestamp, Arc<V>)>>);

impl<V> Default for Remembered<V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<V> Remembered<V> {
    pub(crate) fn get(&self, id: &ClientId, now: Timestamp) -> Option<Arc<V>> {
        self.all().get(id).filter(|(read_at, _)| is_young(*read_at, now)).map(|(_, known)| known.clone())
    }

    /// Remembers what was just read.
    pub(crate) fn put(&self, id: &ClientId, read: Arc<V>, now: Timestamp) {
        let mut all = self.all();
        if all.len() >= MOST_REMEMBERED {
            all.retain(|_, (read_at, _)| is_young(*read_at, now));
        }
        if all.len() < MOST_REMEMBERED {
            all.insert(id.clone(), (now, read));
        }
    }

    pub(crate) fn forget(&self, id: &ClientId) {
        self.all().remove(id);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<ClientId, (Timestamp, Arc<V>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that was set back makes nothing younger.
fn is_young(read_at: Timestamp, now: Timestamp) -> bool {
    now >= read_at && now < read_at.after(FRESH)
}
