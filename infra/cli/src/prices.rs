//! What AWS charges for what was done: pure arithmetic over the prices of `infra/prices.toml`.

use std::ops::AddAssign;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// The prices that ship. They are part of the program: a test reads them.
static SHIPPED: LazyLock<Prices> = LazyLock::new(|| {
    toml::from_str(include_str!("../../prices.toml")).expect("the prices that ship can be read")
});

/// A list of prices in US dollars.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The AWS region they are for.
    pub region: String,
    /// The month they were looked up in, `2026-11`.
    pub date: String,
    /// A request through a REST API.
    pub rest_request: Price,
    /// A request through an HTTP API.
    pub http_request: Price,
    /// A call of a Lambda function.
    pub invocation: Price,
    /// A gigabyte of a function's memory for a second.
    pub gigabyte_second: Price,
    /// A write of up to 1 KB to the table.
    pub write_unit: Price,
    /// A strongly consistent read of up to 4 KB.
    pub read_unit: Price,
    /// A signature by an elliptic curve key in KMS.
    pub ecc_signature: Price,
    /// Another request to KMS, a signature by an RSA-2048 key among them.
    pub kms_request: Price,
    /// A gigabyte (10^9 bytes) of log lines taken in.
    pub log_gigabyte: Price,
    /// A request to SNS that publishes a message.
    pub sns_request: Price,
    /// A message that SNS delivers to an app on a phone.
    pub push_message: Price,
    /// A message that SNS delivers by e-mail.
    pub email_message: Price,
    /// A request to SQS.
    pub queue_request: Price,
    /// What others charge.
    #[serde(default)]
    pub elsewhere: Vec<OtherPrice>,
}

/// A price, and where it was read.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// What it is for.
    pub what: String,
    /// US dollars for `per` of it.
    pub usd: f64,
    /// How many the dollars are for.
    pub per: f64,
    /// The page that says so.
    pub source: String,
    /// The month in which it said so.
    pub date: String,
}

/// A price of somebody else's service.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct OtherPrice {
    /// The service.
    pub name: String,
    /// The price.
    #[serde(flatten)]
    pub price: Price,
}

/// Which kind of API the requests came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// API Gateway's REST API, which the template makes.
    Rest,
    /// API Gateway's HTTP API.
    Http,
}

/// What was done for some requests, in the units that are charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Work {
    /// Requests that a function answered through the API.
    pub requests: u64,
    /// Calls of a function by an event: no API is paid for them.
    pub events: u64,
    /// Memory of the functions times the time for which they ran.
    pub gigabyte_seconds: f64,
    /// Writes of up to 1 KB.
    pub write_units: u64,
    /// Strongly consistent reads of up to 4 KB.
    pub read_units: u64,
    /// Signatures in KMS by elliptic curve keys.
    pub ecc_signatures: u64,
    /// Other requests to KMS.
    pub kms_requests: u64,
    /// Bytes of log lines.
    pub log_bytes: u64,
    /// Messages to an app on a phone.
    pub push_messages: u64,
    /// Messages by e-mail.
    pub email_messages: u64,
    /// Requests to SQS.
    pub queue_requests: u64,
}

/// What work costs, in US dollars, by who charges it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Cost {
    /// API Gateway.
    pub gateway: f64,
    /// Lambda.
    pub functions: f64,
    /// DynamoDB.
    pub table: f64,
    /// KMS.
    pub keys: f64,
    /// CloudWatch Logs.
    pub logs: f64,
    /// SNS and SQS.
    pub messages: f64,
}

impl Price {
    /// What so many cost.
    pub fn of(&self, quantity: f64) -> f64 {
        quantity * self.usd / self.per
    }
}

impl Prices {
    /// Those of `infra/prices.toml`.
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// What some work costs. Storage, data transfer, the start of a function, and the fixed price of keys and alarms
    /// are not in it.
    pub fn cost(&self, work: &Work, api: Api) -> Cost {
        let request = match api {
            Api::Rest => &self.rest_request,
            Api::Http => &self.http_request,
        };
        let calls = number(work.requests + work.events);
        let messages = number(work.push_messages + work.email_messages);
        Cost {
            gateway: request.of(number(work.requests)),
            functions: self.invocation.of(calls) + self.gigabyte_second.of(work.gigabyte_seconds),
            table: self.write_unit.of(number(work.write_units)) + self.read_unit.of(number(work.read_units)),
            keys: self.ecc_signature.of(number(work.ecc_signatures))
                + self.kms_request.of(number(work.kms_requests)),
            logs: self.log_gigabyte.of(number(work.log_bytes) / 1e9),
            messages: self.sns_request.of(messages)
                + self.push_message.of(number(work.push_messages))
                + self.email_message.of(number(work.email_messages))
                + self.queue_request.of(number(work.queue_requests)),
        }
    }
}

impl Cost {
    /// All together.
    pub fn total(&self) -> f64 {
        self.gateway + self.functions + self.table + self.keys + self.logs + self.messages
    }
}

impl AddAssign for Work {
    fn add_assign(&mut self, more: Self) {
        self.requests += more.requests;
        self.events += more.events;
        self.gigabyte_seconds += more.gigabyte_seconds;
        self.write_units += more.write_units;
        self.read_units += more.read_units;
        self.ecc_signatures += more.ecc_signatures;
        self.kms_requests += more.kms_requests;
        self.log_bytes += more.log_bytes;
        self.push_messages += more.push_messages;
        self.email_messages += more.email_messages;
        self.queue_requests += more.queue_requests;
    }
}

/// The memory of a function for the time of one request. Lambda rounds the time up to whole milliseconds.
pub fn gigabyte_seconds(memory_in_megabytes: u32, milliseconds: f64) -> f64 {
    f64::from(memory_in_megabytes) / 1024.0 * milliseconds.ceil() / 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "beyond 2^53 requests a dollar more or less does not matter")]
pub(crate) const fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLION: u64 = 1_000_000;

    #[track_caller]
    fn assert_about(cost: f64, dollars: f64) {
        assert!((cost - dollars).abs() < 1e-6, "{cost} is not {dollars}");
    }

    fn total(work: Work, api: Api) -> f64 {
        Prices::shipped().cost(&work, api).total()
    }

    /// The figures of each price list, for a million.
    #[test]
    fn each_kind_of_work_has_its_price() {
        let nothing = Work::default();
        for (work, dollars) in [
            (Work { write_units: MILLION, ..nothing }, 0.625),
            (Work { read_units: MILLION, ..nothing }, 0.125),
            (Work { ecc_signatures: MILLION, ..nothing }, 15.0),
            (Work { kms_requests: MILLION, ..nothing }, 3.0),
            (Work { log_bytes: 1_000 * MILLION, ..nothing }, 0.5),
            (Work { gigabyte_seconds: 1_000.0, ..nothing }, 0.013_333_4),
            (Work { events: MILLION, ..nothing }, 0.20),
            (Work { push_messages: MILLION, ..nothing }, 0.50 + 0.50),
            (Work { email_messages: MILLION, ..nothing }, 0.50 + 20.0),
            (Work { queue_requests: MILLION, ..nothing }, 0.40),
        ] {
            assert_about(total(work, Api::Rest), dollars);
            assert_about(total(work, Api::Http), dollars);
        }
        let requests = Work { requests: MILLION, ..nothing };
        assert_about(total(requests, Api::Rest), 3.50 + 0.20);
        assert_about(total(requests, Api::Http), 1.00 + 0.20);
    }

    #[test]
    fn work_adds_up() {
        let one = Work {
            requests: 1,
            gigabyte_seconds: 0.5,
            write_units: 2,
            read_units: 3,
            ecc_signatures: 4,
            kms_requests: 5,
            log_bytes: 6,
            events: 7,
            push_messages: 8,
            email_messages: 9,
            queue_requests: 10,
        };
        let mut twice = one;
        twice += one;
        assert_about(total(twice, Api::Rest), 2.0 * total(one, Api::Rest));
    }

    #[test]
    fn a_function_is_charged_by_the_whole_millisecond() {
        assert_about(gigabyte_seconds(512, 9.2), 0.005);
        assert_about(gigabyte_seconds(1024, 10.0), 0.01);
    }

    #[test]
    fn every_price_says_where_and_when_it_was_read() {
        let prices = Prices::shipped();
        let ours = [
            &prices.rest_request,
            &prices.http_request,
            &prices.invocation,
            &prices.gigabyte_second,
            &prices.write_unit,
            &prices.read_unit,
            &prices.ecc_signature,
            &prices.kms_request,
            &prices.log_gigabyte,
            &prices.sns_request,
            &prices.push_message,
            &prices.email_message,
            &prices.queue_request,
        ];
        for price in ours.into_iter().chain(prices.elsewhere.iter().map(|other| &other.price)) {
            assert!(price.source.starts_with("https://"), "{price:?}");
            assert!(price.usd > 0.0 && price.per >= 1.0 && !price.what.is_empty(), "{price:?}");
            let date = format!("{}-01", price.date).parse::<jiff::civil::Date>();
            assert!(date.is_ok(), "{price:?}");
        }
    }
}
