use std::fmt;
use std::time::Duration;

use deliver::Undelivered;
use environment::Fault;
use http::audit::{Decision, Event};
use oauth::Timestamp;
use serde_json::json;

use crate::Services;
use crate::errand::Errand;
use crate::event::Record;

/// What became of an errand.
pub(crate) enum Outcome {
    /// Nothing is left to do, and why.
    Done(&'static str),
    /// It is not time yet.
    NotYet {
        /// When it is.
        at: Timestamp,
        /// Until when it matters.
        until: Timestamp,
    },
    /// It failed, and may succeed when tried again.
    Later {
        why: String,
        /// Until when it matters.
        until: Timestamp,
        /// Whether what was said may have arrived.
        unanswered: bool,
    },
    /// It failed, and whoever is responsible has to mend something first: no try of ours helps.
    Never { why: String },
}

impl Outcome {
    pub(crate) fn later(why: &impl fmt::Display, until: Timestamp) -> Self {
        Self::Later { why: why.to_string(), until, unanswered: false }
    }

    /// Somebody was not reached.
    pub(crate) fn undelivered(problem: Undelivered, until: Timestamp) -> Self {
        let Undelivered { may_pass, unanswered, why } = problem;
        if may_pass { Self::Later { why, until, unanswered } } else { Self::Never { why } }
    }
}

impl Services {
    /// Sees to it that an errand comes again where it has to, and that somebody hears of it where it never will.
    ///
    /// # Errors
    /// When the queue takes nothing: the record has to come again as it is.
    pub(crate) async fn settle(
        &self,
        record: &Record,
        errand: &Errand,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let (kind, id) = (errand.kind, errand.authorization.as_str());
        match outcome {
            Outcome::Done(why) => {
                tracing::debug!(target: "notify", ?kind, grant_id = id, why, "nothing left to do");
                Ok(())
            }
            Outcome::NotYet { at, until } => {
                let next = Errand { until, ..errand.clone() };
                // Moments are whole seconds: it must not come back within the last one.
                self.put(&next, at.since(now) + Duration::from_secs(1)).await
            }
            Outcome::Later { why, until, unanswered } => match errand.again(until, now) {
                Some((next, pause)) => {
                    let next = Errand { unanswered: next.unanswered || unanswered, ..next };
                    let (pause, tries) = (pause.as_secs(), next.tries);
                    tracing::warn!(target: "notify", ?kind, grant_id = id, why, tries, pause, "it is tried again");
                    self.put(&next, Duration::from_secs(pause)).await
                }
                None => self.give_up(record, errand, &why, now).await,
            },
            Outcome::Never { why } => {
                record_failure(record, errand, &why, now);
                Ok(())
            }
        }
    }

    async fn put(&self, errand: &Errand, delay: Duration) -> Result<(), Fault> {
        let text = serde_json::to_string(errand).map_err(|error| Fault::broken("errand", error))?;
        self.queue.put(text, delay.min(deliver::LONGEST_DELAY)).await
    }

    async fn give_up(
        &self,
        record: &Record,
        errand: &Errand,
        why: &str,
        now: Timestamp,
    ) -> Result<(), Fault> {
        record_failure(record, errand, why, now);
        let Errand { kind, authorization, tries, .. } = errand;
        let letter = json!({ "kind": kind, "authorization": authorization, "tries": tries + 1, "why": why });
        self.queue.give_up(letter.to_string()).await
    }
}

fn record_failure(record: &Record, errand: &Errand, why: &str, now: Timestamp) {
    let kind = errand.kind;
    tracing::warn!(target: "notify", ?kind, grant_id = errand.authorization.as_str(), why, "it is given up");
    let outcome = http::audit::Outcome::Failed(why);
    Decision::about(Event::Notification, outcome, &record.id, now).grant_id(&errand.authorization).record();
}
