use std::time::Duration;

use environment::Fault;
use oauth::{GrantId, Timestamp};

use crate::Store;
use crate::item::{Condition, Item, Key, Written, integer, number};

/// What a poll met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polled {
    /// It came in time.
    InTime,
    /// It came too soon. From now on the client has to wait so long between two.
    TooSoon(Duration),
}

/// By how much the interval grows with each poll that comes too soon (OpenID CIBA Core 1.0, section 11).
const GROWTH: Duration = Duration::from_secs(5);
/// How long a poll is remembered: longer than any request waits.
const REMEMBERED: Duration = Duration::from_hours(2);
/// Moments are whole seconds, and clients' timers not exact.
const TOLERANCE: Duration = Duration::from_secs(1);

impl Store {
    /// Notes that a client asked about a pending request: one write, and a second one if it came too soon. It lies in an item
    /// beside the authorization, so that no poll can get in the way of the person's decision.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn note_poll(&self, id: &GrantId, interval: Duration, now: Timestamp) -> Result<Polled, Fault> {
        let soon = number(now.after(TOLERANCE).as_seconds());
        let condition =
            Condition::new("attribute_not_exists(pk) OR next_poll_at <= :soon", vec![(":soon", soon)]);
        let values = vec![
            (":first", number(interval.as_secs())),
            (":now", number(now.as_seconds())),
            (":end", number(now.after(REMEMBERED).as_seconds())),
        ];
        // What stands on the right is the item as it was before.
        let update = "SET poll_interval = if_not_exists(poll_interval, :first), \
             next_poll_at = if_not_exists(poll_interval, :first) + :now, expires_at = :end";
        match self.change_if(&key(id), update, condition, values).await? {
            Written::Done => Ok(Polled::InTime),
            Written::Conflict(standing) => self.slow_down(id, &standing, interval, now).await,
        }
    }

    async fn slow_down(
        &self,
        id: &GrantId,
        standing: &Item,
        interval: Duration,
        now: Timestamp,
    ) -> Result<Polled, Fault> {
        let before = integer(standing, "poll_interval").and_then(|seconds| u64::try_from(seconds).ok());
        let longer = before.map_or(interval, Duration::from_secs) + GROWTH;
        let condition = Condition::new("attribute_exists(pk)", vec![]);
        let values =
            vec![(":longer", number(longer.as_secs())), (":next", number(now.after(longer).as_seconds()))];
        let update = "SET poll_interval = :longer, next_poll_at = :next";
        self.change_if(&key(id), update, condition, values).await?;
        Ok(Polled::TooSoon(longer))
    }
}

fn key(id: &GrantId) -> Key {
    Key::new(format!("AUTHORIZATION#{id}"), "POLL")
}
