use admission::Visit;
use clients::AuthenticatedClient;
use http::Problem;
use oauth::configuration::{Client, GrantType};
use oauth::{
    Actor, Authorization, Handle, HandleRejection, Narrower, Parameters, RefreshToken, Refusal, Stage,
    TokenResponse, actor_token,
};
use store::{KeptPolls, Polled};

use crate::Services;
use crate::first_tokens::{Issued, Redemption};

/// How often a move is decided again because somebody else moved first: a person may decide while the client asks.
const MOST_TRIES: usize = 3;

/// Redeems an `auth_req_id` (OpenID CIBA Core 1.0, section 10.1): one read while the person has not decided, and one write that
/// notes when the client asked; then one read of the person, the signatures, one write.
pub(crate) async fn redeem(
    services: &Services,
    visit: &Visit<'_>,
    authenticated: &AuthenticatedClient,
    parameters: &Parameters,
) -> Result<TokenResponse, Problem> {
    let client = authenticated.client();
    client.require_grant(GrantType::Ciba)?;
    authenticated.confidential()?;
    if client.is_brought_tokens() {
        return Err(Refusal::TokensAreBrought.into());
    }
    let unknown = Refusal::AuthReqIdInvalid { why: HandleRejection::Unknown };
    let handle = Handle::parse(parameters.required("auth_req_id")?).ok_or(unknown.clone())?;
    let asked = Narrower::parse(parameters)?;
    let family: [u8; 32] = services.dice.roll();
    let found = services.store.awaited_authorization(&handle.id).await?;
    let (mut standing, polls) = found.ok_or(unknown.clone())?;
    // What is not the client's own is looked at no further: whether it is approved is told to nobody else.
    let is_shown = standing.awaited().is_some_and(|awaited| handle.secret.matches(&awaited.secret));
    if is_shown {
        http::note_authorization(&standing);
    }
    let is_own = is_shown && *standing.client_id() == client.id;
    let actor = acting(services, visit, client, (parameters, &standing), is_own).await?;
    for _ in 0..MOST_TRIES {
        let grant = standing.grant();
        let may_renew =
            grant.is_some_and(|grant| grant.lets_renew() && client.may_renew_approval(&grant.scope));
        let refresh = may_renew.then(|| RefreshToken::first(handle.id.clone(), family));
        let before = standing.clone();
        let family = refresh.as_ref().map(|token| token.family().digest());
        let life = visit.configuration.server.lifetimes.access_token;
        let by = (&client.id, &actor);
        let next = match standing.redeemed_after_approval(by, &handle.secret, family, life, visit.now) {
            Ok(next) => next,
            Err(Refusal::AuthorizationPending) => return Err(pending(services, visit, &handle, &polls).await),
            Err(refusal) => return Err(refusal.into()),
        };
        let issue = Redemption { services, visit, client, refresh: refresh.as_ref(), gone: unknown.clone() };
        match issue.over(before, next, &asked).await.map_err(failed)? {
            Issued::Done(response) => return Ok(*response),
            Issued::Overtaken(current) => standing = *current,
        }
    }
    Err(unknown.into())
}

/// Who acts: whom an actor token proves, or else the client. It is looked at where there is something to redeem, so that a poll costs
/// no more with one.
async fn acting(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    (parameters, standing): (&Parameters, &Authorization),
    is_own: bool,
) -> Result<Actor, Problem> {
    match actor_token(parameters)? {
        Some(shown) if is_own && matches!(standing.stage, Stage::Approved(_)) => {
            let types = services.registered(visit, client).types;
            let keys = services.keys.public().await?;
            Ok(Actor::client(&visit.shown_actor(&keys, &types, client, &shown).await?))
        }
        _ => Ok(Actor::client(&client.id)),
    }
}

/// After a yes, that the person's account or everything of theirs has ended is how this one request ended (OpenID CIBA Core 1.0,
/// section 12): the `auth_req_id` itself was good.
fn failed(problem: Problem) -> Problem {
    match problem {
        Problem::Refused(Refusal::PersonEnded) => Refusal::TransactionFailed.into(),
        other => other,
    }
}

/// The client has to come again: later, if it came too soon (section 11).
pub(crate) async fn pending(
    services: &Services,
    visit: &Visit<'_>,
    handle: &Handle,
    polls: &KeptPolls,
) -> Problem {
    let interval = visit.configuration.server.backchannel.interval;
    match services.store.note_poll(&handle.id, polls, interval, visit.now).await {
        Ok(Polled::InTime) => Refusal::AuthorizationPending.into(),
        Ok(Polled::TooSoon(interval)) => Refusal::PolledTooSoon { interval }.into(),
        Err(fault) => fault.into(),
    }
}
