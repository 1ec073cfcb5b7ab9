//! POST /consent: the person decides, for each scope and each detail. One write spends the request and makes the
//! code.

mod answered;

use http::audit::Event;
use http::{Problem, Request, Response, answer, audit, form, require_same_origin};
use oauth::configuration::{Assurance, Client};
use oauth::scope::OPENID;
use oauth::{AuthorizationRequest, Decision, GrantId, Handle, Refusal, Scope, Secret};
use pages::ConsentProblem;
use reception::{Guest, Pending, SignedIn, decision_page, receive};
use sessions::Interaction;
use store::RememberedConsent;

use answered::Answered;

/// What the endpoint needs.
pub type Services = reception::Services;

/// Runs the function under the Lambda runtime.
pub fn serve() {
    http::serve(
        "consent",
        async || Services::from_environment(),
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
        let pending = Pending::read(guest, interaction, &signed_in).await?;
        let request = pending.request();
        guest.was_sent_with(request);
        let client = guest.store.client(&guest.configuration, &request.client_id).await?;
        let client = client.ok_or(Refusal::UnknownClient)?;
        match Answered::read(&parameters, request)? {
            Answered::SignInAsSomeoneElse => {
                let anew = Interaction { signed_in: None, ..pending.interaction().clone() };
                guest.sign_in_page(&anew, Some(&client.name), "", None)
            }
            Answered::Denied => denied(guest, pending, &signed_in).await,
            Answered::Nothing => {
                let problem = Some(ConsentProblem::NothingChosen);
                decision_page(guest, pending.interaction(), request, &client, &signed_in, problem)
            }
            Answered::Approved { scope, details, remember } => {
                let choice = Choice {
                    scope,
                    details,
                    remember: remember && client.remember_consent && client.is_confidential(),
                };
                approved(guest, pending, &client, &signed_in, choice).await
            }
        }
    })
    .await
}

struct Choice {
    scope: Scope,
    details: Vec<usize>,
    remember: bool,
}

async fn denied(guest: &Guest<'_>, pending: Pending, signed_in: &SignedIn) -> Result<Response, Problem> {
    let (request, id) = (pending.request().clone(), pending.interaction().id.clone());
    pending.deny(guest).await?;
    audit::Decision::new(audit::Event::Consent, audit::Outcome::Denied, guest.request, guest.now)
        .client(&request.client_id)
        .person(&signed_in.session.person)
        .grant_id(&id)
        .details_digest(&request.asked().digest())
        .record();
    let refusal = Refusal::DeniedByPerson;
    let error_uri = guest.site.error_uri(&refusal.name());
    Ok(answer::see_other(&request.reply_to().with_refusal(&refusal, &error_uri, guest.site.issuer())))
}

async fn approved(
    guest: &Guest<'_>,
    pending: Pending,
    client: &Client,
    signed_in: &SignedIn,
    choice: Choice,
) -> Result<Response, Problem> {
    let request = pending.request().clone();
    let details = request.details.pick(&choice.details);
    if guest.types.strongest_assurance(&details) == Assurance::Strong {
        return Err(Refusal::AuthenticationStrengthUnavailable.into());
    }
    let code: [u8; 32] = guest.dice.roll();
    let everything = choice.details.len() == request.details.len() && request.scope.is_within(&choice.scope);
    let decision = Decision {
        person: signed_in.session.person.clone(),
        authentication: signed_in.session.authentication.clone(),
        scope: choice.scope,
        details: choice.details,
        code: Secret::new(code).digest(),
    };
    let consented = pending.approve(guest, decision).await?;
    let Some(grant) = consented.grant() else {
        return Err(Refusal::FormRejected.into());
    };
    let purpose = request.purpose.as_deref().unwrap_or_default();
    audit::Decision::new(audit::Event::Consent, audit::Outcome::Granted, guest.request, guest.now)
        .client(&grant.client_id)
        .person(&grant.person)
        .grant_id(&consented.id)
        .scope(&grant.scope)
        .details_digest(&grant.asked)
        .purpose(purpose)
        .record();
    // A part of a request is not an answer to the whole of it the next time.
    if choice.remember && everything {
        remember(guest, &request, client, signed_in, &consented.id).await?;
    }
    let code = Handle::new(consented.id.clone(), code).reveal();
    Ok(answer::see_other(&request.reply_to().with_code(&code, guest.site.issuer())))
}

/// How many characters of a sentence are kept for the list of what is remembered.
const LONGEST_KEPT: usize = 600;

async fn remember(
    guest: &Guest<'_>,
    request: &AuthorizationRequest,
    client: &Client,
    signed_in: &SignedIn,
    grant_id: &GrantId,
) -> Result<(), Problem> {
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
    guest.store.remember_consent(&signed_in.session.person, &consent).await?;
    Ok(())
}

/// All sentences of the largest request still fit into one item of the table.
fn kept(sentence: &str) -> String {
    match sentence.char_indices().nth(LONGEST_KEPT) {
        Some((end, _)) => format!("{}…", &sentence[..end]),
        None => sentence.to_owned(),
    }
}

/// `openid` says that the person signs in at all: it is part of every yes.
fn with_required(scope: &Scope, asked: &Scope) -> Scope {
    scope.union(&asked.retaining(|token| token == OPENID))
}
