use admission::Visit;
use http::Problem;
use issuing::{Behalf, Content, FirstTokens};
use oauth::configuration::Client;
use oauth::{Authorization, Narrower, RefreshToken, Refusal, TokenResponse};

use crate::Services;

/// A person's grant, about to be redeemed by the client that came for it.
pub(crate) struct Redemption<'a> {
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

impl Redemption<'_> {
    /// Signs the tokens of the next state and commits it.
    pub(crate) async fn over(
        &self,
        before: Authorization,
        next: Authorization,
        asked: &Narrower,
    ) -> Result<Issued, Problem> {
        let Self { services, visit, client, refresh, ref gone } = *self;
        let mint = services.mint(visit);
        let grant = next.grant().ok_or(gone.clone())?;
        let person = mint.standing_person(grant).await?;
        let content = Content::of_grant(grant, asked, &services.registered(visit, client))?;
        let behalf = Behalf::Person { authorization: &next, grant, profile: &person.profile };
        visit.may_keep(client, mint.bytes_kept(&content, &behalf)).await?;
        let first = FirstTokens { mint, client, refresh, brought_for: None };
        let signed = first.signed((&next, grant), &person, content).await?;
        match signed.committed(&services.store, before, &next).await? {
            issuing::Issued::Done(signed) => {
                signed.record(crate::granted(visit));
                Ok(Issued::Done(Box::new(signed.answer())))
            }
            issuing::Issued::Overtaken(current) => Ok(Issued::Overtaken(current.ok_or(gone.clone())?)),
        }
    }
}
