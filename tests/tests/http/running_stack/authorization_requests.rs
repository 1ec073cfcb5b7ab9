//! What a client may ask of `/authorize`, by whichever way the request comes.

use std::collections::BTreeMap;

use crate::agent::{Agent, Ask, CALLBACK, an_agent, asks_for_a_file};
use crate::browser::{Browser, Page};
use crate::person::{Decision, somebody, the_person_consents, the_person_decides};
use crate::stack::Stack;
use crate::web::Answer;

/// What a signed-in person's browser gets for a request that came with it.
fn a_signed_in_browser(stack: &Stack) -> Browser<'_> {
    let (agent, mut browser) = (an_agent(stack), Browser::new(stack));
    browser
        .comes_to_consent(&somebody(stack), &agent.sends_the_person_with(&agent.pushes(&asks_for_a_file())));
    browser
}

/// The error with which the browser is sent back to the client.
#[track_caller]
fn sent_back(answer: &Answer, stack: &Stack) -> BTreeMap<String, String> {
    let callback = answer.callback(CALLBACK);
    assert_eq!(callback["iss"], stack.issuer, "RFC 9207: errors carry iss too");
    assert!(!callback.contains_key("code"));
    callback
}

/// RFC 9207, section 2, and OAuth 2.1, section 4.1.2.1.
#[test]
fn an_error_goes_back_with_state_and_issuer() {
    let stack = Stack::shared();
    let (agent, ask) = (an_agent(stack), asks_for_a_file().with("scope", "nonsense"));
    let answer = Browser::new(stack).opens(&agent.sends_the_person_asking(&ask));
    let callback = sent_back(&answer, stack);
    assert_eq!((callback["error"].as_str(), callback["state"].as_str()), ("invalid_scope", ask.state()));
    assert!(!callback["error_description"].contains("nonsense"));
}

/// OAuth 2.1, section 4.1.2: `state` comes back exactly as it was sent, whatever it is, in an address that a header can hold.
#[test]
fn a_state_of_any_characters_comes_back_as_it_was_sent() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let controls: String = (1..0x20).chain(0x7f..0xa0).filter_map(char::from_u32).collect();
    let others = ["a\r\nSet-Cookie: browser=planted", " &=+%00?#", "\u{2028}\u{202e}\u{feff}\u{1f511}Ł"];
    let by_push = |ask: &Ask| agent.sends_the_person_with(&agent.pushes(ask));
    let (person, mut browser) = (somebody(stack), Browser::new(stack));
    for state in others.into_iter().chain([controls.as_str()]) {
        let wrong = asks_for_a_file().with("scope", "nonsense").with("state", state);
        let refused = Browser::new(stack).opens(&agent.sends_the_person_asking(&wrong));
        assert_eq!(sent_back(&refused, stack)["state"], state);
        assert!(refused.headers.get("set-cookie").is_none(), "{:?}", refused.headers);

        let ask = asks_for_a_file().with("state", state);
        for address in [by_push(&ask), agent.sends_the_person_asking(&ask)] {
            let page = browser.comes_to_consent(&person, &address);
            let decided = browser.decides(&page, &Decision::All).callback(CALLBACK);
            assert_eq!((decided["state"].as_str(), decided.contains_key("code")), (state, true));
        }
    }
}

/// OAuth 2.1, section 4.1.2.1: the person is told, and goes nowhere.
#[test]
fn nobody_is_redirected_to_an_address_that_is_not_registered() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    for redirect_uri in [
        "https://evil.test/callback",
        "http://127.0.0.1:49152/callback/",
        "http://127.0.0.1:49152/callback?more=1",
        "http://127.0.0.2:49152/callback",
        "http://localhost:49152/callback",
        "http://127.0.0.1:49152@evil.test/callback",
        "https://agent.test/callback",
        "https://agent.test:444/callback?kept=1",
        "https://agent.test/callback?kept=1#fragment",
        "https://agent.test.evil.test/callback?kept=1",
        "javascript:alert(1)//",
        "//evil.test",
        "",
    ] {
        let ask = asks_for_a_file().with("redirect_uri", redirect_uri);
        let answer = Browser::new(stack).opens(&agent.sends_the_person_asking(&ask));
        assert_eq!((answer.status, answer.header("location")), (400, None), "{redirect_uri}");
        assert!(!Page::of(answer).html.contains("evil.test"), "{redirect_uri} is echoed");
        let pushed = agent.sends("/par", &ask.parameters);
        pushed.is_refused(400, "invalid_request");
        assert!(pushed.string("error_description").contains("redirect_uri"), "{}", pushed.text());
    }
}

/// OAuth 2.1, section 8.4.2: the loopback port may differ, and what a redirect URI already has is kept.
#[test]
fn a_registered_redirect_uri_keeps_its_query_and_a_loopback_one_may_have_any_port() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent(stack), somebody(stack));
    for redirect_uri in
        ["http://127.0.0.1:1/callback", "http://127.0.0.1/callback", "https://agent.test/callback?kept=1"]
    {
        let ask = asks_for_a_file().with("redirect_uri", redirect_uri);
        let answer = the_person_decides(&agent, &person, &ask, &Decision::All);
        let callback = answer.callback(redirect_uri);
        agent.redeems(&callback["code"], &ask).ok();
    }
}

/// OpenID Connect Core, section 3.1.2.1.
#[test]
fn prompt_none_shows_no_page() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let ask = asks_for_a_file().with("prompt", "none");
    let stranger = sent_back(&Browser::new(stack).opens(&agent.sends_the_person_asking(&ask)), stack);
    assert_eq!(stranger["error"], "login_required");
    let known = sent_back(&a_signed_in_browser(stack).opens(&agent.sends_the_person_asking(&ask)), stack);
    assert_eq!(known["error"], "consent_required");
}

#[test]
fn prompt_login_asks_whoever_is_signed_in_to_sign_in_again() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent(stack), somebody(stack));
    let mut browser = Browser::new(stack);
    browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&asks_for_a_file())));
    for prompt in ["login", "select_account", "login consent"] {
        let ask = asks_for_a_file().with("prompt", prompt);
        let page = Page::of(browser.opens(&agent.sends_the_person_with(&agent.pushes(&ask))).ok());
        assert!(page.has_form("/sign-in"), "{prompt}: {}", page.words());
        let page = Page::of(browser.signs_in(&page, &person).ok());
        assert!(page.has_form("/consent"), "{prompt}: {}", page.words());
    }
}

#[test]
fn login_hint_fills_in_the_name_and_decides_nothing() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent(stack), somebody(stack));
    let ask = asks_for_a_file().with("login_hint", "\"><script>alert(1)</script>");
    let page = Page::of(Browser::new(stack).opens(&agent.sends_the_person_with(&agent.pushes(&ask))).ok());
    assert!(!page.html.contains("<script>"), "{}", page.html);
    let ask = asks_for_a_file().with("login_hint", &person.user_name);
    let mut browser = Browser::new(stack);
    let page = Page::of(browser.opens(&agent.sends_the_person_with(&agent.pushes(&ask))).ok());
    assert_eq!(page.field("user_name"), person.user_name);
    let other = somebody(stack);
    let page = Page::of(browser.signs_in(&page, &other).ok());
    assert!(page.words().contains(&other.user_name), "{}", page.words());
}

/// OpenID Connect Core, section 3.1.2.1: nobody else may answer for the person that the client demands.
#[test]
fn an_id_token_hint_demands_its_person() {
    let stack = Stack::shared();
    let (agent, person, other) = (an_agent(stack), somebody(stack), somebody(stack));
    let openid = Ask::new("openid");
    let code = the_person_consents(&agent, &person, &openid);
    let id_token = agent.redeems(&code, &openid).ok().string("id_token");
    let demanding = asks_for_a_file().with("id_token_hint", &id_token);
    let address = |ask: &Ask| agent.sends_the_person_with(&agent.pushes(ask));

    let mut browser = Browser::new(stack);
    browser.comes_to_consent(&other, &address(&asks_for_a_file()));
    let silent = browser.opens(&address(&demanding.clone().with("prompt", "none")));
    assert_eq!(sent_back(&silent, stack)["error"], "login_required");
    let page = Page::of(browser.opens(&address(&demanding)).ok());
    assert!(page.has_form("/sign-in"), "{}", page.words());
    let still_other = browser.signs_in(&page, &other);
    assert_eq!(sent_back(&still_other, stack)["error"], "login_required");
    let page = Page::of(browser.opens(&address(&demanding)).ok());
    let page = Page::of(browser.signs_in(&page, &person).ok());
    assert!(page.has_form("/consent"), "{}", page.words());

    for junk in ["not-a-token", &format!("{id_token}x")] {
        let refused = agent.sends("/par", &asks_for_a_file().with("id_token_hint", junk).parameters);
        assert_eq!((refused.status, refused.json()["error"].as_str()), (400, Some("invalid_request")));
    }
    let stranger = Agent::with_post(stack, "posting-agent");
    let refused = stranger.sends("/par", &demanding.parameters);
    assert_eq!(refused.json()["error"], "invalid_request", "it was given to another client");
}

#[test]
fn a_client_that_must_push_can_do_nothing_else() {
    let stack = Stack::shared();
    let agent = Agent::with_basic(stack, "pushing-agent");
    let answer = Browser::new(stack).opens(&agent.sends_the_person_asking(&asks_for_a_file()));
    assert_eq!(sent_back(&answer, stack)["error"], "invalid_request");
    let page = Page::of(
        Browser::new(stack).opens(&agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()))).ok(),
    );
    assert!(page.has_form("/sign-in"));
}

/// RFC 9126, section 4: what was pushed is what counts.
#[test]
fn what_stands_beside_a_request_uri_changes_nothing() {
    let stack = Stack::shared();
    let (agent, person, ask) = (an_agent(stack), somebody(stack), asks_for_a_file());
    let address = agent.sends_the_person_with(&agent.pushes(&ask));
    let tampered = format!("{address}&scope=files.read&state=other&redirect_uri=https%3A%2F%2Fevil.test");
    let mut browser = Browser::new(stack);
    let page = Page::of(browser.opens(&tampered));
    if page.answer.status == 200 {
        let page = Page::of(browser.signs_in(&page, &person).ok());
        let callback = browser.decides(&page, &Decision::All).callback(CALLBACK);
        assert_eq!(callback["state"], ask.state());
    } else {
        assert_eq!(page.answer.status, 400, "{}", page.words());
    }
}

/// OAuth 2.1, section 10.1; OpenID Connect Core, section 6: never advertised, never taken.
#[test]
fn what_is_not_supported_is_refused_by_its_name() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "code id_token", "unsupported_response_type"),
        ("response_mode", "fragment", "invalid_request"),
        ("request", "e30.e30.", "request_not_supported"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("prompt", "none login", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("resource", "https://elsewhere.test", "invalid_target"),
    ] {
        let ask = asks_for_a_file().with(name, value);
        let answer = Browser::new(stack).opens(&agent.sends_the_person_asking(&ask));
        assert_eq!(sent_back(&answer, stack)["error"], error, "{name}={value}");
    }
}

/// The client's own words are shown as such, and as text.
#[test]
fn a_purpose_is_text() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent(stack), somebody(stack));
    let ask = asks_for_a_file().with("purpose", "<b>Free money</b> & more");
    let page =
        Browser::new(stack).comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&ask)));
    assert!(!page.html.contains("<b>Free"), "{}", page.html);
    assert!(page.words().contains("<b>Free money</b> & more"), "{}", page.words());
    assert!(page.words().contains("agent’s own words"), "{}", page.words());
}

/// Consent may be remembered where the client's registration allows it, for the identical request alone.
#[test]
fn a_remembered_consent_stands_for_the_identical_request_alone() {
    let stack = Stack::shared();
    let (agent, person) = (Agent::with_basic(stack, "remembered-agent"), somebody(stack));
    let mut browser = Browser::new(stack);
    let page =
        browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&asks_for_a_file())));
    let first = browser.decides(&page, &Decision::AllAndRemember);
    crate::person::the_code(stack, &first);

    let same = asks_for_a_file();
    let code =
        crate::person::the_code(stack, &browser.opens(&agent.sends_the_person_with(&agent.pushes(&same))));
    agent.redeems(&code, &same).ok();
    let silent = same.with("prompt", "none");
    crate::person::the_code(stack, &browser.opens(&agent.sends_the_person_with(&agent.pushes(&silent))));

    for other in [
        asks_for_a_file().with("prompt", "consent"),
        crate::agent::asks(&serde_json::json!([crate::agent::the_file("Q3-report.pdf", &["read"])])),
        crate::agent::asks(&serde_json::json!([crate::agent::the_file("Q4-report.pdf", &["read", "write"])])),
        asks_for_a_file().with("scope", "openid files.access offline_access"),
    ] {
        let page = Page::of(browser.opens(&agent.sends_the_person_with(&agent.pushes(&other))));
        assert!(page.has_form("/consent"), "{}", page.words());
    }
}

#[test]
fn a_client_whose_consents_are_not_remembered_offers_no_such_thing() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent(stack), somebody(stack));
    let mut browser = Browser::new(stack);
    let address = |ask: &Ask| agent.sends_the_person_with(&agent.pushes(ask));
    let page = browser.comes_to_consent(&person, &address(&asks_for_a_file()));
    assert!(page.fields("remember").is_empty());
    crate::person::the_code(stack, &browser.decides(&page, &Decision::AllAndRemember));
    let page = Page::of(browser.opens(&address(&asks_for_a_file())));
    assert!(page.has_form("/consent"), "{}", page.words());
}
