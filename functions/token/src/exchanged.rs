//! What a token that is made of another one allows: never more than that one, by the rules of the tools. Whether the client may
//! have it is asked of the policies afterwards.

use issuing::{Content, Registered};
use oauth::configuration::{Tool, is_openid};
use oauth::scope::OPENID;
use oauth::{
    AccessTokenClaims, AssertedGrant, Audience, AuthorizationDetails, Grant, IdJagTarget, LONGEST_DETAILS,
    MOST_DETAILS, Narrower, Refusal, Scope, TrustedIssuer, narrowed_scope, require_details_for_scopes,
};

/// What the subject token allows at the tool that it is for.
pub(crate) struct Rights<'s> {
    pub(crate) tool: &'s Tool,
    pub(crate) scope: &'s Scope,
    pub(crate) details: &'s AuthorizationDetails,
}

/// The part of a subject token's rights that a token for `target` can carry (RFC 8693, section 2.1; RFC 9396, section 6):
/// what the rules of `target` make of them, as far as the client is registered for it, and of that what the request names.
///
/// Where the subject has details and none of them passes, nothing does, unless the request asks for none: the scope alone would look
/// as if it allowed everything.
///
/// # Errors
/// [`Refusal::ExchangeNotAllowed`], [`Refusal::ScopeWidened`], [`Refusal::DetailWidened`], and those of
/// [`details::DetailTypes::validate`].
pub(crate) fn at_tool<'a>(
    subject: &Rights<'_>,
    target: &'a Tool,
    asked: &Narrower,
    registered: &Registered<'a>,
) -> Result<Content<'a>, Refusal> {
    let audience = Audience::Tool(target);
    let most = most_details(subject, target, registered);
    require_bounded(&most)?;
    let details = match &asked.details {
        None if most.is_empty() && !subject.details.is_empty() => return Err(Refusal::ExchangeNotAllowed),
        None => most,
        Some(narrower) => {
            Content::check(narrower, audience, registered)?;
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
    Ok(Content::apart(audience, &scope, details))
}

/// What an ID token says by exchange: that somebody is who they are (OpenID Connect Core, section 3.1.2.1), where they let the
/// client at the start know that, and this client may.
///
/// # Errors
/// [`Refusal::ScopeWidened`], [`Refusal::ScopeNotAllowed`], [`Refusal::DetailOutsideResource`].
pub(crate) fn identity<'a>(
    grant: Option<&Grant>,
    asked: &Narrower,
    registered: &Registered<'a>,
) -> Result<Content<'a>, Refusal> {
    if !grant.is_some_and(|grant| is_openid(&grant.scope)) {
        return Err(Refusal::ScopeWidened);
    }
    if !is_openid(&registered.client.scopes) {
        return Err(Refusal::ScopeNotAllowed);
    }
    if asked.details.as_ref().is_some_and(|details| !details.is_empty()) {
        return Err(Refusal::DetailOutsideResource { index: 0 });
    }
    let scope = narrowed_scope(asked.scope.as_ref(), &[OPENID].into_iter().collect())?;
    Ok(Content::apart(Audience::Issuer, &scope, AuthorizationDetails::default()))
}

/// What an ID-JAG says for another authorization server. Details of its types are not known here.
///
/// # Errors
/// [`Refusal::ScopeWidened`], [`Refusal::DetailTypeNotAllowed`].
pub(crate) fn elsewhere<'a>(target: &'a IdJagTarget, asked: &Narrower) -> Result<Content<'a>, Refusal> {
    if asked.details.as_ref().is_some_and(|details| !details.is_empty()) {
        return Err(Refusal::DetailTypeNotAllowed { index: 0 });
    }
    let scope = narrowed_scope(asked.scope.as_ref(), &target.scopes)?;
    Ok(Content::apart(Audience::Elsewhere(target), &scope, AuthorizationDetails::default()))
}

/// What somebody may have whom another issuer vouches for: what the configuration trusts it with, as far as the client is
/// registered for it; of that no more than an ID-JAG says, where it comes by one; and of that what the request names.
///
/// # Errors
/// As [`at_tool`], and [`Refusal::AuthenticationStrengthUnavailable`].
pub(crate) fn vouched<'a>(
    trusted: &TrustedIssuer,
    asserted: Option<&AssertedGrant>,
    target: &'a Tool,
    asked: &Narrower,
    registered: &Registered<'a>,
) -> Result<Content<'a>, Refusal> {
    let Registered { ref types, client, tools, .. } = *registered;
    let audience = Audience::Tool(target);
    let asserted_details = asserted.map(|grant| &grant.details);
    let details = asked.details.as_ref().or(asserted_details).cloned().unwrap_or_default();
    Content::check(&details, audience, registered)?;
    types.is_within(&details, &trusted.details)?;
    if let Some(asserted) = asserted_details {
        types.is_within(&details, asserted)?;
    }
    if types.take_a_passkey(&details) {
        return Err(Refusal::AuthenticationStrengthUnavailable);
    }
    let own = audience.scope(&trusted.scopes.intersection(&client.scopes));
    let most = asserted.map_or_else(|| own.clone(), |grant| own.intersection(&grant.scope));
    let scope = narrowed_scope(asked.scope.as_ref(), &most)?;
    if asked.scope.is_some() {
        require_details_for_scopes(&scope, &details, tools)?;
    }
    Ok(Content::apart(audience, &scope, details))
}

/// The part of what was got by exchange that a token request asks for, where `child` says what of that is left
/// ([`Visit::good_child`](admission::Visit::good_child)). Never more (OAuth 2.1, section 4.3.1).
///
/// # Errors
/// [`Refusal::ResourceNotAllowed`], [`Refusal::ScopeWidened`], [`Refusal::DetailWidened`].
pub(crate) fn of_child<'a>(
    child: &AccessTokenClaims,
    asked: &Narrower,
    registered: &Registered<'a>,
) -> Result<Content<'a>, Refusal> {
    let Registered { ref types, client, tools, .. } = *registered;
    let is_its_own = |tool: &&Tool| tool.resource == child.aud && client.tools.contains(&tool.id);
    let tool = tools.iter().find(is_its_own).ok_or(Refusal::ResourceNotAllowed)?;
    if asked.resources.iter().any(|named| *named != tool.resource) {
        return Err(Refusal::ResourceNotAllowed);
    }
    let audience = Audience::Tool(tool);
    let whole = types.granted_for(&child.authorization_details, tool, client);
    let details = match &asked.details {
        None => whole,
        Some(narrower) => {
            Content::check(narrower, audience, registered)?;
            types.is_within(narrower, &whole)?;
            narrower.clone()
        }
    };
    let scope = narrowed_scope(asked.scope.as_ref(), &child.scope)?.intersection(&client.scopes);
    Ok(Content::apart(audience, &scope, details))
}

/// Several rules may make several details of one: what comes of it stays within what a request could ask for, and fits an item.
fn require_bounded(details: &AuthorizationDetails) -> Result<(), Refusal> {
    if details.len() > MOST_DETAILS || details.bytes() > LONGEST_DETAILS {
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
        types.validate(&alone, client, true).is_ok() && !types.take_a_passkey(&alone)
    };
    types.granted_for(&made, target, client).retaining(passes)
}

#[cfg(test)]
mod laws;
