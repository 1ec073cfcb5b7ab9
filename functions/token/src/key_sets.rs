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

/// The key sets of all issuers that are trusted.
pub(crate) struct KeySets {
    outbound: OutboundInForce,
    kept: Mutex<HashMap<String, Kept>>,
}

#[derive(Clone)]
struct Kept {
    keys: Arc<Jwks>,
    asked_at: Timestamp,
    fresh_until: Timestamp,
}

impl KeySets {
    pub(crate) fn new(loopback: Loopback) -> Self {
        Self { outbound: OutboundInForce::new(loopback), kept: Mutex::default() }
    }

    /// The keys at hand, fetched where none are fresh.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] when they cannot be had: nothing can be said of a token then.
    pub(crate) async fn of(
        &self,
        configuration: &Configuration,
        keys: &IssuerKeys,
        now: Timestamp,
    ) -> Result<Arc<Jwks>, Fault> {
        match keys {
            IssuerKeys::Jwks(jwks) => Ok(Arc::new(parsed(jwks)?)),
            IssuerKeys::JwksUri(uri) => match self.kept(uri) {
                Some(kept) if now < kept.fresh_until => Ok(kept.keys),
                _ => self.fetch(configuration, uri, now).await,
            },
        }
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

    async fn fetch(
        &self,
        configuration: &Configuration,
        uri: &str,
        now: Timestamp,
    ) -> Result<Arc<Jwks>, Fault> {
        let outbound = self.outbound.by(&configuration.server.outbound)?;
        let url = Url::parse(uri).map_err(|error| Fault::broken("jwks_uri", error))?;
        let fetched = outbound.fetch(&url, &LIMITS).await;
        let fetched = fetched.map_err(|problem| Fault::unavailable("issuer's keys", problem))?;
        let document = serde_json::from_slice(&fetched.body)
            .map_err(|error| Fault::unavailable("issuer's keys", error))?;
        let keys = Arc::new(parsed(&document)?);
        let fresh_until = now.after(fetched.fresh_for);
        self.all().insert(uri.to_owned(), Kept { keys: keys.clone(), asked_at: now, fresh_until });
        Ok(keys)
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
