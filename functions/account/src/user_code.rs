use environment::Fault;
use http::audit::{Decision, Event, Outcome};
use http::{Problem, Response, StatusCode, form};
use oauth::{LONGEST_USER_CODE, Refusal, SHORTEST_USER_CODE, UserCode};
use pages::{AccountNotice, UserCodePage, UserCodeProblem};
use reception::{AccountPage, Checked, Destination, Guest, SignedIn};
use sessions::{Password, keep_user_code};
use store::KeptUserCode;

use crate::front::back_with;

/// The seal of this form.
const FORM: &str = "user code";

/// What is to become of the code.
enum Change {
    Set(UserCode),
    Remove,
}

/// Shows the form, or the sign-in page for whoever is not signed in.
pub(crate) async fn show(guest: &Guest<'_>) -> Result<Response, Problem> {
    let Some(signed_in) = guest.standing().await? else {
        return guest.sign_in_alone(&Destination::Page { page: AccountPage::UserCode });
    };
    let kept = guest.store.user_code(&signed_in.session.person).await?;
    page(guest, &signed_in, &kept, None)
}

/// Sets, changes or removes the code that agents have to show (`user_code`, OpenID CIBA Core 1.0, section 7.1). Whoever holds the
/// session must know the password: with a code of their own they could let an agent ask that the person never met.
pub(crate) async fn submit(guest: &Guest<'_>) -> Result<Response, Problem> {
    let parameters = form(guest.request)?;
    let signed_in = guest.standing().await?.ok_or(Refusal::FormRejected)?;
    guest.open_form(FORM, parameters.required("csrf")?, &signed_in.binding())?;
    let kept = guest.store.user_code(&signed_in.session.person).await?;
    let again = |problem| page(guest, &signed_in, &kept, Some(problem));
    let password = parameters.optional("current_password")?.unwrap_or_default();
    let typed = parameters.optional("user_code")?.unwrap_or_default();
    let change = match (parameters.optional("remove")?, UserCode::parse(typed)) {
        (Some(_), _) => Change::Remove,
        (None, Some(code)) if code.expose() == password => return again(UserCodeProblem::IsThePassword),
        (None, Some(code)) => Change::Set(code),
        (None, None) => return again(UserCodeProblem::Unusable),
    };
    if let Some((problem, refusal)) = not_theirs(guest, &signed_in, password).await? {
        let refused = Outcome::Refused(&refusal);
        record(guest, &signed_in, refused);
        return again(problem);
    }
    keep(guest, &signed_in, &kept, &change).await
}

/// Why this is not the password of whoever is signed in. A guess counts as one at the sign-in page does.
async fn not_theirs(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    password: &str,
) -> Result<Option<(UserCodeProblem, Refusal)>, Problem> {
    let wrong = Some((UserCodeProblem::PasswordIsWrong, Refusal::LoginRequired));
    let Some(password) = Password::typed(password.to_owned()) else { return Ok(wrong) };
    Ok(match guest.check_password(&signed_in.session.user_name, &password).await? {
        Checked::Proven(person) if person.id == signed_in.session.person => None,
        Checked::Proven(_) | Checked::Wrong { .. } => wrong,
        Checked::TooMany { wait } => {
            Some((UserCodeProblem::TooManyAttempts { wait }, Refusal::SlowDown { retry_after: wait }))
        }
    })
}

async fn keep(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    before: &KeptUserCode,
    change: &Change,
) -> Result<Response, Problem> {
    let (hash, notice) = match change {
        Change::Set(code) => {
            aws::count("Argon2id");
            (Some(keep_user_code(code, guest.dice.roll())), AccountNotice::UserCodeSet)
        }
        Change::Remove => (None, AccountNotice::UserCodeRemoved),
    };
    if !guest.store.keep_user_code(before, hash).await? {
        return Err(Fault::unavailable("table", "the code was changed at the same moment").into());
    }
    record(guest, signed_in, Outcome::Granted);
    Ok(back_with(guest, notice))
}

fn record(guest: &Guest<'_>, signed_in: &SignedIn, outcome: Outcome<'_>) {
    Decision::new(Event::UserCode, outcome, guest.request, guest.now)
        .person(&signed_in.session.person)
        .record();
}

fn page(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    kept: &KeptUserCode,
    problem: Option<UserCodeProblem>,
) -> Result<Response, Problem> {
    let page = UserCodePage {
        frame: guest.frame(),
        csrf: &guest.seal_form(FORM, &signed_in.binding())?,
        person: signed_in.person(),
        is_set: kept.hash.is_some(),
        least_length: SHORTEST_USER_CODE,
        most_length: LONGEST_USER_CODE,
        problem,
    };
    let status = match problem {
        None => StatusCode::OK,
        Some(UserCodeProblem::TooManyAttempts { .. }) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    guest.page(status, page.render(), &[])
}
