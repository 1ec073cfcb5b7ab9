use policy::Decision;

use crate::{asking, details, policies};

fn decided(detail: &str, condition: &str) -> Decision {
    let mut asking = asking();
    asking.scopes = oauth::Scope::empty();
    asking.details = details(&format!("[{detail}]"));
    asking.of(&policies(&format!(
        "@id(\"one\") permit (principal, action, resource) when {{ context has detail && {condition} }};"
    )))
}

#[test]
fn the_common_fields_can_decide() {
    let detail = r#"{"type":"file_access","actions":["read"],"locations":["https://a"],"identifier":"Q4","privileges":["p"],"datatypes":["d"]}"#;
    for (condition, holds) in [
        (r#"context.detail.type == "file_access""#, true),
        (r#"context.detail has actions && ["read"].containsAll(context.detail.actions)"#, true),
        (r#"context.detail has actions && context.detail.actions.contains("write")"#, false),
        (r#"context.detail has locations && context.detail.locations == ["https://a"]"#, true),
        (r#"context.detail has identifier && context.detail.identifier like "Q*""#, true),
        (r#"context.detail has privileges && context.detail.privileges.contains("p")"#, true),
        (r#"context.detail has datatypes && context.detail.datatypes.contains("d")"#, true),
        (r#"context.detail_types == ["file_access"]"#, true),
    ] {
        assert_eq!(decided(detail, condition).is_allowed(), holds, "{condition}");
    }
}

#[test]
fn a_types_own_fields_can_decide() {
    let detail = r#"{"type":"payment","amount":{"value":"1250","currency":"EUR"},"copies":2,"fee":0.5,"urgent":true,"notes":["a"]}"#;
    for (condition, holds) in [
        (r#"context.detail.payment.amount.value.lessThanOrEqual(decimal("1250.0"))"#, true),
        (r#"context.detail.payment.amount.value.lessThan(decimal("1250.0"))"#, false),
        (
            r#"context.detail.payment.amount has currency && context.detail.payment.amount.currency == "EUR""#,
            true,
        ),
        ("context.detail.payment has copies && context.detail.payment.copies < 3", true),
        (r#"context.detail.payment has fee && context.detail.payment.fee == decimal("0.5")"#, true),
        ("context.detail.payment has urgent && context.detail.payment.urgent", true),
        (r#"context.detail.payment has notes && context.detail.payment.notes.contains("a")"#, true),
    ] {
        let condition = format!("context.detail has payment && {condition}");
        assert_eq!(decided(detail, &condition).is_allowed(), holds, "{condition}");
    }
    let call = r#"{"type":"mcp-tool","name":"render","arguments":{"pages":[1]}}"#;
    let condition = r#"context.detail has "mcp-tool" && context.detail["mcp-tool"] has name && context.detail["mcp-tool"].name == "render""#;
    assert!(decided(call, condition).is_allowed());
}

/// A policy that forbids amounts above a limit must not miss one because Cedar cannot hold it.
#[test]
fn a_number_that_cannot_be_held_refuses() {
    for (value, fits) in [
        (r#""1250.00""#, true),
        (r#""1250.00000""#, true),
        (r#""-3""#, true),
        (r#""0.00001""#, false),
        (r#""99999999999999999999""#, false),
        (r#""1.2.3""#, false),
        (r#""1.""#, false),
        (r#""+1""#, false),
        (r#""""#, false),
        ("true", false),
    ] {
        let detail = format!(r#"{{"type":"payment","amount":{{"value":{value}}}}}"#);
        let decision = decided(&detail, "true");
        assert_eq!(decision.is_allowed(), fits, "{value}");
        assert_eq!(matches!(decision, Decision::Failed { .. }), !fits, "{value}: {decision:?}");
    }
}
