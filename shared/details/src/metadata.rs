use serde_json::{Map, Value, json};

use crate::DetailTypes;
use oauth::configuration::DetailType;

impl DetailTypes {
    /// What `authorization_details_types_metadata_endpoint` answers: by type, its JSON Schema and, where the schema has
    /// them, its description and examples. The shape is that of draft-ietf-oauth-rar-metadata-remediation-00, which
    /// took it over from draft-zehavi-oauth-rar-metadata-06, section "Authorization Details Types Metadata Endpoint".
    ///
    /// Narrowing, sentences and who may use a type are not published.
    pub fn types_metadata(&self) -> Value {
        self.definitions().map(|definition| (definition.name.clone(), describe(definition))).collect()
    }
}

fn describe(definition: &DetailType) -> Value {
    let mut described = Map::new();
    if let Some(Value::String(description)) = definition.schema.get("description") {
        described.insert("description".to_owned(), json!(description));
    }
    if let Some(examples @ Value::Array(_)) = definition.schema.get("examples") {
        described.insert("examples".to_owned(), examples.clone());
    }
    described.insert("schema".to_owned(), definition.schema.clone());
    Value::Object(described)
}
