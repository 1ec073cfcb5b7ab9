use std::time::Duration;

use oauth::Timestamp;

/// How many wrong passwords are met without making anybody wait.
const FREE_FAILURES: u32 = 4;
/// The longest wait: long enough to make guessing useless, short enough that nobody is locked out for long by
/// somebody who only knows their name.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// Until when no further attempt is heard after `failures` in a row, the last of them `now`.
pub fn blocked_until(failures: u32, now: Timestamp) -> Option<Timestamp> {
    let beyond = failures.checked_sub(FREE_FAILURES + 1)?;
    let wait = Duration::from_secs(1 << beyond.min(10)).min(LONGEST_WAIT);
    Some(now.after(wait))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_and_stops_at_five_minutes() {
        let now = Timestamp::from_seconds(1_000);
        assert_eq!(blocked_until(1, now), None);
        assert_eq!(blocked_until(4, now), None);
        assert_eq!(blocked_until(5, now), Some(Timestamp::from_seconds(1_001)));
        assert_eq!(blocked_until(8, now), Some(Timestamp::from_seconds(1_008)));
        assert_eq!(blocked_until(u32::MAX, now), Some(Timestamp::from_seconds(1_300)));
    }
}
