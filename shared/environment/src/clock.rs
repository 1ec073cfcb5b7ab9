use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use oauth::Timestamp;

/// The time of day. Every handler asks this and hands the answer to the pure core; tests move it.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Where it stands, if it does not go with the machine's.
    stands_at: Option<Timestamp>,
    ahead_by_seconds: Arc<AtomicI64>,
}

impl Clock {
    /// The machine's own clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// One that stands at a moment until it is moved: what a test reckons does not depend on how long the test takes.
    pub fn standing_at(moment: Timestamp) -> Self {
        Self { stands_at: Some(moment), ..Self::default() }
    }

    /// The present moment.
    ///
    /// # Panics
    /// When the machine's clock stands before 1970.
    pub fn now(&self) -> Timestamp {
        let seconds = self.stands_at.map_or_else(seconds_of_the_machine, Timestamp::as_seconds);
        Timestamp::from_seconds(seconds + self.ahead_by_seconds.load(Ordering::Relaxed))
    }

    /// Moves this clock and every clone of it ahead. Only the local runner's test control calls it.
    pub fn advance(&self, seconds: i64) {
        self.ahead_by_seconds.fetch_add(seconds, Ordering::Relaxed);
    }
}

/// The seconds since 1970 on the machine's clock.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
fn seconds_of_the_machine() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    i64::try_from(since_epoch.as_secs()).expect("seconds fit")
}
