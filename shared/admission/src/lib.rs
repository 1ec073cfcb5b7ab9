//! How an endpoint that clients call lets one in: it reads the configuration in force, finds out who the client
//! claims to be, and has the claim proven before any work is done.

mod above;
mod bearer;
mod good_token;
mod shown_actor;

use std::sync::Arc;

use clients::{AcceptedAudiences, AuthenticatedClient, Credentials, Presented, Registered, SpendOnce};
use environment::{Clock, Fault};
use http::audit::{Decision, Event, Outcome};
use http::request::{arrival, authorization};
use http::{Problem, Request, Response, Site, note_proven_client, respond_json};
use keys::{AcceptedKeys, Algorithm, Expected, Jwks, PublicKeys};
use oauth::configuration::Client;
use oauth::{ACCESS_TOKEN_TYP, AccessTokenClaims, ClientId, ClientRejection, Parameters, Refusal, Timestamp};
use serde_json::Value;
use store::{COUNTED_TOGETHER, ClientState, Configuration, Store, weight_of};

pub use above::Rights;
pub use bearer::Bearer;
pub use good_token::GoodToken;
pub use shown_actor::ShownActor;

/// One request to an endpoint, with what every endpoint needs to answer it.
pub struct Visit<'a> {
    /// The request.
    pub request: &'a Request,
    /// The moment that everything in this request is judged by.
    pub now: Timestamp,
    /// The configuration in force.
    pub configuration: Arc<Configuration>,
    /// What answers must know about the server.
    pub site: Site,
    store: &'a Store,
}

/// Answers a request with JSON, or with the error in JSON (OAuth 2.1, section 3.2.4).
pub async fn answer(
    store: &Store,
    clock: &Clock,
    request: &Request,
    work: impl AsyncFnOnce(&Visit<'_>) -> Result<Response, Problem>,
) -> Response {
    match Visit::begin(store, clock, request).await {
        Ok(visit) => respond_json(work(&visit).await, request, Some(&visit.site)),
        Err(fault) => respond_json(Err(fault.into()), request, None),
    }
}

/// Where a client's requests are counted. Whoever asks about a token or ends one is not turned away: others could have
/// a tool ask about junk until it may ask no more, and an agent must be able to end what it holds. Clients that nobody vouches
/// for are counted everywhere: whatever one of them proves, it can prove as often as it likes, at the price of a write each.
const LIMITED: [&str; 3] = ["/par", "/token", "/bc-authorize"];

/// Those of them whose requests are kept as they came.
const KEEPS_REQUESTS: [&str; 2] = ["/par", "/bc-authorize"];

impl<'a> Visit<'a> {
    /// Looks at the clock and reads the configuration in force.
    ///
    /// # Errors
    /// When no configuration can be read.
    pub async fn begin(store: &'a Store, clock: &Clock, request: &'a Request) -> Result<Self, Fault> {
        let now = clock.now();
        let configuration = store.configuration(now).await?;
        let site = Site::of(&configuration.server);
        Ok(Self { request, now, configuration, site, store })
    }

    /// Whom the client claims to be, in whatever way, if that can be read at all.
    pub fn claimed_id(&self, parameters: &Parameters) -> Option<ClientId> {
        let presented = Presented::from(authorization(self.request).ok()?, parameters).ok()?;
        Some(presented.client_id().clone())
    }

    /// Authenticates the client at an endpoint such as `/token` (OAuth 2.1, section 2.4). An assertion is
    /// spent by one conditional write, after its signature was found good: nobody else's can be used up. A
    /// refusal is recorded, as one of what the endpoint decides about. A client that nobody vouches for is counted before
    /// anything is read or spent for it.
    ///
    /// # Errors
    /// The refusals of [`Presented::from`] and [`clients::authenticate`]; a fault of the table.
    pub async fn authenticate(
        &self,
        parameters: &Parameters,
        endpoint: &str,
        event: Event,
    ) -> Result<AuthenticatedClient, Problem> {
        let presented = Presented::from(authorization(self.request)?, parameters)
            .inspect_err(|refusal| self.record(event, Outcome::Refused(refusal)).record())?;
        if !self.strangers_are_within_limits(presented.client_id(), endpoint).await {
            return Err(self.comes_too_often(event, presented.client_id()));
        }
        let proven = self.prove(&presented, endpoint).await.inspect_err(|problem| {
            if let Problem::Refused(refusal) = problem {
                self.record(event, Outcome::Refused(refusal)).client(presented.client_id()).record();
            }
        })?;
        note_proven_client(&proven.client().id);
        if !LIMITED.contains(&endpoint) || self.within_limits(proven.client(), endpoint).await {
            return Ok(proven);
        }
        Err(self.comes_too_often(event, &proven.client().id))
    }

    fn comes_too_often(&self, event: Event, id: &ClientId) -> Problem {
        let refusal = Refusal::SlowDown { retry_after: COUNTED_TOGETHER };
        self.record(event, Outcome::Refused(&refusal)).client(id).record();
        refusal.into()
    }

    /// The audit's line about a decision in this request, to be completed.
    pub fn record<'d>(&'d self, event: Event, outcome: Outcome<'d>) -> Decision<'d> {
        Decision::new(event, outcome, self.request, self.now)
    }

    /// The claims of an access token of ours that is shown to us: its signature, type, issuer and times are good.
    /// Whether something has ended it is asked of the table afterwards.
    ///
    /// # Errors
    /// [`Refusal::TokenInvalid`].
    pub fn access_token(&self, keys: &PublicKeys, token: &str) -> Result<AccessTokenClaims, Refusal> {
        self.signed(keys, token, AcceptedKeys::Published)?.accepted(self.site.issuer(), self.now)
    }

    /// The claims of an access token of ours that may have expired, and its key with it. It says what may still be ended, and never
    /// that anything is allowed.
    ///
    /// # Errors
    /// [`Refusal::TokenInvalid`].
    pub fn access_token_once_ours(
        &self,
        keys: &PublicKeys,
        token: &str,
    ) -> Result<AccessTokenClaims, Refusal> {
        self.signed(keys, token, AcceptedKeys::AlsoRetired)
    }

    fn signed(
        &self,
        keys: &PublicKeys,
        token: &str,
        accepted: AcceptedKeys,
    ) -> Result<AccessTokenClaims, Refusal> {
        let issuer = self.site.issuer();
        let expected = Expected { issuer, types: &[ACCESS_TOKEN_TYP], keys: accepted };
        keys.verify(token, &expected, self.now)
            .and_then(|token| token.claims_as())
            .map_err(|_| Refusal::TokenInvalid { why: "signature or shape" })
    }

    /// Whether not too many come from one address of those whom nobody vouches for. Anybody can have as many of their names as
    /// they like, with a key or without: all of them count together. Of any other client nothing is counted here.
    async fn strangers_are_within_limits(&self, id: &ClientId, endpoint: &str) -> bool {
        let is_vouched_for = id.origin(&self.configuration.server).is_vouched_for();
        is_vouched_for || self.count_stranger(self.weight(endpoint)).await
    }

    /// Whether the client has not come too often. Whoever has not proven who they are counts for nobody; of a public
    /// client, whose name anybody can use, those count together who come from one address.
    async fn within_limits(&self, client: &Client, endpoint: &str) -> bool {
        !client.origin.is_vouched_for() || self.count(client, self.weight(endpoint)).await
    }

    /// Counts what is to be kept beside the token that a client asks for, before it is signed: what it chooses costs as much as many
    /// requests where it is long. The request itself has been counted, and stands for the first part of it; with it, the first of a
    /// minute passes whatever its length.
    ///
    /// # Errors
    /// [`Refusal::SlowDown`].
    pub async fn may_keep(&self, client: &Client, bytes: usize) -> Result<(), Refusal> {
        let more = weight_of(bytes).min(self.per_minute(client)) - 1;
        if more == 0 || self.count(client, more).await {
            return Ok(());
        }
        Err(Refusal::SlowDown { retry_after: COUNTED_TOGETHER })
    }

    /// Counts so many requests of a client, and says whether they are within what it may make. Of a public client, whose name anybody
    /// can use, those count together who come from one address; those for whom nobody vouches all do.
    async fn count(&self, client: &Client, weight: u32) -> bool {
        if !client.origin.is_vouched_for() {
            return self.count_stranger(weight).await;
        }
        let caller = match arrival(self.request).source_ip.as_deref() {
            Some(address) if !client.is_confidential() => format!("CLIENT#{}#{address}", client.id),
            _ => format!("CLIENT#{}", client.id),
        };
        self.store.count_request(&caller, weight, self.per_minute(client), self.now).await
    }

    /// As [`Visit::count`], for whoever comes from this address and nobody vouches for.
    async fn count_stranger(&self, weight: u32) -> bool {
        let address = arrival(self.request).source_ip.as_deref();
        let per_minute = self.configuration.server.limits.client_requests_per_minute;
        self.store.count_stranger(address, weight, per_minute, self.now).await
    }

    /// How many requests a client may make in a minute.
    fn per_minute(&self, client: &Client) -> u32 {
        let of_all = self.configuration.server.limits.client_requests_per_minute;
        client.requests_per_minute.unwrap_or(of_all).max(1)
    }

    fn weight(&self, endpoint: &str) -> u32 {
        if KEEPS_REQUESTS.contains(&endpoint) { weight_of(self.request.body().len()) } else { 1 }
    }

    async fn prove(&self, presented: &Presented, endpoint: &str) -> Result<AuthenticatedClient, Problem> {
        let audiences = AcceptedAudiences::at(&self.configuration.server, endpoint);
        let mut registered = self.registered(presented.client_id()).await?;
        let judge = |registered: Option<&Registered>| {
            clients::authenticate(presented, registered, &is_signed, &audiences, self.now)
        };
        let mut proof = judge(registered.as_ref());
        // A secret that was made a moment ago is good at once: what is remembered of the client may be older.
        if let (Some(registered), Err(Refusal::ClientRejected { why: ClientRejection::WrongSecret })) =
            (&mut registered, &proof)
        {
            registered.credentials = credentials(&self.store.client_state_now(presented.client_id()).await?);
            proof = judge(Some(registered));
        }
        let proof = proof?;
        proof
            .complete(async |once: SpendOnce| {
                let first = self.store.spend_assertion(&once.digest, once.expires_at, self.now).await?;
                Ok::<_, Problem>(first)
            })
            .await
    }

    async fn registered(&self, id: &ClientId) -> Result<Option<Registered>, Fault> {
        let Some(client) = self.store.client(&self.configuration, id, self.now).await? else {
            return Ok(None);
        };
        let state = self.store.client_state(id, self.now).await?;
        Ok(Some(Registered { client, credentials: credentials(&state) }))
    }
}

fn credentials(state: &ClientState) -> Credentials {
    Credentials { secrets: state.secrets.clone(), disabled: state.disabled }
}

/// Whether a JWT of a client is signed by one of the keys that it registered.
pub fn is_signed(token: &str, algorithm: &str, jwks: &Value) -> bool {
    let (Ok(keys), Some(algorithm)) = (Jwks::parse(jwks), Algorithm::parse(algorithm)) else {
        return false;
    };
    keys.verify(token, &[algorithm]).is_ok()
}
