//! What is made from the types of the files is up to date, and the folders that ship are right.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cli::files::Lifetime;
use cli::{IssuerChoice, check_folder, read_policy_cases, reference, schemas};
use oauth::Timestamp;
use oauth::configuration::Lifetimes;
use serde_json::Value;

fn config(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config").join(path)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_schemas_are_fresh() {
    for file in schemas() {
        let path = config("schema").join(file.file_name());
        let kept: Value = serde_json::from_str(&read(&path)).unwrap();
        assert_eq!(
            kept,
            file.schema,
            "{} is stale: countersign schema --output infra/config/schema",
            path.display()
        );
        assert_eq!(read(&path), file.text(), "{}", path.display());
    }
}

#[test]
fn the_reference_is_fresh() {
    assert!(
        read(&config("README.md")) == reference(),
        "infra/config/README.md is stale: countersign schema --markdown > infra/config/README.md"
    );
}

#[test]
fn the_reference_explains_every_field() {
    let text = reference();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let meaning = line.trim_end_matches('|').rsplit('|').next().unwrap().trim();
        assert!(!meaning.is_empty(), "{line}");
    }
}

#[test]
fn the_demo_is_right_on_loopback() {
    let checked = check_folder(&config("demo"), &IssuerChoice::exactly("http://localhost:8690")).unwrap();
    let ids: BTreeSet<&str> = checked.snapshot.clients.iter().map(|client| client.id.as_str()).collect();
    let agents =
        ["browser-app", "chain-agent", "cleanup-agent", "finance-agent", "kiosk-agent", "nightly-agent"];
    let tools = ["customers-tool", "files-tool", "reports-tool"];
    assert_eq!(ids, agents.into_iter().chain(tools).collect());
    assert_eq!(checked.snapshot.tools.len(), 5);
    assert_eq!(checked.snapshot.detail_types.len(), 6);
    assert!(checked.people.iter().any(|person| person.user_name == "alice"));
}

/// The demo's people and clients must never end up in a real deployment.
#[test]
fn the_demo_is_refused_anywhere_else() {
    let complaints =
        check_folder(&config("demo"), &IssuerChoice::exactly("https://auth.example.com")).unwrap_err();
    let [complaint] = complaints.as_slice() else { panic!("{complaints:?}") };
    assert!(complaint.wrong.contains("demonstration"), "{complaint}");
    assert_eq!(complaint.place.position.map(|(line, _)| line), Some(4));
}

#[test]
fn the_starting_point_is_right() {
    check_folder(&config(""), &IssuerChoice::exactly("https://auth.example.com")).unwrap();
}

/// Editors complete a file by the schema that its first line names.
#[test]
fn every_file_names_its_schema() {
    for folder in ["", "clients", "tools", "details", "demo", "demo/clients", "demo/tools", "demo/details"] {
        let folder = config(folder);
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for path in entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|own| own == "toml"))
        {
            let text = read(&path);
            let schema = text.lines().next().and_then(|line| line.strip_prefix("#:schema "));
            let schema = schema.unwrap_or_else(|| panic!("{} names no schema", path.display()));
            assert!(path.with_file_name(schema).is_file(), "{}: {schema}", path.display());
        }
    }
}

/// The schema says the default of each lifetime, and the program has it: they must be the same.
#[test]
fn the_default_lifetimes_are_what_the_schema_says() {
    let [server, ..] = schemas();
    let said = &server.schema["properties"]["lifetimes"]["properties"];
    let real = serde_json::to_value(Lifetimes::default()).unwrap();
    assert_eq!(said.as_object().unwrap().len(), real.as_object().unwrap().len());
    for (name, seconds) in real.as_object().unwrap() {
        let default = Lifetime::parse(said[name]["default"].as_str().unwrap()).unwrap();
        assert_eq!(default.0.as_secs(), seconds.as_u64().unwrap(), "{name}");
    }
}

/// Editors complete policies by the schema beside them.
#[test]
fn the_schemas_of_the_policies_are_fresh() {
    for (folder, issuer) in [("", "https://auth.example.com"), ("demo", "http://localhost:8690")] {
        let snapshot = check_folder(&config(folder), &IssuerChoice::exactly(issuer)).unwrap().snapshot;
        let path = config(folder).join("policies/countersign.cedarschema");
        assert!(
            read(&path) == policy::schema(&snapshot.detail_types),
            "{} is stale: countersign policy schema DIR > {0}",
            path.display()
        );
    }
}

#[test]
fn the_cases_of_the_policies_that_ship_go_as_expected() {
    for (folder, issuer) in [("", "https://auth.example.com"), ("demo", "http://localhost:8690")] {
        let checked = check_folder(&config(folder), &IssuerChoice::exactly(issuer)).unwrap();
        let cases = read_policy_cases(&config(folder).join("policies/cases.toml")).unwrap().cases;
        assert!(cases.len() > 2);
        for case in cases {
            let now = Timestamp::from_seconds(1_795_608_000);
            assert_eq!(case.run(&checked.snapshot, &checked.people, now), Ok(None), "{}", case.name);
        }
    }
}
