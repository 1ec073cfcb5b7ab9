use std::net::SocketAddr;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes};
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::{HeaderMap, Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::StartError;
use crate::faults::{Faults, Kind};
use crate::server::{Listeners, serve};

/// Which operation a call asks for: `DynamoDB_20120810.PutItem`.
const TARGET: &str = "x-amz-target";

/// What DynamoDB answers when more is asked of it than it was given for.
const THROTTLED: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"asked for by a test"}"#;

/// Stands between the server and its table, under the SDK, and lets go wrong what a test asks for. Only
/// `--test-control` sets it up.
#[derive(Debug)]
pub(crate) struct FaultProxy {
    endpoint: String,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

/// Why a call has no answer: its connection is closed instead.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoReply {
    /// A test asked for it.
    #[error("a test asked for it")]
    Asked,
    /// The call broke off.
    #[error("the call broke off: {0}")]
    Call(Box<dyn std::error::Error + Send + Sync>),
    /// The table broke off.
    #[error("the table broke off: {0}")]
    Table(Box<dyn std::error::Error + Send + Sync>),
}

impl FaultProxy {
    /// Listens on a free loopback port, and passes on to the table behind this endpoint.
    ///
    /// # Errors
    /// When there is no port to listen on.
    pub(crate) async fn start(table_endpoint: &str, faults: Faults) -> Result<Self, StartError> {
        let address = table_endpoint.trim_start_matches("http://");
        let table = address
            .parse::<Authority>()
            .map_err(|error| StartError::Machine { what: "the way to the table", why: error.to_string() })?;
        let listeners = Listeners::bind(0, "--test-control").await?;
        let endpoint = format!("http://127.0.0.1:{}", listeners.port());
        let way = Way { client: Client::builder(TokioExecutor::new()).build_http(), table, faults };
        let answer = move |request, _: SocketAddr| {
            let way = way.clone();
            async move { way.answer(request).await }
        };
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(serve(listeners, answer, stopped));
        Ok(Self { endpoint, stop, server })
    }

    /// The endpoint's URL for an AWS SDK.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Ends it, once nobody calls the table any more.
    pub(crate) async fn end(self) {
        // Nobody listening any more is what we want.
        let _ = self.stop.send(true);
        if let Err(error) = self.server.await {
            tracing::error!(target: "table", %error, "the way to the table had crashed");
        }
    }
}

#[derive(Clone)]
struct Way {
    client: Client<HttpConnector, Full<Bytes>>,
    table: Authority,
    faults: Faults,
}

impl Way {
    async fn answer<B>(&self, request: Request<B>) -> Result<Response<Full<Bytes>>, NoReply>
    where
        B: Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(|error| NoReply::Call(error.into()))?.to_bytes();
        let operation = operation(&parts.headers).to_owned();
        let call = Request::from_parts(parts, Full::from(body.clone()));
        let Some(fault) = self.faults.strike(&operation, &body) else {
            return self.pass(call).await;
        };
        tracing::info!(target: "test-control", operation, kind = ?fault.kind, "a fault struck");
        match fault.kind {
            Kind::Refuse => Err(NoReply::Asked),
            Kind::LoseReply => {
                self.pass(call).await?;
                Err(NoReply::Asked)
            }
            Kind::Throttle => {
                let mut refusal = Response::new(Full::from(THROTTLED));
                *refusal.status_mut() = StatusCode::BAD_REQUEST;
                Ok(refusal)
            }
            Kind::Delay => {
                tokio::time::sleep(fault.delay()).await;
                self.pass(call).await
            }
            Kind::DelayReply => {
                let answer = self.pass(call).await;
                tokio::time::sleep(fault.delay()).await;
                answer
            }
        }
    }

    /// Lets the table answer.
    async fn pass(&self, mut call: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, NoReply> {
        let path = call.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let uri = Uri::builder().scheme(Scheme::HTTP).authority(self.table.clone()).path_and_query(path);
        *call.uri_mut() = uri.build().map_err(|error| NoReply::Call(error.into()))?;
        let answer = self.client.request(call).await.map_err(|error| NoReply::Table(error.into()))?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(|error| NoReply::Table(error.into()))?.to_bytes();
        Ok(Response::from_parts(parts, Full::from(body)))
    }
}

/// The operation's name without the service's.
fn operation(headers: &HeaderMap) -> &str {
    let target = headers.get(TARGET).and_then(|value| value.to_str().ok()).unwrap_or_default();
    target.rsplit_once('.').map_or(target, |(_, operation)| operation)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use environment::Dice;
    use serde_json::{Value, json};

    use super::*;
    use crate::template::Template;
    use crate::{DataFolder, Database};

    /// A table, the way to it, and a client without an SDK's retries.
    struct Place {
        database: Database,
        proxy: FaultProxy,
        faults: Faults,
        client: reqwest::Client,
        _folder: DataFolder,
    }

    impl Place {
        async fn new() -> Self {
            let folder = DataFolder::temporary(&Dice::system()).expect("a folder");
            let table = Template::built_in().expect("well formed").table;
            let database =
                Database::open(&folder, &table, &environment::Dice::system()).await.expect("opened");
            let faults = Faults::default();
            let proxy = FaultProxy::start(database.endpoint(), faults.clone()).await.expect("started");
            Self { database, proxy, faults, client: reqwest::Client::new(), _folder: folder }
        }

        fn arm(&self, fault: Value) {
            self.faults.arm(serde_json::from_value(fault).expect("a fault"));
        }

        async fn call(&self, endpoint: &str, operation: &str, body: &Value) -> Option<(u16, Value)> {
            let call = self
                .client
                .post(endpoint)
                .header(TARGET, format!("DynamoDB_20120810.{operation}"))
                .header("content-type", "application/x-amz-json-1.0")
                .header("x-amz-date", "20260101T000000Z")
                .header(
                    "authorization",
                    "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
                )
                .body(body.to_string());
            let answer = call.send().await.ok()?;
            let status = answer.status().as_u16();
            Some((status, serde_json::from_str(&answer.text().await.ok()?).expect("JSON")))
        }

        async fn put(&self, name: &str) -> Option<(u16, Value)> {
            let item =
                json!({ "TableName": "countersign", "Item": { "pk": { "S": name }, "sk": { "S": "a" } } });
            self.call(self.proxy.endpoint(), "PutItem", &item).await
        }

        /// Whether the item is there, asked past the proxy.
        async fn holds(&self, name: &str) -> bool {
            let key =
                json!({ "TableName": "countersign", "Key": { "pk": { "S": name }, "sk": { "S": "a" } } });
            let answer = self.call(self.database.endpoint(), "GetItem", &key).await;
            answer.expect("an answer").1.get("Item").is_some()
        }

        async fn end(self) {
            self.proxy.end().await;
            self.database.close().await.expect("closed");
        }
    }

    #[tokio::test]
    async fn without_a_fault_it_only_passes_on() {
        let place = Place::new().await;
        assert_eq!(place.put("one").await, Some((200, json!({}))));
        assert!(place.holds("one").await);
        place.end().await;
    }

    #[tokio::test]
    async fn a_lost_reply_is_to_a_call_that_was_carried_out() {
        let place = Place::new().await;
        place.arm(json!({ "kind": "lose_reply", "operation": "PutItem", "times": 1 }));
        assert_eq!(place.put("one").await, None);
        assert!(place.holds("one").await);
        assert!(place.put("two").await.is_some(), "once was asked for");
        place.end().await;
    }

    #[tokio::test]
    async fn a_refused_call_never_reaches_the_table() {
        let place = Place::new().await;
        place.arm(json!({ "kind": "refuse" }));
        assert_eq!(place.put("one").await, None);
        assert!(!place.holds("one").await);
        place.faults.disarm();
        assert!(place.put("one").await.is_some());
        place.end().await;
    }

    #[tokio::test]
    async fn throttling_looks_as_dynamodb_s() {
        let place = Place::new().await;
        place.arm(json!({ "kind": "throttle", "times": 1 }));
        let (status, answer) = place.put("one").await.expect("an answer");
        assert_eq!(status, 400);
        let name = answer["__type"].as_str().expect("a name");
        assert!(name.ends_with("#ProvisionedThroughputExceededException"), "{name}");
        assert!(!place.holds("one").await);
        place.end().await;
    }

    #[tokio::test]
    async fn a_delayed_call_arrives_later() {
        let place = Place::new().await;
        place.arm(json!({ "kind": "delay", "milliseconds": 150, "times": 1 }));
        let asked = Instant::now();
        assert!(place.put("one").await.is_some());
        assert!(asked.elapsed() >= Duration::from_millis(150));
        place.end().await;
    }
}
