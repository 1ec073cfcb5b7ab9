//! Who acts in the name of a person who approved something elsewhere (`act`, RFC 8693, section 4.1): the client, or whom an
//! `actor_token` at `/bc-authorize` proves.

use serde_json::{Value, json};

use crate::agent::{Agent, BANK, the_file, the_file_tool};
use crate::asking::{
    Answering, an_asking_agent, for_approval_of, for_signing_in_of, somebody_reachable, the_person_answers,
};
use crate::browser::Browser;
use crate::exchange::{ACCESS_TOKEN, acted_by, own_token_of};
use crate::person::Person;
use crate::stack::Stack;
use crate::token::verified;
use crate::web::{Answer, Parameters};

/// The tool that asks people on behalf of agents that call it.
fn the_desk(stack: &Stack) -> Agent<'_> {
    Agent::with_basic(stack, "desk-tool")
}

fn the_night_agent(stack: &Stack) -> Agent<'_> {
    Agent::with_basic(stack, "nightly-agent")
}

fn a_file_of(person: &Person) -> Parameters {
    for_approval_of(&person.user_name, &json!([the_file("Q4-report.pdf", &["read"])]))
}

fn act_of(stack: &Stack, answer: &Answer) -> Value {
    verified(stack, &answer.string("access_token")).claims["act"].clone()
}

#[test]
fn without_an_actor_token_the_client_acts() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let answer = agent.is_approved_by(&person, &a_file_of(&person));
    assert_eq!(act_of(stack, &answer), json!({ "sub": "asking-agent" }));
    let said = the_file_tool(stack).finds_active(&answer.string("access_token"));
    assert_eq!(said["act"], json!({ "sub": "asking-agent" }));
}

#[test]
fn whom_the_actor_token_proves_is_shown_to_the_person_and_named_in_the_token() {
    let stack = Stack::shared();
    let (desk, person) = (the_desk(stack), somebody_reachable(stack));
    let actor = acted_by(&own_token_of(&the_night_agent(stack)));
    let auth_req_id = desk.waits_for_approval(&a_file_of(&person).joined(&actor));
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_approval(&person, &auth_req_id);
    let told = "Nightly Agent (nightly-agent) would act in your name. Front Desk passes its request on.";
    assert!(page.words().contains(told), "{}", page.words());
    assert_eq!(browser.answers(&page, &Answering::Yes).status, 303);

    // A token that the actor got later is of the same actor.
    let later = acted_by(&own_token_of(&the_night_agent(stack)));
    let answer = desk.comes_for(&auth_req_id, &later).ok();
    let claims = verified(stack, &answer.string("access_token")).claims;
    assert_eq!(claims["sub"], stack.operator().id_of(&person.user_name).as_str());
    assert_eq!(claims["act"], json!({ "sub": "nightly-agent" }));
    assert_eq!(claims["client_id"], "desk-tool");

    // RFC 8693, section 4.1: whoever acted before is nested.
    let exchanged = the_file_tool(stack).exchanges(&answer.string("access_token"), BANK).ok();
    let chain = json!({ "sub": "files-tool", "act": { "sub": "nightly-agent" } });
    assert_eq!(act_of(stack, &exchanged), chain);
}

#[test]
fn a_renewed_token_names_the_same_actor() {
    let stack = Stack::shared();
    let (desk, person) = (the_desk(stack), somebody_reachable(stack));
    let actor = acted_by(&own_token_of(&the_night_agent(stack)));
    let form = a_file_of(&person).with("scope", "openid files.access offline_access").joined(&actor);
    let auth_req_id = desk.waits_for_approval(&form);
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    let first = desk.comes_for(&auth_req_id, &actor).ok();
    let renewed = desk.refreshes(&first.string("refresh_token")).ok();
    assert_eq!(act_of(stack, &renewed), json!({ "sub": "nightly-agent" }));
}

#[test]
fn what_was_approved_for_one_actor_is_redeemed_with_that_one_alone() {
    let stack = Stack::shared();
    let (desk, person) = (the_desk(stack), somebody_reachable(stack));
    let (night, own) = (own_token_of(&the_night_agent(stack)), own_token_of(&desk));
    let auth_req_id = desk.waits_for_approval(&a_file_of(&person).joined(&acted_by(&night)));
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    desk.comes_with(&auth_req_id).is_refused(400, "invalid_grant");
    desk.comes_for(&auth_req_id, &acted_by(&own)).is_refused(400, "invalid_grant");
    desk.comes_for(&auth_req_id, &acted_by("junk")).is_refused(400, "invalid_request");
    desk.comes_for(&auth_req_id, &acted_by(&night)).ok();
}

#[test]
fn what_was_approved_for_the_client_itself_is_redeemed_with_no_other_actor() {
    let stack = Stack::shared();
    let (desk, person) = (the_desk(stack), somebody_reachable(stack));
    let (night, own) = (own_token_of(&the_night_agent(stack)), own_token_of(&desk));
    let auth_req_id = desk.waits_for_approval(&a_file_of(&person));
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    desk.comes_for(&auth_req_id, &acted_by(&night)).is_refused(400, "invalid_grant");
    // Its own token says no more than its own proof.
    let answer = desk.comes_for(&auth_req_id, &acted_by(&own)).ok();
    assert_eq!(act_of(stack, &answer), json!({ "sub": "desk-tool" }));
}

#[test]
fn another_actor_asks_something_else() {
    let stack = Stack::shared();
    let (desk, person) = (the_desk(stack), somebody_reachable(stack));
    let actor = acted_by(&own_token_of(&the_night_agent(stack)));
    let digest_of = |form: &Parameters| {
        let answer = desk.asks_elsewhere(form).ok();
        let auth_req_id = answer.string("auth_req_id");
        the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
        let more = if form.get("actor_token").is_some() { actor.clone() } else { Parameters::default() };
        let token = desk.comes_for(&auth_req_id, &more).ok().string("access_token");
        verified(stack, &token).claims["asked"].clone()
    };
    let (without, with) = (digest_of(&a_file_of(&person)), digest_of(&a_file_of(&person).joined(&actor)));
    assert_ne!(without, with);
    assert!(without.is_string(), "{without}");
}

/// As at an exchange (RFC 8693, section 2.1).
#[test]
fn an_actor_token_that_proves_nothing_to_this_client_is_refused_and_nobody_is_asked() {
    let stack = Stack::shared();
    let (agent, desk, person) = (an_asking_agent(stack), the_desk(stack), somebody_reachable(stack));
    let night = own_token_of(&the_night_agent(stack));
    let of_person = agent.is_approved_by(&person, &a_file_of(&person)).string("access_token");
    let revoked = own_token_of(&the_night_agent(stack));
    the_night_agent(stack).revokes(&revoked);
    let form = for_signing_in_of(&person.user_name);
    let refused = |by: &Agent<'_>, more: &Parameters| {
        by.asks_elsewhere(&form.clone().joined(more)).is_refused(400, "invalid_request");
    };
    // It was not given to this client, and not meant for it.
    refused(&agent, &acted_by(&night));
    // It is meant for it, and of somebody whom no registration lets it name.
    refused(&desk, &acted_by(&own_token_of(&Agent::with_basic(stack, "calling-agent"))));
    for token in [of_person.as_str(), revoked.as_str(), "junk"] {
        refused(&desk, &acted_by(token));
    }
    refused(&desk, &Parameters::of([("actor_token", night.as_str())]));
    refused(&desk, &Parameters::of([("actor_token_type", ACCESS_TOKEN)]));
    let id_token = "urn:ietf:params:oauth:token-type:id_token";
    refused(&desk, &Parameters::of([("actor_token", night.as_str()), ("actor_token_type", id_token)]));
}
