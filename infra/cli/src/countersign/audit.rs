use std::path::PathBuf;

use cli::files::Lifetime;
use cli::{AuditEvent, AuditFilter, LinePattern, Span, read_audit};
use environment::Clock;
use oauth::{PersonId, Timestamp};

use crate::Stop;
use crate::arguments::{Audit, Where};
use crate::log_source::{lines_of_group, local_log, open};
use crate::terminal::Terminal;

pub(crate) async fn run(audit: Audit, terminal: &mut Terminal) -> Result<(), Stop> {
    let now = Clock::system().now();
    let filter = AuditFilter {
        person: match audit.person {
            Some(person) => Some(identifier(&person, &audit.place).await?),
            None => None,
        },
        client: audit.client,
        grant_id: audit.grant,
        since: audit.since.map(|text| moment(&text, now)).transpose()?,
        until: audit.until.map(|text| moment(&text, now)).transpose()?,
    };
    if let Some(group) = &audit.log_group {
        let span = Span { since: filter.since, until: filter.until };
        return lines_of_group(&audit.place, group, &LinePattern::audit(&filter), span, |line| {
            if let Some(event) = filter.event(line.as_bytes()) {
                show(&event, audit.json, terminal);
            }
            !terminal.is_deaf()
        })
        .await;
    }
    for event in read_audit(open(&log(audit.file, &audit.place)?)?, &filter) {
        let event = event.map_err(|error| Stop::refused(format_args!("the log cannot be read: {error}")))?;
        show(&event, audit.json, terminal);
        if terminal.is_deaf() {
            break;
        }
    }
    Ok(())
}

fn show(event: &AuditEvent, as_json: bool, terminal: &mut Terminal) {
    terminal.say(if as_json { event.to_json() } else { event.line() });
}

fn log(file: Option<PathBuf>, place: &Where) -> Result<PathBuf, Stop> {
    file.or_else(|| local_log(place)).ok_or_else(|| {
        Stop::Usage(
            "The audit trail of a deployed stack is in CloudWatch Logs: say --log-group with the stack's output Logs."
                .to_owned(),
        )
    })
}

/// The identifier of a person, who may be named by their user name.
async fn identifier(person: &str, place: &Where) -> Result<String, Stop> {
    if PersonId::parse(person).is_some() {
        return Ok(person.to_owned());
    }
    let found = place.store().await?.person_named(&person.to_lowercase()).await.map_err(Stop::refused)?;
    let found = found.ok_or_else(|| {
        Stop::refused(format_args!(
            "there is nobody with the user name {person:?}; whoever was removed is found by their identifier, the `sub` of \
             their tokens and the person of their events: --person person-..."
        ))
    })?;
    Ok(found.to_string())
}

/// A moment as people write it: RFC 3339, a date (midnight UTC), or how long ago.
pub(crate) fn moment(text: &str, now: Timestamp) -> Result<Timestamp, Stop> {
    let ago = || Lifetime::parse(text).map(|ago| now.as_seconds().saturating_sub_unsigned(ago.0.as_secs()));
    let instant = || text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second);
    let midnight =
        || format!("{text}T00:00:00Z").parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second);
    ago().or_else(instant).or_else(midnight).map(Timestamp::from_seconds).ok_or_else(|| {
        Stop::Usage(format!(
            "{text:?} is no moment: write 2026-11-24T18:05:00Z, 2026-11-24, or how long ago, such as \"2 h\"."
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_an_instant_a_date_or_some_time_ago() {
        let now = Timestamp::from_seconds(1_764_000_000);
        let read = |text| moment(text, now).ok().map(Timestamp::as_seconds);
        assert_eq!(read("2026-11-24T18:05:00Z"), Some(1_795_543_500));
        assert_eq!(read("2026-11-24T19:05:00+01:00"), Some(1_795_543_500));
        assert_eq!(read("2026-11-24"), Some(1_795_478_400));
        assert_eq!(read("2 h"), Some(1_764_000_000 - 7_200));
        assert_eq!(read("yesterday"), None);
    }
}
