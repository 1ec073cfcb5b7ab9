use std::fs::File;
use std::io::{BufRead, BufReader, stdin};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cli::{LinePattern, LogGroup, Span};

use crate::Stop;
use crate::arguments::Where;
use crate::terminal::{self, moment};

/// The local server's log in its data folder.
const LOG: &str = "audit.jsonl";

/// How often a long reading says how far it is.
const SAYS_EVERY: Duration = Duration::from_secs(5);

/// The log of the local server, if it is one that is meant.
pub(crate) fn local_log(place: &Where) -> Option<PathBuf> {
    place.data_folder().map(|folder| folder.join(LOG))
}

/// Opens a file, `-` for standard input.
pub(crate) fn open(path: &Path) -> Result<Box<dyn BufRead>, Stop> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(stdin())));
    }
    let file =
        File::open(path).map_err(|error| Stop::refused(format_args!("{}: {error}", path.display())))?;
    Ok(Box::new(BufReader::new(file)))
}

/// Reads the lines of a log group until there are no more, or `each` wants none.
pub(crate) async fn lines_of_group(
    place: &Where,
    group: &str,
    pattern: &LinePattern,
    span: Span,
    mut each: impl FnMut(&str) -> bool,
) -> Result<(), Stop> {
    let group = LogGroup::new(&place.sdk().await?, group);
    let (mut lines, mut said) = (0_u64, Instant::now());
    let read = group.read(pattern, span, |line, at| {
        lines += 1;
        if said.elapsed() >= SAYS_EVERY {
            said = Instant::now();
            let until = at.map(moment).unwrap_or_default();
            terminal::complain(&format!("{lines} lines read, up to {until} ..."));
        }
        if each(line) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    read.await.map_err(Stop::refused)
}
