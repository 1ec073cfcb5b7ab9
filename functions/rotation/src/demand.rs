use environment::Fault;
use keys::Demand;
use oauth::configuration::SigningAlgorithm;
use serde::Deserialize;
use serde_json::{Map, Value};

/// What one run is to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Tend the signing keys.
    Keys(Demand),
    /// Sign a checkpoint over all chains of approvals; with a key of its own from now on, where a new one is wanted.
    Checkpoint { new_key: bool },
}

/// What an operator invokes the function with. One schedule sends an empty object, the other `{"checkpoint": true}`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    #[serde(default)]
    rotate: Vec<SigningAlgorithm>,
    #[serde(default)]
    at_once: bool,
    #[serde(default)]
    checkpoint: bool,
    #[serde(default)]
    new_checkpoint_key: bool,
}

/// Reads the event. A mistyped demand is told, not taken for none: whoever makes one may be in a hurry.
pub(crate) fn read(event: &str) -> Result<Task, Fault> {
    // An array would be read by position.
    let event: Map<String, Value> =
        serde_json::from_str(event).map_err(|error| Fault::broken("event", error))?;
    let event: Event = serde_json::from_value(event.into()).map_err(|error| Fault::broken("event", error))?;
    if event.at_once && event.rotate.is_empty() {
        return Err(Fault::broken("event", "\"at_once\" needs the algorithms to \"rotate\""));
    }
    match event {
        Event { checkpoint: false, new_checkpoint_key: false, rotate, at_once } => {
            Ok(Task::Keys(Demand { rotate, at_once }))
        }
        Event { checkpoint: true, new_checkpoint_key, rotate, .. } if rotate.is_empty() => {
            Ok(Task::Checkpoint { new_key: new_checkpoint_key })
        }
        Event { checkpoint: true, .. } => {
            Err(Fault::broken("event", "\"checkpoint\" and \"rotate\" are two runs"))
        }
        Event { checkpoint: false, .. } => {
            Err(Fault::broken("event", "\"new_checkpoint_key\" needs \"checkpoint\", which it signs"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_demands_nothing() {
        assert_eq!(read("{}").expect("an event"), Task::Keys(Demand::default()));
    }

    #[test]
    fn an_operator_names_algorithms_and_haste() {
        let demand = read(r#"{"rotate": ["ES256", "RS256"], "at_once": true}"#).expect("an event");
        let both = vec![SigningAlgorithm::Es256, SigningAlgorithm::Rs256];
        assert_eq!(demand, Task::Keys(Demand { rotate: both, at_once: true }));
    }

    #[test]
    fn a_checkpoint_is_a_run_of_its_own() {
        for (event, new_key) in [
            (r#"{"checkpoint": true}"#, false),
            (r#"{"checkpoint": true, "new_checkpoint_key": true}"#, true),
        ] {
            assert_eq!(read(event).expect("an event"), Task::Checkpoint { new_key });
        }
    }

    #[test]
    fn a_mistyped_demand_is_told() {
        for wrong in [
            r#"{"rotates": ["ES256"]}"#,
            r#"{"rotate": ["HS256"]}"#,
            r#"{"at_once": true}"#,
            r#"{"new_checkpoint_key": true}"#,
            r#"{"checkpoint": true, "rotate": ["ES256"]}"#,
            r#"{"checkpoint": "now"}"#,
            "[]",
            "nonsense",
            "",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
