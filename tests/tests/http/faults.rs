use serde_json::{Value, json};

use crate::stack::Stack;
use crate::web::{Answer, http};

/// What goes wrong between the server and its table, beneath the AWS SDK. Only for stacks of a test's own.
impl Stack {
    /// Lets something go wrong from now on.
    #[track_caller]
    pub(crate) fn suffers(&self, fault: &Value) {
        Answer::to(http().post(self.faults()).body(fault.to_string())).ok();
    }

    /// Lets every call lose its connection, or be refused as too much.
    pub(crate) fn loses_its_table(&self, kind: &str) {
        self.suffers(&json!({ "kind": kind }));
    }

    /// Lets everything go well again.
    pub(crate) fn recovers(&self) {
        Answer::to(http().delete(self.faults())).ok();
    }

    /// How many calls met a fault since the last recovery.
    pub(crate) fn calls_that_failed(&self) -> u64 {
        let answer = Answer::to(http().get(self.faults())).ok().json();
        let faults = answer["faults"].as_array().expect("faults");
        faults.iter().map(|fault| fault["struck"].as_u64().expect("a number")).sum()
    }

    fn faults(&self) -> String {
        format!("{}/faults", self.test_control)
    }
}
