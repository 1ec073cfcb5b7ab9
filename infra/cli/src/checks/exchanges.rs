use std::collections::BTreeMap;

use oauth::{ExchangeRule, Passage, ToolId};

use super::Names;
use crate::Complaint;
use crate::files::{DetailFile, ExchangeTable, FieldSourceName, ToolFile};
use crate::folder::Kind;
use crate::reading::Read;

/// What becomes what when a token is exchanged, as a tool's file says it; whether what it names exists is asked by [`check`].
pub(super) fn rules(file: &Read<ToolFile>, complaints: &mut Vec<Complaint>) -> Vec<ExchangeRule> {
    let rules = file.value.exchange.iter().enumerate();
    rules.filter_map(|(index, table)| rule(file, index, table, complaints)).collect()
}

fn rule(
    file: &Read<ToolFile>,
    index: usize,
    table: &ExchangeTable,
    complaints: &mut Vec<Complaint>,
) -> Option<ExchangeRule> {
    let at = index.to_string();
    let mut refuse = |field: &str, wrong: &str, remedy: &str| {
        complaints.push(file.complaint(&["exchange", &at, field], wrong, remedy));
    };
    let passes = match (&table.scope, &table.detail_type) {
        (Some(scope), None) => {
            if !table.requires.is_empty() || !table.fields.is_empty() {
                refuse("scope", "A scope has no fields.", "Take `requires` and `fields` out.");
            }
            Passage::Scope { scope: scope.clone(), becomes: table.becomes.clone() }
        }
        (None, Some(detail_type)) => {
            if table.fields.is_empty() && *detail_type != table.becomes {
                refuse(
                    "fields",
                    "Nothing says what the fields become.",
                    "Add `fields`: where each comes from.",
                );
            }
            if table.fields.contains_key("type") {
                refuse("fields", "`becomes` says what the type is.", "Take `type` out of `fields`.");
            }
            Passage::Detail {
                detail_type: detail_type.clone(),
                requires: table.requires.clone(),
                becomes: table.becomes.clone(),
                fields: table.fields.iter().map(|(name, from)| (name.clone(), from.clone().into())).collect(),
            }
        }
        _ => {
            refuse(
                "from",
                "A rule is about one scope or one type of details.",
                "Name `scope` or `detail_type`.",
            );
            return None;
        }
    };
    Some(ExchangeRule { from: ToolId::parse(&table.from)?, passes })
}

/// Whether what the rules name exists, and belongs to where they say.
pub(super) fn check(
    tools: &Kind<ToolFile>,
    details: &Kind<DetailFile>,
    known: &Names<'_>,
    complaints: &mut Vec<Complaint>,
) {
    let by_id: BTreeMap<&str, &ToolFile> =
        tools.files.iter().map(|file| (file.value.id.as_str(), &file.value)).collect();
    for file in &tools.files {
        for (index, table) in file.value.exchange.iter().enumerate() {
            let at = index.to_string();
            known.check_all(file, &["exchange", &at, "from"], std::iter::once(&table.from), complaints);
            let mut refuse = |field: &str, wrong: String| {
                complaints.push(file.complaint(&["exchange", &at, field], wrong, "Name one that it has."));
            };
            if table.from == file.value.id {
                refuse("from", "A tool's own rights stay what they are in an exchange.".to_owned());
            }
            let Some(from) = by_id.get(table.from.as_str()) else { continue };
            if let Some(scope) = &table.scope {
                if !from.scopes.contains_key(scope) {
                    refuse("scope", format!("The tool `{}` has no scope `{scope}`.", from.id));
                }
                if !file.value.scopes.contains_key(&table.becomes) {
                    refuse(
                        "becomes",
                        format!("The tool `{}` has no scope `{}`.", file.value.id, table.becomes),
                    );
                }
            }
            if let Some(detail_type) = table.detail_type.as_ref().filter(|_| details.complete) {
                if !takes(details, detail_type, &from.id) {
                    refuse("detail_type", format!("The tool `{}` takes no type `{detail_type}`.", from.id));
                }
                if !takes(details, &table.becomes, &file.value.id) {
                    let wrong = format!("The tool `{}` takes no type `{}`.", file.value.id, table.becomes);
                    refuse("becomes", wrong);
                }
                let theirs = table.fields.values().filter_map(FieldSourceName::field);
                for (place, name, of) in (table.requires.keys().map(|name| ("requires", name, detail_type)))
                    .chain(theirs.map(|name| ("fields", name, detail_type)))
                    .chain(table.fields.keys().map(|name| ("fields", name, &table.becomes)))
                {
                    if is_unknown_field(details, of, name) {
                        refuse(place, format!("The type `{of}` has no field `{name}`."));
                    }
                }
            }
        }
    }
}

/// A misspelt field would be one that is never there.
fn is_unknown_field(details: &Kind<DetailFile>, detail_type: &str, name: &str) -> bool {
    let schemas =
        details.files.iter().filter(|file| file.value.name == detail_type).map(|file| &file.value.schema);
    let mut properties = schemas.filter_map(|schema| schema.get("properties")?.as_object());
    properties.next().is_some_and(|properties| !properties.contains_key(name))
}

fn takes(details: &Kind<DetailFile>, name: &str, tool: &str) -> bool {
    details.files.iter().any(|file| file.value.name == name && file.value.tools.contains(tool))
}
