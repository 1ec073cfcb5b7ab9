//! The demo's clients, tools and people, under policies of the test's own.

use std::path::Path;

use oauth::configuration::{Documents, OpenTo, PolicyText, Registration};
use serde_json::json;

use super::*;
use crate::{CheckedFolder, IssuerChoice, check_folder};

const NOW: Timestamp = Timestamp::from_seconds(1_795_608_000);

/// The demo, with these policies and no others. Strangers may come.
fn demo(policies: &str) -> CheckedFolder {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../config/demo"));
    let mut demo = check_folder(folder, &IssuerChoice::exactly("http://localhost:8690")).expect("the demo");
    demo.snapshot.policies = vec![PolicyText { file: "test.cedar".to_owned(), text: policies.to_owned() }];
    let named = ["nightly-agent"].map(|id| ClientId::parse(id).expect("an id"));
    for client in &mut demo.snapshot.clients {
        client.actors = BTreeSet::from(named.clone());
    }
    let server = &mut demo.snapshot.server;
    server.documents =
        Some(Documents { hosts: vec!["agents.example".to_owned()], open_to: OpenTo::default() });
    server.registration = Some(Registration {
        initial_access_token: None,
        unused: Duration::from_hours(1),
        per_minute: 10,
        open_to: OpenTo::default(),
    });
    demo
}

/// Decides a request under policies: the policies that permit all of it, or why there is no yes.
fn decided(policies: &str, request: &Value) -> Result<Vec<String>, String> {
    let CheckedFolder { snapshot, people } = demo(policies);
    let request: PolicyRequest = serde_json::from_value(request.clone()).expect("a request");
    let answer = request.decide(&snapshot, &people, NOW)?;
    if answer.refused.is_empty() {
        Ok(answer.by().into_iter().map(str::to_owned).collect())
    } else {
        Err("denied".to_owned())
    }
}

/// A policy that permits whatever meets this.
fn permits(condition: &str) -> String {
    format!("@id(\"meets-it\") permit (principal, action, resource) when {{ {condition} }};")
}

fn an_exchange() -> Value {
    json!({
        "client": "reports-tool", "person": "alice", "action": "token_exchange", "tool": "customers",
        "scopes": ["customers.read"],
    })
}

fn with(mut request: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().expect("members") {
        request[name] = value.clone();
    }
    request
}

#[test]
fn every_circumstance_that_a_policy_looks_at_can_be_said() {
    for (condition, said, otherwise) in [
        ("context.requested == \"saml2\"", json!({"requested": "saml2"}), json!({})),
        (
            "context has origin && context.origin == \"https://idp.test\"",
            json!({"origin": "https://idp.test"}),
            json!({"origin": "https://other.test"}),
        ),
        ("context has acr && context.acr == \"phr\"", json!({"acr": "phr"}), json!({"acr": "pwd"})),
        (
            "context.amr.containsAll([\"hwk\", \"user\"])",
            json!({"amr": ["user", "hwk"]}),
            json!({"amr": ["pwd", "user"]}),
        ),
        (
            "context has auth_age && context.auth_age <= 300",
            json!({"auth_age": "5 min"}),
            json!({"auth_age": "301 s"}),
        ),
        ("!(context has auth_age)", json!({}), json!({"auth_age": "1 s"})),
        (
            "context.depth == 2 && context.actors.contains(Client::\"chain-agent\")",
            json!({"actors": ["customers-tool", "chain-agent"]}),
            json!({"actors": ["customers-tool"]}),
        ),
        (
            "context has actor && context.actor == Client::\"nightly-agent\"",
            json!({"actor": "nightly-agent"}),
            json!({}),
        ),
        (
            "context.now < datetime(\"2026-11-26T12:00:00Z\")",
            json!({"now": "2026-11-26T11:59:59Z"}),
            json!({"now": "2026-11-26T12:00:00Z"}),
        ),
        (
            "principal has person && principal.person.hasTag(\"site\") && principal.person.getTag(\"site\") == \"Berlin\"",
            json!({"attributes": {"site": "Berlin"}}),
            json!({}),
        ),
        ("principal has person", json!({}), json!({"person": null})),
    ] {
        let policies = permits(condition);
        let decided = |changes: &Value| decided(&policies, &with(an_exchange(), changes));
        assert_eq!(decided(&said), Ok(vec!["meets-it".to_owned()]), "{condition}");
        assert_eq!(decided(&otherwise), Err("denied".to_owned()), "{condition}");
    }
}

/// What is issued is what the server would say of it: a renewal is one of a refresh token from its first moment on.
#[test]
fn a_refresh_token_by_exchange_is_asked_about_as_a_refresh_token() {
    let renewed = with(an_exchange(), &json!({"action": "refresh_token_by_exchange"}));
    assert!(decided(&permits("context.requested == \"refresh_token\""), &renewed).is_ok());
    assert!(decided(&permits("context.requested == \"access_token\""), &an_exchange()).is_ok());
    let otherwise = with(renewed, &json!({"requested": "access_token"}));
    let wrong = decided(&permits("true"), &otherwise).expect_err("refused");
    assert!(wrong.contains("never about \"access_token\""), "{wrong}");
}

#[test]
fn who_grants_something_has_signed_in_just_now_where_nothing_else_is_said() {
    let grant = json!({
        "client": "finance-agent", "person": "alice", "action": "grant", "tool": "files", "scopes": ["files.read"],
    });
    let recently = permits("context has auth_age && context.auth_age < 60");
    assert!(decided(&recently, &grant).is_ok());
    let long_ago = with(grant, &json!({"auth_age": "1 h"}));
    assert_eq!(decided(&recently, &long_ago), Err("denied".to_owned()));
}

#[test]
fn what_the_server_never_says_is_not_decided() {
    let asks = json!({"client": "finance-agent", "action": "ask", "tool": "files", "scopes": ["files.read"]});
    let grants = with(asks.clone(), &json!({"action": "grant", "person": "alice"}));
    let alone = with(asks.clone(), &json!({"client": "nightly-agent", "action": "client_credentials"}));
    let by_nobody = with(asks.clone(), &json!({"action": "grant"}));
    let anything = permits("true");
    for (request, said, told) in [
        (&asks, json!({"person": "alice"}), "\"person\""),
        (&asks, json!({"amr": ["pwd"]}), "\"amr\""),
        (&asks, json!({"auth_age": "1 min"}), "\"auth_age\""),
        (&asks, json!({"requested": "id_token"}), "never about \"id_token\""),
        (&alone, json!({"person": "alice"}), "\"person\""),
        (&alone, json!({"actors": ["reports-tool"]}), "\"actors\""),
        (&asks, json!({"acr": "phr"}), "\"acr\""),
        (&grants, json!({"origin": "https://idp.test"}), "\"origin\""),
        (&grants, json!({"actors": ["reports-tool"]}), "\"actors\""),
        (&by_nobody, json!({}), "which person"),
        (&alone, json!({"actor": "nightly-agent"}), "\"actor\""),
        (&an_exchange(), json!({"action": "impersonate", "actor": "nightly-agent"}), "\"actor\""),
        (&an_exchange(), json!({"actor": "finance-agent"}), "none of the \"actors\""),
        (&an_exchange(), json!({"actor": "reports-tool"}), "none of the \"actors\""),
        (&an_exchange(), json!({"actor": "nobody"}), "none of the \"actors\""),
        (
            &with(asks.clone(), &json!({"client": "nightly-agent"})),
            json!({"actor": "nightly-agent"}),
            "none of",
        ),
        (
            &with(asks.clone(), &json!({"client": "chain-agent"})),
            json!({"actor": "nightly-agent"}),
            "no backchannel",
        ),
    ] {
        let wrong = decided(&anything, &with(request.clone(), &said)).expect_err("refused");
        assert!(wrong.contains(told), "{said}: {wrong}");
    }
    for request in [asks, grants, alone] {
        assert!(decided(&anything, &request).is_ok(), "{request}");
    }
    let wrong = decided(&anything, &with(an_exchange(), &json!({"actors": ["reports-tol"]})));
    assert_eq!(wrong, Err("there is no client \"reports-tol\"".to_owned()));
}

/// The server asks about a scope and a detail where they belong, and about a kind of token where that is given out: an answer to
/// anything else would be about nothing.
#[test]
fn what_does_not_fit_its_target_is_not_decided() {
    let mut demo = demo(&permits("true"));
    demo.snapshot.server.id_jag_targets = vec![IdJagTarget {
        audience: "https://auth.chat.test".to_owned(),
        resource: oauth::ResourceUri::parse("https://mcp.chat.test").expect("a resource"),
        scopes: Scope::parse("chat.read").expect("a scope"),
        clients: BTreeMap::new(),
        email: false,
        lifetime: Duration::from_mins(5),
    }];
    let decided = |request: &Value| {
        let request: PolicyRequest = serde_json::from_value(request.clone()).expect("a request");
        request.decide(&demo.snapshot, &demo.people, NOW).map(|answer| answer.refused.is_empty())
    };
    let report = json!({"type": "customer_report", "customer": "C-1042", "quarters": ["2026-Q3"]});
    let record = json!({"type": "customer_record", "customer": "C-1042", "datatypes": ["name"]});
    let asks = json!({"client": "finance-agent", "action": "ask", "tool": "files", "scopes": ["files.read"]});
    let who = json!({"tool": "issuer", "requested": "id_token", "scopes": ["openid"]});
    let chat = json!({"tool": "https://mcp.chat.test", "requested": "id-jag", "scopes": ["chat.read"]});
    for (request, changes, told) in [
        (asks.clone(), json!({"scopes": ["openid"]}), "never about the scope \"openid\""),
        (asks.clone(), json!({"scopes": ["reports.read"]}), "never about the scope \"reports.read\""),
        (asks.clone(), json!({"tool": "issuer"}), "never about the scope \"files.read\""),
        (asks.clone(), json!({"details": [report]}), "never about details[0]"),
        (asks.clone(), json!({"tool": "https://mcp.chat.test"}), "nothing but an \"id-jag\""),
        (an_exchange(), json!({"details": [record, report]}), "never about details[1]"),
        (an_exchange(), json!({"scopes": []}), "for nothing"),
        (an_exchange(), json!({"requested": "id_token"}), "never about the scope \"customers.read\""),
        (an_exchange(), json!({"requested": "id-jag"}), "no \"id-jag\" is for \"customers\""),
        (an_exchange(), json!({"tool": "issuer", "scopes": ["openid"]}), "nothing but an \"id_token\""),
        (an_exchange(), with(who.clone(), &json!({"scopes": ["email"]})), "never about the scope \"email\""),
        (
            an_exchange(),
            with(who.clone(), &json!({"tool": "files", "details": [record]})),
            "never about details[0]",
        ),
        (an_exchange(), with(who.clone(), &json!({"tool": "payments"})), "no client is this tool"),
        (an_exchange(), with(chat.clone(), &json!({"scopes": ["chat.write"]})), "never about the scope"),
        (an_exchange(), with(chat.clone(), &json!({"details": [record]})), "never about details[0]"),
        (an_exchange(), with(chat.clone(), &json!({"tool": "issuer"})), "no \"id-jag\" is for \"issuer\""),
        (
            with(
                an_exchange(),
                &json!({"client": "nightly-agent", "action": "client_credentials", "person": null}),
            ),
            json!({"tool": "issuer", "scopes": ["openid"]}),
            "never about the scope \"openid\"",
        ),
    ] {
        let wrong = decided(&with(request, &changes)).expect_err(told);
        assert!(wrong.contains(told), "{changes}: {wrong}");
    }
    for (request, changes) in [
        (asks.clone(), json!({})),
        (asks, json!({"tool": "issuer", "scopes": ["openid", "offline_access"]})),
        (an_exchange(), json!({"details": [record]})),
        (an_exchange(), who.clone()),
        (an_exchange(), with(who, &json!({"tool": "customers"}))),
        (an_exchange(), chat),
    ] {
        assert_eq!(decided(&with(request, &changes)), Ok(true), "{changes}");
    }
}

#[test]
fn a_policy_that_names_a_person_is_decided_by_their_sub_and_nobody_is_made_up() {
    let [she, other] = ["A", "B"].map(|letter| format!("person-{}", letter.repeat(22)));
    let hers = permits(&format!("principal has person && principal.person == Person::\"{she}\""));
    let decided = |changes: &Value| decided(&hers, &with(an_exchange(), changes));
    assert!(decided(&json!({"subject": she})).is_ok());
    assert_eq!(decided(&json!({"subject": other})), Err("denied".to_owned()));
    let unknown = decided(&json!({})).expect_err("not decided");
    assert!(unknown.contains("the subject"), "{unknown}");
    let by_name = decided(&json!({"subject": "alice"})).expect_err("not decided");
    assert!(by_name.contains("not a person's sub"), "{by_name}");
    assert_eq!(decided(&json!({"person": null})), Err("denied".to_owned()));
    let of_nobody = decided(&json!({"person": null, "subject": she})).expect_err("not decided");
    assert!(of_nobody.contains("need a person"), "{of_nobody}");
}

/// RFC 7591, section 5: whoever registers says what they like of themselves, so it is its id that says who vouches for a client.
#[test]
fn a_client_that_nobody_registers_is_known_by_its_id() {
    let asks =
        |client: &str| json!({"client": client, "action": "ask", "tool": "files", "scopes": ["files.read"]});
    let (document, registered) = ("https://agents.example/client.json", "registered-AAAAAAAAAAAAAAAAAAAAAA");
    for (client, origin) in
        [(document, "document"), (registered, "registered"), ("finance-agent", "configured")]
    {
        for kind in ["document", "registered", "configured"] {
            let decided = decided(&permits(&format!("principal.origin == \"{kind}\"")), &asks(client));
            assert_eq!(decided.is_ok(), kind == origin, "{client} as {kind}: {decided:?}");
        }
    }
    assert_eq!(decided(&permits("principal.confidential"), &asks(document)), Err("denied".to_owned()));
    for nobody in ["https://elsewhere.example/client.json", "https://agents.example", "finance-agnet"] {
        let wrong = decided(&permits("true"), &asks(nobody));
        assert_eq!(wrong, Err(format!("there is no client {nobody:?}")));
    }
    // In a chain it may stand too.
    let through = with(an_exchange(), &json!({"actors": [document]}));
    let policies = permits(&format!("context.actors.contains(Client::\"{document}\")"));
    assert!(decided(&policies, &through).is_ok());
}

#[test]
fn a_tool_is_named_by_its_id_or_by_what_policies_call_it() {
    let by_resource = with(an_exchange(), &json!({"tool": "http://localhost:8702/mcp"}));
    let at_customers = permits("resource == Tool::\"http://localhost:8702/mcp\"");
    for request in [an_exchange(), by_resource] {
        assert!(decided(&at_customers, &request).is_ok(), "{request}");
    }
    let nowhere = with(an_exchange(), &json!({"tool": "https://nowhere.test"}));
    assert_eq!(decided(&at_customers, &nowhere), Err("there is no tool \"https://nowhere.test\"".to_owned()));
}
