use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use resource::{AccessToken, Credentials, Demand, Guard, GuardBuilder, ProtectedResource};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, Implementation,
    JsonObject, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{RoleServer, ServerHandler};
use serde_json::Value;

use crate::transport::Transport;

/// The largest message that is read.
const LARGEST_MESSAGE: usize = 64 * 1024;

/// An MCP server of the chain, without what stands in front of it.
pub(super) trait ToolServer: Send + Sync + 'static {
    /// What it is called.
    const NAME: &'static str;
    /// The scope without which nobody gets in.
    const SCOPE: &'static str;

    /// What stands in front of it at its resource.
    fn guard(issuer: &str, resource: &str, credentials: Credentials, transport: Transport) -> GuardBuilder {
        Guard::of(issuer, resource)
            .credentials(credentials)
            .fetch(transport)
            .realm(Self::NAME)
            .asking_for(Self::SCOPE)
            .with_metadata()
    }

    /// What a client may do here.
    fn tools(&self) -> Vec<Tool>;

    /// What a call must be allowed by its token. A tool that does not exist demands nothing more, and does not exist.
    fn demand(&self, call: &Call) -> Demand;

    /// Answers a call that was let through. The error is told to the client.
    fn answer(&self, allowed: Allowed) -> impl Future<Output = Result<CallToolResult, String>> + Send;
}

/// A call of a tool (MCP, `tools/call`).
#[derive(Clone, Debug)]
pub(super) struct Call {
    name: String,
    arguments: JsonObject,
}

/// A call, and the token that allows it. There is no way to one but through the guard.
#[derive(Clone)]
pub(super) struct Allowed {
    pub(super) call: Call,
    pub(super) token: AccessToken,
}

impl Call {
    /// The call that a JSON-RPC message is, if it is one.
    fn of(message: &JsonObject) -> Option<Self> {
        if message.get("method")? != "tools/call" {
            return None;
        }
        let params = message.get("params").and_then(Value::as_object);
        let name = params.and_then(|params| params.get("name")?.as_str()).unwrap_or_default();
        let arguments = params.and_then(|params| params.get("arguments")?.as_object());
        Some(Self { name: name.to_owned(), arguments: arguments.cloned().unwrap_or_default() })
    }

    /// The tool's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// An argument that is a text; one that is not there or is none is an empty text, which no detail names.
    pub(super) fn text(&self, argument: &str) -> &str {
        self.arguments.get(argument).and_then(Value::as_str).unwrap_or_default()
    }
}

/// The server behind its guard: metadata that anybody may read, and the MCP endpoint. Who comes to that needs a good token
/// with the first scope, by the guard's layer; who calls a tool needs one that allows this very call, by [`let_through`].
pub(super) fn router<S: ToolServer>(guard: &Guard, metadata: ProtectedResource, server: S) -> Router {
    let server = Arc::new(server);
    let document = metadata.document().to_string();
    let document = get(move || async move { ([(header::CONTENT_TYPE, "application/json")], document) });
    let inside = Arc::clone(&server);
    // Each request stands for itself, with a token of its own: there is no session that somebody could take over.
    let config =
        StreamableHttpServerConfig::default().with_legacy_session_mode(false).with_json_response(true);
    let mcp = StreamableHttpService::new(
        move || Ok(Served(Arc::clone(&inside))),
        Arc::new(NeverSessionManager::default()),
        config,
    );
    let gate = Gate { guard: guard.clone(), server };
    let mcp = Router::new()
        .route_service("/mcp", mcp)
        .layer(from_fn_with_state(gate, let_through::<S>))
        .layer(guard.layer(Demand::new().scope(S::SCOPE)))
        .layer(from_fn(whole));
    // Clients of MCP look at the root too, where nobody has told them the place.
    Router::new().route("/.well-known/oauth-protected-resource", document).merge(mcp).layer(metadata.layer())
}

struct Gate<S> {
    guard: Guard,
    server: Arc<S>,
}

impl<S> Clone for Gate<S> {
    fn clone(&self) -> Self {
        Self { guard: self.guard.clone(), server: Arc::clone(&self.server) }
    }
}

/// Has the whole message here before anybody judges its head. Who answers while the rest of it is under way has to close the
/// connection (RFC 9112, section 9.3): a client that sends it after the head would lose the answer by that, or its next request.
async fn whole(request: Request, next: Next) -> Result<Response, StatusCode> {
    let (mut parts, body) = request.into_parts();
    let message = read(body).await?;
    // Nothing of it is left on the connection, which need not end if it is refused.
    for framing in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
        parts.headers.remove(framing);
    }
    Ok(next.run(Request::from_parts(parts, Body::from(message))).await)
}

async fn read(body: Body) -> Result<Bytes, StatusCode> {
    to_bytes(body, LARGEST_MESSAGE).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)
}

/// Reads the message, and lets a call through whose token allows it. What is passed on is what was read here, written anew:
/// two readers of one text could understand it differently.
async fn let_through<S: ToolServer>(
    State(gate): State<Gate<S>>,
    request: Request,
    next: Next,
) -> Result<Response, StatusCode> {
    // A request for a stream, or to end a session; there are neither.
    if request.method() != Method::POST {
        return Ok(next.run(request).await);
    }
    let (mut parts, body) = request.into_parts();
    let body = read(body).await?;
    // One message at a time: a list of them was possible in one revision of MCP only.
    let message: JsonObject = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    if let Some(call) = Call::of(&message) {
        let demand = gate.server.demand(&call);
        match gate.guard.check(&parts.headers, &demand).await {
            Ok(token) => parts.extensions.insert(Allowed { call, token }),
            Err(refusal) => return Ok(gate.guard.answer::<Body>(&refusal)),
        };
    }
    let body = Value::Object(message).to_string();
    Ok(next.run(Request::from_parts(parts, Body::from(body))).await.into_response())
}

/// A server as the SDK serves it.
struct Served<S>(Arc<S>);

impl<S: ToolServer> ServerHandler for Served<S> {
    fn get_info(&self) -> ServerConfig {
        let implementation = Implementation::new(S::NAME, env!("CARGO_PKG_VERSION"));
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(implementation)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.0.tools()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let parts = context.extensions.get::<axum::http::request::Parts>();
        let allowed = parts.and_then(|parts| parts.extensions.get::<Allowed>()).cloned();
        let allowed = allowed.filter(|allowed| allowed.call.name == request.name);
        let known = self.0.tools().iter().any(|tool| tool.name == request.name);
        let Some(allowed) = allowed.filter(|_| known) else {
            return Err(ErrorData::invalid_params("there is no such tool", None));
        };
        let answered = self.0.answer(allowed).await;
        Ok(answered.unwrap_or_else(|why| CallToolResult::error(vec![ContentBlock::text(why)])).into())
    }
}
