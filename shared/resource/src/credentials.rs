use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use form_urlencoded::{Serializer, byte_serialize};
use http_types::Request;
use http_types::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use oauth::{Secret, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::json;

/// How long an assertion is good.
const ASSERTION_LIFE: Duration = Duration::from_mins(1);

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How the tool proves who it is, where it asks the authorization server something.
#[derive(Clone)]
pub struct Credentials {
    client_id: String,
    proof: Proof,
}

#[derive(Clone)]
enum Proof {
    Secret(Secret<String>),
    Key { id: String, pair: Arc<EcdsaKeyPair> },
}

/// The bytes are no P-256 private key in PKCS#8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a P-256 private key in PKCS#8")]
pub struct KeyRejected;

impl Credentials {
    /// `client_secret_basic` (RFC 6749, section 2.3.1).
    pub fn secret(client_id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { client_id: client_id.into(), proof: Proof::Secret(Secret::new(secret.into())) }
    }

    /// `private_key_jwt` with ES256 (RFC 7523, section 2.2).
    ///
    /// # Errors
    /// [`KeyRejected`].
    pub fn key(
        client_id: impl Into<String>,
        key_id: impl Into<String>,
        pkcs8: &[u8],
    ) -> Result<Self, KeyRejected> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &dice())
            .map_err(|_| KeyRejected)?;
        Ok(Self {
            client_id: client_id.into(),
            proof: Proof::Key { id: key_id.into(), pair: Arc::new(pair) },
        })
    }

    /// A form for an endpoint of this issuer, with the proof. `None` when there is no randomness, or the endpoint is no URL.
    pub(crate) fn form(
        &self,
        endpoint: &str,
        issuer: &str,
        now: Timestamp,
        parameters: &[(&str, &str)],
    ) -> Option<Request<Vec<u8>>> {
        let mut form = Serializer::new(String::new());
        form.extend_pairs(parameters);
        let mut request = Request::post(endpoint)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json");
        match &self.proof {
            Proof::Secret(secret) => {
                let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", encode(&self.client_id), encode(secret.expose()));
                let value = format!("Basic {}", STANDARD.encode(pair));
                let mut value = http_types::HeaderValue::try_from(value).ok()?;
                value.set_sensitive(true);
                request = request.header(AUTHORIZATION, value);
            }
            Proof::Key { id, pair } => {
                let assertion = self.assertion(id, pair, issuer, now)?;
                form.extend_pairs([
                    ("client_id", self.client_id.as_str()),
                    ("client_assertion_type", ASSERTION_TYPE),
                    ("client_assertion", &assertion),
                ]);
            }
        }
        request.body(form.finish().into_bytes()).ok()
    }

    /// Its audience is the issuer itself (draft-ietf-oauth-rfc7523bis, section 4), good at no other server.
    fn assertion(&self, id: &str, pair: &EcdsaKeyPair, issuer: &str, now: Timestamp) -> Option<String> {
        let dice = dice();
        let mut jti = [0; 16];
        dice.fill(&mut jti).ok()?;
        let header = json!({"alg": "ES256", "kid": id, "typ": "client-authentication+jwt"});
        let claims = json!({
            "iss": self.client_id, "sub": self.client_id, "aud": issuer, "jti": URL_SAFE_NO_PAD.encode(jti),
            "iat": now, "exp": now.after(ASSERTION_LIFE),
        });
        let input = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
        let signature = pair.sign(&dice, input.as_bytes()).ok()?;
        Some(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[expect(clippy::disallowed_methods, reason = "this room knows none that has dice")]
fn dice() -> SystemRandom {
    SystemRandom::new()
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Credentials of {}", self.client_id)
    }
}
