use std::sync::Arc;

use http::{Problem, Response, StatusCode, query};
use oauth::configuration::{Client, GrantType};
use oauth::{Asks, Authorization, Grant, GrantId, Refusal, Requested, Stage, Timestamp};
use pages::{ApprovalPage, ApprovalProblem, Decided, DecidedPage, WaitingPage, WaitingRequest};
use reception::{Destination, Guest, SignedIn};
use serde::{Deserialize, Serialize};
use store::Person;

use crate::found::{Found, Waiting, find, unknown};

/// The seal of the form in which a person decides.
pub(crate) const FORM: &str = "approval";

/// What the form says of the request: a decision is about what the person has read, as it stood then.
#[derive(Serialize, Deserialize)]
pub(crate) struct Read {
    /// Which request.
    pub(crate) id: GrantId,
    /// In which version.
    pub(crate) version: u64,
}

/// Shows the request that the address names, or what waits. Whoever is not signed in is not told whether there is one.
pub(crate) async fn show(guest: &Guest<'_>) -> Result<Response, Problem> {
    let parameters = query(guest.request)?;
    let named = parameters.optional("request")?;
    let id = named.and_then(GrantId::parse);
    let to_sign_in = || guest.sign_in_alone(&Destination::Approval { approval: id.clone() });
    let Some(signed_in) = guest.signed_in().await? else { return to_sign_in() };
    let shown = match (named, &id) {
        (None, _) => all(guest, &signed_in).await,
        (Some(_), None) => Err(unknown().into()),
        (Some(_), Some(id)) => one(guest, &signed_in, id).await,
    };
    match shown {
        Err(Problem::Refused(Refusal::PersonEnded)) => to_sign_in(),
        shown => shown,
    }
}

/// Everything that waits. One alone is shown at once.
async fn all(guest: &Guest<'_>, signed_in: &SignedIn) -> Result<Response, Problem> {
    let session = &signed_in.session;
    let (person, kept) = guest.store.person_and_own_asks(&session.person).await?;
    let person = person.filter(|person| person.allows(session)).ok_or(Refusal::PersonEnded)?;
    let mut waiting = Vec::new();
    for request in guest.store.requests_that_wait_for(&session.person, guest.now).await? {
        if is_offered(guest, &request, Some(&kept.asks), &person).await? {
            waiting.push(request);
        }
    }
    if waiting.len() == 1
        && let Some(alone) = waiting.pop()
    {
        let waiting = Found::of(alone, &person.id, guest.now)?.still_waits()?;
        return page(guest, signed_in, &waiting, None).await;
    }
    let mut requests = Vec::new();
    for authorization in &waiting {
        requests.extend(line(guest, authorization).await?);
    }
    let page = WaitingPage { frame: guest.frame(), requests, zone: &signed_in.zone() };
    guest.page(StatusCode::OK, page.render(), &[])
}

/// Whether what waits can be decided: what a blocked agent has waiting, as far as is known here who is, or one that was switched off
/// meanwhile, is offered to nobody, nor what was asked before everything of the person was ended.
async fn is_offered(
    guest: &Guest<'_>,
    request: &Authorization,
    asks: Option<&Asks>,
    person: &Person,
) -> Result<bool, Problem> {
    let Stage::Requested(requested) = &request.stage else { return Ok(false) };
    let is_blocked = asks.is_some_and(|asks| asks.silence(&requested.request));
    let stands = person.allows_made_at(requested.requested_at);
    Ok(stands && !is_blocked && can_be_granted(guest, requested).await?)
}

/// Whether who asks, and who would act, are still there for it.
async fn can_be_granted(guest: &Guest<'_>, requested: &Requested) -> Result<bool, Problem> {
    let Some(client) = guest.client_at_work(&requested.request.client_id).await? else { return Ok(false) };
    match actor(guest, &client, requested).await {
        Ok(_) => Ok(true),
        Err(Problem::Refused(_)) => Ok(false),
        Err(fault) => Err(fault),
    }
}

async fn line(guest: &Guest<'_>, authorization: &Authorization) -> Result<Option<WaitingRequest>, Problem> {
    let Stage::Requested(requested) = &authorization.stage else { return Ok(None) };
    let client_id = &requested.request.client_id;
    let client = guest.store.client(&guest.configuration, client_id, guest.now).await?;
    Ok(client.map(|client| WaitingRequest {
        client_name: client.name.clone(),
        message: requested.request.binding_message.clone(),
        expires_at: requested.awaited.expires_at,
        path: path(&authorization.id),
    }))
}

fn path(id: &GrantId) -> String {
    Destination::Approval { approval: Some(id.clone()) }.path()
}

/// The request that the address names.
async fn one(guest: &Guest<'_>, signed_in: &SignedIn, id: &GrantId) -> Result<Response, Problem> {
    let (found, person) = find(guest, id, signed_in).await?;
    match found {
        Found::Waiting(waiting) => match page(guest, signed_in, &waiting, None).await {
            Err(Problem::Refused(refusal)) if is_gone(&refusal) => {
                let client = &waiting.requested.request.client_id;
                decided_page(guest, &person, client, Decided::Gone, None).await
            }
            shown => shown,
        },
        Found::Expired(waiting) => {
            let kept = guest.store.asks(&person.id).await?;
            let client = &waiting.requested.request.client_id;
            if !kept.asks.is_blocked(client) {
                return Err(waiting.expired().into());
            }
            decided_page(guest, &person, client, Decided::Blocked, Some(&kept.asks)).await
        }
        Found::Ended(client) => decided_page(guest, &person, &client, Decided::Over, None).await,
        Found::Approved { grant, until } if is_over(guest, &person, &grant, until).await? => {
            decided_page(guest, &person, &grant.client_id, Decided::Over, None).await
        }
        Found::Approved { grant, .. } => {
            let sentences = grant.details.iter().map(|detail| guest.sentence(detail)).collect();
            let scopes = grant.scope.iter().map(|scope| guest.scope_choice(scope)).collect();
            let decided = Decided::Approved { sentences, scopes };
            decided_page(guest, &person, &grant.client_id, decided, None).await
        }
        Found::Denied(authorization) => {
            let Stage::Declined(declined) = &authorization.stage else { return Err(unknown().into()) };
            let kept = guest.store.asks(&declined.person).await?;
            let decided = if kept.asks.is_blocked(&declined.client_id) {
                Decided::Blocked
            } else if declined.by_wrong_number {
                Decided::WrongNumber
            } else {
                Decided::Denied
            };
            decided_page(guest, &person, &declined.client_id, decided, Some(&kept.asks)).await
        }
    }
}

/// Whether nothing more comes of what a person approved: its time is over, or everything of theirs, of the client's or of who acts was
/// ended.
async fn is_over(
    guest: &Guest<'_>,
    person: &Person,
    grant: &Grant,
    until: Timestamp,
) -> Result<bool, Problem> {
    Ok(guest.now >= until || !guest.store.lets_stand(&guest.configuration, person, grant, guest.now).await?)
}

/// What was decided, as it stands, and what else waits.
async fn decided_page(
    guest: &Guest<'_>,
    person: &Person,
    client_id: &oauth::ClientId,
    decided: Decided<'_>,
    asks: Option<&Asks>,
) -> Result<Response, Problem> {
    let client = guest.store.client(&guest.configuration, client_id, guest.now).await?;
    let client_name = client.as_ref().map_or(client_id.as_str(), |client| &client.name);
    let mut next = None;
    for request in guest.store.requests_that_wait_for(&person.id, guest.now).await? {
        if is_offered(guest, &request, asks, person).await? {
            next = Some(path(&request.id));
            break;
        }
    }
    let page = DecidedPage { frame: guest.frame(), client_name, decided, next };
    guest.page(StatusCode::OK, page.render(), &[])
}

/// The page on which a person decides about a request.
pub(crate) async fn page(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    waiting: &Waiting,
    problem: Option<ApprovalProblem>,
) -> Result<Response, Problem> {
    let requested = &waiting.requested;
    let request = &requested.request;
    let client = guest.client(&request.client_id).await?;
    let actor = actor(guest, &client, requested).await?;
    let through = through(guest, requested).await?;
    let sealed = sealed(guest, signed_in, waiting)?;
    let page = ApprovalPage {
        frame: guest.frame(),
        request: &sealed,
        client_name: &client.name,
        client_id: client.id.as_str(),
        actor: actor.as_deref().map(|actor| (actor.name.as_str(), actor.id.as_str())),
        through,
        person: signed_in.person(),
        message: request.binding_message.as_deref(),
        choices: guest.choices(&client, &request.asked(), signed_in),
        numbers: requested.numbers.map(|numbers| numbers.shown()),
        lifetime: guest.lifetime(&request.resources, is_renewable(&client, requested), signed_in),
        asked_at: requested.requested_at,
        expires_at: requested.awaited.expires_at,
        zone: &signed_in.zone(),
        problem,
    };
    let status = match problem {
        None => StatusCode::OK,
        Some(ApprovalProblem::NothingChosen | ApprovalProblem::NumberNotPicked) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Some(ApprovalProblem::NotCountersigned(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        Some(ApprovalProblem::Outdated) => StatusCode::CONFLICT,
    };
    guest.page(status, page.render(), &[])
}

/// Whether the access can be renewed. What a token request gets, it gets once.
pub(crate) fn is_renewable(client: &Client, requested: &Requested) -> bool {
    requested.awaited.deferral.is_none() && client.may_renew_approval(&requested.request.scope)
}

/// The names of the clients through which a token request came that waits for the person, theirs first.
async fn through(guest: &Guest<'_>, requested: &Requested) -> Result<Option<Vec<String>>, Problem> {
    let Some(deferral) = &requested.awaited.deferral else { return Ok(None) };
    let mut names = Vec::new();
    for id in deferral.through.iter().rev() {
        let client = guest.store.client(&guest.configuration, id, guest.now).await?;
        names.push(client.map_or_else(|| id.to_string(), |client| client.name.clone()));
    }
    Ok(Some(names))
}

/// The request as it stands, sealed for whoever reads it.
pub(crate) fn sealed(guest: &Guest<'_>, signed_in: &SignedIn, waiting: &Waiting) -> Result<String, Problem> {
    let Waiting { requested, authorization } = waiting;
    let read = Read { id: authorization.id.clone(), version: authorization.version };
    // Longer than the request waits: whoever answers too late is told so.
    let until = requested.awaited.expires_at.after(guest.configuration.server.lifetimes.interaction);
    Ok(guest.seal_for(FORM, &read, &signed_in.binding(), until)?)
}

/// Who would act in the person's name, where it is not the client itself, if this client may still be given anything. One that was
/// switched off since acts for nobody.
pub(crate) async fn actor(
    guest: &Guest<'_>,
    client: &Client,
    requested: &Requested,
) -> Result<Option<Arc<Client>>, Problem> {
    may_be_approved(guest, client, requested)?;
    match &requested.request.actor {
        None => Ok(None),
        Some(id) => Ok(Some(guest.client_at_work(id).await?.ok_or(Refusal::UnknownClient)?)),
    }
}

/// Whether nobody can decide about a request any more because who asked, or who would act, was switched off since, or may ask nobody
/// now.
pub(crate) const fn is_gone(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::UnknownClient | Refusal::GrantNotAllowed { .. })
}

/// A client from which the right to ask was taken since is given nothing, and what demands a passkey is refused here as it was when it
/// was asked, where there are none.
fn may_be_approved(guest: &Guest<'_>, client: &Client, requested: &Requested) -> Result<(), Refusal> {
    match &requested.awaited.deferral {
        Some(_) => client.require_grant(GrantType::TokenExchange)?,
        None => client.asks_people().map(drop)?,
    }
    guest.can_be_approved_elsewhere(&requested.request)
}
