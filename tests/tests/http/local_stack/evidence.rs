//! The evidence of an approval, as somebody takes it from the server and checks it elsewhere; and what shows when somebody who can write
//! the table has had their hands in it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::thread;

use serde_json::{Value, json};
use tests::program;

use crate::asking::{Answering, an_asking_agent, for_approval_of};
use crate::authenticator::Authenticator;
use crate::browser::Browser;
use crate::local_stack::countersigning::{signed, somebody_with_a_passkey, the_vault, to_sign};
use crate::person::Person;
use crate::stack::{Stack, own_folder};
use crate::token::verified;

/// Somebody who signs with a passkey what an agent asks of them.
pub(crate) struct Signer<'s> {
    stack: &'s Stack,
    pub(crate) person: Person,
    pub(crate) browser: Browser<'s>,
    authenticator: Authenticator,
}

/// What came of an approval.
pub(crate) struct Approved {
    pub(crate) id: String,
    pub(crate) sub: String,
    access_token: String,
}

impl<'s> Signer<'s> {
    pub(crate) fn new(stack: &'s Stack) -> Self {
        let (person, browser, authenticator) = somebody_with_a_passkey(stack);
        Self { stack, person, browser, authenticator }
    }

    /// One who has approved vaults with these names, one after another.
    pub(crate) fn of_vaults(stack: &'s Stack, names: &[&str]) -> (Self, Vec<Approved>) {
        let mut signer = Self::new(stack);
        let approved = names.iter().map(|name| signer.approves(&json!([the_vault(name)]))).collect();
        (signer, approved)
    }

    #[track_caller]
    pub(crate) fn approves(&mut self, details: &Value) -> Approved {
        let agent = an_asking_agent(self.stack);
        let asked = agent.waits_for_approval(&for_approval_of(&self.person.user_name, details));
        let page = self.browser.comes_to_approval(&self.person, &asked);
        let page = to_sign(self.browser.answers(&page, &Answering::Yes));
        let form = signed(&page, &mut self.authenticator);
        assert_eq!(self.browser.submits_and_stays("/approval", &form).status, 303);
        let access_token = agent.comes_with(&asked).ok().string("access_token");
        let claims = verified(self.stack, &access_token).claims;
        let claim = |name: &str| claims[name].as_str().unwrap_or_else(|| panic!("{claims}")).to_owned();
        Approved { id: claim("approval"), sub: claim("sub"), access_token }
    }

    /// The items of their chain, in its order.
    pub(crate) fn entries(&self, sub: &str) -> Vec<Value> {
        let mut items = self.stack.observer().items_of(&format!("EVIDENCE#{sub}"));
        items.sort_by_key(|item| item["sk"]["S"].as_str().map(str::to_owned));
        items
    }

    /// What an audit of their chain finds: nothing, or each break.
    #[track_caller]
    fn audited(&self) -> Vec<String> {
        let asked = ["evidence", "audit", "--person", &self.person.user_name];
        let found = said(&self.stack.operator().tries(&asked));
        if found.code == 0 {
            assert!(found.out.contains("younger than the last checkpoint"), "{}", found.out);
            return vec![];
        }
        assert_eq!(found.code, 1, "{found:?}");
        assert!(found.complaint.contains("Not in order"), "{}", found.complaint);
        let of_them = found.out.lines().filter_map(|line| line.strip_prefix("person-"));
        of_them.map(|line| line.split_once(": ").expect("whose, and what").1.to_owned()).collect()
    }
}

/// What a program did.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    complaint: String,
}

impl Said {
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.out, self.complaint)
    }
}

fn said(output: &Output) -> Said {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    Said {
        code: output.status.code().expect("a code"),
        out: text(&output.stdout),
        complaint: text(&output.stderr),
    }
}

/// The code of an audit, and what it says to a program.
#[track_caller]
pub(crate) fn audit(stack: &Stack, more: &[&str]) -> (i32, Value) {
    let found = said(&stack.operator().tries(&[&["evidence", "audit", "--json"], more].concat()));
    (found.code, serde_json::from_str(&found.out).unwrap_or_else(|_| panic!("{found:?}")))
}

/// The verifier of the command, which asks no server.
fn this_verifier(file: &Path, more: &[&Path]) -> Said {
    let mut command = Command::new(program("countersign"));
    said(&command.args(["evidence", "verify"]).arg(file).args(more).output().expect("it runs"))
}

/// The one in Python.
fn the_other_verifier(file: &Path, more: &[&Path]) -> Said {
    static PYTHON: OnceLock<String> = OnceLock::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/evidence");
    let python = PYTHON.get_or_init(|| {
        let made = said(&Command::new(folder.join("environment")).output().expect("it runs"));
        assert_eq!(made.code, 0, "{}", made.complaint);
        made.out.trim().to_owned()
    });
    let mut command = Command::new(python);
    said(&command.arg(folder.join("verify.py")).arg(file).args(more).output().expect("it runs"))
}

/// Both, which must say the same by their exit codes.
#[track_caller]
pub(crate) fn both_say(code: i32, file: &Path, more: &[&Path]) -> [Said; 2] {
    let both = [this_verifier(file, more), the_other_verifier(file, more)];
    assert_eq!([both[0].code, both[1].code], [code; 2], "{both:?}");
    both
}

#[track_caller]
pub(crate) fn exported(stack: &Stack, id: &str, folder: &Path) -> PathBuf {
    let file = folder.join("approval.json");
    let told = stack.operator().does(&["evidence", "export", id, "--output", &file.display().to_string()]);
    assert!(told.contains(id), "{told}");
    file
}

#[test]
fn what_is_exported_holds_before_both_verifiers_and_names_who_approved_what_for_whom() {
    let stack = Stack::shared();
    let (folder, mut signer) = (own_folder("evidence-exported"), Signer::new(stack));
    let approved = signer.approves(&json!([the_vault("A"), the_vault("B")]));
    let file = exported(stack, &approved.id, &folder);
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    for said in both_say(3, &file, &[]) {
        let name = format!("{} of the Tests", signer.person.user_name.to_uppercase());
        for told in
            [&name, &approved.sub, "Asking Agent", "Open the vault A", "Open the vault B", &approved.id]
        {
            assert!(said.out.contains(told), "{told} in {said:?}");
        }
        let all = said.all();
        assert!(all.contains("Self-consistent only: it is younger than the last checkpoint"), "{all}");
    }

    // By standard output it is the same, to the last byte.
    let written = stack.operator().does(&["evidence", "export", &approved.id]);
    assert_eq!(written, fs::read_to_string(&file).expect("a file"));
}

#[test]
fn the_access_token_lies_within_its_evidence_and_no_other_does() {
    let stack = Stack::shared();
    let (folder, mut signer) = (own_folder("evidence-token"), Signer::new(stack));
    let approved = signer.approves(&json!([the_vault("A")]));
    let second = signer.approves(&json!([the_vault("A")]));
    let file = exported(stack, &approved.id, &folder);
    let (keys, token, other) = (folder.join("jwks.json"), folder.join("token.jwt"), folder.join("other.jwt"));
    fs::write(&keys, stack.get("/jwks.json").ok().text()).expect("written");
    fs::write(&token, &approved.access_token).expect("written");
    fs::write(&other, &second.access_token).expect("written");
    let option = Path::new;
    for said in both_say(3, &file, &[option("--token"), &token]) {
        assert!(said.out.contains("lies within it"), "{said:?}");
    }
    let [under_keys, _] = both_say(3, &file, &[option("--anchor"), &keys, option("--token"), &token]);
    assert!(!under_keys.out.contains("who signed it was not looked at"), "{under_keys:?}");
    for refused in both_say(1, &file, &[option("--token"), &other]) {
        assert!(refused.all().contains("other_token"), "{refused:?}");
    }
}

#[test]
fn a_changed_word_is_refused() {
    let stack = Stack::shared();
    let folder = own_folder("evidence-changed");
    let (_, approved) = Signer::of_vaults(stack, &["A"]);
    let file = exported(stack, &approved[0].id, &folder);
    let text = fs::read_to_string(&file).expect("a file");
    for (from, to, why) in [
        ("Open the vault ", "Shut the vault ", "challenge"),
        ("Asking Agent", "Asking agent", "challenge"),
        (r#""value":"A""#, r#""value":"B""#, "challenge"),
        (r#""approved_at":1"#, r#""approved_at":2"#, "entry"),
    ] {
        let changed = folder.join("changed.json");
        assert!(text.contains(from), "{from} in {text}");
        fs::write(&changed, text.replacen(from, to, 1)).expect("written");
        for refused in both_say(1, &changed, &[]) {
            assert!(refused.all().contains(why), "{refused:?}");
        }
    }
}

#[test]
fn nothing_is_overwritten_and_nothing_is_made_of_an_id_that_is_not_there() {
    let stack = Stack::shared();
    let folder = own_folder("evidence-refused");
    let (_, approved) = Signer::of_vaults(stack, &["A"]);
    let file = folder.join("kept.json");
    fs::write(&file, "mine").expect("written");
    let path = file.display().to_string();
    let refused = stack.operator().is_refused(&["evidence", "export", &approved[0].id, "--output", &path]);
    assert!(refused.contains("is there already"), "{refused}");
    assert_eq!(fs::read_to_string(&file).expect("a file"), "mine");

    let nobody = "A".repeat(22);
    let path = folder.join("none.json").display().to_string();
    let refused = stack.operator().is_refused(&["evidence", "export", &nobody, "--output", &path]);
    assert!(refused.contains("no approval") && refused.contains(&nobody), "{refused}");
    assert!(!Path::new(&path).exists());
    assert_eq!(said(&stack.operator().tries(&["evidence", "export", "AAAA"])).code, 2);
}

#[test]
fn the_approvals_of_one_person_are_listed_and_of_nobody_else() {
    let stack = Stack::shared();
    let (signer, approved) = Signer::of_vaults(stack, &["A", "B"]);
    let (_, others) = Signer::of_vaults(stack, &["C"]);
    let list = |name: &str| stack.operator().tells(&["evidence", "list", "--person", name]);
    let listed = list(&signer.person.user_name);
    assert_eq!(listed, list(&approved[0].sub), "by the sub as by the name");
    let rows = listed["approvals"].as_array().expect("a list");
    let told: Vec<_> = rows.iter().map(|row| (&row["approval"], &row["number"], &row["sentence"])).collect();
    let expected = [
        (&json!(approved[0].id), &json!(1), &json!("Open the vault A")),
        (&json!(approved[1].id), &json!(2), &json!("Open the vault B")),
    ];
    assert_eq!(told, expected);
    assert_eq!((&rows[0]["client_id"], &listed["changed"]), (&json!("asking-agent"), &json!([])));
    let text = stack.operator().does(&["evidence", "list", "--person", &signer.person.user_name]);
    assert!(text.contains(&approved[1].id) && text.contains("2 in all."), "{text}");
    assert!(!text.contains(&others[0].id), "{text}");
    let refused = stack.operator().is_refused(&["evidence", "list", "--person", "nobody-of-that-name"]);
    assert!(refused.contains("nobody with the user name"), "{refused}");
}

/// Their passwords, devices and passkeys are gone, and what they approved is not.
#[test]
fn the_approvals_of_somebody_who_was_removed_stay() {
    let stack = Stack::shared();
    let (signer, approved) = Signer::of_vaults(stack, &["A"]);
    stack.operator().does(&["user", "remove", &signer.person.user_name]);
    assert_eq!(
        this_verifier(&exported(stack, &approved[0].id, &own_folder("evidence-removed")), &[]).code,
        3
    );
    let listed = stack.operator().does(&["evidence", "list", "--person", &approved[0].sub]);
    assert!(listed.contains(&approved[0].id), "{listed}");
    let audited = stack.operator().does(&["evidence", "audit", "--person", &approved[0].sub]);
    assert!(audited.contains("1 approval of 1 chain read."), "{audited}");
}

#[test]
fn what_is_removed_swapped_or_changed_in_the_table_is_named() {
    let stack = Stack::shared();
    let observer = stack.observer();
    let (signer, approved) = Signer::of_vaults(stack, &["A", "B", "C"]);
    let sub = &approved[0].sub;
    let entries = signer.entries(sub);
    let head = &observer.item("HEADS#", sub);
    assert_eq!(signer.audited(), Vec::<String>::new());

    for (place, entry) in (1..).zip(&entries) {
        observer.removes(entry);
        assert_eq!(signer.audited(), [format!("approval {place} is not there: removed")]);
        observer.puts(entry);
    }

    let (mut first, mut second) = (entries[0].clone(), entries[1].clone());
    (first["body"], second["body"]) = (entries[1]["body"].clone(), entries[0]["body"].clone());
    for item in [&first, &second] {
        observer.puts(item);
    }
    let at = |place, id: &str, number| {
        format!("at the place of approval {place} stands {id}, which was approval {number}: moved")
    };
    assert_eq!(signer.audited(), [at(1, &approved[1].id, 2), at(2, &approved[0].id, 1)]);
    let refused = stack.operator().is_refused(&["evidence", "export", &approved[0].id]);
    assert!(refused.contains("(entry)"), "another approval is not exported for it: {refused}");
    for item in &entries {
        observer.puts(item);
    }

    let mut changed = entries[1].clone();
    let text = changed["body"]["S"].as_str().expect("a text").replacen("Open the", "Shut the", 1);
    changed["body"]["S"] = json!(text);
    observer.puts(&changed);
    let found = signer.audited();
    assert_eq!(found.len(), 1, "what follows it is in order: {found:?}");
    assert!(found[0].starts_with("approval 2 was changed: "), "{found:?}");
    let refused = stack.operator().is_refused(&["evidence", "export", &approved[1].id]);
    assert!(refused.contains("(challenge)"), "{refused}");
    let refused = stack.operator().is_refused(&["evidence", "list", "--person", sub]);
    assert!(refused.contains("changed: approval 2."), "{refused}");
    observer.puts(&entries[1]);

    let mut behind = head.clone();
    behind["body"]["S"] =
        json!(head["body"]["S"].as_str().expect("a text").replace("\"number\":3", "\"number\":2"));
    observer.puts(&behind);
    assert!(signer.audited()[0].starts_with("the head names approval 2, and there are 3"));
    behind["body"]["S"] = json!("{}");
    observer.puts(&behind);
    assert_eq!(signer.audited().len(), 1, "the head cannot be read");
    observer.removes(head);
    assert_eq!(signer.audited(), ["the head of the chain is not there: removed"]);
    observer.puts(head);
    assert_eq!(signer.audited(), Vec::<String>::new());
}

#[test]
fn everybodys_chains_are_audited_and_one_without_its_head_is_found() {
    let stack = Stack::start("evidence-of-all", &[]);
    let (code, none) = audit(&stack, &[]);
    assert_eq!((code, &none["verdict"], &none["chains"]), (0, &json!("in_order"), &json!(0)));
    let (_, one) = Signer::of_vaults(&stack, &["A"]);
    let (signer, other) = Signer::of_vaults(&stack, &["B", "C"]);
    let (code, told) = audit(&stack, &[]);
    assert_eq!(
        (code, &told["chains"], &told["approvals"], &told["breaks"]),
        (0, &json!(2), &json!(3), &json!([]))
    );
    assert!(
        told["limits"].as_str().is_some_and(|said| said.contains("younger than the last checkpoint")),
        "{told}"
    );

    let head = stack.observer().item("HEADS#", &one[0].sub);
    stack.observer().removes(&head);
    stack.observer().removes(&signer.entries(&other[0].sub)[1]);
    let (code, told) = audit(&stack, &[]);
    assert_eq!((code, &told["verdict"]), (1, &json!("broken")));
    let found = told["breaks"].as_array().expect("a list");
    assert_eq!(found.len(), 2, "{told}");
    let of = |sub: &str| found.iter().find(|wrong| wrong["chain"] == sub).expect("theirs");
    assert_eq!(of(&one[0].sub)["kind"], "no_head", "{told}");
    let missing = of(&other[0].sub);
    assert_eq!(
        (&missing["kind"], &missing["first"], &missing["last"]),
        (&json!("missing"), &json!(2), &json!(2)),
        "{told}"
    );
}

/// The head is read before the approvals, and one that comes meanwhile is no break.
#[test]
fn an_audit_of_a_chain_that_grows_finds_no_break() {
    let stack = Stack::shared();
    let (mut signer, _) = Signer::of_vaults(stack, &["A"]);
    let name = signer.person.user_name.clone();
    thread::scope(|scope| {
        let growing = scope.spawn(move || {
            for vault in ["B", "C", "D"] {
                signer.approves(&json!([the_vault(vault)]));
            }
        });
        while !growing.is_finished() {
            stack.operator().does(&["evidence", "audit", "--person", &name]);
        }
        growing.join().expect("all were approved");
    });
    let audited = stack.operator().does(&["evidence", "audit", "--person", &name]);
    assert!(audited.contains("4 approvals of 1 chain read."), "{audited}");
}
