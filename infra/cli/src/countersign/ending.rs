use cli::{NotAllEnded, end_everything};
use environment::Clock;
use serde_json::json;

use crate::Stop;
use crate::arguments::EndEverything;
use crate::terminal::Terminal;
use crate::trail::{About, record};

pub(crate) async fn run(end: EndEverything, terminal: &mut Terminal) -> Result<(), Stop> {
    may_be_asked(end.yes, end.json)?;
    let store = end.place.store().await?;
    if !end.yes {
        terminal.confirm("End everybody's sessions, authorizations, tokens and remembered consents?")?;
    }
    let ended = end_everything(&store, &Clock::system()).await;
    if !matches!(ended, Err(NotAllEnded::Fault(_))) {
        record(&end.place, "everything-ended", &About::Everything);
    }
    let ended = ended.map_err(Stop::refused)?;
    if end.json {
        terminal.json(&json!({ "people": ended.people, "clients": ended.clients }));
        return Ok(());
    }
    terminal.say(format_args!(
        "Everything that was begun until now has ended. People: {}, clients: {}.",
        ended.people, ended.clients
    ));
    Ok(())
}

/// Whether somebody can be asked before anything ends, where they have to be.
pub(crate) fn may_be_asked(yes: bool, json: bool) -> Result<(), Stop> {
    if json && !yes {
        return Err(Stop::Usage("--json goes with --yes: in JSON nobody can be asked.".to_owned()));
    }
    Ok(())
}
