use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::acr::{PHISHING_RESISTANT, acr_values};
use crate::binding_message::binding_message;
use crate::configuration::{BackchannelClient, Client, Server, TokenDelivery, Tool, UserCodeUse};
use crate::request::{bounded, resources};
use crate::scope::OPENID;
use crate::{
    Asked, AuthorizationDetails, Channel, ClientId, Parameters, Refusal, ResourceUri, Scope, Secret,
    UserCode, requested_scope, require_details_for_scopes,
};

/// The longest `client_notification_token` (OpenID CIBA Core 1.0, section 7.1).
const LONGEST_NOTIFICATION_TOKEN: usize = 1024;
/// The shortest one: 128 bits in base64url.
const SHORTEST_NOTIFICATION_TOKEN: usize = 22;
/// The most bytes of details where the tokens are brought: sealed, they lie in an item of the table, which holds 400 KB.
const LARGEST_BROUGHT_DETAILS: usize = 64 * 1024;
/// The longest hint, in bytes: an ID token fits.
const LONGEST_HINT: usize = 8 * 1024;

/// What an agent asks a person who is elsewhere, checked as far as the protocol goes (OpenID CIBA Core 1.0, section 7.1). It is
/// what is kept of the request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackchannelRequest {
    /// Who asks.
    pub client_id: ClientId,
    /// What it asks for.
    pub scope: Scope,
    /// Which tools it will use the authorization for (RFC 8707); empty when it named none.
    pub resources: Vec<ResourceUri>,
    /// What exactly it asks for (RFC 9396).
    #[serde(default)]
    pub details: AuthorizationDetails,
    /// What the agent shows to whoever stands before it: the person compares.
    pub binding_message: Option<String>,
    /// How the client would have the person authenticate, the best first.
    #[serde(default)]
    pub acr_values: Vec<String>,
    /// Who will act in the person's name, where it is not the client itself: proven by an `actor_token` (RFC 8693, section 2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<ClientId>,
}

impl BackchannelRequest {
    /// As it is kept: whether the person has to countersign their yes is decided when they are asked, and no later change of types or
    /// passkeys makes a button of it. It stands in `acr_values`, where an older program looks for it. Where nobody has passkeys, `phr` is a
    /// wish that nobody can grant (OpenID CIBA Core 1.0, section 7.1), and is not kept.
    #[must_use]
    pub fn to_be_signed(mut self, is_demanded: bool, has_passkeys: bool) -> Self {
        let is_asked = self.is_to_be_signed();
        self.acr_values.retain(|value| value != PHISHING_RESISTANT);
        if is_demanded || (is_asked && has_passkeys) {
            self.acr_values.push(PHISHING_RESISTANT.to_owned());
        }
        self
    }

    /// Whether the person has to countersign their yes, as it was when they were asked.
    pub fn is_to_be_signed(&self) -> bool {
        self.acr_values.iter().any(|value| value == PHISHING_RESISTANT)
    }

    /// Whom the person has to do with: who asks, and who would act.
    pub fn parties(&self) -> impl Iterator<Item = &ClientId> {
        std::iter::once(&self.client_id).chain(&self.actor)
    }
}

/// On which kind of device a client would have the person told first (`channel`, an extension of ours). Where they have none such it
/// says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// An app.
    Push,
    /// A text message.
    Sms,
    /// An e-mail.
    Email,
}

impl ChannelKind {
    /// Whether this is one of them.
    pub const fn includes(self, channel: &Channel) -> bool {
        match channel {
            Channel::Push { .. } => matches!(self, Self::Push),
            Channel::Sms { .. } => matches!(self, Self::Sms),
            Channel::Email { .. } => matches!(self, Self::Email),
        }
    }
}

impl BackchannelRequest {
    /// What this request asks.
    pub fn asked(&self) -> Asked<'_> {
        Asked {
            client: &self.client_id,
            actors: self.actor.as_slice(),
            resource: &self.resources,
            scope: &self.scope,
            details: &self.details,
            message: self.binding_message.as_deref(),
        }
    }

    /// Who acts in the person's name.
    pub const fn acting(&self) -> &ClientId {
        match &self.actor {
            Some(actor) => actor,
            None => &self.client_id,
        }
    }
}

/// Whom the client means: exactly one of the three hints (OpenID CIBA Core 1.0, section 7.1).
pub enum Hint {
    /// `login_hint`: what the client knows them by.
    Login(String),
    /// `id_token_hint`: an ID token that was issued to the client.
    IdToken(String),
    /// `login_hint_token`: an invitation that the person made.
    LoginToken(Secret<String>),
}

/// A whole authentication request as it came, with what is not kept of it.
pub struct AuthenticationRequest {
    /// What is asked.
    pub request: BackchannelRequest,
    /// Whom.
    pub hint: Hint,
    /// How long the client would wait.
    pub requested_expiry: Option<Duration>,
    /// What the client wants to be told with, where it is told.
    pub client_notification_token: Option<Secret<String>>,
    /// What the person gave the client so that it may ask, where the client is registered for that.
    pub user_code: Option<UserCode>,
    /// On which kind of device the person would be told first.
    pub channel: Option<ChannelKind>,
}

impl AuthenticationRequest {
    /// Reads and checks an authentication request of `client`, which has proven who it is (OpenID CIBA Core 1.0, sections 7.1
    /// and 7.2).
    ///
    /// # Errors
    /// The refusals of sections 13 and those that its parameters have elsewhere.
    pub fn parse(
        parameters: &Parameters,
        client: &Client,
        server: &Server,
        tools: &[Tool],
    ) -> Result<Self, Refusal> {
        let registered = client.asks_people()?;
        require_bringable(parameters, client)?;
        let details = parameters.optional("authorization_details")?.map(AuthorizationDetails::parse);
        let details = details.transpose()?.unwrap_or_default();
        let scope = requested_scope(parameters, client, tools)?;
        if !scope.contains(OPENID) {
            return Err(Refusal::OpenidScopeMissing);
        }
        require_details_for_scopes(&scope, &details, tools)?;
        let request = BackchannelRequest {
            client_id: client.id.clone(),
            scope,
            resources: resources(parameters, client, server, tools)?,
            details,
            binding_message: binding_message(parameters)?,
            acr_values: acr_values(parameters)?,
            actor: None,
        };
        let hint = hint(parameters)?;
        Ok(Self {
            request,
            user_code: user_code(parameters, registered, &hint)?,
            channel: channel(parameters)?,
            hint,
            requested_expiry: requested_expiry(parameters)?,
            client_notification_token: notification_token(parameters, registered)?,
        })
    }
}

/// Refuses what no token could be brought for: details that are too large to lie ready, and several tools, between which nobody
/// chooses later.
fn require_bringable(parameters: &Parameters, client: &Client) -> Result<(), Refusal> {
    if !client.is_brought_tokens() {
        return Ok(());
    }
    bounded(parameters, "authorization_details", LARGEST_BROUGHT_DETAILS)?;
    if parameters.repeated("resource")?.len() > 1 {
        return Err(Refusal::TooManyValues { name: "resource", limit: 1 });
    }
    Ok(())
}

/// Exactly one hint (OpenID CIBA Core 1.0, section 7.2, step 3).
fn hint(parameters: &Parameters) -> Result<Hint, Refusal> {
    let named = |name| bounded(parameters, name, LONGEST_HINT);
    match (named("login_hint")?, named("id_token_hint")?, named("login_hint_token")?) {
        (Some(login), None, None) => Ok(Hint::Login(login)),
        (None, Some(token), None) => Ok(Hint::IdToken(token)),
        (None, None, Some(token)) => Ok(Hint::LoginToken(Secret::new(token))),
        _ => Err(Refusal::HintNotChosen),
    }
}

/// What the person gave the client so that it may ask (OpenID CIBA Core 1.0, sections 7.1 and 13). Of a client that is not registered
/// to send one it says nothing; and whoever was invited has been given something better.
fn user_code(
    parameters: &Parameters,
    registered: &BackchannelClient,
    hint: &Hint,
) -> Result<Option<UserCode>, Refusal> {
    let shown = parameters.optional("user_code")?;
    if matches!(hint, Hint::LoginToken(_)) {
        return Ok(None);
    }
    match (registered.user_code, shown) {
        (UserCodeUse::None, _) | (UserCodeUse::Optional, None) => Ok(None),
        (UserCodeUse::Required, None) => Err(Refusal::UserCodeMissing),
        // What cannot be a code is nobody's.
        (_, Some(text)) => UserCode::parse(text).map(Some).ok_or(Refusal::UserCodeInvalid),
    }
}

fn channel(parameters: &Parameters) -> Result<Option<ChannelKind>, Refusal> {
    match parameters.optional("channel")? {
        None => Ok(None),
        Some("push") => Ok(Some(ChannelKind::Push)),
        Some("sms") => Ok(Some(ChannelKind::Sms)),
        Some("email") => Ok(Some(ChannelKind::Email)),
        Some(_) => Err(Refusal::MalformedParameter { name: "channel", expected: "push, sms or email" }),
    }
}

/// A positive number of seconds (OpenID CIBA Core 1.0, section 7.1).
fn requested_expiry(parameters: &Parameters) -> Result<Option<Duration>, Refusal> {
    let Some(text) = parameters.optional("requested_expiry")? else {
        return Ok(None);
    };
    let digits = text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse().ok().filter(|seconds| digits && *seconds > 0);
    seconds.map(|seconds| Some(Duration::from_secs(seconds))).ok_or(Refusal::MalformedParameter {
        name: "requested_expiry",
        expected: "a positive whole number of seconds",
    })
}

/// The client's own bearer token, for who is told (OpenID CIBA Core 1.0, section 7.1; its syntax is that of RFC 6750, section 2.1).
fn notification_token(
    parameters: &Parameters,
    registered: &BackchannelClient,
) -> Result<Option<Secret<String>>, Refusal> {
    if matches!(registered.delivery, TokenDelivery::Poll) {
        // A client that is told nothing may send it all the same; nothing is kept of it.
        return Ok(None);
    }
    let token = parameters.required("client_notification_token")?;
    let length = (SHORTEST_NOTIFICATION_TOKEN..=LONGEST_NOTIFICATION_TOKEN).contains(&token.len());
    let is_bearer = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    let well_formed = length && token.bytes().all(is_bearer);
    well_formed.then(|| Some(Secret::new(token.to_owned()))).ok_or(Refusal::MalformedParameter {
        name: "client_notification_token",
        expected: "a bearer token of 22 to 1024 characters",
    })
}
