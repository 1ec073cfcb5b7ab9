use clap::Args;
use cli::{ApprovalFound, ApprovedBy, find_approvals};
use environment::Clock;
use serde_json::json;

use crate::Stop;
use crate::arguments::Where;
use crate::audit::moment as read_moment;
use crate::evidence::harmless;
use crate::terminal::{Terminal, moment};

/// Which approvals are shown.
#[derive(Debug, Args)]
pub(crate) struct Approvals {
    /// Only by this person: a user name, or their `sub`
    #[arg(long, value_name = "USER")]
    person: Option<String>,
    /// Only what this client asked for, or would act with
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// Only what is for this tool: its id, or its resource
    #[arg(long, value_name = "TOOL")]
    tool: Option<String>,
    /// Only where all these words were displayed
    #[arg(long, value_name = "WORDS")]
    text: Option<String>,
    /// Only from this moment on
    #[arg(long, value_name = "MOMENT")]
    since: Option<String>,
    /// Only until this moment
    #[arg(long, value_name = "MOMENT")]
    until: Option<String>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

pub(crate) async fn show(asked: Approvals, terminal: &mut Terminal) -> Result<(), Stop> {
    let now = Clock::system().now();
    let moment_of = |text: Option<String>| text.map(|text| read_moment(&text, now)).transpose();
    let by = ApprovedBy {
        person: asked.person,
        client: asked.client,
        tool: asked.tool,
        text: asked.text,
        since: moment_of(asked.since)?,
        until: moment_of(asked.until)?,
    };
    let store = asked.place.store().await?;
    let all = find_approvals(&store, &by, now).await.map_err(Stop::refused)?;
    let changed: Vec<_> =
        all.changed.iter().map(|(person, number)| json!({ "person": person, "number": number })).collect();
    if asked.json {
        terminal.json(&json!({ "approvals": all.found, "changed": changed }));
    } else if all.found.is_empty() {
        terminal.say("Nothing of that kind was approved with a passkey.");
    } else {
        for one in &all.found {
            table(one, terminal);
        }
        terminal.say(format_args!("{} in all.", all.found.len()));
    }
    if changed.is_empty() {
        return Ok(());
    }
    Err(Stop::Refused(format!(
        "{} could not be looked at, because what is kept of it was changed. countersign evidence audit says more.",
        changed.len()
    )))
}

fn table(one: &ApprovalFound, terminal: &mut Terminal) {
    let actor = one.actor.as_ref().map(|actor| format!(", to be done by {actor}")).unwrap_or_default();
    let asked = format!("asked by {} ({}){actor}", one.client_name, one.client_id);
    terminal.say(harmless(&format!("{}  {}  {}", moment(one.approved_at), one.user_name, one.approval)));
    terminal.say(harmless(&format!("    {asked}")));
    for sentence in &one.sentences {
        terminal.say(harmless(&format!("    {sentence}")));
    }
    if let Some(message) = &one.binding_message {
        terminal.say(harmless(&format!("    said with it: {message}")));
    }
}
