//! The table refuses everything, or is asked for too much. Whoever calls hears so within three seconds (RFC 6749, section
//! 4.1.2.1: `temporarily_unavailable`), nothing is half done, and the same request succeeds afterwards.

use std::thread;
use std::time::{Duration, Instant};

use reqwest::blocking::RequestBuilder;
use serde_json::json;

use crate::agent::{Agent, Ask, CALLBACK, an_agent, asks_for_a_file, the_file, the_file_tool};
use crate::asking::{
    Answering, CIBA, an_asking_agent, answer_form, for_approval_of, page_of, somebody_reachable,
    the_person_answers,
};
use crate::browser::{Browser, Page};
use crate::person::{Decision, Person, decision_form, granted, somebody, the_person_consents};
use crate::stack::Stack;
use crate::web::{Answer, Parameters, http, post};

/// A request that is ready to be sent, now and again.
struct Ready {
    name: &'static str,
    answered: Answered,
    request: RequestBuilder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answered {
    Json,
    Page,
    /// JSON, for which a server that still remembers its configuration asks no table.
    JsonByHeart,
    /// JSON that no table is needed for.
    JsonAlways,
}

impl Ready {
    fn again(&self) -> RequestBuilder {
        self.request.try_clone().expect("a form can be sent again")
    }

    /// Whether an answer is the one that the request is sent for.
    fn is_answered_by(&self, answer: &Answer) -> bool {
        match self.name {
            // The person has not decided. A poll that was noted, and of whose answer nobody heard, counts all the same.
            POLL => {
                let told = answer.json()["error"].clone();
                answer.status == 400 && (told == "authorization_pending" || told == "slow_down")
            }
            _ => matches!(answer.status, 200 | 201 | 303),
        }
    }
}

const POLL: &str = "POST /token, poll";
const ANSWER: &str = "POST /approval";

/// One request to each endpoint, each with something of its own to spend.
fn everything(stack: &Stack, person: &Person) -> Vec<Ready> {
    let mut ready = requests_of_clients(stack, person);
    ready.extend(requests_of_browsers(stack, person));
    ready.extend(requests_elsewhere(stack));
    ready
}

/// Those about people who are elsewhere: one who is about to be asked, one who is asked, and one who has said yes.
fn requests_elsewhere(stack: &Stack) -> Vec<Ready> {
    let agent = an_asking_agent(stack);
    let [to_be_asked, asked, asked_before] = [(); 3].map(|()| somebody_reachable(stack));
    let form_for =
        |person: &Person| for_approval_of(&person.user_name, &json!([the_file("Q4-report.pdf", &["read"])]));
    let waiting = [(); 2].map(|()| agent.waits_for_approval(&form_for(&asked)));
    let approved = agent.waits_for_approval(&form_for(&asked_before));
    the_person_answers(stack, &asked_before, &approved, &Answering::Yes);
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_approval(&asked, &waiting[0]);
    let coming_with =
        |auth_req_id: &str| Parameters::of([("grant_type", CIBA), ("auth_req_id", auth_req_id)]);
    let answering = post(&stack.url("/approval"), &answer_form(&page, &Answering::Yes))
        .header("origin", browser.origin())
        .header("sec-fetch-site", "same-origin");
    let opening = |path: &str| browser.dresses(http().get(stack.url(path)));
    let ready = |name, answered, request| Ready { name, answered, request };
    vec![
        ready("POST /bc-authorize", Answered::Json, agent.request("/bc-authorize", &form_for(&to_be_asked))),
        ready(POLL, Answered::Json, agent.request("/token", &coming_with(&waiting[1]))),
        ready("POST /token, approval", Answered::Json, agent.request("/token", &coming_with(&approved))),
        ready("GET /approval", Answered::Page, opening("/approval")),
        ready("GET /approval, one request", Answered::Page, opening(&page_of(&waiting[1]))),
        ready(ANSWER, Answered::Page, browser.dresses(answering)),
    ]
}

fn requests_of_clients(stack: &Stack, person: &Person) -> Vec<Ready> {
    let (agent, tool) = (an_agent(stack), the_file_tool(stack));
    let ask = asks_for_a_file();
    let code = the_person_consents(&agent, person, &ask);
    let redeeming = Parameters::of([
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", &ask.verifier),
    ]);
    let grant = || granted(&agent, person, &asks_for_a_file());
    let (renewed, seen, ended) = (grant(), grant(), grant());
    let openid = granted(&agent, person, &Ask::new("openid profile offline_access"));
    let token = |token: &str| Parameters::of([("token", token)]);
    let refreshing =
        Parameters::of([("grant_type", "refresh_token"), ("refresh_token", &renewed.refresh_token)]);
    let nightly = Agent::with_basic(stack, "nightly-agent");
    let file = json!([the_file("Q4-report.pdf", &["read"])]).to_string();
    let alone = Parameters::of([
        ("grant_type", "client_credentials"),
        ("scope", "files.access"),
        ("authorization_details", &file),
    ]);
    let bearer = format!("Bearer {}", openid.access_token);
    let json = |name, request| Ready { name, answered: Answered::Json, request };
    let by_heart = |name, request| Ready { name, answered: Answered::JsonByHeart, request };
    vec![
        json("POST /par", agent.request("/par", &asks_for_a_file().parameters)),
        json("POST /token, code", agent.request("/token", &redeeming)),
        json("POST /token, refresh", agent.request("/token", &refreshing)),
        by_heart("POST /token, client credentials", nightly.request("/token", &alone)),
        json("POST /introspect", tool.request("/introspect", &token(&seen.access_token))),
        json("POST /introspect, refresh token", agent.request("/introspect", &token(&seen.refresh_token))),
        json("POST /revoke, access token", agent.request("/revoke", &token(&ended.access_token))),
        json("POST /revoke, refresh token", agent.request("/revoke", &token(&ended.refresh_token))),
        json("GET /userinfo", http().get(stack.url("/userinfo")).header("authorization", bearer)),
        by_heart(
            "GET /.well-known/openid-configuration",
            http().get(stack.url("/.well-known/openid-configuration")),
        ),
        by_heart(
            "GET /.well-known/oauth-authorization-server",
            http().get(stack.url("/.well-known/oauth-authorization-server")),
        ),
        // Tools verify tokens by these, whatever is out of reach.
        Ready {
            name: "GET /jwks.json",
            answered: Answered::JsonAlways,
            request: http().get(stack.url("/jwks.json")),
        },
    ]
}

fn requests_of_browsers(stack: &Stack, person: &Person) -> Vec<Ready> {
    let agent = an_agent(stack);
    let address = || stack.url(&agent.sends_the_person_with(&agent.pushes(&asks_for_a_file())));
    let mut stranger = Browser::new(stack);
    let sign_in = Page::of(stranger.opens("/sign-in").ok());
    let mut signed_in = Browser::new(stack);
    let consent = signed_in.comes_to_consent(person, &address());
    let mut leaving = Browser::new(stack);
    leaving.comes_to_consent(person, &address());
    let account = Page::of(leaving.opens("/account").ok());
    let typed = Parameters::of([
        ("interaction", sign_in.field("interaction").as_str()),
        ("user_name", &person.user_name),
        ("password", &person.password),
    ]);
    let sends = |path: &str, form: &Parameters| {
        post(&stack.url(path), form)
            .header("origin", signed_in.origin())
            .header("sec-fetch-site", "same-origin")
    };
    let signs_out = Parameters::of([("csrf", &account.field("csrf"))]);
    let page = |name, request| Ready { name, answered: Answered::Page, request };
    vec![
        page("GET /authorize, not signed in", http().get(address())),
        page("GET /authorize, signed in", signed_in.dresses(http().get(address()))),
        page("POST /sign-in", stranger.dresses(sends("/sign-in", &typed))),
        page("POST /consent", signed_in.dresses(sends("/consent", &decision_form(&consent, &Decision::All)))),
        page("GET /account", signed_in.dresses(http().get(stack.url("/account")))),
        page("GET /sign-in/password", signed_in.dresses(http().get(stack.url("/sign-in/password")))),
        page("POST /sign-out", leaving.dresses(sends("/sign-out", &signs_out))),
    ]
}

/// Sends all at once, and looks how long each took.
fn all_at_once(ready: &[&Ready]) -> Vec<(Answer, Duration)> {
    let timed = |request| {
        let began = Instant::now();
        (Answer::to(request), began.elapsed())
    };
    thread::scope(|scope| {
        let requests = ready.iter().map(|ready| ready.again());
        let running: Vec<_> = requests.map(|request| scope.spawn(move || timed(request))).collect();
        running.into_iter().map(|one| one.join().expect("answered")).collect()
    })
}

#[track_caller]
fn was_told_to_come_again(ready: &Ready, answer: &Answer, took: Duration, is_cold: bool) {
    let Ready { name, answered, .. } = ready;
    assert_eq!(answer.status, 503, "{name}: {}", answer.text());
    assert!(took < Duration::from_secs(3), "{name} took {took:?}");
    assert!(answer.header("retry-after").is_some(), "{name}: {:?}", answer.headers);
    if *answered == Answered::Page {
        is_a_page_of_ours(name, answer, is_cold);
    } else {
        answer.is_refused(503, "temporarily_unavailable");
    }
}

/// A person's browser is shown a page, be it a bare one: without the configuration there is neither brand nor style sheet.
#[track_caller]
fn is_a_page_of_ours(name: &str, answer: &Answer, is_cold: bool) {
    let page = answer.text();
    assert!(page.contains("<h1>Not now, please try again</h1>"), "{name}: {page}");
    assert_eq!(page.contains("stylesheet"), !is_cold, "{name}: {page}");
    assert!(!page.contains("dynamodb") && !page.contains("DynamoDB"), "{name}: {page}");
    for (header, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        (
            "content-security-policy",
            "default-src 'none'; style-src 'self'; img-src 'self'; manifest-src 'self'; form-action 'self'; \
             base-uri 'none'; frame-ancestors 'none'",
        ),
    ] {
        assert_eq!(answer.header(header), Some(value), "{name}: {header}");
    }
}

/// That the same request succeeds, as if nothing had been.
#[track_caller]
fn succeeds(ready: &Ready) {
    let answer = Answer::to(ready.again());
    let name = ready.name;
    if name == ANSWER && answer.status == 409 {
        // It was written and taken back, which the page says: the person is asked once more.
        assert!(answer.text().contains("Your answer did not reach us"), "{name}: {}", answer.text());
        return;
    }
    assert!(ready.is_answered_by(&answer), "{name}: {} {}", answer.status, answer.text());
    if name == "POST /consent" {
        assert!(answer.location().contains("code="), "{name}: {}", answer.location());
    }
    if name.starts_with("POST /introspect") {
        assert_eq!(answer.json()["active"], true, "{name}");
    }
}

fn is_out_of_reach(stack: &Stack, kind: &str, is_cold: bool) {
    let person = somebody(stack);
    let ready = everything(stack, &person);
    stack.takes_notice();
    if !is_cold {
        an_agent(stack).pushes(&asks_for_a_file());
        the_file_tool(stack).finds_inactive("junk");
        Agent::with_basic(stack, "nightly-agent").works_alone(&Parameters::default()).ok();
    }
    let (by_heart, others): (Vec<&Ready>, Vec<&Ready>) = ready.iter().partition(|ready| {
        ready.answered == Answered::JsonAlways || !is_cold && ready.answered == Answered::JsonByHeart
    });
    stack.loses_its_table(kind);
    for (ready, (answer, _)) in by_heart.iter().zip(all_at_once(&by_heart)) {
        assert_eq!(answer.status, 200, "{}: {}", ready.name, answer.text());
    }
    let answers = all_at_once(&others);
    assert!(stack.calls_that_failed() > 0);
    stack.recovers();
    for (ready, (answer, took)) in others.iter().zip(&answers) {
        was_told_to_come_again(ready, answer, *took, is_cold);
    }
    for ready in others {
        succeeds(ready);
    }
}

#[test]
fn a_table_that_cannot_be_reached_costs_nobody_anything() {
    let stack = Stack::start("unreachable-table", &[]);
    is_out_of_reach(&stack, "refuse", false);
    is_out_of_reach(&stack, "refuse", true);
}

#[test]
fn a_table_that_is_asked_for_too_much_costs_nobody_anything() {
    let stack = Stack::start("throttled-table", &[]);
    is_out_of_reach(&stack, "throttle", false);
    is_out_of_reach(&stack, "throttle", true);
}

/// A call of this may take so long, and all calls of a request three times as long.
const OF_A_CALL: u32 = 300;

/// Each call is answered, but all of a request together take longer than anybody waits: it is given up in its time, be it in
/// the middle, and the same request succeeds afterwards.
#[test]
fn a_table_that_is_slow_at_each_call_is_given_up_in_time() {
    let stack = Stack::in_a_hurry("slow-table", OF_A_CALL);
    let person = somebody(&stack);
    let mut given_up = 0;
    for (milliseconds, is_cold) in [(350, true), (350, false), (500, false)] {
        let ready = everything(&stack, &person);
        stack.takes_notice();
        if !is_cold {
            an_agent(&stack).pushes(&asks_for_a_file());
            the_file_tool(&stack).finds_inactive("junk");
        }
        let ready: Vec<&Ready> = ready.iter().collect();
        stack.suffers(&json!({ "kind": "delay", "milliseconds": milliseconds }));
        let answers = all_at_once(&ready);
        stack.recovers();
        for (ready, (answer, took)) in ready.iter().zip(&answers) {
            // What was spent is taken back in a call beyond that time. The rest is for a busy machine.
            let longest = Duration::from_millis(u64::from(3 * OF_A_CALL + milliseconds) + 1000);
            assert!(*took < longest, "{}, each call {milliseconds} ms: {took:?}", ready.name);
            if !ready.is_answered_by(answer) {
                assert_eq!(answer.status, 503, "{}: {}", ready.name, answer.text());
                assert!(answer.header("retry-after").is_some(), "{}: {:?}", ready.name, answer.headers);
                if ready.answered == Answered::Page {
                    assert!(answer.text().contains("<h1>Not now, please try again</h1>"));
                } else {
                    answer.is_refused(503, "temporarily_unavailable");
                }
                succeeds(ready);
                given_up += 1;
            }
        }
    }
    assert!(given_up > 5, "{given_up} were given up");
}
