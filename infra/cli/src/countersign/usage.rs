use std::io::BufRead;
use std::path::PathBuf;

use cli::prices::{Api, Prices, Work};
use cli::{LinePattern, Span, Usage, UsageBy, UsageRow};
use environment::Clock;
use oauth::Timestamp;
use serde_json::json;

use crate::Stop;
use crate::arguments::{ApiKind, By, UsageOf, Where};
use crate::log_source::{lines_of_group, local_log, open};
use crate::terminal::{self, Terminal, moment};

pub(crate) async fn run(asked: UsageOf, terminal: &mut Terminal) -> Result<(), Stop> {
    let by = match asked.by {
        By::Client => UsageBy::Client,
        By::Function => UsageBy::Function,
    };
    let api = asked.api.map_or(Api::Rest, ApiKind::api);
    let usage = match &asked.log_group {
        Some(group) => of_group(group, by, asked.month, &asked.place).await?,
        None => of_files(asked.files, by, asked.month, &asked.place)?,
    };
    let rows = usage.rows(api);
    let unpriced: Vec<_> = usage.unpriced().collect();
    if asked.json {
        let prices = Prices::shipped();
        let calls: serde_json::Map<_, _> =
            unpriced.iter().map(|(name, times)| ((*name).to_owned(), json!(times))).collect();
        terminal.json(&json!({
            "prices": { "region": prices.region, "date": prices.date },
            "usage": rows,
            "unpriced_calls": calls,
        }));
        return Ok(());
    }
    show(&rows, by, terminal);
    for (name, times) in unpriced {
        terminal::complain(&format!(
            "{times} calls of {} have no price here and are in no sum.",
            name.escape_debug()
        ));
    }
    Ok(())
}

async fn of_group(group: &str, by: UsageBy, month: Option<String>, place: &Where) -> Result<Usage, Stop> {
    let month = month.unwrap_or_else(|| moment(Clock::system().now()).chars().take(7).collect());
    let span = span_of(&month)?;
    let mut usage = Usage::new(by, Some(month));
    lines_of_group(place, group, &LinePattern::requests(), span, |line| {
        usage.add(line);
        true
    })
    .await?;
    Ok(usage)
}

fn of_files(files: Vec<PathBuf>, by: UsageBy, month: Option<String>, place: &Where) -> Result<Usage, Stop> {
    if let Some(month) = &month {
        span_of(month)?;
    }
    let files = if files.is_empty() { local_log(place).into_iter().collect() } else { files };
    if files.is_empty() {
        return Err(Stop::Usage(
            "The log of a deployed stack is in CloudWatch Logs: say --log-group with the stack's output Logs.".to_owned(),
        ));
    }
    let mut usage = Usage::new(by, month);
    for path in files {
        for line in open(&path)?.split(b'\n') {
            let line = line.map_err(|error| Stop::refused(format_args!("{}: {error}", path.display())))?;
            usage.add(&String::from_utf8_lossy(&line));
        }
    }
    Ok(usage)
}

/// A month, `2026-11`, in UTC.
fn span_of(month: &str) -> Result<Span, Stop> {
    let wrong = || Stop::Usage(format!("{month:?} is no month: write 2026-11."));
    let first = format!("{month}-01").parse::<jiff::civil::Date>().map_err(|_| wrong())?;
    if month.len() != 7 {
        return Err(wrong());
    }
    let midnight = |day: jiff::civil::Date| {
        let instant = format!("{day}T00:00:00Z").parse::<jiff::Timestamp>().ok()?;
        Some(Timestamp::from_seconds(instant.as_second()))
    };
    let next = first.first_of_month().last_of_month().tomorrow().map_err(|_| wrong())?;
    Ok(Span { since: midnight(first), until: midnight(next) })
}

fn show(rows: &[UsageRow], by: UsageBy, terminal: &mut Terminal) {
    let who = match by {
        UsageBy::Client => "client",
        UsageBy::Function => "function",
    };
    let names: Vec<String> = rows.iter().map(|row| row.name.escape_debug().to_string()).collect();
    let width = names.iter().map(|name| name.chars().count()).chain([who.len()]).max().unwrap_or_default();
    terminal.say(format_args!(
        "month    {who:<width$}  requests   refused    failed    writes     reads  KMS calls         USD"
    ));
    for (row, name) in rows.iter().zip(&names) {
        let Work { requests, write_units, read_units, ecc_signatures, kms_requests, .. } = row.work;
        let keys = ecc_signatures + kms_requests;
        terminal.say(format_args!(
            "{}  {name:<width$}  {requests:>8}  {:>8}  {:>8}  {write_units:>8}  {read_units:>8}   {keys:>8}  {:>10.4}",
            row.month, row.refused, row.failed, row.usd
        ));
    }
    let (requests, usd) =
        rows.iter().fold((0, 0.0), |(requests, usd), row| (requests + row.work.requests, usd + row.usd));
    let prices = Prices::shipped();
    terminal.say(format_args!(
        "{requests} requests, {usd:.4} USD by the list prices of {}, {}. Storage, data transfer, the start of functions and what \
         costs by the month are not in it.",
        prices.region, prices.date
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_from_its_first_midnight_to_the_next_months() {
        let seconds = |month| {
            let span = span_of(month).ok()?;
            Some((span.since?.as_seconds(), span.until?.as_seconds()))
        };
        assert_eq!(seconds("2026-11"), Some((1_793_491_200, 1_793_491_200 + 30 * 86_400)));
        assert_eq!(seconds("2026-12"), Some((1_796_083_200, 1_796_083_200 + 31 * 86_400)));
        assert_eq!(seconds("2026-02"), Some((1_769_904_000, 1_769_904_000 + 28 * 86_400)));
        for wrong in ["2026-13", "2026", "November", "2026-11-05", "+002026-11", ""] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
