use languages::Message;
use oauth::configuration::{Client, Tool};
use oauth::scope::OPENID;
use oauth::{Asked, Audience, AuthorizationDetail, ResourceUri};
use pages::{Choices, DetailChoice, Lifetime, ScopeChoice};

use crate::{Guest, SignedIn};

impl Guest<'_> {
    /// What a person is asked to allow, in their language, with what they cannot grant.
    pub fn choices<'b>(&'b self, client: &Client, asked: &Asked<'b>, signed_in: &SignedIn) -> Choices<'b> {
        Choices {
            details: asked.details.iter().map(|detail| self.choice(detail)).collect(),
            scopes: asked.scope.iter().map(|scope| self.scope_choice(scope)).collect(),
            withheld: self.withheld(client, asked, signed_in),
        }
    }

    fn choice(&self, detail: &AuthorizationDetail) -> DetailChoice<'_> {
        let tool = tool_of(self, detail).map_or("", |tool| tool.name.as_str());
        DetailChoice { sentence: self.sentence(detail), tool, json: laid_out(detail) }
    }

    /// What a detail allows, in the person's language.
    pub fn sentence(&self, detail: &AuthorizationDetail) -> Message {
        let tool = tool_of(self, detail).map_or("", |tool| tool.name.as_str());
        self.types.sentence(detail, self.texts(), Some(tool))
    }

    /// A scope with the words that its tool has for it, in the person's language.
    pub fn scope_choice<'b>(&'b self, scope: &'b str) -> ScopeChoice<'b> {
        let known = self.configuration.tools.iter().find_map(|tool| tool.scopes.get(scope));
        let description = known.map(|known| &known.description);
        let language = self.texts().tag().language();
        let description = description.and_then(|words| words.get(language).or_else(|| words.get("en")));
        ScopeChoice {
            name: scope,
            description: description.map(String::as_str),
            is_required: scope == OPENID,
        }
    }

    /// The life of the longest-lived token for these tools, and until when it can be renewed, where it can be.
    pub fn lifetime(&self, resources: &[ResourceUri], is_renewable: bool, signed_in: &SignedIn) -> Lifetime {
        let server = &self.configuration.server;
        let token = resources
            .iter()
            .filter_map(|resource| Audience::find(resource, server, &self.configuration.tools))
            .map(|audience| audience.access_token_lifetime(server))
            .max();
        Lifetime {
            token: token.unwrap_or(server.lifetimes.access_token),
            renewable_until: is_renewable
                .then(|| (self.now.after(server.lifetimes.authorization), signed_in.zone())),
        }
    }
}

/// Exactly what was asked, for whoever wants to see it.
fn laid_out(detail: &AuthorizationDetail) -> String {
    serde_json::to_string_pretty(&detail.to_value()).unwrap_or_default()
}

fn tool_of<'a>(guest: &'a Guest<'_>, detail: &AuthorizationDetail) -> Option<&'a Tool> {
    let registered = guest.types.get(&detail.detail_type)?;
    guest.configuration.tools.iter().find(|tool| registered.belongs_to(detail, tool))
}
