use http::{Problem, Response, StatusCode};
use oauth::AuthorizationRequest;
use oauth::configuration::Client;
use pages::{AskingClient, ConsentPage, ConsentProblem};
use sessions::Interaction;

use crate::{Guest, SignedIn};

/// The page on which a person decides about a request.
///
/// # Errors
/// When the interaction cannot be sealed.
pub fn decision_page(
    guest: &Guest<'_>,
    interaction: &Interaction,
    request: &AuthorizationRequest,
    client: &Client,
    signed_in: &SignedIn,
    problem: Option<ConsentProblem>,
) -> Result<Response, Problem> {
    let sealed = guest.seal_decision(interaction, &signed_in.binding())?;
    let page = ConsentPage {
        frame: guest.frame(),
        interaction: &sealed,
        client: AskingClient {
            name: &client.name,
            id: client.id.as_str(),
            is_vouched_for: client.origin.is_vouched_for(),
            waits_on_this_machine: request.redirect_uri.stays_on_this_machine(),
        },
        returns_to: &request.redirect_uri.host(),
        person: signed_in.person(),
        purpose: request.purpose.as_deref(),
        choices: guest.choices(client, &request.asked(), signed_in),
        lifetime: guest.lifetime(&request.resources, client.may_renew(&request.scope), signed_in),
        may_be_remembered: client.remember_consent
            && client.is_confidential()
            // Nobody's memory signs anything.
            && !guest.must_be_signed(request, &request.details),
        problem,
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    guest.page(status, page.render(), &[request.redirect_uri.as_str()])
}
