//! An agent asks a person who is elsewhere, and comes for what they approved (OpenID CIBA Core 1.0, in poll mode).

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::agent::{Agent, BANK, FILES, an_agent, asks_for_a_file, secret_part, the_file, the_file_tool};
use crate::asking::{
    Answering, a_signing_asking_agent, an_asking_agent, another_asking_agent, for_approval_of,
    for_signing_in_of, page_of, rings, somebody_reachable, the_person_answers,
};
use crate::assertion::encode;
use crate::at_once::at_once;
use crate::browser::{Browser, Page};
use crate::exchange::the_bank;
use crate::observer::body_of;
use crate::person::{Person, granted, somebody};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::{Answer, Parameters};

fn a_file() -> Value {
    json!([the_file("Q4-report.pdf", &["read"])])
}

fn two_files() -> Value {
    json!([the_file("Q4-report.pdf", &["read"]), the_file("Q3-report.pdf", &["read", "write"])])
}

fn for_a_file_of(person: &Person) -> Parameters {
    for_approval_of(&person.user_name, &a_file())
}

fn words(scope: &Value) -> Vec<&str> {
    let mut words: Vec<_> = scope.as_str().unwrap_or_default().split(' ').collect();
    words.sort_unstable();
    words
}

/// OpenID CIBA Core 1.0, sections 7.3 and 11.
#[test]
fn who_asks_is_told_how_long_and_how_often_to_wait() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let answer = agent.asks_elsewhere(&for_a_file_of(&person)).ok();
    let told = answer.json();
    let names: Vec<&String> = told.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["auth_req_id", "expires_in", "interval"]);
    assert_eq!((&told["expires_in"], &told["interval"]), (&json!(180), &json!(5)));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    // Section 7.3: 128 bits at least, of which 160 are advised.
    assert_eq!(secret_part(&answer.string("auth_req_id")).len(), 43);
    agent.comes_with(&answer.string("auth_req_id")).is_refused(400, "authorization_pending");
}

#[test]
fn what_the_person_approves_is_what_the_token_says() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    let before = stack.now();
    let answer = agent.comes_with(&auth_req_id).ok();
    let told = answer.json();
    assert_eq!(told["token_type"], "Bearer");
    assert_eq!(told["expires_in"], 300);
    assert_eq!(told["authorization_details"], a_file());
    assert_eq!(answer.header("cache-control"), Some("no-store"));

    let token = verified(stack, &answer.string("access_token"));
    let claims = &token.claims;
    assert_eq!(token.header["typ"], "at+jwt");
    assert_eq!(claims["iss"], stack.issuer.as_str());
    assert_eq!(claims["sub"], stack.operator().id_of(&person.user_name).as_str());
    assert_eq!(claims["aud"], FILES);
    assert_eq!(claims["client_id"], "asking-agent");
    assert_eq!(claims["authorization_details"], a_file());
    assert_eq!(words(&claims["scope"]), ["files.access", "files.read"]);
    assert_eq!(claims["grant_id"], auth_req_id.split('.').next().expect("an id"));
    assert_eq!(claims["amr"], json!(["pwd"]));
    let auth_time = claims["auth_time"].as_i64().expect("when they signed in");
    assert!((before - 60..=before + 5).contains(&auth_time), "{auth_time} and not about {before}");
    assert_eq!(token.lives_for(), 300);
    assert_eq!(claims["act"], json!({ "sub": "asking-agent" }), "{claims}");
}

/// OpenID Connect Core, sections 2 and 3.1.3.6.
#[test]
fn an_id_token_comes_with_it_that_is_bound_to_the_access_token() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let answer = agent.is_approved_by(&person, &for_a_file_of(&person));
    let access = answer.string("access_token");
    let claims = verified(stack, &answer.string("id_token")).claims;
    assert_eq!(claims["at_hash"], encode(&digest(&SHA256, access.as_bytes()).as_ref()[..16]));
    assert_eq!(claims["aud"], "asking-agent");
    assert_eq!(claims["iss"], stack.issuer.as_str());
    let of_access = verified(stack, &access).claims;
    for name in ["sub", "auth_time", "amr"] {
        assert_eq!(claims[name], of_access[name], "{name}");
    }
    assert!(claims.get("nonce").is_none(), "nobody sent one");
}

#[test]
fn a_person_can_approve_one_detail_and_not_the_other() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let auth_req_id = agent.waits_for_approval(&for_approval_of(&person.user_name, &two_files()));
    the_person_answers(stack, &person, &auth_req_id, &Answering::Details(vec!["1"]));
    let answer = agent.comes_with(&auth_req_id).ok();
    let approved = json!([two_files()[1]]);
    assert_eq!(answer.json()["authorization_details"], approved);
    assert_eq!(verified(stack, &answer.string("access_token")).claims["authorization_details"], approved);
}

#[test]
fn a_person_can_approve_one_scope_and_not_the_other() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    the_person_answers(stack, &person, &auth_req_id, &Answering::Scopes(vec!["files.access"]));
    let answer = agent.comes_with(&auth_req_id).ok();
    assert_eq!(words(&answer.json()["scope"]), ["files.access"]);
    let claims = verified(stack, &answer.string("access_token")).claims;
    assert_eq!(words(&claims["scope"]), ["files.access"]);
}

#[test]
fn what_was_not_asked_cannot_be_approved() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    let more = Answering::Scopes(vec!["files.read", "files.access", "email", "offline_access"]);
    the_person_answers(stack, &person, &auth_req_id, &more);
    let answer = agent.comes_with(&auth_req_id).ok();
    assert_eq!(words(&answer.json()["scope"]), ["files.access", "files.read"]);
}

/// OpenID CIBA Core 1.0, section 11: `access_denied`. It is final.
#[test]
fn after_a_no_there_is_never_a_token() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_approval(&person, &auth_req_id);
    browser.answers(&page, &Answering::No);
    agent.comes_with(&auth_req_id).is_refused(400, "access_denied");
    // The page still stands open in the browser.
    browser.answers(&page, &Answering::Yes);
    agent.comes_with(&auth_req_id).is_refused(400, "access_denied");
}

/// OpenID CIBA Core 1.0, section 11: an `auth_req_id` is good once.
#[test]
fn what_was_redeemed_is_not_redeemed_again_and_its_token_stays_good() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    let token = agent.comes_with(&auth_req_id).ok().string("access_token");
    for _ in 0..2 {
        agent.comes_with(&auth_req_id).is_refused(400, "invalid_grant");
    }
    the_file_tool(stack).finds_active(&token);
}

#[test]
fn of_fifty_who_come_for_one_approval_one_gets_a_token() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    let answers = at_once(|_| agent.comes_with(&auth_req_id));
    let winners: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(winners.len(), 1);
    for loser in answers.iter().filter(|answer| answer.status != 200) {
        loser.is_refused(400, "invalid_grant");
    }
    the_file_tool(stack).finds_active(&winners[0].string("access_token"));
}

/// Who comes while the person decides gets the token or is told to wait, and the approval is not lost.
#[test]
fn a_crowd_that_comes_while_the_person_approves_takes_nothing_from_them() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_approval(&person, &auth_req_id);
    let answers = at_once(|number| {
        if number == 25 {
            browser.clone().answers(&page, &Answering::Yes)
        } else {
            agent.comes_with(&auth_req_id)
        }
    });
    assert_eq!(answers[25].status, 303, "{}", answers[25].text());
    let tokens = answers.iter().filter(|answer| answer.status == 200).count();
    let later = agent.comes_with(&auth_req_id);
    assert_eq!(tokens + usize::from(later.status == 200), 1, "{} later: {}", tokens, later.text());
    assert!(answers.iter().all(|answer| answer.status < 500), "somebody met a fault of ours");
}

#[test]
fn an_approval_is_good_for_nobody_but_who_asked() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    let thieves = [another_asking_agent(stack), a_signing_asking_agent(stack)];
    for thief in &thieves {
        thief.comes_with(&auth_req_id).is_refused(400, "invalid_grant");
    }
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    for thief in &thieves {
        thief.comes_with(&auth_req_id).is_refused(400, "invalid_grant");
    }
    agent.comes_with(&auth_req_id).ok();
}

#[test]
fn the_id_alone_which_a_message_names_is_good_for_nothing() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    let (id, secret) = auth_req_id.split_once('.').expect("two parts");
    let turned: String = secret.chars().rev().collect();
    for wrong in
        [id.to_owned(), format!("{id}."), format!("{id}.{turned}"), format!("{id}.{}", "A".repeat(43))]
    {
        agent.comes_with(&wrong).is_refused(400, "invalid_grant");
    }
    agent.comes_with(&auth_req_id).ok();
}

#[test]
fn two_requests_are_two_approvals() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let first = agent.waits_for_approval(&for_a_file_of(&person));
    let second = agent.waits_for_approval(&for_a_file_of(&person));
    assert_ne!(first, second);
    the_person_answers(stack, &person, &second, &Answering::Yes);
    agent.comes_with(&first).is_refused(400, "authorization_pending");
    agent.comes_with(&second).ok();
}

/// An approval stands alone: nobody is asked less because of it.
#[test]
fn an_approval_is_not_remembered() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    agent.is_approved_by(&person, &for_a_file_of(&person));
    let again = agent.waits_for_approval(&for_a_file_of(&person));
    agent.comes_with(&again).is_refused(400, "authorization_pending");
    the_person_answers(stack, &person, &again, &Answering::Yes);
    agent.comes_with(&again).ok();
}

#[test]
fn an_approval_gives_no_refresh_token_unless_the_registration_says_so() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let form = for_a_file_of(&person).with("scope", "openid files.access offline_access");
    let answer = agent.is_approved_by(&person, &form);
    assert!(answer.json().get("refresh_token").is_none(), "{}", answer.text());
}

#[test]
fn where_the_registration_and_the_person_say_so_it_gives_one_that_rotates() {
    let stack = Stack::shared();
    let (agent, person) = (another_asking_agent(stack), somebody_reachable(stack));
    let form = for_a_file_of(&person).with("scope", "openid files.access offline_access");
    let answer = agent.is_approved_by(&person, &form);
    let (first, access) = (answer.string("refresh_token"), answer.string("access_token"));
    let renewed = agent.refreshes(&first).ok();
    assert_eq!(renewed.json()["authorization_details"], a_file());
    let second = renewed.string("refresh_token");
    assert_ne!(first, second);
    agent.refreshes(&second).ok();
    // OAuth 2.1, section 4.3.1: two generations back is a proven replay.
    agent.refreshes(&first).is_refused(400, "invalid_grant");
    agent.refreshes(&second).is_refused(400, "invalid_grant");
    the_file_tool(stack).finds_inactive(&access);
}

#[test]
fn without_offline_access_there_is_no_refresh_token_asked_or_not_ticked() {
    let stack = Stack::shared();
    let (agent, person) = (another_asking_agent(stack), somebody_reachable(stack));
    let answer = agent.is_approved_by(&person, &for_a_file_of(&person));
    assert!(answer.json().get("refresh_token").is_none(), "{}", answer.text());
    let form = for_a_file_of(&person).with("scope", "openid files.access offline_access");
    let auth_req_id = agent.waits_for_approval(&form);
    the_person_answers(stack, &person, &auth_req_id, &Answering::Scopes(vec!["files.access"]));
    let answer = agent.comes_with(&auth_req_id).ok();
    assert!(answer.json().get("refresh_token").is_none(), "{}", answer.text());
}

#[test]
fn a_refresh_token_of_an_approval_ends_it_when_it_is_revoked() {
    let stack = Stack::shared();
    let (agent, person) = (another_asking_agent(stack), somebody_reachable(stack));
    let form = for_a_file_of(&person).with("scope", "openid files.access offline_access");
    let answer = agent.is_approved_by(&person, &form);
    agent.revokes(&answer.string("refresh_token"));
    the_file_tool(stack).finds_inactive(&answer.string("access_token"));
    agent.refreshes(&answer.string("refresh_token")).is_refused(400, "invalid_grant");
}

/// RFC 7662; RFC 7009.
#[test]
fn the_tool_sees_the_token_until_it_is_revoked_and_strangers_never() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let token = agent.is_approved_by(&person, &for_a_file_of(&person)).string("access_token");
    let said = the_file_tool(stack).finds_active(&token);
    assert_eq!(said["authorization_details"], a_file());
    assert_eq!(said["client_id"], "asking-agent");
    another_asking_agent(stack).finds_inactive(&token);
    the_bank(stack).finds_inactive(&token);
    agent.revokes(&token);
    the_file_tool(stack).finds_inactive(&token);
}

#[test]
fn an_auth_req_id_is_no_token_at_introspection_or_revocation() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    agent.finds_inactive(&auth_req_id);
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    agent.finds_inactive(&auth_req_id);
    agent.revokes(&auth_req_id);
    agent.comes_with(&auth_req_id).ok();
}

/// RFC 9396, section 6.1; RFC 6749, section 3.3.
#[test]
fn a_token_may_be_asked_narrower_than_the_approval() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let auth_req_id = agent.waits_for_approval(&for_approval_of(&person.user_name, &two_files()));
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    let narrower = json!([the_file("Q3-report.pdf", &["read"])]);
    let more = Parameters::of([
        ("scope", "files.access"),
        ("authorization_details", &narrower.to_string()),
        ("resource", FILES),
    ]);
    let answer = agent.comes_for(&auth_req_id, &more).ok();
    assert_eq!(answer.json()["authorization_details"], narrower);
    assert_eq!(words(&answer.json()["scope"]), ["files.access"]);
}

#[test]
fn a_token_asked_wider_than_the_approval_is_refused_and_spends_nothing() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    let wider = json!([the_file("Q4-report.pdf", &["write"])]).to_string();
    for (name, value, error) in [
        ("scope", "openid email", "invalid_scope"),
        ("authorization_details", wider.as_str(), "invalid_authorization_details"),
        ("resource", BANK, "invalid_target"),
    ] {
        agent.comes_for(&auth_req_id, &Parameters::of([(name, value)])).is_refused(400, error);
    }
    agent.comes_with(&auth_req_id).ok();
}

/// RFC 8707, section 2.2.
#[test]
fn an_approval_for_two_tools_gives_a_token_for_the_one_that_is_named() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let payment = json!({
        "type": "payment", "amount": { "value": "12.50", "currency": "EUR" }, "creditor": "Paper Mill",
    });
    let details = json!([the_file("Q4-report.pdf", &["read"]), payment]);
    let form = for_approval_of(&person.user_name, &details).and("resource", FILES).and("resource", BANK);
    let auth_req_id = agent.waits_for_approval(&form);
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    agent.comes_with(&auth_req_id).is_refused(400, "invalid_target");
    let answer = agent.comes_for(&auth_req_id, &Parameters::of([("resource", BANK)])).ok();
    assert_eq!(answer.json()["authorization_details"], json!([payment]));
    assert_eq!(verified(stack, &answer.string("access_token")).claims["aud"], BANK);
}

/// RFC 8693: what a person approved on their phone goes on to the next tool like any other grant.
#[test]
fn the_tool_exchanges_the_token_in_the_persons_name() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let token = agent.is_approved_by(&person, &for_a_file_of(&person)).string("access_token");
    let exchanged = the_file_tool(stack).exchanges(&token, BANK).ok().string("access_token");
    let claims = verified(stack, &exchanged).claims;
    assert_eq!(claims["sub"], stack.operator().id_of(&person.user_name).as_str());
    assert_eq!(claims["act"]["sub"], "files-tool");
    assert_eq!(claims["grant_id"], verified(stack, &token).claims["grant_id"]);
    agent.revokes(&token);
    the_bank(stack).finds_inactive(&exchanged);
}

#[test]
fn userinfo_tells_what_the_person_approved() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let form = for_signing_in_of(&person.user_name)
        .with("scope", "openid profile email")
        .with("resource", &stack.issuer);
    let auth_req_id = agent.waits_for_approval(&form);
    the_person_answers(stack, &person, &auth_req_id, &Answering::Scopes(vec!["profile"]));
    let token = agent.comes_with(&auth_req_id).ok().string("access_token");
    let told = stack.userinfo(&token).ok().json();
    assert_eq!(told["preferred_username"], person.user_name.as_str());
    assert!(told.get("email").is_none(), "{told}");
}

#[test]
fn who_only_asks_who_it_is_needs_no_details() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let answer = agent.is_approved_by(&person, &for_signing_in_of(&person.user_name));
    let claims = verified(stack, &answer.string("id_token")).claims;
    assert_eq!(claims["sub"], stack.operator().id_of(&person.user_name).as_str());
    assert!(answer.json().get("authorization_details").is_none(), "{}", answer.text());
}

#[test]
fn who_proves_itself_by_an_assertion_asks_and_comes_like_any_other() {
    let stack = Stack::shared();
    let (agent, person) = (a_signing_asking_agent(stack), somebody_reachable(stack));
    let answer = agent.is_approved_by(&person, &for_a_file_of(&person));
    assert_eq!(answer.json()["authorization_details"], a_file());
}

/// OpenID CIBA Core 1.0, section 7.1: `requested_expiry`.
#[test]
fn a_request_waits_as_long_as_its_client_wants_up_to_a_limit() {
    let stack = Stack::shared();
    let agent = an_asking_agent(stack);
    for (wanted, given) in [("60", 60), ("1", 30), ("900", 900), ("100000", 900)] {
        let form = for_a_file_of(&somebody_reachable(stack)).and("requested_expiry", wanted);
        assert_eq!(agent.asks_elsewhere(&form).ok().json()["expires_in"], given, "{wanted}");
    }
}

/// OpenID CIBA Core 1.0, section 7.1: the person compares it by eye.
#[test]
fn the_binding_message_stands_on_the_page_as_text() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let hundred = format!("{}é<b>", "ü".repeat(96));
    let numbers = "e.g. Order 12.5 kg, v1.2, Invoice 2026.11 at 12:30:45";
    let messages =
        ["W4SCT", "Überweisung 12 & 13 <b>an</b> \"Paper\"", "数字 42 ✅", numbers, hundred.as_str()];
    for message in messages {
        let person = if message == "W4SCT" { &person } else { &somebody_reachable(stack) };
        let form = for_a_file_of(person).with("binding_message", message);
        let auth_req_id = agent.waits_for_approval(&form);
        let page = Browser::new(stack).comes_to_approval(person, &auth_req_id);
        assert!(page.words().contains(message), "no {message} in {}", page.words());
        assert!(!page.html.contains("<b>"), "it is not shown as text");
    }
}

#[test]
fn an_empty_binding_message_counts_as_none() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    agent.asks_elsewhere(&for_a_file_of(&person).with("binding_message", "")).ok();
    agent.asks_elsewhere(&for_a_file_of(&person).without("binding_message")).ok();
}

/// A client that polls has no use for the token of one that is told, and may send it all the same (section 7.1).
#[test]
fn what_is_for_other_modes_or_unknown_is_ignored() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let form = for_a_file_of(&person)
        .and("client_notification_token", "short")
        .and("acr_values", "urn:example:loa:2 urn:example:loa:1")
        .and("ui_locales", "de")
        .and("response_type", "code");
    agent.is_approved_by(&person, &form);
}

#[test]
fn a_user_name_is_meant_however_it_is_written() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let shouted = format!("  {} ", person.user_name.to_uppercase());
    let auth_req_id = agent.waits_for_approval(&for_approval_of(&shouted, &a_file()));
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    agent.comes_with(&auth_req_id).ok();
}

/// OpenID CIBA Core 1.0, section 7.1: `id_token_hint`.
#[test]
fn an_id_token_of_the_client_names_the_person() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let id_token = agent.is_approved_by(&person, &for_signing_in_of(&person.user_name)).string("id_token");
    let form = for_a_file_of(&person).without("login_hint").and("id_token_hint", &id_token);
    let auth_req_id = agent.waits_for_approval(&form);
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    let claims = verified(stack, &agent.comes_with(&auth_req_id).ok().string("access_token")).claims;
    assert_eq!(claims["sub"], stack.operator().id_of(&person.user_name).as_str());
}

#[test]
fn an_id_token_of_another_client_and_what_is_none_name_nobody() {
    let stack = Stack::shared();
    let (agent, other) = (an_asking_agent(stack), another_asking_agent(stack));
    let person = somebody_reachable(stack);
    let answer = other.is_approved_by(&person, &for_signing_in_of(&person.user_name));
    let (id_token, access_token) = (answer.string("id_token"), answer.string("access_token"));
    let own = agent.is_approved_by(&person, &for_signing_in_of(&person.user_name)).string("id_token");
    let mangled = format!("{}AAAA", &own[..own.len() - 4]);
    for hint in [id_token, access_token, mangled, "junk".to_owned()] {
        let form = for_a_file_of(&person).without("login_hint").and("id_token_hint", &hint);
        agent.asks_elsewhere(&form).is_refused(400, "invalid_request");
    }
}

/// An ID token of a person whom the client may not ask names nobody either, and that is not told.
#[test]
fn an_id_token_opens_no_way_to_whom_the_client_may_not_ask() {
    let stack = Stack::shared();
    let person = somebody(stack);
    // It got the ID token in the browser, where the person chose to go.
    let agent = Agent::with_basic(stack, "asking-and-sending-agent");
    let id_token = granted(&agent, &person, &asks_for_a_file()).answer.string("id_token");
    let form = for_a_file_of(&person).without("login_hint").and("id_token_hint", &id_token);
    let auth_req_id = agent.waits_for_approval(&form);
    assert_nobody_is_asked(stack, &person, &auth_req_id);
    agent.comes_with(&auth_req_id).is_refused(400, "authorization_pending");
}

/// Sees that a request does not reach somebody's page.
#[track_caller]
fn assert_nobody_is_asked(stack: &Stack, person: &Person, auth_req_id: &str) {
    let page = Browser::new(stack).comes_to_approval(person, auth_req_id);
    assert!(!page.html.contains("name=\"request\""), "they are asked: {}", page.words());
}

/// What a client could tell people apart by.
fn shape(answer: &Answer) -> (u16, Vec<(String, Value)>, Vec<String>) {
    let members = answer.json().as_object().expect("an object").clone();
    let told = members.into_iter().map(|(name, value)| {
        let length = value.as_str().map(str::len);
        (name, length.map_or(value, |length| json!(length)))
    });
    let mut headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
    headers.sort();
    (answer.status, told.collect(), headers)
}

#[test]
fn an_unknown_person_is_answered_like_one_who_is_asked() {
    let stack = Stack::shared();
    let (agent, reachable) = (an_asking_agent(stack), somebody_reachable(stack));
    let (unrelated, disabled) = (somebody(stack), somebody_reachable(stack));
    stack.operator().does(&["user", "disable", &disabled.user_name]);
    let asked = shape(&agent.asks_elsewhere(&for_a_file_of(&reachable)));
    let nobody = format!("nobody-{}", reachable.user_name);
    for name in [&nobody, &unrelated.user_name, &disabled.user_name] {
        let answer = agent.asks_elsewhere(&for_approval_of(name, &a_file())).ok();
        assert_eq!(shape(&answer), asked, "{name}");
        agent.comes_with(&answer.string("auth_req_id")).is_refused(400, "authorization_pending");
    }
}

#[test]
fn whom_no_relation_allows_to_ask_is_not_asked() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody(stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    assert_nobody_is_asked(stack, &person, &auth_req_id);
    let list = Page::of({
        let mut browser = Browser::new(stack);
        let page = Page::of(browser.opens("/approval"));
        browser.signs_in(&page, &person)
    });
    assert!(!list.words().contains("Asking Agent"), "{}", list.words());
}

#[test]
fn nobody_else_sees_or_answers_a_request() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    assert_nobody_is_asked(stack, &somebody_reachable(stack), &auth_req_id);
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    agent.comes_with(&auth_req_id).ok();
}

#[test]
fn the_page_asks_who_is_not_signed_in_to_sign_in_first() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    let page = Page::of(Browser::new(stack).opens(&page_of(&auth_req_id)));
    assert!(page.has_form("/sign-in"), "{}", page.words());
    assert!(!page.words().contains("Q4-report.pdf") && !page.words().contains("W4SCT"), "{}", page.words());
}

#[test]
fn two_requests_of_one_client_wait_at_a_person_and_not_a_third() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let first = agent.waits_for_approval(&for_a_file_of(&person));
    agent.waits_for_approval(&for_a_file_of(&person));
    let refused = agent.asks_elsewhere(&for_a_file_of(&person));
    refused.is_refused(429, "temporarily_unavailable");
    let wait: u64 = refused.header("retry-after").expect("how long").parse().expect("seconds");
    assert!((1..=180).contains(&wait), "{wait}");
    // Whoever else asks is not held up by it, nor is who else is asked.
    another_asking_agent(stack).waits_for_approval(&for_a_file_of(&person));
    agent.waits_for_approval(&for_a_file_of(&somebody_reachable(stack)));

    the_person_answers(stack, &person, &first, &Answering::Yes);
    agent.waits_for_approval(&for_a_file_of(&person));
    agent.asks_elsewhere(&for_a_file_of(&person)).is_refused(429, "temporarily_unavailable");
}

/// The client is not told: it would learn what others do. The person finds the request on their page.
#[test]
fn five_requests_ring_at_a_person_whoever_asks_and_a_sixth_waits_in_silence() {
    let stack = Stack::shared();
    let person = somebody_reachable(stack);
    let agents = [an_asking_agent(stack), another_asking_agent(stack), a_signing_asking_agent(stack)];
    let asks = |number: usize| agents[number].waits_for_approval(&for_a_file_of(&person));
    let all = [0, 0, 1, 1, 2, 2].map(asks);
    assert_eq!(all.each_ref().map(|one| rings(stack, one)), [true, true, true, true, true, false]);
    the_person_answers(stack, &person, &all[5], &Answering::Yes);
    agents[2].comes_with(&all[5]).ok();
    // An answer makes room.
    the_person_answers(stack, &person, &all[0], &Answering::Yes);
    assert!(rings(stack, &asks(0)));
}

#[test]
fn whom_an_agent_may_not_ask_hears_nothing() {
    let stack = Stack::shared();
    let (agent, unrelated, disabled) = (an_asking_agent(stack), somebody(stack), somebody_reachable(stack));
    stack.operator().does(&["user", "disable", &disabled.user_name]);
    for name in ["nobody-who-could-hear", &unrelated.user_name, &disabled.user_name] {
        let auth_req_id = agent.waits_for_approval(&for_approval_of(name, &a_file()));
        assert!(!rings(stack, &auth_req_id), "{name} is told");
    }
}

/// An extension of ours: which of the person's devices is tried first.
#[test]
fn a_request_may_say_on_which_kind_of_device_its_person_is_told_first() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let told_by =
        |person: &Person, channel: &str| agent.asks_elsewhere(&for_a_file_of(person).and("channel", channel));
    for unknown in ["pigeon", "SMS", "sms email"] {
        told_by(&person, unknown).is_refused(400, "invalid_request");
    }
    let twice = for_a_file_of(&person).and("channel", "sms").and("channel", "push");
    agent.asks_elsewhere(&twice).is_refused(400, "invalid_request");
    for channel in ["push", "sms", "email"] {
        let person = somebody_reachable(stack);
        let auth_req_id = told_by(&person, channel).ok().string("auth_req_id");
        assert!(rings(stack, &auth_req_id), "{channel}");
        let id = auth_req_id.split('.').next().expect("an id");
        let item = stack.observer().item(&format!("AUTHORIZATION#{id}"), "AUTHORIZATION");
        assert_eq!(body_of(&item)["channel"], channel);
        the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
        agent.comes_with(&auth_req_id).ok();
    }
}

/// Nor can they make out by it that somebody exists.
#[test]
fn who_may_not_ask_a_person_takes_nothing_from_those_who_may() {
    let stack = Stack::shared();
    let person = somebody_with_one_acquaintance(stack);
    let strangers = [an_asking_agent(stack), another_asking_agent(stack), a_signing_asking_agent(stack)];
    for stranger in &strangers {
        for expected in [200, 200, 429] {
            assert_eq!(stranger.asks_elsewhere(&for_a_file_of(&person)).status, expected);
        }
    }
    let agent = Agent::with_basic(stack, "asking-and-sending-agent");
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    agent.comes_with(&auth_req_id).ok();
}

/// Somebody whom one of the agents may ask, and the others may not.
fn somebody_with_one_acquaintance(stack: &Stack) -> Person {
    crate::person::somebody_with(stack, &["--group", "acquainted"])
}

#[test]
fn of_fifty_who_ask_one_person_at_once_no_more_than_two_get_through() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let form = for_a_file_of(&person);
    let answers = at_once(|_| agent.asks_elsewhere(&form));
    let through = answers.iter().filter(|answer| answer.status == 200).count();
    assert!((1..=2).contains(&through), "{through}");
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert!(matches!(answer.status, 429 | 503), "{} {}", answer.status, answer.text());
    }
}

#[test]
fn whoever_was_declined_has_to_wait_before_it_asks_again() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    the_person_answers(stack, &person, &auth_req_id, &Answering::No);
    let refused = agent.asks_elsewhere(&for_a_file_of(&person));
    refused.is_refused(429, "temporarily_unavailable");
    let wait: u64 = refused.header("retry-after").expect("how long").parse().expect("seconds");
    assert!((30..=60).contains(&wait), "{wait}");
    another_asking_agent(stack).waits_for_approval(&for_a_file_of(&person));
}

#[test]
fn whoever_is_blocked_is_not_told_and_reaches_nobody() {
    let stack = Stack::shared();
    let (agent, person) = (another_asking_agent(stack), somebody_reachable(stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    the_person_answers(stack, &person, &auth_req_id, &Answering::NotMe);
    agent.comes_with(&auth_req_id).is_refused(400, "access_denied");
    // As after any other no.
    agent.asks_elsewhere(&for_a_file_of(&person)).is_refused(429, "temporarily_unavailable");
    let other = an_asking_agent(stack).waits_for_approval(&for_a_file_of(&person));
    the_person_answers(stack, &person, &other, &Answering::Yes);
}

#[test]
fn an_approval_of_somebody_who_was_disabled_since_is_worth_nothing() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    stack.operator().does(&["user", "disable", &person.user_name]);
    agent.comes_with(&auth_req_id).is_refused(400, "transaction_failed");
    stack.operator().does(&["user", "enable", &person.user_name]);
    agent.comes_with(&auth_req_id).is_refused(400, "transaction_failed");
}

#[test]
fn a_token_of_somebody_who_is_disabled_is_inactive() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let token = agent.is_approved_by(&person, &for_a_file_of(&person)).string("access_token");
    stack.operator().does(&["user", "disable", &person.user_name]);
    the_file_tool(stack).finds_inactive(&token);
}

#[test]
fn whoever_is_disabled_meanwhile_does_not_decide() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_approval(&person, &auth_req_id);
    stack.operator().does(&["user", "disable", &person.user_name]);
    browser.answers(&page, &Answering::Yes);
    agent.comes_with(&auth_req_id).is_refused(400, "authorization_pending");
}

/// RFC 8414, section 2; OpenID CIBA Core 1.0, section 4.
#[test]
fn the_metadata_say_how_to_ask() {
    let stack = Stack::shared();
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        let said = stack.get(path).ok().json();
        assert_eq!(said["backchannel_authentication_endpoint"], stack.url("/bc-authorize"));
        assert_eq!(said["backchannel_token_delivery_modes_supported"], json!(["poll", "ping", "push"]));
        assert_eq!(said["backchannel_user_code_parameter_supported"], true);
        let grants = said["grant_types_supported"].as_array().expect("grants");
        assert!(grants.contains(&json!(crate::asking::CIBA)), "{grants:?}");
    }
}

/// A code that another grant gave is none here, and the other way round.
#[test]
fn an_auth_req_id_is_no_code_and_a_request_uri_no_auth_req_id() {
    let stack = Stack::shared();
    let agent = Agent::with_basic(stack, "asking-and-sending-agent");
    let person = somebody_with_one_acquaintance(stack);
    let ask = asks_for_a_file();
    let request_uri = agent.pushes(&ask);
    let pushed = request_uri.strip_prefix("urn:ietf:params:oauth:request_uri:").expect("ours");
    agent.comes_with(pushed).is_refused(400, "invalid_grant");
    let code = crate::person::the_person_consents(&agent, &person, &ask);
    agent.comes_with(&code).is_refused(400, "invalid_grant");
    agent.redeems(&code, &ask).ok();

    let auth_req_id = agent.waits_for_approval(&for_a_file_of(&person));
    agent.redeems(&auth_req_id, &ask).is_refused(400, "invalid_grant");
    let address = agent.sends_the_person_with(&format!("urn:ietf:params:oauth:request_uri:{auth_req_id}"));
    let page = Page::of(Browser::new(stack).opens(&address));
    assert_eq!(page.answer.status, 400, "{}", page.words());
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    agent.redeems(&auth_req_id, &ask).is_refused(400, "invalid_grant");
    agent.comes_with(&auth_req_id).ok();
}

/// What was not kept in one item, for it is long, comes back whole.
#[test]
fn long_details_are_approved_and_found_by_reference() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let memos: Vec<Value> = (0..20)
        .map(|number| json!({ "type": "memo", "text": format!("{number} {}", "long ".repeat(1_500)) }))
        .collect();
    let details = json!(memos);
    let answer = agent.is_approved_by(&person, &for_approval_of(&person.user_name, &details));
    let said = the_file_tool(stack).finds_active(&answer.string("access_token"));
    assert_eq!(said["authorization_details"], details);
}

#[test]
fn an_agent_that_goes_by_the_browser_alone_cannot_ask() {
    let stack = Stack::shared();
    let person = somebody_reachable(stack);
    an_agent(stack).asks_elsewhere(&for_a_file_of(&person)).is_refused(400, "unauthorized_client");
}
