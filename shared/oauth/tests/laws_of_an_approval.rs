//! The laws of an authorization that begins at the backchannel, over random sequences of events: it is redeemed once, nothing is
//! granted that was not asked, only who is asked decides, and after a no or the end of its time no token ever comes of it.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod laws;

use std::time::Duration;

use oauth::configuration::Lifetimes;
use oauth::{
    Active, Actor, Approval, AuthenticationEvent, Authorization, AuthorizationDetails, Awaited,
    BackchannelRequest, ClientId, CodeProof, CodeVerifier, End, GrantId, HandleRejection, NumberMatch,
    PersonId, Redeemed, RefreshToken, Refusal, Requested, Rotation, Scope, Secret, Spent, Stage, Timestamp,
};
use proptest::prelude::*;

const SECRET: [u8; 32] = [2; 32];
const FAMILY: [u8; 32] = [3; 32];
const TOKEN_LIFE: Duration = Duration::from_mins(5);
const WAITS: Duration = Duration::from_mins(3);
const START: Timestamp = Timestamp::from_seconds(1_000_000);

fn client(is_own: bool) -> ClientId {
    ClientId::parse(if is_own { "agent" } else { "thief" }).unwrap()
}

fn person(is_asked: bool) -> PersonId {
    PersonId::from_random([if is_asked { 4 } else { 5 }; 16])
}

fn request() -> BackchannelRequest {
    BackchannelRequest {
        client_id: client(true),
        scope: Scope::parse("openid files.read files.access").unwrap(),
        resources: vec![],
        details: AuthorizationDetails::parse(r#"[{"type":"a","n":1},{"type":"a","n":2},{"type":"b"}]"#)
            .unwrap(),
        binding_message: Some("W4SCT".to_owned()),
        acr_values: vec![],
        actor: None,
    }
}

fn requested(of: Option<PersonId>) -> Authorization {
    let awaited = Awaited {
        secret: Secret::new(SECRET).digest(),
        expires_at: START.after(WAITS),
        notification_token: None,
        deferral: None,
    };
    let rings = of.is_some();
    let (channel, numbers) = (None, None);
    let requested =
        Requested { request: request(), person: of, rings, requested_at: START, channel, numbers, awaited };
    Authorization::requested(GrantId::from_random([9; 16]), Box::new(requested))
}

/// Something that somebody tries; a flag says whether that part is the right one.
#[derive(Clone, Debug)]
enum Event {
    Approve { by_asked: bool, details: Vec<usize>, scope: &'static str },
    Decline { by_asked: bool },
    Redeem { client: bool, secret: bool, with_refresh: bool },
    RedeemAsACode { client: bool },
    Refresh { client: bool, back: u32 },
    End,
    Wait(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let scopes =
        prop_oneof![Just("openid"), Just("openid files.read"), Just("openid files.read files.access admin")];
    let right = || prop::bool::weighted(0.8);
    prop_oneof![
        3 => (right(), prop::collection::vec(0_usize..6, 0..5), scopes)
            .prop_map(|(by_asked, details, scope)| Event::Approve { by_asked, details, scope }),
        1 => right().prop_map(|by_asked| Event::Decline { by_asked }),
        6 => (right(), right(), any::<bool>())
            .prop_map(|(client, secret, with_refresh)| Event::Redeem { client, secret, with_refresh }),
        1 => right().prop_map(|client| Event::RedeemAsACode { client }),
        3 => (right(), 0_u32..3).prop_map(|(client, back)| Event::Refresh { client, back }),
        1 => Just(Event::End),
        4 => prop_oneof![0_u64..15, 0_u64..120, 0_u64..400, 0_u64..4_000_000].prop_map(Event::Wait),
    ]
}

/// The world around the authorization: what is stored, and what has been seen happening.
struct World {
    now: Timestamp,
    stored: Authorization,
    redeemed: u32,
    declined: bool,
    approved_at: Option<Timestamp>,
    latest: RefreshToken,
}

impl World {
    fn new(of: Option<PersonId>) -> Self {
        let latest = RefreshToken::first(GrantId::from_random([9; 16]), FAMILY);
        Self { now: START, stored: requested(of), redeemed: 0, declined: false, approved_at: None, latest }
    }

    fn play(&mut self, event: &Event) {
        let before = self.stored.clone();
        match event {
            Event::Wait(seconds) => self.now = self.now.after(Duration::from_secs(*seconds)),
            Event::Approve { by_asked, details, scope } => self.approve(*by_asked, details, scope),
            Event::Decline { by_asked } => self.decline(*by_asked),
            Event::Redeem { client, secret, with_refresh } => self.redeem(*client, *secret, *with_refresh),
            Event::RedeemAsACode { client } => self.redeem_as_a_code(*client),
            Event::Refresh { client, back } => self.refresh(*client, *back),
            Event::End => {
                let next = self.stored.clone().ended(End::Revoked, self.now);
                self.commit(next);
            }
        }
        self.holds(&before);
    }

    fn is_in_time(&self) -> bool {
        self.now < START.after(WAITS)
    }

    /// Whether this very person may decide now.
    fn may_decide(&self, by_asked: bool) -> bool {
        let waits = matches!(&self.stored.stage, Stage::Requested(requested) if requested.person.is_some());
        waits && by_asked && self.is_in_time()
    }

    fn approve(&mut self, by_asked: bool, details: &[usize], scope: &str) {
        let approval = Approval {
            person: person(by_asked),
            authentication: AuthenticationEvent { auth_time: self.now, amr: vec!["pwd".into()] },
            scope: Scope::parse(scope).unwrap(),
            details: details.to_vec(),
            countersigned: None,
        };
        let approved = self.stored.clone().approved(approval, None, &Lifetimes::default(), self.now);
        assert_eq!(approved.is_ok(), self.may_decide(by_asked), "who is asked decides, once and in time");
        if let Ok(next) = approved {
            self.approved_at = Some(self.now);
            self.commit(next);
        }
    }

    fn decline(&mut self, by_asked: bool) {
        let declined = self.stored.clone().declined(&person(by_asked), self.now);
        assert_eq!(declined.is_ok(), self.may_decide(by_asked), "who is asked decides, once and in time");
        if let Ok(next) = declined {
            self.declined = true;
            self.commit(next);
        }
    }

    fn redeem(&mut self, is_own: bool, is_right: bool, with_refresh: bool) {
        let secret = Secret::new(if is_right { SECRET } else { [0; 32] });
        let family = with_refresh.then(|| Secret::new(FAMILY).digest());
        let attempt = self.stored.clone().redeemed_after_approval(
            (&client(is_own), &Actor::client(&client(is_own))),
            &secret,
            family,
            TOKEN_LIFE,
            self.now,
        );
        let is_theirs = is_own && is_right;
        let expected = match &self.stored.stage {
            _ if self.stored.awaited().is_none() || !is_theirs => None,
            _ if !self.is_in_time() => Some(Refusal::AuthReqIdExpired),
            Stage::Requested(_) => Some(Refusal::AuthorizationPending),
            Stage::Declined(_) => Some(Refusal::ApprovalDenied),
            Stage::Ended(_) => Some(Refusal::TransactionFailed),
            _ => None,
        };
        match attempt {
            Ok(next) => {
                assert!(is_theirs && self.is_in_time(), "only its client redeems it, and in time");
                assert!(matches!(self.stored.stage, Stage::Approved(_)), "only what was approved");
                assert!(!self.declined, "no token comes after a no");
                assert!(
                    matches!(&next.stage, Stage::Active(active) if active.refresh.is_some() == with_refresh)
                );
                self.redeemed += 1;
                self.commit(next);
            }
            Err(Refusal::AuthReqIdInvalid { why }) => {
                assert_eq!(expected, None, "it is told apart from what it is: {why:?}");
                let was_used = matches!(self.stored.stage, Stage::Active(_));
                assert_eq!(why == HandleRejection::Spent, was_used && is_theirs, "{why:?}");
            }
            Err(other) => assert_eq!(Some(other), expected),
        }
    }

    /// What was got here is no code: none of it is, whatever the verifier.
    fn redeem_as_a_code(&self, is_own: bool) {
        let verifier = CodeVerifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        let proof = CodeProof {
            client_id: &client(is_own),
            secret: &Secret::new(SECRET),
            verifier: &verifier,
            redirect_uri: None,
        };
        let attempt = self.stored.clone().redeemed(&proof, None, TOKEN_LIFE, self.now);
        assert!(matches!(attempt, Spent::Not(_)), "{attempt:?}");
        assert!(self.stored.taken_up(self.now).is_err(), "nobody consents to it in a browser");
    }

    fn refresh(&mut self, is_own: bool, back: u32) {
        let mut token = RefreshToken::first(self.stored.id.clone(), FAMILY);
        for _ in 0..self.latest.generation().saturating_sub(back) {
            token = token.successor();
        }
        match self.stored.clone().rotated(&client(is_own), &token, self.now) {
            Spent::Well(Rotation::Moved(next)) => {
                assert!(self.redeemed == 1 && is_own, "a family begins when the approval is redeemed");
                self.latest = token.successor();
                self.commit(next);
            }
            Spent::Well(Rotation::Repeated(same)) => assert_eq!(same, self.stored),
            Spent::Replayed(next) => self.commit(*next),
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
        assert!(self.redeemed <= 1, "it is redeemed once");
        assert!(self.redeemed == 0 || self.approved_at.is_some(), "nothing is redeemed that nobody approved");
        assert!(!(self.declined && self.approved_at.is_some()), "there is one answer");
        if self.declined {
            let is_over = matches!(self.stored.stage, Stage::Declined(_) | Stage::Ended(_));
            assert!(is_over && self.stored.grant().is_none(), "after a no there is nothing");
        }
        if let Stage::Active(Active { spent, .. }) = &self.stored.stage {
            assert!(matches!(spent, Redeemed::AuthReqId { .. }), "no code was spent for it");
        }
        let asked = request();
        if let Some(grant) = self.stored.grant() {
            assert_eq!(grant.person, person(true), "it is in the name of who was asked");
            assert_eq!(grant.asked, asked.asked().digest());
        }
        laws::hold_of_the_grant(&self.stored, before, (&asked.scope, &asked.details), self.now);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_events_breaks_a_law(events in prop::collection::vec(event(), 0..40)) {
        let mut world = World::new(Some(person(true)));
        for event in &events {
            world.play(event);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    /// Where the client named nobody whom it may ask, nobody ever decides.
    #[test]
    fn nothing_comes_of_a_request_that_reaches_nobody(events in prop::collection::vec(event(), 0..40)) {
        let mut world = World::new(None);
        for event in &events {
            world.play(event);
        }
        prop_assert_eq!(world.redeemed, 0);
        prop_assert!(world.approved_at.is_none() && !world.declined);
    }

    /// Whether it has been decided, and how, is nobody's business but its client's.
    #[test]
    fn who_did_not_ask_is_told_the_same_wherever_it_is(
        events in prop::collection::vec(event(), 0..20),
        is_own in any::<bool>(),
    ) {
        let mut world = World::new(Some(person(true)));
        for event in &events {
            world.play(event);
        }
        let secret = Secret::new(if is_own { [0; 32] } else { SECRET });
        let by = client(is_own);
        let by = (&by, &Actor::client(&by));
        let attempt = world.stored.redeemed_after_approval(by, &secret, None, TOKEN_LIFE, world.now);
        let refusal = attempt.expect_err("it is not theirs");
        let unknown = Refusal::AuthReqIdInvalid { why: HandleRejection::Unknown };
        prop_assert_eq!(refusal.code(), unknown.code());
        prop_assert_eq!(refusal.to_string(), unknown.to_string());
    }
}

#[test]
fn somebody_elses_request_does_not_exist() {
    let unknown = Err(Refusal::RequestNotWaiting { why: HandleRejection::Unknown });
    let waiting = requested(Some(person(true)));
    assert!(waiting.waits_for(&person(true), START).is_ok());
    assert_eq!(waiting.waits_for(&person(false), START), unknown);
    assert_eq!(requested(None).waits_for(&person(true), START), unknown);
    let late = START.after(WAITS);
    assert_eq!(waiting.waits_for(&person(false), late), unknown);
    assert_ne!(waiting.waits_for(&person(true), late), unknown);
}

fn yes() -> Approval {
    Approval {
        person: person(true),
        authentication: AuthenticationEvent { auth_time: START, amr: vec!["pwd".into()] },
        scope: Scope::parse("openid").unwrap(),
        details: vec![],
        countersigned: None,
    }
}

fn changed(change: impl FnOnce(&mut Requested)) -> Authorization {
    let Stage::Requested(mut waiting) = requested(Some(person(true))).stage else { panic!("it waits") };
    change(&mut waiting);
    Authorization::requested(GrantId::from_random([9; 16]), waiting)
}

/// Nobody guesses twice, and a yes without a number is none.
#[test]
fn only_the_number_that_the_agent_shows_approves_and_any_other_declines_for_good() {
    let numbers = NumberMatch::from_random([3; 16]);
    let waiting = changed(|requested| requested.numbers = Some(numbers));
    let lives = Lifetimes::default();
    let unpicked = waiting.clone().approved(yes(), None, &lives, START);
    assert_eq!(unpicked.unwrap_err(), Refusal::NumberNotPicked);
    for number in 0..=u8::MAX {
        let decided = waiting.clone().approved(yes(), Some(number), &lives, START).unwrap();
        if number == numbers.right() {
            assert!(matches!(decided.stage, Stage::Approved(_)), "{number}");
            continue;
        }
        assert!(matches!(&decided.stage, Stage::Declined(declined) if declined.by_wrong_number), "{number}");
        let again = decided.approved(yes(), Some(numbers.right()), &lives, START).unwrap_err();
        assert_eq!(again, Refusal::RequestNotWaiting { why: HandleRejection::Spent }, "{number}");
    }
}

/// RFC 8693, section 4.1: `act` says who acts, and what the person was told is what comes of it.
#[test]
fn what_was_approved_for_an_actor_is_redeemed_with_that_actor_alone() {
    let (own, actor) = (client(true), client(false));
    for acting in [None, Some(actor.clone())] {
        let waiting = changed(|requested| requested.request.actor = acting.clone());
        let approved = waiting.approved(yes(), None, &Lifetimes::default(), START).unwrap();
        let (right, wrong) = if acting.is_some() { (&actor, &own) } else { (&own, &actor) };
        let redeem = |by: &ClientId| {
            let by = (&own, &Actor::client(by));
            approved.clone().redeemed_after_approval(by, &Secret::new(SECRET), None, TOKEN_LIFE, START)
        };
        assert_eq!(redeem(wrong).unwrap_err(), Refusal::ActorMismatch);
        let active = redeem(right).unwrap();
        let act = active.grant().and_then(|grant| grant.act.newest().cloned());
        assert_eq!(act, Some(Actor::client(right)));
    }
}
