//! The agent that has no screen of its own: it asks a person on their phone before it deletes a file, and waits for the answer
//! (OpenID CIBA Core 1.0, in poll mode).

use std::time::Duration;

use openidconnect::http::{Method, StatusCode};
use openidconnect::url::{Url, form_urlencoded};
use openidconnect::{AccessToken, CsrfToken};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::Trouble;
use crate::claims::{self, Acting};
use crate::discovery::Provider;
use crate::endpoint::Endpoint;
use crate::errand::{self, NOT_ALLOWED as OLD_REPORT, SCOPE, TOOL, WANTED};
use crate::local_server::LocalServer;
use crate::story::Story;
use crate::tool::{FileTool, LOCATION};
use crate::transport::Transport;

const BACKCHANNEL: &str = "The backchannel authentication endpoint";
const TOKEN: &str = "The token endpoint";

/// By how much a client waits longer after `slow_down` (OpenID CIBA Core 1.0, section 11).
const LONGER: Duration = Duration::from_secs(5);

/// The answer at the backchannel (OpenID CIBA Core 1.0, section 7.3).
#[derive(Deserialize)]
struct Acknowledgement {
    auth_req_id: String,
    expires_in: u64,
    #[serde(default = "five")]
    interval: u64,
}

/// What a client waits that was told nothing.
const fn five() -> u64 {
    5
}

/// The answer at the token endpoint.
#[derive(Deserialize)]
struct Tokens {
    access_token: AccessToken,
    #[serde(default)]
    authorization_details: Vec<Value>,
}

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
    let missing = || Trouble::Document {
        document: "metadata",
        why: "it names no backchannel_authentication_endpoint".into(),
    };
    let members = provider.additional_metadata();
    let backchannel = members.backchannel_authentication_endpoint.as_ref().ok_or_else(missing)?;
    let token_endpoint = provider.token_endpoint().ok_or_else(missing)?.url();

    let asked = ask(story, server, transport, backchannel, person).await?;
    let tokens = wait(story, server, transport, token_endpoint, &asked).await?;
    for detail in &tokens.authorization_details {
        story.fact("approved", detail);
    }
    if tokens.authorization_details.is_empty() {
        return Err(Trouble::NotApproved(format!("the person left {OLD_REPORT} out")));
    }
    story.tell(format_args!(
        "\nWhat the access token says:\n\n{}",
        claims::shown(tokens.access_token.secret(), Acting::ForAPerson)?
    ));
    delete(story, &server.issuer, transport, &tokens.access_token).await
}

async fn ask(
    story: &mut Story,
    server: &LocalServer,
    transport: &Transport,
    url: &Url,
    person: &str,
) -> Result<Acknowledgement, Trouble> {
    let binding_message = binding_message();
    let details = json!([{
        "type": "file_access",
        "locations": [LOCATION],
        "actions": ["delete"],
        "identifier": OLD_REPORT,
    }])
    .to_string();
    let form = [
        ("scope", format!("openid {SCOPE}")),
        ("resource", TOOL.to_owned()),
        ("authorization_details", details),
        ("login_hint", person.to_owned()),
        ("binding_message", binding_message.clone()),
    ];
    story.step("The agent asks a person who is elsewhere (OpenID CIBA Core 1.0, section 7.1)");
    story.tell(format_args!("POST {url}"));
    for (name, value) in &form {
        story.fact(name, value);
    }
    let form: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
    let endpoint = Endpoint { name: BACKCHANNEL, url, good: StatusCode::OK };
    let asked = endpoint.post::<Acknowledgement>(transport, server, &form).await?;
    let asked = asked.map_err(|refused| Trouble::Refused { endpoint: BACKCHANNEL, why: refused.words() })?;
    story.step("Waiting for confirmation on your phone");
    story.tell(format_args!("The inbox that `cargo run` printed shows what the phone of {person} shows."));
    story.tell(format_args!("Compare: {binding_message}"));
    story.fact("good for", format_args!("{} s", asked.expires_in));
    Ok(asked)
}

/// Asks until the person has decided (OpenID CIBA Core 1.0, sections 10.1 and 11).
async fn wait(
    story: &mut Story,
    server: &LocalServer,
    transport: &Transport,
    url: &Url,
    asked: &Acknowledgement,
) -> Result<Tokens, Trouble> {
    let form: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "urn:openid:params:grant-type:ciba")
        .append_pair("auth_req_id", &asked.auth_req_id)
        .append_pair("resource", TOOL)
        .finish();
    let endpoint = Endpoint { name: TOKEN, url, good: StatusCode::OK };
    let mut interval = Duration::from_secs(asked.interval);
    loop {
        sleep(interval).await;
        let refused = match endpoint.post::<Tokens>(transport, server, &form).await? {
            Ok(tokens) => {
                story.step(format_args!(
                    "The person said yes, and the agent has a token to delete {OLD_REPORT}"
                ));
                return Ok(tokens);
            }
            Err(refused) => refused,
        };
        match refused.error.as_str() {
            "authorization_pending" => {}
            "slow_down" => interval += LONGER,
            "access_denied" => return Err(Trouble::NotApproved("the person said no".into())),
            "expired_token" => {
                return Err(Trouble::NobodyAnswered { minutes: asked.expires_in.div_ceil(60) });
            }
            _ => return Err(Trouble::Refused { endpoint: TOKEN, why: refused.words() }),
        }
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

/// A few characters that nobody takes one for another.
fn binding_message() -> String {
    const SYMBOLS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let random = CsrfToken::new_random();
    random.secret().bytes().take(5).map(|byte| char::from(SYMBOLS[usize::from(byte % 32)])).collect()
}
