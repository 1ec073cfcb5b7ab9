use admission::Visit;
use http::Problem;
use oauth::configuration::{Client, is_openid};
use oauth::{Authorization, Narrower, RefreshToken, Refusal, TokenResponse};
use store::Commit;

use crate::Services;
use crate::content::Content;
use crate::issued::{Behalf, access_token, id_token};

/// The tokens that a person's grant is redeemed for. They are signed first and given out only when the write that spends what the
/// client showed has succeeded.
pub(crate) struct FirstTokens<'a> {
    pub(crate) services: &'a Services,
    pub(crate) visit: &'a Visit<'a>,
    pub(crate) client: &'a Client,
    pub(crate) refresh: Option<&'a RefreshToken>,
    /// What the client is told whose authorization is not there any more.
    pub(crate) gone: Refusal,
}

pub(crate) enum Issued {
    Done(Box<TokenResponse>),
    Overtaken(Box<Authorization>),
}

impl FirstTokens<'_> {
    /// Signs the tokens of the next state and commits it.
    pub(crate) async fn over(
        &self,
        before: Authorization,
        next: Authorization,
        asked: &Narrower,
    ) -> Result<Issued, Problem> {
        let Self { services, visit, client, refresh, ref gone } = *self;
        let grant = next.grant().ok_or(gone.clone())?;
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
            Commit::Outdated(current) => Ok(Issued::Overtaken(current.ok_or(gone.clone())?)),
        }
    }
}
