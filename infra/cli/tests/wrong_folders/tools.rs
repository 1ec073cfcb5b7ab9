//! Tools and types of details.

use crate::folder::{CLIENT, DETAIL, TOOL, check};

#[test]
fn a_tool_that_does_not_hold_together_is_refused() {
    let tool = |rest: &str| format!("{}\n{rest}\n", TOOL.lines().take(3).collect::<Vec<_>>().join("\n"));
    check(&[
        (
            "tools/files.toml",
            &TOOL.replace("\"files\"", "\"fi les\""),
            "tools/files.toml:1",
            "cannot be a tool's id",
        ),
        (
            "tools/files.toml",
            &TOOL.replace("https://files.example", "files"),
            "tools/files.toml:3",
            "not an absolute URI",
        ),
        (
            "tools/files.toml",
            &TOOL.replace("files.example", "files.example#x"),
            "tools/files.toml:3",
            "not an absolute URI",
        ),
        (
            "tools/files.toml",
            &TOOL.replace("https://files.example", "https://auth.example.com"),
            "tools/files.toml:3",
            "issuer itself",
        ),
        (
            "tools/files.toml",
            &tool("locations = [\"https://a.example\", \"b\"]"),
            "tools/files.toml:4",
            "not an absolute URI",
        ),
        (
            "tools/files.toml",
            &tool("access_token_lifetime = \"1 d\""),
            "tools/files.toml:4",
            "must lie between 30 s and 1 h",
        ),
        ("tools/files.toml", &tool("signing_alg = \"none\""), "tools/files.toml:4", "unknown variant"),
        (
            "tools/files.toml",
            &tool("[scopes.openid]\ndescription.en = \"x\""),
            "tools/files.toml:4",
            "scope of the issuer",
        ),
        (
            "tools/files.toml",
            &tool("[scopes.\"a b\"]\ndescription.en = \"x\""),
            "tools/files.toml:4",
            "cannot be a scope",
        ),
        (
            "tools/files.toml",
            &tool("[scopes.a]\ndescription.de = \"x\""),
            "tools/files.toml:5",
            "English text is missing",
        ),
        (
            "tools/files.toml",
            &tool("[scopes.a]\ndescription = { en = \"x\", nonsense1 = \"y\" }"),
            "tools/files.toml:5",
            "not a language tag",
        ),
        ("tools/files.toml", &tool("[claims]\nsub = \"email\""), "tools/files.toml:5", "meaning of its own"),
        (
            "tools/files.toml",
            &tool("[claims]\nauthorization_details = \"email\""),
            "tools/files.toml:5",
            "meaning of its own",
        ),
        ("tools/files.toml", &tool("[claims]\nx = \"password\""), "tools/files.toml:5", "unknown variant"),
        ("tools/other.toml", TOOL, "tools/other.toml:1", "is there twice; first at"),
        (
            "tools/other.toml",
            &TOOL.replace("\"files\"", "\"other\""),
            "tools/other.toml:3",
            "The resource \"https://files.example\" is there twice",
        ),
        ("clients/other.toml", CLIENT, "clients/other.toml:1", "The client \"agent\" is there twice"),
        ("details/other.toml", DETAIL, "details/other.toml:1", "The detail type \"note\" is there twice"),
    ]);
}

#[test]
fn a_detail_type_that_hides_something_is_refused() {
    check(&[
        (
            "details/note.toml",
            &DETAIL.replace("[\"files\"]", "[\"filez\"]"),
            "details/note.toml:2",
            "There is no tool `filez`",
        ),
        (
            "details/note.toml",
            &DETAIL.replace("[\"files\"]", "[]"),
            "details/note.toml:2",
            "at least one tool",
        ),
        (
            "details/note.toml",
            &DETAIL.replace("{ $text }", "something"),
            "details/note.toml:3",
            "must tell of $text",
        ),
        (
            "details/note.toml",
            &DETAIL.replace(".en", ".de"),
            "details/note.toml:3",
            "English sentence is missing",
        ),
        (
            "details/note.toml",
            &DETAIL.replace("additionalProperties = false\n", ""),
            "details/note.toml:4",
            "refuse unknown fields",
        ),
        (
            "details/note.toml",
            &format!("narrowing = {{ \"/texd\" = \"subset\" }}\n{DETAIL}"),
            "details/note.toml:1",
            "no field",
        ),
        (
            "details/note.toml",
            &format!("narrowing = {{ \"/text\" = \"wider\" }}\n{DETAIL}"),
            "details/note.toml:1",
            "unknown variant",
        ),
    ]);
}
