//! What policies promise: what none permits is refused, one question is about one thing, and a broken one is seen before it
//! is applied.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail as a test may")]

mod checking;
mod deciding;
mod details;
mod each;
mod requests;

use std::collections::{BTreeMap, BTreeSet};

use oauth::configuration::{Client, DetailType, PolicyText};
use oauth::{AuthorizationDetails, Scope, Timestamp, TokenType};
use policy::{Action, Context, Decision, Person, Policies, Principal, Question};
use serde_json::json;

const CUSTOMERS: &str = "https://customers.internal.corp";

/// A file of policies.
fn file(text: &str) -> PolicyText {
    PolicyText { file: "test.cedar".to_owned(), text: text.to_owned() }
}

fn policies(text: &str) -> Policies {
    Policies::new(&[file(text)], &types())
}

fn client(id: &str) -> Client {
    serde_json::from_value(json!({
        "id": id, "name": id, "authentication": {"method": "client_secret_basic"}, "redirect_uris": [],
        "grant_types": [], "scopes": "", "detail_types": [], "tools": [], "default_tool": null,
        "standing_details": [], "require_pushed_authorization_requests": false, "remember_consent": false,
        "id_token_signed_response_alg": "RS256", "is_tool": null,
    }))
    .unwrap()
}

/// A payment, whose amount is a decimal number in a string, and calls of a tool, whose arguments have any names.
fn types() -> Vec<DetailType> {
    let payment = json!({
        "type": "object", "required": ["type", "amount"], "properties": {
            "type": {"const": "payment"},
            "amount": {"type": "object", "required": ["value"], "properties": {
                "value": {"type": "string"}, "currency": {"type": "string"}}},
            "copies": {"type": "integer"}, "fee": {"type": "number"}, "urgent": {"type": "boolean"},
            "notes": {"type": "array", "items": {"type": "string"}}}});
    let calls = json!({"type": "object", "properties": {
        "type": {"const": "mcp-tool"}, "name": {"type": "string"}, "arguments": {"type": "object"}}});
    [("payment", payment), ("mcp-tool", calls)]
        .map(|(name, schema)| {
            serde_json::from_value(json!({
                "name": name, "schema": schema, "narrowing": {"/amount/value": "at_most"}, "absent": {},
                "sentence": {"en": name}, "assurance": "session", "pushed_only": false, "tools": ["customers"],
            }))
            .unwrap()
        })
        .to_vec()
}

/// A question whose parts can be changed one by one.
struct Asking {
    client: Client,
    groups: BTreeSet<String>,
    attributes: BTreeMap<String, String>,
    has_person: bool,
    action: Action,
    tool: &'static str,
    scopes: Scope,
    details: AuthorizationDetails,
    requested: TokenType,
    origin: Option<&'static str>,
    actors: Vec<&'static str>,
    actor: Option<&'static str>,
    now: i64,
}

/// The files tool asks for `customers.read` on behalf of Alice, of finance, at noon.
fn asking() -> Asking {
    Asking {
        client: client("files-tool"),
        groups: BTreeSet::from(["finance".to_owned()]),
        attributes: BTreeMap::from([("department".to_owned(), "Finance".to_owned())]),
        has_person: true,
        action: Action::TokenExchange,
        tool: CUSTOMERS,
        scopes: ["customers.read"].into_iter().collect(),
        details: AuthorizationDetails::default(),
        requested: TokenType::AccessToken,
        origin: None,
        actors: Vec::new(),
        actor: None,
        now: 1_795_608_000,
    }
}

fn details(text: &str) -> AuthorizationDetails {
    AuthorizationDetails::parse(text).unwrap()
}

impl Asking {
    fn with<T>(&self, then: impl FnOnce(&Question<'_>) -> T) -> T {
        let person = Person {
            subject: "person-1",
            user_name: "alice",
            groups: &self.groups,
            attributes: &self.attributes,
        };
        then(&Question {
            principal: Principal { client: &self.client, person: self.has_person.then_some(person) },
            action: self.action,
            tool: self.tool,
            context: Context {
                scope: self.scopes.iter().next(),
                detail: self.details.iter().next(),
                scopes: &self.scopes,
                details: &self.details,
                requested: self.requested,
                origin: self.origin,
                depth: u32::try_from(self.actors.len()).unwrap(),
                actors: &self.actors,
                actor: self.actor,
                acr: None,
                amr: &["pwd"],
                auth_age: Some(std::time::Duration::from_mins(1)),
                now: Timestamp::from_seconds(self.now),
            },
        })
    }

    fn of(&self, policies: &Policies) -> Decision {
        self.with(|question| policies.decide(question))
    }
}

fn allowed(by: &str) -> Decision {
    Decision::Allowed { by: vec![by.to_owned()] }
}

fn denied() -> Decision {
    Decision::Denied { by: Vec::new() }
}
