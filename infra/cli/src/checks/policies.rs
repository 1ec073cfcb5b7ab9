use std::path::Path;

use oauth::ResourceUri;
use oauth::configuration::{Client, DetailType, PolicyText, Server};
use policy::Known;

use crate::folder::POLICIES;
use crate::{Complaint, Place};

/// How large one file may be: an item of the table holds at most 400 KB.
const LARGEST: usize = 200_000;

/// Complains about everything in the policies that would not work as whoever wrote it means it.
pub(super) fn check(
    folder: &Path,
    texts: &[PolicyText],
    types: &[DetailType],
    clients: &[Client],
    tools: &[&ResourceUri],
    server: Option<&Server>,
    complaints: &mut Vec<Complaint>,
) {
    let folder = folder.join(POLICIES);
    for text in texts.iter().filter(|text| text.text.len() > LARGEST) {
        let place = Place::file(&folder.join(&text.file));
        complaints.push(Complaint::new(place, "The file has more than 200 KB.", "Divide it."));
    }
    let known = Known {
        types,
        clients: clients.iter().map(|client| client.id.as_str()).collect(),
        tools: tools.iter().map(|tool| tool.as_str()).collect(),
        server,
    };
    for mistake in policy::check(texts, &known) {
        let path = folder.join(&mistake.file);
        let source = texts.iter().find(|text| text.file == mistake.file);
        let place = source
            .map_or_else(|| Place::file(&path), |source| Place::at(&path, &source.text, mistake.offset));
        complaints.push(Complaint::new(place, mistake.wrong, mistake.remedy));
    }
}
