//! Who may know whom: the rules of ARCHITECTURE.md, held against what cargo says of the workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// A package of the workspace: the folder it lies in, what it depends on, and what its tests depend on beside that.
struct Room {
    folder: String,
    dependencies: BTreeSet<String>,
    of_its_tests: BTreeSet<String>,
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
        let name = package["name"].as_str().expect("a name").to_owned();
        (name, Room { folder, dependencies: named(false), of_its_tests: named(true) })
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
        named.filter(|_| room.folder == "shared/oauth").collect()
    });
    assert_eq!(wrong, Vec::<String>::new());
}

/// Tools use it, and the authorizer before them: what the server is made of is not theirs to carry.
#[test]
fn what_tools_use_knows_the_protocol_alone() {
    let wrong = offenders(|room, rooms| {
        let may: &[&str] = match room.folder.as_str() {
            "shared/resource" => &["countersign-oauth"],
            "functions/authorizer" => &["countersign-resource"],
            _ => return Vec::new(),
        };
        within(room, rooms, "").filter(|name| !may.contains(&name.as_str())).collect()
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
