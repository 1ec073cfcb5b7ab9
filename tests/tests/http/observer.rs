use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use ring::digest::{SHA256, digest};
use ring::hmac;
use serde_json::{Value, json};

use crate::web::{Answer, http};

/// Looks at what no caller can see: the table, by DynamoDB's protocol, and the log; and leaves in the table what a command
/// that broke off would have left. The database is the embedded one, which listens on loopback and checks no signature.
pub(crate) struct Observer<'s> {
    pub(crate) table: &'s str,
    pub(crate) table_endpoint: &'s str,
    pub(crate) log: PathBuf,
}

impl Observer<'_> {
    /// Every item of the table, as JSON text in DynamoDB's form, the same each time: the table names attributes in any order.
    pub(crate) fn items(&self) -> Vec<String> {
        let in_order = |item: &Value| {
            let members: BTreeMap<&String, &Value> = item.as_object().into_iter().flatten().collect();
            json!(members).to_string()
        };
        let mut items: Vec<String> = self.all().iter().map(in_order).collect();
        items.sort();
        items
    }

    /// The items of each partition whose key begins so, in DynamoDB's form.
    pub(crate) fn items_of(&self, pk_begins_with: &str) -> Vec<Value> {
        let is_meant =
            |item: &Value| item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with(pk_begins_with));
        self.all().into_iter().filter(is_meant).collect()
    }

    /// The item with this key, which must be there.
    pub(crate) fn item(&self, pk_begins_with: &str, sk: &str) -> Value {
        let found = self.items_of(pk_begins_with).into_iter().find(|item| item["sk"]["S"] == sk);
        found.unwrap_or_else(|| panic!("no item {sk} in {pk_begins_with}"))
    }

    /// Writes an item over whatever stands there.
    pub(crate) fn puts(&self, item: &Value) {
        self.call("PutItem", &json!({ "TableName": self.table, "Item": item }));
    }

    /// Removes an item.
    pub(crate) fn removes(&self, item: &Value) {
        let key = json!({ "pk": item["pk"], "sk": item["sk"] });
        self.call("DeleteItem", &json!({ "TableName": self.table, "Key": key }));
    }

    fn all(&self) -> Vec<Value> {
        let mut items = Vec::new();
        let mut start = Value::Null;
        loop {
            let mut request = json!({ "TableName": self.table, "ConsistentRead": true });
            if !start.is_null() {
                request["ExclusiveStartKey"] = start;
            }
            let page = self.call("Scan", &request);
            items.extend(page["Items"].as_array().expect("items").iter().cloned());
            start = page["LastEvaluatedKey"].clone();
            if start.is_null() {
                return items;
            }
        }
    }

    /// The lines of the log.
    pub(crate) fn log(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.log).expect("the log");
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// The log as it is written.
    pub(crate) fn log_text(&self) -> String {
        fs::read_to_string(&self.log).expect("the log")
    }

    /// What a request called on AWS, by operation.
    pub(crate) fn calls_of(&self, answer: &Answer) -> BTreeMap<String, u32> {
        let id = answer.request_id();
        let log = self.log_text();
        let line = log
            .lines()
            .filter(|line| line.contains(id))
            .map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"))
            .find(|line| line["request_id"] == id && line["target"] == "request")
            .unwrap_or_else(|| panic!("no line in the log about the request {id}"));
        line["aws"]
            .as_str()
            .expect("the calls")
            .split_whitespace()
            .map(|call| {
                let (name, times) = call.split_once('=').expect("name=times");
                (name.to_owned(), times.parse().expect("a number"))
            })
            .collect()
    }

    /// The audit's events about a request.
    pub(crate) fn audit_of(&self, answer: &Answer) -> Vec<Value> {
        let id = answer.request_id();
        self.log().into_iter().filter(|line| line["request_id"] == id && line["target"] == "audit").collect()
    }

    fn call(&self, operation: &str, request: &Value) -> Value {
        let target = format!("DynamoDB_20120810.{operation}");
        let body = request.to_string();
        let moment = "20260101T000000Z";
        let host = self.table_endpoint.trim_start_matches("http://");
        let request = http()
            .post(self.table_endpoint)
            .header("x-amz-target", &target)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-date", moment)
            .header("authorization", authorization(host, moment, &target, &body))
            .body(body);
        Answer::to(request).ok().json()
    }
}

/// What stands in the body of an item.
#[track_caller]
pub(crate) fn body_of(item: &Value) -> Value {
    serde_json::from_str(item["body"]["S"].as_str().expect("a body")).expect("JSON")
}

/// A signature (AWS Signature Version 4) by the environment's credentials. The embedded database looks at none of it, other
/// endpoints do.
fn authorization(host: &str, moment: &str, target: &str, body: &str) -> String {
    let of_environment = |name: &str| std::env::var(name).unwrap_or_else(|_| "local".to_owned());
    let (day, region) = (&moment[..8], "us-east-1");
    let headers = "content-type;host;x-amz-date;x-amz-target";
    let canonical = format!(
        "POST\n/\n\ncontent-type:application/x-amz-json-1.0\nhost:{host}\nx-amz-date:{moment}\nx-amz-target:{target}\n\n{headers}\n{}",
        hex(digest(&SHA256, body.as_bytes()).as_ref())
    );
    let scope = format!("{day}/{region}/dynamodb/aws4_request");
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}",
        hex(digest(&SHA256, canonical.as_bytes()).as_ref())
    );
    let secret = format!("AWS4{}", of_environment("AWS_SECRET_ACCESS_KEY"));
    let key = [day, region, "dynamodb", "aws4_request"]
        .iter()
        .fold(secret.into_bytes(), |key, part| mac(&key, part.as_bytes()));
    let signature = hex(&mac(&key, to_sign.as_bytes()));
    let id = of_environment("AWS_ACCESS_KEY_ID");
    format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={headers}, Signature={signature}")
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
