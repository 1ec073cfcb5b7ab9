//! The log: one JSON object a line on standard output, where Lambda picks it up.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{Format, Json, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter, format};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::metrics;

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
    let events =
        format().json().flatten_event(true).with_current_span(false).with_span_list(false).with_ansi(false);
    tracing_subscriber::fmt::layer()
        .event_format(Line(events))
        .fmt_fields(JsonFields::new())
        .with_writer(writer)
}

/// An event as JSON; one of [`metrics`] as the document that it carries. CloudWatch finds metrics only at the top of a
/// line, nested as it prescribes, and `tracing` has no nested fields.
struct Line(Format<Json>);

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if event.metadata().target() != metrics::TARGET {
            return self.0.format_event(context, writer, event);
        }
        let mut document = Document::default();
        event.record(&mut document);
        writeln!(writer, "{}", document.0)
    }
}

/// The field `document` of an event.
#[derive(Default)]
struct Document(String);

impl Visit for Document {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "document" {
            value.clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn fmt::Debug) {}
}

/// What gets into the log at a level such as `info`; the audit, the line of each request or event, and metrics always do.
pub fn filter(level: &str) -> Targets {
    let chosen: Targets = level.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    QUIET
        .into_iter()
        .fold(chosen, |targets, quiet| targets.with_target(quiet, LevelFilter::WARN))
        .with_target("audit", LevelFilter::INFO)
        .with_target("request", LevelFilter::INFO)
        .with_target("event", LevelFilter::INFO)
        .with_target(metrics::TARGET, LevelFilter::INFO)
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
