//! DynamoDB with one table, as far as unit tests need it. The store itself is tried against a database that others wrote.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// How much a query answers at once (Amazon DynamoDB Developer Guide, "Paginating table query results").
const MOST_IN_A_PAGE: usize = 1024 * 1024;

/// The items of a table that is called `table`.
#[derive(Debug, Default)]
pub struct Table {
    items: BTreeMap<(String, String), Value>,
}

/// The key of an item, or of what names one.
///
/// # Panics
/// Where either part is missing.
pub fn key(item: &Value) -> (String, String) {
    let part = |name: &str| item[name]["S"].as_str().expect("a key").to_owned();
    (part("pk"), part("sk"))
}

impl Table {
    /// Puts an item there that has nothing but a body.
    pub fn put(&mut self, pk: &str, sk: &str, body: &Value) {
        self.keep(json!({ "pk": { "S": pk }, "sk": { "S": sk }, "body": { "S": body.to_string() } }));
    }

    /// Puts a whole item there, over whatever stands there.
    ///
    /// # Panics
    /// Where it has no key.
    pub fn keep(&mut self, item: Value) {
        self.items.insert(key(&item), item);
    }

    /// The item that stands there.
    pub fn item(&self, pk: &str, sk: &str) -> Option<&Value> {
        self.items.get(&(pk.to_owned(), sk.to_owned()))
    }

    /// Loses a partition.
    pub fn forget(&mut self, pk: &str) {
        self.items.retain(|(own, _), _| own != pk);
    }

    /// The bodies of the items of each partition whose key begins so.
    pub fn bodies_of(&self, pk_begins_with: &str) -> Vec<Value> {
        let items = self.items.iter().filter(|((pk, _), _)| pk.starts_with(pk_begins_with));
        let text = |item: &Value| item["body"]["S"].as_str().map(str::to_owned);
        items.filter_map(|(_, item)| serde_json::from_str(&text(item)?).ok()).collect()
    }

    /// Answers an operation, by status and body.
    ///
    /// # Panics
    /// Where nobody should ask for it, or on a condition that is not known here.
    pub fn answer(&mut self, operation: &str, request: &Value) -> (u16, Value) {
        match operation {
            "GetItem" => (200, self.named(&request["Key"]).map_or(json!({}), |item| json!({ "Item": item }))),
            "BatchGetItem" => {
                let keys = request["RequestItems"]["table"]["Keys"].as_array().expect("keys");
                let items: Vec<&Value> = keys.iter().filter_map(|key| self.named(key)).collect();
                (200, json!({ "Responses": { "table": items } }))
            }
            "PutItem" => self.put_item(request),
            "TransactWriteItems" => self.transaction(request["TransactItems"].as_array().expect("writes")),
            "UpdateItem" => self.count(request),
            "Query" => self.query(request),
            other => panic!("nobody asks for {other}"),
        }
    }

    fn put_item(&mut self, request: &Value) -> (u16, Value) {
        let item = &request["Item"];
        if !self.holds(request, item) {
            let error = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
            return (400, json!({ "__type": error, "Item": self.named(item) }));
        }
        self.keep(item.clone());
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
            self.keep(write["Put"]["Item"].clone());
        }
        (200, json!({}))
    }

    /// The one update that there is: so many requests more.
    fn count(&mut self, request: &Value) -> (u16, Value) {
        let mut item = self.named(&request["Key"]).unwrap_or(&request["Key"]).clone();
        let number = |value: &Value| value["N"].as_str().and_then(|n| n.parse::<u32>().ok());
        let added = number(&request["ExpressionAttributeValues"][":unwritten"]).expect("a count");
        let total = number(&item["requests"]).unwrap_or(0) + added;
        item["requests"] = json!({ "N": total.to_string() });
        self.keep(item.clone());
        (200, json!({ "Attributes": item }))
    }

    /// A page: what a megabyte holds, or as many as are wanted at most, and where the next one begins.
    fn query(&self, request: &Value) -> (u16, Value) {
        let part = |name: &str| request["ExpressionAttributeValues"][name]["S"].as_str().expect("text");
        let (pk, begin) = (part(":pk"), part(":sk"));
        let from = self.items.range((pk.to_owned(), begin.to_owned())..);
        let mut found: Vec<&Value> = from
            .take_while(|((of, sk), _)| of == pk && sk.starts_with(begin))
            .map(|(_, item)| item)
            .collect();
        if request["ScanIndexForward"] == false {
            found.reverse();
        }
        let start = &request["ExclusiveStartKey"];
        if !start.is_null() {
            let after =
                found.iter().position(|item| key(item) == key(start)).expect("it was the last of a page");
            found.drain(..=after);
        }
        let mut size = 0;
        let most = request["Limit"].as_u64().map_or(usize::MAX, |most| usize::try_from(most).expect("small"));
        let of_page = found.iter().take(most).take_while(|item| {
            let is_in = size < MOST_IN_A_PAGE;
            size += item.to_string().len();
            is_in
        });
        let count = of_page.count();
        let mut page = json!({ "Items": found[..count], "Count": count });
        if count < found.len() {
            page["LastEvaluatedKey"] = json!({ "pk": found[count - 1]["pk"], "sk": found[count - 1]["sk"] });
        }
        (200, page)
    }

    fn holds(&self, write: &Value, item: &Value) -> bool {
        let stands = self.named(item);
        let has = |attribute: &str, value: &str| {
            stands.is_some_and(|stands| stands[attribute] == write["ExpressionAttributeValues"][value])
        };
        match write["ConditionExpression"].as_str() {
            None => true,
            Some("attribute_not_exists(pk)") => stands.is_none(),
            Some("body = :before") => has("body", ":before"),
            Some("version = :from") => has("version", ":from"),
            Some(other) => panic!("nobody writes if {other}"),
        }
    }

    fn named(&self, wanted: &Value) -> Option<&Value> {
        self.items.get(&key(wanted))
    }
}
