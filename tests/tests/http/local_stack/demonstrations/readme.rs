//! "The first request" of the README: what it has one type is answered as it says.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use super::{Terminal, printed, registered, the_demos_server, top};
use crate::agent::Proof;
use crate::stack::Stack;
use crate::token::verified;

/// Where the README's server runs.
const ITS_ISSUER: &str = "http://localhost:8690";

/// A request that the README has one type, and what it says comes back.
struct Shown {
    command: String,
    answer: String,
}

/// What the README shows under "The first request": the two requests, and what the token of the first says.
fn shown() -> ([Shown; 2], Value) {
    let readme = fs::read_to_string(top().join("README.md")).expect("the README");
    let (_, section) = readme.split_once("\n## The first request\n").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("a section after it");
    let mut requests = Vec::new();
    let mut claims = None;
    for block in section.split("\n\n").filter_map(code) {
        match block.strip_prefix("$ ") {
            Some(typed) => {
                let (command, answer) = typed.split_once("\n{").expect("an answer that is JSON");
                requests.push(Shown { command: command.to_owned(), answer: format!("{{{answer}") });
            }
            None => assert!(claims.replace(parsed(&block)).is_none(), "one token is shown: {block}"),
        }
    }
    let requests = requests.try_into().ok().expect("two requests");
    (requests, claims.expect("what the token says"))
}

/// The text of a paragraph that is code, which is indented by four.
fn code(paragraph: &str) -> Option<String> {
    let lines: Option<Vec<&str>> =
        paragraph.trim_matches('\n').lines().map(|line| line.strip_prefix("    ")).collect();
    lines.filter(|lines| !lines.is_empty()).map(|lines| lines.join("\n"))
}

#[track_caller]
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// What the README says, of our server in place of its own.
fn of_our_server(stack: &Stack, text: &str) -> String {
    text.replace(ITS_ISSUER, &stack.issuer)
}

/// The command as one types it, with the secret that the server printed.
fn typed(stack: &Stack, shown: &Shown) -> String {
    let Proof::Basic(secret) = registered(stack, "nightly-agent").proof else { panic!("it has a secret") };
    assert!(shown.command.contains(ITS_ISSUER) && shown.command.contains(":SECRET "), "{}", shown.command);
    of_our_server(stack, &shown.command).replace("SECRET", &secret)
}

/// Runs it in a shell. What comes back is JSON.
fn answered(stack: &Stack, shown: &Shown) -> Value {
    parsed(&Terminal::starts(Command::new("sh").arg("-c").arg(typed(stack, shown))).ends().well())
}

/// The names of an object's members.
fn names(object: &Value) -> BTreeSet<&String> {
    object.as_object().expect("an object").keys().collect()
}

#[test]
fn the_first_request_gets_the_token_that_the_readme_shows() {
    let stack = the_demos_server();
    let ([first, _], shown_claims) = shown();
    let mut answer = answered(stack, &first);
    let mut shown_answer = parsed(&of_our_server(stack, &first.answer));
    let token = answer["access_token"].take();
    assert!(shown_answer["access_token"].take().as_str().is_some_and(|token| token.starts_with("eyJ")));
    assert_eq!(answer, shown_answer, "left: what came; right: what the README shows");

    let token = verified(stack, token.as_str().expect("a token"));
    assert_eq!((&token.header["typ"], &token.header["alg"]), (&"at+jwt".into(), &"ES256".into()));
    assert_eq!(names(&token.claims), names(&shown_claims), "left: what came; right: what the README shows");
    for name in ["iss", "sub", "aud", "client_id", "scope"] {
        let shown = of_our_server(stack, shown_claims[name].as_str().expect("text"));
        assert_eq!(token.claims[name], shown, "{name}");
    }
    let shown_lifetime = ["exp", "iat"].map(|name| shown_claims[name].as_i64().expect("a moment"));
    assert_eq!(token.lives_for(), shown_lifetime[0] - shown_lifetime[1]);
}

#[test]
fn the_request_for_more_is_refused_with_the_words_of_the_readme() {
    let stack = the_demos_server();
    let ([_, for_more], _) = shown();
    let answer = answered(stack, &for_more);
    assert!(answer.get("error").is_some(), "{answer}");
    assert_eq!(answer, parsed(&of_our_server(stack, &for_more.answer)), "right: what the README shows");
}

#[test]
fn the_server_prints_the_first_request_of_the_readme() {
    let stack = the_demos_server();
    let ([first, _], _) = shown();
    let (printed, typed) = (printed(stack), typed(stack, &first));
    assert!(printed.lines().any(|line| line.trim() == typed), "{typed}: {printed}");
}
