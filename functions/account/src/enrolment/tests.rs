//! Phones that SNS wakes: what an app that has shown its person's token comes to.

use http::{Method, Response};
use oauth::{AccessTokenClaims, EndpointArn};
use serde_json::{Value, json};
use store::Person;

use super::{Visit, enrols};
use crate::tests::fake_aws::Said;
use crate::tests::world::{APP, World};

const PHONE: &str = "arn:aws:sns:us-east-1:123456789012:endpoint/GCM/agents/3f2a";

fn made() -> Said {
    Said::Yes(format!("<EndpointArn>{PHONE}</EndpointArn>"))
}

fn claims(person: &Person) -> AccessTokenClaims {
    let claims = json!({
        "iss": "https://us.test", "sub": person.id, "aud": "https://us.test", "exp": 2_000_000_000, "iat": 1_800_000_000,
        "jti": "A".repeat(22), "client_id": "company-app", "scope": "devices",
    });
    serde_json::from_value(claims).expect("claims")
}

/// An app of this person's enrols a phone: the status, or how it was refused.
async fn enrol(world: &World, person: &Person, token: &str) -> Result<u16, String> {
    let body = json!({ "platform": "GCM", "token": token, "name": "Work phone" }).to_string();
    let request = World::request(Method::POST, "/devices", "application/json", body);
    let visit = Visit::begin(&world.store, &world.clock, &request).await.expect("begun");
    let answered = enrols(&world.services, &visit, &claims(person), person.clone()).await;
    answered.map(|answer: Response| answer.status().as_u16()).map_err(|problem| format!("{problem:?}"))
}

async fn phones(world: &World, person: &Person) -> Vec<String> {
    let (_, kept) = world.store.person_and_devices(&person.id).await.expect("read");
    kept.reach.in_use().map(|device| device.channel.destination().to_owned()).collect()
}

#[tokio::test]
async fn a_phone_is_made_known_to_sns_by_its_token_alone_and_woken() {
    let world = World::new().await;
    let alice = world.somebody(1).await.person;
    world.aws.says("CreatePlatformEndpoint", [made()]);
    assert_eq!(enrol(&world, &alice, "a-token").await, Ok(201));
    let [made, woken] = &world.aws.asked()[..] else { panic!("two calls") };
    assert_eq!(
        (made["Action"].as_str(), made["PlatformApplicationArn"].as_str(), made["Token"].as_str()),
        ("CreatePlatformEndpoint", APP, "a-token")
    );
    assert!(!format!("{made:?}").contains(alice.id.as_str()));
    assert_eq!((woken["Action"].as_str(), woken["EndpointArn"].as_str()), ("SetEndpointAttributes", PHONE));
    assert_eq!(phones(&world, &alice).await, [PHONE]);
    assert_eq!(enrol(&world, &alice, "a-token").await, Ok(200), "the same again is the same");
    let kept: Vec<Value> = [world.aws.bodies_of("DEVICES#"), world.aws.bodies_of("PLACE#")].concat();
    assert!(!format!("{kept:?}").contains("a-token"));
}

#[tokio::test]
async fn a_phone_that_sns_does_not_take_is_refused_and_nothing_is_left_behind() {
    for (said, expected) in [
        (Said::No(400, "Throttled", "Rate exceeded"), "Unavailable"),
        (Said::No(400, "InvalidParameter", "Invalid parameter: Token Reason: too short"), "DeviceUnusable"),
        (
            Said::No(
                400,
                "InvalidParameter",
                "Invalid parameter: Token Reason: arn:aws:sns:us-east-1:123456789012:endpoint/GCM/agents/3f2a is odd",
            ),
            "DeviceUnusable",
        ),
        (Said::Nothing, "Unavailable"),
    ] {
        let world = World::new().await;
        let alice = world.somebody(1).await.person;
        world.aws.says("CreatePlatformEndpoint", [said.clone()]);
        let refused = enrol(&world, &alice, "a-token").await.expect_err("refused");
        assert!(refused.contains(expected), "{said:?}: {refused}");
        assert!(phones(&world, &alice).await.is_empty());
        assert!(world.aws.bodies_of("PLACE#").is_empty());
    }
}

#[tokio::test]
async fn a_phone_that_changes_hands_rings_for_whoever_signed_in_last_and_its_former_owner_is_told() {
    let world = World::new().await;
    let (alice, bob) = (world.somebody(1).await.person, world.somebody(2).await.person);
    world.aws.says(
        "CreatePlatformEndpoint",
        [made(), Said::Yes(format!("<EndpointArn>{PHONE}-2</EndpointArn>")), made()],
    );
    assert_eq!(enrol(&world, &alice, "a-token").await, Ok(201));
    assert_eq!(enrol(&world, &alice, "another").await, Ok(201));
    world.aws.asked();
    assert_eq!(enrol(&world, &bob, "a-token").await, Ok(201));
    let other = format!("{PHONE}-2");
    assert_eq!(
        (phones(&world, &alice).await, phones(&world, &bob).await),
        (vec![other.clone()], vec![PHONE.to_owned()])
    );
    let asked = world.aws.asked();
    let told: Vec<&str> = asked
        .iter()
        .filter(|form| form["Action"] == "Publish")
        .map(|form| form["TargetArn"].as_str())
        .collect();
    assert_eq!(told, [other.as_str()], "on what is left to her, and not on what is his");
    assert!(asked.last().expect("a message")["Message"].contains("A device was removed from your account"));
    // She signs in on it again.
    assert_eq!(enrol(&world, &alice, "a-token").await, Ok(201));
    assert_eq!((phones(&world, &alice).await.len(), phones(&world, &bob).await.len()), (2, 0));
}

#[tokio::test]
async fn whoever_has_ten_devices_is_refused_before_sns_is_asked_and_their_own_phone_is_not() {
    let world = World::new().await;
    let alice = world.somebody(1).await.person;
    let endpoint = |number: usize| EndpointArn::parse(&format!("{PHONE}-{number}")).expect("an ARN");
    for number in 0..10 {
        let said = format!("<EndpointArn>{}</EndpointArn>", endpoint(number));
        world.aws.says("CreatePlatformEndpoint", [Said::Yes(said)]);
        assert_eq!(enrol(&world, &alice, &format!("token-{number}")).await, Ok(201));
    }
    world.aws.asked();
    let refused = enrol(&world, &alice, "an-eleventh").await.expect_err("refused");
    assert!(refused.contains("as many devices"), "{refused}");
    assert!(world.aws.asked().is_empty());
    assert_eq!(enrol(&world, &alice, "token-9").await, Ok(200));
}
