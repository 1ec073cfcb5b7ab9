//! What a person signed is what comes of it: for how long, whether it is renewed, and for which tool, whatever the configuration says by
//! then.

use serde_json::{Value, json};

use crate::agent::{Agent, FILES, asks};
use crate::asking::{Answering, an_asking_agent, for_approval_of};
use crate::local_stack::configuration_changes::puts_in_force;
use crate::local_stack::countersigning::{displayed, signed, somebody_with_a_passkey, the_vault, to_sign};
use crate::person::{Decision, decision_form, the_code};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::Answer;

const ASKING: &str = "clients/asking-agent.toml";
const LONGER: (&str, &str, &str) =
    ("server.toml", "[brand]", "[lifetimes]\naccess_token = \"1 h\"\nauthorization = \"60 d\"\n\n[brand]");

fn claims(stack: &Stack, tokens: &Answer) -> Value {
    verified(stack, &tokens.string("access_token")).claims
}

fn lives(claims: &Value) -> i64 {
    let moment = |name: &str| claims[name].as_i64().unwrap_or_else(|| panic!("{claims}"));
    moment("exp") - moment("iat")
}

/// Between the signature and the token the client is registered for refresh tokens and for another default tool, and tokens live longer.
#[test]
fn an_approval_gives_what_was_signed_and_not_what_is_configured_by_then() {
    let stack = Stack::start("signed-terms", &[]);
    let (person, mut browser, mut authenticator) = somebody_with_a_passkey(&stack);
    let agent = an_asking_agent(&stack);
    let form = for_approval_of(&person.user_name, &json!([the_vault("A")]));
    let asked =
        agent.waits_for_approval(&form.with("scope", "openid files.read files.access offline_access"));
    let page = browser.comes_to_approval(&person, &asked);
    let page = to_sign(browser.answers(&page, &Answering::Yes));
    let shown = displayed(&page);
    assert_eq!(shown["access"]["renewable_until"], Value::Null, "{shown}");
    assert_eq!(shown["tools"], json!([{ "name": "Finance File Server", "resource": FILES }]), "{shown}");
    let form = signed(&page, &mut authenticator);
    assert_eq!(browser.submits_and_stays("/approval", &form).status, 303);

    puts_in_force(&stack, LONGER);
    puts_in_force(&stack, (ASKING, "[\"ciba\"]", "[\"ciba\", \"refresh_token\"]"));
    puts_in_force(&stack, (ASKING, "[backchannel]", "[backchannel]\nrefresh_tokens = true"));
    puts_in_force(&stack, (ASKING, "default_tool = \"files\"", "default_tool = \"bank\""));
    let tokens = agent.comes_with(&asked).ok();
    assert!(tokens.json()["refresh_token"].is_null(), "{}", tokens.text());
    let claims = claims(&stack, &tokens);
    assert_eq!(claims["aud"], FILES, "{claims}");
    assert_eq!(lives(&claims), shown["access"]["token"].as_i64().expect("seconds"), "{claims}");
}

/// Between the page and the signature everything lasts longer by configuration.
#[test]
fn what_can_be_renewed_ends_when_the_page_said_so() {
    let stack = Stack::start("signed-end", &[]);
    let (person, mut browser, mut authenticator) = somebody_with_a_passkey(&stack);
    let (agent, ask) = (Agent::with_basic(&stack, "renewing-agent"), asks(&json!([the_vault("A")])));
    let page = browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&ask)));
    let page = to_sign(browser.submits_and_stays("/consent", &decision_form(&page, &Decision::All)));
    let shown = displayed(&page);
    let (life, until) = (&shown["access"]["token"], &shown["access"]["renewable_until"]);
    assert!(until.is_number(), "{shown}");

    puts_in_force(&stack, LONGER);
    let form = signed(&page, &mut authenticator);
    let sent = browser.submits("/consent", &form);
    let tokens = agent.redeems(&the_code(&stack, &sent), &ask).ok();
    let first = claims(&stack, &tokens);
    let refresh_token = tokens.string("refresh_token");
    assert_eq!(agent.finds_active(&refresh_token)["exp"], *until);
    let renewed = claims(&stack, &agent.refreshes(&refresh_token).ok());
    for claims in [first, renewed] {
        assert_eq!(lives(&claims), life.as_i64().expect("seconds"), "{claims}");
    }
}

/// At the browser a request was asked when the person arrived with it, not when they had chosen.
#[test]
fn what_is_signed_says_when_it_was_asked() {
    let stack = Stack::start("signed-asked-at", &[]);
    let (person, mut browser, _) = somebody_with_a_passkey(&stack);
    let (agent, ask) = (Agent::with_basic(&stack, "renewing-agent"), asks(&json!([the_vault("A")])));
    let arrived = stack.now();
    let page = browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&ask)));
    stack.time_passes(100);
    let page = to_sign(browser.submits_and_stays("/consent", &decision_form(&page, &Decision::All)));
    let shown = displayed(&page);
    let at = |moment: &Value| moment.as_i64().expect("a moment") - arrived;
    assert!((0..50).contains(&at(&shown["request"]["asked_at"])), "{shown}");
    assert!(at(&shown["shown_at"]) >= 100, "{shown}");
}
