//! A token request that a person has to approve first (draft-ietf-oauth-deferred-token-response-01): it is kept as a request at the
//! backchannel is, and the client comes for its answer.

use std::time::Duration;

use admission::Visit;
use clients::AuthenticatedClient;
use environment::Fault;
use http::audit::{Event, Outcome};
use http::{Problem, Response, StatusCode, answer};
use keys::DEFERRED_REQUEST;
use oauth::configuration::{Client, Tool};
use oauth::scope::OPENID;
use oauth::{
    Approach, Asks, Authorization, AuthorizationDetails, Awaited, BackchannelRequest, ClientId, Deferral,
    ErrorCode, GrantId, Handle, HandleRejection, MayAsk, Parameters, PersonId, Refusal, Requested,
    ResourceUri, Scope, Timestamp, can_wait, kept_of_deferral_code,
};
use serde::Serialize;
use store::{COUNTED_TOGETHER, Commit};

use crate::token_exchange::{self, Answer, Approved};
use crate::{Services, ciba};

/// What a request has less time left than this, nobody is asked about.
const SHORTEST_WAIT: Duration = Duration::from_secs(30);
/// The longest token request that is kept, in bytes: an item of the table holds it beside its details.
const LONGEST_REQUEST: usize = 64 * 1024;
/// What is kept of a token request: who the client is it proves anew.
const KEPT: [&str; 9] = [
    "subject_token",
    "subject_token_type",
    "actor_token",
    "actor_token_type",
    "requested_token_type",
    "resource",
    "audience",
    "scope",
    "authorization_details",
];
/// How often an answer is made again because somebody did something with the approval meanwhile.
const MOST_TRIES: usize = 4;

/// What a person has to approve before a token request is answered.
pub(crate) struct Waiting<'a> {
    /// Whose approval it takes.
    pub(crate) person: PersonId,
    /// For which tool.
    pub(crate) tool: &'a Tool,
    /// What exactly, by scope.
    pub(crate) scope: Scope,
    /// And in detail.
    pub(crate) details: AuthorizationDetails,
    /// Who would act, where it is not the client itself.
    pub(crate) actor: Option<ClientId>,
    /// The clients through which it came from the person, the nearest first.
    pub(crate) through: Vec<ClientId>,
    /// Until when the token is good that is exchanged.
    pub(crate) until: Timestamp,
}

/// The answer to a client that can wait (draft, section 5.4).
#[derive(Serialize)]
struct Pending {
    error: ErrorCode,
    error_description: String,
    deferral_code: String,
    expires_in: u64,
    interval: u64,
}

/// The answer to one that cannot: what it can ask for at the backchannel, if it may ask there.
#[derive(Serialize)]
struct InteractionRequired<'a> {
    error: ErrorCode,
    error_description: String,
    error_uri: String,
    #[serde(flatten)]
    instead: Option<AskElsewhere<'a>>,
}

#[derive(Serialize)]
struct AskElsewhere<'a> {
    backchannel_authentication_endpoint: String,
    scope: Scope,
    resource: &'a ResourceUri,
    #[serde(skip_serializing_if = "AuthorizationDetails::is_empty")]
    authorization_details: &'a AuthorizationDetails,
}

/// Answers a request that a person has to approve first: it waits for them, where the client can, or the client is told what to do.
///
/// # Errors
/// What keeps it from being asked; a fault of the table.
pub(crate) async fn put_off(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    (parameters, waiting): (&Parameters, Waiting<'_>),
) -> Result<Response, Problem> {
    Ok(if can_wait(parameters)? {
        answer::json(StatusCode::BAD_REQUEST, &defer(services, visit, client, (parameters, waiting)).await?)
    } else {
        let refusal = Refusal::InteractionRequired;
        visit
            .record(Event::Token, Outcome::Refused(&refusal))
            .client(&client.id)
            .person(&waiting.person)
            .record();
        answer::json(StatusCode::BAD_REQUEST, &told_instead(visit, client, &waiting, &refusal))
    })
}

fn told_instead<'w>(
    visit: &Visit<'_>,
    client: &Client,
    waiting: &'w Waiting<'_>,
    refusal: &Refusal,
) -> InteractionRequired<'w> {
    let instead = client.asks_people().is_ok().then(|| AskElsewhere {
        backchannel_authentication_endpoint: visit.configuration.server.endpoint("/bc-authorize"),
        scope: waiting.scope.union(&std::iter::once(OPENID).collect()),
        resource: &waiting.tool.resource,
        authorization_details: &waiting.details,
    });
    InteractionRequired {
        error: refusal.code(),
        error_description: refusal.description(),
        error_uri: visit.site.error_uri(&refusal.name()),
        instead,
    }
}

/// Keeps the request, and with that write has the person asked: after one that counts it, as whoever asks at the backchannel is counted.
async fn defer(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    (parameters, waiting): (&Parameters, Waiting<'_>),
) -> Result<Pending, Problem> {
    let settings = &visit.configuration.server.backchannel;
    let expires_at = visit.now.after(settings.expires_in).min(waiting.until);
    if expires_at < visit.now.after(SHORTEST_WAIT) {
        return Err(Refusal::DeferralTooShort.into());
    }
    let kept = kept_text(parameters)?;
    visit.may_keep(client, kept.len() + waiting.details.bytes()).await?;
    let id = GrantId::from_random(services.dice.roll());
    let Waiting { person, tool, scope, details, actor, through, .. } = waiting;
    let request = BackchannelRequest {
        client_id: client.id.clone(),
        scope,
        resources: vec![tool.resource.clone()],
        details,
        binding_message: None,
        acr_values: vec![],
        actor,
    };
    // The client knows who it is about: it has their token.
    let types = services.registered(visit, client).types;
    let urgent = types.are_urgent(&request.details);
    let is_strong = types.take_a_passkey(&request.details);
    let request = request.to_be_signed(is_strong, visit.configuration.server.has_passkeys());
    let approach = Approach { request: &request, named: &person, urgent };
    let rings = counted(services, visit, approach, (&id, expires_at)).await?;
    let secret = services.keys.server_secret().await?;
    let handle = secret.deferral_code(&id);
    let sealed = secret.conceal(DEFERRED_REQUEST, id.as_str(), services.dice.roll(), &kept);
    let awaited = Awaited {
        secret: kept_of_deferral_code(&handle.secret),
        expires_at,
        notification_token: None,
        deferral: Some(Box::new(Deferral { sealed, through })),
    };
    let digest = request.asked().digest();
    // To whom it does not ring because they blocked who asks, it is not shown either: it waits for nobody.
    let asked = rings.is_some().then(|| person.clone());
    let requested = Requested {
        request,
        person: asked,
        requested_at: visit.now,
        rings: rings == Some(true),
        channel: None,
        numbers: None,
        awaited,
    };
    if let Commit::Outdated(_) =
        services.store.commit(&Authorization::requested(id.clone(), Box::new(requested))).await?
    {
        return Err(Fault::broken("dice", "an id came twice").into());
    }
    let decision = visit.record(Event::Backchannel, Outcome::Granted);
    decision.client(&client.id).person(&person).grant_id(&id).details_digest(&digest).record();
    let pending = Refusal::AuthorizationPending;
    Ok(Pending {
        error: pending.code(),
        error_description: pending.description(),
        deferral_code: handle.reveal(),
        expires_in: expires_at.since(visit.now).as_secs(),
        interval: settings.interval.as_secs(),
    })
}

/// The request as it is kept.
fn kept_text(parameters: &Parameters) -> Result<String, Problem> {
    let kept: Vec<(&str, &str)> = parameters.iter().filter(|(name, _)| KEPT.contains(name)).collect();
    let text = serde_json::to_string(&kept).map_err(|error| Fault::broken("request", error))?;
    if text.len() > LONGEST_REQUEST {
        return Err(Refusal::BodyTooLarge { limit: LONGEST_REQUEST }.into());
    }
    Ok(text)
}

/// Counts the request against what the client, its parties, and all together may ask one person. Whether the person hears of it; nothing
/// where they want to hear nothing of who asks.
async fn counted(
    services: &Services,
    visit: &Visit<'_>,
    approach: Approach<'_>,
    (id, expires_at): (&GrantId, Timestamp),
) -> Result<Option<bool>, Problem> {
    let Approach { request, named: person, .. } = approach;
    let settings = &visit.configuration.server.backchannel;
    // By person: whoever sends a tool many requests of their own keeps it from asking nobody else.
    let caller = format!("ASKS#{}#{}", request.client_id, person);
    let most = settings.asks_of_one_client_per_minute;
    if !services.store.count_request(&caller, 1, most, visit.now).await {
        return Err(Refusal::SlowDown { retry_after: COUNTED_TOGETHER }.into());
    }
    let judge = |known: Asks| {
        let verdict = known.may_ask(approach, settings, visit.now);
        if let MayAsk::Later(retry_after) = verdict {
            return Err(Refusal::SlowDown { retry_after });
        }
        let is_blocked = known.silence(request);
        let rings = verdict == MayAsk::Yes && !is_blocked;
        let next = known.asked(approach, (id, expires_at), rings, visit.now);
        Ok((next, (!is_blocked).then_some(rings)))
    };
    let kept = services.store.asks(person).await?;
    Ok(services.store.count_ask(kept, (request, id), visit.now, judge).await??)
}

/// Answers whoever comes with a deferral code (draft, sections 5.5 and 5.6): one read while the person has not decided, and one write that
/// notes when the client asked; then what the request itself takes, and one write, which spends the code.
pub(crate) async fn redeem(
    services: &Services,
    visit: &Visit<'_>,
    authenticated: &AuthenticatedClient,
    parameters: &Parameters,
) -> Result<Response, Problem> {
    let client = authenticated.client();
    authenticated.confidential()?;
    let invalid = |why| Refusal::DeferralCodeInvalid { why };
    let unknown = || invalid(HandleRejection::Unknown);
    let handle = Handle::parse(parameters.required("deferral_code")?).ok_or_else(unknown)?;
    let found = services.store.awaited_authorization(&handle.id).await?;
    let (mut standing, polls) = found.ok_or_else(unknown)?;
    for _ in 0..MOST_TRIES {
        let approved = standing.approved_request(&client.id, &handle.secret, visit.now);
        let (grant, deferral) = match approved {
            Ok(approved) => approved,
            Err(Refusal::AuthorizationPending) => {
                return Err(ciba::pending(services, visit, &handle, &polls).await);
            }
            Err(refusal) => return Err(refusal.into()),
        };
        http::note_authorization(&standing);
        let secret = services.keys.server_secret().await?;
        let opened =
            secret.reveal(DEFERRED_REQUEST, handle.id.as_str(), &deferral.sealed).ok_or_else(unknown)?;
        let kept: Vec<(String, String)> =
            serde_json::from_str(opened.expose()).map_err(|error| Fault::broken("request", error))?;
        let request = Parameters::from_pairs(kept);
        let approved = Approved { standing: &standing, grant, secret: &handle.secret };
        let answered =
            Box::pin(token_exchange::exchange(services, visit, authenticated, (&request, Some(approved))));
        match answered.await.map_err(|problem| over(problem, invalid(HandleRejection::Ended)))? {
            Answer::Token(response) => return Ok(answer::json(StatusCode::OK, &*response)),
            Answer::Waits(_) => return Err(Refusal::ExchangeNotAllowed.into()),
            Answer::Overtaken(current) => standing = *current.ok_or_else(unknown)?,
        }
    }
    Err(unknown().into())
}

/// What the request was made with has ended meanwhile: that is how this one ended. The poll itself was well-formed.
fn over(problem: Problem, ended: Refusal) -> Problem {
    match problem {
        Problem::Refused(Refusal::SubjectTokenInvalid { .. } | Refusal::ActorTokenInvalid { .. }) => {
            ended.into()
        }
        other => other,
    }
}
