//! What lies ready to be brought to a client is part of the one move that spends its approval, and goes with the next one.

use std::time::Duration;

use oauth::{
    Actor, Authorization, Awaited, ClientId, End, GrantId, Parcel, RefreshToken, Rotation, Secret, Spent,
    Stage, Timestamp,
};
use serde_json::json;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const SECRET: [u8; 32] = [7; 32];

fn client() -> ClientId {
    ClientId::parse("agent").expect("an id")
}

fn awaited() -> Awaited {
    let expires_at = NOW.after(Duration::from_mins(3));
    Awaited { secret: Secret::new(SECRET).digest(), expires_at, notification_token: Some("sealed".into()) }
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
    let forgotten = ready.clone().without_parcel().expect("it lies ready");
    assert_eq!((forgotten.version, forgotten.parcel()), (ready.version + 1, None));
    assert!(matches!((&forgotten.stage, &ready.stage), (Stage::Active(after), Stage::Active(before))
        if after.grant == before.grant && after.refresh == before.refresh && after.spent == before.spent));
    assert_eq!(forgotten.without_parcel(), None);
    assert_eq!(approved().without_parcel(), None);
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

#[test]
fn it_goes_with_the_end() {
    assert_eq!(ready(&refresh()).ended(End::Revoked, NOW).parcel(), None);
}

#[test]
fn it_is_good_while_the_request_lives_and_what_is_in_it() {
    let parcel = |minutes| Parcel {
        sealed: String::new(),
        expires_at: NOW.after(Duration::from_mins(minutes)),
        awaited: awaited(),
    };
    assert_eq!(parcel(5).good_until(), NOW.after(Duration::from_mins(3)));
    assert_eq!(parcel(2).good_until(), NOW.after(Duration::from_mins(2)));
}
