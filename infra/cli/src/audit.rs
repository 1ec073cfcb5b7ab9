use std::fmt::Write;
use std::io::BufRead;

use oauth::Timestamp;
use serde_json::{Map, Value};

/// Which events of the audit trail are asked for. What is not said does not matter.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// The person's identifier, `sub`.
    pub person: Option<String>,
    /// The client's identifier.
    pub client: Option<String>,
    /// The authorization's identifier, `grant_id`.
    pub grant_id: Option<String>,
    /// Not before this moment.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

/// One event: a decision, with who, what and why.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEvent(Map<String, Value>);

/// Reads the events that a filter lets pass from a log of one JSON object a line. Other lines are passed over: the log holds
/// more than the audit, and the last line may be half written.
///
/// # Errors
/// When the log cannot be read.
pub fn read_audit(
    log: impl BufRead,
    filter: &AuditFilter,
) -> impl Iterator<Item = std::io::Result<AuditEvent>> {
    log.split(b'\n').filter_map(|line| match line {
        Ok(line) => filter.event(&line).map(Ok),
        Err(error) => Some(Err(error)),
    })
}

impl AuditEvent {
    fn parse(line: &[u8]) -> Option<Self> {
        let object: Map<String, Value> = serde_json::from_slice(line).ok()?;
        (object.get("target")?.as_str()? == "audit").then_some(Self(object))
    }

    /// When it was.
    pub fn at(&self) -> Option<Timestamp> {
        self.0.get("at").and_then(Value::as_i64).map(Timestamp::from_seconds)
    }

    /// A field of it, if it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// The whole event as it was logged.
    pub fn to_json(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }

    /// The event as one line for people: the moment, what was decided, and the fields. An agent's own words are among them, so
    /// nothing that would move the cursor or colour the terminal goes out as it is.
    pub fn line(&self) -> String {
        const SAID_FIRST: [&str; 7] =
            ["timestamp", "level", "target", "at", "event", "outcome", "request_id"];
        let plain = |name| self.text(name).unwrap_or("?").escape_debug().to_string();
        let mut line = format!("{}  {:<15} {:<8}", self.moment(), plain("event"), plain("outcome"));
        let mut fields: Vec<_> =
            self.0.iter().filter(|(name, _)| !SAID_FIRST.contains(&name.as_str())).collect();
        fields.sort_by_key(|(name, _)| *name);
        for (name, value) in fields {
            let value = value.as_str().map_or_else(|| value.to_string(), quoted_if_needed);
            let _ = write!(line, " {}={value}", name.escape_debug());
        }
        // What an operator decided was no request.
        if self.text("request_id").is_some() {
            let _ = write!(line, " request={}", plain("request_id"));
        }
        line
    }

    fn moment(&self) -> String {
        let moment = self.at().and_then(|at| jiff::Timestamp::from_second(at.as_seconds()).ok());
        moment.map_or_else(|| "?".to_owned(), |moment| moment.to_string())
    }
}

impl AuditFilter {
    /// The event in a line of the log, if there is one that it lets pass.
    pub fn event(&self, line: &[u8]) -> Option<AuditEvent> {
        AuditEvent::parse(line).filter(|event| self.lets_pass(event))
    }

    fn lets_pass(&self, event: &AuditEvent) -> bool {
        let is = |wanted: &Option<String>, name| {
            wanted.as_deref().is_none_or(|wanted| event.text(name) == Some(wanted))
        };
        let at = event.at();
        is(&self.person, "person")
            && is(&self.client, "client")
            && is(&self.grant_id, "grant_id")
            && self.since.is_none_or(|since| at.is_some_and(|at| at >= since))
            && self.until.is_none_or(|until| at.is_some_and(|at| at < until))
    }
}

fn quoted_if_needed(text: &str) -> String {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
    if is_plain { text.to_owned() } else { format!("\"{}\"", text.escape_debug()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = concat!(
        r#"{"timestamp":"t","level":"INFO","target":"request","at":5,"client":"agent"}"#,
        "\n",
        r#"{"timestamp":"t","level":"INFO","target":"audit","event":"token","outcome":"granted","at":10,"request_id":"r1","client":"agent","person":"person-a","grant_id":"g1","purpose":"read \u001b[31mit"}"#,
        "\n",
        "not JSON\n",
        r#"{"timestamp":"t","level":"INFO","target":"audit","event":"token","outcome":"refused","reason":"code-invalid","at":20,"request_id":"r2","client":"other"}"#,
        "\n",
        r#"{"target":"audit","event":"tok"#,
    );

    fn found(filter: &AuditFilter) -> Vec<String> {
        read_audit(LOG.as_bytes(), filter)
            .map(|event| event.unwrap().text("request_id").unwrap().to_owned())
            .collect()
    }

    #[test]
    fn events_are_found_by_person_client_authorization_and_time() {
        let text = |text: &str| Some(text.to_owned());
        let at = |seconds| Some(Timestamp::from_seconds(seconds));
        assert_eq!(found(&AuditFilter::default()), ["r1", "r2"]);
        assert_eq!(found(&AuditFilter { person: text("person-a"), ..AuditFilter::default() }), ["r1"]);
        assert_eq!(found(&AuditFilter { client: text("other"), ..AuditFilter::default() }), ["r2"]);
        assert_eq!(found(&AuditFilter { grant_id: text("g1"), ..AuditFilter::default() }), ["r1"]);
        assert_eq!(found(&AuditFilter { since: at(20), ..AuditFilter::default() }), ["r2"]);
        assert_eq!(found(&AuditFilter { until: at(20), ..AuditFilter::default() }), ["r1"]);
        assert!(found(&AuditFilter { client: text("nobody"), ..AuditFilter::default() }).is_empty());
    }

    /// A purpose is the agent's own text: it could clear the screen of whoever reads the trail.
    #[test]
    fn an_event_cannot_steer_the_terminal() {
        let event = read_audit(LOG.as_bytes(), &AuditFilter::default()).next().unwrap().unwrap();
        assert_eq!(
            event.line(),
            "1970-01-01T00:00:10Z  token           granted  client=agent grant_id=g1 person=person-a \
             purpose=\"read \\u{1b}[31mit\" request=r1"
        );
    }
}
