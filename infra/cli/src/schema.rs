use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use crate::files::{ClientFile, DetailFile, PeopleFile, ServerFile, ToolFile};

/// The JSON Schema of one type of file.
#[derive(Clone, Debug, PartialEq)]
pub struct FileSchema {
    /// The schema's name: `client` for `client.schema.json`.
    pub name: &'static str,
    /// The schema.
    pub schema: Value,
}

impl FileSchema {
    /// The name of the file that holds it.
    pub fn file_name(&self) -> String {
        format!("{}.schema.json", self.name)
    }

    /// Its text, the same each time.
    ///
    /// # Panics
    /// Never: a schema is JSON.
    pub fn text(&self) -> String {
        let text = serde_json::to_string_pretty(&sorted(&self.schema)).expect("a schema is JSON");
        format!("{text}\n")
    }
}

/// The JSON Schemas of all types of files.
pub fn schemas() -> [FileSchema; 5] {
    [
        FileSchema { name: "server", schema: schema::<ServerFile>() },
        FileSchema { name: "client", schema: schema::<ClientFile>() },
        FileSchema { name: "tool", schema: schema::<ToolFile>() },
        FileSchema { name: "detail", schema: schema::<DetailFile>() },
        FileSchema { name: "people", schema: schema::<PeopleFile>() },
    ]
}

/// Draft 7, for that is what editors' TOML plug-ins know, and without references.
fn schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    remove_null(&mut schema);
    schema
}

/// TOML has no null: what may be left out is just not required.
fn remove_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(remove_null),
        Value::Object(object) => {
            if object.get("default") == Some(&Value::Null) {
                object.remove("default");
            }
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type") != Some(&Value::from("null")));
                if choices.len() == 1 {
                    merge_only_choice(object);
                }
            }
            object.values_mut().for_each(remove_null);
        }
        _ => {}
    }
}

fn merge_only_choice(object: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = object.remove("anyOf") else {
        return;
    };
    for (name, value) in choices.into_iter().filter_map(only_object).flatten() {
        object.entry(name).or_insert(value);
    }
}

fn only_object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// With the members of every object in alphabetical order, whatever order `serde_json` was built to keep.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(object) => {
            let mut members: Vec<_> = object.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            members
                .into_iter()
                .map(|(name, value)| (name.clone(), sorted(value)))
                .collect::<Map<_, _>>()
                .into()
        }
        other => other.clone(),
    }
}
