//! `countersign doctor`, against a server that is right, and one that is wrong in one way at a time.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use serde_json::{Value, json};
use store::{KeptRing, Store};
use tokio::net::TcpListener;

use crate::command::{bare, complained, countersign, output, said};
use crate::loopback::{Answered, Arrived, Loopback, Reply};

const DAY: i64 = 86_400;

/// What a deployment answers, and what its AWS account does.
#[derive(Clone)]
struct Server {
    issuer_said: Option<&'static str>,
    document: fn(&mut Value),
    key_set: fn(&mut Value),
    key_set_kept_for: &'static str,
    refusal: Reply,
    page: Reply,
    date_ahead_by: i64,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            issuer_said: None,
            document: |_| {},
            key_set: |_| {},
            key_set_kept_for: "public, max-age=300",
            refusal: Reply::json(400, &json!({"error": "invalid_request", "error_description": "no client"}))
                .with("cache-control", "no-store"),
            page: page(),
            date_ahead_by: 0,
        }
    }
}

/// What a browser is shown.
fn page() -> Reply {
    Reply::json(200, &json!("<!doctype html>"))
        .with("content-type", "text/html; charset=utf-8")
        .with("content-security-policy", "default-src 'none'; frame-ancestors 'none'")
}

#[expect(
    clippy::disallowed_methods,
    reason = "what the Date header says is compared with the machine's clock"
)]
fn now() -> i64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("past 1970");
    i64::try_from(since_epoch.as_secs()).expect("it fits")
}

fn document(issuer: &str) -> Value {
    let at = |path: &str| format!("{issuer}{path}");
    json!({
        "issuer": issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/jwks.json"),
        "pushed_authorization_request_endpoint": at("/par"),
        "introspection_endpoint": at("/introspect"),
        "revocation_endpoint": at("/revoke"),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "authorization_response_iss_parameter_supported": true,
    })
}

/// RFC 7515, appendices A.3 and A.2: the public halves, as a ring has them (RFC 5280, section 4.1.2.7).
const ES256: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==";
const RS256: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxXFvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQIDAQAB";

/// The same as the key set has them, each under its thumbprint (RFC 7638).
fn key_set() -> Value {
    json!({ "keys": [
        {
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        },
        {
            "kty": "RSA", "alg": "RS256", "use": "sig", "kid": "IsUn6_e04MaShXFIISMp4kG62LWzMIPy_MvSA5pJgX8", "e": "AQAB",
            "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        },
    ]})
}

impl Server {
    async fn start(self) -> Loopback {
        Loopback::start(move |arrived| Answered::Here(self.answer(arrived))).await
    }

    fn answer(&self, arrived: &Arrived) -> Reply {
        // Under a stage's URL everything is behind the stage, and nothing before it.
        let (stage, path) = match arrived.path.strip_prefix("/prod") {
            Some(path) => ("/prod", path),
            None => ("", arrived.path.as_str()),
        };
        let issuer = format!("http://{}{stage}", arrived.headers["host"]);
        let date = jiff::Timestamp::from_second(now() + self.date_ahead_by).expect("a moment");
        let reply = match path {
            "/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server" => {
                let mut document = document(self.issuer_said.unwrap_or(&issuer));
                (self.document)(&mut document);
                Reply::json(200, &document)
            }
            "/jwks.json" => {
                let mut keys = key_set();
                (self.key_set)(&mut keys);
                Reply::json(200, &keys).with("cache-control", self.key_set_kept_for)
            }
            "/sign-in" => self.page.clone(),
            "/token" if arrived.method == "POST" => self.refusal.clone(),
            _ => Reply::json(404, &json!({})),
        };
        reply.with("date", &date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
    }
}

/// Examines a server from outside; the exit code, and what was found by check.
async fn examined(server: Server) -> (Option<i32>, Value) {
    let server = server.start().await;
    let output = output(bare(&["doctor", "--issuer", &server.url, "--json"])).await;
    (output.status.code(), serde_json::from_str(&said(&output)).expect("JSON"))
}

fn finding<'f>(told: &'f Value, check: &str) -> &'f Value {
    let findings = told["findings"].as_array().expect("findings");
    findings.iter().find(|finding| finding["check"] == check).unwrap_or_else(|| panic!("{check}: {told}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_right_is_found_well() {
    let (code, told) = examined(Server::default()).await;
    assert_eq!((code, &told["well"]), (Some(0), &json!(true)), "{told}");
    for check in ["address", "clock", "OpenID discovery", "OAuth discovery", "key set", "pages", "refusal"] {
        assert_eq!(finding(&told, check)["verdict"], "ok", "{check}");
    }
}

/// Pages on another domain are looked for there. Where the issuer has some as well, people would be at the wrong ones.
#[tokio::test(flavor = "multi_thread")]
async fn pages_that_stand_apart_are_found_where_clients_send_people() {
    static PAGES: OnceLock<String> = OnceLock::new();
    let pages = Server::default().start().await;
    PAGES.set(format!("{}/authorize", pages.url)).expect("once");
    let apart: fn(&mut Value) = |document| document["authorization_endpoint"] = json!(PAGES.get());
    let sent_on = Reply::json(303, &json!("")).with("location", &format!("{}/sign-in", pages.url));
    for (page, code, verdict) in [(sent_on, 0, "ok"), (page(), 1, "wrong")] {
        let (said, told) = examined(Server { document: apart, page, ..Server::default() }).await;
        assert_eq!((said, &finding(&told, "pages")["verdict"]), (Some(code), &json!(verdict)), "{told}");
        assert_eq!(finding(&told, "OpenID discovery")["verdict"], "ok", "{told}");
    }
}

/// RFC 8414, section 3.1 has the document where no stage's URL reaches.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_under_a_stages_url_is_found_well() {
    let server = Server::default().start().await;
    let issuer = format!("{}/prod", server.url);
    let output = output(bare(&["doctor", "--issuer", &issuer])).await;
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("behind the issuer's path alone"), "{}", said(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_thing_that_is_wrong_is_found_and_only_that() {
    let well = Server::default;
    let json_refusal = |status, body: Value| Reply::json(status, &body).with("cache-control", "no-store");
    let cases: Vec<(&str, &str, Server)> = vec![
        ("clock", "s apart", Server { date_ahead_by: 60, ..well() }),
        (
            "OpenID discovery",
            "the issuer is",
            Server { issuer_said: Some("https://other.example"), ..well() },
        ),
        (
            "OpenID discovery",
            "it lacks code_challenge_methods_supported",
            Server { document: |document| remove(document, "code_challenge_methods_supported"), ..well() },
        ),
        (
            "OpenID discovery",
            "token_endpoint is not below",
            Server {
                document: |document| document["token_endpoint"] = json!("https://evil.example/token"),
                ..well()
            },
        ),
        (
            "key set",
            "no key for RS256",
            Server { key_set: |keys| drop(keys["keys"].as_array_mut().expect("keys").pop()), ..well() },
        ),
        ("key set", "private key", Server { key_set: |keys| keys["keys"][0]["d"] = json!("AAAA"), ..well() }),
        (
            "key set",
            "cannot be used",
            Server { key_set: |keys| keys["keys"][0]["x"] = json!("AAAA"), ..well() },
        ),
        ("key set", "86400 s", Server { key_set_kept_for: "max-age=86400", ..well() }),
        ("key set", "does not say", Server { key_set_kept_for: "no-cache", ..well() }),
        ("pages", "status 502", Server { page: Reply::json(502, &json!({})), ..well() }),
        (
            "pages",
            "lost its policy",
            Server { page: page().with("content-security-policy", "default-src *"), ..well() },
        ),
        (
            "pages",
            "none at http://127.0.0.1:1/",
            Server {
                document: |document| {
                    document["authorization_endpoint"] = json!("http://127.0.0.1:1/authorize");
                },
                ..well()
            },
        ),
        (
            "refusal",
            "with 502",
            Server { refusal: json_refusal(502, json!({ "errorMessage": "panic at main.rs" })), ..well() },
        ),
        (
            "refusal",
            "tells more than it should: trace",
            Server {
                refusal: json_refusal(400, json!({ "error": "invalid_request", "trace": "main.rs" })),
                ..well()
            },
        ),
        (
            "refusal",
            "caches",
            Server {
                refusal: Reply::json(401, &json!({ "error": "invalid_client" }))
                    .with("cache-control", "max-age=60"),
                ..well()
            },
        ),
    ];
    for (check, words, server) in cases {
        let (code, told) = examined(server).await;
        let found = finding(&told, check);
        assert_eq!((code, &found["verdict"]), (Some(1), &json!("wrong")), "{words}: {told}");
        assert!(found["what"].as_str().expect("what").contains(words), "{words}: {found}");
        assert!(!found["remedy"].as_str().expect("a remedy").is_empty());
    }
}

fn remove(document: &mut Value, member: &str) {
    document.as_object_mut().expect("an object").remove(member);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_nobody_answers_is_told_with_its_reason() {
    for (issuer, words) in [
        ("http://127.0.0.1:1", "refused"),
        ("http://auth.example.com", "without encryption"),
        ("https://auth.example.com/", "no issuer"),
    ] {
        let output = output(bare(&["doctor", "--issuer", issuer])).await;
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).to_lowercase().contains(words), "{issuer}: {}", said(&output));
        assert_eq!(complained(&output), "One thing is wrong.\n");
    }
}

/// An AWS account with a table in memory, whose other answers are made up.
struct Account {
    endpoint: Loopback,
    store: Store,
}

type Answers = Arc<dyn Fn(&str) -> Option<Reply> + Send + Sync>;

impl Account {
    /// What `otherwise` answers for an operation is answered so.
    async fn new(otherwise: Answers) -> Self {
        let database = dynoxide::Database::memory().expect("memory");
        let table = json!({
            "TableName": "countersign",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": (["pk", "sk"].map(|name| json!({"AttributeName": name, "AttributeType": "S"}))),
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        });
        database.create_table(serde_json::from_value(table).expect("a request")).expect("made");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));
        let store = Store::reached_by(&aws::local(&format!("http://{address}")), "countersign");
        let endpoint = Loopback::start(move |arrived| {
            let operation = operation(arrived);
            match otherwise(operation).or_else(|| described(operation)) {
                Some(reply) => Answered::Here(reply),
                None => Answered::At(address.clone()),
            }
        })
        .await;
        Self { endpoint, store }
    }

    async fn holds_keys(&self, first_use: i64) {
        let key = |algorithm: &str, public_key: &str| {
            json!({
                "algorithm": algorithm, "published_at": first_use, "first_use": first_use, "public_key": public_key,
                "custody": "kms", "key_id": format!("arn:{algorithm}"),
            })
        };
        let ring = json!({
            "format": 1, "deployment": "acme", "data_key": "arn:data", "server_secret": "",
            "signing_keys": [key("ES256", ES256), key("RS256", RS256)],
        });
        let replaced = self.store.replace_key_ring(&ring, None::<&KeptRing<Value>>).await;
        assert!(replaced.expect("the table answers"));
    }

    async fn examined(&self, server: &Loopback) -> (Option<i32>, Value) {
        let arguments = ["doctor", "--issuer", &server.url, "--table", "countersign", "--json"];
        let output = countersign(&self.endpoint.url, &arguments).await;
        (output.status.code(), serde_json::from_str(&said(&output)).unwrap_or_else(|_| panic!("{output:?}")))
    }
}

/// What is asked of AWS, in whichever of its protocols: JSON has it in a header, REST in the path, and the query protocol in the
/// body.
fn operation(arrived: &Arrived) -> &str {
    if let Some(target) = arrived.headers.get("x-amz-target") {
        return target.rsplit('.').next().unwrap_or_default();
    }
    if arrived.path.starts_with("/2015-03-31/event-source-mappings") {
        return "ListEventSourceMappings";
    }
    let action = arrived.body.split('&').find_map(|part| part.strip_prefix("Action="));
    action.unwrap_or_default()
}

const STREAM: &str =
    "arn:aws:dynamodb:us-east-1:123456789012:table/countersign/stream/2026-11-24T00:00:00.000";

/// An event source mapping of the table's stream, as the template has it.
fn mapping() -> Value {
    json!({
        "UUID": "8b2c", "EventSourceArn": STREAM, "State": "Enabled", "LastProcessingResult": "OK",
        "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:countersign-notify",
        "FilterCriteria": { "Filters": [{ "Pattern": "{}" }] },
    })
}

fn mappings(all: &[Value]) -> Reply {
    Reply::json(200, &json!({ "EventSourceMappings": all }))
}

/// What SNS answers in its protocol of forms and XML.
fn xml(operation: &str, result: &str) -> Reply {
    let body =
        format!("<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>");
    Reply { status: 200, headers: vec![("content-type", "text/xml".to_owned())], body }
}

fn spends(dollars: &str) -> Reply {
    let entry = format!(
        "<attributes><entry><key>MonthlySpendLimit</key><value>{dollars}</value></entry></attributes>"
    );
    xml("GetSMSAttributes", &entry)
}

fn is_in_sandbox(answer: bool) -> Reply {
    xml("GetSMSSandboxAccountStatus", &format!("<IsInSandbox>{answer}</IsInSandbox>"))
}

/// What AWS says of a stack that was deployed as the template has it.
fn described(operation: &str) -> Option<Reply> {
    let answer = match operation {
        "DescribeTable" => json!({ "Table": {
            "TableName": "countersign", "TableStatus": "ACTIVE", "DeletionProtectionEnabled": true,
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" },
            "LatestStreamArn": STREAM,
        }}),
        "DescribeTimeToLive" => {
            json!({ "TimeToLiveDescription": { "TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at" } })
        }
        "DescribeContinuousBackups" => json!({ "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": { "PointInTimeRecoveryStatus": "ENABLED" },
        }}),
        "DescribeKey" => json!({ "KeyMetadata": { "KeyId": "key", "KeyState": "Enabled" } }),
        "ListEventSourceMappings" => return Some(mappings(&[mapping()])),
        "GetSMSSandboxAccountStatus" => return Some(is_in_sandbox(false)),
        "GetSMSAttributes" => return Some(spends("50")),
        _ => return None,
    };
    Some(Reply::json(200, &answer))
}

async fn applied(account: &Account, issuer: &str) {
    applied_from(account, issuer, "demo").await;
}

/// Puts a folder beneath `infra/config` in force.
async fn applied_from(account: &Account, issuer: &str, folder: &str) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../config").join(folder);
    let folder = folder.display().to_string();
    let arguments = ["apply", &folder, "--issuer", issuer, "--table", "countersign", "--yes"];
    let output = countersign(&account.endpoint.url, &arguments).await;
    assert!(output.status.success(), "{}", complained(&output));
}

const INSIDE: [&str; 10] = [
    "table",
    "stream",
    "news",
    "deletion protection",
    "time to live",
    "backups",
    "configuration",
    "signing keys",
    "signing keys published",
    "data key",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_is_right_is_found_well() {
    let server = Server::default().start().await;
    let account = Account::new(Arc::new(|_| None)).await;
    applied(&account, &server.url).await;
    account.holds_keys(now() - 89 * DAY).await;
    let (code, told) = account.examined(&server).await;
    assert_eq!(code, Some(0), "{told}");
    for check in INSIDE {
        assert_eq!(finding(&told, check)["verdict"], "ok", "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_was_only_begun_is_told_the_next_steps() {
    let server = Server::default().start().await;
    let account = Account::new(Arc::new(|_| None)).await;
    let (code, told) = account.examined(&server).await;
    assert_eq!(code, Some(1));
    assert_eq!(finding(&told, "configuration")["what"], "none was ever applied");
    assert_eq!(finding(&told, "signing keys")["what"], "there are none yet");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_template_was_to_switch_on_is_missed() {
    let server = Server { key_set: |keys| keys["keys"][1]["kid"] = json!("another"), ..Server::default() };
    let server = server.start().await;
    let account = Account::new(Arc::new(|operation| {
        let answer = match operation {
            "DescribeTable" => json!({ "Table": {
                "TableName": "countersign", "TableStatus": "UPDATING", "LatestStreamArn": STREAM,
            }}),
            "DescribeTimeToLive" => {
                json!({ "TimeToLiveDescription": { "TimeToLiveStatus": "ENABLED", "AttributeName": "ttl" } })
            }
            "DescribeContinuousBackups" => json!({ "ContinuousBackupsDescription": {
                "ContinuousBackupsStatus": "ENABLED",
                "PointInTimeRecoveryDescription": { "PointInTimeRecoveryStatus": "DISABLED" },
            }}),
            "DescribeKey" => json!({ "KeyMetadata": { "KeyId": "key", "KeyState": "PendingDeletion" } }),
            "ListEventSourceMappings" => return Some(mappings(&[])),
            _ => return None,
        };
        Some(Reply::json(200, &answer))
    }))
    .await;
    applied(&account, "http://localhost:8690").await;
    account.holds_keys(now() - 93 * DAY).await;
    let (code, told) = account.examined(&server).await;
    assert_eq!(code, Some(1));
    for check in INSIDE {
        assert_eq!(finding(&told, check)["verdict"], "wrong", "{told}");
    }
    assert_eq!(finding(&told, "signing keys in KMS")["verdict"], "wrong", "{told}");
}

/// An operator who may not look is not told that something is wrong.
#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_missing_is_told_as_such() {
    let server = Server::default().start().await;
    let account = Account::new(Arc::new(|operation| {
        let denied = json!({ "__type": "AccessDeniedException", "Message": "no" });
        let is_denied = operation.starts_with("Describe") || operation == "GetItem";
        is_denied
            .then(|| Reply::json(400, &denied))
            .or_else(|| refused_by_sns(operation, 403, "AuthorizationError"))
    }))
    .await;
    let (code, told) = account.examined(&server).await;
    assert_eq!(code, Some(0), "{told}");
    for check in
        ["table", "time to live", "backups", "configuration", "signing keys", "texts", "texts a month"]
    {
        let found = finding(&told, check);
        assert_eq!(found["verdict"], "not-checked", "{told}");
        assert!(found["why"].as_str().is_some_and(|why| why.contains("is not among your rights")), "{found}");
    }
}

fn refused_by_sns(operation: &str, status: u16, code: &str) -> Option<Reply> {
    let body =
        format!("<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code></Error></ErrorResponse>");
    let headers = vec![("content-type", "text/xml".to_owned())];
    operation.starts_with("GetSMS").then_some(Reply { status, headers, body })
}

/// An endpoint that stands in for AWS need not know every operation: that is no fault of the deployment.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_endpoint_does_not_know_is_not_checked() {
    for (status, code) in [(400, "InvalidAction"), (501, "InternalFailure")] {
        let server = Server::default().start().await;
        let account = Account::new(Arc::new(move |operation| refused_by_sns(operation, status, code))).await;
        let (_, told) = account.examined(&server).await;
        for check in ["texts", "texts a month"] {
            assert_eq!(finding(&told, check)["why"], "this endpoint knows no such operation", "{told}");
        }
    }
}

fn changed(member: &str, value: Value) -> Value {
    let mut mapping = mapping();
    mapping[member] = value;
    mapping
}

/// "`ListEventSourceMappings`", AWS Lambda API Reference.
#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_news_from_notify_is_found() {
    let another_function = "arn:aws:lambda:us-east-1:123456789012:function:somebody-elses";
    let cases = [
        ("nothing brings", vec![]),
        ("nothing brings", vec![changed("FunctionArn", json!(another_function))]),
        ("is Disabled", vec![changed("State", json!("Disabled"))]),
        ("is Creating", vec![changed("State", json!("Creating"))]),
        (
            "PROBLEM: Function call failed",
            vec![changed("LastProcessingResult", json!("PROBLEM: Function call failed"))],
        ),
        ("has no filter", vec![changed("FilterCriteria", Value::Null)]),
        ("2 mappings", vec![mapping(), changed("UUID", json!("8b2d"))]),
    ];
    for (words, all) in cases {
        let server = Server::default().start().await;
        let account = Account::new(Arc::new(move |operation| {
            (operation == "ListEventSourceMappings").then(|| mappings(&all))
        }))
        .await;
        let (_, told) = account.examined(&server).await;
        let found = finding(&told, "news");
        assert_eq!(found["verdict"], "wrong", "{words}: {told}");
        assert!(found["what"].as_str().expect("what").contains(words), "{words}: {found}");
        assert!(!found["remedy"].as_str().expect("a remedy").is_empty());
        let asked = account.endpoint.arrived();
        let asked =
            asked.iter().find(|arrived| arrived.path.contains("event-source-mappings")).expect("asked");
        assert!(
            asked.path.contains("EventSourceArn=arn%3Aaws%3Adynamodb"),
            "of this stream alone: {}",
            asked.path
        );
    }
}

/// One that somebody has switched off beside the one that runs is nobody's loss; a version may stand behind a function's name.
#[tokio::test(flavor = "multi_thread")]
async fn one_mapping_that_runs_is_enough() {
    let live = "arn:aws:lambda:us-east-1:123456789012:function:countersign-notify:live";
    for all in [
        vec![mapping(), changed("State", json!("Disabled"))],
        vec![changed("FunctionArn", json!(live))],
        vec![changed("LastProcessingResult", json!("No records processed"))],
    ] {
        let server = Server::default().start().await;
        let account = Account::new(Arc::new(move |operation| {
            (operation == "ListEventSourceMappings").then(|| mappings(&all))
        }))
        .await;
        let (_, told) = account.examined(&server).await;
        assert_eq!(finding(&told, "news")["verdict"], "ok", "{told}");
    }
}

/// An account in the sandbox, and with the limit that every account begins with.
fn a_young_account(operation: &str) -> Option<Reply> {
    match operation {
        "GetSMSSandboxAccountStatus" => Some(is_in_sandbox(true)),
        "GetSMSAttributes" => Some(xml("GetSMSAttributes", "<attributes/>")),
        _ => None,
    }
}

/// "SMS sandbox", Amazon SNS Developer Guide.
#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_texts_from_people_is_found() {
    let server = Server::default().start().await;
    let account = Account::new(Arc::new(a_young_account)).await;
    let (_, told) = account.examined(&server).await;
    for (check, words) in [("texts", "sandbox"), ("texts a month", "1 USD")] {
        let found = finding(&told, check);
        assert_eq!(found["verdict"], "wrong", "{told}");
        assert!(found["what"].as_str().is_some_and(|what| what.contains(words)), "{found}");
        assert!(!found["remedy"].as_str().expect("a remedy").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_configuration_has_nobody_reached_by_text_the_accounts_texts_are_nobodys_concern() {
    let server = Server::default().start().await;
    let account = Account::new(Arc::new(a_young_account)).await;
    // The starting point of a real deployment has no `sms_prefixes`, the demo has.
    applied_from(&account, &server.url, "").await;
    let (_, told) = account.examined(&server).await;
    assert_eq!(finding(&told, "texts")["verdict"], "ok", "{told}");
    assert!(!told.to_string().contains("texts a month"), "{told}");
}

/// "`GetSMSAttributes`", Amazon SNS API Reference: an account that has set no limit has AWS's own, of one dollar.
#[tokio::test(flavor = "multi_thread")]
async fn how_many_texts_go_out_in_a_month_is_told() {
    for (reply, verdict) in [
        (xml("GetSMSAttributes", "<attributes/>"), "wrong"),
        (spends("0"), "wrong"),
        (spends("1"), "wrong"),
        (spends("a lot"), "wrong"),
        (spends("1.5"), "ok"),
        (spends("20000"), "ok"),
    ] {
        let server = Server::default().start().await;
        let said = reply.body.clone();
        let account =
            Account::new(Arc::new(move |operation| (operation == "GetSMSAttributes").then(|| reply.clone())))
                .await;
        let (_, told) = account.examined(&server).await;
        assert_eq!(finding(&told, "texts a month")["verdict"], verdict, "{said}");
    }
}

const APP: &str = "arn:aws:sns:us-east-1:123456789012:app/GCM/agents";

/// So many phones of an app, the first of which are gone.
fn phones(all: usize, gone: usize) -> Reply {
    let phone = |number: usize| {
        let enabled = number >= gone;
        format!(
            "<member><EndpointArn>{APP}/{number}</EndpointArn><Attributes>\
             <entry><key>Enabled</key><value>{enabled}</value></entry>\
             <entry><key>Token</key><value>what-reaches-the-phone</value></entry></Attributes></member>"
        )
    };
    let members: String = (0..all).map(phone).collect();
    xml("ListEndpointsByPlatformApplication", &format!("<Endpoints>{members}</Endpoints>"))
}

/// "`ListEndpointsByPlatformApplication`", Amazon SNS API Reference.
#[tokio::test(flavor = "multi_thread")]
async fn an_app_most_of_whose_phones_are_there_is_well_and_no_token_of_any_is_told() {
    for (all, gone, verdict) in [(0, 0, "ok"), (20, 2, "ok"), (20, 3, "wrong"), (1, 1, "wrong")] {
        let server = Server::default().start().await;
        let account = Account::new(Arc::new(move |operation| {
            (operation == "ListEndpointsByPlatformApplication").then(|| phones(all, gone))
        }))
        .await;
        let arguments = ["doctor", "--issuer", &server.url, "--table", "countersign", "--json"];
        let with_the_app: Vec<&str> = arguments.into_iter().chain(["--push-application", APP]).collect();
        let said = said(&countersign(&account.endpoint.url, &with_the_app).await);
        let told: Value = serde_json::from_str(&said).expect("JSON");
        assert_eq!(finding(&told, "phones")["verdict"], verdict, "{told}");
        assert!(
            said.contains(&format!("{gone} of {all}")) && !said.contains("what-reaches-the-phone"),
            "{said}"
        );
    }
}

/// What shows phones' tokens is in no policy of the stack: it is asked for alone where it was named.
#[tokio::test(flavor = "multi_thread")]
async fn nobodys_phones_are_listed_unasked() {
    let server = Server::default().start().await;
    let account = Account::new(Arc::new(|_| None)).await;
    let (_, told) = account.examined(&server).await;
    assert!(!told.to_string().contains("phones"), "{told}");
    assert!(account.endpoint.arrived().iter().all(|arrived| !arrived.body.contains("ListEndpoints")));
}
