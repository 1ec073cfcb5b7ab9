use std::sync::Mutex;

use http::log::{filter, json_layer};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::{DataFolder, StartError};

/// The log's file in the data folder: one JSON object a line, audit events among them.
pub(crate) const FILE: &str = "audit.jsonl";

/// Sends everything from level info on to `audit.jsonl`, and with `--log` the same lines to standard error. Lines
/// have the shape that they have on Lambda. Once a process; a later call changes nothing.
///
/// # Errors
/// When the file cannot be opened, or the filter cannot be read.
pub fn start_log(folder: &DataFolder, on_standard_error: Option<&str>) -> Result<(), StartError> {
    let file = folder.append(FILE)?;
    let to_file = json_layer(Mutex::new(file)).with_filter(filter("info"));
    let to_standard_error = match on_standard_error {
        Some(level) => Some(json_layer(std::io::stderr).with_filter(checked(level)?)),
        None => None,
    };
    // A second call in one process (tests) finds a log already there, and that is well.
    let _ = tracing_subscriber::registry().with(to_file).with(to_standard_error).try_init();
    Ok(())
}

/// The filter; a person who mistypes one hears of it, where a function goes on with info.
fn checked(level: &str) -> Result<Targets, StartError> {
    match level.parse::<Targets>() {
        Ok(_) => Ok(filter(level)),
        Err(error) => Err(StartError::LogFilter { filter: level.to_owned(), why: error.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_cannot_be_read_is_named() {
        let refusal = checked("token=loud").expect_err("refused").to_string();
        assert!(refusal.starts_with("--log token=loud"), "{refusal}");
    }

    #[test]
    fn no_filter_lets_the_libraries_write_out_requests() {
        let filter = checked("trace").expect("a filter");
        assert!(filter.would_enable("token", &tracing::Level::TRACE));
        assert!(!filter.would_enable("aws_smithy_runtime::client", &tracing::Level::DEBUG));
    }
}
