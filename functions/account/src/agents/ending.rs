use environment::Fault;
use http::audit::{Decision, Event, Outcome};
use http::{Problem, Response, StatusCode, form, query};
use oauth::{Authorization, ClientId, End, Ended, GrantId, Holding, Parameters, PersonId, Refusal, Stage};
use pages::{AgentsNotice, EndAccessPage};
use reception::{Guest, SignedIn};
use store::{Commit, Person};

use super::{Listing, gone, listed, of, to_sign_in};

/// The seal of this form.
const FORM: &str = "end access";

/// How often an ending is made again because somebody else changed the same meanwhile.
const MOST_TRIES: usize = 4;

/// What is to be ended.
enum Meant {
    /// This authorization.
    One(GrantId),
    /// Everything of this agent.
    AllOf(ClientId),
}

impl Meant {
    fn parse(parameters: &Parameters) -> Result<Self, Refusal> {
        let Some(agent) = parameters.optional("agent")? else { return of(parameters).map(Self::One) };
        let agent = ClientId::parse(agent)
            .ok_or(Refusal::MalformedParameter { name: "agent", expected: "a client's identifier" })?;
        match parameters.optional("of")? {
            None => Ok(Self::AllOf(agent)),
            Some(_) => Err(Refusal::MalformedParameter { name: "of", expected: "nothing beside agent" }),
        }
    }

    /// Whether something ends with it.
    fn includes(&self, holding: &Holding<'_>) -> bool {
        match self {
            Self::One(id) => holding.id == id || holding.root == Some(id),
            Self::AllOf(agent) => is_part_of(agent, holding),
        }
    }
}

/// Whether an agent has its part in something: it holds it, or acts with it.
fn is_part_of(agent: &ClientId, holding: &Holding<'_>) -> bool {
    holding.client_id == agent || holding.act.clients().any(|acting| acting == *agent)
}

/// Shows what ending does.
pub(crate) async fn show(guest: &Guest<'_>) -> Result<Response, Problem> {
    let meant = Meant::parse(&query(guest.request)?)?;
    let Some((signed_in, listing)) = listed(guest).await? else { return to_sign_in(guest) };
    let (agent, access) = match &meant {
        Meant::One(id) => match listing.find(id) {
            Some((_, holding)) => (holding.client_id, Some(listing.access(guest, &holding))),
            None => return gone(guest, &signed_in, &listing),
        },
        Meant::AllOf(agent) if listing.all().any(|(_, holding)| is_part_of(agent, &holding)) => (agent, None),
        Meant::AllOf(_) => return gone(guest, &signed_in, &listing),
    };
    let page = EndAccessPage {
        frame: guest.frame(),
        csrf: &guest.seal_form(FORM, &signed_in.binding())?,
        agent: listing.names.of(agent),
        agent_id: agent.as_str(),
        access,
        token_lives: listing.token_lives(guest, &signed_in, |holding| meant.includes(holding)),
    };
    guest.page(StatusCode::OK, page.render(), &[])
}

/// Ends what the form says. It names the authorization or the agent, and the session the person: nobody reaches another's.
pub(crate) async fn submit(guest: &Guest<'_>) -> Result<Response, Problem> {
    let parameters = form(guest.request)?;
    let signed_in = guest.standing().await?.ok_or(Refusal::FormRejected)?;
    guest.open_form(FORM, parameters.required("csrf")?, &signed_in.binding())?;
    let notice = match Meant::parse(&parameters)? {
        Meant::One(id) => one(guest, &signed_in, &id).await?.then_some(AgentsNotice::AccessEnded),
        Meant::AllOf(agent) => all_of(guest, &signed_in, &agent).await?.then_some(AgentsNotice::AgentEnded),
    };
    match notice {
        Some(notice) => Ok(guest.back_to("/account/agents", notice.as_str())),
        None => match listed(guest).await? {
            Some((signed_in, listing)) => gone(guest, &signed_in, &listing),
            None => to_sign_in(guest),
        },
    }
}

/// Ends one authorization, as it stands now, and says whether it is the person's.
async fn one(guest: &Guest<'_>, signed_in: &SignedIn, id: &GrantId) -> Result<bool, Problem> {
    let person = &signed_in.session.person;
    let Some(client) = end(guest, person, id).await? else { return Ok(false) };
    record(guest, person, &client, Some(id));
    Ok(true)
}

/// Ends an authorization of this person, and says whose it was; nothing for one that is not theirs.
async fn end(guest: &Guest<'_>, person: &PersonId, id: &GrantId) -> Result<Option<ClientId>, Problem> {
    let mut standing = guest.store.authorization(id).await?;
    for _ in 0..MOST_TRIES {
        let Some(authorization) = standing else { return Ok(None) };
        let client = authorization.client_id().clone();
        if was_ended(&authorization, person) {
            return Ok(Some(client));
        }
        if authorization.holding(guest.now).is_none_or(|holding| holding.person != *person) {
            return Ok(None);
        }
        match guest.store.commit(&authorization.ended(End::Revoked, guest.now)).await? {
            Commit::Done => return Ok(Some(client)),
            // Its client renewed it at this moment.
            Commit::Outdated(now) => standing = now.map(|now| *now),
        }
    }
    Err(Fault::unavailable("table", "an authorization keeps changing").into())
}

/// Who presses the button twice has ended it.
fn was_ended(authorization: &Authorization, of: &PersonId) -> bool {
    matches!(&authorization.stage, Stage::Ended(Ended { person: Some(person), .. }) if person == of)
}

/// Ends everything of an agent: by one mark on the person's record, which counts for what no list shows as well. What is listed is
/// ended besides: then it is over for a program of before there were such marks, too.
async fn all_of(guest: &Guest<'_>, signed_in: &SignedIn, agent: &ClientId) -> Result<bool, Problem> {
    let person = &signed_in.session.person;
    let Some(listing) = Listing::read(guest, person).await? else { return Ok(false) };
    let holds = listing.all().any(|(_, holding)| is_part_of(agent, &holding));
    // What no list shows may be there: a token that was exchanged, an authorization of this very moment.
    if !holds && guest.store.client(&guest.configuration, agent, guest.now).await?.is_none() {
        return Ok(false);
    }
    mark(guest, listing.held.person.clone(), agent).await?;
    record(guest, person, agent, None);
    for (_, holding) in listing.all().filter(|(_, holding)| is_part_of(agent, holding)) {
        end(guest, person, holding.id).await?;
    }
    Ok(true)
}

async fn mark(guest: &Guest<'_>, mut before: Person, agent: &ClientId) -> Result<(), Problem> {
    let mut tries = 1;
    loop {
        let mut after = before.clone();
        after.end_client(agent, guest.now);
        let written = guest.store.update_person(&before, &after).await;
        if written.is_ok() || tries == MOST_TRIES {
            return Ok(written?);
        }
        tries += 1;
        before = guest.store.person(&before.id).await?.ok_or(Refusal::FormRejected)?;
    }
}

fn record(guest: &Guest<'_>, person: &PersonId, client: &ClientId, grant_id: Option<&GrantId>) {
    let event = if grant_id.is_some() { Event::AccessEnded } else { Event::AgentEnded };
    let decision =
        Decision::new(event, Outcome::Granted, guest.request, guest.now).person(person).client(client);
    match grant_id {
        Some(id) => decision.grant_id(id).record(),
        None => decision.record(),
    }
}
