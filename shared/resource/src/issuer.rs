use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_types::header::{ACCEPT, CACHE_CONTROL};
use http_types::{HeaderMap, Request};
use oauth::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::fetch::{self, Fetch};
use crate::{Clock, KeySet, Trouble};

/// The issuer is asked at most this often, so that tokens with made-up key names cannot be turned into a flood of requests to
/// it.
const NOT_MORE_OFTEN_THAN: Duration = Duration::from_secs(10);
/// How long keys are good when the issuer does not say.
const USUAL_AGE: Duration = Duration::from_mins(5);
/// What an issuer may say, at least and at most.
const AGES: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(24));
/// For how much longer keys are used while the issuer does not answer. A key that leaked and was withdrawn is accepted for as
/// long at most by a tool that cannot reach the issuer.
const STALE_FOR: Duration = Duration::from_hours(1);

/// The authorization server as a tool knows it: its metadata and its keys, kept for as long as it says.
#[derive(Clone)]
pub(crate) struct Issuer(Arc<Known>);

struct Known {
    url: String,
    fetch: Arc<dyn Fetch>,
    clock: Clock,
    state: Mutex<State>,
    /// Held by the one that asks.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    documents: Option<Arc<Documents>>,
    asked_at: Option<Timestamp>,
}

/// What the issuer published.
pub(crate) struct Documents {
    pub(crate) keys: KeySet,
    pub(crate) metadata: Metadata,
    read_at: Timestamp,
    good_for: Duration,
}

/// What a tool needs of the metadata (RFC 8414, section 2).
#[derive(Deserialize)]
pub(crate) struct Metadata {
    issuer: String,
    jwks_uri: String,
    pub(crate) introspection_endpoint: Option<String>,
    pub(crate) token_endpoint: Option<String>,
}

impl Issuer {
    pub(crate) fn new(url: String, fetch: Arc<dyn Fetch>, clock: Clock) -> Self {
        let asking = tokio::sync::Mutex::new(());
        Self(Arc::new(Known { url, fetch, clock, state: Mutex::default(), asking }))
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    pub(crate) fn fetch(&self) -> &dyn Fetch {
        &*self.0.fetch
    }

    /// The issuer's documents. They are read again when they are too old, or when they lack this key: it may have been
    /// published since.
    ///
    /// # Errors
    /// [`Trouble`] when there are none that may be used.
    pub(crate) async fn documents(&self, key_id: Option<&str>) -> Result<Arc<Documents>, Trouble> {
        if let Some(good) = self.0.good(key_id) {
            return Ok(good);
        }
        // A task of its own: whoever hangs up must not take the answer from those who wait for it.
        let (known, key_id) = (Arc::clone(&self.0), key_id.map(str::to_owned));
        match tokio::spawn(async move { known.ask(key_id.as_deref()).await }).await {
            Ok(documents) => documents,
            Err(_) => Err(Trouble::NoKeys),
        }
    }
}

impl Known {
    async fn ask(&self, key_id: Option<&str>) -> Result<Arc<Documents>, Trouble> {
        // Held to the end: whoever waits for it finds what came of the question.
        let _asking = match self.asking.try_lock() {
            Ok(asking) => asking,
            // Somebody asks already. What is at hand will do meanwhile, if it has the key.
            Err(_) => match self.usable().filter(|usable| usable.have(key_id)) {
                Some(usable) => return Ok(usable),
                None => self.asking.lock().await,
            },
        };
        if let Some(good) = self.good(key_id) {
            return Ok(good);
        }
        if !self.may_ask() {
            return self.usable().ok_or(Trouble::NoKeys);
        }
        self.read().await.or_else(|trouble| {
            tracing::warn!(target: "resource", issuer = self.url, %trouble, "the issuer's keys were not renewed");
            // However long it kept somebody waiting: those who waited meanwhile do not each wait again.
            self.state().asked_at = Some(self.clock.now());
            self.usable().ok_or(trouble)
        })
    }

    /// Documents that are not too old and have the key.
    fn good(&self, key_id: Option<&str>) -> Option<Arc<Documents>> {
        self.within(Duration::ZERO).filter(|documents| documents.have(key_id))
    }

    /// Documents that may still be used.
    fn usable(&self) -> Option<Arc<Documents>> {
        self.within(STALE_FOR)
    }

    fn within(&self, more: Duration) -> Option<Arc<Documents>> {
        let documents = self.state().documents.clone()?;
        let age = self.clock.now().since(documents.read_at);
        (age < documents.good_for + more).then_some(documents)
    }

    /// Whether it is time to ask again; if so, now counts as asked.
    fn may_ask(&self) -> bool {
        let now = self.clock.now();
        let mut state = self.state();
        let may = state.asked_at.is_none_or(|then| now.since(then) >= NOT_MORE_OFTEN_THAN);
        if may {
            state.asked_at = Some(now);
        }
        may
    }

    async fn read(&self) -> Result<Arc<Documents>, Trouble> {
        let address = format!("{}/.well-known/openid-configuration", self.url.trim_end_matches('/'));
        let (metadata, _): (Metadata, _) = self.get("the issuer's metadata", &address).await?;
        // RFC 8414, section 3.3.
        if metadata.issuer != self.url {
            return Err(Trouble::unusable("the issuer's metadata", "it is another issuer's"));
        }
        let (keys, headers): (Value, _) = self.get("the issuer's keys", &metadata.jwks_uri).await?;
        let keys =
            KeySet::parse(&keys).ok_or_else(|| Trouble::unusable("the issuer's keys", "not a JWK Set"))?;
        let documents = Documents { keys, metadata, read_at: self.clock.now(), good_for: good_for(&headers) };
        let documents = Arc::new(documents);
        self.state().documents = Some(Arc::clone(&documents));
        Ok(documents)
    }

    async fn get<T: serde::de::DeserializeOwned>(
        &self,
        what: &'static str,
        url: &str,
    ) -> Result<(T, HeaderMap), Trouble> {
        if !fetch::is_safe(url, &self.url) {
            return Err(Trouble::unusable(what, "its address is neither https nor on this machine"));
        }
        let request = Request::get(url)
            .header(ACCEPT, "application/json")
            .body(Vec::new())
            .map_err(|error| Trouble::unusable(what, &error))?;
        let (value, answer) = fetch::json(&*self.fetch, what, request).await?;
        Ok((value, answer.into_parts().0.headers))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Documents {
    fn have(&self, key_id: Option<&str>) -> bool {
        key_id.is_none_or(|key_id| self.keys.has(key_id))
    }
}

/// For how long the keys are good (RFC 9111, section 5.2.2.1), within reason.
fn good_for(headers: &HeaderMap) -> Duration {
    headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .find_map(|directive| directive.trim().strip_prefix("max-age=")?.parse().ok())
        .map_or(USUAL_AGE, |seconds| Duration::from_secs(seconds).clamp(AGES.0, AGES.1))
}

#[cfg(test)]
mod tests;
