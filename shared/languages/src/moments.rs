use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use oauth::{TimeOfDay, Timestamp};

use crate::{Arguments, Message, RenderError, Texts, Value};

/// A person's time zone, by its name in the IANA database ("Europe/Berlin").
///
/// The database is part of the program (about 210 KB, read zone by zone), because a Lambda's system has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// The IANA database has no zone of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time zone of the IANA database, such as \"Europe/Berlin\"")]
pub struct UnknownZone;

impl Zone {
    /// Universal time, for a person whose zone is not known.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// What a clock shows there, summer time and all.
    pub fn time_of_day(&self, at: Timestamp) -> TimeOfDay {
        let at = jiff::Timestamp::from_second(at.as_seconds()).unwrap_or(jiff::Timestamp::MAX);
        let local = at.to_zoned_datetime(self.0.clone());
        let part = |number: i8| u8::try_from(number).unwrap_or(0);
        TimeOfDay::new(part(local.hour()), part(local.minute())).unwrap_or(TimeOfDay::MIDNIGHT)
    }
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        TimeZoneDatabase::bundled().get(name).map(Self).map_err(|_| UnknownZone)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

impl Texts {
    /// Date and time of day of a moment where the person is, to the minute, with the zone: "24 November 2026, 18:05 (CET)".
    ///
    /// # Errors
    /// When the language's messages for it show variables that they are not given.
    pub fn moment(&self, at: Timestamp, zone: &Zone) -> Result<Message, RenderError> {
        let at = jiff::Timestamp::from_second(at.as_seconds()).unwrap_or(jiff::Timestamp::MAX);
        let local = at.to_zoned_datetime(zone.0.clone());
        let month = self.message("month", &Arguments::none().with("number", local.month()))?;
        let date = Arguments::none()
            .with("day", local.day())
            .with("month", month)
            .with("year", i64::from(local.year()));
        let time = Arguments::none()
            .with("hour", format!("{:02}", local.hour()))
            .with("minute", format!("{:02}", local.minute()));
        let moment = Arguments::none()
            .with("date", self.message("date", &date)?)
            .with("time", self.message("time-of-day", &time)?)
            .with("zone", local.strftime("%Z").to_string());
        self.message("moment", &moment).map(Message::into_value)
    }

    /// A span of time in words, in its two largest units, rounded down: "5 minutes", "1 hour 30 minutes".
    ///
    /// # Errors
    /// When the language's messages for it show variables that they are not given.
    pub fn span(&self, span: Duration) -> Result<Message, RenderError> {
        let seconds = span.as_secs();
        let units = [
            ("span-days", seconds / 86_400),
            ("span-hours", seconds / 3_600 % 24),
            ("span-minutes", seconds / 60 % 60),
            ("span-seconds", seconds % 60),
        ];
        let Some(largest) = units.iter().position(|(_, count)| *count > 0) else {
            return self.message("span-nothing", &Arguments::none()).map(Message::into_value);
        };
        let say = |(key, count): (&str, u64)| {
            self.message(key, &Arguments::none().with("count", Value::from(count)))
        };
        let first = say(units[largest])?;
        let message = match units.get(largest + 1) {
            Some(&(key, count)) if count > 0 => self.pair("span-pair", first, say((key, count))?)?,
            _ => first,
        };
        Ok(message.into_value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a clock in `zone` shows at a moment of universal time.
    fn shows(zone: &str, moment: &str) -> String {
        let at: jiff::Timestamp = moment.parse().unwrap();
        zone.parse::<Zone>().unwrap().time_of_day(Timestamp::from_seconds(at.as_second())).to_string()
    }

    #[test]
    fn a_clock_follows_summer_time() {
        for (moment, clock) in [
            ("2027-01-15T21:30:00Z", "22:30"),
            ("2027-07-15T21:30:00Z", "23:30"),
            // Put forward at two, and back at three: the hour from two to three comes twice.
            ("2027-03-28T00:59:00Z", "01:59"),
            ("2027-03-28T01:00:00Z", "03:00"),
            ("2027-10-31T00:30:00Z", "02:30"),
            ("2027-10-31T01:30:00Z", "02:30"),
        ] {
            assert_eq!(shows("Europe/Berlin", moment), clock, "{moment}");
        }
        assert_eq!(shows("Asia/Kathmandu", "2027-07-15T21:30:00Z"), "03:15");
    }

    /// From ten at night to seven in the morning, on the days when that takes eight hours, nine and ten.
    #[test]
    fn quiet_hours_begin_and_end_by_the_clock_on_the_wall() {
        let time = |text: &str| TimeOfDay::parse(text).unwrap();
        let hours = oauth::QuietHours::new(time("22:00"), time("07:00"), "Europe/Berlin").unwrap();
        for (first, last) in [
            ("2027-03-27T21:00:00Z", "2027-03-28T05:00:00Z"),
            ("2027-07-14T20:00:00Z", "2027-07-15T05:00:00Z"),
            ("2027-10-30T20:00:00Z", "2027-10-31T06:00:00Z"),
        ] {
            let zone: Zone = hours.zone.parse().unwrap();
            let holds = |moment: &str, seconds: i64| {
                let at: jiff::Timestamp = moment.parse().unwrap();
                hours.hold_at(zone.time_of_day(Timestamp::from_seconds(at.as_second() + seconds)))
            };
            assert!(!holds(first, -1) && holds(first, 0) && holds(last, -1) && !holds(last, 0), "{first}");
        }
    }
}
