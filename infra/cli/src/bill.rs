//! The README's bill: what a million of something costs.

use std::fmt::Write;

use serde::Serialize;

use crate::prices::{Api, Prices, Work};
use crate::requests::{Requests, Signing};

const MILLION: u32 = 1_000_000;

/// What a million of one flow does and costs.
#[derive(Clone, Debug, Serialize)]
pub struct BillRow {
    /// The flow.
    pub flow: String,
    /// How many requests to the API one of it is.
    pub requests: u64,
    /// The sums in US dollars.
    pub dollars: Vec<Sum>,
}

/// The sum in one kind of deployment.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sum {
    /// `rest` or `http`.
    pub api: &'static str,
    /// `kms` or `kms-wrapped`.
    pub signing: &'static str,
    /// US dollars.
    pub usd: f64,
}

/// What a million of each flow costs, by these APIs.
pub fn bill(apis: &[Api]) -> Vec<BillRow> {
    let (prices, requests) = (Prices::shipped(), Requests::shipped());
    let sum = |work: &Work, api: Api, signing: Signing| Sum {
        api: name_of_api(api),
        signing: name_of_signing(signing),
        usd: prices.cost(work, api).total(),
    };
    let kinds =
        || apis.iter().flat_map(|api| [Signing::Kms, Signing::KmsWrapped].map(|signing| (*api, signing)));
    let row = |flow: &crate::requests::Flow| BillRow {
        flow: flow.name.clone(),
        requests: requests.work_of(flow, Signing::Kms, 1).requests,
        dollars: kinds()
            .map(|(api, signing)| sum(&requests.work_of(flow, signing, MILLION), api, signing))
            .collect(),
    };
    requests.flow.iter().map(row).collect()
}

/// The bill as Markdown, for the README.
pub fn bill_as_markdown(apis: &[Api]) -> String {
    let rows = bill(apis);
    let mut text = String::from("| a million of | requests each |");
    for sum in rows.first().map(|row| row.dollars.as_slice()).unwrap_or_default() {
        let _ = write!(text, " {} API, `{}` |", sum.api.to_uppercase(), sum.signing);
    }
    text.push_str("\n| --- | --- |");
    text.push_str(&" --- |".repeat(2 * apis.len()));
    for row in &rows {
        let _ = write!(text, "\n| {} | {} |", row.flow, row.requests);
        for sum in &row.dollars {
            let _ = write!(text, " {} |", money(sum.usd));
        }
    }
    let _ = write!(text, "\n\n{}", what_is_in_it());
    text.push_str(&elsewhere());
    text
}

fn what_is_in_it() -> String {
    let prices = Prices::shipped();
    format!(
        "US dollars: list prices of {}, {}, without free tiers. Tokens are signed with ES256, the dearer of the two in KMS; \
         assertions with RSA. Log lines are in it, and a function's time as infra/requests.toml assumes it; the start of a function, \
         storage, data transfer, how often Lambda looks into an empty queue, and texts (SMS) are not.\n",
        prices.region, prices.date
    )
}

/// What others publish for a million tokens.
fn elsewhere() -> String {
    let mut text = String::new();
    for other in &Prices::shipped().elsewhere {
        let price = &other.price;
        let _ = writeln!(
            text,
            "[{}]({}) publishes {} USD for {} of: {} ({}); that is {} a million.",
            other.name,
            price.source,
            price.usd,
            price.per,
            price.what,
            price.date,
            money(price.of(f64::from(MILLION)))
        );
    }
    text
}

/// An amount as the table has it: two figures after the point while it is small.
fn money(dollars: f64) -> String {
    if dollars < 100.0 { format!("{dollars:.2}") } else { format!("{dollars:.0}") }
}

const fn name_of_api(api: Api) -> &'static str {
    match api {
        Api::Rest => "rest",
        Api::Http => "http",
    }
}

const fn name_of_signing(signing: Signing) -> &'static str {
    match signing {
        Signing::Kms => "kms",
        Signing::KmsWrapped => "kms-wrapped",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dollars(flow: &str) -> Vec<f64> {
        let rows = bill(&[Api::Rest, Api::Http]);
        let row = rows.iter().find(|row| row.flow == flow).expect("a row");
        row.dollars.iter().map(|sum| sum.usd).collect()
    }

    /// 3.50 or 1.00 for the gateway, 0.20 for the function, 15 for the signature, and less than 0.60 for time and log.
    #[test]
    fn a_million_tokens_for_a_machine_cost_what_their_parts_do() {
        let sums = dollars("Client credentials, client secret");
        for (sum, known) in sums.iter().zip([18.7, 3.7, 16.2, 1.2]) {
            assert!((known..known + 0.6).contains(sum), "{sums:?}");
        }
    }

    #[test]
    fn the_readme_has_this_bill() {
        let readme = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
        let readme = std::fs::read_to_string(readme).expect("the README");
        for line in bill_as_markdown(&[Api::Rest, Api::Http]).lines() {
            assert!(
                readme.lines().any(|there| there == line),
                "README.md lacks what `countersign bill` says: {line}"
            );
        }
    }

    #[test]
    fn an_assertion_costs_one_write_more() {
        let (secret, assertion) =
            (dollars("Client credentials, client secret"), dollars("Client credentials, `private_key_jwt`"));
        for (secret, assertion) in secret.iter().zip(assertion) {
            assert!((assertion - secret - 0.625).abs() < 1e-6, "{secret} {assertion}");
        }
    }

    #[test]
    fn the_table_has_a_row_a_flow_and_a_column_a_kind() {
        let text = bill_as_markdown(&[Api::Http]);
        let table: Vec<_> = text.lines().take_while(|line| line.starts_with('|')).collect();
        assert_eq!(table[0], "| a million of | requests each | HTTP API, `kms` | HTTP API, `kms-wrapped` |");
        assert_eq!(table.len(), 2 + Requests::shipped().flow.len());
        assert!(table.iter().all(|row| row.matches('|').count() == 5), "{text}");
    }
}
