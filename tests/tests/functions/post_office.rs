use std::sync::atomic::{AtomicU32, Ordering};

use lean_start::runtime_api::Environment;
use serde_json::{Value, json};

use crate::deployment::call;
use crate::place::{Place, a_name};
use crate::way::client;

/// What `notify` needs beside the table, at the same endpoint: the topic and the queues of template.yaml.
pub(crate) struct PostOffice {
    endpoint: String,
    topic: String,
    delayed: String,
    dead_letters: String,
}

impl PostOffice {
    /// One of a test's own.
    pub(crate) fn at(endpoint: &str) -> Self {
        let topic = a_name();
        asks_sns(endpoint, &[("Action", "CreateTopic"), ("Name", topic.as_str())]);
        let queue = || {
            let made = call(endpoint, "AmazonSQS.CreateQueue", &json!({ "QueueName": a_name() }));
            made["QueueUrl"].as_str().expect("a queue").to_owned()
        };
        let (delayed, dead_letters) = (queue(), queue());
        let topic = format!("arn:aws:sns:us-east-1:000000000000:{topic}");
        Self { endpoint: endpoint.to_owned(), topic, delayed, dead_letters }
    }

    /// A function's environment that names them.
    pub(crate) fn in_environment(&self, environment: Environment) -> Environment {
        environment
            .with("COUNTERSIGN_PEOPLE_TOPIC", &self.topic)
            .with("COUNTERSIGN_DELAY_QUEUE", &self.delayed)
            .with("COUNTERSIGN_DEAD_LETTERS", &self.dead_letters)
    }

    /// What waits to be tried again about an authorization, due or not.
    pub(crate) fn put_off(&self, authorization: &str) -> Vec<Value> {
        let about = |errand: &Value| errand["authorization"] == authorization;
        self.lying_in(&self.delayed).into_iter().filter(about).collect()
    }

    /// What was given up.
    pub(crate) fn dead_letters(&self) -> Vec<Value> {
        self.lying_in(&self.dead_letters)
    }

    /// Looks into a queue and takes nothing.
    fn lying_in(&self, queue: &str) -> Vec<Value> {
        let name = queue.rsplit('/').next().unwrap_or_default();
        let seen = looks(&self.endpoint, "/_ministack/sqs/messages", ("QueueUrl", queue));
        let regions = seen["messages"].as_object().into_iter().flat_map(|accounts| accounts.values());
        let queues = regions.filter_map(Value::as_object).flat_map(|regions| regions.values());
        let own = queues.filter_map(Value::as_object).flatten().filter(|(url, _)| url.ends_with(name));
        let messages = own.filter_map(|(_, messages)| messages.as_array()).flatten();
        messages.map(|message| message["Body"].as_str().expect("a body").parse().expect("JSON")).collect()
    }

    /// How many text messages went to a number.
    pub(crate) fn texts_to(&self, number: &str) -> usize {
        texts_to(&self.endpoint, number).len()
    }
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A telephone number that nobody else has.
pub(crate) fn a_number() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(1);
    format!("+4915{:09}", COUNTER.fetch_add(1, Ordering::Relaxed))
}

/// A record of the table's stream ("Using AWS Lambda with Amazon DynamoDB").
pub(crate) fn of_stream(authorization: &str, news: &str) -> Value {
    let item = json!({ "pk": { "S": format!("AUTHORIZATION#{authorization}") }, "news": { "S": news } });
    json!({
        "eventID": authorization,
        "eventSource": "aws:dynamodb",
        "dynamodb": { "SequenceNumber": authorization, "NewImage": item },
    })
}

/// The text messages that went to a number, the oldest first.
pub(crate) fn texts_to(endpoint: &str, number: &str) -> Vec<String> {
    let seen = looks(endpoint, "/_ministack/sns/sms-messages", ("phoneNumber", number));
    let messages = seen.as_object().into_iter().flat_map(|members| members.values());
    let to_number = messages.filter_map(|by_number| by_number[number].as_array()).flatten();
    to_number.filter_map(|text| text["Message"].as_str().map(str::to_owned)).collect()
}

fn looks(endpoint: &str, path: &str, query: (&str, &str)) -> Value {
    let address = format!("{endpoint}{path}?{}", encoded(&[query]));
    let answer = client().get(address).send();
    let text = answer.and_then(reqwest::blocking::Response::text).expect("an answer");
    text.parse().expect("JSON")
}

/// Asks SNS by its Query protocol for what a stack has: the topic of all people, and the company's app on Google's phones.
pub(crate) fn has_sns(endpoint: &str) {
    asks_sns(endpoint, &[("Action", "CreateTopic"), ("Name", "people")]);
    let app = [("Action", "CreatePlatformApplication"), ("Name", "agents"), ("Platform", "GCM")];
    asks_sns(endpoint, &app);
}

fn asks_sns(endpoint: &str, form: &[(&str, &str)]) {
    let request = client().post(endpoint).body(encoded(&[form, &[("Version", "2010-03-31")]].concat()));
    let answer = request.header("content-type", "application/x-www-form-urlencoded").send();
    let answer = answer.expect("an answer");
    assert!(answer.status().is_success(), "{form:?}: {}", answer.status());
}

impl Place {
    /// Somebody has one device, which takes text messages: its number, which nobody else has.
    pub(crate) fn is_reached_by_text(&self, user_name: &str) -> String {
        let number = a_number();
        let device = json!({
            "id": "AAAAAAAAAAAAAAAAAAAAAA",
            "name": "Phone",
            "channel": { "kind": "sms", "number": number },
            "confirmed_at": 1_700_000_000,
            "order": 0,
        });
        let body = json!({ "devices": [device] }).to_string();
        let pk = format!("DEVICES#{}", self.person_named(user_name));
        self.puts(&json!({ "pk": { "S": pk }, "sk": { "S": "DEVICES" }, "body": { "S": body } }));
        number
    }
}
