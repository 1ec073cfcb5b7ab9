//! Policies decide what registration leaves open: who may ask, who may grant, who may have it alone. Who is refused by one is
//! told so in the specification's words; which one it was stands in the audit trail.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::agent::{
    Agent, Ask, BANK, CALLBACK, FILES, Proof, an_agent, asks, asks_for_a_file, the_file, the_file_tool,
};
use crate::asking::for_signing_in_of;
use crate::browser::{Browser, Page};
use crate::exchange::{
    ACCESS_TOKEN, ID_TOKEN, JWT, JWT_BEARER, LEDGER, REFRESH_TOKEN, SAML2, acted_by, an_exchange,
    own_token_of, without_details,
};
use crate::local_stack::configuration_changes::also;
use crate::outsider::the_partner;
use crate::person::{Decision, decision_form, granted, somebody, somebody_with, the_code};
use crate::running_stack::remembered_consents::the_same_request;
use crate::stack::Stack;
use crate::token::verified;
use crate::web::{Answer, Parameters, http};

/// A stack with these policies and no others.
pub(crate) fn with_policies(name: &str, policies: &'static str) -> Stack {
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

/// Who may grant which of [`two_files`].
pub(crate) const HOLDS: &str = r#"
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

pub(crate) fn two_files() -> Value {
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
    let granted = granted(&agent, &person, &asks_for_a_file());
    the_file_tool(&stack).exchanges(&granted.access_token, BANK).is_refused(400, "invalid_target");
}

const EXCHANGES: &str = r#"
@id("asks") permit (principal, action == Action::"ask", resource);
@id("grants") permit (principal, action == Action::"grant", resource);
@id("files-ask-the-bank") permit (
  principal == Client::"files-tool",
  action == Action::"token_exchange",
  resource == Tool::"https://bank.test/api"
);
@id("finance-keeps-its-statements") forbid (principal, action == Action::"token_exchange", resource)
when {
  principal has person && principal.person in Group::"finance" &&
  ((context has scope && context.scope == "bank.statements") || context has detail)
};
"#;

/// RFC 8693, section 2.2.2: the client learns that it is refused. By which policy, if any, is the operator's to know.
#[test]
fn an_exchange_that_a_policy_refuses_is_audited_by_its_name_and_answered_without_it() {
    let stack = with_policies("policies-exchange", EXCHANGES);
    let (agent, files) = (an_agent(&stack), the_file_tool(&stack));
    let of_anybody = granted(&agent, &somebody(&stack), &asks_for_a_file()).access_token;
    let permitted = files.exchanges(&of_anybody, BANK).ok();
    let event = &stack.observer().audit_of(&permitted)[0];
    assert_eq!(event["policies"], "files-ask-the-bank", "{event}");
    // The tools' rules let this pass, and no policy does.
    let unpermitted = files.exchanges_for(&of_anybody, LEDGER, &without_details());
    unpermitted.is_refused(400, "invalid_target");
    is_audited(&stack, &unpermitted, "exchange-not-allowed", "none");

    let of_finance = somebody_with(&stack, &["--group", "finance"]);
    // Without `files.access`, which becomes what nobody forbids.
    let ask = asks_for_a_file().with("scope", "openid files.read offline_access");
    let of_finance = granted(&agent, &of_finance, &ask.without("authorization_details")).access_token;
    let forbidden = files.exchanges(&of_finance, BANK);
    forbidden.is_refused(400, "invalid_target");
    is_audited(&stack, &forbidden, "exchange-not-allowed", "finance-keeps-its-statements");
    assert_eq!(forbidden.text(), unpermitted.text(), "forbidden and not permitted look alike");
}

/// A policy about one person is about their `sub`, which the operator's command reads where the server does.
#[test]
fn a_policy_on_one_person_is_explained_as_the_server_decides_it() {
    let stack = with_policies("policies-one-person", EXCHANGES);
    let (agent, files) = (an_agent(&stack), the_file_tool(&stack));
    let (she, other) = (somebody(&stack), somebody(&stack));
    let hers = format!(
        "@id(\"hers-alone\") forbid (principal, action == Action::\"token_exchange\", resource)\n\
         unless {{ principal has person && principal.person == Person::\"{}\" }};",
        stack.operator().id_of(&she.user_name)
    );
    fs::write(stack.configuration.join("policies/hers.cedar"), hers).expect("written");
    stack.operator().applies(&stack.configuration);
    stack.takes_notice();
    for (person, is_hers) in [(&she, true), (&other, false)] {
        let explained = stack.operator().does(&[
            "policy",
            "explain",
            "--client",
            "files-tool",
            "--actor",
            "report-agent",
            "--person",
            &person.user_name,
            "--action",
            "token_exchange",
            "--tool",
            "bank",
            "--scope",
            "bank.statements",
        ]);
        let token = granted(&agent, person, &asks_for_a_file()).access_token;
        let exchanged = files.exchanges(&token, BANK);
        if is_hers {
            assert_eq!(explained, "allowed: scope bank.statements by files-ask-the-bank\n");
            exchanged.ok();
        } else {
            assert_eq!(explained, "denied: scope bank.statements by hers-alone\n");
            is_audited(&stack, &exchanged, "exchange-not-allowed", "hers-alone");
        }
    }
}

/// What the request names is not left out in silence.
#[test]
fn an_exchange_that_names_what_a_policy_forbids_is_refused_and_audited_alike() {
    let stack = with_policies("policies-exchange-named", EXCHANGES);
    let person = somebody_with(&stack, &["--group", "finance"]);
    let first = granted(&an_agent(&stack), &person, &asks_for_a_file()).access_token;
    let files = the_file_tool(&stack);
    let statement = json!([{ "type": "statement", "account": "Q4-report.pdf", "kinds": ["daily"] }]);
    for (name, value, error, reason) in [
        ("scope", "bank.statements bank.pay", "invalid_scope", "scope-not-permitted"),
        (
            "authorization_details",
            statement.to_string().as_str(),
            "invalid_authorization_details",
            "detail-not-permitted",
        ),
    ] {
        let refused = files.exchanges_for(&first, BANK, &Parameters::of([(name, value)]));
        refused.is_refused(400, error);
        is_audited(&stack, &refused, reason, "finance-keeps-its-statements");
    }
}

/// The tool would take a scope alone for all that there is.
#[test]
fn where_a_policy_refuses_every_detail_the_scope_alone_is_not_left() {
    let stack = with_policies("policies-every-detail", EXCHANGES);
    let person = somebody_with(&stack, &["--group", "finance"]);
    let first = granted(&an_agent(&stack), &person, &asks_for_a_file()).access_token;
    let files = the_file_tool(&stack);
    let paying = Parameters::of([("scope", "bank.pay")]);
    for more in [&Parameters::default(), &paying] {
        let refused = files.exchanges_for(&first, BANK, more);
        refused.is_refused(400, "invalid_target");
        is_audited(&stack, &refused, "exchange-not-allowed", "finance-keeps-its-statements");
    }
    // Nobody forbids it to anybody else.
    let other = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let paid = files.exchanges_for(&other, BANK, &paying).ok();
    assert_eq!(paid.json()["authorization_details"][0]["type"], "statement");
}

const GOES_ON: &str = r#"
@id("registration-decides") permit (principal, action in [Action::"ask", Action::"grant"], resource);
@id("exchanges") permit (principal, action == Action::"token_exchange", resource);
@id("goes-on") permit (principal, action == Action::"refresh_token_by_exchange", resource);
"#;

fn for_longer(files: &Agent<'_>, subject: &str) -> String {
    files.exchanges_to_go_on(subject, BANK).ok().string("access_token")
}

#[test]
fn where_a_policy_refuses_every_detail_the_scope_alone_is_not_renewed() {
    let stack = with_policies("policies-every-detail-renewed", GOES_ON);
    let files = the_file_tool(&stack);
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let child = for_longer(&files, &first);
    for action in ["token_exchange", "refresh_token_by_exchange"] {
        also(
            &stack,
            &format!(
                "@id(\"no-statements\") forbid (principal, action == Action::\"{action}\", resource) when {{ context has detail }};"
            ),
        );
        let refused = files.refreshes(&child);
        refused.is_refused(400, "invalid_grant");
        let said = stack.observer().audit_of(&refused)[0]["policies"].clone();
        assert!(said.as_str().is_some_and(|said| said.contains("no-statements")), "{said}");
    }
    also(&stack, "");
    files.refreshes(&child).ok();
}

/// draft-ietf-oauth-identity-assertion-authz-grant, section 4.4.
#[test]
fn where_a_policy_refuses_every_detail_of_an_id_jag_its_scope_alone_is_not_left() {
    let policies = r#"
@id("exchanges") permit (principal, action == Action::"token_exchange", resource);
@id("no-files") forbid (principal, action == Action::"token_exchange", resource) when { context has detail };
"#;
    let stack = with_policies("policies-every-detail-of-an-id-jag", policies);
    let (agent, partner) = (Agent::with_basic(&stack, "partner-agent"), the_partner());
    let shows = |details: Value| {
        let assertion =
            partner.id_jag(&stack, "alice", |_, claims| claims["authorization_details"] = details);
        agent.sends("/token", &Parameters::of([("grant_type", JWT_BEARER), ("assertion", &assertion)]))
    };
    let refused = shows(json!([the_file("Q4-report.pdf", &["read"])]));
    refused.is_refused(400, "unauthorized_client");
    is_audited(&stack, &refused, "client-not-permitted", "no-files");
    assert_eq!(shows(json!([])).ok().json()["scope"], "files.read");
}

const UNSEEN: &str = r#"
@id("registration-decides") permit (principal, action in [Action::"ask", Action::"grant", Action::"client_credentials"], resource);
@id("goes-unseen") permit (principal, action == Action::"impersonate", resource);
@id("goes-on") permit (principal, action == Action::"refresh_token_by_exchange", resource);
"#;

/// RFC 8693, section 1.1: what a policy forbids to be had under a name is not had without one, at first or later.
#[test]
fn what_is_forbidden_under_a_name_is_not_renewed_without_one() {
    let stack = with_policies("policies-renewed-unseen", UNSEEN);
    let files = the_file_tool(&stack);
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let child = for_longer(&files, &first);
    let renewed = files.refreshes(&child).ok();
    assert!(verified(&stack, &renewed.string("access_token")).claims["act"].is_null(), "nobody is named");
    let newest = renewed.string("refresh_token");
    also(
        &stack,
        "@id(\"not-at-the-bank\") forbid (principal, action == Action::\"token_exchange\", resource);",
    );
    let refused = files.refreshes(&newest);
    refused.is_refused(400, "invalid_grant");
    assert_eq!(stack.observer().audit_of(&refused)[0]["policies"], "not-at-the-bank");
    let refused = files.exchanges(&first, BANK);
    refused.is_refused(400, "invalid_target");
    is_audited(&stack, &refused, "exchange-not-allowed", "not-at-the-bank");
    also(&stack, "");
    files.refreshes(&newest).ok();
}

/// Whoever names an actor is not given a token that leaves the name out, be it their own.
#[test]
fn who_names_an_actor_gets_no_token_that_names_nobody() {
    let stack = with_policies("policies-named-and-unseen", UNSEEN);
    let files = the_file_tool(&stack);
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let acting = acted_by(&own_token_of(&Agent::with_basic(&stack, "nightly-agent")));
    let refused = files.exchanges_for(&first, BANK, &acting);
    refused.is_refused(400, "invalid_target");
    is_audited(&stack, &refused, "exchange-not-allowed", "none");
    let unseen = files.exchanges(&first, BANK).ok().string("access_token");
    assert!(verified(&stack, &unseen).claims["act"].is_null());
}

const NOT_AT_NIGHT: &str = r#"
@id("registration-decides") permit (principal, action in [Action::"ask", Action::"grant", Action::"client_credentials"], resource);
@id("exchanges") permit (principal, action in [Action::"token_exchange", Action::"refresh_token_by_exchange"], resource);
"#;

fn no_night_agent(action: &str) -> String {
    format!(
        "@id(\"not-the-night-agent\") forbid (principal, action == Action::\"{action}\", resource)\n\
         when {{ context has actor && context.actor == Client::\"nightly-agent\" }};"
    )
}

/// RFC 8693, section 2.1: whom a token names is for policies to know, wherever it is shown.
#[test]
fn a_policy_decides_who_may_be_named_as_actor() {
    let stack = with_policies("policies-actor", NOT_AT_NIGHT);
    let (files, desk) = (the_file_tool(&stack), Agent::with_basic(&stack, "desk-tool"));
    let acting = acted_by(&own_token_of(&Agent::with_basic(&stack, "nightly-agent")));
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let lasting = acting.clone().and("requested_token_type", REFRESH_TOKEN);
    let child = files.exchanges_for(&first, BANK, &lasting).ok().string("access_token");

    also(&stack, &no_night_agent("token_exchange"));
    let refused = files.exchanges_for(&first, BANK, &acting);
    refused.is_refused(400, "invalid_target");
    is_audited(&stack, &refused, "exchange-not-allowed", "not-the-night-agent");
    // As it was got, so it is renewed.
    let refused = files.refreshes(&child);
    refused.is_refused(400, "invalid_grant");
    files.exchanges(&first, BANK).ok();

    let person = somebody_with(&stack, &["--group", "reachable"]);
    let asks = for_signing_in_of(&person.user_name);
    also(&stack, &no_night_agent("ask"));
    let refused = desk.asks_elsewhere(&asks.clone().joined(&acting));
    refused.is_refused(400, "invalid_scope");
    is_audited(&stack, &refused, "scope-not-permitted", "not-the-night-agent");
    desk.asks_elsewhere(&asks).ok();

    // At the approval itself, too: it is a grant.
    also(&stack, &no_night_agent("grant"));
    let auth_req_id = desk.waits_for_approval(&asks.joined(&acting));
    let mut browser = Browser::new(&stack);
    let page = browser.comes_to_approval(&person, &auth_req_id);
    assert!(page.words().contains("You cannot allow this"), "{}", page.words());
}

const VOUCHED: &str = r#"
@id("partner-agent-reads") permit (
  principal == Client::"partner-agent",
  action == Action::"token_exchange",
  resource == Tool::"https://files.test"
) when { context has scope && context.scope == "files.read" };
@id("with-a-key-alone") forbid (principal, action == Action::"token_exchange", resource)
unless { context has acr && context.acr == "phr" };
"#;

/// draft-ietf-oauth-identity-assertion-authz-grant, section 4.4: what an issuer vouches for is policies' to refuse.
#[test]
fn an_id_jag_that_a_policy_refuses_is_audited_by_its_name_and_answered_without_it() {
    let stack = with_policies("policies-id-jag", VOUCHED);
    let (agent, partner) = (Agent::with_basic(&stack, "partner-agent"), the_partner());
    let shows = |change: fn(&mut Value), more: &Parameters| {
        let assertion = partner.id_jag(&stack, "alice", |_, claims| change(claims));
        let form = Parameters::of([("grant_type", JWT_BEARER), ("assertion", &assertion)]);
        agent.sends("/token", &form.joined(more))
    };
    let nothing = Parameters::default();
    let permitted = shows(|_| {}, &nothing).ok();
    assert_eq!(permitted.json()["scope"], "files.read");
    let event = &stack.observer().audit_of(&permitted)[0];
    assert_eq!(event["policies"], "partner-agent-reads", "{event}");

    let by_password = |claims: &mut Value| claims["acr"] = json!("pwd");
    let forbidden = shows(by_password, &nothing);
    forbidden.is_refused(400, "unauthorized_client");
    is_audited(&stack, &forbidden, "client-not-permitted", "with-a-key-alone");
    let unpermitted = shows(|claims| claims["scope"] = json!("files.access"), &nothing);
    unpermitted.is_refused(400, "unauthorized_client");
    is_audited(&stack, &unpermitted, "client-not-permitted", "none");
    assert_eq!(forbidden.text(), unpermitted.text(), "forbidden and not permitted look alike");

    let named = shows(by_password, &Parameters::of([("scope", "files.read")]));
    named.is_refused(400, "invalid_scope");
    is_audited(&stack, &named, "scope-not-permitted", "with-a-key-alone");
}

const VOUCHED_FOR: &str = r#"
@id("asks") permit (principal, action == Action::"ask", resource);
@id("no-stranger-asks-for-files") forbid (principal, action == Action::"ask", resource == Tool::"https://files.test")
when { principal.origin == "registered" };
"#;

/// RFC 7591, section 5: whoever registers says what they like of themselves, so who vouches for a client is what a policy can go by.
#[test]
fn a_policy_keeps_those_out_who_registered_themselves() {
    let stack = with_policies("policies-origin", VOUCHED_FOR);
    let wish = json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none" });
    let request = http().post(stack.url("/register")).header("content-type", "application/json");
    let id = Answer::to(request.body(wish.to_string())).ok().string("client_id");
    let stranger = Agent { stack: &stack, id, proof: Proof::None };
    let ask = asks_for_a_file();
    stranger.sends("/par", &Ask::new("openid").parameters).ok();
    an_agent(&stack).sends("/par", &ask.parameters).ok();

    let refused = stranger.sends("/par", &ask.parameters);
    refused.is_refused(400, "invalid_scope");
    is_audited(&stack, &refused, "scope-not-permitted", "no-stranger-asks-for-files");
    // RFC 9700, section 4.11.2: a stranger's address is not where a link to this server leads.
    let answer = Browser::new(&stack).opens(&stranger.sends_the_person_asking(&ask));
    assert_eq!((answer.status, answer.header("location")), (400, None), "{}", answer.text());
    assert!(answer.text().contains("invalid_scope"), "{}", answer.text());
    is_audited(&stack, &answer, "scope-not-permitted", "no-stranger-asks-for-files");
}

const WHAT_IS_ISSUED: &str = r#"
@id("registration-decides") permit (principal, action in [Action::"ask", Action::"grant"], resource);
@id("exchanges") permit (principal, action == Action::"token_exchange", resource);
@id("goes-on") permit (principal, action == Action::"refresh_token_by_exchange", resource);
@id("no-assertions") forbid (principal, action, resource) when { context.requested == "saml2" };
@id("tells-nobody") forbid (principal, action, resource) when { context.requested == "id_token" };
@id("no-partner-goes-on") forbid (principal, action, resource)
when { context.requested == "refresh_token" && context has origin && context.origin == "https://idp.partner.test" };
@id("partners-grants-end-here") forbid (principal, action, resource == Tool::"https://bank.test/api")
when { context has origin };
"#;

/// RFC 8693, section 3: what may be had as an access token need not be had as something else. And another issuer's word goes as far as
/// policies let it, whatever was made of it since.
#[test]
fn a_policy_tells_what_is_issued_and_who_vouches_for_the_subject() {
    let stack = with_policies("policies-of-tokens", WHAT_IS_ISSUED);
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let files = the_file_tool(&stack);
    let by_files = |requested: &str| {
        let more = Parameters::of([("requested_token_type", requested)]);
        files.exchanges_for(&first, BANK, &more)
    };
    let is_refused_by = |answer: &Answer, policy: &str| {
        answer.is_refused(400, "invalid_target");
        is_audited(&stack, answer, "exchange-not-allowed", policy);
    };
    for token_type in [ACCESS_TOKEN, JWT] {
        by_files(token_type).ok();
    }
    let child = by_files(REFRESH_TOKEN).ok().string("access_token");
    files.refreshes(&child).ok();
    is_refused_by(&by_files(SAML2), "no-assertions");
    let who = an_exchange(&first, BANK).without("resource").and("requested_token_type", ID_TOKEN);
    is_refused_by(&files.sends("/token", &who), "tells-nobody");

    let (agent, partner) = (Agent::with_basic(&stack, "partner-agent"), the_partner());
    let shown =
        an_exchange(&partner.token(&stack, "alice", |_, _| {}), FILES).with("subject_token_type", JWT);
    let theirs = agent.sends("/token", &shown).ok().string("access_token");
    is_refused_by(
        &agent.sends("/token", &shown.and("requested_token_type", REFRESH_TOKEN)),
        "no-partner-goes-on",
    );
    is_refused_by(&files.exchanges(&theirs, BANK), "partners-grants-end-here");
}

/// A renewal is asked about as what it was got as: who no longer gives out refresh tokens renews none, and who no longer gives out
/// access tokens by exchange has said nothing of what goes on.
#[test]
fn a_renewal_is_asked_about_as_a_refresh_token() {
    let stack = with_policies("policies-of-renewals", WHAT_IS_ISSUED);
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let files = the_file_tool(&stack);
    let mut newest = for_longer(&files, &first);
    let mut forbidding = |requested: &str| {
        let text = format!(
            "{WHAT_IS_ISSUED}\n@id(\"not-now\") forbid (principal, action, resource) when {{ context.requested == \"{requested}\" }};"
        );
        fs::write(stack.configuration.join("policies/test.cedar"), text).expect("written");
        stack.operator().applies(&stack.configuration);
        stack.takes_notice();
        let answer = files.refreshes(&newest);
        if answer.status == 200 {
            newest = answer.string("refresh_token");
        }
        answer
    };
    forbidding("access_token").ok();
    let refused = forbidding("refresh_token");
    refused.is_refused(400, "invalid_grant");
    assert_eq!(stack.observer().audit_of(&refused)[0]["policies"], "not-now", "{}", refused.text());
    forbidding("access_token").ok();
}
