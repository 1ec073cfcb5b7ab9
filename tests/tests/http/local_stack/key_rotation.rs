//! New signing keys take over (OpenID Connect Core, section 10.1.1), without anybody meeting a token that they cannot check.

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::agent::{an_agent, asks_for_a_file, the_file_tool};
use crate::person::{granted, somebody};
use crate::stack::Stack;
use crate::token::verified;

fn published(stack: &Stack) -> BTreeSet<String> {
    let keys = stack.get("/jwks.json").ok().json();
    let keys = keys["keys"].as_array().expect("keys");
    keys.iter().map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

fn kid(stack: &Stack, jwt: &str) -> String {
    verified(stack, jwt).header["kid"].as_str().expect("a kid").to_owned()
}

/// A running server takes notice within two seconds.
#[track_caller]
fn wait_until_it_is_noticed(stack: &Stack, before: &BTreeSet<String>) -> BTreeSet<String> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(8) {
        let now = published(stack);
        if now != *before {
            return now;
        }
        sleep(Duration::from_millis(100));
    }
    panic!("the server did not take notice of the new keys");
}

#[test]
fn old_and_new_keys_overlap_and_no_token_is_orphaned() {
    let stack = Stack::start("key-rotation", &[]);
    let (agent, tool) = (an_agent(&stack), the_file_tool(&stack));
    let tokens = granted(&agent, &somebody(&stack), &asks_for_a_file());
    let (old, old_id) = (kid(&stack, &tokens.access_token), kid(&stack, &tokens.answer.string("id_token")));
    let before = published(&stack);
    assert_eq!(before, BTreeSet::from([old.clone(), old_id.clone()]));

    stack.operator().does(&["keys", "rotate"]);
    let both = wait_until_it_is_noticed(&stack, &before);
    assert!(both.len() == 4 && both.is_superset(&before), "{both:?}");
    let caching = stack.get("/jwks.json").ok().header("cache-control").expect("caching").to_owned();
    assert!(
        caching.contains("max-age=300"),
        "a new key signs no sooner than a cached set is dropped: {caching}"
    );

    // Nobody has fetched the new key yet: the old one signs on.
    tool.finds_active(&tokens.access_token);
    stack.time_passes(250);
    let late = agent.refreshes(&tokens.refresh_token).ok();
    assert_eq!(kid(&stack, &late.string("access_token")), old);

    // Everybody has the new key by now: it signs, and what the old one signed is good until it expires.
    stack.time_passes(61);
    let renewed = agent.refreshes(&late.string("refresh_token")).ok();
    let new = kid(&stack, &renewed.string("access_token"));
    assert!(!before.contains(&new), "the old key still signs");
    tool.finds_active(&late.string("access_token"));
    tool.finds_active(&renewed.string("access_token"));
    let fresh = granted(&agent, &somebody(&stack), &asks_for_a_file());
    assert!(!before.contains(&kid(&stack, &fresh.answer.string("id_token"))));

    // The last token of the old keys has expired: they are gone, and nothing else is.
    stack.time_passes(3_600);
    assert_eq!(published(&stack), both, "the longest-lived token of the old key may still be shown");
    stack.time_passes(180);
    let left = published(&stack);
    assert_eq!(left, both.difference(&before).cloned().collect());
    let last = agent.refreshes(&renewed.string("refresh_token")).ok();
    assert_eq!(kid(&stack, &last.string("access_token")), new);
    tool.finds_active(&last.string("access_token"));
}
