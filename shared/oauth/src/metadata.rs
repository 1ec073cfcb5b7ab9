use serde_json::{Value, json};

use crate::configuration::{GrantType, Server};
use crate::scope::ISSUER_SCOPES;

/// The signature algorithms that we accept from clients that authenticate with a JWT.
pub const CLIENT_ASSERTION_ALGORITHMS: [&str; 4] = ["ES256", "RS256", "PS256", "EdDSA"];

/// The authorization server's metadata: one document for RFC 8414 and for OpenID Connect Discovery, and
/// nothing in it that is not enforced. Clients drop a document without `authorization_endpoint`,
/// `response_types_supported` and `code_challenge_methods_supported`.
pub fn document(server: &Server, tool_scopes: &[String], detail_types: &[String]) -> Value {
    let scopes: Vec<&str> = ISSUER_SCOPES.into_iter().chain(tool_scopes.iter().map(String::as_str)).collect();
    let methods = ["private_key_jwt", "client_secret_basic", "client_secret_post", "none"];
    let confidential = &methods[..3];
    json!({
        "issuer": server.issuer,
        "authorization_endpoint": server.page("/authorize"),
        "pushed_authorization_request_endpoint": server.endpoint("/par"),
        "token_endpoint": server.endpoint("/token"),
        "introspection_endpoint": server.endpoint("/introspect"),
        "revocation_endpoint": server.endpoint("/revoke"),
        "userinfo_endpoint": server.endpoint("/userinfo"),
        "jwks_uri": server.endpoint("/jwks.json"),
        "authorization_details_types_metadata_endpoint": server.endpoint("/authorization-details-types"),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            GrantType::AuthorizationCode.as_str(), GrantType::RefreshToken.as_str(), GrantType::ClientCredentials.as_str(),
            GrantType::TokenExchange.as_str(),
        ],
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
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "amr", "at_hash", "name",
            "preferred_username", "locale", "zoneinfo", "email", "groups"],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
    })
}
