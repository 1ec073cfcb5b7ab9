//! What of registrations takes a server of one's own: its clock, its limits, its settings.

use std::fs;
use std::path::Path;

use reqwest::Method;
use reqwest::blocking::RequestBuilder;
use serde_json::json;

use crate::agent::{Agent, CALLBACK, Proof, an_agent, asks_for_a_file, the_file_tool};
use crate::browser::{Browser, Page};
use crate::local_stack::countersigning::signed;
use crate::local_stack::passkeys::with_a_passkey;
use crate::person::{Decision, decision_form, granted, somebody, the_code};
use crate::stack::Stack;
use crate::web::{Answer, Parameters, http};

/// A server whose settings of registration are changed.
fn a_server(name: &str, old: &str, new: &str) -> Stack {
    Stack::start_with(name, &[], |configuration: &Path| {
        let file = configuration.join("server.toml");
        let text = fs::read_to_string(&file).expect("readable");
        assert!(text.contains(old), "{text}");
        fs::write(&file, text.replace(old, new)).expect("written");
    })
}

fn request(stack: &Stack) -> RequestBuilder {
    let body = json!({
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
    });
    http().post(stack.url("/register")).header("content-type", "application/json").body(body.to_string())
}

fn registered(stack: &Stack) -> Agent<'_> {
    let answer = Answer::to(request(stack));
    assert_eq!(answer.status, 201, "{}", answer.text());
    Agent { stack, id: answer.string("client_id"), proof: Proof::None }
}

fn registered_with_a_key(stack: &Stack) -> Agent<'_> {
    let wish = json!({
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": stack.client_key.jwks(),
    });
    let answer = Answer::to(request(stack).body(wish.to_string()));
    assert_eq!(answer.status, 201, "{}", answer.text());
    Agent { stack, id: answer.string("client_id"), proof: Proof::Assertion("ES256") }
}

#[test]
fn without_being_switched_on_nobody_registers() {
    let stack = a_server(
        "registration-off",
        "[client_registration]\nenabled = true",
        "[client_registration]\nenabled = false",
    );
    Answer::to(request(&stack)).is_refused(403, "access_denied");
    assert_eq!(
        stack.get("/.well-known/oauth-authorization-server").ok().json().get("registration_endpoint"),
        None
    );
    let other = http()
        .get(stack.url("/register/registered-AAAAAAAAAAAAAAAAAAAAAA"))
        .header("authorization", "Bearer a");
    Answer::to(other).is_refused(403, "access_denied");
}

/// RFC 7591, section 3: with an initial access token registration is for whom the operator gave one.
#[test]
fn where_a_token_is_asked_for_nobody_registers_without_it() {
    // SHA-256 of `abc`.
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let settings = format!("unused = \"2 h\"\ninitial_access_token_sha256 = \"{digest}\"");
    let stack = a_server("registration-by-token", "unused = \"2 h\"", &settings);
    assert_eq!(Answer::to(request(&stack)).status, 401);
    for wrong in ["Bearer abd", "Bearer ", "Basic abc", "Bearer ABC", "Bearer abc\tabc", "Bearer \tabc"] {
        assert_eq!(Answer::to(request(&stack).header("authorization", wrong)).status, 401, "{wrong}");
    }
    // RFC 6750, section 2: one way at a time, and never in the address.
    let twice = request(&stack).header("authorization", "Bearer abc").header("authorization", "Bearer abc");
    Answer::to(twice).is_refused(400, "invalid_request");
    let uri = stack.url("/register?access_token=abc");
    let in_address = http().post(uri).header("content-type", "application/json");
    Answer::to(in_address.header("authorization", "Bearer abc").body("{}"))
        .is_refused(400, "invalid_request");
    assert_eq!(Answer::to(request(&stack).header("authorization", "Bearer abc")).status, 201);
}

/// RFC 7592, section 2.2: what was read for the token is what the change is conditioned on.
#[test]
fn a_registration_that_changes_is_read_once() {
    let stack = Stack::start("registrations-read-once", &[]);
    let said = Answer::to(request(&stack)).json();
    let text = |name: &str| said[name].as_str().expect("text").to_owned();
    let bearer = format!("Bearer {}", text("registration_access_token"));
    let managed = |method: Method| {
        http().request(method, text("registration_client_uri")).header("authorization", &bearer)
    };
    let calls = |answer: &Answer| -> Vec<(String, u32)> {
        let all = stack.observer().calls_of(answer);
        all.into_iter().filter(|(name, _)| name != "DynamoDB.UpdateItem").collect()
    };
    let once = |name: &str| (format!("DynamoDB.{name}"), 1);
    let read = Answer::to(managed(Method::GET)).ok();
    assert_eq!(calls(&read), [once("GetItem")]);
    let wish =
        json!({ "client_id": text("client_id"), "client_name": "Renamed", "redirect_uris": [CALLBACK] });
    let change = managed(Method::PUT).header("content-type", "application/json").body(wish.to_string());
    let changed = Answer::to(change).ok();
    assert_eq!(changed.json()["client_name"], "Renamed");
    assert_eq!(calls(&changed), [once("GetItem"), once("PutItem")]);
}

#[test]
fn one_address_registers_only_so_many_in_a_minute() {
    let stack = a_server("registration-limited", "per_minute = 100_000", "per_minute = 3");
    let statuses: Vec<u16> = (0..5).map(|_| Answer::to(request(&stack)).status).collect();
    assert_eq!(statuses, [201, 201, 201, 429, 429]);
    stack.time_passes(60);
    assert_eq!(Answer::to(request(&stack)).status, 201);
}

/// Ids cost nothing: whoever has many of them may ask no more often than whoever has one, with keys or without.
#[test]
fn strangers_are_counted_by_their_address_whatever_they_are_called() {
    let stack = a_server(
        "strangers-limited",
        "client_requests_per_minute = 100_000",
        "client_requests_per_minute = 8",
    );
    stack.a_minute_begins();
    let mut strangers: Vec<Agent<'_>> = (0..4).map(|_| registered(&stack)).collect();
    strangers.push(registered_with_a_key(&stack));
    let push = |agent: &Agent<'_>| agent.sends("/par", &asks_for_a_file().parameters).status;
    let statuses: Vec<u16> = strangers.iter().chain(&strangers).map(push).collect();
    assert_eq!(statuses, [201, 201, 201, 201, 201, 201, 201, 201, 429, 429]);

    // No proof of theirs is looked at any more, at no endpoint: each would be one write.
    let spent = || stack.observer().items_of("ASSERTION#").len();
    let before = spent();
    let with_a_key = &strangers[4];
    let form = Parameters::of([("token", "abc"), ("grant_type", "client_credentials")]);
    for path in ["/par", "/token", "/introspect", "/revoke"] {
        assert_eq!(with_a_key.sends(path, &form).status, 429, "{path}");
    }
    assert_eq!(spent(), before);
    assert_eq!(push(&an_agent(&stack)), 201, "whom somebody vouches for is counted by name");
    stack.time_passes(60);
    assert_eq!(push(&strangers[0]), 201);
}

/// Whoever guesses at a registration's token is counted, and so is whoever reads their own again and again.
#[test]
fn one_address_looks_after_registrations_only_so_often() {
    let stack = a_server(
        "managements-limited",
        "client_requests_per_minute = 100_000",
        "client_requests_per_minute = 3",
    );
    stack.a_minute_begins();
    let guess = || {
        let uri = stack.url("/register/registered-AAAAAAAAAAAAAAAAAAAAAA");
        Answer::to(http().get(uri).header("authorization", "Bearer abc")).status
    };
    let statuses: Vec<u16> = (0..4).map(|_| guess()).collect();
    assert_eq!(statuses, [401, 401, 401, 429]);
    stack.time_passes(60);
    assert_eq!(guess(), 401);
}

/// A body is written down as it came: a long one counts as several.
#[test]
fn a_long_registration_counts_as_several() {
    let stack = a_server("registrations-weighed", "per_minute = 100_000\nopen_to", "per_minute = 5\nopen_to");
    stack.a_minute_begins();
    let long = json!({ "redirect_uris": [CALLBACK], "filling": "a".repeat(12 * 1024) });
    let long = || Answer::to(request(&stack).body(long.to_string())).status;
    assert_eq!([long(), long()], [201, 429]);
}

/// What is kept of details is written at once, and a key of one's own making is no reason to let anybody write more.
#[test]
fn a_stranger_with_a_key_may_say_no_more_than_one_without() {
    let stack = Stack::start("strangers-at-length", &[]);
    let long =
        asks_for_a_file().with("authorization_details", &json!([{ "a": "a".repeat(17_000) }]).to_string());
    for stranger in [registered(&stack), registered_with_a_key(&stack)] {
        stranger.sends("/par", &long.parameters).is_refused(400, "invalid_request");
    }
}

#[test]
fn a_yes_that_the_policies_refuse_prolongs_no_registration() {
    let stack = Stack::start("registrations-not-prolonged", &[]);
    let agent = registered(&stack);
    let mut browser = Browser::new(&stack);
    let address = agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()));
    let page = browser.comes_to_consent(&somebody(&stack), &address);
    let ends =
        || stack.observer().item(&format!("REGISTRATION#{}", agent.id), "CLIENT")["expires_at"].clone();
    let before = ends();
    let forbids = r#"@id("not-to-strangers") forbid (principal, action == Action::"grant", resource)
        when { principal.origin == "registered" };"#;
    fs::write(stack.configuration.join("policies/strangers.cedar"), forbids).expect("written");
    stack.operator().applies(&stack.configuration);
    stack.takes_notice();
    let answer = browser.decides(&page, &Decision::All);
    assert!(answer.header("location").is_none_or(|to| !to.contains("code=")), "{}", answer.text());
    assert_eq!(ends(), before);
}

/// Nor does one that nobody has signed: it costs a stranger nothing to show a page.
#[test]
fn a_yes_that_is_not_signed_prolongs_no_registration() {
    let stack = Stack::start("registrations-not-signed", &[]);
    let agent = registered(&stack);
    let (_, mut browser, mut authenticator) = with_a_passkey(&stack);
    assert_eq!(browser.answers_with(&mut authenticator).status, 303);
    let ask = asks_for_a_file().and("acr_values", "phr");
    let page = Page::of(browser.opens(&agent.sends_the_person_with(&agent.pushes(&ask))).ok());
    let ends =
        || stack.observer().item(&format!("REGISTRATION#{}", agent.id), "CLIENT")["expires_at"].clone();
    let before = ends();
    let to_sign = Page::of(browser.submits_and_stays("/consent", &decision_form(&page, &Decision::All)));
    authenticator.verifies = false;
    let refused = browser.submits_and_stays("/consent", &signed(&to_sign, &mut authenticator));
    assert_eq!((refused.status, ends()), (422, before.clone()), "{}", refused.text());
    authenticator.verifies = true;
    let sent = browser.submits("/consent", &signed(&Page::of(refused), &mut authenticator));
    agent.redeems(&the_code(&stack, &sent), &ask).ok();
    assert_ne!(ends(), before);
}

#[test]
fn a_registration_that_nobody_uses_is_gone_in_time_and_one_that_is_used_lives_as_long_as_its_grant() {
    let stack = Stack::start("registrations-and-time", &[]);
    let [used, unused] = [(); 2].map(|()| registered(&stack));
    let tokens = granted(&used, &somebody(&stack), &asks_for_a_file());
    stack.time_passes(2 * 3600 + 1);
    unused.sends("/par", &asks_for_a_file().parameters).is_refused(401, "invalid_client");
    let renewed = used.refreshes(&tokens.refresh_token).ok();
    stack.time_passes(29 * 24 * 3600);
    let again = used.refreshes(&renewed.string("refresh_token")).ok();
    the_file_tool(&stack).finds_active(&again.string("access_token"));
}
