use details::DetailTypes;
use oauth::configuration::{Client, Server, Tool};
use oauth::{
    Audience, AuthorizationDetails, Grant, Narrower, Refusal, ResourceUri, Scope, meaningful_scope,
    narrowed_scope,
};

/// What an access token will say: for whom, and what it allows.
pub(crate) struct Content<'a> {
    pub(crate) audience: Audience<'a>,
    pub(crate) scope: Scope,
    pub(crate) details: AuthorizationDetails,
    /// Whether the details are all those that the authorization has for this tool.
    pub(crate) details_are_whole: bool,
}

/// The place where a token is made: what is registered there.
pub(crate) struct Registered<'a> {
    pub(crate) server: &'a Server,
    pub(crate) tools: &'a [Tool],
    pub(crate) types: DetailTypes,
    pub(crate) client: &'a Client,
    pub(crate) default_resource: Option<&'a ResourceUri>,
}

impl<'a> Content<'a> {
    /// The part of a person's grant that the token request asks for. Never more: scope and details can only
    /// shrink (OAuth 2.1, section 4.3.1; RFC 8707, section 2.2; RFC 9396, section 6).
    pub(crate) fn of_grant(
        grant: &Grant,
        asked: &Narrower,
        registered: &Registered<'a>,
    ) -> Result<Self, Refusal> {
        let Registered { server, tools, ref types, .. } = *registered;
        let audience =
            Audience::choose(&asked.resources, &grant.resources, registered.default_resource, server, tools)?;
        let client = registered.client;
        let whole = match audience.tool() {
            Some(tool) if !client.tools.contains(&tool.id) => return Err(Refusal::ResourceNotAllowed),
            Some(tool) => types.granted_for(&grant.details, tool, client),
            None => AuthorizationDetails::default(),
        };
        let details = match &asked.details {
            None => whole.clone(),
            Some(narrower) => {
                Self::check(narrower, audience, registered)?;
                types.is_within(narrower, &whole)?;
                narrower.clone()
            }
        };
        let scope = narrowed_scope(asked.scope.as_ref(), &grant.scope)?.intersection(&client.scopes);
        Ok(Self::new(audience, &scope, details, &whole))
    }

    /// What a client may have for itself: of its own scopes, and details within its standing ones.
    pub(crate) fn standing(asked: &Narrower, registered: &Registered<'a>) -> Result<Self, Refusal> {
        let Registered { server, tools, ref types, client, default_resource } = *registered;
        let own: Vec<ResourceUri> = tools
            .iter()
            .filter(|tool| client.tools.contains(&tool.id))
            .map(|tool| tool.resource.clone())
            .collect();
        let named = match (asked.resources.as_slice(), default_resource) {
            ([], Some(default)) => std::slice::from_ref(default),
            (named, _) => named,
        };
        let audience = Audience::choose(named, &own, default_resource, server, tools)?;
        let details = asked.details.clone().unwrap_or_default();
        Self::check(&details, audience, registered)?;
        types.is_within(&details, &client.standing_details)?;
        // Nobody signed in: the issuer's scopes are about a person.
        let of_tools = client.scopes.retaining(|token| !oauth::configuration::is_issuer_scope(token));
        let scope = narrowed_scope(asked.scope.as_ref(), &of_tools).map_err(|_| Refusal::ScopeNotAllowed)?;
        if asked.scope.is_some() {
            oauth::require_details_for_scopes(&scope, &details, tools)?;
        }
        Ok(Self::apart(audience, &scope, details))
    }

    pub(crate) fn check(
        details: &AuthorizationDetails,
        audience: Audience<'_>,
        registered: &Registered<'_>,
    ) -> Result<(), Refusal> {
        registered.types.validate(details, registered.client, true)?;
        match audience.tool() {
            Some(tool) => registered.types.refuse_outside(details, tool),
            None if details.is_empty() => Ok(()),
            None => Err(Refusal::DetailOutsideResource { index: 0 }),
        }
    }

    /// With some of the details that an authorization has for this tool, or with the whole of them.
    fn new(
        audience: Audience<'a>,
        scope: &Scope,
        details: AuthorizationDetails,
        whole: &AuthorizationDetails,
    ) -> Self {
        let details_are_whole = details.digest() == whole.digest();
        Self { details_are_whole, ..Self::apart(audience, scope, details) }
    }

    /// With details that no authorization has as they stand here.
    pub(crate) fn apart(audience: Audience<'a>, scope: &Scope, details: AuthorizationDetails) -> Self {
        let scope = meaningful_scope(&audience.scope(scope), audience.tool(), !details.is_empty());
        Self { audience, scope, details, details_are_whole: false }
    }
}
