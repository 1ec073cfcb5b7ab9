//! Whether a yes at the backchannel has to be signed is decided when the person is asked: nothing that is configured later makes a button
//! of it. Where nobody has passkeys, `acr_values` stays a wish (OpenID CIBA Core 1.0, section 7.1).

use serde_json::{Value, json};

use crate::agent::{Agent, the_file};
use crate::asking::{Answering, an_asking_agent, for_approval_of, for_signing_in_of, somebody_reachable};
use crate::browser::Browser;
use crate::local_stack::configuration_changes::puts_in_force;
use crate::local_stack::countersigning::{signed, somebody_with_a_passkey, the_vault, to_sign};
use crate::local_stack::passkeys::stack_with;
use crate::stack::Stack;
use crate::token::verified;

const WITHOUT: (&str, &str, &str) = ("server.toml", "[brand]", "[sign_in]\npasskeys = false\n\n[brand]");
const WEAKER: (&str, &str, &str) = ("details/vault.toml", "assurance = \"strong\"\n", "");

/// Whoever writes the table as an older program did, which kept `phr` as a wish, demands it by that.
#[test]
fn what_demands_a_signature_is_not_approved_by_a_button_once_there_are_no_passkeys() {
    let stack = Stack::start("passkeys-taken-out", &[]);
    let agent = an_asking_agent(&stack);
    let (person, mut browser, _) = somebody_with_a_passkey(&stack);
    let wished = for_signing_in_of(&person.user_name).and("acr_values", "phr");
    let asked = agent.waits_for_approval(&wished);
    let page = browser.comes_to_approval(&person, &asked);
    puts_in_force(&stack, WITHOUT);
    let refused = browser.answers(&page, &Answering::Yes);
    assert_eq!(refused.status, 400, "{}", refused.text());
    agent.comes_with(&asked).is_refused(400, "authorization_pending");
}

#[test]
fn what_demanded_a_signature_by_its_type_is_signed_though_the_type_demands_it_no_more() {
    let stack = Stack::start("assurance-taken-out", &[]);
    let agent = an_asking_agent(&stack);
    let (person, mut browser, mut authenticator) = somebody_with_a_passkey(&stack);
    let details = json!([the_vault("A"), the_file("Q4-report.pdf", &["read"])]);
    let asked = agent.waits_for_approval(&for_approval_of(&person.user_name, &details));
    let page = browser.comes_to_approval(&person, &asked);
    puts_in_force(&stack, WEAKER);
    let page = to_sign(browser.answers(&page, &Answering::Yes));
    agent.comes_with(&asked).is_refused(400, "authorization_pending");
    let form = signed(&page, &mut authenticator);
    assert_eq!(browser.submits_and_stays("/approval", &form).status, 303);
    assert!(approval(&stack, &agent, &asked).is_string());
    // Who asks from now on needs none.
    let asked = agent.waits_for_approval(&for_approval_of(&person.user_name, &json!([the_vault("B")])));
    let page = browser.comes_to_approval(&person, &asked);
    assert_eq!(browser.answers(&page, &Answering::Yes).status, 303);
    assert_eq!(approval(&stack, &agent, &asked), Value::Null);
}

#[test]
fn where_nobody_has_passkeys_a_wish_for_one_is_not_in_the_way() {
    let stack = stack_with("no-passkeys-elsewhere", "passkeys = false");
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let wished = for_signing_in_of(&person.user_name).and("acr_values", "phr");
    let asked = agent.waits_for_approval(&wished);
    let mut browser = Browser::new(&stack);
    let page = browser.comes_to_approval(&person, &asked);
    assert_eq!(browser.answers(&page, &Answering::Yes).status, 303);
    let claims = verified(&stack, &agent.comes_with(&asked).ok().string("id_token")).claims;
    assert_eq!(claims.get("acr"), None, "{claims}");
}

fn approval(stack: &Stack, agent: &Agent<'_>, asked: &str) -> Value {
    verified(stack, &agent.comes_with(asked).ok().string("access_token")).claims["approval"].clone()
}
