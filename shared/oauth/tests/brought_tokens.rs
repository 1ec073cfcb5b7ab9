//! What lies ready to be brought to a client is part of the one move that spends its approval, and goes with the next one.

use std::time::Duration;

use oauth::configuration::Lifetimes;
use oauth::{
    Actor, Authorization, Awaited, ClientId, End, GrantId, Parcel, RefreshToken, Refusal, Rotation, Secret,
    Spent, Stage, Timestamp,
};
use serde_json::json;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const SECRET: [u8; 32] = [7; 32];

fn client() -> ClientId {
    ClientId::parse("agent").expect("an id")
}

fn awaited() -> Awaited {
    let expires_at = NOW.after(Duration::from_mins(3));
    Awaited {
        secret: Secret::new(SECRET).digest(),
        expires_at,
        notification_token: Some("sealed".into()),
        deferral: None,
    }
}

fn approved() -> Authorization {
    let grant = json!({
        "client_id": "agent", "person": "person-AAAAAAAAAAAAAAAAAAAAAA", "authentication": { "auth_time": NOW, "amr": ["pwd"] },
        "scope": "openid offline_access", "resources": [], "asked": Secret::new(SECRET).digest(), "nonce": null,
        "granted_at": NOW, "ends_at": NOW.after(Duration::from_hours(24)),
    });
    let stage = json!({ "stage": "approved", "grant": grant, "awaited": awaited() });
    let stage: Stage = serde_json::from_value(stage).expect("a stage");
    Authorization { id: GrantId::from_random([1; 16]), version: 2, stage }
}

fn ready(refresh: &RefreshToken) -> Authorization {
    let by = (&client(), &Actor::client(&client()));
    let (family, life) = (Some(refresh.family().digest()), Duration::from_mins(5));
    let next = approved().redeemed_after_approval(by, &Secret::new(SECRET), family, life, NOW);
    next.expect("approved").carrying(Parcel {
        sealed: "sealed tokens".to_owned(),
        expires_at: NOW.after(Duration::from_mins(5)),
        id_token_expires_at: None,
        awaited: awaited(),
    })
}

fn refresh() -> RefreshToken {
    RefreshToken::first(approved().id, [9; 32])
}

#[test]
fn it_is_kept_with_the_move_that_spends_the_approval() {
    let ready = ready(&refresh());
    assert_eq!(ready.version, approved().version + 1);
    assert_eq!(ready.parcel().map(|parcel| parcel.sealed.as_str()), Some("sealed tokens"));
    let kept = serde_json::to_value(&ready).expect("JSON");
    assert_eq!(serde_json::from_value::<Authorization>(kept).expect("the same"), ready);
}

#[test]
fn it_is_forgotten_by_one_move_and_once() {
    let ready = ready(&refresh());
    let forgotten = ready.clone().told().expect("it lies ready");
    assert_eq!((forgotten.version, forgotten.parcel()), (ready.version + 1, None));
    assert!(matches!((&forgotten.stage, &ready.stage), (Stage::Active(after), Stage::Active(before))
        if after.grant == before.grant && after.refresh == before.refresh && after.spent == before.spent));
    assert_eq!(forgotten.told(), None);
    assert_eq!(approved().told(), None);
}

/// It cannot be renewed by anybody who does not have it.
#[test]
fn who_renews_has_it() {
    let refresh = refresh();
    match ready(&refresh).rotated(&client(), &refresh, NOW) {
        Spent::Well(Rotation::Moved(next)) => assert_eq!(next.parcel(), None),
        other => panic!("{other:?}"),
    }
}

/// Its client is told of it once, and is told the same whenever it comes by itself.
#[test]
fn what_ends_before_it_was_there_is_still_told() {
    let secret = Secret::new(SECRET);
    for unfinished in [approved(), ready(&refresh())] {
        let ended = unfinished.ended(End::Revoked, NOW);
        assert_eq!((ended.parcel(), ended.awaited()), (None, Some(&awaited())));
        let told = ended.clone().told().expect("it is to be told");
        assert_eq!(told.awaited().expect("kept").notification_token, None);
        assert_eq!(told.clone().told(), None);
        let by = (&client(), &Actor::client(&client()));
        for (one, at, expected) in [
            (ended, NOW, Refusal::TransactionFailed),
            (told, NOW.after(Duration::from_mins(3)), Refusal::AuthReqIdExpired),
        ] {
            assert_eq!(
                one.redeemed_after_approval(by, &secret, None, Duration::from_mins(5), at),
                Err(expected)
            );
        }
    }
    let had = ready(&refresh()).told().expect("it lies ready").ended(End::Revoked, NOW);
    assert_eq!((had.clone().told(), had.awaited()), (None, None), "who has it knows");
}

#[test]
fn what_a_client_does_not_take_ends_and_is_told_to_nobody() {
    let ended = ready(&refresh()).not_taken(NOW);
    assert!(matches!(&ended.stage, Stage::Ended(end) if end.why == End::NotGiven && end.person.is_some()));
    assert_eq!((ended.clone().told(), ended.parcel(), ended.awaited()), (None, None, None));
}

#[test]
fn it_is_stale_when_one_of_its_tokens_ends_within_half_a_minute() {
    let parcel = |access_token: u64, id_token: Option<u64>| Parcel {
        sealed: String::new(),
        expires_at: NOW.after(Duration::from_secs(access_token)),
        id_token_expires_at: id_token.map(|seconds| NOW.after(Duration::from_secs(seconds))),
        awaited: awaited(),
    };
    for (access_token, id_token, is_stale) in [
        (300, None, false),
        (31, Some(31), false),
        (30, Some(300), true),
        (300, Some(30), true),
        (0, None, true),
    ] {
        assert_eq!(parcel(access_token, id_token).is_stale(NOW), is_stale, "{access_token} {id_token:?}");
    }
}

/// The same family, and no longer than was approved.
#[test]
fn what_is_made_anew_is_of_the_same_family_and_lasts_no_longer_than_what_was_approved() {
    let (lives, refresh) = (Lifetimes::default(), refresh());
    let later = NOW.after(Duration::from_secs(170));
    let ready = ready(&refresh);
    let anew = ready.clone().made_anew(true, &lives, later).expect("the request lives");
    assert_eq!((anew.version, anew.parcel()), (ready.version + 1, None));
    let (Stage::Active(before), Stage::Active(after)) = (&ready.stage, &anew.stage) else {
        panic!("{anew:?}")
    };
    assert_eq!((&after.refresh, &after.grant, &after.spent), (&before.refresh, &before.grant, &before.spent));

    // Without refresh tokens it lasts as long as one access token, counted anew.
    let alone = ready.clone().made_anew(false, &lives, later).expect("the request lives");
    assert!(matches!(&alone.stage, Stage::Active(active) if active.refresh.is_none()));
    let lasts_until = |one: &Authorization| one.grant().expect("a grant").ends_at;
    assert_eq!(lasts_until(&alone), later.after(lives.access_token));
    let brief = Lifetimes { authorization: Duration::from_secs(200), ..lives.clone() };
    let short = ready.clone().made_anew(false, &brief, later).expect("the request lives");
    assert_eq!(lasts_until(&short), NOW.after(brief.authorization));

    let over = NOW.after(Duration::from_mins(3));
    assert_eq!(ready.made_anew(true, &lives, over), Err(Refusal::AuthReqIdExpired));
    assert!(alone.made_anew(true, &lives, later).is_err(), "nothing lies ready");
    assert!(approved().made_anew(true, &lives, later).is_err(), "nothing lies ready");
}
