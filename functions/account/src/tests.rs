//! What people are reached on, where SNS reaches them: under the real SDK, at the pages that people open.

pub(crate) mod fake_aws;
pub(crate) mod world;

use serde_json::{Value, json};

use self::fake_aws::Said;
use self::world::{TOPIC, World};

const DEVICES: &str = "/account/devices";
const NUMBER: &str = "+4915112345678";
const SHARED: &str = "team@example.com";
const NOT_SENT: &str = "The message could not be sent.";
const IN_USE: &str = "This address cannot be used now";
const OTHERS: Said = Said::No(
    400,
    "InvalidParameter",
    "Invalid parameter: Attributes Reason: Subscription already exists with different attributes",
);

fn arn(number: u8) -> String {
    format!("{TOPIC}:6b0e71bd-7e97-4d97-80ce-{number:012}")
}

fn subscribed(number: u8) -> Said {
    Said::Yes(format!("<SubscriptionArn>{}</SubscriptionArn>", arn(number)))
}

fn pending(is_pending: bool) -> Said {
    let entry = format!("<entry><key>PendingConfirmation</key><value>{is_pending}</value></entry>");
    Said::Yes(format!("<Attributes>{entry}</Attributes>"))
}

fn mail(address: &str) -> [(&str, &str); 3] {
    [("do", "email"), ("address", address), ("name", "Mail")]
}

const TEXT: [(&str, &str); 3] = [("do", "sms"), ("address", NUMBER), ("name", "Phone")];

/// The devices of everybody, as the table has them.
fn devices(world: &World) -> Vec<Value> {
    let all = world.aws.bodies_of("DEVICES#");
    all.iter().flat_map(|reach| reach["devices"].as_array().expect("devices").clone()).collect()
}

/// Who holds a place, as the table has it.
fn holders(world: &World) -> Vec<Value> {
    world.aws.bodies_of("PLACE#").iter().map(|place| place["holder"]["person"].clone()).collect()
}

#[tokio::test]
async fn a_number_gets_a_text_with_the_link_that_confirms_it() {
    let world = World::new().await;
    let mut alice = world.somebody(1).await;
    let answered = alice.presses(DEVICES, &TEXT).await;
    assert_eq!(answered.location, "/account/devices?notice=link-sent", "{}", answered.text);
    let [sent] = &world.aws.asked()[..] else { panic!("one call") };
    assert_eq!((sent["Action"].as_str(), sent["PhoneNumber"].as_str()), ("Publish", NUMBER));
    let link = format!("\nhttps://us.test/account/devices/confirm?device={}&code=", alice.device().await);
    assert!(
        sent["Message"].starts_with("Acme: Confirm that this reaches you") && sent["Message"].contains(&link)
    );
    assert_eq!(devices(&world)[0]["confirmed_at"], json!(null), "it waits");
    let link = sent["Message"].lines().nth(1).expect("a link").replace("https://us.test", "");
    let page = alice.opens(&link).await.text;
    let field = |name: &str| {
        let rest = page.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("a field");
        rest.split('"').next().expect("a value").to_owned()
    };
    let fields = [("device", field("device")), ("code", field("code"))];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    // The page posts to the path of the link.
    let confirmed = alice.presses_on(&link, "/account/devices/confirm", &fields).await;
    assert_eq!(confirmed.location, "/account/devices?notice=device-confirmed");
    assert!(devices(&world)[0]["confirmed_at"].is_i64());
}

#[tokio::test]
async fn a_number_that_sns_does_not_reach_is_said_plainly_and_does_not_wait() {
    for said in [
        Said::No(400, "Throttled", "Rate exceeded"),
        Said::No(400, "InvalidParameter", "Invalid parameter: PhoneNumber"),
        Said::No(403, "AuthorizationError", "no"),
        Said::Nothing,
    ] {
        let world = World::new().await;
        let mut alice = world.somebody(1).await;
        world.aws.says("Publish", [said.clone()]);
        let answered = alice.presses(DEVICES, &TEXT).await;
        assert_eq!(answered.status, 422, "{said:?}");
        assert!(answered.text.contains(NOT_SENT), "{said:?}");
        assert!(devices(&world).is_empty(), "{said:?}");
    }
}

#[tokio::test]
async fn an_address_is_subscribed_and_waits_until_sns_says_that_its_addressee_agreed() {
    let world = World::new().await;
    let mut alice = world.somebody(1).await;
    world.aws.says("Subscribe", [subscribed(1)]);
    let answered = alice.presses(DEVICES, &mail("Alice@Example.com")).await;
    assert_eq!(answered.location, "/account/devices?notice=addressee-asked", "{}", answered.text);
    let [asked] = &world.aws.asked()[..] else { panic!("one call, and no message") };
    assert_eq!((asked["Action"].as_str(), asked["Endpoint"].as_str()), ("Subscribe", "alice@example.com"));
    assert_eq!(asked["ReturnSubscriptionArn"], "true");
    let device = devices(&world).remove(0);
    assert_eq!((&device["confirmed_at"], &device["channel"]["subscription"]), (&json!(null), &json!(arn(1))));
    let filter = json!({ "device": [device["channel"]["filter"]] }).to_string();
    assert_eq!(asked["Attributes.entry.1.value"], filter);
    assert!(!filter.contains("alice") && !filter.contains(alice.person.id.as_str()));

    let id = alice.device().await;
    world.aws.says("GetSubscriptionAttributes", [pending(true)]);
    let early = alice.presses(DEVICES, &[("do", "check"), ("device", &id)]).await;
    assert_eq!(early.status, 422);
    world.aws.says("GetSubscriptionAttributes", [pending(false)]);
    let agreed = alice.presses(DEVICES, &[("do", "check"), ("device", &id)]).await;
    assert_eq!(agreed.location, "/account/devices?notice=device-confirmed");
    assert_eq!(holders(&world), [json!(alice.person.id)]);
    // What is said on it names what its subscription is filtered to.
    world.aws.asked();
    alice.presses(DEVICES, &[("do", "quiet"), ("from", "22:00"), ("to", "07:00"), ("zone", "UTC")]).await;
    let [sent] = &world.aws.asked()[..] else { panic!("one message") };
    assert_eq!(
        sent["MessageAttributes.entry.1.Value.StringValue"],
        device["channel"]["filter"].as_str().expect("text")
    );
}

/// A subscription is a person's at an address, not a device's: it is the same one after the device was forgotten, removed or confirmed.
#[tokio::test]
async fn the_same_person_registers_the_same_address_again_at_any_time() {
    let world = World::new().await;
    let mut alice = world.somebody(1).await;
    world.aws.says("Subscribe", [subscribed(1)]);
    world.aws.says("GetSubscriptionAttributes", [pending(false)]);
    world.aws.says("Unsubscribe", [Said::No(500, "InternalFailure", "no")]);
    let mut filters = Vec::new();
    // The first is confirmed and removed, and SNS does not end it; nobody confirms the second; the third waits when it is named again.
    for (does, pause) in [("remove", 61), ("", 62), ("", 1), ("", 1)] {
        let answered = alice.presses(DEVICES, &mail("alice@example.com")).await;
        assert_eq!(answered.status, 303, "{}", answered.text);
        filters.push(world.aws.asked().last().expect("asked")["Attributes.entry.1.value"].clone());
        if does == "remove" {
            let id = alice.device().await;
            assert_eq!(alice.presses(DEVICES, &[("do", "check"), ("device", &id)]).await.status, 303);
            assert_eq!(alice.presses(DEVICES, &[("do", "remove"), ("device", &id)]).await.status, 303);
        }
        world.clock.advance(pause * 60);
    }
    assert!(filters.iter().all(|filter| *filter == filters[0]), "{filters:?}");
}

#[tokio::test]
async fn an_address_is_one_persons_until_they_let_go_of_it_and_each_has_a_subscription_of_their_own() {
    let world = World::new().await;
    let (mut alice, mut bob) = (world.somebody(1).await, world.somebody(2).await);
    world.aws.says("Subscribe", [subscribed(1)]);
    world.aws.says("GetSubscriptionAttributes", [pending(false)]);
    alice.presses(DEVICES, &mail(SHARED)).await;
    let first = world.aws.asked().remove(0);
    let refused = bob.presses(DEVICES, &mail(SHARED)).await;
    assert!(refused.status == 422 && refused.text.contains(IN_USE), "{}", refused.text);
    assert!(world.aws.asked().is_empty(), "SNS is not asked");

    let id = alice.device().await;
    alice.presses(DEVICES, &[("do", "check"), ("device", &id)]).await;
    world.clock.advance(2 * 60 * 60);
    let refused = bob.presses(DEVICES, &mail(SHARED)).await;
    assert!(refused.text.contains(IN_USE), "what is proven does not lapse");
    // SNS is down when it is let go: whoever comes next ends it.
    world.aws.says("Unsubscribe", [Said::No(500, "InternalFailure", "no"), Said::Yes(String::new())]);
    alice.presses(DEVICES, &[("do", "remove"), ("device", &id)]).await;
    assert_eq!(holders(&world), [json!(null)]);
    world.aws.asked();
    world.aws.says("Subscribe", [OTHERS, subscribed(2)]);
    let taken = bob.presses(DEVICES, &mail(SHARED)).await;
    assert_eq!(taken.location, "/account/devices?notice=addressee-asked", "{}", taken.text);
    let asked = world.aws.asked();
    let actions: Vec<&str> = asked.iter().map(|form| form["Action"].as_str()).collect();
    assert_eq!(actions, ["Subscribe", "Unsubscribe", "Subscribe"]);
    assert_eq!(asked[1]["SubscriptionArn"], arn(1));
    assert_ne!(asked[0]["Attributes.entry.1.value"], first["Attributes.entry.1.value"]);
    assert_eq!(holders(&world), [json!(bob.person.id)]);
}

#[tokio::test]
async fn what_nobody_confirms_and_whoever_is_gone_hold_no_address() {
    let world = World::new().await;
    let (mut alice, mut bob) = (world.somebody(1).await, world.somebody(2).await);
    world.aws.says("Subscribe", [subscribed(1)]);
    alice.presses(DEVICES, &mail(SHARED)).await;
    world.clock.advance(61 * 60);
    assert_eq!(bob.presses(DEVICES, &mail(SHARED)).await.status, 303);
    // It is too late for the first one, whatever SNS says.
    let id = bob.device().await;
    world.aws.says("GetSubscriptionAttributes", [pending(false)]);
    assert_eq!(bob.presses(DEVICES, &[("do", "check"), ("device", &id)]).await.status, 303);
    assert_eq!(holders(&world), [json!(bob.person.id)]);
    world.aws.forget(&format!("PERSON#{}", bob.person.id));
    world.clock.advance(61 * 60);
    let mut carol = world.somebody(3).await;
    assert_eq!(carol.presses(DEVICES, &mail(SHARED)).await.status, 303);
    assert_eq!(holders(&world), [json!(carol.person.id)]);
}

#[tokio::test]
async fn an_address_that_sns_does_not_take_is_said_plainly_and_nothing_is_left_behind() {
    for (said, expected) in [
        (Said::No(400, "Throttled", "Rate exceeded"), NOT_SENT),
        (Said::No(400, "InvalidParameter", "Invalid parameter: Email address"), NOT_SENT),
        (Said::No(403, "AuthorizationError", "no"), NOT_SENT),
        (Said::Nothing, NOT_SENT),
        (OTHERS, IN_USE),
    ] {
        let world = World::new().await;
        let (mut alice, mut bob) = (world.somebody(1).await, world.somebody(2).await);
        world.aws.says("Subscribe", [said.clone(), subscribed(1)]);
        let answered = alice.presses(DEVICES, &mail(SHARED)).await;
        assert!(answered.status == 422 && answered.text.contains(expected), "{said:?}: {}", answered.text);
        assert!(devices(&world).is_empty(), "{said:?}");
        assert_eq!(holders(&world), [json!(null)], "{said:?}");
        assert_eq!(bob.presses(DEVICES, &mail(SHARED)).await.status, 303, "it is free");
    }
}
