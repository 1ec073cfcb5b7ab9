use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use lean_start::runtime_api::Outcome;
use serde_json::{Value, json};
use tests::tries_again;

use crate::approvals::id_of;
use crate::event::{Reply, Request};
use crate::place::{ASKING, PATIENT, Place, REMEMBERED};
use crate::post_office::{PostOffice, of_stream};
use crate::process::Process;
use crate::requests::Browser;
use crate::visit::Visit;
use crate::walk::{Crew, Ready};

/// What is under way when a version is replaced: a request of every kind that is about to be sent, and what was spent,
/// rotated, revoked or remembered.
pub(crate) struct Begun {
    ready: Vec<Ready>,
    /// A code that was redeemed, and the access token that came of it.
    spent: (String, String),
    /// A refresh token that was used twice, and an access token of its family.
    replayed: (String, String),
    revoked: String,
    /// The browser of somebody who is not to be asked again.
    remembered: Browser,
    /// A refresh token whose answer may have been lost, and its successor.
    unheard: (String, String),
    /// Somebody who has a telephone, with its number, where that version has people register one.
    reached: Option<Ready>,
    /// Somebody who has invited an agent, with the code.
    invited: Ready,
}

impl Begun {
    /// Begins all of it with the programs of a place.
    pub(crate) fn by(place: &'static Place) -> Self {
        let (crew, functions) = (Crew::at(place), Functions::of(place));
        let tokens = || {
            let code = crew.gets_a_code(&place.push());
            let tokens = crew.redeems(&code);
            (code, tokens.member("access_token"), tokens.member("refresh_token"))
        };
        let (code, of_code, _) = tokens();
        let (_, of_family, oldest) = tokens();
        let second = functions.must_grant(Visit::Refresh, &place.refresh(&oldest)).member("refresh_token");
        functions.must_grant(Visit::Refresh, &place.refresh(&second));
        let (_, revoked, _) = tokens();
        functions.must_grant(Visit::RevokeAccessToken, &place.revocation(&revoked));
        let remembered = crew.is_remembered(&functions);
        let ready = Visit::OF_BOTH_VERSIONS.map(|visit| crew.prepares(visit)).into();
        let reached = place.has("account").then(|| crew.has_a_phone());
        let invited = crew.has_invited();
        let (_, _, used) = tokens();
        let successor = functions.must_grant(Visit::Refresh, &place.refresh(&used)).member("refresh_token");
        Self {
            ready,
            spent: (code, of_code),
            replayed: (oldest, of_family),
            revoked,
            remembered,
            unheard: (used, successor),
            reached,
            invited,
        }
    }

    /// Goes on with the programs of another place on the same table. All must be as if nothing had been replaced.
    #[track_caller]
    pub(crate) fn goes_on_with(self, place: &'static Place) {
        let functions = Functions::of(place);
        let mut wrong = Vec::new();
        let mut expect = |holds: bool, what: &str| {
            if !holds {
                wrong.push(what.to_owned());
            }
        };
        // First, for its time is short.
        let again = functions.answers("token", &place.refresh(&self.unheard.0));
        expect(again.member("refresh_token") == self.unheard.1, "a retried renewal gets another successor");
        let crew = Crew::at(place);
        for ready in &self.ready {
            let reply = functions.answers(ready.visit.function(), &ready.request);
            let outcome = if ready.visit.is_granted(&reply) {
                crew.goes_on(ready, &reply)
            } else {
                Err(reply.outline())
            };
            expect(outcome.is_ok(), &format!("{:?}: {outcome:?}", ready.visit));
        }
        let refused =
            |request: &Request| functions.answers("token", request).member("error") == "invalid_grant";
        expect(crew.is_active(&self.spent.1), "what came of a code has ended by itself");
        expect(refused(&place.redemption(&self.spent.0)), "a spent code is good again");
        expect(!crew.is_active(&self.spent.1), "a replayed code does not end what came of it");
        expect(crew.is_active(&self.replayed.1), "a family has ended by itself");
        expect(refused(&place.refresh(&self.replayed.0)), "a refresh token of an earlier generation is good");
        expect(!crew.is_active(&self.replayed.1), "a replayed refresh token does not end its family");
        expect(!crew.is_active(&self.revoked), "a revoked access token is active again");
        let asked = functions.opens_to_be_remembered(&self.remembered);
        expect(asked.callback("code").is_some(), &format!("a consent is forgotten: {}", asked.outline()));
        let asked = crew.at_backchannel(&place.asks_whoever_invited(ASKING, &self.invited.token));
        expect(Visit::Ask.is_granted(&asked), &format!("an invitation is not good: {}", asked.outline()));
        let told = self.reached.as_ref().map_or(Ok(()), |reached| crew.is_told_by_phone(reached));
        expect(told.is_ok(), &format!("a telephone does not ring: {told:?}"));
        assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    }
}

impl Crew {
    /// That somebody who is asked is told on their telephone.
    fn is_told_by_phone(&self, reached: &Ready) -> Result<(), String> {
        let place = self.place;
        let asked = self.at_backchannel(&place.asks_elsewhere(ASKING, reached.person().user_name()));
        let auth_req_id = asked.member("auth_req_id");
        let post = PostOffice::at(&place.endpoint);
        let environment = post.in_environment(place.environment("notify", &place.endpoint));
        let messenger = place.starts_in("notify", environment.with(PATIENT.0, PATIENT.1));
        let before = post.texts_to(&reached.token);
        let records = json!({ "Records": [of_stream(id_of(&auth_req_id), "requested")] });
        match messenger.function.invoke(&records.to_string(), Duration::from_secs(30)) {
            Outcome::Answer(answer) if post.texts_to(&reached.token) > before => {
                let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
                let failed = answer["batchItemFailures"].as_array().is_none_or(|failed| !failed.is_empty());
                if failed { Err(format!("it failed: {answer}")) } else { Ok(()) }
            }
            other => Err(format!("{other:?}; the log: {}", messenger.log())),
        }
    }

    /// Somebody consents and does not want to be asked again.
    fn is_remembered(&self, functions: &Functions) -> Browser {
        let browser = self.somebodys_browser();
        let page = functions.opens_to_be_remembered(&browser);
        assert!(page.has_form("/consent"), "{}", page.outline());
        functions.must_grant(Visit::Consent, &browser.approves_for_good(self.place, &page));
        browser
    }
}

/// A place's functions, each started when it is first needed.
struct Functions {
    place: &'static Place,
    processes: BTreeMap<&'static str, Process>,
}

impl Functions {
    fn of(place: &'static Place) -> Self {
        let all = Visit::OF_BOTH_VERSIONS.map(|visit| (visit.function(), place.starts(visit.function())));
        Self { place, processes: all.into() }
    }

    /// What a function answers, asked again while it says 503: the endpoint may be slow for once.
    fn answers(&self, function: &str, request: &Request) -> Reply {
        for _ in 0..5 {
            let reply = self.processes[function].sends(request);
            if reply.status != 503 {
                return reply;
            }
            tries_again();
            thread::sleep(Duration::from_millis(300));
        }
        self.processes[function].sends(request)
    }

    #[track_caller]
    fn must_grant(&self, visit: Visit, request: &Request) -> Reply {
        let reply = self.answers(visit.function(), request);
        assert!(visit.is_granted(&reply), "{visit:?}: {}", reply.outline());
        reply
    }

    /// An agent asks for what can be remembered, and sends the person with it.
    fn opens_to_be_remembered(&self, browser: &Browser) -> Reply {
        let pushed = self.must_grant(Visit::Push, &self.place.push_to_be_remembered());
        self.answers("authorize", &browser.opens_for(REMEMBERED, &pushed.member("request_uri")))
    }
}
