//! Files that cannot be read as what they should be.

use std::path::Path;

use cli::{IssuerChoice, check_folder};

use crate::folder::{CLIENT, Folder, SERVER, TOOL, check};

#[test]
fn a_right_folder_has_no_complaints() {
    assert_eq!(Folder::new().lines(), Vec::<String>::new());
}

#[test]
fn what_is_no_configuration_is_refused_at_its_place() {
    check(&[
        ("server.toml", "[brand\nname = \"Acme\"\n", "server.toml:1", "not TOML"),
        ("server.toml", "[brand]\nname = \"Acme\nx = 1\n", "server.toml:2", "not TOML"),
        ("server.toml", "", "server.toml:1", "`brand` is missing"),
        ("server.toml", "demo = 1\n[brand]\nname = \"Acme\"\n", "server.toml:1", "expected a boolean"),
        (
            "server.toml",
            "[brand]\nname = \"Acme\"\ncolour = \"#123456\"\n",
            "server.toml:3",
            "no field `colour`",
        ),
        ("server.toml", "[brand]\nname = 2026-11-24\n", "server.toml:2", "date does not fit"),
        ("servers.toml", SERVER, "servers.toml:0", "Nothing reads this file"),
        (
            "clients/agent.toml",
            "id = \"agent\"\nnmae = \"Agent\"\n",
            "clients/agent.toml:2",
            "The fields are:",
        ),
        ("clients/agent.toml", "id = \"agent\"\nid = \"other\"\n", "clients/agent.toml:2", "duplicate key"),
        ("people.toml", "[[people]]\nuser_name = \"a\"\n", "people.toml:1", "`name` is missing"),
    ]);
}

/// After a bracket that is never closed, everything that follows it would be misread.
#[test]
fn what_does_not_parse_is_told_in_one_line() {
    let unclosed = CLIENT.replace("[\"authorization_code\"]", "[\"authorization_code\"");
    let many = format!("{SERVER}[lifetimes\ncode = \"1 minute\nx = = 1\n\"\n]\n");
    let key = format!("{CLIENT}jwks.keys = [{{ kty = \"OKP\"\n");
    for (file, text, line, said) in [
        ("clients/agent.toml", unclosed.as_str(), "clients/agent.toml:5", "A bracket is not closed"),
        ("clients/agent.toml", &key, "clients/agent.toml:6", "unclosed"),
        ("server.toml", &many, "server.toml:3", "unclosed table"),
        ("server.toml", "[brand\nname = \"Acme\"\n", "server.toml:1", "unclosed table"),
        ("server.toml", "[brand]\nname = = 1\nx = \"y\n", "server.toml:2", "extra `=`"),
    ] {
        let other = ("people.toml", "[[people]]\nuser_name = \"a\"\nname = \"A\"\nemail = \"b\"\n");
        let lines = Folder::new().with(file, text).with(other.0, other.1).lines();
        let (own, others): (Vec<&String>, Vec<&String>) = lines.iter().partition(|one| one.starts_with(file));
        assert_eq!(own.len(), 1, "{text}\n{lines:#?}");
        assert!(own[0].starts_with(&format!("{line} This is not TOML: ")), "{own:?}");
        assert!(own[0].contains(said), "{own:?}");
        assert_eq!(others.len(), 1, "the other files are still checked: {lines:#?}");
        assert!(others[0].starts_with("people.toml:4 "), "{others:?}");
    }
}

#[test]
fn a_secret_is_refused_wherever_it_stands() {
    let client = |line: &str| format!("{CLIENT}{line}\n");
    for (file, text, line) in [
        ("clients/agent.toml", client("client_secret = \"s3cr3t-value\""), 6),
        ("clients/agent.toml", client("\"client-secret\" = \"s3cr3t-value\""), 6),
        ("clients/agent.toml", client("secret = \"s3cr3t-value\""), 6),
        ("clients/agent.toml", client("private_key = \"s3cr3t-value\""), 6),
        (
            "people.toml",
            "[[people]]\nuser_name = \"a\"\nname = \"A\"\npassword = \"s3cr3t-value\"\n".to_owned(),
            4,
        ),
        (
            "people.toml",
            "[[people]]\nuser_name = \"a\"\nname = \"A\"\nattributes = { Password = \"s3cr3t-value\" }\n"
                .to_owned(),
            4,
        ),
        ("server.toml", format!("password = \"s3cr3t-value\"\n{SERVER}"), 1),
    ] {
        let lines = Folder::new().with(file, &text).lines();
        assert!(
            lines[0].starts_with(&format!("{file}:{line} ")) && lines[0].contains("no secret is ever read"),
            "{lines:?}"
        );
        assert_eq!(lines.len(), 1, "the field is not blamed twice: {lines:?}");
        assert!(!lines[0].contains("s3cr3t-value"), "the secret itself is not repeated: {lines:?}");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let folder = Folder::new()
        .with(
            "server.toml",
            "demo = \"yes\"\n[brand]\nnmae = \"Acme\"\n[lifetimes]\ncode = \"1 fortnight\"\n",
        )
        .with("tools/files.toml", &TOOL.replace("https://files.example", "files"))
        .with("clients/agent.toml", &format!("{CLIENT}scopes = [\"nonsense\"]\ntools = [\"nowhere\"]\n"))
        .with("people.toml", "[[people]]\nuser_name = \"a\"\nname = \"A\"\nemail = \"b\"\nzone = \"c\"\n");
    let lines = folder.lines();
    let places: Vec<&str> = lines.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(
        places,
        [
            "clients/agent.toml:6",
            "clients/agent.toml:7",
            "people.toml:4",
            "people.toml:5",
            "server.toml:1",
            "server.toml:2",
            "server.toml:3",
            "server.toml:5",
            "tools/files.toml:3",
        ],
        "{lines:#?}"
    );
}

/// Whoever refers to a file that cannot be read is not to blame.
#[test]
fn a_broken_tool_is_not_blamed_on_its_clients() {
    let folder = Folder::new()
        .with(
            "clients/agent.toml",
            &format!("{CLIENT}tools = [\"files\"]\nscopes = [\"files.read\"]\ndetail_types = [\"note\"]\n"),
        )
        .with("tools/files.toml", "id = ");
    let lines = folder.lines();
    assert!(lines.iter().all(|line| line.starts_with("tools/files.toml")), "{lines:#?}");
}

#[test]
fn a_missing_folder_and_a_missing_server_file_are_named() {
    let nowhere = check_folder(Path::new("/nonexistent/config"), &IssuerChoice::default()).unwrap_err();
    assert!(
        nowhere[0].to_string().starts_with("/nonexistent/config: There is no such folder."),
        "{nowhere:?}"
    );
    let without = Folder::new().without("server.toml");
    assert_eq!(without.lines().len(), 1);
    assert!(without.lines()[0].starts_with("server.toml:0 The file is missing."), "{:?}", without.lines());
}
