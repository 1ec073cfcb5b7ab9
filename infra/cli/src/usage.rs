//! What a deployment did for whom, counted from the lines of its log about requests and events, and what that costs.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::prices::{Api, Cost, Prices, Work, gigabyte_seconds};
use crate::requests::Requests;

/// Who it is counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageBy {
    /// The client that asked. What belongs to no client stands under [`NOBODY`].
    Client,
    /// The function that answered.
    Function,
}

/// Under whom it stands that a request named no client, or only claimed to be about one: whoever opens a page with another's
/// client id, or sends a wrong secret with it, does not run up its bill. A public client has nothing to prove itself by, so
/// that what stands under its name may be anybody's.
pub const NOBODY: &str = "(nobody)";

/// Under whom it stands what functions did that no request asked for: messages and news by the table's stream and the queue, and what is
/// done on a schedule.
pub const EVENTS: &str = "(events)";

/// The error of a request whose client did not prove itself.
const UNPROVEN: &str = "client-rejected";

/// What was done for one client, or by one function, in one month.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UsageRow {
    /// The month in UTC, `2026-11`.
    pub month: String,
    /// The client or function.
    pub name: String,
    /// Requests that were refused.
    pub refused: u64,
    /// Requests that failed on our side.
    pub failed: u64,
    /// What was done.
    #[serde(flatten)]
    pub work: Work,
    /// What it costs.
    pub cost: Cost,
    /// The sum of the costs.
    pub usd: f64,
}

/// Counts line by line.
#[derive(Debug)]
pub struct Usage {
    by: UsageBy,
    month: Option<String>,
    rows: BTreeMap<(String, String), Count>,
    /// The lengths of audit events whose request's own line has not come yet.
    pending: HashMap<String, u64>,
    unpriced: BTreeMap<String, u64>,
}

#[derive(Debug, Default)]
struct Count {
    refused: u64,
    failed: u64,
    work: Work,
}

/// A line of the log.
#[derive(Deserialize)]
struct Line {
    target: String,
    request_id: String,
    #[serde(default)]
    timestamp: String,
    #[serde(default)]
    function: String,
    client: Option<String>,
    #[serde(default)]
    status: u16,
    outcome: Option<String>,
    error: Option<String>,
    #[serde(default)]
    milliseconds: f64,
    #[serde(default)]
    aws: String,
}

impl Usage {
    /// Counts the requests of one month, `2026-11`, or of all.
    pub fn new(by: UsageBy, month: Option<String>) -> Self {
        Self { by, month, rows: BTreeMap::new(), pending: HashMap::new(), unpriced: BTreeMap::new() }
    }

    /// Counts a line of the log. Lines that are neither about a request or an event nor about a decision are passed over: the log
    /// holds more, and the last line may be half written.
    pub fn add(&mut self, line: &str) {
        let Ok(read) = serde_json::from_str::<Line>(line) else { return };
        let length = line.len() as u64;
        match read.target.as_str() {
            "audit" => *self.pending.entry(read.request_id).or_default() += length,
            "request" => self.add_work(read, length, Work { requests: 1, ..Work::default() }),
            "event" => self.add_work(read, length, Work { events: 1, ..Work::default() }),
            _ => {}
        }
    }

    /// What was counted, by month and name, with what it costs.
    pub fn rows(&self, api: Api) -> Vec<UsageRow> {
        let row = |((month, name), count): (&(String, String), &Count)| {
            let cost = Prices::shipped().cost(&count.work, api);
            UsageRow {
                month: month.clone(),
                name: name.clone(),
                refused: count.refused,
                failed: count.failed,
                work: count.work,
                cost,
                usd: cost.total(),
            }
        };
        self.rows.iter().map(row).collect()
    }

    /// Calls that the prices have no word for, and how often they were made. They are in no sum.
    pub fn unpriced(&self) -> impl Iterator<Item = (&str, u64)> {
        self.unpriced.iter().map(|(name, times)| (name.as_str(), *times))
    }

    fn add_work(&mut self, line: Line, length: u64, asked: Work) {
        let of_decisions = self.pending.remove(&line.request_id).unwrap_or_default();
        let Some(month) = line.timestamp.get(..7) else { return };
        if self.month.as_deref().is_some_and(|wanted| wanted != month) {
            return;
        }
        let requests = Requests::shipped();
        let mut work = Work {
            gigabyte_seconds: gigabyte_seconds(requests.memory_of(&line.function), line.milliseconds),
            log_bytes: length + of_decisions,
            ..asked
        };
        for (operation, times) in calls(&line.aws) {
            if !add_call(&mut work, operation, times, requests.items_in_a_batch_of(&line.function)) {
                *self.unpriced.entry(operation.to_owned()).or_default() += times;
            }
        }
        let proven = line.error.as_deref() != Some(UNPROVEN);
        let name = match self.by {
            UsageBy::Function => line.function,
            UsageBy::Client if asked.events > 0 => EVENTS.to_owned(),
            UsageBy::Client => line.client.filter(|_| proven).unwrap_or_else(|| NOBODY.to_owned()),
        };
        let count = self.rows.entry((month.to_owned(), name)).or_default();
        count.work += work;
        count.refused += u64::from((400..500).contains(&line.status));
        count.failed += u64::from(line.status >= 500 || line.outcome.as_deref() == Some("failed"));
    }
}

/// `DynamoDB.GetItem=1 KMS.Sign=1`, call by call.
fn calls(line: &str) -> impl Iterator<Item = (&str, u64)> {
    line.split_whitespace().filter_map(|call| {
        let (operation, times) = call.split_once('=')?;
        Some((operation, times.parse().ok()?))
    })
}

/// Adds calls of one operation; `false` when it has no price here.
fn add_call(work: &mut Work, operation: &str, times: u64, items_in_a_batch: u32) -> bool {
    match operation {
        "DynamoDB.GetItem" | "DynamoDB.Query" => work.read_units += times,
        "DynamoDB.BatchGetItem" => work.read_units += times * u64::from(items_in_a_batch),
        // Items are kept below the kilobyte that one unit writes, where that can be.
        "DynamoDB.PutItem" | "DynamoDB.UpdateItem" | "DynamoDB.DeleteItem" => work.write_units += times,
        "KMS.Sign" => work.ecc_signatures += times,
        // `KMS.Sign.RS256` among them, which costs a fifth of the other.
        // Made in the function itself: its time is charged already.
        "Keys.Sign" | "Argon2id" => {}
        // To send it, to receive it and to delete it.
        "SQS.SendMessage" => work.queue_requests += 3 * times,
        _ if operation.starts_with("KMS.") => work.kms_requests += times,
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn request(month: &str, client: Option<&str>, more: &Value) -> String {
        let mut line = json!({
            "timestamp": format!("{month}-05T10:00:00.000000Z"), "level": "INFO", "target": "request", "request_id": "r",
            "function": "token", "status": 200, "milliseconds": 9.5, "aws": "DynamoDB.GetItem=2 DynamoDB.PutItem=1 KMS.Sign=1",
        });
        if let Some(client) = client {
            line["client"] = client.into();
        }
        for (name, value) in more.as_object().into_iter().flatten() {
            line[name] = value.clone();
        }
        line.to_string()
    }

    fn counted(by: UsageBy, month: Option<&str>, lines: &[String]) -> Vec<UsageRow> {
        let mut usage = Usage::new(by, month.map(str::to_owned));
        for line in lines {
            usage.add(line);
        }
        usage.rows(Api::Rest)
    }

    fn names(rows: &[UsageRow]) -> Vec<(&str, &str, u64)> {
        rows.iter().map(|row| (row.month.as_str(), row.name.as_str(), row.work.requests)).collect()
    }

    #[test]
    fn requests_are_counted_by_month_and_client() {
        let lines = [
            request("2026-10", Some("agent"), &json!({})),
            request("2026-11", Some("agent"), &json!({ "status": 400 })),
            request("2026-11", Some("agent"), &json!({ "status": 503 })),
            request("2026-11", Some("other"), &json!({ "function": "par" })),
            request("2026-11", None, &json!({ "function": "discovery", "aws": "" })),
            "half a li".to_owned(),
            json!({"target": "keys", "request_id": "r"}).to_string(),
        ];
        let all = counted(UsageBy::Client, None, &lines);
        let november = [("2026-11", NOBODY, 1), ("2026-11", "agent", 2), ("2026-11", "other", 1)];
        assert_eq!(names(&all)[0], ("2026-10", "agent", 1));
        assert_eq!(names(&all)[1..], november);
        assert_eq!((all[2].refused, all[2].failed), (1, 1));
        assert_eq!(names(&counted(UsageBy::Client, Some("2026-11"), &lines)), november);
        let by_function = counted(UsageBy::Function, Some("2026-11"), &lines);
        assert_eq!(
            names(&by_function),
            [("2026-11", "discovery", 1), ("2026-11", "par", 1), ("2026-11", "token", 2)]
        );
    }

    #[test]
    fn a_request_costs_what_it_called_and_how_long_it_took() {
        let line = request("2026-11", Some("agent"), &json!({}));
        let event = json!({"target": "audit", "request_id": "r", "client": "agent"}).to_string();
        let length = (line.len() + event.len()) as u64;
        let rows = counted(UsageBy::Client, None, &[event, line]);
        let work = Work {
            requests: 1,
            gigabyte_seconds: 0.005,
            write_units: 1,
            read_units: 2,
            ecc_signatures: 1,
            log_bytes: length,
            ..Work::default()
        };
        assert_eq!(rows[0].work, work);
        assert!((rows[0].usd - Prices::shipped().cost(&work, Api::Rest).total()).abs() < 1e-12);
    }

    /// An attacker who sends another's client id with a wrong secret is not that client.
    #[test]
    fn nobody_runs_up_anothers_bill() {
        let rejected = json!({ "status": 401, "error": "client-rejected" });
        let rows = counted(UsageBy::Client, None, &[request("2026-11", Some("agent"), &rejected)]);
        assert_eq!(names(&rows), [("2026-11", NOBODY, 1)]);
    }

    /// Nor one who opens pages in another's name.
    #[test]
    fn a_client_that_is_only_claimed_is_not_billed() {
        let claimed = json!({ "function": "authorize", "claimed_client": "agent" });
        let rows = counted(UsageBy::Client, None, &[request("2026-11", None, &claimed)]);
        assert_eq!(names(&rows), [("2026-11", NOBODY, 1)]);
    }

    #[test]
    fn a_signature_is_priced_by_its_algorithm() {
        let calls = json!({ "aws": "KMS.Sign=1 KMS.Sign.RS256=2" });
        let rows = counted(UsageBy::Client, None, &[request("2026-11", Some("agent"), &calls)]);
        assert_eq!((rows[0].work.ecc_signatures, rows[0].work.kms_requests), (1, 2));
    }

    #[test]
    fn what_has_no_price_is_told_and_not_left_out_in_silence() {
        let calls =
            json!({ "aws": "Argon2id=1 Keys.Sign=1 KMS.Decrypt=2 SNS.Publish=3", "function": "introspect" });
        let mut usage = Usage::new(UsageBy::Client, None);
        usage.add(&request("2026-11", Some("agent"), &calls));
        assert_eq!(usage.unpriced().collect::<Vec<_>>(), [("SNS.Publish", 3)]);
        assert_eq!(usage.rows(Api::Rest)[0].work.kms_requests, 2);
    }

    /// What `notify` and `rotation` do is of nobody who asks, and is paid for.
    #[test]
    fn events_stand_apart_and_pay_no_gateway() {
        let event = |outcome: &str| {
            json!({
                "timestamp": "2026-11-05T10:00:00.000000Z", "target": "event", "request_id": "r", "function": "notify",
                "outcome": outcome, "milliseconds": 20.0, "aws": "DynamoDB.GetItem=2 SQS.SendMessage=1 SNS.Publish=1",
            })
            .to_string()
        };
        let lines = [event("done"), event("failed"), request("2026-11", Some("agent"), &json!({}))];
        let rows = counted(UsageBy::Client, None, &lines);
        assert_eq!(names(&rows), [("2026-11", EVENTS, 0), ("2026-11", "agent", 1)]);
        let work = rows[0].work;
        assert_eq!((work.events, work.read_units, work.queue_requests, rows[0].failed), (2, 4, 6, 1));
        assert!(rows[0].cost.gateway == 0.0 && rows[0].cost.functions > 0.0);
        assert_eq!(names(&counted(UsageBy::Function, None, &lines))[0], ("2026-11", "notify", 0));
    }

    #[test]
    fn every_item_of_a_batch_is_charged() {
        let calls = json!({ "aws": "DynamoDB.BatchGetItem=1", "function": "introspect" });
        let rows = counted(UsageBy::Client, None, &[request("2026-11", Some("agent"), &calls)]);
        assert_eq!(rows[0].work.read_units, 4);
    }
}
