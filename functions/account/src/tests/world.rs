//! A server with a few people and a clock, as far as this function sees of them, and a browser of each of them.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use deliver::{Applications, People};
use environment::{Clock, Dice};
use http::request::Arrival;
use http::{HeaderValue, Method, Request, Response, header};
use keys::{FileKey, KeyFile, KeySet, Keys, Schedule, ScheduledKey};
use oauth::configuration::{Server, SigningAlgorithm};
use oauth::{ApplicationArn, AuthenticationEvent, PersonId, Secret, Timestamp};
use serde_json::json;
use store::{Person, Session, Snapshot, Store};

use super::fake_aws::FakeAws;
use crate::{Services, handle};

pub(crate) const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:people";
pub(crate) const APP: &str = "arn:aws:sns:us-east-1:123456789012:app/GCM/agents";

pub(crate) struct World {
    pub(crate) aws: FakeAws,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) services: Services,
}

/// Somebody who is signed in, at their browser.
pub(crate) struct Somebody<'w> {
    world: &'w World,
    pub(crate) person: Person,
    session: [u8; 32],
    browser: String,
}

/// What a page answered: its status, where it leads or what it says.
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) text: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        let (aws, clock) = (FakeAws::default(), Clock::system());
        let sdk = aws.sdk();
        let store = Store::reached_by(&sdk, "table");
        let key = ScheduledKey {
            algorithm: SigningAlgorithm::Es256,
            schedule: Schedule::first(Timestamp::from_seconds(0)),
            key: FileKey::generate_es256().expect("a key"),
        };
        let keys = Keys::from_file(&KeyFile::new([7; 32], KeySet::new(vec![key]))).expect("keys");
        let gcm = ApplicationArn::parse(APP).map(Arc::new);
        let people = People::offering(&sdk, TOPIC, Applications { gcm, apns: None });
        let pages = reception::Services::new(store.clone(), keys, clock.clone(), Dice::system());
        let snapshot = Snapshot {
            server: server(),
            clients: vec![],
            tools: vec![],
            detail_types: vec![],
            policies: vec![],
        };
        store.apply(&snapshot, None).await.expect("applied");
        Self { aws, clock, store, services: Services::new(pages, people) }
    }

    /// Somebody signs in.
    pub(crate) async fn somebody(&self, number: u8) -> Somebody<'_> {
        let person = person(number);
        self.aws.put(&format!("PERSON#{}", person.id), "PERSON", &json!(person));
        let now = self.clock.now();
        let session = Session {
            person: person.id.clone(),
            user_name: person.profile.user_name.clone(),
            name: person.profile.name.clone(),
            locale: None,
            zone: None,
            membership: None,
            authentication: AuthenticationEvent { auth_time: now, amr: vec!["pwd".to_owned()] },
            generation: 0,
            expires_at: now.after(std::time::Duration::from_hours(99)),
        };
        let secret = [number; 32];
        self.store.begin_session(&Secret::new(secret), &session).await.expect("begun");
        Somebody { world: self, person, session: secret, browser: String::new() }
    }

    pub(crate) fn request(method: Method, path: &str, kind: &'static str, body: String) -> Request {
        let mut request = Request::new(body.into());
        *request.method_mut() = method;
        *request.uri_mut() = format!("https://us.test{path}").parse().expect("a URI");
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        let path = path.split('?').next().expect("a path").to_owned();
        let domain = Some("us.test".to_owned());
        request.extensions_mut().insert(Arrival { path, domain, ..Arrival::default() });
        request
    }
}

impl Somebody<'_> {
    /// Opens a page.
    pub(crate) async fn opens(&mut self, path: &str) -> Answered {
        let response = self.sends(Method::GET, path, String::new()).await;
        let cookies =
            response.headers().get_all(header::SET_COOKIE).iter().filter_map(|one| one.to_str().ok());
        if let Some(browser) =
            cookies.filter_map(|one| one.split(';').next()).find(|one| one.contains("browser="))
        {
            self.browser = browser.to_owned();
        }
        Answered::of(&response)
    }

    /// Presses a button of a page.
    pub(crate) async fn presses(&mut self, path: &str, fields: &[(&str, &str)]) -> Answered {
        self.presses_on(path, path, fields).await
    }

    /// Presses a button of a page whose form is sent elsewhere.
    pub(crate) async fn presses_on(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answered {
        let page = self.opens(page).await.text;
        let csrf = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf", csrf.expect("a form")).extend_pairs(fields);
        Answered::of(&self.sends(Method::POST, path, form.finish()).await)
    }

    /// What a device of theirs is called by the table.
    pub(crate) async fn device(&self) -> String {
        let (_, kept) = self.world.store.person_and_devices(&self.person.id).await.expect("read");
        kept.reach.devices()[0].id.to_string()
    }

    async fn sends(&self, method: Method, path: &str, body: String) -> Response {
        let mut request = World::request(method, path, "application/x-www-form-urlencoded", body);
        let cookie = format!("__Host-session={}; {}", URL_SAFE_NO_PAD.encode(self.session), self.browser);
        request.headers_mut().insert(header::COOKIE, cookie.parse().expect("a header"));
        handle(&self.world.services, request).await
    }
}

impl Answered {
    fn of(response: &Response) -> Self {
        let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        let body: &[u8] = response.body();
        Self {
            status: response.status().as_u16(),
            location: location.unwrap_or_default().to_owned(),
            text: String::from_utf8_lossy(body).into_owned(),
        }
    }
}

fn person(number: u8) -> Person {
    let profile = json!({
        "user_name": format!("person-{number}"), "name": "Somebody", "email": format!("person-{number}@example.com"),
        "groups": [], "attributes": {},
    });
    Person {
        id: PersonId::from_random([number; 16]),
        profile: serde_json::from_value(profile).expect("a profile"),
        password_hash: None,
        disabled: false,
        not_before: None,
        session_generation: 0,
        ended_clients: std::collections::BTreeMap::new(),
    }
}

fn server() -> Server {
    let server = json!({
        "issuer": "https://us.test", "brand": { "name": "Acme", "accent": "#000000", "logo_svg": null },
        "require_pushed_authorization_requests": false,
        "devices": { "email_domains": [], "sms_prefixes": ["+49"], "confirmations_per_hour": 100 },
        "lifetimes": { "request_uri": 90, "interaction": 900, "code": 60, "access_token": 300, "id_token": 300,
            "session": 43_200, "authorization": 86_400 },
    });
    serde_json::from_value(server).expect("a server")
}
