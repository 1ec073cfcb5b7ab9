//! How an agent asks a person who is elsewhere, and waits for the answer (OpenID CIBA Core 1.0, in poll mode).

use std::time::Duration;

use openidconnect::http::StatusCode;
use openidconnect::url::{Url, form_urlencoded};
use openidconnect::{AccessToken, CsrfToken};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::sleep;

use crate::Trouble;
use crate::discovery::Provider;
use crate::endpoint::{Endpoint, Refused};
use crate::errand::Errand;
use crate::local_server::LocalServer;
use crate::story::Story;
use crate::transport::Transport;

const BACKCHANNEL: &str = "The backchannel authentication endpoint";
const TOKEN: &str = "The token endpoint";

/// By how much a client waits longer after `slow_down` (OpenID CIBA Core 1.0, section 11).
const LONGER: Duration = Duration::from_secs(5);

/// An agent, and where it asks.
pub(crate) struct Asking<'a> {
    server: &'a LocalServer,
    transport: &'a Transport,
    backchannel: &'a Url,
    token: &'a Url,
}

/// Whom the agent asks (OpenID CIBA Core 1.0, section 7.1).
pub(crate) enum Hint<'a> {
    /// Somebody by user name.
    UserName(&'a str),
    /// Whoever made this code.
    Invitation(&'a str),
}

/// The answer at the backchannel (OpenID CIBA Core 1.0, section 7.3).
#[derive(Deserialize)]
pub(crate) struct Acknowledgement {
    auth_req_id: String,
    expires_in: u64,
    #[serde(default = "five")]
    interval: u64,
    /// What the person compares.
    #[serde(skip)]
    binding_message: String,
}

/// What a client waits that was told nothing.
const fn five() -> u64 {
    5
}

/// The answer at the token endpoint.
#[derive(Deserialize)]
pub(crate) struct Tokens {
    /// The access token.
    pub(crate) access_token: AccessToken,
    #[serde(default)]
    authorization_details: Vec<Value>,
}

impl<'a> Asking<'a> {
    /// An agent of a server that lets people be asked.
    ///
    /// # Errors
    /// When the metadata names no endpoint for it.
    pub(crate) fn of(
        server: &'a LocalServer,
        provider: &'a Provider,
        transport: &'a Transport,
    ) -> Result<Self, Trouble> {
        let missing = || Trouble::Document {
            document: "metadata",
            why: "it names no backchannel_authentication_endpoint".into(),
        };
        let members = provider.additional_metadata();
        let backchannel = members.backchannel_authentication_endpoint.as_ref().ok_or_else(missing)?;
        let token = provider.token_endpoint().ok_or_else(missing)?.url();
        Ok(Self { server, transport, backchannel, token })
    }

    /// Asks. A hint that is no good comes back as the server's own words.
    ///
    /// # Errors
    /// When there is no answer, or none that the specification knows.
    pub(crate) async fn ask(
        &self,
        story: &Story,
        errand: &Errand,
        hint: &Hint<'_>,
    ) -> Result<Result<Acknowledgement, Refused>, Trouble> {
        let binding_message = binding_message();
        let (name, whom) = match hint {
            Hint::UserName(name) => ("login_hint", name),
            Hint::Invitation(code) => ("login_hint_token", code),
        };
        let form = [
            ("scope", format!("openid {}", errand.scope)),
            ("resource", errand.tool.clone()),
            ("authorization_details", errand.details.to_string()),
            (name, (*whom).to_owned()),
            ("binding_message", binding_message.clone()),
        ];
        story.tell(format_args!("POST {}", self.backchannel));
        for (name, value) in &form {
            story.fact(name, value);
        }
        let form: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
        let endpoint = Endpoint { name: BACKCHANNEL, url: self.backchannel, good: StatusCode::OK };
        let asked = endpoint.post::<Acknowledgement>(self.transport, self.server, &form).await?;
        Ok(asked.map(|asked| Acknowledgement { binding_message, ..asked }))
    }

    /// Asks for the tokens until the person has decided (OpenID CIBA Core 1.0, sections 10.1 and 11).
    ///
    /// # Errors
    /// [`Trouble::NotApproved`], [`Trouble::NobodyAnswered`]; when an answer is none that the specification knows.
    pub(crate) async fn wait(
        &self,
        story: &Story,
        errand: &Errand,
        asked: &Acknowledgement,
    ) -> Result<Tokens, Trouble> {
        story.tell(format_args!("Compare: {}", asked.binding_message));
        story.fact("good for", format_args!("{} s", asked.expires_in));
        let form: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "urn:openid:params:grant-type:ciba")
            .append_pair("auth_req_id", &asked.auth_req_id)
            .append_pair("resource", &errand.tool)
            .finish();
        let endpoint = Endpoint { name: TOKEN, url: self.token, good: StatusCode::OK };
        let mut interval = Duration::from_secs(asked.interval);
        loop {
            sleep(interval).await;
            let refused = match endpoint.post::<Tokens>(self.transport, self.server, &form).await? {
                Ok(tokens) => return tokens.of_an_approval(story, errand),
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
}

/// What stands in the way of an agent that was refused at the backchannel.
pub(crate) fn refused(refused: Refused) -> Trouble {
    Trouble::Refused { endpoint: BACKCHANNEL, why: refused.words() }
}

impl Tokens {
    /// The tokens, unless the person left out what they were for.
    fn of_an_approval(self, story: &Story, errand: &Errand) -> Result<Self, Trouble> {
        for detail in &self.authorization_details {
            story.fact("approved", detail);
        }
        if self.authorization_details.is_empty() {
            return Err(Trouble::NotApproved(format!("the person left {} out", errand.left_out)));
        }
        Ok(self)
    }
}

/// A few characters that nobody takes one for another.
fn binding_message() -> String {
    const SYMBOLS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let random = CsrfToken::new_random();
    random.secret().bytes().take(5).map(|byte| char::from(SYMBOLS[usize::from(byte % 32)])).collect()
}
