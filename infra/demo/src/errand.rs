use openidconnect::AccessToken;
use openidconnect::HttpResponse;
use openidconnect::http::{self, Method, StatusCode, header};
use serde_json::{Value, json};

use crate::Trouble;
use crate::story::Story;
use crate::tool::{FILE_SCOPE, FileTool, LOCATION, RESOURCE};
use crate::transport::Transport;

/// The file that the token is for.
pub(crate) const WANTED: &str = "Q4-report.pdf";

/// A file that lies beside it.
pub(crate) const NOT_ALLOWED: &str = "Q3-report.pdf";

/// The tool's resource identifier, which becomes the token's `aud` (RFC 8707).
pub(crate) const TOOL: &str = RESOURCE;

/// The scope that reading takes; it is worth nothing without details.
pub(crate) const SCOPE: &str = FILE_SCOPE;

/// What both agents ask for, and no more (RFC 9396, section 2).
pub(crate) fn details() -> Value {
    json!([{
        "type": "file_access",
        "locations": [LOCATION],
        "actions": ["read"],
        "identifier": WANTED,
    }])
}

/// What an agent asks a person for.
pub(crate) struct Errand {
    /// The scope, beside that of the sign-in.
    pub(crate) scope: &'static str,
    /// The tool's resource indicator.
    pub(crate) tool: String,
    /// The details.
    pub(crate) details: Value,
    /// Why the agent asks. The server shows it as the agent's words, not as its own.
    pub(crate) purpose: &'static str,
    /// What the person lets the agent do, behind "may".
    pub(crate) what: String,
    /// What is missing when the person approves nothing of it.
    pub(crate) left_out: String,
}

/// To read the one file.
pub(crate) fn to_read_the_file() -> Errand {
    Errand {
        scope: SCOPE,
        tool: TOOL.to_owned(),
        details: details(),
        purpose: "Summarise the fourth quarter for Monday's board meeting.",
        what: format!("read {WANTED}"),
        left_out: WANTED.to_owned(),
    }
}

/// Uses the token: reads the one file, and tries the other.
///
/// # Errors
/// When the tool refuses the first or serves the second.
pub(crate) async fn use_token(
    story: &mut Story,
    issuer: &str,
    transport: &Transport,
    token: &AccessToken,
) -> Result<(), Trouble> {
    let tool = FileTool::start(issuer, transport.clone()).await?;

    story.step(format_args!("The agent reads {WANTED}"));
    let served = call(story, transport, &tool, token, (Method::GET, WANTED)).await?;
    if served.status() != StatusCode::OK {
        return Err(tool_was_wrong("served", WANTED, &served));
    }
    story.tell("");
    story.tell(String::from_utf8_lossy(served.body()));

    story.step(format_args!("The agent tries {NOT_ALLOWED} with the same token"));
    let refused = call(story, transport, &tool, token, (Method::GET, NOT_ALLOWED)).await?;
    if refused.status() != StatusCode::FORBIDDEN {
        return Err(tool_was_wrong("refused", NOT_ALLOWED, &refused));
    }
    if let Some(challenge) = refused.headers().get(header::WWW_AUTHENTICATE) {
        story.fact("WWW-Authenticate", String::from_utf8_lossy(challenge.as_bytes()));
    }
    story.tell("\nThe file is there, and the token is good: it is not for this file.");
    Ok(())
}

/// Does something with a file of the tool.
///
/// # Errors
/// When the tool does not answer.
pub(crate) async fn call(
    story: &Story,
    transport: &Transport,
    tool: &FileTool,
    token: &AccessToken,
    (method, file): (Method, &'static str),
) -> Result<HttpResponse, Trouble> {
    let unexpected = |why: String| Trouble::Unexpected { endpoint: "The file tool", why };
    let url = format!("{}/finance/{file}", tool.origin());
    let request = http::Request::builder()
        .method(method.clone())
        .uri(&url)
        .header(header::AUTHORIZATION, format!("Bearer {}", token.secret()))
        .body(Vec::new())
        .map_err(|error| unexpected(error.to_string()))?;
    let answer = transport.send(request).await.map_err(|error| unexpected(error.to_string()))?;
    story.fact(method.as_str(), format_args!("{url}  (stands in for {TOOL})"));
    story.fact("status", answer.status());
    Ok(answer)
}

fn tool_was_wrong(should: &'static str, file: &'static str, answer: &HttpResponse) -> Trouble {
    Trouble::Tool { should, file, status: answer.status().as_u16() }
}
