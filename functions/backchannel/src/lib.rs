//! POST /bc-authorize (OpenID CIBA Core 1.0, section 7): a client asks for the approval of a person who is elsewhere. The write
//! that keeps the request is also the order to tell the person: `notify` follows the table.

mod signed;
mod whom;

use std::time::Duration;

use admission::{ShownActor, Visit};
use clients::AuthenticatedClient;
use details::DetailTypes;
use environment::{Clock, Dice, Fault};
use http::audit::{Event, Outcome};
use http::{Problem, Request, Response, StatusCode, answer, form};
use keys::{Deployment, Keys};
use oauth::configuration::Client;
use oauth::{
    Audience, AuthenticationRequest, Authorization, Awaited, BackchannelRequest, GrantId, InvitationCode,
    LONGEST_DETAILS, NumberMatch, Parameters, Refusal, Requested, actor_token,
};
use policy::{Asking, Policies};
use serde::Serialize;
use store::{COUNTED_TOGETHER, Commit, Derived, Store};
use whom::Reached;

/// What the endpoint needs.
pub struct Services {
    store: Store,
    keys: Keys,
    clock: Clock,
    dice: Dice,
    types: Derived<DetailTypes>,
    policies: Derived<Policies>,
}

impl Services {
    /// Puts the parts together.
    pub fn new(store: Store, keys: Keys, clock: Clock, dice: Dice) -> Self {
        let (types, policies) = (Derived::default(), Derived::default());
        Self { store, keys, clock, dice, types, policies }
    }

    async fn of_deployment() -> Result<Self, Fault> {
        let Deployment { store, keys, clock } = Deployment::open().await?;
        Ok(Self::new(store, keys, clock, Dice::system()))
    }
}

/// However short a time a client asks for, the person must be able to read, to decline, and to say that it was not them.
const SHORTEST_EXPIRY: Duration = Duration::from_secs(30);

/// The answer (OpenID CIBA Core 1.0, section 7.3).
#[derive(Serialize)]
struct Acknowledgement {
    auth_req_id: String,
    expires_in: u64,
    /// Only where the client comes to ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<u64>,
    /// What the agent shows, and the person picks: an extension of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_number: Option<u8>,
}

/// Runs the function under the Lambda runtime.
pub fn serve() {
    http::serve(
        "backchannel",
        async || Services::of_deployment().await,
        async |services: &Services, request| handle(services, request).await,
    );
}

/// Answers an authentication request.
pub async fn handle(services: &Services, request: Request) -> Response {
    admission::answer(&services.store, &services.clock, &request, async |visit| {
        let parameters = form(&request)?;
        let authenticated = visit.authenticate(&parameters, "/bc-authorize", Event::Backchannel).await?;
        let client = authenticated.client();
        ask(services, visit, &authenticated, &parameters).await.inspect_err(|problem| {
            if let Problem::Refused(refusal) = problem {
                let outcome = Outcome::Refused(refusal);
                visit.record(Event::Backchannel, outcome).client(&client.id).record();
            }
        })
    })
    .await
}

/// Checks the request in full, finds out whom it is about, and keeps it: one write, after one that counts it, or together with one that
/// spends an invitation.
async fn ask(
    services: &Services,
    visit: &Visit<'_>,
    authenticated: &AuthenticatedClient,
    parameters: &Parameters,
) -> Result<Response, Problem> {
    authenticated.confidential()?;
    let client = authenticated.client();
    let parameters = &*signed::asked(services, visit, client, parameters).await?;
    let configuration = &visit.configuration;
    let settings = &configuration.server.backchannel;
    if parameters.optional("authorization_details")?.is_some_and(|details| details.len() > LONGEST_DETAILS) {
        return Err(
            Refusal::ParameterTooLong { name: "authorization_details", limit: LONGEST_DETAILS }.into()
        );
    }
    let mut asked =
        AuthenticationRequest::parse(parameters, client, &configuration.server, &configuration.tools)?;
    let actor = acting(services, visit, client, parameters).await?;
    // Policies are told who would act. Whether that token was ended is read with what is known of the person.
    asked.request.actor = actor.as_ref().map(|actor| actor.id().clone());
    may_be_asked_of_people(services, visit, client, &asked.request)?;
    // Nobody asks people one after the other, as somebody would who has a client's credentials and looks for a tired one.
    within(services, visit, ("ASKS", client), settings.asks_of_one_client_per_minute).await?;
    let lives = asked
        .requested_expiry
        .map_or(settings.expires_in, |wanted| wanted.clamp(SHORTEST_EXPIRY, settings.longest_expiry));
    let expires_at = visit.now.after(lives);
    let id = GrantId::from_random(services.dice.roll());
    // Boxed: all that is read of a person and of who would act would make the future of every caller large.
    let named = Box::pin(whom::named(services, visit, client, &asked, actor)).await?;
    let handle = services.keys.server_secret().await?.auth_req_id(&id);
    let awaited = Awaited {
        secret: handle.secret.digest(),
        expires_at,
        notification_token: services.concealed(&asked, &id).await?,
        deferral: None,
    };
    // What is counted or spent comes last before the request is kept.
    let Reached { person, rings, invited_by } =
        named.counted(services, visit, &asked.request, (&id, expires_at)).await?;
    let numbers = services.numbers(visit, client);
    let AuthenticationRequest { request, channel, .. } = asked;
    let is_strong = services.types(visit).take_a_passkey(&request.details);
    let request = request.to_be_signed(is_strong, configuration.server.has_passkeys());
    let requested_at = visit.now;
    let requested = Requested { request, person, requested_at, rings, channel, numbers, awaited };
    keep(services, visit, (&id, invited_by.as_ref()), requested).await?;
    let interval = (!client.is_brought_tokens()).then_some(settings.interval.as_secs());
    let body = Acknowledgement {
        auth_req_id: handle.reveal(),
        expires_in: lives.as_secs(),
        interval,
        binding_number: numbers.map(|numbers| numbers.right()),
    };
    Ok(answer::json(StatusCode::OK, &body))
}

/// Who acts by the token that the client shows beside its own proof, as far as that token itself says so.
async fn acting(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    parameters: &Parameters,
) -> Result<Option<ShownActor>, Problem> {
    let Some(shown) = actor_token(parameters)? else { return Ok(None) };
    let keys = services.keys.public().await?;
    Ok(Some(visit.actor_shown(&keys, client, &shown)?))
}

/// Refuses a client that does something more often than it may in a minute.
async fn within(
    services: &Services,
    visit: &Visit<'_>,
    (what, client): (&str, &Client),
    per_minute: u32,
) -> Result<(), Refusal> {
    let caller = format!("{what}#{}", client.id);
    let within = services.store.count_request(&caller, 1, per_minute, visit.now).await;
    within.then_some(()).ok_or(Refusal::SlowDown { retry_after: COUNTED_TOGETHER })
}

/// Refuses what nobody could approve.
fn may_be_asked_of_people(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    request: &BackchannelRequest,
) -> Result<(), Refusal> {
    let configuration = &visit.configuration;
    let make = || Policies::new(&configuration.policies, &configuration.detail_types);
    let policies = services.policies.of(configuration.version, make);
    let asking = Asking {
        client,
        actor: request.actor.as_ref(),
        scope: &request.scope,
        details: &request.details,
        tools: &configuration.tools_of(client, &request.resources),
        has_passkeys: configuration.server.has_passkeys(),
        is_pushed: true,
        now: visit.now,
    };
    let types = services.types(visit);
    asking.check(&types, &policies, |answer| http::note_policies(answer.for_audit()))?;
    if client.is_brought_tokens() { for_one_token(visit, client, request, &types) } else { Ok(()) }
}

/// Refuses what no one token could say, where nobody comes to ask for several: it would be approved for nothing.
fn for_one_token(
    visit: &Visit<'_>,
    client: &Client,
    request: &BackchannelRequest,
    types: &DetailTypes,
) -> Result<(), Refusal> {
    let configuration = &visit.configuration;
    let default = configuration.default_resource(client);
    let (server, tools) = (&configuration.server, &configuration.tools);
    match Audience::choose(&[], &request.resources, default, server, tools)?.tool() {
        Some(tool) => types.refuse_outside(&request.details, tool),
        None if request.details.is_empty() => Ok(()),
        None => Err(Refusal::ResourceNotChosen),
    }
}

/// Keeps the request by one write, which spends the invitation that it came with.
async fn keep(
    services: &Services,
    visit: &Visit<'_>,
    (id, invited_by): (&GrantId, Option<&InvitationCode>),
    requested: Requested,
) -> Result<(), Problem> {
    let Requested { request, person, .. } = &requested;
    let (client, person, digest) = (request.client_id.clone(), person.clone(), request.asked().digest());
    let kept = Authorization::requested(id.clone(), Box::new(requested));
    if let Some(code) = invited_by {
        let is_first = services.store.commit_invited(code, &kept, visit.now).await?;
        is_first.then_some(()).ok_or(Refusal::HintTokenInvalid)?;
    } else if let Commit::Outdated(_) = services.store.commit(&kept).await? {
        return Err(Fault::broken("dice", "an id came twice").into());
    }
    let decision = visit.record(Event::Backchannel, Outcome::Granted);
    let decision = decision.client(&client).grant_id(id).details_digest(&digest);
    match &person {
        Some(person) => decision.person(person).record(),
        None => decision.record(),
    }
    Ok(())
}

impl Services {
    fn types(&self, visit: &Visit<'_>) -> DetailTypes {
        let configuration = &visit.configuration;
        self.types.of(configuration.version, || DetailTypes::new(configuration.detail_types.clone()))
    }

    /// What the person picks from, where the server or the client's registration asks for that: whoever is asked, be it nobody.
    fn numbers(&self, visit: &Visit<'_>, client: &Client) -> Option<NumberMatch> {
        let of_client = client.backchannel.as_ref().is_some_and(|own| own.number_matching);
        let is_asked = of_client || visit.configuration.server.backchannel.number_matching;
        is_asked.then(|| NumberMatch::from_random(self.dice.roll()))
    }

    /// What the client wants to be told with, as it is kept.
    async fn concealed(&self, asked: &AuthenticationRequest, id: &GrantId) -> Result<Option<String>, Fault> {
        let Some(token) = &asked.client_notification_token else { return Ok(None) };
        let secret = self.keys.server_secret().await?;
        Ok(Some(secret.conceal(keys::NOTIFICATION_TOKEN, id.as_str(), self.dice.roll(), token.expose())))
    }
}
