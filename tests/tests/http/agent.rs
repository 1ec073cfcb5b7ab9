use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::blocking::RequestBuilder;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::assertion::{self, encode, unguessable};
use crate::stack::Stack;
use crate::web::{Answer, Parameters, post};

/// Where the agents of the tests receive their codes. Nobody listens there: the tests read the redirect instead.
pub(crate) const CALLBACK: &str = "http://127.0.0.1:49152/callback";

/// The tool that serves files, and one of its files as a detail.
pub(crate) const FILES: &str = "https://files.test";
pub(crate) const BANK: &str = "https://bank.test/api";

/// An agent: a client of `tests/configuration` that proves who it is in its own way.
pub(crate) struct Agent<'s> {
    pub(crate) stack: &'s Stack,
    pub(crate) id: String,
    pub(crate) proof: Proof,
}

/// How an agent proves who it is.
#[derive(Clone)]
pub(crate) enum Proof {
    None,
    Basic(String),
    Post(String),
    /// By an assertion that this algorithm signs.
    Assertion(&'static str),
}

/// The agent that most tests are about.
pub(crate) fn an_agent(stack: &Stack) -> Agent<'_> {
    Agent::with_basic(stack, "report-agent")
}

/// The tool that takes the agent's tokens and asks about them.
pub(crate) fn the_file_tool(stack: &Stack) -> Agent<'_> {
    Agent::with_basic(stack, "files-tool")
}

impl<'s> Agent<'s> {
    /// A client with `client_secret_basic`.
    pub(crate) fn with_basic(stack: &'s Stack, id: &str) -> Self {
        Self { stack, id: id.to_owned(), proof: Proof::Basic(stack.secret_of(id)) }
    }

    /// A client with `client_secret_post`.
    pub(crate) fn with_post(stack: &'s Stack, id: &str) -> Self {
        Self { stack, id: id.to_owned(), proof: Proof::Post(stack.secret_of(id)) }
    }

    /// The public client.
    pub(crate) fn public(stack: &'s Stack) -> Self {
        Self { stack, id: "browser-app".to_owned(), proof: Proof::None }
    }

    /// The client with `private_key_jwt`, by an algorithm.
    pub(crate) fn signing(stack: &'s Stack, algorithm: &'static str) -> Self {
        Self { stack, id: "signing-agent".to_owned(), proof: Proof::Assertion(algorithm) }
    }

    /// A request of the agent to an endpoint, authenticated.
    pub(crate) fn request(&self, path: &str, form: &Parameters) -> RequestBuilder {
        let url = self.stack.url(path);
        match &self.proof {
            Proof::None => post(&url, &form.clone().with("client_id", &self.id)),
            Proof::Basic(secret) => post(&url, form).header("authorization", basic(&self.id, secret)),
            Proof::Post(secret) => {
                post(&url, &form.clone().with("client_id", &self.id).with("client_secret", secret))
            }
            Proof::Assertion(algorithm) => {
                let claims = assertion::claims(self.stack, &self.id);
                post(&url, &form.clone().joined(&self.assertion(&assertion::header(algorithm), &claims)))
            }
        }
    }

    /// The Authorization header of a client that uses one.
    pub(crate) fn authorization(&self) -> String {
        match &self.proof {
            Proof::Basic(secret) => basic(&self.id, secret),
            _ => panic!("{} uses no Authorization header", self.id),
        }
    }

    /// The parameters with which an assertion authenticates (RFC 7523, section 2.2).
    pub(crate) fn assertion(&self, header: &Value, claims: &Value) -> Parameters {
        let assertion = self.stack.client_key.signed(header, claims);
        self.stack.hands_out(&assertion);
        Parameters::of([
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion),
        ])
    }

    pub(crate) fn sends(&self, path: &str, form: &Parameters) -> Answer {
        Answer::to(self.request(path, form))
    }

    /// Pushes a request (RFC 9126, section 2.1) and gets its `request_uri`.
    #[track_caller]
    pub(crate) fn pushes(&self, ask: &Ask) -> String {
        let answer = self.sends("/par", &ask.parameters).ok();
        let request_uri = answer.string("request_uri");
        self.stack.hands_out(secret_part(&request_uri));
        request_uri
    }

    /// The URL to which the agent sends the person's browser with a pushed request.
    pub(crate) fn sends_the_person_with(&self, request_uri: &str) -> String {
        let query = Parameters::of([("client_id", &self.id), ("request_uri", request_uri)]);
        format!("/authorize?{}", query.encoded())
    }

    /// The URL with the whole request in it.
    pub(crate) fn sends_the_person_asking(&self, ask: &Ask) -> String {
        format!("/authorize?{}", ask.parameters.clone().with("client_id", &self.id).encoded())
    }

    /// Redeems a code (OAuth 2.1, section 4.1.3).
    pub(crate) fn redeems(&self, code: &str, ask: &Ask) -> Answer {
        self.redeems_for(code, ask, &Parameters::default())
    }

    /// Redeems a code, asking for something in particular.
    pub(crate) fn redeems_for(&self, code: &str, ask: &Ask, more: &Parameters) -> Answer {
        let form = Parameters::of([
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", ask.parameters.get("redirect_uri").unwrap_or(CALLBACK)),
            ("code_verifier", &ask.verifier),
        ]);
        self.remembering(self.sends("/token", &form.joined(more)))
    }

    /// Renews (OAuth 2.1, section 4.3).
    pub(crate) fn refreshes(&self, refresh_token: &str) -> Answer {
        self.refreshes_for(refresh_token, &Parameters::default())
    }

    pub(crate) fn refreshes_for(&self, refresh_token: &str, more: &Parameters) -> Answer {
        let form = Parameters::of([("grant_type", "refresh_token"), ("refresh_token", refresh_token)]);
        self.remembering(self.sends("/token", &form.joined(more)))
    }

    /// Gets a token for itself alone (OAuth 2.1, section 4.2).
    pub(crate) fn works_alone(&self, more: &Parameters) -> Answer {
        let form = Parameters::of([("grant_type", "client_credentials")]);
        self.remembering(self.sends("/token", &form.joined(more)))
    }

    pub(crate) fn introspects(&self, token: &str) -> Value {
        self.sends("/introspect", &Parameters::of([("token", token)])).ok().json()
    }

    /// That a token is good, in the eyes of this agent or tool.
    #[track_caller]
    pub(crate) fn finds_active(&self, token: &str) -> Value {
        let said = self.introspects(token);
        assert_eq!(said["active"], true, "{said}");
        said
    }

    /// That a token is no good, and that nothing else is said of it (RFC 7662, section 2.2).
    #[track_caller]
    pub(crate) fn finds_inactive(&self, token: &str) {
        assert_eq!(self.introspects(token), json!({ "active": false }));
    }

    #[track_caller]
    pub(crate) fn revokes(&self, token: &str) {
        let answer = self.sends("/revoke", &Parameters::of([("token", token)]));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// A token's answer holds secrets, which must be found nowhere afterwards.
    pub(crate) fn remembering(&self, answer: Answer) -> Answer {
        if answer.status == 200 {
            let said = answer.json();
            for name in ["access_token", "refresh_token", "id_token"] {
                if let Some(token) = said[name].as_str() {
                    self.stack.hands_out(token);
                }
            }
        }
        answer
    }
}

/// `client_secret_basic` (RFC 6749, section 2.3.1).
pub(crate) fn basic(id: &str, secret: &str) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret))))
}

/// What stands behind the last dot or colon of a handle: its secret.
pub(crate) fn secret_part(handle: &str) -> &str {
    handle.rsplit(['.', ':']).next().unwrap_or(handle)
}

/// What an agent asks for, and the verifier that it keeps.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) parameters: Parameters,
    pub(crate) verifier: String,
}

/// A request for one file, for a person who is known to the agent afterwards.
pub(crate) fn asks_for_a_file() -> Ask {
    asks(&json!([the_file("Q4-report.pdf", &["read"])]))
}

/// A request for details.
pub(crate) fn asks(details: &Value) -> Ask {
    let ask = Ask::new("openid files.read files.access offline_access");
    ask.with("authorization_details", &details.to_string()).with("resource", FILES)
}

/// A file as a detail.
pub(crate) fn the_file(identifier: &str, actions: &[&str]) -> Value {
    json!({
        "type": "file_access",
        "locations": ["https://files.test/finance"],
        "actions": actions,
        "identifier": identifier,
    })
}

impl Ask {
    /// A request for a scope alone.
    pub(crate) fn new(scope: &str) -> Self {
        let verifier = unguessable();
        let challenge = encode(digest(&SHA256, verifier.as_bytes()).as_ref());
        Self {
            parameters: Parameters::of([
                ("response_type", "code"),
                ("redirect_uri", CALLBACK),
                ("scope", scope),
                ("state", &unguessable()),
                ("code_challenge", &challenge),
                ("code_challenge_method", "S256"),
            ]),
            verifier,
        }
    }

    #[must_use]
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        Self { parameters: self.parameters.with(name, value), ..self }
    }

    #[must_use]
    pub(crate) fn and(self, name: &str, value: &str) -> Self {
        Self { parameters: self.parameters.and(name, value), ..self }
    }

    #[must_use]
    pub(crate) fn without(self, name: &str) -> Self {
        Self { parameters: self.parameters.without(name), ..self }
    }

    pub(crate) fn state(&self) -> &str {
        self.parameters.get("state").expect("a state")
    }
}
