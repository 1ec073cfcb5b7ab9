//! Each decision is one event in the log.

use std::fs;

use serde_json::{Value, json};

use crate::agent::{Agent, CALLBACK, an_agent, asks_for_a_file, the_file_tool};
use crate::browser::{Browser, Page};
use crate::person::{Decision, password_form, somebody, the_code};
use crate::running_stack::remembered_consents::{forgetting, the_same_request};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::{Answer, Parameters};

#[test]
fn each_decision_on_the_way_is_one_event_that_names_everyone() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent(stack), somebody(stack));
    let ask = asks_for_a_file().with("purpose", "I write the quarterly summary.");
    let observer = stack.observer();

    let pushed = agent.sends("/par", &ask.parameters);
    let event = &observer.audit_of(&pushed)[..];
    assert!(
        matches!(event, [one] if one["event"] == "push" && one["outcome"] == "granted" && one["client"] == "report-agent"),
        "{event:?}"
    );

    let mut browser = Browser::new(stack);
    let page = browser.comes_to_consent(&person, &agent.sends_the_person_with(&pushed.string("request_uri")));
    let decided = browser.decides(&page, &Decision::All);
    let code = the_code(stack, &decided);
    let token = agent.redeems(&code, &ask).ok();
    let claims = verified(stack, &token.string("access_token")).claims;

    let events = observer.audit_of(&decided);
    let [consent] = &events[..] else { panic!("{events:?}") };
    assert_eq!((consent["event"].as_str(), consent["outcome"].as_str()), (Some("consent"), Some("granted")));
    let events = observer.audit_of(&token);
    let [issued] = &events[..] else { panic!("{events:?}") };
    assert_eq!((issued["event"].as_str(), issued["outcome"].as_str()), (Some("token"), Some("granted")));
    for event in [consent, issued] {
        assert_eq!(event["person"], claims["sub"], "{event}");
        assert_eq!(event["grant_id"], claims["grant_id"], "{event}");
        assert_eq!(event["client"], "report-agent", "{event}");
        assert!(event["details_digest"].is_string(), "{event}");
    }
    assert!(claims["asked"].is_string(), "{claims}");
    for event in [&observer.audit_of(&pushed)[0], consent, issued] {
        assert_eq!(event["details_digest"], claims["asked"], "{event}");
    }
    assert_eq!(issued["token_id"], claims["jti"]);
    assert_eq!(consent["purpose"], "I write the quarterly summary.");

    let replayed = agent.redeems(&code, &ask);
    let events = observer.audit_of(&replayed);
    let [ended, refused] = &events[..] else { panic!("{events:?}") };
    assert_eq!(ended["event"], "end");
    assert_eq!((&ended["grant_id"], &ended["person"]), (&claims["grant_id"], &claims["sub"]));
    for event in [ended, refused] {
        assert_eq!((event["outcome"].as_str(), event["why"].as_str()), (Some("refused"), Some("Replayed")));
    }
}

/// An event: what it is, how it went, and the fields that name whom and what it was about.
type Named = (Answer, &'static str, &'static str, &'static [&'static str]);

const ALL: &[&str] = &["client", "person", "grant_id", "token_id", "details_digest"];
const BUT_THE_TOKEN: &[&str] = &["client", "person", "grant_id", "details_digest"];
const BUT_WHAT_WAS_ASKED: &[&str] = &["client", "person", "grant_id"];

/// That each answer left one event, which has these fields with the authorization's own values, and none of the others.
#[track_caller]
fn each_is_one_event(stack: &Stack, about: &Value, rows: &[Named]) {
    let observer = stack.observer();
    for (number, (answer, event, outcome, names)) in rows.iter().enumerate() {
        let found = observer.audit_of(answer);
        let [said] = &found[..] else { panic!("row {number}, {event}: {found:?}") };
        assert_eq!((said["event"].as_str(), said["outcome"].as_str()), (Some(*event), Some(*outcome)));
        for field in ALL {
            let is_named = names.contains(field);
            assert_eq!(said[*field].is_string(), is_named, "row {number}: {field} of {said}");
            if is_named && !about[*field].is_null() {
                assert_eq!(said[*field], about[*field], "row {number}: {field} of {said}");
            }
        }
        assert_ne!(said["purpose"], "", "{said}");
    }
}

#[test]
fn each_kind_of_decision_is_one_event_that_names_all_that_was_known() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent(stack), somebody(stack));
    let ask = asks_for_a_file();
    let mut browser = Browser::new(stack);

    let pushed = agent.sends("/par", &ask.parameters);
    let to_decide = agent.sends_the_person_with(&pushed.string("request_uri"));
    let page = Page::of(browser.opens(&to_decide).ok());
    let signs_in = |browser: &mut Browser<'_>, page: &Page, password: &str| {
        let typed = [
            ("interaction", &*page.field("interaction")),
            ("user_name", &person.user_name),
            ("password", password),
        ];
        browser.submits_and_stays("/sign-in", &Parameters::of(typed))
    };
    let failed = signs_in(&mut browser, &page, "not the password at all");
    let signed_in = signs_in(&mut browser, &page, &person.password);
    let page = Page::of(browser.opens(&to_decide).ok());
    let decided = browser.decides(&page, &Decision::All);
    let again = browser.decides(&page, &Decision::All);
    let code = the_code(stack, &decided);
    let unproven = agent.redeems(&code, &asks_for_a_file());
    let issued = agent.redeems(&code, &ask).ok();

    let (access_token, refresh_token) = (issued.string("access_token"), issued.string("refresh_token"));
    let claims = verified(stack, &access_token).claims;
    let about = json!({
        "client": agent.id, "person": claims["sub"], "grant_id": claims["grant_id"], "details_digest": claims["asked"],
    });
    let widened = agent.refreshes_for(&refresh_token, &Parameters::of([("scope", "bank.pay")]));
    let renewed = agent.refreshes(&refresh_token).ok();
    let successor = renewed.string("refresh_token");
    let ended = [access_token.as_str(), successor.as_str()]
        .map(|token| agent.sends("/revoke", &Parameters::of([("token", token)])));
    let [of_access_token, of_refresh_token] = ended;
    let after_the_end = agent.refreshes(&successor);

    each_is_one_event(
        stack,
        &about,
        &[
            (pushed, "push", "granted", &["client", "grant_id", "details_digest"]),
            (failed, "sign-in", "refused", BUT_WHAT_WAS_ASKED),
            (signed_in, "sign-in", "granted", BUT_WHAT_WAS_ASKED),
            (decided, "consent", "granted", BUT_THE_TOKEN),
            (again, "consent", "refused", BUT_WHAT_WAS_ASKED),
            (unproven, "token", "refused", BUT_THE_TOKEN),
            (issued, "token", "granted", ALL),
            (widened, "token", "refused", BUT_THE_TOKEN),
            (renewed, "token", "granted", ALL),
            (of_access_token, "revocation", "granted", ALL),
            (of_refresh_token, "revocation", "granted", &["client", "grant_id"]),
            (after_the_end, "token", "refused", BUT_WHAT_WAS_ASKED),
        ],
    );
}

#[test]
fn whoever_shows_a_token_is_named_with_all_that_it_says() {
    let stack = Stack::shared();
    let (agent, tool) = (an_agent(stack), the_file_tool(stack));
    let tokens = crate::person::granted(&agent, &somebody(stack), &asks_for_a_file());
    let issuer = Parameters::of([("resource", stack.issuer.as_str())]);
    let renewed = agent.refreshes_for(&tokens.refresh_token, &issuer).ok();
    let for_userinfo = renewed.string("access_token");
    let looks = |token: &str| tool.sends("/introspect", &Parameters::of([("token", token)])).ok();

    let of = |token: &str, client: &str| {
        let claims = verified(stack, token).claims;
        json!({
            "client": client, "person": claims["sub"], "grant_id": claims["grant_id"], "token_id": claims["jti"],
            "details_digest": claims["asked"],
        })
    };
    let told = stack.userinfo(&for_userinfo).ok();
    let of_the_tools = stack.userinfo(&tokens.access_token);
    each_is_one_event(stack, &of(&for_userinfo, &agent.id), &[(told, "userinfo", "granted", ALL)]);
    let about = of(&tokens.access_token, &agent.id);
    each_is_one_event(stack, &about, &[(of_the_tools, "userinfo", "refused", ALL)]);
    each_is_one_event(stack, &about, &[(stack.userinfo("junk"), "userinfo", "refused", &[])]);
    let looked = looks(&tokens.access_token);
    let about = of(&tokens.access_token, &tool.id);
    each_is_one_event(stack, &about, &[(looked, "introspection", "granted", ALL)]);
}

#[test]
fn what_a_person_does_with_their_account_is_one_event_each() {
    let stack = Stack::shared();
    let (agent, person) = (Agent::with_basic(stack, "remembered-agent"), somebody(stack));
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_consent(&person, &the_same_request(&agent));
    let decided = browser.decides(&page, &Decision::AllAndRemember);
    let consents = stack.observer().audit_of(&decided);
    let [consent] = &consents[..] else { panic!("{consents:?}") };
    assert!(consent["details_digest"].is_string(), "{consent}");

    let account = Page::of(browser.opens("/account").ok());
    let forgotten = browser.submits_and_stays("/account", &forgetting(&account));
    let nothing_left = browser.submits_and_stays("/account", &forgetting(&account));
    assert!(stack.observer().audit_of(&nothing_left).is_empty(), "there was nothing to forget");
    let page = Page::of(browser.opens("/sign-in/password").ok());
    let new = "a sentence that nobody guesses";
    stack.hands_out(new);
    let form = password_form(&page, &person.password, new);
    let changed = browser.submits_and_stays("/sign-in/password", &form);
    let account = Page::of(browser.opens("/account").ok());
    let leaving = Parameters::of([("csrf", &account.field("csrf"))]);
    let signed_out = browser.submits_and_stays("/sign-out", &leaving).ok();
    assert_eq!((forgotten.status, changed.status), (303, 303));

    let id = stack.operator().id_of(&person.user_name);
    let about = json!({ "client": agent.id, "person": id, "details_digest": consent["details_digest"] });
    each_is_one_event(
        stack,
        &about,
        &[
            (forgotten, "consent-forgotten", "granted", &["client", "person", "details_digest"]),
            (changed, "password-change", "granted", &["person"]),
            (signed_out, "sign-out", "granted", &["person"]),
        ],
    );
    // Nobody is signed in any more: what was not done is no event.
    let nobody_left = browser.submits_and_stays("/sign-out", &leaving).ok();
    assert_eq!(stack.observer().audit_of(&nobody_left), Vec::<Value>::new());
    let said = stack.operator().does(&["audit", "--person", &id]);
    for event in ["sign-in", "consent", "consent-forgotten", "password-change", "sign-out"] {
        assert!(said.contains(event), "{event}: {said}");
    }
}

/// What a stranger writes down is not theirs: of a handle, the secret must have been right.
#[test]
fn nobody_is_named_by_an_identifier_alone() {
    let stack = Stack::shared();
    let (agent, ask) = (an_agent(stack), asks_for_a_file());
    let mut browser = Browser::new(stack);
    let request_uri = agent.pushes(&ask);
    let forged =
        request_uri.rsplit_once('.').map(|(id, _)| format!("{id}.{}", "A".repeat(43))).expect("a handle");
    let looked_up = browser.opens(&agent.sends_the_person_with(&forged));
    let page = browser.comes_to_consent(&somebody(stack), &agent.sends_the_person_with(&request_uri));
    let code = the_code(stack, &browser.decides(&page, &Decision::All));
    let (id, _) = code.split_once('.').expect("a handle");
    let redeemed = agent.redeems(&format!("{id}.{}", "A".repeat(43)), &ask);
    let elsewhere = ask.with("redirect_uri", "https://evil.test/callback");
    let sent_elsewhere = browser.opens(&agent.sends_the_person_asking(&elsewhere));
    assert_ne!(elsewhere.parameters.get("redirect_uri"), Some(CALLBACK));
    each_is_one_event(
        stack,
        &json!({ "client": agent.id }),
        &[
            (looked_up, "authorization", "refused", &["client"]),
            (redeemed, "token", "refused", &["client"]),
            (sent_elsewhere, "authorization", "refused", &["client"]),
        ],
    );
}

#[test]
fn what_the_operator_decides_is_in_the_trail_of_a_local_server() {
    let stack = Stack::shared();
    let operator = stack.operator();
    let person = somebody(stack);
    for command in ["disable", "enable", "reset-password", "remove"] {
        operator.does(&["user", command, &person.user_name]);
    }
    let log = stack.observer().log();
    let decided = |event: &str| {
        let mut events = log.iter().filter(|line| line["target"] == "audit" && line["event"] == event);
        events.next_back().unwrap_or_else(|| panic!("no {event}"))["person"]
            .as_str()
            .expect("a person")
            .to_owned()
    };
    let id = decided("user-removed");
    let refused = operator.is_refused(&["audit", "--person", &person.user_name]);
    assert!(refused.contains("`sub`"), "{refused}");
    let said = operator.does(&["audit", "--person", &id]);
    for event in ["user-added", "user-disabled", "user-enabled", "password-reset", "user-removed"] {
        assert!(said.contains(event), "{event}: {said}");
    }
    assert!(!said.contains(&person.password), "{said}");
}

#[test]
fn what_the_operator_decides_about_configuration_and_clients_is_in_the_trail_too() {
    let stack = Stack::start("operators-trail", &[]);
    let operator = stack.operator();
    let before = stack.observer().log().len();
    let server = stack.configuration.join("server.toml");
    let text = fs::read_to_string(&server).expect("readable");
    // What changes nothing is no decision, nor is what is refused.
    assert_eq!(operator.applies(&stack.configuration), 1);
    operator.is_refused(&["rollback", "--yes", "--to", "9"]);
    operator.is_refused(&["client", "rotate-secret", "no-such-client"]);
    fs::write(&server, text.replace("Test Mills", "Other Mills")).expect("written");
    let folder = stack.configuration.display().to_string();
    operator.does(&["apply", &folder, "--dry-run"]);
    assert_eq!(operator.applies(&stack.configuration), 2);
    operator.does(&["rollback", "--yes"]);
    let secret = operator.rotates_the_secret_of("report-agent");
    operator.does(&["client", "disable", "report-agent"]);
    operator.does(&["client", "enable", "report-agent"]);

    let log = stack.observer().log();
    let events = log[before..].iter().filter(|line| line["target"] == "audit").map(|line| {
        let moment = line["at"].as_i64().expect("a moment");
        assert!((0..=60).contains(&(stack.now() - moment)), "{line}");
        assert_eq!(line["outcome"], "granted", "{line}");
        json!([line["event"], line["version"], line["client"]])
    });
    assert_eq!(
        events.collect::<Vec<_>>(),
        [
            json!(["configuration-applied", 2, null]),
            json!(["configuration-rolled-back", 1, null]),
            json!(["secret-rotated", null, "report-agent"]),
            json!(["client-disabled", null, "report-agent"]),
            json!(["client-enabled", null, "report-agent"]),
        ]
    );
    assert!(!stack.observer().log_text().contains(&secret), "the secret is in the log");
    let said = operator.does(&["audit", "--client", "report-agent"]);
    for event in ["secret-rotated", "client-disabled", "client-enabled"] {
        assert!(said.contains(event), "{event}: {said}");
    }
    let said = operator.does(&["audit"]);
    for event in ["configuration-applied", "configuration-rolled-back"] {
        assert!(said.contains(event), "{event}: {said}");
    }
}

#[test]
fn the_log_says_why_a_client_was_rejected_and_the_answer_does_not() {
    let stack = Stack::shared();
    let agent =
        Agent { stack, id: "no-such-agent".to_owned(), proof: crate::agent::Proof::Basic("x".repeat(43)) };
    let refused = agent.sends("/par", &asks_for_a_file().parameters);
    let events = stack.observer().audit_of(&refused);
    assert!(matches!(&events[..], [one] if one["why"] == "Unknown"), "{events:?}");
}

#[test]
fn a_failed_sign_in_is_an_event_that_names_no_password() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent(stack), somebody(stack));
    let mut browser = Browser::new(stack);
    let page = Page::of(browser.opens(&agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()))));
    let failed = browser.types(&page, &person.user_name, "not the password at all");
    let events = stack.observer().audit_of(&failed);
    assert!(
        matches!(&events[..], [one] if one["event"] == "sign-in" && one["outcome"] == "refused" && one["person"].is_string()),
        "{events:?}"
    );
    let nobody = browser.types(&Page::of(failed), "nobody-of-that-name", "not the password at all");
    let events = stack.observer().audit_of(&nobody);
    assert!(matches!(&events[..], [one] if one["person"].is_null()), "{events:?}");
}

#[test]
fn the_operator_reads_the_audit_by_client_and_time() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    agent.pushes(&asks_for_a_file());
    let said = stack.operator().does(&["audit", "--client", "report-agent", "--since", "1 h"]);
    assert!(said.contains("report-agent") && said.contains("push"), "{said}");
    let said = stack.operator().does(&["audit", "--client", "nightly-agent", "--until", "1 h"]);
    assert_eq!(said, "");
}
