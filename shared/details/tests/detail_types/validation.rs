//! What a client may ask for (RFC 9396, section 5).

use std::time::{Duration, Instant};

use details::DetailTypes;
use oauth::Refusal;
use oauth::configuration::Client;
use serde_json::{Value, json};

use crate::shipped::types;
use crate::{definition, details};

pub(crate) fn client() -> Client {
    serde_json::from_value(json!({
        "id": "finance-agent", "name": "Finance agent", "authentication": {"method": "none"}, "redirect_uris": [],
        "grant_types": ["authorization_code"], "scopes": "", "tools": ["files"], "default_tool": null,
        "detail_types": ["file_access", "payment", "mcp_tool", "test"], "standing_details": [],
        "require_pushed_authorization_requests": false, "remember_consent": false,
        "id_token_signed_response_alg": "ES256", "is_tool": null,
    }))
    .unwrap()
}

fn file_access() -> Value {
    json!({
        "type": "file_access", "locations": ["https://files.internal.corp/finance"], "actions": ["read"],
        "identifier": "Q4-report.pdf",
    })
}

fn refusal(values: Value) -> Refusal {
    types().validate(&details(values), &client(), true).unwrap_err()
}

#[test]
fn a_type_must_be_registered_allowed_and_pushed_where_it_says_so() {
    let payment = json!({
        "type": "payment", "amount": {"value": "10.00", "currency": "EUR"},
        "creditor": {"name": "Papier Müller GmbH", "account": "DE02120300000000202051"},
    });
    let asked = details(json!([file_access(), payment]));
    let mut client = client();
    assert_eq!(types().validate(&asked, &client, true), Ok(()));
    assert_eq!(
        types().validate(&asked, &client, false),
        Err(Refusal::DetailTypeMustBePushed { detail_type: "payment".to_owned() })
    );
    client.detail_types.remove("payment");
    assert_eq!(types().validate(&asked, &client, false), Err(Refusal::DetailTypeNotAllowed { index: 1 }));
    let unknown = details(json!([file_access(), {"type": "Payment"}]));
    assert_eq!(types().validate(&unknown, &client, true), Err(Refusal::UnknownDetailType { index: 1 }));
}

#[test]
fn a_refusal_names_the_place_and_the_rule() {
    for (field, value, pointer, problem) in [
        ("actions", json!(["read", "chmod"]), "/actions/1", "must be one of read, write, delete"),
        ("actions", json!([]), "/actions", "must have at least 1 elements"),
        ("actions", json!(["read", "read"]), "/actions", "must not have the same element twice"),
        ("actions", json!("read"), "/actions", "must be of type array"),
        ("actions", json!(null), "/actions", "must be of type array"),
        ("locations", json!(["finance"]), "/locations/0", "must have the format uri"),
        ("locations", json!([["https://files.internal.corp"]]), "/locations/0", "must be of type string"),
        ("identifier", json!(""), "/identifier", "must have at least 1 characters"),
        ("identifier", json!(7), "/identifier", "must be of type string"),
        (
            "identifier",
            json!("../hr/salaries.csv"),
            "/identifier",
            "does not follow the rule not in the schema of this type",
        ),
        ("privileges", json!(["admin"]), "/privileges", "is not a field of this type"),
    ] {
        let mut detail = file_access();
        detail[field] = value;
        let expected =
            Refusal::DetailInvalid { index: 1, pointer: pointer.to_owned(), problem: problem.to_owned() };
        assert_eq!(refusal(json!([file_access(), detail])), expected, "{field}");
    }
    let mut detail = file_access();
    detail.as_object_mut().unwrap().remove("actions");
    let text = refusal(json!([detail])).to_string();
    assert_eq!(text, "authorization_details[0]: lacks the field actions");
}

#[test]
fn a_file_s_path_leads_nowhere_else() {
    for path in ["..", ".", "a/../b", "/etc/passwd", "a//b", "a/", "a\\b", "a\nb", "a/./b", "\u{0}"] {
        let mut detail = file_access();
        detail["identifier"] = json!(path);
        assert!(matches!(refusal(json!([detail])), Refusal::DetailInvalid { .. }), "{path:?}");
    }
    for path in ["Q4-report.pdf", "2026/Q4 report.pdf", "...", ".profile", "Bücher/a..b"] {
        let mut detail = file_access();
        detail["identifier"] = json!(path);
        assert_eq!(types().validate(&details(json!([detail])), &client(), true), Ok(()), "{path:?}");
    }
}

#[test]
fn no_refusal_repeats_a_value_or_a_hostile_name() {
    let hostile = "<script>alert(1)</script>\"\\\r\nSet-Cookie: a=b";
    let long = "x".repeat(100_000);
    for hostile in [hostile, long.as_str()] {
        let mut as_name = file_access();
        as_name[hostile] = json!(1);
        let mut as_value = file_access();
        as_value["actions"] = json!([hostile]);
        let mut nested = file_access();
        nested["identifier"] = json!({hostile: hostile});
        let argument = json!({
            "type": "mcp_tool", "server": "https://reports.internal.corp/mcp", "name": "x", "arguments": {hostile: [{}]},
        });
        let argument_value = json!({
            "type": "mcp_tool", "server": hostile, "name": hostile, "arguments": {"a": hostile},
        });
        for detail in [as_name, as_value, nested, argument, argument_value] {
            let text = refusal(json!([detail])).to_string();
            assert!(text.len() < 500, "{}", text.len());
            assert!(!text.contains(['<', '"', '\\', '\n', '\r']) && !text.contains("xxx"), "{text}");
        }
    }
}

#[test]
fn numbers_that_readers_would_round_differently_are_refused() {
    let types = DetailTypes::new(vec![definition(
        &json!({"n": {"type": "array", "maxItems": 3, "items": {"type": "number"}}}),
        "{ $n }",
        &json!({}),
        &json!({}),
    )]);
    let validate = |text: &str| {
        let details =
            oauth::AuthorizationDetails::parse(&format!("[{{\"type\":\"test\",\"n\":[1,{text}]}}]"));
        details.and_then(|details| types.validate(&details, &client(), true))
    };
    for exact in ["9007199254740992", "-9007199254740992", "0.1", "1e300"] {
        assert_eq!(validate(exact), Ok(()), "{exact}");
    }
    for inexact in ["9007199254740993", "-9007199254740993", "18446744073709551615"] {
        let refusal = validate(inexact).unwrap_err();
        assert!(matches!(&refusal, Refusal::DetailInvalid { pointer, .. } if pointer == "/n/1"), "{refusal}");
    }
    for no_number in ["1e400", "NaN", "Infinity", "-1e999", "01", "0x1"] {
        assert!(matches!(validate(no_number), Err(Refusal::DetailsNotAnArray { .. })), "{no_number}");
    }
}

#[test]
fn a_type_whose_schema_is_broken_refuses_everything() {
    let broken = definition(&json!({"a": {"type": "no such type"}}), "{ $a }", &json!({}), &json!({}));
    let types = DetailTypes::new(vec![broken]);
    let asked = details(json!([{"type": "test"}]));
    assert!(matches!(types.validate(&asked, &client(), true), Err(Refusal::DetailInvalid { index: 0, .. })));
}

/// Each would take an engine that backtracks longer than anybody waits.
#[test]
fn a_pattern_takes_no_longer_for_what_was_made_to_take_long() {
    let types = DetailTypes::new(vec![definition(
        &json!({"a": {"type": "string", "pattern": "^(([a-z])+.)+[A-Z]([a-z])+$"}}),
        "{ $a }",
        &json!({}),
        &json!({}),
    )]);
    let asked = details(json!([{"type": "test", "a": "a".repeat(100_000)}]));
    let start = Instant::now();
    assert!(types.validate(&asked, &client(), true).is_err());
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn details_of_300_kb_are_taken_quickly() {
    let large: Vec<Value> = (0..75)
        .map(|number| {
            let mut detail = file_access();
            detail["identifier"] = json!(format!("{number}-{}", "x".repeat(4000)));
            detail
        })
        .collect();
    let large = details(json!(large));
    let (types, client) = (types(), client());
    let start = Instant::now();
    assert_eq!(types.validate(&large, &client, true), Ok(()));
    assert_eq!(types.is_within(&large, &large), Ok(()));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}
