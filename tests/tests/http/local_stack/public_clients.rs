//! What holds for public clients whatever the configuration says.

use serde_json::json;

use crate::agent::Agent;
use crate::browser::Browser;
use crate::person::{Decision, somebody, the_code};
use crate::running_stack::remembered_consents::{must_decide_again, the_same_request};
use crate::stack::Stack;

/// RFC 8252, section 8.6: any program can use a public client's name. Not even a configuration that no check has seen lets
/// one be remembered.
#[test]
fn nothing_is_remembered_of_a_public_client() {
    let stack = Stack::start("public-and-remembered", &[]);
    let observer = stack.observer();
    let mut client = observer.item("SNAPSHOT#", "CLIENT#browser-app");
    let body = client["body"]["S"].as_str().expect("a body").to_owned();
    let remembered = body.replace(r#""remember_consent":false"#, r#""remember_consent":true"#);
    assert_ne!(body, remembered, "the client is written otherwise: {body}");
    client["body"] = json!({ "S": remembered });
    observer.puts(&client);

    let (agent, person) = (Agent::public(&stack), somebody(&stack));
    let mut browser = Browser::new(&stack);
    let page = browser.comes_to_consent(&person, &the_same_request(&agent));
    assert!(page.fields("remember").is_empty(), "{}", page.words());
    the_code(&stack, &browser.decides(&page, &Decision::AllAndRemember));
    must_decide_again(&mut browser, &agent);
}
