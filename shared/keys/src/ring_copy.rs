use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use environment::{Clock, Fault};
use oauth::Timestamp;
use store::Store;

use crate::key_ring::KeyRing;

/// How long a process may act on the key ring that it last read. A rotation counts on it.
pub(crate) const RING_FRESH: Duration = Duration::from_mins(1);

/// How long it waits before it asks again a table that did not answer.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// The table's key ring as a process last read it, and what it made of it.
pub(crate) struct RingCopy<M> {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    kept: Mutex<Option<Kept<M>>>,
}

/// A ring and what was made of it.
pub(crate) struct Kept<M> {
    pub(crate) ring: Arc<KeyRing>,
    pub(crate) made: Arc<M>,
    read_again_at: Timestamp,
}

impl<M> Clone for Kept<M> {
    fn clone(&self) -> Self {
        let (ring, made) = (Arc::clone(&self.ring), Arc::clone(&self.made));
        Self { ring, made, read_again_at: self.read_again_at }
    }
}

impl<M> RingCopy<M> {
    pub(crate) fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, kept: Mutex::default() }
    }

    /// The ring and what `load` makes of it, at most a minute old. When the table does not answer they may be older:
    /// whoever checks a token must be able to, and nobody who issues one can without reading the table anyway.
    pub(crate) async fn current(
        &self,
        load: impl Fn(&KeyRing, Option<&M>) -> Result<M, Fault>,
    ) -> Result<Kept<M>, Fault> {
        let now = self.clock.now();
        let known = self.known();
        if let Some(kept) = known.clone().filter(|kept| now < kept.read_again_at) {
            return Ok(kept);
        }
        let kept = match (Box::pin(self.read(known.as_ref(), now, load)).await, known) {
            (Ok(fresh), _) => fresh,
            (Err(fault), Some(known)) => {
                tracing::warn!(target: "keys", %fault, "the key ring was not read anew");
                Kept { read_again_at: now.after(ASK_AGAIN), ..known }
            }
            (Err(fault), None) => return Err(fault),
        };
        self.keep(&kept);
        Ok(kept)
    }

    /// The ring as it stands now, if it is another than the one of which this was made. For whoever has found out that what
    /// they have is out of date, however young; they may have been overtaken by somebody who found out too.
    pub(crate) async fn newer_than(
        &self,
        made: &Arc<M>,
        load: impl Fn(&KeyRing, Option<&M>) -> Result<M, Fault>,
    ) -> Result<Option<Kept<M>>, Fault> {
        let is_newer = |kept: &Kept<M>| !Arc::ptr_eq(&kept.made, made);
        let known = self.known();
        if let Some(newer) = known.clone().filter(is_newer) {
            return Ok(Some(newer));
        }
        let kept = Box::pin(self.read(known.as_ref(), self.clock.now(), load)).await?;
        self.keep(&kept);
        Ok(Some(kept).filter(is_newer))
    }

    fn known(&self) -> Option<Kept<M>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, kept: &Kept<M>) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept.clone());
    }

    async fn read(
        &self,
        known: Option<&Kept<M>>,
        now: Timestamp,
        load: impl Fn(&KeyRing, Option<&M>) -> Result<M, Fault>,
    ) -> Result<Kept<M>, Fault> {
        let none = || Fault::broken("signing keys", "there are none yet: invoke the rotation function once");
        let ring = self.store.key_ring::<KeyRing>().await?.ok_or_else(none)?.ring;
        ring.check_format()?;
        let read_again_at = now.after(RING_FRESH);
        match known {
            Some(known) if *known.ring == ring => Ok(Kept { read_again_at, ..known.clone() }),
            _ => {
                let made = Arc::new(load(&ring, known.map(|known| &*known.made))?);
                Ok(Kept { ring: Arc::new(ring), made, read_again_at })
            }
        }
    }
}
