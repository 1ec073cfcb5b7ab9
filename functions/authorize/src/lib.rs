//! GET, POST /authorize (OAuth 2.1, section 3.1): finds the request, and decides what the person still has to do.
//! The page for that is answered at once.

mod arrival;
mod remembered;

use documents::{Documents, Loopback};
use environment::Fault;
use http::audit::Event;
use http::request::{Allowed, require_method};
use http::{LONGEST_QUERY, Method, Problem, Request, Response, answer, audit, form, query};
use oauth::configuration::Client;
use oauth::{AuthorizationRequest, ErrorCode, Parameters, Prompt, Refusal, ReplyTo};
use reception::{Guest, SignedIn, decision_page, receive};
use sessions::{Interaction, NextStep, next_step};

/// What the endpoint needs.
pub struct Services {
    page: reception::Services,
    documents: Documents,
}

impl Services {
    /// Puts the parts together.
    pub fn new(page: reception::Services, documents: Documents) -> Self {
        Self { page, documents }
    }

    async fn of_deployment() -> Result<Self, Fault> {
        Ok(Self::new(reception::Services::of_deployment().await?, Documents::new(Loopback::Refused)))
    }
}

/// Runs the function under the Lambda runtime.
pub fn serve() {
    http::serve(
        "authorize",
        async || Services::of_deployment().await,
        async |services: &Services, request| handle(services, request).await,
    );
}

/// Answers a person whom a client sent here.
pub async fn handle(services: &Services, request: Request) -> Response {
    receive(&services.page, &request, Event::Authorization, async |guest| {
        require_method(guest.request, Allowed::GetOrPost)?;
        if *guest.request.method() != Method::POST {
            return authorize(guest, &services.documents, &query(guest.request)?).await;
        }
        let parameters = form(guest.request)?;
        let location = by_get(guest, &parameters).ok_or(Refusal::QueryTooLong { limit: LONGEST_QUERY })?;
        Ok(answer::see_other(&location))
    })
    .await
}

/// The same request as a GET. A form of another site comes without our cookies, which are for top-level
/// navigation only: the person would seem to be a stranger, in a browser that we do not know.
fn by_get(guest: &Guest<'_>, parameters: &Parameters) -> Option<String> {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters.iter()).finish();
    (query.len() <= LONGEST_QUERY).then(|| format!("{}?{query}", guest.site.page("/authorize")))
}

/// A person with a request in hand.
pub(crate) struct Visit {
    pub(crate) interaction: Interaction,
    pub(crate) request: AuthorizationRequest,
    pub(crate) client: std::sync::Arc<Client>,
}

async fn authorize(
    guest: &Guest<'_>,
    documents: &Documents,
    parameters: &Parameters,
) -> Result<Response, Problem> {
    let visit = match arrival::arrive(guest, documents, parameters).await? {
        arrival::Arrival::Here(visit) => visit,
        arrival::Arrival::Refused { refusal, reply_to, client } => {
            return Ok(send_back(guest, &refusal, &reply_to, &client));
        }
    };
    guest.was_sent_with(&visit.request);
    http::note_grant(&visit.interaction.id);
    let reply_to = visit.request.reply_to();
    match go_on(guest, &visit).await {
        Ok(response) => Ok(response),
        Err(Problem::Refused(refusal)) => Ok(send_back(guest, &refusal, &reply_to, &visit.client)),
        // OAuth 2.1, section 4.1.2.1: the browser follows a redirect, so these codes stand for the statuses.
        Err(Problem::Fault(fault)) => {
            let code = match fault {
                Fault::Unavailable { .. } => ErrorCode::TemporarilyUnavailable,
                Fault::Broken { .. } => ErrorCode::ServerError,
            };
            let problem = Problem::Fault(fault);
            let response = guest.problem_page(&problem);
            if visit.request.prompts(Prompt::None) && visit.client.origin.is_vouched_for() {
                let error_uri = guest.site.error_uri(&http::name(&problem));
                return Ok(answer::see_other(&reply_to.with_fault(code, &error_uri, guest.site.issuer())));
            }
            Ok(response)
        }
    }
}

async fn go_on(guest: &Guest<'_>, visit: &Visit) -> Result<Response, Problem> {
    guest.can_be_approved(&visit.request.details)?;
    if !guest.can_meet(&visit.request.acr_values) {
        return Err(Refusal::AuthenticationContextUnmet.into());
    }
    let signed_in = guest.signed_in().await?;
    let step =
        next_step(&visit.request, &visit.interaction, signed_in.as_ref().map(SignedIn::signed), guest.now);
    match (step, signed_in) {
        (NextStep::Refuse(refusal), _) => Err(refusal.into()),
        (NextStep::Decide { memory_is_enough, silently }, Some(signed_in)) => {
            // What has to be countersigned, nobody's memory signs.
            if memory_is_enough
                && !guest.must_be_signed(&visit.request, &visit.request.details)
                && let Some(response) = remembered::answer(guest, visit, &signed_in).await?
            {
                return Ok(response);
            }
            if silently {
                return Err(Refusal::ConsentRequired.into());
            }
            decision_page(guest, &visit.interaction, &visit.request, &visit.client, &signed_in, None)
        }
        (NextStep::SignIn | NextStep::Decide { .. }, _) => {
            let hint = visit.request.login_hint.as_deref().unwrap_or_default();
            guest.sign_in_page(&visit.interaction, visit.client.vouched_name(), hint, None)
        }
    }
}

/// Sends a refusal to the client that waits for the answer (OAuth 2.1, section 4.1.2.1). The browser is never sent on to a
/// client that nobody vouches for before the person has pressed a button: else anybody could register an address, and a link
/// to us would lead there (RFC 9700, section 4.11.2). The person reads the refusal instead.
fn send_back(guest: &Guest<'_>, refusal: &Refusal, reply_to: &ReplyTo, client: &Client) -> Response {
    let outcome = audit::Outcome::Refused(refusal);
    audit::Decision::new(audit::Event::Authorization, outcome, guest.request, guest.now)
        .client(&client.id)
        .record();
    if !client.origin.is_vouched_for() {
        return guest.problem_page(&Problem::Refused(refusal.clone()));
    }
    let error_uri = guest.site.error_uri(&refusal.name());
    answer::see_other(&reply_to.with_refusal(refusal, &error_uri, guest.site.issuer()))
}
