//! Whatever policies permit and forbid, what is left of an exchange is within what was asked for and within the token before, and
//! it is what they say of each scope and each detail. Two clients in turn narrow tokens for one tool.

use std::collections::BTreeSet;

use details::DetailTypes;
use oauth::configuration::{Client, DetailType, PolicyText, Server, Tool};
use oauth::{AuthorizationDetails, Narrower, Scope, Timestamp, TokenType};
use policy::{Action, Context, Policies, Principal, Question};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::Rights;
use crate::content::{Content, Registered};
use crate::question::permitted_part;

const CLIENTS: [&str; 2] = ["first", "second"];
const TOOL: &str = "https://files.test";

/// What a policy, a request or a token speaks of: one of three scopes, or one of three files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Right {
    Scope(usize),
    File(usize),
}

/// Permits or forbids one of the clients one right.
#[derive(Clone, Debug)]
struct Rule {
    permits: bool,
    client: usize,
    right: Right,
}

fn right() -> impl Strategy<Value = Right> {
    prop_oneof![(0_usize..3).prop_map(Right::Scope), (0_usize..3).prop_map(Right::File)]
}

fn rights(fewest: usize) -> impl Strategy<Value = BTreeSet<Right>> {
    prop::collection::btree_set(right(), fewest..7)
}

fn rule() -> impl Strategy<Value = Rule> {
    (prop::bool::weighted(0.8), 0_usize..2, right()).prop_map(|(permits, client, right)| Rule {
        permits,
        client,
        right,
    })
}

/// The rules in Cedar.
fn policies(rules: &[Rule], types: &[DetailType]) -> Policies {
    let one = |(at, rule): (usize, &Rule)| {
        let effect = if rule.permits { "permit" } else { "forbid" };
        let about = match rule.right {
            Right::Scope(right) => format!("context has scope && context.scope == \"files.{right}\""),
            Right::File(right) => format!(
                "context has detail && context.detail has identifier && context.detail.identifier == \"{right}\""
            ),
        };
        let client = CLIENTS[rule.client];
        format!(
            "@id(\"{at}\") {effect} (principal == Client::\"{client}\", action == Action::\"token_exchange\", \
             resource == Tool::\"{TOOL}\") when {{ {about} }};\n"
        )
    };
    let text = rules.iter().enumerate().map(one).collect();
    Policies::new(&[PolicyText { file: "rules.cedar".to_owned(), text }], types)
}

/// What the rules say, reckoned without the code under test.
fn allows(rules: &[Rule], client: usize, right: Right) -> bool {
    let says = |permits| {
        rules.iter().any(|rule| rule.permits == permits && rule.client == client && rule.right == right)
    };
    says(true) && !says(false)
}

fn parsed<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("as the snapshot has it")
}

fn tool() -> Tool {
    let scope = || json!({ "description": {}, "requires_details": false });
    parsed(json!({
        "id": "files", "name": "Files", "resource": TOOL, "locations": [],
        "scopes": { "files.0": scope(), "files.1": scope(), "files.2": scope() }, "signing_alg": "ES256",
        "details_by_reference": false, "claims": {}, "exchanges": [],
    }))
}

fn detail_type() -> DetailType {
    parsed(json!({
        "name": "file", "narrowing": {}, "absent": {}, "sentence": { "en": "x" }, "assurance": "session",
        "pushed_only": false, "tools": ["files"],
        "schema": { "type": "object", "additionalProperties": false, "required": ["type", "identifier"],
            "properties": { "type": { "const": "file" }, "identifier": { "type": "string" } } },
    }))
}

fn client(id: &str) -> Client {
    parsed(json!({
        "id": id, "name": id, "authentication": { "method": "client_secret_basic" }, "redirect_uris": [],
        "grant_types": ["token_exchange"], "scopes": "files.0 files.1 files.2", "detail_types": ["file"],
        "tools": ["files"], "default_tool": null, "standing_details": [],
        "require_pushed_authorization_requests": false, "remember_consent": false,
        "id_token_signed_response_alg": "ES256", "is_tool": null,
    }))
}

fn server() -> Server {
    parsed(json!({
        "issuer": "https://us.test", "brand": { "name": "x", "accent": "#000000", "logo_svg": null },
        "require_pushed_authorization_requests": false,
        "lifetimes": { "request_uri": 90, "interaction": 900, "code": 60, "access_token": 300, "id_token": 300,
            "session": 43_200, "authorization": 86_400 },
    }))
}

fn written(rights: &BTreeSet<Right>) -> (Scope, AuthorizationDetails) {
    let scopes = rights.iter().filter_map(|right| match right {
        Right::Scope(right) => Some(format!("files.{right}")),
        Right::File(_) => None,
    });
    let files = rights.iter().filter_map(|right| match right {
        Right::File(right) => Some(json!({ "type": "file", "identifier": right.to_string() })),
        Right::Scope(_) => None,
    });
    let scope = Scope::parse(&scopes.collect::<Vec<_>>().join(" ")).expect("a scope");
    (scope, AuthorizationDetails::from_values(files.collect()).expect("details"))
}

fn read(content: &Content<'_>) -> BTreeSet<Right> {
    let number = |text: &str| text.parse().expect("a number");
    let scopes = content.scope.iter().map(|scope| Right::Scope(number(&scope["files.".len()..])));
    let of_file = |detail: &oauth::AuthorizationDetail| {
        Right::File(number(detail.fields["identifier"].as_str().expect("an identifier")))
    };
    scopes.chain(content.details.iter().map(of_file)).collect()
}

fn answer(policies: &Policies, client: &Client, content: &Content<'_>) -> policy::Answer {
    policies.each(&Question {
        principal: Principal { client, person: None },
        action: Action::TokenExchange,
        tool: TOOL,
        context: Context {
            scope: None,
            detail: None,
            scopes: &content.scope,
            details: &content.details,
            requested: TokenType::AccessToken,
            origin: None,
            depth: 0,
            actors: &[],
            acr: None,
            amr: &[],
            auth_age: None,
            now: Timestamp::from_seconds(1_800_000_000),
        },
    })
}

/// What the tools' rules leave to a client that asks for some of what a token allows, and what the policies leave of that: nothing
/// where they refuse what it names.
fn hop(
    (policies, client): (&Policies, &Client),
    held: &BTreeSet<Right>,
    asked: Option<&BTreeSet<Right>>,
) -> Option<(BTreeSet<Right>, Option<BTreeSet<Right>>)> {
    let (server, tools, types) = (server(), [tool()], DetailTypes::new(vec![detail_type()]));
    let registered = Registered { server: &server, tools: &tools, types, client, default_resource: None };
    let (scope, details) = written(held);
    let held = Rights { tool: &tools[0], scope: &scope, details: &details };
    let (scope, details) = asked.map(written).unzip();
    let asked = Narrower { scope, resources: vec![], details };
    let content = Content::exchanged(&held, &tools[0], &asked, &registered).ok()?;
    let before = read(&content);
    let answer = answer(policies, client, &content);
    let left = permitted_part(&asked, &answer, content).ok();
    Some((before, left.as_ref().map(read)))
}

proptest! {
    #[test]
    fn whatever_policies_permit_and_forbid_each_hop_keeps_what_they_allow_of_what_it_had(
        rules in prop::collection::vec(rule(), 1..14),
        origin in rights(1),
        asked in prop::collection::vec(prop::option::weighted(0.4, (rights(0), prop::bool::weighted(0.8))), 2),
    ) {
        let policies = policies(&rules, &[detail_type()]);
        let mut held = origin;
        for (at, name) in CLIENTS.iter().enumerate() {
            // What it asks for beyond what is held is refused as a whole, so most ask within it.
            let asked = asked[at].as_ref().map(|(asked, within)| {
                if *within { asked.intersection(&held).copied().collect() } else { asked.clone() }
            });
            let Some((before, left)) = hop((&policies, &client(name)), &held, asked.as_ref()) else { break };
            prop_assert_eq!(&before, asked.as_ref().unwrap_or(&held));
            let allowed: BTreeSet<Right> =
                before.iter().copied().filter(|right| allows(&rules, at, *right)).collect();
            let Some(left) = left else {
                prop_assert!(asked.is_some() && allowed != before, "{before:?} was named, and all of it is allowed");
                break;
            };
            prop_assert!(left.is_subset(&held), "{left:?} of {held:?}");
            prop_assert_eq!(&left, &allowed);
            // What is named is given whole or refused.
            prop_assert!(asked.is_none() || left == before);
            held = left;
        }
    }
}

/// That the law above is about something: what is permitted twice and never forbidden goes all the way, and nothing else does.
#[test]
fn what_every_policy_permits_is_left_and_one_that_forbids_takes_it_out() {
    let (scope, file) = (Right::Scope(1), Right::File(2));
    let permit = |client, right| Rule { permits: true, client, right };
    let mut rules: Vec<Rule> =
        [0, 1].into_iter().flat_map(|at| [permit(at, scope), permit(at, file)]).collect();
    rules.push(Rule { permits: false, client: 1, right: file });
    let policies = policies(&rules, &[detail_type()]);
    let held = BTreeSet::from([scope, file, Right::Scope(0)]);
    let (_, left) = hop((&policies, &client("first")), &held, None).expect("something");
    let left = left.expect("what nobody named is left out");
    assert_eq!(left, BTreeSet::from([scope, file]));
    let (before, left) = hop((&policies, &client("second")), &left, None).expect("something");
    assert_eq!((before, left), (BTreeSet::from([scope, file]), Some(BTreeSet::from([scope]))));
    let asked = BTreeSet::from([file]);
    let (_, left) = hop((&policies, &client("second")), &asked, Some(&asked)).expect("something");
    assert_eq!(left, None, "what it named is refused");
}
