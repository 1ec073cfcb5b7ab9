//! The agent that asks a person: pushed request, consent, code, token.

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType, CoreGenderClaim,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::url::Url;
use openidconnect::{
    AccessToken, AccessTokenHash, AuthorizationCode, Client, CsrfToken, EmptyAdditionalClaims,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, ExtraTokenFields, IdTokenFields, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, StandardErrorResponse,
    StandardTokenResponse, TokenResponse,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::callback::{Callback, Expected};
use crate::claims::{self, Acting};
use crate::discovery::Provider;
use crate::errand::{self, Errand};
use crate::local_server::LocalServer;
use crate::story::Story;
use crate::transport::Transport;
use crate::{Trouble, browser, pushed_request};

/// What the token response says beside the tokens: the details as the person approved them (RFC 9396, section 7).
#[derive(Debug, Deserialize, Serialize)]
struct Approved {
    #[serde(default)]
    authorization_details: Vec<Value>,
}

impl ExtraTokenFields for Approved {}

type Tokens = StandardTokenResponse<
    IdTokenFields<
        EmptyAdditionalClaims,
        Approved,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

/// The library's client, for token responses that carry details.
type Agent = Client<
    EmptyAdditionalClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What the agent must still know when the answer comes.
struct Asked {
    url: Url,
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

/// The whole walk.
///
/// # Errors
/// [`Trouble`]: the step that did not work, and why.
pub(crate) async fn run(
    story: &mut Story,
    server: &LocalServer,
    provider: Provider,
    transport: &Transport,
    open_browser: bool,
) -> Result<(), Trouble> {
    let errand = errand::to_read_the_file();
    let token = ask_for(story, server, provider, transport, open_browser, &errand).await?;
    story.tell(format_args!(
        "\nWhat the access token says:\n\n{}",
        claims::shown(token.secret(), Acting::ForAPerson)?
    ));
    errand::use_token(story, &server.issuer, transport, &token).await
}

/// Asks the person, and gets the token.
///
/// # Errors
/// [`Trouble`]: the step that did not work, and why.
pub(crate) async fn ask_for(
    story: &mut Story,
    server: &LocalServer,
    provider: Provider,
    transport: &Transport,
    open_browser: bool,
    errand: &Errand,
) -> Result<AccessToken, Trouble> {
    let members = provider.additional_metadata().clone();
    let callback = Callback::bind().await?;
    let agent = agent(server, provider, &callback)?;

    let asked = ask(&agent, errand);
    let endpoint = members.pushed_authorization_request_endpoint.ok_or_else(|| Trouble::Document {
        document: "metadata",
        why: "it names no pushed_authorization_request_endpoint".into(),
    })?;
    let page = push(story, transport, &endpoint, server, &agent, &asked.url).await?;

    show(story, &page, errand, open_browser);
    let expected = Expected {
        state: asked.state,
        issuer: server.issuer.clone(),
        names_itself: members.authorization_response_iss_parameter_supported,
    };
    let code = callback.wait(expected).await?;
    story.fact("answered", "state and iss are those of this request");

    let tokens = redeem(story, &agent, transport, errand, code, asked.verifier).await?;
    check_identity(story, &agent, &tokens, &asked.nonce)?;
    Ok(tokens.access_token().clone())
}

fn agent(server: &LocalServer, provider: Provider, callback: &Callback) -> Result<Agent, Trouble> {
    let redirect_uri = RedirectUrl::new(callback.redirect_uri())
        .map_err(|error| Trouble::Unexpected { endpoint: "The loopback port", why: error.to_string() })?;
    Ok(Agent::from_provider_metadata(provider, server.client_id.clone(), Some(server.client_secret.clone()))
        .set_redirect_uri(redirect_uri))
}

/// Builds the request with the library: PKCE with S256, `state`, `nonce`, and what is asked for.
fn ask(agent: &Agent, errand: &Errand) -> Asked {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = agent
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .add_scopes(errand.scope.split(' ').map(|scope| Scope::new(scope.to_owned())))
        .add_extra_param("resource", errand.tool.clone())
        .add_extra_param("authorization_details", errand.details.to_string())
        .add_extra_param("purpose", errand.purpose)
        .set_pkce_challenge(challenge)
        .url();
    Asked { url, state, nonce, verifier }
}

async fn push(
    story: &mut Story,
    transport: &Transport,
    endpoint: &Url,
    server: &LocalServer,
    agent: &Agent,
    authorization_url: &Url,
) -> Result<Url, Trouble> {
    story.step("The agent pushes its request (RFC 9126)");
    story.tell(format_args!("POST {endpoint}"));
    for (name, value) in authorization_url.query_pairs() {
        story.fact(&name, value);
    }
    let pushed = pushed_request::push(transport, endpoint, server, authorization_url).await?;
    story.fact("request_uri", &pushed.request_uri);
    story.fact("good for", format_args!("{} s, once", pushed.expires_in));
    Ok(pushed_request::front_door(agent.auth_uri().url(), &server.client_id, &pushed))
}

fn show(story: &mut Story, page: &Url, errand: &Errand, open_browser: bool) {
    story.step(format_args!("A person decides whether the agent may {}", errand.what));
    let opened = open_browser && browser::open(page.as_str());
    story.tell(if opened {
        "This page opens in your browser; sign in with the person that `cargo run` printed:"
    } else {
        "Open this page; sign in with the person that `cargo run` printed:"
    });
    story.tell(format_args!("\n{page}\n\n"));
}

async fn redeem(
    story: &mut Story,
    agent: &Agent,
    transport: &Transport,
    errand: &Errand,
    code: AuthorizationCode,
    verifier: PkceCodeVerifier,
) -> Result<Tokens, Trouble> {
    story.step("The agent redeems the code (OAuth 2.1, section 4.1.3)");
    let refused = |why: String| Trouble::Refused { endpoint: "The token endpoint", why };
    let tokens = agent
        .exchange_code(code)
        .map_err(|error| refused(error.to_string()))?
        .set_pkce_verifier(verifier)
        .add_extra_param("resource", errand.tool.clone())
        .request_async(transport)
        .await
        .map_err(|error| refused(told(&error)))?;
    if let Some(lifetime) = tokens.expires_in() {
        story.fact("token for", format_args!("{} s", lifetime.as_secs()));
    }
    let approved = &tokens.extra_fields().extra_fields().authorization_details;
    for detail in approved {
        story.fact("approved", detail);
    }
    // A person may approve a part of what was asked for (RFC 9396, section 7), which can be nothing of it.
    if approved.is_empty() {
        return Err(Trouble::NotApproved(format!("the person left {} out", errand.left_out)));
    }
    Ok(tokens)
}

/// Checks the ID token with the library: signature, `iss`, `aud`, `exp`, `nonce`, and `at_hash` if there is one.
fn check_identity(story: &Story, agent: &Agent, tokens: &Tokens, nonce: &Nonce) -> Result<(), Trouble> {
    let wrong =
        |why: String| Trouble::Unexpected { endpoint: "The token endpoint", why: format!("ID token: {why}") };
    let Some(id_token) = tokens.id_token() else {
        return Err(wrong("there is none".into()));
    };
    let verifier = agent.id_token_verifier();
    let claims = id_token.claims(&verifier, nonce).map_err(|error| wrong(error.to_string()))?;
    if let Some(expected) = claims.access_token_hash() {
        let algorithm = id_token.signing_alg().map_err(|error| wrong(error.to_string()))?;
        let key = id_token.signing_key(&verifier).map_err(|error| wrong(error.to_string()))?;
        let actual = AccessTokenHash::from_token(tokens.access_token(), algorithm, key)
            .map_err(|error| wrong(error.to_string()))?;
        if actual != *expected {
            return Err(wrong("at_hash is that of another access token".into()));
        }
    }
    story.fact("person", claims.subject().as_str());
    Ok(())
}

/// The server's own words, where it had some.
pub(crate) fn told<E: std::error::Error + 'static>(
    error: &openidconnect::RequestTokenError<E, StandardErrorResponse<CoreErrorResponseType>>,
) -> String {
    match error {
        openidconnect::RequestTokenError::ServerResponse(answer) => answer.to_string(),
        openidconnect::RequestTokenError::Request(no_answer) => no_answer.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use openidconnect::core::{CoreResponseType, CoreSubjectIdentifierType};
    use openidconnect::{AuthUrl, ClientId, ClientSecret, IssuerUrl, JsonWebKeySetUrl, ResponseTypes};

    use super::*;
    use crate::discovery::Members;

    async fn an_agent() -> Agent {
        let issuer = "http://localhost:8690";
        let provider = Provider::new(
            IssuerUrl::new(issuer.into()).expect("a URL"),
            AuthUrl::new(format!("{issuer}/authorize")).expect("a URL"),
            JsonWebKeySetUrl::new(format!("{issuer}/jwks.json")).expect("a URL"),
            vec![ResponseTypes::new(vec![CoreResponseType::Code])],
            vec![CoreSubjectIdentifierType::Public],
            vec![CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256],
            Members {
                pushed_authorization_request_endpoint: None,
                backchannel_authentication_endpoint: None,
                authorization_response_iss_parameter_supported: true,
                authorization_details_types_supported: Vec::new(),
            },
        );
        let server = LocalServer {
            issuer: issuer.into(),
            client_id: ClientId::new("finance-agent".into()),
            client_secret: ClientSecret::new("secret".into()),
        };
        agent(&server, provider, &Callback::bind().await.expect("a port")).expect("an agent")
    }

    #[tokio::test]
    async fn the_request_has_everything_and_not_the_secret() {
        let asked = ask(&an_agent().await, &errand::to_read_the_file());
        let parameters: BTreeMap<String, String> = asked.url.query_pairs().into_owned().collect();
        let names: Vec<&str> = parameters.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "authorization_details",
                "client_id",
                "code_challenge",
                "code_challenge_method",
                "nonce",
                "purpose",
                "redirect_uri",
                "resource",
                "response_type",
                "scope",
                "state",
            ]
        );
        assert_eq!(parameters["code_challenge_method"], "S256");
        assert_eq!(parameters["scope"], "openid files.access");
        assert_eq!(
            parameters["authorization_details"],
            r#"[{"type":"file_access","locations":["https://files.internal.corp/finance"],"actions":["read"],"identifier":"Q4-report.pdf"}]"#
        );
        assert!(parameters["redirect_uri"].starts_with("http://127.0.0.1:"));
    }

    #[tokio::test]
    async fn no_two_requests_share_state_nonce_or_challenge() {
        let agent = an_agent().await;
        let errand = errand::to_read_the_file();
        let (one, two) = (ask(&agent, &errand), ask(&agent, &errand));
        assert_ne!(one.state.secret(), two.state.secret());
        assert_ne!(one.nonce.secret(), two.nonce.secret());
        assert_ne!(one.verifier.secret(), two.verifier.secret());
    }
}
