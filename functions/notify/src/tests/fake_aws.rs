//! DynamoDB, SNS and SQS under the real SDK: what the tests of this function need of the three.

use fake_aws::sns::{self, Form, Said};
use fake_aws::{Fake, Service, Table, key};
use serde_json::{Value, json};

#[derive(Clone, Debug, Default)]
pub(super) struct FakeAws(Fake<State>);

#[derive(Debug, Default)]
struct State {
    table: Table,
    /// What was published and sent, in its order.
    done: Vec<(&'static str, Form)>,
    /// Which operations, on whom, are refused, with status and code.
    refused: Vec<(&'static str, String, u16, &'static str)>,
    /// What somebody else writes just before the next write to the same item.
    overtaking: Option<Value>,
}

impl FakeAws {
    pub(super) fn sdk(&self) -> aws::SdkConfig {
        self.0.sdk()
    }

    /// Puts an item into the table.
    pub(super) fn put(&self, pk: &str, sk: &str, body: &Value) {
        self.0.state().table.put(pk, sk, body);
    }

    /// Somebody else writes this item just before it is written next.
    pub(super) fn overtakes(&self, item: Value) {
        self.0.state().overtaking = Some(item);
    }

    /// An item as it stands.
    pub(super) fn item(&self, pk: &str, sk: &str) -> Value {
        self.0.state().table.item(pk, sk).expect("it stands there").clone()
    }

    /// Puts an item back as it was.
    pub(super) fn restore(&self, item: Value) {
        self.0.state().table.keep(item);
    }

    /// From now on an operation is refused where this stands in its parameters.
    pub(super) fn refuse(&self, operation: &'static str, whom: &str, status: u16, code: &'static str) {
        self.0.state().refused.push((operation, whom.to_owned(), status, code));
    }

    pub(super) fn mend(&self) {
        self.0.state().refused.clear();
    }

    /// The parameters of each `Publish` or `SendMessage` that was not refused.
    pub(super) fn of(&self, operation: &str) -> Vec<Form> {
        let state = self.0.state();
        state
            .done
            .iter()
            .filter(|(of, _)| *of == operation)
            .map(|(_, parameters)| parameters.clone())
            .collect()
    }

    /// Takes what lies in a queue: delay in seconds and text.
    pub(super) fn take(&self, queue: &str) -> Vec<(u64, String)> {
        let is_in = |(of, parameters): &mut (&'static str, Form)| {
            *of == "SendMessage" && parameters["QueueUrl"].ends_with(queue)
        };
        let mut state = self.0.state();
        let taken = state.done.extract_if(.., is_in);
        taken
            .map(|(_, sent)| (sent["DelaySeconds"].parse().expect("a number"), sent["MessageBody"].clone()))
            .collect()
    }
}

impl Service for State {
    fn json(&mut self, operation: &str, request: &Value) -> (u16, Value) {
        if let Some((status, code)) = self.refusal(operation, &request.to_string()) {
            return (status, json!({ "__type": code }));
        }
        if operation == "SendMessage" {
            return self.send(request);
        }
        let overtakes = |other: &mut Value| operation == "PutItem" && key(other) == key(&request["Item"]);
        if let Some(other) = self.overtaking.take_if(overtakes) {
            self.table.keep(other);
        }
        self.table.answer(operation, request)
    }

    fn form(&mut self, form: Form) -> Option<(u16, String)> {
        assert_eq!(form["Action"], "Publish");
        if let Some((status, code)) = self.refusal("Publish", &format!("{form:?}")) {
            return sns::xml("Publish", &Said::No(status, code, "no"));
        }
        self.done.push(("Publish", form));
        sns::xml("Publish", &Said::Yes("<MessageId>m</MessageId>".to_owned()))
    }
}

impl State {
    fn refusal(&self, operation: &str, parameters: &str) -> Option<(u16, &'static str)> {
        let strikes =
            self.refused.iter().find(|(of, whom, ..)| *of == operation && parameters.contains(whom));
        strikes.map(|(.., status, code)| (*status, *code))
    }

    /// SQS.
    fn send(&mut self, request: &Value) -> (u16, Value) {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let parameters = request.as_object().expect("an object").iter();
        let parameters = parameters.map(|(name, value)| (name.clone(), text(value))).collect();
        self.done.push(("SendMessage", parameters));
        (200, json!({ "MessageId": "m" }))
    }
}
