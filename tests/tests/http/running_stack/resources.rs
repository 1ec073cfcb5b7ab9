//! Resource indicators (RFC 8707): which tool a token is for.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::agent::{Agent, Ask, BANK, FILES, an_agent, asks_for_a_file};
use crate::person::{Person, granted, somebody, somebody_with, the_person_consents};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::Parameters;

#[test]
fn a_token_without_a_resource_is_for_the_issuer_or_for_the_clients_default_tool() {
    let stack = Stack::shared();
    let person = somebody(stack);
    for (client, audience) in [("report-agent", stack.issuer.as_str()), ("at-home-agent", FILES)] {
        let agent = Agent::with_basic(stack, client);
        let tokens = granted(&agent, &person, &Ask::new("openid profile files.read offline_access"));
        assert_eq!(verified(stack, &tokens.access_token).claims["aud"], audience, "{client}");
    }
}

#[test]
fn a_resource_that_was_not_approved_is_refused_at_the_token_endpoint() {
    let stack = Stack::shared();
    let (agent, ask) = (an_agent(stack), asks_for_a_file());
    let code = the_person_consents(&agent, &somebody(stack), &ask);
    for resource in [BANK, "https://elsewhere.test", "not a uri", "https://files.test/finance"] {
        let refused = agent.redeems_for(&code, &ask, &Parameters::of([("resource", resource)]));
        refused.is_refused(400, "invalid_target");
        assert!(refused.string("error_description").contains("resource"), "{}", refused.text());
    }
    agent.redeems_for(&code, &ask, &Parameters::of([("resource", FILES)])).ok();
}

#[test]
fn a_token_carries_what_its_tool_wants_to_know_of_the_person_and_nothing_more() {
    let stack = Stack::shared();
    let tokens = granted(&an_agent(stack), &somebody(stack), &asks_for_a_file());
    let claims = verified(stack, &tokens.access_token).claims;
    assert_eq!(claims["groups"], json!(["testers"]), "{claims}");
    assert!(claims.get("email").is_none() && claims.get("name").is_none(), "{claims}");
}

/// What a person's record says reaches a tool under the names that the tool's configuration gives it (RFC 9068, section 2.2.3),
/// and no other tool.
#[test]
fn what_is_known_of_a_person_reaches_the_tool_that_is_to_know_it_and_no_other() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let known =
        ["--group", "auditors", "--attribute", "department=Accounts payable", "--attribute", "badge=4711"];
    let ask = asks_for_a_file()
        .with("scope", "openid files.read files.access bank.pay offline_access")
        .and("resource", BANK)
        .and("resource", &stack.issuer);
    let said_to_each = |person: &Person| {
        let code = the_person_consents(&agent, person, &ask);
        let mut answer = agent.redeems_for(&code, &ask, &Parameters::of([("resource", FILES)])).ok();
        let mut said = vec![verified(stack, &answer.string("access_token")).claims];
        for resource in [BANK, stack.issuer.as_str()] {
            let for_another = Parameters::of([("resource", resource)]);
            answer = agent.refreshes_for(&answer.string("refresh_token"), &for_another).ok();
            said.push(verified(stack, &answer.string("access_token")).claims);
        }
        // Who they are may be said in other words, too.
        assert!(said.iter().all(|claims| !claims.to_string().contains("4711")), "{said:?}");
        let of_the_person = |claims: &Value| {
            let named =
                ["groups", "department", "cost_center", "name", "email"].map(|name| (name, &claims[name]));
            let there = named.into_iter().filter(|(_, value)| !value.is_null());
            json!(there.collect::<BTreeMap<_, _>>())
        };
        said.iter().map(of_the_person).collect::<Vec<_>>()
    };
    assert_eq!(
        said_to_each(&somebody_with(stack, &known)),
        [
            json!({"groups": ["auditors", "testers"], "department": "Accounts payable"}),
            json!({"cost_center": "Accounts payable"}),
            json!({}),
        ]
    );
    // What is not known of a person is not said, rather than being empty.
    assert_eq!(said_to_each(&somebody(stack)), [json!({"groups": ["testers"]}), json!({}), json!({})]);
}
