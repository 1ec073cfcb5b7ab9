use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

use crate::{Complaint, Place};

/// A file that was read: what stands in it, and where.
#[derive(Debug)]
pub(crate) struct Read<T> {
    /// The file's path.
    pub(crate) path: PathBuf,
    /// What stands in it.
    pub(crate) value: T,
    source: String,
    places: Vec<(Vec<String>, usize)>,
}

impl<T> Read<T> {
    /// The place of a field, named by the keys and indexes that lead to it. When the field is not written there, the place of
    /// the nearest table around it that is.
    pub(crate) fn at(&self, path: &[&str]) -> Place {
        let found = (0..=path.len()).rev().find_map(|length| {
            let wanted = &path[..length];
            self.places.iter().find(|(known, _)| known.iter().map(String::as_str).eq(wanted.iter().copied()))
        });
        match found {
            Some((_, offset)) => Place::at(&self.path, &self.source, *offset),
            None => Place::file(&self.path),
        }
    }

    /// A complaint about a field.
    pub(crate) fn complaint(
        &self,
        path: &[&str],
        wrong: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Complaint {
        Complaint::new(self.at(path), wrong, remedy)
    }
}

/// Reads a TOML file as a `T` and complains about everything in it that does not fit.
///
/// # Errors
/// All complaints about the file; there is at least one. When it is not TOML there is only one: a bracket that is not
/// closed makes the parser misread all that follows.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, source: String) -> Result<Read<T>, Vec<Complaint>> {
    let (table, errors) = DeTable::parse_recoverable(&source);
    if let Some(first) = errors.first() {
        return Err(vec![syntax_complaint(path, &source, first, &errors)]);
    }
    let mut complaints = forbidden(path, &source, table.get_ref());
    let value = match fit(table.clone(), path, &source, &complaints) {
        Ok(value) => value,
        Err(more) => {
            complaints.extend(more);
            return Err(complaints);
        }
    };
    let places = collect_places(table.get_ref());
    drop(table);
    if complaints.is_empty() {
        Ok(Read { path: path.to_owned(), value, source, places })
    } else {
        Err(complaints)
    }
}

/// Reads the file's text, which must be UTF-8.
///
/// # Errors
/// A complaint about the file as a whole.
pub(crate) fn text(path: &Path) -> Result<String, Complaint> {
    std::fs::read_to_string(path).map_err(|error| {
        Complaint::new(
            Place::file(path),
            format!("The file cannot be read: {error}."),
            "It must be a UTF-8 text file that you may read.",
        )
    })
}

fn syntax_complaint(path: &Path, source: &str, first: &Error, all: &[Error]) -> Complaint {
    let place = first.span().map_or_else(|| Place::file(path), |span| Place::at(path, source, span.start));
    let message = first.message().lines().next().unwrap_or_default();
    let is_of_a_bracket = |error: &Error| error.message().starts_with("unclosed");
    let follows_from_a_bracket = !is_of_a_bracket(first) && all.iter().any(is_of_a_bracket);
    let remedy = if follows_from_a_bracket { "A bracket is not closed, here or before." } else { "" };
    Complaint::new(place, format!("This is not TOML: {message}."), remedy)
}

/// Turns the table into a `T`. After an error the entry that caused it is taken out and the rest is tried again, so that
/// one run shows all that is wrong.
fn fit<T: DeserializeOwned>(
    table: Spanned<DeTable<'_>>,
    path: &Path,
    source: &str,
    already: &[Complaint],
) -> Result<T, Vec<Complaint>> {
    let whole = table.span();
    let mut table = table;
    let (mut complaints, mut taken_out) = (Vec::new(), BTreeSet::new());
    loop {
        let error = match T::deserialize(Deserializer::from(table.clone())) {
            Ok(value) if complaints.is_empty() => return Ok(value),
            Ok(_) => return Err(complaints),
            Err(error) => error,
        };
        let span = error.span().unwrap_or_else(|| whole.clone());
        let caused_by_taking_out =
            missing_field(error.message()).is_some_and(|name| taken_out.contains(name));
        let place = Place::at(path, source, span.start);
        let known = already.iter().any(|complaint| complaint.place == place);
        if !caused_by_taking_out && !known {
            complaints.push(misfit(place, error.message()));
        }
        let is_whole = span == whole;
        match (!is_whole).then(|| take_out(table.get_mut(), &span)).flatten() {
            Some(key) => drop(taken_out.insert(key)),
            None => return Err(complaints),
        }
    }
}

fn misfit(place: Place, message: &str) -> Complaint {
    let message = message.lines().next().unwrap_or_default();
    if let Some(name) = missing_field(message) {
        return Complaint::new(place, format!("The field `{name}` is missing."), "");
    }
    if let Some((name, expected)) =
        message.strip_prefix("unknown field `").and_then(|rest| rest.split_once("`, expected "))
    {
        let known = expected.trim_start_matches("one of ").replace('`', "");
        return Complaint::new(
            place,
            format!("There is no field `{name}` here."),
            format!("The fields are: {known}."),
        );
    }
    Complaint::new(place, format!("This value does not fit: {message}."), "")
}

fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.split('`').next()
}

/// Removes the innermost table entry that lies around `span`, and names it. A table's own span is that of its header alone,
/// so what stands beneath it is looked at first.
fn take_out(table: &mut DeTable<'_>, span: &Range<usize>) -> Option<String> {
    if let Some(name) = table.iter_mut().find_map(|(_, value)| take_out_of(value.get_mut(), span)) {
        return Some(name);
    }
    let around = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
    let key = table
        .iter()
        .find(|(key, value)| around(key.span()) || around(value.span()))
        .map(|(key, _)| key.clone())?;
    table.remove(&key).map(|_| key.get_ref().to_string())
}

fn take_out_of(value: &mut DeValue<'_>, span: &Range<usize>) -> Option<String> {
    match value {
        DeValue::Table(inner) => take_out(inner, span),
        DeValue::Array(items) => items.iter_mut().find_map(|item| take_out_of(item.get_mut(), span)),
        _ => None,
    }
}

/// What no file may hold: a secret, and a date (JSON has none, so it would change its meaning on the way).
fn forbidden(path: &Path, source: &str, table: &DeTable<'_>) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    visit(table, &mut Vec::new(), &mut |keys, offset, value| {
        let mut refuse = |wrong: String, remedy: &str| {
            complaints.push(Complaint::new(Place::at(path, source, offset), wrong, remedy));
        };
        let key = keys.last().map(String::as_str).unwrap_or_default();
        // In a JSON Schema the same word is the name of a field and no secret.
        if is_secret(key) && keys.first().is_none_or(|first| first != "schema") {
            let wrong = format!("`{key}` is a secret, and no secret is ever read from configuration files.");
            refuse(wrong, secret_remedy(key));
        }
        if value.is_datetime() {
            refuse("A date does not fit here.".to_owned(), "Write it as a string.");
        }
    });
    complaints
}

fn is_secret(key: &str) -> bool {
    let key: String =
        key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    matches!(
        key.as_str(),
        "secret"
            | "clientsecret"
            | "clientsecrets"
            | "password"
            | "passwordhash"
            | "passphrase"
            | "privatekey"
            | "apikey"
    )
}

fn secret_remedy(key: &str) -> &'static str {
    if key.to_ascii_lowercase().contains("passw") {
        "Take it out, and give the person a password with `countersign user reset-password`."
    } else if key.to_ascii_lowercase().contains("private") {
        "Take it out: a client's private key stays with the client; `jwks` holds its public key."
    } else {
        "Take it out, and let `countersign client rotate-secret` make the client's secret."
    }
}

fn collect_places(table: &DeTable<'_>) -> Vec<(Vec<String>, usize)> {
    let mut places = Vec::new();
    visit(table, &mut Vec::new(), &mut |keys, offset, _| {
        places.push((keys.to_vec(), offset));
    });
    places
}

/// What is told of each entry and array element: the keys and indexes that lead there, where its key stands (an element's
/// own place), and its value.
type Seen<'s> = dyn FnMut(&[String], usize, &DeValue<'_>) + 's;

/// Walks through all entries and array elements, outermost first.
fn visit(table: &DeTable<'_>, keys: &mut Vec<String>, seen: &mut Seen<'_>) {
    for (key, value) in table {
        keys.push(key.get_ref().to_string());
        seen(keys, key.span().start, value.get_ref());
        visit_value(value.get_ref(), keys, seen);
        keys.pop();
    }
}

fn visit_value(value: &DeValue<'_>, keys: &mut Vec<String>, seen: &mut Seen<'_>) {
    match value {
        DeValue::Table(inner) => visit(inner, keys, seen),
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                keys.push(index.to_string());
                seen(keys, item.span().start, item.get_ref());
                visit_value(item.get_ref(), keys, seen);
                keys.pop();
            }
        }
        _ => {}
    }
}
