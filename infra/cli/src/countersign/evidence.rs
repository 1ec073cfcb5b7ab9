use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use evidence::{Anchor, Verdict};
use serde_json::json;

use crate::Stop;
use crate::approvals::{self, Export, ListOf, Of};
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
    /// Write the evidence of an approval as one file, which `evidence verify` takes
    #[command(after_long_help = "\
The file says what a person approved: it is made for nobody but you to read, and nothing is overwritten. It holds no checkpoint: what
vouches for it is its passkey's signature and the table that it comes from.

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
Each approval holds the hash of those before it, and the head of the chain that of all. What is found is named; exit code 1.
Nothing found does not mean that nobody has changed anything: who can write the table can make a whole chain anew, with its head, or
take the last approvals with it. Only a checkpoint that lies outside the table shows that.

Examples:
  countersign evidence audit
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

pub(crate) async fn run(evidence: Evidence, terminal: &mut Terminal) -> Result<(), Stop> {
    match evidence {
        Evidence::Verify(asked) => verify(&asked, terminal),
        Evidence::Export(asked) => approvals::export(asked, terminal).await,
        Evidence::List(asked) => approvals::list(asked, terminal).await,
        Evidence::Audit(asked) => approvals::audit(asked, terminal).await,
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
