use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

/// How long something lives: a whole number and a unit, such as `"90 s"`, `"5 min"`, `"12 h"` or `"30 d"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime(pub Duration);

const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];

impl Lifetime {
    /// Reads the text; `None` when it is anything but a whole number above zero and a unit.
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
        let unit = &text[number.len()..];
        let digits = number.strip_suffix(' ').unwrap_or(number);
        let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let count: u64 = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        count.checked_mul(*seconds).filter(|total| *total > 0).map(|total| Self(Duration::from_secs(total)))
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.0.as_secs();
        let (unit, seconds) = UNITS
            .iter()
            .find(|(_, seconds)| total >= *seconds && total.is_multiple_of(*seconds))
            .unwrap_or(&("s", 1));
        write!(formatter, "{} {unit}", total / seconds)
    }
}

impl<'de> Deserialize<'de> for Lifetime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "{text:?} is not a lifetime such as \"90 s\", \"5 min\", \"12 h\" or \"30 d\""
            ))
        })
    }
}

impl JsonSchema for Lifetime {
    fn schema_name() -> Cow<'static, str> {
        "Lifetime".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]+ ?(s|min|h|d)$",
            "examples": ["90 s", "5 min", "12 h", "30 d"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_a_whole_number_and_a_unit() {
        for (text, seconds) in
            [("60 s", 60), ("60s", 60), ("5 min", 300), ("12 h", 43_200), ("30 d", 2_592_000)]
        {
            assert_eq!(Lifetime::parse(text), Some(Lifetime(Duration::from_secs(seconds))), "{text}");
        }
        for text in [
            "",
            "60",
            "s",
            "0 s",
            "-5 s",
            "+5 s",
            "1.5 h",
            "5  min",
            " 5 min",
            "5 minutes",
            "5 MIN",
            "99999999999999999999 s",
            "300000000000000 d",
        ] {
            assert_eq!(Lifetime::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_lifetime_is_written_in_its_largest_unit() {
        assert_eq!(Lifetime(Duration::from_secs(90)).to_string(), "90 s");
        assert_eq!(Lifetime(Duration::from_mins(5)).to_string(), "5 min");
        assert_eq!(Lifetime(Duration::from_hours(24)).to_string(), "1 d");
    }
}
