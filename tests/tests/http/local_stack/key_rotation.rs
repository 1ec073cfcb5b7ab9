//! New signing keys take over (OpenID Connect Core, section 10.1.1), without anybody meeting a token that they cannot check.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use crate::agent::{Agent, an_agent, asks_for_a_file, the_file_tool};
use crate::person::{granted, somebody};
use crate::stack::Stack;
use crate::token::{verified, verified_by};
use crate::web::Parameters;

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

/// How long a tool goes by the keys that it has fetched: as long as the issuer says.
const CACHED: i64 = 300;

/// Tokens of which this much time is left are sure to be good when they are looked at, however the clock is moved meanwhile.
const LEAST_LEFT: i64 = 100;

/// While some are being issued and others verified, keys are replaced, the new ones take over, and the old ones go.
#[test]
fn no_token_is_refused_while_new_keys_take_over_from_the_old() {
    let stack = Stack::start("keys-under-traffic", &[]);
    let before = published(&stack);
    let traffic = Traffic::default();
    scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| traffic.is_watched(|| traffic.issues(&stack)));
            scope.spawn(|| traffic.is_watched(|| traffic.introspects(&stack)));
            scope.spawn(|| traffic.is_watched(|| traffic.verifies(&stack)));
        }
        traffic.is_watched(|| {
            stack.operator().does(&["keys", "rotate"]);
            let both = wait_until_it_is_noticed(&stack, &before);
            while published(&stack) == both && !traffic.is_over.load(Ordering::Acquire) {
                stack.time_passes(30);
                sleep(Duration::from_millis(40));
            }
        });
        traffic.is_over.store(true, Ordering::Release);
    });
    let signed_by = traffic.signed_by.into_inner().expect("nobody crashed");
    assert_eq!(signed_by.len(), 2, "a key of each generation has signed: {signed_by:?}");
    assert!(published(&stack).is_disjoint(&before), "the old keys are gone");
}

#[derive(Default)]
struct Traffic {
    is_over: AtomicBool,
    youngest: Mutex<String>,
    signed_by: Mutex<BTreeSet<String>>,
}

impl Traffic {
    fn issues(&self, stack: &Stack) {
        let agent = Agent::with_basic(stack, "nightly-agent");
        let scope = Parameters::of([("scope", "files.read")]);
        while !self.is_over.load(Ordering::Acquire) {
            let token = agent.works_alone(&scope).ok().string("access_token");
            *self.youngest.lock().expect("nobody crashed") = token;
        }
    }

    fn introspects(&self, stack: &Stack) {
        let tool = the_file_tool(stack);
        self.takes_each(|token| {
            let said = tool.introspects(token);
            if said["active"] != true {
                let claims = verified(stack, token).claims;
                let left = claims["exp"].as_i64().expect("a moment") - stack.now();
                assert!(left < LEAST_LEFT, "a token with {left} seconds left: {said}");
            }
        });
    }

    /// A tool that fetches the keys when those it has are too old, and not otherwise.
    fn verifies(&self, stack: &Stack) {
        let fetch = || (stack.now(), stack.get("/jwks.json").ok().json());
        let (mut fetched, mut keys) = fetch();
        self.takes_each(|token| {
            if stack.now() - fetched >= CACHED {
                (fetched, keys) = fetch();
            }
            let kid = verified_by(&keys, token).header["kid"].as_str().expect("a kid").to_owned();
            self.signed_by.lock().expect("nobody crashed").insert(kid);
        });
    }

    fn takes_each(&self, mut look: impl FnMut(&str)) {
        while !self.is_over.load(Ordering::Acquire) {
            let token = self.youngest.lock().expect("nobody crashed").clone();
            if !token.is_empty() {
                look(&token);
            }
        }
    }

    /// Ends everybody's work when one has found something wrong.
    fn is_watched(&self, work: impl FnOnce()) {
        struct Watch<'t>(&'t Traffic);
        impl Drop for Watch<'_> {
            fn drop(&mut self) {
                if std::thread::panicking() {
                    self.0.is_over.store(true, Ordering::Release);
                }
            }
        }
        let _watch = Watch(self);
        work();
    }
}
