//! What an exchange rests on beside the token that is shown: what it costs to keep, and the rules, policies and registrations by which
//! that token was got before. What is taken away there is worth nothing further down.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::agent::{Agent, Ask, BANK, FILES, an_agent, asks, asks_for_a_file, the_file, the_file_tool};
use crate::exchange::{
    ID_TOKEN, LEDGER, REFRESH_TOKEN, acted_by, an_exchange, an_id_jag, own_token_of, the_bank, the_ledger,
    without_details,
};
use crate::local_stack::configuration_changes::{also, puts_in_force};
use crate::local_stack::exchanges::changes;
use crate::local_stack::limits::{begins_a_minute, narrow};
use crate::person::{granted, somebody, somebody_with};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::Parameters;

const POLICIES: &str = "policies/exchange.cedar";

fn lasting(more: &Parameters) -> Parameters {
    more.clone().and("requested_token_type", REFRESH_TOKEN)
}

fn by_child(child: &str, more: &Parameters) -> Parameters {
    an_exchange(child, BANK).with("subject_token_type", REFRESH_TOKEN).joined(more)
}

/// Six memos of ten kilobytes each: 60 KB are fifteen times 4 KB.
fn long() -> Value {
    json!(vec![json!({ "type": "memo", "text": "long ".repeat(2_000) }); 6])
}

/// Few requests a minute, and a file server that passes on whatever it was sent, to itself.
fn narrow_where_long_details_pass(folder: &Path) {
    narrow(folder);
    let types =
        ("detail_types = [\"statement\", \"entry\"]", "detail_types = [\"statement\", \"entry\", \"memo\"]");
    changes(&folder.join("clients/files-tool.toml"), types.0, types.1);
    let all = "@id(\"all-of-its-own\") permit (principal == Client::\"files-tool\", \
         action in [Action::\"token_exchange\", Action::\"refresh_token_by_exchange\"], \
         resource == Tool::\"https://files.test\");";
    fs::write(folder.join("policies/also.cedar"), all).expect("written");
}

/// The record of a hop holds its details.
#[test]
fn an_exchange_counts_as_much_as_what_is_kept_of_it_is_long() {
    let stack = Stack::start_with("limits-of-recorded-hops", &[], narrow_where_long_details_pass);
    let files = the_file_tool(&stack);
    let person = somebody(&stack);
    let first = granted(&an_agent(&stack), &person, &asks(&long())).access_token;
    let short = granted(&an_agent(&stack), &person, &asks_for_a_file()).access_token;
    begins_a_minute(&stack);
    files.exchanges(&first, FILES).ok();
    let refused = files.exchanges(&first, FILES);
    refused.is_refused(429, "temporarily_unavailable");
    let calls = stack.observer().calls_of(&refused);
    assert!(!calls.keys().any(|call| call.contains(".Sign")), "nothing is signed for it: {calls:?}");
    begins_a_minute(&stack);
    for _ in 0..19 {
        files.exchanges(&short, BANK).ok();
    }
    files.exchanges(&short, BANK).ok();
    files.exchanges(&short, BANK).is_refused(429, "temporarily_unavailable");
}

/// A refresh token by exchange keeps its details, beside the record of the hop; the first of a minute passes whatever its length.
#[test]
fn a_refresh_token_by_exchange_counts_as_much_as_what_it_allows_is_long() {
    let stack = Stack::start_with("limits-of-children", &[], narrow_where_long_details_pass);
    let files = the_file_tool(&stack);
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks(&long())).access_token;
    begins_a_minute(&stack);
    let child = files.exchanges_for(&first, FILES, &lasting(&Parameters::default())).ok();
    files.refreshes(&child.string("access_token")).is_refused(429, "temporarily_unavailable");
    begins_a_minute(&stack);
    files.refreshes(&child.string("access_token")).ok();
}

/// Details that a token only refers to are kept for introspection where no authorization says them.
#[test]
fn a_token_that_refers_to_narrowed_details_counts_as_much_as_they_are_long() {
    let stack = Stack::start_with("limits-of-kept-details", &[], narrow);
    let agent = an_agent(&stack);
    let mut all = long();
    all.as_array_mut().expect("details").push(the_file("Q4-report.pdf", &["read"]));
    let mut newest = granted(&agent, &somebody(&stack), &asks(&all)).refresh_token;
    let narrower = Parameters::of([("resource", FILES), ("authorization_details", &*long().to_string())]);
    begins_a_minute(&stack);
    newest = agent.refreshes_for(&newest, &narrower).ok().string("refresh_token");
    agent.refreshes_for(&newest, &narrower).is_refused(429, "temporarily_unavailable");
    // It was refused before anything was spent.
    begins_a_minute(&stack);
    agent.refreshes_for(&newest, &narrower).ok();
}

/// A refresh token that was got by exchange is exchanged for what it could be renewed for, and for no more.
#[test]
fn a_child_that_is_no_longer_renewed_is_not_exchanged_either() {
    let stack = Stack::start("exchanges-of-what-is-not-renewed", &[]);
    let files = the_file_tool(&stack);
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let child =
        files.exchanges_for(&first, BANK, &lasting(&Parameters::default())).ok().string("access_token");
    let form = by_child(&child, &Parameters::default());
    files.sends("/token", &form).ok();

    also(
        &stack,
        "@id(\"nobody-goes-on\") forbid (principal, action == Action::\"refresh_token_by_exchange\", resource);",
    );
    let refused = files.sends("/token", &form);
    refused.is_refused(400, "invalid_target");
    assert_eq!(stack.observer().audit_of(&refused)[0]["policies"], "files-tool-asks-the-bank nobody-goes-on");
    files.exchanges(&first, BANK).ok();

    // What is asked about is a refresh token, as when it was got.
    also(
        &stack,
        "@id(\"for-minutes-alone\") forbid (principal, action == Action::\"token_exchange\", resource) \
         when { context.requested == \"refresh_token\" };",
    );
    files.sends("/token", &form).is_refused(400, "invalid_target");
    files.exchanges(&first, BANK).ok();
    also(&stack, "");
    let permitted = files.sends("/token", &form).ok();
    let said = stack.observer().audit_of(&permitted)[0]["policies"].clone();
    assert_eq!(said, "files-tool-asks-the-bank files-tool-goes-on");
}

/// Whom an actor token named is named in all that comes of it: policies are asked about that one again.
#[test]
fn a_child_is_exchanged_under_the_name_of_the_actor_that_it_was_got_with() {
    let stack = Stack::start("exchanges-under-a-name", &[]);
    let files = the_file_tool(&stack);
    let night = acted_by(&own_token_of(&Agent::with_basic(&stack, "nightly-agent")));
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let child = files.exchanges_for(&first, BANK, &lasting(&night)).ok().string("access_token");
    let form = by_child(&child, &Parameters::default());
    let grandchild = files.sends("/token", &lasting(&form)).ok().string("access_token");
    for (action, requested) in
        [("token_exchange", "access_token"), ("refresh_token_by_exchange", "refresh_token")]
    {
        also(
            &stack,
            &format!(
                "@id(\"not-the-night-agent\") forbid (principal, action == Action::\"{action}\", resource) \
                 when {{ context.requested == \"{requested}\" && context has actor && \
                 context.actor == Client::\"nightly-agent\" }};"
            ),
        );
        files.sends("/token", &form).is_refused(400, "invalid_target");
        files.exchanges(&first, BANK).ok();
    }
    files.refreshes(&grandchild).is_refused(400, "invalid_grant");
    also(&stack, "");
    files.refreshes(&grandchild).ok();
}

/// An actor does not get rid of the registration that it acts by when what it got is exchanged: a tool that may no longer name it
/// renews nothing that was ever got in its name, and what is made of that is no good either.
#[test]
fn whatever_comes_of_a_child_ends_with_the_right_to_name_its_actor() {
    let stack = Stack::start_with("exchanges-of-who-is-named-no-more", &[], |folder| {
        // A refresh token that is made of another is one client more, and so is the actor.
        changes(&folder.join(POLICIES), "context.depth > 2", "context.depth > 4");
    });
    let (files, bank, ledger) = (the_file_tool(&stack), the_bank(&stack), the_ledger(&stack));
    let night = acted_by(&own_token_of(&Agent::with_basic(&stack, "nightly-agent")));
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let child = files.exchanges_for(&first, BANK, &lasting(&night)).ok().string("access_token");
    let of_child = lasting(&by_child(&child, &Parameters::default()));
    let grandchild = files.sends("/token", &of_child).ok().string("access_token");
    let renewed = files.refreshes(&grandchild).ok();
    let (grandchild, access) = (renewed.string("refresh_token"), renewed.string("access_token"));
    let chain = json!({ "sub": "files-tool", "act": { "sub": "nightly-agent" } });
    assert_eq!(verified(&stack, &access).claims["act"], chain);
    let further = bank.exchanges(&access, LEDGER).ok().string("access_token");
    let without = files.exchanges_for(&first, BANK, &lasting(&Parameters::default())).ok();

    let file = "clients/files-tool.toml";
    let (named, not_named) =
        ("actors = [\"nightly-agent\", \"report-agent\"]", "actors = [\"report-agent\"]");
    puts_in_force(&stack, (file, named, not_named));
    files.finds_inactive(&grandchild);
    files.refreshes(&grandchild).is_refused(400, "invalid_grant");
    files.sends("/token", &by_child(&grandchild, &Parameters::default())).is_refused(400, "invalid_request");
    bank.finds_inactive(&access);
    ledger.finds_inactive(&further);
    bank.exchanges(&access, LEDGER).is_refused(400, "invalid_request");
    files.refreshes(&without.string("access_token")).ok();

    puts_in_force(&stack, (file, not_named, named));
    files.refreshes(&grandchild).ok();
    ledger.finds_active(&further);
}

/// RFC 8693, section 4.1: whoever acted before is known, and not only who has had a token.
#[test]
fn policies_know_every_actor_of_the_chain_whoever_was_given_the_tokens() {
    let stack = Stack::start("exchanges-through-an-actor", &[]);
    let (files, bank) = (the_file_tool(&stack), the_bank(&stack));
    let night = acted_by(&own_token_of(&Agent::with_basic(&stack, "nightly-agent")));
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let with = files.exchanges_for(&first, BANK, &night).ok().string("access_token");
    let without = files.exchanges(&first, BANK).ok().string("access_token");
    let through = |condition: &str| {
        also(
            &stack,
            &format!(
                "@id(\"through\") forbid (principal == Client::\"bank-tool\", action, resource) when {{ {condition} }};"
            ),
        );
        [&with, &without].map(|token| bank.exchanges(token, LEDGER).status)
    };
    // Its way is one longer, too, and longer than the ledger's own policy lets it be.
    puts_in_force(&stack, (POLICIES, "context.depth > 2", "context.depth > 3"));
    assert_eq!(through("context.depth > 3"), [200, 200]);
    assert_eq!(through("context.actors.contains(Client::\"nightly-agent\")"), [400, 200]);
    assert_eq!(through("context.depth > 2"), [400, 200]);
    assert_eq!(through("!context.actors.contains(Client::\"report-agent\")"), [200, 200]);
}

/// The scope alone would look as if it allowed everything: so it is where policies leave no detail, and so it is where registration
/// or the rules of the target do.
#[test]
fn where_no_detail_passes_the_scope_alone_does_not_unless_it_is_asked_for() {
    let stack = Stack::start("exchanges-that-lose-every-detail", &[]);
    let files = the_file_tool(&stack);
    let (agent, person) = (an_agent(&stack), somebody(&stack));
    let first = granted(&agent, &person, &asks_for_a_file()).access_token;
    let written =
        granted(&agent, &person, &asks(&json!([the_file("Q4-report.pdf", &["write"])]))).access_token;
    let scope_alone = |subject: &str| {
        files.exchanges(subject, BANK).is_refused(400, "invalid_target");
        let named = files.exchanges_for(subject, BANK, &Parameters::of([("scope", "bank.statements")]));
        named.is_refused(400, "invalid_target");
        let answer = files.exchanges_for(subject, BANK, &without_details()).ok();
        assert_eq!(answer.json()["scope"], "bank.statements");
        assert!(answer.json().get("authorization_details").is_none(), "{}", answer.text());
    };
    // The rule is about reading.
    scope_alone(&written);
    files.exchanges(&first, BANK).ok();
    let client = "clients/files-tool.toml";
    let (has, has_not) = ("detail_types = [\"statement\", \"entry\"]", "detail_types = [\"entry\"]");
    puts_in_force(&stack, (client, has, has_not));
    scope_alone(&first);
    puts_in_force(&stack, (client, has_not, has));
    files.exchanges(&first, BANK).ok();
}

/// What the rules make of a subject's scope is another bound than what the client is registered for: neither makes up for the other.
#[test]
fn a_scope_that_its_client_is_not_registered_for_does_not_pass() {
    let stack = Stack::start("exchanges-beyond-the-registration", &[]);
    let files = the_file_tool(&stack);
    let first = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let naming = Parameters::of([("scope", "bank.statements")]);
    let client = "clients/files-tool.toml";
    let (has, has_not) = ("\"openid\", \"bank.statements\", ", "\"openid\", ");
    puts_in_force(&stack, (client, has, has_not));
    let named = files.exchanges_for(&first, BANK, &naming);
    named.is_refused(400, "invalid_scope");
    let events = stack.observer().audit_of(&named);
    assert_eq!(events[0]["reason"], "scope-widened", "{events:?}");
    let unnamed = files.exchanges(&first, BANK).ok();
    assert_eq!(unnamed.json()["scope"], "");
    assert_eq!(unnamed.json()["authorization_details"][0]["type"], "statement");
    let claims = verified(&stack, &unnamed.string("access_token")).claims;
    assert!(claims["scope"].as_str().unwrap_or_default().is_empty(), "{claims}");

    puts_in_force(&stack, (client, has_not, has));
    let named = files.exchanges_for(&first, BANK, &naming).ok();
    assert_eq!(named.json()["scope"], "bank.statements");
}

/// OpenID Connect Core, section 5.4: an address that the person lets a client know is told to another server where the operator says
/// so, and while the client itself may know it.
#[test]
fn an_id_jag_says_no_address_that_its_client_or_the_other_server_is_not_to_know() {
    let stack = Stack::start("addresses-elsewhere", &[]);
    let agent = Agent::with_basic(&stack, "delegating-agent");
    let person = somebody_with(&stack, &["--email", "alice@mills.test"]);
    let ask = Ask::new("openid email files.read offline_access").with("resource", FILES);
    let id_token = granted(&agent, &person, &ask).answer.string("id_token");
    let says = || {
        let id_jag = agent.sends("/token", &an_id_jag(&id_token, ID_TOKEN)).ok().string("access_token");
        verified(&stack, &id_jag).claims["email"].clone()
    };
    assert_eq!(says(), "alice@mills.test");
    for (file, may, may_not) in [
        ("server.toml", "email = true", "email = false"),
        ("clients/delegating-agent.toml", "\"openid\", \"email\", ", "\"openid\", "),
    ] {
        puts_in_force(&stack, (file, may, may_not));
        assert_eq!(says(), Value::Null, "{may_not}");
        puts_in_force(&stack, (file, may_not, may));
        assert_eq!(says(), "alice@mills.test", "{may}");
    }
}
