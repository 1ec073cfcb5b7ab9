//! SNS under the real SDK, as far as the tests of this room need it.

use std::collections::BTreeMap;

use fake_aws::sns::{self, Form, Said};
use fake_aws::{Fake, Service};

#[derive(Clone, Debug, Default)]
pub(crate) struct FakeSns(Fake<State>);

#[derive(Debug, Default)]
struct State {
    asked: Vec<Form>,
    answers: BTreeMap<String, (u16, String)>,
}

impl FakeSns {
    pub(crate) fn sdk(&self) -> aws::SdkConfig {
        self.0.sdk()
    }

    /// From now on an action is answered so: by what stands in its result, or with the code or message of a refusal.
    pub(crate) fn answers(&self, action: &str, status: u16, said: &str) {
        self.0.state().answers.insert(action.to_owned(), (status, said.to_owned()));
    }

    /// What was asked, in its order.
    pub(crate) fn asked(&self) -> Vec<Form> {
        self.0.state().asked.clone()
    }
}

impl Service for State {
    fn form(&mut self, form: Form) -> Option<(u16, String)> {
        let action = form["Action"].clone();
        self.asked.push(form);
        let (status, said) = self.answers.get(&action).cloned().unwrap_or((200, String::new()));
        let said = match status {
            200 => Said::Yes(said),
            _ if said.contains(' ') => Said::No(status, "InvalidParameter", &said),
            _ => Said::No(status, &said, "no"),
        };
        sns::xml(&action, &said)
    }
}
