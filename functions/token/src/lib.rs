//! POST /token (OAuth 2.1, section 3.2): authenticates the client, then one module a grant.

mod alone;
mod authorization_code;
mod child;
mod ciba;
mod client_credentials;
mod deferred;
mod exchanged;
mod first_tokens;
mod issued;
mod jwt_bearer;
mod key_sets;
mod outside;
mod question;
mod refresh_token;
pub mod saml;
mod subject;
mod token_exchange;

use admission::Visit;
use details::DetailTypes;
use environment::{Clock, Dice, Fault};
use http::audit::{Decision, Event, Outcome};
use http::request::Allowed;
use http::{Problem, Request, Response, StatusCode, answer, cors, form};
use issuing::{AccessToken, Behalf, Content, Mint, Registered};
use keys::{Deployment, Keys};
use oauth::configuration::{Client, GrantType};
use oauth::{Authorization, DEFERRED, Ended, Parameters, Refusal, Stage};
use outbound::Loopback;
use policy::Policies;
use store::{Derived, Store};

use key_sets::KeySets;

/// What the endpoint needs.
pub struct Services {
    store: Store,
    keys: Keys,
    clock: Clock,
    dice: Dice,
    types: Derived<DetailTypes>,
    policies: Derived<Policies>,
    key_sets: KeySets,
}

impl Services {
    /// Puts the parts together. Only the local server reads other issuers' keys on this machine.
    pub fn new(store: Store, keys: Keys, clock: Clock, dice: Dice, loopback: Loopback) -> Self {
        let (types, policies) = (Derived::default(), Derived::default());
        Self { store, keys, clock, dice, types, policies, key_sets: KeySets::new(loopback) }
    }

    async fn of_deployment() -> Result<Self, Fault> {
        let Deployment { store, keys, clock } = Deployment::open().await?;
        Ok(Self::new(store, keys, clock, Dice::system(), Loopback::Refused))
    }

    /// Where tokens are made, for one request.
    fn mint<'a>(&'a self, visit: &'a Visit<'_>) -> Mint<'a> {
        let Self { store, keys, dice, .. } = self;
        Mint { store, keys, dice, configuration: &visit.configuration, now: visit.now }
    }

    /// Signs an access token, unless the client has us keep more beside it than it may.
    ///
    /// # Errors
    /// [`Refusal::SlowDown`]; when keys or table do not answer.
    async fn access_token(
        &self,
        visit: &Visit<'_>,
        client: &Client,
        content: &Content<'_>,
        behalf: &Behalf<'_>,
    ) -> Result<AccessToken, Problem> {
        let mint = self.mint(visit);
        visit.may_keep(client, mint.bytes_kept(content, behalf)).await?;
        mint.access_token(client, content, behalf).await
    }

    /// What is registered, as far as it decides about a token for this client.
    fn registered<'a>(&self, visit: &'a Visit<'_>, client: &'a Client) -> Registered<'a> {
        Registered::of(&visit.configuration, &self.types, client)
    }

    /// The policies in force.
    fn policies(&self, visit: &Visit<'_>) -> Policies {
        let configuration = &visit.configuration;
        let make = || Policies::new(&configuration.policies, &configuration.detail_types);
        self.policies.of(configuration.version, make)
    }
}

/// Runs the function under the Lambda runtime.
pub fn serve() {
    http::serve(
        "token",
        async || Services::of_deployment().await,
        async |services: &Services, request| handle(services, request).await,
    );
}

/// Answers a token request.
pub async fn handle(services: &Services, request: Request) -> Response {
    if let Some(preflight) = cors::preflight(&request, Allowed::Post) {
        return preflight;
    }
    let answer = admission::answer(&services.store, &services.clock, &request, async |visit| {
        let parameters = form(&request)?;
        grant(services, visit, &parameters).await
    });
    cors::readable_by_any_origin(answer.await)
}

async fn grant(services: &Services, visit: &Visit<'_>, parameters: &Parameters) -> Result<Response, Problem> {
    let grant_type = parameters.required("grant_type")?;
    let authenticated = visit.authenticate(parameters, "/token", Event::Token).await?;
    let client = authenticated.client();
    let issued = match grant_type {
        "authorization_code" => authorization_code::redeem(services, visit, client, parameters).await,
        "refresh_token" => refresh_token::rotate(services, visit, client, parameters).await,
        "client_credentials" => client_credentials::issue(services, visit, &authenticated, parameters).await,
        bearer if bearer == GrantType::JwtBearer.as_str() => {
            jwt_bearer::redeem(services, visit, &authenticated, parameters).await
        }
        ciba if ciba == GrantType::Ciba.as_str() => {
            ciba::redeem(services, visit, &authenticated, parameters).await
        }
        exchange if exchange == GrantType::TokenExchange.as_str() => {
            let answered =
                Box::pin(token_exchange::answer(services, visit, &authenticated, parameters)).await;
            return on_record(visit, client, answered);
        }
        DEFERRED => {
            let answered = Box::pin(deferred::redeem(services, visit, &authenticated, parameters)).await;
            return on_record(visit, client, answered);
        }
        _ => Err(Refusal::UnsupportedGrantType.into()),
    };
    let response = on_record(visit, client, issued)?;
    Ok(answer::json(StatusCode::OK, &response))
}

/// A refusal goes into the audit.
fn on_record<T>(visit: &Visit<'_>, client: &Client, issued: Result<T, Problem>) -> Result<T, Problem> {
    issued.inspect_err(|problem| {
        // Nobody has decided anything: that a client asks again is no news.
        if let Problem::Refused(refusal) = problem
            && *refusal != Refusal::AuthorizationPending
        {
            visit.record(Event::Token, Outcome::Refused(refusal)).client(&client.id).record();
        }
    })
}

/// The audit's line about a token that is given out, to be completed.
fn granted<'v>(visit: &'v Visit<'_>) -> Decision<'v> {
    visit.record(Event::Token, Outcome::Granted)
}

/// The audit's line about an authorization that a proven replay has ended.
fn record_end(visit: &Visit<'_>, ended: &Authorization, replayed: &Refusal) {
    let decision = visit.record(Event::End, Outcome::Refused(replayed)).grant_id(&ended.id);
    match &ended.stage {
        Stage::Ended(Ended { person: Some(person), client_id, .. }) => {
            decision.client(client_id).person(person).record();
        }
        _ => decision.record(),
    }
}
