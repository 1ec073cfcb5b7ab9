use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use lean_start::runtime_api::Environment;
use ring::rand::SystemRandom;
use serde_json::{Value, json};
use tests::Operator;

use crate::deployment::{Deployment, ISSUER, call};
use crate::process::Process;
use crate::version::Version;
use crate::way::Way;

/// Where the functions run: a deployed table with `tests/configuration` in force, and the built programs.
pub(crate) struct Place {
    pub(crate) endpoint: String,
    pub(crate) issuer: String,
    pub(crate) operator: Operator<'static>,
    pub(crate) table: String,
    /// The name of the deployment, which its keys are bound to.
    deployment: String,
    /// What else a function finds in its environment.
    variables: Vec<(&'static str, String)>,
    programs: PathBuf,
    /// What they run under, if not by themselves.
    emulator: &'static [&'static str],
    folder: PathBuf,
    secrets: Vec<(&'static str, String)>,
}

/// The clients of `tests/configuration` that take part.
pub(crate) const AGENT: &str = "report-agent";
pub(crate) const TOOL: &str = "files-tool";
pub(crate) const ALONE: &str = "nightly-agent";
pub(crate) const REMEMBERED: &str = "remembered-agent";
pub(crate) const BANK_TOOL: &str = "bank-tool";
/// It exchanges what it was given itself.
pub(crate) const DELEGATING: &str = "delegating-agent";
/// It comes with tokens of another issuer.
pub(crate) const PARTNER: &str = "partner-agent";
/// It has no secret.
pub(crate) const SIGNING: &str = "signing-agent";
/// Neither has this one: of a public client those count together who come from one address.
pub(crate) const COUNTED: &str = "counted-agent";
/// It asks people who are elsewhere.
pub(crate) const ASKING: &str = "asking-agent";
/// So does this one, which has no secret.
pub(crate) const SIGNING_ASKING: &str = "signing-asking-agent";
/// So does this one, and is told where nobody listens.
pub(crate) const CALLED_BACK: &str = "called-back-agent";
/// So does this one, and its tokens are brought where nobody listens.
pub(crate) const RECEIVING: &str = "receiving-agent";
/// It asks those alone who have invited it.
pub(crate) const INVITED: &str = "invited-agent";
/// It asks nobody without the code that they gave it.
pub(crate) const CODED: &str = "coded-agent";
/// It asks people for others, which it names.
pub(crate) const DESK: &str = "desk-tool";
/// The company's app, which enrols people's phones.
pub(crate) const APP: &str = "company-app";

const WITH_A_SECRET: [&str; 14] = [
    AGENT,
    TOOL,
    ALONE,
    REMEMBERED,
    BANK_TOOL,
    DELEGATING,
    PARTNER,
    ASKING,
    CALLED_BACK,
    RECEIVING,
    INVITED,
    CODED,
    DESK,
    APP,
];

/// What a call may take at an emulator on a busy machine: longer than at AWS.
pub(crate) const PATIENT: (&str, &str) = ("COUNTERSIGN_AWS_MILLISECONDS", "5000");

impl Place {
    /// The one that all tests of this run share.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<&Place> = OnceLock::new();
        SHARED.get_or_init(|| Deployment::ready("kms").with(&Version::this()))
    }

    /// A deployment of the test's own, with the programs of a version. A configuration must be in force.
    pub(crate) fn of(deployment: &Deployment, version: &Version) -> Self {
        let clients: Vec<_> = WITH_A_SECRET.into_iter().filter(|client| version.knows(client)).collect();
        Self {
            secrets: deployment.secrets(version, &clients),
            endpoint: deployment.endpoint.clone(),
            table: deployment.table.clone(),
            deployment: deployment.name.clone(),
            variables: deployment.variables(),
            issuer: ISSUER.to_owned(),
            operator: deployment.operator(version),
            programs: version.functions.clone(),
            emulator: version.emulator,
            folder: deployment.folder.clone(),
        }
    }

    pub(crate) fn secret_of(&self, client: &str) -> &str {
        let found = self.secrets.iter().find(|(id, _)| *id == client);
        &found.unwrap_or_else(|| panic!("no secret of {client}")).1
    }

    /// A function's environment, with its way to AWS.
    pub(crate) fn environment(&self, function: &str, endpoint: &str) -> Environment {
        let credential = |name: &str| std::env::var(name).unwrap_or_else(|_| "test".to_owned());
        let environment = Environment::of_function(function)
            .with("AWS_ENDPOINT_URL", endpoint)
            .with("AWS_ACCESS_KEY_ID", credential("AWS_ACCESS_KEY_ID"))
            .with("AWS_SECRET_ACCESS_KEY", credential("AWS_SECRET_ACCESS_KEY"))
            .with("AWS_SESSION_TOKEN", "")
            .with("COUNTERSIGN_TABLE", &self.table)
            .with("COUNTERSIGN_DEPLOYMENT", &self.deployment);
        self.variables.iter().fold(environment, |environment, (name, value)| environment.with(name, value))
    }

    /// Whether a partition of its table has anything in it.
    pub(crate) fn has_items_of(&self, partition: &str) -> bool {
        let query = json!({
            "TableName": self.table,
            "ConsistentRead": true,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": { ":pk": { "S": partition } },
        });
        call(&self.endpoint, "DynamoDB_20120810.Query", &query)["Count"].as_u64() > Some(0)
    }

    /// An item of its table, which must be there.
    pub(crate) fn item(&self, partition: &str, sort: &str) -> Value {
        let key = json!({ "pk": { "S": partition }, "sk": { "S": sort } });
        let get = json!({ "TableName": self.table, "ConsistentRead": true, "Key": key });
        let found = call(&self.endpoint, "DynamoDB_20120810.GetItem", &get)["Item"].take();
        assert!(found.is_object(), "{partition} is not there");
        found
    }

    /// What an item of its table says.
    pub(crate) fn body(&self, partition: &str, sort: &str) -> Value {
        let item = self.item(partition, sort);
        item["body"]["S"].as_str().and_then(|body| body.parse().ok()).expect("JSON")
    }

    /// Puts an item into its table.
    pub(crate) fn puts(&self, item: &Value) {
        let put = json!({ "TableName": self.table, "Item": item });
        call(&self.endpoint, "DynamoDB_20120810.PutItem", &put);
    }

    /// Takes an item out of its table, if it is there.
    pub(crate) fn removes(&self, partition: &str, sort: &str) {
        let key = json!({ "pk": { "S": partition }, "sk": { "S": sort } });
        let delete = json!({ "TableName": self.table, "Key": key });
        call(&self.endpoint, "DynamoDB_20120810.DeleteItem", &delete);
    }

    /// Takes out what somebody owns whose place among that begins so.
    pub(crate) fn removes_owned(&self, owner: &str, begins: &str) {
        let query = json!({
            "TableName": self.table,
            "IndexName": "by_owner",
            "KeyConditionExpression": "#owner = :owner AND begins_with(owner_sort, :begins)",
            "ExpressionAttributeNames": { "#owner": "owner" },
            "ExpressionAttributeValues": { ":owner": { "S": owner }, ":begins": { "S": begins } },
        });
        let found = call(&self.endpoint, "DynamoDB_20120810.Query", &query);
        for key in found["Items"].as_array().into_iter().flatten() {
            let [pk, sk] = ["pk", "sk"].map(|name| key[name]["S"].as_str().expect("a key"));
            self.removes(pk, sk);
        }
    }

    /// Whether its version has this function.
    pub(crate) fn has(&self, function: &str) -> bool {
        self.programs.join(function).join("bootstrap").is_file()
    }

    /// The built program of a function.
    pub(crate) fn program(&self, function: &str) -> PathBuf {
        let program = self.programs.join(function).join("bootstrap");
        assert!(program.is_file(), "{} is not built: infra/localstack/up", program.display());
        program
    }

    /// A file of its own for what a process writes.
    pub(crate) fn log(&self, function: &str) -> PathBuf {
        static COUNTER: AtomicU32 = AtomicU32::new(1);
        self.folder.join(format!("{function}-{}.log", COUNTER.fetch_add(1, Ordering::Relaxed)))
    }

    /// Starts a function that speaks to the endpoint itself, and has time to wait for it.
    pub(crate) fn starts(&self, function: &str) -> Process {
        let environment = self.environment(function, &self.endpoint);
        self.starts_in(function, environment.with(PATIENT.0, PATIENT.1))
    }

    /// Starts a function whose calls go this way, and that waits for them as it does on AWS.
    pub(crate) fn starts_on(&self, function: &str, way: &Way) -> Process {
        self.starts_in(function, self.environment(function, &way.endpoint))
    }

    pub(crate) fn starts_in(&self, function: &str, environment: Environment) -> Process {
        Process::start_under(self.emulator, &self.program(function), environment, self.log(function))
    }

    /// The issuer's origin, which pages are sent from.
    pub(crate) fn origin(&self) -> &str {
        let host = self.issuer.find("://").map_or(0, |scheme| scheme + 3);
        let end = self.issuer[host..].find('/').map_or(self.issuer.len(), |slash| host + slash);
        &self.issuer[..end]
    }

    /// An address as the gateway hands it to a function: without the issuer's own path, or its host.
    pub(crate) fn inside(&self, address: &str) -> String {
        let base = &self.issuer[self.origin().len()..];
        let path = address.strip_prefix(self.origin()).unwrap_or(address);
        path.strip_prefix(base).unwrap_or(path).to_owned()
    }
}

/// A network address that nobody else has.
pub(crate) fn an_address() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(1);
    let [_, high, middle, low] = COUNTER.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    format!("10.{high}.{middle}.{low}")
}

/// A name that nobody else has.
#[expect(clippy::disallowed_methods, reason = "the test's dice, not the server's")]
pub(crate) fn a_name() -> String {
    let random: [u8; 8] = ring::rand::generate(&SystemRandom::new()).expect("random bytes").expose();
    format!("faults-{:016x}", u64::from_be_bytes(random))
}
