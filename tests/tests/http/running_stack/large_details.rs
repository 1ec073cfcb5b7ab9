//! Details that are too large for a token (RFC 9396, sections 9.1 and 9.2): they are referred to, and the whole way works
//! with them.

use serde_json::{Value, json};

use crate::agent::{Agent, Ask, BANK, an_agent, asks, the_file_tool};
use crate::browser::Browser;
use crate::person::{Decision, granted, somebody, the_code};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::Parameters;

/// So many memos of about ten thousand bytes each.
fn memos(count: usize) -> Value {
    let memo = |number| json!({"type": "memo", "text": format!("{number} {}", "x".repeat(9_990))});
    (0..count).map(memo).collect()
}

fn narrowed_to(details: &str) -> Parameters {
    Parameters::of([("authorization_details", details)])
}

#[test]
fn details_too_large_for_a_token_are_referred_to() {
    let stack = Stack::shared();
    let (agent, text) = (an_agent(stack), "long ".repeat(1000));
    let memo = json!([{"type": "memo", "text": text}]);
    let ask = asks(&memo).with("scope", "files.read offline_access");
    let tokens = granted(&agent, &somebody(stack), &ask);
    assert!(tokens.access_token.len() < 4096);
    assert!(verified(stack, &tokens.access_token).claims["authorization_details_id"].is_string());
    assert_eq!(the_file_tool(stack).finds_active(&tokens.access_token)["authorization_details"], memo);
    let renewed = agent.refreshes(&tokens.refresh_token).ok();
    assert_eq!(
        the_file_tool(stack).finds_active(&renewed.string("access_token"))["authorization_details"],
        memo
    );
}

/// The table, the consent page, the form that it sends, the tokens' references and introspection.
#[test]
fn three_hundred_kilobytes_of_details_go_the_whole_way() {
    let stack = Stack::shared();
    let (agent, tool, person) = (an_agent(stack), the_file_tool(stack), somebody(stack));
    let memos = memos(30);
    assert!(memos.to_string().len() > 300_000);
    let ask = asks(&memos).with("scope", "files.read offline_access");

    let mut browser = Browser::new(stack);
    let page = browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&ask)));
    assert_eq!(page.fields("detail").len(), 30);
    let code = the_code(stack, &browser.decides(&page, &Decision::All));
    let first = agent.redeems(&code, &ask).ok();
    assert_eq!(first.json()["authorization_details"], memos, "RFC 9396, section 7");

    let refers = |token: &str| {
        let claims = verified(stack, token).claims;
        assert!(token.len() < 4096 && claims.get("authorization_details").is_none(), "{claims}");
        assert!(claims["authorization_details_id"].is_string(), "{claims}");
        tool.finds_active(token)["authorization_details"].clone()
    };
    assert_eq!(refers(&first.string("access_token")), memos);
    let second = agent.refreshes(&first.string("refresh_token")).ok();
    assert_eq!(refers(&second.string("access_token")), memos);

    // A part of it, which is kept for this token alone, and then the whole again.
    let part = json!([memos[7], memos[3]]);
    let third = agent.refreshes_for(&second.string("refresh_token"), &narrowed_to(&part.to_string())).ok();
    assert_eq!(refers(&third.string("access_token")), part);
    let fourth = agent.refreshes(&third.string("refresh_token")).ok();
    assert_eq!(refers(&fourth.string("access_token")), memos);
    assert_eq!(refers(&first.string("access_token")), memos);

    agent.revokes(&fourth.string("refresh_token"));
    for answer in [first, second, third, fourth] {
        tool.finds_inactive(&answer.string("access_token"));
    }
}

/// A part of the details may be approved: the grant then holds other details than were pushed.
#[test]
fn of_large_details_a_part_may_be_approved() {
    let stack = Stack::shared();
    let (agent, person, memos) = (an_agent(stack), somebody(stack), memos(12));
    let ask = asks(&memos).with("scope", "files.read offline_access");
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&ask)));
    let code = the_code(stack, &browser.decides(&page, &Decision::Details(vec![1, 10])));
    let tokens = agent.redeems(&code, &ask).ok();
    let approved = json!([memos[1], memos[10]]);
    assert_eq!(
        the_file_tool(stack).finds_active(&tokens.string("access_token"))["authorization_details"],
        approved
    );
    let more = narrowed_to(&json!([memos[2]]).to_string());
    agent
        .refreshes_for(&tokens.string("refresh_token"), &more)
        .is_refused(400, "invalid_authorization_details");
}

/// Anybody can use a public client's name to have us write.
#[test]
fn a_public_client_pushes_no_more_than_sixteen_kilobytes_of_details() {
    let stack = Stack::shared();
    let ask = |bytes: usize| {
        let memo = |length: usize| json!({"type": "memo", "text": "x".repeat(length)});
        let frame = json!([memo(0), memo(0)]).to_string().len();
        let details = json!([memo(8_000), memo(bytes - frame - 8_000)]).to_string();
        assert_eq!(details.len(), bytes);
        asks(&json!([])).with("authorization_details", &details).with("scope", "files.read")
    };
    let public = Agent::public(stack);
    public.pushes(&ask(16 * 1024));
    let refused = public.sends("/par", &ask(16 * 1024 + 1).parameters);
    refused.is_refused(400, "invalid_request");
    assert!(refused.string("error_description").contains("authorization_details"), "{}", refused.text());
    an_agent(stack).pushes(&ask(16 * 1024 + 1));
}

#[test]
fn nobody_pushes_more_than_three_hundred_kilobytes_of_details() {
    let stack = Stack::shared();
    let ask = asks(&memos(31)).with("scope", "files.read offline_access");
    assert!(ask.parameters.get("authorization_details").expect("details").len() > 300 * 1024);
    let refused = an_agent(stack).sends("/par", &ask.parameters);
    assert!(matches!(refused.status, 400 | 413), "{}", refused.text());
}

/// The moments from which on the table may drop the details of a grant that live beside it.
fn dropped_from(stack: &Stack, grant: &str) -> Vec<i64> {
    let items = stack.observer().items_of(&format!("AUTHORIZATION#{grant}"));
    let beside =
        items.iter().filter(|item| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("DETAILS#")));
    beside.map(|item| item["expires_at"]["N"].as_str().expect("a moment").parse().expect("seconds")).collect()
}

/// What is kept for a token of two minutes must not take the place of what is kept for a grant of thirty days, however alike
/// the two are: a number spelt in another way is the same number.
#[test]
fn a_token_narrowed_from_large_details_does_not_shorten_their_life() {
    let stack = Stack::shared();
    let (agent, bank) = (an_agent(stack), Agent::with_basic(stack, "bank-tool"));
    let purpose = "x".repeat(9_900);
    let spelt = |limit: &str| format!(r#"[{{"type":"budget","limit":{limit},"purpose":"{purpose}"}}]"#);
    let ask = Ask::new("bank.pay offline_access")
        .with("resource", BANK)
        .with("authorization_details", &spelt("100"));
    let tokens = granted(&agent, &somebody(stack), &ask);
    let grant =
        verified(stack, &tokens.access_token).claims["grant_id"].as_str().expect("a grant").to_owned();
    let before = dropped_from(stack, &grant);
    let almost_thirty_days = stack.now() + 29 * 24 * 3600;
    assert!(before.iter().any(|moment| *moment > almost_thirty_days), "{before:?}");

    let mut refresh_token = tokens.refresh_token;
    for limit in ["100", "100.0", "1e2", "1.00E+2", "99.5"] {
        let narrowed = agent.refreshes_for(&refresh_token, &narrowed_to(&spelt(limit))).ok();
        refresh_token = narrowed.string("refresh_token");
        let said = bank.finds_active(&narrowed.string("access_token"));
        let limit: f64 = limit.parse().expect("a number");
        assert_eq!(said["authorization_details"][0]["limit"].as_f64(), Some(limit));
        assert_eq!(dropped_from(stack, &grant), before, "{limit}");
    }
    let whole = agent.refreshes(&refresh_token).ok();
    let said = bank.finds_active(&whole.string("access_token"));
    assert_eq!(said["authorization_details"][0]["limit"].as_f64(), Some(100.0));
}
