//! Which tool a detail is for (RFC 9396, section 6).

use oauth::Refusal;
use oauth::configuration::Tool;
use serde_json::json;

use crate::details;
use crate::shipped::types;

fn tool(id: &str, resource: &str) -> Tool {
    serde_json::from_value(json!({
        "id": id, "name": id, "resource": resource, "locations": ["https://archive.internal.corp"], "scopes": {},
        "signing_alg": "ES256", "details_by_reference": false, "claims": {},
    }))
    .unwrap()
}

#[test]
fn a_token_carries_the_details_of_its_tool() {
    let files = tool("files", "https://files.internal.corp");
    let asked = details(json!([
        {"type": "file_access", "locations": ["https://files.internal.corp/finance"]},
        {"type": "payment"},
        {"type": "file_access", "locations": ["https://elsewhere.example/finance"]},
        {"type": "file_access", "locations": ["https://archive.internal.corp/2025"]},
        {"type": "file_access", "locations": ["https://files.internal.corp/a", "https://elsewhere.example/b"]},
        {"type": "unknown"},
    ]));
    assert_eq!(types().for_tool(&asked, &files), asked.pick(&[0, 3]));
    assert!(types().for_tool(&asked, &tool("reports", "https://files.internal.corp")).is_empty());
}

#[test]
fn details_for_another_tool_are_refused() {
    let files = tool("files", "https://files.internal.corp");
    let own = json!({"type": "file_access", "locations": ["https://files.internal.corp/finance"]});
    let refuse = |values| types().refuse_outside(&details(values), &files);
    assert_eq!(refuse(json!([own])), Ok(()));
    assert_eq!(refuse(json!([own, {"type": "payment"}])), Err(Refusal::DetailOutsideResource { index: 1 }));
    assert_eq!(refuse(json!([own, {"type": "unknown"}])), Err(Refusal::UnknownDetailType { index: 1 }));
}
