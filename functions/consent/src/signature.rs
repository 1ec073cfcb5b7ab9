use environment::Fault;
use evidence::Kind;
use http::audit::Event;
use http::{Problem, Response};
use oauth::configuration::Client;
use oauth::{ClientOrigin, Passkeys};
use pages::{ConsentProblem, CountersignProblem};
use reception::{Chosen, Given, Guest, NotSigned, Pending, Posts, SignedIn, ToSign, decision_page};
use sessions::Interaction;

use crate::keep_registration;

/// How often it is tried again because the same person approves something else at the same moment.
const MOST_TRIES: usize = 8;

/// The page on which a person countersigns what they have just chosen; where they have no passkey, the page says so.
pub(crate) async fn ask(
    guest: &Guest<'_>,
    pending: &Pending,
    client: &Client,
    signed_in: &SignedIn,
    chosen: &Chosen,
) -> Result<Response, Problem> {
    let (_, kept) = guest.store.person_and_passkeys(&signed_in.session.person).await?;
    show(guest, (pending, client), signed_in, chosen, &kept.passkeys, None)
}

fn show(
    guest: &Guest<'_>,
    (pending, client): (&Pending, &Client),
    signed_in: &SignedIn,
    chosen: &Chosen,
    own: &Passkeys,
    problem: Option<CountersignProblem>,
) -> Result<Response, Problem> {
    if own.all().is_empty() {
        return not_taken(guest, (pending, client), signed_in, CountersignProblem::NoPasskey);
    }
    let (interaction, request) = (pending.interaction(), pending.request());
    let to_sign = ToSign {
        kind: Kind::Consent,
        id: &interaction.id,
        version: pending.version(),
        waits: (interaction.asked_at(&guest.configuration.server.lifetimes), interaction.expires_at),
        client,
        actor: None,
        asked: request.asked(),
        chosen,
        number: None,
        returns_to: Some(request.redirect_uri.host().clone()),
        is_renewable: client.may_renew(&request.scope),
    };
    let sealed = guest.seal_decision(interaction, &signed_in.binding())?;
    let leads_to = [request.redirect_uri.as_str()];
    let posts = Posts { to: "/consent", request: ("interaction", &sealed), leads_to: &leads_to };
    guest.countersign_page(signed_in, &to_sign, own, posts, problem)
}

/// The page of the request, with why nothing was countersigned.
fn not_taken(
    guest: &Guest<'_>,
    (pending, client): (&Pending, &Client),
    signed_in: &SignedIn,
    problem: CountersignProblem,
) -> Result<Response, Problem> {
    let problem = Some(ConsentProblem::NotCountersigned(problem));
    decision_page(guest, pending.interaction(), pending.request(), client, signed_in, problem)
}

/// Takes a countersignature: of any number at once exactly one approves. Whoever approves something else at the same moment changes the
/// chain that this one goes into, and it is judged again.
pub(crate) async fn take(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    interaction: &Interaction,
    given: &Given<'_>,
) -> Result<Response, Problem> {
    for _ in 0..MOST_TRIES {
        let (pending, standing) = Pending::to_countersign(guest, interaction.clone(), signed_in).await?;
        let request = pending.request();
        guest.was_sent_with(request);
        let client = guest.client(&request.client_id).await?;
        request.may_be_answered(&client)?;
        guest.can_be_approved(&request.details)?;
        let as_it_stands = (&interaction.id, pending.version());
        let displayed = match guest.displayed_before(signed_in, given, as_it_stands) {
            Ok(displayed) => displayed,
            Err(not_signed) => {
                record_failure(guest, &pending, &not_signed);
                return not_taken(guest, (&pending, &client), signed_in, not_signed.problem);
            }
        };
        let relying_party = guest.countersigned_for()?;
        let own = &standing.passkeys.passkeys;
        let signed = guest.countersigned(&relying_party, signed_in, &displayed, (own, given.answer()));
        let (signed, used) = match signed {
            Ok(signed) => signed,
            Err(not_signed) => {
                record_failure(guest, &pending, &not_signed);
                let (chosen, problem) = (Chosen::of_displayed(&displayed), Some(not_signed.problem));
                return show(guest, (&pending, &client), signed_in, &chosen, own, problem);
            }
        };
        // What nobody has signed prolongs nothing.
        if client.origin == ClientOrigin::Registered {
            keep_registration(guest, &client).await?;
        }
        let signed = (displayed, signed, used);
        let granting = pending.grant_signed(guest, &client, signed_in, &standing, &relying_party, signed);
        if let Some(response) = Box::pin(granting).await? {
            return Ok(response);
        }
    }
    Err(Fault::unavailable("table", "this person approves something else at this moment").into())
}

fn record_failure(guest: &Guest<'_>, pending: &Pending, not_signed: &NotSigned) {
    let (client, id) = (&pending.request().client_id, &pending.interaction().id);
    not_signed.record(guest, Event::Consent, client, id);
}
