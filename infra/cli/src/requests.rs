//! What a request does on AWS, as `infra/requests.toml` has it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::prices::{Work, gigabyte_seconds};

static SHIPPED: LazyLock<Requests> = LazyLock::new(|| {
    toml::from_str(include_str!("../../requests.toml")).expect("the requests that ship can be read")
});

/// What requests do, and what is asked for of them in a bill.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    called_by_events: Vec<String>,
    memory: BTreeMap<String, u32>,
    items_in_a_batch: BTreeMap<String, u32>,
    milliseconds: Milliseconds,
    /// Each request, and what it calls when its function is warm.
    pub request: Vec<Request>,
    /// What the bill is made of.
    pub flow: Vec<Flow>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Milliseconds {
    own: u32,
    read: u32,
    write: u32,
    signature_by_kms: u32,
    signature: u32,
    message: u32,
    request_of_a_client: u32,
}

/// A row of the README's table "What a request costs on AWS".
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The request, in the table's words.
    pub name: String,
    /// What it calls, in the table's words: `2 reads, 1 write`.
    pub calls: String,
    function: String,
    /// How many of the reads ask for several items at once.
    #[serde(default)]
    batches: u32,
    /// How many of the signatures are made with an RSA key.
    #[serde(default)]
    rsa: u32,
    /// Whether a timer is set for the time when the request would expire.
    #[serde(default)]
    timer: bool,
    log_bytes: u64,
}

/// What somebody wants done, in one or several requests.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// In the bill's words.
    pub name: String,
    /// The requests, by name.
    pub requests: Vec<String>,
    /// In how many of them the client proves itself with a signed assertion, which is spent by one write.
    #[serde(default)]
    pub assertions: u32,
    /// What a person is told by, where they are told.
    #[serde(default)]
    pub tells: Tells,
}

/// What a person is told by. A text (SMS) has as many prices as there are countries, and is not reckoned with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tells {
    /// An app on their phone.
    #[default]
    Push,
    /// E-mail.
    Email,
}

/// Who holds the private halves of the signing keys (`SigningMode` of template.yaml).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// KMS signs each token.
    Kms,
    /// The function does.
    KmsWrapped,
}

impl Requests {
    /// Those of `infra/requests.toml`.
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// The memory of a function in megabytes.
    pub fn memory_of(&self, function: &str) -> u32 {
        of_function(&self.memory, function)
    }

    /// How many items a function asks for at most when it asks for several in one call. Each is charged.
    pub fn items_in_a_batch_of(&self, function: &str) -> u32 {
        of_function(&self.items_in_a_batch, function)
    }

    /// What a flow does, done `times` times.
    pub fn work_of(&self, flow: &Flow, signing: Signing, times: u32) -> Work {
        let mut work = Work::default();
        // A test holds that each of them is described.
        let described = |name: &String| self.request.iter().find(|request| request.name == *name);
        for request in flow.requests.iter().filter_map(described) {
            work += self.work_of_request(request, flow.tells, signing, times);
            if request.timer {
                work += self.work_of_timer(times);
            }
        }
        work.write_units += u64::from(flow.assertions) * u64::from(times);
        work
    }

    fn work_of_request(&self, request: &Request, tells: Tells, signing: Signing, times: u32) -> Work {
        let [reads, writes, signatures, messages, of_a_client] =
            ["read", "write", "signature", "message of SNS", "request of its endpoint"]
                .map(|what| counted(&request.calls, what));
        let (by_kms, signature) = match signing {
            Signing::Kms => (signatures, self.milliseconds.signature_by_kms),
            Signing::KmsWrapped => (0, self.milliseconds.signature),
        };
        let milliseconds = self.milliseconds.own
            + reads * self.milliseconds.read
            + writes * self.milliseconds.write
            + signatures * signature
            + messages * self.milliseconds.message
            + of_a_client * self.milliseconds.request_of_a_client;
        let items = reads + request.batches * (self.items_in_a_batch_of(&request.function) - 1);
        let by_rsa = request.rsa.min(by_kms);
        let all = |each: u32| u64::from(each) * u64::from(times);
        let through_the_api = !self.called_by_events.contains(&request.function);
        Work {
            requests: all(u32::from(through_the_api)),
            events: all(u32::from(!through_the_api)),
            gigabyte_seconds: gigabyte_seconds(self.memory_of(&request.function), f64::from(milliseconds))
                * f64::from(times),
            write_units: all(writes),
            read_units: all(items),
            ecc_signatures: all(by_kms - by_rsa),
            kms_requests: all(by_rsa),
            log_bytes: request.log_bytes * u64::from(times),
            push_messages: all(if tells == Tells::Push { messages } else { 0 }),
            email_messages: all(if tells == Tells::Email { messages } else { 0 }),
            queue_requests: 0,
        }
    }

    /// A timer that is sent, received and deleted, and finds when it rings that nothing is left to do.
    fn work_of_timer(&self, times: u32) -> Work {
        let milliseconds = self.milliseconds.own + self.milliseconds.read;
        Work {
            events: u64::from(times),
            gigabyte_seconds: gigabyte_seconds(self.memory_of("notify"), f64::from(milliseconds))
                * f64::from(times),
            read_units: u64::from(times),
            queue_requests: 3 * u64::from(times),
            ..Work::default()
        }
    }
}

fn of_function(values: &BTreeMap<String, u32>, function: &str) -> u32 {
    values.get(function).or_else(|| values.get("default")).copied().unwrap_or_default()
}

/// How many of something the table's words count: of `read` in `2 reads, 1 write`, two.
fn counted(calls: &str, what: &str) -> u32 {
    calls
        .split(", ")
        .filter_map(|part| part.split_once(' '))
        .find(|(_, name)| *name == what || name.strip_suffix('s') == Some(what))
        .and_then(|(times, _)| times.parse().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn project(file: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
        std::fs::read_to_string(path).expect("a file of the project")
    }

    /// The README's table is measured by a test of the running stack; this is how the bill comes by its figures.
    #[test]
    fn every_request_is_what_the_readme_says() {
        let readme = project("README.md");
        for request in &Requests::shipped().request {
            let start = format!("| {} | ", request.name);
            let rows: Vec<_> = readme.lines().filter(|line| line.starts_with(&start)).collect();
            assert_eq!(rows, [format!("{start}{} |", request.calls)], "{}", request.name);
        }
    }

    #[test]
    fn every_flow_is_made_of_described_requests() {
        let requests = Requests::shipped();
        for flow in &requests.flow {
            let work = requests.work_of(flow, Signing::Kms, 1);
            let timers = work.queue_requests / 3;
            assert_eq!(work.requests + work.events - timers, flow.requests.len() as u64, "{}", flow.name);
        }
    }

    /// Else the bill would leave out in silence what a row of the table says.
    #[test]
    fn every_word_of_the_calls_is_counted() {
        let known = ["read", "write", "signature", "message of SNS", "request of its endpoint"];
        for request in &Requests::shipped().request {
            let words = known.iter().filter(|what| counted(&request.calls, what) > 0).count();
            assert_eq!(words, request.calls.split(", ").count(), "{}", request.name);
        }
    }

    #[test]
    fn what_an_event_calls_is_not_paid_at_the_gateway_and_a_message_by_its_kind() {
        let requests = Requests::shipped();
        let work = |name: &str| {
            let flow = requests.flow.iter().find(|flow| flow.name == name).expect("a flow");
            requests.work_of(flow, Signing::Kms, 1_000)
        };
        let (phone, mail) =
            (work("CIBA: a person told on their phone's app"), work("CIBA: a person told by e-mail"));
        assert_eq!(
            (phone.requests, phone.events, phone.push_messages, phone.email_messages),
            (0, 1_000, 1_000, 0)
        );
        assert_eq!((mail.push_messages, mail.email_messages), (0, 1_000));
        let ping = work("CIBA: a ping, with its timer");
        assert_eq!((ping.events, ping.queue_requests, ping.read_units), (2_000, 3_000, 2_000));
        let assertion = work("Exchange for a SAML assertion, recorded");
        assert_eq!((assertion.ecc_signatures, assertion.kms_requests), (0, 1_000));
    }

    #[test]
    fn the_memory_is_what_the_template_gives() {
        let template = project("template.yaml");
        let given: Vec<_> = template.lines().filter(|line| line.contains("MemorySize: ")).collect();
        let own = "      MemorySize: 1024";
        assert_eq!(given, ["    MemorySize: !Ref FunctionMemory", own, own]);
        let [_, parameter] = template.split("  FunctionMemory:\n").collect::<Vec<_>>()[..] else {
            panic!("one parameter")
        };
        assert!(parameter.starts_with("    Type: Number\n    Default: 512\n"));
        let requests = Requests::shipped();
        let memory = ["token", "sign-in", "account"].map(|function| requests.memory_of(function));
        assert_eq!(memory, [512, 1024, 1024]);
    }

    #[test]
    fn an_item_in_a_batch_is_charged_by_itself() {
        let requests = Requests::shipped();
        let flow = |name: &str| requests.flow.iter().find(|flow| flow.name == name).unwrap();
        let introspection = requests.work_of(flow("Introspection"), Signing::Kms, 1_000);
        assert_eq!((introspection.read_units, introspection.ecc_signatures), (4_000, 0));
        let refresh = requests.work_of(flow("Refresh"), Signing::Kms, 1_000);
        assert_eq!((refresh.read_units, refresh.write_units, refresh.ecc_signatures), (2_000, 1_000, 1_000));
        let wrapped = requests.work_of(flow("Refresh"), Signing::KmsWrapped, 1_000);
        assert_eq!(wrapped.ecc_signatures, 0);
        let by_assertion =
            requests.work_of(flow("Client credentials, `private_key_jwt`"), Signing::Kms, 1_000);
        assert_eq!(by_assertion.write_units, 1_000);
    }
}
