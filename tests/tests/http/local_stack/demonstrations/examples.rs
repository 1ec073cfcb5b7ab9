//! The scripts of `infra/examples`, one a grant, in plain `curl`.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::{Ended, Terminal, registered, the_demos_server, the_person_decides, the_wanted_file, top};
use crate::person::Decision;
use crate::stack::Stack;
use crate::token::verified;
use crate::web::Parameters;

const FOLDER: &str = "infra/examples";

/// Every script, and the test that runs it.
const TRIED: [(&str, fn()); 5] = [
    ("authorization-code.sh", an_agent_asks_a_person_and_gets_tokens_for_what_they_approved),
    ("client-credentials.sh", an_agent_that_works_alone_gets_a_token),
    ("introspection.sh", a_token_is_active_until_its_client_gives_it_back),
    ("refresh-token.sh", a_refresh_token_gives_the_next_access_token_and_its_own_successor),
    ("token-exchange.sh", a_tool_asks_another_on_behalf_of_whoever_asked_it),
];

/// Starts a script as the README says, for our server.
fn example(stack: &Stack, script: &str, words: &[&str]) -> Terminal {
    let mut command = Command::new(top().join(FOLDER).join(script));
    command.args(words).env("ISSUER", &stack.issuer).env("DATA", &stack.data);
    Terminal::starts(&mut command)
}

/// The JSON document that a script's output ends with.
#[track_caller]
fn last_answer(said: &str) -> Value {
    let line = said.lines().last().expect("an answer");
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// That the answer has a token with which this client may read the one file.
#[track_caller]
fn opens_the_wanted_file(stack: &Stack, answer: &Value, client: &str) {
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(300)), "{answer}");
    let token = answer["access_token"].as_str().expect("an access token");
    let claims = verified(stack, token).claims;
    assert_eq!(claims["aud"], "https://files.internal.corp");
    assert_eq!(claims["client_id"], client);
    assert_eq!(claims["authorization_details"], the_wanted_file());
    registered(stack, "files-tool").finds_active(token);
}

/// Runs the example of the authorization code. The person pastes the address at which their browser ended, or another.
fn with_what_the_person_pastes(decision: &Decision, pasted: impl FnOnce(&str) -> String) -> Ended {
    let stack = the_demos_server();
    let mut script = example(stack, "authorization-code.sh", &[]);
    let address = script.shows_a_page();
    let callback = the_person_decides(stack, &address, decision);
    script.is_given(&pasted(&callback));
    script.ends()
}

/// What that example ends with when the person approves.
#[track_caller]
fn granted() -> Value {
    last_answer(&with_what_the_person_pastes(&Decision::All, str::to_owned).well())
}

/// The address with another value for a parameter.
fn changed(address: &str, name: &str, value: &str) -> String {
    let (path, query) = address.split_once('?').expect("an answer");
    format!("{path}?{}", Parameters::decoded(query).with(name, value).encoded())
}

#[test]
fn no_script_is_forgotten() {
    let folder = top().join(FOLDER);
    let mut there: Vec<String> = fs::read_dir(&folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name"))
        // The tools are tried in tests/clients.
        .filter(|name| name != "README.md" && name != "tools")
        .collect();
    there.sort();
    assert_eq!(there, TRIED.map(|(script, _)| script), "left: in {FOLDER}; right: run by a test");

    let readme = fs::read_to_string(folder.join("README.md")).expect("its README");
    for (script, _) in TRIED {
        assert!(readme.contains(&format!("| [`{script}`]({script}) |")), "the README is silent on {script}");
    }
}

#[test]
fn an_agent_asks_a_person_and_gets_tokens_for_what_they_approved() {
    let answer = granted();
    opens_the_wanted_file(the_demos_server(), &answer, "finance-agent");
    assert_eq!(answer["scope"], "files.access");
    assert!(answer["refresh_token"].is_string(), "{answer}");
}

/// A client goes on with an answer to its own request (`state`), from the server it asked (RFC 9207), that is a yes.
#[test]
fn an_agent_redeems_no_other_answer_than_the_yes_to_its_own_request() {
    for (decision, parameter, value, complaint) in [
        (Decision::All, "state", "another", "the answer belongs to another request\n"),
        (Decision::All, "iss", "https://evil.test", "the answer comes from another server\n"),
        (Decision::Deny, "error", "access_denied", "no approval: access_denied\n"),
    ] {
        let ended = with_what_the_person_pastes(&decision, |address| changed(address, parameter, value));
        assert_eq!((ended.code, ended.complained.as_str()), (Some(1), complaint), "{}", ended.said);
        assert!(!ended.said.contains("access_token"), "{}", ended.said);
    }
}

#[test]
fn a_refresh_token_gives_the_next_access_token_and_its_own_successor() {
    let stack = the_demos_server();
    let renewed = |before: &Value| {
        let refresh_token = before["refresh_token"].as_str().expect("a refresh token");
        let after = last_answer(&example(stack, "refresh-token.sh", &[refresh_token]).ends().well());
        opens_the_wanted_file(stack, &after, "finance-agent");
        assert_eq!(after["scope"], "files.access");
        for token in ["access_token", "refresh_token"] {
            assert_ne!(after[token], before[token], "the same {token} again");
        }
        after
    };
    renewed(&renewed(&granted()));
}

#[test]
fn an_agent_that_works_alone_gets_a_token() {
    let stack = the_demos_server();
    let answer = last_answer(&example(stack, "client-credentials.sh", &[]).ends().well());
    opens_the_wanted_file(stack, &answer, "nightly-agent");
    assert!(answer.get("refresh_token").is_none(), "RFC 6749, section 4.4.3: {answer}");
}

#[test]
fn a_token_is_active_until_its_client_gives_it_back() {
    let said = example(the_demos_server(), "introspection.sh", &[]).ends().well();
    let answers: Vec<Value> =
        said.lines().map(|line| serde_json::from_str(line).expect("JSON a line")).collect();
    let [before, after] = answers.as_slice() else { panic!("asked twice: {said}") };
    assert_eq!(
        (&before["active"], &before["client_id"]),
        (&json!(true), &json!("nightly-agent")),
        "{before}"
    );
    assert_eq!(before["authorization_details"], the_wanted_file());
    assert_eq!(*after, json!({ "active": false }));
}

#[test]
fn a_tool_asks_another_on_behalf_of_whoever_asked_it() {
    let stack = the_demos_server();
    let answer = last_answer(&example(stack, "token-exchange.sh", &[]).ends().well());
    assert_eq!(answer["scope"], "reports.read", "{answer}");
    let claims = verified(stack, answer["access_token"].as_str().expect("an access token")).claims;
    assert_eq!((&claims["sub"], &claims["act"]), (&json!("nightly-agent"), &json!({ "sub": "files-tool" })));
}
