//! Token exchange (RFC 8693): a tool acts on behalf of the person whose token it was sent.

use serde_json::json;

use crate::agent::{Agent, BANK, FILES, an_agent, asks, asks_for_a_file, the_file, the_file_tool};
use crate::exchange::{
    ACCESS_TOKEN, AUDIENCES, Chain, GRANT, ID_TOKEN, JWT, LEDGER, REFRESH_TOKEN, acted_by, an_exchange,
    own_token_of, the_bank, the_ledger, without_details,
};
use crate::person::{granted, somebody, somebody_with};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::Parameters;

#[test]
fn the_metadata_names_the_grant() {
    let metadata = Stack::shared().get("/.well-known/oauth-authorization-server").ok().json();
    let grants = metadata["grant_types_supported"].as_array().expect("a list").clone();
    assert!(grants.contains(&json!(GRANT)), "{grants:?}");
}

/// RFC 8693, section 2.2.1; RFC 9396, section 7: what the file server may read of one account it may see at the bank, and the
/// answer says so.
#[test]
fn a_tool_gets_a_token_for_another_tool_on_behalf_of_the_same_person() {
    let stack = Stack::shared();
    let person = somebody_with(stack, &["--attribute", "department=Audit"]);
    let agent = an_agent(stack);
    let first = granted(&agent, &person, &asks_for_a_file());
    let files = the_file_tool(stack);

    let answer = files.exchanges(&first.access_token, BANK).ok();
    let said = answer.json();
    let statement =
        json!([{ "type": "statement", "account": "Q4-report.pdf", "kinds": ["daily", "monthly"] }]);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(said["issued_token_type"], ACCESS_TOKEN);
    assert_eq!(said["token_type"], "Bearer");
    assert_eq!(said["scope"], "bank.statements");
    assert_eq!(said["authorization_details"], statement);
    assert!(said["refresh_token"].is_null() && said["id_token"].is_null(), "{said}");

    let (before, after) =
        (verified(stack, &first.access_token), verified(stack, &answer.string("access_token")));
    assert_eq!(after.header["typ"], "at+jwt");
    assert_eq!(after.claims["aud"], BANK);
    assert_eq!(after.claims["client_id"], files.id.as_str());
    assert_eq!(after.claims["act"], json!({ "sub": files.id }));
    for same in ["iss", "sub", "auth_time", "amr", "grant_id", "asked"] {
        assert_eq!(after.claims[same], before.claims[same], "{same}");
        assert!(!after.claims[same].is_null(), "{same}");
    }
    assert_eq!(after.claims["cost_center"], "Audit", "the bank's own name for the person's department");
    assert!(after.claims["exp"].as_i64() <= before.claims["exp"].as_i64());
    assert_eq!(said["expires_in"].as_i64(), Some(after.lives_for()));

    let seen = the_bank(stack).finds_active(&answer.string("access_token"));
    assert_eq!(seen["act"], json!({ "sub": files.id }));
    assert_eq!(seen["sub"], before.claims["sub"]);
    assert_eq!(seen["username"], person.user_name.as_str());
    assert_eq!(seen["authorization_details"], statement);
}

/// RFC 8693, section 2.2.1: the answer names the type that was asked for. What is issued is the same access token (section 3).
#[test]
fn who_asks_for_a_jwt_is_told_that_it_is_one() {
    let stack = Stack::shared();
    let first = granted(&an_agent(stack), &somebody(stack), &asks_for_a_file()).access_token;
    let asked = Parameters::of([("requested_token_type", JWT)]);
    let answer = the_file_tool(stack).exchanges_for(&first, BANK, &asked).ok();
    let said = answer.json();
    assert_eq!((&said["issued_token_type"], &said["token_type"]), (&json!(JWT), &json!("Bearer")));
    let token = verified(stack, &answer.string("access_token"));
    assert_eq!((&token.header["typ"], &token.claims["aud"]), (&json!("at+jwt"), &json!(BANK)));
    the_bank(stack).finds_active(&answer.string("access_token"));
}

/// RFC 8693, section 4.1: the newest actor is outermost, in the token and in introspection.
#[test]
fn each_hop_adds_itself_around_those_before() {
    let stack = Stack::shared();
    let chain =
        Chain::of(stack, granted(&an_agent(stack), &somebody(stack), &asks_for_a_file()).access_token);
    let tokens = [&chain.files, &chain.bank, &chain.ledger].map(|token| verified(stack, token).claims);
    assert_eq!(tokens.each_ref().map(|claims| claims["aud"].as_str().expect("aud")), AUDIENCES);
    assert!(tokens[0]["act"].is_null());
    let act = json!({ "sub": "bank-tool", "act": { "sub": "files-tool" } });
    assert_eq!(tokens[2]["act"], act);
    assert_eq!(tokens[2]["authorization_details"], json!([{ "type": "entry", "account": "Q4-report.pdf" }]));
    assert!(tokens.windows(2).all(|pair| pair[1]["exp"].as_i64() <= pair[0]["exp"].as_i64()), "{tokens:?}");
    assert_eq!(the_ledger(stack).finds_active(&chain.ledger)["act"], act);
}

/// Each tool is told of the person what its own file says, whatever the tool before it was told.
#[test]
fn the_last_tool_is_told_the_person_s_groups_though_the_one_before_was_not() {
    let stack = Stack::shared();
    let person = somebody_with(stack, &["--group", "finance", "--group", "audit"]);
    let chain = Chain::of(stack, granted(&an_agent(stack), &person, &asks_for_a_file()).access_token);
    let [files, bank, ledger] =
        [&chain.files, &chain.bank, &chain.ledger].map(|token| verified(stack, token).claims);
    // Everybody of the tests is one of the testers.
    assert_eq!(files["groups"], json!(["audit", "finance", "testers"]));
    assert!(bank["groups"].is_null(), "{bank}");
    assert_eq!(ledger["groups"], files["groups"]);
    assert_eq!(ledger["sub"], files["sub"]);
}

/// RFC 8693, section 4.1: an ID token names those who acted as an access token does, the newest outermost.
#[test]
fn an_id_token_by_exchange_names_everybody_who_acted_before() {
    let stack = Stack::shared();
    let chain =
        Chain::of(stack, granted(&an_agent(stack), &somebody(stack), &asks_for_a_file()).access_token);
    let sent_back =
        the_ledger(stack).exchanges_for(&chain.ledger, FILES, &without_details()).ok().string("access_token");
    let form = an_exchange(&sent_back, FILES).without("resource").and("requested_token_type", ID_TOKEN);
    let answer = the_file_tool(stack).sends("/token", &form).ok();
    assert_eq!(answer.json()["issued_token_type"], ID_TOKEN);
    let claims = verified(stack, &answer.string("access_token")).claims;
    // The ledger sent it back without a name.
    let before = json!({ "sub": "bank-tool", "act": { "sub": "files-tool" } });
    assert_eq!(claims["act"], json!({ "sub": "files-tool", "act": before }));
    assert_eq!(claims["sub"], verified(stack, &chain.files).claims["sub"]);
}

#[test]
fn the_end_of_the_authorization_is_the_end_of_the_whole_chain() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let first = granted(&agent, &somebody(stack), &asks_for_a_file());
    let chain = Chain::of(stack, first.access_token);
    assert_eq!(chain.stands(stack), [true; 3]);
    agent.revokes(&first.refresh_token);
    assert_eq!(chain.stands(stack), [false; 3]);
    the_file_tool(stack).exchanges(&chain.files, BANK).is_refused(400, "invalid_request");
}

/// RFC 7009: a revoked token ends with what was made of it, and nothing else does.
#[test]
fn a_revoked_token_ends_what_was_exchanged_from_it_and_no_other() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let first = granted(&agent, &somebody(stack), &asks_for_a_file());
    let chain = Chain::of(stack, first.access_token);
    let beside = Chain::of(stack, chain.files.clone());
    the_file_tool(stack).revokes(&chain.bank);
    assert_eq!(chain.stands(stack), [true, false, false]);
    assert_eq!(beside.stands(stack), [true; 3]);
    agent.revokes(&chain.files);
    assert_eq!(beside.stands(stack), [false; 3]);
    let renewed = agent.refreshes(&first.refresh_token).ok();
    the_file_tool(stack).finds_active(&renewed.string("access_token"));
}

/// A tool cannot end the token that it was sent.
#[test]
fn a_tool_ends_nothing_above_itself() {
    let stack = Stack::shared();
    let chain =
        Chain::of(stack, granted(&an_agent(stack), &somebody(stack), &asks_for_a_file()).access_token);
    the_bank(stack).revokes(&chain.files);
    the_bank(stack).revokes(&chain.bank);
    assert_eq!(chain.stands(stack), [true; 3]);
    the_bank(stack).revokes(&chain.ledger);
    assert_eq!(chain.stands(stack), [true, true, false]);
}

/// Each hop may only shrink what it passes on, so a scope that was left out once does not come back.
#[test]
fn what_a_hop_left_out_does_not_come_back() {
    let stack = Stack::shared();
    let first = granted(&an_agent(stack), &somebody(stack), &asks_for_a_file());
    let daily = json!([{ "type": "statement", "account": "Q4-report.pdf", "kinds": ["daily"] }]);
    let narrow =
        Parameters::of([("scope", "bank.statements"), ("authorization_details", &daily.to_string())]);
    let narrowed = the_file_tool(stack).exchanges_for(&first.access_token, BANK, &narrow).ok();
    assert_eq!(narrowed.json()["authorization_details"], daily);

    let ask = asks_for_a_file().with("scope", "files.access offline_access");
    let without_names = granted(&an_agent(stack), &somebody(stack), &ask).access_token;
    let for_bank = the_file_tool(stack).exchanges(&without_names, BANK).ok();
    assert_eq!(for_bank.json()["scope"], "");
    let asked_again = Parameters::of([("scope", "ledger.read")]);
    the_bank(stack)
        .exchanges_for(&for_bank.string("access_token"), LEDGER, &asked_again)
        .is_refused(400, "invalid_scope");
}

/// RFC 8693, section 1.1: the new token names nobody who acts, where a policy says so and only there. It ends with those above
/// it all the same.
#[test]
fn impersonation_names_no_new_actor_and_stays_tied_to_the_chain() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let first = granted(&agent, &somebody(stack), &asks_for_a_file());
    let chain = Chain::of(stack, first.access_token);
    let unseen = the_ledger(stack).exchanges_for(&chain.ledger, FILES, &without_details()).ok();
    let claims = verified(stack, &unseen.string("access_token")).claims;
    assert_eq!(claims["act"], json!({ "sub": "bank-tool", "act": { "sub": "files-tool" } }));
    assert_eq!(claims["scope"], "files.read");
    let files = the_file_tool(stack);
    files.finds_active(&unseen.string("access_token"));
    agent.revokes(&chain.files);
    files.finds_inactive(&unseen.string("access_token"));
}

/// The configuration's limit counts hops, be their actors named or not.
#[test]
fn a_chain_has_an_end() {
    let stack = Stack::shared();
    let chain =
        Chain::of(stack, granted(&an_agent(stack), &somebody(stack), &asks_for_a_file()).access_token);
    let files = the_file_tool(stack);
    let third =
        the_ledger(stack).exchanges_for(&chain.ledger, FILES, &without_details()).ok().string("access_token");
    let fourth = files.exchanges(&third, BANK).ok().string("access_token");
    let refused = the_bank(stack).exchanges(&fourth, LEDGER);
    refused.is_refused(400, "invalid_request");
    assert!(refused.string("error_uri").ends_with("/errors/chain-too-long"), "{}", refused.text());
}

/// RFC 8693, section 4.4: the agent's registration reserves its tokens for the bank.
#[test]
fn who_may_act_is_who_the_token_says() {
    let stack = Stack::shared();
    let jealous = Agent::with_basic(stack, "jealous-agent");
    let token = granted(&jealous, &somebody(stack), &asks_for_a_file()).access_token;
    assert_eq!(verified(stack, &token).claims["may_act"], json!({ "sub": "bank-tool" }));
    let refused = the_file_tool(stack).exchanges(&token, BANK);
    refused.is_refused(400, "invalid_request");
    assert!(refused.string("error_uri").ends_with("/errors/actor-not-allowed"), "{}", refused.text());
}

/// RFC 8693, section 4.4: both who shows the token and whom an actor token names must be the one that may act.
#[test]
fn an_actor_token_gets_nobody_past_who_may_act() {
    let stack = Stack::shared();
    let more = acted_by(&own_token_of(&Agent::with_basic(stack, "nightly-agent")));
    let files = the_file_tool(stack);
    for (agent, may_act) in [("guarded-agent", "nightly-agent"), ("reserved-agent", "files-tool")] {
        let agent = Agent::with_basic(stack, agent);
        let token = granted(&agent, &somebody(stack), &asks_for_a_file()).access_token;
        assert_eq!(verified(stack, &token).claims["may_act"], json!({ "sub": may_act }));
        let refused = files.exchanges_for(&token, BANK, &more);
        refused.is_refused(400, "invalid_request");
        assert!(refused.string("error_uri").ends_with("/errors/actor-not-allowed"), "{}", refused.text());
        // Without one, it is up to who shows the token.
        assert_eq!(files.exchanges(&token, BANK).status == 200, may_act == "files-tool");
    }
}

/// RFC 8693, section 2.1: who acts is who the actor token is about.
#[test]
fn an_actor_token_says_who_acts() {
    let stack = Stack::shared();
    let more = acted_by(&own_token_of(&Agent::with_basic(stack, "nightly-agent")));
    let first = granted(&an_agent(stack), &somebody(stack), &asks_for_a_file());
    let answer = the_file_tool(stack).exchanges_for(&first.access_token, BANK, &more).ok();
    let claims = verified(stack, &answer.string("access_token")).claims;
    assert_eq!(claims["act"], json!({ "sub": "nightly-agent" }));
    assert_eq!(claims["client_id"], "files-tool");
}

/// A tool is sent the tokens of everybody who calls it: none of them lets it act in a caller's name.
#[test]
fn a_tool_names_no_caller_as_actor_whom_its_registration_does_not() {
    let stack = Stack::shared();
    let calling = Agent::with_basic(stack, "calling-agent");
    let sent = calling.works_alone(&Parameters::default()).ok().string("access_token");
    let first = granted(&an_agent(stack), &somebody(stack), &asks_for_a_file());
    let more = acted_by(&sent);
    let files = the_file_tool(stack);
    let refused = files.exchanges_for(&first.access_token, BANK, &more);
    refused.is_refused(400, "invalid_request");
    assert!(refused.string("error_uri").ends_with("/errors/actor-token-invalid"), "{}", refused.text());
    assert!(!refused.text().contains("calling-agent"), "{}", refused.text());
    // It exchanges that token, and is named.
    let answer = files.exchanges(&sent, BANK).ok();
    let claims = verified(stack, &answer.string("access_token")).claims;
    assert_eq!((&claims["sub"], &claims["act"]), (&json!("calling-agent"), &json!({ "sub": "files-tool" })));
}

/// Whoever is named as actor has no part in the token itself: it is the exchanging client's, to ask about and to end.
#[test]
fn who_is_named_as_actor_can_do_nothing_with_the_token() {
    let stack = Stack::shared();
    let nightly = Agent::with_basic(stack, "nightly-agent");
    let first = granted(&an_agent(stack), &somebody(stack), &asks_for_a_file());
    let more = acted_by(&own_token_of(&nightly));
    let files = the_file_tool(stack);
    let token = files.exchanges_for(&first.access_token, BANK, &more).ok().string("access_token");
    let child = more.and("requested_token_type", REFRESH_TOKEN);
    let child = files.exchanges_for(&first.access_token, BANK, &child).ok().string("access_token");
    for theirs in [&token, &child] {
        nightly.finds_inactive(theirs);
        nightly.revokes(theirs);
    }
    nightly.refreshes(&child).is_refused(400, "unauthorized_client");
    nightly.exchanges(&token, BANK).is_refused(400, "unauthorized_client");
    the_bank(stack).finds_active(&token);
    files.finds_active(&child);
}

/// An ID token says who somebody is; what they allowed stands in the authorization, and no exchange gets more out of it. Only the
/// client that it is for may show it.
#[test]
fn an_id_token_is_exchanged_for_what_the_person_granted() {
    let stack = Stack::shared();
    let agent = Agent::with_basic(stack, "delegating-agent");
    let ask =
        asks(&json!([the_file("Q4-report.pdf", &["read"]), the_file("Q3-report.pdf", &["read", "write"])]));
    let first = granted(&agent, &somebody(stack), &ask);
    let id_token = first.answer.string("id_token");
    let as_id_token = Parameters::of([("subject_token_type", ID_TOKEN)]);
    let exchanges = |who: &Agent<'_>, to: &str| {
        let form = an_exchange(&id_token, to).without("subject_token_type").joined(&as_id_token);
        who.sends("/token", &form)
    };

    let answer = exchanges(&agent, FILES).ok();
    let claims = verified(stack, &answer.string("access_token")).claims;
    assert_eq!(claims["act"], json!({ "sub": "delegating-agent" }));
    assert_eq!(claims["scope"], "files.access", "the policy lets no other pass");
    assert_eq!(claims["authorization_details"], json!([the_file("Q4-report.pdf", &["read"])]));
    assert_eq!(claims["sub"], verified(stack, &id_token).claims["sub"]);
    // What was asked when they decided is told as it is by the access token beside it.
    let asked = &verified(stack, &first.access_token).claims["asked"];
    assert!(asked.is_string() && claims["asked"] == *asked, "{claims}");
    assert!(claims["exp"].as_i64() <= verified(stack, &id_token).claims["exp"].as_i64());

    exchanges(&agent, BANK).is_refused(400, "invalid_target");
    exchanges(&the_file_tool(stack), BANK).is_refused(400, "invalid_request");
    agent.revokes(&first.refresh_token);
    the_file_tool(stack).finds_inactive(&answer.string("access_token"));
    exchanges(&agent, FILES).is_refused(400, "invalid_request");
}
