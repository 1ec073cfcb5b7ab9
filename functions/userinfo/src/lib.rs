//! GET, POST /userinfo (OpenID Connect Core, section 5.3): what the person let the client know about them.

use admission::Visit;
use environment::{Clock, Fault};
use http::audit::{Event, Outcome};
use http::request::{Allowed, require_method};
use http::{Problem, Request, Response, StatusCode, answer, bearer_token, cors, respond_bearer};
use keys::{Deployment, PublishedKeys};
use oauth::scope::OPENID;
use oauth::{AccessTokenClaims, userinfo_claims};
use store::Store;

/// What the endpoint needs.
pub struct Services {
    store: Store,
    keys: PublishedKeys,
    clock: Clock,
}

impl Services {
    /// Puts the parts together.
    pub fn new(store: Store, keys: PublishedKeys, clock: Clock) -> Self {
        Self { store, keys, clock }
    }

    async fn of_deployment() -> Result<Self, Fault> {
        let Deployment { store, keys, clock } = Deployment::open_to_verify().await?;
        Ok(Self::new(store, keys, clock))
    }
}

/// Runs the function under the Lambda runtime.
pub fn serve() {
    http::serve(
        "userinfo",
        async || Services::of_deployment().await,
        async |services: &Services, request| handle(services, request).await,
    );
}

/// Answers a client that shows an access token for the issuer itself.
pub async fn handle(services: &Services, request: Request) -> Response {
    if let Some(preflight) = cors::preflight(&request, Allowed::GetOrPost) {
        return preflight;
    }
    let answer = match Visit::begin(&services.store, &services.clock, &request).await {
        Ok(visit) => respond_bearer(tell(services, &visit).await, Some(&visit.site)),
        Err(fault) => respond_bearer(Err(fault.into()), None),
    };
    cors::readable_by_any_origin(answer)
}

async fn tell(services: &Services, visit: &Visit<'_>) -> Result<Response, Problem> {
    let claims = shown(services, visit).await.inspect_err(|problem| {
        if let Problem::Refused(refusal) = problem {
            visit.record(Event::UserInfo, Outcome::Refused(refusal)).record();
        }
    })?;
    // Whoever bears the token was given it by that client.
    http::note_proven_client(&claims.client_id);
    let told = tell_bearer_of(visit, &claims).await;
    let outcome = match &told {
        Ok(_) => Outcome::Granted,
        Err(Problem::Refused(refusal)) => Outcome::Refused(refusal),
        Err(Problem::Fault(_)) => return told,
    };
    visit.record(Event::UserInfo, outcome).client(&claims.client_id).token(&claims).record();
    told
}

/// The claims of the access token that is shown: one of ours.
async fn shown(services: &Services, visit: &Visit<'_>) -> Result<AccessTokenClaims, Problem> {
    require_method(visit.request, Allowed::GetOrPost)?;
    let token = bearer_token(visit.request)?;
    let keys = services.keys.public().await?;
    Ok(visit.access_token(&keys, token.expose())?)
}

async fn tell_bearer_of(visit: &Visit<'_>, claims: &AccessTokenClaims) -> Result<Response, Problem> {
    let bearer = visit.bearer(claims, OPENID).await?;
    let told = userinfo_claims(&claims.sub, &bearer.person.profile, &bearer.scope);
    Ok(answer::json(StatusCode::OK, &told))
}
