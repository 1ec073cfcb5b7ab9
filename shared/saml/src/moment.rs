use oauth::Timestamp;

/// A moment as `xs:dateTime` in UTC (SAML Core, section 1.3.3). One beyond the year 9999, which no configuration can
/// reach, is the last that can be written.
pub(crate) fn date_time(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_second(at.as_seconds()).unwrap_or(jiff::Timestamp::MAX);
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_utc_to_the_second() {
        assert_eq!(date_time(Timestamp::from_seconds(0)), "1970-01-01T00:00:00Z");
        assert_eq!(date_time(Timestamp::from_seconds(1_795_547_007)), "2026-11-24T19:03:27Z");
    }
}
