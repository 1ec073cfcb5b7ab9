//! A deployment's log in CloudWatch Logs.

use std::error::Error;
use std::fmt::Write;
use std::ops::ControlFlow;

use aws::SdkConfig;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::SdkError;
use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsError;
use oauth::Timestamp;

use crate::AuditFilter;

/// An event carries the moment that it was decided by, which may be a little before its line was written.
const WRITTEN_WITHIN_SECONDS: i64 = 60;

/// A log group.
pub struct LogGroup {
    client: Client,
    name: String,
}

/// Why it could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LogGroupError {
    /// The rights do not reach that far.
    #[error("you may not read the log group {0}: logs:FilterLogEvents is not among your rights")]
    Denied(String),
    /// It is not there.
    #[error("there is no log group {0} in this region; the stack's output Logs has its name")]
    NotFound(String),
    /// Anything else.
    #[error("the log group {name} cannot be read: {why}")]
    Other {
        /// The group.
        name: String,
        /// What the service or the network said.
        why: String,
    },
}

/// Which of the lines of a log are wanted, as CloudWatch Logs filters them before it sends them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinePattern(String);

/// From when until when. What is not said has no limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// Not before this moment.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

impl LinePattern {
    /// The audit events that a filter may let pass. The filter itself must look again.
    pub fn audit(filter: &AuditFilter) -> Self {
        let mut pattern = String::from(r#"{ ($.target = "audit")"#);
        let wanted = [("person", &filter.person), ("client", &filter.client), ("grant_id", &filter.grant_id)];
        for (name, value) in wanted {
            // What the pattern's own language would read otherwise is left to the filter.
            if let Some(value) = value.as_deref().filter(|value| is_plain(value)) {
                let _ = write!(pattern, r#" && ($.{name} = "{value}")"#);
            }
        }
        pattern.push_str(" }");
        Self(pattern)
    }

    /// The lines about requests and about events that no gateway brought, and their audit events.
    pub fn requests() -> Self {
        Self(r#"{ ($.target = "request") || ($.target = "event") || ($.target = "audit") }"#.to_owned())
    }
}

impl LogGroup {
    /// The log group of this name.
    pub fn new(sdk: &SdkConfig, name: &str) -> Self {
        Self { client: Client::new(sdk), name: name.to_owned() }
    }

    /// Hands over line by line, page by page, until there are no more or nobody listens. `each` gets the moment at
    /// which a line was written, too, to tell how far it is.
    ///
    /// # Errors
    /// [`LogGroupError`]; what came before it was handed over.
    pub async fn read(
        &self,
        pattern: &LinePattern,
        span: Span,
        mut each: impl FnMut(&str, Option<Timestamp>) -> ControlFlow<()>,
    ) -> Result<(), LogGroupError> {
        let milliseconds = |at: Timestamp| at.as_seconds().saturating_mul(1000);
        let request = self.client.filter_log_events().log_group_name(&self.name).filter_pattern(&pattern.0);
        let mut pages = request
            .set_start_time(span.since.map(milliseconds))
            .set_end_time(span.until.map(|until| milliseconds(until) + 1000 * WRITTEN_WITHIN_SECONDS))
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            for event in page.map_err(|error| self.error(&error))?.events() {
                let at = event.timestamp().map(|at| Timestamp::from_seconds(at / 1000));
                if each(event.message().unwrap_or_default(), at).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn error(&self, error: &SdkError<FilterLogEventsError>) -> LogGroupError {
        let name = self.name.clone();
        match error.as_service_error().and_then(|error| error.meta().code()) {
            Some("AccessDeniedException") => LogGroupError::Denied(name),
            Some("ResourceNotFoundException") => LogGroupError::NotFound(name),
            Some(code) => LogGroupError::Other { name, why: code.to_owned() },
            None => LogGroupError::Other { name, why: innermost(error) },
        }
    }
}

/// What is at the bottom of an error.
fn innermost(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_asks_for_what_the_filter_wants() {
        let filter = AuditFilter {
            client: Some("finance-agent".to_owned()),
            grant_id: Some("g1".to_owned()),
            ..AuditFilter::default()
        };
        assert_eq!(
            LinePattern::audit(&filter).0,
            r#"{ ($.target = "audit") && ($.client = "finance-agent") && ($.grant_id = "g1") }"#
        );
        assert_eq!(LinePattern::audit(&AuditFilter::default()).0, r#"{ ($.target = "audit") }"#);
    }

    /// A pattern has a language of its own: a quotation mark ends the text, a star stands for anything.
    #[test]
    fn what_the_patterns_language_would_read_otherwise_is_not_in_it() {
        for client in [r#"x") || ($.target = "request"#, "a*", "", "ä"] {
            let filter = AuditFilter { client: Some(client.to_owned()), ..AuditFilter::default() };
            assert_eq!(LinePattern::audit(&filter).0, r#"{ ($.target = "audit") }"#, "{client}");
        }
    }
}
