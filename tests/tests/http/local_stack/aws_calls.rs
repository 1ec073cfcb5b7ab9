//! What a request costs on AWS: the README's table, measured.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::agent::{Agent, Ask, BANK, FILES, an_agent, asks, asks_for_a_file, the_file, the_file_tool};
use crate::asking::{
    Answering, a_signing_asking_agent, an_asking_agent, another_asking_agent, for_approval_of,
    for_signing_in_of, page_of, somebody_reachable, the_person_answers,
};
use crate::browser::{Browser, Page};
use crate::exchange::{
    ID_JAG, ID_TOKEN, JWT, JWT_BEARER, LEDGER, REFRESH_TOKEN, SAML2, acted_by, an_exchange, own_token_of,
    without_details,
};
use crate::inviting::{
    DEVICES, INVITATIONS, USER_CODE, a_number, an_invited_agent, shown_code, with_the_code,
};
use crate::local_stack::agents::{END, grant_of};
use crate::local_stack::backchannel::messages_of;
use crate::local_stack::countersigning::{signed, somebody_with_a_passkey, the_vault};
use crate::local_stack::deferred::{STATEMENTS_ARE_APPROVED, waiting};
use crate::local_stack::exchanges::changes;
use crate::local_stack::passkeys::{
    LINK, PASSKEYS, an_authenticator, assertion, enrolment, link_for, options, registration, removal,
};
use crate::local_stack::policies::with_policies;
use crate::observer::Observer;
use crate::outsider::{the_mills_own, the_partner};
use crate::person::{Decision, Person, decision_form, granted, password_form, somebody, the_person_consents};
use crate::running_stack::remembered_consents::forgetting;
use crate::running_stack::signed_requests::{sworn, the_sworn_agent};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::{Answer, Parameters, http};

/// The table as it stands in the README: a request, when everything that is remembered for seconds is warm, and what it
/// calls. `BatchGetItem` counts as one read whatever it reads, as DynamoDB takes it in one call.
pub(crate) const TABLE: &[(&str, &str)] = &[
    ("`POST /par`", "1 write"),
    ("`GET /authorize`, not signed in", "1 read"),
    ("`GET /authorize`, signed in", "2 reads"),
    ("`GET /authorize`, answered by a remembered consent", "5 reads, 1 write"),
    ("`POST /sign-in`", "3 reads, 3 writes, 1 password hash"),
    ("`POST /sign-in`, wrong password", "3 reads, 1 write, 1 password hash"),
    ("`POST /consent`", "2 reads, 1 write"),
    ("`POST /consent`, to be remembered", "2 reads, 2 writes"),
    ("`POST /consent`, denied", "2 reads, 1 write"),
    ("`POST /consent`, what is to be signed", "3 reads"),
    ("`POST /consent`, signed", "2 reads, 1 write"),
    ("`POST /token`, code to access token", "2 reads, 1 write, 1 signature"),
    ("`POST /token`, code to access and ID token", "2 reads, 1 write, 2 signatures"),
    ("`POST /token`, refresh", "2 reads, 1 write, 1 signature"),
    ("`POST /token`, client credentials", "1 signature"),
    ("`POST /token`, exchange, recorded", "1 read, 1 write, 1 signature"),
    ("`POST /introspect`, access token", "1 read"),
    ("`POST /introspect`, refresh token", "2 reads"),
    ("`POST /revoke`, refresh token", "1 write"),
    ("`POST /revoke`, access token", "1 write"),
    ("`GET /userinfo`", "1 read"),
    ("`GET /account`", "3 reads"),
    ("`POST /account`, a remembered consent forgotten", "2 reads, 1 write"),
    ("`GET /account/agents`", "4 reads"),
    ("`GET /account/agents/access`", "5 reads"),
    ("`GET /account/agents/approvals`", "3 reads"),
    ("`POST /account/agents/end`, one authorization", "3 reads, 1 write"),
    ("`GET /account/invitations`", "2 reads"),
    ("`POST /account/invitations`, for one agent", "2 reads, 3 writes"),
    ("`GET /account/user-code`", "3 reads"),
    ("`POST /account/user-code`", "8 reads, 4 writes, 2 password hashes"),
    ("`GET /account/devices`", "2 reads"),
    ("`POST /account/devices`, a number named", "4 reads, 4 writes, 1 message"),
    ("`POST /account/devices/confirm`", "3 reads, 1 write"),
    ("`GET /account/passkeys`", "2 reads"),
    ("`POST /account/passkeys`, one registered", "4 reads, 1 write"),
    ("`POST /account/passkeys`, one removed, of a person with one session", "5 reads, 4 writes"),
    ("`POST /account/passkeys/enrol`", "3 reads, 1 write"),
    ("`POST /sign-in`, with a passkey", "1 read, 2 writes"),
    ("`POST /sign-in/password`, of a person with one session", "7 reads, 6 writes, 2 password hashes"),
    ("`POST /sign-out`", "1 read, 1 write"),
    ("`GET /jwks.json`, both discovery documents", "nothing"),
    ("`POST /bc-authorize`", "3 reads, 2 writes"),
    ("`POST /bc-authorize`, with a user code", "3 reads, 2 writes, 1 password hash"),
    ("`POST /bc-authorize`, with a wrong user code", "3 reads, 1 write, 1 password hash"),
    ("`POST /bc-authorize`, with an actor token", "3 reads, 2 writes"),
    ("`POST /bc-authorize`, where others waited and were decided", "3 reads, 2 writes"),
    ("`POST /bc-authorize`, by an invitation", "2 reads, 1 write"),
    ("`POST /token`, while the person has not decided", "1 read, 1 write"),
    ("`POST /token`, while the person has not decided, too soon", "1 read, 1 write"),
    ("`POST /token`, approval to access and ID token", "2 reads, 1 write, 2 signatures"),
    ("`GET /approval`, of one request", "2 reads"),
    ("`GET /approval`, of two that wait", "4 reads"),
    ("`POST /approval`", "2 reads, 1 write"),
    ("`POST /approval`, what is to be signed", "3 reads"),
    ("`POST /approval`, signed", "2 reads, 1 write"),
    ("`POST /approval`, denied", "3 reads, 2 writes"),
    ("`POST /approval`, denied and the agent blocked", "4 reads, 3 writes"),
];

/// What further exchanges call, measured in the same way.
const OF_EXCHANGES: &[(&str, &str)] = &[
    ("`POST /token`, exchange for an ID token", "1 read, 1 write, 1 signature"),
    ("`POST /token`, exchange for a refresh token", "1 read, 2 writes"),
    ("`POST /token`, refresh by an exchanged refresh token", "2 reads, 1 write, 1 signature"),
    ("`POST /introspect`, exchanged refresh token", "2 reads"),
    ("`POST /introspect`, access token got by it", "1 read"),
    ("`POST /token`, exchange of a refresh token", "2 reads, 1 write, 1 signature"),
    ("`POST /token`, exchange of another issuer's JWT", "1 read, 1 write, 1 signature"),
    (
        "`POST /token`, exchange of another issuer's JWT about a person by user name",
        "2 reads, 1 write, 1 signature",
    ),
    ("`POST /token`, exchange for an ID-JAG", "1 read, 1 write, 1 signature"),
    ("`POST /token`, ID-JAG to access token", "1 write, 1 signature"),
    ("`POST /token`, ID-JAG about a person by user name", "2 reads, 1 write, 1 signature"),
    ("`POST /token`, exchange for a SAML assertion", "1 read, 1 write, 1 signature"),
    ("`POST /token`, exchange with an actor token", "1 read, 1 write, 1 signature"),
    ("`POST /token`, exchange of a token with details by reference", "1 read, 1 write, 1 signature"),
    (
        "`POST /token`, exchange of a token with all of more than 8 KB of details",
        "1 read, 1 write, 1 signature",
    ),
    (
        "`POST /token`, exchange of a token with one tool's part of more than 8 KB of details",
        "2 reads, 1 write, 1 signature",
    ),
    ("`POST /token`, exchange, not recorded", "1 read, 1 signature"),
    ("`POST /token`, exchange, not recorded, details by reference", "1 read, 1 write, 1 signature"),
];

/// What an exchange calls that a policy wants a person for.
const OF_DEFERRALS: &[(&str, &str)] = &[
    ("`POST /token`, exchange that waits for a person", "3 reads, 2 writes"),
    ("`POST /token`, exchange that waits, while the person has not decided", "1 read, 1 write"),
    ("`POST /token`, exchange that a person has approved", "2 reads, 2 writes, 1 signature"),
    ("`POST /token`, exchange that takes a person, of a tool that cannot wait", "1 read"),
];

/// The row beneath them. An assertion is spent by one write (RFC 7523, section 3), wherever a client authenticates by it.
const WITH_AN_ASSERTION: (&str, &str) = ("each `POST` of a client with `private_key_jwt`", "1 write more");

/// The row after that one. The request itself, like an assertion, is good once (OpenID CIBA Core 1.0, section 7.1.1: `jti`).
const WITH_A_SIGNED_REQUEST: (&str, &str) =
    ("each `POST /bc-authorize` with a request that its client has signed", "1 write more");

#[test]
fn every_request_calls_aws_as_often_as_the_readme_says() {
    let stack = Stack::start("aws-calls", &[]);
    let person = somebody(&stack);
    let measured = least(|| {
        let mut calls = measure(&stack, &person);
        calls.extend(measure_choices(&stack, &person));
        calls.extend(measure_the_account(&stack));
        calls.extend(measure_asking(&stack, &an_asking_agent(&stack)));
        calls.extend(measure_what_else_is_shown(&stack));
        calls.extend(measure_answers(&stack));
        calls.extend(measure_signing(&stack));
        calls
    });
    is_as_said(measured, TABLE);
}

#[test]
fn further_exchanges_call_aws_as_often_as_is_said() {
    let stack = Stack::start("aws-calls-of-exchanges", &[]);
    let person = somebody(&stack);
    let unrecorded = Stack::start_with("aws-calls-unrecorded", &[], |folder| {
        changes(&folder.join("server.toml"), "[exchange]\n", "[exchange]\nrecord = false\n");
    });
    let somebody_there = somebody(&unrecorded);
    let measured = least(|| {
        let mut calls = measure_exchanges(&stack, &person);
        calls.extend(measure_further_exchanges(&stack, &person));
        calls.extend(measure_without_records(&unrecorded, &somebody_there));
        calls
    });
    is_as_said(measured, OF_EXCHANGES);
}

#[test]
fn exchanges_that_wait_for_a_person_call_aws_as_often_as_is_said() {
    let stack = with_policies("aws-calls-of-deferrals", STATEMENTS_ARE_APPROVED);
    let measured = least(|| measure_deferrals(&stack));
    is_as_said(measured, OF_DEFERRALS);
}

/// Neither more nor less was measured than is said, and each as it is said.
#[track_caller]
fn is_as_said(measured: Measured, said: &[(&str, &str)]) {
    let measured: BTreeMap<&str, String> =
        measured.into_iter().map(|(name, calls)| (name, calls.words())).collect();
    let said: BTreeMap<&str, String> =
        said.iter().map(|(name, calls)| (*name, (*calls).to_owned())).collect();
    assert_eq!(measured, said);
}

fn measure_deferrals(stack: &Stack) -> Measured {
    let (observer, person, files) = (stack.observer(), somebody(stack), the_file_tool(stack));
    let first = granted(&an_agent(stack), &person, &asks_for_a_file()).access_token;
    let told = files.exchanges(&first, BANK);
    told.is_refused(400, "interaction_required");
    let waits = files.exchanges_for(&first, BANK, &waiting());
    waits.is_refused(400, "authorization_pending");
    let code = waits.string("deferral_code");
    let polled = files.comes_for_the_answer(&code);
    polled.is_refused(400, "authorization_pending");
    the_person_answers(stack, &person, &code, &Answering::Yes);
    let approved = files.comes_for_the_answer(&code).ok();
    Measured::from([
        ("`POST /token`, exchange that waits for a person", Calls::of(&observer, &waits)),
        (
            "`POST /token`, exchange that waits, while the person has not decided",
            Calls::of(&observer, &polled),
        ),
        ("`POST /token`, exchange that a person has approved", Calls::of(&observer, &approved)),
        (
            "`POST /token`, exchange that takes a person, of a tool that cannot wait",
            Calls::of(&observer, &told),
        ),
    ])
}

fn measure_exchanges(stack: &Stack, person: &Person) -> Measured {
    let observer = stack.observer();
    let mut measured = Measured::new();
    let mut note = |name: &'static str, answer: &Answer| {
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        measured.insert(name, Calls::of(&observer, answer));
        answer.string("access_token")
    };
    let (files, bank) = (the_file_tool(stack), crate::exchange::the_bank(stack));
    // Without details, so that nothing has to be kept beside the bank's tokens, which refer to theirs.
    let first = granted(&an_agent(stack), person, &asks_for_a_file()).access_token;
    let kind = |subject: &str, resource: &str, token_type: &str| {
        an_exchange(subject, resource).and("requested_token_type", token_type)
    };
    let form = kind(&first, FILES, ID_TOKEN).without("resource");
    note("`POST /token`, exchange for an ID token", &files.sends("/token", &form));
    let child = kind(&first, BANK, REFRESH_TOKEN).joined(&without_details());
    let child = note("`POST /token`, exchange for a refresh token", &files.sends("/token", &child));
    let renewed = files.refreshes(&child);
    let access = note("`POST /token`, refresh by an exchanged refresh token", &renewed);
    let asked = Parameters::of([("token", &renewed.string("refresh_token"))]);
    let looked = files.sends("/introspect", &asked).ok();
    measured.insert("`POST /introspect`, exchanged refresh token", Calls::of(&observer, &looked));
    let looked = bank.sends("/introspect", &Parameters::of([("token", &access)])).ok();
    measured.insert("`POST /introspect`, access token got by it", Calls::of(&observer, &looked));
    measured.extend(measure_identities(stack, person));
    measured
}

fn measure_identities(stack: &Stack, person: &Person) -> Measured {
    let observer = stack.observer();
    let mut measured = Measured::new();
    let mut note = |name: &'static str, answer: &Answer| {
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        measured.insert(name, Calls::of(&observer, answer));
    };
    let delegating = Agent::with_basic(stack, "delegating-agent");
    let own = granted(&delegating, person, &asks_for_a_file());
    let form = an_exchange(&own.refresh_token, FILES).with("subject_token_type", REFRESH_TOKEN);
    note("`POST /token`, exchange of a refresh token", &delegating.sends("/token", &form));
    let form = an_exchange(&own.answer.string("id_token"), "https://mcp.chat.test")
        .with("subject_token_type", ID_TOKEN)
        .and("requested_token_type", ID_JAG)
        .and("audience", "https://auth.chat.test");
    note("`POST /token`, exchange for an ID-JAG", &delegating.sends("/token", &form));

    let partner = Agent::with_basic(stack, "partner-agent");
    let shown = |token: String| an_exchange(&token, FILES).with("subject_token_type", JWT);
    let bearing = |token: String| Parameters::of([("grant_type", JWT_BEARER), ("assertion", &token)]);
    let (outside, mills) = (the_partner(), the_mills_own());
    let foreign = shown(outside.token(stack, "alice", |_, _| {}));
    note("`POST /token`, exchange of another issuer's JWT", &partner.sends("/token", &foreign));
    let known = shown(mills.token(stack, &person.user_name, |_, _| {}));
    note(
        "`POST /token`, exchange of another issuer's JWT about a person by user name",
        &partner.sends("/token", &known),
    );
    let grant = bearing(outside.id_jag(stack, "alice", |_, _| {}));
    note("`POST /token`, ID-JAG to access token", &partner.sends("/token", &grant));
    let known = bearing(mills.id_jag(stack, &person.user_name, |_, _| {}));
    note("`POST /token`, ID-JAG about a person by user name", &partner.sends("/token", &known));
    measured
}

fn measure_further_exchanges(stack: &Stack, person: &Person) -> Measured {
    let observer = stack.observer();
    let files = the_file_tool(stack);
    let first = granted(&an_agent(stack), person, &asks_for_a_file()).access_token;
    let actor = acted_by(&own_token_of(&Agent::with_basic(stack, "nightly-agent")));
    let acted = files.exchanges_for(&first, BANK, &actor).ok();
    let bank = crate::exchange::the_bank(stack);
    let for_bank = files.exchanges(&first, BANK).ok().string("access_token");
    let referring = bank.exchanges(&for_bank, LEDGER).ok();
    // Without details, so that nothing has to be read for the bank's token, which would refer to them.
    let for_bank = files.exchanges_for(&first, BANK, &without_details()).ok().string("access_token");
    let form = an_exchange(&for_bank, LEDGER).and("requested_token_type", SAML2);
    let assertion = bank.sends("/token", &form).ok();
    assert_eq!(assertion.json()["issued_token_type"], SAML2);
    let [of_all, of_a_part] = exchanges_of_large_details(stack, person);
    Measured::from([
        (
            "`POST /token`, exchange of a token with all of more than 8 KB of details",
            Calls::of(&observer, &of_all),
        ),
        (
            "`POST /token`, exchange of a token with one tool's part of more than 8 KB of details",
            Calls::of(&observer, &of_a_part),
        ),
        ("`POST /token`, exchange with an actor token", Calls::of(&observer, &acted)),
        ("`POST /token`, exchange for a SAML assertion", Calls::of(&observer, &assertion)),
        ("`POST /token`, exchange of a token with details by reference", Calls::of(&observer, &referring)),
    ])
}

/// Details that lie beside their authorization, all for one tool, and for two.
fn exchanges_of_large_details(stack: &Stack, person: &Person) -> [Answer; 2] {
    let (agent, files) = (an_agent(stack), the_file_tool(stack));
    let memo = json!({ "type": "memo", "text": "long ".repeat(1_900) });
    let payment = json!({
        "type": "payment", "creditor": "Mill & Co", "amount": { "value": "12.50", "currency": "EUR" },
    });
    let all = granted(&agent, person, &asks(&json!([memo]))).access_token;
    let ask = asks(&json!([memo, payment]))
        .with("scope", "files.read bank.pay offline_access")
        .and("resource", BANK);
    let code = the_person_consents(&agent, person, &ask);
    let for_files = Parameters::of([("resource", FILES)]);
    let a_part = agent.redeems_for(&code, &ask, &for_files).ok().string("access_token");
    [all, a_part].map(|token| {
        assert!(verified(stack, &token).claims["authorization_details_id"].is_string(), "it refers to them");
        files.exchanges_for(&token, BANK, &without_details()).ok()
    })
}

/// Where hops are not recorded, details that a token only refers to are kept all the same.
fn measure_without_records(stack: &Stack, person: &Person) -> Measured {
    let observer = stack.observer();
    let files = the_file_tool(stack);
    let first = granted(&an_agent(stack), person, &asks_for_a_file()).access_token;
    let without = files.exchanges_for(&first, BANK, &without_details()).ok();
    let with = files.exchanges(&first, BANK).ok();
    Measured::from([
        ("`POST /token`, exchange, not recorded", Calls::of(&observer, &without)),
        ("`POST /token`, exchange, not recorded, details by reference", Calls::of(&observer, &with)),
    ])
}

#[test]
fn an_assertion_costs_one_write_wherever_a_client_authenticates_by_it() {
    let stack = Stack::start("aws-calls-of-assertions", &[]);
    let person = somebody(&stack);
    let signing = Agent::signing(&stack, "ES256");
    let measured = least(|| {
        let mut calls = requests_of(&signing, &signing, &person);
        let alone = signing.works_alone(&Parameters::of([("scope", "files.read"), ("resource", FILES)])).ok();
        calls.insert("`POST /token`, client credentials", Calls::of(&stack.observer(), &alone));
        calls.extend(measure_asking(&stack, &a_signing_asking_agent(&stack)));
        calls
    });
    assert_eq!(measured.len(), 13, "{measured:?}");
    for (name, calls) in measured {
        let (_, without) = TABLE.iter().find(|(row, _)| *row == name).expect("a row of the table");
        let more = Calls { writes: Calls::read(without).writes + 1, ..Calls::read(without) };
        assert_eq!(calls.words(), more.words(), "{name}");
    }
}

#[test]
fn a_signed_request_costs_one_write_beside_what_its_client_proves_itself_by() {
    const ASKED: &str = "`POST /bc-authorize`";
    let stack = Stack::start("aws-calls-of-signed-requests", &[]);
    let agent = the_sworn_agent(&stack);
    let measured = least(|| {
        let person = somebody_reachable(&stack);
        // Now what is known of the agent is warm.
        agent.asks_elsewhere(&sworn(&stack, &person)).ok();
        let asked = agent.asks_elsewhere(&sworn(&stack, &person)).ok();
        Measured::from([(ASKED, Calls::of(&stack.observer(), &asked))])
    });
    let (_, unsigned) = TABLE.iter().find(|(row, _)| *row == ASKED).expect("a row of the table");
    let more = [WITH_AN_ASSERTION, WITH_A_SIGNED_REQUEST].map(|(_, more)| Calls::read(more).writes);
    let expected =
        Calls { writes: Calls::read(unsigned).writes + more[0] + more[1], ..Calls::read(unsigned) };
    assert_eq!(measured[ASKED].words(), expected.words());
}

#[test]
fn the_readme_has_this_table() {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).expect("the README");
    for (request, calls) in TABLE
        .iter()
        .chain(OF_EXCHANGES)
        .chain(OF_DEFERRALS)
        .chain([&WITH_AN_ASSERTION, &WITH_A_SIGNED_REQUEST])
    {
        let row = format!("| {request} | {calls} |");
        assert!(readme.contains(&row), "the README lacks the row {row}");
    }
}

type Measured = BTreeMap<&'static str, Calls>;

/// What is remembered for seconds (configuration, a client's standing) is read anew now and then: a round in which it was
/// not tells what the request itself costs.
fn least(measure: impl Fn() -> Measured) -> Measured {
    let mut measured = measure();
    for _ in 0..3 {
        for (name, again) in measure() {
            let least = measured.entry(name).or_insert(again);
            if again.total() < least.total() {
                *least = again;
            }
        }
    }
    measured
}

/// The way of an authorization, each request counted.
fn measure(stack: &Stack, person: &Person) -> Measured {
    let observer = stack.observer();
    let agent = an_agent(stack);
    let mut measured = requests_of(&agent, &the_file_tool(stack), person);
    let mut note = |name: &'static str, answer: &Answer| {
        measured.insert(name, Calls::of(&observer, answer));
    };

    let ask = asks_for_a_file().with("scope", "files.access offline_access");
    let address = agent.sends_the_person_with(&agent.pushes(&ask));
    let mut browser = Browser::new(stack);
    let page = Page::of(browser.opens(&address).ok());
    note("`GET /authorize`, not signed in", &page.answer);
    let form = Parameters::of([
        ("interaction", page.field("interaction").as_str()),
        ("user_name", &person.user_name),
        ("password", &person.password),
    ]);
    note("`POST /sign-in`", &browser.submits_and_stays("/sign-in", &form));
    let page = Page::of(browser.opens(&address).ok());
    note("`GET /authorize`, signed in", &page.answer);
    note("`POST /consent`", &browser.decides(&page, &Decision::All));

    let openid = granted(&agent, person, &Ask::new("openid profile offline_access"));
    note("`POST /token`, code to access and ID token", &openid.answer);
    let bearer = format!("Bearer {}", openid.access_token);
    note(
        "`GET /userinfo`",
        &Answer::to(http().get(stack.url("/userinfo")).header("authorization", bearer)).ok(),
    );

    let nightly = Agent::with_basic(stack, "nightly-agent");
    let file = json!([the_file("Q4-report.pdf", &["read"])]).to_string();
    let form =
        Parameters::of([("scope", "files.access"), ("resource", FILES), ("authorization_details", &file)]);
    note("`POST /token`, client credentials", &nightly.works_alone(&form).ok());
    let first = granted(&agent, person, &asks_for_a_file()).access_token;
    note("`POST /token`, exchange, recorded", &the_file_tool(stack).exchanges(&first, BANK).ok());
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks.json"]
    {
        note("`GET /jwks.json`, both discovery documents", &stack.get(path).ok());
    }
    measured
}

/// The other ways in which a person can answer.
fn measure_choices(stack: &Stack, person: &Person) -> Measured {
    let observer = stack.observer();
    let agent = Agent::with_basic(stack, "remembered-agent");
    let address = || agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()));
    let (mut browser, mut measured) = (Browser::new(stack), Measured::new());
    let mut note = |name: &'static str, answer: &Answer| {
        assert_eq!(answer.status, 303, "{name}");
        measured.insert(name, Calls::of(&observer, answer));
    };
    let page = browser.comes_to_consent(person, &address());
    // What an earlier round remembered is forgotten by then, or there would be no page.
    note("`POST /consent`, denied", &browser.decides(&page, &Decision::Deny));
    let page = browser.comes_to_consent(person, &address());
    note("`POST /consent`, to be remembered", &browser.decides(&page, &Decision::AllAndRemember));
    note("`GET /authorize`, answered by a remembered consent", &browser.opens(&address()));
    let account = Page::of(browser.opens("/account").ok());
    let forgotten = browser.submits_and_stays("/account", &forgetting(&account));
    note("`POST /account`, a remembered consent forgotten", &forgotten);
    measure_agents(stack, &mut browser, person, &mut measured);
    measured
}

/// They look at what an agent holds, and end it. To list it is one query: beside it the session is read, what the query found with
/// the person, and the standing of the clients.
fn measure_agents(stack: &Stack, browser: &mut Browser<'_>, person: &Person, measured: &mut Measured) {
    let observer = stack.observer();
    let mut note = |name: &'static str, answer: &Answer, status: u16| {
        assert_eq!(answer.status, status, "{name}");
        measured.insert(name, Calls::of(&observer, answer));
    };
    let tokens = granted(&an_agent(stack), person, &asks_for_a_file());
    let id = grant_of(stack, &tokens.access_token);
    note("`GET /account/agents`", &browser.opens("/account/agents"), 200);
    note("`GET /account/agents/access`", &browser.opens(&format!("/account/agents/access?of={id}")), 200);
    note("`GET /account/agents/approvals`", &browser.opens("/account/agents/approvals"), 200);
    let page = Page::of(browser.opens(&format!("{END}?of={id}")).ok());
    let ended = browser.submits_and_stays(END, &page.form(["csrf", "of"]));
    note("`POST /account/agents/end`, one authorization", &ended, 303);
}

/// What somebody new does about their own account: guesses are counted, and passwords change.
fn measure_the_account(stack: &Stack) -> Measured {
    let (observer, person) = (stack.observer(), somebody(stack));
    let (mut browser, mut measured) = (Browser::new(stack), Measured::new());
    let mut note = |name: &'static str, answer: &Answer, status: u16| {
        assert_eq!(answer.status, status, "{name}");
        measured.insert(name, Calls::of(&observer, answer));
    };
    let page = Page::of(browser.opens("/sign-in").ok());
    let wrong = browser.types(&page, &person.user_name, "not the password");
    note("`POST /sign-in`, wrong password", &wrong, 422);
    browser.signs_in(&page, &person).ok();
    let account = browser.opens("/account");
    note("`GET /account`", &account, 200);
    measure_what_lets_agents_ask(&mut browser, &person, &mut note);
    measure_passkeys(stack, &mut note);

    let page = Page::of(browser.opens("/sign-in/password").ok());
    let next = "a sentence that nobody guesses";
    let form = password_form(&page, &person.password, next);
    note(
        "`POST /sign-in/password`, of a person with one session",
        &browser.submits_and_stays("/sign-in/password", &form),
        303,
    );
    let csrf = Page::of(browser.opens("/account").ok()).field("csrf");
    let signing_out = Parameters::of([("csrf", csrf.as_str())]);
    note("`POST /sign-out`", &browser.submits_and_stays("/sign-out", &signing_out), 200);
    measured
}

/// They invite an agent, and set the code for agents.
fn measure_what_lets_agents_ask(
    browser: &mut Browser<'_>,
    person: &Person,
    note: &mut impl FnMut(&'static str, &Answer, u16),
) {
    let page = browser.opens(INVITATIONS);
    note("`GET /account/invitations`", &page, 200);
    let invited = browser.chooses(&Page::of(page), "invited-agent");
    note("`POST /account/invitations`, for one agent", &invited, 200);
    let asks = with_the_code(&shown_code(&Page::of(invited)));
    let agent = an_invited_agent(browser.stack);
    note("`POST /bc-authorize`, by an invitation", &agent.asks_elsewhere(&asks), 200);
    let page = browser.opens(USER_CODE);
    note("`GET /account/user-code`", &page, 200);
    let csrf = Page::of(page).field("csrf");
    let form = [("csrf", csrf.as_str()), ("current_password", &person.password), ("user_code", "maple 4711")];
    let set = browser.submits_and_stays(USER_CODE, &Parameters::of(form));
    note("`POST /account/user-code`", &set, 303);
    let page = browser.opens(DEVICES);
    note("`GET /account/devices`", &page, 200);
    let csrf = Page::of(page).field("csrf");
    let own = a_number();
    let number = [("csrf", csrf.as_str()), ("do", "sms"), ("address", &own), ("name", "Mine")];
    let named = browser.submits_and_stays(DEVICES, &Parameters::of(number));
    note("`POST /account/devices`, a number named", &named, 303);
    let link = messages_of(browser.stack, &person.user_name)[0]["link"].as_str().expect("a link").to_owned();
    let page = Page::of(browser.opens(&link).ok());
    let form = page.form(["csrf", "device", "code"]);
    let confirmed = browser.submits_and_stays("/account/devices/confirm", &form);
    note("`POST /account/devices/confirm`", &confirmed, 303);
}

/// Somebody registers a passkey, signs in with it, and registers another by a link of the operator.
fn measure_passkeys(stack: &Stack, note: &mut impl FnMut(&'static str, &Answer, u16)) {
    let (mut browser, mut authenticator) = (Browser::new(stack), an_authenticator(stack));
    let person = somebody(stack);
    browser.comes_to_account(&person, PASSKEYS);
    let page = browser.opens(PASSKEYS);
    note("`GET /account/passkeys`", &page, 200);
    let page = Page::of(page);
    let form = registration(&page, &authenticator.create(&options(&page)), "Mine");
    note("`POST /account/passkeys`, one registered", &browser.submits_and_stays(PASSKEYS, &form), 303);
    let page = Page::of(browser.opens(PASSKEYS).ok());
    let removed = browser.submits_and_stays(PASSKEYS, &removal(&page));
    note("`POST /account/passkeys`, one removed, of a person with one session", &removed, 303);
    browser.registers(&person, &mut authenticator);
    browser.forgets("session");
    let page = Page::of(browser.opens("/account").ok());
    let form = assertion(&page, &authenticator.get(&options(&page)));
    note("`POST /sign-in`, with a passkey", &browser.submits_and_stays("/sign-in", &form), 303);
    let page = Page::of(browser.opens(&link_for(stack, &person)).ok());
    let form = enrolment(&page, &an_authenticator(stack).create(&options(&page)));
    note("`POST /account/passkeys/enrol`", &browser.submits_and_stays(LINK, &form), 303);
}

/// Somebody who is elsewhere is asked twice, approves, and is asked again.
fn measure_asking(stack: &Stack, agent: &Agent<'_>) -> Measured {
    let (observer, person) = (stack.observer(), somebody_reachable(stack));
    let file = json!([the_file("Q4-report.pdf", &["read"])]);
    let form = for_approval_of(&person.user_name, &file);
    let mut measured = Measured::new();
    let mut note = |name: &'static str, answer: &Answer, status: u16| {
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        measured.insert(name, Calls::of(&observer, answer));
    };
    // Now what is known of the agent is warm.
    agent.waits_for_approval(&form.clone().with("login_hint", &format!("nobody-{}", person.user_name)));
    let asked = agent.asks_elsewhere(&form);
    note("`POST /bc-authorize`", &asked, 200);
    let auth_req_id = asked.string("auth_req_id");
    note("`POST /token`, while the person has not decided", &agent.comes_with(&auth_req_id), 400);
    note("`POST /token`, while the person has not decided, too soon", &agent.comes_with(&auth_req_id), 400);
    agent.waits_for_approval(&form);
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    note("`POST /token`, approval to access and ID token", &agent.comes_with(&auth_req_id), 200);
    let again = agent.asks_elsewhere(&form);
    note("`POST /bc-authorize`, where others waited and were decided", &again, 200);
    measured
}

/// What an agent shows beside its own proof: a person's code, right or wrong, and the token of who acts.
fn measure_what_else_is_shown(stack: &Stack) -> Measured {
    let (observer, person) = (stack.observer(), somebody_reachable(stack));
    Browser::new(stack).sets_the_user_code(&person, "493 817 26");
    let (coded, desk) = (Agent::with_basic(stack, "coded-agent"), Agent::with_basic(stack, "desk-tool"));
    let form = for_signing_in_of(&person.user_name);
    let showing = |code: &str| form.clone().and("user_code", code);
    let token = own_token_of(&Agent::with_basic(stack, "nightly-agent"));
    let acting = form.clone().joined(&acted_by(&token));
    // Now what is known of the agents is warm.
    coded.asks_elsewhere(&showing("000 000 00")).is_refused(400, "invalid_user_code");
    desk.asks_elsewhere(&acting.clone().with("login_hint", &format!("nobody-{}", person.user_name))).ok();
    let mut measured = Measured::new();
    let mut note = |name: &'static str, answer: &Answer, status: u16| {
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        measured.insert(name, Calls::of(&observer, answer));
    };
    note("`POST /bc-authorize`, with a wrong user code", &coded.asks_elsewhere(&showing("000 000 00")), 400);
    note("`POST /bc-authorize`, with a user code", &coded.asks_elsewhere(&showing("493 817 26")), 200);
    note("`POST /bc-authorize`, with an actor token", &desk.asks_elsewhere(&acting), 200);
    measured
}

/// What somebody does about those who ask them.
fn measure_answers(stack: &Stack) -> Measured {
    let (observer, person) = (stack.observer(), somebody_reachable(stack));
    let (agent, other) = (an_asking_agent(stack), another_asking_agent(stack));
    let file = json!([the_file("Q4-report.pdf", &["read"])]);
    let form = for_approval_of(&person.user_name, &file);
    let [first, second] = [0, 1].map(|_| agent.waits_for_approval(&form));
    let third = other.waits_for_approval(&form);
    let mut measured = Measured::new();
    let mut note = |name: &'static str, answer: &Answer, status: u16| {
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        measured.insert(name, Calls::of(&observer, answer));
    };
    let mut browser = Browser::new(stack);
    browser.comes_to_approval(&person, &first);
    let page = Page::of(browser.opens(&page_of(&first)).ok());
    note("`GET /approval`, of one request", &page.answer, 200);
    note("`POST /approval`", &browser.answers(&page, &Answering::Yes), 303);
    note("`GET /approval`, of two that wait", &browser.opens("/approval"), 200);
    let page = Page::of(browser.opens(&page_of(&second)).ok());
    note("`POST /approval`, denied", &browser.answers(&page, &Answering::No), 303);
    let page = Page::of(browser.opens(&page_of(&third)).ok());
    let answer = browser.answers(&page, &Answering::NotMe);
    note("`POST /approval`, denied and the agent blocked", &answer, 303);
    measured
}

/// Somebody signs with a passkey what they approve, elsewhere and at the browser: one transaction, which DynamoDB takes in one call.
fn measure_signing(stack: &Stack) -> Measured {
    let (observer, details) = (stack.observer(), json!([the_vault("A")]));
    let (person, mut browser, mut authenticator) = somebody_with_a_passkey(stack);
    let mut measured = Measured::new();
    let mut note = |name: &'static str, answer: &Answer, status: u16| {
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        measured.insert(name, Calls::of(&observer, answer));
    };
    let asked = an_asking_agent(stack).waits_for_approval(&for_approval_of(&person.user_name, &details));
    let page = browser.comes_to_approval(&person, &asked);
    let answer = browser.answers(&page, &Answering::Yes);
    note("`POST /approval`, what is to be signed", &answer, 200);
    let form = signed(&Page::of(answer), &mut authenticator);
    note("`POST /approval`, signed", &browser.submits_and_stays("/approval", &form), 303);

    let agent = an_agent(stack);
    let page =
        browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&asks(&details))));
    let answer = browser.submits_and_stays("/consent", &decision_form(&page, &Decision::All));
    note("`POST /consent`, what is to be signed", &answer, 200);
    let form = signed(&Page::of(answer), &mut authenticator);
    note("`POST /consent`, signed", &browser.submits_and_stays("/consent", &form), 303);
    measured
}

/// What an agent itself sends; `asker` looks at its access token.
fn requests_of(agent: &Agent<'_>, asker: &Agent<'_>, person: &Person) -> Measured {
    let observer = agent.stack.observer();
    let mut measured = BTreeMap::new();
    let mut note = |name: &'static str, answer: &Answer| {
        measured.insert(name, Calls::of(&observer, answer));
    };
    let ask = asks_for_a_file().with("scope", "files.access offline_access");
    note("`POST /par`", &agent.sends("/par", &ask.parameters));
    let answer = agent.redeems(&the_person_consents(agent, person, &ask), &ask).ok();
    note("`POST /token`, code to access token", &answer);
    let refreshed = agent.refreshes(&answer.string("refresh_token")).ok();
    note("`POST /token`, refresh", &refreshed);
    let access = Parameters::of([("token", &refreshed.string("access_token"))]);
    let refresh = Parameters::of([("token", &refreshed.string("refresh_token"))]);
    note("`POST /introspect`, access token", &asker.sends("/introspect", &access).ok());
    note("`POST /introspect`, refresh token", &agent.sends("/introspect", &refresh).ok());
    note("`POST /revoke`, access token", &agent.sends("/revoke", &access).ok());
    note("`POST /revoke`, refresh token", &agent.sends("/revoke", &refresh).ok());
    measured
}

const READS: [&str; 3] = ["DynamoDB.GetItem", "DynamoDB.BatchGetItem", "DynamoDB.Query"];
const WRITES: [&str; 4] =
    ["DynamoDB.PutItem", "DynamoDB.UpdateItem", "DynamoDB.DeleteItem", "DynamoDB.TransactWriteItems"];
/// To people: by SNS, or into the inbox in its place.
const MESSAGES: [&str; 2] = ["SNS.Publish", "Inbox.Receive"];

/// The calls of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) reads: u32,
    pub(crate) writes: u32,
    pub(crate) signatures: u32,
    pub(crate) messages: u32,
    pub(crate) hashes: u32,
}

impl Calls {
    /// What the log says of a request.
    pub(crate) fn of(observer: &Observer<'_>, answer: &Answer) -> Self {
        let calls = observer.calls_of(answer);
        let sum = |names: &[&str]| -> u32 { names.iter().filter_map(|name| calls.get(*name)).sum() };
        let counted = Self {
            reads: sum(&READS),
            writes: sum(&WRITES),
            signatures: sum(&["Keys.Sign", "KMS.Sign"]),
            messages: sum(&MESSAGES),
            hashes: sum(&["Argon2id"]),
        };
        let all: u32 = calls.values().sum();
        assert_eq!(counted.total() + counted.hashes, all, "calls that the table has no word for: {calls:?}");
        counted
    }

    /// The calls to AWS: a password hash is made in the function itself.
    pub(crate) fn total(self) -> u32 {
        self.reads + self.writes + self.signatures + self.messages
    }

    fn named(self) -> [(u32, &'static str, &'static str); 5] {
        [
            (self.reads, "read", "reads"),
            (self.writes, "write", "writes"),
            (self.signatures, "signature", "signatures"),
            (self.messages, "message", "messages"),
            (self.hashes, "password hash", "password hashes"),
        ]
    }

    /// In the table's words.
    fn words(self) -> String {
        let words: Vec<String> = self
            .named()
            .iter()
            .filter(|(times, ..)| *times > 0)
            .map(|(times, one, several)| format!("{times} {}", if *times == 1 { one } else { several }))
            .collect();
        if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
    }

    /// From the table's words.
    pub(crate) fn read(words: &str) -> Self {
        let times = |of: &str| {
            words
                .split(", ")
                .filter_map(|part| part.split_once(' '))
                .find_map(|(times, what)| what.starts_with(of).then(|| times.parse().expect("a number")))
                .unwrap_or_default()
        };
        let [reads, writes, signatures, messages, hashes] =
            Self::default().named().map(|(_, one, _)| times(one));
        Self { reads, writes, signatures, messages, hashes }
    }
}
