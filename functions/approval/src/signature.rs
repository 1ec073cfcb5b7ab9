use environment::Fault;
use evidence::{Displayed, Kind};
use http::audit::Event;
use http::{Problem, Response};
use oauth::Passkeys;
use pages::{ApprovalProblem, CountersignProblem};
use passkeys::RelyingParty;
use reception::{Chosen, Given, Guest, NotSigned, Posts, SignedIn, ToSign};
use store::{Countersigned, ToCountersign};

use crate::decision::{record_yes, to_what_was_decided};
use crate::found::{Found, Waiting, unknown};
use crate::shown::{Read, actor, is_renewable, page, sealed};

/// How often it is tried again because the same person approves something else at the same moment.
const MOST_TRIES: usize = 8;

/// The page on which a person countersigns what they have just chosen; where they have no passkey, the page says so.
pub(crate) async fn ask(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    waiting: &Waiting,
    (chosen, number): (&Chosen, Option<u8>),
) -> Result<Response, Problem> {
    let (_, kept) = guest.store.person_and_passkeys(&signed_in.session.person).await?;
    show(guest, signed_in, waiting, (chosen, number), &kept.passkeys, None).await
}

async fn show(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    waiting: &Waiting,
    (chosen, number): (&Chosen, Option<u8>),
    own: &Passkeys,
    problem: Option<CountersignProblem>,
) -> Result<Response, Problem> {
    if own.all().is_empty() {
        return not_taken(guest, signed_in, waiting, CountersignProblem::NoPasskey).await;
    }
    let requested = &waiting.requested;
    let request = &requested.request;
    let client = guest.client(&request.client_id).await?;
    let actor = actor(guest, &client, requested).await?;
    let to_sign = ToSign {
        kind: if requested.awaited.deferral.is_some() { Kind::Deferred } else { Kind::Backchannel },
        id: &waiting.authorization.id,
        version: waiting.authorization.version,
        waits: (requested.requested_at, requested.awaited.expires_at),
        client: &client,
        actor: actor.as_deref(),
        asked: request.asked(),
        chosen,
        number,
        returns_to: None,
        is_renewable: is_renewable(&client, requested),
    };
    let sealed = sealed(guest, signed_in, waiting)?;
    let posts = Posts { to: "/approval", request: ("request", &sealed), leads_to: &[] };
    guest.countersign_page(signed_in, &to_sign, own, posts, problem)
}

/// The page of the request, with why nothing was countersigned.
async fn not_taken(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    waiting: &Waiting,
    problem: CountersignProblem,
) -> Result<Response, Problem> {
    page(guest, signed_in, waiting, Some(ApprovalProblem::NotCountersigned(problem))).await
}

/// Takes a countersignature: of any number at once exactly one approves. Whoever approves something else at the same moment changes the
/// chain that this one goes into, and it is judged again.
pub(crate) async fn take(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    read: &Read,
    given: &Given<'_>,
) -> Result<Response, Problem> {
    let relying_party = guest.countersigned_for()?;
    for _ in 0..MOST_TRIES {
        let mut standing = guest.store.to_countersign(&read.id, &signed_in.session.person).await?;
        let stored = (standing.authorization.take(), standing.person.take());
        let (found, person) = Found::by(signed_in, stored, guest.now)?;
        let waiting = found.still_waits()?;
        if waiting.authorization.version != read.version {
            return page(guest, signed_in, &waiting, Some(ApprovalProblem::Outdated)).await;
        }
        let displayed = match guest.displayed_before(signed_in, given, (&read.id, read.version)) {
            Ok(displayed) => displayed,
            Err(not_signed) => {
                record_failure(guest, &waiting, &not_signed);
                return not_taken(guest, signed_in, &waiting, not_signed.problem).await;
            }
        };
        let taken =
            approve(guest, signed_in, (&person, &waiting), &standing, (&relying_party, displayed, given));
        if let Some(response) = Box::pin(taken).await? {
            return Ok(response);
        }
    }
    Err(Fault::unavailable("table", "this person approves something else at this moment").into())
}

/// Commits the person's countersigned yes with its evidence by one write. `None` where the chain or the passkeys have changed meanwhile:
/// read them again.
async fn approve(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    (person, waiting): (&store::Person, &Waiting),
    standing: &ToCountersign,
    (relying_party, displayed, given): (&RelyingParty, Displayed, &Given<'_>),
) -> Result<Option<Response>, Problem> {
    let request = &waiting.requested.request;
    let client = guest.client(&request.client_id).await?;
    actor(guest, &client, &waiting.requested).await?;
    let (chosen, number) = (Chosen::of_displayed(&displayed), displayed.shown().number);
    let own = &standing.passkeys.passkeys;
    let signed = guest.countersigned(relying_party, signed_in, &displayed, (own, given.answer()));
    let (signed, used) = match signed {
        Ok(signed) => signed,
        Err(not_signed) => {
            record_failure(guest, waiting, &not_signed);
            let problem = Some(not_signed.problem);
            let again = show(guest, signed_in, waiting, (&chosen, number), own, problem).await?;
            return Ok(Some(again));
        }
    };
    let now_known = guest.countersigning_now();
    guest.may_grant(person, &now_known, &client, &request.asked(), &chosen)?;
    let approval = chosen.countersigned_by(signed_in, now_known, displayed.shown());
    let lives = &guest.configuration.server.lifetimes;
    let approved = waiting.authorization.clone().approved(approval, number, lives, guest.now)?;
    let chain = &standing.head.head;
    let evidence = guest.evidence(relying_party, displayed, signed, &approved, chain)?;
    let of_passkeys = (&standing.passkeys, &used);
    match guest.store.countersign(&approved, of_passkeys, (&standing.head, &evidence)).await? {
        Countersigned::Done => {
            record_yes(guest, &approved);
            Ok(Some(to_what_was_decided(guest, approved.id)))
        }
        Countersigned::Contended => Ok(None),
        Countersigned::Outdated(None) => Err(unknown().into()),
        Countersigned::Outdated(Some(now_there)) => {
            let waiting = Found::of(*now_there, &person.id, guest.now)?.still_waits()?;
            let outdated = page(guest, signed_in, &waiting, Some(ApprovalProblem::Outdated)).await?;
            Ok(Some(outdated))
        }
    }
}

fn record_failure(guest: &Guest<'_>, waiting: &Waiting, not_signed: &NotSigned) {
    let (client, id) = (&waiting.requested.request.client_id, &waiting.authorization.id);
    not_signed.record(guest, Event::Approval, client, id);
}
