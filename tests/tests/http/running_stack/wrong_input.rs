//! The table of wrong input: one row a case, over all endpoints. Each row says what it sends, what comes back, what the answer
//! must name, and the section that says so. Whatever is sent, nothing is written, nothing is echoed, and it costs no more
//! than good input.

#![expect(clippy::too_many_lines, reason = "a table is as long as it is")]

mod authorize;
mod backchannel;
mod every_form;
mod known_forms;
mod pages;
mod pushed;
mod token;
mod tokens_presented;

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use reqwest::blocking::RequestBuilder;
use serde_json::json;

use crate::agent::{Agent, Ask, FILES, an_agent, asks_for_a_file, the_file, the_file_tool};
use crate::asking::{
    Answering, an_asking_agent, another_asking_agent, for_approval_of, somebody_reachable, the_person_answers,
};
use crate::browser::{Browser, Page};
use crate::inviting::{DEVICES, INVITATIONS, USER_CODE};
use crate::local_stack::aws_calls::{Calls, TABLE};
use crate::local_stack::passkeys::PASSKEYS;
use crate::person::{granted, somebody, the_person_consents};
use crate::stack::Stack;
use crate::web::{Answer, Parameters};

/// What stands in a row's wrong value wherever any text can stand: it must not come back.
const EVIL: &str = "<i>evil</i>\"'&\r\nSet-Cookie: evil=1";

/// The rows that a stack does not take, by the end of their name or the beginning of their section. What a gateway changes on the way
/// the function never sees: an HTTP API joins the values of a repeated header; the emulator's does, too, and drops bytes that are
/// not UTF-8. And a deployed stack of the tests is at an address, while a passkey belongs to a domain: there are no such forms.
fn not_taken(stack: &Stack) -> &'static [&'static str] {
    if stack.is_deployed() {
        &["two Authorization headers", "not UTF-8, raw", "WebAuthn"]
    } else if stack.is_an_http_api() {
        &["two Authorization headers"]
    } else {
        &[]
    }
}

/// One case.
struct Row {
    name: String,
    /// Which specification, which section.
    section: &'static str,
    expected: Expected,
    /// What the description must name: the parameter, or the place.
    names: &'static str,
    request: Box<dyn Fn(&Place) -> RequestBuilder>,
}

/// What comes back.
#[derive(Clone, Copy, Debug)]
enum Expected {
    /// JSON with this status and code (RFC 6749, section 5.2).
    Json(u16, &'static str),
    /// A page for the person, who goes nowhere.
    Page(u16, &'static str),
    /// A redirect to the client with this code (OAuth 2.1, section 4.1.2.1).
    Back(&'static str),
    /// 401 and how to authenticate, and nothing else (RFC 6750, section 3.1).
    Challenge,
    /// That the token is good for nothing (RFC 7662, section 2.2).
    Inactive,
    /// 200 without a body, as for a token that was taken back (RFC 7009, section 2.2).
    Done,
}

fn row(
    section: &'static str,
    name: impl Into<String>,
    expected: Expected,
    names: &'static str,
    request: impl Fn(&Place) -> RequestBuilder + 'static,
) -> Row {
    Row { name: name.into(), section, expected, names, request: Box::new(request) }
}

/// What the rows are sent to, and what was handed out before them.
struct Place<'s> {
    stack: &'s Stack,
    agent: Agent<'s>,
    tool: Agent<'s>,
    public: Agent<'s>,
    nightly: Agent<'s>,
    brief: Agent<'s>,
    modern: Agent<'s>,
    pushing: Agent<'s>,
    /// A code that nobody redeems, and what was asked for.
    code: String,
    ask: Ask,
    refresh_token: String,
    /// Access tokens for the file tool, and for userinfo without `openid`.
    for_files: String,
    for_issuer_without_openid: String,
    for_issuer: String,
    /// An ID token of the agent.
    id_token: String,
    /// Those that ask people who are elsewhere, and the one that is told.
    asking: Agent<'s>,
    other_asking: Agent<'s>,
    called_back: Agent<'s>,
    /// The name of somebody whom they may ask, a request that waits for them, and one that they approved.
    reachable: String,
    waiting: String,
    approved: String,
    /// A browser on the sign-in page, and one on the consent page.
    signing_in: (Browser<'s>, Page),
    deciding: (Browser<'s>, Page),
    /// One on the page of the request that waits.
    answering: (Browser<'s>, Page),
    /// Four on pages of the account: where agents are invited, where the code for them is set, where devices are named, and
    /// where passkeys are registered.
    inviting: (Browser<'s>, Page),
    setting_a_code: (Browser<'s>, Page),
    naming_devices: (Browser<'s>, Page),
    adding_passkeys: (Browser<'s>, Page),
}

impl<'s> Place<'s> {
    fn of(stack: &'s Stack) -> Self {
        let (agent, person) = (an_agent(stack), somebody(stack));
        let ask = asks_for_a_file();
        let code = the_person_consents(&agent, &person, &ask);
        let tokens = granted(&agent, &person, &asks_for_a_file());
        let openid = granted(&agent, &person, &Ask::new("openid offline_access"));
        let plain = granted(&agent, &person, &Ask::new("files.read offline_access"));
        let address = || agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()));
        let (mut at_sign_in, mut at_consent) = (Browser::new(stack), Browser::new(stack));
        let (asking, reachable) = (an_asking_agent(stack), somebody_reachable(stack));
        let file = json!([the_file("Q4-report.pdf", &["read"])]);
        let patient = for_approval_of(&reachable.user_name, &file).and("requested_expiry", "900");
        let waiting = asking.waits_for_approval(&patient);
        let approved = asking.waits_for_approval(&patient);
        the_person_answers(stack, &reachable, &approved, &Answering::Yes);
        let mut at_approval = Browser::new(stack);
        let answering = at_approval.comes_to_approval(&reachable, &waiting);
        let mut at_account = Browser::new(stack);
        let inviting = at_account.comes_to_account(&person, INVITATIONS);
        let setting_a_code = at_account.comes_to_account(&person, USER_CODE);
        let naming_devices = at_account.comes_to_account(&person, DEVICES);
        let adding_passkeys = at_account.comes_to_account(&person, PASSKEYS);
        let signing_in = Page::of(at_sign_in.opens(&address()).ok());
        let deciding = at_consent.comes_to_consent(&person, &address());
        Self {
            stack,
            signing_in: (at_sign_in, signing_in),
            deciding: (at_consent, deciding),
            answering: (at_approval, answering),
            inviting: (at_account.clone(), inviting),
            setting_a_code: (at_account.clone(), setting_a_code),
            naming_devices: (at_account.clone(), naming_devices),
            adding_passkeys: (at_account, adding_passkeys),
            tool: the_file_tool(stack),
            public: Agent::public(stack),
            nightly: Agent::with_basic(stack, "nightly-agent"),
            brief: Agent::with_basic(stack, "brief-agent"),
            modern: Agent::with_basic(stack, "modern-agent"),
            pushing: Agent::with_basic(stack, "pushing-agent"),
            agent,
            code,
            ask,
            refresh_token: tokens.refresh_token,
            for_files: tokens.access_token,
            for_issuer_without_openid: plain.access_token,
            for_issuer: openid.access_token,
            id_token: openid.answer.string("id_token"),
            asking,
            other_asking: another_asking_agent(stack),
            called_back: Agent::with_basic(stack, "called-back-agent"),
            reachable: reachable.user_name,
            waiting,
            approved,
        }
    }
}

#[test]
fn wrong_input_of_every_kind_is_refused_as_its_specification_says() {
    let stack = Stack::undisturbed("wrong-input");
    let place = Place::of(&stack);
    let mut rows = [
        // The code that they show is good for a minute.
        token::rows(),
        every_form::rows(),
        pushed::rows(),
        authorize::rows(),
        backchannel::rows(),
        tokens_presented::rows(),
        pages::rows(),
        known_forms::rows(),
    ]
    .concat_rows();
    assert!(rows.len() >= 300, "the table has {} rows", rows.len());
    leave_out_what_is_not_taken(&mut rows, &stack);

    let mut wrong = Vec::new();
    let mut before = stack.observer().items();
    for row in &rows {
        let began = Instant::now();
        let answer = Answer::to((row.request)(&place));
        let took = began.elapsed();
        let mut complaints = complaints_about(row, &answer, &stack);
        if took > Duration::from_secs(3) {
            complaints.push(format!("took {took:?}"));
        }
        complaints.extend(costs_too_much(row, &place, &answer));
        let after = stack.observer().items();
        // What is gone has expired.
        if after.iter().any(|item| before.binary_search(item).is_err()) {
            complaints.push("something was written".to_owned());
        }
        before = after;
        wrong.extend(
            complaints.into_iter().map(|complaint| format!("{} ({}): {complaint}", row.name, row.section)),
        );
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// Leaves these rows out, and says which and how many: by `# skipped`, as Node.js's tests do, so that tests/run counts them.
fn leave_out_what_is_not_taken(rows: &mut Vec<Row>, stack: &Stack) {
    let is_meant = |row: &Row, what: &str| row.name.ends_with(what) || row.section.starts_with(what);
    let mut left_out = Vec::new();
    for what in not_taken(stack) {
        let before = left_out.len();
        left_out.extend(rows.extract_if(.., |row| is_meant(row, what)));
        assert!(left_out.len() > before, "the table has no {what}");
    }
    if left_out.is_empty() {
        return;
    }
    // What a test that passes prints is lost, save what it writes by itself.
    let mut output = io::stdout();
    let told: io::Result<()> = left_out
        .iter()
        .try_for_each(|row| writeln!(output, "nothing that this stack takes: {} ({})", row.name, row.section))
        .and_then(|()| writeln!(output, "# skipped {}", left_out.len()));
    told.expect("there is an output");
}

fn complaints_about(row: &Row, answer: &Answer, stack: &Stack) -> Vec<String> {
    let mut complaints = Vec::new();
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let (status, error, description) = match row.expected {
        Expected::Json(status, code) => match serde_json::from_slice::<serde_json::Value>(&answer.body) {
            Ok(said) => (
                status,
                (said["error"].as_str().unwrap_or_default().to_owned(), code),
                said["error_description"].as_str().unwrap_or_default().to_owned(),
            ),
            Err(_) => return vec![format!("{} and no JSON: {text}", answer.status)],
        },
        Expected::Page(status, code) => {
            if !answer.header("content-type").unwrap_or_default().starts_with("text/html") {
                return vec![format!("{} and no page: {text}", answer.status)];
            }
            let words = Page::of(answer.clone()).words();
            (status, (if words.contains(code) { code } else { "another" }.to_owned(), code), words)
        }
        Expected::Back(code) => {
            let Some(location) = answer.header("location") else {
                return vec![format!("{} and no redirect: {text}", answer.status)];
            };
            let query = location.split_once('?').map_or("", |(_, query)| query);
            let said = Parameters::decoded(query);
            if said.get("iss") != Some(&stack.issuer) {
                complaints.push(format!("no iss in {location}"));
            }
            let error = said.get("error").unwrap_or_default().to_owned();
            (303, (error, code), said.get("error_description").unwrap_or_default().to_owned())
        }
        Expected::Challenge => {
            let challenge = ["www-authenticate", "x-amzn-remapped-www-authenticate"]
                .into_iter()
                .find_map(|name| answer.header(name))
                .unwrap_or_default();
            let says_no_more = answer.body.is_empty() && challenge == "Bearer realm=\"Countersign\"";
            (401, (if says_no_more { "" } else { "more than the challenge" }.to_owned(), ""), String::new())
        }
        Expected::Inactive => (200, (text.clone(), r#"{"active":false}"#), String::new()),
        Expected::Done => (200, (text.clone(), ""), String::new()),
    };
    if answer.status != status || error.0 != error.1 {
        complaints
            .push(format!("expected {:?}, got {} {} {description}", row.expected, answer.status, error.0));
    }
    if !description.contains(row.names) {
        complaints.push(format!("the description does not name {}: {description}", row.names));
    }
    let headers = format!("{:?}", answer.headers);
    if text.contains("evil") || headers.contains("evil") {
        complaints.push(format!("echoes what was sent: {text} {headers}"));
    }
    complaints
}

/// A refusal must not cost more than the dearest good request to the same endpoint, be it in calls of AWS or in password
/// hashes: else wrong input would be the cheapest way to keep the server busy, and its time would tell what was right in it.
/// Counted by the log, so only where there is one.
fn costs_too_much(row: &Row, place: &Place<'_>, answer: &Answer) -> Option<String> {
    if place.stack.is_deployed() {
        return None;
    }
    let observer = place.stack.observer();
    let request = (row.request)(place).build().expect("a request");
    let path = request.url().path();
    let (calls, hashes) = of_good_requests(path.strip_prefix(&place.stack.path("")).unwrap_or(path));
    let too_much = |answer: &Answer| {
        let counted = Calls::of(&observer, answer);
        (counted.total() > calls || counted.hashes > hashes).then_some(counted)
    };
    too_much(answer)?;
    // The first may have been the one to read anew what is remembered for seconds.
    let counted = too_much(&Answer::to((row.request)(place)))?;
    Some(format!("cost {counted:?}, and a good request at most {calls} calls and {hashes} password hashes"))
}

/// The most calls of AWS and password hashes of a good request, by the README's table.
fn of_good_requests(path: &str) -> (u32, u32) {
    let of_path = TABLE.iter().filter(|(name, _)| {
        name.split('`').nth(1).and_then(|request| request.split_once(' ')).is_some_and(|(_, own)| own == path)
    });
    of_path
        .map(|(_, words)| Calls::read(words))
        .fold((0, 0), |(calls, hashes), one| (calls.max(one.total()), hashes.max(one.hashes)))
}

/// Several lists of rows as one.
trait Concatenated {
    fn concat_rows(self) -> Vec<Row>;
}

impl<const N: usize> Concatenated for [Vec<Row>; N] {
    fn concat_rows(self) -> Vec<Row> {
        self.into_iter().flatten().collect()
    }
}

/// A detail for `authorization_details`, as its JSON text.
fn details(value: &serde_json::Value) -> Ask {
    Ask::new("files.access offline_access")
        .with("resource", FILES)
        .with("authorization_details", &value.to_string())
}

/// A good detail with one member changed.
fn a_file_with(member: &str, value: serde_json::Value) -> serde_json::Value {
    let mut file = crate::agent::the_file("Q4-report.pdf", &["read"]);
    file[member] = value;
    json!([file])
}
