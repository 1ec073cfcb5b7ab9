use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lean_start::runtime_api::Environment;
use serde_json::{Map, Value, json};

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::programs::beside_this_program;

/// The embedded table wants to see a signature, and does not look at it.
const UNSIGNED: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0";

/// What the functions find around them: a table with the demo's configuration, and a server that answers under the
/// same issuer and gives out tokens.
pub(crate) struct Surroundings {
    place: Place,
    variables: Vec<(String, String)>,
    log: Option<PathBuf>,
    http: reqwest::blocking::Client,
    server: Option<Server>,
}

/// Where they are.
struct Place {
    issuer: String,
    table: String,
    endpoint: String,
    /// The secrets of the demo's clients, each by its name `secret of CLIENT`.
    secrets: Map<String, Value>,
}

impl Surroundings {
    /// Those that the command line names, or a local server's of our own.
    pub(crate) fn prepare(arguments: &Arguments) -> Result<Self, Failure> {
        let (place, server) = if let Some(place) = Place::named_by(arguments)? {
            (place, None)
        } else {
            let server = Server::start(arguments.server.as_deref())?;
            (Place::of(&server)?, Some(server))
        };
        let http = reqwest::blocking::Client::new();
        if server.is_some() {
            place.put_key_ring(&http)?;
        }
        let (variables, log) = (arguments.variables.clone(), arguments.log.clone());
        Ok(Self { place, variables, log, http, server })
    }

    /// Whether signing keys and the server's secret can be used at the endpoint. A local server has no KMS.
    pub(crate) const fn has_kms(&self) -> bool {
        self.server.is_none()
    }

    /// A function's environment here.
    pub(crate) fn environment(&self, function: &str) -> Environment {
        let environment = Environment::of_function(function)
            .with("AWS_ENDPOINT_URL", &self.place.endpoint)
            .with("COUNTERSIGN_DEPLOYMENT", "lean-start")
            .with("COUNTERSIGN_TABLE", &self.place.table)
            // What the scheduled function wants to know besides; its keys are not due for years.
            .with("COUNTERSIGN_SIGNING_MODE", "kms")
            .with("COUNTERSIGN_ROTATION_DAYS", "3650")
            // And one calls these, when there is something to tell.
            .with("COUNTERSIGN_PEOPLE_TOPIC", "arn:aws:sns:us-east-1:000000000000:people")
            .with("COUNTERSIGN_DELAY_QUEUE", "http://localhost/000000000000/delayed")
            .with("COUNTERSIGN_DEAD_LETTERS", "http://localhost/000000000000/dead-letters");
        let environment = match &self.log {
            Some(file) => environment.logging_to(file),
            None => environment,
        };
        self.variables.iter().fold(environment, |environment, (name, value)| environment.with(name, value))
    }

    /// The issuer's origin, as a browser names it.
    pub(crate) fn origin(&self) -> String {
        let scheme = self.place.issuer.split_once("://").map_or("http", |(scheme, _)| scheme);
        format!("{scheme}://{}", self.host())
    }

    /// The issuer's host.
    pub(crate) fn host(&self) -> &str {
        let after_scheme =
            self.place.issuer.split_once("://").map_or(self.place.issuer.as_str(), |(_, rest)| rest);
        after_scheme.split('/').next().unwrap_or_default()
    }

    /// The secret of one of the demo's clients.
    pub(crate) fn secret_of(&self, client: &str) -> Result<&str, Failure> {
        let secret = self.place.secrets.get(&format!("secret of {client}")).and_then(Value::as_str);
        secret.ok_or_else(|| Failure::Server(format!("it has no secret of {client}")))
    }

    /// A fresh access token that a client got for itself.
    pub(crate) fn access_token(&self, client: &str) -> Result<String, Failure> {
        let request = self
            .http
            .post(format!("{}/token", self.place.issuer))
            .basic_auth(client, Some(self.secret_of(client)?))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials&scope=files.read");
        let answer = json_of(request)?;
        let token = answer["access_token"].as_str().map(str::to_owned);
        token.ok_or_else(|| Failure::Server(format!("it gives {client} no token: {}", answer["error"])))
    }
}

impl Place {
    fn named_by(arguments: &Arguments) -> Result<Option<Self>, Failure> {
        let (Some(endpoint), Some(table), Some(issuer), Some(secrets)) =
            (&arguments.endpoint, &arguments.table, &arguments.issuer, &arguments.secrets)
        else {
            return Ok(None);
        };
        let secrets = secrets_in(secrets)?;
        Ok(Some(Self { issuer: issuer.clone(), table: table.clone(), endpoint: endpoint.clone(), secrets }))
    }

    /// What a local server wrote into its data folder.
    fn of(server: &Server) -> Result<Self, Failure> {
        let running = read_json(&server.data.join("running.json"))?;
        let member = |name: &str| {
            let member = running[name].as_str().map(str::to_owned);
            member.ok_or_else(|| Failure::Server(format!("its running.json has no {name}")))
        };
        Ok(Self {
            issuer: member("issuer")?,
            table: member("table")?,
            endpoint: member("table_endpoint")?,
            secrets: secrets_in(&server.data.join("secrets.json"))?,
        })
    }

    /// Gives a local server's table the key ring that functions look for. The server itself has its keys in a file.
    fn put_key_ring(&self, http: &reqwest::blocking::Client) -> Result<(), Failure> {
        let jwks = json_of(http.get(format!("{}/jwks.json", self.issuer)))?;
        let ring = key_ring(&jwks).ok_or_else(|| Failure::Server("it publishes no ES256 key".to_owned()))?;
        let item = json!({ "pk": { "S": "KEYS" }, "sk": { "S": "RING" }, "body": { "S": ring.to_string() } });
        let request = http
            .post(&self.endpoint)
            .header("x-amz-target", "DynamoDB_20120810.PutItem")
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-date", "20260101T000000Z")
            .header("authorization", UNSIGNED)
            .body(json!({ "TableName": self.table, "Item": item }).to_string());
        let answer = json_of(request)?;
        match answer.get("__type") {
            Some(error) => Err(Failure::Server(format!("its table does not take the key ring: {error}"))),
            None => Ok(()),
        }
    }
}

/// A key ring as the table of a deployment holds it, with the issuer's ES256 key: functions can verify tokens by its
/// public half. The private half and the server's secret are said to be in a KMS that is not there.
fn key_ring(jwks: &Value) -> Option<Value> {
    let key = jwks["keys"].as_array()?.iter().find(|key| key["alg"] == "ES256")?;
    let public_key = STANDARD.encode(p256_spki(key["x"].as_str()?, key["y"].as_str()?)?);
    Some(json!({
        "format": 1,
        "deployment": "lean-start",
        "data_key": "lean-start",
        "server_secret": "",
        "signing_keys": [{
            "algorithm": "ES256", "published_at": 0, "first_use": 0,
            "public_key": public_key, "custody": "kms", "key_id": "lean-start",
        }],
    }))
}

fn secrets_in(file: &Path) -> Result<Map<String, Value>, Failure> {
    let secrets = read_json(file)?.as_object().cloned();
    secrets.ok_or_else(|| Failure::Server(format!("{} is no JSON object", file.display())))
}

/// A P-256 public key as `SubjectPublicKeyInfo` (RFC 5480): a fixed beginning, then the uncompressed point.
fn p256_spki(x: &str, y: &str) -> Option<Vec<u8>> {
    const BEGINNING: [u8; 27] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
        0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    ];
    let (x, y) = (URL_SAFE_NO_PAD.decode(x).ok()?, URL_SAFE_NO_PAD.decode(y).ok()?);
    (x.len() == 32 && y.len() == 32).then(|| [BEGINNING.as_slice(), &x, &y].concat())
}

fn json_of(request: reqwest::blocking::RequestBuilder) -> Result<Value, Failure> {
    let failed = |why: &dyn std::fmt::Display| Failure::Server(why.to_string());
    let text = request.send().and_then(reqwest::blocking::Response::text).map_err(|why| failed(&why))?;
    serde_json::from_str(&text).map_err(|why| failed(&why))
}

fn read_json(path: &Path) -> Result<Value, Failure> {
    let text = std::fs::read_to_string(path).map_err(Failure::of(path))?;
    serde_json::from_str(&text).map_err(|why| Failure::Server(format!("{}: {why}", path.display())))
}

/// A local server of our own with its table in memory. It ends when this is dropped, or when this process ends,
/// whichever way: a shell tells it to when our end of its input closes.
struct Server {
    /// Its data folder.
    data: PathBuf,
    shell: Child,
}

impl Server {
    fn start(program: Option<&Path>) -> Result<Self, Failure> {
        let program = match program {
            Some(program) => program.to_owned(),
            None => beside_this_program()?.join("countersign-local"),
        };
        if !program.is_file() {
            return Err(Failure::NotBuilt { path: program, command: "cargo build -p countersign-local" });
        }
        let mut shell = Command::new("sh")
            .args([
                "-c",
                r#""$@" </dev/null & server=$!; read -r _; kill -TERM "$server"; wait "$server""#,
                "sh",
            ])
            .arg(program)
            .args(["--ephemeral", "--port", "0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Failure::of(Path::new("sh")))?;
        let log = shell.stdout.take().and_then(|output| log_named_in(std::io::BufReader::new(output)));
        let data = log.as_deref().and_then(Path::parent).map(Path::to_owned);
        // Whatever comes next, the shell is ended with the server.
        let server = Self { data: data.unwrap_or_default(), shell };
        if server.data.as_os_str().is_empty() {
            return Err(Failure::Server("it did not start".to_owned()));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// The path of the log, which lies in the data folder, from what the server prints when it is ready.
fn log_named_in(output: impl BufRead) -> Option<PathBuf> {
    let mut lines = output.lines().map_while(Result::ok);
    lines.find_map(|line| line.trim_start().strip_prefix("Log ").map(|path| PathBuf::from(path.trim())))
}
