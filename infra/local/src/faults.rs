use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What goes wrong between us and the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// The table carries the call out, and the connection breaks before its answer arrives.
    LoseReply,
    /// The connection breaks before the table hears of the call.
    Refuse,
    /// The table is asked for too much at once (`ProvisionedThroughputExceededException`).
    Throttle,
    /// The table hears of the call later.
    Delay,
    /// The table carries the call out, and its answer arrives later.
    DelayReply,
}

/// A fault that a test asks for: which calls it meets, and what it does to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// What goes wrong.
    pub(crate) kind: Kind,
    /// Only calls of this operation, such as `PutItem`; without it any.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    /// Only calls whose body contains this text, such as an authorization's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    containing: Option<String>,
    /// How many matching calls pass first.
    #[serde(default)]
    skip: u32,
    /// How many it then meets; without it all.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
    /// How long a delay lasts.
    #[serde(default)]
    milliseconds: u32,
}

impl Fault {
    /// How long a delay lasts.
    pub(crate) fn delay(&self) -> Duration {
        Duration::from_millis(self.milliseconds.into())
    }

    fn meets(&self, operation: &str, body: &[u8]) -> bool {
        let operation_is_meant = self.operation.as_deref().is_none_or(|meant| meant == operation);
        operation_is_meant && self.containing.as_deref().is_none_or(|text| contains(body, text.as_bytes()))
    }
}

/// A fault with how often it has struck, for the test that wants to know whether it did.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Armed {
    #[serde(flatten)]
    fault: Fault,
    struck: u32,
    #[serde(skip)]
    passed: u32,
}

/// The faults that wait for calls to the table. Without any, every call passes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Arc<Mutex<Vec<Armed>>>);

impl Faults {
    /// Adds a fault behind those that wait already.
    pub(crate) fn arm(&self, fault: Fault) {
        self.waiting().push(Armed { fault, struck: 0, passed: 0 });
    }

    /// Forgets all faults.
    pub(crate) fn disarm(&self) {
        self.waiting().clear();
    }

    /// All faults since they were last forgotten, also those that are used up.
    pub(crate) fn list(&self) -> Vec<Armed> {
        self.waiting().clone()
    }

    /// What goes wrong with this call: the first fault that meets it and is not used up.
    pub(crate) fn strike(&self, operation: &str, body: &[u8]) -> Option<Fault> {
        let mut waiting = self.waiting();
        for armed in waiting.iter_mut().filter(|armed| armed.fault.meets(operation, body)) {
            if armed.passed < armed.fault.skip {
                armed.passed += 1;
            } else if armed.fault.times.is_none_or(|times| armed.struck < times) {
                armed.struck += 1;
                return Some(armed.fault.clone());
            }
        }
        None
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Armed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn armed(fault: Value) -> Faults {
        let faults = Faults::default();
        faults.arm(serde_json::from_value(fault).expect("a fault"));
        faults
    }

    fn kinds(faults: &Faults, calls: &[&str]) -> Vec<bool> {
        calls.iter().map(|operation| faults.strike(operation, b"{}").is_some()).collect()
    }

    #[test]
    fn without_a_fault_every_call_passes() {
        assert_eq!(Faults::default().strike("PutItem", b"{}"), None);
    }

    #[test]
    fn a_fault_meets_its_operation_after_those_that_pass_as_often_as_asked() {
        let faults = armed(json!({ "kind": "refuse", "operation": "PutItem", "skip": 1, "times": 2 }));
        let calls = ["GetItem", "PutItem", "GetItem", "PutItem", "PutItem", "PutItem"];
        assert_eq!(kinds(&faults, &calls), [false, false, false, true, true, false]);
        assert_eq!(json!(faults.list())[0]["struck"], 2);
    }

    #[test]
    fn a_fault_without_a_number_stays_until_it_is_disarmed() {
        let faults = armed(json!({ "kind": "throttle" }));
        assert_eq!(kinds(&faults, &["GetItem", "PutItem", "Query"]), [true; 3]);
        faults.disarm();
        assert_eq!(kinds(&faults, &["GetItem"]), [false]);
    }

    #[test]
    fn a_fault_can_be_meant_for_one_item() {
        let faults = armed(json!({ "kind": "lose_reply", "containing": "a1" }));
        assert!(faults.strike("PutItem", br#"{"pk":"b2"}"#).is_none());
        assert!(faults.strike("PutItem", br#"{"pk":"a1"}"#).is_some());
    }

    #[test]
    fn one_call_meets_one_fault_and_the_next_one_the_other() {
        let faults = armed(json!({ "kind": "refuse", "times": 1 }));
        faults.arm(serde_json::from_value(json!({ "kind": "delay", "milliseconds": 5 })).expect("a fault"));
        assert_eq!(faults.strike("PutItem", b"").expect("refused").kind, Kind::Refuse);
        let delay = faults.strike("PutItem", b"").expect("delayed");
        assert_eq!((delay.kind, delay.delay()), (Kind::Delay, Duration::from_millis(5)));
    }

    #[test]
    fn a_misspelt_fault_is_no_fault() {
        for wrong in [
            json!({}),
            json!({ "kind": "explode" }),
            json!({ "kind": "refuse", "operations": "PutItem" }),
            json!({ "kind": "refuse", "times": -1 }),
        ] {
            assert!(serde_json::from_value::<Fault>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
