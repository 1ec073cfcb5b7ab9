use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use oauth::Timestamp;

/// Where the time comes from: the machine, unless a test says otherwise.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's clock. One that stands before 1970 is taken for 1970, when no token was good yet.
    #[expect(clippy::disallowed_methods, reason = "this room knows none that has a clock")]
    pub fn system() -> Self {
        Self::from(|| {
            let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            Timestamp::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
        })
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.0()
    }
}

impl<F: Fn() -> Timestamp + Send + Sync + 'static> From<F> for Clock {
    fn from(now: F) -> Self {
        Self(Arc::new(now))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Clock")
    }
}
