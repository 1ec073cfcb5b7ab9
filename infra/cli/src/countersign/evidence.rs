use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use evidence::{Anchor, Verdict};
use serde_json::json;

use crate::Stop;
use crate::terminal::Terminal;
use crate::verdict::{Standing, lines};

#[derive(Debug, Subcommand)]
pub(crate) enum Evidence {
    /// Check the evidence of an approval, without asking any server
    #[command(after_long_help = "\
It says what was approved by whom and when, and whether the passkey that was enrolled for the person signed just that. The anchor
is the server's public keys, from somewhere else than the file comes from: its /jwks.json as it was then, or a key in PEM. Without
one, and for an approval that is younger than the last checkpoint, nothing outside the file vouches for it. infra/evidence/README.md
has the format, and a second verifier lies beside it.

Exit codes: 0 it holds under the anchor, 1 refused, 2 wrong usage, 3 self-consistent only.

Examples:
  countersign evidence verify approval.json --anchor jwks.json
  countersign evidence verify approval.json --anchor jwks.json --token token.jwt --json")]
    Verify(Verify),
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The evidence
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A file with public keys that you trust: a JWK, a JWK Set or a PEM. May be said several times
    #[arg(long, value_name = "KEY")]
    anchor: Vec<PathBuf>,
    /// A file with an access token that the approval is said to have given
    #[arg(long, value_name = "JWT")]
    token: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(evidence: &Evidence, terminal: &mut Terminal) -> Result<(), Stop> {
    match evidence {
        Evidence::Verify(asked) => verify(asked, terminal),
    }
}

fn verify(asked: &Verify, terminal: &mut Terminal) -> Result<(), Stop> {
    let file = fs::read(&asked.file).map_err(|error| unreadable(&asked.file, error))?;
    let mut anchor = None;
    for path in &asked.anchor {
        let keys = Anchor::read(&text(path)?).map_err(|why| unreadable(path, why))?;
        anchor = Some(match anchor {
            None => keys,
            Some(others) => keys.and(others),
        });
    }
    let token = asked.token.as_deref().map(text).transpose()?;
    match evidence::verify(&file, anchor.as_ref(), token.as_deref()) {
        Ok(verdict) => say(&verdict, anchor.is_some(), asked.json, terminal),
        Err(why) => {
            if asked.json {
                terminal
                    .json(&json!({ "verdict": "refused", "why": why.code(), "message": why.to_string() }));
            }
            Err(Stop::Refused(format!("Refused ({}): {why}.", why.code())))
        }
    }
}

fn say(verdict: &Verdict, has_anchor: bool, as_json: bool, terminal: &mut Terminal) -> Result<(), Stop> {
    let standing = Standing::of(verdict, has_anchor);
    if as_json {
        terminal.json(&json!({
            "verdict": standing.word(),
            "message": standing.sentence(),
            "displayed": verdict.evidence.displayed(),
            "enrolment": verdict.evidence.enrolment(),
            "granted": verdict.evidence.granted(),
            "entry": verdict.evidence.entry(),
            "checkpoint": verdict.checkpoint,
            "token": verdict.token,
        }));
    } else {
        for line in lines(verdict) {
            // What was displayed is text of others: it does not steer a terminal.
            terminal.say(line.replace(oauth::acts_unseen, "\u{fffd}"));
        }
    }
    match standing {
        Standing::Anchored(_) => {
            if !as_json {
                terminal.say(standing.sentence());
            }
            Ok(())
        }
        Standing::WithoutAnchor | Standing::TooYoung => Err(Stop::Unanchored(standing.sentence())),
    }
}

fn text(path: &Path) -> Result<String, Stop> {
    fs::read_to_string(path).map_err(|error| unreadable(path, error))
}

fn unreadable(path: &Path, why: impl std::fmt::Display) -> Stop {
    Stop::Usage(format!("{}: {why}", path.display()))
}
