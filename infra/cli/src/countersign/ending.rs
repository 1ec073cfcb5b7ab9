use cli::{NotAllEnded, end_everything};
use environment::Clock;
use serde_json::json;

use crate::Stop;
use crate::arguments::{EndEverything, Where};
use crate::terminal::Terminal;
use crate::trail::{About, record};

pub(crate) async fn run(end: EndEverything, terminal: &mut Terminal) -> Result<(), Stop> {
    if end.json && !end.yes {
        return Err(Stop::Usage("--json goes with --yes: in JSON nobody can be asked.".to_owned()));
    }
    everything(&end.place, end.yes, end.json, terminal).await
}

/// Ends everything of everybody.
pub(crate) async fn everything(
    place: &Where,
    yes: bool,
    json: bool,
    terminal: &mut Terminal,
) -> Result<(), Stop> {
    let store = place.store().await?;
    if !yes {
        terminal.confirm("End everybody's sessions, authorizations, tokens and remembered consents?")?;
    }
    let ended = end_everything(&store, &Clock::system()).await;
    if !matches!(ended, Err(NotAllEnded::Fault(_))) {
        record(place, "everything-ended", &About::Everything);
    }
    let ended = ended.map_err(Stop::refused)?;
    if json {
        terminal.json(&json!({ "people": ended.people, "clients": ended.clients }));
        return Ok(());
    }
    terminal.say(format_args!(
        "Everything that was begun until now has ended. People: {}, clients: {}.",
        ended.people, ended.clients
    ));
    Ok(())
}
