use details::DetailTypes;
use oauth::configuration::{Client, Server, Tool};
use oauth::{
    Audience, AuthorizationDetails, Grant, Narrower, Refusal, ResourceUri, Scope, meaningful_scope,
    narrowed_scope,
};
use store::{Configuration, Derived};

/// What an access token will say: for whom, and what it allows.
pub struct Content<'a> {
    /// For whom.
    pub audience: Audience<'a>,
    /// What it allows by scope.
    pub scope: Scope,
    /// What it allows in detail.
    pub details: AuthorizationDetails,
    /// Whether the details are all those that the authorization has for this tool.
    pub(crate) details_are_whole: bool,
}

/// The place where a token is made: what is registered there.
pub struct Registered<'a> {
    /// The server's settings.
    pub server: &'a Server,
    /// All tools.
    pub tools: &'a [Tool],
    /// The types of `authorization_details`.
    pub types: DetailTypes,
    /// Whom the token is given to.
    pub client: &'a Client,
    /// What it is for where nobody says.
    pub default_resource: Option<&'a ResourceUri>,
}

impl<'a> Registered<'a> {
    /// What a configuration registers, as far as it decides about a token for this client. What is made of its types for one request
    /// is there for the next.
    pub fn of(configuration: &'a Configuration, types: &Derived<DetailTypes>, client: &'a Client) -> Self {
        Self {
            server: &configuration.server,
            tools: &configuration.tools,
            types: types.of(configuration.version, || DetailTypes::new(configuration.detail_types.clone())),
            client,
            default_resource: configuration.default_resource(client),
        }
    }

    /// Whom a token of a grant is for that names these resources, and all details that the grant has there.
    fn place(
        &self,
        grant: &Grant,
        named: &[ResourceUri],
    ) -> Result<(Audience<'a>, AuthorizationDetails), Refusal> {
        let Self { server, tools, ref types, client, default_resource } = *self;
        let audience = Audience::choose(named, &grant.resources, default_resource, server, tools)?;
        let whole = match audience.tool() {
            Some(tool) if !client.tools.contains(&tool.id) => return Err(Refusal::ResourceNotAllowed),
            Some(tool) => types.granted_for(&grant.details, tool, client),
            None => AuthorizationDetails::default(),
        };
        let was_granted = |tool: &Tool| !types.for_tool(&grant.details, tool).is_empty();
        if whole.is_empty() && audience.tool().is_some_and(was_granted) {
            // All of it was taken from the client, and the scope alone would look as if it allowed everything.
            return Err(Refusal::ResourceNotAllowed);
        }
        Ok((audience, whole))
    }
}

impl<'a> Content<'a> {
    /// The part of a person's grant that the token request asks for. Never more: scope and details can only
    /// shrink (OAuth 2.1, section 4.3.1; RFC 8707, section 2.2; RFC 9396, section 6).
    ///
    /// # Errors
    /// [`Refusal::ResourceNotAllowed`], [`Refusal::ResourceNotChosen`], [`Refusal::ScopeWidened`], [`Refusal::DetailWidened`], and
    /// those of [`DetailTypes::validate`].
    pub fn of_grant(grant: &Grant, asked: &Narrower, registered: &Registered<'a>) -> Result<Self, Refusal> {
        let (audience, whole) = registered.place(grant, &asked.resources)?;
        let details = match &asked.details {
            None => whole.clone(),
            Some(narrower) => {
                Self::check(narrower, audience, registered)?;
                registered.types.is_within(narrower, &whole)?;
                narrower.clone()
            }
        };
        let scope = narrowed_scope(asked.scope.as_ref(), &grant.scope)?;
        let scope = scope.intersection(&registered.client.scopes);
        Ok(Self::new(audience, &scope, details, &whole))
    }

    /// The whole of a person's grant at the one place that it is for: what nobody comes to ask for cannot be narrowed, and no schema is
    /// needed to look at it.
    ///
    /// # Errors
    /// [`Refusal::ResourceNotAllowed`], [`Refusal::ResourceNotChosen`].
    pub fn of_whole_grant(grant: &Grant, registered: &Registered<'a>) -> Result<Self, Refusal> {
        let (audience, whole) = registered.place(grant, &[])?;
        let scope = grant.scope.intersection(&registered.client.scopes);
        Ok(Self::new(audience, &scope, whole.clone(), &whole))
    }

    /// Refuses details that are not valid by their types, not for this client, or for another place than this.
    ///
    /// # Errors
    /// Those of [`DetailTypes::validate`]; [`Refusal::DetailOutsideResource`].
    pub fn check(
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
    #[must_use]
    pub fn apart(audience: Audience<'a>, scope: &Scope, details: AuthorizationDetails) -> Self {
        let scope = meaningful_scope(&audience.scope(scope), audience.tool(), !details.is_empty());
        Self { audience, scope, details, details_are_whole: false }
    }

    /// Whether a token with this content would be good for anything.
    pub fn is_empty(&self) -> bool {
        self.scope.is_empty() && self.details.is_empty()
    }

    /// How many bytes it takes where it is kept.
    pub fn bytes(&self) -> usize {
        self.details.bytes() + self.scope.to_string().len()
    }

    /// The part of the content that `scope` and the details at `positions` leave. Where there were details and none is left, nothing
    /// is: the scope alone would look as if it allowed everything.
    #[must_use]
    pub fn left(&self, scope: &Scope, positions: &[usize]) -> Self {
        let details = self.details.pick(positions);
        let is_lost = details.is_empty() && !self.details.is_empty();
        let scope = if is_lost { Scope::empty() } else { self.scope.intersection(scope) };
        Self::apart(self.audience, &scope, details)
    }
}
