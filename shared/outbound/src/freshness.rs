use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::{AGE, CACHE_CONTROL, DATE, EXPIRES, HeaderName};
use jiff::fmt::rfc2822;

/// How long an answer may be used without asking again (RFC 9111, section 4.2), as its headers say; `None` where they say
/// nothing. What cannot be read counts as stale (section 4.2.1).
pub(crate) fn freshness(headers: &HeaderMap) -> Option<Duration> {
    let directives: Vec<String> = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|directive| directive.trim().to_ascii_lowercase())
        .collect();
    if directives.iter().any(|directive| matches!(directive.as_str(), "no-store" | "no-cache")) {
        return Some(Duration::ZERO);
    }
    let age =
        single(headers, &AGE).and_then(|age| age.parse().ok()).map_or(Duration::ZERO, Duration::from_secs);
    if let Some(seconds) = directives.iter().find_map(|directive| directive.strip_prefix("max-age=")) {
        let lifetime = Duration::from_secs(seconds.trim_matches('"').parse().unwrap_or(0));
        return Some(lifetime.saturating_sub(age));
    }
    headers.get(EXPIRES).map(|_| expires_after_date(headers).unwrap_or_default().saturating_sub(age))
}

fn expires_after_date(headers: &HeaderMap) -> Option<Duration> {
    let moment =
        |name: &HeaderName| rfc2822::parse(single(headers, name)?).ok().map(|moment| moment.timestamp());
    moment(&EXPIRES)?.duration_since(moment(&DATE)?).try_into().ok()
}

fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[(&'static str, &'static str)]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().expect("a value"));
        }
        freshness(&headers).map(|time| time.as_secs())
    }

    #[test]
    fn an_answer_is_fresh_for_as_long_as_it_says() {
        let date = ("date", "Thu, 26 Nov 2026 12:00:00 GMT");
        for (lines, seconds) in [
            (&[][..], None),
            (&[("cache-control", "public")], None),
            (&[("cache-control", "public, max-age=60")], Some(60)),
            (&[("cache-control", "Max-Age=\"60\"")], Some(60)),
            (&[("cache-control", "max-age=60"), ("age", "50")], Some(10)),
            (&[("cache-control", "max-age=60"), ("age", "70")], Some(0)),
            (&[("cache-control", "max-age=60"), ("cache-control", "no-store")], Some(0)),
            (&[("cache-control", "no-cache")], Some(0)),
            (&[("cache-control", "max-age=soon")], Some(0)),
            (&[date, ("expires", "Thu, 26 Nov 2026 12:05:00 GMT")], Some(300)),
            (&[date, ("expires", "Thu, 26 Nov 2026 11:05:00 GMT")], Some(0)),
            (&[date, ("expires", "0")], Some(0)),
            (&[("expires", "Thu, 26 Nov 2026 12:05:00 GMT")], Some(0)),
            (&[date, ("expires", "Thu, 26 Nov 2026 12:05:00 GMT"), ("cache-control", "max-age=1")], Some(1)),
        ] {
            assert_eq!(of(lines), seconds, "{lines:?}");
        }
    }
}
