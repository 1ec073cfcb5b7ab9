mod bringing;
mod endpoint;
mod fake_aws;
mod world;

use std::time::{Duration, Instant};

use oauth::{ChannelKind, Confirmation, ProvenBy, QuietHours, Standing, TimeOfDay, Timestamp};
use serde_json::{Value, json};

use self::endpoint::Manner;
use self::world::{LIFE, NUMBER, PHONE, TOKEN, World, mail, phone, text};

#[tokio::test]
async fn a_text_says_who_asks_what_the_agent_shows_and_where_to_decide_and_nothing_else() {
    let world = World::new(false).await;
    world.has(vec![text()]).await;
    let (request, record) = world.requested(|_| {}).await;
    let (failed, calls) = aws::counted(world.bring(&[&record])).await;
    assert!(failed.is_empty());
    let [sent] = &world.aws.of("Publish")[..] else { panic!("one message") };
    let link = format!("https://pages.test/a/approval?request={}", request.id);
    assert_eq!(sent["Message"], format!("Clean-up agent: 4-1-7\n{link}"));
    assert_eq!(sent["PhoneNumber"], NUMBER);
    assert_eq!(sent["MessageAttributes.entry.1.Name"], "AWS.SNS.SMS.SMSType");
    assert_eq!(sent["MessageAttributes.entry.1.Value.StringValue"], "Transactional");
    assert!(!format!("{sent:?}").contains("secret_plan"));
    // The configuration's pointer and shared items, and its client, are known after the first time.
    assert_eq!((calls.of("SNS.Publish"), calls.of("DynamoDB.BatchGetItem")), (1, 1));
    let (_, record) = world.requested(|_| {}).await;
    let (_, calls) = aws::counted(world.bring(&[&record])).await;
    assert_eq!(calls.to_string(), "DynamoDB.BatchGetItem=1 DynamoDB.GetItem=1 SNS.Publish=1");
}

#[tokio::test]
async fn an_app_is_woken_by_its_own_endpoint_for_as_long_as_there_is_something_to_decide() {
    let world = World::new(false).await;
    world.has(vec![phone()]).await;
    let (request, record) = world.requested(|_| {}).await;
    world.clock.advance(60);
    assert!(world.bring(&[&record]).await.is_empty());
    let [sent] = &world.aws.of("Publish")[..] else { panic!("one message") };
    assert_eq!((sent["TargetArn"].as_str(), sent["MessageStructure"].as_str()), (PHONE, "json"));
    let forms: Value = serde_json::from_str(&sent["Message"]).expect("JSON");
    let google: Value = serde_json::from_str(forms["GCM"].as_str().expect("text")).expect("JSON");
    let link = format!("https://pages.test/a/approval?request={}", request.id);
    assert_eq!(google["fcmV1Message"]["message"]["data"], json!({ "link": link }));
    let attribute = |name: &str| {
        let (entry, _) = sent.iter().find(|(_, value)| *value == name).expect("an attribute");
        sent[&entry.replace(".Name", ".Value.StringValue")].parse::<u64>().expect("a number")
    };
    for name in ["AWS.SNS.MOBILE.GCM.TTL", "AWS.SNS.MOBILE.APNS.TTL"] {
        let left = attribute(name);
        assert!((110..=120).contains(&left), "{name}: {left}");
    }
}

#[tokio::test]
async fn an_email_goes_to_the_topic_and_names_the_device_that_its_subscription_is_filtered_to() {
    let world = World::new(false).await;
    world.has(vec![mail()]).await;
    let (request, record) = world.requested(|requested| requested.request.binding_message = None).await;
    assert!(world.bring(&[&record]).await.is_empty());
    let [sent] = &world.aws.of("Publish")[..] else { panic!("one message") };
    let link = format!("https://pages.test/a/approval?request={}", request.id);
    assert_eq!(sent["Message"], format!("Clean-up agent\n{link}"));
    assert_eq!((sent["TopicArn"].as_str(), sent["Subject"].as_str()), ("arn:people", "Clean-up agent"));
    assert_eq!(sent["MessageAttributes.entry.1.Name"], "device");
    assert_eq!(sent["MessageAttributes.entry.1.Value.StringValue"], mail().id.as_str());
    assert!(!format!("{sent:?}").contains("alice@example.com"));

    let (request, record) = world.requested(|_| {}).await;
    assert!(world.bring(&[&record]).await.is_empty());
    let link = format!("https://pages.test/a/approval?request={}", request.id);
    assert_eq!(world.aws.of("Publish")[1]["Message"], format!("Clean-up agent: 4-1-7\n{link}"));
}

#[tokio::test]
async fn the_first_device_that_takes_it_is_the_only_one_and_none_is_used_that_was_not_confirmed() {
    let world = World::new(false).await;
    let confirmation = Confirmation {
        by: ProvenBy::Subscription,
        expires_at: world.clock.now().after(Duration::from_mins(9)),
    };
    let unconfirmed = oauth::Device { standing: Standing::Unconfirmed(confirmation), ..mail() };
    world.has(vec![unconfirmed, phone(), text()]).await;
    world.aws.refuse("Publish", PHONE, 400, "EndpointDisabled");
    let (_, record) = world.requested(|_| {}).await;
    assert!(world.bring(&[&record]).await.is_empty());
    let sent = world.aws.of("Publish");
    assert_eq!((sent.len(), sent[0].get("PhoneNumber").map(String::as_str)), (1, Some(NUMBER)));
    world.aws.mend();
    assert!(world.bring(&[&record]).await.is_empty());
    let sent = world.aws.of("Publish");
    assert_eq!((sent.len(), sent[1].get("TargetArn").map(String::as_str)), (2, Some(PHONE)));
}

/// SNS takes a mail whether or not its addressee is subscribed still.
#[tokio::test]
async fn a_mail_does_not_end_the_order_and_goes_to_what_its_subscription_is_filtered_to() {
    let world = World::new(false).await;
    let filter = oauth::Sha256Digest::of(b"alice there");
    let address = oauth::EmailAddress::parse("alice@example.com").expect("an address");
    let channel = oauth::Channel::Email { address, subscription: None, filter: Some(filter) };
    world.has(vec![oauth::Device { channel, ..mail() }, phone(), text()]).await;
    let (_, record) = world.requested(|_| {}).await;
    assert!(world.bring(&[&record]).await.is_empty());
    let sent = world.aws.of("Publish");
    assert_eq!((sent.len(), sent[1]["TargetArn"].as_str()), (2, PHONE), "the mail, and the next");
    assert_eq!(sent[0]["MessageAttributes.entry.1.Value.StringValue"], filter.to_base64url());
    // Nobody is left: the mail was one all the same, and nothing is tried again.
    world.aws.refuse("Publish", PHONE, 400, "EndpointDisabled");
    world.aws.refuse("Publish", NUMBER, 500, "InternalFailure");
    assert!(world.bring(&[&record]).await.is_empty());
    assert!(world.aws.of("SendMessage").iter().all(|sent| !sent["MessageBody"].contains("ask")));
}

/// What a person was allowed to register may have been taken back since.
#[tokio::test]
async fn a_number_and_an_address_that_the_configuration_allows_no_longer_are_told_nothing() {
    let world = World::new(false).await;
    let abroad = oauth::PhoneNumber::parse("+882151123456").expect("a number");
    let elsewhere = oauth::EmailAddress::parse("alice@elsewhere.example").expect("an address");
    let abroad = oauth::Channel::Sms { number: abroad };
    let elsewhere = oauth::Channel::Email { address: elsewhere, subscription: None, filter: None };
    let abroad = oauth::Device { channel: abroad, ..text() };
    let elsewhere = oauth::Device { channel: elsewhere, ..mail() };
    world.has(vec![abroad, elsewhere, phone()]).await;
    let (_, record) = world.requested(|_| {}).await;
    assert!(world.bring(&[&record]).await.is_empty());
    let [sent] = &world.aws.of("Publish")[..] else { panic!("one message") };
    assert_eq!(sent["TargetArn"], PHONE);
}

/// Where they have none such, the request says nothing.
#[tokio::test]
async fn the_kind_of_device_that_a_request_names_comes_first_in_the_persons_own_order() {
    for (channel, devices, first) in [
        (ChannelKind::Email, vec![phone(), text(), mail()], "TopicArn"),
        (ChannelKind::Sms, vec![phone(), text(), mail()], "PhoneNumber"),
        (ChannelKind::Push, vec![mail(), phone(), text()], "TargetArn"),
        (ChannelKind::Email, vec![text(), phone()], "PhoneNumber"),
    ] {
        let world = World::new(false).await;
        world.has(devices).await;
        let (_, record) = world.requested(|requested| requested.channel = Some(channel)).await;
        assert!(world.bring(&[&record]).await.is_empty());
        let sent = world.aws.of("Publish");
        assert!(sent[0].contains_key(first), "{channel:?}: {sent:?}");
        assert_eq!(sent.len(), if first == "TopicArn" { 2 } else { 1 });
    }
}

#[tokio::test]
async fn a_second_event_tells_once_more_while_the_request_waits_and_never_after_that() {
    let world = World::new(false).await;
    world.has(vec![text()]).await;
    let (request, record) = world.requested(|_| {}).await;
    world.bring(&[&record, &record]).await;
    assert_eq!(world.aws.of("Publish").len(), 2);
    world.approved(request).await;
    world.bring(&[&record]).await;
    assert_eq!(world.aws.of("Publish").len(), 2, "it is approved");

    let (_, record) = world.requested(|_| {}).await;
    world.clock.advance(180);
    world.bring(&[&record]).await;
    assert_eq!(world.aws.of("Publish").len(), 2, "it has expired");
}

#[tokio::test]
async fn whom_nothing_is_to_be_told_is_told_nothing_and_that_is_no_failure() {
    let world = World::new(false).await;
    let (_, without_device) = world.requested(|_| {}).await;
    assert!(world.bring(&[&without_device]).await.is_empty());
    world.has(vec![text()]).await;
    let (_, of_nobody) = world.requested(|requested| requested.person = None).await;
    let (_, quiet) = world.requested(|requested| requested.rings = false).await;
    let (_, of_a_stranger) = world
        .requested(|requested| requested.request.client_id = oauth::ClientId::parse("gone").expect("an id"))
        .await;
    let mut gone = of_nobody.clone();
    gone["dynamodb"]["NewImage"]["pk"]["S"] = json!(format!("AUTHORIZATION#{}", "A".repeat(22)));
    assert!(world.bring(&[&of_nobody, &quiet, &of_a_stranger, &gone]).await.is_empty());
    let (_, of_the_disabled) = world.requested(|_| {}).await;
    world.is(|person| person.disabled = true);
    assert!(world.bring(&[&of_the_disabled]).await.is_empty());
    world.is(|person| person.not_before = Some(Timestamp::from_seconds(i64::MAX / 2)));
    assert!(world.bring(&[&of_the_disabled]).await.is_empty());
    assert!(world.aws.of("Publish").is_empty() && world.aws.of("SendMessage").is_empty());
}

/// What waits is found on the person's page; and when the hours are over, the next one rings.
#[tokio::test]
async fn in_a_persons_quiet_hours_only_what_the_configuration_calls_urgent_rings() {
    let world = World::new(false).await;
    world.has(vec![text()]).await;
    // Whatever the clock shows in Auckland just now, an hour before and after.
    let zone: languages::Zone = "Pacific/Auckland".parse().expect("a zone");
    let later = |hours: u64| zone.time_of_day(world.clock.now().after(Duration::from_hours(hours)));
    let hours = |from: TimeOfDay, to: TimeOfDay| QuietHours::new(from, to, "Pacific/Auckland");
    world.is_quiet(hours(later(23), later(1))).await;
    let (_, quiet) = world.requested(|_| {}).await;
    assert!(world.bring(&[&quiet]).await.is_empty());
    assert!(world.aws.of("Publish").is_empty());
    let alarm = |requested: &mut oauth::Requested| {
        requested.request.details = serde_json::from_value(json!([{ "type": "alarm" }])).expect("details");
    };
    let beside_another = |requested: &mut oauth::Requested| {
        let details = json!([{ "type": "alarm" }, { "type": "secret_plan" }]);
        requested.request.details = serde_json::from_value(details).expect("details");
    };
    let without_any = |requested: &mut oauth::Requested| {
        requested.request.details = serde_json::from_value(json!([])).expect("details");
    };
    let (_, mixed) = world.requested(beside_another).await;
    let (_, bare) = world.requested(without_any).await;
    assert!(world.bring(&[&mixed, &bare]).await.is_empty());
    assert!(world.aws.of("Publish").is_empty(), "one urgent detail makes no other ring");
    let (_, urgent) = world.requested(alarm).await;
    assert!(world.bring(&[&urgent]).await.is_empty());
    assert_eq!(world.aws.of("Publish").len(), 1);
    for over in [hours(later(1), later(23)), None] {
        world.is_quiet(over).await;
        let before = world.aws.of("Publish").len();
        world.bring(&[&quiet]).await;
        assert_eq!(world.aws.of("Publish").len(), before + 1);
    }
    world.is_quiet(QuietHours::new(later(23), later(1), "Atlantis/Capital")).await;
    world.bring(&[&quiet]).await;
    assert_eq!(world.aws.of("Publish").len(), 4, "a zone that is known no longer silences nothing");
}

/// OpenID CIBA Core 1.0, section 10.2.
#[tokio::test]
async fn a_client_is_told_of_a_yes_and_of_a_no_alike_with_its_own_token() {
    let world = World::new(true).await;
    let (yes, _) = world.requested(|_| {}).await;
    let (no, _) = world.requested(|_| {}).await;
    let ids = [world.auth_req_id(&yes.id).await, world.auth_req_id(&no.id).await];
    let (approved, of_yes) = world.approved(yes).await;
    let of_no = world.declined(no).await;
    for (record, auth_req_id) in [&of_yes, &of_no].into_iter().zip(ids) {
        assert!(world.bring(&[record]).await.is_empty());
        let [heard] = &world.endpoint.heard()[..] else { panic!("one ping") };
        assert!(heard.starts_with("POST /told HTTP/1.1\r\n"), "{heard}");
        assert!(heard.contains(&format!("\r\nauthorization: Bearer {TOKEN}\r\n")), "{heard}");
        assert!(heard.contains("\r\ncontent-type: application/json\r\n"), "{heard}");
        let body = format!("\r\n\r\n{{\"auth_req_id\":\"{}\"}}", auth_req_id.reveal());
        assert!(heard.ends_with(&body), "{heard}");
    }
    world.redeemed(approved).await;
    assert!(world.bring(&[&of_yes]).await.is_empty());
    assert!(world.endpoint.heard().is_empty(), "it knows");
    assert!(world.aws.of("SendMessage").is_empty());
}

#[tokio::test]
async fn a_client_that_polls_is_told_nothing() {
    let world = World::new(false).await;
    let (request, record) = world.requested(|_| {}).await;
    let (_, decided) = world.approved(request).await;
    assert!(world.bring(&[&record, &decided]).await.is_empty());
    assert!(world.endpoint.heard().is_empty() && world.aws.of("SendMessage").is_empty());
}

#[tokio::test]
async fn what_a_client_answers_decides_whether_it_is_told_again() {
    let redirect = "HTTP/1.1 307 x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_owned();
    let endless = "HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n";
    let table = [
        (Manner::status(200), false),
        (Manner::status(204), false),
        (Manner::status(302), false),
        (Manner::Says(redirect), false),
        (Manner::status(400), false),
        (Manner::status(401), false),
        (Manner::status(404), false),
        (Manner::SaysTooMuch(endless), false),
        (Manner::status(429), true),
        (Manner::status(500), true),
        (Manner::status(503), true),
        (Manner::Says(String::new()), true),
        (Manner::Says("nonsense\r\n\r\n".to_owned()), true),
        (Manner::IsSilent, true),
    ];
    let world = World::new(true).await;
    for (manner, again) in table {
        let (request, _) = world.requested(|_| {}).await;
        let (_, record) = world.approved(request).await;
        world.endpoint.behaves(manner.clone());
        let began = Instant::now();
        assert!(world.bring(&[&record]).await.is_empty());
        assert!(began.elapsed() < Duration::from_secs(8), "{manner:?} took {:?}", began.elapsed());
        assert_eq!(world.endpoint.heard().len(), 1, "{manner:?}");
        let put_off = world.aws.take("/delayed");
        assert_eq!(
            put_off.iter().map(|(delay, _)| *delay).collect::<Vec<_>>(),
            vec![15; usize::from(again)],
            "{manner:?}"
        );
        assert!(world.aws.take("/dead-letters").is_empty());
    }
}

#[tokio::test]
async fn a_person_whom_sns_does_not_reach_is_tried_after_longer_and_longer_pauses_while_the_request_waits() {
    let world = World::new(false).await;
    world.has(vec![text()]).await;
    world.aws.refuse("Publish", NUMBER, 500, "InternalError");
    let (request, record) = world.requested(|_| {}).await;
    assert!(world.bring(&[&record]).await.is_empty());
    let mut pauses = Vec::new();
    loop {
        let waited = world.wait().await;
        if waited.is_empty() {
            break;
        }
        pauses.extend(waited);
    }
    assert_eq!(pauses, [15, 30, 60, 60]);
    let [(0, letter)] = &world.aws.take("/dead-letters")[..] else { panic!("one letter") };
    let letter: Value = serde_json::from_str(letter).expect("JSON");
    assert_eq!(
        letter,
        json!({ "kind": "ask", "authorization": request.id, "tries": 5, "why": "InternalError" })
    );
}

#[tokio::test]
async fn sns_that_was_down_for_the_first_minute_loses_nothing() {
    let world = World::new(false).await;
    world.has(vec![text()]).await;
    for (status, code) in [(429, "Throttled"), (403, "AuthorizationError"), (503, "ServiceUnavailable")] {
        world.aws.refuse("Publish", NUMBER, status, code);
        let (request, record) = world.requested(|_| {}).await;
        assert!(world.bring(&[&record]).await.is_empty());
        assert_eq!((world.wait().await, world.wait().await), (vec![15], vec![30]), "{code}");
        world.aws.mend();
        assert_eq!(world.wait().await, [60]);
        let sent = world.aws.of("Publish");
        assert!(sent.last().expect("sent")["Message"].ends_with(request.id.as_str()), "{code}");
        assert!(world.aws.of("SendMessage").is_empty());
    }
}

#[tokio::test]
async fn a_person_whose_devices_are_all_gone_is_not_tried_again() {
    let world = World::new(false).await;
    world.has(vec![phone(), text()]).await;
    world.aws.refuse("Publish", PHONE, 400, "EndpointDisabled");
    world.aws.refuse("Publish", NUMBER, 400, "InvalidParameter");
    let (_, record) = world.requested(|_| {}).await;
    assert!(world.bring(&[&record]).await.is_empty());
    assert!(world.aws.of("SendMessage").is_empty());
}

#[tokio::test]
async fn a_client_that_is_down_for_a_while_is_told_once_it_is_up_and_nothing_in_the_queue_is_secret() {
    let world = World::new(true).await;
    let (request, _) = world.requested(|_| {}).await;
    let auth_req_id = world.auth_req_id(&request.id).await.reveal();
    let (_, record) = world.approved(request).await;
    world.endpoint.behaves(Manner::status(503));
    assert!(world.bring(&[&record]).await.is_empty());
    let waiting = world.aws.of("SendMessage");
    let (_, secret) = auth_req_id.split_once('.').expect("two parts");
    assert!(!format!("{waiting:?}").contains(secret) && !format!("{waiting:?}").contains(TOKEN));
    assert_eq!(world.wait().await, [15]);
    world.endpoint.behaves(Manner::status(204));
    assert_eq!(world.wait().await, [30]);
    assert_eq!(world.endpoint.heard().len(), 3);
    assert!(world.wait().await.is_empty());
}

/// Nothing is written when a request expires: a timer tells.
#[tokio::test]
async fn a_client_hears_that_its_request_has_expired_unless_it_was_decided() {
    for (decided, pings) in [(false, 1), (true, 0)] {
        let world = World::new(true).await;
        // As the client is told, so it is for nobody: it does not learn whether it named somebody.
        let (request, record) =
            world.requested(|requested| requested.person = requested.person.take().filter(|_| decided)).await;
        assert!(world.bring(&[&record]).await.is_empty());
        if decided {
            world.approved(request).await;
        }
        assert_eq!(world.wait().await, [LIFE.as_secs() + 1]);
        assert_eq!(world.endpoint.heard().len(), pings);
        assert!(world.wait().await.is_empty());
    }
}

#[tokio::test]
async fn a_timer_that_is_longer_than_the_queue_holds_anything_goes_in_stages() {
    let world = World::new(true).await;
    let long = |requested: &mut oauth::Requested| {
        requested.awaited.expires_at = requested.requested_at.after(Duration::from_secs(2000));
    };
    let (_, record) = world.requested(long).await;
    assert!(world.bring(&[&record]).await.is_empty());
    assert_eq!((world.wait().await, world.wait().await), (vec![900], vec![900]));
    assert!(world.endpoint.heard().is_empty());
    let last = world.wait().await;
    assert!((195..=201).contains(&last[0]), "{last:?}");
    assert_eq!(world.endpoint.heard().len(), 1);
}

#[tokio::test]
async fn a_poisoned_record_holds_up_nobody_and_lies_among_the_dead_letters() {
    let world = World::new(true).await;
    world.has(vec![text()]).await;
    let (_, good) = world.requested(|_| {}).await;
    let (other, _) = world.requested(|_| {}).await;
    let (_, decided) = world.approved(other).await;
    let poison = json!({ "eventID": "poison", "eventSource": "aws:dynamodb", "dynamodb": { "NewImage": 7 } });
    let junk = json!({ "messageId": "junk", "eventSource": "aws:sqs", "body": "{}" });
    assert!(world.bring(&[&poison, &good, &junk, &decided]).await.is_empty());
    assert_eq!((world.aws.of("Publish").len(), world.endpoint.heard().len()), (1, 1));
    let letters: Vec<Value> = world
        .aws
        .take("/dead-letters")
        .iter()
        .map(|(_, letter)| serde_json::from_str(letter).expect("JSON"))
        .collect();
    assert_eq!(
        letters,
        [
            json!({ "unreadable": "no authorization", "event": "poison" }),
            json!({ "unreadable": "no errand", "event": "junk" }),
        ]
    );
}

#[tokio::test]
async fn whoever_hangs_holds_up_nobody_in_the_batch() {
    let world = World::new(true).await;
    world.has(vec![text()]).await;
    let (first, _) = world.requested(|_| {}).await;
    let (second, _) = world.requested(|_| {}).await;
    let ((_, first), (_, second)) = (world.approved(first).await, world.approved(second).await);
    let (_, good) = world.requested(|_| {}).await;
    world.endpoint.behaves(Manner::IsSilent);
    let began = Instant::now();
    assert!(world.bring(&[&first, &second, &good]).await.is_empty());
    assert!(began.elapsed() < Duration::from_secs(8), "side by side: {:?}", began.elapsed());
    assert_eq!(world.aws.of("Publish").len(), 1);
}

#[tokio::test]
async fn a_table_that_does_not_answer_puts_it_off() {
    let world = World::new(false).await;
    world.has(vec![text()]).await;
    let (_, record) = world.requested(|_| {}).await;
    world.aws.refuse("GetItem", "AUTHORIZATION", 500, "InternalServerError");
    assert!(world.bring(&[&record]).await.is_empty());
    world.aws.mend();
    assert!(world.aws.of("Publish").is_empty());
    assert_eq!(world.wait().await, [15, 15], "the message, and the timer");
    assert_eq!(world.aws.of("Publish").len(), 1);
}

#[tokio::test]
async fn only_what_not_even_the_queue_takes_has_to_be_brought_again() {
    let world = World::new(false).await;
    world.has(vec![text()]).await;
    let (_, good) = world.requested(|_| {}).await;
    let (lost, record) = world.requested(|_| {}).await;
    world.aws.refuse("Publish", lost.id.as_str(), 500, "InternalError");
    world.aws.refuse("SendMessage", "", 500, "InternalError");
    assert_eq!(world.bring(&[&good, &record]).await, [json!(lost.id)]);
    assert_eq!(world.aws.of("Publish").len(), 1);
    world.aws.mend();
    assert!(world.bring(&[&record]).await.is_empty());
    assert_eq!(world.aws.of("Publish").len(), 2);
}
