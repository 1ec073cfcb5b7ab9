//! Processor instructions, counted by callgrind: unlike time they are the same on a busy machine.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use lean_start::runtime_api::Function;

use crate::failure::Failure;
use crate::measurement::{Question, Subject};

/// The two runs whose difference is what the invocations between them cost.
const FEW: u32 = 20;
const MANY: u32 = 120;

/// How long a function may take to come to its end under the profiler.
const PATIENCE: Duration = Duration::from_mins(1);

/// The instructions of a function.
pub(crate) struct Instructions {
    /// From the start of the process to its first poll, and what its end costs.
    pub(crate) start: u64,
    /// A warm invocation; nothing when it was asked nothing.
    pub(crate) invocation: Option<u64>,
}

/// Whether the profiler is there.
pub(crate) fn can_be_counted() -> bool {
    let version =
        Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// Counts them, by up to three runs.
pub(crate) fn count(
    subject: &Subject,
    question: Option<&Question>,
    scratch: &Path,
) -> Result<Instructions, Failure> {
    let start = run(subject, None, scratch)?;
    let invocation = match question {
        Some(question) => {
            let few = run(subject, Some((question, FEW)), scratch)?;
            let many = run(subject, Some((question, MANY)), scratch)?;
            Some(many.saturating_sub(few) / u64::from(MANY - FEW))
        }
        None => None,
    };
    Ok(Instructions { start, invocation })
}

/// All instructions of one process.
fn run(subject: &Subject, asked: Option<(&Question, u32)>, scratch: &Path) -> Result<u64, Failure> {
    let failed = |why: String| Failure::Instructions { function: subject.name.to_owned(), why };
    let output = scratch.join("callgrind");
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--quiet"]).arg(format!("--callgrind-out-file={}", output.display()));
    command.arg(&subject.binary);
    let function = Function::start_by(command, &subject.binary, &subject.environment)
        .map_err(|why| failed(why.to_string()))?;
    function.first_poll().map_err(|why| failed(why.to_string()))?;
    if let Some((question, times)) = asked {
        for _ in 0..times {
            subject.ask(&function, question)?;
        }
    }
    function.hang_up(PATIENCE).map_err(|why| failed(why.to_string()))?;
    let written = fs::read_to_string(&output).map_err(Failure::of(&output))?;
    let _ = fs::remove_file(&output);
    total(&written).ok_or_else(|| failed("callgrind wrote no total".to_owned()))
}

/// The total of callgrind's output file.
fn total(written: &str) -> Option<u64> {
    let total =
        |line: &str| line.strip_prefix("totals:").or(line.strip_prefix("summary:")).map(str::to_owned);
    written.lines().rev().find_map(total)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_found_in_what_callgrind_writes() {
        assert_eq!(
            total("version: 1\nevents: Ir\nsummary: 4711\n\nfn=(1) main\n16 400\n\ntotals: 4712\n"),
            Some(4712)
        );
        assert_eq!(total("summary: 4711\nfn=(1) main\n"), Some(4711));
        assert_eq!(total("fn=(1) main\n"), None);
    }
}
