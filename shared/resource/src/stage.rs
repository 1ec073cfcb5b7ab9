//! For the tests: an issuer that answers from memory, keys that sign anything, and a clock that is moved by hand.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_types::{Request, Response};
use oauth::{ResourceUri, Secret, Timestamp};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::fetch::{Answering, Fetch};
use crate::{AccessToken, Clock, Guard, GuardBuilder};

pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const RESOURCE: &str = "https://files.internal.corp";
pub(crate) const NOW: i64 = 1_800_000_000;

// The example key of RFC 7515, appendix A.3.
const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const D: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";

pub(crate) const RSA_PKCS8: &[u8] = include_bytes!("../fixtures/rsa_2048.pkcs8.der");
pub(crate) const OTHER_PKCS8: &[u8] = include_bytes!("../fixtures/p256_other.pkcs8.der");

#[expect(clippy::disallowed_methods, reason = "a signature in a test needs no exact dice")]
fn dice() -> SystemRandom {
    SystemRandom::new()
}

pub(crate) fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The issuer's key for ES256, named `one`.
pub(crate) fn p256_jwk() -> Value {
    json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "one", "x": X, "y": Y})
}

/// The issuer's key for RS256, named `rsa`.
pub(crate) fn rsa_jwk() -> Value {
    let public = PublicKeyComponents::<Vec<u8>>::from(rsa().public());
    json!({"kty": "RSA", "use": "sig", "kid": "rsa", "n": encode(public.n), "e": encode(public.e)})
}

/// A key of somebody else, by whatever name.
pub(crate) fn other_jwk(key_id: &str) -> Value {
    let pair = other_pair();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    json!({"kty": "EC", "crv": "P-256", "kid": key_id, "x": encode(x), "y": encode(y)})
}

fn rsa() -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(RSA_PKCS8).expect("a key")
}

fn other_pair() -> EcdsaKeyPair {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, OTHER_PKCS8, &dice()).expect("a key")
}

/// Signs by ES256 with the issuer's key.
pub(crate) fn by_p256(input: &[u8]) -> Vec<u8> {
    let point = [vec![4], decode(X), decode(Y)].concat();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let key = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &decode(D), &point, &dice());
    key.expect("a key").sign(&dice(), input).expect("signed").as_ref().to_vec()
}

/// Signs by ES256 with somebody else's key.
pub(crate) fn by_another(input: &[u8]) -> Vec<u8> {
    other_pair().sign(&dice(), input).expect("signed").as_ref().to_vec()
}

/// Signs by RS256 with the issuer's key.
pub(crate) fn by_rsa(input: &[u8]) -> Vec<u8> {
    let key = rsa();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &dice(), input, &mut signature).expect("signed");
    signature
}

/// Any header and claims, signed by whatever the closure is.
pub(crate) fn forge(header: &str, claims: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let input = format!("{}.{}", encode(header), encode(claims));
    let signature = sign(input.as_bytes());
    format!("{input}.{}", encode(signature))
}

pub(crate) fn header() -> Value {
    json!({"typ": "at+jwt", "alg": "ES256", "kid": "one"})
}

pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": RESOURCE, "sub": "person-1", "client_id": "finance-agent", "iat": NOW - 10,
        "exp": NOW + 290, "jti": "t-1", "scope": "files.access",
    })
}

/// A value with members changed, or removed where they are null.
pub(crate) fn with(mut value: Value, changes: &Value) -> Value {
    let object = value.as_object_mut().expect("an object");
    for (name, change) in changes.as_object().expect("changes") {
        if change.is_null() {
            object.remove(name);
        } else {
            object.insert(name.clone(), change.clone());
        }
    }
    value
}

/// A token of the issuer with some claims changed.
pub(crate) fn token(changes: &Value) -> String {
    forge(&header().to_string(), &with(claims(), changes).to_string(), by_p256)
}

/// What a check makes of such a token.
pub(crate) fn accepted(changes: &Value) -> AccessToken {
    let claims = serde_json::from_value(with(claims(), changes)).expect("claims");
    AccessToken { claims, text: Secret::new(token(changes)) }
}

pub(crate) fn resource() -> ResourceUri {
    ResourceUri::parse(RESOURCE).expect("a resource")
}

/// A clock that stands until it is moved.
#[derive(Clone)]
pub(crate) struct Hands(Arc<AtomicI64>);

impl Hands {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(NOW)))
    }

    pub(crate) fn move_on(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(crate) fn clock(&self) -> Clock {
        let hands = self.clone();
        Clock::from(move || Timestamp::from_seconds(hands.0.load(Ordering::Relaxed)))
    }
}

/// A request that arrived at the issuer.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) form: HashMap<String, String>,
}

/// An issuer in memory. Answers wait while nobody lets them go.
#[derive(Clone)]
pub(crate) struct FakeIssuer {
    answers: Arc<Mutex<HashMap<String, Response<Vec<u8>>>>>,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    gate: Arc<Semaphore>,
}

impl FakeIssuer {
    pub(crate) fn new() -> Self {
        let issuer = Self {
            answers: Arc::default(),
            arrived: Arc::default(),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        };
        issuer.says(
            "/.well-known/openid-configuration",
            &json!({
                "issuer": ISSUER, "jwks_uri": format!("{ISSUER}/jwks.json"),
                "introspection_endpoint": format!("{ISSUER}/introspect"),
                "token_endpoint": format!("{ISSUER}/token"),
            }),
        );
        issuer.says("/jwks.json", &json!({"keys": [p256_jwk(), rsa_jwk()]}));
        issuer
    }

    pub(crate) fn says(&self, path: &str, document: &Value) {
        self.answers_with(path, Response::new(document.to_string().into_bytes()));
    }

    pub(crate) fn answers_with(&self, path: &str, answer: Response<Vec<u8>>) {
        self.answers.lock().expect("a lock").insert(path.to_owned(), answer);
    }

    /// Nobody answers there any more.
    pub(crate) fn is_silent_at(&self, path: &str) {
        self.answers.lock().expect("a lock").remove(path);
    }

    /// Answers wait from now on.
    pub(crate) fn holds(&self) {
        self.gate.forget_permits(usize::MAX);
    }

    /// Answers go out again.
    pub(crate) fn lets_go(&self) {
        self.gate.add_permits(1_000);
    }

    /// What arrived at a path.
    pub(crate) fn arrived(&self, path: &str) -> Vec<Arrived> {
        self.arrived.lock().expect("a lock").iter().filter(|one| one.path == path).cloned().collect()
    }

    /// A guard in front of the tool.
    pub(crate) fn guard(&self, hands: &Hands) -> GuardBuilder {
        Guard::of(ISSUER, RESOURCE).fetch(self.clone()).clock(hands.clock())
    }
}

impl Fetch for FakeIssuer {
    fn fetch(&self, request: Request<Vec<u8>>) -> Answering<'_> {
        let path = request.uri().path().to_owned();
        let authorization = request.headers().get("authorization");
        self.arrived.lock().expect("a lock").push(Arrived {
            path: path.clone(),
            authorization: authorization.map(|value| value.to_str().expect("text").to_owned()),
            form: form_urlencoded::parse(request.body()).into_owned().collect(),
        });
        Box::pin(async move {
            let _passes = self.gate.acquire().await.expect("an open gate");
            let answers = self.answers.lock().expect("a lock");
            answers.get(&path).cloned().ok_or_else(|| "nobody is there".to_owned())
        })
    }
}
