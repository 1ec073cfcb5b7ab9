//! A server with one client, one person and a clock, as far as this function sees of them.

use std::time::Duration;

use deliver::{People, Queue};
use environment::{Clock, Dice};
use keys::{KeyFile, KeySet, Keys, NOTIFICATION_TOKEN};
use oauth::configuration::{Client, Lifetimes, Server};
use oauth::{
    Approval, AuthenticationEvent, Authorization, Awaited, BackchannelRequest, Channel, ClientId, Device,
    DeviceId, EmailAddress, EndpointArn, GrantId, Handle, PersonId, PhoneNumber, Requested, Scope, Timestamp,
};
use outbound::Loopback;
use serde_json::{Value, json};
use store::{Commit, Person, Snapshot, Store};

use super::endpoint::Endpoint;
use super::fake_aws::FakeAws;
use crate::{Services, handle};

pub(super) const TOKEN: &str = "8d67dc78-7faa-4d41-aabd-67707b374255";
pub(super) const NUMBER: &str = "+4915112345678";
pub(super) const PHONE: &str = "arn:aws:sns:us-east-1:123456789012:endpoint/GCM/agents/3f2a";
const DELAYED: &str = "https://sqs.us-east-1.amazonaws.com/123456789012/delayed";
const DEAD: &str = "https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters";

/// How long a request waits.
pub(super) const LIFE: Duration = Duration::from_mins(3);

pub(super) struct World {
    pub(super) aws: FakeAws,
    pub(super) clock: Clock,
    pub(super) endpoint: Endpoint,
    store: Store,
    keys: Keys,
    services: Services,
    person: PersonId,
    lifetimes: Lifetimes,
}

impl World {
    /// A client that polls, or one that wants to be told, and a person without any device.
    pub(super) async fn new(pings: bool) -> Self {
        let (aws, clock, endpoint) = (FakeAws::default(), Clock::system(), Endpoint::new().await);
        let sdk = aws.sdk();
        let store = Store::reached_by(&sdk, "table");
        let keys = Keys::from_file(&KeyFile::new([7; 32], KeySet::new(vec![]))).expect("a secret");
        let (people, queue) =
            (People::reached_by(&sdk, "arn:people"), Queue::reached_by(&sdk, DELAYED, DEAD));
        let services =
            Services::new(store.clone(), keys.clone(), clock.clone(), people, queue, Loopback::Allowed);
        let delivery = if pings {
            json!({ "mode": "ping", "endpoint": endpoint.url })
        } else {
            json!({ "mode": "poll" })
        };
        let server = server();
        let lifetimes = server.lifetimes.clone();
        let (clients, tools, detail_types, policies) = (vec![client(&delivery)], vec![], vec![], vec![]);
        let snapshot = Snapshot { server, clients, tools, detail_types, policies };
        store.apply(&snapshot, None).await.expect("applied");
        let person = PersonId::from_random([1; 16]);
        let world = Self { aws, clock, endpoint, store, keys, services, person, lifetimes };
        world.is(|_| {});
        world
    }

    /// The person is so.
    pub(super) fn is(&self, changed: impl FnOnce(&mut Person)) {
        let mut person = alice(&self.person);
        changed(&mut person);
        self.aws.put(&format!("PERSON#{}", self.person), "PERSON", &json!(person));
    }

    /// The person has these devices, in this order.
    pub(super) async fn has(&self, devices: Vec<Device>) {
        let (_, kept) = self.store.person_and_devices(&self.person).await.expect("read");
        assert!(self.store.keep_devices(&kept, devices).await.expect("written"));
    }

    /// The client asks the person something, and what the table's stream says of it.
    pub(super) async fn requested(&self, changed: impl FnOnce(&mut Requested)) -> (Authorization, Value) {
        let id = GrantId::from_random(Dice::system().roll());
        let secret = self.keys.server_secret().await.expect("at hand");
        let now = self.clock.now();
        let awaited = Awaited {
            secret: secret.auth_req_id(&id).secret.digest(),
            expires_at: now.after(LIFE),
            notification_token: Some(secret.conceal(NOTIFICATION_TOKEN, id.as_str(), [9; 12], TOKEN)),
        };
        let request = BackchannelRequest {
            client_id: ClientId::parse("agent").expect("an id"),
            scope: Scope::parse("openid").expect("a scope"),
            resources: vec![],
            details: serde_json::from_value(json!([{ "type": "secret_plan" }])).expect("details"),
            binding_message: Some("4-1-7".to_owned()),
            acr_values: vec![],
        };
        let person = Some(self.person.clone());
        let mut requested = Requested { request, person, requested_at: now, rings: true, awaited };
        changed(&mut requested);
        let request = Authorization::requested(id, Box::new(requested));
        (request.clone(), self.commit(&request, "requested").await)
    }

    pub(super) async fn approved(&self, request: Authorization) -> (Authorization, Value) {
        let now = self.clock.now();
        let authentication = AuthenticationEvent { auth_time: now, amr: vec!["pwd".to_owned()] };
        let scope = Scope::parse("openid").expect("a scope");
        let approval = Approval { person: self.person.clone(), authentication, scope, details: vec![] };
        let next = request.approved(approval, &self.lifetimes, now).expect("it waits");
        (next.clone(), self.commit(&next, "approved").await)
    }

    pub(super) async fn declined(&self, request: Authorization) -> Value {
        let next = request.declined(&self.person, self.clock.now()).expect("it waits");
        self.commit(&next, "declined").await
    }

    pub(super) async fn redeemed(&self, approved: Authorization) {
        let agent = ClientId::parse("agent").expect("an id");
        let secret = self.auth_req_id(&approved.id).await.secret;
        let life = Duration::from_mins(5);
        let next = approved.redeemed_after_approval(&agent, &secret, None, life, self.clock.now());
        self.commit(&next.expect("approved"), "").await;
    }

    pub(super) async fn auth_req_id(&self, id: &GrantId) -> Handle {
        let secret = self.keys.server_secret().await.expect("at hand");
        secret.auth_req_id(id)
    }

    async fn commit(&self, next: &Authorization, news: &str) -> Value {
        assert!(matches!(self.store.commit(next).await.expect("written"), Commit::Done));
        json!({
            "eventID": "e1", "eventName": "MODIFY", "eventSource": "aws:dynamodb",
            "dynamodb": {
                "SequenceNumber": next.id.as_str(),
                "NewImage": { "pk": { "S": format!("AUTHORIZATION#{}", next.id) }, "news": { "S": news } },
            },
        })
    }

    /// Brings records to the function. Which have to be brought again.
    pub(super) async fn bring(&self, records: &[&Value]) -> Vec<Value> {
        let event = json!({ "Records": records }).to_string();
        let answer = handle(&self.services, &event).await.expect("a batch");
        let failed = answer["batchItemFailures"].as_array().expect("a list").iter();
        failed.map(|failed| failed["itemIdentifier"].clone()).collect()
    }

    /// Lets the time pass that what lies in the queue has to wait, and brings it to the function. How long that was.
    pub(super) async fn wait(&self) -> Vec<u64> {
        let mut delays = Vec::new();
        for (delay, text) in self.aws.take("/delayed") {
            self.clock.advance(i64::try_from(delay).expect("it fits"));
            let message = json!({ "eventSource": "aws:sqs", "messageId": "m1", "body": text });
            assert!(self.bring(&[&message]).await.is_empty());
            delays.push(delay);
        }
        delays
    }
}

pub(super) fn phone() -> Device {
    device(1, Channel::Push { endpoint: EndpointArn::parse(PHONE).expect("an ARN") })
}

pub(super) fn text() -> Device {
    device(2, Channel::Sms { number: PhoneNumber::parse(NUMBER).expect("a number") })
}

pub(super) fn mail() -> Device {
    device(3, Channel::Email { address: EmailAddress::parse("alice@example.com").expect("an address") })
}

fn device(number: u8, channel: Channel) -> Device {
    let id = DeviceId::from_random([number; 16]);
    let confirmed_at = Some(Timestamp::from_seconds(1_700_000_000));
    Device { id, name: "Mine".to_owned(), channel, confirmed_at, order: u32::from(number) }
}

fn alice(id: &PersonId) -> Person {
    let profile = json!({ "user_name": "alice", "name": "Alice", "groups": [], "attributes": {} });
    let profile = serde_json::from_value(profile).expect("a profile");
    Person {
        id: id.clone(),
        profile,
        password_hash: None,
        disabled: false,
        not_before: None,
        session_generation: 0,
    }
}

fn client(delivery: &Value) -> Client {
    let client = json!({
        "id": "agent", "name": "Clean-up agent", "authentication": { "method": "client_secret_basic" },
        "redirect_uris": [], "grant_types": ["ciba"], "scopes": "openid", "detail_types": [], "tools": [],
        "default_tool": null, "standing_details": [], "require_pushed_authorization_requests": false,
        "remember_consent": false, "id_token_signed_response_alg": "ES256", "is_tool": null,
        "backchannel": { "delivery": delivery, "may_ask": { "groups": [], "people": ["alice"] } },
    });
    serde_json::from_value(client).expect("a client")
}

fn server() -> Server {
    let server = json!({
        "issuer": "https://us.test", "pages": "https://pages.test/a",
        "brand": { "name": "x", "accent": "#000000", "logo_svg": null },
        "require_pushed_authorization_requests": false,
        "lifetimes": { "request_uri": 90, "interaction": 900, "code": 60, "access_token": 300, "id_token": 300,
            "session": 43_200, "authorization": 86_400 },
    });
    serde_json::from_value(server).expect("a server")
}
