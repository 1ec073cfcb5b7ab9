use environment::Fault;
use http::audit::{Decision, Event, Outcome};
use http::{Problem, Response, StatusCode, form, query};
use oauth::{LONGEST_USER_CODE, Refusal, SHORTEST_USER_CODE, UserCode};
use pages::{AccountNotice, DeviceNews, UserCodePage, UserCodeProblem, UserCodeProof};
use reception::{AccountPage, Checked, Destination, Guest, SignedIn};
use sessions::{Password, keep_user_code};
use store::{KeptUserCode, Person};

use crate::devices::tell_at;
use crate::just_now::signed_in_just_now;
use crate::{HOUR, Services};

/// The seal of this form.
const FORM: &str = "user code";

/// How often one person tries to change it in an hour: whether or not the password is right, each time costs us slow hashes.
const TRIES_PER_HOUR: u32 = 10;

/// What is to become of the code.
enum Change {
    Set(UserCode),
    Remove,
}

/// Who is at this page, and what shows that it is them.
struct Visitor {
    signed_in: SignedIn,
    proof: UserCodeProof,
}

/// Shows the form, or the sign-in page for whoever is not signed in, or wants to sign in anew.
pub(crate) async fn show(guest: &Guest<'_>) -> Result<Response, Problem> {
    let again = query(guest.request)?.optional("again")?.is_some();
    let Some(visitor) = visitor(guest).await?.filter(|_| !again) else { return to_sign_in(guest) };
    let kept = guest.store.user_code(&visitor.signed_in.session.person).await?;
    page(guest, &visitor, &kept, None)
}

/// Sets, changes or removes the code that agents have to show (`user_code`, OpenID CIBA Core 1.0, section 7.1). Whoever holds the
/// session must know the password, or without one have signed in just now: with a code of their own they could let an agent ask that
/// the person never met.
pub(crate) async fn submit(services: &Services, guest: &Guest<'_>) -> Result<Response, Problem> {
    let parameters = form(guest.request)?;
    let visitor = visitor(guest).await?.ok_or(Refusal::FormRejected)?;
    let signed_in = &visitor.signed_in;
    guest.open_form(FORM, parameters.required("csrf")?, &signed_in.binding())?;
    if visitor.proof == UserCodeProof::SignInAgain {
        return to_sign_in(guest);
    }
    let kept = guest.store.user_code(&signed_in.session.person).await?;
    let again = |problem| page(guest, &visitor, &kept, Some(problem));
    let password = parameters.optional("current_password")?.unwrap_or_default();
    let typed = parameters.optional("user_code")?.unwrap_or_default();
    let change = match (parameters.optional("remove")?, UserCode::parse(typed)) {
        (Some(_), _) => Change::Remove,
        (None, Some(code)) if code.expose() == password => return again(UserCodeProblem::IsThePassword),
        (None, Some(code)) => Change::Set(code),
        (None, None) => return again(UserCodeProblem::Unusable),
    };
    if let Some((problem, refusal)) = not_theirs(guest, &visitor, password).await? {
        record(guest, signed_in, Outcome::Refused(&refusal));
        return again(problem);
    }
    keep(services, guest, signed_in, (&kept, &change)).await
}

async fn visitor(guest: &Guest<'_>) -> Result<Option<Visitor>, Fault> {
    let Some((signed_in, person)) = guest.standing_person().await? else { return Ok(None) };
    let proof = proof(guest, &signed_in, &person);
    Ok(Some(Visitor { signed_in, proof }))
}

/// Whoever has a password that counts types it. Nobody else can: they sign in.
fn proof(guest: &Guest<'_>, signed_in: &SignedIn, person: &Person) -> UserCodeProof {
    if guest.configuration.server.sign_in.passwords && person.password_hash.is_some() {
        UserCodeProof::Password
    } else if signed_in_just_now(guest, signed_in) {
        UserCodeProof::SignedInJustNow
    } else {
        UserCodeProof::SignInAgain
    }
}

fn to_sign_in(guest: &Guest<'_>) -> Result<Response, Problem> {
    guest.sign_in_alone(&Destination::Page { page: AccountPage::UserCode })
}

/// Why the code stays as it is: the password is not that of whoever is signed in, or nothing is looked at for a while. A guess counts
/// as one at the sign-in page does.
async fn not_theirs(
    guest: &Guest<'_>,
    Visitor { signed_in, proof }: &Visitor,
    password: &str,
) -> Result<Option<(UserCodeProblem, Refusal)>, Problem> {
    let wrong = Some((UserCodeProblem::PasswordIsWrong, Refusal::LoginRequired));
    let too_many =
        |wait| Some((UserCodeProblem::TooManyAttempts { wait }, Refusal::SlowDown { retry_after: wait }));
    if *proof != UserCodeProof::Password {
        return Ok(if may_try(guest, signed_in).await? { None } else { too_many(HOUR) });
    }
    let Some(password) = Password::typed(password.to_owned()) else { return Ok(wrong) };
    // A guess that comes too early is not looked at, and costs nothing.
    let seen = guest.store.sign_in_attempts(&signed_in.session.user_name, guest.now).await?;
    if let Some(until) = seen.attempts.blocked_until.filter(|until| guest.now < *until) {
        return Ok(too_many(until.since(guest.now)));
    }
    if !may_try(guest, signed_in).await? {
        return Ok(too_many(HOUR));
    }
    Ok(match guest.check_password(&signed_in.session.user_name, &password).await? {
        Checked::Proven(person) if person.id == signed_in.session.person => None,
        Checked::Proven(_) | Checked::Wrong { .. } => wrong,
        Checked::TooMany { wait } => too_many(wait),
    })
}

async fn may_try(guest: &Guest<'_>, signed_in: &SignedIn) -> Result<bool, Fault> {
    let tries = format!("USER_CODES#{}", signed_in.session.person);
    guest.store.count_within(&tries, TRIES_PER_HOUR, HOUR, guest.now).await
}

async fn keep(
    services: &Services,
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    (before, change): (&KeptUserCode, &Change),
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
    // Whoever has the session and the password, and is not the person, is seen.
    let (person, kept) = guest.store.person_and_devices(&signed_in.session.person).await?;
    if let Some(person) = person {
        tell_at(services, guest, &person, kept.reach.in_use(), DeviceNews::UserCode).await;
    }
    Ok(guest.back_to("/account", notice.as_str()))
}

fn record(guest: &Guest<'_>, signed_in: &SignedIn, outcome: Outcome<'_>) {
    Decision::new(Event::UserCode, outcome, guest.request, guest.now)
        .person(&signed_in.session.person)
        .record();
}

fn page(
    guest: &Guest<'_>,
    Visitor { signed_in, proof }: &Visitor,
    kept: &KeptUserCode,
    problem: Option<UserCodeProblem>,
) -> Result<Response, Problem> {
    let page = UserCodePage {
        frame: guest.frame(),
        csrf: &guest.seal_form(FORM, &signed_in.binding())?,
        person: signed_in.person(),
        is_set: kept.hash.is_some(),
        proof: *proof,
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
