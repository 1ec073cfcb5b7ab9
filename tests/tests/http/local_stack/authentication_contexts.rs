//! How surely it was the person (`acr`): what a client demands by `acr_values` is met or refused, and what a token says is what really
//! happened (OpenID Connect Core, section 2; RFC 9470, section 5). Passkeys take a domain, which only the local server has.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::agent::{Agent, Ask, BANK, CALLBACK, FILES, an_agent, asks_for_a_file, the_file_tool};
use crate::browser::{Browser, Page};
use crate::exchange::{ID_TOKEN, LEDGER, REFRESH_TOKEN, an_exchange, an_id_jag, the_bank, the_ledger};
use crate::local_stack::passkeys::{assertion, options, stack_with, with_a_passkey};
use crate::person::{Decision, Person, password_form, somebody, the_code};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::Answer;

const UNMET: &str = "unmet_authentication_requirements";
const TAKES_A_PASSKEY: &str = "This takes a passkey.";

fn demanding(values: &str) -> Ask {
    asks_for_a_file().with("acr_values", values)
}

/// Where an agent sends a browser that pushes this.
fn sent_with(agent: &Agent<'_>, ask: &Ask) -> String {
    agent.sends_the_person_with(&agent.pushes(ask))
}

/// That the browser comes to a page which takes nothing but a passkey.
#[track_caller]
fn takes_a_passkey(answer: Answer) -> Page {
    let page = Page::of(answer);
    assert!(page.words().contains(TAKES_A_PASSKEY), "{}", page.words());
    assert!(!page.html.contains("name=\"password\""), "{}", page.words());
    page
}

#[track_caller]
fn is_unmet(answer: &Answer) {
    let back = answer.callback(CALLBACK);
    assert_eq!(back["error"], UNMET, "{back:?}");
    assert!(!back.contains_key("code"), "{back:?}");
}

#[test]
fn a_passkey_meets_phr_and_every_token_and_introspection_says_so() {
    let stack = Stack::shared();
    let (_, mut browser, mut authenticator) = with_a_passkey(stack);
    let (agent, ask) = (an_agent(stack), demanding("phrh phr"));
    // In this session they have typed a password.
    let page = takes_a_passkey(browser.opens(&sent_with(&agent, &ask)).ok());
    let page = Page::of(browser.signs_in_with(&page, &mut authenticator).ok());
    let code = the_code(stack, &browser.decides_and_signs(&page, &mut authenticator));
    let tokens = agent.redeems(&code, &ask).ok();
    let said = |claims: &Value| {
        assert_eq!(claims["acr"], "phr", "{claims}");
        assert_eq!(claims["amr"], json!(["pop", "user", "mfa"]), "{claims}");
    };
    for token in ["access_token", "id_token"] {
        said(&verified(stack, &tokens.string(token)).claims);
    }
    said(&the_file_tool(stack).finds_active(&tokens.string("access_token")));
    said(&agent.finds_active(&tokens.string("refresh_token")));
    let renewed = agent.refreshes(&tokens.string("refresh_token")).ok();
    said(&verified(stack, &renewed.string("access_token")).claims);
    // The session is good for the next demand.
    let page = Page::of(browser.opens(&sent_with(&agent, &demanding("phr"))).ok());
    assert!(page.has_form("/consent"), "{}", page.words());
}

/// RFC 8693, section 1.1: the new token is about the same person, and no less surely: whichever token was shown, and whatever it
/// became.
#[test]
fn how_surely_it_was_them_survives_every_exchange() {
    let stack = Stack::shared();
    let (_, mut browser, mut authenticator) = with_a_passkey(stack);
    let (agent, ask) = (Agent::with_basic(stack, "delegating-agent"), demanding("phr"));
    let page = takes_a_passkey(browser.opens(&sent_with(&agent, &ask)).ok());
    let page = Page::of(browser.signs_in_with(&page, &mut authenticator).ok());
    let code = the_code(stack, &browser.decides_and_signs(&page, &mut authenticator));
    let tokens = agent.redeems(&code, &ask).ok();
    let first = verified(stack, &tokens.string("access_token")).claims;
    let is_as_sure = |what: &str, said: &Value| {
        assert_eq!(said["acr"], "phr", "{what}: {said}");
        assert_eq!(said["amr"], json!(["pop", "user", "mfa"]), "{what}: {said}");
        assert_eq!(said["auth_time"], first["auth_time"], "{what}: {said}");
    };
    let says = |what: &str, token: &str| is_as_sure(what, &verified(stack, token).claims);

    let (files, bank, ledger) = (the_file_tool(stack), the_bank(stack), the_ledger(stack));
    for (subject, token_type) in [("id_token", ID_TOKEN), ("refresh_token", REFRESH_TOKEN)] {
        let form = an_exchange(&tokens.string(subject), FILES).with("subject_token_type", token_type);
        let token = agent.sends("/token", &form).ok().string("access_token");
        says(subject, &token);
        is_as_sure(subject, &files.finds_active(&token));
        let form = an_id_jag(&tokens.string(subject), token_type);
        let id_jag = agent.sends("/token", &form).ok().string("access_token");
        says(&format!("an ID-JAG of {subject}"), &id_jag);
    }
    let shown = tokens.string("access_token");
    let for_bank = files.exchanges(&shown, BANK).ok().string("access_token");
    says("access_token", &for_bank);
    is_as_sure("access_token", &bank.finds_active(&for_bank));
    let for_ledger = bank.exchanges(&for_bank, LEDGER).ok().string("access_token");
    says("one hop more", &for_ledger);
    is_as_sure("one hop more", &ledger.finds_active(&for_ledger));
    let who = an_exchange(&shown, FILES).without("resource").and("requested_token_type", ID_TOKEN);
    says("an ID token", &files.sends("/token", &who).ok().string("access_token"));

    let child = files.exchanges_to_go_on(&shown, BANK).ok().string("access_token");
    is_as_sure("a refresh token", &files.finds_active(&child));
    let renewed = files.refreshes(&child).ok();
    says("its renewal", &renewed.string("access_token"));
    let form = an_exchange(&renewed.string("refresh_token"), BANK).with("subject_token_type", REFRESH_TOKEN);
    says("what it is exchanged for", &files.sends("/token", &form).ok().string("access_token"));
}

#[test]
fn a_password_does_not_meet_phr_and_its_tokens_say_nothing_of_it() {
    let stack = Stack::shared();
    let (person, agent) = (somebody(stack), an_agent(stack));
    let (mut browser, ask) = (Browser::new(stack), asks_for_a_file());
    let page = browser.comes_to_consent(&person, &sent_with(&agent, &ask));
    let code = the_code(stack, &browser.decides(&page, &Decision::All));
    let tokens = agent.redeems(&code, &ask).ok();
    for token in ["access_token", "id_token"] {
        let claims = verified(stack, &tokens.string(token)).claims;
        assert_eq!((&claims["amr"], claims.get("acr")), (&json!(["pwd"]), None), "{claims}");
    }
    let page = takes_a_passkey(browser.opens(&sent_with(&agent, &demanding("phr"))).ok());
    // The page has no field for it, and whoever sends it nevertheless has not met what is demanded.
    is_unmet(&browser.types(&page, &person.user_name, &person.password));
    let silent = demanding("phr").with("prompt", "none");
    assert_eq!(browser.opens(&sent_with(&agent, &silent)).callback(CALLBACK)["error"], "login_required");
}

#[test]
fn a_page_that_takes_a_passkey_still_does_when_one_was_refused() {
    let stack = Stack::shared();
    let (_, mut browser, mut authenticator) = with_a_passkey(stack);
    let agent = an_agent(stack);
    let page = takes_a_passkey(browser.opens(&sent_with(&agent, &demanding("phr"))).ok());
    authenticator.verifies = false;
    let answer = authenticator.get(&options(&page));
    let refused = browser.submits_and_stays("/sign-in", &assertion(&page, &answer));
    assert_eq!(refused.status, 422, "{}", refused.text());
    takes_a_passkey(refused);
}

#[test]
fn what_nobody_can_meet_is_refused_before_anybody_signs_in() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    for values in ["phrh", "urn:example:loa:4 PHR"] {
        is_unmet(&Browser::new(stack).opens(&sent_with(&agent, &demanding(values))));
        is_unmet(&Browser::new(stack).opens(&agent.sends_the_person_asking(&demanding(values))));
    }
    let metadata = "/.well-known/openid-configuration";
    assert_eq!(stack.get(metadata).ok().json()["acr_values_supported"], json!(["phr"]));
    let without = stack_with("no-passkeys-for-phr", "passkeys = false");
    let agent = an_agent(&without);
    is_unmet(&Browser::new(&without).opens(&sent_with(&agent, &demanding("phr"))));
    assert!(without.get(metadata).ok().json().get("acr_values_supported").is_none());
}

/// Whoever changes their password has typed it, in whatever session.
#[test]
fn a_session_that_a_password_has_renewed_meets_no_phr() {
    let stack = Stack::shared();
    let (person, mut browser, mut authenticator) = with_a_passkey(stack);
    let agent = an_agent(stack);
    assert_eq!(browser.answers_with(&mut authenticator).status, 303);
    let page = Page::of(browser.opens(&sent_with(&agent, &demanding("phr"))).ok());
    assert!(page.has_form("/consent"), "{}", page.words());
    changes_password(&mut browser, &person);
    takes_a_passkey(browser.opens(&sent_with(&agent, &demanding("phr"))).ok());
}

fn changes_password(browser: &mut Browser<'_>, person: &Person) {
    let page = Page::of(browser.opens("/sign-in/password").ok());
    let new = format!("{} anew", person.password);
    browser.stack.hands_out(&new);
    let changed =
        browser.submits_and_stays("/sign-in/password", &password_form(&page, &person.password, &new));
    assert_eq!(changed.status, 303, "{}", changed.text());
}

/// What was remembered is what the person granted, not how surely it was them; and nobody's memory signs anything.
#[test]
fn a_remembered_consent_does_not_stand_for_a_passkey() {
    let stack = Stack::shared();
    let agent = Agent::with_basic(stack, "remembered-agent");
    let (_, mut browser, mut authenticator) = with_a_passkey(stack);
    let page = Page::of(browser.opens(&sent_with(&agent, &asks_for_a_file())).ok());
    the_code(stack, &browser.decides(&page, &Decision::AllAndRemember));
    the_code(stack, &browser.opens(&sent_with(&agent, &asks_for_a_file())));
    let page = takes_a_passkey(browser.opens(&sent_with(&agent, &demanding("phr"))).ok());
    let page = Page::of(browser.signs_in_with(&page, &mut authenticator).ok());
    assert!(page.has_form("/consent") && !page.html.contains("name=\"remember\""), "{}", page.words());
    the_code(stack, &browser.decides_and_signs(&page, &mut authenticator));
    let silent = demanding("phr").with("prompt", "none");
    assert_eq!(browser.opens(&sent_with(&agent, &silent)).callback(CALLBACK)["error"], "consent_required");
}

/// Policies see it, where a person grants: by a session in which they signed in so, or by countersigning.
#[test]
fn a_policy_can_demand_a_passkey_of_whoever_grants() {
    let stack = Stack::start_with("policies-demand-a-passkey", &[], |configuration: &Path| {
        let surely = r#"@id("surely") forbid (principal, action == Action::"grant", resource == Tool::"https://files.test")
unless { context has acr && context.acr == "phr" };"#;
        fs::write(configuration.join("policies/surely.cedar"), surely).expect("written");
    });
    let agent = an_agent(&stack);
    let (_, mut browser, mut authenticator) = with_a_passkey(&stack);
    let page = Page::of(browser.opens(&sent_with(&agent, &asks_for_a_file())).ok());
    the_code(&stack, &browser.decides_and_signs(&page, &mut authenticator));
    assert_eq!(browser.answers_with(&mut authenticator).status, 303);
    let page = Page::of(browser.opens(&sent_with(&agent, &asks_for_a_file())).ok());
    the_code(&stack, &browser.decides(&page, &Decision::All));
}
