use std::sync::Arc;

use http_types::{HeaderMap, Response};
use oauth::{ResourceUri, Scope, Timestamp};

use crate::introspection::Introspection;
use crate::issuer::Issuer;
use crate::jws::Received;
use crate::{
    AccessToken, Clock, Credentials, Demand, Exchange, ExchangeError, Exchanged, Expected, Fetch,
    ProtectedResource, Refusal, audit, bearer, fetch, metadata_url, validate,
};

/// What stands in front of a tool. Cheap to clone; every clone shares the keys that were read.
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    issuer: Issuer,
    resource: ResourceUri,
    credentials: Option<Credentials>,
    introspection: Introspection,
    realm: Option<String>,
    asked: Option<Scope>,
    metadata_url: Option<String>,
    clock: Clock,
}

/// How a guard is set up.
#[must_use = "it becomes a guard by `build`"]
pub struct GuardBuilder {
    issuer: String,
    resource: String,
    fetch: Option<Arc<dyn Fetch>>,
    credentials: Option<Credentials>,
    realm: Option<String>,
    asked: Option<String>,
    metadata_url: Option<String>,
    clock: Clock,
}

/// A guard cannot be set up like this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetUpWrong {
    /// The issuer is to be trusted, so nobody may be able to stand between.
    #[error("the issuer {issuer:?} is neither an https address nor on this machine")]
    Issuer {
        /// What was given.
        issuer: String,
    },
    /// RFC 8707, section 2.
    #[error("the resource {resource:?} is not an absolute URI without a fragment")]
    Resource {
        /// What was given.
        resource: String,
    },
    /// RFC 6749, section 3.3.
    #[error("{scope:?} is no scope")]
    Scope {
        /// What was given.
        scope: String,
    },
    /// There is no way to the issuer.
    #[error("no HTTP client: {why}")]
    NoHttpClient {
        /// What is missing.
        why: String,
    },
}

impl Guard {
    /// For tokens of this issuer, meant for this resource: the identifiers as they stand in `iss` and `aud`.
    pub fn of(issuer: impl Into<String>, resource: impl Into<String>) -> GuardBuilder {
        GuardBuilder {
            issuer: issuer.into(),
            resource: resource.into(),
            fetch: None,
            credentials: None,
            realm: None,
            asked: None,
            metadata_url: None,
            clock: Clock::system(),
        }
    }

    /// Decides about a request by its headers.
    ///
    /// # Errors
    /// [`Refusal`]: [`Guard::answer`] makes the answer of it.
    pub async fn check(&self, headers: &HeaderMap, demand: &Demand) -> Result<AccessToken, Refusal> {
        match bearer::bearer(headers) {
            Ok(token) => self.check_token(token, demand).await,
            Err(refusal) => Err(self.refused(refusal, None, demand)),
        }
    }

    /// Refuses a request whose token cannot even stand in a [`HeaderMap`], and writes its line of audit.
    pub fn refuse_unreadable(&self, demand: &Demand) -> Refusal {
        self.refused(Refusal::MalformedRequest, None, demand)
    }

    /// Decides about a token that came some other way than in a request's headers.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn check_token(&self, token: &str, demand: &Demand) -> Result<AccessToken, Refusal> {
        let now = self.0.clock.now();
        let token = match self.accepted(token, demand, now).await {
            Ok(token) => token,
            Err(refusal) => return Err(self.refused(refusal, None, demand)),
        };
        match demand.met_by(&token, now) {
            Ok(()) => {
                audit::record(self.resource().as_str(), demand, Ok(&token), now);
                Ok(token)
            }
            Err(refusal) => Err(self.refused(refusal, Some(&token), demand)),
        }
    }

    /// The token, if it is good, as the issuer sees it where that has to be asked.
    async fn accepted(&self, token: &str, demand: &Demand, now: Timestamp) -> Result<AccessToken, Refusal> {
        let inner = &*self.0;
        // Junk costs the issuer nothing.
        let received = Received::parse(token).map_err(Refusal::InvalidToken)?;
        let documents = inner.issuer.documents(Some(&received.key_id)).await.map_err(Refusal::Undecided)?;
        let expected = Expected { issuer: inner.issuer.url(), resource: &inner.resource };
        let token = validate(token, &documents.keys, expected, now).map_err(Refusal::InvalidToken)?;
        if !demand.needs_introspection(&token) {
            return Ok(token);
        }
        inner.introspection.look(token, &inner.issuer, inner.credentials.as_ref(), now).await
    }

    /// The refusal, once it is in the audit.
    fn refused(&self, refusal: Refusal, token: Option<&AccessToken>, demand: &Demand) -> Refusal {
        audit::record(self.resource().as_str(), demand, Err((&refusal, token)), self.0.clock.now());
        refusal
    }

    /// The answer to a request that is not let through.
    pub fn answer<B: From<String>>(&self, refusal: &Refusal) -> Response<B> {
        let inner = &*self.0;
        refusal.respond(inner.realm.as_deref(), inner.asked.as_ref(), inner.metadata_url.as_deref())
    }

    /// What the tool says of itself (RFC 9728), as far as its guard knows it: resource, issuer, and the scopes that it tells
    /// clients to ask for. `ProtectedResource::layer` serves it, and [`ProtectedResource::answer`] without a layer.
    pub fn metadata(&self) -> ProtectedResource {
        let inner = &*self.0;
        let metadata = ProtectedResource::new(inner.resource.clone(), inner.issuer.url());
        inner.asked.iter().flat_map(Scope::iter).fold(metadata, ProtectedResource::scope)
    }

    /// The tool's own identifier.
    pub fn resource(&self) -> &ResourceUri {
        &self.0.resource
    }

    /// Gets a token for the next tool, with the tool's own credentials.
    ///
    /// # Errors
    /// [`ExchangeError`].
    pub async fn exchange(&self, exchange: &Exchange<'_>) -> Result<Exchanged, ExchangeError> {
        exchange.ask(&self.0.issuer, self.0.credentials.as_ref(), self.0.clock.now()).await
    }

    /// Reads the issuer's documents now, so that the first request need not wait.
    ///
    /// # Errors
    /// [`crate::Trouble`] when they cannot be had.
    pub async fn prepare(&self) -> Result<(), crate::Trouble> {
        self.0.issuer.documents(None).await.map(drop)
    }
}

impl GuardBuilder {
    /// How the issuer is reached. Without it, that is [`crate::Https`].
    pub fn fetch(mut self, fetch: impl Fetch + 'static) -> Self {
        self.fetch = Some(Arc::new(fetch));
        self
    }

    /// The tool's credentials at the issuer, for introspection and exchange.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// What the challenge calls the tool (RFC 9110, section 11.5).
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// What the challenge tells a client to ask for that comes without a good token (RFC 6750, section 3). MCP clients ask for
    /// that, where it is said, and for nothing else.
    pub fn asking_for(mut self, scope: impl Into<String>) -> Self {
        self.asked = Some(scope.into());
        self
    }

    /// The tool serves its [`crate::ProtectedResource`] at the place that RFC 9728 prescribes, and challenges point there.
    pub fn with_metadata(mut self) -> Self {
        self.metadata_url = ResourceUri::parse(&self.resource).as_ref().and_then(metadata_url);
        self
    }

    /// Another clock than the machine's, for tests.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The guard. It asks the issuer nothing yet.
    ///
    /// # Errors
    /// [`SetUpWrong`].
    pub fn build(self) -> Result<Guard, SetUpWrong> {
        if !fetch::is_safe(&self.issuer, &self.issuer) {
            return Err(SetUpWrong::Issuer { issuer: self.issuer });
        }
        let resource = ResourceUri::parse(&self.resource)
            .ok_or_else(|| SetUpWrong::Resource { resource: self.resource.clone() })?;
        let asked = self.asked.map(|scope| Scope::parse(&scope).ok_or(SetUpWrong::Scope { scope }));
        let asked = asked.transpose()?;
        let fetch = match self.fetch {
            Some(fetch) => fetch,
            None => ready_made()?,
        };
        Ok(Guard(Arc::new(Inner {
            issuer: Issuer::new(self.issuer, fetch, self.clock.clone()),
            resource,
            credentials: self.credentials,
            introspection: Introspection::default(),
            realm: self.realm,
            asked,
            metadata_url: self.metadata_url,
            clock: self.clock,
        })))
    }
}

#[cfg(feature = "https")]
fn ready_made() -> Result<Arc<dyn Fetch>, SetUpWrong> {
    match crate::Https::new() {
        Ok(https) => Ok(Arc::new(https)),
        Err(error) => Err(SetUpWrong::NoHttpClient { why: error.to_string() }),
    }
}

#[cfg(not(feature = "https"))]
fn ready_made() -> Result<Arc<dyn Fetch>, SetUpWrong> {
    Err(SetUpWrong::NoHttpClient { why: "give the guard one, or switch on the feature `https`".to_owned() })
}

#[cfg(test)]
mod tests;
