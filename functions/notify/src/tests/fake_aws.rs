//! DynamoDB, SNS and SQS under the real SDK: what the tests of this function need of the three.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

#[derive(Clone, Debug, Default)]
pub(super) struct FakeAws(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    items: BTreeMap<(String, String), Value>,
    /// What was published and sent, in its order.
    done: Vec<(&'static str, BTreeMap<String, String>)>,
    /// Which operations, on whom, are refused, with status and code.
    refused: Vec<(&'static str, String, u16, &'static str)>,
    /// What somebody else writes just before the next write to the same item.
    overtaking: Option<Value>,
}

impl FakeAws {
    pub(super) fn sdk(&self) -> aws::SdkConfig {
        let connector = SharedHttpConnector::new(self.clone());
        aws::local("http://aws.invalid")
            .into_builder()
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build()
    }

    /// Puts an item into the table.
    pub(super) fn put(&self, pk: &str, sk: &str, body: &Value) {
        let item = json!({ "pk": { "S": pk }, "sk": { "S": sk }, "body": { "S": body.to_string() } });
        self.state().items.insert((pk.to_owned(), sk.to_owned()), item);
    }

    /// Somebody else writes this item just before it is written next.
    pub(super) fn overtakes(&self, item: Value) {
        self.state().overtaking = Some(item);
    }

    /// An item as it stands.
    pub(super) fn item(&self, pk: &str, sk: &str) -> Value {
        self.state().items[&(pk.to_owned(), sk.to_owned())].clone()
    }

    /// Puts an item back as it was.
    pub(super) fn restore(&self, item: Value) {
        self.state().items.insert(key(&item), item);
    }

    /// From now on an operation is refused where this stands in its parameters.
    pub(super) fn refuse(&self, operation: &'static str, whom: &str, status: u16, code: &'static str) {
        self.state().refused.push((operation, whom.to_owned(), status, code));
    }

    pub(super) fn mend(&self) {
        self.state().refused.clear();
    }

    /// The parameters of each `Publish` or `SendMessage` that was not refused.
    pub(super) fn of(&self, operation: &str) -> Vec<BTreeMap<String, String>> {
        let state = self.state();
        state
            .done
            .iter()
            .filter(|(of, _)| *of == operation)
            .map(|(_, parameters)| parameters.clone())
            .collect()
    }

    /// Takes what lies in a queue: delay in seconds and text.
    pub(super) fn take(&self, queue: &str) -> Vec<(u64, String)> {
        let is_in = |(of, parameters): &mut (&'static str, BTreeMap<String, String>)| {
            *of == "SendMessage" && parameters["QueueUrl"].ends_with(queue)
        };
        let mut state = self.state();
        let taken = state.done.extract_if(.., is_in);
        taken
            .map(|(_, sent)| (sent["DelaySeconds"].parse().expect("a number"), sent["MessageBody"].clone()))
            .collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("not poisoned")
    }
}

impl State {
    fn refusal(&self, operation: &str, parameters: &str) -> Option<(u16, &'static str)> {
        let strikes =
            self.refused.iter().find(|(of, whom, ..)| *of == operation && parameters.contains(whom));
        strikes.map(|(.., status, code)| (*status, *code))
    }

    /// SNS: a form in, XML out.
    fn publish(&mut self, form: &[u8]) -> (u16, String) {
        let parameters: BTreeMap<String, String> = form_urlencoded::parse(form).into_owned().collect();
        assert_eq!(parameters["Action"], "Publish");
        if let Some((status, code)) = self.refusal("Publish", &format!("{parameters:?}")) {
            let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error>");
            return (status, format!("<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>"));
        }
        self.done.push(("Publish", parameters));
        let result = "<PublishResult><MessageId>m</MessageId></PublishResult>";
        (200, format!("<PublishResponse>{result}</PublishResponse>"))
    }

    /// DynamoDB and SQS: JSON in, JSON out.
    fn answer(&mut self, operation: &str, request: &Value) -> (u16, Value) {
        if let Some((status, code)) = self.refusal(operation, &request.to_string()) {
            return (status, json!({ "__type": code }));
        }
        match operation {
            "GetItem" => (200, self.item(&request["Key"]).map_or(json!({}), |item| json!({ "Item": item }))),
            "BatchGetItem" => {
                let keys = request["RequestItems"]["table"]["Keys"].as_array().expect("keys");
                let items: Vec<Value> = keys.iter().filter_map(|key| self.item(key)).collect();
                (200, json!({ "Responses": { "table": items } }))
            }
            "PutItem" => {
                let item = request["Item"].clone();
                if let Some(other) = self.overtaking.take_if(|other| key(other) == key(&item)) {
                    self.items.insert(key(&other), other);
                }
                if let Some(stands) = self.item(&item).filter(|stands| !comes_from(request, stands)) {
                    let error = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
                    return (400, json!({ "__type": error, "Item": stands }));
                }
                self.items.insert(key(&item), item);
                (200, json!({}))
            }
            "Query" => {
                let part =
                    |name: &str| request["ExpressionAttributeValues"][name]["S"].as_str().expect("text");
                let (pk, begin) = (part(":pk"), part(":sk"));
                let found = |((of, sk), _): &(&(String, String), &Value)| of == pk && sk.starts_with(begin);
                let items: Vec<&Value> = self.items.iter().filter(found).map(|(_, item)| item).collect();
                (200, json!({ "Items": items, "Count": items.len() }))
            }
            "SendMessage" => {
                let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let parameters = request.as_object().expect("an object").iter();
                self.done.push((
                    "SendMessage",
                    parameters.map(|(name, value)| (name.clone(), text(value))).collect(),
                ));
                (200, json!({ "MessageId": "m" }))
            }
            other => panic!("nobody asks for {other}"),
        }
    }

    fn item(&self, wanted: &Value) -> Option<Value> {
        self.items.get(&key(wanted)).cloned()
    }
}

/// Whether a write goes from the version that stands there, where it says from which.
fn comes_from(request: &Value, stands: &Value) -> bool {
    let is_conditional =
        request["ConditionExpression"].as_str().is_some_and(|text| text == "version = :from");
    !is_conditional || request["ExpressionAttributeValues"][":from"] == stands["version"]
}

fn key(item: &Value) -> (String, String) {
    let part = |name: &str| item[name]["S"].as_str().expect("a key").to_owned();
    (part("pk"), part("sk"))
}

impl HttpConnector for FakeAws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().expect("in memory").to_vec();
        let operation = request
            .headers()
            .get("x-amz-target")
            .map(|target| target.rsplit('.').next().expect("a name").to_owned());
        let mut state = self.state();
        let (status, answer) = match operation {
            Some(operation) => {
                let (status, answer) =
                    state.answer(&operation, &serde_json::from_slice(&body).expect("JSON"));
                (status, answer.to_string())
            }
            None => state.publish(&body),
        };
        let status = StatusCode::try_from(status).expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(answer))))
    }
}
