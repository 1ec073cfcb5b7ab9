use std::path::{Path, PathBuf};

use oauth::configuration::PolicyText;
use serde::de::DeserializeOwned;

use crate::files::{ClientFile, DetailFile, PeopleFile, ServerFile, ToolFile};
use crate::reading::{Read, read, text};
use crate::{Complaint, Place};

/// The files of a configuration folder, each read for itself; whether they fit together is asked afterwards.
pub(crate) struct Folder {
    pub(crate) server: Option<Read<ServerFile>>,
    pub(crate) clients: Kind<ClientFile>,
    pub(crate) tools: Kind<ToolFile>,
    pub(crate) details: Kind<DetailFile>,
    pub(crate) people: Option<Read<PeopleFile>>,
    pub(crate) policies: Vec<PolicyText>,
    pub(crate) complaints: Vec<Complaint>,
}

/// All files of one kind.
pub(crate) struct Kind<T> {
    pub(crate) files: Vec<Read<T>>,
    /// Whether every file could be read. If not, a name that is missing is no mistake of whoever uses it.
    pub(crate) complete: bool,
}

impl Folder {
    /// Reads all files of a folder.
    pub(crate) fn read(path: &Path) -> Self {
        let mut complaints = Vec::new();
        if !path.is_dir() {
            complaints.push(Complaint::new(
                Place::file(path),
                "There is no such folder.",
                "Name a folder that holds server.toml, clients/, tools/, details/ and policies/.",
            ));
        } else if !path.join("server.toml").is_file() {
            complaints.push(Complaint::new(
                Place::file(&path.join("server.toml")),
                "The file is missing.",
                "Every configuration has one: it names the brand and how long things live.",
            ));
        }
        stray_files(path, &mut complaints);
        Self {
            server: one(&path.join("server.toml"), &mut complaints),
            clients: kind(&path.join("clients"), &mut complaints),
            tools: kind(&path.join("tools"), &mut complaints),
            details: kind(&path.join("details"), &mut complaints),
            people: one(&path.join("people.toml"), &mut complaints),
            policies: policies(&path.join(POLICIES), &mut complaints),
            complaints,
        }
    }
}

/// Where the policies lie, with their schema and their cases.
pub(crate) const POLICIES: &str = "policies";

/// A policy that nobody reads forbids nothing: whatever else lies there is complained about.
fn policies(folder: &Path, complaints: &mut Vec<Complaint>) -> Vec<PolicyText> {
    let mut texts = Vec::new();
    for path in entries(folder, complaints) {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        match (ending, path.file_name().and_then(|name| name.to_str())) {
            ("cedar", Some(file)) if path.is_file() => match text(&path) {
                Ok(text) => texts.push(PolicyText { file: file.to_owned(), text }),
                Err(complaint) => complaints.push(complaint),
            },
            ("cedarschema" | "toml" | "md", Some(_)) if path.is_file() => {}
            _ => complaints.push(Complaint::new(
                Place::file(&path),
                "Nothing reads this file.",
                "Policies lie in files that end in .cedar, directly in policies/; their cases in files that end in .toml.",
            )),
        }
    }
    texts
}

/// A misspelt file at the top would otherwise be passed over in silence.
fn stray_files(folder: &Path, complaints: &mut Vec<Complaint>) {
    for path in files_with_ending(folder, "toml", complaints) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !matches!(name, "server.toml" | "people.toml") {
            complaints.push(Complaint::new(
                Place::file(&path),
                "Nothing reads this file.",
                "At the top there are server.toml and people.toml; the others lie in clients/, tools/ and details/.",
            ));
        }
    }
}

fn one<T: DeserializeOwned>(path: &Path, complaints: &mut Vec<Complaint>) -> Option<Read<T>> {
    if !path.exists() {
        return None;
    }
    match text(path) {
        Err(complaint) => {
            complaints.push(complaint);
            None
        }
        Ok(source) => read(path, source).map_err(|found| complaints.extend(found)).ok(),
    }
}

fn kind<T: DeserializeOwned>(folder: &Path, complaints: &mut Vec<Complaint>) -> Kind<T> {
    let paths = files_with_ending(folder, "toml", complaints);
    let files: Vec<Read<T>> = paths.iter().filter_map(|path| one(path, complaints)).collect();
    Kind { complete: files.len() == paths.len(), files }
}

/// The files of a folder by name; none when there is no folder. Hidden ones are an editor's own.
fn files_with_ending(folder: &Path, ending: &str, complaints: &mut Vec<Complaint>) -> Vec<PathBuf> {
    let mut paths = entries(folder, complaints);
    paths.retain(|path| path.is_file() && path.extension().is_some_and(|own| own == ending));
    paths
}

/// What lies in a folder by name, but for hidden files; nothing when there is no folder.
fn entries(folder: &Path, complaints: &mut Vec<Complaint>) -> Vec<PathBuf> {
    if !folder.is_dir() {
        return Vec::new();
    }
    let entries = match std::fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>) {
        Ok(entries) => entries,
        Err(error) => {
            complaints.push(Complaint::new(
                Place::file(folder),
                format!("The folder cannot be read: {error}."),
                "",
            ));
            return Vec::new();
        }
    };
    let hidden = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let mut paths: Vec<PathBuf> =
        entries.into_iter().map(|entry| entry.path()).filter(|path| !hidden(path)).collect();
    paths.sort();
    paths
}
