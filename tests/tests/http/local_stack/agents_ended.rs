//! The operator sees who holds what, and ends it: of a person, of a client, of a client for one person, at a tool, or all.

use serde_json::{Value, json};

use crate::agent::{Agent, BANK, FILES, an_agent, asks_for_a_file, the_file, the_file_tool};
use crate::exchange::{Chain, ID_TOKEN, LEDGER, REFRESH_TOKEN, an_exchange, the_bank};
use crate::local_stack::agents::grant_of;
use crate::person::{Person, Tokens, granted, somebody};
use crate::stack::Stack;
use crate::web::Parameters;

/// The ids of the authorizations that the command lists.
fn held(stack: &Stack, more: &[&str]) -> Vec<String> {
    ids(&stack.operator().tells(&[&["agents"], more].concat()))
}

#[track_caller]
fn ids(listed: &Value) -> Vec<String> {
    let all = listed.as_array().unwrap_or_else(|| panic!("{listed}"));
    all.iter().map(|one| one["grant_id"].as_str().expect("an id").to_owned()).collect()
}

/// Ends something, and returns what it says it ended.
fn ends(stack: &Stack, what: &[&str]) -> Vec<String> {
    let said = stack.operator().tells(&[&["end", "--yes"], what].concat());
    // Every process goes by what it last read of a client for five seconds.
    stack.takes_notice();
    ids(&said["ended"])
}

/// Two people, each of whom gave two agents something.
struct Held {
    people: [Person; 2],
    report: Vec<Tokens>,
    remembered: Vec<Tokens>,
}

impl Held {
    fn of(stack: &Stack) -> Self {
        let people = [somebody(stack), somebody(stack)];
        let by =
            |agent: &Agent<'_>| people.iter().map(|one| granted(agent, one, &asks_for_a_file())).collect();
        let report = by(&an_agent(stack));
        let remembered = by(&Agent::with_basic(stack, "remembered-agent"));
        Self { people, report, remembered }
    }

    /// Whether the tokens are good at the tool and can be renewed: the report agent's of both people, then the other's.
    fn stand(&self, stack: &Stack) -> [bool; 4] {
        let files = the_file_tool(stack);
        let all = self.report.iter().chain(&self.remembered);
        let said: Vec<bool> =
            all.map(|tokens| files.introspects(&tokens.access_token)["active"] == true).collect();
        said.try_into().expect("four")
    }
}

#[test]
fn the_operator_sees_who_holds_what_for_whom_since_when_and_last_used() {
    let stack = Stack::start("agents-listed", &[]);
    let of = Held::of(&stack);
    let grants = |tokens: &[Tokens]| -> Vec<String> {
        tokens.iter().map(|tokens| grant_of(&stack, &tokens.access_token)).collect()
    };
    let (report, remembered) = (grants(&of.report), grants(&of.remembered));
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    assert_eq!(sorted(held(&stack, &[])), sorted([report.clone(), remembered.clone()].concat()));
    assert_eq!(sorted(held(&stack, &["--client", "report-agent"])), sorted(report.clone()));
    let name = of.people[0].user_name.as_str();
    let theirs = vec![report[0].clone(), remembered[0].clone()];
    assert_eq!(sorted(held(&stack, &["--person", name])), sorted(theirs.clone()));
    let sub = stack.operator().id_of(name);
    assert_eq!(sorted(held(&stack, &["--person", &sub])), sorted(theirs));
    assert_eq!(held(&stack, &["--person", name, "--client", "report-agent"]), report[..1]);
    assert_eq!(held(&stack, &["--tool", FILES]).len(), 4);
    assert_eq!(held(&stack, &["--tool", "bank"]), Vec::<String>::new());

    let said = stack.operator().tells(&["agents", "--person", name, "--client", "report-agent"]);
    let one = &said[0];
    for (member, value) in [
        ("user_name", json!(name)),
        ("person", json!(sub)),
        ("client_id", json!("report-agent")),
        ("tools", json!([FILES])),
        ("detail_types", json!(["file_access"])),
        ("is_renewable", json!(true)),
        ("root", json!(null)),
    ] {
        assert_eq!(one[member], value, "{member} in {one}");
    }
    assert!(
        one["since"].as_i64() <= one["last_used"].as_i64() && one["until"].as_i64() > one["since"].as_i64()
    );
    let words = stack.operator().does(&["agents", "--person", name]);
    for said in [name, "report-agent", FILES, "file_access", "last used", "2 in all."] {
        assert!(words.contains(said), "{said} in {words}");
    }
}

#[test]
fn what_one_client_has_of_one_person_ends_and_nothing_else() {
    let stack = Stack::start("agents-ended-for-one", &[]);
    let of = Held::of(&stack);
    let ended = ends(&stack, &["--person", &of.people[0].user_name, "--client", "report-agent"]);
    assert_eq!(ended, [grant_of(&stack, &of.report[0].access_token)]);
    assert_eq!(of.stand(&stack), [false, true, true, true]);
    an_agent(&stack).refreshes(&of.report[0].refresh_token).is_refused(400, "invalid_grant");
    an_agent(&stack).refreshes(&of.report[1].refresh_token).ok();
}

#[test]
fn everything_of_a_person_ends_and_of_nobody_else() {
    let stack = Stack::start("agents-ended-of-a-person", &[]);
    let of = Held::of(&stack);
    assert_eq!(ends(&stack, &["--person", &of.people[1].user_name]).len(), 2);
    assert_eq!(of.stand(&stack), [true, false, true, false]);
    an_agent(&stack).refreshes(&of.report[1].refresh_token).is_refused(400, "invalid_grant");
}

#[test]
fn everything_of_a_client_ends_and_of_no_other() {
    let stack = Stack::start("agents-ended-of-a-client", &[]);
    let of = Held::of(&stack);
    assert_eq!(ends(&stack, &["--client", "report-agent"]).len(), 2);
    assert_eq!(of.stand(&stack), [false, false, true, true]);
    an_agent(&stack).refreshes(&of.report[0].refresh_token).is_refused(400, "invalid_grant");
    // It is not switched off: what it gets from now on is good.
    let again = granted(&an_agent(&stack), &of.people[0], &asks_for_a_file());
    the_file_tool(&stack).finds_active(&again.access_token);
}

/// Tokens for the bank come of exchanges alone here. What they come from goes on, and so does another exchange.
#[test]
fn everything_at_a_tool_ends_down_the_chain_and_nothing_above_it() {
    let stack = Stack::start("agents-ended-at-a-tool", &[]);
    let person = somebody(&stack);
    let first = granted(&an_agent(&stack), &person, &asks_for_a_file());
    let chain = Chain::of(&stack, first.access_token.clone());
    let files = the_file_tool(&stack);
    let child = files.exchanges_to_go_on(&first.access_token, BANK).ok().string("access_token");
    let ended = ends(&stack, &["--tool", "bank"]);
    assert_eq!(ended.len(), 1, "what the file server holds by exchange: {ended:?}");
    assert_eq!(chain.stands(&stack), [true, false, false]);
    files.refreshes(&child).is_refused(400, "invalid_grant");
    files.finds_inactive(&child);
    the_bank(&stack).exchanges(&chain.bank, LEDGER).is_refused(400, "invalid_request");
    an_agent(&stack).refreshes(&first.refresh_token).ok();
    let again = files.exchanges(&first.access_token, BANK).ok().string("access_token");
    the_bank(&stack).finds_active(&again);
}

#[test]
fn everything_at_the_tool_that_was_granted_ends_with_what_renews_it_and_what_clients_got_for_themselves() {
    let stack = Stack::start("agents-ended-at-the-first-tool", &[]);
    let of = Held::of(&stack);
    let nightly = Agent::with_basic(&stack, "nightly-agent");
    let file = json!([the_file("Q4-report.pdf", &["read"])]).to_string();
    let own =
        Parameters::of([("scope", "files.access"), ("resource", FILES), ("authorization_details", &file)]);
    let alone = nightly.works_alone(&own).ok().string("access_token");
    assert_eq!(ends(&stack, &["--tool", FILES]).len(), 4);
    assert_eq!(of.stand(&stack), [false; 4]);
    the_file_tool(&stack).finds_inactive(&alone);
    for tokens in &of.report {
        an_agent(&stack).refreshes(&tokens.refresh_token).is_refused(400, "invalid_grant");
        an_agent(&stack).finds_inactive(&tokens.refresh_token);
    }
    assert_eq!(held(&stack, &[]), Vec::<String>::new());
    the_file_tool(&stack).finds_active(&nightly.works_alone(&own).ok().string("access_token"));
}

/// An ID token opens by exchange all that the person granted (RFC 8693, section 2.1), the refresh token as well: no way round the end.
#[test]
fn what_ended_at_a_tool_is_not_had_again_by_exchanging_what_was_granted_before() {
    let stack = Stack::start("agents-ended-no-way-round", &[]);
    let agent = Agent::with_basic(&stack, "delegating-agent");
    let first = granted(&agent, &somebody(&stack), &asks_for_a_file());
    let id_token = first.answer.string("id_token");
    let exchanged = |token: &str, token_type: &str| {
        agent.sends("/token", &an_exchange(token, FILES).with("subject_token_type", token_type))
    };
    exchanged(&id_token, ID_TOKEN).ok();
    exchanged(&first.refresh_token, REFRESH_TOKEN).ok();
    ends(&stack, &["--tool", FILES]);
    exchanged(&id_token, ID_TOKEN).is_refused(400, "invalid_request");
    exchanged(&first.refresh_token, REFRESH_TOKEN).is_refused(400, "invalid_request");
}

#[test]
fn all_of_everybody_ends() {
    let stack = Stack::start("agents-ended-all", &[]);
    let of = Held::of(&stack);
    let said = stack.operator().tells(&["end", "--all", "--yes"]);
    assert!(said["people"].as_u64() >= Some(2), "{said}");
    stack.takes_notice();
    assert_eq!(of.stand(&stack), [false; 4]);
}

#[test]
fn nothing_ends_that_was_not_named_or_confirmed() {
    let stack = Stack::start("agents-not-ended", &[]);
    let of = Held::of(&stack);
    let name = of.people[0].user_name.as_str();
    for (words, code) in [
        (vec!["end"], 2),
        (vec!["end", "--yes"], 2),
        (vec!["end", "--person", name, "--tool", "bank", "--yes"], 2),
        (vec!["end", "--client", "report-agent", "--tool", "bank", "--yes"], 2),
        (vec!["end", "--all", "--person", name, "--yes"], 2),
        // Nobody is there to be asked.
        (vec!["end", "--person", name], 2),
        (vec!["end", "--all"], 2),
        (vec!["end", "--person", name, "--json"], 2),
        // A mistyped name must not look as if something had been done, or nothing were held.
        (vec!["end", "--person", "nobody-at-all", "--yes"], 1),
        (vec!["end", "--client", "nobody-at-all", "--yes"], 1),
        (vec!["end", "--tool", "nothing-at-all", "--yes"], 1),
        (vec!["agents", "--person", "nobody-at-all"], 1),
        (vec!["agents", "--client", "nobody-at-all"], 1),
        (vec!["agents", "--tool", "nothing-at-all"], 1),
    ] {
        let output = stack.operator().tries(&words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
        assert!(!said.is_empty(), "{words:?}");
    }
    stack.takes_notice();
    assert_eq!(of.stand(&stack), [true; 4]);
}
