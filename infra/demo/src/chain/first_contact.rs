use openidconnect::http::{Request, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::call::{CallFailed, call};
use super::reports::CUSTOMER_REPORT;
use crate::Trouble;
use crate::story::Story;
use crate::transport::Transport;

const TOOL: &str = "The reports";

/// What a tool says of itself (RFC 9728, section 2).
#[derive(Deserialize)]
struct Metadata {
    resource: String,
    authorization_servers: Vec<String>,
    #[serde(default)]
    scopes_supported: Vec<String>,
}

/// The agent knows the tool's address alone: it calls, is refused, and learns where to ask (RFC 9728, section 5).
///
/// # Errors
/// When the tool lets it in, says nothing of use, or sends it to another authorization server than the one where it is registered.
pub(super) async fn meet(
    story: &mut Story,
    tool: &str,
    issuer: &str,
    transport: &Transport,
) -> Result<(), Trouble> {
    story.step("The agent calls the reports without a token (MCP)");
    story.fact("POST", tool);
    let challenge = match call::<Value>(transport, tool, None, CUSTOMER_REPORT, Value::Null).await {
        Err(CallFailed::Challenged(challenge)) => challenge,
        Err(other) => return Err(unexpected(other.to_string())),
        Ok(_) => return Err(unexpected("they ask for no token".to_owned())),
    };
    story.fact("WWW-Authenticate", &challenge);

    let url = parameter(&challenge, "resource_metadata")
        .filter(|url| origin(url) == origin(tool))
        .ok_or_else(|| unexpected("the challenge does not say where their metadata is".to_owned()))?;
    story.step("The agent reads what the reports say of themselves (RFC 9728)");
    story.fact("GET", url);
    let metadata = read(transport, url).await?;
    story.fact("resource", &metadata.resource);
    story.fact("authorization server", metadata.authorization_servers.join(", "));
    story.fact("scopes", metadata.scopes_supported.join(" "));
    if metadata.resource != tool {
        return Err(unexpected("their metadata is that of another tool".to_owned()));
    }
    // The agent has a secret at one server, and shows it to no other.
    if !metadata.authorization_servers.iter().any(|named| named == issuer) {
        return Err(unexpected(format!("they do not take the tokens of {issuer}")));
    }
    Ok(())
}

async fn read(transport: &Transport, url: &str) -> Result<Metadata, Trouble> {
    let request = Request::get(url).body(Vec::new()).map_err(|error| unexpected(error.to_string()))?;
    let answer = transport.send(request).await.map_err(|error| unexpected(error.to_string()))?;
    if answer.status() != StatusCode::OK {
        return Err(unexpected(format!("status {} for their metadata", answer.status())));
    }
    serde_json::from_slice(answer.body()).map_err(|error| unexpected(error.to_string()))
}

/// The value of a parameter of a challenge (RFC 9110, section 11.6.1), if it is a plain quoted one.
fn parameter<'c>(challenge: &'c str, name: &str) -> Option<&'c str> {
    let (_, rest) = challenge.split_once(&format!("{name}=\""))?;
    rest.split('"').next()
}

fn origin(url: &str) -> Option<String> {
    let url = openidconnect::url::Url::parse(url).ok()?;
    Some(url.origin().ascii_serialization())
}

fn unexpected(why: String) -> Trouble {
    Trouble::Unexpected { endpoint: TOOL, why }
}
