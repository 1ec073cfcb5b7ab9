use serde_json::json;

use super::*;

fn rule(value: serde_json::Value) -> Rule {
    serde_json::from_value(value).expect("a rule")
}

fn reading() -> Rule {
    rule(json!({
        "methods": ["GET", "HEAD"], "path": "/files/{folder}/{name}", "scope": "files.access",
        "details": [{
            "type": "file_access", "among": {"actions": "read", "locations": "https://files.internal.corp/{folder}"},
            "is_or_absent": {"identifier": "{name}"},
        }],
    }))
}

fn demands(rule: Rule, method: &str, path: &str) -> Option<Demand> {
    let rules = Rules { of_all: OfAll::default(), rules: Some(vec![rule]) };
    rules.demand(&Asked { method: method.into(), path: path.into(), certain: true })
}

#[test]
fn a_rule_names_the_object_by_its_path() {
    let demand =
        format!("{:?}", demands(reading(), "GET", "/files/finance/Q4-report.pdf").expect("a demand"));
    for part in ["files.access", "https://files.internal.corp/finance", "Q4-report.pdf"] {
        assert!(demand.contains(part), "{part}: {demand}");
    }
    assert!(!demand.contains('{') || !demand.contains("{name}"), "{demand}");
}

#[test]
fn what_no_rule_names_nobody_may_do() {
    for (method, path) in [
        ("DELETE", "/files/finance/Q4"),
        ("get", "/files/finance/Q4"),
        ("GET", "/files/finance"),
        ("GET", "/files/finance/Q4/"),
        ("GET", "/files//Q4"),
        ("GET", "/FILES/finance/Q4"),
        ("GET", "/files/finance/Q4/more"),
        ("GET", "//files/finance/Q4"),
        ("GET", "/"),
    ] {
        assert!(demands(reading(), method, path).is_none(), "{method} {path}");
    }
}

#[test]
fn a_name_that_could_be_read_in_two_ways_is_none() {
    for name in [".", "..", "Q4%2Freport", "Q4 report", "Q4;v=1", "{folder}", "Q4\u{e9}", "Q4\\..", "*"] {
        assert!(demands(reading(), "GET", &format!("/files/finance/{name}")).is_none(), "{name}");
    }
}

/// Where the path decides nothing, it need not be certain.
#[test]
fn a_path_that_gateway_and_tool_may_read_differently_meets_no_rule() {
    let asked = |certain| Asked { method: "GET".into(), path: "/files/finance/Q4".into(), certain };
    let by_rules = Rules { of_all: OfAll::default(), rules: Some(vec![reading()]) };
    assert!(by_rules.demand(&asked(true)).is_some());
    assert!(by_rules.demand(&asked(false)).is_none());
    let by_scope =
        Rules { of_all: OfAll { scope: vec!["files.access".into()], looked_up: false }, rules: None };
    assert!(by_scope.demand(&asked(false)).is_some());
}

#[test]
fn a_rule_that_cannot_work_is_told() {
    assert_eq!(reading().defect(), None);
    for wrong in [
        json!({"methods": [], "path": "/"}),
        json!({"methods": ["GET"], "path": "files"}),
        json!({"methods": ["GET"], "path": "/files/*"}),
        json!({"methods": ["GET"], "path": "/files/{name+}"}),
        json!({"methods": ["GET"], "path": "/files/a{name}"}),
        json!({"methods": ["GET"], "path": "/files/a%2Fb"}),
        json!({"methods": ["GET"], "path": "/files//a"}),
        json!({"methods": ["GET"], "path": "/files/../a"}),
        json!({"methods": ["GET"], "path": "/files/a b"}),
        json!({"methods": ["GET"], "path": "/", "actor": " "}),
        json!({"methods": ["GET"], "path": "/{name}", "actor": "{name}"}),
        json!({"methods": ["GET"], "path": "/", "through": ["finance-agent", ""]}),
        json!({"methods": ["GET"], "path": "/", "acr_values": " "}),
        json!({"methods": ["GET"], "path": "/", "approval": false}),
        json!({"methods": ["GET"], "path": "/files", "details": [{"type": "a", "is": {"identifier": "{name}"}}]}),
    ] {
        assert!(rule(wrong.clone()).defect().is_some(), "{wrong}");
    }
    for path in ["/", "/files", "/files/", "/files/v1:batch", "/files/{name}/~a"] {
        assert_eq!(rule(json!({"methods": ["GET"], "path": path})).defect(), None, "{path}");
    }
    for unknown in [
        json!({"methods": ["GET"], "path": "/", "scopes": "a"}),
        json!({"path": "/"}),
        json!({"methods": ["GET"], "path": "/", "actor": null}),
        json!({"methods": ["GET"], "path": "/", "through": null}),
        json!({"methods": ["GET"], "path": "/", "through": "finance-agent"}),
        json!({"methods": ["GET"], "path": "/", "acr_values": null}),
        json!({"methods": ["GET"], "path": "/", "max_age": null}),
        json!({"methods": ["GET"], "path": "/", "approval": null}),
        json!({"methods": ["GET"], "path": "/", "approval": "true"}),
        json!({"methods": ["GET"], "path": "/", "max_age": -1}),
        json!({"methods": ["GET"], "path": "/", "max_age": "300"}),
    ] {
        assert!(serde_json::from_value::<Rule>(unknown.clone()).is_err(), "{unknown}");
    }
}
