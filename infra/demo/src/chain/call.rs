use rmcp::ServiceExt;
use rmcp::model::{CallToolRequestParams, CallToolResult};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::transport::Transport;

/// Why a call of an MCP tool brought nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallFailed {
    /// The server wants another token, or one at all (RFC 6750, section 3).
    #[error("{0}")]
    Challenged(String),
    /// The tool said why not, or nobody answered.
    #[error("{0}")]
    Failed(String),
}

/// Calls a tool of an MCP server with the SDK's client: a connection, one call, and its structured answer.
pub(super) async fn call<T: DeserializeOwned>(
    transport: &Transport,
    server: &str,
    token: Option<&str>,
    tool: &'static str,
    arguments: Value,
) -> Result<T, CallFailed> {
    let config = StreamableHttpClientTransportConfig::with_uri(server);
    let config = match token {
        Some(token) => config.auth_header(token),
        None => config,
    };
    let connection = StreamableHttpClientTransport::with_client(transport.client().clone(), config);
    let client = ().serve(connection).await.map_err(|error| match error.auth_challenge() {
        Some(challenge) => CallFailed::Challenged(challenge.to_owned()),
        None => CallFailed::Failed(error.to_string()),
    })?;
    let arguments = match arguments {
        Value::Object(arguments) => arguments,
        _ => serde_json::Map::new(),
    };
    let result = client.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await;
    let result = result.map_err(|error| match error.auth_challenge() {
        Some(challenge) => CallFailed::Challenged(challenge.to_owned()),
        None => CallFailed::Failed(error.to_string()),
    });
    // It has no session to end; what comes of hanging up is nobody's concern.
    let _ = client.cancel().await;
    read(result?)
}

fn read<T: DeserializeOwned>(result: CallToolResult) -> Result<T, CallFailed> {
    if result.is_error == Some(true) {
        let words: Vec<String> =
            result.content.iter().filter_map(|part| part.as_text()).map(|part| part.text.clone()).collect();
        return Err(CallFailed::Failed(words.join(" ")));
    }
    let structured = result.structured_content.unwrap_or_default();
    serde_json::from_value(structured).map_err(|error| CallFailed::Failed(format!("another answer: {error}")))
}
