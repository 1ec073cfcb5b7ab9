//! The same server behind an HTTP API, and below a stage in the path.

use std::fs;

use crate::agent::{an_agent, asks_for_a_file};
use crate::browser::Browser;
use crate::stack::Stack;

#[test]
fn events_of_an_http_api_carry_the_whole_way_too() {
    let stack = Stack::start("event-version-2", &["--event-version", "2"]);
    crate::running_stack::thin_path::walks_the_whole_way(&stack, &an_agent(&stack));
}

#[test]
fn the_whole_way_works_below_a_stage() {
    let stack = Stack::start("base-path", &["--base-path", "/prod"]);
    assert!(stack.issuer.ends_with("/prod"));
    crate::running_stack::thin_path::walks_the_whole_way(&stack, &an_agent(&stack));
}

/// RFC 9126, section 5.
#[test]
fn a_server_can_require_every_request_to_be_pushed() {
    let stack = Stack::start_with("push-required", &[], |configuration| {
        let file = configuration.join("server.toml");
        let text = fs::read_to_string(&file).expect("readable");
        fs::write(file, format!("require_pushed_authorization_requests = true\n{text}")).expect("written");
    });
    let metadata = stack.get("/.well-known/openid-configuration").ok().json();
    assert_eq!(metadata["require_pushed_authorization_requests"], true);
    let agent = an_agent(&stack);
    let refused = Browser::new(&stack).opens(&agent.sends_the_person_asking(&asks_for_a_file()));
    assert_eq!(refused.callback(crate::agent::CALLBACK)["error"], "invalid_request");
    crate::running_stack::thin_path::walks_the_whole_way(&stack, &agent);
}
