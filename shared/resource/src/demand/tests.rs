use serde_json::json;

use super::*;
use crate::stage::{NOW, accepted};

fn met(demand: &Demand, changes: &Value) -> Result<(), Refusal> {
    demand.met_by(&accepted(changes), Timestamp::from_seconds(NOW))
}

fn reads(file: &str) -> WantedDetail {
    WantedDetail::of_type("file_access").action("read").identifier(file)
}

#[test]
fn an_empty_demand_takes_every_good_token() {
    assert_eq!(met(&Demand::new(), &json!({"scope": null})), Ok(()));
}

#[test]
fn every_scope_is_needed_and_told() {
    let demand = Demand::new().scope("files.access").scope("files.read");
    let needed = Scope::parse("files.access files.read").expect("a scope");
    for scope in ["", "files.access", "files.accessible files.read", "FILES.ACCESS files.read"] {
        let refusal = met(&demand, &json!({"scope": scope}));
        assert_eq!(refusal, Err(Refusal::InsufficientScope { needed: needed.clone() }), "{scope}");
    }
    assert_eq!(met(&demand, &json!({"scope": "files.read files.access openid"})), Ok(()));
}

#[test]
fn every_detail_is_needed_and_only_what_is_missing_is_told() {
    let demand = Demand::new().detail(reads("Q4")).detail(reads("Q3"));
    let q4 = json!({"type": "file_access", "actions": ["read"], "identifier": "Q4"});
    let missing = vec![json!({"type": "file_access", "actions": ["read"], "identifier": "Q3"})];
    let refusal = met(&demand, &json!({"authorization_details": [q4]}));
    assert_eq!(refusal, Err(Refusal::InsufficientDetails { missing: missing.clone() }));
    assert_eq!(met(&demand, &json!({"authorization_details": [q4, missing[0]]})), Ok(()));
    assert!(met(&demand, &json!({})).is_err(), "the scope alone opens nothing");
}

/// RFC 8693, section 4.1.
#[test]
fn the_current_actor_is_the_outermost() {
    let chain = json!({"act": {"sub": "tool-b", "act": {"sub": "tool-a", "act": {"sub": "agent"}}}});
    assert_eq!(met(&Demand::new().actor("tool-b"), &chain), Ok(()));
    assert_eq!(met(&Demand::new().actor("tool-a"), &chain), Err(Refusal::OtherActor));
    assert_eq!(met(&Demand::new().through("agent").through("tool-a"), &chain), Ok(()));
    assert_eq!(met(&Demand::new().through("tool-c"), &chain), Err(Refusal::OtherActor));
    assert_eq!(met(&Demand::new().actor("tool-b"), &json!({})), Err(Refusal::OtherActor));
    assert_eq!(met(&Demand::new().through("tool-b"), &json!({})), Err(Refusal::OtherActor));
}

#[test]
fn an_actor_of_another_issuer_is_somebody_else() {
    let foreign = json!({"act": {"sub": "tool-b", "iss": "https://elsewhere.example.com"}});
    assert_eq!(met(&Demand::new().actor("tool-b"), &foreign), Err(Refusal::OtherActor));
    assert_eq!(met(&Demand::new().through("tool-b"), &foreign), Err(Refusal::OtherActor));
    let own = json!({"act": {"sub": "tool-b", "iss": "https://auth.example.com"}});
    assert_eq!(met(&Demand::new().actor("tool-b"), &own), Ok(()));
}

/// A chain that somebody else made can name anybody. Only who says that they are ours again counts behind it.
#[test]
fn a_name_behind_another_issuer_s_actor_is_theirs_unless_it_says_otherwise() {
    let foreign = |behind: Value| {
        json!({"act": {"sub": "tool-c", "act": {
            "sub": "gateway", "iss": "https://elsewhere.example.com", "act": behind,
        }}})
    };
    let through = |name: &str, behind: Value| met(&Demand::new().through(name), &foreign(behind));
    let unsaid = json!({"sub": "agent", "act": {"sub": "tool-a"}});
    for name in ["gateway", "agent", "tool-a"] {
        assert_eq!(through(name, unsaid.clone()), Err(Refusal::OtherActor), "{name}");
    }
    assert_eq!(through("tool-c", unsaid), Ok(()));
    let ours = json!({"sub": "agent", "iss": "https://auth.example.com", "act": {"sub": "tool-a"}});
    assert_eq!(through("agent", ours.clone()), Ok(()));
    assert_eq!(through("tool-a", ours), Ok(()));
}

#[test]
fn what_nobody_may_do_no_token_opens() {
    let everything =
        json!({"scope": "files.access files.read", "act": {"sub": "tool-b"}, "acr": "phr", "auth_time": NOW});
    assert_eq!(met(&Demand::of_nobody(), &everything), Err(Refusal::NobodyMay));
    assert_eq!(met(&Demand::of_nobody().scope("files.access"), &everything), Err(Refusal::NobodyMay));
}

#[test]
fn where_an_approval_is_demanded_the_token_names_one() {
    let demand = Demand::new().approval();
    assert_eq!(met(&demand, &json!({"approval": "AAAAAAAAAAAAAAAAAAAAAA"})), Ok(()));
    // Whoever signed in with a passkey has not approved with one.
    for changes in [json!({}), json!({"acr": "phr", "auth_time": NOW}), json!({"approval": null})] {
        assert_eq!(met(&demand, &changes), Err(Refusal::NotCountersigned), "{changes}");
    }
}

/// RFC 9470, section 3.
#[test]
fn a_weak_or_old_sign_in_is_to_be_done_again() {
    let demand = Demand::new()
        .authentication_context(["phishing-resistant", "password"])
        .signed_in_within(Duration::from_mins(5));
    let again = Err(Refusal::InsufficientAuthentication {
        contexts: vec!["phishing-resistant".into(), "password".into()],
        within: Some(Duration::from_mins(5)),
    });
    assert_eq!(met(&demand, &json!({"acr": "password", "auth_time": NOW - 300})), Ok(()));
    assert_eq!(met(&demand, &json!({"acr": "password", "auth_time": NOW + 60})), Ok(()));
    for changes in [
        // Nobody has signed in who will, and no milliseconds are seconds.
        json!({"acr": "password", "auth_time": NOW + 61}),
        json!({"acr": "password", "auth_time": NOW * 1_000}),
        json!({"acr": "password", "auth_time": NOW - 360}),
        json!({"acr": "password"}),
        json!({"acr": "none", "auth_time": NOW}),
        json!({"auth_time": NOW}),
        json!({}),
    ] {
        assert_eq!(met(&demand, &changes), again, "{changes}");
    }
}

#[test]
fn a_token_that_refers_to_its_details_is_looked_up_where_they_matter() {
    let refers = accepted(&json!({"authorization_details_id": "digest"}));
    let carries = accepted(&json!({}));
    assert!(Demand::new().detail(reads("Q4")).needs_introspection(&refers));
    assert!(!Demand::new().scope("files.read").needs_introspection(&refers));
    assert!(!Demand::new().detail(reads("Q4")).needs_introspection(&carries));
    assert!(Demand::new().looked_up().needs_introspection(&carries));
}
