//! What the registered types of `authorization_details` promise, by themselves and as the demo ships them.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail as a test may")]
#![expect(clippy::needless_pass_by_value, reason = "`json!` reads best where it is used")]

mod checking;
mod laws;
mod narrowing;
mod sentences;
mod shipped;
mod tools;
mod validation;

use oauth::AuthorizationDetails;
use oauth::configuration::DetailType;
use serde_json::{Value, json};

/// Details from JSON.
fn details(values: Value) -> AuthorizationDetails {
    AuthorizationDetails::parse(&values.to_string()).unwrap()
}

/// A type named `test` with one sentence, as a configuration file would say it.
fn definition(properties: &Value, sentence: &str, narrowing: &Value, absent: &Value) -> DetailType {
    let mut properties = properties.clone();
    properties["type"] = json!({"const": "test"});
    let schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    serde_json::from_value(json!({
        "name": "test", "schema": schema, "narrowing": narrowing, "absent": absent, "sentence": {"en": sentence},
        "assurance": "session", "pushed_only": false, "tools": ["files"],
    }))
    .unwrap()
}
