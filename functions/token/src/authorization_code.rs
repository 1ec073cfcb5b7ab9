use std::sync::Arc;

use admission::Visit;
use http::Problem;
use oauth::configuration::{Client, GrantType};
use oauth::{
    Active, Authorization, CodeProof, CodeVerifier, Handle, HandleRejection, Narrower, Parameters, Redeemed,
    RefreshToken, Refusal, Spent, Stage, TokenResponse,
};
use store::Commit;

use crate::Services;
use crate::first_tokens::{Issued, Redemption};

/// How often a move is decided again because somebody else moved first. Two are enough: an authorization
/// whose code is redeemed by many at once is redeemed, then ended.
const MOST_TRIES: usize = 4;

/// Redeems an authorization code (OAuth 2.1, section 4.1.3): one read of the authorization, one of the person,
/// the signatures, one write. The tokens are signed first and given out only when the write has succeeded, so
/// that a key that does not answer costs nobody their code.
pub(crate) async fn redeem(
    services: &Services,
    visit: &Visit<'_>,
    client: &Arc<Client>,
    parameters: &Parameters,
) -> Result<TokenResponse, Problem> {
    client.require_grant(GrantType::AuthorizationCode)?;
    let unknown = Refusal::CodeInvalid { why: HandleRejection::Unknown };
    let handle = Handle::parse(parameters.required("code")?).ok_or(unknown.clone())?;
    let verifier =
        CodeVerifier::parse(parameters.required("code_verifier")?).ok_or(Refusal::MalformedParameter {
            name: "code_verifier",
            expected: "43 to 128 unreserved characters",
        })?;
    let proof = CodeProof {
        client_id: &client.id,
        secret: &handle.secret,
        verifier: &verifier,
        redirect_uri: parameters.optional("redirect_uri")?,
    };
    let asked = Narrower::parse(parameters)?;
    let family: [u8; 32] = services.dice.roll();
    let mut standing = services.store.authorization(&handle.id).await?.ok_or(unknown.clone())?;
    if is_code_of(&standing, &handle) {
        http::note_authorization(&standing);
    }
    let may_renew =
        standing.grant().is_some_and(|grant| grant.lets_renew() && client.may_renew(&grant.scope));
    let refresh = may_renew.then(|| RefreshToken::first(handle.id.clone(), family));
    for _ in 0..MOST_TRIES {
        let family = refresh.as_ref().map(|token| token.family().digest());
        let before = standing.clone();
        let next = match standing.redeemed(
            &proof,
            family,
            visit.configuration.server.lifetimes.access_token,
            visit.now,
        ) {
            Spent::Well(next) => next,
            Spent::Not(refusal) => return Err(refusal.into()),
            Spent::Replayed(ended) => match services.store.commit(&ended).await? {
                Commit::Done => {
                    let replayed = Refusal::CodeInvalid { why: HandleRejection::Replayed };
                    crate::record_end(visit, &ended, &replayed);
                    return Err(replayed.into());
                }
                Commit::Outdated(current) => {
                    standing = *current.ok_or(unknown.clone())?;
                    continue;
                }
            },
        };
        let issue = Redemption { services, visit, client, refresh: refresh.as_ref(), gone: unknown.clone() };
        match issue.over(before, next, &asked).await? {
            Issued::Done(response) => return Ok(*response),
            Issued::Overtaken(current) => standing = *current,
        }
    }
    Err(unknown.into())
}

/// Whether a code is the one that was given out for an authorization. Of one that has ended nothing is kept to tell.
fn is_code_of(authorization: &Authorization, handle: &Handle) -> bool {
    let code = match &authorization.stage {
        Stage::Consented(consented) => &consented.code,
        Stage::Active(Active { spent: Redeemed::Code(code), .. }) => code,
        _ => return false,
    };
    handle.secret.matches(&code.secret)
}
