//! Push (OpenID CIBA Core 1.0, sections 10.3 and 12): what a client is brought, whatever goes wrong on the way.

use std::time::Duration;

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

/// The same of one that waits a quarter of an hour, and may go on while the person is away, or not.
async fn approved_for_long(world: &World, going_on: bool) -> (Authorization, Value) {
    let scope = if going_on { "openid offline_access" } else { "openid" };
    let (request, _) = world
        .requested(|requested| {
            requested.request.scope = oauth::Scope::parse(scope).expect("a scope");
            requested.awaited.expires_at = requested.requested_at.after(Duration::from_mins(15));
        })
        .await;
    world.approved_with(request, scope).await
}

/// Why an authorization has ended.
async fn end_of(world: &World, id: &GrantId) -> End {
    let stands = world.stands(id).await;
    assert_eq!(stands.parcel(), None);
    match stands.stage {
        Stage::Ended(ended) => ended.why,
        other => panic!("it goes on: {other:?}"),
    }
}

/// Whether its end is news, of which its client is told so, once.
async fn is_told_of_the_end(world: &World, id: &GrantId, error: &str) -> bool {
    assert!(brought(world).is_empty(), "it is told by the news of it");
    end_of(world, id).await;
    let news = world.news_of(id).expect("it is news");
    world.endpoint.behaves(Manner::status(503));
    assert!(world.bring(&[&news]).await.is_empty());
    let failed = brought(world).len();
    world.endpoint.behaves(Manner::status(204));
    world.wait().await;
    let told = one(world);
    let auth_req_id = world.auth_req_id(id).await.reveal();
    assert_eq!((&told["error"], &told["auth_req_id"]), (&json!(error), &json!(auth_req_id)));
    assert!(told.get("access_token").is_none() && told["error_description"].is_string(), "{told}");
    world.bring(&[&news]).await;
    failed == 1 && brought(world).is_empty() && world.news_of(id).is_none()
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

/// OpenID CIBA Core 1.0, section 10.3.1, leaves it to the server what becomes of it: nobody has any of it.
#[tokio::test]
async fn what_a_client_does_not_take_ends_and_is_not_brought_again() {
    let redirect = "HTTP/1.1 307 x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_owned();
    let table = [Manner::status(400), Manner::status(401), Manner::status(404), Manner::Says(redirect)];
    for manner in table {
        let world = World::that_brings().await;
        let (approved, record) = approved(&world).await;
        world.endpoint.behaves(manner.clone());
        assert!(world.bring(&[&record]).await.is_empty());
        assert_eq!(brought(&world).len(), 1, "{manner:?}");
        assert!(world.aws.take("/delayed").is_empty(), "{manner:?}");
        assert_eq!(end_of(&world, &approved.id).await, End::NotGiven, "{manner:?}");
        assert_eq!(world.news_of(&approved.id), None, "its client knows");
        world.endpoint.behaves(Manner::status(204));
        world.bring(&[&record]).await;
        assert!(brought(&world).is_empty(), "{manner:?}");
    }
}

#[tokio::test]
async fn a_client_that_was_too_busy_and_then_does_not_take_it_has_nothing_either() {
    let world = World::that_brings().await;
    let (approved, record) = approved(&world).await;
    world.endpoint.behaves(Manner::status(429));
    world.bring(&[&record]).await;
    world.endpoint.behaves(Manner::status(401));
    assert_eq!(world.wait().await, [15]);
    assert_eq!(end_of(&world, &approved.id).await, End::NotGiven);
}

/// It may have taken what it was brought, and know nothing of the request any more when that comes once more. What a gateway answers is
/// not what it does.
#[tokio::test]
async fn a_client_whose_answer_was_lost_keeps_what_it_has() {
    let faults = [500, 502, 503, 504].map(Manner::status);
    for silence in [Manner::IsSilent, Manner::Says(String::new())].into_iter().chain(faults) {
        let world = World::that_brings().await;
        let (approved, record) = approved(&world).await;
        world.endpoint.behaves(silence);
        world.bring(&[&record]).await;
        world.endpoint.behaves(Manner::status(429));
        assert_eq!(world.wait().await, [15]);
        world.endpoint.behaves(Manner::status(404));
        assert_eq!(world.wait().await, [30]);
        let stands = world.stands(&approved.id).await;
        assert!(matches!(stands.stage, Stage::Active(_)) && stands.parcel().is_none(), "{stands:?}");
        assert!(world.wait().await.is_empty());
    }
}

/// What it says of that is not read.
#[tokio::test]
async fn a_client_that_heard_and_goes_on_talking_has_what_it_was_brought() {
    let world = World::that_brings().await;
    let (approved, record) = approved(&world).await;
    world.endpoint.behaves(Manner::SaysTooMuch("HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n"));
    assert!(world.bring(&[&record]).await.is_empty());
    let stands = world.stands(&approved.id).await;
    assert!(matches!(stands.stage, Stage::Active(_)) && stands.parcel().is_none(), "{stands:?}");
}

/// A request may live a quarter of an hour, and an access token five minutes.
#[tokio::test]
async fn tokens_that_end_before_they_are_there_are_made_anew_while_the_request_lives() {
    for going_on in [false, true] {
        let world = World::that_brings().await;
        world.endpoint.behaves(Manner::status(503));
        let (approved, record) = approved_for_long(&world, going_on).await;
        world.bring(&[&record]).await;
        let first = one(&world);
        let mut pauses = Vec::new();
        for _ in 0..4 {
            pauses.extend(world.wait().await);
        }
        assert_eq!(pauses, [15, 30, 60, 120]);
        for again in brought(&world) {
            assert_eq!(again["access_token"], first["access_token"], "they are good still");
        }
        world.endpoint.behaves(Manner::status(204));
        assert_eq!(world.wait().await, [240]);
        let anew = one(&world);
        assert_ne!(anew["access_token"], first["access_token"]);
        let (id_token, access_token) = (claims(&anew["id_token"]), claims(&anew["access_token"]));
        let now = json!(world.clock.now());
        for token in [&id_token, &access_token] {
            assert!(token["exp"].as_i64() > now.as_i64(), "{token} at {now}");
        }
        assert_eq!(anew["expires_in"], 300);
        assert_eq!(id_token["at_hash"], left_half(&anew["access_token"]));
        assert_eq!(id_token[AUTH_REQ_ID], world.auth_req_id(&approved.id).await.reveal());
        assert_eq!(anew["refresh_token"], first["refresh_token"], "of the same family");
        assert_eq!(anew.get("refresh_token").is_some(), going_on);
        let stands = world.stands(&approved.id).await;
        assert!(stands.parcel().is_none() && stands.live_grant(world.clock.now()).is_ok(), "{stands:?}");
        assert!(world.wait().await.is_empty() && world.aws.take("/dead-letters").is_empty());
    }
}

/// The one conditional write, here too.
#[tokio::test]
async fn of_two_who_make_tokens_anew_at_once_one_does() {
    let world = World::that_brings().await;
    world.endpoint.behaves(Manner::status(503));
    let (_, record) = approved_for_long(&world, true).await;
    world.bring(&[&record]).await;
    world.clock.advance(280);
    brought(&world);
    assert!(world.bring(&[&record, &record, &record]).await.is_empty());
    let tokens: Vec<Value> = brought(&world).into_iter().map(|mut one| one["access_token"].take()).collect();
    assert_eq!(tokens.len(), 3);
    assert!(tokens.iter().all(|token| *token == tokens[0]));
}

#[tokio::test]
async fn tokens_are_made_anew_for_nobody_who_was_ended_meanwhile() {
    let world = World::that_brings().await;
    world.endpoint.behaves(Manner::status(503));
    let (approved, record) = approved_for_long(&world, true).await;
    world.bring(&[&record]).await;
    world.clock.advance(400);
    brought(&world);
    world.is(|person| person.disabled = true);
    world.endpoint.behaves(Manner::status(204));
    world.bring(&[&record]).await;
    assert!(brought(&world).is_empty());
    assert_eq!(end_of(&world, &approved.id).await, End::NotGiven);
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
async fn what_cannot_be_issued_after_a_yes_ends_and_is_told_as_a_transaction_that_failed() {
    for disabled in [true, false] {
        let world = World::that_brings().await;
        let (approved, record) = approved(&world).await;
        world.is(|person| {
            person.disabled = disabled;
            person.not_before = (!disabled).then_some(Timestamp::from_seconds(i64::MAX / 2));
        });
        assert!(world.bring(&[&record]).await.is_empty());
        assert!(is_told_of_the_end(&world, &approved.id, "transaction_failed").await);
        // Nor does it come back with the person.
        world.is(|_| {});
        world.bring(&[&record]).await;
        assert!(brought(&world).is_empty());
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
    assert!(is_told_of_the_end(&world, &approved.id, "transaction_failed").await);
}

#[tokio::test]
async fn what_ended_between_two_tries_is_brought_to_nobody_and_its_client_is_told() {
    let world = World::that_brings().await;
    world.endpoint.behaves(Manner::status(503));
    let (ended, record) = approved(&world).await;
    world.bring(&[&record]).await;
    let stands = world.stands(&ended.id).await;
    world.commit(&stands.ended(End::Revoked, world.clock.now()), "").await;
    brought(&world);
    assert!(is_told_of_the_end(&world, &ended.id, "transaction_failed").await);

    world.endpoint.behaves(Manner::status(503));
    let (of_the_disabled, record) = approved(&world).await;
    world.bring(&[&record]).await;
    brought(&world);
    world.is(|person| person.disabled = true);
    assert_eq!(world.wait().await, [15]);
    assert!(is_told_of_the_end(&world, &of_the_disabled.id, "transaction_failed").await);
}

/// Between the yes and its first try, too; and whoever is told by a ping comes and hears it at the token endpoint.
#[tokio::test]
async fn what_ended_after_the_yes_is_told_to_a_client_whatever_way_it_is_told() {
    let world = World::that_brings().await;
    let (approved_one, record) = approved(&world).await;
    world.commit(&approved_one.clone().ended(End::Revoked, world.clock.now()), "").await;
    assert!(is_told_of_the_end(&world, &approved_one.id, "transaction_failed").await);
    world.bring(&[&record]).await;
    assert!(brought(&world).is_empty(), "it is told once");

    let world = World::new(true).await;
    let (approved, _) = approved(&world).await;
    let auth_req_id = world.auth_req_id(&approved.id).await.reveal();
    world.commit(&approved.clone().ended(End::Revoked, world.clock.now()), "").await;
    let news = world.news_of(&approved.id).expect("it is news");
    assert!(world.bring(&[&news]).await.is_empty());
    assert_eq!(one(&world), json!({ "auth_req_id": auth_req_id }));
}

#[tokio::test]
async fn a_client_that_was_switched_off_is_brought_nothing_then_or_later() {
    for was_tried in [false, true] {
        let world = World::that_brings().await;
        let (approved, record) = approved(&world).await;
        if was_tried {
            world.endpoint.behaves(Manner::status(503));
            world.bring(&[&record]).await;
            brought(&world);
            world.endpoint.behaves(Manner::status(204));
        }
        world.switches_the_client(true).await;
        world.bring(&[&record]).await;
        assert!(brought(&world).is_empty(), "it is off");
        if was_tried {
            assert_eq!(end_of(&world, &approved.id).await, End::NotGiven, "nothing lies ready for nobody");
            assert_eq!(world.news_of(&approved.id), None);
        }
        world.switches_the_client(false).await;
        world.bring(&[&record]).await;
        assert!(brought(&world).is_empty(), "what was ended stays so");
    }
}

#[tokio::test]
async fn what_could_not_be_brought_while_the_request_lived_ends_and_somebody_hears_of_it() {
    let world = World::that_brings().await;
    world.endpoint.behaves(Manner::status(429));
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
    assert_eq!(pauses, [15, 30, 60, 60], "the last one shortly before the request ends");
    assert_eq!(world.aws.take("/dead-letters").len(), 1);
    assert_eq!(end_of(&world, &approved.id).await, End::NotGiven);
    brought(&world);
    // The endpoint is up again, too late for anything but the end.
    world.clock.advance(60);
    assert!(is_told_of_the_end(&world, &approved.id, "expired_token").await);
}

/// It took it, perhaps, and was too slow to say so, each time.
#[tokio::test]
async fn what_a_client_may_have_is_left_to_it_and_lies_ready_no_longer_when_the_request_ends() {
    for fault in [Manner::status(504), Manner::IsSilent] {
        for is_late in [false, true] {
            let world = World::that_brings().await;
            let (approved, record) = approved(&world).await;
            world.endpoint.behaves(fault.clone());
            world.bring(&[&record]).await;
            if is_late {
                // The queue brings the next try after the request has ended.
                world.clock.advance(i64::try_from(LIFE.as_secs()).expect("few"));
            }
            while !world.wait().await.is_empty() {}
            let stands = world.stands(&approved.id).await;
            assert!(matches!(stands.stage, Stage::Active(_)) && stands.parcel().is_none(), "{stands:?}");
            assert_eq!(world.news_of(&approved.id), None, "it is told of no end");
            assert_eq!(world.aws.take("/dead-letters").len(), 1, "somebody hears of it");
        }
    }
}

/// The function died before it wrote down that no answer came, or the queue took nothing.
#[tokio::test]
async fn what_lies_ready_before_a_first_try_may_have_arrived() {
    for is_late in [false, true] {
        let world = World::that_brings().await;
        let (approved, record) = approved(&world).await;
        world.endpoint.behaves(Manner::status(500));
        world.aws.refuse("SendMessage", "", 500, "InternalError");
        assert_eq!(world.bring(&[&record]).await.len(), 1, "the record comes again");
        world.aws.mend();
        world.endpoint.behaves(Manner::status(404));
        if is_late {
            world.clock.advance(i64::try_from(LIFE.as_secs()).expect("few"));
        }
        world.bring(&[&record]).await;
        let stands = world.stands(&approved.id).await;
        assert!(matches!(stands.stage, Stage::Active(_)) && stands.parcel().is_none(), "{stands:?}");
        assert_eq!(world.news_of(&approved.id), None, "it is told of no end");
    }
}

/// The table's own clean-up comes late: what lies there is looked at.
#[tokio::test]
async fn what_lies_ready_is_worth_nothing_after_the_request_has_expired() {
    let world = World::that_brings().await;
    world.endpoint.behaves(Manner::status(429));
    let (approved, record) = approved(&world).await;
    world.bring(&[&record]).await;
    brought(&world);
    world.endpoint.behaves(Manner::status(204));
    world.clock.advance(i64::try_from(LIFE.as_secs()).expect("few"));
    assert_eq!(world.wait().await, [15]);
    assert!(brought(&world).is_empty());
    assert_eq!(world.aws.take("/dead-letters").len(), 1);
    assert!(is_told_of_the_end(&world, &approved.id, "expired_token").await);
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
