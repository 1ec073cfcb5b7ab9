use std::collections::BTreeMap;

use languages::{LanguageTag, Texts, TextsError};

use crate::folder::LanguageFile;
use crate::{Complaint, Place};

/// The overrides of texts and sentences, by language tag.
pub(super) fn languages(files: &[LanguageFile], complaints: &mut Vec<Complaint>) -> BTreeMap<String, String> {
    let mut languages = BTreeMap::new();
    for file in files {
        let Ok(tag) = file.tag.parse::<LanguageTag>() else {
            complaints.push(Complaint::new(
                Place::file(&file.path),
                format!("{:?} is not a language tag.", file.tag),
                "Name the file for its language, such as de.ftl or pt-BR.ftl.",
            ));
            continue;
        };
        if let Some(complaint) = problem(file, tag.clone()) {
            complaints.push(complaint);
        }
        if languages.insert(tag.to_string(), file.source.clone()).is_some() {
            complaints.push(Complaint::new(
                Place::file(&file.path),
                format!("The language {tag} has two files."),
                "Keep one of them.",
            ));
        }
    }
    languages
}

fn problem(file: &LanguageFile, tag: LanguageTag) -> Option<Complaint> {
    let error = Texts::parse(tag, &file.source).err()?;
    let line = match &error {
        // An override need not have every message.
        TextsError::Missing(_) => return None,
        TextsError::Syntax { line, .. }
        | TextsError::Unsupported { line, .. }
        | TextsError::Repeated { line, .. } => Some(*line),
        TextsError::UnknownLanguage(_) => None,
    };
    let place = Place {
        file: file.path.clone(),
        position: line.map(|line| (line, 1)),
    };
    let text = error.to_string();
    let text = text
        .split_once(": ")
        .filter(|_| line.is_some())
        .map_or(text.as_str(), |(_, rest)| rest);
    Some(Complaint::new(place, format!("This cannot be used: {text}."), ""))
}
