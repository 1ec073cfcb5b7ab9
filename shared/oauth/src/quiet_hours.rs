use std::fmt;

use serde::{Deserialize, Serialize};

/// A time of day, to the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// The first minute of a day.
    pub const MIDNIGHT: Self = Self(0);

    /// That hour and minute, if a day has them.
    pub const fn new(hour: u8, minute: u8) -> Option<Self> {
        if hour < 24 && minute < 60 { Some(Self(hour as u16 * 60 + minute as u16)) } else { None }
    }

    /// Reads `HH:MM`, as a form's field of the type `time` sends it.
    pub fn parse(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        if !two_digits(hour) || !two_digits(minute) {
            return None;
        }
        Self::new(hour.parse().ok()?, minute.parse().ok()?)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, &'static str> {
        Self::parse(&text).ok_or("not a time of day")
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

/// The hours of each day in which a person's devices stay silent, unless a request is urgent: by the clock on their wall, whatever
/// that does on the days when it is put forward or back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    /// The first minute.
    pub from: TimeOfDay,
    /// The first minute after them. Before `from` it is the next morning's.
    pub to: TimeOfDay,
    /// Whose clock: a time zone's name in the IANA database.
    pub zone: String,
}

impl QuietHours {
    /// From one time of day to another. Two that are the same could mean never or always: they mean neither.
    pub fn new(from: TimeOfDay, to: TimeOfDay, zone: impl Into<String>) -> Option<Self> {
        (from != to).then(|| Self { from, to, zone: zone.into() })
    }

    /// Whether it is quiet when the clock of [`zone`](Self::zone) shows this.
    pub fn hold_at(&self, local: TimeOfDay) -> bool {
        if self.from <= self.to {
            self.from <= local && local < self.to
        } else {
            self.from <= local || local < self.to
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> TimeOfDay {
        TimeOfDay::parse(text).unwrap()
    }

    fn quiet(from: &str, to: &str) -> QuietHours {
        QuietHours::new(at(from), at(to), "Europe/Berlin").unwrap()
    }

    #[test]
    fn the_night_goes_past_midnight() {
        let night = quiet("22:00", "07:00");
        for silent in ["22:00", "23:59", "00:00", "06:59"] {
            assert!(night.hold_at(at(silent)), "{silent}");
        }
        for loud in ["07:00", "12:00", "21:59"] {
            assert!(!night.hold_at(at(loud)), "{loud}");
        }
    }

    #[test]
    fn a_midday_rest_begins_and_ends_on_the_same_day() {
        let rest = quiet("12:00", "13:30");
        assert!(rest.hold_at(at("12:00")) && rest.hold_at(at("13:29")));
        assert!(!rest.hold_at(at("11:59")) && !rest.hold_at(at("13:30")) && !rest.hold_at(at("00:00")));
        let last_hour = quiet("23:00", "00:00");
        assert!(last_hour.hold_at(at("23:59")) && !last_hour.hold_at(at("00:00")));
    }

    #[test]
    fn a_time_of_day_is_what_a_form_sends_and_nothing_else() {
        assert_eq!(at("07:05").to_string(), "07:05");
        for wrong in ["", "7:05", "24:00", "23:60", "+7:05", "07:05:00", "0705", " 7:05", "-1:00"] {
            assert_eq!(TimeOfDay::parse(wrong), None, "{wrong}");
        }
        assert!(serde_json::from_str::<QuietHours>(r#"{"from":"25:00","to":"07:00","zone":"UTC"}"#).is_err());
    }

    #[test]
    fn hours_that_end_when_they_begin_are_none() {
        assert_eq!(QuietHours::new(at("07:00"), at("07:00"), "UTC"), None);
    }

    fn any_time() -> impl Strategy<Value = TimeOfDay> {
        (0_u8..24, 0_u8..60).prop_map(|(hour, minute)| TimeOfDay::new(hour, minute).unwrap())
    }

    proptest! {
        /// Whatever is not within the one is within the other, and nothing is within both.
        #[test]
        fn the_rest_of_the_day_is_the_hours_the_other_way_round(
            from in any_time(), to in any_time(), local in any_time()
        ) {
            prop_assume!(from != to);
            let hours = QuietHours::new(from, to, "UTC").unwrap();
            let rest = QuietHours::new(to, from, "UTC").unwrap();
            prop_assert_ne!(hours.hold_at(local), rest.hold_at(local));
            prop_assert!(hours.hold_at(from) && !hours.hold_at(to));
        }
    }
}
