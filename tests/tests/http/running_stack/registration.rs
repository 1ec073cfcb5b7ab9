//! Clients that register themselves (RFC 7591), and look after their registration (RFC 7592).

use reqwest::Method;
use serde_json::{Value, json};

use crate::agent::{Agent, Ask, BANK, CALLBACK, Proof, asks_for_a_file, the_file_tool};
use crate::browser::{Browser, Page};
use crate::person::{Decision, granted, somebody, the_code};
use crate::stack::Stack;
use crate::web::{Answer, http};

fn metadata() -> Value {
    json!({
        "client_name": "Helpful agent",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    })
}

fn register(stack: &Stack, metadata: &Value) -> Answer {
    let request = http().post(stack.url("/register")).header("content-type", "application/json");
    Answer::to(request.body(metadata.to_string()))
}

/// A client that has registered itself, and what it was told.
struct Registered<'s> {
    agent: Agent<'s>,
    said: Value,
}

impl<'s> Registered<'s> {
    #[track_caller]
    fn with(stack: &'s Stack, metadata: &Value) -> Self {
        let answer = register(stack, metadata);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let said = answer.json();
        stack.hands_out(said["registration_access_token"].as_str().expect("a token"));
        let id = said["client_id"].as_str().expect("an id").to_owned();
        Self { agent: Agent { stack, id, proof: Proof::None }, said }
    }

    fn token(&self) -> &str {
        self.said["registration_access_token"].as_str().expect("a token")
    }

    /// What somebody with this token is told at the registration's URL.
    fn asked_with(&self, method: Method, token: &str, body: Option<&Value>) -> Answer {
        let uri = self.said["registration_client_uri"].as_str().expect("a URI");
        let request = http().request(method, uri).header("authorization", format!("Bearer {token}"));
        Answer::to(match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            None => request,
        })
    }

    fn asked(&self, method: Method, body: Option<&Value>) -> Answer {
        self.asked_with(method, self.token(), body)
    }
}

/// That a person who is signed in sees the consent page, and that a request which may show none leads nowhere.
#[track_caller]
pub(crate) fn must_press_a_button(browser: &mut Browser<'_>, agent: &Agent<'_>) {
    let again = agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()));
    let page = Page::of(browser.opens(&again).ok());
    assert!(page.has_form("/consent"), "{}", page.words());
    let silent = asks_for_a_file().with("prompt", "none");
    let page = Page::of(browser.opens(&agent.sends_the_person_with(&agent.pushes(&silent))));
    assert!(page.answer.status == 400 && page.words().contains("consent_required"), "{}", page.words());
}

/// RFC 9700, section 4.11.2: whoever registers an address must not have a link to this server lead there.
#[test]
fn no_link_leads_to_a_registered_client_before_the_person_has_pressed_a_button() {
    let stack = Stack::shared();
    let client = Registered::with(stack, &metadata());
    for ask in [
        asks_for_a_file().with("scope", "openid unknown"),
        asks_for_a_file().with("response_type", "token"),
        asks_for_a_file().without("code_challenge"),
        asks_for_a_file().with("resource", BANK),
        asks_for_a_file().with("prompt", "none"),
    ] {
        let answer = Browser::new(stack).opens(&client.agent.sends_the_person_asking(&ask));
        assert_eq!((answer.status, answer.header("location")), (400, None), "{:?}", ask.parameters);
    }
    // The person says no: that is theirs to tell.
    let mut browser = Browser::new(stack);
    let address = client.agent.sends_the_person_asking(&asks_for_a_file());
    let page = browser.comes_to_consent(&somebody(stack), &address);
    assert_eq!(browser.decides(&page, &Decision::Deny).callback(CALLBACK)["error"], "access_denied");
}

/// RFC 7591, section 3.2.1: the answer says all that was registered, and what became of the wishes.
#[test]
fn whoever_registers_is_told_what_it_may_do_and_walks_the_whole_way() {
    let stack = Stack::shared();
    let mut wish = metadata();
    for (member, value) in [
        ("scope", json!("files.read files.access openid offline_access bank.pay groups")),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("application_type", json!("native")),
        ("software_id", json!("passed over")),
    ] {
        wish[member] = value;
    }
    let client = Registered::with(stack, &wish);
    for (member, value) in [
        ("client_name", json!("Helpful agent")),
        ("redirect_uris", json!([CALLBACK])),
        ("token_endpoint_auth_method", json!("none")),
        ("grant_types", json!(["authorization_code", "refresh_token"])),
        ("scope", json!("files.access files.read offline_access openid")),
        ("application_type", json!("native")),
    ] {
        assert_eq!(client.said[member], value, "{member}");
    }
    assert!(client.said.as_object().expect("members").values().all(|value| !value.is_null()));
    assert!(client.said.get("client_secret").is_none() && client.said.get("software_id").is_none());

    let tokens = granted(&client.agent, &somebody(stack), &asks_for_a_file());
    let said = the_file_tool(stack).finds_active(&tokens.access_token);
    assert_eq!(said["client_id"], client.agent.id.as_str());
    client.agent.refreshes(&tokens.refresh_token).ok();
}

#[test]
fn the_server_says_where_clients_register() {
    let stack = Stack::shared();
    let said = stack.get("/.well-known/oauth-authorization-server").ok().json();
    assert_eq!(said["registration_endpoint"], stack.url("/register"));
    assert_eq!(said["client_id_metadata_document_supported"], true);
}

/// RFC 7591, section 3.2.2.
#[test]
fn metadata_that_is_not_right_is_refused_by_its_name() {
    let stack = Stack::shared();
    let key = json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA" });
    for (member, value, error) in [
        ("redirect_uris", json!([]), "invalid_redirect_uri"),
        ("redirect_uris", json!(null), "invalid_redirect_uri"),
        ("redirect_uris", json!(["http://agents.test/callback"]), "invalid_redirect_uri"),
        ("redirect_uris", json!(["https://agents.test/callback#here"]), "invalid_redirect_uri"),
        ("redirect_uris", json!(["javascript:alert(1)"]), "invalid_redirect_uri"),
        ("redirect_uris", json!(vec![CALLBACK; 21]), "invalid_redirect_uri"),
        ("grant_types", json!(["client_credentials"]), "invalid_client_metadata"),
        ("grant_types", json!(["implicit"]), "invalid_client_metadata"),
        ("response_types", json!(["token"]), "invalid_client_metadata"),
        ("token_endpoint_auth_method", json!("tls_client_auth"), "invalid_client_metadata"),
        ("token_endpoint_auth_method", json!("private_key_jwt"), "invalid_client_metadata"),
        ("client_name", json!("a\u{202e}b"), "invalid_client_metadata"),
        ("scope", json!(["files.read"]), "invalid_client_metadata"),
    ] {
        let mut wrong = metadata();
        wrong[member] = value.clone();
        let answer = register(stack, &wrong);
        assert_eq!((answer.status, answer.string("error").as_str()), (400, error), "{member}: {value}");
        assert_eq!(answer.header("www-authenticate"), None);
    }
    let mut keys = metadata();
    keys["token_endpoint_auth_method"] = json!("private_key_jwt");
    keys["jwks"] = json!({ "keys": [key] });
    register(stack, &keys).is_refused(400, "invalid_client_metadata");
    // Who could never authenticate is told at once.
    let good = stack.client_key.jwks()["keys"][0].clone();
    for (member, value) in
        [("x", json!({ "filling": [1] })), ("y", json!(7)), ("use", json!("enc")), ("crv", json!("P-384"))]
    {
        let mut useless = good.clone();
        useless[member] = value;
        keys["jwks"] = json!({ "keys": [useless] });
        register(stack, &keys).is_refused(400, "invalid_client_metadata");
    }
    keys["jwks"] = Value::Null;
    keys["jwks_uri"] = json!("https://agents.test/keys");
    register(stack, &keys).is_refused(400, "invalid_client_metadata");
    for body in ["", "[]", "{", "null", r#"{"client_name":"a","client_name":"b"}"#] {
        let request = http().post(stack.url("/register")).header("content-type", "application/json");
        Answer::to(request.body(body)).is_refused(400, "invalid_client_metadata");
    }
    let form =
        http().post(stack.url("/register")).header("content-type", "application/x-www-form-urlencoded");
    Answer::to(form.body(metadata().to_string())).is_refused(400, "invalid_client_metadata");
    let mut huge = metadata();
    huge["filling"] = json!("a".repeat(16 * 1024));
    register(stack, &huge).is_refused(413, "invalid_request");
    assert_eq!(stack.get("/register").status, 405);
}

#[test]
fn who_registers_with_a_key_must_prove_to_have_it() {
    let stack = Stack::shared();
    let mut wish = metadata();
    wish["token_endpoint_auth_method"] = json!("private_key_jwt");
    wish["jwks"] = stack.client_key.jwks();
    let mut client = Registered::with(stack, &wish);
    client.agent.sends("/par", &asks_for_a_file().parameters).is_refused(401, "invalid_client");
    client.agent.proof = Proof::Assertion("ES256");
    granted(&client.agent, &somebody(stack), &asks_for_a_file());
}

/// RFC 7592, section 2.
#[test]
fn a_registration_is_read_changed_and_deleted_by_whoever_has_its_token() {
    let stack = Stack::shared();
    let client = Registered::with(stack, &metadata());
    let read = client.asked(Method::GET, None).ok().json();
    assert_eq!(read["client_id"], client.said["client_id"]);
    assert_eq!(read["registration_access_token"], client.token(), "RFC 7592, section 3: REQUIRED");

    let mut change = metadata();
    change["client_id"] = client.said["client_id"].clone();
    change["client_name"] = json!("Another name");
    change["redirect_uris"] = json!(["https://agents.test/callback"]);
    let changed = client.asked(Method::PUT, Some(&change)).ok().json();
    assert_eq!(changed["redirect_uris"], json!(["https://agents.test/callback"]));
    assert_eq!(changed["registration_access_token"], client.token());
    assert_eq!(client.asked(Method::GET, None).ok().json()["client_name"], "Another name");

    for (member, value) in [
        ("client_id", json!("registered-other")),
        ("client_secret", json!("abc")),
        ("registration_access_token", json!("abc")),
        ("client_id_issued_at", json!(0)),
        ("grant_types", json!(["implicit"])),
    ] {
        let mut wrong = change.clone();
        wrong[member] = value;
        client.asked(Method::PUT, Some(&wrong)).is_refused(400, "invalid_client_metadata");
    }
    assert_eq!(client.asked(Method::POST, Some(&change)).status, 405);
}

#[test]
fn one_registrations_token_is_nothing_at_another() {
    let stack = Stack::shared();
    let [one, other] = [(); 2].map(|()| Registered::with(stack, &metadata()));
    let mut change = metadata();
    change["client_id"] = one.said["client_id"].clone();
    for token in [other.token(), "", "abc", &format!("{}x", one.token())] {
        for (method, body) in [(Method::GET, None), (Method::PUT, Some(&change)), (Method::DELETE, None)] {
            let answer = one.asked_with(method.clone(), token, body);
            assert_eq!(answer.status, 401, "{method} {token}: {}", answer.text());
            assert!(
                answer.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Bearer "))
            );
        }
    }
    let uri = one.said["registration_client_uri"].as_str().expect("a URI");
    assert_eq!(Answer::to(http().get(uri)).status, 401, "no token at all");
    // Of what is not there the same is said.
    for id in ["registered-AAAAAAAAAAAAAAAAAAAAAA", "report-agent", "x"] {
        let request = http().get(stack.url(&format!("/register/{id}")));
        let answer = Answer::to(request.header("authorization", format!("Bearer {}", one.token())));
        answer.is_refused(401, "invalid_token");
    }
    one.asked(Method::GET, None).ok();
}

/// RFC 7592, section 2.3.
#[test]
fn a_registration_that_is_deleted_takes_its_tokens_with_it() {
    let stack = Stack::shared();
    let client = Registered::with(stack, &metadata());
    let tokens = granted(&client.agent, &somebody(stack), &asks_for_a_file());
    let tool = the_file_tool(stack);
    tool.finds_active(&tokens.access_token);
    assert_eq!(client.asked(Method::DELETE, None).status, 204);
    // What a process has last read of a client it may go by for five seconds; the local server is one process.
    if stack.is_deployed() {
        std::thread::sleep(std::time::Duration::from_secs(6));
    }
    tool.finds_inactive(&tokens.access_token);
    client.agent.refreshes(&tokens.refresh_token).is_refused(401, "invalid_client");
    client.agent.sends("/par", &asks_for_a_file().parameters).is_refused(401, "invalid_client");
    for method in [Method::GET, Method::DELETE] {
        client.asked(method, None).is_refused(401, "invalid_token");
    }
    let mut change = metadata();
    change["client_id"] = client.said["client_id"].clone();
    client.asked(Method::PUT, Some(&change)).is_refused(401, "invalid_token");
}

#[test]
fn an_operator_switches_a_registered_client_off_like_any_other() {
    let stack = Stack::shared();
    let client = Registered::with(stack, &metadata());
    let tokens = granted(&client.agent, &somebody(stack), &asks_for_a_file());
    stack.operator().does(&["client", "disable", &client.agent.id]);
    the_file_tool(stack).finds_inactive(&tokens.access_token);
    // What is remembered of a client may be five seconds old.
    std::thread::sleep(std::time::Duration::from_secs(6));
    client.agent.refreshes(&tokens.refresh_token).is_refused(401, "invalid_client");
}

/// The page was open already when the client was switched off.
#[test]
fn nobody_consents_to_a_client_that_is_switched_off() {
    let stack = Stack::shared();
    let client = Registered::with(stack, &metadata());
    let mut browser = Browser::new(stack);
    let address = client.agent.sends_the_person_with(&client.agent.pushes(&asks_for_a_file()));
    let page = browser.comes_to_consent(&somebody(stack), &address);
    stack.operator().does(&["client", "disable", &client.agent.id]);
    // What is remembered of a client may be five seconds old.
    std::thread::sleep(std::time::Duration::from_secs(6));
    let answer = browser.decides(&page, &Decision::All);
    assert_eq!((answer.status, answer.header("location")), (400, None), "{}", answer.text());
}

#[test]
fn what_is_not_open_to_strangers_is_refused_to_a_registered_client() {
    let stack = Stack::shared();
    let client = Registered::with(stack, &metadata());
    for (ask, error) in [
        (asks_for_a_file().with("resource", BANK), "invalid_target"),
        (Ask::new("openid bank.pay"), "invalid_scope"),
        (Ask::new("openid groups"), "invalid_scope"),
    ] {
        client.agent.sends("/par", &ask.parameters).is_refused(400, error);
    }
    let form = crate::web::Parameters::of([("grant_type", "client_credentials")]);
    client.agent.sends("/token", &form).is_refused(400, "unauthorized_client");
    let elsewhere = asks_for_a_file().with("redirect_uri", "https://evil.test/callback");
    client.agent.sends("/par", &elsewhere.parameters).is_refused(400, "invalid_request");
}

#[test]
fn nobody_vouches_for_who_registers_and_no_consent_is_remembered() {
    let stack = Stack::shared();
    let mut wish = metadata();
    wish["token_endpoint_auth_method"] = json!("private_key_jwt");
    wish["jwks"] = stack.client_key.jwks();
    wish["redirect_uris"] = json!([CALLBACK, "https://agents.test/callback"]);
    let mut client = Registered::with(stack, &wish);
    client.agent.proof = Proof::Assertion("ES256");
    let mut browser = Browser::new(stack);
    let address = client.agent.sends_the_person_with(&client.agent.pushes(&asks_for_a_file()));
    let page = browser.comes_to_consent(&somebody(stack), &address);
    for told in ["Helpful agent", "Nobody vouches for this client", "127.0.0.1:49152", &client.agent.id] {
        assert!(page.words().contains(told), "{told}: {}", page.words());
    }
    // It has named an address elsewhere, too: what counts is where this answer goes.
    assert!(page.words().contains("on this device"), "{}", page.words());
    assert!(page.fields("remember").is_empty(), "{}", page.words());
    the_code(stack, &browser.decides(&page, &Decision::AllAndRemember));
    must_press_a_button(&mut browser, &client.agent);
}
