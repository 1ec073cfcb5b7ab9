use environment::Fault;
use http::Problem;
use http::audit::{Event, Outcome};
use oauth::{CHALLENGE_LASTS, Parameters, PasskeyName, PasskeyRefused, Passkeys, PersonId, Refusal};
use pages::{DeviceNews, PasskeyOffer, PasskeyProblem};
use passkeys::{Holder, Registered, Registering};
use reception::Guest;

use super::keeping::{change, record, settle};
use crate::Services;

/// The seal of a registration, for as long as its challenge is good.
const REGISTERING: &str = "register a passkey";

/// What a page needs so that a passkey can be registered, if people have any; `bound_to` is what the answer must come back with.
pub(super) fn offer(
    guest: &Guest<'_>,
    person: &PersonId,
    holder: Holder<'_>,
    own: &Passkeys,
    bound_to: &[u8],
) -> Result<Option<PasskeyOffer>, Fault> {
    let Some(relying_party) = guest.relying_party() else { return Ok(None) };
    let begun = Registering::begin(person.clone(), guest.challenge());
    let ceremony = guest.seal_for(REGISTERING, &begun, bound_to, guest.now.after(CHALLENGE_LASTS))?;
    Ok(Some(PasskeyOffer { ceremony, options: begun.options(&relying_party, holder, own) }))
}

/// Registers the passkey that a form brings, and tells the person of it. `keep` says how it comes to the others.
pub(super) async fn register(
    services: &Services,
    guest: &Guest<'_>,
    person: &PersonId,
    parameters: &Parameters,
    bound_to: &[u8],
    keep: impl Fn(Passkeys, Registered) -> Result<Passkeys, PasskeyRefused>,
) -> Result<Result<(), PasskeyProblem>, Problem> {
    let registered = match registered(guest, person, parameters, bound_to)? {
        Ok(registered) => registered,
        Err(problem) => return Ok(Err(problem)),
    };
    let changed = change(guest, person, |own| keep(own, registered.clone())).await?;
    let told = (Event::PasskeyRegistered, DeviceNews::PasskeyRegistered);
    Ok(settle(services, guest, person, changed, told).await)
}

/// The passkey that a form brings: one that an authenticator has made for this person, by the challenge of our own page.
fn registered(
    guest: &Guest<'_>,
    person: &PersonId,
    parameters: &Parameters,
    bound_to: &[u8],
) -> Result<Result<Registered, PasskeyProblem>, Refusal> {
    let Some(relying_party) = guest.relying_party() else { return Ok(Err(PasskeyProblem::Refused)) };
    // What stands around a name was typed by accident.
    let name = PasskeyName::parse(parameters.optional("name")?.unwrap_or_default().trim());
    let Some(name) = name else { return Ok(Err(PasskeyProblem::NameUnusable)) };
    let ceremony = parameters.required("ceremony")?;
    let Ok(begun) = guest.open_for::<Registering>(REGISTERING, ceremony, bound_to) else {
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
