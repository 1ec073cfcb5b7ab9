//! The laws of a refresh token that was got by exchange, over random sequences of attempts: nothing is renewed after its end, by
//! anybody else or twice, what it allows never changes, and nothing ended comes back.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

use std::time::Duration;

use oauth::{
    AccessTokenClaims, Authorization, Child, ChildTerms, ClientId, End, GrantId, RefreshToken, Rotation,
    Spent, Stage, Timestamp, TokenId,
};
use proptest::prelude::*;
use serde_json::json;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const LIVES: u64 = 3_600;
const FAMILY: [u8; 32] = [3; 32];

#[derive(Clone, Debug)]
enum Event {
    Refresh { client: bool, family: bool, back: u32 },
    End,
    Wait(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let right = || prop::bool::weighted(0.9);
    prop_oneof![
        8 => (right(), right(), 0_u32..3).prop_map(|(client, family, back)| Event::Refresh { client, family, back }),
        1 => Just(Event::End),
        4 => (0_u64..600).prop_map(Event::Wait),
    ]
}

fn id() -> GrantId {
    GrantId::from_random([9; 16])
}

fn claims() -> AccessTokenClaims {
    serde_json::from_value(json!({
        "iss": "https://us.test", "sub": "person-AAAAAAAAAAAAAAAAAAAAAA", "aud": "https://bank.test",
        "iat": NOW, "exp": NOW.after(Duration::from_secs(LIVES)), "jti": "B".repeat(22), "client_id": "tool",
        "scope": "bank.read", "grant_id": "C".repeat(22), "child_grant_ids": ["D".repeat(22)],
        "exchanged_from": [{ "jti": "A".repeat(22), "client_id": "agent" }],
    }))
    .unwrap()
}

fn child(authorization: &Authorization) -> Option<&Child> {
    match &authorization.stage {
        Stage::Child(child) => Some(child),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_attempts_breaks_a_law(events in prop::collection::vec(event(), 0..30)) {
        let first = RefreshToken::first(id(), FAMILY);
        let mut stored = Authorization::child(&first, claims(), ChildTerms::default());
        let (mut now, mut newest, mut spent) = (NOW, first, Vec::new());
        for event in events {
            let before = stored.clone();
            match event {
                Event::Wait(seconds) => now = now.after(Duration::from_secs(seconds)),
                Event::End => stored = stored.ended(End::Revoked, now),
                Event::Refresh { client, family, back } => {
                    let who = ClientId::parse(if client { "tool" } else { "thief" }).unwrap();
                    let mut shown = RefreshToken::first(id(), if family { FAMILY } else { [7; 32] });
                    for _ in 0..newest.generation().saturating_sub(back) {
                        shown = shown.successor();
                    }
                    match stored.clone().rotated(&who, &shown, now) {
                        Spent::Well(Rotation::Moved(next)) => {
                            prop_assert!(client && family && now < claims().exp);
                            prop_assert!(!spent.contains(&shown.generation()), "a generation moves the family once");
                            spent.push(shown.generation());
                            newest = shown.successor();
                            stored = next;
                        }
                        Spent::Well(Rotation::Repeated(same)) => prop_assert_eq!(&same, &stored),
                        Spent::Replayed(next) => {
                            prop_assert!(client && family, "a replay must be proven before it ends anything");
                            stored = *next;
                        }
                        Spent::Not(_) => {}
                    }
                }
            }
            if child(&before).is_none() {
                prop_assert_eq!(&stored, &before, "what has ended stays as it ended");
            }
            if let Some(child) = child(&stored) {
                prop_assert_eq!(&child.claims, &claims(), "what it allows never changes");
            }
            prop_assert_eq!(stored.live_child(now).is_ok(), child(&stored).is_some() && now < claims().exp);
            prop_assert!(stored.grant().is_none(), "nobody finds a person's grant in it");
        }
    }
}

/// A token of it names the child before everything that the child goes back to.
#[test]
fn a_token_of_a_child_names_all_that_it_ends_with() {
    let authorization =
        Authorization::child(&RefreshToken::first(id(), FAMILY), claims(), ChildTerms::default());
    let later = NOW.after(Duration::from_mins(1));
    let token = child(&authorization).unwrap().token(&id(), TokenId::from_random([1; 16]), later);
    assert_eq!(token.child_grant_ids, [id(), GrantId::parse(&"D".repeat(22)).unwrap()]);
    assert_eq!(
        (token.iat, token.grant_id, token.exchanged_from),
        (later, claims().grant_id, claims().exchanged_from)
    );
}
