use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use cli::{KEY_FILE, rotate_keys};
use environment::Clock;
use oauth::configuration::SigningAlgorithm;
use serde_json::json;

use crate::Stop;
use crate::connection::DATA;
use crate::terminal::{Terminal, moment};

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Let new signing keys take over in a local server
    #[command(after_long_help = "\
The new keys are published at once and sign a little more than five minutes later, when everybody who keeps our key set has
fetched it again. The ones before stay published until the last token that they signed has expired. A running server takes
notice by itself. A deployed stack keeps its keys in KMS: this is for local servers alone.

Examples:
  countersign keys rotate
  countersign keys rotate --algorithm es256 --data .countersign")]
    Rotate(Rotate),
}

#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// The key to rotate [default: all of them]
    #[arg(long, value_enum)]
    algorithm: Option<Algorithm>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
    /// Data folder of a local server, running or not
    #[arg(long, value_name = "DIR", default_value = DATA)]
    data: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Algorithm {
    /// Elliptic curve P-256, which signs unless a tool says otherwise
    Es256,
    /// RSA, for tools that know nothing else
    Rs256,
}

impl From<Algorithm> for SigningAlgorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Es256 => Self::Es256,
            Algorithm::Rs256 => Self::Rs256,
        }
    }
}

pub(crate) fn run(Keys::Rotate(asked): Keys, terminal: &mut Terminal) -> Result<(), Stop> {
    let algorithms = match asked.algorithm {
        Some(algorithm) => vec![algorithm.into()],
        None => vec![SigningAlgorithm::Es256, SigningAlgorithm::Rs256],
    };
    let rotation =
        rotate_keys(&asked.data.join(KEY_FILE), &algorithms, Clock::system().now()).map_err(Stop::refused)?;
    if asked.json {
        let names: Vec<_> = algorithms.iter().map(|algorithm| algorithm.as_str()).collect();
        terminal.json(&json!({
            "algorithms": names,
            "first_use": rotation.first_use,
            "earlier_unpublished_at": rotation.unpublished_at,
        }));
        return Ok(());
    }
    for algorithm in algorithms {
        terminal.say(format_args!(
            "A new {} key is published and signs from {} on.",
            algorithm.as_str(),
            moment(rotation.first_use)
        ));
    }
    terminal.say(format_args!(
        "What was there before stays published until {}.",
        moment(rotation.unpublished_at)
    ));
    Ok(())
}
