use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde_json::Value;
use store::Snapshot;

/// One thing that an apply changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What kind of thing: `server`, `client`, `tool`, `detail type`, `policy`, `person`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// What happens to it.
    pub what: What,
}

/// What happens to a thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It is new.
    Added,
    /// It goes.
    Removed,
    /// These fields become different.
    Changed(Vec<FieldChange>),
}

/// A field that becomes different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// The names that lead to it, with dots between.
    pub field: String,
    /// What it was; nothing when it was not there.
    pub before: Option<Value>,
    /// What it becomes; nothing when it goes.
    pub after: Option<Value>,
}

/// What is different between two snapshots, by kind and name. Without `before` everything is new.
pub fn differences(before: Option<&Snapshot>, after: &Snapshot) -> Vec<Change> {
    let mut changes = Vec::new();
    for (kind, of) in KINDS {
        changes.extend(compare(kind, &before.map(of).unwrap_or_default(), &of(after)));
    }
    changes
}

type Things = BTreeMap<String, Value>;

type Kind = (&'static str, fn(&Snapshot) -> Things);

const KINDS: [Kind; 5] = [
    ("server", |snapshot| Things::from([("settings".to_owned(), json(&snapshot.server))])),
    ("tool", |snapshot| snapshot.tools.iter().map(|tool| (tool.id.to_string(), json(tool))).collect()),
    ("detail type", |snapshot| {
        snapshot.detail_types.iter().map(|one| (one.name.clone(), json(one))).collect()
    }),
    ("client", |snapshot| {
        snapshot.clients.iter().map(|client| (client.id.to_string(), json(client))).collect()
    }),
    ("policy", |snapshot| {
        policy::by_id(&snapshot.policies)
            .into_iter()
            .map(|(id, text)| (id, json(&Written { text })))
            .collect()
    }),
];

/// A policy as it is written.
#[derive(Serialize)]
struct Written {
    text: String,
}

/// Compares things of one kind by name.
pub(crate) fn compare(kind: &'static str, before: &Things, after: &Things) -> Vec<Change> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let change = |name: &String| {
        let what = match (before.get(name), after.get(name)) {
            (None, _) => What::Added,
            (_, None) => What::Removed,
            (Some(before), Some(after)) if before == after => return None,
            (Some(before), Some(after)) => What::Changed(fields(before, after)),
        };
        Some(Change { kind, name: name.clone(), what })
    };
    names.into_iter().filter_map(change).collect()
}

pub(crate) fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("the snapshot is JSON")
}

fn fields(before: &Value, after: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    collect(&mut Vec::new(), Some(before), Some(after), &mut changes);
    changes
}

fn collect<'a>(
    path: &mut Vec<&'a str>,
    before: Option<&'a Value>,
    after: Option<&'a Value>,
    changes: &mut Vec<FieldChange>,
) {
    match (before, after) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let names: BTreeSet<&str> = before.keys().chain(after.keys()).map(String::as_str).collect();
            for name in names {
                path.push(name);
                collect(path, before.get(name), after.get(name), changes);
                path.pop();
            }
        }
        _ if before == after => {}
        _ => changes.push(FieldChange {
            field: path.join("."),
            before: before.cloned(),
            after: after.cloned(),
        }),
    }
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.what {
            What::Added => '+',
            What::Removed => '-',
            What::Changed(_) => '~',
        };
        write!(formatter, "{sign} {} {}", self.kind, self.name)?;
        if let What::Changed(fields) = &self.what {
            fields.iter().try_for_each(|field| write!(formatter, "\n    {field}"))?;
        }
        Ok(())
    }
}

impl fmt::Display for FieldChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(Value::Array(before)), Some(Value::Array(after))) = (&self.before, &self.after) {
            write!(formatter, "{}:", self.field)?;
            before
                .iter()
                .filter(|one| !after.contains(one))
                .try_for_each(|one| write!(formatter, " - {}", brief(one)))?;
            return after
                .iter()
                .filter(|one| !before.contains(one))
                .try_for_each(|one| write!(formatter, " + {}", brief(one)));
        }
        let side = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), brief);
        write!(formatter, "{}: {} -> {}", self.field, side(&self.before), side(&self.after))
    }
}

/// A value as JSON, cut where it would fill the screen.
fn brief(value: &Value) -> String {
    const LONGEST: usize = 120;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn things(things: &[(&str, Value)]) -> Things {
        things.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn what_comes_goes_and_changes_is_told_by_name_and_field() {
        let before = things(&[
            ("gone", json!({})),
            ("same", json!({"a": 1})),
            ("other", json!({"name": "A", "tools": ["x", "y"], "deep": {"b": 1, "c": 2}})),
        ]);
        let after = things(&[
            ("new", json!({})),
            ("same", json!({"a": 1})),
            ("other", json!({"name": "B", "tools": ["y", "z"], "deep": {"b": 1}})),
        ]);
        let text: Vec<String> = compare("client", &before, &after).iter().map(ToString::to_string).collect();
        assert_eq!(
            text,
            [
                "- client gone",
                "+ client new",
                "~ client other\n    deep.c: 2 -> nothing\n    name: \"A\" -> \"B\"\n    tools: - \"x\" + \"z\"",
            ]
        );
    }
}
