//! Introspection (RFC 7662) and revocation (RFC 7009): who sees a token, who ends it, and what ends with it.

use serde_json::json;

use crate::agent::{Agent, Ask, an_agent, asks_for_a_file, the_file_tool};
use crate::assertion::unguessable;
use crate::browser::Browser;
use crate::person::{Decision, granted, somebody, the_code};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::{Answer, Parameters, http, post};

#[test]
fn a_tool_sees_the_tokens_meant_for_it_and_a_client_its_own() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let tokens = granted(&agent, &somebody(stack), &asks_for_a_file());
    the_file_tool(stack).finds_active(&tokens.access_token);
    agent.finds_active(&tokens.access_token);
    let refresh = agent.finds_active(&tokens.refresh_token);
    assert!(refresh.get("token_type").is_none(), "{refresh}");
    for stranger in [Agent::with_basic(stack, "bank-tool"), Agent::with_basic(stack, "modern-agent")] {
        stranger.finds_inactive(&tokens.access_token);
        stranger.finds_inactive(&tokens.refresh_token);
    }
    // A refresh token is no business of a tool.
    the_file_tool(stack).finds_inactive(&tokens.refresh_token);
}

#[test]
fn what_is_no_token_of_ours_is_inactive() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let tokens = granted(&agent, &somebody(stack), &asks_for_a_file());
    let (head, signature) = tokens.access_token.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let claims = verified(stack, &tokens.access_token).claims;
    let mut forged = claims.clone();
    forged["scope"] = json!("bank.pay");
    let forged = crate::assertion::encode(forged.to_string().as_bytes());
    let unsigned = crate::assertion::encode(br#"{"alg":"none","typ":"at+jwt"}"#);
    for token in [
        "junk".to_owned(),
        unguessable(),
        format!("{head}."),
        head.to_owned(),
        format!("{header}.{forged}.{signature}"),
        format!("{unsigned}.{forged}."),
        format!("{}.{}", tokens.refresh_token.split('.').next().unwrap(), unguessable()),
        tokens.answer.string("id_token"),
        stack.client_key.signed(&json!({"alg": "ES256", "typ": "at+jwt", "kid": "p256"}), &claims),
    ] {
        the_file_tool(stack).finds_inactive(&token);
        agent.finds_inactive(&token);
    }
}

/// RFC 7009, section 2.1: an access token's end is its own.
#[test]
fn revoking_an_access_token_ends_that_token_alone() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let tokens = granted(&agent, &somebody(stack), &asks_for_a_file());
    let other = agent.refreshes(&tokens.refresh_token).ok();
    agent.revokes(&tokens.access_token);
    the_file_tool(stack).finds_inactive(&tokens.access_token);
    the_file_tool(stack).finds_active(&other.string("access_token"));
    agent.refreshes(&other.string("refresh_token")).ok();
}

#[test]
fn revoking_a_refresh_token_ends_everything_under_it() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let tokens = granted(&agent, &somebody(stack), &asks_for_a_file());
    let other = agent.refreshes(&tokens.refresh_token).ok();
    agent.revokes(&other.string("refresh_token"));
    for token in [tokens.access_token, other.string("access_token")] {
        the_file_tool(stack).finds_inactive(&token);
        agent.finds_inactive(&token);
    }
    agent.refreshes(&other.string("refresh_token")).is_refused(400, "invalid_grant");
}

/// RFC 7009, sections 2.1 and 2.2: a stranger ends nothing, and junk is no error.
#[test]
fn strangers_and_junk_end_nothing() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let tokens = granted(&agent, &somebody(stack), &asks_for_a_file());
    let id = tokens.refresh_token.split('.').next().unwrap();
    let stranger = Agent::with_basic(stack, "modern-agent");
    for token in [&tokens.refresh_token, &tokens.access_token] {
        let answer = stranger.sends("/revoke", &Parameters::of([("token", token)]));
        assert!(matches!(answer.status, 200 | 400), "{}", answer.text());
    }
    for guessed in [
        format!("{id}.{}", unguessable()),
        id.to_owned(),
        "junk".to_owned(),
        format!("{}x", tokens.access_token),
    ] {
        agent.revokes(&guessed);
    }
    the_file_tool(stack).finds_active(&tokens.access_token);
    agent.refreshes(&tokens.refresh_token).ok();
}

#[test]
fn a_wrong_hint_does_not_hide_a_token() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    for (hint, of) in [("refresh_token", 0), ("access_token", 1), ("something_else", 0)] {
        let tokens = granted(&agent, &somebody(stack), &asks_for_a_file());
        let token = [&tokens.access_token, &tokens.refresh_token][of];
        let form = Parameters::of([("token", token), ("token_type_hint", hint)]);
        let seen = agent.sends("/introspect", &form).ok().json();
        assert_eq!(seen["active"], true, "{hint}: {seen}");
        assert_eq!(agent.sends("/revoke", &form).status, 200, "{hint}");
        agent.finds_inactive(token);
    }
}

/// RFC 7009, section 2.1: a public client ends its own.
#[test]
fn an_app_without_a_secret_can_end_its_own_authorization() {
    let stack = Stack::shared();
    let app = Agent::public(stack);
    let tokens = granted(&app, &somebody(stack), &asks_for_a_file());
    app.revokes(&tokens.refresh_token);
    the_file_tool(stack).finds_inactive(&tokens.access_token);
}

/// OpenID Connect Core, section 11: what a person did not let an agent do while they are away, it cannot do.
#[test]
fn nothing_is_renewed_while_the_person_is_away_unless_they_let_it() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent(stack), somebody(stack));
    let redeemed = |ask: Ask, decision: &Decision| {
        let mut browser = Browser::new(stack);
        let page = browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&ask)));
        let code = the_code(stack, &browser.decides(&page, decision));
        agent.redeems(&code, &ask).ok().json()
    };
    let unticked = Decision::Scopes(vec!["files.access", "files.read"]);
    let without = redeemed(asks_for_a_file(), &unticked);
    assert!(without.get("refresh_token").is_none(), "{without}");
    assert!(!without["scope"].as_str().expect("a scope").contains("offline_access"));
    let never_asked = redeemed(asks_for_a_file().with("scope", "files.access"), &Decision::All);
    assert!(never_asked.get("refresh_token").is_none(), "{never_asked}");
    assert!(redeemed(asks_for_a_file(), &Decision::All).get("refresh_token").is_some());
}

/// OpenID Connect Core, sections 5.3 and 5.3.1; RFC 6750, sections 2.1 and 2.2: by GET or POST, with the token in the header or
/// in the form.
#[test]
fn a_client_asks_about_the_person_by_post_as_well_as_by_get() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent(stack), somebody(stack));
    let ask = Ask::new("openid profile groups offline_access");
    let tokens = granted(&agent, &person, &ask);
    let (url, bearer) = (stack.url("/userinfo"), format!("Bearer {}", tokens.access_token));
    let told = Answer::to(http().get(&url).header("authorization", &bearer)).ok().json();
    assert_eq!(told["sub"], verified(stack, &tokens.access_token).claims["sub"], "{told}");
    assert_eq!(told["preferred_username"], person.user_name.as_str(), "{told}");
    assert_eq!(told["groups"], json!(["testers"]), "{told}");

    let form = Parameters::of([("access_token", &tokens.access_token)]);
    let ways = [
        ("in the header, without a body", http().post(&url).header("authorization", &bearer)),
        (
            "in the header, with an empty form",
            post(&url, &Parameters::default()).header("authorization", &bearer),
        ),
        ("in the form", post(&url, &form)),
    ];
    let answers = ways.map(|(way, request)| (way, Answer::to(request).ok()));
    for (way, answer) in answers {
        assert_eq!(answer.json(), told, "{way}");
        assert!(
            answer.header("content-type").is_some_and(|kind| kind.starts_with("application/json")),
            "{way}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{way}");
    }
}
