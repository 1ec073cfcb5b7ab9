//! Keys are replaced while tokens are issued and verified, all at once: nobody is refused a token, and no token is refused.
//!
//! A process knows the ring that it read at its start; each of these is new every few requests, so that at any moment some
//! know the ring before and some the one after.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

use crate::deployment::Deployment;
use crate::event::{Reply, Request};
use crate::place::Place;
use crate::version::Version;
use crate::visit::Visit;

/// How many requests a process answers before another takes its place.
const OF_A_PROCESS: usize = 5;

const ROTATIONS: usize = 6;

#[test]
fn no_token_is_refused_while_keys_are_replaced() {
    for (signing_mode, afterwards) in [("kms", "kms-wrapped"), ("kms-wrapped", "kms")] {
        let deployment = Deployment::ready(signing_mode);
        let place = deployment.with(&Version::this());
        let traffic = Traffic::default();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| traffic.issues(place));
                scope.spawn(|| traffic.verifies(place));
            }
            let both = json!({ "rotate": ["ES256", "RS256"] });
            for _ in 0..ROTATIONS / 2 {
                let answer = deployment.tends_keys(&Version::this(), &both);
                if answer["keys"] != "changed" {
                    traffic.is_wrong(format!("rotation says {answer}"));
                }
            }
            // The keys are kept in another way from now on: all of them are due.
            let other = deployment.in_mode(afterwards);
            for _ in 0..ROTATIONS / 2 {
                other.tends_keys(&Version::this(), &json!({}));
            }
            traffic.is_over.store(true, Ordering::Release);
        });
        traffic.tells(signing_mode);
    }
}

#[derive(Default)]
struct Traffic {
    is_over: AtomicBool,
    tokens: Mutex<Vec<String>>,
    issued: AtomicUsize,
    verified: AtomicUsize,
    wrong: Mutex<Vec<String>>,
}

impl Traffic {
    fn issues(&self, place: &Place) {
        self.goes_on(place, "token", |ask| {
            let reply = ask(&place.client_credentials());
            if !Visit::WorkAlone.is_granted(&reply) {
                self.is_wrong(format!("issued: {}", reply.outline()));
                return;
            }
            self.tokens.lock().expect("no thread has failed").push(reply.member("access_token"));
            self.issued.fetch_add(1, Ordering::Relaxed);
        });
    }

    /// The youngest token, and one of any age.
    fn verifies(&self, place: &Place) {
        self.goes_on(place, "introspect", |ask| {
            let tokens = self.tokens.lock().expect("no thread has failed").clone();
            let Some(youngest) = tokens.last() else { return };
            let number = self.verified.fetch_add(1, Ordering::Relaxed);
            for token in [youngest, &tokens[number % tokens.len()]] {
                let reply = ask(&place.introspection(token));
                if !Visit::IntrospectAccessToken.is_granted(&reply) {
                    self.is_wrong(format!("verified: {}: {}", reply.outline(), reply.body));
                }
            }
        });
    }

    fn goes_on(&self, place: &Place, function: &str, work: impl Fn(&dyn Fn(&Request) -> Reply)) {
        while !self.is_over.load(Ordering::Acquire) {
            let process = place.starts(function);
            for _ in 0..OF_A_PROCESS {
                work(&|request| process.sends(request));
            }
        }
    }

    fn is_wrong(&self, what: String) {
        self.wrong.lock().expect("no thread has failed").push(what);
    }

    #[track_caller]
    fn tells(self, signing_mode: &str) {
        let (issued, verified) = (self.issued.into_inner(), self.verified.into_inner());
        eprintln!("{signing_mode}: {issued} tokens were issued, and {verified} times two were verified");
        let wrong = self.wrong.into_inner().expect("no thread has failed");
        assert!(wrong.is_empty(), "{signing_mode}: {} are wrong:\n{}", wrong.len(), wrong.join("\n"));
        assert!(issued > ROTATIONS && verified > ROTATIONS, "there was no traffic");
    }
}
