use std::sync::Arc;

use documents::Documents;
use http::Problem;
use http::request::arrival;
use oauth::configuration::Client;
use oauth::{
    Authorization, AuthorizationRequest, ClientId, GrantId, Handle, HandleRejection, Parameters, Refusal,
    ReplyTo, Stage,
};
use reception::Guest;
use sessions::{Interaction, Request};

use crate::Visit;

/// The longest request that a browser carries through our pages: beyond it, push.
const LONGEST_CARRIED: usize = 4 * 1024;

/// The longest of it as JSON: sealed and in base64 it still fits into the query of a page.
const LONGEST_WRITTEN: usize = 5 * 1024;

/// How somebody arrived.
pub(crate) enum Arrival {
    /// With a good request.
    Here(Box<Visit>),
    /// With a request that is refused to the client's face: its redirect URI is a good one.
    Refused { refusal: Refusal, reply_to: ReplyTo, client: Arc<Client> },
}

impl Arrival {
    fn here(visit: Visit) -> Self {
        Self::Here(Box::new(visit))
    }
}

/// Finds the request: the one of an interaction that goes on, the pushed one (RFC 9126, section 4), or the one in
/// the parameters themselves. What cannot be answered by redirecting is an error for the person to see.
pub(crate) async fn arrive(
    guest: &Guest<'_>,
    documents: &Documents,
    parameters: &Parameters,
) -> Result<Arrival, Problem> {
    if let Some(sealed) = parameters.optional("interaction")? {
        return go_on(guest, sealed).await.map(Arrival::here);
    }
    let client = client(guest, documents, parameters).await?;
    match parameters.optional("request_uri")? {
        Some(request_uri) => pushed(guest, client, request_uri).await.map(Arrival::here),
        None => carried(guest, client, parameters).await,
    }
}

async fn client(
    guest: &Guest<'_>,
    documents: &Documents,
    parameters: &Parameters,
) -> Result<Arc<Client>, Problem> {
    let id = ClientId::parse(parameters.required("client_id")?).ok_or(Refusal::UnknownClient)?;
    let address = arrival(guest.request).source_ip.as_deref();
    documents.read_anew(guest.store, &guest.configuration, &id, address, guest.now).await?;
    guest.client(&id).await
}

async fn go_on(guest: &Guest<'_>, sealed: &str) -> Result<Visit, Problem> {
    let interaction = guest.open(sealed)?;
    let request = match &interaction.request {
        Request::Carried(request) => (**request).clone(),
        Request::Pushed { .. } => guest.pushed(&interaction).await?.taken_up(guest.now)?.clone(),
    };
    let client = guest.client(&request.client_id).await?;
    request.may_be_answered(&client)?;
    Ok(Visit { interaction, request, client })
}

/// Every parameter but `client_id` and `request_uri` is passed over: the pushed request is what the client
/// authenticated for (RFC 9101, section 5).
async fn pushed(guest: &Guest<'_>, client: Arc<Client>, request_uri: &str) -> Result<Visit, Problem> {
    let handle = Handle::from_request_uri(request_uri)?;
    let unknown = Refusal::RequestUriInvalid { why: HandleRejection::Unknown };
    let authorization = guest.store.authorization(&handle.id).await?.ok_or(unknown)?;
    if is_pushed_as(&authorization, &handle) {
        http::note_authorization(&authorization);
    }
    let request = authorization.look_up(&client.id, &handle.secret, guest.now)?.clone();
    request.may_be_answered(&client)?;
    let lives = &guest.configuration.server.lifetimes;
    let interaction = Interaction::pushed(handle.id, request.client_id.clone(), lives, guest.now);
    Ok(Visit { interaction, request, client })
}

/// Whether a `request_uri` is the one that was given out for a request that still waits.
fn is_pushed_as(authorization: &Authorization, handle: &Handle) -> bool {
    matches!(&authorization.stage, Stage::Pushed(pushed) if handle.secret.matches(&pushed.secret))
}

async fn carried(
    guest: &Guest<'_>,
    client: Arc<Client>,
    parameters: &Parameters,
) -> Result<Arrival, Problem> {
    let configuration = &guest.configuration;
    let parsed =
        AuthorizationRequest::parse(parameters, &client, &configuration.server, &configuration.tools);
    let mut request = match parsed {
        Ok(request) => request,
        Err(rejected) => {
            let refusal = rejected.refusal;
            return match rejected.reply_to {
                Some(reply_to) => Ok(Arrival::Refused { refusal, reply_to, client }),
                None => Err(refusal.into()),
            };
        }
    };
    let mut checked = may_be_carried(guest, &client, &request, parameters);
    if let (Ok(()), Some(hint)) = (&checked, parameters.optional("id_token_hint")?) {
        let public = guest.keys.public().await?;
        checked = public
            .hinted_person(hint, guest.site.issuer(), &client.id, guest.now)
            .map(|person| request.demanded = Some(person));
    }
    if let Err(refusal) = checked {
        return Ok(Arrival::Refused { refusal, reply_to: request.reply_to(), client });
    }
    let id = GrantId::from_random(guest.dice.roll());
    let interaction = Interaction::carried(id, request.clone(), &configuration.server.lifetimes, guest.now);
    Ok(Arrival::here(Visit { interaction, request, client }))
}

/// What came through the browser must be allowed to (RFC 9126, sections 5 and 6), and small enough.
fn may_be_carried(
    guest: &Guest<'_>,
    client: &Client,
    request: &AuthorizationRequest,
    parameters: &Parameters,
) -> Result<(), Refusal> {
    let server = &guest.configuration.server;
    if client.require_pushed_authorization_requests || server.require_pushed_authorization_requests {
        return Err(Refusal::PushRequired);
    }
    let size: usize = parameters.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    if size > LONGEST_CARRIED || request.written_length() > LONGEST_WRITTEN {
        return Err(Refusal::QueryTooLong { limit: LONGEST_CARRIED });
    }
    guest.may_be_asked(client, request)
}
