use std::collections::BTreeSet;

use details::DetailTypes;
use environment::Fault;
use oauth::configuration::{Client, GrantType, Tool};
use oauth::{AccessTokenClaims, AuthorizationDetails, ClientId, Scope};
use store::Standing;

use crate::Visit;

/// What a token of a chain can allow at most: by scope, and by the types of details.
#[derive(Clone, Debug, Default)]
pub struct Rights {
    /// By scope.
    scope: Scope,
    /// By the type of a detail.
    types: BTreeSet<String>,
}

impl Rights {
    /// Those of a scope and of details, as far as they are for this tool and this client is registered for them.
    pub fn of(
        (scope, details): (&Scope, &AuthorizationDetails),
        tool: &Tool,
        client: &Client,
        types: &DetailTypes,
    ) -> Self {
        let details = types.granted_for(details, tool, client);
        let scope = scope.intersection(&client.scopes);
        Self {
            scope: scope.retaining(|token| tool.scopes.contains_key(token)),
            types: details.iter().map(|detail| detail.detail_type.clone()).collect(),
        }
    }

    /// What the rules of `target` make of them, as far as the client is registered for it.
    fn made_into(&self, target: &Tool, from: &Tool, client: &Client) -> Self {
        let mut types = target.types_from(&from.id, &self.types);
        types.retain(|name| client.detail_types.contains(name));
        Self { scope: target.scope_from(&from.id, &self.scope).intersection(&client.scopes), types }
    }

    /// What of it they leave. `None` where that is nothing, and where every detail is lost: the scope alone would look as if it allowed
    /// everything.
    fn leave(&self, scope: &Scope, details: &AuthorizationDetails) -> Option<(Scope, AuthorizationDetails)> {
        let left = details.retaining(|detail| self.types.contains(&detail.detail_type));
        let is_lost = left.is_empty() && !details.is_empty();
        let scope_left = scope.intersection(&self.scope);
        let nothing = left.is_empty() && scope_left.is_empty() && !scope.is_empty();
        (!is_lost && !nothing).then_some((scope_left, left))
    }
}

/// Where a chain has come to.
struct Place<'t> {
    tool: &'t Tool,
    client: ClientId,
    rights: Rights,
}

impl Visit<'_> {
    /// What of a token's rights those leave that stand above it: each client of the chain still has its tool, and what it had there, each
    /// client that passed a token on still is the tool which that was for, and the rules still make the one right of the other. That is
    /// asked of configuration and registrations alone; `first` says what the first token of the chain can allow.
    ///
    /// `None` where nothing is left. A chain of which not every token says for which tool it was, as a version before this one made
    /// them, leaves all.
    ///
    /// # Errors
    /// A fault of the table.
    pub async fn left_from_above(
        &self,
        claims: &AccessTokenClaims,
        (scope, details): (Scope, AuthorizationDetails),
        first: impl Fn(&Tool, &Client) -> Rights,
    ) -> Result<Option<(Scope, AuthorizationDetails)>, Fault> {
        let configuration = &self.configuration;
        let mut so_far: Option<Place<'_>> = None;
        for (id, aud) in claims.way_here().unwrap_or_default() {
            // What was for us was given to the client itself: it passes nothing on.
            if *aud == configuration.server.resource() {
                continue;
            }
            let tool = configuration.tools.iter().find(|tool| tool.resource == *aud);
            let client = self.store.client(configuration, id, self.now).await?;
            let (Some(tool), Some(client)) = (tool, client) else { return Ok(None) };
            if !client.tools.contains(&tool.id) {
                return Ok(None);
            }
            let rights = match &so_far {
                None => first(tool, &client),
                // A refresh token by exchange is shown by its own client, at its own tool.
                Some(above) if above.client == *id && above.tool.id == tool.id => {
                    above.rights.made_into(tool, tool, &client)
                }
                Some(above) if client.is_tool.as_ref() == Some(&above.tool.id) => {
                    above.rights.made_into(tool, above.tool, &client)
                }
                Some(_) => return Ok(None),
            };
            so_far = Some(Place { tool, client: id.clone(), rights });
        }
        Ok(match so_far {
            None => Some((scope, details)),
            Some(here) => here.rights.leave(&scope, &details),
        })
    }

    /// What the first token of a chain can allow now: what the person granted, what the trust in another issuer says, or what a client
    /// that works alone has for itself.
    pub(crate) fn rights_at_first(
        &self,
        (claims, standing): (&AccessTokenClaims, &Standing),
        (tool, client): (&Tool, &Client),
        types: &DetailTypes,
    ) -> Rights {
        let of = |scope, details| Rights::of((scope, details), tool, client, types);
        if let Some(grant) = standing.authorization.as_ref().and_then(oauth::Authorization::grant) {
            let mut rights = of(&grant.scope, &grant.details);
            if grant.details.is_empty() {
                // Large ones live beside it and were not read: what was granted does not change, who may have it does.
                let is_of_the_tool =
                    |name: &&String| types.get(name).is_some_and(|known| known.tools.contains(&tool.id));
                rights.types = client.detail_types.iter().filter(is_of_the_tool).cloned().collect();
            }
            return rights;
        }
        match &claims.origin {
            Some(origin) => self
                .configuration
                .server
                .trusted(&origin.iss)
                .map(|trusted| of(&trusted.scopes, &trusted.details))
                .unwrap_or_default(),
            None if client.may_use(GrantType::ClientCredentials) => {
                of(&client.scopes, &client.standing_details)
            }
            None => Rights::default(),
        }
    }
}
