use std::time::Duration;

use oauth::configuration::{Client, Tool, is_issuer_scope};
use oauth::{AuthorizationDetail, AuthorizationDetails, ClientId, Scope, Timestamp, TokenType};

use crate::{
    Action, Answer, Context, Decision, ISSUER, Item, Permitted, Policies, Principal, Question, Refused,
};

/// An authorization request, which may be for several tools at once.
#[derive(Clone, Copy, Debug)]
pub struct Requested<'a> {
    /// Who asks, and whom if that is known.
    pub principal: Principal<'a>,
    /// Who would act, where an actor token names one.
    pub actor: Option<&'a str>,
    /// [`Action::Ask`] or [`Action::Grant`].
    pub action: Action,
    /// Every scope that is asked for.
    pub scopes: &'a Scope,
    /// Every detail that is asked for.
    pub details: &'a AuthorizationDetails,
    /// The tools that it is for.
    pub tools: &'a [&'a Tool],
    /// How surely it was the person.
    pub acr: Option<&'a str>,
    /// By which means the person has authenticated.
    pub amr: &'a [&'a str],
    /// How long ago that was.
    pub auth_age: Option<Duration>,
    /// The moment of the request.
    pub now: Timestamp,
}

/// What of a request is for one tool, or for the issuer.
struct Share<'a> {
    tool: &'a str,
    scopes: Scope,
    details: AuthorizationDetails,
    /// Where each of these details stands in the request.
    positions: Vec<usize>,
}

impl Policies {
    /// Whether a client may ask a person for this, at the tools that it is for. Who the person will be may not be known yet, and
    /// does not matter.
    pub fn ask(
        &self,
        (client, actor): (&Client, Option<&ClientId>),
        (scopes, details): (&Scope, &AuthorizationDetails),
        tools: &[&Tool],
        now: Timestamp,
    ) -> Answer {
        self.request(&Requested {
            principal: Principal { client, person: None },
            actor: actor.map(ClientId::as_str),
            action: Action::Ask,
            scopes,
            details,
            tools,
            acr: None,
            amr: &[],
            auth_age: None,
            now,
        })
    }

    /// Puts each scope and each detail of an authorization request to the policies, at every tool that it is for: a token for
    /// any of them could come of it. What is for no tool at all is refused.
    pub fn request(&self, requested: &Requested<'_>) -> Answer {
        let asks_for_nothing = requested.scopes.is_empty() && requested.details.is_empty();
        let shares: Vec<(Answer, Vec<usize>)> = self
            .shares(requested)
            .into_iter()
            .filter(|share| asks_for_nothing || !share.scopes.is_empty() || !share.details.is_empty())
            .map(|share| (self.each(&requested.at(&share)), share.positions))
            .collect();
        if asks_for_nothing {
            return of_nothing(shares.into_iter().map(|(answer, _)| answer));
        }
        let mut whole = Answer::default();
        for scope in requested.scopes.iter() {
            let item = Item::Scope(scope.to_owned());
            whole.note(item.clone(), of_item(&shares, |_| Some(item.clone())));
        }
        for position in 0..requested.details.len() {
            let at =
                |positions: &[usize]| positions.iter().position(|own| *own == position).map(Item::Detail);
            if whole.note(Item::Detail(position), of_item(&shares, at)) {
                whole.details.push(position);
            }
        }
        let permitted = &whole.permitted;
        whole.scopes = requested.scopes.retaining(|scope| {
            permitted.iter().any(|one| matches!(&one.item, Item::Scope(allowed) if allowed == scope))
        });
        whole
    }

    fn shares<'a>(&self, requested: &Requested<'a>) -> Vec<Share<'a>> {
        let issuer = Share {
            tool: ISSUER,
            scopes: requested.scopes.retaining(is_issuer_scope),
            details: AuthorizationDetails::default(),
            positions: Vec::new(),
        };
        let of_tool = |tool: &&'a Tool| {
            let belongs = |(_, detail): &(usize, &AuthorizationDetail)| self.belongs(detail, tool);
            let positions: Vec<usize> =
                requested.details.iter().enumerate().filter(belongs).map(|(at, _)| at).collect();
            Share {
                tool: tool.resource.as_str(),
                scopes: requested.scopes.retaining(|scope| tool.scopes.contains_key(scope)),
                details: requested.details.pick(&positions),
                positions,
            }
        };
        std::iter::once(issuer).chain(requested.tools.iter().map(of_tool)).collect()
    }
}

impl<'a> Requested<'a> {
    fn at<'s>(&'s self, share: &'s Share<'a>) -> Question<'s> {
        Question {
            principal: self.principal,
            action: self.action,
            tool: share.tool,
            context: Context {
                scope: None,
                detail: None,
                scopes: &share.scopes,
                details: &share.details,
                requested: TokenType::AccessToken,
                origin: None,
                depth: 0,
                actors: &[],
                actor: self.actor,
                acr: self.acr,
                amr: self.amr,
                auth_age: self.auth_age,
                now: self.now,
            },
        }
    }
}

/// What all tools together say to one item: the first that refuses it does; `item` names it at each.
fn of_item(shares: &[(Answer, Vec<usize>)], item: impl Fn(&[usize]) -> Option<Item>) -> Decision {
    let mut permitted_by = None::<Vec<String>>;
    for (answer, positions) in shares {
        let Some(item) = item(positions) else { continue };
        if let Some(Refused { decision, .. }) = answer.refused.iter().find(|refused| refused.item == item) {
            return decision.clone();
        }
        if let Some(Permitted { by, .. }) = answer.permitted.iter().find(|permitted| permitted.item == item) {
            let known = permitted_by.get_or_insert_default();
            known.extend(by.iter().filter(|id| !known.contains(id)).cloned().collect::<Vec<_>>());
        }
    }
    permitted_by.map_or(Decision::Denied { by: Vec::new() }, |by| Decision::Allowed { by })
}

/// A request for nothing leads to a token that allows nothing: it is enough that one place lets it in.
fn of_nothing(mut answers: impl Iterator<Item = Answer>) -> Answer {
    let first = answers.next().unwrap_or_default();
    if first.refused.is_empty() {
        return first;
    }
    answers.find(|answer| answer.refused.is_empty()).unwrap_or(first)
}
