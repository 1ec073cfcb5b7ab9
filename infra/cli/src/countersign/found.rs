use clap::Args;
use cli::{ApprovalFound, ApprovalsFound, ApprovedBy, find_approvals};
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
    if asked.json {
        let changed =
            all.changed.iter().map(|(person, number)| json!({ "person": person, "number": number }));
        let changed: Vec<_> = changed.collect();
        terminal.json(&json!({ "approvals": all.found, "changed": changed }));
    } else {
        for line in lines(&all) {
            terminal.say(line);
        }
    }
    if all.changed.is_empty() {
        return Ok(());
    }
    Err(Stop::Refused(format!(
        "{} could not be looked at, because what is kept of it was changed. countersign evidence audit says more.",
        all.changed.len()
    )))
}

/// What is said of them. That there is nothing is not said where something could not be looked at.
fn lines(all: &ApprovalsFound) -> Vec<String> {
    if all.found.is_empty() && all.changed.is_empty() {
        return vec!["Nothing of that kind was approved with a passkey.".to_owned()];
    }
    let of_each = all.found.iter().flat_map(lines_of);
    of_each.chain([format!("{} in all.", all.found.len())]).collect()
}

fn lines_of(one: &ApprovalFound) -> Vec<String> {
    let actor = one.actor.as_ref().map(|actor| format!(", to be done by {actor}")).unwrap_or_default();
    let asked = format!("asked by {} ({}){actor}", one.client_name, one.client_id);
    let mut lines = vec![
        format!("{}  {}  {}", moment(one.approved_at), one.user_name, one.approval),
        format!("    {asked}"),
    ];
    lines.extend(one.sentences.iter().map(|sentence| format!("    {sentence}")));
    lines.extend(one.binding_message.iter().map(|message| format!("    said with it: {message}")));
    lines.iter().map(|line| harmless(line)).collect()
}

#[cfg(test)]
mod tests {
    use oauth::PersonId;

    use super::*;

    #[test]
    fn that_nothing_was_approved_is_said_only_where_all_could_be_looked_at() {
        let mut all = ApprovalsFound::default();
        assert_eq!(lines(&all), ["Nothing of that kind was approved with a passkey."]);
        all.changed.push((PersonId::from_random([7; 16]), 3));
        assert_eq!(lines(&all), ["0 in all."]);
    }
}
