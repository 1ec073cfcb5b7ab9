use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use admission::Visit;
use http::Problem;
use issuing::{AccessToken, Behalf, Content};
use oauth::configuration::Client;
use oauth::{Authorization, Child, HandleRejection, Narrower, Refusal, TokenType};
use policy::Action;

use crate::question::{Exchange, permitted_on_record};
use crate::{Services, exchanged};

/// An access token by a refresh token that was got by exchange, before anybody has seen it. One read says whether everything that it
/// goes back to still stands: the root authorization, the tokens and clients above, the person. Rules and policies are asked again:
/// what they no longer allow is not renewed.
pub(crate) async fn renewed<'a>(
    services: &Services,
    visit: &'a Visit<'_>,
    client: &'a Arc<Client>,
    (authorization, child): (&Authorization, &Child),
    asked: &Narrower,
) -> Result<(AccessToken, Content<'a>), Problem> {
    let ended = Refusal::RefreshTokenInvalid { why: HandleRejection::Ended };
    let registered = services.registered(visit, client);
    let good = visit.good_child(child, &registered.types).await?.ok_or_else(|| ended.clone())?;
    let content = exchanged::of_child(&good.claims, asked, &registered)?;
    let person = good.standing.person.as_ref();
    let actor = child.shown_actor();
    let exchange = Exchange {
        policies: services.policies(visit),
        client,
        person,
        at: child.claims.aud.as_str(),
        // As it was got: what is no longer given out as a refresh token is not renewed by one either.
        requested: TokenType::RefreshToken,
        actor: actor.as_ref(),
        origin: child.claims.origin.as_ref(),
        signed_in: (&child.claims).into(),
        above: Cow::Borrowed(if child.terms.from.is_some() { &child.claims.exchanged_from } else { &[] }),
        now: visit.now,
    };
    let content = exchange.permitted_again(content, child.terms.names_the_actor, asked)?.ok_or(ended)?;
    let profile = person.map(|person| &person.profile);
    let behalf = Behalf::Child { id: &authorization.id, child, profile };
    let token = services.mint(visit).access_token(client, &content, &behalf).await?;
    Ok((token, content))
}

impl Exchange<'_> {
    /// The part of the content that the policies leave now; `None` for nothing.
    fn permitted_again<'c>(
        &self,
        content: Content<'c>,
        names_the_actor: bool,
        asked: &Narrower,
    ) -> Result<Option<Content<'c>>, Refusal> {
        let first = if names_the_actor { Action::TokenExchange } else { Action::Impersonate };
        if !names_the_actor && !content.is_empty() {
            // As at first: what a policy forbids to be had under a name is not had without one.
            let answer = self.ask(Action::TokenExchange, &content);
            if !answer.is_refused_by_nobody() {
                http::note_policies(answer.for_audit());
                return Ok(None);
            }
        }
        let (mut content, mut spoke) = (content, BTreeSet::new());
        for action in [first, Action::RefreshTokenByExchange] {
            // A policy that permits everything must not be asked about nothing.
            if content.is_empty() {
                return Ok(None);
            }
            let answer = self.ask(action, &content);
            content = permitted_on_record(&spoke, asked, &answer, content)?;
            spoke.extend(answer.for_audit_in_part());
        }
        Ok(Some(content).filter(|content| !content.is_empty()))
    }
}
