//! The agent that has no screen of its own: it asks a person on their phone before it deletes a file, and waits for the answer
//! (OpenID CIBA Core 1.0, in poll mode).

use openidconnect::AccessToken;
use openidconnect::http::{Method, StatusCode};
use serde_json::json;

use crate::Trouble;
use crate::backchannel::{Asking, Hint, refused};
use crate::claims::{self, Acting};
use crate::discovery::Provider;
use crate::errand::{self, Errand, NOT_ALLOWED as OLD_REPORT, SCOPE, TOOL, WANTED};
use crate::local_server::LocalServer;
use crate::story::Story;
use crate::tool::{FileTool, LOCATION};
use crate::transport::Transport;

/// The whole walk.
///
/// # Errors
/// [`Trouble`]: the step that did not work, and why.
pub(crate) async fn run(
    story: &mut Story,
    server: &LocalServer,
    provider: &Provider,
    transport: &Transport,
    person: &str,
) -> Result<(), Trouble> {
    let (agent, errand) = (Asking::of(server, provider, transport)?, to_delete_the_old_report());
    story.step("The agent asks a person who is elsewhere (OpenID CIBA Core 1.0, section 7.1)");
    let asked = agent.ask(story, &errand, &Hint::UserName(person)).await?.map_err(refused)?;
    story.step("Waiting for confirmation on your phone");
    story.tell(format_args!("The inbox that `cargo run` printed shows what the phone of {person} shows."));
    let tokens = agent.wait(story, &errand, &asked).await?;
    story.step(format_args!("The person said yes, and the agent has a token to delete {OLD_REPORT}"));
    story.tell(format_args!(
        "What the access token says:\n\n{}",
        claims::shown(tokens.access_token.secret(), Acting::ForAPerson)?
    ));
    delete(story, &server.issuer, transport, &tokens.access_token).await
}

fn to_delete_the_old_report() -> Errand {
    Errand {
        scope: SCOPE,
        tool: TOOL.to_owned(),
        details: json!([{
            "type": "file_access",
            "locations": [LOCATION],
            "actions": ["delete"],
            "identifier": OLD_REPORT,
        }]),
        purpose: "Nobody needs the old report any more.",
        what: format!("delete {OLD_REPORT}"),
        left_out: OLD_REPORT.to_owned(),
    }
}

/// Deletes the one file, and tries the other.
async fn delete(
    story: &mut Story,
    issuer: &str,
    transport: &Transport,
    token: &AccessToken,
) -> Result<(), Trouble> {
    let tool = FileTool::start(issuer, transport.clone()).await?;
    story.step(format_args!("The agent deletes {OLD_REPORT}"));
    for (method, file, good) in [
        (Method::DELETE, OLD_REPORT, StatusCode::NO_CONTENT),
        (Method::GET, OLD_REPORT, StatusCode::FORBIDDEN),
        (Method::DELETE, WANTED, StatusCode::FORBIDDEN),
    ] {
        let answer = errand::call(story, transport, &tool, token, (method, file)).await?;
        if answer.status() != good {
            let should = if good == StatusCode::FORBIDDEN { "refused" } else { "deleted" };
            return Err(Trouble::Tool { should, file, status: answer.status().as_u16() });
        }
    }
    story.tell("\nThe token deletes that one file: it neither reads it nor deletes another.");
    Ok(())
}
