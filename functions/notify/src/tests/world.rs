//! A server with one client, one person and a clock, as far as this function sees of them.

use std::time::Duration;

use deliver::{People, Queue};
use environment::{Clock, Dice};
use keys::{FileKey, KeyFile, KeySet, Keys, NOTIFICATION_TOKEN, Schedule, ScheduledKey};
use oauth::configuration::{Client, DetailType, GrantType, Lifetimes, Server, SigningAlgorithm, Tool};
use oauth::{
    Actor, Approval, AuthenticationEvent, Authorization, Awaited, BackchannelRequest, Channel, ClientId,
    Device, DeviceId, DeviceName, EmailAddress, EndpointArn, GrantId, Handle, PersonId, PhoneNumber,
    QuietHours, Reach, Requested, Scope, Standing, Timestamp, ToolId,
};
use outbound::Loopback;
use serde_json::{Value, json};
use store::{ClientState, Commit, Person, Snapshot, Store};

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
        let told = |url: &str| {
            let ping = json!({ "mode": "ping", "endpoint": url });
            client(&if pings { ping } else { json!({ "mode": "poll" }) })
        };
        Self::of(told).await
    }

    /// A client to which tokens are brought, refresh tokens among them where the person lets it go on.
    pub(super) async fn that_brings() -> Self {
        let brought = |url: &str| {
            let mut client = client(&json!({ "mode": "push", "endpoint": url }));
            client.grant_types.insert(GrantType::RefreshToken);
            client.scopes = Scope::parse("openid offline_access").expect("a scope");
            client.default_tool = Some(ToolId::parse("desk").expect("an id"));
            client.tools = client.default_tool.iter().cloned().collect();
            client.backchannel.as_mut().expect("it asks people").refresh_tokens = true;
            client
        };
        Self::of(brought).await
    }

    async fn of(client: impl FnOnce(&str) -> Client) -> Self {
        let clock = Clock::standing_at(Timestamp::from_seconds(1_800_000_000));
        let (aws, endpoint) = (FakeAws::default(), Endpoint::new().await);
        let sdk = aws.sdk();
        let store = Store::reached_by(&sdk, "table");
        let key = ScheduledKey {
            algorithm: SigningAlgorithm::Es256,
            schedule: Schedule::first(Timestamp::from_seconds(0)),
            key: FileKey::generate_es256().expect("a key"),
        };
        let keys = Keys::from_file(&KeyFile::new([7; 32], KeySet::new(vec![key]))).expect("keys");
        let (people, queue) =
            (People::reached_by(&sdk, "arn:people"), Queue::reached_by(&sdk, DELAYED, DEAD));
        let services = Services::new(
            store.clone(),
            keys.clone(),
            clock.clone(),
            Dice::system(),
            people,
            queue,
            Loopback::Allowed,
        );
        let server = server();
        let lifetimes = server.lifetimes.clone();
        let (clients, tools, policies) = (vec![client(&endpoint.url)], vec![desk()], vec![]);
        let detail_types = vec![detail_type("secret_plan", false), detail_type("alarm", true)];
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
        let now = self.clock.now();
        let reach = devices.into_iter().fold(Reach::default(), |reach, device| {
            let waits = device.waits(now);
            if waits { reach.registered(device, now) } else { reach.enrolled(device, now) }.expect("room")
        });
        self.keeps(reach).await;
    }

    /// The person wants to hear of nothing that is not urgent, by this clock.
    pub(super) async fn is_quiet(&self, hours: Option<QuietHours>) {
        let (_, kept) = self.store.person_and_devices(&self.person).await.expect("read");
        self.keeps(kept.reach.quiet(hours)).await;
    }

    async fn keeps(&self, reach: Reach) {
        let (_, kept) = self.store.person_and_devices(&self.person).await.expect("read");
        assert!(self.store.keep_devices(&kept, &reach).await.expect("written"));
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
            deferral: None,
        };
        let request = BackchannelRequest {
            client_id: ClientId::parse("agent").expect("an id"),
            scope: Scope::parse("openid").expect("a scope"),
            resources: vec![],
            details: serde_json::from_value(json!([{ "type": "secret_plan" }])).expect("details"),
            binding_message: Some("4-1-7".to_owned()),
            acr_values: vec![],
            actor: None,
        };
        let person = Some(self.person.clone());
        let (rings, channel, numbers) = (true, None, None);
        let mut requested =
            Requested { request, person, requested_at: now, rings, channel, numbers, awaited };
        changed(&mut requested);
        let request = Authorization::requested(id, Box::new(requested));
        (request.clone(), self.commit(&request, "requested").await)
    }

    pub(super) async fn approved(&self, request: Authorization) -> (Authorization, Value) {
        self.approved_with(request, "openid").await
    }

    pub(super) async fn approved_with(&self, request: Authorization, scope: &str) -> (Authorization, Value) {
        let now = self.clock.now();
        let authentication = AuthenticationEvent { auth_time: now, amr: vec!["pwd".to_owned()] };
        let scope = Scope::parse(scope).expect("a scope");
        let approval = Approval {
            person: self.person.clone(),
            authentication,
            scope,
            details: vec![],
            countersigned: None,
        };
        let next = request.approved(approval, None, &self.lifetimes, now).expect("it waits");
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
        let next = approved.redeemed_after_approval(
            (&agent, &Actor::client(&agent)),
            &secret,
            None,
            life,
            self.clock.now(),
        );
        self.commit(&next.expect("approved"), "").await;
    }

    pub(super) async fn auth_req_id(&self, id: &GrantId) -> Handle {
        let secret = self.keys.server_secret().await.expect("at hand");
        secret.auth_req_id(id)
    }

    /// The authorization as it stands in the table.
    pub(super) async fn stands(&self, id: &GrantId) -> Authorization {
        self.store.authorization(id).await.expect("read").expect("it is there")
    }

    pub(super) async fn commit(&self, next: &Authorization, news: &str) -> Value {
        assert!(matches!(self.store.commit(next).await.expect("written"), Commit::Done));
        record(&next.id, news)
    }

    /// What the table's stream says of the last write to an authorization, if that is news.
    pub(super) fn news_of(&self, id: &GrantId) -> Option<Value> {
        let item = self.aws.item(&format!("AUTHORIZATION#{id}"), "AUTHORIZATION");
        item["news"]["S"].as_str().map(|news| record(id, news))
    }

    /// An operator switches the client off, or on again. What is remembered of it is older than that.
    pub(super) async fn switches_the_client(&self, disabled: bool) {
        let agent = ClientId::parse("agent").expect("an id");
        let before = self.store.client_state_now(&agent).await.expect("read");
        let not_before = before.not_before.or(Some(self.clock.now()));
        let after = ClientState { disabled, not_before, ..before.clone() };
        assert!(self.store.change_client_state(&agent, &before, &after).await.expect("written"));
        self.clock.advance(6);
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

fn record(id: &GrantId, news: &str) -> Value {
    json!({
        "eventID": "e1", "eventName": "MODIFY", "eventSource": "aws:dynamodb",
        "dynamodb": {
            "SequenceNumber": id.as_str(),
            "NewImage": { "pk": { "S": format!("AUTHORIZATION#{id}") }, "news": { "S": news } },
        },
    })
}

pub(super) fn phone() -> Device {
    device(1, Channel::Push { endpoint: EndpointArn::parse(PHONE).expect("an ARN"), place: None })
}

pub(super) fn text() -> Device {
    device(2, Channel::Sms { number: PhoneNumber::parse(NUMBER).expect("a number") })
}

pub(super) fn mail() -> Device {
    let address = EmailAddress::parse("alice@example.com").expect("an address");
    device(3, Channel::Email { address, subscription: None, filter: None })
}

fn device(number: u8, channel: Channel) -> Device {
    let id = DeviceId::from_random([number; 16]);
    let standing = Standing::Confirmed { since: Timestamp::from_seconds(1_700_000_000) };
    Device { id, name: DeviceName::parse("Mine").expect("a name"), channel, standing }
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
        ended_clients: std::collections::BTreeMap::new(),
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

fn detail_type(name: &str, urgent: bool) -> DetailType {
    let detail_type = json!({
        "name": name, "schema": {}, "narrowing": {}, "absent": {}, "sentence": { "en": name },
        "assurance": "session", "pushed_only": false, "urgent": urgent, "tools": [],
    });
    serde_json::from_value(detail_type).expect("a type")
}

/// A tool that wants to know a person's plan.
fn desk() -> Tool {
    let tool = json!({
        "id": "desk", "name": "Desk", "resource": "https://desk.test", "locations": [], "scopes": {}, "signing_alg": "ES256",
        "details_by_reference": false, "claims": { "plan": { "attribute": "plan" } },
    });
    serde_json::from_value(tool).expect("a tool")
}

fn server() -> Server {
    let server = json!({
        "issuer": "https://us.test", "pages": "https://pages.test/a",
        "brand": { "name": "x", "accent": "#000000", "logo_svg": null },
        "devices": { "email_domains": ["example.com"], "sms_prefixes": ["+49"], "confirmations_per_hour": 1 },
        "require_pushed_authorization_requests": false,
        "lifetimes": { "request_uri": 90, "interaction": 900, "code": 60, "access_token": 300, "id_token": 300,
            "session": 43_200, "authorization": 86_400 },
    });
    serde_json::from_value(server).expect("a server")
}
