use crate::folder::{Folder, check};

const SOUND: &str = "@id(\"agent-asks\")\npermit (principal == Client::\"agent\", action == Action::\"ask\", resource == Tool::\"https://files.example\");\n";

#[test]
fn sound_policies_are_no_complaint() {
    let folder =
        Folder::new().with("policies/agents.cedar", SOUND).with("policies/cases.toml", "cases = []\n");
    assert_eq!(folder.lines(), Vec::<String>::new());
}

#[test]
fn a_wrong_policy_is_told_by_file_and_line() {
    check(&[
        (
            "policies/a.cedar",
            "\npermit (principal, action resource);",
            "policies/a.cedar:2",
            "This is not Cedar",
        ),
        ("policies/a.cedar", "\n\npermit (principal, action, resource);", "policies/a.cedar:3", "no id"),
        (
            "policies/a.cedar",
            "@id(\"a\") permit (principal, action, resource)\nwhen { context.depht == 1 };",
            "policies/a.cedar:2",
            "depht",
        ),
        (
            "policies/a.cedar",
            "@id(\"a\")\nforbid (principal == Client::\"agnet\", action, resource);",
            "policies/a.cedar:2",
            "There is no client \"agnet\".",
        ),
        (
            "policies/a.cedar",
            "@id(\"a\")\nforbid (principal, action, resource == Tool::\"https://files.example/\");",
            "policies/a.cedar:2",
            "There is no tool",
        ),
    ]);
}

/// A type's own fields can be spoken of, and only with the names that they have.
#[test]
fn a_policy_about_a_type_fits_the_type() {
    let about = |field: &str| {
        format!(
            "@id(\"a\") permit (principal, action, resource) when {{ context has detail && context.detail has note && context.detail.note.{field} == \"x\" }};"
        )
    };
    assert_eq!(Folder::new().with("policies/a.cedar", &about("text")).lines(), Vec::<String>::new());
    let lines = Folder::new().with("policies/a.cedar", &about("texd")).lines();
    assert!(
        lines.iter().any(|line| line.starts_with("policies/a.cedar:1 ") && line.contains("texd")),
        "{lines:#?}"
    );
}

#[test]
fn two_policies_never_share_an_id() {
    let folder = Folder::new().with("policies/a.cedar", SOUND).with("policies/b.cedar", SOUND);
    let lines = folder.lines();
    let [line] = lines.as_slice() else { panic!("{lines:#?}") };
    assert!(line.starts_with("policies/b.cedar:1 ") && line.contains("a.cedar"), "{line}");
}

/// A file that nobody reads forbids nothing.
#[test]
fn whatever_else_lies_there_is_complained_about() {
    for name in ["policies/forbid.ceda", "policies/more/forbid.cedar", "policies/forbid"] {
        let lines = Folder::new().with(name, SOUND).lines();
        let [line] = lines.as_slice() else { panic!("{name}: {lines:#?}") };
        assert!(line.contains("Nothing reads this file."), "{line}");
    }
}
