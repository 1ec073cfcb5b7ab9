use resource::{AccessToken, Actor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::story::Story;

/// What a tool of the chain was sent, as it read it itself. Each hands it back with its answer, so that the agent can show where
/// its request went. A real tool would not tell.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct Hop {
    /// The tool.
    pub(crate) tool: String,
    /// What kind of token it was.
    pub(crate) kind: String,
    /// Whom it was for.
    pub(crate) audience: String,
    /// On whose behalf.
    pub(crate) subject: String,
    /// The client that it was given to.
    pub(crate) client: String,
    /// Who acts, the newest first (RFC 8693, section 4.1). Empty while it is the client on its own.
    pub(crate) actors: Vec<String>,
    /// What it allowed, roughly.
    pub(crate) scope: String,
    /// What it allowed, exactly.
    pub(crate) details: Vec<Value>,
}

impl Hop {
    /// What an access token says that a guard has let through.
    pub(crate) fn of(tool: &str, audience: &str, token: &AccessToken) -> Self {
        let actors =
            token.actor().map(|newest| newest.chain().map(Actor::subject).map(str::to_owned).collect());
        Self {
            tool: tool.to_owned(),
            kind: "access token (RFC 9068)".to_owned(),
            audience: audience.to_owned(),
            subject: token.subject().to_owned(),
            client: token.client_id().to_owned(),
            actors: actors.unwrap_or_default(),
            scope: token.scope().to_string(),
            details: match serde_json::to_value(token.details()) {
                Ok(Value::Array(details)) => details,
                _ => Vec::new(),
            },
        }
    }

    /// Shows it as a step of the story.
    pub(crate) fn show(&self, story: &mut Story) {
        story.step(format_args!("What {} was sent", self.tool));
        story.fact("token", &self.kind);
        story.fact("aud", &self.audience);
        story.fact("sub", &self.subject);
        story.fact(
            "act",
            if self.actors.is_empty() { "nobody yet".to_owned() } else { self.actors.join(", for ") },
        );
        story.fact("given to", &self.client);
        story.fact("scope", &self.scope);
        for detail in &self.details {
            story.fact("authorization_details", in_order(detail));
        }
    }
}

/// The detail with its type first, wherever it came from.
fn in_order(detail: &Value) -> Value {
    let members = detail.as_object().into_iter().flatten();
    let (mut ordered, others): (Map<String, Value>, Map<String, Value>) =
        members.map(|(name, value)| (name.clone(), value.clone())).partition(|(name, _)| name == "type");
    ordered.extend(others);
    Value::Object(ordered)
}
