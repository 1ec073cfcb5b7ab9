//! Clients whose `client_id` is the URL of a document (draft-ietf-oauth-client-id-metadata-document): nobody here has heard of
//! them, and the document says who they are.

use std::fs;
use std::net::{IpAddr, TcpListener};
use std::path::Path;

use serde_json::{Value, json};

use crate::agent::{Agent, Ask, BANK, FILES, Proof, asks_for_a_file, the_file_tool};
use crate::browser::{Browser, Page};
use crate::document::Publisher;
use crate::local_stack::aws_calls::Calls;
use crate::person::{Decision, granted, somebody, the_code};
use crate::running_stack::registration::must_press_a_button;
use crate::stack::Stack;
use crate::web::{Answer, Parameters};

/// A server that reads documents of this machine.
fn a_server(name: &str) -> Stack {
    Stack::start_with(name, &[], |configuration| replace(configuration, r#""agents.test""#, r#""localhost""#))
}

fn replace(configuration: &Path, old: &str, new: &str) {
    let file = configuration.join("server.toml");
    let text = fs::read_to_string(&file).expect("readable");
    assert!(text.contains(old), "{text}");
    fs::write(&file, text.replace(old, new)).expect("written");
}

/// What the browser is told that an agent sent here with a request in its URL.
fn arrives(agent: &Agent<'_>, ask: &Ask) -> Answer {
    Browser::new(agent.stack).opens(&agent.sends_the_person_asking(ask))
}

/// That the person sees a refusal, and is sent nowhere.
#[track_caller]
fn is_turned_away(agent: &Agent<'_>, code: &str, words: &str) {
    let answer = arrives(agent, &asks_for_a_file());
    let page = Page::of(answer);
    assert_eq!(page.answer.status, 400, "{}", page.words());
    assert!(page.words().contains(code) && page.words().contains(words), "{words}: {}", page.words());
    // Pushed, it is refused alike.
    let pushed = agent.sends("/par", &asks_for_a_file().parameters);
    pushed.is_refused(400, code);
    assert!(pushed.string("error_description").contains(words), "{}", pushed.text());
}

/// The sunny day: authorize, consent, token, refresh, introspection, revocation, all for a client that was never registered.
#[test]
fn a_client_that_nobody_registered_walks_the_whole_way_by_its_document() {
    let stack = a_server("documents");
    let (publisher, person) = (Publisher::opens(), somebody(&stack));
    let agent = publisher.agent(&stack, "/agent.json");
    let ask = asks_for_a_file();

    let mut browser = Browser::new(&stack);
    let page = Page::of(browser.opens(&agent.sends_the_person_asking(&ask)).ok());
    assert!(
        !page.words().contains("Helpful agent"),
        "a name that nobody vouches for, beside a password: {}",
        page.words()
    );
    let page = Page::of(browser.signs_in(&page, &person).ok());
    for told in
        ["Helpful agent", "Nobody vouches for this client", "127.0.0.1:49152", &agent.id, "on this device"]
    {
        assert!(page.words().contains(told), "{told}: {}", page.words());
    }
    let code = the_code(&stack, &browser.decides(&page, &Decision::All));
    let tokens = agent.redeems(&code, &ask).ok();
    let tool = the_file_tool(&stack);
    let said = tool.finds_active(&tokens.string("access_token"));
    assert_eq!(said["client_id"], agent.id.as_str());
    let renewed = agent.refreshes(&tokens.string("refresh_token")).ok();
    agent.revokes(&renewed.string("refresh_token"));
    tool.finds_inactive(&renewed.string("access_token"));
    assert_eq!(publisher.was_asked("/agent.json"), 1, "it is fetched once, and kept");

    // The same by a pushed request, for another person.
    granted(&agent, &somebody(&stack), &asks_for_a_file());
    assert_eq!(publisher.was_asked("/agent.json"), 1);
}

/// RFC 8252, section 7.3: an application on the person's own machine takes whatever port is free when it begins. What its document
/// lists says the address and the path, and the code comes to the port that the request named, and is redeemed by that one alone.
#[test]
fn a_client_of_a_document_listens_on_whatever_port_is_free() {
    let stack = a_server("documents-of-any-port");
    let publisher = Publisher::opens();
    for (host, listed) in [
        ("127.0.0.1", "http://127.0.0.1/callback"),
        ("127.0.0.1", "http://127.0.0.1:1/callback"),
        ("[::1]", "http://[::1]/callback"),
        ("localhost", "http://localhost:3000/callback"),
    ] {
        let mut document = publisher.document("/agent.json");
        document["redirect_uris"] = json!([listed]);
        let path = format!("/{}.json", crate::assertion::unguessable());
        document["client_id"] = json!(publisher.url(&path));
        publisher.publishes(&path, &document, "");
        let agent = Agent { stack: &stack, id: publisher.url(&path), proof: Proof::None };
        let person = somebody(&stack);
        for _ in 0..2 {
            let [port, other] = free_ports();
            let redirect_uri = format!("http://{host}:{port}/callback");
            let ask = asks_for_a_file().with("redirect_uri", &redirect_uri);
            let mut browser = Browser::new(&stack);
            let page = browser.comes_to_consent(&person, &agent.sends_the_person_asking(&ask));
            assert!(page.words().contains(&format!("{host}:{port}")), "{}", page.words());
            let code = browser.decides(&page, &Decision::All).callback(&redirect_uri)["code"].clone();
            let elsewhere = ask.clone().with("redirect_uri", &format!("http://{host}:{other}/callback"));
            agent.redeems(&code, &elsewhere).is_refused(400, "invalid_grant");
            let tokens = agent.redeems(&code, &ask).ok();
            the_file_tool(&stack).finds_active(&tokens.string("access_token"));
            agent.refreshes(&tokens.string("refresh_token")).ok();
        }
        let other_path = asks_for_a_file().with("redirect_uri", &format!("http://{host}:49152/other"));
        assert_eq!(arrives(&agent, &other_path).status, 400, "{listed}");
        let other_host = asks_for_a_file().with("redirect_uri", "http://127.0.0.2:49152/callback");
        assert_eq!(arrives(&agent, &other_host).status, 400, "{listed}");
    }
}

/// Two ports of this machine that nobody has.
fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    listeners.map(|listener| listener.local_addr().expect("an address").port())
}

/// Section 5.2 of the draft: an answer is used for as long as it says, within bounds, and failures not at all.
#[test]
fn a_document_is_read_again_when_it_is_stale_and_never_used_when_it_cannot_be() {
    let stack = a_server("documents-that-change");
    let publisher = Publisher::opens();
    let agent = publisher.agent(&stack, "/agent.json");
    publisher.publishes("/agent.json", &publisher.document("/agent.json"), "cache-control: max-age=1000\r\n");
    arrives(&agent, &asks_for_a_file()).ok();
    stack.time_passes(990);
    arrives(&agent, &asks_for_a_file()).ok();
    assert_eq!(publisher.was_asked("/agent.json"), 1);

    // The redirect URI is taken out: once the document is stale, nobody is sent there any more.
    let mut moved = publisher.document("/agent.json");
    moved["redirect_uris"] = json!(["https://elsewhere.test/callback"]);
    publisher.publishes("/agent.json", &moved, "");
    stack.time_passes(20);
    let refused = arrives(&agent, &asks_for_a_file());
    assert_eq!((refused.status, publisher.was_asked("/agent.json")), (400, 2), "{}", refused.text());

    publisher.says("/agent.json", b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n");
    stack.time_passes(3700);
    is_turned_away(&agent, "invalid_client", "its status is not 200");
    let fresh = publisher.was_asked("/agent.json");
    publisher.agent(&stack, "/agent.json");
    arrives(&agent, &asks_for_a_file()).ok();
    assert_eq!(publisher.was_asked("/agent.json"), fresh + 1, "a failure is not remembered");
}

/// A document is data of strangers: whatever is wrong with it, the person sees a refusal and nobody gets a code.
#[test]
fn a_document_that_is_not_right_lets_nobody_in() {
    let stack = a_server("documents-that-are-wrong");
    let publisher = Publisher::opens();
    let agent = |path: &str| Agent { id: publisher.url(path), ..Agent::public(&stack) };
    for (path, member, value, words) in [
        ("/other", "client_id", json!(publisher.url("/else")), "client_id"),
        ("/slash", "client_id", json!(format!("{}/", publisher.url("/slash"))), "client_id"),
        ("/secret", "client_secret", json!("abc"), "client_secret"),
        ("/basic", "token_endpoint_auth_method", json!("client_secret_basic"), "token_endpoint_auth_method"),
        ("/alone", "grant_types", json!(["client_credentials"]), "grant_types"),
        ("/nowhere", "redirect_uris", json!([]), "redirect_uris"),
        ("/plain", "redirect_uris", json!(["http://agents.test/callback"]), "redirect URI"),
        ("/name", "client_name", json!("\u{202e}tnega"), "client_name"),
    ] {
        let mut document = publisher.document(path);
        document[member] = value;
        publisher.publishes(path, &document, "");
        is_turned_away(&agent(path), "invalid_client", words);
    }
    for (path, answer, words) in [
        (
            "/moved",
            "HTTP/1.1 302 Found\r\nlocation: /good\r\ncontent-length: 0\r\n\r\n",
            "its status is not 200",
        ),
        (
            "/html",
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\n{}",
            "application/json",
        ),
        (
            "/cut",
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{}",
            "fetched",
        ),
    ] {
        publisher.says(path, answer.as_bytes());
        is_turned_away(&agent(path), "invalid_client", words);
    }
    let mut huge = publisher.document("/huge");
    huge["filling"] = json!("a".repeat(5 * 1024));
    publisher.publishes("/huge", &huge, "");
    is_turned_away(&agent("/huge"), "invalid_client", "too large");
    assert_eq!(publisher.was_asked("/good"), 0, "a redirect is not followed");
    assert_eq!(stack.observer().items_of("DOCUMENT#"), Vec::<Value>::new(), "nothing is kept");
}

/// Sections 3 and 8.6 of the draft: whoever names a URL does not choose where the server goes.
#[test]
fn no_url_leads_the_server_where_it_was_not_told_to_go() {
    let stack = a_server("documents-elsewhere");
    let publisher = Publisher::opens();
    let port = publisher.url("").rsplit(':').next().expect("a port").to_owned();
    for (id, words) in [
        ("https://agents.test/client.json".to_owned(), "host whose metadata documents are not read"),
        ("https://localhost.evil.test/client.json".to_owned(), "host whose metadata documents are not read"),
        (format!("http://127.0.0.1:{port}/client.json"), "host whose metadata documents are not read"),
        ("http://agents.test/client.json".to_owned(), "it is not https"),
        ("http://169.254.169.254/latest/meta-data".to_owned(), "it is not https"),
        ("https://169.254.169.254/latest/meta-data".to_owned(), "not a domain name"),
        (format!("http://localhost:{port}/a/../client.json"), "normal form"),
        (format!("http://localhost:{port}/client.json?a=b"), "query"),
        (format!("http://me@localhost:{port}/client.json"), "user"),
        (format!("http://localhost:{port}/"), "no path"),
    ] {
        is_turned_away(&Agent { id, ..Agent::public(&stack) }, "invalid_client", words);
    }
    assert_eq!(publisher.was_asked("/client.json"), 0);
}

#[test]
fn what_is_not_open_to_strangers_is_not_theirs_to_ask_for() {
    let stack = a_server("documents-that-ask");
    let publisher = Publisher::opens();
    let agent = publisher.agent(&stack, "/agent.json");
    for (ask, error) in [
        (asks_for_a_file().with("resource", BANK), "invalid_target"),
        (Ask::new("openid bank.pay"), "invalid_scope"),
        (Ask::new("openid groups"), "invalid_scope"),
        (
            Ask::new("files.access")
                .with("resource", FILES)
                .with("authorization_details", &json!([{ "type": "payment" }]).to_string()),
            "invalid_authorization_details",
        ),
    ] {
        let page = Page::of(arrives(&agent, &ask));
        assert!(page.answer.status == 400 && page.words().contains(error), "{error}: {}", page.words());
    }
    let other = asks_for_a_file().with("redirect_uri", "http://127.0.0.1:49152/other");
    assert_eq!(arrives(&agent, &other).status, 400, "a redirect URI that it does not list");
    for grant_type in ["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"] {
        let form = Parameters::of([("grant_type", grant_type), ("scope", "files.read")]);
        assert_ne!(agent.sends("/token", &form).status, 200, "{grant_type}");
    }
}

/// Not even one that proves who it is by a key.
#[test]
fn a_stranger_is_asked_about_each_time_whatever_the_form_says() {
    let stack = a_server("documents-and-memory");
    let (publisher, person) = (Publisher::opens(), somebody(&stack));
    let mut document = publisher.document("/agent.json");
    document["token_endpoint_auth_method"] = json!("private_key_jwt");
    document["jwks"] = stack.client_key.jwks();
    publisher.publishes("/agent.json", &document, "");
    let agent = Agent { stack: &stack, id: publisher.url("/agent.json"), proof: Proof::Assertion("ES256") };
    let without_proof = Agent { stack: &stack, id: agent.id.clone(), proof: Proof::None };
    arrives(&agent, &asks_for_a_file()).ok();
    without_proof.sends("/par", &asks_for_a_file().parameters).is_refused(401, "invalid_client");

    let mut browser = Browser::new(&stack);
    let pushed = agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()));
    let page = browser.comes_to_consent(&person, &pushed);
    assert!(page.fields("remember").is_empty(), "{}", page.words());
    the_code(&stack, &browser.decides(&page, &Decision::AllAndRemember));
    must_press_a_button(&mut browser, &agent);
    assert_eq!(stack.observer().items_of("CONSENTS#"), Vec::<Value>::new());
}

/// RFC 7523, section 3: the assertion says who the client is, and `client_id` need not.
#[test]
fn a_document_is_found_by_an_assertion_alone_and_read_again_when_it_is_stale() {
    let stack = a_server("documents-by-assertion");
    let publisher = Publisher::opens();
    let mut document = publisher.document("/agent.json");
    document["token_endpoint_auth_method"] = json!("private_key_jwt");
    document["jwks"] = stack.client_key.jwks();
    publisher.publishes("/agent.json", &document, "cache-control: max-age=1000\r\n");
    let agent = Agent { stack: &stack, id: publisher.url("/agent.json"), proof: Proof::Assertion("ES256") };
    let push = || agent.sends("/par", &asks_for_a_file().parameters);
    push().ok();
    // The key is taken back: once the document is stale, it opens nothing.
    document["token_endpoint_auth_method"] = json!("none");
    document.as_object_mut().expect("an object").remove("jwks");
    publisher.publishes("/agent.json", &document, "");
    stack.time_passes(1010);
    push().is_refused(401, "invalid_client");
    assert_eq!(publisher.was_asked("/agent.json"), 2);
}

/// Many who come from everywhere can have the server knock at one door together.
#[test]
fn one_host_is_asked_only_so_often_whoever_names_it() {
    let stack = a_server("documents-of-a-host");
    let publisher = Publisher::opens();
    let mut statuses = Vec::new();
    stack.a_minute_begins();
    for address in 2..=7 {
        let from = IpAddr::from([127, 0, 0, address]);
        let client = reqwest::blocking::Client::builder().local_address(from).build().expect("a client");
        for number in 0..60 {
            let id = publisher.url(&format!("/{address}-{number}.json"));
            let form = Parameters::of([("client_id", &*id)]);
            let request =
                client.post(stack.url("/par")).header("content-type", "application/x-www-form-urlencoded");
            statuses.push(request.body(form.encoded()).send().expect("an answer").status().as_u16());
        }
    }
    assert!(statuses[..300].iter().all(|status| *status == 400), "{statuses:?}");
    // A process writes down what it counted when a twentieth of the limit is full.
    assert!(statuses[315..].iter().all(|status| *status == 429), "{statuses:?}");
}

/// Nobody has to wait for a client to come before it is switched off.
#[test]
fn an_operator_switches_a_client_off_that_has_never_come() {
    let stack = a_server("documents-never-read");
    let publisher = Publisher::opens();
    let agent = publisher.agent(&stack, "/agent.json");
    stack.operator().does(&["client", "disable", &agent.id]);
    assert_eq!(arrives(&agent, &asks_for_a_file()).status, 400);
    agent.sends("/par", &asks_for_a_file().parameters).is_refused(401, "invalid_client");
    arrives(&publisher.agent(&stack, "/other.json"), &asks_for_a_file()).ok();
}

#[test]
fn once_documents_are_switched_off_their_clients_are_nobody() {
    let stack = a_server("documents-off");
    let publisher = Publisher::opens();
    let agent = publisher.agent(&stack, "/agent.json");
    let tokens = granted(&agent, &somebody(&stack), &asks_for_a_file());
    let tool = the_file_tool(&stack);
    tool.finds_active(&tokens.access_token);
    // The host is taken out of the list.
    replace(&stack.configuration, r#""localhost""#, r#""agents.test""#);
    stack.operator().applies(&stack.configuration);
    stack.takes_notice();
    tool.finds_inactive(&tokens.access_token);
    agent.refreshes(&tokens.refresh_token).is_refused(401, "invalid_client");
}

/// What the configured clients' requests cost is not touched by it.
#[test]
fn a_document_costs_one_read_and_a_new_one_costs_one_write() {
    let stack = a_server("documents-and-calls");
    let publisher = Publisher::opens();
    let calls_after_a_while = |agent: &Agent<'_>| {
        stack.takes_notice();
        Calls::of(&stack.observer(), &arrives(agent, &asks_for_a_file()).ok())
    };
    let agent = publisher.agent(&stack, "/agent.json");
    let public = Agent::public(&stack);
    arrives(&public, &asks_for_a_file()).ok();
    let configured = calls_after_a_while(&public);
    let first = calls_after_a_while(&agent);
    let second = calls_after_a_while(&agent);
    assert_eq!((first.reads, first.writes), (configured.reads + 1, 1), "{first:?}");
    assert_eq!((second.reads, second.writes), (configured.reads + 1, 0), "{second:?}");
    let warm = Calls::of(&stack.observer(), &arrives(&agent, &asks_for_a_file()).ok());
    assert_eq!(warm, Calls::default());
    assert_eq!(publisher.was_asked("/agent.json"), 1);
}
