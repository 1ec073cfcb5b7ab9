use http::audit::{Decision, Event, Outcome};
use http::{Problem, Response, answer, form};
use oauth::{Asks, Authorization, BackchannelRequest, GrantId, Parameters, Refusal, Stage};
use pages::ApprovalProblem;
use reception::{Chosen, Destination, Given, Guest, Permitted, SignedIn};
use store::{Commit, Person};

use crate::answered::{Answered, NOT_ME};
use crate::found::{Found, Waiting, find, unknown};
use crate::shown::{FORM, Read, actor, is_gone, page};
use crate::signature;

/// What became of an attempt to decide.
enum Attempt {
    /// It is decided.
    Made(Box<Authorization>),
    /// The request waits still, in another version.
    Overtaken(Box<Waiting>),
}

/// Takes what the person decided.
pub(crate) async fn submit(guest: &Guest<'_>) -> Result<Response, Problem> {
    let parameters = form(guest.request)?;
    // A session that has ended cannot decide, whatever its form says.
    let signed_in = guest.signed_in().await?.ok_or(Refusal::FormRejected)?;
    let read: Read = guest.open_for(FORM, parameters.required("request")?, &signed_in.binding())?;
    let decided = match Given::read(&parameters)? {
        Some(given) => signature::take(guest, &signed_in, &read, &given).await,
        None => decide(guest, &signed_in, &read, &parameters).await,
    };
    match decided {
        Err(Problem::Refused(refusal)) if is_gone(&refusal) => Ok(to_what_was_decided(guest, read.id)),
        answer => answer,
    }
}

async fn decide(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    read: &Read,
    parameters: &Parameters,
) -> Result<Response, Problem> {
    let (found, person) = find(guest, &read.id, signed_in).await?;
    if let Found::Expired(waiting) = &found
        && parameters.required("decision")? == NOT_ME
    {
        // There is nothing left to deny. Who used the person's name is kept from asking again all the same.
        block(guest, &person, waiting).await?;
        return Ok(to_what_was_decided(guest, read.id.clone()));
    }
    let waiting = found.still_waits()?;
    let answered = Answered::read(parameters, &waiting.requested.request)?;
    if waiting.authorization.version != read.version {
        return page(guest, signed_in, &waiting, Some(ApprovalProblem::Outdated)).await;
    }
    let attempt = match answered {
        Answered::Nothing => {
            return page(guest, signed_in, &waiting, Some(ApprovalProblem::NothingChosen)).await;
        }
        Answered::Approved(_, None) if waiting.requested.numbers.is_some() => {
            return page(guest, signed_in, &waiting, Some(ApprovalProblem::NumberNotPicked)).await;
        }
        Answered::Approved(chosen, picked) => {
            let takes_signature = permitted(guest, signed_in, &person, &waiting, &chosen).await?;
            // Another number than the agent shows is a no, which nobody signs.
            if takes_signature && waiting.requested.is_right(picked) {
                return signature::ask(guest, signed_in, &waiting, (&chosen, picked)).await;
            }
            approve(guest, signed_in, &person, waiting, (chosen, picked)).await?
        }
        Answered::Denied => deny(guest, &person, waiting).await?,
        Answered::NotMe => {
            block(guest, &person, &waiting).await?;
            deny(guest, &person, waiting).await?
        }
    };
    match attempt {
        Attempt::Made(decided) => Ok(to_what_was_decided(guest, decided.id)),
        Attempt::Overtaken(waiting) => {
            page(guest, signed_in, &waiting, Some(ApprovalProblem::Outdated)).await
        }
    }
}

pub(crate) fn to_what_was_decided(guest: &Guest<'_>, id: GrantId) -> Response {
    answer::see_other(&guest.path(&Destination::Approval { approval: Some(id) }.path()))
}

/// Whether the person may grant what they chose by countersigning it alone: a type demands it, the request, or the policies.
async fn permitted(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    person: &Person,
    waiting: &Waiting,
    chosen: &Chosen,
) -> Result<bool, Problem> {
    let request = &waiting.requested.request;
    let client = guest.client(&request.client_id).await?;
    actor(guest, &client, &waiting.requested).await?;
    let permitted = guest.may_grant_signed(person, signed_in, &client, &request.asked(), chosen)?;
    let details = request.details.pick(&chosen.details);
    let is_demanded = guest.takes_countersignature(&details, &request.acr_values);
    Ok(is_demanded || permitted == Permitted::IfCountersigned)
}

/// Commits the person's yes by one write, which is also the news to the client: of any number at once exactly one succeeds. With a
/// number that the agent does not show it is a no.
async fn approve(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    person: &Person,
    waiting: Waiting,
    (chosen, picked): (Chosen, Option<u8>),
) -> Result<Attempt, Problem> {
    let request = &waiting.requested.request;
    let approval = chosen.approved_by(signed_in);
    let lives = &guest.configuration.server.lifetimes;
    let approved = waiting.authorization.clone().approved(approval, picked, lives, guest.now)?;
    let attempt = commit(guest, person, waiting.authorization, approved).await?;
    if let Attempt::Made(decided) = &attempt
        && matches!(decided.stage, Stage::Declined(_))
    {
        note_no(guest, person, (request, &decided.id), Outcome::Refused(&Refusal::WrongNumber)).await;
    }
    if let Attempt::Made(approved) = &attempt {
        record_yes(guest, approved);
    }
    Ok(attempt)
}

pub(crate) fn record_yes(guest: &Guest<'_>, approved: &Authorization) {
    let Some(grant) = approved.grant() else { return };
    Decision::new(Event::Approval, Outcome::Granted, guest.request, guest.now)
        .client(&grant.client_id)
        .person(&grant.person)
        .grant_id(&approved.id)
        .scope(&grant.scope)
        .details_digest(&grant.asked)
        .record();
}

/// Commits the person's no, so that nothing says yes afterwards. Then it is written down, for its client to ask less often.
async fn deny(guest: &Guest<'_>, person: &Person, waiting: Waiting) -> Result<Attempt, Problem> {
    let Waiting { requested, authorization } = waiting;
    let declined = authorization.clone().declined(&person.id, guest.now)?;
    let attempt = commit(guest, person, authorization, declined).await?;
    if let Attempt::Made(declined) = &attempt {
        note_no(guest, person, (&requested.request, &declined.id), Outcome::Denied).await;
    }
    Ok(attempt)
}

/// Records a no that was committed, and counts it.
async fn note_no(
    guest: &Guest<'_>,
    person: &Person,
    (request, id): (&BackchannelRequest, &GrantId),
    outcome: Outcome<'_>,
) {
    let client = &request.client_id;
    Decision::new(Event::Approval, outcome, guest.request, guest.now)
        .client(client)
        .person(&person.id)
        .grant_id(id)
        .details_digest(&request.asked().digest())
        .record();
    if let Err(fault) = guest.change_asks(&person.id, |asks| asks.declined(request, id, guest.now)).await {
        // The no stands. That its client may ask again a little sooner is no reason to tell the person of a fault.
        tracing::warn!(target: "approval", %fault, "a denial was not counted");
    }
}

/// Lets the client ask this person no more, nor whoever would have acted: that is the agent whom the page named, and it has other ways.
/// This comes before the no: whoever hears of a fault can press the button again.
async fn block(guest: &Guest<'_>, person: &Person, waiting: &Waiting) -> Result<(), Problem> {
    let request = &waiting.requested.request;
    if guest.change_asks(&person.id, |asks| request.parties().fold(asks, Asks::blocked)).await? {
        Decision::new(Event::Block, Outcome::Granted, guest.request, guest.now)
            .client(&request.client_id)
            .person(&person.id)
            .grant_id(&waiting.authorization.id)
            .record();
    }
    Ok(())
}

async fn commit(
    guest: &Guest<'_>,
    person: &Person,
    before: Authorization,
    decided: Authorization,
) -> Result<Attempt, Problem> {
    match Box::pin(guest.store.commit_or_take_back(before, &decided)).await? {
        Commit::Done => Ok(Attempt::Made(Box::new(decided))),
        Commit::Outdated(None) => Err(unknown().into()),
        Commit::Outdated(Some(standing)) => {
            let waiting = Found::of(*standing, &person.id, guest.now)?.still_waits()?;
            Ok(Attempt::Overtaken(Box::new(waiting)))
        }
    }
}
