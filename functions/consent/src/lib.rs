//! POST /consent: the person decides, for each scope and each detail. One write spends the request and makes the
//! code.

mod answered;
mod signature;

use environment::Fault;
use http::audit::Event;
use http::{Problem, Request, Response, form, require_same_origin};
use oauth::configuration::Client;
use oauth::{AuthorizationRequest, ClientOrigin, GrantId, Refusal};
use pages::ConsentProblem;
use reception::{Given, Guest, Pending, SignedIn, Yes, decision_page, receive};
use sessions::Interaction;
use store::RememberedConsent;

use answered::Answered;

/// What the endpoint needs.
pub type Services = reception::Services;

/// Runs the function under the Lambda runtime.
pub fn serve() {
    http::serve(
        "consent",
        async || Services::of_deployment().await,
        async |services: &Services, request| handle(services, request).await,
    );
}

/// Answers a person who has decided.
pub async fn handle(services: &Services, request: Request) -> Response {
    receive(services, &request, Event::Consent, async |guest| {
        require_same_origin(guest.request, &guest.site)?;
        let parameters = form(guest.request)?;
        // A session that has ended cannot decide, whatever its form says.
        let signed_in = guest.signed_in().await?.ok_or(Refusal::FormRejected)?;
        let interaction = guest.open_decision(parameters.required("interaction")?, &signed_in.binding())?;
        if let Some(given) = Given::read(&parameters)? {
            return signature::take(guest, &signed_in, &interaction, &given).await;
        }
        let pending = Pending::read(guest, interaction, &signed_in).await?;
        let request = pending.request();
        guest.was_sent_with(request);
        let client = guest.client(&request.client_id).await?;
        request.may_be_answered(&client)?;
        match Answered::read(&parameters, request)? {
            Answered::SignInAsSomeoneElse => {
                let anew = Interaction { signed_in: None, ..pending.interaction().clone() };
                guest.sign_in_page(&anew, client.vouched_name(), "", None)
            }
            Answered::Denied => pending.deny(guest, &signed_in).await,
            Answered::Nothing => {
                let problem = Some(ConsentProblem::NothingChosen);
                decision_page(guest, pending.interaction(), request, &client, &signed_in, problem)
            }
            Answered::Approved { chosen, remember } => {
                let yes = Yes { chosen, is_remembered: false };
                approved(guest, pending, &client, &signed_in, yes, remember).await
            }
        }
    })
    .await
}

/// Commits the yes; what the person let us remember is kept after it.
async fn approved(
    guest: &Guest<'_>,
    pending: Pending,
    client: &Client,
    signed_in: &SignedIn,
    yes: Yes,
    remember: bool,
) -> Result<Response, Problem> {
    // A type may have been taken out of the configuration since the page was shown.
    guest.can_be_approved(&pending.request().details)?;
    if pending.takes_countersignature(guest, client, signed_in, &yes.chosen)? {
        return signature::ask(guest, &pending, client, signed_in, &yes.chosen).await;
    }
    let request = pending.request();
    // A part of a request is not an answer to the whole of it the next time.
    let chosen = &yes.chosen;
    let everything = chosen.details.len() == request.details.len() && request.scope.is_within(&chosen.scope);
    let kept = (remember && everything && client.remember_consent && client.is_confidential())
        .then(|| request.clone());
    // What the policies refuse was refused above: it prolongs nothing.
    if client.origin == ClientOrigin::Registered {
        keep_registration(guest, client).await?;
    }
    let (grant_id, response) = Box::pin(pending.grant(guest, client, signed_in, yes)).await?;
    if let Some(request) = kept
        && let Err(fault) = keep(guest, &request, client, signed_in, &grant_id).await
    {
        // The yes is spent by now: a refusal would cost the person what they have granted. They are asked again.
        tracing::warn!(target: "consent", %fault, "a consent was not remembered");
    }
    Ok(response)
}

/// Sees to it that a registration outlives what is granted to it. Only what is still there lives on.
pub(crate) async fn keep_registration(guest: &Guest<'_>, client: &Client) -> Result<(), Problem> {
    let kept = guest.store.stranger_now(&client.id, client.origin).await?;
    let kept = kept.filter(|kept| kept.known.is_known_at(guest.now)).ok_or(Refusal::UnknownClient)?;
    let Some(used) = kept.known.used(&guest.configuration.server, guest.now) else { return Ok(()) };
    if guest.store.change_registration(&kept, &used).await? {
        Ok(())
    } else {
        Err(Fault::unavailable("table", "the registration has just changed").into())
    }
}

/// How many characters of a sentence are kept for the list of what is remembered.
const LONGEST_KEPT: usize = 600;

async fn keep(
    guest: &Guest<'_>,
    request: &AuthorizationRequest,
    client: &Client,
    signed_in: &SignedIn,
    grant_id: &GrantId,
) -> Result<(), Fault> {
    let consent = RememberedConsent {
        client: client.id.clone(),
        asked: request.remembered_as(),
        client_name: client.name.clone(),
        sentences: request.details.iter().map(|detail| kept(&guest.sentence(detail).plain())).collect(),
        language: guest.texts().tag().to_string(),
        scope: request.scope.clone(),
        granted_at: guest.now,
        expires_at: guest.now.after(guest.configuration.server.lifetimes.authorization),
        grant_id: grant_id.clone(),
    };
    guest.store.remember_consent(&signed_in.session.person, &consent).await
}

/// All sentences of the largest request still fit into one item of the table.
fn kept(sentence: &str) -> String {
    match sentence.char_indices().nth(LONGEST_KEPT) {
        Some((end, _)) => format!("{}…", &sentence[..end]),
        None => sentence.to_owned(),
    }
}
