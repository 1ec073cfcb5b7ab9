//! `/account/passkeys`: what a person signs in with. Only whoever has signed in just now registers or removes one: a session that
//! was left open, or stolen, makes nobody a way back in.

mod keeping;
mod links;
mod proof;
mod registering;

use http::audit::Event;
use http::{Problem, Response, StatusCode, form, query};
use oauth::{MOST_PASSKEYS, Parameters, Passkey, PasskeyId, Passkeys, Refusal};
use pages::{DeviceNews, ListedPasskey, PasskeyNotice, PasskeyOffer, PasskeyProblem, PasskeysPage};
use passkeys::Holder;
use reception::{AccountPage, Destination, Guest, SignedIn};
use store::Person;

use self::keeping::{change, settle};
pub(crate) use self::links::{show as show_link, submit as submit_link};
use self::proof::Proof;
use self::registering::{offer, register};
use crate::Services;
use crate::just_now::signed_in_just_now;

/// The seal of these forms.
const FORM: &str = "passkeys";

/// Shows the passkeys, or the sign-in page for whoever is not signed in, or wants to sign in anew.
pub(crate) async fn show(guest: &Guest<'_>) -> Result<Response, Problem> {
    let query = query(guest.request)?;
    let Some(signed_in) = guest.signed_in().await? else { return to_sign_in(guest) };
    let (person, kept) = guest.store.person_and_passkeys(&signed_in.session.person).await?;
    let stands = person.is_some_and(|person| person.allows(&signed_in.session));
    if !stands || query.optional("again")?.is_some() {
        return to_sign_in(guest);
    }
    let notice = query.optional("notice")?.and_then(PasskeyNotice::parse);
    page(guest, &signed_in, &kept.passkeys, (None, ""), notice)
}

/// Does what a form says. It names the passkey, and the session the person: nobody reaches another's.
pub(crate) async fn submit(services: &Services, guest: &Guest<'_>) -> Result<Response, Problem> {
    let parameters = form(guest.request)?;
    let signed_in = guest.standing().await?.ok_or(Refusal::FormRejected)?;
    guest.open_form(FORM, parameters.required("csrf")?, &signed_in.binding())?;
    if !signed_in_just_now(guest, &signed_in) {
        return to_sign_in(guest);
    }
    let done = match parameters.required("do")? {
        "register" => {
            let registered = register(services, guest, Proof::Session(&signed_in), &parameters).await?;
            registered.map(|()| guest.back_to("/account/passkeys", PasskeyNotice::Registered.as_str()))
        }
        "remove" => match remove(services, guest, &signed_in, &parameters).await? {
            Ok(person) => Ok(removed(guest, &signed_in, &person).await?),
            Err(problem) => Err(problem),
        },
        _ => return Err(Refusal::MalformedParameter { name: "do", expected: "what a button says" }.into()),
    };
    match done {
        Ok(response) => Ok(response),
        Err(problem) => {
            let typed = parameters.optional("name")?.unwrap_or_default();
            let (_, kept) = guest.store.person_and_passkeys(&signed_in.session.person).await?;
            page(guest, &signed_in, &kept.passkeys, (Some(problem), typed), None)
        }
    }
}

/// Removes a passkey, and ends every session by the same write: whoever removes one because somebody else has it wants them out, and
/// what they began with it may have been renewed in another way since.
async fn remove(
    services: &Services,
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    parameters: &Parameters,
) -> Result<Result<Person, PasskeyProblem>, Problem> {
    let id = PasskeyId::parse(parameters.required("passkey")?)
        .ok_or(Refusal::MalformedParameter { name: "passkey", expected: "a passkey's identifier" })?;
    let proof = Proof::Session(signed_in);
    let without = |mut person: Person, own: Passkeys| {
        let has_password = person.password_hash.is_some() && guest.configuration.server.sign_in.passwords;
        let own = own.without(&id, has_password)?;
        person.end_sessions();
        Ok((person, own))
    };
    let changed = change(guest, proof, without).await?;
    let told = (Event::PasskeyRemoved, DeviceNews::PasskeyRemoved);
    Ok(settle(services, guest, proof.person(), changed, told).await)
}

/// The browser at which one was removed goes on.
async fn removed(guest: &Guest<'_>, signed_in: &SignedIn, person: &Person) -> Result<Response, Problem> {
    let mut response = guest.back_to("/account/passkeys", PasskeyNotice::Removed.as_str());
    let authentication = signed_in.session.authentication.clone();
    guest.renew_session(&mut response, signed_in, person, authentication).await?;
    Ok(response)
}

fn to_sign_in(guest: &Guest<'_>) -> Result<Response, Problem> {
    guest.sign_in_alone(&Destination::Page { page: AccountPage::Passkeys })
}

const fn status_of(problem: Option<PasskeyProblem>) -> StatusCode {
    if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }
}

fn page(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    own: &Passkeys,
    (problem, typed_name): (Option<PasskeyProblem>, &str),
    notice: Option<PasskeyNotice>,
) -> Result<Response, Problem> {
    let may_change = signed_in_just_now(guest, signed_in);
    let is_full = own.all().len() >= MOST_PASSKEYS;
    let registration = if may_change && !is_full { own_offer(guest, signed_in, own)? } else { None };
    let page = PasskeysPage {
        frame: guest.frame(),
        csrf: &guest.seal_form(FORM, &signed_in.binding())?,
        person: signed_in.person(),
        zone: &signed_in.zone(),
        passkeys: own.all().iter().map(listed).collect(),
        may_change,
        registration,
        problem,
        typed_name,
        notice,
    };
    let (status, has_script, html) = (status_of(problem), page.registration.is_some(), page.render());
    if has_script { guest.page_with_script(status, html, &[]) } else { guest.page(status, html, &[]) }
}

fn own_offer(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    own: &Passkeys,
) -> Result<Option<PasskeyOffer>, Problem> {
    let session = &signed_in.session;
    let holder = Holder { user_name: &session.user_name, display_name: &session.name };
    Ok(offer(guest, Proof::Session(signed_in), holder, own)?)
}

fn listed(passkey: &Passkey) -> ListedPasskey<'_> {
    ListedPasskey {
        id: passkey.id.as_str(),
        name: passkey.name.as_str(),
        made_at: passkey.made_at,
        used_at: passkey.used_at,
    }
}
