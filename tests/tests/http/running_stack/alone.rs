//! Client credentials (OAuth 2.1, section 4.2): the agent that works alone, within what stands in its registration.

use serde_json::{Value, json};

use crate::agent::{Agent, BANK, FILES, an_agent, the_file, the_file_tool};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::Parameters;

fn the_nightly_agent(stack: &Stack) -> Agent<'_> {
    Agent::with_basic(stack, "nightly-agent")
}

fn asking(details: &Value) -> Parameters {
    Parameters::of([("scope", "files.access"), ("authorization_details", &details.to_string())])
}

#[test]
fn an_agent_that_works_alone_gets_what_it_asks_for_within_what_it_has() {
    let stack = Stack::shared();
    let agent = the_nightly_agent(stack);
    let file = json!([the_file("Q4-report.pdf", &["read"])]);
    let answer = agent.works_alone(&asking(&file)).ok();
    assert_eq!(answer.json()["authorization_details"], file);
    assert!(answer.json().get("refresh_token").is_none(), "RFC 6749, section 4.4.3");
    assert!(answer.json().get("id_token").is_none());
    let claims = verified(stack, &answer.string("access_token")).claims;
    assert_eq!(
        (claims["sub"].as_str(), claims["client_id"].as_str()),
        (Some("nightly-agent"), Some("nightly-agent"))
    );
    assert_eq!(claims["aud"], FILES);
    assert!(claims.get("grant_id").is_none() && claims.get("auth_time").is_none());
    the_file_tool(stack).finds_active(&answer.string("access_token"));
}

#[test]
fn it_gets_no_more_than_it_has() {
    let stack = Stack::shared();
    let agent = the_nightly_agent(stack);
    for wider in [
        the_file("Q3-report.pdf", &["read"]),
        json!({"type": "file_access", "locations": ["https://files.test/board"], "actions": ["read"], "identifier": "Q4-report.pdf"}),
        json!({"type": "memo", "text": "x"}),
    ] {
        agent.works_alone(&asking(&json!([wider]))).is_refused(400, "invalid_authorization_details");
    }
    agent.works_alone(&Parameters::of([("scope", "openid")])).is_refused(400, "invalid_scope");
    agent.works_alone(&Parameters::of([("scope", "bank.pay")])).is_refused(400, "invalid_scope");
    agent.works_alone(&Parameters::of([("resource", BANK)])).is_refused(400, "invalid_target");
}

/// RFC 6749, section 5.2.
#[test]
fn an_agent_that_may_not_work_alone_does_not() {
    let stack = Stack::shared();
    an_agent(stack).works_alone(&Parameters::default()).is_refused(400, "unauthorized_client");
    let code = Parameters::of([
        ("grant_type", "authorization_code"),
        ("code", "x"),
        ("code_verifier", &"v".repeat(43)),
    ]);
    the_nightly_agent(stack).sends("/token", &code).is_refused(400, "unauthorized_client");
}

#[test]
fn its_token_can_be_revoked() {
    let stack = Stack::shared();
    let agent = the_nightly_agent(stack);
    let file = json!([the_file("Q4-report.pdf", &["read"])]);
    let (one, other) = (agent.works_alone(&asking(&file)).ok(), agent.works_alone(&asking(&file)).ok());
    agent.revokes(&one.string("access_token"));
    the_file_tool(stack).finds_inactive(&one.string("access_token"));
    the_file_tool(stack).finds_active(&other.string("access_token"));
}
