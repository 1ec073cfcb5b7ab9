use http_types::Response;
use serde_json::json;

use super::*;
use crate::stage::{FakeIssuer, Hands, ISSUER, other_jwk, p256_jwk};

const JWKS: &str = "/jwks.json";
const METADATA: &str = "/.well-known/openid-configuration";

fn known(fake: &FakeIssuer, hands: &Hands) -> Issuer {
    Issuer::new(ISSUER.to_owned(), Arc::new(fake.clone()), hands.clock())
}

fn keys(max_age: &str, key_ids: &[&str]) -> Response<Vec<u8>> {
    let keys: Vec<_> = key_ids.iter().map(|id| other_jwk(id)).collect();
    let answer = Response::builder().header("cache-control", max_age);
    answer.body(json!({ "keys": keys }).to_string().into_bytes()).expect("an answer")
}

async fn has(issuer: &Issuer, key_id: &str) -> Result<bool, Trouble> {
    issuer.documents(Some(key_id)).await.map(|documents| documents.keys.has(key_id))
}

/// The issuer has been asked so many times, and answers nobody yet.
async fn is_asked(fake: &FakeIssuer, times: usize) {
    while fake.arrived(METADATA).len() < times {
        tokio::task::yield_now().await;
    }
}

/// A hundred requests that come at once to an issuer that takes twenty seconds, and what each of them hears: however long that is, those
/// who waited for it have no question left.
async fn a_hundred_wait_for(fake: &FakeIssuer, hands: &Hands) -> Vec<Result<bool, Trouble>> {
    fake.holds();
    let issuer = known(fake, hands);
    let asking: Vec<_> = (0..100)
        .map(|_| {
            let issuer = issuer.clone();
            tokio::spawn(async move { has(&issuer, "one").await })
        })
        .collect();
    is_asked(fake, 1).await;
    hands.move_on(20);
    fake.lets_go();
    let mut heard = Vec::new();
    for one in asking {
        heard.push(one.await.expect("it ended"));
    }
    heard
}

#[tokio::test]
async fn keys_are_read_once_until_they_are_too_old() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    fake.answers_with(JWKS, keys("public, max-age=120", &["one"]));
    let issuer = known(&fake, &hands);
    for _ in 0..3 {
        assert_eq!(has(&issuer, "one").await, Ok(true));
    }
    hands.move_on(119);
    assert_eq!(has(&issuer, "one").await, Ok(true));
    assert_eq!(fake.arrived(JWKS).len(), 1);
    hands.move_on(1);
    assert_eq!(has(&issuer, "one").await, Ok(true));
    assert_eq!(fake.arrived(JWKS).len(), 2);
}

#[tokio::test]
async fn a_key_that_was_published_since_is_found_at_once() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    fake.answers_with(JWKS, keys("max-age=300", &["one"]));
    let issuer = known(&fake, &hands);
    assert_eq!(has(&issuer, "one").await, Ok(true));
    fake.answers_with(JWKS, keys("max-age=300", &["one", "two"]));
    hands.move_on(10);
    assert_eq!(has(&issuer, "two").await, Ok(true));
}

#[tokio::test]
async fn a_key_that_was_withdrawn_ends_when_the_keys_are_too_old() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    fake.answers_with(JWKS, keys("max-age=300", &["one"]));
    let issuer = known(&fake, &hands);
    assert_eq!(has(&issuer, "one").await, Ok(true));
    fake.answers_with(JWKS, keys("max-age=300", &["two"]));
    hands.move_on(300);
    assert_eq!(has(&issuer, "one").await, Ok(false));
}

/// Tokens with made-up key names cost the issuer next to nothing.
#[tokio::test]
async fn made_up_key_names_are_no_flood() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    let issuer = known(&fake, &hands);
    assert_eq!(has(&issuer, "one").await, Ok(true));
    hands.move_on(10);
    for made_up in 0..50 {
        assert_eq!(has(&issuer, &format!("made up {made_up}")).await, Ok(false));
    }
    assert_eq!(fake.arrived(JWKS).len(), 2);
    hands.move_on(10);
    assert_eq!(has(&issuer, "made up").await, Ok(false));
    assert_eq!(fake.arrived(JWKS).len(), 3);
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_is_got_by_without_for_an_hour() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    fake.answers_with(JWKS, keys("max-age=300", &["one"]));
    let issuer = known(&fake, &hands);
    assert_eq!(has(&issuer, "one").await, Ok(true));
    fake.is_silent_at(JWKS);
    hands.move_on(300 + 3_599);
    assert_eq!(has(&issuer, "one").await, Ok(true));
    hands.move_on(1);
    assert_eq!(has(&issuer, "one").await, Err(Trouble::NoKeys), "it was asked a second ago");
    hands.move_on(10);
    assert!(matches!(has(&issuer, "one").await, Err(Trouble::NoAnswer { .. })));
    fake.answers_with(JWKS, keys("max-age=300", &["one"]));
    hands.move_on(10);
    assert_eq!(has(&issuer, "one").await, Ok(true), "it is back");
}

#[tokio::test]
async fn a_hundred_requests_at_once_ask_once() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    for heard in a_hundred_wait_for(&fake, &hands).await {
        assert_eq!(heard, Ok(true));
    }
    assert_eq!((fake.arrived(METADATA).len(), fake.arrived(JWKS).len()), (1, 1));
}

/// The first start of a tool while the issuer is down: nobody is let in, and it is asked once in ten seconds.
#[tokio::test]
async fn an_issuer_that_does_not_answer_is_not_asked_by_every_request() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    fake.is_silent_at(JWKS);
    let issuer = known(&fake, &hands);
    assert!(matches!(has(&issuer, "one").await, Err(Trouble::NoAnswer { .. })));
    for _ in 0..50 {
        assert_eq!(has(&issuer, "one").await, Err(Trouble::NoKeys));
    }
    hands.move_on(9);
    assert_eq!(has(&issuer, "one").await, Err(Trouble::NoKeys));
    assert_eq!(fake.arrived(JWKS).len(), 1);
    hands.move_on(1);
    assert!(matches!(has(&issuer, "one").await, Err(Trouble::NoAnswer { .. })));
    assert_eq!(fake.arrived(JWKS).len(), 2);
}

/// The first waits as long as an answer may take, twice; the others must not each do so after one another.
#[tokio::test]
async fn a_hundred_requests_that_waited_in_vain_do_not_ask_again_each() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    fake.is_silent_at(METADATA);
    for heard in a_hundred_wait_for(&fake, &hands).await {
        assert!(heard.is_err());
    }
    assert_eq!(fake.arrived(METADATA).len(), 1);
}

#[tokio::test]
async fn whoever_hangs_up_does_not_take_the_keys_from_the_others() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    fake.holds();
    let issuer = known(&fake, &hands);
    let impatient = tokio::spawn({
        let issuer = issuer.clone();
        async move { has(&issuer, "one").await }
    });
    is_asked(&fake, 1).await;
    impatient.abort();
    fake.lets_go();
    assert_eq!(has(&issuer, "one").await, Ok(true));
    assert_eq!(fake.arrived(METADATA).len(), 1);
}

/// While somebody waits for the issuer, the others go on with keys that are a little old.
#[tokio::test]
async fn a_slow_issuer_does_not_hold_up_tokens_whose_key_is_at_hand() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    let issuer = known(&fake, &hands);
    assert_eq!(has(&issuer, "one").await, Ok(true));
    hands.move_on(1_000);
    fake.holds();
    let waits = tokio::spawn({
        let issuer = issuer.clone();
        async move { has(&issuer, "one").await }
    });
    is_asked(&fake, 2).await;
    assert_eq!(has(&issuer, "one").await, Ok(true));
    assert!(!waits.is_finished());
    fake.lets_go();
    assert_eq!(waits.await.expect("it ended"), Ok(true));
}

/// RFC 8414, section 3.3; and keys come from no place where somebody could stand between.
#[tokio::test]
async fn metadata_of_another_issuer_and_keys_from_an_unsafe_place_are_not_trusted() {
    for (issuer, jwks_uri) in [
        ("https://evil.example.com", "https://auth.example.com/jwks.json"),
        ("https://auth.example.com/", "https://auth.example.com/jwks.json"),
        (ISSUER, "http://auth.example.com/jwks.json"),
        (ISSUER, "http://localhost/jwks.json"),
        (ISSUER, "jwks.json"),
    ] {
        let (fake, hands) = (FakeIssuer::new(), Hands::new());
        fake.says(METADATA, &json!({"issuer": issuer, "jwks_uri": jwks_uri}));
        let refused = has(&known(&fake, &hands), "one").await;
        assert!(matches!(refused, Err(Trouble::Unusable { .. })), "{issuer} {jwks_uri}: {refused:?}");
        assert!(fake.arrived(JWKS).is_empty(), "{issuer} {jwks_uri}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_jwk_set_replaces_nothing() {
    let (fake, hands) = (FakeIssuer::new(), Hands::new());
    let issuer = known(&fake, &hands);
    assert_eq!(has(&issuer, "one").await, Ok(true));
    fake.says(JWKS, &json!({"error": "temporarily_unavailable"}));
    hands.move_on(600);
    assert_eq!(has(&issuer, "one").await, Ok(true));
    fake.answers_with(JWKS, Response::builder().status(500).body(Vec::new()).expect("an answer"));
    hands.move_on(10);
    assert_eq!(has(&issuer, "one").await, Ok(true));
    fake.says(JWKS, &json!({"keys": [p256_jwk()]}));
    hands.move_on(10);
    assert_eq!(has(&issuer, "one").await, Ok(true));
    assert_eq!(fake.arrived(JWKS).len(), 4);
}

#[test]
fn an_age_is_kept_within_reason() {
    for (directive, seconds) in [
        ("max-age=120", 120),
        ("public,max-age=120, immutable", 120),
        ("max-age=0", 60),
        ("max-age=99999999", 86_400),
        ("no-store", 300),
        ("max-age=soon", 300),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, directive.parse().expect("a value"));
        assert_eq!(good_for(&headers), Duration::from_secs(seconds), "{directive}");
    }
    assert_eq!(good_for(&HeaderMap::new()), USUAL_AGE);
}
