//! Keys take over while tokens are issued and verified, all at once: nobody is refused a token, and no token is refused.
//!
//! A process knows the ring that it read at its start; each of these is new every few requests, so that at any moment some
//! know the ring before and some the one after. A new key signs seven minutes after it was published, when every process has
//! read the ring anew. Here that is waited for, and then the times in the ring are moved back: to the processes those minutes
//! are over.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::deployment::Deployment;
use crate::event::{Reply, Request};
use crate::place::{BANK_TOOL, Place, TOOL};
use crate::version::Version;
use crate::visit::Visit;
use crate::walk::Crew;

/// How many requests a process answers before another takes its place.
const OF_A_PROCESS: usize = 5;

/// How many times keys take over, of each signing mode and on the way to the other.
const TIMES: usize = 6;

/// Until a key signs that was just published, and a little more. All times together are less than the hour for which a key
/// stays published that signs no more.
const UNTIL_IT_SIGNS: Duration = Duration::from_mins(8);

/// For which tools tokens are issued: those of the one are signed with ES256, those of the other with RS256.
const TOOLS: [(&str, &str); 2] = [(TOOL, "ES256"), (BANK_TOOL, "RS256")];

/// Well within the life of any token.
const YOUNG: Duration = Duration::from_mins(1);

/// How long anything is waited for that the traffic brings.
const PATIENCE: Duration = Duration::from_mins(2);

#[test]
fn no_token_is_refused_while_keys_take_over() {
    for (signing_mode, afterwards) in [("kms", "kms-wrapped"), ("kms-wrapped", "kms")] {
        let deployment = Deployment::ready(signing_mode);
        let other = deployment.in_mode(afterwards);
        let crew = Crew::at(deployment.with(&Version::this()));
        let (both, due) = (json!({ "rotate": ["ES256", "RS256"] }), json!({}));
        // Because somebody wants it; because the keys are kept in another way from now on, which the daily run finds; and
        // then because somebody wants it again.
        let runs = [
            (&deployment, &both),
            (&deployment, &both),
            (&deployment, &both),
            (&other, &due),
            (&other, &both),
            (&other, &both),
        ];
        assert_eq!(runs.len(), TIMES);
        let traffic = Traffic::of(&crew);
        thread::scope(|scope| {
            let over = Over(&traffic.is_over);
            for number in 0..TOOLS.len() {
                let traffic = &traffic;
                scope.spawn(move || traffic.issues(number));
                scope.spawn(move || traffic.verifies(number));
            }
            for (deployment, demand) in runs {
                traffic.sees_keys_take_over(deployment, demand);
            }
            drop(over);
        });
        traffic.tells(signing_mode);
    }
}

/// Ends the traffic when the test does, in whichever way.
struct Over<'t>(&'t AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[derive(Clone)]
struct Issued {
    tool: &'static str,
    token: String,
    at: Instant,
}

impl Issued {
    /// What the token's header says (RFC 7515, section 4.1): which key has signed it, and by which algorithm.
    fn header(&self, member: &str) -> String {
        let header = self.token.split('.').next().unwrap_or_default();
        let header = URL_SAFE_NO_PAD.decode(header).expect("base64url");
        let header: Value = serde_json::from_slice(&header).expect("JSON");
        header[member].as_str().expect("a text").to_owned()
    }
}

struct Traffic<'c> {
    crew: &'c Crew,
    is_over: AtomicBool,
    tokens: Mutex<Vec<Issued>>,
    issued: AtomicUsize,
    verified: AtomicUsize,
    /// How many processes each of the threads has started.
    started: [AtomicUsize; 2 * TOOLS.len()],
    wrong: Mutex<Vec<String>>,
}

impl<'c> Traffic<'c> {
    fn of(crew: &'c Crew) -> Self {
        let (issued, verified, started) = (AtomicUsize::new(0), AtomicUsize::new(0), Default::default());
        let (tokens, wrong) = (Mutex::default(), Mutex::default());
        Self { crew, is_over: AtomicBool::new(false), tokens, issued, verified, started, wrong }
    }

    const fn place(&self) -> &'static Place {
        self.crew.place
    }

    /// Tokens for one of the tools: of an agent that works alone, or of a tool that exchanges what was sent to it.
    fn issues(&self, number: usize) {
        let (tool, algorithm) = TOOLS[number];
        self.goes_on("token", number, |ask| {
            let reply = if tool == TOOL {
                ask(&self.place().client_credentials())
            } else {
                ask(&self.place().exchange(&self.crew.holds("access_token")))
            };
            if !Visit::WorkAlone.is_granted(&reply) {
                return self.is_wrong(format!("issued: {}", reply.outline()));
            }
            let issued = Issued { tool, token: reply.member("access_token"), at: Instant::now() };
            assert_eq!(issued.header("alg"), algorithm);
            self.tokens.lock().expect("no thread has failed").push(issued);
            self.issued.fetch_add(1, Ordering::Relaxed);
        });
    }

    /// The youngest token, and one of any age.
    fn verifies(&self, number: usize) {
        self.goes_on("introspect", TOOLS.len() + number, |ask| {
            let tokens = self.young();
            let Some(youngest) = tokens.last() else { return };
            let number = self.verified.fetch_add(1, Ordering::Relaxed);
            for token in [youngest, &tokens[number % tokens.len()]] {
                self.is_good(token, ask);
            }
        });
    }

    fn goes_on(&self, function: &str, number: usize, work: impl Fn(&dyn Fn(&Request) -> Reply)) {
        while !self.is_over.load(Ordering::Acquire) {
            // Before it starts: whoever waits for one that reads the ring from now on is on the safe side.
            self.started[number].fetch_add(1, Ordering::AcqRel);
            let process = self.place().starts(function);
            for _ in 0..OF_A_PROCESS {
                work(&|request| process.sends(request));
            }
        }
    }

    fn is_good(&self, issued: &Issued, ask: &dyn Fn(&Request) -> Reply) {
        let reply = ask(&self.place().introspection_by(issued.tool, &issued.token));
        if !Visit::IntrospectAccessToken.is_granted(&reply) {
            self.is_wrong(format!("verified for {}: {}: {}", issued.tool, reply.outline(), reply.body));
        }
    }

    /// Lets rotation make the next keys, and the moment come at which they sign. Another key has signed after that than before,
    /// for each tool, and what either has signed is good.
    fn sees_keys_take_over(&self, deployment: &Deployment, demand: &Value) {
        let before = self.tokens_since(Instant::now());
        let answer = deployment.tends_keys(&Version::this(), demand);
        if answer["keys"] != "changed" || answer["rotated"] != json!(["ES256", "RS256"]) {
            self.is_wrong(format!("rotation says {answer}"));
        }
        self.has_read_the_ring();
        let published = self.tokens_since(Instant::now());
        deployment.ages_its_keys(UNTIL_IT_SIGNS);
        self.has_read_the_ring();
        let after = self.tokens_since(Instant::now());
        for (number, (_, algorithm)) in TOOLS.iter().enumerate() {
            let key = |tokens: &[Issued]| tokens.get(number).map(|issued| issued.header("kid"));
            let (old, waiting, new) = (key(&before), key(&published), key(&after));
            if new.is_none() || old == new || old != waiting {
                let keys = format!("{old:?}, then {waiting:?}, then {new:?}");
                self.is_wrong(format!("{algorithm}: no key has taken over: {keys}"));
            }
        }
        let process = self.place().starts("introspect");
        for issued in [before, published, after].concat() {
            self.is_good(&issued, &|request| process.sends(request));
        }
    }

    /// Waits until each process has read the ring as it stands.
    fn has_read_the_ring(&self) {
        let counts = || self.started.iter().map(|started| started.load(Ordering::Acquire));
        let now: Vec<_> = counts().collect();
        self.waits_until("all have read the ring", || counts().zip(&now).all(|(count, now)| count > *now));
    }

    /// A token for each tool that was issued from then on.
    fn tokens_since(&self, then: Instant) -> Vec<Issued> {
        let found = || {
            let tokens = self.young();
            let youngest_for = |tool| tokens.iter().rfind(|issued| issued.tool == tool).cloned();
            let youngest = TOOLS.map(|(tool, _)| youngest_for(tool).filter(|issued| issued.at > then));
            youngest.into_iter().collect::<Option<Vec<_>>>()
        };
        self.waits_until("a token is issued", || found().is_some());
        found().unwrap_or_default()
    }

    fn waits_until(&self, what: &str, holds: impl Fn() -> bool) {
        let began = Instant::now();
        while !holds() {
            if began.elapsed() > PATIENCE {
                return self.is_wrong(format!("it takes too long until {what}"));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn young(&self) -> Vec<Issued> {
        let tokens = self.tokens.lock().expect("no thread has failed");
        tokens.iter().filter(|issued| issued.at.elapsed() < YOUNG).cloned().collect()
    }

    fn is_wrong(&self, what: String) {
        self.wrong.lock().expect("no thread has failed").push(what);
    }

    #[track_caller]
    fn tells(self, signing_mode: &str) {
        let (issued, verified) = (self.issued.into_inner(), self.verified.into_inner());
        let tokens = self.tokens.into_inner().expect("no thread has failed");
        let mut keys: Vec<_> = tokens.iter().map(|issued| issued.header("kid")).collect();
        keys.sort();
        keys.dedup();
        let count = keys.len();
        eprintln!("{signing_mode}: {count} keys signed {issued} tokens; {verified} times two were verified");
        let wrong = self.wrong.into_inner().expect("no thread has failed");
        assert!(wrong.is_empty(), "{signing_mode}: {} are wrong:\n{}", wrong.len(), wrong.join("\n"));
        assert_eq!(count, TOOLS.len() * (TIMES + 1), "{signing_mode}: {keys:?}");
        assert!(verified > TIMES, "{signing_mode}: there was no traffic");
    }
}
