//! The whole way, in the order in which it happens: push, sign in, consent, code, token, and all that can be done with it.

use serde_json::json;

use crate::agent::{Agent, CALLBACK, FILES, an_agent, asks_for_a_file, the_file, the_file_tool};
use crate::browser::{Browser, Page};
use crate::person::{Decision, granted, somebody, the_code};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::Parameters;

/// RFC 9126, OAuth 2.1, RFC 9396, RFC 9068, OpenID Connect Core, RFC 7662, RFC 7009: the sunny day.
#[test]
fn an_agent_gets_a_token_for_one_file_that_a_person_approved() {
    let stack = Stack::shared();
    walks_the_whole_way(stack, &an_agent(stack));
}

#[test]
fn an_agent_with_its_secret_in_the_form_walks_the_same_way() {
    let stack = Stack::shared();
    walks_the_whole_way(stack, &Agent::with_post(stack, "posting-agent"));
}

#[test]
fn an_agent_with_a_key_walks_the_same_way() {
    let stack = Stack::shared();
    walks_the_whole_way(stack, &Agent::signing(stack, "ES256"));
}

#[test]
fn an_app_that_can_keep_no_secret_walks_the_same_way_by_pkce() {
    let stack = Stack::shared();
    walks_the_whole_way(stack, &Agent::public(stack));
}

pub(crate) fn walks_the_whole_way(stack: &Stack, agent: &Agent<'_>) {
    let person = somebody(stack);
    let ask = asks_for_a_file()
        .and("resource", &stack.issuer)
        .with("nonce", "n-0S6_WzA2Mj")
        .with("purpose", "I write the quarterly summary.");

    // The push.
    let pushed = agent.sends("/par", &ask.parameters);
    assert_eq!(pushed.status, 201, "{}", pushed.text());
    let request_uri = pushed.string("request_uri");
    assert!(request_uri.starts_with("urn:ietf:params:oauth:request_uri:"), "{request_uri}");
    assert_eq!(pushed.json()["expires_in"], 90);
    assert_eq!(pushed.header("cache-control"), Some("no-store"));

    // Sign in, and the consent page.
    let mut browser = Browser::new(stack);
    let page = Page::of(browser.opens(&agent.sends_the_person_with(&request_uri)).ok());
    assert!(page.has_form("/sign-in"), "{}", page.html);
    let page = Page::of(browser.signs_in(&page, &person).ok());
    let words = page.words();
    for told in [
        "Q4-report.pdf",
        "https://files.test/finance",
        "127.0.0.1",
        "I write the quarterly summary.",
        &person.user_name,
    ] {
        assert!(words.contains(told), "the consent page does not tell of {told}: {words}");
    }
    for header in ["content-security-policy", "x-content-type-options", "referrer-policy"] {
        assert!(page.answer.header(header).is_some(), "{header}");
    }
    assert!(
        page.answer
            .header("content-security-policy")
            .is_some_and(|policy| policy.contains("frame-ancestors 'none'"))
    );

    // The code (OAuth 2.1, section 4.1.2; RFC 9207).
    let answer = browser.decides(&page, &Decision::All);
    let callback = answer.callback(CALLBACK);
    assert_eq!(callback["state"], ask.state());
    assert_eq!(callback["iss"], stack.issuer);
    let code = the_code(stack, &answer);

    // The token (RFC 9396, section 7).
    let answer = agent.redeems_for(&code, &ask, &Parameters::of([("resource", FILES)])).ok();
    let said = answer.json();
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!((said["token_type"].as_str(), said["expires_in"].as_u64()), (Some("Bearer"), Some(300)));
    assert_eq!(said["authorization_details"], json!([the_file("Q4-report.pdf", &["read"])]));
    let access_token = answer.string("access_token");
    let refresh_token = answer.string("refresh_token");

    // The claims (RFC 9068, section 2.2).
    let token = verified(stack, &access_token);
    assert_eq!((token.header["typ"].as_str(), token.header["alg"].as_str()), (Some("at+jwt"), Some("ES256")));
    let claims = &token.claims;
    assert_eq!(claims["iss"], stack.issuer.as_str());
    assert_eq!(claims["aud"], FILES);
    assert_eq!(claims["client_id"], agent.id.as_str());
    assert_eq!(claims["authorization_details"], said["authorization_details"]);
    assert_eq!(claims["amr"], json!(["pwd"]));
    assert_eq!(token.lives_for(), 300);
    assert!(claims["sub"].as_str().is_some_and(|sub| sub.starts_with("person-")));
    for name in ["jti", "auth_time", "grant_id"] {
        assert!(!claims[name].is_null(), "{name} is missing in {claims}");
    }

    // The ID token (OpenID Connect Core, section 2).
    let id_token = verified(stack, &answer.string("id_token"));
    assert_eq!(id_token.header["alg"], "RS256");
    assert_eq!(id_token.claims["aud"], agent.id.as_str());
    assert_eq!(id_token.claims["nonce"], "n-0S6_WzA2Mj");
    assert_eq!(id_token.claims["sub"], claims["sub"]);
    assert_eq!(id_token.claims["at_hash"].as_str().map(str::len), Some(22));

    // Introspection by the tool (RFC 7662, RFC 9396, section 9.2).
    let tool = the_file_tool(stack);
    let seen = tool.finds_active(&access_token);
    assert_eq!(seen["authorization_details"], said["authorization_details"]);
    assert_eq!(seen["username"], person.user_name.as_str());
    assert_eq!(seen["sub"], claims["sub"]);

    // Renewal (OAuth 2.1, section 4.3), this time for the issuer itself.
    let renewed = agent.refreshes_for(&refresh_token, &Parameters::of([("resource", &stack.issuer)])).ok();
    let for_userinfo = renewed.string("access_token");
    assert_ne!(renewed.string("refresh_token"), refresh_token);
    let userinfo = stack.userinfo(&for_userinfo).ok().json();
    assert_eq!(userinfo["sub"], claims["sub"]);

    // The end (RFC 7009).
    agent.revokes(&renewed.string("refresh_token"));
    tool.finds_inactive(&access_token);
    userinfo_refuses(stack, &for_userinfo);
    agent.refreshes(&renewed.string("refresh_token")).is_refused(400, "invalid_grant");
}

fn userinfo_refuses(stack: &Stack, token: &str) {
    let refused = stack.userinfo(token);
    refused.is_refused(401, "invalid_token");
    let challenge = ["www-authenticate", "x-amzn-remapped-www-authenticate"]
        .into_iter()
        .find_map(|name| refused.header(name))
        .expect("a challenge");
    assert!(challenge.starts_with("Bearer ") && challenge.contains("error=\"invalid_token\""), "{challenge}");
}

#[test]
fn a_second_agent_finds_the_person_signed_in() {
    let stack = Stack::shared();
    let (person, agent) = (somebody(stack), an_agent(stack));
    let mut browser = Browser::new(stack);
    browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&asks_for_a_file())));
    let other = Agent::public(stack);
    let page = Page::of(browser.opens(&other.sends_the_person_with(&other.pushes(&asks_for_a_file()))).ok());
    assert!(page.has_form("/consent"), "{}", page.words());
}

#[test]
fn a_request_may_come_with_the_browser_when_the_client_need_not_push() {
    let stack = Stack::shared();
    let (person, agent, ask) = (somebody(stack), an_agent(stack), asks_for_a_file());
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_consent(&person, &agent.sends_the_person_asking(&ask));
    let code = the_code(stack, &browser.decides(&page, &Decision::All));
    agent.redeems(&code, &ask).ok();
}

#[test]
fn an_authorization_request_may_be_posted() {
    let stack = Stack::shared();
    let (person, agent, ask) = (somebody(stack), an_agent(stack), asks_for_a_file());
    let mut browser = Browser::new(stack);
    let query = ask.parameters.clone().with("client_id", &agent.id);
    let page = Page::of(browser.submits("/authorize", &query).ok());
    let page = Page::of(browser.signs_in(&page, &person).ok());
    let code = the_code(stack, &browser.decides(&page, &Decision::All));
    agent.redeems(&code, &ask).ok();
}

#[test]
fn tokens_of_two_people_name_two_subjects() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let subject = || {
        let tokens = granted(&agent, &somebody(stack), &asks_for_a_file());
        verified(stack, &tokens.access_token).claims["sub"].clone()
    };
    assert_ne!(subject(), subject());
}
