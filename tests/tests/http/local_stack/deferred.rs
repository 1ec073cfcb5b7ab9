//! Approval on demand: a policy wants a person for an exchange, the person at the start of the chain is asked, and exactly that exchange
//! goes on (draft-ietf-oauth-deferred-token-response-01).

use std::fs;

use serde_json::{Value, json};

use crate::agent::{Agent, BANK, an_agent, asks_for_a_file, secret_part, the_file_tool};
use crate::asking::{Answering, DEFERRED, an_asking_agent, page_of, rings, the_person_answers};
use crate::at_once::at_once;
use crate::browser::{Browser, Page};
use crate::exchange::{ACCESS_TOKEN, Chain, LEDGER, the_bank};
use crate::local_stack::backchannel::{messages_of, soon};
use crate::local_stack::countersigning::{displayed, signed, somebody_with_a_passkey, to_sign};
use crate::local_stack::exchanges::hops;
use crate::local_stack::policies::with_policies;
use crate::local_stack::secrets_at_rest::none_is_at_rest;
use crate::person::{Person, granted, somebody};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::{Answer, Parameters};

/// Whoever sees a statement of the bank has the person at the start of the chain approve it.
pub(crate) const STATEMENTS_ARE_APPROVED: &str = r#"
@id("all") permit (principal, action, resource);
@id("statements-are-approved") @approval("person") forbid (
  principal, action == Action::"token_exchange", resource == Tool::"https://bank.test/api"
) when { context has detail && context.detail.type == "statement" };
"#;

/// The statements that reading the file becomes at the bank.
fn the_statements() -> Value {
    json!([{ "type": "statement", "account": "Q4-report.pdf", "kinds": ["daily", "monthly"] }])
}

/// That the client can wait.
pub(crate) fn waiting() -> Parameters {
    Parameters::of([("completion_mode", "deferred")])
}

/// An exchange that waits for a person.
struct Waits<'s> {
    stack: &'s Stack,
    tool: Agent<'s>,
    person: Person,
    /// The token of the person's that the tool was sent.
    subject: String,
    code: String,
}

impl<'s> Waits<'s> {
    #[track_caller]
    fn at(stack: &'s Stack) -> Self {
        Self::of(stack, somebody(stack))
    }

    #[track_caller]
    fn of(stack: &'s Stack, person: Person) -> Self {
        let subject = granted(&an_agent(stack), &person, &asks_for_a_file()).access_token;
        let tool = the_file_tool(stack);
        let answer = tool.exchanges_for(&subject, BANK, &waiting());
        answer.is_refused(400, "authorization_pending");
        let code = answer.string("deferral_code");
        Self { stack, tool, person, subject, code }
    }

    fn comes(&self) -> Answer {
        self.tool.comes_for_the_answer(&self.code)
    }

    #[track_caller]
    fn is_answered(&self, answering: &Answering) {
        the_person_answers(self.stack, &self.person, &self.code, answering);
    }

    #[track_caller]
    fn approved(&self) -> String {
        self.is_answered(&Answering::Yes);
        self.comes().ok().string("access_token")
    }
}

impl Agent<'_> {
    /// Comes for the answer to a token request that waits for a person.
    pub(crate) fn comes_for_the_answer(&self, code: &str) -> Answer {
        self.remembering(
            self.sends("/token", &Parameters::of([("grant_type", DEFERRED), ("deferral_code", code)])),
        )
    }
}

#[test]
fn a_tool_that_can_wait_gets_exactly_what_the_person_at_the_start_of_the_chain_approves() {
    let stack = with_policies("deferred", STATEMENTS_ARE_APPROVED);
    let (person, tool) = (somebody(&stack), the_file_tool(&stack));
    let subject = granted(&an_agent(&stack), &person, &asks_for_a_file()).access_token;
    let deferred = tool.exchanges_for(&subject, BANK, &waiting());
    deferred.is_refused(400, "authorization_pending");
    assert_eq!(deferred.header("cache-control"), Some("no-store"));
    let said = deferred.json();
    let lives = said["expires_in"].as_i64().expect("seconds");
    assert!((30..=300).contains(&lives), "{said}");
    assert_eq!(said["interval"], 5, "{said}");
    let code = deferred.string("deferral_code");
    assert!(rings(&stack, &code));
    let audit = stack.observer().audit_of(&deferred);
    assert_eq!(
        (&audit[0]["event"], &audit[0]["outcome"]),
        (&json!("backchannel"), &json!("granted")),
        "{audit:?}"
    );

    tool.comes_for_the_answer(&code).is_refused(400, "authorization_pending");
    let mut browser = Browser::new(&stack);
    let page = browser.comes_to_approval(&person, &code);
    let words = page.words();
    for said in [
        "Finance File Server asks for your approval",
        "See the daily and monthly statements of Q4-report.pdf",
        "Finance File Server has stopped here and waits for you",
        "What you asked for came here through Report Agent.",
    ] {
        assert!(words.contains(said), "{said} in {words}");
    }
    assert_eq!(browser.answers(&page, &Answering::Yes).status, 303);

    let answer = tool.comes_for_the_answer(&code).ok();
    assert_eq!(answer.json()["issued_token_type"], ACCESS_TOKEN);
    assert_eq!(answer.json()["authorization_details"], the_statements());
    let token = answer.string("access_token");
    let (before, after) = (verified(&stack, &subject).claims, verified(&stack, &token).claims);
    for same in ["sub", "grant_id", "auth_time", "amr"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert_eq!(after["act"], json!({ "sub": "files-tool" }), "{after}");
    assert!(after["exp"].as_i64() <= before["exp"].as_i64(), "{after}");
    let found = the_bank(&stack).finds_active(&token);
    assert_eq!(found["authorization_details"], the_statements(), "{found}");
    // The code was good once.
    tool.comes_for_the_answer(&code).is_refused(400, "invalid_grant");
    for secret in [secret_part(&code), &token] {
        assert!(stack.handed_out().iter().any(|handed_out| handed_out == secret));
    }
    none_is_at_rest(&stack);
}

#[test]
fn a_tool_that_cannot_wait_is_told_what_takes_a_person() {
    let stack = with_policies("deferred-not", STATEMENTS_ARE_APPROVED);
    let (person, tool) = (somebody(&stack), the_file_tool(&stack));
    let subject = granted(&an_agent(&stack), &person, &asks_for_a_file()).access_token;
    let rows = stack.observer().items().len();
    for mode in ["", "interim", "deferre", "Deferred"] {
        let refused = tool.exchanges_for(&subject, BANK, &Parameters::of([("completion_mode", mode)]));
        refused.is_refused(400, "interaction_required");
        assert!(refused.json().get("deferral_code").is_none(), "{}", refused.text());
        let audit = stack.observer().audit_of(&refused);
        let said = (&audit[0]["reason"], &audit[0]["policies"]);
        assert_eq!(said, (&json!("interaction-required"), &json!("statements-are-approved")), "{audit:?}");
        assert!(!refused.text().contains("statements-are-approved"), "{}", refused.text());
    }
    assert_eq!(stack.observer().items().len(), rows, "nothing is kept");
    // What needs nobody is had at once, and of several ways to wait ours is among them.
    let alone = Parameters::of([("scope", "bank.statements"), ("authorization_details", "[]")]);
    tool.exchanges_for(&subject, BANK, &alone).ok();
    let several = Parameters::of([("completion_mode", "interim deferred")]);
    tool.exchanges_for(&subject, BANK, &several).is_refused(400, "authorization_pending");
}

/// The whole chain: what the bank wants from the ledger rings at the person, two tools away.
#[test]
fn deep_in_a_chain_the_person_at_its_start_is_asked_and_told_through_whom() {
    let policies = r#"
@id("all") permit (principal, action, resource);
@id("entries-are-approved") @approval("person") forbid (
  principal == Client::"bank-tool", action == Action::"token_exchange", resource
) when { context has detail };"#;
    let stack = with_policies("deferred-chain", policies);
    let (person, bank) = (somebody(&stack), the_bank(&stack));
    let first = granted(&an_agent(&stack), &person, &asks_for_a_file()).access_token;
    let second = the_file_tool(&stack).exchanges(&first, BANK).ok().string("access_token");
    let deferred = bank.exchanges_for(&second, LEDGER, &waiting());
    deferred.is_refused(400, "authorization_pending");
    let code = deferred.string("deferral_code");
    let page = Browser::new(&stack).comes_to_approval(&person, &code);
    assert!(page.words().contains("through Report Agent and Finance File Server."), "{}", page.words());
    the_person_answers(&stack, &person, &code, &Answering::Yes);
    let third = bank.comes_for_the_answer(&code).ok().string("access_token");
    let claims = verified(&stack, &third).claims;
    assert_eq!(claims["act"]["sub"], "bank-tool", "{claims}");
    assert_eq!(claims["act"]["act"]["sub"], "files-tool", "{claims}");
    let chain = Chain { files: first, bank: second, ledger: third };
    assert_eq!(chain.stands(&stack), [true; 3]);
}

#[test]
fn a_deferral_code_is_good_once_of_any_number_at_once() {
    let stack = with_policies("deferred-race", STATEMENTS_ARE_APPROVED);
    let waits = Waits::at(&stack);
    waits.is_answered(&Answering::Yes);
    let answers = at_once(|_| waits.comes());
    let (got, refused): (Vec<&Answer>, Vec<&Answer>) =
        answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(got.len(), 1);
    for answer in refused {
        answer.is_refused(400, "invalid_grant");
    }
    let token = got[0].string("access_token");
    the_bank(&stack).finds_active(&token);
    let recorded = hops(&stack, &verified(&stack, &token).claims["grant_id"]);
    assert_eq!(recorded.len(), 1, "no token is recorded that nobody was given");
}

#[test]
fn whatever_is_wrong_with_a_deferral_code_it_is_refused() {
    let stack = with_policies("deferred-wrong", STATEMENTS_ARE_APPROVED);
    let waits = Waits::at(&stack);
    let (id, secret) = waits.code.split_once('.').expect("a handle");
    let other = format!("{id}.{}", secret.chars().rev().collect::<String>());
    let none = format!("{}.{secret}", "A".repeat(22));
    for wrong in [other.as_str(), &none, "x", id, &format!("{}x", waits.code)] {
        waits.tool.comes_for_the_answer(wrong).is_refused(400, "invalid_grant");
    }
    waits.tool.comes_for_the_answer("").is_refused(400, "invalid_request");
    // Another client learns nothing by it, whether it is approved or not.
    let another = the_bank(&stack);
    another.comes_for_the_answer(&waits.code).is_refused(400, "invalid_grant");
    waits.is_answered(&Answering::Yes);
    another.comes_for_the_answer(&waits.code).is_refused(400, "invalid_grant");
    // It is no auth_req_id either, of a client that may come with one.
    an_asking_agent(&stack).comes_with(&waits.code).is_refused(400, "invalid_grant");
    // Nor does the request change: what is sent beside the code says nothing.
    let more = Parameters::of([
        ("grant_type", DEFERRED),
        ("deferral_code", &waits.code),
        ("resource", LEDGER),
        ("scope", "bank.pay"),
        ("subject_token", "x"),
    ]);
    let answer = waits.tool.remembering(waits.tool.sends("/token", &more)).ok();
    assert_eq!(answer.json()["authorization_details"], the_statements());
    assert_eq!(verified(&stack, &answer.string("access_token")).claims["aud"], BANK);
}

#[test]
fn who_comes_too_often_is_slowed_down_and_who_comes_too_late_finds_nothing() {
    let stack = with_policies("deferred-late", STATEMENTS_ARE_APPROVED);
    let waits = Waits::at(&stack);
    waits.comes().is_refused(400, "authorization_pending");
    waits.comes().is_refused(400, "slow_down");
    waits.is_answered(&Answering::Yes);
    stack.time_passes(301);
    waits.comes().is_refused(400, "expired_token");
}

#[test]
fn what_the_person_denies_is_not_had_and_who_denies_often_is_asked_less() {
    let stack = with_policies("deferred-denied", STATEMENTS_ARE_APPROVED);
    let waits = Waits::at(&stack);
    waits.is_answered(&Answering::No);
    waits.comes().is_refused(400, "access_denied");
    let again = waits.tool.exchanges_for(&waits.subject, BANK, &waiting());
    again.is_refused(429, "temporarily_unavailable");
    // Nothing is left of the request that would have been answered.
    let id = waits.code.split('.').next().expect("an id");
    let item = stack.observer().item(&format!("AUTHORIZATION#{id}"), "AUTHORIZATION");
    assert!(!item.to_string().contains("sealed"), "{item}");
}

/// Who is blocked waits like anybody else, and rings nobody.
#[test]
fn a_tool_that_a_person_has_blocked_waits_in_vain() {
    let stack = with_policies("deferred-blocked", STATEMENTS_ARE_APPROVED);
    let waits = Waits::at(&stack);
    waits.is_answered(&Answering::NotMe);
    waits.comes().is_refused(400, "access_denied");
    stack.time_passes(65);
    let subject = granted(&an_agent(&stack), &waits.person, &asks_for_a_file()).access_token;
    let answer = waits.tool.exchanges_for(&subject, BANK, &waiting());
    answer.is_refused(400, "authorization_pending");
    let code = answer.string("deferral_code");
    assert!(!rings(&stack, &code));
    let page = Browser::new(&stack).comes_to_approval(&waits.person, &code);
    assert!(!page.has_form("/approval"), "{}", page.words());
}

#[test]
fn nobody_else_approves_it() {
    let stack = with_policies("deferred-others", STATEMENTS_ARE_APPROVED);
    let waits = Waits::at(&stack);
    let page = Browser::new(&stack).comes_to_approval(&somebody(&stack), &waits.code);
    assert!(!page.has_form("/approval"), "{}", page.words());
    waits.comes().is_refused(400, "authorization_pending");
}

#[test]
fn what_it_goes_back_to_ends_it() {
    let stack = with_policies("deferred-ended", STATEMENTS_ARE_APPROVED);
    // The subject token alone, and all that the agent holds.
    let by_token = Waits::at(&stack);
    by_token.is_answered(&Answering::Yes);
    an_agent(&stack).revokes(&by_token.subject);
    by_token.comes().is_refused(400, "invalid_grant");
    let by_client = Waits::at(&stack);
    by_client.is_answered(&Answering::Yes);
    stack.operator().does(&["end", "--yes", "--client", "report-agent"]);
    stack.takes_notice();
    by_client.comes().is_refused(400, "invalid_grant");
}

/// The approval is the tool's, for the tool behind it: neither is named by the token that is exchanged.
#[test]
fn an_operator_ends_what_a_tool_may_do_or_what_is_done_at_one_before_the_answer_is_fetched() {
    for (name, ended) in
        [("deferred-client", ["--client", "files-tool"]), ("deferred-tool", ["--tool", "bank"])]
    {
        let stack = with_policies(name, STATEMENTS_ARE_APPROVED);
        let waits = Waits::at(&stack);
        waits.is_answered(&Answering::Yes);
        stack.operator().does(&[&["end", "--yes"], ended.as_slice()].concat());
        stack.takes_notice();
        waits.comes().is_refused(400, "invalid_grant");
    }
}

#[test]
fn the_person_ends_what_they_approved_and_the_token_with_it() {
    let stack = with_policies("deferred-over", STATEMENTS_ARE_APPROVED);
    let waits = Waits::at(&stack);
    let token = waits.approved();
    the_bank(&stack).finds_active(&token);
    let id = waits.code.split('.').next().expect("an id");
    let mut browser = Browser::new(&stack);
    browser.comes_to_account(&waits.person, "/account/agents");
    let page = Page::of(browser.opens(&format!("/account/agents/end?of={id}")).ok());
    browser.submits("/account/agents/end", &page.form(["csrf", "of"])).ok();
    the_bank(&stack).finds_inactive(&token);
    // What the person gave the agent at the start goes on.
    the_file_tool(&stack).finds_active(&waits.subject);
}

#[test]
fn policies_are_asked_again_when_the_answer_is_fetched() {
    let stack = with_policies("deferred-policies", STATEMENTS_ARE_APPROVED);
    let waits = Waits::at(&stack);
    waits.is_answered(&Answering::Yes);
    let file = stack.configuration.join("policies").join("test.cedar");
    let never = format!("{STATEMENTS_ARE_APPROVED}@id(\"never\") forbid (principal, action, resource);");
    fs::write(&file, never).expect("written");
    stack.operator().applies(&stack.configuration);
    stack.takes_notice();
    waits.comes().is_refused(400, "invalid_target");
    // Nothing is spent by that.
    fs::write(&file, STATEMENTS_ARE_APPROVED).expect("written");
    stack.operator().applies(&stack.configuration);
    stack.takes_notice();
    waits.comes().ok();
}

/// A policy demands a passkey of who approves it: what was signed is evidence, and the token names it.
#[test]
fn where_a_passkey_is_demanded_it_is_countersigned_and_the_token_says_so() {
    let policies = r#"
@id("all") permit (principal, action, resource);
@id("statements-are-approved") @approval("person") forbid (
  principal, action == Action::"token_exchange", resource == Tool::"https://bank.test/api"
) when { context has detail };
@id("with-a-passkey") forbid (principal, action == Action::"grant", resource == Tool::"https://bank.test/api")
unless { context has acr && context.acr == "phr" };"#;
    let stack = with_policies("deferred-signed", policies);
    let (person, mut browser, mut authenticator) = somebody_with_a_passkey(&stack);
    let waits = Waits::of(&stack, person);
    let page = browser.comes_to_approval(&waits.person, &waits.code);
    let page = to_sign(browser.answers(&page, &Answering::Yes));
    let shown = displayed(&page);
    assert_eq!(shown["request"]["kind"], "deferred", "{shown}");
    let form = signed(&page, &mut authenticator);
    assert_eq!(browser.submits_and_stays("/approval", &form).status, 303);
    let token = waits.comes().ok().string("access_token");
    let claims = verified(&stack, &token).claims;
    assert_eq!(claims["approval"], shown["approval"], "{claims}");
    assert_eq!(the_bank(&stack).finds_active(&token)["approval"], shown["approval"]);
}

/// OpenID CIBA Core 1.0, section 8: the person is told by the same message, which holds no secret.
#[test]
fn the_person_is_told_by_the_message_that_an_agent_sends() {
    let stack = with_policies("deferred-told", STATEMENTS_ARE_APPROVED);
    let waits = Waits::at(&stack);
    let message = soon(|| messages_of(&stack, &waits.person.user_name).first().cloned());
    assert_eq!(message["link"], stack.url(&page_of(&waits.code)).as_str(), "{message}");
    assert_eq!(message["agent"], "Finance File Server", "{message}");
    assert!(!message.to_string().contains(secret_part(&waits.code)), "{message}");
}
