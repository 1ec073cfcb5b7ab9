use std::time::Duration;

use environment::Fault;
use oauth::{GrantId, Timestamp};

use crate::Store;
use crate::item::{Condition, Item, Key, Written, integer, number, string, text};

/// What a poll met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polled {
    /// It came in time.
    InTime,
    /// It came too soon. From now on the client has to wait so long between two.
    TooSoon(Duration),
}

/// When a client last asked about a request, as it stood in the table when the request was read.
pub struct KeptPolls(pub(crate) Option<Item>);

/// By how much the interval grows with each poll that comes too soon (OpenID CIBA Core 1.0, section 11).
const GROWTH: Duration = Duration::from_secs(5);
/// How long a poll is remembered: longer than any request waits.
const REMEMBERED: Duration = Duration::from_hours(2);
/// Moments are whole seconds, and clients' timers not exact.
const TOLERANCE: Duration = Duration::from_secs(1);

impl KeptPolls {
    /// What a poll at this moment is, and how long the client has to wait after it.
    fn judged(&self, interval: Duration, now: Timestamp) -> (Polled, Duration) {
        let Some(item) = &self.0 else { return (Polled::InTime, interval) };
        let seconds = integer(item, "poll_interval").and_then(|seconds| u64::try_from(seconds).ok());
        let waits = seconds.map_or(interval, Duration::from_secs);
        let next = integer(item, "next_poll_at").unwrap_or_default();
        if next <= now.after(TOLERANCE).as_seconds() {
            return (Polled::InTime, waits);
        }
        (Polled::TooSoon(waits + GROWTH), waits + GROWTH)
    }

    /// That nobody polled since it was read: each write has an attempt of its own.
    fn unchanged(&self) -> Condition<'static> {
        match self.0.as_ref().and_then(|item| string(item, "attempt")) {
            Some(before) => Condition::new("attempt = :before", vec![(":before", text(before))]),
            None => Condition::absent(),
        }
    }
}

impl Store {
    /// Notes that a client asked about a pending request: one write, whether it came in time or too soon. It lies in an item beside
    /// the authorization, so that no poll can get in the way of the person's decision. Of several at once the first counts; the
    /// others came too soon.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn note_poll(
        &self,
        id: &GrantId,
        kept: &KeptPolls,
        interval: Duration,
        now: Timestamp,
    ) -> Result<Polled, Fault> {
        let (polled, waits) = kept.judged(interval, now);
        let values = vec![
            (":waits", number(waits.as_secs())),
            (":next", number(now.after(waits).as_seconds())),
            (":end", number(now.after(REMEMBERED).as_seconds())),
        ];
        let update = "SET poll_interval = :waits, next_poll_at = :next, expires_at = :end";
        match self.change_if(&key(id), update, kept.unchanged(), values).await? {
            Written::Done => Ok(polled),
            Written::Conflict(standing) => {
                let (_, waits) = KeptPolls(Some(standing)).judged(interval, now);
                Ok(Polled::TooSoon(waits))
            }
        }
    }
}

pub(crate) fn key(id: &GrantId) -> Key {
    Key::new(format!("AUTHORIZATION#{id}"), "POLL")
}
