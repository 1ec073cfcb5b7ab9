use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use csv::{Position, Reader, StringRecord};
use oauth::configuration::Profile;

use crate::checks::profile_problems;
use crate::{Complaint, Place};

/// The columns of a CSV file of people, besides `attribute.NAME`.
const COLUMNS: [&str; 7] = ["user_name", "name", "email", "phone_number", "groups", "locale", "zone"];
const ATTRIBUTE: &str = "attribute.";

/// Reads people from a CSV file (RFC 4180) whose first line names the columns: `user_name` and `name`, and if they are there
/// `email`, `phone_number`, `groups` (with `;` between), `locale`, `zone`, and `attribute.NAME` for anything else.
///
/// # Errors
/// Everything that is wrong, by line; there is at least one complaint.
pub fn read_people_table(path: &Path) -> Result<Vec<Profile>, Vec<Complaint>> {
    let whole = |wrong: String| vec![Complaint::new(Place::file(path), wrong, "")];
    let mut reader =
        Reader::from_path(path).map_err(|error| whole(format!("The file cannot be read: {error}.")))?;
    let header = reader.headers().map_err(|error| whole(format!("This is not CSV: {error}.")))?.clone();
    let complaints = header_complaints(path, &header);
    // Without its columns no line makes sense.
    if complaints.is_empty() { people(path, &header, &mut reader) } else { Err(complaints) }
}

fn people(
    path: &Path,
    header: &StringRecord,
    reader: &mut Reader<File>,
) -> Result<Vec<Profile>, Vec<Complaint>> {
    let (mut people, mut user_names, mut complaints) = (Vec::new(), BTreeMap::new(), Vec::new());
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                complaints.push(unreadable(path, &error));
                continue;
            }
        };
        let line = record.position().map_or(0, Position::line);
        let profile = profile(header, &record);
        let mut refuse =
            |wrong: String, remedy: &str| complaints.push(Complaint::new(at_line(path, line), wrong, remedy));
        for (_, problem) in profile_problems(&profile) {
            refuse(problem, "");
        }
        if let Some(first) = user_names.insert(profile.user_name.clone(), line) {
            refuse(
                format!("The user name {:?} is there twice; first in line {first}.", profile.user_name),
                "Remove one of the lines.",
            );
        }
        people.push(profile);
    }
    if complaints.is_empty() { Ok(people) } else { Err(complaints) }
}

fn header_complaints(path: &Path, header: &StringRecord) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut refuse =
        |wrong: String, remedy: &str| complaints.push(Complaint::new(at_line(path, 1), wrong, remedy));
    let mut seen = BTreeSet::new();
    for column in header {
        if column.to_ascii_lowercase().contains("password") {
            refuse(
                format!("The column {column:?} is a secret, and no secret is ever read from a file."),
                "Take it out, and let `countersign user reset-password` make each person's password.",
            );
        } else if !COLUMNS.contains(&column) && column.strip_prefix(ATTRIBUTE).is_none_or(str::is_empty) {
            refuse(
                format!("There is no column {column:?}."),
                "The columns are user_name, name, email, phone_number, groups, locale, zone and attribute.NAME.",
            );
        }
        if !seen.insert(column) {
            refuse(format!("The column {column:?} is there twice."), "");
        }
    }
    for column in ["user_name", "name"] {
        if !seen.contains(column) {
            refuse(format!("The column {column:?} is missing."), "The first line names the columns.");
        }
    }
    complaints
}

fn profile(header: &StringRecord, record: &StringRecord) -> Profile {
    let cells: BTreeMap<&str, &str> =
        header.iter().zip(record.iter().map(str::trim)).filter(|(_, cell)| !cell.is_empty()).collect();
    let cell = |column: &str| cells.get(column).map(|text| (*text).to_owned());
    Profile {
        user_name: cell("user_name").unwrap_or_default().to_lowercase(),
        name: cell("name").unwrap_or_default(),
        email: cell("email"),
        phone_number: cell("phone_number"),
        groups: cell("groups")
            .iter()
            .flat_map(|groups| groups.split(';'))
            .map(|group| group.trim().to_owned())
            .filter(|group| !group.is_empty())
            .collect(),
        attributes: cells
            .iter()
            .filter_map(|(column, text)| {
                Some((column.strip_prefix(ATTRIBUTE)?.to_owned(), (*text).to_owned()))
            })
            .collect(),
        locale: cell("locale"),
        zone: cell("zone"),
    }
}

fn unreadable(path: &Path, error: &csv::Error) -> Complaint {
    let place = error.position().map_or_else(|| Place::file(path), |position| at_line(path, position.line()));
    let wrong = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("The line has {len} cells, and the first line names {expected_len} columns.")
        }
        csv::ErrorKind::Utf8 { .. } => "The line is not UTF-8.".to_owned(),
        _ => format!("This is not CSV: {error}."),
    };
    Complaint::new(place, wrong, "")
}

fn at_line(path: &Path, line: u64) -> Place {
    Place { file: path.to_owned(), position: Some((usize::try_from(line).unwrap_or(usize::MAX), 1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, text: &str) -> Result<Vec<Profile>, String> {
        let path = std::env::temp_dir().join(format!("countersign-{}-{name}.csv", std::process::id()));
        std::fs::write(&path, text).expect("written");
        let people = read_people_table(&path);
        std::fs::remove_file(&path).expect("removed");
        people.map_err(|complaints| {
            let lines: Vec<String> = complaints
                .iter()
                .map(|complaint| {
                    let line = complaint.place.position.map_or(0, |(line, _)| line);
                    format!("{line}: {}", complaint.wrong)
                })
                .collect();
            lines.join("\n")
        })
    }

    #[test]
    fn people_are_read_with_their_groups_and_attributes() {
        let people = table(
            "people",
            "user_name,name,groups,attribute.department,email\nAlice,Alice Example,finance; staff,Finance,\n",
        );
        let alice = &people.expect("it is right")[0];
        assert_eq!((alice.user_name.as_str(), alice.email.as_ref()), ("alice", None));
        assert_eq!(alice.groups.iter().collect::<Vec<_>>(), ["finance", "staff"]);
        assert_eq!(alice.attributes["department"], "Finance");
    }

    #[test]
    fn everything_wrong_is_told_by_line() {
        let wrong = table("wrong", "user_name,name,email\nalice,Alice,alice\nbob\nAlice,Other,\n,Nobody,\n")
            .expect_err("refused");
        for said in [
            "2: \"alice\" is not an e-mail",
            "3: The line has 1 cells",
            "4: The user name \"alice\" is there twice; first in line 2",
            "5: The user name is empty",
        ] {
            assert!(wrong.contains(said), "{said} in {wrong}");
        }
    }

    #[test]
    fn a_column_of_passwords_is_refused() {
        let wrong =
            table("passwords", "user_name,name,Password\nalice,Alice,hunter2hunter2\n").expect_err("refused");
        assert!(wrong.contains("is a secret") && !wrong.contains("hunter2"), "{wrong}");
    }
}
