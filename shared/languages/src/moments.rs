use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use oauth::Timestamp;

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
