use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use lean_start::runtime_api::{Environment, Outcome};
use serde_json::{Value, json};
use tests::Operator;

use crate::place::{PATIENT, Place, a_name};
use crate::post_office::has_sns;
use crate::process::Process;
use crate::version::{Version, needed};

/// Who the functions are told to be. Nobody listens there: events are handed to them.
pub(crate) const ISSUER: &str = "http://localhost:8690";

/// Rotation makes RSA keys at an emulator, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The endpoint looks for a signature and does not check it.
const UNSIGNED: &str = "SignedHeaders=host, Signature=0";

/// A deployment of a test's own at the endpoint that `AWS_ENDPOINT_URL` names: a table, and a key in KMS.
pub(crate) struct Deployment {
    pub(crate) endpoint: String,
    pub(crate) table: String,
    /// The name that its keys are bound to.
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    data_key: String,
    signing_mode: &'static str,
    /// Of the clients, made once: no more than two of one client are good.
    secrets: OnceLock<Secrets>,
}

/// The secrets of clients, by their names.
pub(crate) type Secrets = Vec<(&'static str, String)>;

impl Deployment {
    /// One without configuration and keys.
    pub(crate) fn new(signing_mode: &'static str) -> Self {
        let (endpoint, name) = (needed("AWS_ENDPOINT_URL"), a_name());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&name);
        fs::create_dir_all(&folder).expect("a folder");
        let made = call(&endpoint, "TrentService.CreateKey", &json!({ "KeySpec": "SYMMETRIC_DEFAULT" }));
        let data_key = made["KeyMetadata"]["Arn"].as_str().expect("a key").to_owned();
        let (table_name, secrets) = (name.clone(), OnceLock::new());
        let deployment = Self { endpoint, table: table_name, name, folder, data_key, signing_mode, secrets };
        deployment.database("CreateTable", &table(&deployment.table));
        has_sns(&deployment.endpoint);
        deployment.is_at(&deployment.table);
        deployment
    }

    /// One with this version's configuration, and keys.
    pub(crate) fn ready(signing_mode: &'static str) -> Self {
        let (deployment, this) = (Self::new(signing_mode), Version::this());
        deployment.tends_keys(&this, &json!({}));
        deployment.applies(&this);
        deployment
    }

    /// The same deployment on another table: one that was restored.
    pub(crate) fn on(&self, table: &str) -> Self {
        let folder = self.folder.join(table);
        fs::create_dir_all(&folder).expect("a folder");
        let other = Self {
            endpoint: self.endpoint.clone(),
            table: table.to_owned(),
            name: self.name.clone(),
            folder,
            data_key: self.data_key.clone(),
            signing_mode: self.signing_mode,
            secrets: self.secrets.clone(),
        };
        other.is_at(table);
        other
    }

    /// The same deployment, changed to another signing mode.
    pub(crate) fn in_mode(&self, signing_mode: &'static str) -> Self {
        let mut other = self.on(&self.table);
        other.signing_mode = signing_mode;
        other
    }

    /// Asks the database.
    pub(crate) fn database(&self, operation: &str, request: &Value) -> Value {
        call(&self.endpoint, &format!("DynamoDB_20120810.{operation}"), request)
    }

    /// Its key ring, if it has one.
    pub(crate) fn ring(&self) -> Option<Value> {
        self.ring_item()["body"]["S"].as_str().map(|ring| ring.parse().expect("JSON"))
    }

    fn ring_item(&self) -> Value {
        let key = json!({ "pk": { "S": "KEYS" }, "sk": { "S": "RING" } });
        let get = json!({ "TableName": self.table, "Key": key, "ConsistentRead": true });
        self.database("GetItem", &get)["Item"].take()
    }

    /// As if all that has happened to its keys had happened so much earlier. Rotation must not be running.
    pub(crate) fn ages_its_keys(&self, by: Duration) {
        let (mut item, mut ring) = (self.ring_item(), self.ring().expect("a ring"));
        let by = i64::try_from(by.as_secs()).expect("no more than ages");
        for key in ring["signing_keys"].as_array_mut().expect("keys") {
            for moment in ["published_at", "first_use", "retired_at", "unpublished_at"] {
                if let Some(seconds) = key[moment].as_i64() {
                    key[moment] = json!(seconds - by);
                }
            }
        }
        item["body"]["S"] = json!(ring.to_string());
        self.database("PutItem", &json!({ "TableName": self.table, "Item": item }));
    }

    /// The public halves of the keys in its ring, the oldest first.
    pub(crate) fn keys_in_ring(&self) -> Vec<Value> {
        let Some(ring) = self.ring() else { return Vec::new() };
        let keys = ring["signing_keys"].as_array().expect("keys");
        keys.iter().map(|key| key["public_key"].clone()).collect()
    }

    /// The operator with a version's command.
    pub(crate) fn operator(&self, version: &Version) -> Operator<'static> {
        // For as long as the tests run.
        let data = Box::leak(self.folder.clone().into_boxed_path());
        Operator { data: Some(data), command: Some(version.command.clone()) }
    }

    /// Puts a version's configuration in force by its own command, and returns which it is.
    pub(crate) fn applies(&self, version: &Version) -> u64 {
        self.operator(version).applies_as(&version.configuration_in(&self.folder), ISSUER)
    }

    /// The same with one more client, so that it is another configuration than the one in force.
    pub(crate) fn applies_changed(&self, version: &Version) -> u64 {
        let configuration = version.configuration_in(&self.folder);
        let clients = configuration.join("clients");
        let one = fs::read_to_string(clients.join("nightly-agent.toml")).expect("a client");
        fs::write(clients.join("added-agent.toml"), one.replace("nightly-agent", "added-agent"))
            .expect("written");
        self.operator(version).applies_as(&configuration, ISSUER)
    }

    /// The secrets of these clients, which the version's command makes if there are none yet.
    pub(crate) fn secrets(&self, version: &Version, clients: &[&'static str]) -> Secrets {
        let operator = self.operator(version);
        let make = |client: &&'static str| (*client, operator.rotates_the_secret_of(client));
        self.secrets.get_or_init(|| clients.iter().map(make).collect()).clone()
    }

    /// Lets a version's rotation tend the keys. What it answers.
    pub(crate) fn tends_keys(&self, version: &Version, demand: &Value) -> Value {
        let environment = self.environment_of_rotation(&self.endpoint).with(PATIENT.0, PATIENT.1);
        let process = self.starts_rotation(version, environment);
        match process.function.invoke(&demand.to_string(), PATIENCE) {
            Outcome::Answer(answer) => serde_json::from_slice(&answer.body).expect("JSON"),
            other => panic!("rotation: {other:?}; the log: {}", process.log()),
        }
    }

    /// What its rotation finds in its environment. A place needs clients, and rotation runs before there are any.
    pub(crate) fn environment_of_rotation(&self, endpoint: &str) -> Environment {
        let environment = Environment::of_function("rotation")
            .with("AWS_ENDPOINT_URL", endpoint)
            .with("COUNTERSIGN_TABLE", &self.table)
            .with("COUNTERSIGN_DEPLOYMENT", &self.name);
        self.variables().iter().fold(environment, |all, (name, value)| all.with(name, value))
    }

    /// Starts a version's rotation.
    pub(crate) fn starts_rotation(&self, version: &Version, environment: Environment) -> Process {
        let program = version.functions.join("rotation/bootstrap");
        Process::start_under(version.emulator, &program, environment, self.folder.join("rotation.log"))
    }

    /// With a version's programs on it.
    pub(crate) fn with(&self, version: &Version) -> &'static Place {
        Box::leak(Box::new(Place::of(self, version)))
    }

    /// What its functions find in their environment beside names and addresses.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("COUNTERSIGN_DATA_KEY", self.data_key.clone()),
            ("COUNTERSIGN_SIGNING_MODE", self.signing_mode.to_owned()),
            ("COUNTERSIGN_ROTATION_DAYS", "90".to_owned()),
            // Mail that is sent there by who has no post office nobody looks at.
            ("COUNTERSIGN_PEOPLE_TOPIC", "arn:aws:sns:us-east-1:000000000000:people".to_owned()),
            ("COUNTERSIGN_PUSH_GCM", "arn:aws:sns:us-east-1:000000000000:app/GCM/agents".to_owned()),
        ]
    }

    /// For the operator's command: where the table is.
    fn is_at(&self, table: &str) {
        let running = json!({ "issuer": ISSUER, "table": table, "table_endpoint": self.endpoint });
        fs::write(self.folder.join("running.json"), running.to_string()).expect("written");
    }
}

/// The table of template.yaml.
fn table(name: &str) -> Value {
    let keys = |hash: &str, range: &str| json!([{ "AttributeName": hash, "KeyType": "HASH" }, { "AttributeName": range, "KeyType": "RANGE" }]);
    let text = |name: &str| json!({ "AttributeName": name, "AttributeType": "S" });
    json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": (["pk", "sk", "owner", "owner_sort"].map(text)),
        "KeySchema": keys("pk", "sk"),
        "GlobalSecondaryIndexes": [{
            "IndexName": "by_owner",
            "KeySchema": keys("owner", "owner_sort"),
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        }],
    })
}

/// Calls the endpoint by AWS's JSON protocol. It must succeed.
#[track_caller]
pub(crate) fn call(endpoint: &str, target: &str, request: &Value) -> Value {
    let service = match target.split('.').next() {
        Some("TrentService") => "kms",
        Some("AmazonSQS") => "sqs",
        _ => "dynamodb",
    };
    let scope = format!("Credential=test/20260101/us-east-1/{service}/aws4_request");
    let answer = crate::way::client()
        .post(endpoint)
        .header("x-amz-target", target)
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-date", "20260101T000000Z")
        .header("authorization", format!("AWS4-HMAC-SHA256 {scope}, {UNSIGNED}"))
        .body(request.to_string())
        .send()
        .expect("an answer");
    let (status, text) = (answer.status(), answer.text().expect("a body"));
    assert!(status.is_success(), "{target}: {status} {text}");
    serde_json::from_str(&text).expect("JSON")
}
