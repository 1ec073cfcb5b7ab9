use http::audit::{Event, Outcome};
use http::{Problem, Response, StatusCode, form, query};
use oauth::{OtherPasskeys, Parameters, Passkeys, PersonId, Refusal};
use pages::{EnrolPasskeyPage, Enrolment, PasskeyNotice, PasskeyProblem};
use passkeys::Holder;
use reception::Guest;
use store::Person;

use super::keeping::record;
use super::proof::{Link, Proof};
use super::registering::{offer, register};
use super::status_of;
use crate::Services;
use crate::links::code_of_a_link;

/// Shows whoever opens the link the form, while the link is good. Looking changes nothing: what opens links by itself, such as a
/// program that reads mail, uses nothing up.
pub(crate) async fn show(guest: &Guest<'_>) -> Result<Response, Problem> {
    let link = link(&query(guest.request)?)?;
    page(guest, &link, None, "").await
}

/// Registers the passkey. Afterwards the person signs in with it: the link begins no session, and one that replaces all other passkeys
/// ends those that there are.
pub(crate) async fn submit(services: &Services, guest: &Guest<'_>) -> Result<Response, Problem> {
    let parameters = form(guest.request)?;
    let link = link(&parameters)?;
    let Some((_, _, others)) = link.good(guest).await? else {
        let outcome = Outcome::Failed("the link is not good");
        record(guest, &link.person, Event::PasskeyRegistered, outcome);
        return over(guest);
    };
    match register(services, guest, Proof::Link(&link), &parameters).await? {
        Ok(()) => {
            if others == OtherPasskeys::Replaced {
                // They are worth nothing since the write; now nobody finds them any more.
                guest.store.end_sessions_of(&link.person).await?;
            }
            Ok(guest.back_to("/account/passkeys", PasskeyNotice::Registered.as_str()))
        }
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

async fn page(
    guest: &Guest<'_>,
    link: &Link,
    problem: Option<PasskeyProblem>,
    typed_name: &str,
) -> Result<Response, Problem> {
    let good = link.good(guest).await?;
    let enrolment = match &good {
        Some((person, own, others)) => enrolment(guest, link, person, (own, *others))?,
        None => None,
    };
    if enrolment.is_none() {
        return over(guest);
    }
    let page = EnrolPasskeyPage { frame: guest.frame(), enrolment, problem, typed_name };
    guest.page_with_script(status_of(problem), page.render(), &[])
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
    (own, others): (&Passkeys, OtherPasskeys),
) -> Result<Option<Enrolment<'a>>, Problem> {
    let profile = &person.profile;
    let holder = Holder { user_name: &profile.user_name, display_name: &profile.name };
    let replaces = others == OtherPasskeys::Replaced;
    // Where the others go, the new one may be on a device that has one of them.
    let none = Passkeys::default();
    let offer = offer(guest, Proof::Link(link), holder, if replaces { &none } else { own })?;
    let shown = pages::Person { display_name: &profile.name, user_name: &profile.user_name };
    Ok(offer.map(|offer| Enrolment {
        person: shown,
        id: person.id.as_str(),
        code: link.code.expose(),
        replaces,
        offer,
    }))
}
