use std::collections::BTreeSet;
use std::sync::Arc;

use admission::Visit;
use http::Problem;
use issuing::{AccessToken, Behalf, Content};
use oauth::configuration::Client;
use oauth::{Authorization, Child, HandleRejection, Narrower, Refusal, Timestamp, TokenType};
use policy::{Action, Policies};
use store::Person;

use crate::question::{Exchange, between_by, permitted_on_record};
use crate::{Services, alone, exchanged};

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
    let good = alone::good_child(services, visit, child, (&registered.types, None)).await?;
    let (good, _) = good.ok_or_else(|| ended.clone())?;
    let content = exchanged::of_child(&good.claims, asked, &registered)?;
    let person = good.standing.person.as_ref();
    let renewal = renewal(services.policies(visit), client, person, child, visit.now);
    let (_, content) = renewal.permitted_again(content, child, asked)?.ok_or(ended)?;
    let profile = person.map(|person| &person.profile);
    let behalf = Behalf::Child { id: &authorization.id, child, profile };
    let token = services.access_token(visit, client, &content, &behalf).await?;
    Ok((token, content))
}

/// A renewal as policies are asked about it: as the exchange was by which the refresh token was got. What is no longer given out as a
/// refresh token is not renewed by one either.
pub(crate) fn renewal<'a>(
    policies: Policies,
    client: &'a Client,
    person: Option<&'a Person>,
    child: &'a Child,
    now: Timestamp,
) -> Exchange<'a> {
    let claims = &child.claims;
    Exchange {
        policies,
        client,
        person,
        at: claims.aud.as_str(),
        requested: TokenType::RefreshToken,
        actor: child.shown_actor(),
        origin: claims.origin.as_ref(),
        signed_in: claims.into(),
        actors: between_by(child, &claims.exchanged_from, &child.acted_before()),
        is_approved: false,
        now,
    }
}

impl Exchange<'_> {
    /// The part of the content that the policies leave now of what was got by `child`, and which of them spoke; `None` for nothing.
    pub(crate) fn permitted_again<'c>(
        &self,
        content: Content<'c>,
        child: &Child,
        asked: &Narrower,
    ) -> Result<Option<(BTreeSet<String>, Content<'c>)>, Refusal> {
        let names_the_actor = child.terms.names_the_actor;
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
            content = permitted_on_record(&spoke, asked, &answer, &content)?;
            spoke.extend(answer.for_audit_in_part());
        }
        Ok(Some((spoke, content)).filter(|(_, content)| !content.is_empty()))
    }
}
