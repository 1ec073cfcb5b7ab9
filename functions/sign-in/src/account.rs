use http::{Problem, Response, StatusCode, answer, audit, form, query};
use oauth::{ClientId, Refusal, Sha256Digest};
use pages::{AccountNotice, AccountPage, RememberedChoice};
use reception::Guest;
use store::RememberedConsent;

use crate::sign_in;

/// The seal of the account's forms.
pub(crate) const ACCOUNT_FORM: &str = "account";

/// The front page of the account, or the sign-in page for whoever is not signed in.
pub(crate) async fn show(guest: &Guest<'_>) -> Result<Response, Problem> {
    let Some(signed_in) = guest.standing().await? else {
        return sign_in::alone(guest);
    };
    let notice = match query(guest.request)?.optional("notice")? {
        Some("password-changed") => Some(AccountNotice::PasswordChanged),
        Some("consent-forgotten") => Some(AccountNotice::ConsentForgotten),
        _ => None,
    };
    let consents = guest.store.remembered_consents(&signed_in.session.person, guest.now).await?;
    let page = AccountPage {
        frame: guest.frame(),
        csrf: &guest.seal_form(ACCOUNT_FORM, &signed_in.binding())?,
        person: signed_in.person(),
        zone: &signed_in.zone(),
        remembered: consents.iter().map(|consent| remembered(guest, consent)).collect(),
        notice,
    };
    guest.page(StatusCode::OK, page.render(), &[])
}

fn remembered<'a>(guest: &'a Guest<'_>, consent: &'a RememberedConsent) -> RememberedChoice<'a> {
    RememberedChoice {
        client_name: &consent.client_name,
        client_id: consent.client.as_str(),
        key: consent.asked.to_base64url(),
        sentences: &consent.sentences,
        language: &consent.language,
        scopes: consent.scope.iter().map(|scope| guest.scope_choice(scope)).collect(),
        since: consent.granted_at,
        until: consent.expires_at,
    }
}

/// Forgets a remembered consent of whoever is signed in. The form names the consent, and the session the person: nobody
/// reaches another's.
pub(crate) async fn forget(guest: &Guest<'_>) -> Result<Response, Problem> {
    let parameters = form(guest.request)?;
    let signed_in = guest.standing().await?.ok_or(Refusal::FormRejected)?;
    guest.open_form(ACCOUNT_FORM, parameters.required("csrf")?, &signed_in.binding())?;
    let client = ClientId::parse(parameters.required("client")?)
        .ok_or(Refusal::MalformedParameter { name: "client", expected: "a client's identifier" })?;
    let asked = Sha256Digest::from_base64url(parameters.required("consent")?)
        .ok_or(Refusal::MalformedParameter { name: "consent", expected: "a SHA-256 in base64url" })?;
    let person = &signed_in.session.person;
    if guest.store.forget_consent(person, &client, &asked).await? {
        audit::Decision::new(
            audit::Event::ConsentForgotten,
            audit::Outcome::Granted,
            guest.request,
            guest.now,
        )
        .client(&client)
        .person(person)
        .details_digest(&asked)
        .record();
    }
    Ok(answer::see_other(&format!("{}?notice=consent-forgotten", guest.path("/account"))))
}
