//! The operator's own decisions in the audit trail of a local server. That of a deployed stack is a log which only its functions
//! write; what an operator does there, AWS may record.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use cli::{Ending, PersonChanged};
use environment::Clock;
use oauth::PersonId;
use serde_json::json;
use store::Store;

use crate::Stop;
use crate::arguments::Where;
use crate::log_source::local_log;
use crate::terminal::{complain, moment};

/// What an operator decided about.
pub(crate) enum About<'a> {
    /// A person, by their identifier.
    Person(&'a PersonId),
    /// A client, by its identifier.
    Client(&'a str),
    /// The version of the configuration that is in force now.
    Configuration(u64),
    /// What agents hold in a person's name, of a client, or at a tool.
    Access(&'a Ending),
    /// All people and clients.
    Everything,
}

/// Adds a decision to the audit trail, if it is a local server's. It has been carried out: that it could not be written down is
/// said, and changes nothing.
pub(crate) fn record(place: &Where, event: &str, about: &About<'_>) {
    let Some(path) = local_log(place) else { return };
    let now = Clock::system().now();
    let mut line = json!({
        "timestamp": moment(now), "level": "INFO", "target": "audit", "event": event, "outcome": "granted",
        "at": now.as_seconds(),
    });
    match about {
        About::Person(person) => line["person"] = json!(person),
        About::Client(client) => line["client"] = json!(client),
        About::Configuration(version) => line["version"] = json!(version),
        About::Access(ending) => {
            let said = [
                ("person", json!(ending.person())),
                ("client", json!(ending.client())),
                ("resource", json!(ending.tool())),
            ];
            for (name, value) in said.into_iter().filter(|(_, value)| !value.is_null()) {
                line[name] = value;
            }
        }
        About::Everything => {}
    }
    // One write of one line: the server appends to the same file.
    let written = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut log| log.write_all(format!("{line}\n").as_bytes()));
    if let Err(error) = written {
        complain(&format!("This is not in the audit trail ({}: {error}).", path.display()));
    }
}

/// Adds that a person was added or that their record was brought up to date.
pub(crate) fn person_changed(place: &Where, done: PersonChanged, person: &PersonId) {
    let event = match done {
        PersonChanged::Added => "user-added",
        PersonChanged::Updated => "user-updated",
    };
    record(place, event, &About::Person(person));
}

/// Whom a user name belongs to, for the audit trail: asked before anything changes, for afterwards it may be nobody's.
pub(crate) async fn person_named(store: &Store, user_name: &str) -> Result<Option<PersonId>, Stop> {
    let person = store.person_by_user_name(&user_name.to_lowercase()).await.map_err(Stop::refused)?;
    Ok(person.map(|person| person.id))
}
