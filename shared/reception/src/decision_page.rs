use http::{Problem, Response, StatusCode};
use languages::Message;
use oauth::configuration::{Client, Tool};
use oauth::scope::OPENID;
use oauth::{Audience, AuthorizationDetail, AuthorizationRequest};
use pages::{AskingClient, ConsentPage, ConsentProblem, DetailChoice, Lifetime, ScopeChoice};
use sessions::Interaction;

use crate::{Guest, SignedIn};

/// The page on which a person decides about a request.
///
/// # Errors
/// When the interaction cannot be sealed.
pub fn decision_page(
    guest: &Guest<'_>,
    interaction: &Interaction,
    request: &AuthorizationRequest,
    client: &Client,
    signed_in: &SignedIn,
    problem: Option<ConsentProblem>,
) -> Result<Response, Problem> {
    let sealed = guest.seal_decision(interaction, &signed_in.binding())?;
    let written: Vec<String> = request.details.iter().map(laid_out).collect();
    let page = ConsentPage {
        withheld: guest.withheld(client, request, signed_in),
        frame: guest.frame(),
        interaction: &sealed,
        client: AskingClient {
            name: &client.name,
            id: client.id.as_str(),
            is_vouched_for: client.origin.is_vouched_for(),
            waits_on_this_machine: request.redirect_uri.stays_on_this_machine(),
        },
        returns_to: &request.redirect_uri.host(),
        person: signed_in.person(),
        purpose: request.purpose.as_deref(),
        details: request
            .details
            .iter()
            .zip(&written)
            .map(|(detail, json)| choice(guest, detail, json))
            .collect(),
        scopes: request.scope.iter().map(|scope| guest.scope_choice(scope)).collect(),
        lifetime: lifetime(guest, request, client, signed_in),
        may_be_remembered: client.remember_consent && client.is_confidential(),
        problem,
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    guest.page(status, page.render(), &[request.redirect_uri.as_str()])
}

/// Exactly what was asked, for whoever wants to see it.
fn laid_out(detail: &AuthorizationDetail) -> String {
    serde_json::to_string_pretty(&detail.to_value()).unwrap_or_default()
}

fn choice<'a>(guest: &'a Guest<'_>, detail: &AuthorizationDetail, json: &'a str) -> DetailChoice<'a> {
    let tool = tool_of(guest, detail).map_or("", |tool| tool.name.as_str());
    DetailChoice { sentence: guest.sentence(detail), tool, json }
}

fn tool_of<'a>(guest: &'a Guest<'_>, detail: &AuthorizationDetail) -> Option<&'a Tool> {
    let registered = guest.types.get(&detail.detail_type)?;
    guest.configuration.tools.iter().find(|tool| registered.belongs_to(detail, tool))
}

impl Guest<'_> {
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
}

/// The life of the longest-lived token that the request can lead to.
fn lifetime(
    guest: &Guest<'_>,
    request: &AuthorizationRequest,
    client: &Client,
    signed_in: &SignedIn,
) -> Lifetime {
    let server = &guest.configuration.server;
    let token = request
        .resources
        .iter()
        .filter_map(|resource| Audience::find(resource, server, &guest.configuration.tools))
        .map(|audience| audience.access_token_lifetime(server))
        .max();
    Lifetime {
        token: token.unwrap_or(server.lifetimes.access_token),
        renewable_until: client
            .may_renew(&request.scope)
            .then(|| (guest.now.after(server.lifetimes.authorization), signed_in.zone())),
    }
}
