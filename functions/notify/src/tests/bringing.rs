//! Push (OpenID CIBA Core 1.0, sections 10.3 and 12): what a client is brought, whatever goes wrong on the way.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth::{Authorization, End, GrantId, Sha256Digest, Stage, Timestamp};
use serde_json::{Value, json};

use super::endpoint::Manner;
use super::world::{LIFE, TOKEN, World};

const AUTH_REQ_ID: &str = "urn:openid:params:jwt:claim:auth_req_id";
const RT_HASH: &str = "urn:openid:params:jwt:claim:rt_hash";

/// What the client was brought since the last look, each a request with its own token.
fn brought(world: &World) -> Vec<Value> {
    let body = |heard: &String| {
        assert!(heard.contains(&format!("\r\nauthorization: Bearer {TOKEN}\r\n")), "{heard}");
        assert!(heard.contains("\r\ncontent-type: application/json\r\n"), "{heard}");
        let (_, body) = heard.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(body).expect("JSON")
    };
    world.endpoint.heard().iter().map(body).collect()
}

#[track_caller]
fn one(world: &World) -> Value {
    let mut brought = brought(world);
    assert_eq!(brought.len(), 1, "{brought:?}");
    brought.remove(0)
}

/// What a JWT says. Who signed it is looked at over HTTP.
fn claims(token: &Value) -> Value {
    let part = token.as_str().and_then(|token| token.split('.').nth(1)).expect("a JWT");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

fn left_half(token: &Value) -> String {
    let digest = Sha256Digest::of(token.as_str().expect("a token").as_bytes());
    URL_SAFE_NO_PAD.encode(&digest.as_bytes()[..16])
}

fn item(world: &World, id: &GrantId) -> Value {
    world.aws.item(&format!("AUTHORIZATION#{id}"), "AUTHORIZATION")
}

/// A request that was approved, and its record.
async fn approved(world: &World) -> (Authorization, Value) {
    let (request, _) = world.requested(|_| {}).await;
    world.approved(request).await
}

/// OpenID CIBA Core 1.0, section 10.3.1.
#[tokio::test]
async fn the_tokens_of_a_yes_are_brought_with_an_id_token_that_names_the_request() {
    let world = World::that_brings().await;
    let (approved, record) = approved(&world).await;
    let (failed, calls) = aws::counted(world.bring(&[&record])).await;
    assert!(failed.is_empty());
    let brought = one(&world);
    let auth_req_id = world.auth_req_id(&approved.id).await.reveal();
    assert_eq!(brought["auth_req_id"], auth_req_id);
    assert_eq!((&brought["token_type"], &brought["expires_in"]), (&json!("Bearer"), &json!(300)));
    assert_eq!(brought.get("refresh_token"), None);
    let (id_token, access_token) = (claims(&brought["id_token"]), claims(&brought["access_token"]));
    assert_eq!((&id_token["aud"], &id_token[AUTH_REQ_ID]), (&json!("agent"), &json!(auth_req_id)));
    assert_eq!(id_token["at_hash"], left_half(&brought["access_token"]));
    assert_eq!(id_token.get(RT_HASH), None);
    assert_eq!((&access_token["aud"], &access_token["sub"]), (&json!("https://desk.test"), &id_token["sub"]));
    assert_eq!(access_token["grant_id"], approved.id.as_str());
    let stands = world.stands(&approved.id).await;
    assert!(matches!(stands.stage, Stage::Active(_)) && stands.parcel().is_none(), "it is forgotten");
    assert_eq!((calls.of("DynamoDB.PutItem"), calls.of("Client.Push")), (2, 1));
}

#[tokio::test]
async fn what_is_read_and_written_for_it_is_the_least() {
    let world = World::that_brings().await;
    let (_, record) = approved(&world).await;
    world.bring(&[&record]).await;
    let (_, record) = approved(&world).await;
    let (_, calls) = aws::counted(world.bring(&[&record])).await;
    assert_eq!(calls.to_string(), "Client.Push=1 DynamoDB.GetItem=2 DynamoDB.PutItem=2 Keys.Sign=2");
}

#[tokio::test]
async fn a_refresh_token_comes_where_the_person_lets_it_go_on_and_the_id_token_is_tied_to_it() {
    let world = World::that_brings().await;
    let going_on = "openid offline_access";
    let (request, _) = world
        .requested(|requested| requested.request.scope = oauth::Scope::parse(going_on).expect("a scope"))
        .await;
    let (_, record) = world.approved_with(request, going_on).await;
    assert!(world.bring(&[&record]).await.is_empty());
    let brought = one(&world);
    assert_eq!(claims(&brought["id_token"])[RT_HASH], left_half(&brought["refresh_token"]));
}

#[tokio::test]
async fn an_endpoint_that_fails_for_a_while_is_brought_the_same_tokens_in_the_end() {
    for manner in [Manner::status(500), Manner::status(429), Manner::IsSilent, Manner::Says(String::new())] {
        let world = World::that_brings().await;
        let (approved, record) = approved(&world).await;
        world.endpoint.behaves(manner);
        assert!(world.bring(&[&record]).await.is_empty());
        let first = one(&world);
        let lies_ready = item(&world, &approved.id).to_string();
        for secret in ["access_token", "id_token", "auth_req_id"] {
            assert!(!lies_ready.contains(first[secret].as_str().expect("text")), "{secret} lies open");
        }
        assert_eq!(world.wait().await, [15]);
        let second = one(&world);
        world.endpoint.behaves(Manner::status(204));
        assert_eq!(world.wait().await, [30]);
        let third = one(&world);
        for again in [&second, &third] {
            for same in ["access_token", "id_token", "auth_req_id", "scope"] {
                assert_eq!(again[same], first[same]);
            }
        }
        let left = [&first, &second, &third].map(|one| one["expires_in"].as_u64().expect("seconds"));
        assert!(left[1] <= left[0] - 15 && left[2] <= left[1] - 30, "{left:?}");
        assert!(world.stands(&approved.id).await.parcel().is_none());
        assert!(world.wait().await.is_empty() && world.aws.take("/dead-letters").is_empty());
        // An event that comes late brings nothing.
        world.bring(&[&record]).await;
        assert!(brought(&world).is_empty());
    }
}

#[tokio::test]
async fn what_a_client_does_not_want_is_not_brought_again_and_lies_nowhere() {
    let redirect = "HTTP/1.1 307 x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_owned();
    let table = [
        Manner::status(400),
        Manner::status(401),
        Manner::status(404),
        Manner::Says(redirect),
        // It heard, and what it says of that is not read.
        Manner::SaysTooMuch("HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n"),
    ];
    for manner in table {
        let world = World::that_brings().await;
        let (approved, record) = approved(&world).await;
        world.endpoint.behaves(manner.clone());
        assert!(world.bring(&[&record]).await.is_empty());
        assert_eq!(brought(&world).len(), 1, "{manner:?}");
        assert!(world.aws.take("/delayed").is_empty(), "{manner:?}");
        assert!(world.stands(&approved.id).await.parcel().is_none(), "{manner:?}");
    }
}

#[tokio::test]
async fn several_events_at_once_bring_one_set_of_tokens() {
    let world = World::that_brings().await;
    let (_, record) = approved(&world).await;
    world.endpoint.behaves(Manner::status(503));
    assert!(world.bring(&[&record, &record, &record]).await.is_empty());
    let tokens: Vec<Value> = brought(&world).into_iter().map(|mut one| one["access_token"].take()).collect();
    assert_eq!(tokens.len(), 3);
    assert!(tokens.iter().all(|token| *token == tokens[0]));
}

/// The one conditional write: whose tokens were not committed, brings the other's.
#[tokio::test]
async fn whoever_is_overtaken_brings_what_the_first_one_made() {
    let world = World::that_brings().await;
    let (approved, record) = approved(&world).await;
    let before = item(&world, &approved.id);
    world.endpoint.behaves(Manner::status(503));
    world.bring(&[&record]).await;
    let first = one(&world);
    let ready = item(&world, &approved.id);
    world.aws.restore(before);
    world.aws.overtakes(ready.clone());
    world.bring(&[&record]).await;
    assert_eq!(one(&world)["access_token"], first["access_token"]);
    assert_eq!(item(&world, &approved.id), ready);
}

/// OpenID CIBA Core 1.0, section 12.
#[tokio::test]
async fn a_no_and_an_expiry_are_brought_as_what_they_are() {
    let world = World::that_brings().await;
    let (request, _) = world.requested(|_| {}).await;
    let auth_req_id = world.auth_req_id(&request.id).await.reveal();
    let record = world.declined(request).await;
    assert!(world.bring(&[&record]).await.is_empty());
    assert_eq!(
        one(&world),
        json!({ "auth_req_id": auth_req_id, "error": "access_denied", "error_description": "the person declined" })
    );

    let (request, record) = world.requested(|_| {}).await;
    assert!(world.bring(&[&record]).await.is_empty());
    assert_eq!(world.wait().await, [LIFE.as_secs() + 1]);
    let told = one(&world);
    assert_eq!(told["error"], "expired_token");
    assert_eq!(told["auth_req_id"], world.auth_req_id(&request.id).await.reveal());
    assert!(world.wait().await.is_empty());
}

#[tokio::test]
async fn an_approval_that_was_never_made_tokens_of_in_time_has_expired() {
    let world = World::that_brings().await;
    let (approved, record) = approved(&world).await;
    world.clock.advance(i64::try_from(LIFE.as_secs()).expect("few"));
    assert!(world.bring(&[&record]).await.is_empty());
    assert_eq!(one(&world)["error"], "expired_token");
    assert_eq!(world.stands(&approved.id).await, approved);
}

#[tokio::test]
async fn what_cannot_be_issued_after_a_yes_is_told_as_a_transaction_that_failed() {
    for disabled in [true, false] {
        let world = World::that_brings().await;
        let (approved, record) = approved(&world).await;
        world.is(|person| {
            person.disabled = disabled;
            person.not_before = (!disabled).then_some(Timestamp::from_seconds(i64::MAX / 2));
        });
        assert!(world.bring(&[&record]).await.is_empty());
        assert_eq!(one(&world)["error"], "transaction_failed");
        assert_eq!(world.stands(&approved.id).await, approved, "nothing is written");
    }
}

/// DynamoDB: an item has at most 400 KB.
#[tokio::test]
async fn tokens_that_are_too_large_to_lie_ready_are_not_lost_in_silence() {
    let world = World::that_brings().await;
    let (approved, record) = approved(&world).await;
    world.is(|person| {
        person.profile.attributes.insert("plan".to_owned(), "x".repeat(300 * 1024));
    });
    assert!(world.bring(&[&record]).await.is_empty());
    assert_eq!(one(&world)["error"], "transaction_failed");
    assert_eq!(world.stands(&approved.id).await, approved, "nothing is written");
}

#[tokio::test]
async fn what_ended_between_two_tries_is_brought_to_nobody() {
    let world = World::that_brings().await;
    world.endpoint.behaves(Manner::status(503));
    let (ended, record) = approved(&world).await;
    world.bring(&[&record]).await;
    let stands = world.stands(&ended.id).await;
    world.commit(&stands.ended(End::Revoked, world.clock.now()), "").await;
    brought(&world);
    assert_eq!(world.wait().await, [15]);
    assert!(brought(&world).is_empty());

    let (of_the_disabled, record) = approved(&world).await;
    world.bring(&[&record]).await;
    brought(&world);
    world.is(|person| person.disabled = true);
    world.endpoint.behaves(Manner::status(204));
    assert_eq!(world.wait().await, [15]);
    let told = one(&world);
    assert_eq!((&told["error"], told.get("access_token")), (&json!("transaction_failed"), None));
    assert!(world.stands(&of_the_disabled.id).await.parcel().is_none());
}

#[tokio::test]
async fn what_could_not_be_brought_while_the_request_lived_lies_nowhere_and_somebody_hears_of_it() {
    let world = World::that_brings().await;
    world.endpoint.behaves(Manner::status(503));
    let (approved, record) = approved(&world).await;
    world.bring(&[&record]).await;
    let mut pauses = Vec::new();
    loop {
        let waited = world.wait().await;
        if waited.is_empty() {
            break;
        }
        pauses.extend(waited);
    }
    assert_eq!(pauses, [15, 30, 60]);
    assert_eq!(world.aws.take("/dead-letters").len(), 1);
    assert!(world.stands(&approved.id).await.parcel().is_none());
}

/// The table's own clean-up comes late: what lies there is looked at.
#[tokio::test]
async fn what_lies_ready_is_worth_nothing_after_the_request_has_expired() {
    let world = World::that_brings().await;
    world.endpoint.behaves(Manner::status(503));
    let (approved, record) = approved(&world).await;
    world.bring(&[&record]).await;
    brought(&world);
    world.endpoint.behaves(Manner::status(204));
    world.clock.advance(i64::try_from(LIFE.as_secs()).expect("few"));
    world.bring(&[&record]).await;
    assert!(brought(&world).is_empty());
    assert!(world.stands(&approved.id).await.parcel().is_none());
    assert_eq!(world.aws.take("/dead-letters").len(), 1);
}

#[tokio::test]
async fn a_table_that_takes_nothing_for_a_while_costs_nobody_their_tokens() {
    let world = World::that_brings().await;
    let (approved, record) = approved(&world).await;
    world.aws.refuse("PutItem", approved.id.as_str(), 400, "ProvisionedThroughputExceededException");
    assert!(world.bring(&[&record]).await.is_empty());
    assert!(brought(&world).is_empty(), "what was not committed is given to nobody");
    world.aws.mend();
    assert_eq!(world.wait().await, [15]);
    let brought = one(&world);
    assert_eq!(claims(&brought["access_token"])["grant_id"], approved.id.as_str());
}
