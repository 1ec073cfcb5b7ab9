//! GET, POST /userinfo (OpenID Connect Core, section 5.3): what the person let the client know about them.

use admission::Visit;
use environment::{Clock, Fault};
use http::audit::{Event, Outcome};
use http::request::{Allowed, require_method};
use http::{Problem, Request, Response, StatusCode, answer, bearer_token, cors, respond_bearer};
use keys::{Deployment, PublishedKeys};
use oauth::scope::OPENID;
use oauth::{AccessTokenClaims, Refusal, userinfo_claims};
use store::{Person, Store};

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
    let told = tell_bearer_of(services, visit, &claims).await;
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

async fn tell_bearer_of(
    services: &Services,
    visit: &Visit<'_>,
    claims: &AccessTokenClaims,
) -> Result<Response, Problem> {
    if claims.aud != visit.configuration.server.resource() {
        return Err(Refusal::TokenInvalid { why: "audience" }.into());
    }
    // What was taken from a client is told to it no more, whatever its token says.
    let client = services.store.client(&visit.configuration, &claims.client_id, visit.now).await?;
    let client = client.ok_or(Refusal::TokenInvalid { why: "a client that is registered no longer" })?;
    let scope = claims.scope.intersection(&client.scopes);
    if !scope.contains(OPENID) {
        return Err(Refusal::InsufficientScope { scope: OPENID }.into());
    }
    let person = standing_person(services, visit, claims).await?;
    Ok(answer::json(StatusCode::OK, &userinfo_claims(&claims.sub, &person.profile, &scope)))
}

/// The person behind a token that nothing has ended: one call to the table.
async fn standing_person(
    services: &Services,
    visit: &Visit<'_>,
    claims: &AccessTokenClaims,
) -> Result<Person, Problem> {
    let standing = services.store.standing(claims).await?;
    if !standing.holds(claims, visit.now) {
        return Err(Refusal::TokenInvalid { why: "ended" }.into());
    }
    // A client that works alone has no person to tell about.
    Ok(standing.person.ok_or(Refusal::TokenInvalid { why: "nobody's" })?)
}
