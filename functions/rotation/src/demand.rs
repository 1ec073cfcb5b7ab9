use environment::Fault;
use keys::Demand;
use oauth::configuration::SigningAlgorithm;
use serde::Deserialize;
use serde_json::{Map, Value};

/// What an operator invokes the function with. A schedule sends an empty object.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    #[serde(default)]
    rotate: Vec<SigningAlgorithm>,
    #[serde(default)]
    at_once: bool,
}

/// Reads the event. A mistyped demand is told, not taken for none: whoever makes one may be in a hurry.
pub(crate) fn read(event: &str) -> Result<Demand, Fault> {
    // An array would be read by position.
    let event: Map<String, Value> =
        serde_json::from_str(event).map_err(|error| Fault::broken("event", error))?;
    let event: Event = serde_json::from_value(event.into()).map_err(|error| Fault::broken("event", error))?;
    if event.at_once && event.rotate.is_empty() {
        return Err(Fault::broken("event", "\"at_once\" needs the algorithms to \"rotate\""));
    }
    Ok(Demand { rotate: event.rotate, at_once: event.at_once })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_demands_nothing() {
        assert_eq!(read("{}").expect("an event"), Demand::default());
    }

    #[test]
    fn an_operator_names_algorithms_and_haste() {
        let demand = read(r#"{"rotate": ["ES256", "RS256"], "at_once": true}"#).expect("an event");
        let both = vec![SigningAlgorithm::Es256, SigningAlgorithm::Rs256];
        assert_eq!(demand, Demand { rotate: both, at_once: true });
    }

    #[test]
    fn a_mistyped_demand_is_told() {
        for wrong in [
            r#"{"rotates": ["ES256"]}"#,
            r#"{"rotate": ["HS256"]}"#,
            r#"{"at_once": true}"#,
            "[]",
            "nonsense",
            "",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
