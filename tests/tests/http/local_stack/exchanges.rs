//! What an exchange leaves behind, and what becomes of it when time passes or the configuration changes.

use std::fs;

use serde_json::{Value, json};

use crate::agent::{BANK, an_agent, asks_for_a_file, the_file_tool};
use crate::exchange::{Chain, LEDGER, the_bank};
use crate::person::{granted, somebody};
use crate::stack::Stack;
use crate::token::verified;

fn hops(stack: &Stack, grant_id: &Value) -> Vec<Value> {
    let partition = format!("AUTHORIZATION#{}", grant_id.as_str().expect("a grant"));
    let items = stack.observer().items_of(&partition);
    let is_hop = |item: &&Value| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("HOP#"));
    let body = |item: &Value| serde_json::from_str(item["body"]["S"].as_str().expect("text")).expect("JSON");
    items.iter().filter(is_hop).map(body).collect()
}

#[test]
fn each_hop_is_recorded_beside_the_authorization_and_in_the_audit() {
    let stack = Stack::start("exchanges-recorded", &[]);
    let files = the_file_tool(&stack);
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let answer = files.exchanges(&first, BANK).ok();
    let (before, after) =
        (verified(&stack, &first).claims, verified(&stack, &answer.string("access_token")).claims);
    let recorded = hops(&stack, &before["grant_id"]);
    let [hop] = recorded.as_slice() else { panic!("{recorded:?}") };
    assert_eq!(
        *hop,
        json!({
            "at": after["iat"], "client_id": "files-tool", "act": { "sub": "files-tool" }, "subject": before["sub"],
            "from": before["jti"], "token": after["jti"], "resource": BANK, "scope": "bank.statements",
            "details": [{ "type": "statement", "account": "Q4-report.pdf", "kinds": ["daily", "monthly"] }],
            "until": after["exp"],
        })
    );

    let events = stack.observer().audit_of(&answer);
    let [event] = events.as_slice() else { panic!("{events:?}") };
    for (name, value) in [
        ("event", json!("token")),
        ("outcome", json!("granted")),
        ("client", json!("files-tool")),
        ("person", before["sub"].clone()),
        ("grant_id", before["grant_id"].clone()),
        ("token_id", after["jti"].clone()),
        ("exchanged_from", before["jti"].clone()),
        ("actors", json!("files-tool")),
        ("resource", json!(BANK)),
    ] {
        assert_eq!(event[name], value, "{name} in {event}");
    }

    let refused = files.exchanges(&first, LEDGER);
    let events = stack.observer().audit_of(&refused);
    assert_eq!(events[0]["reason"], "exchange-not-allowed", "{events:?}");
    assert_eq!(events[0]["grant_id"], before["grant_id"]);
}

/// Where no records are kept, a reference to details still leads somewhere: the bank's tokens carry one.
#[test]
fn a_configuration_can_keep_no_records() {
    let stack = Stack::start_with("exchanges-unrecorded", &[], |folder| {
        let file = folder.join("server.toml");
        let text = fs::read_to_string(&file).expect("the file") + "\n[exchange]\nrecord = false\n";
        fs::write(file, text).expect("written");
    });
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let answer = the_file_tool(&stack).exchanges(&first, BANK).ok();
    assert_eq!(hops(&stack, &verified(&stack, &first).claims["grant_id"]), Vec::<Value>::new());
    let seen = the_bank(&stack).finds_active(&answer.string("access_token"));
    assert_eq!(seen["authorization_details"], answer.json()["authorization_details"]);
}

/// A tool's token lives two minutes here, its subject five: what comes of the one dies with it.
#[test]
fn an_expired_token_is_exchanged_no_more_and_nothing_outlives_it() {
    let stack = Stack::whose_time_passes();
    let files = the_file_tool(&stack);
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    stack.time_passes(250);
    let chain = Chain::of(&stack, first);
    let moments = [&chain.files, &chain.bank, &chain.ledger]
        .map(|token| verified(&stack, token).claims["exp"].as_i64().expect("exp"));
    assert_eq!(moments[1], moments[0], "the subject token ends before the bank's two minutes are over");
    assert_eq!(moments[2], moments[0]);
    stack.time_passes(60);
    assert_eq!(chain.stands(&stack), [false; 3]);
    files.exchanges(&chain.files, BANK).is_refused(400, "invalid_request");
}

/// Deny by default, to the letter.
#[test]
fn without_a_policy_nothing_is_exchanged() {
    let stack = Stack::start_with("exchanges-without-policies", &[], |folder| {
        fs::remove_dir_all(folder.join("policies")).expect("the policies of the tests");
    });
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    the_file_tool(&stack).exchanges(&first, BANK).is_refused(400, "invalid_target");
}

/// The operator ends everything of a client: what others got through it is no good either.
#[test]
fn a_client_in_the_chain_that_is_ended_ends_what_came_through_it() {
    let stack = Stack::start("exchanges-of-an-ended-client", &[]);
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let chain = Chain::of(&stack, first);
    assert_eq!(chain.stands(&stack), [true; 3]);
    stack.operator().does(&["client", "disable", "files-tool"]);
    let ledger = crate::exchange::the_ledger(&stack);
    ledger.finds_inactive(&chain.ledger);
    the_bank(&stack).finds_inactive(&chain.bank);
    an_agent(&stack).finds_active(&chain.files);
}
