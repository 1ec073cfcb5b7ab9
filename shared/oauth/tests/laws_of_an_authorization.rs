//! The laws of an authorization's life, over random sequences of events: no handle is spent twice, nothing
//! ended comes back, nothing grows wider, nothing outlives its end, and junk changes nothing.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod laws;

use std::time::Duration;

use oauth::configuration::Lifetimes;
use oauth::{
    Approval, AuthenticationEvent, Authorization, AuthorizationDetails, AuthorizationRequest, ClientId,
    CodeChallenge, CodeProof, CodeVerifier, Decision, End, GrantId, Mac, PersonId, RedirectUri, RefreshToken,
    Rotation, Scope, Secret, Sha256Digest, Spent, Stage, Timestamp,
};
use proptest::prelude::*;

struct ServerKey;

impl Mac for ServerKey {
    fn tag(&self, label: &'static str, parts: &[&[u8]]) -> [u8; 32] {
        let mut bytes = label.as_bytes().to_vec();
        for part in parts {
            bytes.extend_from_slice(&part.len().to_be_bytes());
            bytes.extend_from_slice(part);
        }
        *Sha256Digest::of(&bytes).as_bytes()
    }
}

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const PUSH_SECRET: [u8; 32] = [1; 32];
const CODE_SECRET: [u8; 32] = [2; 32];
const FAMILY: [u8; 32] = [3; 32];
const TOKEN_LIFE: Duration = Duration::from_mins(5);

fn request() -> AuthorizationRequest {
    AuthorizationRequest {
        client_id: ClientId::parse("agent").unwrap(),
        redirect_uri: RedirectUri::parse("https://agent.example/cb").unwrap(),
        scope: Scope::parse("openid files.read files.access").unwrap(),
        resources: vec![],
        details: AuthorizationDetails::parse(r#"[{"type":"a","n":1},{"type":"a","n":2},{"type":"b"}]"#)
            .unwrap(),
        state: None,
        nonce: None,
        code_challenge: CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap(),
        prompt: std::collections::BTreeSet::new(),
        max_age: None,
        acr_values: vec![],
        login_hint: None,
        ui_locales: None,
        demanded: None,
        purpose: None,
    }
}

fn pushed(now: Timestamp) -> Authorization {
    let secret = Secret::new(PUSH_SECRET).digest();
    Authorization::pushed(GrantId::from_random([9; 16]), request(), secret, &Lifetimes::default(), now)
}

/// Something that somebody tries; a flag says whether that part is the right one.
#[derive(Clone, Debug)]
enum Event {
    Consent { details: Vec<usize>, scope: &'static str },
    Deny,
    Redeem(Attempt),
    Refresh { client: bool, family: bool, back: u32 },
    End,
    Wait(u64),
}

/// An attempt to redeem the code: which of its parts are the right ones.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each part is right or wrong on its own")]
struct Attempt {
    client: bool,
    secret: bool,
    verifier: bool,
    with_refresh: bool,
    /// Whether anybody hears of it: what nobody heard of is taken back.
    heard: bool,
}

fn event() -> impl Strategy<Value = Event> {
    let scopes =
        prop_oneof![Just("openid"), Just("openid files.read"), Just("openid files.read files.access admin")];
    prop_oneof![
        2 => (prop::collection::vec(0_usize..6, 0..5), scopes).prop_map(|(details, scope)| Event::Consent { details, scope }),
        1 => Just(Event::Deny),
        4 => (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>())
            .prop_map(|(client, secret, verifier, with_refresh, heard)| {
                Event::Redeem(Attempt { client, secret, verifier, with_refresh, heard })
            }),
        6 => (prop::bool::weighted(0.9), prop::bool::weighted(0.9), 0_u32..4)
            .prop_map(|(client, family, back)| Event::Refresh { client, family, back }),
        1 => Just(Event::End),
        4 => prop_oneof![0_u64..15, 0_u64..120, 0_u64..4_000_000].prop_map(Event::Wait),
    ]
}

/// The world around the authorization: what is stored, and what has been seen happening.
struct World {
    now: Timestamp,
    stored: Authorization,
    redeemed: u32,
    rotations: Vec<u32>,
    latest: RefreshToken,
}

impl World {
    fn new() -> Self {
        let now = Timestamp::from_seconds(1_000_000);
        let latest = RefreshToken::first(GrantId::from_random([9; 16]), FAMILY);
        Self { now, stored: pushed(now), redeemed: 0, rotations: vec![], latest }
    }

    fn play(&mut self, event: &Event) {
        let before = self.stored.clone();
        match event {
            Event::Wait(seconds) => self.now = self.now.after(Duration::from_secs(*seconds)),
            Event::Consent { details, scope } => self.consent(details, scope),
            Event::Deny => {
                if let Ok(next) = self.stored.clone().denied(self.now) {
                    self.commit(next);
                }
            }
            Event::Redeem(attempt) => self.redeem(attempt),
            Event::Refresh { client, family, back } => self.refresh(*client, *family, *back),
            Event::End => {
                let next = self.stored.clone().ended(End::Revoked, self.now);
                self.commit(next);
            }
        }
        self.holds(&before);
    }

    fn consent(&mut self, details: &[usize], scope: &str) {
        let approval = Approval {
            person: PersonId::from_random([4; 16]),
            authentication: AuthenticationEvent { auth_time: self.now, amr: vec!["pwd".into()] },
            scope: Scope::parse(scope).unwrap(),
            details: details.to_vec(),
            countersigned: None,
        };
        let decision = Decision { approval, code: Secret::new(CODE_SECRET).digest() };
        if let Ok(next) = self.stored.clone().consented(decision, &Lifetimes::default(), self.now) {
            let Stage::Pushed(pushed) = &self.stored.stage else {
                panic!("only a request that nobody decided can be decided");
            };
            assert!(self.now < pushed.decided_by, "nobody decides too late");
            self.commit(next);
        }
    }

    fn redeem(&mut self, attempt: &Attempt) {
        let Attempt { client, secret, verifier, with_refresh, heard } = *attempt;
        let client_id = ClientId::parse(if client { "agent" } else { "thief" }).unwrap();
        let secret_shown = Secret::new(if secret { CODE_SECRET } else { [0; 32] });
        let foreign = VERIFIER.replace('d', "e");
        let verifier_shown = CodeVerifier::parse(if verifier { VERIFIER } else { &foreign }).unwrap();
        let proof = CodeProof {
            client_id: &client_id,
            secret: &secret_shown,
            verifier: &verifier_shown,
            redirect_uri: None,
        };
        let family = with_refresh.then(|| Secret::new(FAMILY).digest());
        match self.stored.clone().redeemed(&proof, family, TOKEN_LIFE, self.now) {
            Spent::Well(next) => {
                let Stage::Consented(consented) = &self.stored.stage else {
                    panic!("only a code that waits can be redeemed");
                };
                assert!(client && secret && verifier && self.now < consented.code_expires_at);
                let before = self.stored.clone();
                self.commit(next);
                if heard {
                    self.redeemed += 1;
                } else {
                    let back = before.instead_of(&self.stored);
                    self.commit(back);
                }
            }
            Spent::Replayed(next) => {
                assert!(client && secret && verifier, "a replay must be proven before it ends anything");
                assert!(matches!(next.stage, Stage::Ended(_)));
                self.commit(*next);
            }
            Spent::Not(_) => {}
        }
    }

    fn refresh(&mut self, client: bool, family: bool, back: u32) {
        let client_id = ClientId::parse(if client { "agent" } else { "thief" }).unwrap();
        let mut token = RefreshToken::first(self.stored.id.clone(), if family { FAMILY } else { [7; 32] });
        for _ in 0..self.latest.generation().saturating_sub(back) {
            token = token.successor();
        }
        match self.stored.clone().rotated(&client_id, &token, self.now) {
            Spent::Well(Rotation::Moved(next)) => {
                let ends_at = self.stored.grant().expect("a grant").ends_at;
                assert!(client && family && self.now < ends_at, "nothing is renewed beyond its end");
                assert!(!self.rotations.contains(&token.generation()), "a generation moves the family once");
                self.rotations.push(token.generation());
                self.latest = token.successor();
                self.commit(next);
            }
            Spent::Well(Rotation::Repeated(same)) => {
                assert_eq!(same, self.stored, "a repetition changes nothing");
                assert_eq!(
                    token.successor().reveal(&ServerKey),
                    self.latest.reveal(&ServerKey),
                    "it gets the same successor"
                );
            }
            Spent::Replayed(next) => {
                assert!(client && family, "a replay must be proven before it ends anything");
                assert!(matches!(next.stage, Stage::Ended(_)));
                self.commit(*next);
            }
            Spent::Not(_) => {}
        }
    }

    fn commit(&mut self, next: Authorization) {
        if matches!(self.stored.stage, Stage::Ended(_)) {
            assert_eq!(next, self.stored, "what has ended stays as it ended");
            return;
        }
        assert_eq!(next.version, self.stored.version + 1, "each move is one version");
        assert_eq!(next.id, self.stored.id);
        self.stored = next;
    }

    fn holds(&self, before: &Authorization) {
        assert!(self.redeemed <= 1, "a code is spent once");
        let asked = request();
        laws::hold_of_the_grant(&self.stored, before, (&asked.scope, &asked.details), self.now);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_events_breaks_a_law(events in prop::collection::vec(event(), 0..40)) {
        let mut world = World::new();
        for event in &events {
            world.play(event);
        }
    }

    #[test]
    fn a_refresh_token_is_read_back_as_it_was_given(id in any::<[u8; 16]>(), family in any::<[u8; 32]>(), steps in 0_u32..20) {
        let mut token = RefreshToken::first(GrantId::from_random(id), family);
        for _ in 0..steps {
            token = token.successor();
        }
        let read = RefreshToken::parse(&token.reveal(&ServerKey), &ServerKey).unwrap();
        prop_assert_eq!(read.generation(), steps);
        prop_assert!(read.family().matches(&Secret::new(family).digest()));
    }

    #[test]
    fn a_refresh_token_with_any_character_changed_is_not_ours(position in 0_usize..114, replacement in "[A-Za-z0-9_-]") {
        let text = RefreshToken::first(GrantId::from_random([1; 16]), FAMILY).reveal(&ServerKey);
        let mut changed = text.clone();
        changed.replace_range(position..=position, &replacement);
        // The last character of an unpadded base64 can have spare bits: then it does not decode at all.
        prop_assert!(changed == text || RefreshToken::parse(&changed, &ServerKey).is_none());
    }
}

#[test]
fn a_request_uri_is_bound_to_its_client_and_gone_after_its_time() {
    let now = Timestamp::from_seconds(0);
    let authorization = pushed(now);
    let agent = ClientId::parse("agent").unwrap();
    let thief = ClientId::parse("thief").unwrap();
    assert!(authorization.look_up(&agent, &Secret::new(PUSH_SECRET), now).is_ok());
    assert!(authorization.look_up(&thief, &Secret::new(PUSH_SECRET), now).is_err());
    assert!(authorization.look_up(&agent, &Secret::new([0; 32]), now).is_err());
    assert!(
        authorization.look_up(&agent, &Secret::new(PUSH_SECRET), now.after(Duration::from_secs(90))).is_err()
    );
}

#[test]
fn a_person_who_came_in_time_may_decide_after_the_request_uri_has_expired() {
    let now = Timestamp::from_seconds(0);
    assert!(pushed(now).taken_up(now.after(Duration::from_mins(10))).is_ok());
    assert!(pushed(now).taken_up(now.after(Duration::from_mins(20))).is_err());
}
