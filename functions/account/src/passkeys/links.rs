use http::audit::{Event, Outcome};
use http::{Problem, Response, StatusCode, form, query};
use oauth::{Parameters, Passkeys, PersonId, Refusal, Secret};
use pages::{EnrolPasskeyPage, Enrolment, PasskeyNotice, PasskeyProblem};
use passkeys::{Holder, Registered};
use reception::Guest;
use store::Person;

use super::keeping::record;
use super::registering::{offer, register};
use super::status_of;
use crate::Services;
use crate::links::code_of_a_link;

/// What a link of the administrator's says. It is proof of who somebody is, once, for an hour.
struct Link {
    person: PersonId,
    code: Secret<String>,
}

/// Shows whoever opens the link the form, while the link is good. Looking changes nothing: what opens links by itself, such as a
/// program that reads mail, uses nothing up.
pub(crate) async fn show(guest: &Guest<'_>) -> Result<Response, Problem> {
    let link = link(&query(guest.request)?)?;
    page(guest, &link, None, "").await
}

/// Registers the passkey. Afterwards the person signs in with it: the link begins no session.
pub(crate) async fn submit(services: &Services, guest: &Guest<'_>) -> Result<Response, Problem> {
    let parameters = form(guest.request)?;
    let link = link(&parameters)?;
    let keep =
        |own: Passkeys, made: Registered| own.enrolled(&link.code, made.passkey, made.challenge, guest.now);
    if good(guest, &link).await?.is_none() {
        let outcome = Outcome::Failed("the link is not good");
        record(guest, &link.person, Event::PasskeyRegistered, outcome);
        return over(guest);
    }
    let bound_to = *link.code.digest().as_bytes();
    match register(services, guest, &link.person, &parameters, &bound_to, keep).await? {
        Ok(()) => Ok(guest.back_to("/account/passkeys", PasskeyNotice::Registered.as_str())),
        Err(problem) => {
            page(guest, &link, Some(problem), parameters.optional("name")?.unwrap_or_default()).await
        }
    }
}

fn link(parameters: &Parameters) -> Result<Link, Refusal> {
    let person = PersonId::parse(parameters.required("person")?)
        .ok_or(Refusal::MalformedParameter { name: "person", expected: "a person's identifier" })?;
    Ok(Link { person, code: code_of_a_link(parameters)? })
}

/// The person whose link it is, and their passkeys, while it is good.
async fn good(guest: &Guest<'_>, link: &Link) -> Result<Option<(Person, Passkeys)>, Problem> {
    let (person, kept) = guest.store.person_and_passkeys(&link.person).await?;
    let person = person.filter(|person| !person.disabled);
    let is_good = kept.passkeys.may_enrol(&link.code, guest.now);
    Ok(person.filter(|_| is_good).map(|person| (person, kept.passkeys)))
}

async fn page(
    guest: &Guest<'_>,
    link: &Link,
    problem: Option<PasskeyProblem>,
    typed_name: &str,
) -> Result<Response, Problem> {
    let good = good(guest, link).await?;
    let enrolment = match &good {
        Some((person, own)) => enrolment(guest, link, person, own)?,
        None => None,
    };
    if enrolment.is_none() {
        return over(guest);
    }
    let page = EnrolPasskeyPage { frame: guest.frame(), enrolment, problem, typed_name };
    guest.page_with_script(status_of(problem), page.render())
}

/// The link was used, is too old, or is none of ours: nobody is told which.
fn over(guest: &Guest<'_>) -> Result<Response, Problem> {
    let page = EnrolPasskeyPage { frame: guest.frame(), enrolment: None, problem: None, typed_name: "" };
    guest.page(StatusCode::UNPROCESSABLE_ENTITY, page.render(), &[])
}

fn enrolment<'a>(
    guest: &Guest<'_>,
    link: &'a Link,
    person: &'a Person,
    own: &Passkeys,
) -> Result<Option<Enrolment<'a>>, Problem> {
    let profile = &person.profile;
    let holder = Holder { user_name: &profile.user_name, display_name: &profile.name };
    let offer = offer(guest, &person.id, holder, own, link.code.digest().as_bytes())?;
    let shown = pages::Person { display_name: &profile.name, user_name: &profile.user_name };
    Ok(offer.map(|offer| Enrolment {
        person: shown,
        id: person.id.as_str(),
        code: link.code.expose(),
        offer,
    }))
}
