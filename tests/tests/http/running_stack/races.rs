//! Fifty at once. Whatever is good once is good for one of them.

use std::collections::BTreeSet;

use tests::tries_again;

use crate::agent::{CALLBACK, an_agent, asks_for_a_file, the_file_tool};
use crate::at_once::{CROWD, at_once};
use crate::browser::Browser;
use crate::person::{Decision, granted, somebody, the_person_consents};
use crate::stack::Stack;
use crate::token::verified;

/// RFC 9126, section 2.2: a `request_uri` is for one decision.
#[test]
fn of_fifty_consents_to_one_request_one_wins() {
    let stack = Stack::shared();
    let (agent, ask) = (an_agent(stack), asks_for_a_file());
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_consent(&somebody(stack), &agent.sends_the_person_with(&agent.pushes(&ask)));
    let answers = at_once(|_| browser.clone().decides(&page, &Decision::All));
    let codes: Vec<_> = answers
        .iter()
        .filter_map(|answer| answer.header("location"))
        .filter_map(|location| location.split_once("code="))
        .collect();
    assert_eq!(codes.len(), 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    let losers =
        answers.iter().filter(|answer| answer.status < 500 && !answer.text().contains("code=")).count();
    assert!(losers >= CROWD - 1, "nobody met a fault of ours");
}

#[test]
fn of_an_approval_and_a_denial_at_once_one_wins() {
    let stack = Stack::shared();
    let (agent, ask) = (an_agent(stack), asks_for_a_file());
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_consent(&somebody(stack), &agent.sends_the_person_with(&agent.pushes(&ask)));
    let answers = at_once(|number| {
        let decision = if number % 2 == 0 { Decision::All } else { Decision::Deny };
        browser.clone().decides(&page, &decision)
    });
    let decided = answers.iter().filter(|answer| answer.header("location").is_some()).filter(|answer| {
        let callback = answer.callback(CALLBACK);
        callback.contains_key("code") || callback.get("error").is_some_and(|error| error == "access_denied")
    });
    assert_eq!(decided.count(), 1);
}

/// OAuth 2.1, section 4.1.3: the losers are proven replays, for they have the right client and verifier.
#[test]
fn of_fifty_redemptions_of_one_code_one_wins_and_the_authorization_is_ended() {
    let stack = Stack::shared();
    let (agent, ask) = (an_agent(stack), asks_for_a_file());
    let code = the_person_consents(&agent, &somebody(stack), &ask);
    let answers = at_once(|_| agent.redeems(&code, &ask));
    let winners: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(winners.len(), 1);
    for loser in answers.iter().filter(|answer| answer.status != 200) {
        loser.is_refused(400, "invalid_grant");
    }
    the_file_tool(stack).finds_inactive(&winners[0].string("access_token"));
    agent.refreshes(&winners[0].string("refresh_token")).is_refused(400, "invalid_grant");
}

/// OAuth 2.1, section 4.3.1, and a lost reply must not lock the client out: all answers carry the same successor.
#[test]
fn fifty_rotations_of_one_refresh_token_are_one_rotation() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let tokens = granted(&agent, &somebody(stack), &asks_for_a_file());
    let grant_id = verified(stack, &tokens.access_token).claims["grant_id"].as_str().expect("one").to_owned();
    let moves = || -> u64 {
        let item = stack.observer().item(&format!("AUTHORIZATION#{grant_id}"), "AUTHORIZATION");
        item["version"]["N"].as_str().and_then(|version| version.parse().ok()).expect("a version")
    };
    let before = moves();
    let answers = at_once(|_| {
        let answer = agent.refreshes(&tokens.refresh_token);
        if !stack.is_deployed() || answer.status != 503 {
            return answer;
        }
        // Fifty functions that start at once on a small machine may run out of a request's time: the client then asks again.
        tries_again();
        agent.refreshes(&tokens.refresh_token)
    });
    assert_eq!(moves(), before + 1, "one change of state");
    let successors: BTreeSet<String> =
        answers.iter().map(|answer| answer.clone().ok().string("refresh_token")).collect();
    assert_eq!(successors.len(), 1, "one successor");
    let successor = successors.first().expect("one");
    agent.refreshes(successor).ok();
    let grants: BTreeSet<String> = answers
        .iter()
        .map(|answer| verified(stack, &answer.string("access_token")).claims["grant_id"].to_string())
        .collect();
    assert_eq!(grants.len(), 1, "one authorization");
}

/// RFC 7523, section 3: a `jti` is good once.
#[test]
fn of_fifty_uses_of_one_assertion_one_wins() {
    use crate::agent::Agent;
    use crate::assertion::{claims, header};
    use crate::web::{Answer, Parameters, post};

    let stack = Stack::shared();
    let agent = Agent::signing(stack, "ES256");
    let form = Parameters::of([("grant_type", "client_credentials")])
        .joined(&agent.assertion(&header("ES256"), &claims(stack, &agent.id)));
    let answers = at_once(|_| Answer::to(post(&stack.url("/token"), &form)));
    let accepted = answers.iter().filter(|answer| answer.status != 401).count();
    assert_eq!(accepted, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
}

#[test]
fn fifty_people_do_not_get_in_each_others_way() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let person = somebody(stack);
    let ask = asks_for_a_file();
    let mut browser = Browser::new(stack);
    browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&ask)));
    let subjects: BTreeSet<String> = at_once(|_| {
        let ask = asks_for_a_file();
        let mut browser = browser.clone();
        let page = browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&ask)));
        let code = crate::person::the_code(stack, &browser.decides(&page, &Decision::All));
        let answer = agent.redeems(&code, &ask).ok();
        verified(stack, &answer.string("access_token")).claims["grant_id"].to_string()
    })
    .into_iter()
    .collect();
    assert_eq!(subjects.len(), CROWD, "each has an authorization of its own");
}
