use environment::Fault;
use http::Problem;
use http::audit::{Event, Outcome};
use oauth::{CHALLENGE_LASTS, Parameters, PasskeyName, Passkeys, Refusal};
use pages::{DeviceNews, PasskeyOffer, PasskeyProblem};
use passkeys::{Holder, Registered, Registering};
use reception::Guest;

use super::keeping::{change, record, settle};
use super::proof::Proof;
use crate::Services;

/// The seal of a registration, for as long as its challenge is good.
const REGISTERING: &str = "register a passkey";

/// What a page needs so that a passkey can be registered, if people have any.
pub(super) fn offer(
    guest: &Guest<'_>,
    proof: Proof<'_>,
    holder: Holder<'_>,
    own: &Passkeys,
) -> Result<Option<PasskeyOffer>, Fault> {
    let Some(relying_party) = guest.relying_party() else { return Ok(None) };
    let begun = Registering::begin(proof.person().clone(), guest.challenge());
    let ceremony = guest.seal_for(REGISTERING, &begun, &proof.binding(), guest.now.after(CHALLENGE_LASTS))?;
    Ok(Some(PasskeyOffer { ceremony, options: begun.options(&relying_party, holder, own) }))
}

/// Registers the passkey that a form brings, and tells the person of it.
pub(super) async fn register(
    services: &Services,
    guest: &Guest<'_>,
    proof: Proof<'_>,
    parameters: &Parameters,
) -> Result<Result<(), PasskeyProblem>, Problem> {
    let registered = match registered(guest, proof, parameters)? {
        Ok(registered) => registered,
        Err(problem) => return Ok(Err(problem)),
    };
    let keep = |person, own| proof.keep(person, own, registered.clone(), guest.now);
    let changed = change(guest, proof, keep).await?;
    let told = (Event::PasskeyRegistered, DeviceNews::PasskeyRegistered);
    Ok(settle(services, guest, proof.person(), changed, told).await.map(drop))
}

/// The passkey that a form brings: one that an authenticator has made for this person, by the challenge of our own page.
fn registered(
    guest: &Guest<'_>,
    proof: Proof<'_>,
    parameters: &Parameters,
) -> Result<Result<Registered, PasskeyProblem>, Refusal> {
    let person = proof.person();
    let Some(relying_party) = guest.relying_party() else { return Ok(Err(PasskeyProblem::Refused)) };
    // What stands around a name was typed by accident.
    let name = PasskeyName::parse(parameters.optional("name")?.unwrap_or_default().trim());
    let Some(name) = name else { return Ok(Err(PasskeyProblem::NameUnusable)) };
    let ceremony = parameters.required("ceremony")?;
    let Ok(begun) = guest.open_for::<Registering>(REGISTERING, ceremony, &proof.binding()) else {
        record(
            guest,
            person,
            Event::PasskeyRegistered,
            Outcome::Failed("the challenge is too old, or not theirs"),
        );
        return Ok(Err(PasskeyProblem::TooLate));
    };
    let answer = parameters.required("answer")?;
    Ok(begun.answered(&relying_party, person, answer, name, guest.now).map_err(|unproven| {
        record(guest, person, Event::PasskeyRegistered, Outcome::Failed(&unproven.to_string()));
        PasskeyProblem::Refused
    }))
}
