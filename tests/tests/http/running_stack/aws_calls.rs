//! What a request costs on AWS: the README's table, measured.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::agent::{Agent, Ask, FILES, an_agent, asks_for_a_file, the_file, the_file_tool};
use crate::browser::{Browser, Page};
use crate::observer::Observer;
use crate::person::{Decision, Person, granted, somebody, the_code};
use crate::stack::Stack;
use crate::web::{Answer, Parameters, http};

/// The table as it stands in the README: a request, when everything that is remembered for seconds is warm, and what it
/// calls. `BatchGetItem` counts as one read whatever it reads, as DynamoDB takes it in one call.
const TABLE: &[(&str, &str)] = &[
    ("`POST /par`", "1 write"),
    ("`POST /par` with `private_key_jwt`", "2 writes"),
    ("`GET /authorize`, not signed in", "1 read"),
    ("`GET /authorize`, signed in", "2 reads"),
    ("`POST /sign-in`", "3 reads, 3 writes, 1 password hash"),
    ("`POST /consent`", "2 reads, 1 write"),
    ("`POST /token`, code to access token", "2 reads, 1 write, 1 signature"),
    ("`POST /token`, code to access and ID token", "2 reads, 1 write, 2 signatures"),
    ("`POST /token`, refresh", "2 reads, 1 write, 1 signature"),
    ("`POST /token`, client credentials", "1 signature"),
    ("`POST /introspect`", "1 read"),
    ("`POST /revoke`, refresh token", "1 write"),
    ("`POST /revoke`, access token", "1 write"),
    ("`GET /userinfo`", "1 read"),
    ("`GET /jwks.json`, both discovery documents", "nothing"),
];

#[test]
fn every_request_calls_aws_as_often_as_the_readme_says() {
    let stack = Stack::start("aws-calls", &[]);
    let person = somebody(&stack);
    // What is remembered for seconds (configuration, a client's standing) is read anew now and then: a round in which it was
    // not tells what the request itself costs.
    let mut measured = measure(&stack, &person);
    for _ in 0..3 {
        for (name, again) in measure(&stack, &person) {
            let least = measured.entry(name).or_insert_with(|| again.clone());
            *least = again.min(least.clone());
        }
    }
    let measured: BTreeMap<&str, String> =
        measured.into_iter().map(|(name, (_, words))| (name, words)).collect();
    let expected: BTreeMap<&str, String> =
        TABLE.iter().map(|(name, calls)| (*name, (*calls).to_owned())).collect();
    assert_eq!(measured, expected);
}

#[test]
fn the_readme_has_this_table() {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).expect("the README");
    for (request, calls) in TABLE {
        let row = format!("| {request} | {calls} |");
        assert!(readme.contains(&row), "the README lacks the row {row}");
    }
}

/// The way of an authorization, each request counted.
fn measure(stack: &Stack, person: &Person) -> BTreeMap<&'static str, (u32, String)> {
    let observer = stack.observer();
    let mut measured = BTreeMap::new();
    let mut note = |name: &'static str, answer: &Answer| {
        measured.insert(name, told(&observer, answer));
    };
    let agent = an_agent(stack);
    let plain = || asks_for_a_file().with("scope", "files.access offline_access");

    let pushed = agent.sends("/par", &plain().parameters);
    note("`POST /par`", &pushed);
    let signing = Agent::signing(stack, "ES256");
    note("`POST /par` with `private_key_jwt`", &signing.sends("/par", &plain().parameters));

    let ask = plain();
    let address = agent.sends_the_person_with(&agent.pushes(&ask));
    let mut browser = Browser::new(stack);
    let page = Page::of(browser.opens(&address).ok());
    note("`GET /authorize`, not signed in", &page.answer);
    let form = Parameters::of([
        ("interaction", page.field("interaction").as_str()),
        ("user_name", &person.user_name),
        ("password", &person.password),
    ]);
    note("`POST /sign-in`", &browser.submits_and_stays("/sign-in", &form));
    let page = Page::of(browser.opens(&address).ok());
    note("`GET /authorize`, signed in", &page.answer);
    let decided = browser.decides(&page, &Decision::All);
    note("`POST /consent`", &decided);

    let answer = agent.redeems(&the_code(stack, &decided), &ask).ok();
    note("`POST /token`, code to access token", &answer);
    let refreshed = agent.refreshes(&answer.string("refresh_token")).ok();
    note("`POST /token`, refresh", &refreshed);
    let token = Parameters::of([("token", &refreshed.string("access_token"))]);
    note("`POST /introspect`", &the_file_tool(stack).sends("/introspect", &token).ok());
    note("`POST /revoke`, access token", &agent.sends("/revoke", &token).ok());
    let token = Parameters::of([("token", &refreshed.string("refresh_token"))]);
    note("`POST /revoke`, refresh token", &agent.sends("/revoke", &token).ok());

    let openid = granted(&agent, person, &Ask::new("openid profile offline_access"));
    note("`POST /token`, code to access and ID token", &openid.answer);
    let bearer = format!("Bearer {}", openid.access_token);
    note(
        "`GET /userinfo`",
        &Answer::to(http().get(stack.url("/userinfo")).header("authorization", bearer)).ok(),
    );

    let nightly = Agent::with_basic(stack, "nightly-agent");
    let file = json!([the_file("Q4-report.pdf", &["read"])]).to_string();
    let form =
        Parameters::of([("scope", "files.access"), ("resource", FILES), ("authorization_details", &file)]);
    note("`POST /token`, client credentials", &nightly.works_alone(&form).ok());
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks.json"]
    {
        note("`GET /jwks.json`, both discovery documents", &stack.get(path).ok());
    }
    measured
}

const READS: [&str; 3] = ["DynamoDB.GetItem", "DynamoDB.BatchGetItem", "DynamoDB.Query"];
const WRITES: [&str; 4] =
    ["DynamoDB.PutItem", "DynamoDB.UpdateItem", "DynamoDB.DeleteItem", "DynamoDB.TransactWriteItems"];

/// The calls of a request: how many, and in the table's words.
fn told(observer: &Observer<'_>, answer: &Answer) -> (u32, String) {
    let calls = observer.calls_of(answer);
    let sum = |names: &[&str]| -> u32 { names.iter().filter_map(|name| calls.get(*name)).sum() };
    let counts = [
        (sum(&READS), "read", "reads"),
        (sum(&WRITES), "write", "writes"),
        (sum(&["Keys.Sign", "KMS.Sign"]), "signature", "signatures"),
        (sum(&["Argon2id"]), "password hash", "password hashes"),
    ];
    let counted: u32 = counts.iter().map(|(times, ..)| times).sum();
    assert_eq!(counted, calls.values().sum::<u32>(), "calls that the table has no word for: {calls:?}");
    let words: Vec<String> = counts
        .iter()
        .filter(|(times, ..)| *times > 0)
        .map(|(times, one, several)| format!("{times} {}", if *times == 1 { one } else { several }))
        .collect();
    (counted, if words.is_empty() { "nothing".to_owned() } else { words.join(", ") })
}
