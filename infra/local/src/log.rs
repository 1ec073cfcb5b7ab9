use std::sync::Mutex;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::{DataFolder, StartError};

/// The log's file in the data folder: one JSON object a line, audit events among them.
pub(crate) const FILE: &str = "audit.jsonl";

/// Sends everything from level info on to `audit.jsonl`, and with `--log` the same lines to standard error. Once a
/// process; a later call changes nothing.
///
/// # Errors
/// When the file cannot be opened, or the filter cannot be read.
pub fn start_log(folder: &DataFolder, on_standard_error: Option<&str>) -> Result<(), StartError> {
    let file = folder.append(FILE)?;
    let to_file = json()
        .with_writer(Mutex::new(file))
        .with_filter(EnvFilter::new("info"));
    let to_standard_error = match on_standard_error {
        Some(filter) => Some(json().with_writer(std::io::stderr).with_filter(read(filter)?)),
        None => None,
    };
    // A second call in one process (tests) finds a log already there, and that is well.
    let _ = tracing_subscriber::registry()
        .with(to_file)
        .with(to_standard_error)
        .try_init();
    Ok(())
}

fn json<S>() -> fmt::Layer<S, fmt::format::JsonFields, fmt::format::Format<fmt::format::Json>>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    fmt::layer().json().flatten_event(true).with_span_list(false)
}

fn read(filter: &str) -> Result<EnvFilter, StartError> {
    EnvFilter::try_new(filter).map_err(|error| StartError::LogFilter {
        filter: filter.to_owned(),
        why: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_cannot_be_read_is_named() {
        let refusal = read("token=loud").expect_err("refused").to_string();
        assert!(refusal.starts_with("--log token=loud"), "{refusal}");
    }
}
