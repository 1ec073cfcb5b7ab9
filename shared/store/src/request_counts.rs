use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use oauth::Timestamp;

use crate::Store;
use crate::item::{Key, integer, met, number, text};

/// A process writes down what it counted each time that a caller has used up this part of what is allowed: a caller
/// who stays below it costs no write, and of `n` processes together at most `n` such parts go uncounted.
const PARTS: u32 = 20;
/// How many callers a process counts at a time.
const MOST_COUNTED: usize = 10_000;
/// What is counted together, and thus how long whoever is beyond a limit has to wait.
pub const COUNTED_TOGETHER: Duration = Duration::from_mins(1);

/// A request that is kept as it came counts as one for each of so many bytes begun.
const BYTES_OF_A_COUNT: usize = 4 * 1024;

/// As how many a request counts whose body has so many bytes, where it is kept as it came.
pub fn weight_of(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(BYTES_OF_A_COUNT)).unwrap_or(u32::MAX).max(1)
}

/// What this process knows of how often each caller came in this minute.
#[derive(Default)]
pub(crate) struct Cache(Mutex<HashMap<String, Count>>);

#[derive(Clone, Copy)]
struct Count {
    window: i64,
    /// What all processes had written down when this one last did.
    known: u32,
    /// What this process has not written down yet.
    unwritten: u32,
}

impl Store {
    /// Counts a request of a caller, and says whether it is within what is allowed in a minute. `weight` says as how many it
    /// counts: one that has us write much costs as much as many. The first of a minute passes whatever its weight. The table
    /// adds up what all processes counted. One that does not answer lets the request pass: what the request itself needs of
    /// the table will say so.
    pub async fn count_request(&self, caller: &str, weight: u32, per_minute: u32, now: Timestamp) -> bool {
        let weight = weight.min(per_minute);
        let (window, unwritten) = match self.request_counts.count(caller, weight, per_minute, now) {
            Counted::Within => return true,
            Counted::Beyond => return false,
            Counted::ToBeWritten { window, unwritten } => (window, unwritten),
        };
        match self.add_up(caller, window, unwritten, now).await {
            Ok(total) => {
                self.request_counts.learn(caller, window, total);
                total <= per_minute
            }
            Err(fault) => {
                tracing::warn!(target: "limits", %fault, "a count was not written down");
                true
            }
        }
    }

    /// Counts a request of a client that nobody vouches for, by the network address alone: other names cost it nothing.
    pub async fn count_stranger(
        &self,
        address: Option<&str>,
        weight: u32,
        per_minute: u32,
        now: Timestamp,
    ) -> bool {
        let caller = format!("STRANGERS#{}", address.unwrap_or_default());
        self.count_request(&caller, weight, per_minute, now).await
    }

    /// Counts something that costs money or reaches somebody, and says whether it is within what is allowed in a window of this
    /// length. Each time is written down, so that no number of processes lets more pass.
    ///
    /// # Errors
    /// When the table does not answer: nothing passes then.
    pub async fn count_within(
        &self,
        what: &str,
        allowed: u32,
        window: Duration,
        now: Timestamp,
    ) -> Result<bool, environment::Fault> {
        let length = i64::try_from(window.as_secs()).unwrap_or(i64::MAX).max(1);
        let key = Key::new(format!("LIMIT#{what}"), (now.as_seconds() / length).to_string());
        Ok(self.add(&key, 1, now.after(window * 2)).await? <= allowed)
    }

    async fn add_up(
        &self,
        caller: &str,
        window: i64,
        unwritten: u32,
        now: Timestamp,
    ) -> Result<u32, environment::Fault> {
        let key = Key::new(format!("LIMIT#{caller}"), window.to_string());
        self.add(&key, unwritten, now.after(COUNTED_TOGETHER * 2)).await
    }

    async fn add(&self, key: &Key, count: u32, until: Timestamp) -> Result<u32, environment::Fault> {
        // The SDK tries again when an answer is lost. That counts once: what is allowed in an hour may be three.
        let request = self
            .client
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(key.to_item()))
            .update_expression("ADD requests :unwritten SET expires_at = :end, attempt = :attempt")
            .condition_expression("attribute_not_exists(attempt) OR attempt <> :attempt")
            .expression_attribute_values(":unwritten", number(count))
            .expression_attribute_values(":end", number(until.as_seconds()))
            .expression_attribute_values(":attempt", text(self.attempt()))
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let counted = match request.send().await {
            Ok(answer) => answer.attributes.unwrap_or_default(),
            Err(error) => met(error)?,
        };
        let total = integer(&counted, "requests");
        Ok(total.and_then(|total| u32::try_from(total).ok()).unwrap_or(u32::MAX))
    }
}

enum Counted {
    Within,
    Beyond,
    ToBeWritten { window: i64, unwritten: u32 },
}

impl Cache {
    fn count(&self, caller: &str, weight: u32, per_minute: u32, now: Timestamp) -> Counted {
        let window = now.as_seconds() / i64::try_from(COUNTED_TOGETHER.as_secs()).unwrap_or(i64::MAX);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MOST_COUNTED && !counts.contains_key(caller) {
            counts.retain(|_, count| count.window == window);
        }
        let fresh = Count { window, known: 0, unwritten: 0 };
        let count = counts.entry(caller.to_owned()).or_insert(fresh);
        if count.window != window {
            *count = fresh;
        }
        if count.known > per_minute {
            return Counted::Beyond;
        }
        count.unwritten += weight;
        if count.unwritten < (per_minute / PARTS).max(1) {
            return Counted::Within;
        }
        Counted::ToBeWritten { window, unwritten: std::mem::take(&mut count.unwritten) }
    }

    fn learn(&self, caller: &str, window: i64, total: u32) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(caller).filter(|count| count.window == window) {
            count.known = count.known.max(total);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn written(cache: &Cache, times: u32, at: Timestamp) -> u32 {
        let count = |_| match cache.count("agent", 1, 100, at) {
            Counted::ToBeWritten { unwritten, .. } => unwritten,
            Counted::Within | Counted::Beyond => 0,
        };
        (0..times).map(count).sum()
    }

    #[test]
    fn a_caller_who_comes_seldom_costs_no_write() {
        assert_eq!(written(&Cache::default(), 4, NOW), 0);
    }

    #[test]
    fn every_twentieth_part_of_what_is_allowed_is_written_down_at_once() {
        assert_eq!(written(&Cache::default(), 23, NOW), 20);
    }

    #[test]
    fn a_request_that_weighs_as_much_as_many_counts_as_many() {
        let cache = Cache::default();
        assert!(matches!(cache.count("agent", 4, 100, NOW), Counted::Within));
        assert!(matches!(cache.count("agent", 70, 100, NOW), Counted::ToBeWritten { unwritten: 74, .. }));
    }

    #[test]
    fn who_is_beyond_what_is_allowed_costs_nothing_until_the_minute_ends() {
        let cache = Cache::default();
        written(&cache, 5, NOW);
        cache.learn("agent", NOW.as_seconds() / 60, 101);
        assert!(matches!(cache.count("agent", 1, 100, NOW), Counted::Beyond));
        assert!(matches!(cache.count("other", 1, 100, NOW), Counted::Within));
        assert!(matches!(cache.count("agent", 1, 100, NOW.after(COUNTED_TOGETHER)), Counted::Within));
    }
}
