//! A refresh token by exchange (RFC 8693, section 2.2.1): it goes back to the person's authorization, and ends with it. And a
//! refresh token that is itself exchanged.

use serde_json::json;

use crate::agent::{Agent, BANK, FILES, an_agent, asks_for_a_file, the_file, the_file_tool};
use crate::exchange::{ID_TOKEN, LEDGER, REFRESH_TOKEN, an_exchange, the_bank, without_details};
use crate::person::{Tokens, granted, somebody};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::{Answer, Parameters};

/// What the file server gets to go on asking the bank.
fn goes_on(stack: &Stack, subject: &str) -> Answer {
    the_file_tool(stack).exchanges_to_go_on(subject, BANK)
}

fn begin(stack: &Stack) -> (Agent<'_>, Tokens, String) {
    let agent = an_agent(stack);
    let first = granted(&agent, &somebody(stack), &asks_for_a_file());
    let child = goes_on(stack, &first.access_token).ok().string("access_token");
    (agent, first, child)
}

#[test]
fn a_refresh_token_by_exchange_is_answered_as_what_it_is() {
    let stack = Stack::shared();
    let first = granted(&an_agent(stack), &somebody(stack), &asks_for_a_file());
    let said = goes_on(stack, &first.access_token).ok().json();
    assert_eq!(said["issued_token_type"], REFRESH_TOKEN);
    assert_eq!(said["token_type"], "N_A");
    assert_eq!(said["scope"], "bank.statements");
    assert_eq!(said["authorization_details"][0]["type"], "statement");
    assert!(said["refresh_token"].is_null(), "{said}");
    assert!(said["expires_in"].as_i64() > Some(86_400), "as long as the authorization: {said}");
}

#[test]
fn its_access_tokens_say_what_an_exchange_would_and_what_they_go_back_to() {
    let stack = Stack::shared();
    let (_, first, child) = begin(stack);
    let files = the_file_tool(stack);
    let renewed = files.refreshes(&child).ok();
    let (before, after) = (
        verified(stack, &first.access_token).claims,
        verified(stack, &renewed.string("access_token")).claims,
    );
    assert_eq!(after["aud"], BANK);
    assert_eq!(after["act"], json!({ "sub": "files-tool" }));
    assert_eq!(after["scope"], "bank.statements");
    assert_eq!(after["exchanged_from"][0]["jti"], before["jti"]);
    for same in ["sub", "grant_id", "auth_time", "amr", "asked"] {
        assert_eq!(after[same], before[same], "{same}");
        assert!(!after[same].is_null(), "{same}");
    }
    assert_eq!(after["child_grant_ids"].as_array().map(Vec::len), Some(1));
    assert!(after["own_root"].is_null(), "{after}");

    let seen = the_bank(stack).finds_active(&renewed.string("access_token"));
    assert_eq!(seen["authorization_details"][0]["account"], "Q4-report.pdf");
    let of_refresh = files.finds_active(&renewed.string("refresh_token"));
    assert_eq!(of_refresh["act"], json!({ "sub": "files-tool" }));
    assert_eq!(of_refresh["grant_id"], before["grant_id"]);
    an_agent(stack).finds_inactive(&renewed.string("refresh_token"));
}

#[test]
fn the_root_s_end_is_the_child_s() {
    let stack = Stack::shared();
    let (agent, first, child) = begin(stack);
    let files = the_file_tool(stack);
    let renewed = files.refreshes(&child).ok();
    agent.revokes(&first.refresh_token);
    the_bank(stack).finds_inactive(&renewed.string("access_token"));
    files.finds_inactive(&renewed.string("refresh_token"));
    files.refreshes(&renewed.string("refresh_token")).is_refused(400, "invalid_grant");
}

/// RFC 7009: what was exchanged from a revoked token ends with it, and what is not does not.
#[test]
fn the_end_of_the_token_that_was_exchanged_is_the_child_s_too() {
    let stack = Stack::shared();
    let (agent, first, child) = begin(stack);
    let files = the_file_tool(stack);
    let renewed = files.refreshes(&child).ok();
    agent.revokes(&first.access_token);
    the_bank(stack).finds_inactive(&renewed.string("access_token"));
    files.finds_inactive(&renewed.string("refresh_token"));
    files.refreshes(&renewed.string("refresh_token")).is_refused(400, "invalid_grant");
    agent.finds_active(&first.refresh_token);
}

#[test]
fn who_revokes_the_child_ends_what_came_of_it_and_not_the_root() {
    let stack = Stack::shared();
    let (agent, first, child) = begin(stack);
    let files = the_file_tool(stack);
    let renewed = files.refreshes(&child).ok();
    agent.revokes(&renewed.string("refresh_token"));
    files.finds_active(&renewed.string("refresh_token"));
    files.revokes(&renewed.string("refresh_token"));
    the_bank(stack).finds_inactive(&renewed.string("access_token"));
    files.refreshes(&renewed.string("refresh_token")).is_refused(400, "invalid_grant");
    agent.refreshes(&first.refresh_token).ok();
}

/// OAuth 2.1, section 4.3.1: a child's refresh tokens rotate as others do; an older one that comes again ends the child.
#[test]
fn a_child_rotates_and_a_replay_ends_it_and_nothing_above() {
    let stack = Stack::shared();
    let (agent, first, child) = begin(stack);
    let files = the_file_tool(stack);
    let second = files.refreshes(&child).ok().string("refresh_token");
    let third = files.refreshes(&second).ok().string("refresh_token");
    files.refreshes(&child).is_refused(400, "invalid_grant");
    files.refreshes(&third).is_refused(400, "invalid_grant");
    agent.refreshes(&first.refresh_token).ok();
}

#[test]
fn a_child_only_shrinks() {
    let stack = Stack::shared();
    let (_, _, child) = begin(stack);
    let files = the_file_tool(stack);
    let asking = |name: &str, value: &str| files.refreshes_for(&child, &Parameters::of([(name, value)]));
    asking("scope", "bank.statements bank.pay").is_refused(400, "invalid_scope");
    asking("scope", "openid").is_refused(400, "invalid_scope");
    asking("resource", FILES).is_refused(400, "invalid_target");
    let wider = json!([{ "type": "statement", "account": "Q4-report.pdf", "kinds": ["daily", "yearly"] }]);
    asking("authorization_details", &wider.to_string()).is_refused(400, "invalid_authorization_details");
    let other = json!([{ "type": "statement", "account": "Q3-report.pdf", "kinds": ["daily"] }]);
    asking("authorization_details", &other.to_string()).is_refused(400, "invalid_authorization_details");
    let less = json!([{ "type": "statement", "account": "Q4-report.pdf", "kinds": ["daily"] }]);
    let narrowed = asking("authorization_details", &less.to_string()).ok();
    assert_eq!(the_bank(stack).finds_active(&narrowed.string("access_token"))["authorization_details"], less);
    an_agent(stack).refreshes(&child).is_refused(400, "invalid_grant");
}

#[test]
fn what_is_made_of_a_child_ends_with_it() {
    let stack = Stack::shared();
    let (_, _, child) = begin(stack);
    let files = the_file_tool(stack);
    let renewed = files.refreshes(&child).ok();
    let ledger = crate::exchange::the_ledger(stack);
    let further = the_bank(stack).exchanges(&renewed.string("access_token"), crate::exchange::LEDGER).ok();
    ledger.finds_active(&further.string("access_token"));
    files.revokes(&renewed.string("refresh_token"));
    ledger.finds_inactive(&further.string("access_token"));
}

/// The policies permit the bank no such thing, and the ledger is registered for no refresh tokens.
#[test]
fn nobody_gets_one_without_registration_and_policy() {
    let stack = Stack::shared();
    let first = granted(&an_agent(stack), &somebody(stack), &asks_for_a_file());
    let files = the_file_tool(stack);
    let more = without_details().and("requested_token_type", REFRESH_TOKEN);
    files.exchanges_for(&first.access_token, FILES, &more).is_refused(400, "invalid_target");
    let for_bank = files.exchanges(&first.access_token, BANK).ok().string("access_token");
    the_bank(stack).exchanges_for(&for_bank, LEDGER, &more).is_refused(400, "unauthorized_client");
}

fn exchanges_its_own(agent: &Agent<'_>, refresh_token: &str) -> Answer {
    let form = an_exchange(refresh_token, FILES).with("subject_token_type", REFRESH_TOKEN);
    agent.sends("/token", &form)
}

/// A refresh token as subject is looked at as in a rotation, and not spent.
#[test]
fn the_client_of_a_refresh_token_exchanges_it_and_keeps_it() {
    let stack = Stack::shared();
    let agent = Agent::with_basic(stack, "delegating-agent");
    let person = somebody(stack);
    let first = granted(&agent, &person, &asks_for_a_file());
    let answer = exchanges_its_own(&agent, &first.refresh_token).ok();
    let claims = verified(stack, &answer.string("access_token")).claims;
    assert_eq!(claims["act"], json!({ "sub": "delegating-agent" }));
    assert_eq!(claims["authorization_details"], json!([the_file("Q4-report.pdf", &["read"])]));
    exchanges_its_own(&agent, &first.refresh_token).ok();
    let second = agent.refreshes(&first.refresh_token).ok().string("refresh_token");

    // Only the newest counts.
    exchanges_its_own(&agent, &first.refresh_token).is_refused(400, "invalid_request");
    exchanges_its_own(&agent, &second).ok();
    let of_another = granted(&an_agent(stack), &person, &asks_for_a_file()).refresh_token;
    exchanges_its_own(&agent, &of_another).is_refused(400, "invalid_request");
    exchanges_its_own(&the_file_tool(stack), &second).is_refused(400, "invalid_request");
    agent.revokes(&second);
    exchanges_its_own(&agent, &second).is_refused(400, "invalid_request");
    the_file_tool(stack).finds_inactive(&answer.string("access_token"));
}

#[test]
fn an_old_refresh_token_that_is_exchanged_ends_its_authorization_as_a_replay_does() {
    let stack = Stack::shared();
    let agent = Agent::with_basic(stack, "delegating-agent");
    let first = granted(&agent, &somebody(stack), &asks_for_a_file());
    let second = agent.refreshes(&first.refresh_token).ok().string("refresh_token");
    let third = agent.refreshes(&second).ok().string("refresh_token");
    exchanges_its_own(&agent, &first.refresh_token).is_refused(400, "invalid_request");
    agent.refreshes(&third).is_refused(400, "invalid_grant");
}

#[test]
fn a_child_is_exchanged_by_its_own_client_for_no_more_than_it_allows() {
    let stack = Stack::shared();
    let (_, _, child) = begin(stack);
    let form = an_exchange(&child, BANK).with("subject_token_type", REFRESH_TOKEN);
    Agent::with_basic(stack, "partner-agent").sends("/token", &form).is_refused(400, "invalid_request");
    // From the bank to the bank: what it has there stays what it is.
    let answer = the_file_tool(stack).sends("/token", &form).ok();
    assert_eq!(answer.json()["scope"], "bank.statements");
}

/// What a child allows, it allows at its own tool: nobody becomes that tool by holding one.
#[test]
fn a_child_is_exchanged_for_its_own_tool_alone() {
    let stack = Stack::shared();
    let (_, _, child) = begin(stack);
    let files = the_file_tool(stack);
    // The bank may ask the ledger, and so may the file server for what it has from the files.
    let form = |target: &str| an_exchange(&child, target).with("subject_token_type", REFRESH_TOKEN);
    files.sends("/token", &form(LEDGER)).is_refused(400, "invalid_target");
    files.sends("/token", &form(FILES)).is_refused(400, "invalid_target");
    let who = form(BANK).without("resource").and("requested_token_type", ID_TOKEN);
    files.sends("/token", &who).is_refused(400, "invalid_target");
    files.sends("/token", &form(BANK)).ok();
}
