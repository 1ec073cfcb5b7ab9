use std::time::Duration;

use oauth::time::CLOCK_SKEW;
use oauth::{Scope, Timestamp};
use serde_json::Value;

use crate::{AccessToken, Refusal, WantedDetail};

/// What a request needs its token to allow. All of it must hold. An empty demand takes every token that is meant for this
/// tool.
#[derive(Clone, Debug, Default)]
pub struct Demand {
    scope: Vec<String>,
    details: Vec<WantedDetail>,
    actor: Option<String>,
    through: Vec<String>,
    contexts: Vec<String>,
    youngest: Option<Duration>,
    approval: bool,
    looked_up: bool,
    of_nobody: bool,
}

impl Demand {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What nobody may do, whatever their token allows: for a request that names nothing there is. Who has no good token learns that
    /// and no more; the others are refused with [`Refusal::NobodyMay`], and the audit says so.
    pub fn of_nobody() -> Self {
        Self { of_nobody: true, ..Self::default() }
    }

    /// This scope (RFC 6749, section 3.3). Each call adds one that is needed as well. A scope that is registered as needing
    /// details says nothing alone: demand a detail as well.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope.push(scope.into());
        self
    }

    /// A detail that allows this (RFC 9396). Each call adds one that is needed as well.
    #[must_use]
    pub fn detail(mut self, wanted: WantedDetail) -> Self {
        self.details.push(wanted);
        self
    }

    /// The current actor, the outermost `act`, by the name that the token's issuer has for it (RFC 8693, section 4.1).
    #[must_use]
    pub fn actor(mut self, name: impl Into<String>) -> Self {
        self.actor = Some(name.into());
        self
    }

    /// An actor anywhere in the chain. Earlier actors are information only (RFC 8693, section 4.1), so this can only
    /// restrict further what scope and details allow.
    #[must_use]
    pub fn through(mut self, name: impl Into<String>) -> Self {
        self.through.push(name.into());
        self
    }

    /// One of these authentication contexts, `acr`, the preferred first (RFC 9470, section 3).
    #[must_use]
    pub fn authentication_context(mut self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.contexts.extend(values.into_iter().map(Into::into));
        self
    }

    /// The person signed in at most so long ago (RFC 9470, section 3). Clocks may differ by a minute.
    #[must_use]
    pub const fn signed_in_within(mut self, span: Duration) -> Self {
        self.youngest = Some(span);
        self
    }

    /// The person has countersigned with a passkey what this token comes from (`approval`): there is evidence of it that a stranger can
    /// check. A client that lacks it is told to ask for `phr`, as RFC 9470, section 3, has it: a request that names it is countersigned.
    #[must_use]
    pub const fn approval(mut self) -> Self {
        self.approval = true;
        self
    }

    /// The issuer is asked whether the token is still good (RFC 7662), so that one that was taken back ends within ten
    /// seconds: for so long an answer is remembered. While the issuer does not answer, nobody is let in. Tokens that refer to
    /// their details are looked up anyway where details are demanded.
    #[must_use]
    pub const fn looked_up(mut self) -> Self {
        self.looked_up = true;
        self
    }

    /// Whether this token has to be looked up for the demand.
    pub(crate) fn needs_introspection(&self, token: &AccessToken) -> bool {
        self.looked_up || (!self.details.is_empty() && token.refers_to_details())
    }

    /// The details that are demanded, as a client would ask for them.
    pub(crate) fn detail_values(&self) -> Vec<Value> {
        self.details.iter().map(WantedDetail::to_value).collect()
    }

    /// Whether a valid token allows it.
    ///
    /// # Errors
    /// What is missing: scope, then the actor, then how the person signed in and approved, then details.
    pub fn met_by(&self, token: &AccessToken, now: Timestamp) -> Result<(), Refusal> {
        if self.of_nobody {
            return Err(Refusal::NobodyMay);
        }
        if !self.scope.iter().all(|scope| token.scope().contains(scope)) {
            return Err(Refusal::InsufficientScope { needed: self.scope_text() });
        }
        if !self.came_the_right_way(token) {
            return Err(Refusal::OtherActor);
        }
        if !self.signed_in_well_enough(token, now) {
            return Err(Refusal::InsufficientAuthentication {
                contexts: self.contexts.clone(),
                within: self.youngest,
            });
        }
        if self.approval && token.approval().is_none() {
            return Err(Refusal::NotCountersigned);
        }
        let missing: Vec<Value> = self
            .details
            .iter()
            .filter(|wanted| !wanted.allowed_by(token.details()))
            .map(WantedDetail::to_value)
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(Refusal::InsufficientDetails { missing }) }
    }

    /// The demanded scope as one text, without what is no scope token.
    fn scope_text(&self) -> Scope {
        Scope::parse(&self.scope.join(" ")).unwrap_or_default()
    }

    fn came_the_right_way(&self, token: &AccessToken) -> bool {
        let issuer = token.issuer();
        let current =
            self.actor.as_ref().is_none_or(|name| token.actor().is_some_and(|actor| actor.is(name, issuer)));
        let in_chain = |name: &String| {
            token.actor().is_some_and(|newest| newest.own(issuer).any(|actor| actor.subject() == name))
        };
        current && self.through.iter().all(in_chain)
    }

    fn signed_in_well_enough(&self, token: &AccessToken, now: Timestamp) -> bool {
        let surely = self.contexts.is_empty()
            || token.authentication_context().is_some_and(|acr| self.contexts.iter().any(|one| one == acr));
        let lately = self.youngest.is_none_or(|span| {
            let is_within =
                |then: Timestamp| then <= now.after(CLOCK_SKEW) && now < then.after(span).after(CLOCK_SKEW);
            token.authenticated_at().is_some_and(is_within)
        });
        surely && lately
    }
}

#[cfg(test)]
mod tests;
