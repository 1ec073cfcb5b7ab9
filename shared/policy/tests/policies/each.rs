use policy::{Answer, Decision, Item, Refused};

use crate::{Asking, asking, details, policies};

const SOME: &str = r#"
@id("reads") permit (principal, action, resource) when { context has scope && context.scope == "customers.read" };
@id("small-payments") permit (principal, action, resource) when {
  context has detail && context.detail has payment
  && context.detail.payment.amount.value.lessThan(decimal("100.0")) };
@id("never-abroad") forbid (principal, action, resource) when {
  context has detail && context.detail has payment && context.detail.payment.amount has currency
  && context.detail.payment.amount.currency != "EUR" };
"#;

fn answer(asking: &Asking) -> Answer {
    asking.with(|question| policies(SOME).each(question))
}

/// What is allowed of a request does not depend on what else it asks for.
#[test]
fn each_scope_and_each_detail_is_decided_for_itself() {
    let mut asking = asking();
    asking.scopes = ["customers.read", "customers.write"].into_iter().collect();
    asking.details = details(
        r#"[{"type":"payment","amount":{"value":"1000"}},{"type":"payment","amount":{"value":"99.99","currency":"EUR"}},
            {"type":"payment","amount":{"value":"1","currency":"USD"}}]"#,
    );
    let answer = answer(&asking);
    assert_eq!(answer.scopes, ["customers.read"].into_iter().collect());
    assert_eq!(answer.details, [1]);
    let permitted: Vec<_> = answer.permitted.iter().map(|one| (one.item.clone(), one.by.clone())).collect();
    assert_eq!(
        permitted,
        [
            (Item::Scope("customers.read".to_owned()), vec!["reads".to_owned()]),
            (Item::Detail(1), vec!["small-payments".to_owned()]),
        ]
    );
    let none = || Decision::Denied { by: Vec::new() };
    let abroad = Decision::Denied { by: vec!["never-abroad".to_owned()] };
    assert_eq!(
        answer.refused,
        [
            Refused { item: Item::Scope("customers.write".to_owned()), decision: none() },
            Refused { item: Item::Detail(0), decision: none() },
            Refused { item: Item::Detail(2), decision: abroad },
        ]
    );
    assert_eq!(answer.by().into_iter().collect::<Vec<_>>(), ["never-abroad"]);
    assert_eq!(answer.for_audit().into_iter().collect::<Vec<_>>(), ["never-abroad", "none"]);
}

#[test]
fn where_nothing_is_asked_for_the_action_as_such_is_decided() {
    let mut asking = asking();
    asking.scopes = oauth::Scope::empty();
    assert!(matches!(answer(&asking).refused.as_slice(), [Refused { item: Item::Whole, .. }]));
    let everything = policies(r#"@id("all") permit (principal, action, resource);"#);
    assert_eq!(asking.with(|question| everything.each(question)).refused, []);
}

#[test]
fn the_audit_trail_says_who_permitted_and_what_failed() {
    let said = |asking: &Asking, text: &str| {
        let answer = asking.with(|question| policies(text).each(question));
        answer.for_audit().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(said(&asking(), SOME), ["reads"]);
    let mut alone = asking();
    alone.has_person = false;
    let fails = r#"@id("of-finance") permit (principal, action, resource) when { principal.person in Group::"finance" };"#;
    assert_eq!(said(&alone, fails), ["of-finance(failed)"]);
    assert_eq!(said(&alone, "permit ("), ["(failed)"]);
}

/// Whoever is granted a part was granted it by somebody, and the rest was refused by somebody.
#[test]
fn the_audit_trail_of_a_part_says_who_permitted_it_and_who_refused_the_rest() {
    let mut more = asking();
    more.scopes = ["customers.read", "customers.write"].into_iter().collect();
    let in_part = |asking: &Asking| {
        let answer = asking.with(|question| policies(SOME).each(question));
        answer.for_audit_in_part().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(in_part(&more), ["none", "reads"]);
    assert_eq!(in_part(&asking()), ["reads"]);
}

/// Where no policy permits something, another way may be asked about; where one forbids it or fails, none is.
#[test]
fn what_a_policy_refuses_is_told_from_what_nobody_permits() {
    let refused_by_nobody =
        |text: &str| asking().with(|question| policies(text).each(question)).is_refused_by_nobody();
    assert!(refused_by_nobody(r#"@id("others") permit (principal, action, resource) when { false };"#));
    assert!(!refused_by_nobody(r#"@id("never") forbid (principal, action, resource);"#));
    assert!(!refused_by_nobody("permit ("));
}

/// A policy that forbids would look in vain for what was left out.
#[test]
fn a_common_field_of_another_shape_is_refused_and_not_left_out() {
    let everything = r#"@id("all") permit (principal, action, resource);"#;
    let is_allowed = |fields: &str| {
        let mut asking = asking();
        (asking.scopes, asking.details) = (oauth::Scope::empty(), details(fields));
        asking.with(|question| policies(everything).each(question)).refused.is_empty()
    };
    assert!(is_allowed(r#"[{"type":"note","actions":["read"],"identifier":"4711"}]"#));
    for fields in [
        r#"[{"type":"note","actions":"read"}]"#,
        r#"[{"type":"note","actions":["read",1]}]"#,
        r#"[{"type":"note","identifier":4711}]"#,
    ] {
        assert!(!is_allowed(fields), "{fields}");
    }
}

#[test]
fn an_approval_lifts_what_waits_for_it_and_nothing_else() {
    let text = r#"
        @id("reads") permit (principal, action, resource) when { context has detail || context.scope != "customers.own" };
        @id("asks-first") @approval("person") forbid (principal, action == Action::"token_exchange", resource)
        when { context has detail || context.scope == "customers.write" };"#;
    let mut asking = asking();
    asking.scopes = ["customers.read", "customers.write", "customers.own"].into_iter().collect();
    asking.details = details(r#"[{"type":"note"},{"type":"note","identifier":"2"}]"#);
    let answer = asking.with(|question| policies(text).each(question));
    assert!(answer.waits());
    assert_eq!((answer.scopes.to_string(), answer.details.clone()), ("customers.read".to_owned(), vec![]));
    let once_approved = answer.once_approved();
    assert!(!once_approved.waits());
    assert_eq!(once_approved.scopes.to_string(), "customers.read customers.write");
    assert_eq!(once_approved.details, [0, 1]);
    let [left] = once_approved.refused.as_slice() else { panic!("{:?}", once_approved.refused) };
    assert_eq!(left.item, Item::Scope("customers.own".to_owned()));
}
