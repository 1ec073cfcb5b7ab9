use http::{Problem, Response};
use oauth::{Authorization, Refusal, Stage};
use reception::{Chosen, Guest, Pending, SignedIn, Yes};
use store::RememberedConsent;

use crate::Visit;

/// Answers with a code at once when the person had let us remember their consent to exactly this request.
pub(crate) async fn answer(
    guest: &Guest<'_>,
    visit: &Visit,
    signed_in: &SignedIn,
) -> Result<Option<Response>, Problem> {
    // RFC 8252, section 8.6: anybody on the machine can take a public client's name.
    if !visit.client.remember_consent || !visit.client.is_confidential() {
        return Ok(None);
    }
    let person = &signed_in.session.person;
    let asked = visit.request.remembered_as();
    let consent = guest.store.remembered_consent(person, &visit.client.id, &asked, guest.now).await?;
    let Some(consent) = consent else { return Ok(None) };
    let pending = match Pending::read(guest, visit.interaction.clone(), signed_in).await {
        Err(Problem::Refused(Refusal::PersonEnded)) => return Ok(None),
        read => read?,
    };
    if !stands(guest, visit, &pending, &consent).await? {
        return Ok(None);
    }
    let everything = (0..visit.request.details.len()).collect();
    let chosen = Chosen { scope: visit.request.scope.clone(), details: everything };
    let yes = Yes { chosen, is_remembered: true };
    // What they could grant then may be theirs no more: the page shows them.
    if pending.may_be_granted(guest, &visit.client, signed_in, &yes).is_err() {
        return Ok(None);
    }
    let (_, response) = pending.grant(guest, &visit.client, signed_in, yes).await?;
    Ok(Some(response))
}

/// A memory is worth nothing once what it was given with has been ended, or everything of the person, of the client or at a tool that
/// it is for.
async fn stands(
    guest: &Guest<'_>,
    visit: &Visit,
    pending: &Pending,
    consent: &RememberedConsent,
) -> Result<bool, Problem> {
    let client = guest.store.client_state(&visit.client.id, guest.now).await?;
    let ended = matches!(
        guest.store.authorization(&consent.grant_id).await?,
        Some(Authorization { stage: Stage::Ended(_), .. })
    );
    let given_at = consent.granted_at;
    let places = guest.configuration.places(&visit.client, &visit.request.resources);
    let ended_at_a_tool = places.iter().any(|tool| !client.allows_at(tool, given_at));
    Ok(!ended
        && !ended_at_a_tool
        && pending.allows_of(&visit.client.id, given_at)
        && client.allows_issued_at(given_at))
}
