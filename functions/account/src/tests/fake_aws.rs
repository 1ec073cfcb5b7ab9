//! DynamoDB and SNS under the real SDK: what the tests of this function need of the two.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

/// A form that SNS was sent.
pub(crate) type Form = BTreeMap<String, String>;

#[derive(Clone, Debug, Default)]
pub(crate) struct FakeAws(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    items: BTreeMap<(String, String), Value>,
    asked: Vec<Form>,
    /// How each action of SNS is answered, one after the other; the last one stays.
    answers: BTreeMap<&'static str, Vec<Said>>,
}

/// What SNS says.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    /// The result of the call.
    Yes(String),
    /// A refusal, by status, code and text.
    No(u16, &'static str, &'static str),
    /// Nothing, in time.
    Nothing,
}

impl FakeAws {
    pub(crate) fn sdk(&self) -> aws::SdkConfig {
        let connector = SharedHttpConnector::new(self.clone());
        aws::local("http://aws.invalid")
            .into_builder()
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build()
    }

    /// From now on SNS answers an action so: the first time by the first of these, and so on.
    pub(crate) fn says(&self, action: &'static str, said: impl IntoIterator<Item = Said>) {
        self.state().answers.insert(action, said.into_iter().collect());
    }

    /// What SNS was asked, in its order.
    pub(crate) fn asked(&self) -> Vec<Form> {
        std::mem::take(&mut self.state().asked)
    }

    pub(crate) fn put(&self, pk: &str, sk: &str, body: &Value) {
        let item = json!({ "pk": { "S": pk }, "sk": { "S": sk }, "body": { "S": body.to_string() } });
        self.state().items.insert((pk.to_owned(), sk.to_owned()), item);
    }

    pub(crate) fn forget(&self, pk: &str) {
        self.state().items.retain(|(own, _), _| own != pk);
    }

    /// The bodies of the items of each partition whose key begins so.
    pub(crate) fn bodies_of(&self, pk_begins_with: &str) -> Vec<Value> {
        let state = self.state();
        let items = state.items.iter().filter(|((pk, _), _)| pk.starts_with(pk_begins_with));
        let text = |item: &Value| item["body"]["S"].as_str().map(str::to_owned);
        items.filter_map(|(_, item)| serde_json::from_str(&text(item)?).ok()).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("not poisoned")
    }
}

impl State {
    /// DynamoDB: JSON in, JSON out.
    fn table(&mut self, operation: &str, request: &Value) -> (u16, Value) {
        match operation {
            "GetItem" => (200, self.item(&request["Key"]).map_or(json!({}), |item| json!({ "Item": item }))),
            "BatchGetItem" => {
                let keys = request["RequestItems"]["table"]["Keys"].as_array().expect("keys");
                let items: Vec<Value> = keys.iter().filter_map(|key| self.item(key)).collect();
                (200, json!({ "Responses": { "table": items } }))
            }
            "PutItem" => self.put_item(request),
            "TransactWriteItems" => self.transaction(request["TransactItems"].as_array().expect("writes")),
            "UpdateItem" => {
                let mut item = self.item(&request["Key"]).unwrap_or_else(|| request["Key"].clone());
                let number = |value: &Value| value["N"].as_str().and_then(|n| n.parse::<u32>().ok());
                let added = number(&request["ExpressionAttributeValues"][":unwritten"]).expect("a count");
                let total = number(&item["requests"]).unwrap_or(0) + added;
                item["requests"] = json!({ "N": total.to_string() });
                self.items.insert(key(&item), item.clone());
                (200, json!({ "Attributes": item }))
            }
            "Query" => {
                let part =
                    |name: &str| request["ExpressionAttributeValues"][name]["S"].as_str().expect("text");
                let (pk, begin) = (part(":pk"), part(":sk"));
                let found = |((of, sk), _): &(&(String, String), &Value)| of == pk && sk.starts_with(begin);
                let items: Vec<&Value> = self.items.iter().filter(found).map(|(_, item)| item).collect();
                (200, json!({ "Items": items, "Count": items.len() }))
            }
            other => panic!("nobody asks for {other}"),
        }
    }

    fn put_item(&mut self, request: &Value) -> (u16, Value) {
        let item = request["Item"].clone();
        if !self.holds(request, &item) {
            let error = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
            return (400, json!({ "__type": error, "Item": self.item(&item) }));
        }
        self.items.insert(key(&item), item);
        (200, json!({}))
    }

    fn transaction(&mut self, writes: &[Value]) -> (u16, Value) {
        let reason = |write: &Value| {
            let holds = self.holds(&write["Put"], &write["Put"]["Item"]);
            json!({ "Code": if holds { "None" } else { "ConditionalCheckFailed" } })
        };
        let reasons: Vec<Value> = writes.iter().map(reason).collect();
        if reasons.iter().any(|reason| reason["Code"] != "None") {
            let error = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
            return (400, json!({ "__type": error, "Message": "no", "CancellationReasons": reasons }));
        }
        for write in writes {
            let item = write["Put"]["Item"].clone();
            self.items.insert(key(&item), item);
        }
        (200, json!({}))
    }

    fn holds(&self, write: &Value, item: &Value) -> bool {
        let stands = self.item(item);
        match write["ConditionExpression"].as_str() {
            None => true,
            Some("attribute_not_exists(pk)") => stands.is_none(),
            Some("body = :before") => {
                stands.is_some_and(|stands| stands["body"] == write["ExpressionAttributeValues"][":before"])
            }
            Some(other) => panic!("nobody writes if {other}"),
        }
    }

    fn item(&self, wanted: &Value) -> Option<Value> {
        self.items.get(&key(wanted)).cloned()
    }

    /// SNS: a form in, XML out.
    fn sns(&mut self, form: Form) -> Option<(u16, String)> {
        let action = form["Action"].clone();
        self.asked.push(form);
        let answers = self.answers.get_mut(action.as_str());
        let said =
            answers.map(|answers| if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() });
        match said.unwrap_or(Said::Yes(String::new())) {
            Said::Yes(result) => {
                let answer =
                    format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>");
                Some((200, answer))
            }
            Said::No(status, code, text) => {
                let error = format!("<Error><Code>{code}</Code><Message>{text}</Message></Error>");
                Some((status, format!("<ErrorResponse>{error}</ErrorResponse>")))
            }
            Said::Nothing => None,
        }
    }
}

fn key(item: &Value) -> (String, String) {
    let part = |name: &str| item[name]["S"].as_str().expect("a key").to_owned();
    (part("pk"), part("sk"))
}

impl HttpConnector for FakeAws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().expect("in memory").to_vec();
        let operation = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
        let mut state = self.state();
        let answer = match operation {
            Some(operation) => {
                let (status, answer) = state.table(operation, &serde_json::from_slice(&body).expect("JSON"));
                Some((status, answer.to_string()))
            }
            None => state.sns(form_urlencoded::parse(&body).into_owned().collect()),
        };
        HttpConnectorFuture::ready(match answer {
            Some((status, answer)) => {
                let status = StatusCode::try_from(status).expect("a status");
                Ok(HttpResponse::new(status, SdkBody::from(answer)))
            }
            None => Err(ConnectorError::timeout("nobody answers".into())),
        })
    }
}
