use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn client(name: &str) -> ClientId {
    ClientId::parse(name).unwrap()
}

/// What a client asks, for itself or for who would act.
fn by(client: &str, actor: Option<&str>) -> BackchannelRequest {
    let request = serde_json::json!({
        "client_id": client, "scope": "openid", "resources": [], "binding_message": null, "actor": actor,
    });
    serde_json::from_value(request).expect("a request")
}

fn own(client: &str) -> BackchannelRequest {
    by(client, None)
}

fn id(number: u8) -> GrantId {
    GrantId::from_random([number; 16])
}

fn settings() -> BackchannelSettings {
    BackchannelSettings { asks_per_hour: 6, asks_of_one_client_per_hour: 3, ..Default::default() }
}

/// What a client knows the person by, unless a test says otherwise.
fn alice() -> PersonId {
    PersonId::from_random([1; 16])
}

/// This is asked under that name, and heard.
fn ask(asks: Asks, by: &BackchannelRequest, number: u8, (expires_at, now): (Timestamp, Timestamp)) -> Asks {
    ask_as(asks, (by, &alice()), number, (expires_at, now), true)
}

fn ask_as(
    asks: Asks,
    (request, named): (&BackchannelRequest, &PersonId),
    number: u8,
    (expires_at, now): (Timestamp, Timestamp),
    rings: bool,
) -> Asks {
    asks.asked(Approach { request, named, urgent: false }, (&id(number), expires_at), rings, now)
}

fn may_ask(asks: &Asks, request: &BackchannelRequest, now: Timestamp) -> MayAsk {
    may_ask_as(asks, (request, &alice()), now)
}

fn may_ask_as(asks: &Asks, (request, named): (&BackchannelRequest, &PersonId), now: Timestamp) -> MayAsk {
    asks.may_ask(Approach { request, named, urgent: false }, &settings(), now)
}

fn minutes(minutes: u64) -> Timestamp {
    NOW.after(Duration::from_mins(minutes))
}

/// Asks at these minutes, each answered with a yes at once.
fn answered(agent: &str, at: &[u64]) -> Asks {
    let agent = own(agent);
    at.iter().fold(Asks::default(), |asks, minute| {
        let number = u8::try_from(*minute).unwrap();
        let asked = ask(asks, &agent, number, (minutes(minute + 3), minutes(*minute)));
        asked.settled(&[id(number)], minutes(*minute))
    })
}

#[test]
fn a_client_asks_only_so_often_in_an_hour() {
    let asks = answered("agent", &[0, 10, 20]);
    let may = |name, at| may_ask(&asks, &own(name), minutes(at));
    assert_eq!(may("agent", 21), MayAsk::Later(Duration::from_mins(39)));
    assert_eq!(may("other", 21), MayAsk::Yes);
    assert_eq!(may("agent", 60), MayAsk::Yes);
}

#[test]
fn a_person_hears_of_only_so_many_in_an_hour_by_all_together() {
    let mut asks = Asks::default();
    for number in 0..6 {
        let agent = own(&format!("agent-{number}"));
        asks = ask(asks, &agent, number, (minutes(1), NOW)).settled(&[id(number)], NOW);
    }
    let may = |at| may_ask(&asks, &own("seventh"), minutes(at));
    assert_eq!(may(10), MayAsk::Silently);
    assert_eq!(may(60), MayAsk::Yes);
}

#[test]
fn no_flood_of_requests_waits_at_once() {
    let agent = own("agent");
    let first = ask(Asks::default(), &agent, 1, (minutes(3), NOW));
    let asks = ask(first, &agent, 2, (minutes(4), NOW));
    assert_eq!(may_ask(&asks, &agent, NOW), MayAsk::Later(Duration::from_mins(3)));
    let settled = asks.clone().settled(&[id(1)], NOW);
    assert_eq!(may_ask(&settled, &agent, NOW), MayAsk::Yes);
    assert_eq!(may_ask(&asks, &agent, minutes(3)), MayAsk::Yes);
}

#[test]
fn whoever_is_declined_waits_longer_each_time() {
    let agent = own("agent");
    let mut asks = Asks::default();
    for (number, waits) in [(0, 1), (1, 2), (2, 4)] {
        let at = minutes(u64::from(number) * 70);
        asks = ask(asks, &agent, number, (at, at)).declined(&agent, &id(number), at);
        assert_eq!(may_ask(&asks, &agent, at), MayAsk::Later(Duration::from_mins(waits)));
    }
    let later = minutes(140 + 24 * 60);
    let forgiven = ask(asks, &agent, 3, (later, later)).declined(&agent, &id(3), later);
    assert_eq!(may_ask(&forgiven, &agent, later), MayAsk::Later(Duration::from_mins(1)));
}

#[test]
fn a_blocked_client_is_told_to_wait_as_any_other_and_takes_nobodys_place() {
    let agent = own("agent");
    let asked = |asks: Asks, number| ask(asks, &agent, number, (minutes(3), NOW));
    let mut asks = asked(asked(Asks::default().blocked(&client("agent")), 1), 2);
    assert_eq!(may_ask(&asks, &agent, NOW), MayAsk::Later(Duration::from_mins(3)));
    for number in 3..20 {
        asks = asked(asks, number);
    }
    assert_eq!(may_ask(&asks, &own("other"), NOW), MayAsk::Yes);
}

#[test]
fn who_shows_wrong_codes_waits_longer_each_time_and_nobody_else_does() {
    let (agent, other) = (client("agent"), client("other"));
    let mut asks = Asks::default();
    for _ in 0..FREE_CODES {
        assert!(asks.may_show_code(&agent, NOW));
        asks = asks.showed_wrong_code(&agent, NOW);
    }
    for (at, waits) in [(0, 1), (1, 2), (3, 4)] {
        assert!(asks.may_show_code(&agent, minutes(at)), "{at}");
        asks = asks.showed_wrong_code(&agent, minutes(at));
        assert!(!asks.may_show_code(&agent, minutes(at + waits - 1)), "{at}");
        assert!(asks.may_show_code(&agent, minutes(at + waits)), "{at}");
        assert!(asks.may_show_code(&other, minutes(at)));
    }
    let many = (0..100).fold(asks.clone(), |asks, _| asks.showed_wrong_code(&agent, NOW));
    assert!(!many.may_show_code(&agent, minutes(59)) && many.may_show_code(&agent, minutes(60)));
    assert!(asks.showed_right_code(&agent).may_show_code(&agent, minutes(3)), "the right one forgives");
    assert_eq!(many.forgotten_at(), Some(NOW.after(FORGIVEN)));
}

/// Whichever way an agent asks, by itself or through clients that name it, it is one agent.
#[test]
fn an_agent_beyond_its_limit_rings_nobody_through_another_client_and_the_client_does_not_learn_why() {
    let now = minutes(21);
    let ways = [by("first", Some("agent")), by("second", Some("agent")), own("agent")];
    let often = ways.iter().zip([0, 10, 20]).zip(1..).fold(Asks::default(), |asks, ((way, at), number)| {
        let asked = ask(asks, way, number, (minutes(at + 3), minutes(at)));
        asked.settled(&[id(number)], minutes(at))
    });
    let waiting = ask(Asks::default(), &ways[0], 1, (minutes(24), now));
    let waiting = ask(waiting, &ways[1], 2, (minutes(24), now));
    let declined = ask(Asks::default(), &ways[0], 1, (now, now)).declined(&ways[0], &id(1), now);
    let next = by("third", Some("agent"));
    for asks in [&often, &waiting, &declined] {
        assert_eq!(may_ask(asks, &next, now), MayAsk::Silently);
        assert_eq!(may_ask(asks, &own("third"), now), MayAsk::Yes);
        assert_eq!(may_ask(asks, &by("third", Some("other")), now), MayAsk::Yes);
    }
    assert_eq!(may_ask(&waiting, &own("agent"), now), MayAsk::Silently);
    assert_eq!(may_ask(&declined, &own("agent"), now), MayAsk::Silently);
    assert_eq!(may_ask(&often, &next, minutes(60)), MayAsk::Yes);
    assert_eq!(waiting.in_the_way_of(&next, now).len(), 2, "whether these still wait is looked up");
    let lifted = declined.unblocked(&client("agent"));
    assert_eq!(may_ask(&lifted, &next, now), MayAsk::Yes);
}

/// Of one name of a person a client learns what it would learn of nobody's, and what it did under the others rings nobody.
#[test]
fn a_client_is_told_to_wait_by_what_it_asked_under_the_same_name() {
    let (agent, now, address) = (own("agent"), minutes(21), PersonId::from_random([2; 16]));
    let by_name = |at: &[u64]| answered("agent", at);
    let waiting = [1, 2]
        .into_iter()
        .fold(Asks::default(), |asks, number| ask(asks, &agent, number, (minutes(24), now)));
    let declined = ask(Asks::default(), &agent, 1, (now, now)).declined(&agent, &id(1), now);
    for asks in [&by_name(&[0, 10, 20]), &waiting, &declined] {
        assert!(matches!(may_ask(asks, &agent, now), MayAsk::Later(_)));
        assert_eq!(may_ask_as(asks, (&agent, &address), now), MayAsk::Silently);
    }
    let nobody = |at: &[u64]| {
        at.iter().zip(1..).fold(Asks::default(), |asks, (at, number)| {
            let asked = ask_as(asks, (&agent, &address), number, (minutes(at + 3), minutes(*at)), false);
            asked.settled(&[id(number)], minutes(*at))
        })
    };
    for often in [&[0, 10][..], &[0, 10, 20]] {
        let told = |asks: &Asks| match may_ask_as(asks, (&agent, &address), now) {
            MayAsk::Later(wait) => Some(wait),
            MayAsk::Yes | MayAsk::Silently => None,
        };
        let both = often.iter().zip(1..).fold(by_name(&[0, 5, 10]), |asks, (at, number)| {
            let (id, ends) = (id(100 + number), (minutes(at + 3), minutes(*at)));
            ask_as(asks, (&agent, &address), 100 + number, ends, false).settled(&[id], minutes(*at))
        });
        assert_eq!(told(&both), told(&nobody(often)), "{often:?}");
    }
    let again = ask_as(declined, (&agent, &address), 2, (now, now), false).declined(&agent, &id(2), now);
    assert_eq!(may_ask(&again, &agent, now), MayAsk::Later(Duration::from_mins(1)), "by its own name alone");
    let lifted = again.unblocked(&client("agent"));
    assert_eq!(may_ask_as(&lifted, (&agent, &address), now), MayAsk::Yes);
}

/// What was kept before names were, and what a person invited, has none.
#[test]
fn what_was_asked_under_no_name_rings_nobody_and_is_not_told() {
    let agent = own("agent");
    let before =
        r#"{"client":"agent","id":"AQEBAQEBAQEBAQEBAQEBAQ","at":1800000000,"expires_at":1800000180}"#;
    let text = format!(r#"{{"recent":[{before},{before}],"declined":{{}},"blocked":[]}}"#);
    let asks: Asks = serde_json::from_str(&text).expect("asks of before");
    assert_eq!(may_ask(&asks, &agent, NOW), MayAsk::Silently);
    let invited = Asks::default().declined(&agent, &id(1), NOW);
    assert_eq!(may_ask(&invited, &agent, NOW), MayAsk::Silently);
}

#[test]
fn what_rings_nobody_keeps_nobody_else_from_ringing() {
    let silent = (0..40).fold(Asks::default(), |asks, number| {
        let agent = own(&format!("agent-{number}"));
        ask_as(asks, (&agent, &alice()), number, (minutes(3), NOW), false)
    });
    assert_eq!(may_ask(&silent, &own("other"), NOW), MayAsk::Yes);
    assert_eq!(silent.in_the_way_of(&own("other"), NOW), []);
}

/// In quiet hours what is not urgent rings nobody, and is not known to here.
#[test]
fn what_is_urgent_is_kept_from_ringing_by_what_is_urgent_alone() {
    let (request, alice) = (own("other"), alice());
    let asked = |urgent: bool| {
        (0..6).fold(Asks::default(), |asks, number| {
            let agent = own(&format!("agent-{number}"));
            let approach = Approach { request: &agent, named: &alice, urgent };
            asks.asked(approach, (&id(number), minutes(3)), true, NOW)
        })
    };
    let may = |asks: &Asks, urgent: bool| {
        asks.may_ask(Approach { request: &request, named: &alice, urgent }, &settings(), NOW)
    };
    let (ordinary, pressing) = (asked(false), asked(true));
    assert_eq!((may(&ordinary, false), may(&ordinary, true)), (MayAsk::Silently, MayAsk::Yes));
    assert_eq!((may(&pressing, false), may(&pressing, true)), (MayAsk::Silently, MayAsk::Silently));
}

/// Another client that names an agent rings nobody by that, and so does not keep the agent from it.
#[test]
fn an_agent_is_silenced_in_its_name_only_by_what_the_person_heard() {
    let in_its_name = by("client", Some("agent"));
    let named = |asks: Asks, rings: bool| {
        (1..4).fold(asks, |asks, number| {
            ask_as(asks, (&in_its_name, &alice()), number, (minutes(3), NOW), rings)
        })
    };
    let may = |asks: &Asks| may_ask(asks, &own("agent"), NOW);
    assert_eq!(may(&named(Asks::default(), false)), MayAsk::Yes, "nobody heard");
    assert_eq!(may(&named(Asks::default().blocked(&client("client")), true)), MayAsk::Yes, "it is blocked");
    assert_eq!(may(&named(Asks::default(), true)), MayAsk::Silently);
    let itself = (1..4).fold(Asks::default(), |asks, number| {
        ask_as(asks, (&own("agent"), &alice()), number, (minutes(3), NOW), false)
    });
    let other_name = PersonId::from_random([2; 16]);
    assert_eq!(may_ask_as(&itself, (&own("agent"), &other_name), NOW), MayAsk::Silently);
}

#[test]
fn an_agent_that_is_blocked_takes_nobodys_place_through_another_client_either() {
    let mut asks = Asks::default().blocked(&client("agent"));
    for number in 1..20 {
        asks = ask(asks, &by(&format!("client-{number}"), Some("agent")), number, (minutes(3), NOW));
    }
    assert_eq!(may_ask(&asks, &own("other"), NOW), MayAsk::Yes);
    assert_eq!(asks.in_the_way_of(&own("other"), NOW), []);
}

#[test]
fn no_more_is_looked_at_than_one_call_takes() {
    let (one, many) = (own("agent"), |number: u8| own(&format!("agent-{number}")));
    let ask = |asks: Asks, by: &BackchannelRequest, number| ask(asks, by, number, (minutes(3), NOW));
    let of_one = (0..200).fold(Asks::default(), |asks, number| ask(asks, &one, number));
    assert_eq!(of_one.in_the_way_of(&one, NOW).len(), 98);
    let of_many = (0..200).fold(Asks::default(), |asks, number| ask(asks, &many(number), number));
    assert_eq!(of_many.in_the_way_of(&one, NOW).len(), 49);
}

#[test]
fn asks_of_before_there_were_actors_are_read() {
    let asks = ask(Asks::default(), &own("agent"), 1, (minutes(3), NOW));
    let text = serde_json::to_string(&asks).unwrap();
    assert!(!text.contains("actor"), "{text}");
    assert_eq!(serde_json::from_str::<Asks>(&text).unwrap(), asks);
}

#[test]
fn who_is_blocked_is_heard_through_no_other_client_that_names_them() {
    let asks = Asks::default().blocked(&client("agent"));
    let asked = |client: &str, actor: Option<&str>| asks.silence(&by(client, actor));
    assert!(asked("agent", None) && asked("agent", Some("other")) && asked("other", Some("agent")));
    assert!(!asked("other", None) && !asked("other", Some("another")));
}

#[test]
fn a_block_stays_until_it_is_lifted_and_is_never_forgotten() {
    let agent = client("agent");
    let asks = Asks::default().blocked(&agent);
    assert!(asks.is_blocked(&agent) && !asks.is_blocked(&client("other")));
    assert_eq!(asks.forgotten_at(), None);
    let lifted = asks.unblocked(&agent);
    assert!(!lifted.is_blocked(&agent));
    assert!(lifted.forgotten_at().is_some());
}
