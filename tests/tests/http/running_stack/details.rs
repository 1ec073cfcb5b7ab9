//! Rich authorization requests (RFC 9396): what is asked, what is granted, what a token says.

use serde_json::{Value, json};

use crate::agent::{Agent, Ask, BANK, FILES, an_agent, asks, asks_for_a_file, the_file, the_file_tool};
use crate::browser::{Browser, Page};
use crate::person::{
    Decision, decision_form, granted, somebody, the_code, the_person_consents, the_person_decides,
};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::{Answer, Parameters};

fn three_files() -> Ask {
    asks(&json!([
        the_file("Q3-report.pdf", &["read"]),
        the_file("Q4-report.pdf", &["read", "write"]),
        the_file("plan.txt", &["read"]),
    ]))
}

/// RFC 9396, section 7: the answer says what was granted, which may be less.
#[test]
fn a_person_may_approve_fewer_items_than_were_asked_for() {
    let stack = Stack::shared();
    let (agent, ask) = (an_agent(stack), three_files());
    let answer = the_person_decides(&agent, &somebody(stack), &ask, &Decision::Details(vec![1]));
    let answer = agent.redeems(&the_code(stack, &answer), &ask).ok();
    let approved = json!([the_file("Q4-report.pdf", &["read", "write"])]);
    assert_eq!(answer.json()["authorization_details"], approved);
    let token = answer.string("access_token");
    assert_eq!(verified(stack, &token).claims["authorization_details"], approved);
    assert_eq!(the_file_tool(stack).finds_active(&token)["authorization_details"], approved);
}

#[test]
fn a_page_that_sends_more_than_was_asked_for_grants_no_more() {
    let stack = Stack::shared();
    let (agent, ask) = (an_agent(stack), asks_for_a_file());
    let answer =
        the_person_decides(&agent, &somebody(stack), &ask, &Decision::Details(vec![0, 1, 7, 4_000_000_000]));
    if let Some(location) = answer.header("location").filter(|location| location.contains("code=")) {
        assert!(location.starts_with(crate::agent::CALLBACK));
        let answer = agent.redeems(&the_code(stack, &answer), &ask).ok();
        assert_eq!(answer.json()["authorization_details"], json!([the_file("Q4-report.pdf", &["read"])]));
    }
    let ask = asks_for_a_file().with("scope", "files.access");
    let answer = the_person_decides(
        &agent,
        &somebody(stack),
        &ask,
        &Decision::Scopes(vec!["files.access", "files.read", "bank.pay"]),
    );
    if answer.header("location").is_some_and(|location| location.contains("code=")) {
        let answer = agent.redeems(&the_code(stack, &answer), &ask).ok();
        assert_eq!(answer.json()["scope"], "files.access");
    }
}

#[test]
fn approving_nothing_is_not_approving() {
    let stack = Stack::shared();
    let (agent, ask) = (an_agent(stack), asks_for_a_file().with("scope", "files.access"));
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_consent(&somebody(stack), &agent.sends_the_person_with(&agent.pushes(&ask)));
    let form = decision_form(&page, &Decision::All).without("detail").without("scope");
    let page = Page::of(browser.submits("/consent", &form));
    assert!(page.html.contains("role=\"alert\""), "{}", page.words());
    // The request is not spent: they may still choose.
    the_code(stack, &browser.decides(&page, &Decision::All));
}

/// A scope that needs details gives access to nothing without them, so no token may say it then: a tool that looks at
/// scopes alone would open everything.
#[test]
fn a_scope_that_needs_details_is_not_granted_without_any() {
    let stack = Stack::shared();
    let (agent, ask) =
        (an_agent(stack), asks_for_a_file().with("scope", "files.read files.access offline_access"));
    let answer = the_person_decides(&agent, &somebody(stack), &ask, &Decision::Details(vec![]));
    let answer = agent.redeems(&the_code(stack, &answer), &ask).ok();
    assert!(!answer.string("scope").contains("files.access"), "{}", answer.text());
    let claims = verified(stack, &answer.string("access_token")).claims;
    assert!(!claims["scope"].to_string().contains("files.access"), "{claims}");
}

/// RFC 9396, section 6.1: a token request may narrow, and the grant stays as it is.
#[test]
fn a_token_may_be_narrower_than_the_grant_and_the_next_one_wider_again() {
    let stack = Stack::shared();
    let (agent, ask) = (an_agent(stack), three_files());
    let code = the_person_consents(&agent, &somebody(stack), &ask);
    let narrow = |details: &Value| Parameters::of([("authorization_details", &details.to_string())]);
    let one = json!([the_file("Q4-report.pdf", &["read"])]);
    let first = agent.redeems_for(&code, &ask, &narrow(&one)).ok();
    assert_eq!(first.json()["authorization_details"], one);
    assert_eq!(verified(stack, &first.string("access_token")).claims["authorization_details"], one);

    let second = agent.refreshes(&first.string("refresh_token")).ok();
    assert_eq!(second.json()["authorization_details"].as_array().unwrap().len(), 3);
    let other = json!([the_file("plan.txt", &["read"])]);
    let third = agent.refreshes_for(&second.string("refresh_token"), &narrow(&other)).ok();
    assert_eq!(third.json()["authorization_details"], other);
}

#[test]
fn a_token_may_not_be_wider_than_the_grant() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let mut tokens = granted(&agent, &somebody(stack), &asks_for_a_file());
    for wider in [
        the_file("Q4-report.pdf", &["read", "write"]),
        the_file("Q4-report.pdf", &["write"]),
        the_file("Q3-report.pdf", &["read"]),
        json!({"type": "file_access", "locations": ["https://files.test"], "actions": ["read"], "identifier": "Q4-report.pdf"}),
        json!({"type": "file_access", "locations": ["https://files.test/finance-secret"], "actions": ["read"], "identifier": "Q4-report.pdf"}),
        json!({"type": "archive", "identifier": "Q4-report.pdf"}),
    ] {
        let refused = agent.refreshes_for(
            &tokens.refresh_token,
            &Parameters::of([("authorization_details", &json!([wider]).to_string())]),
        );
        refused.is_refused(400, "invalid_authorization_details");
        assert!(
            refused.string("error_description").contains("authorization_details[0]"),
            "{}",
            refused.text()
        );
    }
    // A refusal has not spent the refresh token.
    tokens.refresh_token = agent.refreshes(&tokens.refresh_token).ok().string("refresh_token");
    let wider = Parameters::of([("scope", "files.access bank.pay")]);
    agent.refreshes_for(&tokens.refresh_token, &wider).is_refused(400, "invalid_scope");
}

#[test]
fn an_amount_may_become_smaller_and_not_larger() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let payment = |value: &str| json!([{"type": "payment", "creditor": "Mill & Co", "amount": {"value": value, "currency": "EUR"}}]);
    let ask = Ask::new("bank.pay offline_access")
        .with("resource", BANK)
        .with("authorization_details", &payment("100.00").to_string());
    let tokens = granted(&agent, &somebody(stack), &ask);
    let asking = |value: &str| Parameters::of([("authorization_details", &payment(value).to_string())]);
    let smaller = agent.refreshes_for(&tokens.refresh_token, &asking("99.99")).ok();
    assert_eq!(smaller.json()["authorization_details"], payment("99.99"));
    let next = smaller.string("refresh_token");
    for larger in ["100.01", "1000", "0100", "100.001"] {
        agent.refreshes_for(&next, &asking(larger)).is_refused(400, "invalid_authorization_details");
    }
}

/// A tool that asks for its details by reference gets an identifier, and introspection answers with them.
#[test]
fn a_tool_may_have_its_details_by_reference() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let payment = json!([{"type": "payment", "creditor": "Mill & Co", "amount": {"value": "12.50", "currency": "EUR"}}]);
    let ask = Ask::new("bank.pay offline_access")
        .with("resource", BANK)
        .with("authorization_details", &payment.to_string());
    let tokens = granted(&agent, &somebody(stack), &ask);
    let token = verified(stack, &tokens.access_token);
    assert_eq!(token.header["alg"], "RS256");
    assert_eq!(token.claims["aud"], BANK);
    assert_eq!(token.lives_for(), 120);
    assert!(token.claims.get("authorization_details").is_none());
    assert!(token.claims["authorization_details_id"].is_string());
    let bank = Agent::with_basic(stack, "bank-tool");
    assert_eq!(bank.finds_active(&tokens.access_token)["authorization_details"], payment);

    // Narrowed by reference, too.
    let smaller =
        json!([{"type": "payment", "creditor": "Mill & Co", "amount": {"value": "2", "currency": "EUR"}}]);
    let narrowed = agent
        .refreshes_for(
            &tokens.refresh_token,
            &Parameters::of([("authorization_details", &smaller.to_string())]),
        )
        .ok();
    assert_eq!(bank.finds_active(&narrowed.string("access_token"))["authorization_details"], smaller);
}

/// RFC 9396, section 3: details are filtered to the resource of the token.
#[test]
fn a_token_for_one_tool_says_nothing_of_the_other() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let payment =
        json!({"type": "payment", "creditor": "Mill & Co", "amount": {"value": "12.50", "currency": "EUR"}});
    let file = the_file("Q4-report.pdf", &["read"]);
    let ask = asks(&json!([file, payment]))
        .with("scope", "files.access bank.pay offline_access")
        .and("resource", BANK);
    let code = the_person_consents(&agent, &somebody(stack), &ask);
    // RFC 8707, section 2.2: a token is for one resource.
    agent.redeems(&code, &ask).is_refused(400, "invalid_target");
    let for_files = agent.redeems_for(&code, &ask, &Parameters::of([("resource", FILES)])).ok();
    assert_eq!(for_files.json()["authorization_details"], json!([file]));
    assert_eq!(for_files.json()["scope"], "files.access");
    let for_bank =
        agent.refreshes_for(&for_files.string("refresh_token"), &Parameters::of([("resource", BANK)])).ok();
    assert_eq!(for_bank.json()["authorization_details"], json!([payment]));
    assert_eq!(for_bank.json()["scope"], "bank.pay");
    the_file_tool(stack).finds_inactive(&for_bank.string("access_token"));
}

/// RFC 9396, section 5: a person must not be asked to approve what no token could ever say.
#[test]
fn a_place_that_no_tool_of_the_client_serves_is_refused() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let at = |locations: Value| json!({"type": "file_access", "locations": locations, "actions": ["read"], "identifier": "x"});
    let served = "https://files.test/finance";
    for (ask, why) in [
        (asks(&json!([at(json!(["https://elsewhere.test/finance"]))])), "nobody's place"),
        (asks(&json!([at(json!([served, "https://elsewhere.test"]))])), "one place of two"),
        (asks(&json!([at(json!(["https://files.test.evil.test/finance"]))])), "a look-alike"),
        (asks(&json!([at(json!(["https://files.test/finance/../board"]))])), "two readers' two places"),
        (asks(&json!([at(json!([BANK]))])), "a tool of the client, but not one for this type"),
        (asks(&json!([at(json!([served]))])).with("resource", BANK), "not the tool that the token is for"),
        (asks(&json!([at(json!([served])), at(json!(["https://elsewhere.test"]))])), "the second detail"),
    ] {
        let ask = ask.with("scope", "offline_access");
        let pushed = agent.sends("/par", &ask.parameters);
        pushed.is_refused(400, "invalid_authorization_details");
        let sent_back = Browser::new(stack).opens(&agent.sends_the_person_asking(&ask));
        let error = sent_back.callback(crate::agent::CALLBACK).remove("error");
        assert_eq!(error.as_deref(), Some("invalid_authorization_details"), "{why}");
    }
    // The tool that serves the place is there, but not for this client.
    let brief = Agent::with_basic(stack, "brief-agent");
    let payment = json!([{"type": "payment", "creditor": "x", "amount": {"value": "1", "currency": "EUR"}}]);
    let ask = asks(&payment).with("scope", "files.read").with("redirect_uri", "https://brief.test/callback");
    brief.sends("/par", &ask.parameters).is_refused(400, "invalid_authorization_details");
}

#[test]
fn a_type_can_demand_to_be_pushed_and_a_scope_can_demand_details() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let archive = asks(&json!([{"type": "archive", "identifier": "2019"}]));
    agent.pushes(&archive);
    let error = |answer: &Answer| answer.callback(crate::agent::CALLBACK).remove("error");
    let answer = Browser::new(stack).opens(&agent.sends_the_person_asking(&archive));
    assert_eq!(error(&answer).as_deref(), Some("invalid_authorization_details"));
    let without = Ask::new("files.access").with("resource", FILES);
    let answer = Browser::new(stack).opens(&agent.sends_the_person_asking(&without));
    assert_eq!(error(&answer).as_deref(), Some("invalid_scope"));
}

/// draft-ietf-oauth-rar-metadata-remediation.
#[test]
fn the_types_are_published_with_their_schemas() {
    let stack = Stack::shared();
    let metadata = stack.get("/.well-known/oauth-authorization-server").ok().json();
    let names: Vec<_> =
        metadata["authorization_details_types_supported"].as_array().unwrap().iter().collect();
    for name in ["file_access", "payment", "archive", "memo"] {
        assert!(names.contains(&&json!(name)), "{name} in {names:?}");
    }
    // It demands a passkey, which nobody has where the pages have no domain.
    let has_passkeys = metadata.get("acr_values_supported").is_some();
    assert_eq!(names.contains(&&json!("vault")), has_passkeys, "{names:?}");
    let types = stack.get("/authorization-details-types").ok().json();
    assert_eq!(types["file_access"]["schema"]["properties"]["type"]["const"], "file_access");
}
