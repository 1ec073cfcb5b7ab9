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
            work += self.work_of_request(request, signing, times);
        }
        work.write_units += u64::from(flow.assertions) * u64::from(times);
        work
    }

    fn work_of_request(&self, request: &Request, signing: Signing, times: u32) -> Work {
        let [reads, writes, signatures] =
            ["read", "write", "signature"].map(|what| counted(&request.calls, what));
        let (by_kms, signature) = match signing {
            Signing::Kms => (signatures, self.milliseconds.signature_by_kms),
            Signing::KmsWrapped => (0, self.milliseconds.signature),
        };
        let milliseconds = self.milliseconds.own
            + reads * self.milliseconds.read
            + writes * self.milliseconds.write
            + signatures * signature;
        let items = reads + request.batches * (self.items_in_a_batch_of(&request.function) - 1);
        let all = |each: u32| u64::from(each) * u64::from(times);
        Work {
            requests: all(1),
            gigabyte_seconds: gigabyte_seconds(self.memory_of(&request.function), f64::from(milliseconds))
                * f64::from(times),
            write_units: all(writes),
            read_units: all(items),
            ecc_signatures: all(by_kms),
            kms_requests: 0,
            log_bytes: request.log_bytes * u64::from(times),
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
        .find(|(_, name)| name.trim_end_matches('s') == what)
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
            assert_eq!(work.requests, flow.requests.len() as u64, "{}", flow.name);
        }
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
