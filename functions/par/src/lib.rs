//! POST /par: pushed authorization requests (RFC 9126). The client authenticates, the request is checked in full
//! there and then, and a `request_uri` comes back.

use admission::Visit;
use details::DetailTypes;
use documents::{Documents, Loopback};
use environment::{Clock, Dice, Fault};
use http::audit::{Event, Outcome};
use http::request::{Allowed, arrival};
use http::{Problem, Request, Response, StatusCode, answer, cors, form};
use keys::{Deployment, PublishedKeys};
use oauth::configuration::Client;
use oauth::{Authorization, AuthorizationRequest, GrantId, Handle, LONGEST_DETAILS, Parameters, Refusal};
use policy::{Asking, Policies};
use serde::Serialize;
use store::{Commit, Derived, Store};

/// What the endpoint needs.
pub struct Services {
    store: Store,
    keys: PublishedKeys,
    clock: Clock,
    dice: Dice,
    documents: Documents,
    types: Derived<DetailTypes>,
    policies: Derived<Policies>,
}

impl Services {
    /// Puts the parts together.
    pub fn new(store: Store, keys: PublishedKeys, clock: Clock, dice: Dice, documents: Documents) -> Self {
        let (types, policies) = (Derived::default(), Derived::default());
        Self { store, keys, clock, dice, documents, types, policies }
    }

    async fn of_deployment() -> Result<Self, Fault> {
        let Deployment { store, keys, clock } = Deployment::open_to_verify().await?;
        Ok(Self::new(store, keys, clock, Dice::system(), Documents::new(Loopback::Refused)))
    }
}

/// The longest details of a public client, whose name anybody can use to have us write, and of one that nobody vouches for,
/// whose keys are anybody's.
const LONGEST_OF_STRANGERS: usize = 16 * 1024;

/// The answer (RFC 9126, section 2.2).
#[derive(Serialize)]
struct Pushed {
    request_uri: String,
    expires_in: u64,
}

/// Runs the function under the Lambda runtime.
pub fn serve() {
    http::serve(
        "par",
        async || Services::of_deployment().await,
        async |services: &Services, request| handle(services, request).await,
    );
}

/// Answers a pushed authorization request.
pub async fn handle(services: &Services, request: Request) -> Response {
    if let Some(preflight) = cors::preflight(&request, Allowed::Post) {
        return preflight;
    }
    let answer = admission::answer(&services.store, &services.clock, &request, async |visit| {
        let parameters = form(&request)?;
        if parameters.has("request_uri") {
            return Err(Refusal::RequestUriInPushedRequest.into());
        }
        read_anew(services, visit, &parameters).await?;
        let authenticated = visit.authenticate(&parameters, "/par", Event::Push).await?;
        let client = authenticated.client();
        push(services, visit, client, &parameters).await.inspect_err(|problem| {
            if let Problem::Refused(refusal) = problem {
                let outcome = Outcome::Refused(refusal);
                visit.record(Event::Push, outcome).client(&client.id).record();
            }
        })
    });
    cors::readable_by_any_origin(answer.await)
}

/// Reads the document of a client that has one, before it is asked who it is: what it proves that by stands there.
async fn read_anew(services: &Services, visit: &Visit<'_>, parameters: &Parameters) -> Result<(), Problem> {
    let Some(id) = visit.claimed_id(parameters) else { return Ok(()) };
    let address = arrival(visit.request).source_ip.as_deref();
    let read = services.documents.read_anew(&services.store, &visit.configuration, &id, address, visit.now);
    read.await.inspect_err(|problem| {
        if let Problem::Refused(refusal) = problem {
            visit.record(Event::Push, Outcome::Refused(refusal)).client(&id).record();
        }
    })
}

/// Checks the request as `/authorize` would (RFC 9126, section 2.1), and keeps it by one write.
async fn push(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    parameters: &Parameters,
) -> Result<Response, Problem> {
    let configuration = &visit.configuration;
    let is_known = client.is_confidential() && client.origin.is_vouched_for();
    let longest = if is_known { LONGEST_DETAILS } else { LONGEST_OF_STRANGERS };
    if parameters.optional("authorization_details")?.is_some_and(|details| details.len() > longest) {
        return Err(Refusal::ParameterTooLong { name: "authorization_details", limit: longest }.into());
    }
    let mut request =
        AuthorizationRequest::parse(parameters, client, &configuration.server, &configuration.tools)
            .map_err(|rejected| rejected.refusal)?;
    if let Some(hint) = parameters.optional("id_token_hint")? {
        let public = services.keys.public().await?;
        request.demanded = Some(public.hinted_person(hint, visit.site.issuer(), &client.id, visit.now)?);
    }
    may_be_asked_of_people(services, visit, client, &request)?;
    let digest = request.asked().digest();
    let lives = &configuration.server.lifetimes;
    let handle = Handle::new(GrantId::from_random(services.dice.roll()), services.dice.roll());
    let pushed = Authorization::pushed(handle.id.clone(), request, handle.secret.digest(), lives, visit.now);
    match services.store.commit(&pushed).await? {
        Commit::Done => {}
        Commit::Outdated(_) => return Err(Fault::broken("dice", "an id came twice").into()),
    }
    let decision = visit.record(Event::Push, Outcome::Granted);
    let decision = decision.client(&client.id).grant_id(&handle.id).details_digest(&digest);
    match parameters.optional("purpose")? {
        Some(purpose) => decision.purpose(purpose).record(),
        None => decision.record(),
    }
    let body = Pushed { request_uri: handle.to_request_uri(), expires_in: lives.request_uri.as_secs() };
    Ok(answer::json(StatusCode::CREATED, &body))
}

/// Refuses what nobody could approve.
fn may_be_asked_of_people(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    request: &AuthorizationRequest,
) -> Result<(), Refusal> {
    let configuration = &visit.configuration;
    let types =
        services.types.of(configuration.version, || DetailTypes::new(configuration.detail_types.clone()));
    let make = || Policies::new(&configuration.policies, &configuration.detail_types);
    let policies = services.policies.of(configuration.version, make);
    let asking = Asking {
        client,
        actor: None,
        scope: &request.scope,
        details: &request.details,
        tools: &configuration.tools_of(client, &request.resources),
        has_passkeys: configuration.server.has_passkeys(),
        is_pushed: true,
        now: visit.now,
    };
    asking.check(&types, &policies, |answer| http::note_policies(answer.for_audit()))
}
