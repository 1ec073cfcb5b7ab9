//! Who is told what of a request at the backchannel, and when: people on their phones, of which the inbox takes the place, and
//! clients at their own endpoint (OpenID CIBA Core 1.0, section 10.2).

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, sleep};
use std::time::Duration;

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::asking::{
    Answering, an_asking_agent, for_signing_in_of, page_of, somebody_reachable, the_person_answers,
};
use crate::browser::{Browser, Page};
use crate::person::{Person, somebody};
use crate::stack::Stack;
use crate::web::{Answer, Parameters, http};

/// What an agent may choose to be told with.
pub(super) const TOKEN: &str = "8d67dc78-7faa-4d41-aabd-67707b374255";

/// An agent's endpoint. It ends with this program.
pub(super) struct Endpoint {
    pub(super) url: String,
    status: Arc<Mutex<&'static str>>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Endpoint {
    pub(super) fn opens() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://localhost:{}/told", listener.local_addr().expect("bound").port());
        let endpoint = Self { url, status: Arc::new(Mutex::new("204 No Content")), heard: Arc::default() };
        let (status, heard) = (endpoint.status.clone(), endpoint.heard.clone());
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let request = whole(&mut stream);
                heard.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                let status = *status.lock().unwrap_or_else(PoisonError::into_inner);
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        endpoint
    }

    pub(super) fn answers(&self, status: &'static str) {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }

    /// What it heard until it was this many times.
    #[track_caller]
    pub(super) fn heard(&self, times: usize) -> Vec<String> {
        soon(|| {
            let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
            (heard.len() >= times).then_some(heard)
        })
    }
}

/// A request, up to the length that it names.
fn whole(stream: &mut TcpStream) -> String {
    let (mut request, mut part) = (Vec::new(), [0; 8192]);
    loop {
        let length = stream.read(&mut part).unwrap_or(0);
        request.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&request);
        let complete = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let named = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            named.and_then(|length| length.parse().ok()).is_none_or(|length: usize| body.len() >= length)
        });
        if complete || length == 0 {
            return text.into_owned();
        }
    }
}

/// Looks until there is something to see.
#[track_caller]
pub(super) fn soon<T>(look: impl Fn() -> Option<T>) -> T {
    for _ in 0..200 {
        if let Some(seen) = look() {
            return seen;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("nothing came within ten seconds");
}

/// A stack with an agent that wants to be told at this endpoint.
fn a_stack_that_tells(name: &str, endpoint: &Endpoint) -> Stack {
    Stack::start_with(name, &[], |configuration| {
        let client = format!(
            "id = \"told-agent\"\nname = \"Told Agent\"\ntoken_endpoint_auth_method = \"client_secret_basic\"\n\
             grant_types = [\"ciba\"]\nscopes = [\"openid\"]\n\n[backchannel]\n\
             token_delivery_mode = \"ping\"\nclient_notification_endpoint = \"{}\"\nmay_ask_groups = [\"reachable\"]\n",
            endpoint.url
        );
        fs::write(configuration.join("clients/told-agent.toml"), client).expect("written");
    })
}

fn a_told_agent(stack: &Stack) -> Agent<'_> {
    Agent::with_basic(stack, "told-agent")
}

fn to_be_told_of(person: &Person) -> Parameters {
    for_signing_in_of(&person.user_name).and("client_notification_token", TOKEN)
}

/// Where the inbox is.
fn inbox_of(stack: &Stack) -> String {
    let running = fs::read_to_string(stack.data.join("running.json")).expect("it runs");
    let running: Value = serde_json::from_str(&running).expect("JSON");
    running["inbox"].as_str().expect("an inbox").to_owned()
}

/// What a person's phone shows, the newest first.
pub(crate) fn messages_of(stack: &Stack, user_name: &str) -> Vec<Value> {
    let address = format!("{}/messages?person={user_name}", inbox_of(stack));
    Answer::to(http().get(address)).ok().json()["messages"].as_array().expect("a list").clone()
}

#[track_caller]
fn first_message_of(stack: &Stack, person: &Person) -> Value {
    soon(|| messages_of(stack, &person.user_name).first().cloned())
}

#[test]
fn a_persons_phone_shows_who_asks_with_the_agents_own_message_and_a_link_to_the_decision() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&for_signing_in_of(&person.user_name));
    let message = first_message_of(&stack, &person);
    let link = stack.url(&page_of(&auth_req_id));
    assert_eq!(message["link"], link.as_str());
    assert_eq!((&message["agent"], &message["binding_message"]), (&json!("Asking Agent"), &json!("W4SCT")));
    assert_eq!(message["text"], format!("Asking Agent: W4SCT\n{link}"));

    let mut browser = Browser::new(&stack);
    let page = Page::of(browser.opens(&link));
    let page = Page::of(browser.signs_in(&page, &person));
    browser.answers(&page, &Answering::Yes);
    agent.comes_with(&auth_req_id).ok();
    assert_eq!(messages_of(&stack, &person.user_name).len(), 1, "a decision is no message");
}

#[test]
fn the_inbox_is_a_page_of_an_origin_of_its_own_without_script() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    agent.waits_for_approval(&for_signing_in_of(&person.user_name));
    first_message_of(&stack, &person);
    let inbox = inbox_of(&stack);
    assert_ne!(inbox, stack.issuer);
    let page = Answer::to(http().get(format!("{inbox}/?person={}", person.user_name))).ok();
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
    let html = page.text();
    assert!(html.contains("Asking Agent") && html.contains("W4SCT") && !html.contains("<script"), "{html}");
}

#[test]
fn nobody_is_told_of_a_request_that_names_nobody_whom_the_agent_may_ask() {
    let stack = Stack::whose_time_passes();
    let (agent, reachable, other) = (an_asking_agent(&stack), somebody_reachable(&stack), somebody(&stack));
    agent.waits_for_approval(&for_signing_in_of(&other.user_name));
    agent.waits_for_approval(&for_signing_in_of("nobody-at-all"));
    // What came later is there, so what came before would be.
    agent.waits_for_approval(&for_signing_in_of(&reachable.user_name));
    first_message_of(&stack, &reachable);
    assert!(messages_of(&stack, &other.user_name).is_empty());
}

#[test]
fn a_client_that_wants_to_be_told_is_told_of_the_decision_and_comes_once() {
    let endpoint = Endpoint::opens();
    let stack = a_stack_that_tells("telling", &endpoint);
    let (agent, person) = (a_told_agent(&stack), somebody_reachable(&stack));
    for (times, answering) in [Answering::Yes, Answering::No].into_iter().enumerate() {
        let auth_req_id = agent.waits_for_approval(&to_be_told_of(&person));
        the_person_answers(&stack, &person, &auth_req_id, &answering);
        let heard = endpoint.heard(times + 1).pop().expect("a ping");
        assert!(heard.starts_with("POST /told HTTP/1.1\r\n"), "{heard}");
        assert!(heard.contains(&format!("\r\nauthorization: Bearer {TOKEN}\r\n")), "{heard}");
        assert!(heard.ends_with(&format!("\r\n\r\n{{\"auth_req_id\":\"{auth_req_id}\"}}")), "{heard}");
        let answer = agent.comes_with(&auth_req_id);
        match answering {
            Answering::Yes => drop(answer.ok()),
            _ => answer.is_refused(400, "access_denied"),
        }
    }
    let log = stack.observer().log_text();
    assert!(!log.contains(TOKEN), "the agent's token is in the log");
    let table = stack.observer().items().concat();
    assert!(!table.contains(TOKEN), "the agent's token is in the table");
}

#[test]
fn a_client_that_is_down_for_a_while_is_told_once_it_is_up() {
    let endpoint = Endpoint::opens();
    let stack = a_stack_that_tells("telling-again", &endpoint);
    let (agent, person) = (a_told_agent(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&to_be_told_of(&person));
    endpoint.answers("503 Service Unavailable");
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    endpoint.heard(1);
    stack.time_passes(16);
    endpoint.heard(2);
    endpoint.answers("200 OK");
    stack.time_passes(31);
    endpoint.heard(3);
    stack.time_passes(61);
    sleep(Duration::from_millis(500));
    assert_eq!(endpoint.heard(3).len(), 3, "it has heard");
    agent.comes_with(&auth_req_id).ok();
}

/// Whether the agent named somebody or not: it hears the same.
#[test]
fn a_client_that_wants_to_be_told_hears_that_its_request_has_expired() {
    let endpoint = Endpoint::opens();
    let stack = a_stack_that_tells("telling-of-the-end", &endpoint);
    let (agent, person, other) = (a_told_agent(&stack), somebody_reachable(&stack), somebody(&stack));
    for (times, named) in [&person, &other].into_iter().enumerate() {
        let auth_req_id = agent.waits_for_approval(&to_be_told_of(named));
        // The timer runs as soon as the stream has brought the request.
        let told = format!("\"grant_id\":\"{}\"", auth_req_id.split('.').next().expect("an id"));
        soon(|| stack.observer().log_text().contains(&told).then_some(()));
        sleep(Duration::from_millis(300));
        stack.time_passes(182);
        let heard = endpoint.heard(times + 1).pop().expect("a ping");
        assert!(heard.contains(&auth_req_id), "{heard}");
        agent.comes_with(&auth_req_id).is_refused(400, "expired_token");
    }
}

#[test]
fn a_client_that_refuses_to_hear_is_not_told_again() {
    let endpoint = Endpoint::opens();
    let stack = a_stack_that_tells("telling-in-vain", &endpoint);
    let (agent, person) = (a_told_agent(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&to_be_told_of(&person));
    endpoint.answers("401 Unauthorized");
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    endpoint.heard(1);
    stack.time_passes(60);
    sleep(Duration::from_millis(500));
    assert_eq!(endpoint.heard(1).len(), 1);
    let failed = |line: &Value| line["event"] == "notification" && line["outcome"] == "failed";
    let log = stack.observer().log();
    let line = log.iter().find(|line| failed(line)).expect("the audit has it");
    assert_eq!(line["why"], "status 401");
    // It can still come by itself.
    agent.comes_with(&auth_req_id).ok();
}
