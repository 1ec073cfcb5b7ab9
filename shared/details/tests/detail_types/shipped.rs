//! The types that the demo ships.

use details::{DetailTypes, check_type};
use oauth::configuration::{Assurance, DetailType};
use serde_json::json;

use crate::details;

const FILES: [&str; 6] = [
    include_str!("../../../../infra/config/demo/details/account_balance.toml"),
    include_str!("../../../../infra/config/demo/details/customer_record.toml"),
    include_str!("../../../../infra/config/demo/details/customer_report.toml"),
    include_str!("../../../../infra/config/demo/details/file_access.toml"),
    include_str!("../../../../infra/config/demo/details/payment.toml"),
    include_str!("../../../../infra/config/demo/details/mcp_tool.toml"),
];

pub(crate) fn definitions() -> Vec<DetailType> {
    FILES.iter().map(|file| toml::from_str(file).unwrap()).collect()
}

pub(crate) fn types() -> DetailTypes {
    DetailTypes::new(definitions())
}

#[test]
fn they_can_be_registered() {
    for definition in definitions() {
        assert_eq!(check_type(&definition), Ok(()), "{}", definition.name);
    }
    assert_eq!(
        types().names().collect::<Vec<_>>(),
        ["account_balance", "customer_record", "customer_report", "file_access", "mcp_tool", "payment"]
    );
}

#[test]
fn their_examples_are_valid() {
    for definition in definitions() {
        let examples = details(definition.schema["examples"].clone());
        let mut client = crate::validation::client();
        client.detail_types.insert(definition.name.clone());
        assert_eq!(types().validate(&examples, &client, true), Ok(()), "{}", definition.name);
    }
}

#[test]
fn a_type_asks_for_the_authentication_that_it_says_and_an_unknown_one_for_the_strongest() {
    let mut definitions = definitions();
    for payment in definitions.iter_mut().filter(|definition| definition.name == "payment") {
        payment.assurance = Assurance::Strong;
    }
    let types = DetailTypes::new(definitions);
    let assurance = |values| types.strongest_assurance(&details(values));
    assert_eq!(assurance(json!([])), Assurance::Session);
    assert_eq!(assurance(json!([{"type": "file_access"}])), Assurance::Session);
    assert_eq!(assurance(json!([{"type": "file_access"}, {"type": "payment"}])), Assurance::Strong);
    assert_eq!(assurance(json!([{"type": "unknown"}])), Assurance::Strong);
}

#[test]
fn an_approved_file_does_not_become_another() {
    let types = types();
    let finance = "https://files.internal.corp/finance";
    let approved = details(json!([{
        "type": "file_access", "locations": [finance], "actions": ["read", "write"], "identifier": "Q4-report.pdf",
    }]));
    let within = |change: serde_json::Value| {
        let mut detail = approved.iter().next().unwrap().to_value();
        for (name, value) in change.as_object().unwrap() {
            if value.is_null() {
                detail.as_object_mut().unwrap().remove(name);
            } else {
                detail[name] = value.clone();
            }
        }
        types.is_within(&details(json!([detail])), &approved).is_ok()
    };
    assert!(within(json!({})));
    assert!(within(json!({"actions": ["read"]})));
    for wider in [
        json!({"actions": ["read", "delete"]}),
        json!({"identifier": "Q3-report.pdf"}),
        json!({"identifier": null}),
        json!({"locations": [format!("{finance}/2025")]}),
        json!({"locations": ["https://files.internal.corp"]}),
        json!({"locations": [finance, "https://files.internal.corp/hr"]}),
        json!({"locations": []}),
        json!({"actions": []}),
        json!({"actions": null}),
        json!({"privileges": ["admin"]}),
    ] {
        assert!(!within(wider.clone()), "{wider}");
    }
}

#[test]
fn the_metadata_holds_the_schemas_and_nothing_that_is_not_for_clients() {
    let metadata = types().types_metadata();
    for definition in definitions() {
        let described = &metadata[&definition.name];
        assert_eq!(described["schema"], definition.schema);
        assert_eq!(described["examples"], definition.schema["examples"]);
        assert!(described["description"].is_string());
        assert_eq!(described.as_object().unwrap().len(), 3);
    }
    assert_eq!(metadata.as_object().unwrap().len(), FILES.len());
}
