use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use openidconnect::http;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::Trouble;
use crate::transport::Transport;

/// Fresh keys are read at most this often, so that tokens with made-up key names cannot be turned into a flood of
/// requests to the issuer.
const NOT_MORE_OFTEN_THAN: Duration = Duration::from_secs(10);

/// The issuer's public keys.
pub(super) struct Keys {
    issuer: String,
    jwks_uri: String,
    transport: Transport,
    cached: Mutex<Cached>,
}

struct Cached {
    keys: JwkSet,
    read_at: Instant,
}

/// What the tool needs of the metadata (RFC 8414, section 2).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

impl Keys {
    /// Reads the issuer's metadata, and the keys that it names.
    ///
    /// # Errors
    /// When one cannot be read, or the metadata is another issuer's (RFC 8414, section 3.3).
    pub(super) async fn of(issuer: &str, transport: Transport) -> Result<Self, Trouble> {
        let url = format!("{issuer}/.well-known/openid-configuration");
        let metadata: Metadata = fetch(&transport, &url, "metadata").await?;
        if metadata.issuer != issuer {
            return Err(Trouble::OtherIssuer(metadata.issuer));
        }
        let keys = fetch(&transport, &metadata.jwks_uri, "keys").await?;
        Ok(Self {
            issuer: metadata.issuer,
            jwks_uri: metadata.jwks_uri,
            transport,
            cached: Mutex::new(Cached { keys, read_at: Instant::now() }),
        })
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The keys as last read.
    pub(super) fn at_hand(&self) -> JwkSet {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner).keys.clone()
    }

    /// Reads the keys again, unless that was done just now. Says whether there are fresh ones.
    pub(super) async fn refresh(&self) -> bool {
        let now = Instant::now();
        {
            let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
            if now.duration_since(cached.read_at) < NOT_MORE_OFTEN_THAN {
                return false;
            }
            // Before the request and not after it: requests that come meanwhile do not ask as well.
            cached.read_at = now;
        }
        match fetch(&self.transport, &self.jwks_uri, "keys").await {
            Ok(keys) => {
                self.cached.lock().unwrap_or_else(PoisonError::into_inner).keys = keys;
                true
            }
            Err(_) => false,
        }
    }
}

async fn fetch<T: DeserializeOwned>(
    transport: &Transport,
    url: &str,
    document: &'static str,
) -> Result<T, Trouble> {
    let unusable = |why: String| Trouble::Document { document, why };
    let request = http::Request::get(url)
        .header("accept", "application/json")
        .body(Vec::new())
        .map_err(|error| unusable(error.to_string()))?;
    let answer = transport.send(request).await.map_err(|error| unusable(error.to_string()))?;
    if answer.status() != http::StatusCode::OK {
        return Err(unusable(format!("status {}", answer.status())));
    }
    serde_json::from_slice(answer.body()).map_err(|error| unusable(error.to_string()))
}
