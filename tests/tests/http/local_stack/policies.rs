//! Policies decide what registration leaves open: who may ask, who may grant, who may have it alone. Who is refused by one is
//! told so in the specification's words; which one it was stands in the audit trail.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::agent::{Agent, CALLBACK, an_agent, asks, the_file};
use crate::browser::{Browser, Page};
use crate::person::{Decision, decision_form, somebody, somebody_with, the_code};
use crate::running_stack::remembered_consents::the_same_request;
use crate::stack::Stack;
use crate::web::{Answer, Parameters};

/// A stack with these policies and no others.
fn with_policies(name: &str, policies: &'static str) -> Stack {
    Stack::start_with(name, &[], |configuration: &Path| {
        let folder = configuration.join("policies");
        fs::remove_dir_all(&folder).expect("the tests have policies");
        fs::create_dir(&folder).expect("made");
        fs::write(folder.join("test.cedar"), policies).expect("written");
    })
}

/// That the audit says why and by which policies, and that the answer does not.
#[track_caller]
fn is_audited(stack: &Stack, answer: &Answer, reason: &str, policies: &str) {
    let events = stack.observer().audit_of(answer);
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(
        (event["reason"].as_str(), event["policies"].as_str()),
        (Some(reason), Some(policies)),
        "{event}"
    );
    let said = format!("{} {:?}", answer.text(), answer.header("location"));
    assert!(policies == "none" || !said.contains(policies), "{said}");
}

const ALONE: &str = r#"
@id("nightly-reads") permit (
  principal == Client::"nightly-agent",
  action == Action::"client_credentials",
  resource == Tool::"https://files.test"
) when {
  (context has scope && ["files.read", "files.access"].contains(context.scope)) ||
  (context has detail && context.detail has actions && context.detail.actions == ["read"])
};
@id("never-in-the-audit-folder") forbid (principal, action, resource) when {
  context has detail && context.detail has locations && context.detail.locations.contains("https://files.test/audit")
};
"#;

fn asking_for(file: &Value) -> Parameters {
    let details = json!([file]).to_string();
    Parameters::of([("scope", "files.access"), ("authorization_details", &details)])
}

#[test]
fn an_agent_that_works_alone_gets_what_a_policy_permits_and_is_registered() {
    let stack = with_policies("policies-alone", ALONE);
    let agent = Agent::with_basic(&stack, "nightly-agent");
    let answer = agent.works_alone(&asking_for(&the_file("Q4-report.pdf", &["read"]))).ok();
    let event = &stack.observer().audit_of(&answer)[0];
    assert_eq!(event["policies"], "nightly-reads", "{event}");

    let writes = agent.works_alone(&asking_for(&the_file("Q4-report.pdf", &["write"])));
    writes.is_refused(400, "invalid_authorization_details");
    is_audited(&stack, &writes, "detail-not-permitted", "none");
    let mut audit = the_file("Q4-report.pdf", &["read"]);
    audit["locations"] = json!(["https://files.test/audit"]);
    let forbidden = agent.works_alone(&asking_for(&audit));
    forbidden.is_refused(400, "invalid_authorization_details");
    is_audited(&stack, &forbidden, "detail-not-permitted", "never-in-the-audit-folder");
}

#[test]
fn who_names_no_scope_gets_those_that_are_permitted_and_who_names_one_that_is_not_is_refused() {
    let policies = r#"@id("reads") permit (principal, action, resource) when { context has scope && context.scope == "files.access" };"#;
    let stack = with_policies("policies-alone-scope", policies);
    let agent = Agent::with_basic(&stack, "nightly-agent");
    // `files.access` means nothing without details.
    let nothing = agent.works_alone(&Parameters::default());
    nothing.is_refused(400, "unauthorized_client");
    is_audited(&stack, &nothing, "client-not-permitted", "none");
    let named = agent.works_alone(&Parameters::of([("scope", "files.read")]));
    named.is_refused(400, "invalid_scope");
    is_audited(&stack, &named, "scope-not-permitted", "none");
}

const ASKS: &str = r#"
@id("asks") permit (principal, action == Action::"ask", resource);
@id("grants") permit (principal, action == Action::"grant", resource);
@id("no-payments") forbid (principal, action == Action::"ask", resource == Tool::"https://bank.test/api");
@id("only-reading") forbid (principal, action == Action::"ask", resource) when {
  context has detail && context.detail has actions && context.detail.actions.contains("write")
};
"#;

/// RFC 9126, section 2.3: refused at once, before any person sees it.
#[test]
fn what_no_client_may_ask_is_refused_where_it_asks() {
    let stack = with_policies("policies-ask", ASKS);
    let agent = an_agent(&stack);
    let read = asks(&json!([the_file("Q4-report.pdf", &["read"])]));
    let pushed = agent.sends("/par", &read.parameters);
    assert_eq!(pushed.status, 201, "{}", pushed.text());
    let write = asks(&json!([the_file("Q4-report.pdf", &["read"]), the_file("Q4-report.pdf", &["write"])]));
    let refused = agent.sends("/par", &write.parameters);
    refused.is_refused(400, "invalid_authorization_details");
    assert!(refused.text().contains("authorization_details[1]"), "{}", refused.text());
    is_audited(&stack, &refused, "detail-not-permitted", "only-reading");
    let pay =
        read.clone().with("scope", "openid files.access bank.pay").and("resource", "https://bank.test/api");
    let refused = agent.sends("/par", &pay.parameters);
    refused.is_refused(400, "invalid_scope");
    is_audited(&stack, &refused, "scope-not-permitted", "no-payments");

    // A request in the browser's address is answered at the client (OAuth 2.1, section 4.1.2.1).
    let answer = Browser::new(&stack).opens(&agent.sends_the_person_asking(&write));
    assert_eq!(answer.callback(CALLBACK)["error"], "invalid_authorization_details");
    is_audited(&stack, &answer, "detail-not-permitted", "only-reading");
}

const HOLDS: &str = r#"
@id("asks") permit (principal, action == Action::"ask", resource);
@id("tells-who-they-are") permit (principal, action == Action::"grant", resource == Tool::"issuer");
@id("names-of-files") permit (principal, action == Action::"grant", resource) when {
  context has scope && ["files.read", "files.access"].contains(context.scope)
};
@id("finance-grants-reports") permit (principal, action == Action::"grant", resource == Tool::"https://files.test")
when {
  context has detail && context.detail has identifier && context.detail.identifier == "Q4-report.pdf" &&
  principal has person && principal.person in Group::"finance"
};
@id("berlin-grants-its-own") permit (principal, action == Action::"grant", resource == Tool::"https://files.test")
when {
  context has detail && context.detail has identifier && context.detail.identifier == "Berlin.pdf" &&
  principal has person && principal.person.hasTag("site") && principal.person.getTag("site") == "Berlin"
};
"#;

fn two_files() -> Value {
    json!([the_file("Q4-report.pdf", &["read"]), the_file("Berlin.pdf", &["read"])])
}

#[test]
fn nobody_grants_what_they_do_not_hold() {
    let stack = with_policies("policies-grant", HOLDS);
    let agent = an_agent(&stack);
    let ask = asks(&two_files());
    let of_finance = somebody_with(&stack, &["--group", "finance"]);
    let of_berlin = somebody_with(&stack, &["--attribute", "site=Berlin"]);
    for (person, holds, lacks) in [(&of_finance, 0, "1"), (&of_berlin, 1, "0")] {
        let mut browser = Browser::new(&stack);
        let page = browser.comes_to_consent(person, &agent.sends_the_person_with(&agent.pushes(&ask)));
        assert_eq!(page.fields("detail"), [holds.to_string()], "what they hold can be chosen");
        assert!(page.words().contains("You cannot allow this"), "{}", page.words());
        // A form that says more than the page grants nothing.
        let forged = decision_form(&page, &Decision::All).and("detail", lacks);
        let refused = browser.submits_and_stays("/consent", &forged);
        assert_eq!(refused.status, 400, "{}", refused.text());
        is_audited(&stack, &refused, "grant-not-permitted", "none");
        let code = the_code(&stack, &browser.decides(&page, &Decision::All));
        let granted = agent.redeems(&code, &ask).ok();
        assert_eq!(granted.json()["authorization_details"], json!([two_files()[holds]]));
    }
}

#[test]
fn who_holds_nothing_of_it_can_only_say_no() {
    let stack = with_policies("policies-grant-nothing", HOLDS);
    let (agent, person) = (an_agent(&stack), somebody(&stack));
    let ask = asks(&two_files()).with("scope", "files.access");
    let mut browser = Browser::new(&stack);
    let page = browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&ask)));
    assert_eq!(page.fields("detail"), Vec::<String>::new());
    let denied = browser.decides(&page, &Decision::Deny);
    assert_eq!(denied.callback(CALLBACK)["error"], "access_denied");
}

/// A consent is remembered for as long as the person could give it.
#[test]
fn a_remembered_consent_ends_with_what_the_person_holds() {
    let stack = Stack::start("policies-remembered", &[]);
    let agent = Agent::with_basic(&stack, "remembered-agent");
    let person = somebody(&stack);
    let mut browser = Browser::new(&stack);
    let page = browser.comes_to_consent(&person, &the_same_request(&agent));
    the_code(&stack, &browser.decides(&page, &Decision::AllAndRemember));
    the_code(&stack, &browser.opens(&the_same_request(&agent)));
    let taken = r#"@id("not-anybody") forbid (principal, action == Action::"grant", resource == Tool::"https://files.test");"#;
    fs::write(stack.configuration.join("policies/taken.cedar"), taken).expect("written");
    stack.operator().applies(&stack.configuration);
    stack.takes_notice();
    let page = Page::of(browser.opens(&the_same_request(&agent)).ok());
    assert!(page.words().contains("You cannot allow this"), "{}", page.words());
}

/// What registration decided before there were policies goes on; an exchange has nobody's yes.
#[test]
fn without_policies_registration_decides_and_nobody_exchanges() {
    let stack = Stack::start_with("policies-none", &[], |configuration: &Path| {
        fs::remove_dir_all(configuration.join("policies")).expect("the tests have policies");
    });
    let agent = Agent::with_basic(&stack, "nightly-agent");
    let answer = agent.works_alone(&Parameters::of([("scope", "files.read")])).ok();
    assert!(stack.observer().audit_of(&answer)[0].get("policies").is_none());
    let (agent, person) = (an_agent(&stack), somebody(&stack));
    let granted = crate::person::granted(&agent, &person, &crate::agent::asks_for_a_file());
    let files = crate::agent::the_file_tool(&stack);
    files.exchanges(&granted.access_token, crate::agent::BANK).is_refused(400, "invalid_target");
}
