use environment::Fault;
use oauth::GrantId;
use serde_json::{Map, Value};

use crate::errand::{Errand, Kind};

/// One record of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// What its source calls it, for the log.
    pub(crate) id: String,
    /// By what Lambda is told that it has to come again: a stream's sequence number, a queue's message.
    pub(crate) position: String,
    /// What there is to do.
    pub(crate) order: Order,
}

/// What a record says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Something became of an authorization, of which this has to be told.
    News { authorization: GrantId, kinds: &'static [Kind] },
    /// Something comes back from the queue.
    Errand(Errand),
    /// It cannot be read.
    Unreadable(&'static str),
}

/// Reads a batch of the table's stream or of the queue ("Using AWS Lambda with Amazon DynamoDB", "… with Amazon SQS"). A record
/// that cannot be read is one of them like any other.
pub(crate) fn read(event: &str) -> Result<Vec<Record>, Fault> {
    let mut event: Map<String, Value> =
        serde_json::from_str(event).map_err(|error| Fault::broken("event", error))?;
    match event.remove("Records") {
        Some(Value::Array(records)) => Ok(records.iter().map(record).collect()),
        _ => Err(Fault::broken("event", "it is no batch of records")),
    }
}

fn record(record: &Value) -> Record {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match record["eventSource"].as_str() {
        Some("aws:dynamodb") => Record {
            id: text(&record["eventID"]),
            position: text(&record["dynamodb"]["SequenceNumber"]),
            order: of_stream(&record["dynamodb"]["NewImage"]),
        },
        Some("aws:sqs") => {
            let id = text(&record["messageId"]);
            let errand = record["body"].as_str().and_then(|body| serde_json::from_str(body).ok());
            let order = errand.map_or(Order::Unreadable("no errand"), Order::Errand);
            Record { position: id.clone(), id, order }
        }
        _ => Record {
            id: text(&record["eventID"]),
            position: String::new(),
            order: Order::Unreadable("neither of a stream nor of a queue"),
        },
    }
}

/// The item's body is not looked at: what counts is what stands in the table.
fn of_stream(item: &Value) -> Order {
    let id = item["pk"]["S"].as_str().and_then(|pk| GrantId::parse(pk.strip_prefix("AUTHORIZATION#")?));
    let Some(authorization) = id else { return Order::Unreadable("no authorization") };
    match item["news"]["S"].as_str() {
        // The timer first: what comes again because the queue took nothing has not rung yet.
        Some("requested") => Order::News { authorization, kinds: &[Kind::Expire, Kind::Ask] },
        Some("approved" | "declined" | "ended") => Order::News { authorization, kinds: &[Kind::Tell] },
        // The stream's filter lets nothing through that is no news.
        _ => Order::Unreadable("no news"),
    }
}

#[cfg(test)]
mod tests {
    use oauth::Timestamp;
    use serde_json::json;

    use super::*;

    fn id() -> GrantId {
        GrantId::from_random([7; 16])
    }

    fn of_table(item: &Value) -> Record {
        let record = json!({
            "eventID": "e1", "eventName": "INSERT", "eventSource": "aws:dynamodb",
            "dynamodb": { "SequenceNumber": "100000000000000000001", "NewImage": item },
        });
        one(&record)
    }

    fn one(record: &Value) -> Record {
        let mut records = read(&json!({ "Records": [record] }).to_string()).expect("a batch");
        records.remove(0)
    }

    #[test]
    fn a_request_is_told_to_its_person_and_its_expiry_to_its_client_a_decision_to_its_client() {
        for (news, kinds) in [
            ("requested", &[Kind::Expire, Kind::Ask][..]),
            ("approved", &[Kind::Tell]),
            ("declined", &[Kind::Tell]),
            ("ended", &[Kind::Tell]),
        ] {
            let item = json!({ "pk": { "S": format!("AUTHORIZATION#{}", id()) }, "news": { "S": news } });
            let record = of_table(&item);
            assert_eq!(record.order, Order::News { authorization: id(), kinds });
            assert_eq!((record.id.as_str(), record.position.as_str()), ("e1", "100000000000000000001"));
        }
    }

    #[test]
    fn what_comes_from_the_queue_is_an_errand() {
        let errand = Errand::new(Kind::Tell, id(), Timestamp::from_seconds(1_800_000_000));
        let body = serde_json::to_string(&errand).expect("JSON");
        let record = one(&json!({ "eventSource": "aws:sqs", "messageId": "m1", "body": body }));
        assert_eq!(record, Record { id: "m1".into(), position: "m1".into(), order: Order::Errand(errand) });
    }

    #[test]
    fn a_record_that_cannot_be_read_is_one_of_the_batch() {
        let own = format!("AUTHORIZATION#{}", id());
        for item in [
            json!(null),
            json!({ "pk": { "S": own } }),
            json!({ "pk": { "S": own }, "news": { "S": "redeemed" } }),
            json!({ "pk": { "S": "PERSON#x" }, "news": { "S": "requested" } }),
            json!({ "pk": { "N": "1" }, "news": { "S": "requested" } }),
        ] {
            assert!(matches!(of_table(&item).order, Order::Unreadable(_)), "{item}");
        }
        for record in [
            json!(null),
            json!({ "eventSource": "aws:s3" }),
            json!({ "eventSource": "aws:sqs", "messageId": "m1", "body": "junk" }),
            json!({ "eventSource": "aws:sqs", "messageId": "m1", "body": { "kind": "ask" } }),
        ] {
            assert!(matches!(one(&record).order, Order::Unreadable(_)), "{record}");
        }
    }

    #[test]
    fn what_is_no_batch_is_a_fault() {
        for event in ["", "[]", "{}", r#"{"Records": {}}"#] {
            assert!(read(event).is_err(), "{event}");
        }
    }
}
