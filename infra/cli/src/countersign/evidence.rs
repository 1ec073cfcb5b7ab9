use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use evidence::{Anchor, Verdict};
use serde_json::json;

use crate::Stop;
use crate::approvals::{self, Export, ListOf, Of};
use crate::arguments::Where;
use crate::terminal::Terminal;
use crate::verdict::{Standing, lines};

#[derive(Debug, Subcommand)]
pub(crate) enum Evidence {
    /// Check the evidence of an approval, without asking any server
    #[command(after_long_help = "\
It says what was approved by whom and when, and whether the passkey that was enrolled for the person signed just that. The anchor
is the keys that sign the server's checkpoints, from somewhere else than the file comes from (countersign evidence anchor), or one in PEM;
with a token, its /jwks.json of then, too. Without one, and for an approval that is younger than the last checkpoint, nothing outside the file vouches for it. infra/evidence/README.md
has the format, and a second verifier lies beside it.

Exit codes: 0 it holds under the anchor, 1 refused, 2 wrong usage, 3 self-consistent only.

Examples:
  countersign evidence verify approval.json --anchor keys.json
  countersign evidence verify approval.json --anchor keys.json --anchor jwks.json --token token.jwt --json")]
    Verify(Verify),
    /// Write the public keys that sign checkpoints, and all that ever did: the anchor for whoever verifies evidence
    #[command(after_long_help = "\
It is a JWK Set. Publish it where you cannot change it unnoticed, and give it to whoever is given evidence; a key that was replaced stays
in it, so that what it signed can still be checked.

Examples:
  countersign evidence anchor > keys.json
  countersign evidence verify approval.json --anchor keys.json")]
    Anchor(Anchored),
    /// Write the evidence of an approval as one file, which `evidence verify` takes
    #[command(after_long_help = "\
The file says what a person approved: it is made for nobody but you to read, and nothing is overwritten. Where a checkpoint holds the
approval already, which is so within an hour, the file shows how: whoever has the keys of `evidence anchor` needs nothing else. Of an
approval from when the issuer had another name no checkpoint is shown.

Examples:
  countersign evidence export 5dSyFfLPTgKWwCrUY1SvqQ --output approval.json
  countersign evidence export 5dSyFfLPTgKWwCrUY1SvqQ --table my-stack-Table-ABC > approval.json")]
    Export(Export),
    /// Show what a person approved with a passkey: id, when, who asked, the first sentence
    #[command(after_long_help = "\
Whoever was removed is known by their `sub` alone.

Examples:
  countersign evidence list --person alice
  countersign evidence list --person person-AQEBAQEBAQEBAQEBAQEBAQ --json")]
    List(ListOf),
    /// Walk the chains of approvals: is any removed, changed or moved
    #[command(after_long_help = "\
Each approval holds the hash of those before it, the head of the chain that of all, and the checkpoints are signed over all heads. What is
found is named; exit code 1. With --anchor the checkpoints must be signed by the keys in that file: without, by those that the table names.
Who can write the table can still change what is younger than the last checkpoint.

Examples:
  countersign evidence audit --anchor keys.json
  countersign evidence audit --person alice --json")]
    Audit(Of),
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

#[derive(Debug, Args)]
pub(crate) struct Anchored {
    #[command(flatten)]
    place: Where,
}

pub(crate) async fn run(evidence: Evidence, terminal: &mut Terminal) -> Result<(), Stop> {
    match evidence {
        Evidence::Verify(asked) => verify(&asked, terminal),
        Evidence::Anchor(asked) => approvals::keys(&asked.place, terminal).await,
        Evidence::Export(asked) => approvals::export(asked, terminal).await,
        Evidence::List(asked) => approvals::list(asked, terminal).await,
        Evidence::Audit(asked) => approvals::audit(asked, terminal).await,
    }
}

fn verify(asked: &Verify, terminal: &mut Terminal) -> Result<(), Stop> {
    let file = fs::read(&asked.file).map_err(|error| unreadable(&asked.file, error))?;
    let anchor = anchor(&asked.anchor)?;
    let token = asked.token.as_deref().map(text).transpose()?;
    match evidence::verify(&file, anchor.as_ref(), token.as_deref()) {
        Ok(verdict) => say(&verdict, asked.json, terminal),
        Err(why) => {
            if asked.json {
                terminal
                    .json(&json!({ "verdict": "refused", "why": why.code(), "message": why.to_string() }));
            }
            Err(Stop::Refused(format!("Refused ({}): {why}.", why.code())))
        }
    }
}

/// The keys of all these files; none where there are no files.
pub(crate) fn anchor(paths: &[PathBuf]) -> Result<Option<Anchor>, Stop> {
    let mut anchor = None;
    for path in paths {
        let keys = Anchor::read(&text(path)?).map_err(|why| unreadable(path, why))?;
        anchor = Some(match anchor {
            None => keys,
            Some(others) => keys.and(others),
        });
    }
    Ok(anchor)
}

fn say(verdict: &Verdict, as_json: bool, terminal: &mut Terminal) -> Result<(), Stop> {
    let standing = Standing::of(verdict);
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
            terminal.say(harmless(&line));
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

/// What was displayed is text of others: it does not steer a terminal. The marks by which a sentence sets off its values are for pages.
pub(crate) fn harmless(line: &str) -> String {
    line.replace(['\u{2068}', '\u{2069}'], "").replace(oauth::acts_unseen, "\u{fffd}")
}

fn text(path: &Path) -> Result<String, Stop> {
    fs::read_to_string(path).map_err(|error| unreadable(path, error))
}

fn unreadable(path: &Path, why: impl std::fmt::Display) -> Stop {
    Stop::Usage(format!("{}: {why}", path.display()))
}
