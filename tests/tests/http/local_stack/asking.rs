//! Asking people who are elsewhere, where time passes, the operator changes his mind, or the server starts again; and what the
//! table and the log know of it.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::agent::{Agent, asks_for_a_file, secret_part, the_file, the_file_tool};
use crate::asking::{
    Answering, an_asking_agent, another_asking_agent, for_approval_of, for_signing_in_of, rings,
    somebody_reachable, the_person_answers,
};
use crate::browser::{Browser, Page};
use crate::exchange::{acted_by, own_token_of};
use crate::inviting::{an_invited_agent, with_the_code};
use crate::local_stack::aws_calls::Calls;
use crate::local_stack::exchanges::changes;
use crate::local_stack::secrets_at_rest::none_is_at_rest;
use crate::person::{Person, granted, somebody, somebody_with};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::{Answer, Parameters};

fn for_a_file_of(person: &Person) -> Parameters {
    for_approval_of(&person.user_name, &json!([the_file("Q4-report.pdf", &["read"])]))
}

/// What somebody set as the code that agents have to show.
const CODE: &str = "493 817 26";

/// How long a refused client is to wait, in seconds.
#[track_caller]
fn must_wait(answer: &Answer) -> u64 {
    answer.is_refused(429, "temporarily_unavailable");
    answer.header("retry-after").expect("how long").parse().expect("seconds")
}

/// OpenID CIBA Core 1.0, section 11.
#[test]
fn a_request_that_nobody_decided_expires_and_stays_expired() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    stack.time_passes(170);
    agent.comes_with(&auth_req_id).is_refused(400, "authorization_pending");
    stack.time_passes(10);
    for _ in 0..3 {
        agent.comes_with(&auth_req_id).is_refused(400, "expired_token");
    }
}

#[test]
fn an_approval_that_its_client_did_not_come_for_in_time_is_worth_nothing() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    stack.time_passes(100);
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    stack.time_passes(80);
    agent.comes_with(&auth_req_id).is_refused(400, "expired_token");
}

#[test]
fn nobody_decides_after_the_request_has_expired() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    let mut browser = Browser::new(&stack);
    let page = browser.comes_to_approval(&person, &auth_req_id);
    stack.time_passes(181);
    let late = browser.answers(&page, &Answering::Yes);
    assert_ne!(late.status, 303, "it was taken");
    agent.comes_with(&auth_req_id).is_refused(400, "expired_token");
}

#[test]
fn a_request_waits_longer_where_its_client_asked_for_that() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person).and("requested_expiry", "800"));
    stack.time_passes(780);
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    agent.comes_with(&auth_req_id).ok();
}

#[test]
fn what_was_redeemed_is_not_good_again_when_its_time_is_over() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    let token = agent.comes_with(&auth_req_id).ok().string("access_token");
    stack.time_passes(240);
    agent.comes_with(&auth_req_id).is_refused(400, "invalid_grant");
    the_file_tool(&stack).finds_active(&token);
    stack.time_passes(61);
    the_file_tool(&stack).finds_inactive(&token);
}

/// The seconds that a `slow_down` names.
#[track_caller]
fn slows_down(answer: &Answer) -> u64 {
    answer.is_refused(400, "slow_down");
    let told = answer.string("error_description");
    let seconds = told.split_whitespace().find_map(|word| word.parse().ok());
    seconds.unwrap_or_else(|| panic!("how long? {told}"))
}

/// OpenID CIBA Core 1.0, section 11: `slow_down` adds five seconds for this and all following requests.
#[test]
fn who_comes_too_often_has_to_wait_five_seconds_longer_each_time() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person).and("requested_expiry", "900"));
    let pending = || agent.comes_with(&auth_req_id).is_refused(400, "authorization_pending");
    pending();
    for seconds in [10, 15, 20] {
        assert_eq!(slows_down(&agent.comes_with(&auth_req_id)), seconds);
    }
    stack.time_passes(20);
    pending();
    // It stays as it has become.
    stack.time_passes(12);
    assert_eq!(slows_down(&agent.comes_with(&auth_req_id)), 25);
    stack.time_passes(25);
    pending();
}

#[test]
fn who_comes_every_five_seconds_is_never_slowed_down() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    for _ in 0..10 {
        agent.comes_with(&auth_req_id).is_refused(400, "authorization_pending");
        stack.time_passes(5);
    }
}

/// Each request has an interval of its own.
#[test]
fn who_came_too_often_for_one_request_is_not_slowed_down_for_another() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let [first, second] = [0, 1].map(|_| agent.waits_for_approval(&for_a_file_of(&person)));
    agent.comes_with(&first).is_refused(400, "authorization_pending");
    agent.comes_with(&first).is_refused(400, "slow_down");
    agent.comes_with(&second).is_refused(400, "authorization_pending");
}

#[test]
fn whoever_came_too_often_gets_the_token_all_the_same() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    for _ in 0..5 {
        agent.comes_with(&auth_req_id);
    }
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    agent.comes_with(&auth_req_id).ok();
}

/// Nobody else makes a client wait.
#[test]
fn a_thief_who_comes_often_does_not_slow_down_whose_request_it_is() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    let wrong = format!("{}.{}", auth_req_id.split('.').next().expect("an id"), "A".repeat(43));
    for _ in 0..3 {
        another_asking_agent(&stack).comes_with(&auth_req_id).is_refused(400, "invalid_grant");
        agent.comes_with(&wrong).is_refused(400, "invalid_grant");
    }
    agent.comes_with(&auth_req_id).is_refused(400, "authorization_pending");
}

#[test]
fn whoever_is_declined_waits_twice_as_long_each_time() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    for minutes in [1, 2, 4, 8] {
        let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
        the_person_answers(&stack, &person, &auth_req_id, &Answering::No);
        let wait = must_wait(&agent.asks_elsewhere(&for_a_file_of(&person)));
        assert!((minutes * 60 - 30..=minutes * 60).contains(&wait), "{wait} s after no. {minutes}");
        stack.time_passes(u32::try_from(minutes * 60 - 45).expect("few"));
        must_wait(&agent.asks_elsewhere(&for_a_file_of(&person)));
        stack.time_passes(45);
    }
}

#[test]
fn what_a_person_leaves_undecided_makes_room_when_it_expires() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    agent.waits_for_approval(&for_a_file_of(&person).and("requested_expiry", "60"));
    agent.waits_for_approval(&for_a_file_of(&person));
    let wait = must_wait(&agent.asks_elsewhere(&for_a_file_of(&person)));
    assert!((30..=60).contains(&wait), "{wait}");
    stack.time_passes(61);
    agent.waits_for_approval(&for_a_file_of(&person));
    must_wait(&agent.asks_elsewhere(&for_a_file_of(&person)));
}

/// With fewer requests an hour than anybody would configure.
fn few_an_hour(configuration: &Path) {
    let few = "[backchannel]\nasks_per_hour = 4\nasks_of_one_client_per_hour = 3\n";
    changes(&configuration.join("server.toml"), "[backchannel]\n", few);
}

#[test]
fn a_client_asks_only_so_many_people_in_a_minute() {
    let stack = Stack::start_with("few-people-a-minute", &[], |configuration| {
        let server = configuration.join("server.toml");
        changes(&server, "asks_of_one_client_per_minute = 100_000", "asks_of_one_client_per_minute = 2");
    });
    let agent = an_asking_agent(&stack);
    let [first, second, third] = [0, 1, 2].map(|_| somebody_reachable(&stack));
    agent.asks_elsewhere(&for_a_file_of(&first)).ok();
    agent.asks_elsewhere(&for_a_file_of(&second)).ok();
    must_wait(&agent.asks_elsewhere(&for_a_file_of(&third)));
    another_asking_agent(&stack).asks_elsewhere(&for_a_file_of(&third)).ok();
    stack.time_passes(60);
    agent.asks_elsewhere(&for_a_file_of(&third)).ok();
}

#[test]
fn a_person_is_asked_only_so_often_in_an_hour() {
    let stack = Stack::start_with("few-requests-an-hour", &[], few_an_hour);
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let brief = for_a_file_of(&person).and("requested_expiry", "30");
    for _ in 0..3 {
        agent.asks_elsewhere(&brief).ok();
        stack.time_passes(60);
    }
    // All that waited has expired, so it is the hour that is full.
    let wait = must_wait(&agent.asks_elsewhere(&brief));
    assert!((3_360..=3_420).contains(&wait), "{wait}");
    let other = another_asking_agent(&stack);
    assert!(rings(&stack, &other.waits_for_approval(&brief)));
    stack.time_passes(60);
    // By all together: the other is not told that there are such.
    assert!(!rings(&stack, &other.waits_for_approval(&brief)));
    stack.time_passes(3_600);
    assert!(rings(&stack, &other.waits_for_approval(&brief)));
    agent.waits_for_approval(&brief);
}

#[test]
fn limits_survive_a_restart_of_the_server() {
    let mut stack = Stack::start("limits-of-asking-that-stay", &[]);
    let (declining, waiting) = (somebody_reachable(&stack), somebody_reachable(&stack));
    {
        let agent = an_asking_agent(&stack);
        let auth_req_id = agent.waits_for_approval(&for_a_file_of(&declining));
        the_person_answers(&stack, &declining, &auth_req_id, &Answering::No);
        agent.waits_for_approval(&for_a_file_of(&waiting));
        agent.waits_for_approval(&for_a_file_of(&waiting));
    }
    stack.starts_again();
    let agent = an_asking_agent(&stack);
    must_wait(&agent.asks_elsewhere(&for_a_file_of(&waiting)));
    must_wait(&agent.asks_elsewhere(&for_a_file_of(&declining)));
    agent.waits_for_approval(&for_a_file_of(&somebody_reachable(&stack)));
}

/// What all together ask of a person, too.
#[test]
fn what_a_person_may_hear_of_in_an_hour_survives_a_restart_of_the_server() {
    let mut stack = Stack::start_with("limits-of-a-person-that-stay", &[], few_an_hour);
    let person = somebody_reachable(&stack);
    for agent in [an_asking_agent(&stack), another_asking_agent(&stack)] {
        for _ in 0..2 {
            assert!(rings(&stack, &agent.waits_for_approval(&for_a_file_of(&person))));
        }
    }
    stack.starts_again();
    let third = Agent::with_basic(&stack, "half-coded-agent");
    assert!(!rings(&stack, &third.waits_for_approval(&for_signing_in_of(&person.user_name))));
    let other = somebody_reachable(&stack);
    assert!(rings(&stack, &third.waits_for_approval(&for_signing_in_of(&other.user_name))));
}

/// At night what is not urgent rings nobody, and is counted all the same.
#[test]
fn what_is_urgent_rings_whatever_others_ask_that_is_not() {
    let stack = Stack::start_with("urgent-requests", &[], |configuration| {
        few_an_hour(configuration);
        let path = configuration.join("details/file_access.toml");
        let text = fs::read_to_string(&path).expect("a type");
        fs::write(path, format!("urgent = true\n{text}")).expect("written");
    });
    let person = somebody_reachable(&stack);
    let ordinary = for_signing_in_of(&person.user_name);
    for agent in [an_asking_agent(&stack), Agent::with_basic(&stack, "half-coded-agent")] {
        for _ in 0..2 {
            assert!(rings(&stack, &agent.waits_for_approval(&ordinary)));
        }
    }
    let other = another_asking_agent(&stack);
    assert!(!rings(&stack, &other.waits_for_approval(&ordinary)), "four were heard");
    assert!(rings(&stack, &other.waits_for_approval(&for_a_file_of(&person))));
}

/// A client that leaves out the person's code rings nobody, and keeps nobody else from ringing.
#[test]
fn what_rings_nobody_takes_no_place_of_what_rings() {
    let stack = Stack::start_with("silent-requests", &[], |configuration| {
        few_an_hour(configuration);
        changes(&configuration.join("server.toml"), "asks_per_hour = 4", "asks_per_hour = 2");
    });
    let (silent, agent) = (Agent::with_basic(&stack, "half-coded-agent"), an_asking_agent(&stack));
    let person = somebody_reachable(&stack);
    Browser::new(&stack).sets_the_user_code(&person, CODE);
    for _ in 0..2 {
        assert!(!rings(&stack, &silent.waits_for_approval(&for_signing_in_of(&person.user_name))));
    }
    for _ in 0..2 {
        assert!(rings(&stack, &agent.waits_for_approval(&for_a_file_of(&person))));
    }
    let other = another_asking_agent(&stack);
    assert!(!rings(&stack, &other.waits_for_approval(&for_a_file_of(&person))), "two were heard");
}

/// Who tried is who showed the code, and not in whose name.
#[test]
fn wrong_codes_of_a_client_lock_nobody_out_whom_it_names() {
    let stack = Stack::start_with("codes-in-somebodys-name", &[], |configuration| {
        let desk = configuration.join("clients/desk-tool.toml");
        changes(&desk, "[backchannel]\n", "[backchannel]\nuser_code = \"optional\"\n");
        let acting = configuration.join("clients/nightly-agent.toml");
        changes(&acting, r#"["client_credentials"]"#, r#"["client_credentials", "ciba"]"#);
        changes(&acting, "scopes = [", r#"scopes = ["openid", "#);
        let asks = "[backchannel]\nmay_ask_groups = [\"reachable\"]\nuser_code = \"required\"\n\n";
        changes(&acting, "[[standing_details]]", &format!("{asks}[[standing_details]]"));
    });
    let (desk, acting) = (Agent::with_basic(&stack, "desk-tool"), Agent::with_basic(&stack, "nightly-agent"));
    let person = somebody_reachable(&stack);
    Browser::new(&stack).sets_the_user_code(&person, CODE);
    let (_, shown) = acted_by_the_night_agent(&stack);
    let with = |code: &str| for_signing_in_of(&person.user_name).and("user_code", code);
    for code in ["000 000 00"; 5].into_iter().chain([CODE]) {
        desk.asks_elsewhere(&with(code).joined(&shown)).is_refused(400, "invalid_user_code");
    }
    assert!(rings(&stack, &acting.waits_for_approval(&with(CODE))));
}

#[test]
fn a_request_survives_a_restart_of_the_server() {
    let mut stack = Stack::start("requests-that-stay", &[]);
    let person = somebody_reachable(&stack);
    let [undecided, approved] = [false, true].map(|is_approved| {
        let auth_req_id = an_asking_agent(&stack).waits_for_approval(&for_a_file_of(&person));
        if is_approved {
            the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
        }
        auth_req_id
    });
    stack.starts_again();
    let agent = an_asking_agent(&stack);
    agent.comes_with(&approved).ok();
    agent.comes_with(&undecided).is_refused(400, "authorization_pending");
    the_person_answers(&stack, &person, &undecided, &Answering::Yes);
    agent.comes_with(&undecided).ok();
}

/// Blocked for good, which the client is not told: it is answered as if the person never had time.
#[test]
fn whoever_is_blocked_is_answered_as_before_and_never_reaches_the_person() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    the_person_answers(&stack, &person, &auth_req_id, &Answering::NotMe);
    stack.time_passes(3_700);
    for _ in 0..2 {
        let unheard = agent.waits_for_approval(&for_a_file_of(&person));
        let page = Browser::new(&stack).comes_to_approval(&person, &unheard);
        assert!(!page.html.contains("name=\"request\""), "they are asked: {}", page.words());
        agent.comes_with(&unheard).is_refused(400, "authorization_pending");
    }
    must_wait(&agent.asks_elsewhere(&for_a_file_of(&person)));
    stack.time_passes(181);
    agent.asks_elsewhere(&for_a_file_of(&person)).ok();
    // The others may ask them as before.
    let other = another_asking_agent(&stack);
    let heard = other.waits_for_approval(&for_a_file_of(&person));
    the_person_answers(&stack, &person, &heard, &Answering::Yes);
    other.comes_with(&heard).ok();
}

/// Changes the asking agent's file and puts that in force.
fn changes_the_agent(stack: &Stack, changed: &[(&str, &str)]) {
    for (from, to) in changed {
        changes(&stack.configuration.join("clients/asking-agent.toml"), from, to);
    }
    stack.operator().applies(&stack.configuration);
    stack.takes_notice();
}

/// What an operator takes from a client, no approval gives it any more.
#[test]
fn what_was_taken_from_the_client_meanwhile_is_not_in_the_token() {
    let stack = Stack::start("taken-before-it-was-redeemed", &[]);
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let file = the_file("Q4-report.pdf", &["read"]);
    let details = json!([file, { "type": "memo", "text": "Remember." }]);
    let auth_req_id = agent.waits_for_approval(&for_approval_of(&person.user_name, &details));
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    changes_the_agent(&stack, &[(r#""files.read", "#, ""), (r#", "memo""#, "")]);
    let answer = agent.comes_with(&auth_req_id).ok();
    let claims = verified(&stack, &answer.string("access_token")).claims;
    assert_eq!(claims["authorization_details"], json!([file]));
    let scope = claims["scope"].as_str().expect("a scope");
    assert!(scope.contains("files.access") && !scope.contains("files.read"), "{scope}");
}

#[test]
fn a_client_from_which_the_grant_was_taken_neither_asks_nor_comes() {
    let stack = Stack::start("grant-taken-from-an-asking-client", &[]);
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    let without = [
        (
            r#"grant_types = ["ciba"]"#,
            "grant_types = [\"authorization_code\"]\nredirect_uris = [\"https://agent.test/\"]",
        ),
        ("[backchannel]\nmay_ask_groups = [\"reachable\"]\n", ""),
    ];
    changes_the_agent(&stack, &without);
    agent.comes_with(&auth_req_id).is_refused(400, "unauthorized_client");
    agent.asks_elsewhere(&for_a_file_of(&person)).is_refused(400, "unauthorized_client");
}

#[test]
fn a_client_that_was_disabled_meanwhile_gets_nothing() {
    let stack = Stack::start("asking-client-disabled", &[]);
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    stack.operator().does(&["client", "disable", "asking-agent"]);
    stack.takes_notice();
    agent.comes_with(&auth_req_id).is_refused(401, "invalid_client");
    stack.operator().does(&["client", "enable", "asking-agent"]);
    stack.takes_notice();
    agent.comes_with(&auth_req_id).is_refused(400, "transaction_failed");
}

/// A token that the actor got for itself, at the tool that asks for it.
fn acted_by_the_night_agent(stack: &Stack) -> (String, Parameters) {
    let token = own_token_of(&Agent::with_basic(stack, "nightly-agent"));
    let shown = acted_by(&token);
    (token, shown)
}

/// RFC 8693, section 2.1: the token has to be good when it is shown, at `/token` as at `/bc-authorize`.
#[test]
fn an_actor_proves_itself_at_redemption_by_a_token_that_is_good_then() {
    let stack = Stack::whose_time_passes();
    let (desk, person) = (Agent::with_basic(&stack, "desk-tool"), somebody_reachable(&stack));
    let (_, early) = acted_by_the_night_agent(&stack);
    let form = for_a_file_of(&person).and("requested_expiry", "900").joined(&early);
    let auth_req_id = desk.waits_for_approval(&form);
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    stack.time_passes(301);
    desk.comes_for(&auth_req_id, &early).is_refused(400, "invalid_request");
    let (revoked, shown) = acted_by_the_night_agent(&stack);
    Agent::with_basic(&stack, "nightly-agent").revokes(&revoked);
    desk.comes_for(&auth_req_id, &shown).is_refused(400, "invalid_request");
    // None of that spends anything.
    let (_, good) = acted_by_the_night_agent(&stack);
    desk.comes_for(&auth_req_id, &good).ok();
}

#[test]
fn what_was_approved_for_an_actor_that_was_switched_off_since_is_worth_nothing() {
    let stack = Stack::start("actors-off-at-redemption", &[]);
    let (desk, person) = (Agent::with_basic(&stack, "desk-tool"), somebody_reachable(&stack));
    let (_, shown) = acted_by_the_night_agent(&stack);
    let auth_req_id = desk.waits_for_approval(&for_a_file_of(&person).joined(&shown));
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    stack.operator().does(&["client", "disable", "nightly-agent"]);
    stack.takes_notice();
    desk.comes_for(&auth_req_id, &shown).is_refused(400, "invalid_request");
    stack.operator().does(&["client", "enable", "nightly-agent"]);
    stack.takes_notice();
    let (_, anew) = acted_by_the_night_agent(&stack);
    desk.comes_for(&auth_req_id, &anew).is_refused(400, "transaction_failed");
}

/// It is worth no more than what the person had given by then.
#[test]
fn an_invitation_from_before_everything_of_a_person_was_ended_lets_nobody_ask() {
    // The ending is by the operator's own clock.
    let stack = Stack::start("invitations-before-the-end", &[]);
    let (agent, person) = (an_invited_agent(&stack), somebody(&stack));
    let before = Browser::new(&stack).invites(&person, &agent.id);
    stack.operator().does(&["end-everything", "--yes"]);
    agent.asks_elsewhere(&with_the_code(&before)).is_refused(400, "expired_login_hint_token");
    // In the very second of an ending nothing is good.
    stack.time_passes(2);
    let after = Browser::new(&stack).invites(&person, &agent.id);
    agent.asks_elsewhere(&with_the_code(&after)).ok();
}

/// OpenID CIBA Core 1.0, section 13: `unknown_user_id`.
#[test]
fn where_the_configuration_wants_it_a_client_is_told_that_it_named_nobody() {
    let stack = Stack::start_with("tells-unknown-users", &[], |configuration| {
        let telling = "[backchannel]\ntells_unknown_users = true\n";
        changes(&configuration.join("server.toml"), "[backchannel]\n", telling);
    });
    let (agent, reachable, unrelated) =
        (an_asking_agent(&stack), somebody_reachable(&stack), somebody(&stack));
    let disabled = somebody_reachable(&stack);
    stack.operator().does(&["user", "disable", &disabled.user_name]);
    for name in ["nobody-at-all", &unrelated.user_name, &disabled.user_name, &"n".repeat(300)] {
        let answer = agent.asks_elsewhere(&for_signing_in_of(name));
        answer.is_refused(400, "unknown_user_id");
        assert!(!answer.text().contains(name), "{}", answer.text());
    }
    agent.asks_elsewhere(&for_signing_in_of(&reachable.user_name)).ok();
}

/// What cannot be measured by a clock in a test is counted: the same calls for everybody, and so the same time.
#[test]
fn nothing_tells_by_its_calls_who_exists_and_may_be_asked() {
    let stack = Stack::whose_time_passes();
    let agent = an_asking_agent(&stack);
    let [reachable, disabled, blocking] = [0, 1, 2].map(|_| somebody_reachable(&stack));
    let unrelated = somebody(&stack);
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&blocking));
    the_person_answers(&stack, &blocking, &auth_req_id, &Answering::NotMe);
    stack.operator().does(&["user", "disable", &disabled.user_name]);
    stack.time_passes(3_700);
    let nobody = format!("nobody-{}", reachable.user_name);
    let observer = stack.observer();
    // Twice, for what is remembered for seconds is read anew now and then.
    let calls = |name: &str| {
        let once = || Calls::of(&observer, &agent.asks_elsewhere(&for_signing_in_of(name)).ok());
        [once(), once()].into_iter().min_by_key(|calls| calls.total()).expect("two")
    };
    let of_reachable = calls(&reachable.user_name);
    assert_eq!((of_reachable.reads, of_reachable.writes), (3, 2));
    for name in [&nobody, &unrelated.user_name, &disabled.user_name, &blocking.user_name] {
        assert_eq!(calls(name), of_reachable, "{name}");
    }
    // Nor does the refusal of who asks too often.
    let refused = |name: &str| {
        let answer = agent.asks_elsewhere(&for_signing_in_of(name));
        must_wait(&answer);
        Calls::of(&observer, &answer)
    };
    let of_reachable = refused(&reachable.user_name);
    assert_eq!((of_reachable.reads, of_reachable.writes), (3, 0));
    for name in [&nobody, &unrelated.user_name, &disabled.user_name, &blocking.user_name] {
        assert_eq!(refused(name), of_reachable, "{name}");
    }
}

/// What several clients write at once collides for nobody as it does for somebody, and none is told to wait for what another asked.
#[test]
fn all_clients_that_mean_the_same_nobody_write_to_one_place() {
    let stack = Stack::start("one-nobody", &[]);
    let form = for_signing_in_of("nobody-whom-all-mean");
    for agent in [an_asking_agent(&stack), another_asking_agent(&stack)] {
        for _ in 0..2 {
            assert!(!rings(&stack, &agent.waits_for_approval(&form)));
        }
        must_wait(&agent.asks_elsewhere(&form));
    }
    assert_eq!(stack.observer().items_of("ASKS#").len(), 1);
}

/// A slow hash is computed for whoever is meant, and what is not looked at any more is written down, too.
#[test]
fn nothing_tells_by_its_calls_whose_code_was_tried() {
    let stack = Stack::whose_time_passes();
    let agent = Agent::with_basic(&stack, "coded-agent");
    let somebody_at = |number: u32, has_code: bool| {
        let address = format!("coded{number}@mills.test");
        let person = somebody_with(&stack, &["--group", "reachable", "--email", &address]);
        if has_code {
            Browser::new(&stack).sets_the_user_code(&person, CODE);
        }
        [person.user_name, address]
    };
    let (coded, without) = (somebody_at(1, true), somebody_at(2, false));
    let nobody = ["nobody-with-a-code".to_owned(), "nobody.coded@mills.test".to_owned()];
    let observer = stack.observer();
    let tries = |name: &str| {
        let answer = agent.asks_elsewhere(&for_signing_in_of(name).and("user_code", "000 000 00"));
        answer.is_refused(400, "invalid_user_code");
        Calls::of(&observer, &answer)
    };
    // Five are looked at under one name; the sixth is not, nor, of somebody, any under their other name.
    for names in [&coded, &without, &nobody] {
        for tried in [&[&names[0]; 5][..], &[&names[0], &names[1], &names[1]]] {
            let calls: Vec<Calls> = tried.iter().map(|name| tries(name)).collect();
            assert!(calls.iter().all(|one| (one.writes, one.hashes) == (1, 1)), "{names:?}");
            // What is remembered for seconds is read anew now and then.
            assert_eq!(calls.iter().map(|one| one.reads).min(), Some(3), "{names:?}");
        }
    }
}

/// The word for who it was, in the events of a request.
fn event<'e>(events: &'e [Value], name: &str) -> &'e Value {
    events.iter().find(|event| event["event"] == name).unwrap_or_else(|| panic!("no {name} in {events:?}"))
}

#[test]
fn the_log_says_who_asked_whom_for_what_and_what_became_of_it() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let (observer, id) = (stack.observer(), stack.operator().id_of(&person.user_name));
    let asked = agent.asks_elsewhere(&for_a_file_of(&person)).ok();
    let auth_req_id = asked.string("auth_req_id");
    let grant = auth_req_id.split('.').next().expect("an id");
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_approval(&person, &auth_req_id);
    let approved = browser.answers(&page, &Answering::Yes);
    let issued = agent.comes_with(&auth_req_id).ok();
    let claims = verified(stack, &issued.string("access_token")).claims;

    for (answer, name) in [(&asked, "backchannel"), (&approved, "approval"), (&issued, "token")] {
        let events = observer.audit_of(answer);
        let event = event(&events, name);
        assert_eq!(event["outcome"], "granted", "{event}");
        assert_eq!(event["client"], "asking-agent", "{event}");
        assert_eq!(event["person"], id.as_str(), "{event}");
        assert_eq!(event["grant_id"], grant, "{event}");
        assert_eq!(event["details_digest"], claims["asked"], "{event}");
    }
    assert!(claims["asked"].is_string(), "{claims}");
    assert_eq!(event(&observer.audit_of(&issued), "token")["token_id"], claims["jti"]);
}

#[test]
fn the_log_says_why_a_request_was_refused_or_came_to_nothing() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let observer = stack.observer();
    let unheard = agent.asks_elsewhere(&for_signing_in_of("nobody-at-all-in-the-log")).ok();
    let events = observer.audit_of(&unheard);
    assert!(event(&events, "backchannel").get("person").is_none_or(Value::is_null), "{events:?}");
    assert!(!events.iter().any(|event| event.to_string().contains("nobody-at-all")), "{events:?}");

    let refused = agent.asks_elsewhere(&for_signing_in_of(&person.user_name).with("binding_message", "a\nb"));
    refused.is_refused(400, "invalid_binding_message");
    let events = observer.audit_of(&refused);
    let told = event(&events, "backchannel");
    assert_eq!((&told["outcome"], &told["client"]), (&json!("refused"), &json!("asking-agent")), "{told}");

    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    the_person_answers(stack, &person, &auth_req_id, &Answering::No);
    let declined = agent.comes_with(&auth_req_id);
    declined.is_refused(400, "access_denied");
    let events = observer.audit_of(&declined);
    let told = event(&events, "token");
    assert_eq!(told["outcome"], "refused", "{told}");
    assert_eq!(told["grant_id"], auth_req_id.split('.').next().expect("an id"), "{told}");
}

#[test]
fn no_secret_of_an_approval_is_in_the_table_or_in_the_log() {
    let stack = Stack::start("secrets-of-approvals-at-rest", &[]);
    let (agent, other) = (an_asking_agent(&stack), another_asking_agent(&stack));
    let person = somebody_reachable(&stack);
    let told = Agent::with_basic(&stack, "called-back-agent");
    let token = crate::assertion::unguessable();
    stack.hands_out(&token);
    let form = for_signing_in_of(&person.user_name).and("client_notification_token", &token);
    let waiting = told.waits_for_approval(&form);
    told.comes_with(&waiting).is_refused(400, "authorization_pending");
    let renewable = for_a_file_of(&person).with("scope", "openid files.access offline_access");
    let approved = other.is_approved_by(&person, &renewable);
    other.refreshes(&approved.string("refresh_token")).ok();
    for answering in [Answering::Yes, Answering::No] {
        let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
        other.comes_with(&auth_req_id);
        agent.sends("/token", &Parameters::of([("grant_type", &auth_req_id)]));
        the_person_answers(&stack, &person, &auth_req_id, &answering);
        agent.comes_with(&auth_req_id);
        agent.comes_with(&auth_req_id);
        Browser::new(&stack).opens(&format!("/approval?request={}", secret_part(&auth_req_id)));
    }

    let secrets = stack.handed_out();
    assert!(secrets.len() >= 14, "{} secrets", secrets.len());
    let (items, log) = (stack.observer().items(), stack.observer().log_text());
    assert!(items.len() > 20 && log.lines().count() > 20);
    none_is_at_rest(&stack);
}

/// A session of the browser is no approval, and an approval no session.
#[test]
fn a_consent_in_the_browser_says_nothing_of_a_request_from_elsewhere() {
    let stack = Stack::shared();
    let agent = Agent::with_basic(stack, "asking-and-sending-agent");
    let person = somebody_with(stack, &["--group", "acquainted"]);
    granted(&agent, &person, &asks_for_a_file());
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    agent.comes_with(&auth_req_id).is_refused(400, "authorization_pending");
    let page = Page::of(Browser::new(stack).opens(&agent.sends_the_person_asking(&asks_for_a_file())));
    assert!(page.has_form("/sign-in"), "{}", page.words());
}
