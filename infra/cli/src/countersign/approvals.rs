use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use cli::{ChainsAudited, approvals, audit_chains, checkpoint_keys, export_evidence};
use evidence::Break;
use oauth::{ApprovalId, PersonId};
use serde_json::{Value, json};

use crate::Stop;
use crate::arguments::Where;
use crate::evidence::{anchor, harmless};
use crate::terminal::{Terminal, moment};

/// What an audit says when it has found nothing, so that nobody takes it for more.
const LIMITS: &str = "Who can write the table can change what is younger than the last checkpoint, or take the last checkpoints with what \
                      they hold: only evidence or a checkpoint that somebody keeps elsewhere shows that.";
/// The same where no key was given from outside.
const NO_ANCHOR: &str = "The checkpoints were believed under the keys that the table itself names: give --anchor a copy of them that was \
                         kept elsewhere.";

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Which approval: the claim `approval` of a token that came of it
    // One of 64 begins with a hyphen.
    #[arg(value_name = "ID", value_parser = approval, allow_hyphen_values = true)]
    id: ApprovalId,
    /// Write it here, where nothing is yet [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct ListOf {
    /// Whose: a user name, or their `sub`
    #[arg(long, value_name = "USER")]
    person: String,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct Of {
    /// Whose: a user name, or their `sub` [default: everybody's]
    #[arg(long, value_name = "USER")]
    person: Option<String>,
    /// A file with the keys that sign checkpoints, as `evidence anchor` wrote it once. May be said several times
    #[arg(long, value_name = "KEY")]
    anchor: Vec<PathBuf>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

pub(crate) async fn export(asked: Export, terminal: &mut Terminal) -> Result<(), Stop> {
    let store = asked.place.store().await?;
    let file = export_evidence(&store, &asked.id).await.map_err(Stop::refused)?.to_bytes();
    // To the last byte: a line's end would be one too many for the verifier.
    let Some(path) = asked.output else {
        terminal.write(&String::from_utf8_lossy(&file));
        return Ok(());
    };
    written(&path, &file)?;
    terminal.say(format_args!("The evidence of {} is in {}.", asked.id, path.display()));
    Ok(())
}

/// Writes a file that nobody else reads, and over none.
fn written(path: &Path, bytes: &[u8]) -> Result<(), Stop> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(bytes)).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Stop::refused(format_args!("{} is there already, and nothing is overwritten.", path.display()))
        }
        _ => Stop::refused(format_args!("{} cannot be written: {error}", path.display())),
    })
}

pub(crate) async fn list(asked: ListOf, terminal: &mut Terminal) -> Result<(), Stop> {
    let store = asked.place.store().await?;
    let found = approvals(&store, &asked.person).await.map_err(Stop::refused)?;
    if asked.json {
        terminal
            .json(&json!({ "person": found.person, "approvals": found.listed, "changed": found.changed }));
    } else if found.listed.is_empty() && found.changed.is_empty() {
        terminal.say("They have approved nothing with a passkey.");
    } else {
        for one in &found.listed {
            terminal.say(format_args!("{}  {}", one.approval, moment(one.approved_at)));
            terminal.say(harmless(&format!("    asked by {} ({})", one.client_name, one.client_id)));
            terminal.say(harmless(&format!("    {}", one.sentence.as_deref().unwrap_or_default())));
        }
        terminal.say(format_args!("{} in all.", found.listed.len()));
    }
    if found.changed.is_empty() {
        return Ok(());
    }
    let numbers: Vec<String> = found.changed.iter().map(u64::to_string).collect();
    Err(Stop::Refused(format!(
        "Not listed, because what is kept of it was changed: approval {}. countersign evidence audit says more.",
        numbers.join(", ")
    )))
}

pub(crate) async fn audit(asked: Of, terminal: &mut Terminal) -> Result<(), Stop> {
    let store = asked.place.store().await?;
    let anchor = anchor(&asked.anchor)?;
    let is_anchored = anchor.is_some();
    let audited = audit_chains(&store, asked.person.as_deref(), anchor).await.map_err(Stop::refused)?;
    if asked.json {
        terminal.json(&as_json(&audited, is_anchored));
    } else {
        for found in &audited.of_checkpoints {
            terminal.say(found);
        }
        for (person, found) in &audited.breaks {
            terminal.say(format_args!("{person}: {found}"));
        }
        terminal.say(format_args!(
            "{} of {} read.",
            counted(audited.approvals, "approval"),
            counted(audited.chains, "chain")
        ));
        terminal.say(match &audited.last {
            Some(last) => format!("The last checkpoint is number {} of {}.", last.number, moment(last.at)),
            None => "There is no checkpoint.".to_owned(),
        });
    }
    let found = audited.breaks.len() + audited.of_checkpoints.len();
    if found > 0 {
        return Err(Stop::Refused(format!("Not in order: {}.", counted(found, "break"))));
    }
    if !asked.json {
        terminal.say("Each follows from the one before it, each head from the last, and each is what the checkpoints hold.");
        if !is_anchored {
            terminal.say(NO_ANCHOR);
        }
        terminal.say(LIMITS);
    }
    Ok(())
}

/// Writes the keys that sign checkpoints, and those that did.
pub(crate) async fn keys(place: &Where, terminal: &mut Terminal) -> Result<(), Stop> {
    let store = place.store().await?;
    let keys = checkpoint_keys(&store).await.map_err(Stop::refused)?;
    if keys["keys"].as_array().is_none_or(Vec::is_empty) {
        return Err(Stop::Refused(
            "No checkpoint was signed yet: the first is made within an hour of the first approval with a passkey."
                .to_owned(),
        ));
    }
    terminal.json(&keys);
    Ok(())
}

fn as_json(audited: &ChainsAudited, is_anchored: bool) -> Value {
    let told = |(person, found): &(PersonId, Break)| {
        let mut told = json!(found);
        told["chain"] = json!(person);
        told["message"] = json!(found.to_string());
        told
    };
    let of_checkpoints = audited.of_checkpoints.iter().map(|found| {
        let mut told = json!(found);
        told["message"] = json!(found.to_string());
        told
    });
    let breaks: Vec<Value> = of_checkpoints.chain(audited.breaks.iter().map(told)).collect();
    json!({
        "verdict": if breaks.is_empty() { "in_order" } else { "broken" },
        "chains": audited.chains,
        "approvals": audited.approvals,
        "checkpoints": audited.checkpoints,
        "last_checkpoint": audited.last,
        "breaks": breaks,
        "limits": if is_anchored { LIMITS.to_owned() } else { format!("{NO_ANCHOR} {LIMITS}") },
    })
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn approval(text: &str) -> Result<ApprovalId, String> {
    ApprovalId::parse(text)
        .ok_or_else(|| "the id of an approval has 22 letters, digits, hyphens or underscores".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::arguments::Arguments;

    #[test]
    fn an_id_may_begin_with_a_hyphen() {
        for id in [
            "-dSyFfLPTgKWwCrUY1SvqQ",
            "--SyFfLPTgKWwCrUY1SvqQ",
            "-hSyFfLPTgKWwCrUY1SvqQ",
            "5dSyFfLPTgKWwCrUY1SvqQ",
        ] {
            for line in [vec![id], vec![id, "--output", "x.json"], vec!["--output", "x.json", id]] {
                let words = [&["countersign", "evidence", "export"], line.as_slice()].concat();
                let read = Arguments::try_parse_from(&words);
                assert!(read.is_ok_and(|read| format!("{read:?}").contains(id)), "{words:?}");
            }
        }
        assert!(Arguments::try_parse_from(["countersign", "evidence", "export", "short"]).is_err());
    }
}
