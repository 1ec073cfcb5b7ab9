use serde_json::{Value, json};

use crate::configuration::{GrantType, Server};
use crate::scope::ISSUER_SCOPES;
use crate::{Acceptance, DEFERRED, PHISHING_RESISTANT, TokenType};

/// The signature algorithms that we accept from clients that authenticate with a JWT.
pub const CLIENT_ASSERTION_ALGORITHMS: [&str; 4] = ["ES256", "RS256", "PS256", "EdDSA"];

/// The authorization server's metadata: one document for RFC 8414 and for OpenID Connect Discovery, and
/// nothing in it that is not enforced. Clients drop a document without `authorization_endpoint`,
/// `response_types_supported` and `code_challenge_methods_supported`.
pub fn document(server: &Server, tool_scopes: &[String], detail_types: &[String]) -> Value {
    let scopes: Vec<&str> = ISSUER_SCOPES.into_iter().chain(tool_scopes.iter().map(String::as_str)).collect();
    let methods = ["private_key_jwt", "client_secret_basic", "client_secret_post", "none"];
    let confidential = &methods[..3];
    let mut document = json!({
        "issuer": server.issuer,
        "authorization_endpoint": server.page("/authorize"),
        "pushed_authorization_request_endpoint": server.endpoint("/par"),
        "token_endpoint": server.endpoint("/token"),
        "introspection_endpoint": server.endpoint("/introspect"),
        "revocation_endpoint": server.endpoint("/revoke"),
        "backchannel_authentication_endpoint": server.endpoint("/bc-authorize"),
        "backchannel_token_delivery_modes_supported": delivery_modes(server),
        "backchannel_authentication_request_signing_alg_values_supported": CLIENT_ASSERTION_ALGORITHMS,
        "backchannel_user_code_parameter_supported": true,
        "userinfo_endpoint": server.endpoint("/userinfo"),
        "jwks_uri": server.endpoint("/jwks.json"),
        "authorization_details_types_metadata_endpoint": server.endpoint("/authorization-details-types"),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": grant_types(server),
        "deferred_token_response_supported": true,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": CLIENT_ASSERTION_ALGORITHMS,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": CLIENT_ASSERTION_ALGORITHMS,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": CLIENT_ASSERTION_ALGORITHMS,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "require_pushed_authorization_requests": server.require_pushed_authorization_requests,
        "authorization_details_types_supported": detail_types,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "amr", "acr",
            "at_hash", "name", "preferred_username", "locale", "zoneinfo", "email", "groups"],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
    });
    name_contexts(server, &mut document);
    name_strangers(server, &mut document);
    name_id_jag(server, &mut document);
    document
}

/// How surely it can be the person, where people sign in with passkeys (OpenID Connect Discovery, section 3).
fn name_contexts(server: &Server, document: &mut Value) {
    if server.has_passkeys() {
        document["acr_values_supported"] = json!([PHISHING_RESISTANT]);
    }
}

/// How clients that nobody here has registered can come (RFC 8414, section 2; draft-ietf-oauth-client-id-metadata-document,
/// section 6).
fn name_strangers(server: &Server, document: &mut Value) {
    if server.documents.is_some() {
        document["client_id_metadata_document_supported"] = json!(true);
    }
    if server.registration.is_some() {
        document["registration_endpoint"] = json!(server.endpoint("/register"));
    }
}

/// How clients learn what a person decided (OpenID CIBA Core 1.0, section 4).
fn delivery_modes(server: &Server) -> &'static [&'static str] {
    if server.backchannel.push { &["poll", "ping", "push"] } else { &["poll", "ping"] }
}

fn takes_id_jag(server: &Server) -> bool {
    server.trusted_issuers.iter().any(|trusted| trusted.accepts.contains(&Acceptance::IdJag))
}

fn grant_types(server: &Server) -> Vec<&'static str> {
    let always = [
        GrantType::AuthorizationCode,
        GrantType::RefreshToken,
        GrantType::ClientCredentials,
        GrantType::TokenExchange,
        GrantType::Ciba,
    ];
    let grants = always.into_iter().chain(takes_id_jag(server).then_some(GrantType::JwtBearer));
    grants.map(GrantType::as_str).chain(std::iter::once(DEFERRED)).collect()
}

/// What is issued for other authorization servers, and taken from them
/// (draft-ietf-oauth-identity-assertion-authz-grant, section 7).
fn name_id_jag(server: &Server, document: &mut Value) {
    if !server.id_jag_targets.is_empty() {
        document["identity_chaining_requested_token_types_supported"] = json!([TokenType::IdJag.as_str()]);
    }
    if takes_id_jag(server) {
        document["authorization_grant_profiles_supported"] =
            json!(["urn:ietf:params:oauth:grant-profile:id-jag"]);
    }
}
