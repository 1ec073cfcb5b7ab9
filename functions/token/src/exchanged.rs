//! What a token that is made of another one allows: never more than that one, by the rules of the tools. Whether the client may
//! have it is asked of the policies afterwards.

use oauth::configuration::{Assurance, Tool};
use oauth::{
    Audience, AuthorizationDetails, LONGEST_DETAILS, MOST_DETAILS, Narrower, Refusal, Scope, narrowed_scope,
    require_details_for_scopes,
};

use crate::content::{Content, Registered};

/// What the subject token allows at the tool that it is for.
pub(crate) struct Rights<'s> {
    pub(crate) tool: &'s Tool,
    pub(crate) scope: &'s Scope,
    pub(crate) details: &'s AuthorizationDetails,
}

impl<'a> Content<'a> {
    /// The part of a subject token's rights that a token for `target` can carry (RFC 8693, section 2.1; RFC 9396, section 6):
    /// what the rules of `target` make of them, as far as the client is registered for it, and of that what the request names.
    ///
    /// # Errors
    /// [`Refusal::ScopeWidened`], [`Refusal::DetailWidened`], and those of [`details::DetailTypes::validate`].
    pub(crate) fn exchanged(
        subject: &Rights<'_>,
        target: &'a Tool,
        asked: &Narrower,
        registered: &Registered<'a>,
    ) -> Result<Self, Refusal> {
        let audience = Audience::Tool(target);
        let most = most_details(subject, target, registered);
        require_bounded(&most)?;
        let details = match &asked.details {
            None => most.clone(),
            Some(narrower) => {
                Self::check(narrower, audience, registered)?;
                registered.types.is_within(narrower, &most)?;
                narrower.clone()
            }
        };
        let most_scope = target.scope_from(&subject.tool.id, subject.scope);
        let most_scope = most_scope.intersection(&registered.client.scopes);
        let scope = narrowed_scope(asked.scope.as_ref(), &most_scope)?;
        if asked.scope.is_some() {
            require_details_for_scopes(&scope, &details, registered.tools)?;
        }
        Ok(Self::apart(audience, &scope, details))
    }

    /// Whether a token with this content would be good for anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.scope.is_empty() && self.details.is_empty()
    }

    /// The part of the content that `scope` and the details at `positions` leave.
    pub(crate) fn left(self, scope: &Scope, positions: &[usize]) -> Self {
        Self::apart(self.audience, &self.scope.intersection(scope), self.details.pick(positions))
    }
}

/// Several rules may make several details of one: what comes of it stays within what a request could ask for, and fits an item.
fn require_bounded(details: &AuthorizationDetails) -> Result<(), Refusal> {
    let is_too_long = || serde_json::to_vec(details).is_ok_and(|text| text.len() > LONGEST_DETAILS);
    if details.len() > MOST_DETAILS || is_too_long() {
        return Err(Refusal::TooManyDetails { limit: MOST_DETAILS });
    }
    Ok(())
}

/// All details that the target's rules make of the subject's. One that is not valid by its type, or that a person would have to
/// approve with a passkey, does not pass.
fn most_details(subject: &Rights<'_>, target: &Tool, registered: &Registered<'_>) -> AuthorizationDetails {
    let Registered { ref types, client, .. } = *registered;
    let made = target.details_from(&subject.tool.id, subject.details);
    let passes = |one: &oauth::AuthorizationDetail| {
        let alone = AuthorizationDetails::new(vec![one.clone()]);
        types.validate(&alone, client, true).is_ok()
            && types.strongest_assurance(&alone) == Assurance::Session
    };
    types.granted_for(&made, target, client).retaining(passes)
}

#[cfg(test)]
mod laws;
