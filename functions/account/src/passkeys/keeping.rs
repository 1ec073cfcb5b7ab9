use environment::Fault;
use http::Problem;
use http::audit::{Decision, Event, Outcome};
use oauth::{PasskeyRefused, Passkeys, PersonId, Refusal};
use pages::{DeviceNews, PasskeyProblem};
use reception::Guest;
use store::Person;

use super::proof::Proof;
use crate::Services;
use crate::devices::tell_at;

/// How often it is tried again because somebody changed the same at the same moment.
const MOST_TRIES: usize = 8;

/// Changes a person's passkeys, and the person with them, on top of whatever else changes meanwhile: one conditional write, so that
/// nothing is registered or removed by a session that ends at that moment.
pub(super) async fn change(
    guest: &Guest<'_>,
    proof: Proof<'_>,
    decide: impl Fn(Person, Passkeys) -> Result<(Person, Passkeys), PasskeyRefused>,
) -> Result<Result<Person, PasskeyRefused>, Problem> {
    for _ in 0..MOST_TRIES {
        let (person, kept) = guest.store.person_and_passkeys(proof.person()).await?;
        let person = person.filter(|person| proof.stands(person)).ok_or(Refusal::FormRejected)?;
        let (person, next) = match decide(person, kept.passkeys.clone()) {
            Ok(decided) => decided,
            Err(refused) => return Ok(Err(refused)),
        };
        if guest.store.keep_person_and_passkeys(&kept, &person, &next).await? {
            return Ok(Ok(person));
        }
    }
    Err(Fault::unavailable("table", "the passkeys of this person have just changed").into())
}

/// Writes down what became of a change, and tells of one on all devices of the person: whoever made it may not have been them.
pub(super) async fn settle(
    services: &Services,
    guest: &Guest<'_>,
    person: &PersonId,
    changed: Result<Person, PasskeyRefused>,
    (event, news): (Event, DeviceNews),
) -> Result<Person, PasskeyProblem> {
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
            Ok(person)
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
        PasskeyRefused::TheLast => "the person has no other way in",
        PasskeyRefused::Answered => "the challenge was answered before",
        PasskeyRefused::LinkIsOver => "the link is not good",
    }
}

const fn problem_of(refused: PasskeyRefused) -> PasskeyProblem {
    match refused {
        PasskeyRefused::TooMany => PasskeyProblem::TooMany,
        PasskeyRefused::AlreadyThere => PasskeyProblem::AlreadyThere,
        PasskeyRefused::Unknown => PasskeyProblem::Gone,
        PasskeyRefused::TheLast => PasskeyProblem::TheLast,
        PasskeyRefused::Answered | PasskeyRefused::LinkIsOver => PasskeyProblem::TooLate,
    }
}
