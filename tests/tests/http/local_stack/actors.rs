//! What becomes of what was got in the name of an actor when the operator switches that one off, takes it out of the configuration, or
//! takes from a tool the right to name it (`actor_token`, RFC 8693, section 2.1).

use std::fs;

use serde_json::json;

use crate::agent::{Agent, BANK, FILES, an_agent, asks_for_a_file, the_file, the_file_tool};
use crate::asking::{Answering, for_approval_of, rings, somebody_reachable, the_person_answers};
use crate::exchange::{ID_TOKEN, REFRESH_TOKEN, acted_by, an_exchange, an_id_jag, own_token_of, the_bank};
use crate::local_stack::configuration_changes::puts_in_force;
use crate::local_stack::exchanges::changes;
use crate::person::{Person, granted, somebody};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::{Answer, Parameters};

const DESK: &str = "clients/desk-tool.toml";
const FILE_TOOL: &str = "clients/files-tool.toml";

/// A stack whose front desk may also exchange what it was given, and tell another server who somebody is.
fn with_a_desk_that_exchanges(name: &str) -> Stack {
    Stack::start_with(name, &[], |folder| {
        changes(&folder.join(DESK), "\"ciba\"", "\"token_exchange\", \"ciba\"");
        let (others, all) = ("{ delegating-agent =", "{ desk-tool = \"desk-at-chat\", delegating-agent =");
        changes(&folder.join("server.toml"), others, all);
        let exchanges = "@id(\"desk-tool-exchanges\")\n\
             permit (principal == Client::\"desk-tool\", action == Action::\"token_exchange\", resource);";
        fs::write(folder.join("policies/desk.cedar"), exchanges).expect("written");
    })
}

/// What the front desk has of a person who approved that somebody else, or nobody else, acts.
fn approved<'s>(stack: &'s Stack, actor: &Parameters) -> (Agent<'s>, Answer) {
    let (desk, person) = (Agent::with_basic(stack, "desk-tool"), somebody_reachable(stack));
    let form = for_approval_of(&person.user_name, &json!([the_file("Q4-report.pdf", &["read"])]))
        .with("scope", "openid files.read files.access offline_access")
        .joined(actor);
    let auth_req_id = desk.waits_for_approval(&form);
    the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
    let answer = desk.comes_for(&auth_req_id, actor).ok();
    (desk, answer)
}

fn by_id_token(id_token: &str) -> Parameters {
    an_exchange(id_token, FILES).with("subject_token_type", ID_TOKEN)
}

fn by_refresh_token(refresh_token: &str) -> Parameters {
    an_exchange(refresh_token, FILES).with("subject_token_type", REFRESH_TOKEN)
}

/// At once, whatever the token says, and for good: an operator who switches somebody on again revives nothing.
#[test]
fn an_actor_who_is_switched_off_acts_no_more() {
    let stack = with_a_desk_that_exchanges("actors-switched-off");
    let night = own_token_of(&Agent::with_basic(&stack, "nightly-agent"));
    let (desk, answer) = approved(&stack, &acted_by(&night));
    let files = the_file_tool(&stack);
    let [access, refresh, id_token] =
        ["access_token", "refresh_token", "id_token"].map(|name| answer.string(name));
    // An ID token says who acts, as an access token does.
    assert_eq!(verified(&stack, &id_token).claims["act"], json!({ "sub": "nightly-agent" }));
    assert_eq!(files.finds_active(&access)["act"], json!({ "sub": "nightly-agent" }));
    let exchanged = desk.sends("/token", &by_id_token(&id_token)).ok().string("access_token");
    let chain = json!({ "sub": "desk-tool", "act": { "sub": "nightly-agent" } });
    assert_eq!(verified(&stack, &exchanged).claims["act"], chain);
    desk.sends("/token", &by_refresh_token(&refresh)).ok();
    let further = files.exchanges(&access, BANK).ok().string("access_token");
    desk.finds_active(&refresh);

    for moment in ["disable", "enable"] {
        stack.operator().does(&["client", moment, "nightly-agent"]);
        // Nobody has been told: whatever asks the table knows.
        files.finds_inactive(&access);
        files.finds_inactive(&exchanged);
        the_bank(&stack).finds_inactive(&further);
        desk.finds_inactive(&refresh);
        files.exchanges(&access, BANK).is_refused(400, "invalid_request");
        desk.sends("/token", &by_id_token(&id_token)).is_refused(400, "invalid_request");
        desk.sends("/token", &by_refresh_token(&refresh)).is_refused(400, "invalid_request");
        stack.takes_notice();
        desk.refreshes(&refresh).is_refused(400, "invalid_grant");
    }
}

#[test]
fn userinfo_tells_an_actor_who_was_switched_off_nothing() {
    let stack = Stack::start_with("actors-at-userinfo", &[], |folder| {
        changes(&folder.join(DESK), "default_tool = \"files\"\n", "");
    });
    let night = own_token_of(&Agent::with_basic(&stack, "nightly-agent"));
    let (desk, person) = (Agent::with_basic(&stack, "desk-tool"), somebody_reachable(&stack));
    let form = Parameters::of([("scope", "openid"), ("login_hint", &*person.user_name)]);
    let auth_req_id = desk.waits_for_approval(&form.joined(&acted_by(&night)));
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    let token = desk.comes_for(&auth_req_id, &acted_by(&night)).ok().string("access_token");
    stack.userinfo(&token).ok();
    stack.operator().does(&["client", "disable", "nightly-agent"]);
    assert_eq!(stack.userinfo(&token).status, 401);
}

/// What a tool got by exchange in somebody's name ends with that one, and is renewed as long as the tool may name them.
#[test]
fn what_was_exchanged_in_an_actor_s_name_ends_with_that_actor() {
    let stack = Stack::start("actors-of-exchanges", &[]);
    let (files, bank) = (the_file_tool(&stack), the_bank(&stack));
    let night = own_token_of(&Agent::with_basic(&stack, "nightly-agent"));
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let access = files.exchanges_for(&first, BANK, &acted_by(&night)).ok().string("access_token");
    let lasting = acted_by(&night).and("requested_token_type", REFRESH_TOKEN);
    let child = files.exchanges_for(&first, BANK, &lasting).ok().string("access_token");
    assert_eq!(files.finds_active(&child)["act"], json!({ "sub": "nightly-agent" }));

    let (named, not_named) =
        ("actors = [\"nightly-agent\", \"report-agent\"]", "actors = [\"report-agent\"]");
    puts_in_force(&stack, (FILE_TOOL, named, not_named));
    files.finds_inactive(&child);
    files.refreshes(&child).is_refused(400, "invalid_grant");
    files.exchanges_for(&first, BANK, &acted_by(&night)).is_refused(400, "invalid_request");
    puts_in_force(&stack, (FILE_TOOL, not_named, named));
    let renewed = files.refreshes(&child).ok();
    let newest = renewed.string("refresh_token");
    assert_eq!(bank.finds_active(&renewed.string("access_token"))["act"], json!({ "sub": "nightly-agent" }));

    for moment in ["disable", "enable"] {
        stack.operator().does(&["client", moment, "nightly-agent"]);
        bank.finds_inactive(&access);
        bank.finds_inactive(&renewed.string("access_token"));
        files.finds_inactive(&newest);
        files.refreshes(&newest).is_refused(400, "invalid_grant");
    }
    // What it got in its own name is as good as before.
    files.exchanges(&first, BANK).ok();
}

#[test]
fn an_actor_who_is_in_the_configuration_no_more_acts_no_more() {
    let stack = with_a_desk_that_exchanges("actors-taken-out");
    let night = own_token_of(&Agent::with_basic(&stack, "nightly-agent"));
    let (desk, answer) = approved(&stack, &acted_by(&night));
    fs::remove_file(stack.configuration.join("clients/nightly-agent.toml")).expect("it was there");
    changes(&stack.configuration.join(FILE_TOOL), "\"nightly-agent\", ", "");
    puts_in_force(&stack, (DESK, "actors = [\"nightly-agent\"]\n", ""));
    desk.sends("/token", &by_id_token(&answer.string("id_token"))).is_refused(400, "invalid_request");
    let by_refresh = by_refresh_token(&answer.string("refresh_token"));
    desk.sends("/token", &by_refresh).is_refused(400, "invalid_request");
    the_file_tool(&stack).finds_inactive(&answer.string("access_token"));
    desk.finds_inactive(&answer.string("refresh_token"));
    desk.refreshes(&answer.string("refresh_token")).is_refused(400, "invalid_grant");
}

/// RFC 8693, section 2.1: what a person approved for an actor stands as long as the client may name that one, as what was exchanged does.
#[test]
fn what_was_approved_for_an_actor_ends_with_the_client_s_right_to_name_it() {
    let stack = with_a_desk_that_exchanges("actors-named-no-more");
    let night = own_token_of(&Agent::with_basic(&stack, "nightly-agent"));
    let (desk, answer) = approved(&stack, &acted_by(&night));
    let (_, alone) = approved(&stack, &Parameters::default());
    let (files, bank) = (the_file_tool(&stack), the_bank(&stack));
    let [access, refresh, id_token] =
        ["access_token", "refresh_token", "id_token"].map(|name| answer.string(name));
    let further = files.exchanges(&access, BANK).ok().string("access_token");
    let exchanged = desk.sends("/token", &by_id_token(&id_token)).ok().string("access_token");
    desk.sends("/token", &by_refresh_token(&refresh)).ok();

    let (named, not_named) = ("actors = [\"nightly-agent\"]", "actors = []");
    puts_in_force(&stack, (DESK, named, not_named));
    files.finds_inactive(&access);
    files.finds_inactive(&exchanged);
    bank.finds_inactive(&further);
    desk.finds_inactive(&refresh);
    desk.refreshes(&refresh).is_refused(400, "invalid_grant");
    desk.sends("/token", &by_id_token(&id_token)).is_refused(400, "invalid_request");
    desk.sends("/token", &by_refresh_token(&refresh)).is_refused(400, "invalid_request");
    files.exchanges(&access, BANK).is_refused(400, "invalid_request");
    desk.refreshes(&alone.string("refresh_token")).ok();

    puts_in_force(&stack, (DESK, not_named, named));
    files.finds_active(&access);
    desk.refreshes(&refresh).ok();
}

/// The token that proved an actor was good for its moment. One that is stale proves nobody, and what it proved before is the tool's.
#[test]
fn an_actor_token_from_before_everything_of_its_client_was_ended_proves_nobody() {
    let stack = Stack::start("actors-with-stale-tokens", &[]);
    let nightly = Agent::with_basic(&stack, "nightly-agent");
    let (revoked, stale) = (own_token_of(&nightly), own_token_of(&nightly));
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let files = the_file_tool(&stack);
    let exchanges = |actor: &str| files.exchanges_for(&first, BANK, &acted_by(actor));
    let before = exchanges(&revoked).ok().string("access_token");
    nightly.revokes(&revoked);
    exchanges(&revoked).is_refused(400, "invalid_request");
    the_bank(&stack).finds_active(&before);
    exchanges(&stale).ok();
    for moment in ["disable", "enable"] {
        stack.operator().does(&["client", moment, "nightly-agent"]);
        exchanges(&stale).is_refused(400, "invalid_request");
    }
    stack.takes_notice();
    stack.time_passes(2);
    exchanges(&own_token_of(&nightly)).ok();
}

/// draft-ietf-oauth-identity-assertion-authz-grant, section 3.1, has no claim for who acts: it would say that the client comes alone.
#[test]
fn no_id_jag_is_about_a_person_for_whom_somebody_else_acts() {
    let stack = with_a_desk_that_exchanges("actors-and-id-jags");
    let night = own_token_of(&Agent::with_basic(&stack, "nightly-agent"));
    let (desk, acted) = approved(&stack, &acted_by(&night));
    let (_, alone) = approved(&stack, &Parameters::default());
    for (name, token_type) in [("id_token", ID_TOKEN), ("refresh_token", REFRESH_TOKEN)] {
        let refused = desk.sends("/token", &an_id_jag(&acted.string(name), token_type));
        refused.is_refused(400, "invalid_request");
        assert_eq!(stack.observer().audit_of(&refused)[0]["why"], "somebody else acts", "{name}");
        desk.sends("/token", &an_id_jag(&alone.string(name), token_type)).ok();
    }
}

/// OpenID Connect Core, section 3.1.2.1: who somebody is, is told to whom may ask for it.
#[test]
fn no_id_jag_is_given_to_a_client_that_may_no_longer_know_who_somebody_is() {
    let stack = Stack::start("actors-without-openid", &[]);
    let agent = Agent::with_basic(&stack, "delegating-agent");
    let id_token = granted(&agent, &somebody(&stack), &asks_for_a_file()).answer.string("id_token");
    agent.sends("/token", &an_id_jag(&id_token, ID_TOKEN)).ok();
    puts_in_force(&stack, ("clients/delegating-agent.toml", "\"openid\", ", ""));
    agent.sends("/token", &an_id_jag(&id_token, ID_TOKEN)).is_refused(400, "invalid_request");
}

/// A stack with a second front desk, which may name the same agent.
fn with_two_desks(name: &str) -> Stack {
    Stack::start_with(name, &[], |folder| {
        let desk = fs::read_to_string(folder.join(DESK)).expect("a file of the configuration");
        let second = desk.replace("\"desk-tool\"", "\"second-desk\"");
        fs::write(folder.join("clients/second-desk.toml"), second).expect("written");
    })
}

/// Nor is the second desk told why: it would learn that there is such a person, and what others asked of them.
#[test]
fn an_agent_rings_through_two_clients_no_oftener_than_through_one() {
    let stack = with_two_desks("an-agent-at-two-desks");
    let acted = acted_by(&own_token_of(&Agent::with_basic(&stack, "nightly-agent")));
    let [first, second] = ["desk-tool", "second-desk"].map(|desk| Agent::with_basic(&stack, desk));
    let (patient, declining) = (somebody_reachable(&stack), somebody_reachable(&stack));
    let form =
        |person: &Person| for_approval_of(&person.user_name, &json!([the_file("Q4-report.pdf", &["read"])]));
    // Two of one party wait at a person at most.
    for _ in 0..2 {
        assert!(rings(&stack, &first.waits_for_approval(&form(&patient).joined(&acted))));
    }
    assert!(!rings(&stack, &second.waits_for_approval(&form(&patient).joined(&acted))));
    assert!(rings(&stack, &second.waits_for_approval(&form(&patient))), "the desk itself may ask");
    // Whoever is declined waits, whichever way it comes.
    let declined = first.waits_for_approval(&form(&declining).joined(&acted));
    the_person_answers(&stack, &declining, &declined, &Answering::No);
    assert!(!rings(&stack, &second.waits_for_approval(&form(&declining).joined(&acted))));
    assert!(rings(&stack, &second.waits_for_approval(&form(&declining))), "the desk itself may ask");
}
