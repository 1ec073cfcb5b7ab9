//! What a client to which tokens are brought (push, OpenID CIBA Core 1.0) may send, and what it may not.

use serde_json::json;

use crate::agent::{Agent, BANK, FILES, the_file};
use crate::asking::{for_approval_of, for_signing_in_of, somebody_reachable};
use crate::stack::Stack;
use crate::web::Parameters;

const TOKEN: &str = "8d67dc78-7faa-4d41-aabd-67707b374255";

fn a_receiving_agent(stack: &Stack) -> Agent<'_> {
    Agent::with_basic(stack, "receiving-agent")
}

/// OpenID CIBA Core 1.0, section 7.1: it is required where the client is told.
#[test]
fn it_says_what_it_wants_to_be_told_with() {
    let stack = Stack::shared();
    let (agent, person) = (a_receiving_agent(stack), somebody_reachable(stack));
    let asking = |token: &str| for_signing_in_of(&person.user_name).and("client_notification_token", token);
    agent.asks_elsewhere(&for_signing_in_of(&person.user_name)).is_refused(400, "invalid_request");
    for token in ["too-short", &"x".repeat(1025), "with a space in the midst"] {
        agent.asks_elsewhere(&asking(token)).is_refused(400, "invalid_request");
    }
    agent.asks_elsewhere(&asking(TOKEN)).ok();
}

/// OpenID CIBA Core 1.0, section 11. Whatever it shows: the endpoint is not for it.
#[test]
fn it_comes_for_nothing_at_the_token_endpoint() {
    let stack = Stack::shared();
    let (agent, person) = (a_receiving_agent(stack), somebody_reachable(stack));
    let asked = for_signing_in_of(&person.user_name).and("client_notification_token", TOKEN);
    let auth_req_id = agent.waits_for_approval(&asked);
    for shown in [auth_req_id.as_str(), "AAAAAAAAAAAAAAAAAAAAAA.A", "nothing"] {
        agent.comes_with(shown).is_refused(400, "unauthorized_client");
    }
}

/// Nobody chooses between tools later.
#[test]
fn it_asks_for_one_tool() {
    let stack = Stack::shared();
    let (agent, person) = (a_receiving_agent(stack), somebody_reachable(stack));
    let file = json!([the_file("Q4-report.pdf", &["read"])]);
    let asking = |resources: &[&str]| -> Parameters {
        let asking = for_approval_of(&person.user_name, &file).and("client_notification_token", TOKEN);
        resources.iter().fold(asking, |asking, resource| asking.and("resource", resource))
    };
    agent.asks_elsewhere(&asking(&[FILES, BANK])).is_refused(400, "invalid_request");
    agent.asks_elsewhere(&asking(&[FILES])).ok();
}

/// What no one token could say would be approved for nothing: its default tool is the one that has files.
#[test]
fn what_it_asks_for_fits_one_token() {
    let stack = Stack::shared();
    let (agent, person) = (a_receiving_agent(stack), somebody_reachable(stack));
    let of_the_bank = json!([{ "type": "statement", "account": "4711", "kinds": ["daily"] }]);
    let asked = for_approval_of(&person.user_name, &of_the_bank).with("scope", "openid");
    let asked = asked.and("client_notification_token", TOKEN);
    agent.asks_elsewhere(&asked.clone().and("resource", BANK)).ok();
    agent.asks_elsewhere(&asked).is_refused(400, "invalid_authorization_details");
}

/// OpenID CIBA Core 1.0, section 7.3: it comes for nothing, so that nothing says how often.
#[test]
fn it_is_told_no_interval() {
    let stack = Stack::shared();
    let (agent, person) = (a_receiving_agent(stack), somebody_reachable(stack));
    let asked = for_signing_in_of(&person.user_name).and("client_notification_token", TOKEN);
    let answer = agent.asks_elsewhere(&asked).ok();
    let mut members: Vec<_> = answer.json().as_object().expect("an object").keys().cloned().collect();
    members.sort();
    assert_eq!(members, ["auth_req_id", "expires_in"]);
}

/// What lies ready until it is there has to fit an item of the table.
#[test]
fn it_asks_for_no_more_details_than_can_be_brought() {
    let stack = Stack::shared();
    let (agent, person) = (a_receiving_agent(stack), somebody_reachable(stack));
    let memo = json!([{ "type": "memo", "text": "x".repeat(64 * 1024) }]);
    let asked = for_approval_of(&person.user_name, &memo).and("client_notification_token", TOKEN);
    let answer = agent.asks_elsewhere(&asked);
    answer.is_refused(400, "invalid_request");
    assert!(answer.string("error_description").contains("authorization_details"), "{}", answer.text());
}
