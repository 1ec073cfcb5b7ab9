use http::{Problem, Response, StatusCode, audit, form, query};
use oauth::{Asks, ClientId, Parameters, Refusal, Sha256Digest};
use pages::{AccountNotice, AccountPage, BlockedClient, RememberedChoice};
use reception::{ACCOUNT_FORM, Destination, Guest, SignedIn};
use store::RememberedConsent;

/// The front page of the account, or the sign-in page for whoever is not signed in.
pub(crate) async fn show(guest: &Guest<'_>) -> Result<Response, Problem> {
    let Some(signed_in) = guest.signed_in().await? else {
        return guest.sign_in_alone(&Destination::Account);
    };
    let (person, kept) = guest.store.person_and_own_asks(&signed_in.session.person).await?;
    let Some(person) = person.filter(|person| person.allows(&signed_in.session)) else {
        return guest.sign_in_alone(&Destination::Account);
    };
    let notice = query(guest.request)?.optional("notice")?.and_then(AccountNotice::parse);
    let mut consents = guest.store.remembered_consents(&signed_in.session.person, guest.now).await?;
    consents.retain(|consent| person.allows_of(&consent.client, consent.granted_at));
    let page = AccountPage {
        frame: guest.frame(),
        csrf: &guest.seal_form(ACCOUNT_FORM, &signed_in.binding())?,
        person: signed_in.person(),
        zone: &signed_in.zone(),
        remembered: consents.iter().map(|consent| remembered(guest, consent)).collect(),
        blocked: blocked(guest, &kept.asks).await?,
        sign_in: guest.configuration.server.sign_in,
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

/// The clients that cannot ask the person. One that is gone is known by its id alone, and is blocked all the same.
async fn blocked(guest: &Guest<'_>, asks: &Asks) -> Result<Vec<BlockedClient>, Problem> {
    let mut blocked = Vec::new();
    for id in asks.blocks() {
        let client = guest.store.client(&guest.configuration, id, guest.now).await?;
        let name = client.map_or_else(|| id.to_string(), |client| client.name.clone());
        blocked.push(BlockedClient { name, id: id.to_string() });
    }
    Ok(blocked)
}

/// Changes what is kept of whoever is signed in. The form names the consent or the client, and the session the person: nobody
/// reaches another's.
pub(crate) async fn submit(guest: &Guest<'_>) -> Result<Response, Problem> {
    let parameters = form(guest.request)?;
    let signed_in = guest.standing().await?.ok_or(Refusal::FormRejected)?;
    guest.open_form(ACCOUNT_FORM, parameters.required("csrf")?, &signed_in.binding())?;
    match parameters.optional("unblock")? {
        Some(client) => unblock(guest, &signed_in, client).await,
        None => forget(guest, &signed_in, &parameters).await,
    }
}

/// Lets a client ask again.
async fn unblock(guest: &Guest<'_>, signed_in: &SignedIn, client: &str) -> Result<Response, Problem> {
    let client = ClientId::parse(client)
        .ok_or(Refusal::MalformedParameter { name: "unblock", expected: "a client's identifier" })?;
    let person = &signed_in.session.person;
    if guest.change_asks(person, |asks| asks.unblocked(&client)).await? {
        audit::Decision::new(audit::Event::BlockLifted, audit::Outcome::Granted, guest.request, guest.now)
            .client(&client)
            .person(person)
            .record();
    }
    Ok(guest.back_to("/account", AccountNotice::BlockLifted.as_str()))
}

/// Forgets a remembered consent.
async fn forget(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    parameters: &Parameters,
) -> Result<Response, Problem> {
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
    Ok(guest.back_to("/account", AccountNotice::ConsentForgotten.as_str()))
}
