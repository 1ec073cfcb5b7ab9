//! Who somebody is, told by exchange: an ID token (RFC 8693, section 3), and an Identity Assertion JWT Authorization Grant for another
//! authorization server (draft-ietf-oauth-identity-assertion-authz-grant).

use serde_json::{Value, json};

use crate::agent::{Agent, Ask, BANK, FILES, an_agent, asks_for_a_file, the_file_tool};
use crate::exchange::{
    ACCESS_TOKEN, CHAT, ID_JAG, ID_TOKEN, REFRESH_TOKEN, acted_by, an_exchange, an_id_jag, own_token_of,
    the_bank,
};
use crate::person::{Tokens, granted, somebody, somebody_with};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::Parameters;

/// The form in which the file server asks who it was that sent it a token.
fn who_is_it(subject: &str) -> Parameters {
    an_exchange(subject, FILES).without("resource").and("requested_token_type", ID_TOKEN)
}

#[test]
fn a_tool_is_told_who_sent_it_a_token_and_who_acts() {
    let stack = Stack::shared();
    let first = granted(&an_agent(stack), &somebody(stack), &asks_for_a_file());
    let answer = the_file_tool(stack).sends("/token", &who_is_it(&first.access_token)).ok();
    let said = answer.json();
    assert_eq!(said["issued_token_type"], ID_TOKEN);
    assert_eq!(said["token_type"], "N_A");
    assert!(said["id_token"].is_null() && said["refresh_token"].is_null(), "{said}");
    let token = verified(stack, &answer.string("access_token"));
    let before = verified(stack, &first.access_token).claims;
    assert_eq!(token.header["typ"], "JWT");
    assert_eq!(token.claims["aud"], "files-tool");
    assert_eq!(token.claims["act"], json!({ "sub": "files-tool" }));
    assert_eq!(token.claims["client_id"], "files-tool");
    for same in ["iss", "sub", "auth_time", "amr", "grant_id"] {
        assert_eq!(token.claims[same], before[same], "{same}");
    }
    assert!(token.claims["exp"].as_i64() <= before["exp"].as_i64());
    assert!(
        token.claims["at_hash"].is_null()
            && token.claims["nonce"].is_null()
            && token.claims["scope"].is_null()
    );
}

#[test]
fn another_tool_may_be_told_where_a_policy_says_so() {
    let stack = Stack::shared();
    let first = granted(&an_agent(stack), &somebody(stack), &asks_for_a_file());
    let files = the_file_tool(stack);
    let told = |client: &str| files.sends("/token", &who_is_it(&first.access_token).and("audience", client));
    let token = verified(stack, &told("bank-tool").ok().string("access_token"));
    assert_eq!(token.claims["aud"], "bank-tool");
    // A tool that no policy names, a client that is no tool, and nobody.
    for other in ["ledger-tool", "report-agent", "nobody", "bank"] {
        told(other).is_refused(400, "invalid_target");
    }
    files
        .sends("/token", &who_is_it(&first.access_token).and("resource", BANK))
        .is_refused(400, "invalid_target");
}

/// RFC 8693, section 4.3: whoever acts, the client that asked for it is named. As `azp` whom it is for would take it for another's.
#[test]
fn an_id_token_by_exchange_names_the_client_that_asked_for_it_whoever_acts() {
    let stack = Stack::shared();
    let first = granted(&an_agent(stack), &somebody(stack), &asks_for_a_file());
    let own = nightly_s_own(stack);
    let form = who_is_it(&first.access_token).and("audience", "bank-tool").joined(&acted_by(&own));
    let answer = the_file_tool(stack).sends("/token", &form).ok();
    let claims = verified(stack, &answer.string("access_token")).claims;
    assert_eq!((&claims["aud"], &claims["act"]), (&json!("bank-tool"), &json!({ "sub": "nightly-agent" })));
    assert_eq!(claims["client_id"], "files-tool");
    assert!(claims["azp"].is_null(), "{claims}");
    // What comes of signing in is asked for by whom it is for.
    let id_token = verified(stack, &first.answer.string("id_token")).claims;
    assert!(id_token["client_id"].is_null() && id_token["act"].is_null(), "{id_token}");
}

/// What the person granted, they granted to the client at the start.
#[test]
fn an_id_token_by_exchange_opens_nothing() {
    let stack = Stack::shared();
    let first = granted(&an_agent(stack), &somebody(stack), &asks_for_a_file());
    let files = the_file_tool(stack);
    let id_token = files.sends("/token", &who_is_it(&first.access_token)).ok().string("access_token");
    for form in [an_exchange(&id_token, BANK), an_exchange(&id_token, FILES), who_is_it(&id_token)] {
        files.sends("/token", &form.with("subject_token_type", ID_TOKEN)).is_refused(400, "invalid_request");
    }
    files.finds_inactive(&id_token);
}

#[test]
fn nobody_is_told_what_was_not_granted() {
    let stack = Stack::shared();
    let ask = asks_for_a_file().with("scope", "files.read files.access offline_access");
    let without_openid = granted(&an_agent(stack), &somebody(stack), &ask).access_token;
    let files = the_file_tool(stack);
    files.sends("/token", &who_is_it(&without_openid)).is_refused(400, "invalid_scope");
    files.sends("/token", &who_is_it(&nightly_s_own(stack))).is_refused(400, "invalid_scope");
    let first = granted(&an_agent(stack), &somebody(stack), &asks_for_a_file());
    let wider = who_is_it(&first.access_token).and("scope", "openid email");
    files.sends("/token", &wider).is_refused(400, "invalid_scope");
    let for_bank = files.exchanges(&first.access_token, BANK).ok().string("access_token");
    the_bank(stack).sends("/token", &who_is_it(&for_bank)).is_refused(400, "invalid_scope");
}

fn signed_in(stack: &Stack) -> (Agent<'_>, Tokens) {
    let agent = Agent::with_basic(stack, "delegating-agent");
    let person = somebody_with(stack, &["--email", "alice@mills.test"]);
    let first = granted(&agent, &person, &asks_for_a_file());
    (agent, first)
}

/// draft-ietf-oauth-identity-assertion-authz-grant, sections 3.1 and 4.3.
#[test]
fn an_id_jag_says_who_it_is_to_one_server_for_one_resource() {
    let stack = Stack::shared();
    let (agent, first) = signed_in(stack);
    let id_token = first.answer.string("id_token");
    for (subject, token_type) in [(&id_token, ID_TOKEN), (&first.refresh_token, REFRESH_TOKEN)] {
        let answer = agent.sends("/token", &an_id_jag(subject, token_type)).ok();
        let said = answer.json();
        assert_eq!(said["issued_token_type"], ID_JAG);
        assert_eq!(said["token_type"], "N_A");
        assert_eq!(said["scope"], "chat.read", "no policy permits the other");
        assert!(said["expires_in"].as_i64() <= Some(300) && said["refresh_token"].is_null(), "{said}");
        let token = verified(stack, &answer.string("access_token"));
        assert_eq!(token.header["typ"], "oauth-id-jag+jwt");
        // They let nobody know their address.
        assert!(token.claims["email"].is_null(), "{}", token.claims);
        let names = ["iss", "sub", "aud", "client_id", "resource", "scope"];
        let said: Vec<&Value> = names.iter().map(|name| &token.claims[*name]).collect();
        let sub = verified(stack, &id_token).claims["sub"].clone();
        let expected = [
            json!(stack.issuer),
            sub,
            json!(CHAT),
            json!("agent-at-chat"),
            json!("https://mcp.chat.test"),
            json!("chat.read"),
        ];
        assert_eq!(said, expected.iter().collect::<Vec<_>>());
        for there in ["jti", "exp", "iat", "auth_time", "amr"] {
            assert!(!token.claims[there].is_null(), "{there}");
        }
        // It opens nothing here.
        let form = an_exchange(&answer.string("access_token"), FILES);
        for token_type in [ACCESS_TOKEN, ID_TOKEN, ID_JAG] {
            let form = form.clone().with("subject_token_type", token_type);
            agent.sends("/token", &form).is_refused(400, "invalid_request");
        }
    }
}

/// OpenID Connect Core, section 5.4: an address is told to whom the person lets know it.
#[test]
fn an_id_jag_says_the_address_that_the_person_let_the_client_know() {
    let stack = Stack::shared();
    let agent = Agent::with_basic(stack, "delegating-agent");
    let person = somebody_with(stack, &["--email", "alice@mills.test"]);
    let ask = Ask::new("openid email files.read offline_access").with("resource", FILES);
    let id_token = granted(&agent, &person, &ask).answer.string("id_token");
    let id_jag = agent.sends("/token", &an_id_jag(&id_token, ID_TOKEN)).ok().string("access_token");
    assert_eq!(verified(stack, &id_jag).claims["email"], "alice@mills.test");
}

#[test]
fn an_id_jag_is_for_registered_pairs_and_what_policies_leave() {
    let stack = Stack::shared();
    let (agent, first) = signed_in(stack);
    let form = || an_id_jag(&first.answer.string("id_token"), ID_TOKEN);
    let cases: Vec<(&str, Parameters, &str)> = vec![
        ("no audience", form().without("audience"), "invalid_target"),
        ("another server", form().with("audience", "https://auth.evil.test"), "invalid_target"),
        ("a slash more", form().with("audience", "https://auth.chat.test/"), "invalid_target"),
        ("this server", form().with("audience", &stack.issuer), "invalid_target"),
        ("two servers", form().and("audience", "https://auth.evil.test"), "invalid_target"),
        ("another resource", form().with("resource", FILES), "invalid_target"),
        ("two resources", form().and("resource", FILES), "invalid_target"),
        ("a scope that no policy permits", form().and("scope", "chat.write"), "invalid_target"),
        ("one scope that no policy permits", form().and("scope", "chat.read chat.write"), "invalid_scope"),
        ("a scope that is not registered", form().and("scope", "chat.evil"), "invalid_scope"),
        ("a scope of ours", form().and("scope", "files.read"), "invalid_scope"),
        (
            "details",
            form().and("authorization_details", r#"[{"type":"file_access"}]"#),
            "invalid_authorization_details",
        ),
        ("an access token", an_id_jag(&first.access_token, ACCESS_TOKEN), "invalid_request"),
    ];
    for (name, form, error) in cases {
        let answer = agent.sends("/token", &form);
        assert_eq!(
            (answer.status, answer.json()["error"].as_str()),
            (400, Some(error)),
            "{name}: {}",
            answer.text()
        );
    }
    agent.sends("/token", &form().without("resource")).ok();
    the_file_tool(stack).sends("/token", &form()).is_refused(400, "invalid_target");
    // Who is asserted to be somebody has to have let that be known.
    let unknown =
        granted(&agent, &somebody(stack), &Ask::new("files.read offline_access").with("resource", FILES));
    let form = an_id_jag(&unknown.refresh_token, REFRESH_TOKEN);
    agent.sends("/token", &form).is_refused(400, "invalid_request");
    agent.revokes(&first.refresh_token);
    agent
        .sends("/token", &an_id_jag(&first.answer.string("id_token"), ID_TOKEN))
        .is_refused(400, "invalid_request");
}

#[test]
fn the_metadata_says_that_id_jags_are_issued_and_taken() {
    let metadata = Stack::shared().get("/.well-known/oauth-authorization-server").ok().json();
    assert_eq!(metadata["identity_chaining_requested_token_types_supported"], json!([ID_JAG]));
    let profile = json!(["urn:ietf:params:oauth:grant-profile:id-jag"]);
    assert_eq!(metadata["authorization_grant_profiles_supported"], profile);
    let grants = metadata["grant_types_supported"].as_array().expect("a list").clone();
    assert!(grants.contains(&json!(crate::exchange::JWT_BEARER)), "{grants:?}");
}

fn nightly_s_own(stack: &Stack) -> String {
    own_token_of(&Agent::with_basic(stack, "nightly-agent"))
}
