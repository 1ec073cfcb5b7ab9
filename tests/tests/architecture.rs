//! Who may know whom: the rules of ARCHITECTURE.md, held against what cargo says of the workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// A package of the workspace: the folder it lies in, what it depends on, and what its tests depend on beside that.
struct Room {
    folder: String,
    dependencies: BTreeSet<String>,
    of_its_tests: BTreeSet<String>,
    /// Its dependencies and those of its tests, as code names them.
    in_code: BTreeSet<String>,
}

fn rooms() -> BTreeMap<String, Room> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let root = metadata["workspace_root"].as_str().expect("a root");
    let read = |package: &Value| {
        let manifest = package["manifest_path"].as_str().expect("a path");
        let folder =
            manifest.trim_start_matches(root).trim_matches('/').trim_end_matches("/Cargo.toml").to_owned();
        let named = |for_tests: bool| -> BTreeSet<String> {
            let all = package["dependencies"].as_array().expect("a list").iter();
            all.filter(|dependency| (dependency["kind"] == "dev") == for_tests)
                .map(|dependency| dependency["name"].as_str().expect("a name").to_owned())
                .collect()
        };
        let in_code = package["dependencies"].as_array().expect("a list").iter().map(|dependency| {
            let name = dependency["rename"].as_str().or(dependency["name"].as_str());
            name.expect("a name").replace('-', "_")
        });
        let in_code = in_code.collect();
        let name = package["name"].as_str().expect("a name").to_owned();
        (name, Room { folder, dependencies: named(false), of_its_tests: named(true), in_code })
    };
    metadata["packages"].as_array().expect("packages").iter().map(read).collect()
}

fn offenders(rule: impl Fn(&Room, &BTreeMap<String, Room>) -> Vec<String>) -> Vec<String> {
    let rooms = rooms();
    assert!(rooms.len() > 15, "the workspace has rooms");
    rooms
        .values()
        .flat_map(|room| rule(room, &rooms).into_iter().map(|wrong| format!("{}: {wrong}", room.folder)))
        .collect()
}

/// The dependencies of a room that lie in a folder of the workspace.
fn within<'a>(
    room: &'a Room,
    rooms: &'a BTreeMap<String, Room>,
    folder: &'a str,
) -> impl Iterator<Item = String> + 'a {
    room.dependencies.iter().filter_map(move |name| {
        let found = rooms.get(name)?.folder.starts_with(folder);
        found.then(|| name.clone())
    })
}

#[test]
fn a_function_never_depends_on_another_function() {
    let wrong = offenders(|room, rooms| {
        let is_function = room.folder.starts_with("functions/");
        within(room, rooms, "functions/").filter(|_| is_function).collect()
    });
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn only_the_local_runner_knows_the_functions() {
    let wrong = offenders(|room, rooms| {
        let may = room.folder == "infra/local";
        within(room, rooms, "functions/").filter(|_| !may).collect()
    });
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_protocol_knows_no_room() {
    let wrong = offenders(|room, rooms| {
        let is_protocol = room.folder == "shared/oauth";
        within(room, rooms, "").filter(|_| is_protocol).collect()
    });
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn no_shared_room_depends_on_infra_or_on_functions() {
    let wrong = offenders(|room, rooms| {
        let is_shared = room.folder.starts_with("shared/");
        ["functions/", "infra/", "tests"]
            .into_iter()
            .flat_map(|folder| within(room, rooms, folder))
            .filter(|_| is_shared)
            .collect()
    });
    assert_eq!(wrong, Vec::<String>::new());
}

/// `infra/local` and `infra/cli` are exempt: the one makes the table of the embedded database, the other reads a deployment's
/// log in CloudWatch Logs and examines its table and keys.
#[test]
fn only_the_rooms_at_the_edge_name_the_sdk() {
    let may = ["shared/store", "shared/keys", "shared/deliver", "shared/aws", "infra/local", "infra/cli"];
    let wrong = offenders(|room, _| {
        let named = room.dependencies.iter().filter(|name| name.starts_with("aws-sdk-")).cloned();
        named.filter(|_| !may.contains(&room.folder.as_str())).collect()
    });
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_protocol_has_neither_clock_nor_dice_nor_runtime() {
    let wrong = offenders(|room, _| {
        let impure = ["tokio", "lambda_http", "reqwest", "rand", "getrandom", "tracing"];
        let named = room.dependencies.iter().filter(|name| impure.contains(&name.as_str())).cloned();
        named.filter(|_| ["shared/oauth", "shared/evidence"].contains(&room.folder.as_str())).collect()
    });
    assert_eq!(wrong, Vec::<String>::new());
}

/// Tools use it, and the authorizer before them: what the server is made of is not theirs to carry.
#[test]
fn what_tools_use_knows_the_protocol_alone() {
    let wrong = offenders(|room, rooms| {
        let may: &[&str] = match room.folder.as_str() {
            // Evidence as well, so that a verifier carries nothing of the server.
            "shared/resource" | "shared/evidence" => &["countersign-oauth"],
            "functions/authorizer" => &["countersign-resource"],
            _ => return Vec::new(),
        };
        within(room, rooms, "").filter(|name| !may.contains(&name.as_str())).collect()
    });
    assert_eq!(wrong, Vec::<String>::new());
}

/// Tokens are made in two places. The one that brings them has no use for policies and for XML, and does not carry them.
#[test]
fn whoever_brings_tokens_carries_neither_policies_nor_xml() {
    let wrong = offenders(|room, _| {
        let may = ["functions/token", "functions/notify"];
        let all = room.dependencies.iter();
        all.filter(|name| match room.folder.as_str() {
            "functions/notify" => ["countersign-policy", "countersign-saml"].contains(&name.as_str()),
            "shared/issuing" => {
                let heavy = ["countersign-admission", "countersign-policy", "countersign-saml"];
                heavy.contains(&name.as_str())
            }
            folder => name.as_str() == "countersign-issuing" && !may.contains(&folder),
        })
        .cloned()
        .collect()
    });
    assert_eq!(wrong, Vec::<String>::new());
}

/// Who shows an approval, keeps it, or checks it.
#[test]
fn whoever_has_to_do_with_approvals_knows_evidence_and_nobody_else() {
    let wrong = offenders(|room, _| {
        let may = [
            "shared/pages",
            "shared/reception",
            "shared/store",
            "functions/account",
            "functions/approval",
            "functions/consent",
            "functions/rotation",
            "infra/cli",
        ];
        let named = room.dependencies.iter().filter(|name| *name == "countersign-evidence").cloned();
        named.filter(|_| !may.contains(&room.folder.as_str())).collect()
    });
    assert_eq!(wrong, Vec::<String>::new());
}

/// What unit tests have in place of AWS is in nothing that is deployed, and does not know whom they test.
#[test]
fn the_fake_of_aws_is_for_tests_alone_and_knows_the_sdks_configuration_alone() {
    const FAKE: &str = "countersign-fake-aws";
    assert!(rooms().values().any(|room| room.of_its_tests.contains(FAKE)), "tests have it");
    let wrong = offenders(|room, rooms| {
        let has_it = room.dependencies.iter().filter(|name| *name == FAKE).cloned();
        let is_it = room.folder == "shared/fake-aws";
        let others = within(room, rooms, "").filter(|name| is_it && name != "countersign-aws");
        has_it.chain(others).collect()
    });
    assert_eq!(wrong, Vec::<String>::new());
}

/// Lambda's Runtime API, which runs programs and knows nothing of them.
const RUNTIME_API: &str = "countersign-lean-start";

/// Tests speak HTTP: they know no room of the product.
#[test]
fn the_tests_know_no_room() {
    let wrong = offenders(|room, rooms| {
        let is_tests = room.folder == "tests";
        let of_tests = room.of_its_tests.iter().filter(|name| rooms.contains_key(*name)).cloned();
        let of_tests = of_tests.filter(|name| name != RUNTIME_API);
        within(room, rooms, "").chain(of_tests).filter(|_| is_tests).collect()
    });
    assert_eq!(wrong, Vec::<String>::new());
}

/// All that a package is written in, without comments.
fn source(folder: &Path) -> String {
    let mut code = String::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            code += &source(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(path).expect("text");
            for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
                code.push_str(line);
                code.push('\n');
            }
        }
    }
    code
}

/// Whether code names a package: `name::` and not the end of another word or path.
fn names(code: &str, package: &str) -> bool {
    let path = format!("{package}::");
    code.match_indices(&path).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        before.is_none_or(|before| !before.is_alphanumeric() && !matches!(before, '_' | ':'))
    })
}

/// What a function is deployed with, it needs.
#[test]
fn a_function_names_every_package_that_it_depends_on() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are within the workspace");
    let wrong = offenders(|room, _| {
        if !room.folder.starts_with("functions/") {
            return Vec::new();
        }
        let code = source(&root.join(&room.folder));
        room.in_code.iter().filter(|package| !names(&code, package)).cloned().collect()
    });
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_package_is_named_by_a_path_that_begins_with_it() {
    assert!(names("use keys::Keys;", "keys"));
    assert!(names("fn a(b: &keys::Keys) {}", "keys"));
    for other in ["use crate::keys::Keys;", "use api_keys::Keys;", "let keys = 1;", "keys.sign()"] {
        assert!(!names(other, "keys"), "{other}");
    }
}
