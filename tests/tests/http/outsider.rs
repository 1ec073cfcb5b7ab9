use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

use crate::assertion::{encode, signing_input, unguessable};
use crate::stack::Stack;

/// Another issuer, which the tests' configuration trusts.
pub(crate) struct Outsider {
    pub(crate) issuer: &'static str,
    pub(crate) kid: &'static str,
    pub(crate) typ: &'static str,
    pub(crate) key: EcdsaKeyPair,
    pub(crate) random: SystemRandom,
}

/// The one whose people are nobody here.
pub(crate) fn the_partner() -> Outsider {
    let key = include_bytes!("../../../shared/keys/fixtures/p256.pkcs8.der");
    Outsider::new("https://idp.partner.test", "partner-1", "JWT", key)
}

/// The one that knows people by their user names.
pub(crate) fn the_mills_own() -> Outsider {
    let key = include_bytes!("../../../shared/keys/fixtures/p256_other.pkcs8.der");
    Outsider::new("https://idp.mills.test/hr", "mills-1", "at+jwt", key)
}

impl Outsider {
    #[expect(clippy::disallowed_methods, reason = "another issuer's dice, not the server's")]
    fn new(issuer: &'static str, kid: &'static str, typ: &'static str, key: &[u8]) -> Self {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key, &random);
        Self { issuer, kid, typ, key: key.expect("a key"), random }
    }

    /// The header of its subject tokens.
    pub(crate) fn header(&self) -> Value {
        json!({ "alg": "ES256", "typ": self.typ, "kid": self.kid })
    }

    /// The claims of a good subject token.
    pub(crate) fn claims(&self, stack: &Stack, sub: &str) -> Value {
        let now = stack.now();
        json!({
            "iss": self.issuer, "sub": sub, "preferred_username": sub, "aud": stack.issuer, "jti": unguessable(),
            "iat": now, "exp": now + 200, "auth_time": now - 60, "acr": "phr", "amr": ["hwk", "user"],
        })
    }

    /// A subject token with something changed.
    pub(crate) fn token(
        &self,
        stack: &Stack,
        sub: &str,
        change: impl FnOnce(&mut Value, &mut Value),
    ) -> String {
        let (mut header, mut claims) = (self.header(), self.claims(stack, sub));
        change(&mut header, &mut claims);
        self.signed(&header, &claims)
    }

    /// An ID-JAG for a client (draft-ietf-oauth-identity-assertion-authz-grant, section 3.1), with something changed.
    pub(crate) fn id_jag(
        &self,
        stack: &Stack,
        sub: &str,
        change: impl FnOnce(&mut Value, &mut Value),
    ) -> String {
        self.token(stack, sub, |header, claims| {
            header["typ"] = json!("oauth-id-jag+jwt");
            claims["client_id"] = json!("partner-agent");
            claims["resource"] = json!(crate::agent::FILES);
            claims["scope"] = json!("files.read");
            change(header, claims);
        })
    }

    /// A JWT of any header and claims, signed by its key whatever the header says.
    pub(crate) fn signed(&self, header: &Value, claims: &Value) -> String {
        let input = signing_input(&header.to_string(), &claims.to_string());
        let signature = self.key.sign(&self.random, input.as_bytes()).expect("signed");
        format!("{input}.{}", encode(signature.as_ref()))
    }
}

/// A server on this machine that hands out a key set, and counts how often it is asked.
pub(crate) struct KeyServer {
    pub(crate) address: String,
    answer: Arc<Mutex<Option<Value>>>,
    asked: Arc<AtomicU32>,
}

impl KeyServer {
    /// One that hands out the partner's key under this name.
    pub(crate) fn start(kid: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let server = Self {
            address: format!("http://localhost:{port}/jwks.json"),
            answer: Arc::default(),
            asked: Arc::default(),
        };
        server.hands_out(kid);
        let (answer, asked) = (server.answer.clone(), server.asked.clone());
        // It ends with this program.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                asked.fetch_add(1, Ordering::SeqCst);
                let answer = answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let _ = answer_with(stream, answer.as_ref());
            }
        });
        server
    }

    /// From now on its key has this name.
    pub(crate) fn hands_out(&self, kid: &str) {
        let key = json!({
            "kty": "EC", "crv": "P-256", "kid": kid, "use": "sig",
            "x": "OodQX3Bd8ggSJzJNw78MCv1qeR3Ol1GdfH2QWWp1www", "y": "fJ1KAKSTttXUY2MY9HiA3StGW2acM9kef2D-Sc8IE8M",
        });
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(json!({ "keys": [key] }));
    }

    /// From now on it says that it cannot.
    pub(crate) fn breaks(&self) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn times_asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }
}

fn answer_with(mut stream: TcpStream, answer: Option<&Value>) -> std::io::Result<()> {
    let mut request = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    while request.read_line(&mut line)? > 2 {
        line.clear();
    }
    let (status, body) = match answer {
        Some(keys) => ("200 OK", keys.to_string()),
        None => ("503 Service Unavailable", "{}".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncache-control: max-age=600\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}
