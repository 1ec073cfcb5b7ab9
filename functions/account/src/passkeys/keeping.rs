use http::Problem;
use http::audit::{Decision, Event, Outcome};
use oauth::{PasskeyRefused, Passkeys, PersonId, Refusal};
use pages::{DeviceNews, PasskeyProblem};
use reception::Guest;
use store::Person;

use crate::Services;
use crate::devices::tell_at;

/// Changes a person's passkeys, on top of whatever else changes meanwhile, by one conditional write. Whoever is gone meanwhile, or may
/// not sign in, changes nothing.
pub(super) async fn change(
    guest: &Guest<'_>,
    id: &PersonId,
    decide: impl Fn(Passkeys) -> Result<Passkeys, PasskeyRefused>,
) -> Result<Result<Person, PasskeyRefused>, Problem> {
    let of_somebody = |person: Option<Person>, own| {
        let person = person.filter(|person| !person.disabled).ok_or(None)?;
        Ok((person, decide(own).map_err(Some)?))
    };
    match guest.change_passkeys(id, of_somebody).await? {
        Ok(person) => Ok(Ok(person)),
        Err(Some(refused)) => Ok(Err(refused)),
        Err(None) => Err(Refusal::FormRejected.into()),
    }
}

/// Writes down what became of a change, and tells of one on all devices of the person: whoever made it may not have been them.
pub(super) async fn settle(
    services: &Services,
    guest: &Guest<'_>,
    person: &PersonId,
    changed: Result<Person, PasskeyRefused>,
    (event, news): (Event, DeviceNews),
) -> Result<(), PasskeyProblem> {
    match changed {
        Ok(person) => {
            record(guest, &person.id, event, Outcome::Granted);
            // The change stands, whether or not they can be told.
            match guest.store.person_and_devices(&person.id).await {
                Ok((_, kept)) => tell_at(services, guest, &person, kept.reach.in_use(), news).await,
                Err(fault) => {
                    let person = person.id.as_str();
                    tracing::warn!(target: "account", person, %fault, "a person was not told of a change");
                }
            }
            Ok(())
        }
        Err(refused) => {
            record(guest, person, event, Outcome::Failed(why(refused)));
            Err(problem_of(refused))
        }
    }
}

pub(super) fn record(guest: &Guest<'_>, person: &PersonId, event: Event, outcome: Outcome<'_>) {
    Decision::new(event, outcome, guest.request, guest.now).person(person).record();
}

const fn why(refused: PasskeyRefused) -> &'static str {
    match refused {
        PasskeyRefused::TooMany => "the person has as many as anybody may have",
        PasskeyRefused::AlreadyThere => "the person has it already",
        PasskeyRefused::Unknown => "the person has no such passkey",
        PasskeyRefused::Answered => "the challenge was answered before",
        PasskeyRefused::LinkIsOver => "the link is not good",
    }
}

const fn problem_of(refused: PasskeyRefused) -> PasskeyProblem {
    match refused {
        PasskeyRefused::TooMany => PasskeyProblem::TooMany,
        PasskeyRefused::AlreadyThere => PasskeyProblem::AlreadyThere,
        PasskeyRefused::Unknown => PasskeyProblem::Gone,
        PasskeyRefused::Answered | PasskeyRefused::LinkIsOver => PasskeyProblem::TooLate,
    }
}
