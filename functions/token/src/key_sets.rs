//! The keys of other issuers: in the configuration, or fetched and kept for as long as they may be.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use environment::Fault;
use keys::Jwks;
use oauth::{IssuerKeys, Timestamp};
use outbound::{Limits, Loopback, OutboundInForce};
use store::Configuration;
use url::Url;

/// What reading a key set may take: a second of time leaves two of the request's three for the table.
const LIMITS: Limits = Limits {
    largest: 64 * 1024,
    time: Duration::from_secs(1),
    fresh_unsaid: Duration::from_mins(5),
    fresh_at_least: Duration::from_mins(1),
    fresh_at_most: Duration::from_hours(24),
};

/// How soon a key set is asked for again because a token names a key that is not in it. Whoever makes up names of keys causes no
/// more requests than that.
const ASKED_AGAIN_AFTER: Duration = Duration::from_mins(1);

/// How long an issuer that did not hand out its keys is left alone: each try takes up to a second of somebody's request. It cannot be
/// asked about each of many tokens.
const LEFT_ALONE_FOR: Duration = Duration::from_secs(10);

/// For how much longer keys are used while their issuer does not hand them out. A key that leaked and was withdrawn is accepted for as
/// long at most.
const STALE_FOR: Duration = Duration::from_hours(1);

/// The key sets of all issuers that are trusted.
pub(crate) struct KeySets {
    outbound: OutboundInForce,
    kept: Mutex<HashMap<String, Kept>>,
}

/// What is known of a key set.
#[derive(Clone, Debug)]
struct Kept {
    /// As it was handed out last, and until when it is fresh.
    keys: Option<(Arc<Jwks>, Timestamp)>,
    asked_at: Timestamp,
    /// Whether that was in vain.
    failed: bool,
}

impl Kept {
    fn fresh(&self, now: Timestamp) -> Option<Arc<Jwks>> {
        self.keys_until(now, Duration::ZERO)
    }

    /// Keys that will do while there are no others.
    fn usable(&self, now: Timestamp) -> Option<Arc<Jwks>> {
        self.keys_until(now, STALE_FOR)
    }

    fn keys_until(&self, now: Timestamp, more: Duration) -> Option<Arc<Jwks>> {
        let (keys, fresh_until) = self.keys.as_ref()?;
        (now < fresh_until.after(more)).then(|| Arc::clone(keys))
    }

    fn is_left_alone(&self, now: Timestamp) -> bool {
        self.failed && now < self.asked_at.after(LEFT_ALONE_FOR)
    }
}

impl KeySets {
    pub(crate) fn new(loopback: Loopback) -> Self {
        Self { outbound: OutboundInForce::new(loopback), kept: Mutex::default() }
    }

    /// The keys at hand, fetched where none are fresh. While that fails, those will do that were fresh within the last hour, and
    /// the issuer is asked once in ten seconds.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] when they cannot be had: nothing can be said of a token then.
    pub(crate) async fn of(
        &self,
        configuration: &Configuration,
        keys: &IssuerKeys,
        now: Timestamp,
    ) -> Result<Arc<Jwks>, Fault> {
        let uri = match keys {
            IssuerKeys::Jwks(jwks) => return Ok(Arc::new(parsed(jwks)?)),
            IssuerKeys::JwksUri(uri) => uri,
        };
        let kept = self.kept(uri);
        if let Some(fresh) = kept.as_ref().and_then(|kept| kept.fresh(now)) {
            return Ok(fresh);
        }
        let fetched = if kept.as_ref().is_some_and(|kept| kept.is_left_alone(now)) {
            Err(Fault::unavailable("issuer's keys", "they could not be had a moment ago"))
        } else {
            self.fetch(configuration, uri, now).await
        };
        fetched.or_else(|fault| kept.and_then(|kept| kept.usable(now)).ok_or(fault))
    }

    /// The keys asked for once more, for a token whose key is not among those at hand. `None` where that was done a moment ago,
    /// where it fails, and for keys that stand in the configuration.
    pub(crate) async fn newer(
        &self,
        configuration: &Configuration,
        keys: &IssuerKeys,
        now: Timestamp,
    ) -> Option<Arc<Jwks>> {
        let IssuerKeys::JwksUri(uri) = keys else { return None };
        if self.kept(uri).is_some_and(|kept| now < kept.asked_at.after(ASKED_AGAIN_AFTER)) {
            return None;
        }
        if let Some(kept) = self.all().get_mut(uri) {
            kept.asked_at = now;
        }
        self.fetch(configuration, uri, now).await.ok()
    }

    /// Asks, and remembers the answer, or that there was none.
    async fn fetch(
        &self,
        configuration: &Configuration,
        uri: &str,
        now: Timestamp,
    ) -> Result<Arc<Jwks>, Fault> {
        let fetched = self.ask(configuration, uri, now).await;
        let mut all = self.all();
        let kept = all.entry(uri.to_owned()).or_insert(Kept { keys: None, asked_at: now, failed: false });
        (kept.asked_at, kept.failed) = (now, fetched.is_err());
        match fetched {
            Ok((keys, fresh_until)) => {
                kept.keys = Some((Arc::clone(&keys), fresh_until));
                Ok(keys)
            }
            Err(fault) => {
                tracing::warn!(target: "token", uri, %fault, "an issuer's keys were not renewed");
                Err(fault)
            }
        }
    }

    async fn ask(
        &self,
        configuration: &Configuration,
        uri: &str,
        now: Timestamp,
    ) -> Result<(Arc<Jwks>, Timestamp), Fault> {
        let outbound = self.outbound.by(&configuration.server.outbound)?;
        let url = Url::parse(uri).map_err(|error| Fault::broken("jwks_uri", error))?;
        let fetched = outbound.fetch(&url, &LIMITS).await;
        let fetched = fetched.map_err(|problem| Fault::unavailable("issuer's keys", problem))?;
        let document = serde_json::from_slice(&fetched.body)
            .map_err(|error| Fault::unavailable("issuer's keys", error))?;
        Ok((Arc::new(parsed(&document)?), now.after(fetched.fresh_for)))
    }

    fn kept(&self, uri: &str) -> Option<Kept> {
        self.all().get(uri).cloned()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parsed(document: &serde_json::Value) -> Result<Jwks, Fault> {
    Jwks::parse(document).map_err(|defect| Fault::unavailable("issuer's keys", defect))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH_UNTIL: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn kept(failed_at: Option<Timestamp>) -> Kept {
        let keys = Arc::new(parsed(&serde_json::json!({ "keys": [] })).expect("a JWK Set"));
        let asked_at = failed_at.unwrap_or(FRESH_UNTIL);
        Kept { keys: Some((keys, FRESH_UNTIL)), asked_at, failed: failed_at.is_some() }
    }

    #[test]
    fn keys_that_cannot_be_renewed_are_used_for_an_hour_and_no_longer() {
        let later = |seconds| FRESH_UNTIL.after(Duration::from_secs(seconds));
        let kept = kept(None);
        assert!(kept.fresh(FRESH_UNTIL).is_none());
        assert!(kept.usable(later(3_599)).is_some());
        assert!(kept.usable(later(3_600)).is_none());
        assert!(Kept { keys: None, ..kept }.usable(FRESH_UNTIL).is_none());
    }

    #[test]
    fn an_issuer_that_did_not_answer_is_left_alone_for_ten_seconds() {
        let later = |seconds| FRESH_UNTIL.after(Duration::from_secs(seconds));
        let in_vain = kept(Some(FRESH_UNTIL));
        assert!(in_vain.is_left_alone(later(9)));
        assert!(!in_vain.is_left_alone(later(10)));
        assert!(!kept(None).is_left_alone(FRESH_UNTIL), "it did answer");
    }
}
