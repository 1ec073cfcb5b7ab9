//! Tools that take SAML assertions.

use crate::folder::{DETAIL, Folder, TOOL, check};

/// A tool with its `saml` table, which begins at line 6; what is named stands below line 8.
fn tool(rest: &str) -> String {
    format!(
        "{TOOL}[saml]\naudience = \"https://files.example/saml\"\nrecipient = \"https://files.example/acs\"\n{rest}\n"
    )
}

const WHOLE: &str = r#"name_id = "email"
lifetime = "10 min"
[saml.attributes]
Groups = "groups"
"urn:oid:2.5.4.11" = { attribute = "department" }
Role = { scopes = { "files.read" = "Reader" } }
Text = { detail = { type = "note", field = "/text" } }
"#;

#[test]
fn a_tool_that_takes_assertions_is_accepted() {
    let folder = Folder::new().with("tools/files.toml", &tool(WHOLE));
    assert_eq!(folder.lines(), Vec::<String>::new());
    let on_loopback = tool("").replace("https://files.example/acs", "http://localhost:9000/acs");
    assert_eq!(Folder::new().with("tools/files.toml", &on_loopback).lines(), Vec::<String>::new());
}

#[test]
fn a_saml_table_that_does_not_hold_together_is_refused() {
    let attribute = |line: &str| tool(&format!("[saml.attributes]\n{line}"));
    let cases = [
        (tool("").replace("\"https://files.example/saml\"", "\"\""), 7, "The entity id is empty"),
        (tool("").replace("https://files.example/acs", "http://files.example/acs"), 8, "not an https URL"),
        (tool("").replace("https://files.example/acs", "https://files.example/acs#x"), 8, "not an https URL"),
        (tool("").replace("https://files.example/acs", "https://a@files.example/"), 8, "not an https URL"),
        (tool("lifetime = \"11 min\""), 9, "must lie between 30 s and 10 min"),
        (tool("name_id = \"persistent\""), 9, "unknown variant"),
        (tool("sign = true"), 9, "There is no field `sign`"),
        (attribute("scope = \"groups\""), 10, "a meaning of its own"),
        (attribute("authorization_details = \"groups\""), 10, "a meaning of its own"),
        (attribute("\"two words\" = \"groups\""), 10, "neither a URI nor a word"),
        (attribute("Role = { scopes = { \"files.write\" = \"x\" } }"), 10, "no scope `files.write`"),
        (attribute("Text = { detail = { type = \"note\", field = \"text\" } }"), 10, "not a JSON pointer"),
        (
            attribute("Text = { detail = { type = \"nota\", field = \"/text\" } }"),
            10,
            "no detail type `nota`",
        ),
        (attribute("Key = \"password\""), 10, "unknown variant"),
    ];
    for (text, line, told) in &cases {
        check(&[("tools/files.toml", text, &format!("tools/files.toml:{line}"), told)]);
    }
}

/// Who takes an assertion looks at its audience: it must not be good at two tools.
#[test]
fn two_tools_with_one_audience_are_refused() {
    let other = tool("")
        .replace("\"files\"", "\"other\"")
        .replace("https://files.example\"", "https://other.example\"");
    let folder = Folder::new().with("tools/files.toml", &tool("")).with("tools/other.toml", &other);
    let lines = folder.lines();
    assert!(
        lines.iter().any(|line| line.contains("saml audience") && line.contains("is there twice")),
        "{lines:?}"
    );
}

/// A type that exists, and whose details no token for this tool can carry.
#[test]
fn an_attribute_from_a_detail_of_another_tool_is_refused() {
    let other = TOOL.replace("\"files\"", "\"other\"").replace("files.example", "other.example");
    let folder = Folder::new()
        .with("tools/files.toml", &tool(WHOLE))
        .with("tools/other.toml", &other.replace("files.read", "other.read"))
        .with("details/note.toml", &DETAIL.replace("[\"files\"]", "[\"other\"]"));
    let lines = folder.lines();
    assert!(lines.iter().any(|line| line.contains("The tool has no detail type `note`")), "{lines:?}");
}
