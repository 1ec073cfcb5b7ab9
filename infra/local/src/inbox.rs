use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deliver::{Addressee, Message};
use environment::Clock;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Request, Response, StatusCode};
use oauth::Timestamp;
use serde_json::{Value, json};

use crate::inbox_page::{STYLE, page};
use crate::shelf::Shelf;
use crate::test_control::comes_from_a_page;

/// The most messages that are kept.
const MOST_KEPT: usize = 200;

/// No script, no frame, nothing from elsewhere.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What every person's phone would show, and a page that shows it. It listens on a port of its own: on the issuer's, its page
/// would share the issuer's cookies.
pub(crate) struct Inbox {
    clock: Clock,
    shelf: Arc<Shelf>,
    messages: Mutex<VecDeque<Received>>,
}

/// A message as it came.
#[derive(Clone)]
pub(crate) struct Received {
    /// The user name of the person.
    pub(crate) person: String,
    /// What they are called.
    pub(crate) name: String,
    /// What the message says.
    pub(crate) message: Message,
    /// When it came.
    pub(crate) at: Timestamp,
}

impl Inbox {
    pub(crate) fn new(clock: Clock, shelf: Arc<Shelf>) -> Self {
        Self { clock, shelf, messages: Mutex::default() }
    }

    /// Answers `GET /`, the page, with everybody's messages or those of `?person=USER_NAME`; `GET /messages` with the same as
    /// JSON; and `GET /dead-letters` with what could not be delivered at all.
    pub(crate) fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        if comes_from_a_page(request) {
            return answer(
                StatusCode::FORBIDDEN,
                "text/plain; charset=utf-8",
                "not for other web pages".to_owned(),
            );
        }
        if request.method() != Method::GET {
            return answer(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", "GET".to_owned());
        }
        let query = request.uri().query().unwrap_or_default();
        let person = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "person");
        let person = person.map(|(_, user_name)| user_name.into_owned());
        match request.uri().path() {
            "/" => {
                let messages = self.of(person.as_deref());
                answer(StatusCode::OK, "text/html; charset=utf-8", page(&messages, self.clock.now()))
            }
            "/inbox.css" => answer(StatusCode::OK, "text/css; charset=utf-8", STYLE.to_owned()),
            "/messages" => {
                let messages: Vec<Value> = self.of(person.as_deref()).iter().map(Received::to_json).collect();
                answer(StatusCode::OK, "application/json", json!({ "messages": messages }).to_string())
            }
            "/dead-letters" => {
                let letters = json!({ "dead_letters": self.shelf.dead_letters() });
                answer(StatusCode::OK, "application/json", letters.to_string())
            }
            _ => answer(
                StatusCode::NOT_FOUND,
                "text/plain; charset=utf-8",
                "/, /messages, /dead-letters".to_owned(),
            ),
        }
    }

    /// The messages of a person, or of everybody, the newest first.
    fn of(&self, person: Option<&str>) -> Vec<Received> {
        let kept = self.messages();
        let is_theirs = |received: &&Received| person.is_none_or(|person| received.person == person);
        kept.iter().rev().filter(is_theirs).cloned().collect()
    }

    fn messages(&self) -> MutexGuard<'_, VecDeque<Received>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl deliver::Inbox for Inbox {
    fn receive(&self, addressee: &Addressee<'_>, message: &Message) {
        let profile = addressee.profile;
        let mut messages = self.messages();
        if messages.len() == MOST_KEPT {
            messages.pop_front();
        }
        messages.push_back(Received {
            person: profile.user_name.clone(),
            name: profile.name.clone(),
            message: message.clone(),
            at: self.clock.now(),
        });
    }
}

impl Received {
    /// When there is nothing more to decide.
    pub(crate) fn over_at(&self) -> Timestamp {
        self.at.after(self.message.good_for)
    }

    fn to_json(&self) -> Value {
        let Message { agent, binding_message, link, .. } = &self.message;
        json!({
            "person": self.person,
            "agent": agent,
            "binding_message": binding_message,
            "link": link,
            "text": self.message.text(),
            "at": self.at,
        })
    }
}

fn answer(status: StatusCode, media: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use deliver::Inbox as _;
    use http_body_util::BodyExt;
    use hyper::header::{HOST, ORIGIN};
    use oauth::PersonId;
    use oauth::configuration::Profile;

    use super::*;

    fn inbox() -> Inbox {
        let clock = Clock::system();
        Inbox::new(clock.clone(), Arc::new(Shelf::new(clock)))
    }

    fn receive(inbox: &Inbox, user_name: &str, agent: &str) {
        let profile = json!({ "user_name": user_name, "name": "Alice <A>", "groups": [], "attributes": {} });
        let profile: Profile = serde_json::from_value(profile).expect("a profile");
        let person = PersonId::from_random([1; 16]);
        let addressee = Addressee { person: &person, profile: &profile, devices: &[] };
        let message = Message {
            agent: agent.to_owned(),
            binding_message: Some("4<b>1".to_owned()),
            link: "http://localhost:8690/approval?request=abc".to_owned(),
            good_for: Duration::from_mins(3),
        };
        inbox.receive(&addressee, &message);
    }

    async fn get(inbox: &Inbox, target: &str) -> (StatusCode, String) {
        let request = Request::builder().uri(target).header(HOST, "localhost:8691");
        let response = inbox.answer(&request.body(()).expect("a request"));
        assert_eq!(response.headers()[CONTENT_SECURITY_POLICY], POLICY);
        let status = response.status();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (status, String::from_utf8(body.to_vec()).expect("text"))
    }

    #[tokio::test]
    async fn each_persons_messages_are_shown_to_whoever_asks_for_them_the_newest_first() {
        let inbox = inbox();
        for (person, agent) in [("alice", "First"), ("bob", "Other"), ("alice", "Second")] {
            receive(&inbox, person, agent);
        }
        let (status, body) = get(&inbox, "/messages?person=alice").await;
        let told: Value = serde_json::from_str(&body).expect("JSON");
        let agents: Vec<_> = told["messages"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|message| message["agent"].clone())
            .collect();
        assert_eq!((status, agents), (StatusCode::OK, vec![json!("Second"), json!("First")]));
        let all: Value = serde_json::from_str(&get(&inbox, "/messages").await.1).expect("JSON");
        assert_eq!(all["messages"].as_array().expect("a list").len(), 3);
        assert_eq!(told["messages"][0]["text"], "Second: 4<b>1\nhttp://localhost:8690/approval?request=abc");
    }

    #[tokio::test]
    async fn the_page_shows_what_came_as_text_and_has_no_script() {
        let inbox = inbox();
        assert!(get(&inbox, "/").await.1.contains("Nothing has come yet"));
        receive(&inbox, "alice", "<script>alert(1)</script>");
        let page = get(&inbox, "/").await.1;
        assert!(
            page.contains("&#60;script&#62;alert(1)&#60;/script&#62;") && page.contains("4&#60;b&#62;1"),
            "{page}"
        );
        assert!(page.contains("Alice &#60;A&#62;") && !page.contains("<script"), "{page}");
        assert!(page.contains("href=\"http://localhost:8690/approval?request=abc\""), "{page}");
        assert!(page.contains("http-equiv=\"refresh\""), "{page}");
        let other = get(&inbox, "/?person=bob").await.1;
        assert!(other.contains("Nothing has come yet"), "{other}");
        assert_eq!(get(&inbox, "/inbox.css").await, (StatusCode::OK, STYLE.to_owned()));
        assert_eq!(get(&inbox, "/nowhere").await.0, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn only_so_many_messages_are_kept() {
        let inbox = inbox();
        for number in 0..=MOST_KEPT {
            receive(&inbox, "alice", &number.to_string());
        }
        assert_eq!(inbox.of(None).len(), MOST_KEPT);
        assert_eq!(inbox.of(None)[0].message.agent, MOST_KEPT.to_string());
    }

    #[tokio::test]
    async fn another_web_page_reads_nothing() {
        let inbox = inbox();
        for (name, value) in [(HOST, "evil.example"), (ORIGIN, "https://evil.example")] {
            let mut request = Request::builder().uri("/messages").body(()).expect("a request");
            request.headers_mut().insert(HOST, HeaderValue::from_static("localhost:8691"));
            request.headers_mut().insert(name, HeaderValue::from_static(value));
            assert_eq!(inbox.answer(&request).status(), StatusCode::FORBIDDEN);
        }
        let post = Request::post("/").header(HOST, "localhost:8691").body(()).expect("a request");
        assert_eq!(inbox.answer(&post).status(), StatusCode::METHOD_NOT_ALLOWED);
    }
}
