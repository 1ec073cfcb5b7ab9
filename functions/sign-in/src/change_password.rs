use http::audit::{Decision, Event, Outcome};
use http::{Problem, Response, StatusCode, answer, form};
use oauth::{AuthenticationEvent, Refusal};
use pages::{AccountNotice, ChangePasswordPage, PasswordProblem};
use reception::{Checked, Guest, SignedIn};
use sessions::{Password, SHORTEST_PASSWORD};
use store::Person;

use crate::sign_in;

/// The seal of this form.
const FORM: &str = "change password";

/// Shows the form, or the sign-in page for whoever is not signed in.
pub(crate) async fn show(guest: &Guest<'_>) -> Result<Response, Problem> {
    if !guest.configuration.server.sign_in.passwords {
        return Ok(answer::see_other(&guest.path("/account")));
    }
    match guest.standing().await? {
        Some(signed_in) => page(guest, &signed_in, None),
        None => sign_in::alone(guest),
    }
}

/// Changes the password. Whoever holds the session must still know the old one; the other sessions end.
pub(crate) async fn submit(guest: &Guest<'_>) -> Result<Response, Problem> {
    let parameters = form(guest.request)?;
    let signed_in = guest.standing().await?.ok_or(Refusal::FormRejected)?;
    guest.open_form(FORM, parameters.required("csrf")?, &signed_in.binding())?;
    if !guest.configuration.server.sign_in.passwords {
        return Err(Refusal::FormRejected.into());
    }
    let typed = |name| Ok::<_, Refusal>(parameters.optional(name)?.unwrap_or_default().to_owned());
    let (current, new, again) =
        (typed("current_password")?, typed("new_password")?, typed("new_password_again")?);
    if new != again {
        return page(guest, &signed_in, Some(PasswordProblem::RepetitionDiffers));
    }
    if new == current {
        return page(guest, &signed_in, Some(PasswordProblem::Unchanged));
    }
    let new = match Password::typed(new) {
        Some(new) if new.is_long_enough() => new,
        Some(_) => return page(guest, &signed_in, Some(PasswordProblem::TooShort)),
        None => return page(guest, &signed_in, Some(PasswordProblem::TooLong)),
    };
    let Some(current) = Password::typed(current) else {
        return page(guest, &signed_in, Some(PasswordProblem::CurrentIsWrong));
    };
    match guest.check_password(&signed_in.session.user_name, &current).await? {
        Checked::Proven(person) => change(guest, &signed_in, &person, &new).await,
        Checked::Wrong { .. } => {
            record_refusal(guest, &signed_in, &Refusal::LoginRequired);
            page(guest, &signed_in, Some(PasswordProblem::CurrentIsWrong))
        }
        Checked::TooMany { wait } => {
            record_refusal(guest, &signed_in, &Refusal::SlowDown { retry_after: wait });
            page(guest, &signed_in, Some(PasswordProblem::TooManyAttempts { wait }))
        }
    }
}

/// Whoever sits at a stolen session and guesses the password is seen in the audit trail.
fn record_refusal(guest: &Guest<'_>, signed_in: &SignedIn, refusal: &Refusal) {
    Decision::new(Event::PasswordChange, Outcome::Refused(refusal), guest.request, guest.now)
        .person(&signed_in.session.person)
        .record();
}

async fn change(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    person: &Person,
    new: &Password,
) -> Result<Response, Problem> {
    aws::count("Argon2id");
    let hash = new.hash(guest.dice.roll()).as_str().to_owned();
    let mut changed = Person { password_hash: Some(hash), ..person.clone() };
    changed.end_sessions();
    guest.store.update_person(person, &changed).await?;
    // They have just typed the password, however they had signed in.
    let authentication = AuthenticationEvent { auth_time: guest.now, amr: vec!["pwd".to_owned()] };
    let mut response = guest.back_to("/account", AccountNotice::PasswordChanged.as_str());
    guest.renew_session(&mut response, signed_in, &changed, authentication).await?;
    Decision::new(Event::PasswordChange, Outcome::Granted, guest.request, guest.now)
        .person(&person.id)
        .record();
    Ok(response)
}

fn page(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    problem: Option<PasswordProblem>,
) -> Result<Response, Problem> {
    let csrf = guest.seal_form(FORM, &signed_in.binding())?;
    let page = ChangePasswordPage {
        frame: guest.frame(),
        csrf: &csrf,
        person: signed_in.person(),
        least_length: SHORTEST_PASSWORD,
        problem,
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    guest.page(status, page.render(), &[])
}
