//! Authorization requests, which may be for several tools at once.

use oauth::configuration::Tool;
use oauth::{AuthorizationDetails, Refusal, Scope, Timestamp};
use policy::{Action, Answer, Principal, Requested};
use serde_json::json;

use crate::{client, details, policies};

/// A tool with one scope of its own and one that all have.
fn tool(id: &str) -> Tool {
    let scope = json!({"description": {"en": "x"}, "requires_details": false});
    serde_json::from_value(json!({
        "id": id, "name": id, "resource": format!("https://{id}.internal.corp"), "locations": [],
        "scopes": {format!("{id}.read"): scope, "all": scope}, "signing_alg": "ES256", "details_by_reference": false,
        "claims": {},
    }))
    .unwrap()
}

fn asked(text: &str, scopes: &str, asked: &AuthorizationDetails) -> Answer {
    let (customers, bank, client) = (tool("customers"), tool("bank"), client("agent"));
    policies(text).request(&Requested {
        principal: Principal { client: &client, person: None },
        actor: None,
        action: Action::Ask,
        scopes: &Scope::parse(scopes).unwrap(),
        details: asked,
        tools: &[&customers, &bank],
        acr: None,
        amr: &[],
        auth_age: None,
        now: Timestamp::from_seconds(1_795_608_000),
    })
}

const ALL: &str = r#"@id("all") permit (principal, action, resource);"#;
const AT_CUSTOMERS: &str = r#"
@id("customers") permit (principal, action, resource == Tool::"https://customers.internal.corp");
@id("identity") permit (principal, action, resource == Tool::"issuer");
"#;

#[test]
fn each_scope_is_asked_for_at_its_own_tool() {
    let none = AuthorizationDetails::default();
    let answer = asked(AT_CUSTOMERS, "openid customers.read bank.read", &none);
    assert_eq!(answer.scopes, Scope::parse("openid customers.read").unwrap());
    assert!(matches!(answer.everything(), Err(Refusal::ScopeNotPermitted)));
    assert!(asked(ALL, "openid customers.read bank.read", &none).everything().is_ok());
}

/// A token for any of the tools could come of it.
#[test]
fn what_belongs_to_several_tools_must_be_permitted_at_each() {
    let none = AuthorizationDetails::default();
    assert!(matches!(asked(AT_CUSTOMERS, "all", &none).everything(), Err(Refusal::ScopeNotPermitted)));
    assert!(asked(ALL, "all", &none).everything().is_ok());
}

#[test]
fn what_belongs_to_no_tool_is_refused() {
    let none = AuthorizationDetails::default();
    assert!(matches!(asked(ALL, "elsewhere.read", &none).everything(), Err(Refusal::ScopeNotPermitted)));
    let elsewhere =
        details(r#"[{"type":"payment","amount":{"value":"1"},"locations":["https://elsewhere"]}]"#);
    assert!(matches!(asked(ALL, "", &elsewhere).everything(), Err(Refusal::DetailNotPermitted { index: 0 })));
}

/// Positions are those of the request, whichever tool a detail belongs to.
#[test]
fn a_detail_is_refused_by_its_place_in_the_request() {
    let both = details(
        r#"[{"type":"mcp-tool","name":"x","locations":["https://customers.internal.corp"]},
            {"type":"payment","amount":{"value":"1"}}, {"type":"payment","amount":{"value":"2000"}}]"#,
    );
    let small = r#"@id("small") permit (principal, action, resource) when { context has detail && (!(context.detail has payment)
        || context.detail.payment.amount.value.lessThan(decimal("1000.0"))) };"#;
    let answer = asked(small, "", &both);
    assert_eq!(answer.details, [0, 1]);
    assert!(matches!(answer.everything(), Err(Refusal::DetailNotPermitted { index: 2 })));
}

#[test]
fn a_request_for_nothing_needs_one_place_that_lets_it_in() {
    let none = AuthorizationDetails::default();
    assert!(asked(AT_CUSTOMERS, "", &none).everything().is_ok());
    let nowhere = r#"@id("bank") permit (principal == Client::"other", action, resource);"#;
    assert!(matches!(asked(nowhere, "", &none).everything(), Err(Refusal::ClientNotPermitted)));
}
