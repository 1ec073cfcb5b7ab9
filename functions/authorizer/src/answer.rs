use resource::{AccessToken, Guard, Refusal};
use serde_json::{Map, Value, json};

use crate::event::Event;

/// Of an invocation that fails with just this word, the gateway makes a 401.
pub(crate) const UNAUTHORIZED: &str = "Unauthorized";

/// Yes, and what the tool may want to know. A context's values are text.
pub(crate) fn allowed(event: &Event, token: &AccessToken) -> Value {
    let mut context = Map::new();
    let mut tell = |name: &str, value: String| context.insert(name.to_owned(), value.into());
    tell("sub", token.subject().to_owned());
    tell("client_id", token.client_id().to_owned());
    tell("scope", token.scope().to_string());
    tell("jti", token.id().to_owned());
    if !token.details().is_empty() {
        tell("authorization_details", serde_json::to_string(token.details()).unwrap_or_default());
    }
    if let Some(actor) = token.actor() {
        tell("actors", actor.chain().map(resource::Actor::subject).collect::<Vec<_>>().join(" "));
    }
    answer(event, token.subject(), true, &context)
}

/// No. The challenge and the body are for the API's gateway responses to show.
pub(crate) fn denied(event: &Event, guard: &Guard, refusal: &Refusal) -> Value {
    let response = guard.answer::<String>(refusal);
    let mut context = Map::new();
    if let Some(challenge) = response.headers().get("www-authenticate").and_then(|value| value.to_str().ok())
    {
        context.insert("challenge".to_owned(), challenge.into());
    }
    context.insert("refusal".to_owned(), response.into_body().into());
    answer(event, "nobody", false, &context)
}

fn answer(event: &Event, principal: &str, allowed: bool, context: &Map<String, Value>) -> Value {
    if event.wants_simple_answer() {
        return json!({"isAuthorized": allowed, "context": context});
    }
    let effect = if allowed { "Allow" } else { "Deny" };
    json!({
        "principalId": principal,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": effect, "Action": "execute-api:Invoke", "Resource": event.arn()}],
        },
        "context": context,
    })
}
