//! DynamoDB and SNS under the real SDK: what the tests of this function need of the two.

use std::collections::BTreeMap;

use fake_aws::sns::{self, Form};
use fake_aws::{Fake, Service, Table};
use serde_json::Value;

/// What SNS says.
pub(crate) type Said = sns::Said<'static>;

#[derive(Clone, Debug, Default)]
pub(crate) struct FakeAws(Fake<State>);

#[derive(Debug, Default)]
struct State {
    table: Table,
    asked: Vec<Form>,
    /// How each action of SNS is answered, one after the other; the last one stays.
    answers: BTreeMap<&'static str, Vec<Said>>,
}

impl FakeAws {
    pub(crate) fn sdk(&self) -> aws::SdkConfig {
        self.0.sdk()
    }

    /// From now on SNS answers an action so: the first time by the first of these, and so on.
    pub(crate) fn says(&self, action: &'static str, said: impl IntoIterator<Item = Said>) {
        self.0.state().answers.insert(action, said.into_iter().collect());
    }

    /// What SNS was asked, in its order.
    pub(crate) fn asked(&self) -> Vec<Form> {
        std::mem::take(&mut self.0.state().asked)
    }

    pub(crate) fn put(&self, pk: &str, sk: &str, body: &Value) {
        self.0.state().table.put(pk, sk, body);
    }

    pub(crate) fn forget(&self, pk: &str) {
        self.0.state().table.forget(pk);
    }

    /// The bodies of the items of each partition whose key begins so.
    pub(crate) fn bodies_of(&self, pk_begins_with: &str) -> Vec<Value> {
        self.0.state().table.bodies_of(pk_begins_with)
    }
}

impl Service for State {
    fn json(&mut self, operation: &str, request: &Value) -> (u16, Value) {
        self.table.answer(operation, request)
    }

    fn form(&mut self, form: Form) -> Option<(u16, String)> {
        let action = form["Action"].clone();
        self.asked.push(form);
        let answers = self.answers.get_mut(action.as_str());
        let said =
            answers.map(|answers| if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() });
        sns::xml(&action, &said.unwrap_or(Said::Yes(String::new())))
    }
}
