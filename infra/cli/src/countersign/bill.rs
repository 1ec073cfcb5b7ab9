use cli::prices::{Api, Prices};
use cli::{bill, bill_as_markdown};
use serde_json::json;

use crate::arguments::Bill;
use crate::terminal::Terminal;

pub(crate) fn run(asked: &Bill, terminal: &mut Terminal) {
    let apis = match asked.api {
        Some(kind) => vec![kind.api()],
        None => vec![Api::Rest, Api::Http],
    };
    if asked.json {
        let prices = Prices::shipped();
        terminal.json(&json!({
            "prices": { "region": prices.region, "date": prices.date },
            "for_a_million_of": bill(&apis),
        }));
        return;
    }
    terminal.write(&bill_as_markdown(&apis));
}
