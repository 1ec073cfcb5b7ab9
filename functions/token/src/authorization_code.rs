use std::sync::Arc;

use admission::Visit;
use http::Problem;
use oauth::configuration::{Client, GrantType, is_openid};
use oauth::{
    Authorization, CodeProof, CodeVerifier, Handle, HandleRejection, Narrower, Parameters, RefreshToken,
    Refusal, Spent, Stage, TokenResponse,
};
use store::Commit;

use crate::Services;
use crate::content::Content;
use crate::issued::{Behalf, access_token, id_token};

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
    crate::require_grant(client, GrantType::AuthorizationCode)?;
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
    let may_renew = standing.grant().is_some_and(|grant| client.may_renew(&grant.scope));
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
        let issue = Issue { services, visit, client, refresh: refresh.as_ref() };
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
        Stage::Active(active) => &active.code,
        Stage::Pushed(_) | Stage::Child(_) | Stage::Ended(_) => return false,
    };
    handle.secret.matches(&code.secret)
}

struct Issue<'a> {
    services: &'a Services,
    visit: &'a Visit<'a>,
    client: &'a Client,
    refresh: Option<&'a RefreshToken>,
}

enum Issued {
    Done(Box<TokenResponse>),
    Overtaken(Box<Authorization>),
}

impl Issue<'_> {
    /// Signs the tokens of the next state and commits it.
    async fn over(
        &self,
        before: Authorization,
        next: Authorization,
        asked: &Narrower,
    ) -> Result<Issued, Problem> {
        let Self { services, visit, client, refresh } = *self;
        let unknown = Refusal::CodeInvalid { why: HandleRejection::Unknown };
        let grant = next.grant().ok_or(unknown.clone())?;
        let person = services.standing_person(visit, grant).await?;
        let registered = services.registered(visit, client);
        let content = Content::of_grant(grant, asked, &registered)?;
        let behalf = Behalf::Person { authorization: &next, grant, profile: &person.profile };
        let token = access_token(services, visit, client, &content, &behalf).await?;
        let id_token = if is_openid(&grant.scope) {
            Some(id_token(services, visit, client, (&next, grant), &token.text).await?)
        } else {
            None
        };
        let refresh_token = match refresh {
            Some(refresh) => Some(refresh.reveal(services.keys.server_secret().await?)),
            None => None,
        };
        match services.store.commit_or_take_back(before, &next).await? {
            Commit::Done => {
                Ok(Issued::Done(Box::new(token.respond(visit, content, refresh_token, id_token))))
            }
            Commit::Outdated(current) => Ok(Issued::Overtaken(current.ok_or(unknown)?)),
        }
    }
}
