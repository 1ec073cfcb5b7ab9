//! What an exchange leaves behind, and what becomes of it when time passes or the configuration changes.

use std::fs;

use serde_json::{Value, json};

use crate::agent::{BANK, FILES, an_agent, asks_for_a_file, the_file, the_file_tool};
use crate::exchange::{Chain, JWT, LEDGER, REFRESH_TOKEN, an_exchange, the_bank};
use crate::observer::body_of;
use crate::outsider::{KeyServer, the_partner};
use crate::person::{granted, somebody};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::{Answer, Parameters};

/// What the exchanges of a grant have left beside it.
pub(crate) fn hops(stack: &Stack, grant_id: &Value) -> Vec<Value> {
    let partition = format!("AUTHORIZATION#{}", grant_id.as_str().expect("a grant"));
    let items = stack.observer().items_of(&partition);
    let is_hop = |item: &&Value| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("HOP#"));
    items.iter().filter(is_hop).map(body_of).collect()
}

#[test]
fn each_hop_is_recorded_beside_the_authorization_and_in_the_audit() {
    let stack = Stack::start("exchanges-recorded", &[]);
    let files = the_file_tool(&stack);
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let answer = files.exchanges(&first, BANK).ok();
    let (before, after) =
        (verified(&stack, &first).claims, verified(&stack, &answer.string("access_token")).claims);
    let recorded = hops(&stack, &before["grant_id"]);
    let [hop] = recorded.as_slice() else { panic!("{recorded:?}") };
    assert_eq!(
        *hop,
        json!({
            "at": after["iat"], "client_id": "files-tool", "act": { "sub": "files-tool" }, "subject": before["sub"],
            "from": before["jti"], "token": after["jti"], "resource": BANK, "scope": "bank.statements",
            "details": [{ "type": "statement", "account": "Q4-report.pdf", "kinds": ["daily", "monthly"] }],
            "until": after["exp"],
        })
    );

    let events = stack.observer().audit_of(&answer);
    let [event] = events.as_slice() else { panic!("{events:?}") };
    for (name, value) in [
        ("event", json!("token")),
        ("outcome", json!("granted")),
        ("client", json!("files-tool")),
        ("person", before["sub"].clone()),
        ("grant_id", before["grant_id"].clone()),
        ("token_id", after["jti"].clone()),
        ("exchanged_from", before["jti"].clone()),
        ("actors", json!("files-tool")),
        ("resource", json!(BANK)),
    ] {
        assert_eq!(event[name], value, "{name} in {event}");
    }

    let refused = files.exchanges(&first, LEDGER);
    let events = stack.observer().audit_of(&refused);
    assert_eq!(events[0]["reason"], "exchange-not-allowed", "{events:?}");
    assert_eq!(events[0]["grant_id"], before["grant_id"]);
}

/// Where no records are kept, a reference to details still leads somewhere: the bank's tokens carry one.
#[test]
fn a_configuration_can_keep_no_records() {
    let stack = Stack::start_with("exchanges-unrecorded", &[], |folder| {
        let file = folder.join("server.toml");
        let text = fs::read_to_string(&file).expect("the file");
        let text = text.replace("[exchange]\n", "[exchange]\nrecord = false\n");
        fs::write(file, text).expect("written");
    });
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let answer = the_file_tool(&stack).exchanges(&first, BANK).ok();
    assert_eq!(hops(&stack, &verified(&stack, &first).claims["grant_id"]), Vec::<Value>::new());
    let seen = the_bank(&stack).finds_active(&answer.string("access_token"));
    assert_eq!(seen["authorization_details"], answer.json()["authorization_details"]);
}

/// A tool's token lives two minutes here, its subject five: what comes of the one dies with it.
#[test]
fn an_expired_token_is_exchanged_no_more_and_nothing_outlives_it() {
    let stack = Stack::whose_time_passes();
    let files = the_file_tool(&stack);
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    stack.time_passes(250);
    let chain = Chain::of(&stack, first);
    let moments = [&chain.files, &chain.bank, &chain.ledger]
        .map(|token| verified(&stack, token).claims["exp"].as_i64().expect("exp"));
    assert_eq!(moments[1], moments[0], "the subject token ends before the bank's two minutes are over");
    assert_eq!(moments[2], moments[0]);
    stack.time_passes(60);
    assert_eq!(chain.stands(&stack), [false; 3]);
    let refused = files.exchanges(&chain.files, BANK);
    refused.is_refused(400, "invalid_request");
    let events = stack.observer().audit_of(&refused);
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(
        (&event["reason"], &event["why"]),
        (&json!("subject-token-invalid"), &json!("expired")),
        "{event}"
    );
}

/// Deny by default, to the letter.
#[test]
fn without_a_policy_nothing_is_exchanged() {
    let stack = Stack::start_with("exchanges-without-policies", &[], |folder| {
        fs::remove_dir_all(folder.join("policies")).expect("the policies of the tests");
    });
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    the_file_tool(&stack).exchanges(&first, BANK).is_refused(400, "invalid_target");
}

/// The operator ends everything of a client: what others got through it is no good either.
#[test]
fn a_client_in_the_chain_that_is_ended_ends_what_came_through_it() {
    let stack = Stack::start("exchanges-of-an-ended-client", &[]);
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let chain = Chain::of(&stack, first);
    assert_eq!(chain.stands(&stack), [true; 3]);
    stack.operator().does(&["client", "disable", "files-tool"]);
    let ledger = crate::exchange::the_ledger(&stack);
    ledger.finds_inactive(&chain.ledger);
    the_bank(&stack).finds_inactive(&chain.bank);
    an_agent(&stack).finds_active(&chain.files);
}

fn for_longer(stack: &Stack, subject: &str) -> Answer {
    the_file_tool(stack).exchanges_to_go_on(subject, BANK).ok()
}

/// A refresh token by exchange outlives the token that it was got by, and never the authorization that it goes back to.
#[test]
fn a_child_lives_as_long_as_its_root_and_no_longer() {
    let stack = Stack::start_with("exchanges-that-last", &[], |folder| {
        let file = folder.join("server.toml");
        let text = fs::read_to_string(&file).expect("the file") + "\n[lifetimes]\nauthorization = \"1 h\"\n";
        fs::write(file, text).expect("written");
    });
    let files = the_file_tool(&stack);
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file());
    stack.time_passes(200);
    let answer = for_longer(&stack, &first.access_token);
    assert!(answer.json()["expires_in"].as_i64() <= Some(3_400), "{}", answer.text());
    stack.time_passes(1_000);
    files.exchanges(&first.access_token, BANK).is_refused(400, "invalid_request");
    let renewed = files.refreshes(&answer.string("access_token")).ok();
    assert_eq!(renewed.json()["expires_in"], 120, "the bank's two minutes");
    stack.time_passes(2_300);
    let last = files.refreshes(&renewed.string("refresh_token")).ok();
    assert!(last.json()["expires_in"].as_i64() <= Some(100), "{}", last.text());
    the_bank(&stack).finds_active(&last.string("access_token"));
    stack.time_passes(101);
    the_bank(&stack).finds_inactive(&last.string("access_token"));
    files.finds_inactive(&last.string("refresh_token"));
    files.refreshes(&last.string("refresh_token")).is_refused(400, "invalid_grant");
}

/// Which authorization by exchange came of which authorization, and how it ended, can be read from the audit alone.
#[test]
fn the_audit_names_a_child_and_its_root_from_its_beginning_to_its_end() {
    let stack = Stack::start("exchanges-in-the-audit", &[]);
    let (agent, files, observer) = (an_agent(&stack), the_file_tool(&stack), stack.observer());
    let first = granted(&agent, &somebody(&stack), &asks_for_a_file());
    let claims = verified(&stack, &first.access_token).claims;
    let (root, person) = (&claims["grant_id"], &claims["sub"]);
    let answer = for_longer(&stack, &first.access_token);
    let child = observer.audit_of(&answer)[0]["child_grant_id"].clone();
    assert!(child.is_string() && child != *root, "{child}");

    let renewed = files.refreshes(&answer.string("access_token")).ok();
    let newest = renewed.string("refresh_token");
    let looks = || files.sends("/introspect", &Parameters::of([("token", &*newest)])).ok();
    let seen = looks();
    for granted in [&answer, &renewed, &seen] {
        let events = observer.audit_of(granted);
        let [event] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(event["outcome"], "granted", "{event}");
        assert_eq!((&event["grant_id"], &event["child_grant_id"]), (root, &child), "{event}");
        assert_eq!((&event["person"], &event["root_grant_id"]), (person, &Value::Null), "{event}");
    }

    // It is found to have ended with its root, and nothing was done to it.
    let ends = |event: &Value, name: &str| {
        assert_eq!((&event["event"], &event["outcome"]), (&json!(name), &json!("refused")), "{event}");
        assert_eq!((&event["grant_id"], &event["root_grant_id"]), (&child, root), "{event}");
        assert_eq!((&event["person"], &event["client"]), (person, &json!("files-tool")), "{event}");
        event["why"].clone()
    };
    agent.revokes(&first.refresh_token);
    let found = looks();
    assert_eq!(found.json(), json!({ "active": false }));
    let events = observer.audit_of(&found);
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(ends(event, "introspection"), "Ended");
    let refused = files.refreshes(&newest);
    let events = observer.audit_of(&refused);
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(ends(event, "token"), "Ended");
}

#[test]
fn the_audit_says_of_which_root_a_child_was_that_a_replay_ended() {
    let stack = Stack::start("exchanges-replayed", &[]);
    let (files, observer) = (the_file_tool(&stack), stack.observer());
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let root = verified(&stack, &first).claims["grant_id"].clone();
    let answer = for_longer(&stack, &first);
    let child = observer.audit_of(&answer)[0]["child_grant_id"].clone();
    let oldest = answer.string("access_token");
    let second = files.refreshes(&oldest).ok().string("refresh_token");
    files.refreshes(&second).ok();
    let events = observer.audit_of(&files.refreshes(&oldest));
    let [ended, refused] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((&ended["event"], &refused["event"]), (&json!("end"), &json!("token")));
    for event in [ended, refused] {
        assert_eq!(event["why"], "Replayed", "{event}");
        assert_eq!((&event["grant_id"], &event["root_grant_id"]), (&child, &root), "{event}");
    }
}

/// The end of a token is remembered for as long as anything may come of it.
#[test]
fn a_child_of_a_revoked_token_stays_dead_when_the_token_would_have_expired_anyway() {
    let stack = Stack::start("exchanges-of-a-revoked-token", &[]);
    let agent = an_agent(&stack);
    let first = granted(&agent, &somebody(&stack), &asks_for_a_file());
    let child = for_longer(&stack, &first.access_token).string("access_token");
    agent.revokes(&first.access_token);
    let claims = verified(&stack, &first.access_token).claims;
    let partition = format!("AUTHORIZATION#{}", claims["grant_id"].as_str().expect("a grant"));
    let marks = stack.observer().items_of(&partition);
    let mark =
        marks.iter().find(|item| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("REVOKED#")));
    let until: i64 =
        mark.expect("a mark")["expires_at"]["N"].as_str().expect("a moment").parse().expect("seconds");
    assert!(until > stack.now() + 365 * 86_400, "{until}");
    stack.time_passes(3_600);
    the_file_tool(&stack).refreshes(&child).is_refused(400, "invalid_grant");
}

/// Where a client's registration, a policy or a trust is taken away, what rests on it is worth nothing.
#[test]
fn what_another_issuer_vouched_for_ends_with_the_trust_in_it() {
    let stack = Stack::start("exchanges-without-trust", &[]);
    let (agent, partner) = (crate::agent::Agent::with_basic(&stack, "partner-agent"), the_partner());
    let form = an_exchange(&partner.token(&stack, "alice", |_, _| {}), FILES).with("subject_token_type", JWT);
    let access = agent.sends("/token", &form).ok();
    let child = agent.sends("/token", &form.clone().and("requested_token_type", REFRESH_TOKEN)).ok();
    let files = the_file_tool(&stack);
    files.finds_active(&access.string("access_token"));
    let events = stack.observer().audit_of(&access);
    assert_eq!(events[0]["origin"], partner.issuer, "{events:?}");
    let events = stack.observer().audit_of(&child);
    let child_grant_id = events[0]["child_grant_id"].clone();
    assert!(child_grant_id.is_string(), "{events:?}");
    let renewed = agent.refreshes(&child.string("access_token")).ok();
    let events = stack.observer().audit_of(&renewed);
    assert_eq!(events[0]["own_root"], true, "{events:?}");
    assert_eq!(events[0]["child_grant_id"], child_grant_id, "{events:?}");

    let newest = renewed.string("refresh_token");
    stack.time_passes(61);
    let file = "server.toml";
    let lives = "refresh_tokens = \"8 h\"\n";
    let early = format!("{lives}not_before = \"2100-01-01T00:00:00Z\"\n");
    let clients = format!("clients = [\"partner-agent\"]\n{lives}");
    let others = format!("clients = [\"signing-agent\"]\n{lives}");
    let both = "accepts = [\"subject_token\", \"id_jag\"]\nsubject = \"external\"";
    for (change, ends_tokens) in [
        ((file, clients.as_str(), others.as_str()), true),
        ((file, lives, &early), true),
        ((file, lives, ""), false),
        ((file, lives, "refresh_tokens = \"1 min\"\n"), false),
        ((file, both, "accepts = [\"id_jag\"]\nsubject = \"external\""), false),
        ((file, "scopes = [\"files.read\", \"files.access\"]", "scopes = [\"files.access\"]"), true),
    ] {
        meanwhile(&stack, change, || {
            agent.finds_inactive(&newest);
            agent.refreshes(&newest).is_refused(400, "invalid_grant");
            let is_active = files.introspects(&access.string("access_token"))["active"] == true;
            assert_eq!(is_active, !ends_tokens, "{change:?}");
        });
    }
    let renewed = agent.refreshes(&newest).ok();

    let file = stack.configuration.join("server.toml");
    let text = fs::read_to_string(&file).expect("the file");
    fs::write(&file, text.replace(partner.issuer, "https://idp.else.test")).expect("written");
    stack.operator().applies(&stack.configuration);
    stack.takes_notice();
    files.finds_inactive(&access.string("access_token"));
    agent.finds_inactive(&renewed.string("refresh_token"));
    agent.refreshes(&renewed.string("refresh_token")).is_refused(400, "invalid_grant");
    agent.sends("/token", &form).is_refused(400, "invalid_request");
    let refused = agent.sends("/token", &form);
    assert_eq!(stack.observer().audit_of(&refused)[0]["reason"], "subject-token-invalid");
}

/// A trust that is narrowed takes the details that it no longer speaks of out of the next renewal, and gives them back when it does.
#[test]
fn what_another_issuer_vouched_for_is_renewed_for_the_details_that_its_trust_names_now() {
    let [q3, q4] = ["Q3-report.pdf", "Q4-report.pdf"].map(|file| the_file(file, &["read"]));
    let trust = "identifier = \"Q4-report.pdf\"\n";
    let another = format!(
        "{trust}\n[[trusted_issuer.details]]\ntype = \"file_access\"\n\
         locations = [\"https://files.test/finance\"]\nactions = [\"read\"]\nidentifier = \"Q3-report.pdf\"\n"
    );
    let stack = Stack::start_with("exchanges-with-less-trust", &[], |folder| {
        changes(&folder.join("server.toml"), trust, &another);
        let goes_on = "when { context has scope && context.scope == \"files.read\" };\n\n@id(\"delegating-agent-reads-the-chat";
        changes(
            &folder.join("policies/exchange.cedar"),
            goes_on,
            ";\n\n@id(\"delegating-agent-reads-the-chat",
        );
    });
    let agent = crate::agent::Agent::with_basic(&stack, "partner-agent");
    let form = an_exchange(&the_partner().token(&stack, "alice", |_, _| {}), FILES)
        .with("subject_token_type", JWT)
        .and("requested_token_type", REFRESH_TOKEN)
        .and("authorization_details", &json!([q3, q4]).to_string());
    let mut newest = agent.sends("/token", &form).ok().string("access_token");
    let mut renews = |expected: &Value| {
        let renewed = agent.refreshes(&newest).ok();
        assert_eq!(renewed.json()["authorization_details"], *expected, "{}", renewed.text());
        newest = renewed.string("refresh_token");
        agent.finds_active(&newest)["authorization_details"].clone()
    };
    assert_eq!(renews(&json!([q3, q4])), json!([q3, q4]));
    meanwhile(&stack, ("server.toml", another.as_str(), trust), || {
        assert_eq!(renews(&json!([q4])), json!([q4]));
    });
    assert_eq!(renews(&json!([q3, q4])), json!([q3, q4]));
    let elsewhere = another.replace("Q4", "Q1").replace("Q3", "Q2");
    meanwhile(&stack, ("server.toml", another.as_str(), &elsewhere), || {
        agent.finds_inactive(&newest);
        agent.refreshes(&newest).is_refused(400, "invalid_grant");
    });
}

/// Off by default.
#[test]
fn without_a_word_in_the_configuration_no_refresh_token_is_issued_or_taken() {
    let stack = Stack::start_with("exchanges-for-minutes-alone", &[], |folder| {
        let file = folder.join("server.toml");
        let text = fs::read_to_string(&file).expect("the file");
        let text = text.replace("issue_refresh_tokens = true\naccept_refresh_tokens = true\n", "");
        fs::write(file, text).expect("written");
    });
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file());
    let form = an_exchange(&first.access_token, BANK).and("requested_token_type", REFRESH_TOKEN);
    the_file_tool(&stack).sends("/token", &form).is_refused(400, "invalid_request");
    let agent = crate::agent::Agent::with_basic(&stack, "delegating-agent");
    let own = granted(&agent, &somebody(&stack), &asks_for_a_file());
    let form = an_exchange(&own.refresh_token, FILES).with("subject_token_type", REFRESH_TOKEN);
    agent.sends("/token", &form).is_refused(400, "invalid_request");
}

/// Keys that are fetched are kept as long as they say, asked for again for a key that is not among them, and not oftener than once
/// a minute, whatever anybody makes up.
#[test]
fn an_issuer_s_keys_are_fetched_and_kept() {
    let server = KeyServer::start("partner-1");
    let stack = Stack::start_with("exchanges-with-fetched-keys", &[], |folder| with_keys_of(&server, folder));
    let (agent, partner) = (crate::agent::Agent::with_basic(&stack, "partner-agent"), the_partner());
    let shows = |kid: &str| {
        let token = partner.token(&stack, "alice", |header, _| header["kid"] = json!(kid));
        agent.sends("/token", &an_exchange(&token, FILES).with("subject_token_type", JWT))
    };
    assert_eq!(server.times_asked(), 0, "nothing is fetched before it is needed");
    shows("partner-1").ok();
    shows("partner-1").ok();
    assert_eq!(server.times_asked(), 1);
    // A stranger's token makes nobody fetch anything.
    let token = partner.token(&stack, "alice", |_, _| {});
    let form = an_exchange(&token, BANK).with("subject_token_type", JWT);
    the_file_tool(&stack).sends("/token", &form).is_refused(400, "invalid_request");

    server.hands_out("partner-2");
    for _ in 0..3 {
        shows("partner-2").is_refused(400, "invalid_request");
    }
    assert_eq!(server.times_asked(), 1, "a minute has not passed");
    stack.time_passes(61);
    shows("partner-2").ok();
    shows("partner-1").is_refused(400, "invalid_request");
    shows("made-up").is_refused(400, "invalid_request");
    assert_eq!(server.times_asked(), 2);

    server.breaks();
    shows("partner-2").ok();
    stack.time_passes(61);
    shows("made-up").is_refused(400, "invalid_request");
    shows("partner-2").ok();
    assert_eq!(server.times_asked(), 3);
}

/// While an issuer does not hand out its keys, those that it handed out will do for an hour, and it is asked once in ten seconds.
#[test]
fn an_issuer_that_hands_out_no_keys_is_got_by_without_for_an_hour_and_not_asked_by_every_request() {
    let server = KeyServer::start("partner-1");
    let stack =
        Stack::start_with("exchanges-without-newer-keys", &[], |folder| with_keys_of(&server, folder));
    let (agent, partner) = (crate::agent::Agent::with_basic(&stack, "partner-agent"), the_partner());
    let shows = || {
        let token = partner.token(&stack, "alice", |_, _| {});
        agent.sends("/token", &an_exchange(&token, FILES).with("subject_token_type", JWT))
    };
    server.breaks();
    for _ in 0..10 {
        shows().is_refused(503, "temporarily_unavailable");
    }
    assert_eq!(server.times_asked(), 1, "there are no keys, and no answer a moment ago");
    stack.time_passes(11);
    server.hands_out("partner-1");
    shows().ok();
    assert_eq!(server.times_asked(), 2);

    // The set says that it is good for ten minutes.
    server.breaks();
    stack.time_passes(601);
    for _ in 0..10 {
        shows().ok();
    }
    assert_eq!(server.times_asked(), 3);
    stack.time_passes(11);
    shows().ok();
    assert_eq!(server.times_asked(), 4);
    stack.time_passes(3_560);
    shows().ok();
    stack.time_passes(60);
    shows().is_refused(503, "temporarily_unavailable");
    stack.time_passes(11);
    server.hands_out("partner-1");
    shows().ok();
}

/// The partner's keys are fetched.
fn with_keys_of(server: &KeyServer, folder: &std::path::Path) {
    let file = folder.join("server.toml");
    let text = fs::read_to_string(&file).expect("the file");
    let of_partner = text.lines().find(|line| line.contains("partner-1")).expect("the partner's keys");
    let text = text.replace(of_partner, &format!("jwks_uri = \"{}\"", server.address));
    fs::write(file, text).expect("written");
}

/// Changes a file of a configuration.
#[track_caller]
pub(crate) fn changes(path: &std::path::Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).expect("the file");
    assert!(text.contains(from), "{} has no {from:?}", path.display());
    fs::write(path, text.replace(from, to)).expect("written");
}

/// Puts a changed configuration into force, for as long as `work` takes.
fn meanwhile(stack: &Stack, (file, from, to): (&str, &str, &str), work: impl FnOnce()) {
    let path = stack.configuration.join(file);
    let before = fs::read_to_string(&path).expect("the file");
    assert!(before.contains(from), "{file} has no {from:?}");
    let in_force = |text: String| {
        fs::write(&path, text).expect("written");
        stack.operator().applies(&stack.configuration);
        stack.takes_notice();
    };
    in_force(before.replace(from, to));
    work();
    in_force(before);
}

/// What registrations, policies and rules no longer allow, no renewal yields, and nobody is told that it would.
#[test]
fn a_child_is_renewed_for_what_the_configuration_allows_now() {
    let stack = Stack::start("exchanges-that-are-renewed", &[]);
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file());
    let files = the_file_tool(&stack);
    let child = for_longer(&stack, &first.access_token).string("access_token");
    let client = "clients/files-tool.toml";
    let no_scope = (client, "\"bank.statements\", ", "");
    let no_detail = (client, "detail_types = [\"statement\", \"entry\"]", "detail_types = [\"entry\"]");
    meanwhile(&stack, no_detail, || {
        files.finds_inactive(&child);
        files.refreshes(&child).is_refused(400, "invalid_grant");
    });
    let policies = "policies/exchange.cedar";
    let bank = "resource == Tool::\"https://bank.test/api\"";
    let exchange = format!("action == Action::\"token_exchange\",\n  {bank}");
    let going_on = format!("action == Action::\"refresh_token_by_exchange\",\n  {bank}");
    let nobody = "action == Action::\"impersonate\",\n  resource == Tool::\"https://ledger.test\"";
    for permitted in [exchange.as_str(), &going_on] {
        meanwhile(&stack, (policies, permitted, nobody), || {
            files.refreshes(&child).is_refused(400, "invalid_grant");
        });
    }
    let rule = (
        "tools/bank.toml",
        "from = \"files\"\nscope = \"files.read\"\nbecomes = \"bank.statements\"",
        "from = \"ledger\"\nscope = \"ledger.read\"\nbecomes = \"bank.statements\"",
    );
    let mut newest = child;
    for change in [no_scope, rule] {
        meanwhile(&stack, change, || {
            let renewed = files.refreshes(&newest).ok();
            assert_eq!(renewed.json()["scope"], "", "{}", renewed.text());
            assert_eq!(renewed.json()["authorization_details"][0]["type"], "statement");
            newest = renewed.string("refresh_token");
        });
    }
    assert_eq!(files.refreshes(&newest).ok().json()["scope"], "bank.statements");
}

/// OAuth 2.1, section 3.2.4: what a client may not use as a grant, it does not use as a subject.
#[test]
fn a_client_that_may_use_no_refresh_tokens_exchanges_none() {
    let stack = Stack::start("exchanges-without-the-grant", &[]);
    let agent = crate::agent::Agent::with_basic(&stack, "delegating-agent");
    let own = granted(&agent, &somebody(&stack), &asks_for_a_file());
    let form = an_exchange(&own.refresh_token, FILES).with("subject_token_type", REFRESH_TOKEN);
    agent.sends("/token", &form).ok();
    meanwhile(&stack, ("clients/delegating-agent.toml", "\"refresh_token\", ", ""), || {
        agent.sends("/token", &form).is_refused(400, "unauthorized_client");
    });
}

/// RFC 7009, section 2.1: the token is no good any more, and what came of it is.
#[test]
fn a_token_that_is_revoked_after_its_last_moment_takes_its_children_with_it() {
    let stack = Stack::start("exchanges-revoked-late", &[]);
    let agent = an_agent(&stack);
    let first = granted(&agent, &somebody(&stack), &asks_for_a_file());
    let child = for_longer(&stack, &first.access_token).string("access_token");
    stack.time_passes(3_600);
    let renewed = the_file_tool(&stack).refreshes(&child).ok();
    // Nobody else does.
    crate::agent::Agent::with_basic(&stack, "delegating-agent").revokes(&first.access_token);
    the_file_tool(&stack).finds_active(&renewed.string("refresh_token"));
    agent.revokes(&first.access_token);
    the_bank(&stack).finds_inactive(&renewed.string("access_token"));
    the_file_tool(&stack).refreshes(&renewed.string("refresh_token")).is_refused(400, "invalid_grant");
}

/// RFC 8693, section 4.4: `may_act` is about those that a token is sent to. Its own client shows a refresh token for itself.
#[test]
fn a_client_that_names_who_may_act_for_others_exchanges_its_own_child() {
    let stack = Stack::start_with("exchanges-by-its-own-client", &[], |folder| {
        let file = folder.join("clients/files-tool.toml");
        let text = fs::read_to_string(&file).expect("the file") + "may_act = \"bank-tool\"\n";
        fs::write(file, text).expect("written");
    });
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file());
    let child = for_longer(&stack, &first.access_token).string("access_token");
    let form = an_exchange(&child, BANK).with("subject_token_type", REFRESH_TOKEN);
    let token = the_file_tool(&stack).sends("/token", &form).ok().string("access_token");
    assert_eq!(verified(&stack, &token).claims["may_act"], json!({ "sub": "bank-tool" }));
}
