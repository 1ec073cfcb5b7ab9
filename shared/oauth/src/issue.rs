use crate::configuration::{Server, Tool, is_issuer_scope};
use crate::{AuthorizationDetails, IdJagTarget, Parameters, Refusal, ResourceUri, Scope};

/// What a token request asks of what was granted: less, or just that.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Narrower {
    /// `scope` (OAuth 2.1, section 4.3.1).
    pub scope: Option<Scope>,
    /// `resource` (RFC 8707, section 2.2).
    pub resources: Vec<ResourceUri>,
    /// `authorization_details` (RFC 9396, section 6).
    pub details: Option<AuthorizationDetails>,
}

impl Narrower {
    /// Reads the three parameters. Whether they lie within what was granted is decided later.
    ///
    /// # Errors
    /// [`Refusal::MalformedParameter`], [`Refusal::ResourceNotAllowed`], and those of
    /// [`AuthorizationDetails::parse`].
    pub fn parse(parameters: &Parameters) -> Result<Self, Refusal> {
        let malformed =
            Refusal::MalformedParameter { name: "scope", expected: "tokens separated by single spaces" };
        let scope = match parameters.optional("scope")? {
            Some(text) => Some(Scope::parse(text).ok_or(malformed)?),
            None => None,
        };
        let resources = parameters
            .repeated("resource")?
            .into_iter()
            .map(|text| ResourceUri::parse(text).ok_or(Refusal::ResourceNotAllowed))
            .collect::<Result<_, _>>()?;
        let details =
            parameters.optional("authorization_details")?.map(AuthorizationDetails::parse).transpose()?;
        Ok(Self { scope, resources, details })
    }
}

/// Whom a token is for: exactly one resource (RFC 8707).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Audience<'a> {
    /// A tool.
    Tool(&'a Tool),
    /// The issuer itself: userinfo.
    Issuer,
    /// Another authorization server, by whose word a token is made there.
    Elsewhere(&'a IdJagTarget),
}

impl<'a> Audience<'a> {
    /// Chooses the one resource of a token: the one that the token request names, if it lies within what was
    /// granted; else the only granted one; else the client's default, else the issuer (RFC 8707, section 2.2).
    ///
    /// # Errors
    /// [`Refusal::ResourceNotAllowed`]; [`Refusal::ResourceNotChosen`] when several were granted.
    pub fn choose(
        named: &[ResourceUri],
        granted: &[ResourceUri],
        default: Option<&ResourceUri>,
        server: &Server,
        tools: &'a [Tool],
    ) -> Result<Self, Refusal> {
        let issuer = server.resource();
        let chosen = match (named, granted) {
            ([], []) => default.unwrap_or(&issuer),
            ([], [only]) => only,
            ([], _) => return Err(Refusal::ResourceNotChosen),
            // Who named no resource at the start may still turn to the issuer's userinfo.
            ([one], []) if Some(one) == default || *one == issuer => one,
            ([one], granted) if granted.contains(one) || *one == issuer => one,
            ([_], _) => return Err(Refusal::ResourceNotAllowed),
            _ => {
                return Err(Refusal::TooManyValues { name: "resource", limit: 1 });
            }
        };
        Self::find(chosen, server, tools).ok_or(Refusal::ResourceNotAllowed)
    }

    /// Whose resource indicator this is.
    pub fn find(uri: &ResourceUri, server: &Server, tools: &'a [Tool]) -> Option<Self> {
        if *uri == server.resource() {
            return Some(Self::Issuer);
        }
        tools.iter().find(|tool| tool.resource == *uri).map(Self::Tool)
    }

    /// The `aud` claim.
    pub fn uri(&self, server: &Server) -> ResourceUri {
        match self {
            Self::Tool(tool) => tool.resource.clone(),
            Self::Issuer => server.resource(),
            Self::Elsewhere(target) => target.resource.clone(),
        }
    }

    /// The part of a scope that means something here.
    pub fn scope(&self, granted: &Scope) -> Scope {
        match self {
            Self::Tool(tool) => granted.retaining(|token| tool.scopes.contains_key(token)),
            Self::Issuer => granted.retaining(is_issuer_scope),
            Self::Elsewhere(target) => granted.intersection(&target.scopes),
        }
    }

    /// The tool, if it is one.
    pub const fn tool(&self) -> Option<&'a Tool> {
        match self {
            Self::Tool(tool) => Some(tool),
            Self::Issuer | Self::Elsewhere(_) => None,
        }
    }

    /// How long an access token lives here.
    pub fn access_token_lifetime(&self, server: &Server) -> std::time::Duration {
        self.tool().and_then(|tool| tool.access_token_lifetime).unwrap_or(server.lifetimes.access_token)
    }
}

/// The scope of a token: what the token request names, if it lies within what was granted, else all of it
/// (OAuth 2.1, section 4.3.1).
///
/// # Errors
/// [`Refusal::ScopeWidened`].
pub fn narrowed_scope(named: Option<&Scope>, granted: &Scope) -> Result<Scope, Refusal> {
    match named {
        None => Ok(granted.clone()),
        Some(named) if named.is_within(granted) => Ok(named.clone()),
        Some(_) => Err(Refusal::ScopeWidened),
    }
}

/// A scope that means nothing without details is not carried where there are none.
pub fn meaningful_scope(scope: &Scope, tool: Option<&Tool>, has_details: bool) -> Scope {
    scope.retaining(|token| {
        has_details || !tool.and_then(|tool| tool.scopes.get(token)).is_some_and(|own| own.requires_details)
    })
}
