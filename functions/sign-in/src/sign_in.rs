use http::request::arrival;
use http::{Problem, Response, answer, audit, form, query};
use oauth::{AuthenticationEvent, LONGEST_USER_NAME, Parameters, Refusal, Secret};
use pages::{LeadsTo, SignInProblem};
use passkeys::AUTHENTICATION_METHODS;
use reception::{Checked, Destination, Guest};
use sessions::{Interaction, Password, Request};
use store::{COUNTED_TOGETHER, Membership, Person, Session};

use crate::by_passkey::{self, NotProven};

/// Shows the page: to go on with an interaction, or for somebody who came on their own.
pub(crate) fn show(guest: &Guest<'_>) -> Result<Response, Problem> {
    match query(guest.request)?.optional("interaction")? {
        Some(sealed) => {
            guest.open(sealed)?;
            guest.sign_in_form(sealed, LeadsTo::Account, "", None)
        }
        None => alone(guest),
    }
}

/// The page for somebody who came on their own.
pub(crate) fn alone(guest: &Guest<'_>) -> Result<Response, Problem> {
    guest.sign_in_alone(&Destination::Account)
}

/// Where the person goes on afterwards.
enum Onwards {
    /// To the client that sent them, by what they still have to do for it.
    Client(Interaction),
    /// To a page of ours.
    Ours(Destination),
}

/// Takes what was typed. Afterwards the person goes on where they came from, in a session with a new secret
/// (no session that somebody else planted survives a sign-in).
pub(crate) async fn submit(guest: &Guest<'_>) -> Result<Response, Problem> {
    let parameters = form(guest.request)?;
    let sealed = parameters.required("interaction")?;
    let onwards = match guest.open(sealed) {
        Ok(interaction) => Onwards::Client(interaction),
        Err(_) => Onwards::Ours(guest.open_destination(sealed)?),
    };
    if by_passkey::is_meant(&parameters)? {
        return with_passkey(guest, &parameters, &onwards).await;
    }
    let again = async |problem| again(guest, &parameters, &onwards, problem, None).await;
    let typed = typed(&parameters)?.filter(|_| guest.configuration.server.sign_in.passwords);
    let Some((user_name, password)) = typed else {
        return again(SignInProblem::WrongUserNameOrPassword).await;
    };
    if !within_limits(guest).await {
        return again(SignInProblem::TooManyAttempts { wait: COUNTED_TOGETHER }).await;
    }
    match guest.check_password(&user_name, &password).await? {
        Checked::Proven(person) => begin(guest, &person, &onwards, &["pwd"]).await,
        Checked::Wrong { person } => {
            // For the audit alone: the answer is the same, be there such a person or not.
            person.iter().for_each(http::note_person);
            again(SignInProblem::WrongUserNameOrPassword).await
        }
        Checked::TooMany { wait } => again(SignInProblem::TooManyAttempts { wait }).await,
    }
}

/// Takes the answer of an authenticator.
async fn with_passkey(
    guest: &Guest<'_>,
    parameters: &Parameters,
    onwards: &Onwards,
) -> Result<Response, Problem> {
    if !within_limits(guest).await {
        let wait = SignInProblem::TooManyAttempts { wait: COUNTED_TOGETHER };
        return again(guest, parameters, onwards, wait, None).await;
    }
    match by_passkey::check(guest, parameters).await? {
        Ok(person) => begin(guest, &person, onwards, &AUTHENTICATION_METHODS).await,
        Err(NotProven { problem, why }) => again(guest, parameters, onwards, problem, Some(&why)).await,
    }
}

/// Whether this address has not tried too often, whoever they said they were: each attempt costs a password hash, or a signature's
/// verification.
async fn within_limits(guest: &Guest<'_>) -> bool {
    let address = arrival(guest.request).source_ip.as_deref().unwrap_or_default();
    let per_minute = guest.configuration.server.limits.sign_ins_per_minute;
    guest.store.count_request(&format!("ADDRESS#{address}"), 1, per_minute, guest.now).await
}

/// The user name in lower case and the password. Nothing that cannot be right is looked up.
fn typed(parameters: &Parameters) -> Result<Option<(String, Password)>, Refusal> {
    let user_name = parameters.optional("user_name")?.map(|name| name.trim().to_lowercase());
    let user_name = user_name.filter(|name| (1..=LONGEST_USER_NAME).contains(&name.len()));
    let password = parameters.optional("password")?.and_then(|text| Password::typed(text.to_owned()));
    Ok(user_name.zip(password))
}

async fn again(
    guest: &Guest<'_>,
    parameters: &Parameters,
    onwards: &Onwards,
    problem: SignInProblem,
    why: Option<&str>,
) -> Result<Response, Problem> {
    let refusal = match problem {
        SignInProblem::TooManyAttempts { wait } => Refusal::SlowDown { retry_after: wait },
        _ => Refusal::LoginRequired,
    };
    let outcome = why.map_or(audit::Outcome::Refused(&refusal), audit::Outcome::Failed);
    audit::Decision::new(audit::Event::SignIn, outcome, guest.request, guest.now).record();
    let client_name;
    let leads_to = match onwards {
        Onwards::Client(interaction) => {
            client_name = self::client_name(guest, interaction).await?;
            client_name.as_deref().map_or(LeadsTo::Account, LeadsTo::Client)
        }
        Onwards::Ours(destination) => destination.leads_to(),
    };
    let user_name = parameters.optional("user_name")?.unwrap_or_default();
    guest.sign_in_form(parameters.required("interaction")?, leads_to, user_name, Some(problem))
}

/// The name of the client that the person came from, in whose request the language may stand, too.
async fn client_name(guest: &Guest<'_>, interaction: &Interaction) -> Result<Option<String>, Problem> {
    let pushed;
    let request = match &interaction.request {
        Request::Carried(request) => request,
        Request::Pushed { .. } => {
            pushed = guest.pushed(interaction).await?;
            pushed.taken_up(guest.now)?
        }
    };
    guest.was_sent_with(request);
    let client = guest.store.client(&guest.configuration, &request.client_id, guest.now).await?;
    Ok(client.and_then(|client| client.vouched_name().map(str::to_owned)))
}

async fn begin(
    guest: &Guest<'_>,
    person: &Person,
    onwards: &Onwards,
    methods: &[&str],
) -> Result<Response, Problem> {
    let secret = Secret::new(guest.dice.roll::<32>());
    let session = Session {
        person: person.id.clone(),
        user_name: person.profile.user_name.clone(),
        name: person.profile.name.clone(),
        locale: person.profile.locale.clone(),
        zone: person.profile.zone.clone(),
        membership: Some(Membership {
            groups: person.profile.groups.clone(),
            attributes: person.profile.attributes.clone(),
        }),
        authentication: AuthenticationEvent {
            auth_time: guest.now,
            amr: methods.iter().map(|method| (*method).to_owned()).collect(),
        },
        generation: person.session_generation,
        expires_at: guest.now.after(guest.configuration.server.lifetimes.session),
    };
    guest.store.begin_session(&secret, &session).await?;
    if let Some(earlier) = guest.signed_in().await? {
        guest.store.end_session(earlier.secret()).await?;
    }
    audit::Decision::new(audit::Event::SignIn, audit::Outcome::Granted, guest.request, guest.now)
        .person(&person.id)
        .record();
    let location = match onwards {
        Onwards::Client(interaction) => {
            let sealed = guest.seal(&interaction.clone().with_signed_in(person.id.clone()))?;
            format!("{}?interaction={sealed}", guest.path("/authorize"))
        }
        Onwards::Ours(destination) => guest.path(&destination.path()),
    };
    let mut response = answer::see_other(&location);
    guest.keep_session(&mut response, &secret)?;
    Ok(response)
}
