//! The demo's reports tool, an MCP server: an agent is let call one of its tools, with the arguments that a person read.

use serde_json::{Value, json};

use super::{registered, the_demos_server, the_printed_person_comes_to_consent};
use crate::agent::{Agent, Ask};
use crate::browser::Browser;
use crate::person::{Decision, the_code};
use crate::token::verified;
use crate::web::{Answer, Parameters};

const REPORTS: &str = "http://localhost:8701/mcp";

/// Calls of one tool, with these arguments.
fn calls(name: &str, arguments: &Value) -> Value {
    json!({"type": "mcp_tool", "server": REPORTS, "name": name, "arguments": arguments})
}

/// Calls of one tool, with any arguments.
fn calls_freely(name: &str) -> Value {
    json!({"type": "mcp_tool", "server": REPORTS, "name": name})
}

fn asks(details: &Value) -> Ask {
    let ask = Ask::new("reports.access offline_access").with("resource", REPORTS);
    ask.with("authorization_details", &details.to_string())
}

/// Renews what the agent has, for these details alone.
fn renewed_for(agent: &Agent<'_>, refresh_token: &str, details: &Value) -> Answer {
    agent.refreshes_for(refresh_token, &Parameters::of([("authorization_details", &details.to_string())]))
}

#[test]
fn an_agent_may_call_the_tool_of_an_mcp_server_that_a_person_approved_and_no_more() {
    let stack = the_demos_server();
    let agent = registered(stack, "finance-agent");
    let render = calls("render_report", &json!({"quarter": ["2026-Q3", "2026-Q4"], "pages": [1, 2]}));
    let (list, delete) = (calls_freely("list_reports"), calls_freely("delete_report"));
    let ask = asks(&json!([render, list, delete]));
    let mut browser = Browser::new(stack);
    let address = agent.sends_the_person_with(&agent.pushes(&ask));
    let page = the_printed_person_comes_to_consent(&mut browser, &address);
    let words = page.words();
    for told in
        ["Reports", "render_report", REPORTS, "quarter", "2026-Q3", "2026-Q4", "pages", "list_reports"]
    {
        assert!(words.contains(told), "the page does not tell of {told}: {words}");
    }
    assert_eq!(words.matches("with any arguments").count(), 2, "{words}");

    // Everything but the last.
    let code = the_code(stack, &browser.decides(&page, &Decision::Details(vec![0, 1])));
    let answer = agent.redeems(&code, &ask).ok();
    assert_eq!(answer.json()["authorization_details"], json!([render, list]));
    let token = verified(stack, &answer.string("access_token"));
    assert_eq!((&token.header["alg"], &token.claims["aud"]), (&json!("RS256"), &json!(REPORTS)));
    // The token refers to its details: whoever is sent it asks.
    assert!(token.claims["authorization_details_id"].is_string(), "{}", token.claims);
    assert!(token.claims.get("authorization_details").is_none(), "{}", token.claims);
    let seen = agent.finds_active(&answer.string("access_token"));
    assert_eq!(seen["authorization_details"], json!([render, list]));

    let refresh_token = answer.string("refresh_token");
    for wider in [
        delete,
        calls_freely("render_report"),
        calls("render_report", &json!({"quarter": ["2026-Q1", "2026-Q3", "2026-Q4"], "pages": [1, 2]})),
        calls("render_report", &json!({"quarter": ["2026-Q3", "2026-Q4"]})),
        json!({"type": "mcp_tool", "server": "https://elsewhere.internal.corp/mcp", "name": "list_reports"}),
    ] {
        let refused = renewed_for(&agent, &refresh_token, &json!([wider]));
        refused.is_refused(400, "invalid_authorization_details");
        assert_eq!(refused.string("error_uri"), stack.url("/errors/detail-widened"), "{wider}");
    }
    // What was allowed with any arguments may be asked for with some.
    let some = json!([calls("list_reports", &json!({"year": [2026]}))]);
    let narrowed = renewed_for(&agent, &refresh_token, &some).ok();
    assert_eq!(narrowed.json()["authorization_details"], some);
    let seen = agent.finds_active(&narrowed.string("access_token"));
    assert_eq!(seen["authorization_details"], some);
}

/// RFC 9396, section 5: the place of the mistake is named.
#[test]
fn a_call_that_does_not_fit_the_type_is_refused_when_it_is_pushed() {
    let agent = registered(the_demos_server(), "finance-agent");
    for (wrong, place) in [
        (calls("render report", &json!({"year": [2026]})), "/name"),
        (calls("render_report", &json!({})), "/arguments"),
        (calls("render_report", &json!({"year": []})), "/arguments/year"),
        (calls("render_report", &json!({"year": 2026})), "/arguments/year"),
        (calls("render_report", &json!({"year": [{"or": "so"}]})), "/arguments/year/0"),
        (json!({"type": "mcp_tool", "name": "render_report"}), "server"),
        (json!({"type": "mcp_tool", "server": REPORTS, "name": "list_reports", "prompt": "x"}), "prompt"),
    ] {
        let refused = agent.sends("/par", &asks(&json!([wrong])).parameters);
        refused.is_refused(400, "invalid_authorization_details");
        let said = refused.string("error_description");
        assert!(said.contains("authorization_details[0]") && said.contains(place), "{place}: {said}");
    }
}
