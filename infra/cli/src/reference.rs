use std::fmt::Write;

use serde_json::Value;

use crate::schema::schemas;

/// The reference of the configuration as Markdown: `infra/config/README.md`. Every field comes from the schemas.
pub fn reference() -> String {
    let mut text = include_str!("reference.md").to_owned();
    for file in schemas() {
        let title = file.schema.get("title").and_then(Value::as_str).unwrap_or(file.name);
        let _ = write!(text, "\n## `{title}`\n\n{}\n", without_title(description(&file.schema), title));
        let mut sections = vec![(String::new(), &file.schema)];
        while let Some((prefix, schema)) = sections.pop() {
            if !prefix.is_empty() {
                let _ = write!(text, "\n### `{prefix}`\n\n{}\n", description(schema));
            }
            let _ = write!(text, "\n| field | value | default | meaning |\n| --- | --- | --- | --- |\n");
            let deeper = table(schema, &prefix, &mut text);
            sections.extend(deeper.into_iter().rev());
        }
    }
    text
}

/// Writes a line for each field, and returns the tables within.
fn table<'a>(schema: &'a Value, prefix: &str, text: &mut String) -> Vec<(String, &'a Value)> {
    let mut deeper = Vec::new();
    let is_required = |name: &str| required(schema).any(|one| one == name);
    let mut fields: Vec<_> =
        schema.get("properties").and_then(Value::as_object).into_iter().flatten().collect();
    fields.sort_by_key(|(name, _)| (!is_required(name), name.as_str()));
    for (name, field) in fields {
        let default = if is_required(name) { "required".to_owned() } else { default(field) };
        let _ =
            writeln!(text, "| `{name}` | {} | {default} | {} |", cell(&kind(field)), cell(&meaning(field)));
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        deeper.extend(inner_table(field).map(|(suffix, inner)| (format!("{path}{suffix}"), inner)));
    }
    deeper
}

/// A table of fields within a field: its own, that of each element, or that of each name.
fn inner_table(field: &Value) -> Option<(&'static str, &Value)> {
    let has_fields = |schema: &&Value| schema.get("properties").is_some();
    let within = |keyword: &str| field.get(keyword).filter(has_fields);
    Some(field)
        .filter(has_fields)
        .map(|own| ("", own))
        .or_else(|| within("items").map(|items| ("[]", items)))
        .or_else(|| within("additionalProperties").map(|each| (".NAME", each)))
}

fn kind(field: &Value) -> String {
    let choices: Vec<String> = choices(field).map(|(choice, _)| choice).collect();
    if !choices.is_empty() {
        return choices.join(", ");
    }
    if let Some(example) = field.pointer("/examples/0") {
        return format!("such as `{example}`");
    }
    match field.get("type").and_then(Value::as_str) {
        Some("string") => "text".to_owned(),
        Some("boolean") => "`true`, `false`".to_owned(),
        Some("array") => format!("list of {}", field.get("items").map_or_else(|| "values".to_owned(), kind)),
        Some("object") => match field.get("additionalProperties").filter(|each| each.is_object()) {
            Some(each) => format!("by name: {}", kind(each)),
            None => "table".to_owned(),
        },
        Some(other) => other.to_owned(),
        None if field.get("oneOf").is_some() => "see right".to_owned(),
        None => "any value".to_owned(),
    }
}

/// The values that a field can have, as TOML, with what each means.
fn choices(field: &Value) -> impl Iterator<Item = (String, &str)> {
    let alternatives = field.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let described = alternatives.filter_map(|choice| Some((toml_of(choice)?, description(choice))));
    let plain = field.get("enum").and_then(Value::as_array).into_iter().flatten();
    described.chain(plain.map(|value| (format!("`{value}`"), "")))
}

/// A value that is a word, or a table with one text or table in it.
fn toml_of(choice: &Value) -> Option<String> {
    let word = choice.get("const").map(|value| format!("`{value}`"));
    word.or_else(|| {
        let (name, value) = choice.get("properties")?.as_object()?.iter().next()?;
        let value = if value.get("type")? == "string" { "\"…\"" } else { "{ … }" };
        Some(format!("`{{ {name} = {value} }}`"))
    })
}

fn meaning(field: &Value) -> String {
    let mut text = description(field).to_owned();
    let described =
        [Some(field), field.get("items"), field.get("additionalProperties")].into_iter().flatten();
    for (choice, meaning) in described.flat_map(choices).filter(|(_, meaning)| !meaning.is_empty()) {
        let _ = write!(text, "<br>{choice}: {meaning}");
    }
    text
}

fn default(field: &Value) -> String {
    match field.get("default") {
        Some(Value::Object(object)) if object.is_empty() => "empty".to_owned(),
        Some(Value::Array(items)) if items.is_empty() => "empty".to_owned(),
        Some(Value::Object(_)) | None => String::new(),
        Some(value) => format!("`{value}`"),
    }
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn description(schema: &Value) -> &str {
    schema.get("description").and_then(Value::as_str).unwrap_or_default()
}

/// The description without its beginning, which the heading says already.
fn without_title(description: &str, title: &str) -> String {
    let rest = description.strip_prefix(&format!("`{title}`: ")).unwrap_or(description);
    let mut letters = rest.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Text that stays within its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
