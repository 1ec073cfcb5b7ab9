use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::acr::acr_values;
use crate::configuration::{Client, GrantType, Server, Tool, is_issuer_scope};
use crate::time::seconds;
use crate::{
    AuthorizationDetails, ClientId, CodeChallenge, Parameters, PersonId, RedirectUri, Refusal, ResourceUri,
    Scope,
};

/// The longest `purpose`, in characters.
pub const LONGEST_PURPOSE: usize = 300;
/// The longest `state` and `nonce`, in bytes.
const LONGEST_STATE: usize = 2048;

/// An authorization request (OAuth 2.1, section 4.1.1; OpenID Connect Core, section 3.1.2.1), checked as far
/// as the protocol goes. Whether its details fit their types is asked of the registered types.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client_id: ClientId,
    /// Where the answer goes.
    pub redirect_uri: RedirectUri,
    /// What it asks for.
    pub scope: Scope,
    /// Which tools it will use the authorization for (RFC 8707); empty when it named none.
    pub resources: Vec<ResourceUri>,
    /// What exactly it asks for (RFC 9396).
    #[serde(default)]
    pub details: AuthorizationDetails,
    /// Given back untouched.
    pub state: Option<String>,
    /// Goes into the ID token.
    pub nonce: Option<String>,
    /// PKCE.
    pub code_challenge: CodeChallenge,
    /// What the client wants the person to be asked.
    pub prompt: BTreeSet<Prompt>,
    /// How long ago the person may have signed in.
    #[serde(with = "optional_span")]
    pub max_age: Option<Duration>,
    /// One of which the person must have signed in by (`acr`), the preferred first; any way will do where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acr_values: Vec<String>,
    /// Whom the client expects.
    pub login_hint: Option<String>,
    /// The languages the person prefers, as the client knows.
    pub ui_locales: Option<String>,
    /// Whom the client demands: the subject of its `id_token_hint`, once that has been verified.
    #[serde(default)]
    pub demanded: Option<PersonId>,
    /// Why the agent asks, in its own words.
    pub purpose: Option<String>,
}

/// A value of `prompt` (OpenID Connect Core, section 3.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the specification's own word")]
pub enum Prompt {
    None,
    Login,
    Consent,
    SelectAccount,
}

/// A request that was refused, and where the refusal may be sent, if anywhere: never to a redirect URI that
/// is not registered (OAuth 2.1, section 4.1.2.1).
#[derive(Debug)]
pub struct RejectedRequest {
    /// Why.
    pub refusal: Refusal,
    /// Where the client waits for the answer.
    pub reply_to: Option<ReplyTo>,
}

impl From<Refusal> for RejectedRequest {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, reply_to: None }
    }
}

/// Where an answer goes, and the state that goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyTo {
    /// A redirect URI that was checked against the registered ones.
    pub redirect_uri: RedirectUri,
    /// `state` of the request.
    pub state: Option<String>,
}

impl ReplyTo {
    /// The URL of a successful answer (OAuth 2.1, section 4.1.2; RFC 9207).
    pub fn with_code(&self, code: &str, issuer: &str) -> String {
        self.with(&[("code", code)], issuer)
    }

    /// The URL of an error (OAuth 2.1, section 4.1.2.1; RFC 9207); `error_uri` explains it to the client's developer.
    pub fn with_refusal(&self, refusal: &Refusal, error_uri: &str, issuer: &str) -> String {
        let description = refusal.description();
        let error = [
            ("error", refusal.code().as_str()),
            ("error_description", &description),
            ("error_uri", error_uri),
        ];
        self.with(&error, issuer)
    }

    /// The URL of an answer that a fault of ours prevented.
    pub fn with_fault(&self, code: crate::ErrorCode, error_uri: &str, issuer: &str) -> String {
        self.with(&[("error", code.as_str()), ("error_uri", error_uri)], issuer)
    }

    fn with(&self, parameters: &[(&str, &str)], issuer: &str) -> String {
        let mut parameters = parameters.to_vec();
        if let Some(state) = &self.state {
            parameters.push(("state", state));
        }
        parameters.push(("iss", issuer));
        self.redirect_uri.with(&parameters)
    }
}

impl AuthorizationRequest {
    /// Whether its answer may still be sent where it asked: a redirect URI can be taken from a client while a person
    /// decides, and is followed no more from then on.
    ///
    /// # Errors
    /// [`Refusal::RedirectUriNotRegistered`].
    pub fn may_be_answered(&self, client: &Client) -> Result<(), Refusal> {
        let registered = client.is_answered_at(&self.redirect_uri);
        registered.then_some(()).ok_or(Refusal::RedirectUriNotRegistered)
    }

    /// How many bytes it takes to write it down, which can be more than it came with: JSON escapes what a form does not.
    pub fn written_length(&self) -> usize {
        serde_json::to_string(self).map_or(usize::MAX, |text| text.len())
    }

    /// Reads and checks a request of `client`, whose `client_id` it carries.
    ///
    /// # Errors
    /// A [`RejectedRequest`]; it says where to reply as soon as the redirect URI is known to be good.
    pub fn parse(
        parameters: &Parameters,
        client: &Client,
        server: &Server,
        tools: &[Tool],
    ) -> Result<Self, RejectedRequest> {
        let redirect_uri = redirect_uri(parameters, client)?;
        // A state that comes twice is refused, and no state is then sent back.
        let state = parameters.optional("state").ok().flatten().filter(|state| state.len() <= LONGEST_STATE);
        let reply_to = ReplyTo { redirect_uri: redirect_uri.clone(), state: state.map(str::to_owned) };
        let rest = || -> Result<Self, Refusal> {
            response_type(parameters)?;
            client.require_grant(GrantType::AuthorizationCode)?;
            let resources = resources(parameters, client, server, tools)?;
            let details = match parameters.optional("authorization_details")? {
                Some(text) => AuthorizationDetails::parse(text)?,
                None => AuthorizationDetails::default(),
            };
            let scope = requested_scope(parameters, client, tools)?;
            require_details_for_scopes(&scope, &details, tools)?;
            Ok(Self {
                client_id: client.id.clone(),
                redirect_uri,
                scope,
                resources,
                details,
                state: bounded(parameters, "state", LONGEST_STATE)?,
                nonce: bounded(parameters, "nonce", LONGEST_STATE)?,
                code_challenge: code_challenge(parameters)?,
                prompt: prompt(parameters)?,
                max_age: max_age(parameters)?,
                acr_values: acr_values(parameters)?,
                login_hint: bounded(parameters, "login_hint", 256)?,
                ui_locales: bounded(parameters, "ui_locales", 256)?,
                demanded: None,
                purpose: purpose(parameters)?,
            })
        };
        rest().map_err(|refusal| RejectedRequest { refusal, reply_to: Some(reply_to) })
    }

    /// Where the answer goes.
    pub fn reply_to(&self) -> ReplyTo {
        ReplyTo { redirect_uri: self.redirect_uri.clone(), state: self.state.clone() }
    }

    /// Whether the client wants this of the person.
    pub fn prompts(&self, prompt: Prompt) -> bool {
        self.prompt.contains(&prompt)
    }
}

/// The redirect URI: the one that was asked for, if registered, or the only registered one (OAuth 2.1, section 2.3.2).
fn redirect_uri(parameters: &Parameters, client: &Client) -> Result<RedirectUri, Refusal> {
    let Some(text) = parameters.optional("redirect_uri")? else {
        return match client.redirect_uris.as_slice() {
            [only] => Ok(only.clone()),
            _ => Err(Refusal::MissingParameter { name: "redirect_uri" }),
        };
    };
    let asked = RedirectUri::parse(text).ok_or(Refusal::RedirectUriNotRegistered)?;
    Some(asked).filter(|asked| client.is_answered_at(asked)).ok_or(Refusal::RedirectUriNotRegistered)
}

/// Only `code`, and only in the query: there is no implicit grant (OAuth 2.1, section 10.1).
fn response_type(parameters: &Parameters) -> Result<(), Refusal> {
    if parameters.has("request") {
        return Err(Refusal::RequestObjectNotSupported);
    }
    if parameters.required("response_type")? != "code" {
        return Err(Refusal::UnsupportedResponseType);
    }
    match parameters.optional("response_mode")? {
        None | Some("query") => Ok(()),
        Some(_) => Err(Refusal::UnsupportedResponseMode),
    }
}

fn code_challenge(parameters: &Parameters) -> Result<CodeChallenge, Refusal> {
    let challenge = parameters.required("code_challenge")?;
    // An omitted method would mean `plain` (RFC 7636, section 4.3).
    if parameters.required("code_challenge_method")? != "S256" {
        return Err(Refusal::ChallengeMethodNotS256);
    }
    CodeChallenge::parse(challenge).ok_or(Refusal::MalformedParameter {
        name: "code_challenge",
        expected: "the base64url form of a SHA-256, 43 characters",
    })
}

/// The scope, of which every token must exist and be allowed to the client. Without the parameter nothing is
/// asked for by scope (RFC 6749, section 3.3).
///
/// # Errors
/// [`Refusal::MalformedParameter`], [`Refusal::ScopeNotAllowed`].
pub fn requested_scope(parameters: &Parameters, client: &Client, tools: &[Tool]) -> Result<Scope, Refusal> {
    let Some(text) = parameters.optional("scope")? else {
        return Ok(Scope::empty());
    };
    let scope = Scope::parse(text).ok_or(Refusal::MalformedParameter {
        name: "scope",
        expected: "tokens separated by single spaces",
    })?;
    let exists =
        |token: &str| is_issuer_scope(token) || tools.iter().any(|tool| tool.scopes.contains_key(token));
    let allowed = scope.is_within(&client.scopes) && scope.iter().all(exists);
    allowed.then_some(scope).ok_or(Refusal::ScopeNotAllowed)
}

/// A scope that means nothing without details is refused where there are none.
///
/// # Errors
/// [`Refusal::ScopeNeedsDetails`].
pub fn require_details_for_scopes(
    scope: &Scope,
    details: &AuthorizationDetails,
    tools: &[Tool],
) -> Result<(), Refusal> {
    if !details.is_empty() {
        return Ok(());
    }
    let needs = |token: &&str| {
        tools.iter().any(|tool| tool.scopes.get(*token).is_some_and(|own| own.requires_details))
    };
    match scope.iter().find(needs) {
        Some(scope) => Err(Refusal::ScopeNeedsDetails { scope: scope.to_owned() }),
        None => Ok(()),
    }
}

/// The resources (RFC 8707, section 2.1): each a registered tool that the client may use, or the issuer.
pub(crate) fn resources(
    parameters: &Parameters,
    client: &Client,
    server: &Server,
    tools: &[Tool],
) -> Result<Vec<ResourceUri>, Refusal> {
    let mut resources = Vec::new();
    for text in parameters.repeated("resource")? {
        let uri = ResourceUri::parse(text).ok_or(Refusal::ResourceNotAllowed)?;
        let allowed = uri == server.resource()
            || tools.iter().any(|tool| tool.resource == uri && client.tools.contains(&tool.id));
        if !allowed {
            return Err(Refusal::ResourceNotAllowed);
        }
        if !resources.contains(&uri) {
            resources.push(uri);
        }
    }
    Ok(resources)
}

fn prompt(parameters: &Parameters) -> Result<BTreeSet<Prompt>, Refusal> {
    let Some(text) = parameters.optional("prompt")? else {
        return Ok(BTreeSet::new());
    };
    let prompts = text
        .split(' ')
        .map(|word| match word {
            "none" => Some(Prompt::None),
            "login" => Some(Prompt::Login),
            "consent" => Some(Prompt::Consent),
            "select_account" => Some(Prompt::SelectAccount),
            _ => None,
        })
        .collect::<Option<BTreeSet<_>>>()
        .ok_or(Refusal::MalformedParameter {
            name: "prompt",
            expected: "none, login, consent or select_account",
        })?;
    if prompts.contains(&Prompt::None) && prompts.len() > 1 {
        return Err(Refusal::PromptNoneNotAlone);
    }
    Ok(prompts)
}

fn max_age(parameters: &Parameters) -> Result<Option<Duration>, Refusal> {
    let malformed = Refusal::MalformedParameter { name: "max_age", expected: "a whole number of seconds" };
    let Some(text) = parameters.optional("max_age")? else {
        return Ok(None);
    };
    let digits = text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).map(|seconds| Some(Duration::from_secs(seconds))).ok_or(malformed)
}

/// `purpose`: plain text on one line, so that it can be shown as the agent's own words and nothing else.
fn purpose(parameters: &Parameters) -> Result<Option<String>, Refusal> {
    let Some(text) = parameters.optional("purpose")? else {
        return Ok(None);
    };
    let plain = text.chars().count() <= LONGEST_PURPOSE && !text.chars().any(disturbs_a_page);
    plain.then(|| Some(text.to_owned())).ok_or(Refusal::MalformedParameter {
        name: "purpose",
        expected: "plain text on one line, at most 300 characters",
    })
}

/// What a page would leave out of a foreign text, and the marks that choose how the character before them looks.
pub(crate) fn disturbs_a_page(character: char) -> bool {
    crate::acts_unseen(character) || matches!(character, '\u{fe00}'..='\u{fe0f}')
}

pub(crate) fn bounded(
    parameters: &Parameters,
    name: &'static str,
    limit: usize,
) -> Result<Option<String>, Refusal> {
    match parameters.optional(name)? {
        Some(text) if text.len() > limit => Err(Refusal::ParameterTooLong { name, limit }),
        value => Ok(value.map(str::to_owned)),
    }
}

mod optional_span {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(
        span: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match span {
            Some(span) => super::seconds::serialize(span, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_secs))
    }
}
