use clap::Args;
use cli::{AgentHolding, HeldBy, agents, find_ending};
use environment::Clock;
use serde_json::json;

use crate::Stop;
use crate::arguments::{EndEverything, Where};
use crate::ending;
use crate::terminal::{Terminal, moment};
use crate::trail::{About, record};

/// Which holdings are shown.
#[derive(Debug, Args)]
pub(crate) struct Agents {
    /// Only in the name of this person: a user name, or their `sub`
    #[arg(long, value_name = "USER")]
    person: Option<String>,
    /// Only what this client holds, or acts with
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// Only what is for this tool: its id, or its resource
    #[arg(long, value_name = "TOOL")]
    tool: Option<String>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// What is ended.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("meant").required(true).multiple(true).args(["person", "client", "tool", "all"]))]
pub(crate) struct End {
    /// Everything in the name of this person: a user name, or their `sub`; with --client, what that client has of them
    #[arg(long, value_name = "USER", conflicts_with_all = ["tool", "all"])]
    person: Option<String>,
    /// Everything that this client has
    #[arg(long, value_name = "ID", conflicts_with_all = ["tool", "all"])]
    client: Option<String>,
    /// Everything whose tokens are for this tool: its id, or its resource
    #[arg(long, value_name = "TOOL", conflicts_with = "all")]
    tool: Option<String>,
    /// Everything of everybody, as end-everything does: sessions as well
    #[arg(long)]
    all: bool,
    /// Do not ask before ending it
    #[arg(long, short)]
    yes: bool,
    /// Say what was ended as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

pub(crate) async fn show(asked: Agents, terminal: &mut Terminal) -> Result<(), Stop> {
    let store = asked.place.store().await?;
    let by = HeldBy { person: asked.person, client: asked.client, tool: asked.tool };
    let held = agents(&store, &by, Clock::system().now()).await.map_err(Stop::refused)?;
    if asked.json {
        terminal.json(&json!(held));
    } else if held.is_empty() {
        terminal.say("No agent holds anything of that kind.");
    } else {
        table(&held, terminal);
    }
    Ok(())
}

pub(crate) async fn end(end: End, terminal: &mut Terminal) -> Result<(), Stop> {
    if end.all {
        let End { yes, json, place, .. } = end;
        return ending::run(EndEverything { yes, json, place }, terminal).await;
    }
    ending::may_be_asked(end.yes, end.json)?;
    let store = end.place.store().await?;
    let clock = Clock::system();
    let by = HeldBy { person: end.person, client: end.client, tool: end.tool };
    let ending = find_ending(&store, &by, clock.now()).await.map_err(Stop::refused)?;
    if !end.json {
        table(&ending.holdings, terminal);
    }
    if !end.yes {
        terminal.confirm(&format!("End this, and every token of {}?", said(&by)))?;
    }
    ending.carry_out(&store, clock.now()).await.map_err(Stop::refused)?;
    record(&end.place, "access-ended", &About::Access(&ending));
    if end.json {
        terminal.json(&json!({ "ended": ending.holdings }));
    } else {
        terminal.say(format_args!("Every token of {} that was made until now has ended.", said(&by)));
    }
    Ok(())
}

/// Of whom or what, in words.
fn said(by: &HeldBy) -> String {
    match (&by.person, &by.client, &by.tool) {
        (Some(person), Some(client), _) => format!("{client} for {person}"),
        (Some(one), None, _) | (None, Some(one), _) | (None, None, Some(one)) => one.clone(),
        (None, None, None) => String::new(),
    }
}

fn table(held: &[AgentHolding], terminal: &mut Terminal) {
    for one in held {
        let tools = one.tools.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let used = one.last_used.map_or_else(|| "not fetched yet".to_owned(), moment);
        terminal.say(format_args!("{}  {}  {tools}", one.user_name.escape_debug(), one.client_id));
        let mut allowed: Vec<String> = one.scope.iter().map(str::to_owned).collect();
        allowed.extend(one.detail_types.iter().cloned());
        terminal.say(format_args!("    {}", allowed.join(" ")));
        terminal.say(format_args!(
            "    since {}, last used {used}, until {}{}  {}",
            moment(one.since),
            moment(one.until),
            if one.root.is_some() { ", by exchange" } else { "" },
            one.grant_id,
        ));
    }
    if !held.is_empty() {
        terminal.say(format_args!("{} in all.", held.len()));
    }
}
