//! The log: one JSON object a line on standard output, where Lambda picks it up.

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// The environment variable with the level, or levels by target: `info`, `warn,token=debug`.
pub const LEVEL: &str = "COUNTERSIGN_LOG";

/// What other people's code may say at most: below this they write out whole requests, secrets and all.
const QUIET: [&str; 8] =
    ["aws_config", "aws_runtime", "aws_sdk", "aws_smithy", "h2", "hyper", "lambda_runtime", "rustls"];

/// Writes JSON lines. The local runner uses it beside a log that people read.
pub fn json_layer<S, W>(writer: W) -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_ansi(false)
        .with_writer(writer)
}

/// What gets into the log at a level such as `info`; the audit and the line of each request always do.
pub fn filter(level: &str) -> Targets {
    let chosen: Targets = level.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    QUIET
        .into_iter()
        .fold(chosen, |targets, quiet| targets.with_target(quiet, LevelFilter::WARN))
        .with_target("audit", LevelFilter::INFO)
        .with_target("request", LevelFilter::INFO)
}

/// Starts the log of a function, and sees to it that a panic's message, which may hold anything, is not in it.
pub(crate) fn install() {
    let level = std::env::var(LEVEL).unwrap_or_else(|_| "info".to_owned());
    let subscriber =
        tracing_subscriber::registry().with(json_layer(std::io::stdout).with_filter(filter(&level)));
    // A second start in one process keeps the first log.
    let _ = subscriber.try_init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panic");
    }));
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Lines {
        pub(crate) fn subscriber(&self, level: &str) -> impl Subscriber + Send + Sync + use<> {
            tracing_subscriber::registry().with(json_layer(self.clone()).with_filter(filter(level)))
        }

        pub(crate) fn read(&self) -> Vec<Value> {
            let bytes = self.0.lock().expect("not poisoned");
            bytes
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
                .map(|line| serde_json::from_slice(line).expect("a JSON line"))
                .collect()
        }
    }

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'writer> MakeWriter<'writer> for Lines {
        type Writer = Self;

        fn make_writer(&'writer self) -> Self {
            self.clone()
        }
    }

    /// What gets into the log while `act` runs.
    pub(crate) fn logged(act: impl FnOnce()) -> Vec<Value> {
        let lines = Lines::default();
        tracing::subscriber::with_default(lines.subscriber("info"), act);
        lines.read()
    }

    #[test]
    fn no_level_lets_the_libraries_write_out_requests_or_silences_the_audit() {
        for level in ["trace", "off", "nonsense=nonsense", "aws_smithy=trace,audit=off"] {
            let filter = filter(level);
            assert!(!filter.would_enable("aws_smithy_runtime::client", &tracing::Level::DEBUG), "{level}");
            assert!(!filter.would_enable("aws_sdk_dynamodb", &tracing::Level::INFO), "{level}");
            assert!(filter.would_enable("audit", &tracing::Level::INFO), "{level}");
            assert!(filter.would_enable("request", &tracing::Level::INFO), "{level}");
        }
    }
}
