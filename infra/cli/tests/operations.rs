//! The command as an operator types it, against a table in memory. What it did is read from the table.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use environment::Clock;
use evidence::{Checkpoint, EvidenceFile, SignedCheckpoint, Tree};
use oauth::{ClientId, Secret, Timestamp};
use serde_json::{Value, json};
use sessions::{Password, PasswordHash};
use store::{Person, Store};
use tokio::net::TcpListener;

/// A table, and a data folder that says where it is.
struct Operator {
    folder: PathBuf,
    store: Store,
    database: dynoxide::Database,
}

impl Operator {
    async fn new(name: &str) -> Self {
        let database = dynoxide::Database::memory().expect("memory");
        let table = json!({
            "TableName": "countersign",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": (["pk", "sk", "owner", "owner_sort"].map(|name| json!({"AttributeName": name, "AttributeType": "S"}))),
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            "GlobalSecondaryIndexes": [{
                "IndexName": "by_owner",
                "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}, {"AttributeName": "owner_sort", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }],
        });
        database.create_table(serde_json::from_value(table).expect("a request")).expect("made");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(dynoxide::server::serve_with_shutdown(
            listener,
            database.clone(),
            std::future::pending(),
        ));
        let folder = std::env::temp_dir().join(format!("countersign-operator-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("made");
        let running = json!({ "table": "countersign", "table_endpoint": endpoint });
        std::fs::write(folder.join("running.json"), running.to_string()).expect("written");
        let store = Store::reached_by(&aws::local(&endpoint), "countersign");
        Self { folder, store, database }
    }

    /// Runs the command, with `input` on its standard input.
    async fn run_with(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(arguments).arg("--data").arg(&self.folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in ["COUNTERSIGN_TABLE", "AWS_ENDPOINT_URL"] {
            command.env_remove(name);
        }
        let input = input.to_owned();
        let running = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().expect("started");
            let mut standard_input = child.stdin.take().expect("piped");
            // A command that reads nothing may have ended already.
            let _ = standard_input.write_all(input.as_bytes());
            drop(standard_input);
            child.wait_with_output().expect("ended")
        });
        running.await.expect("ran")
    }

    /// Runs a command that asks no server.
    async fn bare(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(arguments);
        tokio::task::spawn_blocking(move || command.output().expect("ran")).await.expect("ran")
    }

    async fn run(&self, arguments: &[&str]) -> String {
        let output = self.run_with(arguments, "").await;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }

    async fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run_with(arguments, "").await;
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    async fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(arguments).await).expect("JSON")
    }

    async fn apply(&self, folder: &Path, more: &[&str]) -> Value {
        let folder = folder.display().to_string();
        let arguments = ["apply", folder.as_str(), "--issuer", "http://localhost:8690", "--json"];
        self.json(&[&arguments, more].concat()).await
    }

    /// Every item of the table, as text.
    fn items(&self) -> Vec<String> {
        let items = self
            .database
            .scan(serde_json::from_value(json!({ "TableName": "countersign" })).expect("a request"));
        let items = serde_json::to_value(items.expect("read")).expect("JSON")["Items"].clone();
        items.as_array().into_iter().flatten().map(Value::to_string).collect()
    }

    async fn person(&self, user_name: &str) -> Person {
        self.store
            .person_by_user_name(user_name)
            .await
            .expect("the table answers")
            .expect("the person is there")
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/demo")
}

fn now() -> Timestamp {
    Clock::system().now()
}

fn is_the_password_of(person: &Person, password: &str) -> bool {
    let kept = person.password_hash.clone().map(PasswordHash::kept);
    Password::typed(password.to_owned()).expect("a password").is(kept.as_ref())
}

#[tokio::test(flavor = "multi_thread")]
async fn applying_shows_what_changes_and_puts_it_in_force() {
    let operator = Operator::new("apply").await;
    let planned = operator.apply(&demo(), &["--dry-run"]).await;
    assert!(planned["changes"].as_array().is_some_and(|changes| changes.len() > 10), "{planned}");
    assert!(operator.store.snapshot().await.unwrap().is_none(), "a dry run changes nothing");

    let applied = operator.apply(&demo(), &["--yes"]).await;
    assert_eq!(applied["version"], 1);
    let with_a_secret = [
        "chain-agent",
        "cleanup-agent",
        "customers-tool",
        "files-tool",
        "finance-agent",
        "kiosk-agent",
        "nightly-agent",
        "reports-tool",
    ];
    assert_eq!(applied["clients_without_secret"], json!(with_a_secret));
    let (_, snapshot) = operator.store.snapshot().await.unwrap().expect("in force");
    assert_eq!(snapshot.server.issuer, "http://localhost:8690");
    assert_eq!(operator.person("alice").await.password_hash, None);

    let again = operator.apply(&demo(), &["--yes"]).await;
    assert_eq!((&again["version"], &again["changes"]), (&json!(1), &json!([])), "nothing changes");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_smoke_test_of_a_real_account_applies_can_be_applied_and_has_the_clients_that_it_is_run_by()
{
    let operator = Operator::new("smoke").await;
    let made = operator.folder.join("configuration");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let script = root.join("infra/aws-smoke");
    let done = Command::new(&script).arg("--configuration").arg(&made).output().expect("ran");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let folder = made.display().to_string();
    let issuer = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/prod";
    assert!(operator.bare(&["check", &folder]).await.status.success());
    operator.run(&["apply", &folder, "--issuer", issuer, "--yes"]).await;
    let script = std::fs::read_to_string(script).expect("readable");
    let asked: Vec<&str> =
        script.split("$(secret_of ").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert_eq!(asked.len(), 3, "{asked:?}");
    for client in asked {
        let told = operator.json(&["client", "rotate-secret", client, "--json"]).await;
        assert!(told["client_secret"].is_string(), "{client}: {told}");
    }
    let (_, snapshot) = operator.store.snapshot().await.unwrap().expect("in force");
    assert_eq!(snapshot.server.issuer, issuer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_folder_changes_nothing() {
    let operator = Operator::new("wrong").await;
    operator.apply(&demo(), &["--yes"]).await;
    let wrong = operator.folder.join("wrong");
    std::fs::create_dir(&wrong).unwrap();
    std::fs::write(wrong.join("server.toml"), "[brand]\nname = \"\"\n").unwrap();
    let said = operator.refused(&["apply", &wrong.display().to_string(), "--yes"]).await;
    assert!(said.contains("server.toml:2:1: The brand's name is empty."), "{said}");
    let (version, snapshot) = operator.store.snapshot().await.unwrap().expect("in force");
    assert_eq!((version, snapshot.server.brand.name.as_str()), (1, "Acme Corp"));
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_puts_the_earlier_configuration_in_force() {
    let operator = Operator::new("rollback").await;
    operator.apply(&demo(), &["--yes"]).await;
    let other = operator.folder.join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("server.toml"), "[brand]\nname = \"Other Corp\"\n").unwrap();
    // Without --issuer, it stays what it was.
    let said = operator.run(&["apply", &other.display().to_string(), "--yes"]).await;
    assert!(
        said.contains("brand.name: \"Acme Corp\" -> \"Other Corp\"")
            && said.contains("- client finance-agent"),
        "{said}"
    );

    let said = operator.run(&["rollback", "--yes"]).await;
    assert!(said.contains("+ client finance-agent") && said.contains("Version 1 is in force."), "{said}");
    let (version, snapshot) = operator.store.snapshot().await.unwrap().expect("in force");
    assert_eq!((version, snapshot.server.brand.name.as_str()), (1, "Acme Corp"));
    operator.refused(&["rollback", "--yes", "--to", "9"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_shown_once_and_two_are_valid_while_it_rotates() {
    let operator = Operator::new("secrets").await;
    operator.apply(&demo(), &["--yes"]).await;
    let id = ClientId::parse("finance-agent").unwrap();
    let mut secrets = Vec::new();
    for _ in 0..3 {
        let answer = operator.json(&["client", "rotate-secret", "finance-agent", "--json"]).await;
        secrets.push(Secret::new(answer["client_secret"].as_str().expect("shown").to_owned()));
    }
    assert_eq!(secrets[0].expose().len(), 43, "256 bits in base64url");
    let state = operator.store.client_state_now(&id).await.unwrap();
    let valid = |secret: &Secret<String>| state.secrets.iter().any(|kept| secret.matches(&kept.digest));
    assert_eq!(secrets.iter().map(valid).collect::<Vec<_>>(), [false, true, true]);
    assert!(state.secrets[0].expires_at.is_some_and(|end| end > now()), "the earlier one ends");

    operator.run(&["client", "rotate-secret", "finance-agent", "--at-once"]).await;
    assert_eq!(operator.store.client_state_now(&id).await.unwrap().secrets.len(), 1);
    let said = operator.refused(&["client", "rotate-secret", "browser-app"]).await;
    assert!(said.contains("authenticates by none"), "{said}");
    let said = operator.refused(&["client", "rotate-secret", "nobody"]).await;
    assert!(said.contains("no client \"nobody\""), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_switched_off_and_on_keeps_what_ended_ended() {
    let operator = Operator::new("clients").await;
    operator.apply(&demo(), &["--yes"]).await;
    let id = ClientId::parse("finance-agent").unwrap();
    let before = now();
    operator.run(&["client", "disable", "finance-agent"]).await;
    let state = operator.store.client_state_now(&id).await.unwrap();
    assert!(state.disabled && !state.allows_issued_at(before));
    operator.run(&["client", "enable", "finance-agent"]).await;
    let state = operator.store.client_state_now(&id).await.unwrap();
    assert!(!state.disabled && !state.allows_issued_at(before));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_added_shut_out_let_in_and_removed() {
    let operator = Operator::new("people").await;
    let added = operator
        .json(&["user", "add", "Carol", "--name", "Carol Example", "--group", "sales", "--json"])
        .await;
    let person = operator.person("carol").await;
    assert!(is_the_password_of(&person, added["password"].as_str().expect("shown")));
    assert!(operator.refused(&["user", "add", "CAROL", "--name", "Other"]).await.contains("already"));

    let before = now();
    operator.run(&["user", "disable", "carol"]).await;
    assert!(!operator.person("carol").await.allows_made_at(before));
    operator.run(&["user", "enable", "carol"]).await;
    let person = operator.person("carol").await;
    assert!(!person.disabled && !person.allows_made_at(before), "what ended stays ended");

    let reset = operator.json(&["user", "reset-password", "carol", "--json"]).await;
    let person = operator.person("carol").await;
    assert!(is_the_password_of(&person, reset["password"].as_str().expect("shown")));
    assert!(!is_the_password_of(&person, added["password"].as_str().expect("shown")));

    operator.run(&["user", "remove", "carol"]).await;
    assert!(operator.refused(&["user", "remove", "carol"]).await.contains("nobody"));
    assert_eq!(operator.json(&["user", "list", "--json"]).await, json!([]));
}

/// Authorizations and consents stay until they expire, counts for two hours, invitations for minutes: nobody here has any of them.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_person_who_is_removed_and_what_sns_has_is_named() {
    let operator = Operator::new("removed").await;
    let (carols, store) =
        (["--email", "carol@example.com", "--phone-number", "+4915112345678"], &operator.store);
    operator.run(&[&["user", "add", "carol", "--name", "Carol"][..], &carols].concat()).await;
    operator.run(&["user", "add", "dora", "--name", "Dora", "--email", "carol@example.com"]).await;
    let person = operator.person("carol").await;
    let (id, now) = (&person.id, now());
    let subscription = "arn:aws:sns:us-east-1:123456789012:people:6b0e71bd-7e97-4d97-80ce-4a0994e55286";
    let endpoint = "arn:aws:sns:us-east-1:123456789012:endpoint/GCM/agents/3f2a";
    let digest = oauth::Sha256Digest::of(b"a place");
    let reach = json!({ "devices": [
        { "id": "A".repeat(22), "name": "Mail", "confirmed_at": 1_800_000_000, "order": 0,
          "channel": { "kind": "email", "address": "carol@example.com", "subscription": subscription } },
        { "id": "B".repeat(22), "name": "Phone", "confirmed_at": 1_800_000_000, "order": 1,
          "channel": { "kind": "push", "endpoint": endpoint } },
    ] });
    let (_, before) = store.person_and_devices(id).await.unwrap();
    let arn = oauth::SubscriptionArn::parse(subscription);
    let place = oauth::Place::default().taken(id).subscribed(arn.clone());
    let kept = store.place(&digest).await.unwrap();
    let devices = [(&before, &serde_json::from_value(reach).unwrap())];
    assert!(store.keep_devices_and_place(&devices, (&kept, &place), now).await.unwrap());
    let code = store.user_code(id).await.unwrap();
    assert!(
        store
            .keep_user_code(&code, Some(serde_json::from_value(json!("$argon2id$x")).unwrap()))
            .await
            .unwrap()
    );
    let asks = store.asks(id).await.unwrap();
    let blocked = asks.asks.clone().blocked(&ClientId::parse("pest").unwrap());
    assert!(store.keep_asks(&asks, &blocked).await.unwrap());
    let (_, none) = store.person_and_passkeys(id).await.unwrap();
    let waiting = none.passkeys.clone().enrollable(digest, oauth::OtherPasskeys::Stay, now);
    assert!(store.keep_passkeys(&none, &waiting).await.unwrap());
    assert!(operator.items().iter().filter(|item| item.contains(id.as_str())).count() >= 8);

    let said = operator.run(&["user", "remove", "carol"]).await;
    assert!(said.contains(subscription) && said.contains(endpoint), "{said}");
    let items = operator.items();
    for trace in [id.as_str(), "carol\"", "+4915112345678"] {
        let left: Vec<_> = items.iter().filter(|item| item.contains(trace)).collect();
        assert!(left.is_empty(), "{trace}: {left:?}");
    }
    // Whoever has the address next ends what SNS still has for it, and who shares it is found by it still.
    let freed = store.place(&digest).await.unwrap().place;
    assert_eq!((freed.holder(now), freed.subscription()), (None, arn.as_ref()));
    let hint = oauth::LoginHint::parse("carol@example.com").unwrap();
    assert_eq!(store.person_hinted(&hint).await.unwrap(), Some(operator.person("dora").await.id));
}

/// They were there before anybody was found by more than a user name.
#[tokio::test(flavor = "multi_thread")]
async fn people_from_before_are_found_by_their_address_once_their_records_are_brought_again() {
    let operator = Operator::new("found").await;
    let file = operator.folder.join("people.csv");
    let text = "user_name,name,email,phone_number\nerin,Erin,erin@example.com,+4915112345678\n";
    std::fs::write(&file, text).unwrap();
    let path = file.display().to_string();
    operator.run(&["user", "import", &path]).await;
    for pk in ["EMAIL#erin@example.com", "PHONE#+4915112345678"] {
        let key =
            json!({ "TableName": "countersign", "Key": { "pk": { "S": pk }, "sk": { "S": "PEOPLE" } } });
        operator.database.delete_item(serde_json::from_value(key).unwrap()).unwrap();
    }
    let id = operator.person("erin").await.id;
    let found = async |text: &str| {
        operator.store.person_hinted(&oauth::LoginHint::parse(text).unwrap()).await.unwrap()
    };
    assert_eq!(found("erin@example.com").await, None);
    let said = operator.run(&["user", "import", &path, "--dry-run"]).await;
    assert!(said.contains("~ person erin") && said.contains("found_by"), "{said}");
    assert_eq!(found("erin@example.com").await, None, "nothing was done");
    operator.run(&["user", "import", &path]).await;
    for text in ["erin@example.com", "+4915112345678"] {
        assert_eq!(found(text).await, Some(id.clone()), "{text}");
    }
    let said = operator.run(&["user", "import", &path]).await;
    assert!(!said.contains("erin"), "nothing is left to do: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_comes_from_standard_input_and_is_not_repeated() {
    let operator = Operator::new("stdin").await;
    let arguments = ["user", "add", "dora", "--name", "Dora", "--password-stdin"];
    let output = operator.run_with(&arguments, "correct horse battery staple\nmore").await;
    assert!(output.status.success(), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("horse"));
    assert!(is_the_password_of(&operator.person("dora").await, "correct horse battery staple"));
    let short = operator.run_with(&["user", "reset-password", "dora", "--password-stdin"], "short\n").await;
    assert_eq!(short.status.code(), Some(1));
    assert!(is_the_password_of(&operator.person("dora").await, "correct horse battery staple"));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_come_from_a_table_all_or_none() {
    let operator = Operator::new("import").await;
    let file = operator.folder.join("people.csv");
    std::fs::write(&file, "user_name,name,groups\nerin,Erin,a;b\nfrank,,a\n").unwrap();
    let said = operator.refused(&["user", "import", &file.display().to_string()]).await;
    assert!(said.contains("people.csv:3:1: The name is empty."), "{said}");
    assert_eq!(operator.json(&["user", "list", "--json"]).await, json!([]), "nobody was added");

    std::fs::write(&file, "user_name,name,groups\nerin,Erin,a;b\nfrank,Frank,a\n").unwrap();
    operator.run(&["user", "import", &file.display().to_string()]).await;
    std::fs::write(&file, "user_name,name,groups\nerin,Erin Other,a;c\n").unwrap();
    let said = operator.run(&["user", "import", &file.display().to_string()]).await;
    assert!(said.contains("~ person erin") && said.contains("groups: - \"b\" + \"c\""), "{said}");
    assert_eq!(operator.person("erin").await.profile.name, "Erin Other");
    assert_eq!(operator.person("frank").await.profile.name, "Frank", "nobody is removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_from_a_table_or_with_the_configuration_is_in_the_audit_trail() {
    let operator = Operator::new("people-in-the-trail").await;
    let file = operator.folder.join("people.csv");
    let (path, folder) = (file.display().to_string(), operator.folder.join("configuration"));
    std::fs::write(&file, "user_name,name\nerin,Erin\n").unwrap();
    operator.run(&["user", "import", &path, "--dry-run"]).await;
    operator.run(&["user", "import", &path]).await;
    std::fs::write(&file, "user_name,name\nerin,Erin Other\n").unwrap();
    operator.run(&["user", "import", &path]).await;
    operator.run(&["user", "import", &path]).await;
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(demo().join("server.toml"), folder.join("server.toml")).unwrap();
    std::fs::write(
        folder.join("people.toml"),
        "[[people]]\nuser_name = \"erin\"\nname = \"Erin\"\n[[people]]\nuser_name = \"frank\"\nname = \"Frank\"\n",
    )
    .unwrap();
    operator.apply(&folder, &["--yes"]).await;

    let (erin, frank) = (operator.person("erin").await.id, operator.person("frank").await.id);
    let log = std::fs::read_to_string(operator.folder.join("audit.jsonl")).unwrap();
    let events = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let events: Vec<_> = events.map(|line| json!([line["event"], line["person"]])).collect();
    let expected = [
        json!(["user-added", erin]),
        json!(["user-updated", erin]),
        json!(["user-added", frank]),
        json!(["user-updated", erin]),
        json!(["configuration-applied", null]),
    ];
    assert_eq!(events, expected, "what changes nothing is no event");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_nobody_there_is_nothing_to_list() {
    let operator = Operator::new("nobody").await;
    assert_eq!(operator.run(&["user", "list"]).await, "");
    assert_eq!(operator.json(&["user", "list", "--json"]).await, json!([]));
}

/// A mistyped name must not look as if somebody had been shut out.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_there_cannot_be_switched_off_or_on() {
    let operator = Operator::new("not-there").await;
    operator.apply(&demo(), &["--yes"]).await;
    for command in ["disable", "enable"] {
        for id in ["no-such-agent", "no such agent"] {
            let said = operator.refused(&["client", command, id]).await;
            assert!(said.contains("the configuration in force has no client"), "{said}");
        }
        let said = operator.refused(&["user", command, "nobody-of-that-name"]).await;
        assert!(said.contains("there is nobody with the user name"), "{said}");
    }
    operator.run(&["client", "disable", "nightly-agent"]).await;
    let disabled = operator.store.client_state_now(&ClientId::parse("nightly-agent").unwrap()).await.unwrap();
    assert!(disabled.disabled);
}

/// The last checkpoint holds two approvals of somebody, and of the second nothing is left that can be read.
#[tokio::test(flavor = "multi_thread")]
async fn the_approval_that_was_changed_is_named_and_not_the_one_that_is_exported() {
    let operator = Operator::new("changed-approval").await;
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../evidence/example.json");
    let file = EvidenceFile::read(&std::fs::read(example).expect("there")).expect("readable");
    let evidence = file.evidence();
    let (entry, issuer) = (evidence.entry(), &evidence.displayed().shown().issuer);
    let (id, person, later) = (entry.approval.to_string(), entry.person.as_str(), entry.number + 1);
    let keep = |number: u64, owner: &str, text: &str| {
        let item = json!({
            "pk": { "S": format!("EVIDENCE#{person}") }, "sk": { "S": format!("ENTRY#{number:020}") },
            "owner": { "S": format!("APPROVAL#{owner}") }, "owner_sort": { "S": "EVIDENCE" }, "body": { "S": text },
        });
        let request = json!({ "TableName": "countersign", "Item": item });
        operator.database.put_item(serde_json::from_value(request).expect("a request")).expect("put");
    };
    keep(entry.number, &id, &evidence.text());
    keep(later, "another", "{}");
    let mut head = evidence.chain();
    head.number = later;
    let next = Checkpoint::next(issuer, None, &Tree::of(vec![head.clone()]), entry.approved_at);
    let signed = SignedCheckpoint::of(&next.signing_input("a key"), &[0; 64]).expect("one");
    assert!(operator.store.keep_checkpoint(&signed, &[head], true).await.expect("no fault"));

    let refused = operator.refused(&["evidence", "export", &id]).await;
    assert!(refused.contains(&format!("approval {later} of {person}, a later one")), "{refused}");
    let nothing = ["approvals", "--person", person, "--text", "nobody-said-this"];
    let found = operator.run_with(&nothing, "").await;
    let said = String::from_utf8_lossy(&found.stdout).into_owned();
    assert_eq!((found.status.code(), said.trim()), (Some(1), "0 in all."));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_trail_is_read_by_user_name() {
    let operator = Operator::new("audit").await;
    let added = operator.json(&["user", "add", "alice", "--name", "Alice", "--json"]).await;
    let event = |person: &Value, request: &str| json!({"target": "audit", "event": "token", "outcome": "granted", "at": 1_800_000_000, "person": person, "request_id": request});
    let log = format!("{}\n{}\n", event(&added["id"], "r1"), event(&json!("person-other"), "r2"));
    std::fs::write(operator.folder.join("audit.jsonl"), log).unwrap();
    let said = operator.run(&["audit", "--person", "alice"]).await;
    assert!(said.contains("request=r1") && !said.contains("r2") && said.lines().count() == 1, "{said}");
    assert_eq!(operator.json(&["audit", "--person", "person-other", "--json"]).await["request_id"], "r2");
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_is_counted_from_the_local_servers_log() {
    let operator = Operator::new("usage-of").await;
    let line = |client: &str, month: &str| json!({"timestamp": format!("{month}-24T18:05:00Z"), "target": "request", "request_id": "r", "function": "token", "client": client, "status": 200, "milliseconds": 3.0, "aws": "DynamoDB.GetItem=2 DynamoDB.PutItem=1 Keys.Sign=1"});
    let log = format!("{}\n{}\nhalf", line("agent\u{1b}[2J", "2026-11"), line("other", "2026-10"));
    std::fs::write(operator.folder.join("audit.jsonl"), log).unwrap();
    let said = operator.run(&["usage"]).await;
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 4, "{said}");
    assert!(lines[1].starts_with("2026-10  other") && lines[2].starts_with("2026-11  agent"), "{said}");
    assert!(!said.contains('\u{1b}'), "a name cannot steer the terminal");
    assert!(lines[3].starts_with("2 requests, 0.0000 USD"), "{said}");
    let told = operator.json(&["usage", "--month", "2026-10", "--by", "function", "--json"]).await;
    assert_eq!((&told["usage"][0]["name"], told["usage"].as_array().unwrap().len()), (&json!("token"), 1));
    let output = operator.run_with(&["usage", "--month", "2026-13"], "").await;
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_bill_is_a_table_of_markdown() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_countersign")).args(["bill", "--api", "http"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.starts_with(
            "| a million of | requests each | HTTP API, `kms` | HTTP API, `kms-wrapped` |\n| --- |"
        ),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_and_no_server_are_told_apart() {
    let operator = Operator::new("usage").await;
    let code = |output: Output| output.status.code();
    assert_eq!(code(operator.run_with(&["nonsense"], "").await), Some(2));
    assert_eq!(
        code(operator.run_with(&["user", "add", "a", "--name", "A", "--password", "x"], "").await),
        Some(2)
    );
    let demo = demo().display().to_string();
    let nobody_there = operator.run_with(&["apply", &demo, "--issuer", "http://localhost:1"], "").await;
    assert_eq!(code(nobody_there), Some(2), "nobody can be asked");
    std::fs::remove_file(operator.folder.join("running.json")).unwrap();
    let said = operator.refused(&["user", "list"]).await;
    assert!(said.starts_with("No server runs on the data folder"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_are_applied_with_the_rest_or_not_at_all() {
    let operator = Operator::new("policies").await;
    let folder = operator.folder.join("mine");
    std::fs::create_dir_all(folder.join("policies")).unwrap();
    std::fs::write(folder.join("server.toml"), "[brand]\nname = \"Mine\"\n").unwrap();
    operator.apply(&folder, &["--yes"]).await;
    let policies = folder.join("policies/mine.cedar");
    let policy = "@id(\"all\") permit (principal, action, resource);\n";
    std::fs::write(&policies, policy).unwrap();
    let applied = operator.apply(&folder, &["--yes"]).await;
    assert_eq!(applied["changes"][0]["kind"], "policy");
    assert_eq!(applied["changes"][0]["name"], "all");

    // Half of it is sound. None of it is applied.
    std::fs::write(
        &policies,
        format!("{policy}@id(\"more\") permit (principal, action, resource) when {{ context.x }};"),
    )
    .unwrap();
    let said = operator.refused(&["apply", &folder.display().to_string(), "--yes"]).await;
    assert!(said.contains("mine.cedar:2:") && said.contains("nothing has changed"), "{said}");
    let (version, snapshot) = operator.store.snapshot().await.unwrap().expect("in force");
    assert_eq!(version, 2);
    assert_eq!(snapshot.policies.iter().map(|file| file.text.as_str()).collect::<Vec<_>>(), [policy]);

    // Going back takes the policies back too.
    operator.run(&["rollback", "--yes"]).await;
    assert!(operator.store.snapshot().await.unwrap().expect("in force").1.policies.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_are_explained_as_they_are_in_force_and_as_a_folder_has_them() {
    let operator = Operator::new("explain").await;
    operator.apply(&demo(), &["--yes"]).await;
    let grant = |person| {
        let fixed =
            ["policy", "explain", "--client", "finance-agent", "--action", "grant", "--tool", "files"];
        fixed.into_iter().chain(["--scope", "files.read", "--person", person]).collect::<Vec<&str>>()
    };
    let said = operator.run(&grant("alice")).await;
    assert_eq!(said, "allowed: scope files.read by finance-uses-its-files\n");
    let said = operator.run(&grant("bob")).await;
    assert_eq!(said, "denied: scope files.read: no policy permits it\n");
    let folder = demo().display().to_string();
    let said = operator.run(&[grant("bob"), vec!["--config", &folder]].concat()).await;
    assert_eq!(said, "denied: scope files.read: no policy permits it\n");
    let said = operator.refused(&grant("carol")).await;
    assert!(said.contains("carol"), "{said}");
}

/// Who stands before the tool in the chain can decide, so the operator names them.
#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_is_explained_by_who_acts_for_whom() {
    let operator = Operator::new("explain-exchange").await;
    operator.apply(&demo(), &["--yes"]).await;
    let explained = async |client: &str, action: &str, tool: &str, scope: &str, more: &[&str]| {
        let fixed = ["policy", "explain", "--client", client, "--action", action, "--tool", tool];
        operator.run(&[&fixed[..], &["--scope", scope], more].concat()).await
    };
    let nobody = |scope: &str| format!("denied: scope {scope}: no policy permits it\n");
    let record = r#"{"type":"customer_record","customer":"C-1042","datatypes":["name"]}"#;
    let of_alice = ["--person", "alice", "--detail", record];
    let said = explained("reports-tool", "token_exchange", "customers", "customers.read", &of_alice).await;
    let by = "by reports-look-up-the-customer-that-they-tell-of";
    assert_eq!(said, format!("allowed: scope customers.read {by}\nallowed: details[0] {by}\n"));
    let alone = explained("reports-tool", "token_exchange", "customers", "customers.read", &[]).await;
    assert_eq!(alone, nobody("customers.read"));
    let unseen =
        explained("reports-tool", "impersonate", "customers", "customers.read", &of_alice[..2]).await;
    assert_eq!(unseen, nobody("customers.read"));

    let for_reports = ["--person", "alice", "--actor", "reports-tool"];
    let said = explained("customers-tool", "token_exchange", "ledger", "ledger.read", &for_reports).await;
    assert_eq!(said, "allowed: scope ledger.read by customers-ask-the-ledger-for-the-reports\n");
    let of_itself =
        explained("customers-tool", "token_exchange", "ledger", "ledger.read", &for_reports[..2]).await;
    assert_eq!(of_itself, nobody("ledger.read"));
}

const CIRCUMSTANCES: &str = r#"
@id("all-of-it") permit (principal, action == Action::"token_exchange", resource) when {
  context.requested == "refresh_token" && context has origin && context.origin == "https://idp.test" && context.depth == 2 &&
  context.actors.contains(Client::"chain-agent") && context has acr && context.acr == "phr" && context.amr.contains("hwk") &&
  context has auth_age && context.auth_age == 1200 && principal has person && principal.person in Group::"auditors" &&
  principal.person.hasTag("site") && principal.person.getTag("site") == "Berlin"
};
@id("strangers-ask") permit (principal, action == Action::"ask", resource) when { principal.origin == "document" };
"#;

/// Puts the demo in force with these policies in place of its own, and agents that documents of this host describe.
async fn with_policies(operator: &Operator, policies: &str) -> PathBuf {
    let folder = operator.folder.join("mine");
    if !folder.exists() {
        let copied = Command::new("cp").arg("-r").arg(demo()).arg(&folder).status().expect("cp");
        assert!(copied.success());
        std::fs::remove_dir_all(folder.join("policies")).expect("a folder of our own");
        std::fs::create_dir(folder.join("policies")).expect("a folder of our own");
        let server = std::fs::read_to_string(folder.join("server.toml")).expect("a folder of our own");
        let strangers = "[client_documents]\nenabled = true\nhosts = [\"agents.example\"]\n[client_documents.open_to]\nscopes = [\"openid\"]\n";
        std::fs::write(folder.join("server.toml"), format!("{server}\n{strangers}"))
            .expect("a folder of our own");
    }
    std::fs::write(folder.join("policies/test.cedar"), policies).expect("a folder of our own");
    operator.apply(&folder, &["--yes"]).await;
    folder
}

/// Each circumstance decides, so each can be said: whoever leaves one out is told what the server would say without it.
#[tokio::test(flavor = "multi_thread")]
async fn every_circumstance_of_a_request_has_an_option() {
    let operator = Operator::new("explain-circumstances").await;
    let folder = with_policies(&operator, CIRCUMSTANCES).await.display().to_string();
    let fixed = [
        ["policy", "explain"],
        ["--client", "reports-tool"],
        ["--action", "token_exchange"],
        ["--tool", "customers"],
        ["--scope", "customers.read"],
        ["--person", "alice"],
    ]
    .concat();
    let said = [
        ["--requested", "refresh_token"],
        ["--origin", "https://idp.test"],
        ["--actor", "customers-tool"],
        ["--actor", "chain-agent"],
        ["--acr", "phr"],
        ["--amr", "hwk"],
        ["--auth-age", "20 min"],
        ["--group", "auditors"],
        ["--attribute", "site=Berlin"],
    ];
    for place in [&[][..], &["--config", &folder]] {
        let explained =
            async |said: &[[&str; 2]]| operator.run(&[&fixed[..], &said.concat()[..], place].concat()).await;
        assert_eq!(explained(&said).await, "allowed: scope customers.read by all-of-it\n");
        for without in 0..said.len() {
            let mut rest = said.to_vec();
            let option = rest.remove(without);
            let told = explained(&rest).await;
            assert_eq!(told, "denied: scope customers.read: no policy permits it\n", "without {option:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_explained_by_its_id() {
    let operator = Operator::new("explain-stranger").await;
    with_policies(&operator, CIRCUMSTANCES).await;
    let asks = |client| ["policy", "explain", "--client", client, "--action", "ask", "--tool", "issuer"];
    let explained = async |client| operator.run(&[&asks(client)[..], &["--scope", "openid"]].concat()).await;
    let said = explained("https://agents.example/client.json").await;
    assert_eq!(said, "allowed: scope openid by strangers-ask\n");
    assert_eq!(explained("finance-agent").await, "denied: scope openid: no policy permits it\n");
    let said = operator.refused(&asks("https://elsewhere.example/client.json")).await;
    assert!(said.contains("there is no client"), "{said}");
}

/// The `sub` of a person is in the table and in no folder.
#[tokio::test(flavor = "multi_thread")]
async fn a_policy_on_one_person_is_explained_by_who_the_table_says_they_are() {
    let operator = Operator::new("explain-subject").await;
    operator.apply(&demo(), &["--yes"]).await;
    let id = async |user_name| {
        let person = operator.store.person_by_user_name(user_name).await.unwrap().expect("there");
        person.id.to_string()
    };
    let (alice, bob) = (id("alice").await, id("bob").await);
    let policy = format!(
        "@id(\"hers\") permit (principal, action, resource) when {{ principal has person && principal.person == Person::\"{alice}\" }};"
    );
    let folder = with_policies(&operator, &policy).await.display().to_string();
    let grant = |person| {
        let fixed =
            ["policy", "explain", "--client", "finance-agent", "--action", "grant", "--tool", "files"];
        fixed.into_iter().chain(["--scope", "files.read", "--person", person]).collect::<Vec<&str>>()
    };
    let (allowed, denied) =
        ("allowed: scope files.read by hers\n", "denied: scope files.read: no policy permits it\n");
    assert_eq!(operator.run(&grant("alice")).await, allowed);
    assert_eq!(operator.run(&grant("bob")).await, denied);
    let said = operator.refused(&[grant("bob"), vec!["--subject", &alice]].concat()).await;
    assert!(said.contains(&bob), "{said}");

    let with_subject = async |person, id: &str| {
        operator.run(&[grant(person), vec!["--config", &folder, "--subject", id]].concat()).await
    };
    assert_eq!(with_subject("alice", &alice).await, allowed);
    assert_eq!(with_subject("alice", &bob).await, denied, "it is the sub that the policy is about");
    let said = operator.refused(&[grant("alice"), vec!["--config", &folder]].concat()).await;
    assert!(said.contains("say the subject"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_that_go_otherwise_are_told_and_fail_the_command() {
    let operator = Operator::new("cases").await;
    let cases = demo().join("policies/cases.toml").display().to_string();
    let run = async |file: &str| {
        operator.bare(&["policy", "test", file, "--config", &demo().display().to_string()]).await
    };
    let passed = run(&cases).await;
    assert!(passed.status.success(), "{passed:?}");
    assert_eq!(String::from_utf8_lossy(&passed.stdout), "17 cases, all as expected.\n");

    let wrong = operator.folder.join("wrong.toml");
    let text = std::fs::read_to_string(&cases).unwrap();
    std::fs::write(&wrong, text.replacen("expected = \"allowed\"", "expected = \"denied\"", 1)).unwrap();
    let failed = run(&wrong.display().to_string()).await;
    assert_eq!(failed.status.code(), Some(1));
    let said = String::from_utf8_lossy(&failed.stdout).into_owned();
    assert!(said.starts_with("the finance agent asks for a file: Denied was expected: allowed: "), "{said}");
    std::fs::write(&wrong, text.replacen("client = \"finance-agent\"", "client = \"finance-agnet\"", 1))
        .unwrap();
    let failed = run(&wrong.display().to_string()).await;
    let said = String::from_utf8_lossy(&failed.stdout).into_owned();
    assert!(said.contains("the case is wrong: there is no client \"finance-agnet\""), "{said}");
}
