//! Resource indicators (RFC 8707): which tool a token is for.

use crate::agent::{Agent, Ask, BANK, FILES, an_agent, asks_for_a_file};
use crate::person::{granted, somebody, the_person_consents};
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
    assert_eq!(claims["groups"], serde_json::json!(["testers"]), "{claims}");
    assert!(claims.get("email").is_none() && claims.get("name").is_none(), "{claims}");
}
