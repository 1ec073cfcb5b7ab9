use jiff::fmt::rfc2822::DateTimeParser;
use oauth::Timestamp;

use super::Verdict;

/// How far two clocks may be apart: what is issued up to ten seconds ahead of ours is accepted, and no more.
const APART_AT_MOST: u64 = 10;

/// Compares the server's clock (RFC 9110, section 6.6.1) with ours.
pub(super) fn clock(date: Option<&str>, now: Timestamp) -> Verdict {
    let Some(date) = date else { return Verdict::not_checked("the answer has no Date header") };
    let Ok(theirs) = DateTimeParser::new().parse_timestamp(date) else {
        return Verdict::wrong(
            format_args!("the Date header is no date: {date}"),
            "see what stands in front of the API and writes it",
        );
    };
    let apart = theirs.as_second().abs_diff(now.as_seconds());
    if apart <= APART_AT_MOST {
        return Verdict::ok(format_args!("{apart} s apart from this machine's"));
    }
    Verdict::wrong(
        format_args!("the server's clock and this machine's are {apart} s apart"),
        "set this machine's clock by NTP; clients and tools with such a clock take good tokens for expired or not yet valid",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_seconds_apart_are_well_and_eleven_are_not() {
        let date = Some("Tue, 24 Nov 2026 18:05:00 GMT");
        let now = |seconds: i64| Timestamp::from_seconds(1_795_543_500 + seconds);
        for (seconds, well) in
            [(0, true), (10, true), (-10, true), (11, false), (-11, false), (86_400, false)]
        {
            assert_eq!(matches!(clock(date, now(seconds)), Verdict::Ok { .. }), well, "{seconds}");
        }
        assert!(matches!(clock(Some("now"), now(0)), Verdict::Wrong { .. }));
        assert!(matches!(clock(None, now(0)), Verdict::NotChecked { .. }));
    }
}
