use std::sync::Arc;
use std::time::Duration;

use environment::Fault;
use http::audit::{Decision, Event, Outcome};
use http::{Problem, Response, StatusCode, form};
use oauth::configuration::Client;
use oauth::{Asks, ClientId, INVITATION_LIFE, Invitation, InvitationCode, Refusal};
use pages::{ANY_AGENT, AskingAgent, InvitationPage, InvitePage, InviteProblem};
use reception::{AccountPage, Destination, Guest, SignedIn};
use store::COUNTED_TOGETHER;

use crate::HOUR;

/// The seal of this form.
const FORM: &str = "invitation";
/// How many invitations one person makes in a minute. With their life it says how many of theirs wait at most.
const INVITATIONS_PER_MINUTE: u32 = 5;
/// How many they make in an hour.
const INVITATIONS_PER_HOUR: u32 = 20;

/// Whom a person invites.
enum Invited {
    /// This client.
    One(Arc<Client>),
    /// Any that may ask people.
    Any,
}

/// Shows the agents to choose from, or the sign-in page for whoever is not signed in.
pub(crate) async fn show(guest: &Guest<'_>) -> Result<Response, Problem> {
    match guest.standing().await? {
        Some(signed_in) => to_choose(guest, &signed_in, None).await,
        None => guest.sign_in_alone(&Destination::Page { page: AccountPage::Invitations }),
    }
}

/// Makes an invitation (OpenID CIBA Core 1.0, section 7.1, `login_hint_token`) and shows its code, this once.
pub(crate) async fn submit(guest: &Guest<'_>) -> Result<Response, Problem> {
    let parameters = form(guest.request)?;
    let signed_in = guest.signed_in().await?.ok_or(Refusal::FormRejected)?;
    let (person, kept) = guest.store.person_and_own_asks(&signed_in.session.person).await?;
    person.filter(|person| person.allows(&signed_in.session)).ok_or(Refusal::FormRejected)?;
    guest.open_form(FORM, parameters.required("csrf")?, &signed_in.binding())?;
    let chosen = parameters.optional("agent")?.unwrap_or_default();
    let invited = match chosen_of(guest, chosen, &kept.asks).await? {
        Ok(invited) => invited,
        Err(problem) => return to_choose(guest, &signed_in, Some(problem)).await,
    };
    if let Some(wait) = has_to_wait(guest, &signed_in).await? {
        let refusal = Refusal::SlowDown { retry_after: wait };
        record(guest, &signed_in, &invited, Outcome::Refused(&refusal));
        return to_choose(guest, &signed_in, Some(InviteProblem::TooMany { wait })).await;
    }
    invite(guest, &signed_in, &invited).await
}

/// How long a person has to wait who has made many. Each of those of an hour is written down, so that no number of processes lets more
/// pass; those of a minute are not.
async fn has_to_wait(guest: &Guest<'_>, signed_in: &SignedIn) -> Result<Option<Duration>, Fault> {
    let person = &signed_in.session.person;
    let caller = format!("INVITES#{person}");
    if !guest.store.count_request(&caller, 1, INVITATIONS_PER_MINUTE, guest.now).await {
        return Ok(Some(COUNTED_TOGETHER));
    }
    let caller = format!("INVITED#{person}");
    let is_within = guest.store.count_within(&caller, INVITATIONS_PER_HOUR, HOUR, guest.now).await?;
    Ok((!is_within).then_some(HOUR))
}

/// Whom the form names. Nobody is invited unless they say so: an empty choice is none, and not any.
async fn chosen_of(
    guest: &Guest<'_>,
    chosen: &str,
    asks: &Asks,
) -> Result<Result<Invited, InviteProblem>, Problem> {
    if chosen == ANY_AGENT {
        return Ok(Ok(Invited::Any));
    }
    let listed = guest.store.clients_that_ask(&guest.configuration).await?;
    let Some(client) = listed.iter().find(|client| client.id.as_str() == chosen) else {
        return Ok(Err(InviteProblem::NoAgentChosen));
    };
    if asks.is_blocked(&client.id) {
        return Ok(Err(InviteProblem::AgentIsBlocked));
    }
    let disabled = guest.store.client_state(&client.id, guest.now).await?.disabled;
    Ok(if disabled { Err(InviteProblem::AgentIsOff) } else { Ok(Invited::One(client.clone())) })
}

async fn invite(guest: &Guest<'_>, signed_in: &SignedIn, invited: &Invited) -> Result<Response, Problem> {
    let code = InvitationCode::from_random(guest.dice.roll());
    let invitation = Invitation {
        person: signed_in.session.person.clone(),
        client: invited.client_id().cloned(),
        expires_at: guest.now.after(INVITATION_LIFE),
    };
    if !guest.store.invite(&code, &invitation).await? {
        return Err(Fault::broken("dice", "a code came twice").into());
    }
    record(guest, signed_in, invited, Outcome::Granted);
    let page = InvitationPage {
        frame: guest.frame(),
        code: &code.reveal(),
        client_name: invited.client_name(),
        until: invitation.expires_at,
        zone: &signed_in.zone(),
    };
    guest.page(StatusCode::OK, page.render(), &[])
}

impl Invited {
    fn client_id(&self) -> Option<&ClientId> {
        match self {
            Self::One(client) => Some(&client.id),
            Self::Any => None,
        }
    }

    fn client_name(&self) -> Option<&str> {
        match self {
            Self::One(client) => Some(&client.name),
            Self::Any => None,
        }
    }
}

fn record(guest: &Guest<'_>, signed_in: &SignedIn, invited: &Invited, outcome: Outcome<'_>) {
    let decision =
        Decision::new(Event::Invitation, outcome, guest.request, guest.now).person(&signed_in.session.person);
    match invited.client_id() {
        Some(client) => decision.client(client).record(),
        None => decision.record(),
    }
}

async fn to_choose(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    problem: Option<InviteProblem>,
) -> Result<Response, Problem> {
    let listed = guest.store.clients_that_ask(&guest.configuration).await?;
    let page = InvitePage {
        frame: guest.frame(),
        csrf: &guest.seal_form(FORM, &signed_in.binding())?,
        agents: listed
            .iter()
            .map(|client| AskingAgent { name: &client.name, id: client.id.as_str() })
            .collect(),
        life: INVITATION_LIFE,
        problem,
    };
    let status = match problem {
        None => StatusCode::OK,
        Some(InviteProblem::TooMany { .. }) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    guest.page(status, page.render(), &[])
}
