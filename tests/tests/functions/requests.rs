use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::assertion::assertion;
use crate::event::{Reply, Request};
use crate::place::{AGENT, ALONE, APP, COUNTED, Place, REMEMBERED, SIGNING, TOOL};

/// The verifier of these tests and its challenge (RFC 7636, appendix B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const CALLBACK: &str = "http://127.0.0.1:49152/callback";

pub(crate) const FILES: &str = "https://files.test";

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a client sends.
impl Place {
    /// A pushed request (RFC 9126, section 2.1) for one file.
    pub(crate) fn push(&self) -> Request {
        self.push_for_a_file(AGENT)
    }

    /// The same of an agent whose consents can be remembered.
    pub(crate) fn push_to_be_remembered(&self) -> Request {
        self.push_for_a_file(REMEMBERED)
    }

    /// A pushed request for what the server itself knows of the person.
    pub(crate) fn push_for_userinfo(&self) -> Request {
        self.push_of(AGENT, &[("scope", "openid profile")])
    }

    /// The company's app asks to enrol the phone that it runs on.
    pub(crate) fn push_for_the_app(&self) -> Request {
        self.push_of(APP, &[("scope", "openid devices")])
    }

    /// A request of a client without a secret (RFC 9126, section 2.1).
    pub(crate) fn push_by_name(client: &str) -> Request {
        let form = [("client_id", client), ("scope", "files.read"), ("resource", FILES)];
        Request::post("/par", &[&AUTHORIZATION[..], &form].concat())
    }

    /// The same of a client each of whose requests is written down, from an address of its own.
    pub(crate) fn push_counted(address: &str) -> Request {
        Self::push_by_name(COUNTED).from(address)
    }

    pub(crate) fn push_for_a_file(&self, client: &str) -> Request {
        self.push_for_the_file(client, "Q4-report.pdf")
    }

    pub(crate) fn push_for_the_file(&self, client: &str, name: &str) -> Request {
        let file = json!([{
            "type": "file_access",
            "locations": ["https://files.test/finance"],
            "actions": ["read"],
            "identifier": name,
        }]);
        let form = [
            ("scope", "openid files.read files.access offline_access"),
            ("authorization_details", &file.to_string()),
            ("resource", FILES),
        ];
        self.push_of(client, &form)
    }

    /// A pushed request with so much in it that it is kept beside the authorization.
    pub(crate) fn push_large(&self) -> Request {
        let details = large_details().to_string();
        let form = [
            ("scope", "files.read offline_access"),
            ("authorization_details", details.as_str()),
            ("resource", FILES),
        ];
        self.push_of(AGENT, &form)
    }

    fn push_of(&self, client: &str, form: &[(&str, &str)]) -> Request {
        self.post_by(client, "/par", &[&AUTHORIZATION, form].concat())
    }

    /// A pushed request of a client that signs an assertion for each of its requests (RFC 7523, section 2.2).
    pub(crate) fn push_signed(&self) -> Request {
        self.post_signed(
            "/par",
            &[&AUTHORIZATION[..], &[("scope", "openid files.read"), ("resource", FILES)]].concat(),
        )
    }

    pub(crate) fn redemption(&self, code: &str) -> Request {
        self.redemption_by(AGENT, code)
    }

    pub(crate) fn redemption_by(&self, client: &str, code: &str) -> Request {
        self.post_by(client, "/token", &redeems(code))
    }

    /// The same of a client without a secret (OAuth 2.1, section 4.1.3).
    pub(crate) fn redemption_by_name(client: &str, code: &str) -> Request {
        Request::post("/token", &[&redeems(code)[..], &[("client_id", client)]].concat())
    }

    pub(crate) fn refresh(&self, token: &str) -> Request {
        self.refresh_by(AGENT, token)
    }

    pub(crate) fn refresh_by(&self, client: &str, token: &str) -> Request {
        self.post_by(client, "/token", &[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    /// A request of the agent that works alone (OAuth 2.1, section 4.2).
    pub(crate) fn client_credentials(&self) -> Request {
        let form = [("grant_type", "client_credentials"), ("scope", "files.read")];
        Request::post("/token", &form).by(ALONE, self.secret_of(ALONE))
    }

    /// The same of one that signs an assertion.
    pub(crate) fn client_credentials_signed(&self) -> Request {
        let form = [("grant_type", "client_credentials"), ("scope", "files.read"), ("resource", FILES)];
        self.post_signed("/token", &form)
    }

    pub(crate) fn revocation(&self, token: &str) -> Request {
        self.of_agent("/revoke", &[("token", token)])
    }

    /// A client that signs an assertion ends a token of its own.
    pub(crate) fn revocation_signed(&self, token: &str) -> Request {
        self.post_signed("/revoke", &[("token", token)])
    }

    /// The tool asks about a token that was sent to it.
    pub(crate) fn introspection(&self, token: &str) -> Request {
        self.introspection_by(TOOL, token)
    }

    pub(crate) fn introspection_by(&self, tool: &str, token: &str) -> Request {
        self.post_by(tool, "/introspect", &[("token", token)])
    }

    /// The agent asks about a token of its own.
    pub(crate) fn introspection_of_own(&self, token: &str) -> Request {
        self.of_agent("/introspect", &[("token", token)])
    }

    /// The same of one that signs an assertion.
    pub(crate) fn introspection_signed(&self, token: &str) -> Request {
        self.post_signed("/introspect", &[("token", token)])
    }

    fn of_agent(&self, path: &str, form: &[(&str, &str)]) -> Request {
        self.post_by(AGENT, path, form)
    }

    pub(crate) fn post_by(&self, client: &str, path: &str, form: &[(&str, &str)]) -> Request {
        Request::post(path, form).by(client, self.secret_of(client))
    }

    fn post_signed(&self, path: &str, form: &[(&str, &str)]) -> Request {
        self.post_signed_by(SIGNING, path, form)
    }

    /// A form of a client that has the key of these tests.
    pub(crate) fn post_signed_by(&self, client: &str, path: &str, form: &[(&str, &str)]) -> Request {
        let assertion = assertion(client, &self.issuer);
        let proof = [("client_assertion_type", ASSERTION), ("client_assertion", assertion.as_str())];
        Request::post(path, &[form, &proof].concat())
    }
}

/// What every authorization request says (OAuth 2.1, section 4.1.1).
const AUTHORIZATION: [(&str, &str); 5] = [
    ("response_type", "code"),
    ("redirect_uri", CALLBACK),
    ("state", "af0ifjsldkj"),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
];

fn redeems(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

/// What a large request asks for.
pub(crate) fn large_details() -> Value {
    let memo = |number: u8| json!({ "type": "memo", "text": format!("{number} {}", "x".repeat(6_000)) });
    json!([memo(1), memo(2)])
}

/// A person's browser: the cookies that it was given.
#[derive(Clone, Default)]
pub(crate) struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Keeps the cookies of an answer.
    pub(crate) fn keeps(&mut self, reply: &Reply) {
        for line in reply.headers.get("set-cookie").into_iter().flatten() {
            let pair = line.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub(crate) fn dresses(&self, request: Request) -> Request {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if pairs.is_empty() { request } else { request.header("cookie", pairs.join("; ")) }
    }

    /// Opens what an agent has sent the person with.
    pub(crate) fn opens(&self, request_uri: &str) -> Request {
        self.opens_for(AGENT, request_uri)
    }

    pub(crate) fn opens_for(&self, client: &str, request_uri: &str) -> Request {
        let query: String = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("client_id", client), ("request_uri", request_uri)])
            .finish();
        self.dresses(Request::get(&format!("/authorize?{query}")))
    }

    /// Opens a request that the browser carries itself (OAuth 2.1, section 4.1.1).
    pub(crate) fn opens_carrying(&self) -> Request {
        let query: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", AGENT)
            .extend_pairs(AUTHORIZATION)
            .extend_pairs([("scope", "openid files.read offline_access"), ("resource", FILES)])
            .finish();
        self.dresses(Request::get(&format!("/authorize?{query}")))
    }

    /// Types user name and password into a sign-in page.
    pub(crate) fn signs_in(&self, place: &Place, page: &Reply, user_name: &str, password: &str) -> Request {
        let interaction = page.field("interaction");
        let form = [("interaction", interaction.as_str()), ("user_name", user_name), ("password", password)];
        self.submits(place, "/sign-in", &form)
    }

    /// Says yes to all that stands on a consent page.
    pub(crate) fn approves(&self, place: &Place, page: &Reply) -> Request {
        self.submits(place, "/consent", &approval(page))
    }

    /// The same, and is not to be asked again.
    pub(crate) fn approves_for_good(&self, place: &Place, page: &Reply) -> Request {
        let form = [approval(page), vec![("remember", "yes".to_owned())]].concat();
        self.submits(place, "/consent", &form)
    }

    /// Says no.
    pub(crate) fn denies(&self, place: &Place, page: &Reply) -> Request {
        self.submits(
            place,
            "/consent",
            &[("interaction", page.field("interaction").as_str()), ("decision", "deny")],
        )
    }

    pub(crate) fn submits<T: AsRef<str>>(&self, place: &Place, path: &str, form: &[(&str, T)]) -> Request {
        let request = Request::post(path, form).header("origin", place.origin());
        self.dresses(request.header("sec-fetch-site", "same-origin"))
    }
}

fn approval(page: &Reply) -> Vec<(&'static str, String)> {
    let mut form = vec![("interaction", page.field("interaction")), ("decision", "approve".to_owned())];
    form.extend(page.fields("detail").into_iter().map(|detail| ("detail", detail)));
    form.extend(page.fields("scope").into_iter().map(|scope| ("scope", scope)));
    form
}
