//! `POST /register` (RFC 7591) and `GET`, `PUT`, `DELETE /register/{client_id}` (RFC 7592): clients that register themselves,
//! and look after their registration by a token that they were given with it. Off unless the configuration says otherwise.

mod management;
mod visit;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use environment::{Clock, Dice, Fault};
use http::audit::Outcome;
use http::request::{Allowed, arrival, require_method};
use http::{
    Problem, Request, Response, StatusCode, answer, bearer_token_in_header, cors, respond_bearer,
    respond_json,
};
use oauth::configuration::{Client, Registration};
use oauth::{ClientId, ClientMetadata, GrantId, MetadataProblem, Refusal, Secret, Stranger};
use serde_json::{Map, Value, json};
use store::{COUNTED_TOGETHER, Store, weight_of};

use visit::Visit;

/// What the endpoint needs.
pub struct Services {
    store: Store,
    clock: Clock,
    dice: Dice,
}

impl Services {
    /// Puts the parts together.
    pub fn new(store: Store, clock: Clock, dice: Dice) -> Self {
        Self { store, clock, dice }
    }
}

/// Runs the function under the Lambda runtime.
pub fn serve() {
    http::serve(
        "register",
        async || {
            let store = Store::from_environment(&aws::from_environment()?)?;
            Ok::<_, Fault>(Services::new(store, Clock::system(), Dice::system()))
        },
        async |services: &Services, request| handle(services, request).await,
    );
}

/// Answers a registration, or its owner.
pub async fn handle(services: &Services, request: Request) -> Response {
    let id = arrival(&request).path_parameters.get("client_id");
    let allowed = if id.is_some() { Allowed::GetPutOrDelete } else { Allowed::Post };
    if let Some(preflight) = cors::preflight(&request, allowed) {
        return preflight;
    }
    let visit = match Visit::begin(services, &request).await {
        Ok(visit) => visit,
        Err(fault) => return respond_json(Err(fault.into()), &request, None),
    };
    let answered = match (require_method(&request, allowed), id) {
        (Err(refusal), _) => Err(refusal.into()),
        (Ok(()), None) => register(&visit).await,
        (Ok(()), Some(id)) => management::manage(&visit, id).await,
    };
    let answered = answered.inspect_err(|problem| {
        if let Problem::Refused(refusal) = problem {
            visit.record(Outcome::Refused(refusal)).record();
        }
    });
    // A challenge is for who lacks a token: a body that is wrong has nothing to do with it.
    let is_about_token =
        matches!(answered, Err(Problem::Refused(Refusal::TokenMissing | Refusal::TokenInvalid { .. })));
    cors::readable_by_any_origin(if is_about_token {
        respond_bearer(answered, Some(&visit.site))
    } else {
        respond_json(answered, &request, Some(&visit.site))
    })
}

/// The largest body: more than any client has to say.
const LARGEST_BODY: usize = 16 * 1024;

/// Registers a client (RFC 7591, section 3): one write.
async fn register(visit: &Visit<'_>) -> Result<Response, Problem> {
    let registration = visit.registration()?;
    within_limits(visit, registration).await?;
    let metadata = metadata(visit.request)?;
    let random = GrantId::from_random(visit.services.dice.roll());
    let id = ClientId::registered(&random).ok_or_else(|| Fault::broken("dice", "an id that is none"))?;
    let token = Secret::new(URL_SAFE_NO_PAD.encode(visit.services.dice.roll::<32>()));
    let stranger = Stranger::of_registration(id, metadata, token.digest(), registration, visit.now);
    let client = visit.client(&stranger)?;
    if !visit.services.store.register(&stranger).await? {
        return Err(Fault::broken("dice", "an id came twice").into());
    }
    visit.record(Outcome::Granted).client(&stranger.id).record();
    Ok(answer::json(StatusCode::CREATED, &information(visit, &stranger, &client, &token)))
}

/// Who shows the initial access token, if one is wanted (RFC 7591, section 3), and does not come too often. Whoever tries to
/// guess it is counted, too.
async fn within_limits(visit: &Visit<'_>, registration: &Registration) -> Result<(), Problem> {
    let address = arrival(visit.request).source_ip.as_deref().unwrap_or_default();
    let caller = format!("REGISTER#{address}");
    let weight = weight_of(visit.request.body().len());
    if !visit.services.store.count_request(&caller, weight, registration.per_minute, visit.now).await {
        return Err(Refusal::SlowDown { retry_after: COUNTED_TOGETHER }.into());
    }
    match &registration.initial_access_token {
        Some(digest) if !bearer_token_in_header(visit.request)?.matches(digest) => {
            Err(Refusal::TokenInvalid { why: "not the initial access token" }.into())
        }
        _ => Ok(()),
    }
}

/// The body, as metadata of a client.
fn metadata(request: &Request) -> Result<ClientMetadata, Refusal> {
    ClientMetadata::of_registration(body(request)?).map_err(|problem| match problem {
        MetadataProblem::RedirectUri(problem) => Refusal::RedirectUriUnusable { problem },
        MetadataProblem::Other(problem) => Refusal::ClientMetadataInvalid { problem },
    })
}

fn body(request: &Request) -> Result<&[u8], Refusal> {
    if !http::request::is_json(request) {
        return Err(Refusal::ClientMetadataInvalid { problem: "the body must be application/json" });
    }
    let body: &[u8] = request.body();
    if body.len() > LARGEST_BODY { Err(Refusal::BodyTooLarge { limit: LARGEST_BODY }) } else { Ok(body) }
}

/// Everything about a registration (RFC 7591, section 3.2.1; RFC 7592, section 3), with the token that was made for it or just
/// shown: its digest alone is kept. The scope is what the client may ask for, which can be less than what it wished.
fn information(
    visit: &Visit<'_>,
    stranger: &Stranger,
    client: &Client,
    token: &Secret<String>,
) -> Map<String, Value> {
    let mut body = stranger.metadata.to_json();
    body.insert("client_id".to_owned(), json!(stranger.id));
    body.insert("client_id_issued_at".to_owned(), json!(stranger.read_at.as_seconds()));
    body.insert("scope".to_owned(), json!(client.scopes));
    let uri = visit.configuration.server.endpoint(&format!("/register/{}", stranger.id));
    body.insert("registration_client_uri".to_owned(), json!(uri));
    body.insert("registration_access_token".to_owned(), json!(token.expose()));
    body
}
