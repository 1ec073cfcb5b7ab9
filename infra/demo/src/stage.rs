//! For the tests: an issuer that publishes its keys and exchanges nothing.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hyper::{Response, StatusCode};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

use crate::loopback::{Loopback, Serving};

// The example key of RFC 7515, appendix A.3.
const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const D: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";

/// The certificate of the key with which it signs assertions.
pub(crate) const CERTIFICATE: &[u8] = include_bytes!("../fixtures/issuer.certificate.der");

/// 2100-01-01.
pub(crate) const FAR_AWAY: i64 = 4_102_444_800;

pub(crate) struct Issuer {
    pub(crate) url: String,
    _serving: Serving,
}

impl Issuer {
    pub(crate) async fn start() -> Self {
        let loopback = Loopback::bind().await.expect("a port");
        let url = loopback.origin().to_owned();
        let metadata = json!({
            "issuer": url, "jwks_uri": format!("{url}/jwks.json"), "token_endpoint": format!("{url}/token"),
        })
        .to_string();
        let keys = json!({"keys": [
            {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "one", "x": X, "y": Y},
            {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "rsa", "n": "AQAB", "e": "AQAB"},
            {"kty": "oct", "kid": "shared", "k": X},
        ]})
        .to_string();
        let saml = saml_metadata(&url);
        let refusal =
            json!({"error": "access_denied", "error_description": "no policy permits it"}).to_string();
        let serving = loopback.serve(move |request| {
            let (status, body) = match request.uri().path() {
                "/jwks.json" => (StatusCode::OK, keys.clone()),
                "/saml/metadata" => (StatusCode::OK, saml.clone()),
                "/token" => (StatusCode::BAD_REQUEST, refusal.clone()),
                _ => (StatusCode::OK, metadata.clone()),
            };
            let mut response = Response::new(body);
            *response.status_mut() = status;
            async move { response }
        });
        Self { url, _serving: serving }
    }
}

/// The metadata of such an issuer (SAML Metadata, section 2.4.3).
pub(crate) fn saml_metadata(issuer: &str) -> String {
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{issuer}\">\
         <md:IDPSSODescriptor><md:KeyDescriptor use=\"signing\">\
         <ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data>\
         <ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\
         </md:IDPSSODescriptor></md:EntityDescriptor>",
        STANDARD.encode(CERTIFICATE)
    )
}

pub(crate) fn header() -> Value {
    json!({"typ": "at+jwt", "alg": "ES256", "kid": "one"})
}

#[expect(clippy::disallowed_methods, reason = "a signature in a test needs no exact dice")]
pub(crate) fn dice() -> SystemRandom {
    SystemRandom::new()
}

pub(crate) fn sign(header: &Value, claims: &Value) -> String {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64url");
    let point = [vec![4], decode(X), decode(Y)].concat();
    let random = dice();
    let key = EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &decode(D),
        &point,
        &random,
    )
    .expect("a key");
    let input = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let signature = key.sign(&random, input.as_bytes()).expect("signed");
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}
