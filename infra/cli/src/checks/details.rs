use std::collections::BTreeSet;

use oauth::ToolId;
use oauth::configuration::DetailType;
use serde_json::Value;

use super::{First, Names};
use crate::Complaint;
use crate::files::DetailFile;
use crate::reading::Read;

/// The types of `authorization_details` with which nothing is wrong.
pub(super) fn detail_types(
    files: &[Read<DetailFile>],
    tools: &Names<'_>,
    complaints: &mut Vec<Complaint>,
) -> Vec<DetailType> {
    let mut names = First::default();
    files
        .iter()
        .filter_map(|file| {
            let before = complaints.len();
            names.check("detail type", &file.value.name, file.at(&["name"]), complaints);
            let detail_type = detail_type(file, tools, complaints);
            (complaints.len() == before).then_some(detail_type)
        })
        .collect()
}

fn detail_type(file: &Read<DetailFile>, tools: &Names<'_>, complaints: &mut Vec<Complaint>) -> DetailType {
    let written = &file.value;
    tools.check_all(file, &["tools"], written.tools.iter(), complaints);
    if !written.sentence.contains_key("en") {
        complaints.push(file.complaint(
            &["sentence"],
            "The English sentence is missing.",
            "Add `en`: it is what everybody reads whose language has none.",
        ));
    }
    let detail_type = DetailType {
        name: written.name.clone(),
        schema: Value::Object(written.schema.clone()),
        narrowing: written
            .narrowing
            .iter()
            .map(|(field, narrowing)| (field.clone(), (*narrowing).into()))
            .collect(),
        absent: written.absent.iter().map(|(field, absent)| (field.clone(), (*absent).into())).collect(),
        sentence: written.sentence.clone(),
        assurance: written.assurance.into(),
        pushed_only: written.pushed_only,
        urgent: written.urgent,
        tools: written.tools.iter().filter_map(|id| ToolId::parse(id)).collect::<BTreeSet<_>>(),
    };
    check_meaning(file, &detail_type, complaints);
    detail_type
}

/// What the type itself means: whether its schema is sound, its sentences tell of everything, its rules fit.
fn check_meaning(file: &Read<DetailFile>, detail_type: &DetailType, complaints: &mut Vec<Complaint>) {
    for problem in details::check_type(detail_type).err().into_iter().flatten() {
        let text = problem.to_string();
        let place = text.split(": ").next().unwrap_or_default();
        complaints.push(file.complaint(&keys_of(place), format!("{text}."), ""));
    }
}

/// The keys that lead to what a problem begins with: `schema/properties/amount`, `sentence.en`, or a field such as `/amount`.
fn keys_of(place: &str) -> Vec<&str> {
    match place.strip_prefix('/') {
        Some(field) => {
            ["schema"].into_iter().chain(field.split('/').flat_map(|name| ["properties", name])).collect()
        }
        None => place.split(['/', '.']).collect(),
    }
}
