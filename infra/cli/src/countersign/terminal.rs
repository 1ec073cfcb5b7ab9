use std::fmt::Display;
use std::io::{BufRead, IsTerminal, Write};

use oauth::{Secret, Timestamp};
use serde_json::Value;

use crate::Stop;

/// Standard input, output and error.
#[derive(Default)]
pub(crate) struct Terminal {
    /// Whoever reads our output has gone away, as `head` does: nothing more is worth saying.
    deaf: bool,
}

impl Terminal {
    /// Writes a line to standard output.
    pub(crate) fn say(&mut self, line: impl Display) {
        if !self.deaf {
            self.deaf = writeln!(std::io::stdout().lock(), "{line}").is_err();
        }
    }

    /// Writes text as it is to standard output.
    pub(crate) fn write(&mut self, text: &str) {
        if !self.deaf {
            self.deaf = std::io::stdout().lock().write_all(text.as_bytes()).is_err();
        }
    }

    /// Writes JSON to standard output.
    pub(crate) fn json(&mut self, value: &Value) {
        self.say(format_args!("{value:#}"));
    }

    /// Whether nobody reads any more.
    pub(crate) const fn is_deaf(&self) -> bool {
        self.deaf
    }

    /// Asks whether to go on. Without somebody who could answer it does not.
    pub(crate) fn confirm(&mut self, question: &str) -> Result<(), Stop> {
        if !std::io::stdin().is_terminal() {
            return Err(Stop::Usage(
                "Nobody is there to be asked: say --yes to go on, or --dry-run to look.".to_owned(),
            ));
        }
        self.write(&format!("{question} [y/N] "));
        let _ = std::io::stdout().flush();
        let answer = first_line()?;
        if matches!(answer.expose().trim(), "y" | "Y" | "yes") {
            Ok(())
        } else {
            Err(Stop::Refused("Nothing has changed.".to_owned()))
        }
    }
}

/// Writes a line to standard error.
pub(crate) fn complain(why: &str) {
    // There is nowhere left to say that standard error is gone.
    let _ = writeln!(std::io::stderr().lock(), "{why}");
}

/// A moment as people read it.
pub(crate) fn moment(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.as_seconds())
        .map_or_else(|_| at.as_seconds().to_string(), |at| at.to_string())
}

/// The first line of standard input.
pub(crate) fn first_line() -> Result<Secret<String>, Stop> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Stop::refused(format_args!("standard input cannot be read: {error}")))?;
    let line = Secret::new(line);
    Ok(Secret::new(line.expose().trim_end_matches(['\r', '\n']).to_owned()))
}
