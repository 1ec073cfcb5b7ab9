//! POST /revoke (RFC 7009). A refresh token ends the authorization and everything under it; an access token ends
//! itself, so that a tool that holds one cannot end the agent's grant. Each is one write.

use admission::Visit;
use environment::{Clock, Fault};
use http::audit::{Event, Outcome};
use http::request::Allowed;
use http::{Problem, Request, Response, StatusCode, answer, cors, form};
use keys::{Deployment, Keys};
use oauth::RefreshToken;
use oauth::configuration::Client;
use store::Store;

/// What the endpoint needs.
pub struct Services {
    store: Store,
    keys: Keys,
    clock: Clock,
}

impl Services {
    /// Puts the parts together.
    pub fn new(store: Store, keys: Keys, clock: Clock) -> Self {
        Self { store, keys, clock }
    }

    async fn of_deployment() -> Result<Self, Fault> {
        let Deployment { store, keys, clock } = Deployment::open().await?;
        Ok(Self::new(store, keys, clock))
    }
}

/// Runs the function under the Lambda runtime.
pub fn serve() {
    http::serve(
        "revoke",
        async || Services::of_deployment().await,
        async |services: &Services, request| handle(services, request).await,
    );
}

/// Answers a revocation request. An unknown token is answered like a revoked one (RFC 7009, section 2.2): the
/// client's wish that it be worth nothing is fulfilled.
pub async fn handle(services: &Services, request: Request) -> Response {
    if let Some(preflight) = cors::preflight(&request, Allowed::Post) {
        return preflight;
    }
    let answer = admission::answer(&services.store, &services.clock, &request, async |visit| {
        let parameters = form(&request)?;
        let authenticated = visit.authenticate(&parameters, "/revoke", Event::Revocation).await?;
        let token = parameters.required("token")?;
        parameters.optional("token_type_hint")?;
        match token.matches('.').count() {
            2 => revoke_access_token(services, visit, authenticated.client(), token).await?,
            _ => revoke_refresh_token(services, visit, authenticated.client(), token).await?,
        }
        Ok(answer::empty(StatusCode::OK))
    });
    cors::readable_by_any_origin(answer.await)
}

/// Ends the authorization of a refresh token of this client, of whatever generation.
async fn revoke_refresh_token(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    token: &str,
) -> Result<(), Problem> {
    let Some(token) = RefreshToken::parse(token, services.keys.server_secret().await?) else {
        return Ok(());
    };
    if services.store.end_by_refresh_token(&token, &client.id, visit.now).await? {
        // The one write says neither whose it was nor what had been asked: the events before it do.
        visit.record(Event::Revocation, Outcome::Granted).client(&client.id).grant_id(token.id()).record();
    }
    Ok(())
}

/// Ends an access token that was issued to this client (RFC 7009, section 2.1), even after its last moment: what was exchanged
/// from it may go on.
async fn revoke_access_token(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    token: &str,
) -> Result<(), Problem> {
    let Ok(claims) = visit.access_token_once_ours(&*services.keys.public().await?, token) else {
        return Ok(());
    };
    if claims.client_id == client.id {
        services.store.revoke_access_token(&claims).await?;
        visit.record(Event::Revocation, Outcome::Granted).client(&client.id).token(&claims).record();
    }
    Ok(())
}
