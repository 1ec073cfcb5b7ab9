//! The tools of the chain as a client meets them: over HTTP, with an issuer that publishes its keys and exchanges nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use axum::Router;
use resource::Credentials;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::assertion::tests::{said, signed};
use super::customers::Customers;
use super::guarded::{ToolServer, router};
use super::ledger::{CONTENT_TYPE, Ledger};
use super::reports::Reports;
use super::*;
use crate::stage::{FAR_AWAY, Issuer, header, sign};

/// The tools, each on a port of the moment. Their resource indicators are those of the configuration.
struct Stage {
    issuer: Issuer,
    addresses: Addresses,
    reports: String,
    customers: String,
    ledger: String,
}

async fn served(router: Router) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    origin
}

impl Stage {
    async fn set() -> Self {
        let issuer = Issuer::start().await;
        let addresses = Addresses::from(8701).expect("three ports");
        let transport = || Transport::new().expect("a client");
        let credentials = |client: &str| Credentials::secret(client, "secret");
        let guard = Reports::guard(&issuer.url, &addresses.reports, credentials("reports-tool"), transport());
        let guard = guard.build().expect("a guard");
        let metadata = Reports::metadata(&guard);
        let reports = Reports::new(guard.clone(), &addresses, transport());
        let reports = served(router(&guard, metadata, reports)).await;
        let guard =
            Customers::guard(&issuer.url, &addresses.customers, credentials("customers-tool"), transport());
        let guard = guard.build().expect("a guard");
        let metadata = Customers::metadata(&guard);
        let customers = Customers::new(guard.clone(), &addresses, transport());
        let customers = served(router(&guard, metadata, customers)).await;
        let ledger = served(Ledger::new(&issuer.url, &addresses, transport()).router()).await;
        Self { issuer, addresses, reports, customers, ledger }
    }

    /// A token for the reports, with the report on one customer, and some of it otherwise.
    fn token(&self, changes: &Value) -> String {
        let mut claims = json!({
            "iss": self.issuer.url, "aud": self.addresses.reports, "sub": "person-1", "client_id": "chain-agent",
            "iat": 1, "exp": FAR_AWAY, "jti": "t-1", "scope": "reports.read reports.access",
            "authorization_details": [report_on("C-1042")],
        });
        for (name, value) in changes.as_object().expect("changes") {
            claims[name] = value.clone();
        }
        sign(&header(), &claims)
    }

    /// A token for the customers, as the reports exchange for it.
    fn exchanged(&self, details: &Value) -> String {
        self.token(&json!({
            "aud": self.addresses.customers, "client_id": "reports-tool", "act": {"sub": "reports-tool"},
            "scope": "customers.read", "authorization_details": details,
        }))
    }
}

fn report_on(customer: &str) -> Value {
    json!({"type": "customer_report", "customer": customer, "quarters": ["2026-Q3", "2026-Q4"]})
}

fn record_of(customer: &str, datatypes: &Value) -> Value {
    json!({"type": "customer_record", "customer": customer, "datatypes": datatypes})
}

/// A message that calls a tool.
fn calls(tool: &str, arguments: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})
}

fn asks_about(customer: &str, quarter: &str) -> Value {
    calls(CUSTOMER_REPORT, &json!({"customer": customer, "quarter": quarter}))
}

/// What comes back for a message: status, challenge and body.
async fn posted(server: &str, token: Option<&str>, message: String) -> (u16, String, String) {
    let request = reqwest::Client::new()
        .post(format!("{server}/mcp"))
        .header("accept", "application/json, text/event-stream")
        .header("content-type", "application/json")
        .header("mcp-protocol-version", "2025-06-18")
        .body(message);
    let request = match token {
        Some(token) => request.header("authorization", format!("Bearer {token}")),
        None => request,
    };
    let answer = request.send().await.expect("an answer");
    let challenge =
        answer.headers().get("www-authenticate").map(|value| value.to_str().expect("text").to_owned());
    (answer.status().as_u16(), challenge.unwrap_or_default(), answer.text().await.expect("a body"))
}

#[track_caller]
fn is_refused(answer: &(u16, String, String), status: u16, error: &str) {
    assert_eq!(answer.0, status, "{answer:?}");
    assert!(answer.1.contains(&format!("error=\"{error}\"")), "{answer:?}");
}

/// RFC 9728, sections 3.2 and 5.1; RFC 6750, section 3.1.
#[tokio::test]
async fn a_client_that_knows_nothing_is_told_where_to_ask_and_for_what() {
    let stage = Stage::set().await;
    let (status, challenge, _) =
        posted(&stage.reports, None, asks_about("C-1042", "2026-Q4").to_string()).await;
    let metadata = "http://localhost:8701/.well-known/oauth-protected-resource/mcp";
    let expected = format!(r#"Bearer realm="reports", scope="reports.read", resource_metadata="{metadata}""#);
    assert_eq!((status, challenge), (401, expected));
    for path in ["/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"] {
        let document = reqwest::get(format!("{}{path}", stage.reports)).await.expect("an answer");
        assert_eq!(document.headers()["content-type"], "application/json");
        let document: Value = serde_json::from_str(&document.text().await.expect("text")).expect("JSON");
        assert_eq!(document["resource"], stage.addresses.reports);
        assert_eq!(document["authorization_servers"], json!([stage.issuer.url]));
        assert_eq!(document["scopes_supported"], json!(["reports.read", "reports.access"]));
    }
}

/// RFC 9112, section 9.3: there are clients that send a message after its head, and go on by the same connection.
#[tokio::test]
async fn who_is_refused_goes_on_by_the_same_connection_however_late_the_message_comes() {
    let stage = Stage::set().await;
    let address = stage.reports.trim_start_matches("http://").to_owned();
    let goes_on = move || {
        let mut connection = TcpStream::connect(address).expect("connected");
        let mut said = String::new();
        for times in 1..=3 {
            let head = b"POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n";
            connection.write_all(head).expect("it is open");
            thread::sleep(Duration::from_millis(50));
            connection.write_all(b"{}").expect("it is open");
            while said.matches("HTTP/1.1 401").count() < times {
                let mut piece = [0; 1024];
                let length = connection.read(&mut piece).expect("it is open");
                assert_ne!(length, 0, "it was closed after {said}");
                said.push_str(&String::from_utf8_lossy(&piece[..length]));
            }
        }
    };
    tokio::task::spawn_blocking(goes_on).await.expect("each is answered");
}

/// RFC 9728, section 2: the customers say of themselves what the reports, which are sent there, have to ask for.
#[tokio::test]
async fn the_customers_too_say_where_to_ask_and_for_what() {
    let stage = Stage::set().await;
    let message = calls(customers::CUSTOMER_RECORD, &json!({"customer": "C-1042"})).to_string();
    let (status, challenge, _) = posted(&stage.customers, None, message).await;
    let metadata = "http://localhost:8702/.well-known/oauth-protected-resource/mcp";
    let expected =
        format!(r#"Bearer realm="customers", scope="customers.read", resource_metadata="{metadata}""#);
    assert_eq!((status, challenge), (401, expected));
    for path in ["/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"] {
        let document = reqwest::get(format!("{}{path}", stage.customers)).await.expect("an answer");
        assert_eq!(document.headers()["content-type"], "application/json");
        let document: Value = serde_json::from_str(&document.text().await.expect("text")).expect("JSON");
        assert_eq!(document["resource"], stage.addresses.customers);
        assert_eq!(document["authorization_servers"], json!([stage.issuer.url]));
        assert_eq!(document["scopes_supported"], json!(["customers.read"]));
        assert_eq!(document["authorization_details_types_supported"], json!(["customer_record"]));
    }
}

/// RFC 9728, section 2: the ledger takes no bearer token, and says so; whose assertions it takes it says as the others do.
#[tokio::test]
async fn the_ledger_too_says_where_to_ask_and_for_what() {
    let stage = Stage::set().await;
    let url = format!("{}/.well-known/oauth-protected-resource", stage.ledger);
    let document = reqwest::get(url).await.expect("an answer");
    assert_eq!(document.headers()["content-type"], "application/json");
    let document: Value = serde_json::from_str(&document.text().await.expect("text")).expect("JSON");
    assert_eq!(
        document,
        json!({
            "resource": stage.addresses.ledger, "authorization_servers": [stage.issuer.url], "resource_name": "Ledger",
            "scopes_supported": ["ledger.read"], "authorization_details_types_supported": ["account_balance"],
            "bearer_methods_supported": [],
        })
    );
    let nothing = reqwest::get(format!("{}/", stage.ledger)).await.expect("an answer");
    assert_eq!(nothing.status(), 404);
}

#[tokio::test]
async fn a_token_that_is_for_another_tool_is_not_taken() {
    let stage = Stage::set().await;
    let both = json!(["name", "account"]);
    let for_customers = stage.exchanged(&json!([record_of("C-1042", &both)]));
    let for_reports = stage.token(&json!({"scope": "customers.read"}));
    let message = asks_about("C-1042", "2026-Q4").to_string();
    is_refused(&posted(&stage.reports, Some(&for_customers), message).await, 401, "invalid_token");
    let message = calls("customer_record", &json!({"customer": "C-1042"})).to_string();
    is_refused(&posted(&stage.customers, Some(&for_reports), message).await, 401, "invalid_token");
}

#[tokio::test]
async fn nobody_gets_in_without_the_first_scope() {
    let stage = Stage::set().await;
    let token = stage.token(&json!({"scope": "openid"}));
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).to_string();
    let answer = posted(&stage.reports, Some(&token), list).await;
    is_refused(&answer, 403, "insufficient_scope");
    assert!(answer.1.contains(r#"scope="reports.read""#), "{answer:?}");
}

/// Who reads reports by scope alone learns which there are, and gets none about a customer.
#[tokio::test]
async fn a_scope_opens_what_needs_no_detail_and_nothing_else() {
    let stage = Stage::set().await;
    let token = stage.token(&json!({"scope": "reports.read", "authorization_details": []}));
    let transport = Transport::new().expect("a client");
    let url = format!("{}/mcp", stage.reports);
    let told: Value =
        call(&transport, &url, Some(&token), "list_reports", json!({})).await.expect("the list");
    assert_eq!(told["reports"], json!(["customer_report"]));
    let refused =
        call::<Value>(&transport, &url, Some(&token), CUSTOMER_REPORT, json!({"customer": "C-1042"})).await;
    let Err(CallFailed::Challenged(challenge)) = refused else { panic!("{refused:?}") };
    assert!(challenge.contains(r#"error="insufficient_authorization""#), "{challenge}");
}

/// RFC 9396, section 6: what the details do not name is refused, and the answer says what to ask for.
#[tokio::test]
async fn a_report_is_on_the_customer_and_the_quarter_that_were_approved() {
    let stage = Stage::set().await;
    let token = stage.token(&json!({}));
    for (customer, quarter) in [("C-3001", "2026-Q4"), ("C-1042", "2026-Q1"), ("C-104", "2026-Q4"), ("", "")]
    {
        let answer = posted(&stage.reports, Some(&token), asks_about(customer, quarter).to_string()).await;
        is_refused(&answer, 403, "insufficient_authorization");
        let body: Value = serde_json::from_str(&answer.2).expect("JSON");
        let missing = json!([{"type": "customer_report", "customer": customer, "quarters": [quarter]}]);
        assert_eq!(body["authorization_details"], missing);
    }
    let mut restricted = report_on("C-1042");
    restricted["only_if"] = json!("somebody says so");
    let restricted = stage.token(&json!({"authorization_details": [restricted]}));
    let answer = posted(&stage.reports, Some(&restricted), asks_about("C-1042", "2026-Q4").to_string()).await;
    is_refused(&answer, 403, "insufficient_authorization");
}

#[tokio::test]
async fn a_record_takes_a_detail_of_this_customer_with_all_that_is_in_it() {
    let stage = Stage::set().await;
    let message = calls("customer_record", &json!({"customer": "C-1042"})).to_string();
    for details in [
        json!([]),
        json!([record_of("C-2077", &json!(["name", "account"]))]),
        json!([record_of("C-1042", &json!(["name"]))]),
        // Two details are not added up.
        json!([record_of("C-1042", &json!(["name"])), record_of("C-1042", &json!(["account"]))]),
    ] {
        let answer = posted(&stage.customers, Some(&stage.exchanged(&details)), message.clone()).await;
        is_refused(&answer, 403, "insufficient_authorization");
    }
}

/// The token allows the call. What the issuer says to the exchange is what the client hears.
#[tokio::test]
async fn a_tool_that_gets_no_token_for_the_next_says_why() {
    let stage = Stage::set().await;
    let transport = Transport::new().expect("a client");
    let (url, arguments) =
        (format!("{}/mcp", stage.reports), json!({"customer": "C-1042", "quarter": "2026-Q4"}));
    let failed =
        call::<Report>(&transport, &url, Some(&stage.token(&json!({}))), CUSTOMER_REPORT, arguments).await;
    let why = "the exchange was refused: access_denied: no policy permits it";
    assert_eq!(failed.map(drop), Err(CallFailed::Failed(why.to_owned())));
}

#[tokio::test]
async fn one_message_at_a_time_is_read_and_it_is_read_once() {
    let stage = Stage::set().await;
    let token = stage.token(&json!({"authorization_details": []}));
    let forbidden = asks_about("C-1042", "2026-Q4").to_string();
    for (message, status) in [
        (format!("[{forbidden}]"), 400),
        ("junk".to_owned(), 400),
        ("\"tools/call\"".to_owned(), 400),
        (format!("{forbidden}{}", " ".repeat(70_000)), 413),
        // Of two methods the last is the one that is looked at.
        (forbidden.replacen("\"jsonrpc\"", "\"method\":\"tools/list\",\"jsonrpc\"", 1), 403),
    ] {
        let answer = posted(&stage.reports, Some(&token), message.clone()).await;
        assert_eq!(answer.0, status, "{message:.80}: {answer:?}");
    }
    // And the one that is passed on.
    let disguised = forbidden.replacen("\"params\"", "\"method\":\"tools/list\",\"params\"", 1);
    let (status, _, body) = posted(&stage.reports, Some(&token), disguised).await;
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((status, &body["result"]["tools"][0]["name"]), (200, &json!("list_reports")), "{body}");
}

#[tokio::test]
async fn there_is_no_session_and_no_stream_to_take_over() {
    let stage = Stage::set().await;
    let client = reqwest::Client::new();
    for method in [reqwest::Method::GET, reqwest::Method::DELETE] {
        let request = || {
            client
                .request(method.clone(), format!("{}/mcp", stage.reports))
                .header("accept", "text/event-stream")
        };
        assert_eq!(request().send().await.expect("an answer").status(), 401);
        let token = format!("Bearer {}", stage.token(&json!({})));
        let answer = request().header("authorization", token).send().await.expect("an answer");
        assert_eq!(answer.status(), 405, "{method}");
    }
}

#[tokio::test]
async fn a_tool_that_does_not_exist_is_not_there_for_anybody() {
    let stage = Stage::set().await;
    let message = calls("delete_report", &json!({})).to_string();
    let (status, _, body) = posted(&stage.reports, Some(&stage.token(&json!({}))), message).await;
    assert_eq!(status, 200);
    assert!(body.contains("there is no such tool"), "{body}");
}

/// The ledger answers an assertion of its issuer once, and nothing else.
#[tokio::test]
async fn the_ledger_takes_an_assertion_once_and_no_other_token() {
    let stage = Stage::set().await;
    let moment =
        jiff::Timestamp::from_second(resource::Clock::system().now().as_seconds()).expect("a moment");
    let document = said(&stage.issuer.url, moment);
    let (client, url) = (reqwest::Client::new(), format!("{}/saml/acs", stage.ledger));
    let presents = async |document: String, content_type: &str| {
        let request = client.post(&url).header("content-type", content_type).body(document);
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    };
    let wrong = (403, "the assertion is not acceptable here\n".to_owned());
    for refused in [
        document.clone(),
        signed(&document.replace(">Reader<", ">Writer<").replace("_a1", "_a2")),
        signed(&document.replace(">C-1042<", ">C-9999<").replace("_a1", "_a3")),
        signed(&said("http://localhost:1", moment)),
        stage.token(&json!({})),
    ] {
        assert_eq!(presents(refused.clone(), CONTENT_TYPE).await, wrong, "{refused}");
    }
    assert_eq!(presents(signed(&document), "text/xml").await.0, 415);

    let (status, body) = presents(signed(&document), CONTENT_TYPE).await;
    assert_eq!(status, 200, "{body}");
    let answer: ledger::Balance = serde_json::from_str(&body).expect("a balance");
    assert_eq!((answer.balance.as_str(), answer.hop.subject.as_str()), ("12,480.00 EUR", "alice"));
    assert_eq!(answer.hop.actors, ["customers-tool", "reports-tool"]);
    assert_eq!(presents(signed(&document), CONTENT_TYPE).await, wrong, "a second time");
}

#[test]
fn what_the_agent_asks_for_names_two_customers_and_not_the_third() {
    let asked = errand(&Addresses::from(8701).expect("three ports"));
    let customers: Vec<&str> = asked
        .details
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|detail| detail["customer"].as_str())
        .collect();
    assert_eq!(customers, [CUSTOMER, APPROVED_TOO]);
    assert!(!asked.details.to_string().contains(NOT_APPROVED));
}
