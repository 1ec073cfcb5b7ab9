//! What of one tool's rights becomes which of another's.

use crate::folder::check;

const BANK: &str = "id = \"bank\"\nname = \"Bank\"\nresource = \"https://bank.example\"\n\
    [scopes.\"bank.read\"]\ndescription.en = \"x\"\n[[exchange]]\n";

#[test]
fn a_rule_that_could_let_nothing_pass_is_refused() {
    let cases = [
        ("from = \"files\"\nbecomes = \"bank.read\"", 7, "about one scope or one type"),
        (
            "from = \"files\"\nscope = \"x\"\ndetail_type = \"y\"\nbecomes = \"bank.read\"",
            7,
            "about one scope or one type",
        ),
        ("from = \"filez\"\nscope = \"files.read\"\nbecomes = \"bank.read\"", 7, "There is no tool"),
        ("from = \"bank\"\nscope = \"bank.read\"\nbecomes = \"bank.read\"", 7, "stay what they are"),
        ("from = \"files\"\nscope = \"files.evil\"\nbecomes = \"bank.read\"", 8, "has no scope `files.evil`"),
        ("from = \"files\"\nscope = \"files.read\"\nbecomes = \"bank.evil\"", 9, "has no scope `bank.evil`"),
        ("from = \"files\"\ndetail_type = \"evil\"\nbecomes = \"evil\"", 8, "takes no type `evil`"),
        (
            "from = \"files\"\ndetail_type = \"file_access\"\nbecomes = \"evil\"",
            6,
            "Nothing says what the fields become",
        ),
    ];
    for (rule, line, wrong) in cases {
        check(&[("tools/bank.toml", &format!("{BANK}{rule}\n"), &format!("tools/bank.toml:{line}"), wrong)]);
    }
}
