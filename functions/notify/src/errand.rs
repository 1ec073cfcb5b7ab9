use std::time::Duration;

use oauth::{GrantId, Timestamp};
use serde::{Deserialize, Serialize};

/// How long the first pause is; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(15);
/// The longest pause.
const LONGEST_PAUSE: Duration = deliver::LONGEST_DELAY;
/// How long something matters of which nothing else is known: no request waits longer than that for its person.
const UNKNOWN_LIFE: Duration = Duration::from_hours(1);

/// What there is to do about an authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Tell the person that they are asked.
    Ask,
    /// Tell the client that the person has decided, or that nothing comes of it.
    Tell,
    /// Tell the client, when the time comes, that the request has expired.
    Expire,
}

/// Something to be done about an authorization, as it lies in the queue. There is no secret in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Errand {
    pub(crate) kind: Kind,
    pub(crate) authorization: GrantId,
    /// How often it was tried.
    pub(crate) tries: u32,
    /// Until when it matters.
    pub(crate) until: Timestamp,
    /// Whether a try before got no answer, or a fault's: what it said may have arrived.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) unanswered: bool,
}

impl Errand {
    /// Something that was not tried yet.
    pub(crate) fn new(kind: Kind, authorization: GrantId, now: Timestamp) -> Self {
        Self { kind, authorization, tries: 0, until: now.after(UNKNOWN_LIFE), unanswered: false }
    }

    /// The same after another try, and the pause before the next; nothing when it would come too late to matter. However long the
    /// pauses have become, a last try comes shortly before that.
    pub(crate) fn again(&self, until: Timestamp, now: Timestamp) -> Option<(Self, Duration)> {
        let growth = 1u32.checked_shl(self.tries).unwrap_or(u32::MAX);
        let pause = FIRST_PAUSE.saturating_mul(growth).min(LONGEST_PAUSE);
        let last = until.since(now).saturating_sub(FIRST_PAUSE);
        let pause = if now.after(pause) < until { pause } else { last };
        let next = Self { tries: self.tries.saturating_add(1), until, ..self.clone() };
        (pause >= FIRST_PAUSE).then_some((next, pause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn errand() -> Errand {
        Errand::new(Kind::Ask, GrantId::from_random([1; 16]), NOW)
    }

    #[test]
    fn each_pause_is_twice_as_long_as_the_one_before_up_to_a_quarter_of_an_hour() {
        let (mut errand, mut pauses) = (errand(), Vec::new());
        for _ in 0..9 {
            let (next, pause) = errand.again(NOW.after(Duration::from_hours(1)), NOW).expect("it matters");
            pauses.push(pause.as_secs());
            errand = next;
        }
        assert_eq!(pauses, [15, 30, 60, 120, 240, 480, 900, 900, 900]);
        assert_eq!(errand.tries, 9);
        let often = Errand { tries: u32::MAX, ..errand };
        assert_eq!(
            often.again(NOW.after(Duration::from_hours(1)), NOW).expect("it matters").1,
            LONGEST_PAUSE
        );
    }

    #[test]
    fn what_would_come_too_late_is_not_tried_again() {
        assert!(errand().again(NOW.after(Duration::from_secs(16)), NOW).is_some());
        assert!(errand().again(NOW.after(Duration::from_secs(15)), NOW).is_none());
        assert!(errand().again(NOW, NOW).is_none());
    }

    #[test]
    fn a_last_try_comes_shortly_before_it_matters_no_more() {
        let (until, mut now, mut errand) = (NOW.after(Duration::from_mins(15)), NOW, errand());
        let mut moments = Vec::new();
        while let Some((next, pause)) = errand.again(until, now) {
            now = now.after(pause);
            moments.push(now.since(NOW).as_secs());
            errand = next;
        }
        assert_eq!(moments, [15, 45, 105, 225, 465, 885]);
    }

    #[test]
    fn an_errand_reads_as_it_was_written_and_nothing_else_is_one() {
        let text = serde_json::to_string(&errand()).expect("JSON");
        assert_eq!(serde_json::from_str::<Errand>(&text).expect("an errand"), errand());
        for (part, other) in
            [("ask", "call"), ("AQEBAQ", "../.."), ("\"tries\":0", "\"tries\":-1"), ("}", ",\"a\":1}")]
        {
            assert!(serde_json::from_str::<Errand>(&text.replacen(part, other, 1)).is_err(), "{other}");
        }
    }
}
