//! Whether the files of a folder fit together, and what they mean if they do.

mod backchannel;
mod clients;
mod details;
mod devices;
mod exchanges;
mod keys;
mod people;
mod policies;
mod saml;
mod server;
mod standing;
mod strangers;
mod tools;
mod trust;

use std::collections::{BTreeMap, BTreeSet};

use ::details::DetailTypes;
use ::languages::LanguageTag;
use oauth::configuration::{Client, Profile};
use store::Snapshot;

use crate::files::{ClientFile, DetailFile, ToolFile};
use crate::folder::{Folder, Kind};
use crate::reading::Read;
use crate::{Complaint, Place};

pub(crate) use people::profile_problems;

/// Where the issuer comes from: the first of these that is there.
#[derive(Clone, Copy, Debug, Default)]
pub struct IssuerChoice<'a> {
    /// What the operator names, such as `--issuer`. It goes before `issuer` in `server.toml`.
    pub argument: Option<&'a str>,
    /// What counts when neither names one, such as the issuer in force.
    pub otherwise: Option<&'a str>,
}

impl<'a> IssuerChoice<'a> {
    /// This issuer and no other.
    pub const fn exactly(issuer: &'a str) -> Self {
        Self { argument: Some(issuer), otherwise: None }
    }
}

/// A configuration folder with which nothing is wrong.
#[derive(Clone, Debug)]
pub struct CheckedFolder {
    /// What `apply` writes.
    pub snapshot: Snapshot,
    /// The people of `people.toml`.
    pub people: Vec<Profile>,
}

/// Reads and checks a configuration folder. It asks nobody and changes nothing.
///
/// # Errors
/// Everything that is wrong, by file and place; there is at least one complaint.
pub fn check_folder(
    path: &std::path::Path,
    issuer: &IssuerChoice<'_>,
) -> Result<CheckedFolder, Vec<Complaint>> {
    let mut folder = Folder::read(path);
    let mut complaints = std::mem::take(&mut folder.complaints);
    let checked = check(path, &folder, issuer, &mut complaints);
    complaints.sort_by(|one, other| one.place.cmp(&other.place));
    match checked {
        Some(checked) if complaints.is_empty() => Ok(checked),
        _ => Err(complaints),
    }
}

fn check(
    path: &std::path::Path,
    folder: &Folder,
    choice: &IssuerChoice<'_>,
    complaints: &mut Vec<Complaint>,
) -> Option<CheckedFolder> {
    let server = folder.server.as_ref().and_then(|file| server::server(file, choice, complaints));
    let tools =
        tools::tools(&folder.tools.files, server.as_ref().map(|server| server.issuer.as_str()), complaints);
    let known_tools = Names::new(
        "tool",
        folder.tools.complete,
        folder.tools.files.iter().map(|file| file.value.id.as_str()),
    );
    let detail_types = details::detail_types(&folder.details.files, &known_tools, complaints);
    saml::check_detail_types(&folder.tools.files, &folder.details, complaints);
    exchanges::check(&folder.tools, &folder.details, &known_tools, complaints);
    let types_are_sound = folder.details.complete && detail_types.len() == folder.details.files.len();
    let known = Known {
        detail_types: Names::new(
            "detail type",
            folder.details.complete,
            folder.details.files.iter().map(|file| file.value.name.as_str()),
        ),
        tools: known_tools,
        clients: Names::new(
            "client",
            folder.clients.complete,
            folder.clients.files.iter().map(|file| file.value.id.as_str()),
        ),
        tool_files: &folder.tools,
        detail_files: &folder.details,
        registered: types_are_sound.then(|| DetailTypes::new(detail_types.clone())),
    };
    let clients = clients::clients(&folder.clients.files, &known, complaints);
    if let Some(file) = &folder.server {
        strangers::check(file, server.as_ref(), &folder.clients.files, &known, complaints);
        backchannel::check_push(file, &folder.clients.files, complaints);
        if let Some(server) = &server {
            backchannel::check_endpoints(server, &folder.clients.files, complaints);
        }
    }
    let people = folder.people.as_ref().map(|file| people::people(file, complaints)).unwrap_or_default();
    if let Some(file) = &folder.server {
        let types = known.registered.as_ref();
        if folder.tools.complete && tools.len() == folder.tools.files.len() {
            trust::check(file, &known.clients, (&clients, &tools), types, complaints);
        }
    }
    // Names that are not known yet would all be blamed on the policies.
    let all_are_known =
        clients.len() == folder.clients.files.len() && tools.len() == folder.tools.files.len();
    if folder.clients.complete && folder.tools.complete && types_are_sound && all_are_known {
        let elsewhere = server.iter().flat_map(|server| &server.id_jag_targets);
        let resources = tools.iter().map(|tool| &tool.resource);
        let resources: Vec<_> = resources.chain(elsewhere.map(|target| &target.resource)).collect();
        policies::check(
            path,
            &folder.policies,
            &detail_types,
            &clients,
            &resources,
            server.as_ref(),
            complaints,
        );
    }
    let policies = folder.policies.clone();
    let snapshot = Snapshot { server: server?, clients, tools, detail_types, policies };
    Some(CheckedFolder { snapshot, people })
}

/// What clients can refer to.
struct Known<'a> {
    clients: Names<'a>,
    tools: Names<'a>,
    detail_types: Names<'a>,
    tool_files: &'a Kind<ToolFile>,
    detail_files: &'a Kind<DetailFile>,
    /// Only when all of them are sound: else a client would be blamed for a type's mistake.
    registered: Option<DetailTypes>,
}

/// Whether a scope exists.
enum Answers<'a> {
    /// In a tool of the client, or in a file that could not be read.
    Yes,
    /// In another tool.
    Elsewhere(&'a str),
    /// Nowhere; these are the scopes of the client's tools.
    No(String),
}

impl Known<'_> {
    fn scope(&self, scope: &str, tools: &BTreeSet<String>) -> Answers<'_> {
        let all = || self.tool_files.files.iter().map(|file| &file.value);
        let own = || all().filter(|tool| tools.contains(&tool.id));
        if own().any(|tool| tool.scopes.contains_key(scope)) || !self.tool_files.complete {
            return Answers::Yes;
        }
        match all().find(|tool| tool.scopes.contains_key(scope)) {
            Some(tool) => Answers::Elsewhere(&tool.id),
            None => Answers::No(listed(own().flat_map(|tool| tool.scopes.keys().map(String::as_str)))),
        }
    }

    fn tools_of_type(&self, name: &str) -> Option<&BTreeSet<String>> {
        self.detail_files.files.iter().find(|file| file.value.name == name).map(|file| &file.value.tools)
    }

    fn standing_details(&self, file: &Read<ClientFile>, client: &Client, complaints: &mut Vec<Complaint>) {
        if let Some(types) = &self.registered {
            standing::check(file, client, types, complaints);
        }
    }
}

/// The names of one kind that exist.
struct Names<'a> {
    kind: &'static str,
    complete: bool,
    known: BTreeSet<&'a str>,
}

impl<'a> Names<'a> {
    fn new(kind: &'static str, complete: bool, names: impl Iterator<Item = &'a str>) -> Self {
        Self { kind, complete, known: names.collect() }
    }

    /// Complains about each name that does not exist. When a file of the kind could not be read, the name may stand there.
    fn check_all<'n, T>(
        &self,
        file: &Read<T>,
        path: &[&str],
        names: impl Iterator<Item = &'n String>,
        complaints: &mut Vec<Complaint>,
    ) {
        for name in names.filter(|name| self.complete && !self.known.contains(name.as_str())) {
            let known = listed(self.known.iter().copied());
            complaints.push(file.complaint(
                path,
                format!("There is no {} `{name}`.", self.kind),
                format!("There are: {known}."),
            ));
        }
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: BTreeSet<&str> = names.collect();
    if names.is_empty() { "none".to_owned() } else { names.into_iter().collect::<Vec<_>>().join(", ") }
}

/// Where each name was first seen: two files with the same name are a mistake.
#[derive(Default)]
struct First(BTreeMap<String, Place>);

impl First {
    fn check(&mut self, kind: &str, name: &str, place: Place, complaints: &mut Vec<Complaint>) {
        match self.0.get(name) {
            Some(first) => complaints.push(Complaint::new(
                place,
                format!("The {kind} {name:?} is there twice; first at {first}."),
                "Change or remove one of them.",
            )),
            None => drop(self.0.insert(name.to_owned(), place)),
        }
    }
}

/// Checks texts by language: English must be there, and each must be a line of plain text.
fn by_language<T>(
    file: &Read<T>,
    path: &[&str],
    texts: &BTreeMap<String, String>,
    longest: usize,
    complaints: &mut Vec<Complaint>,
) {
    if !texts.contains_key("en") {
        complaints.push(file.complaint(
            path,
            "The English text is missing.",
            "Add `en`: it is what everybody reads whose language has none.",
        ));
    }
    for (language, text) in texts {
        let path: Vec<&str> = path.iter().copied().chain([language.as_str()]).collect();
        if language.parse::<LanguageTag>().is_err() {
            complaints.push(file.complaint(
                &path,
                format!("{language:?} is not a language tag."),
                "Write it such as `en` or `de-AT`.",
            ));
        }
        if let Some(problem) = plain_text_problem(text, longest) {
            complaints.push(file.complaint(&path, format!("The text {problem}."), ""));
        }
    }
}

/// What is wrong with a short text that people read.
fn plain_text_problem(text: &str, longest: usize) -> Option<String> {
    let length = text.chars().count();
    if text.trim().is_empty() {
        Some("is empty".to_owned())
    } else if length > longest {
        Some(format!("has {length} characters, and may have {longest}"))
    } else if text.chars().any(hides_something) {
        Some("has control or invisible characters".to_owned())
    } else {
        None
    }
}

/// Control characters, and those that reorder or hide the text around them.
fn hides_something(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Whether a name is that of a file in the same folder, and leads nowhere else.
fn is_beside(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}
