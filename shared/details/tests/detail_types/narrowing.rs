//! The subset rule, and what was tried against it.

use details::DetailTypes;
use oauth::configuration::DetailType;
use oauth::{AuthorizationDetails, Refusal};
use serde_json::{Value, json};

use crate::details;

pub(crate) fn types() -> DetailTypes {
    let named = |name: &str, narrowing: Value| -> DetailType {
        serde_json::from_value(json!({
            "name": name, "schema": {}, "narrowing": narrowing, "sentence": {}, "assurance": "session",
            "absent": {"/anything": "anything", "/nothing": "nothing", "/group/anything": "anything", "/places": "nothing"},
            "pushed_only": false, "tools": [],
        }))
        .unwrap()
    };
    let rules = json!({
        "/list": "subset", "/nothing": "subset", "/place": "beneath", "/places": "beneath", "/group/list": "subset",
        "/exact": "exact", "/group/a~1b": "subset",
    });
    let mut with_quantity = rules.clone();
    with_quantity["/amount"] = json!("at_most");
    with_quantity["/group/amount"] = json!("at_most");
    DetailTypes::new(vec![named("plain", rules), named("quantity", with_quantity)])
}

/// Whether one detail with these fields lies within another.
fn within(narrower: Value, wider: Value) -> bool {
    let one = |mut fields: Value| {
        fields["type"] = json!("quantity");
        details(json!([fields]))
    };
    types().is_within(&one(narrower), &one(wider)).is_ok()
}

#[test]
fn a_field_without_a_rule_may_not_change_come_or_go() {
    for name in ["unnamed", "exact"] {
        assert!(within(json!({name: {"a": [1]}}), json!({name: {"a": [1.0]}})));
        for other in [json!(1), json!("1"), json!(null), json!([]), json!(["1"]), json!({}), json!(true)] {
            assert!(!within(json!({name: other}), json!({name: [1]})), "{other}");
        }
        assert!(!within(json!({}), json!({name: 1})));
        assert!(!within(json!({name: 1}), json!({})));
        assert!(!within(json!({name: null}), json!({})));
        assert!(!within(json!({}), json!({name: null})));
    }
}

#[test]
fn absence_means_what_the_type_says() {
    assert!(within(json!({"anything": "x"}), json!({})));
    assert!(!within(json!({}), json!({"anything": "x"})));
    assert!(within(json!({}), json!({"nothing": ["x"]})));
    assert!(!within(json!({"nothing": ["x"]}), json!({})));
    // Null is a value, and an absent field is none.
    assert!(!within(json!({"nothing": null}), json!({"nothing": ["x"]})));
    assert!(!within(json!({"anything": null}), json!({"anything": "x"})));
    assert!(within(json!({"group": {"anything": 1}}), json!({"group": {}})));
    assert!(!within(json!({"group": {}}), json!({"group": {"anything": 1}})));
    assert!(!within(json!({"group": {"other": 1}}), json!({"group": {}})));
    assert!(!within(json!({}), json!({"group": {}})));
}

#[test]
fn a_list_loses_elements_and_gains_none() {
    let list = |narrower: Value, wider: Value| within(json!({"list": narrower}), json!({"list": wider}));
    assert!(list(json!(["a"]), json!(["a", "b"])));
    assert!(list(json!(["b", "a"]), json!(["a", "b"])));
    assert!(list(json!([{"x": 1, "y": 2}]), json!([{"y": 2, "x": 1}, 7])));
    assert!(list(json!([]), json!([])));
    for (narrower, wider) in [
        (json!(["a", "c"]), json!(["a", "b"])),
        (json!(["a", "a"]), json!(["a", "b"])),
        (json!(["1"]), json!([1])),
        (json!([1]), json!(["1"])),
        (json!([true]), json!([1])),
        (json!([null]), json!(["a"])),
        (json!([["a"]]), json!(["a"])),
        (json!("a"), json!(["a"])),
        (json!(["a"]), json!("a")),
        (json!({"0": "a"}), json!(["a"])),
        (json!(["A"]), json!(["a"])),
        (json!(["\u{430}"]), json!(["a"])),
        (json!(["a\u{200b}"]), json!(["a"])),
        (json!(["e\u{301}"]), json!(["\u{e9}"])),
        // Some readers take an empty list for no restriction.
        (json!([]), json!(["a"])),
        (json!(["a"]), json!([])),
    ] {
        assert!(!list(narrower.clone(), wider.clone()), "{narrower} {wider}");
    }
    // Where absence means nothing, so does the empty list.
    assert!(within(json!({"nothing": []}), json!({"nothing": ["a"]})));
}

#[test]
fn an_amount_becomes_smaller() {
    let amount =
        |narrower: Value, wider: Value| within(json!({"amount": narrower}), json!({"amount": wider}));
    for (narrower, wider) in [
        (json!("99.99"), json!("100")),
        (json!("100.00"), json!("100")),
        (json!("0"), json!("0.01")),
        (json!(99), json!(100)),
        (json!(99.5), json!(100)),
        (json!(0), json!(0.5)),
        (json!(9_007_199_254_740_992_u64), json!(9_007_199_254_740_993_u64)),
        // The same is the same, whatever it is.
        (json!("-1"), json!("-1")),
        (json!(null), json!(null)),
    ] {
        assert!(amount(narrower.clone(), wider.clone()), "{narrower} {wider}");
    }
    for (narrower, wider) in [
        (json!("100.01"), json!("100")),
        (json!("100.000000000000000000001"), json!("100")),
        (json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992_u64)),
        (json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992.0)),
        (json!("-5"), json!("100")),
        (json!(-5), json!(100)),
        (json!(-0.5), json!(100)),
        (json!(-5), json!(-1)),
        (json!("1e9"), json!("100")),
        (json!("1"), json!("1e9")),
        (json!("9e-1"), json!("1")),
        (json!("NaN"), json!("100")),
        (json!("1"), json!("Infinity")),
        (json!("1,5"), json!("100")),
        (json!("0100"), json!("1000")),
        (json!(" 1"), json!("100")),
        (json!("\u{661}"), json!("100")),
        (json!(""), json!("100")),
        (json!(1), json!("100")),
        (json!("1"), json!(100)),
        (json!(null), json!(100)),
        (json!(false), json!(100)),
        (json!([1]), json!(100)),
        (json!([1]), json!([100])),
        (json!({"value": 1}), json!({"value": 100})),
    ] {
        assert!(!amount(narrower.clone(), wider.clone()), "{narrower} {wider}");
    }
    assert!(!within(json!({}), json!({"amount": 1})));
    assert!(within(json!({"group": {"amount": 1, "x": 0}}), json!({"group": {"amount": 2, "x": 0}})));
    assert!(!within(json!({"group": {"amount": 1, "x": 0}}), json!({"group": {"amount": 2, "x": 1}})));
    assert!(!within(json!({"group": [{"amount": 1}]}), json!({"group": [{"amount": 2}]})));
}

#[test]
fn a_place_moves_beneath_itself() {
    let place = |narrower: Value, wider: Value| within(json!({"place": narrower}), json!({"place": wider}));
    assert!(place(json!("https://a.example/b/c"), json!("https://a.example/b")));
    for (narrower, wider) in [
        (json!("https://a.example/b/../c"), json!("https://a.example/b")),
        (json!("https://a.example/b/%2e%2e/c"), json!("https://a.example/b")),
        (json!("https://a.example/bc"), json!("https://a.example/b")),
        (json!("https://a.example.evil.example/"), json!("https://a.example")),
        (json!(["https://a.example/b"]), json!("https://a.example")),
        (json!("https://a.example/b"), json!(["https://a.example"])),
        (json!(null), json!("/")),
        (json!(1), json!("/")),
    ] {
        assert!(!place(narrower.clone(), wider.clone()), "{narrower} {wider}");
    }
    let places =
        |narrower: Value, wider: Value| within(json!({"places": narrower}), json!({"places": wider}));
    assert!(places(json!(["/a/x", "/b", "/a/y"]), json!(["/a", "/b"])));
    assert!(places(json!([]), json!(["/a"])));
    assert!(!places(json!(["/a/x", "/c"]), json!(["/a", "/b"])));
    assert!(!places(json!(["/a/x", 1]), json!(["/a", 1])));
    assert!(!places(json!(["/a/.."]), json!(["/a"])));
    assert!(!places(json!(["/a/../x"]), json!(["/a/.."])));
    assert!(!places(json!(["/a"]), json!([])));
}

#[test]
fn names_in_pointers_are_escaped() {
    assert!(within(json!({"group": {"a/b": [1]}}), json!({"group": {"a/b": [1, 2]}})));
    // A name with a slash is not a way to borrow another field's rule.
    assert!(!within(json!({"group/list": [1]}), json!({"group/list": [1, 2]})));
    assert!(!within(json!({"group/anything": 1}), json!({})));
}

#[test]
fn one_payment_does_not_become_two() {
    let payments = |amounts: &[u32]| -> AuthorizationDetails {
        details(amounts.iter().map(|amount| json!({"type": "quantity", "amount": amount})).collect())
    };
    let within = |narrower: &[u32], wider: &[u32]| types().is_within(&payments(narrower), &payments(wider));
    assert_eq!(within(&[50, 100], &[100, 60]), Ok(()));
    assert_eq!(within(&[60, 100], &[100, 60]), Ok(()));
    assert_eq!(within(&[100], &[100, 60]), Ok(()));
    assert_eq!(within(&[50, 50], &[100]), Err(Refusal::DetailWidened { index: 1 }));
    assert_eq!(within(&[10, 70, 80], &[100, 60, 75]), Ok(()));
    assert_eq!(within(&[10, 80, 80], &[100, 60, 75]), Err(Refusal::DetailWidened { index: 2 }));
    // What is not a quantity may be written as several details.
    let file = |list: Value| json!({"type": "plain", "list": list});
    let split = details(json!([file(json!(["a"])), file(json!(["b"]))]));
    assert_eq!(types().is_within(&split, &details(json!([file(json!(["a", "b"]))]))), Ok(()));
}

#[test]
fn the_first_that_is_wider_is_named() {
    let granted = details(json!([{"type": "plain", "list": ["a"]}, {"type": "plain", "exact": 1}]));
    let asked = |values: Value| types().is_within(&details(values), &granted);
    assert_eq!(asked(json!([])), Ok(()));
    assert_eq!(asked(json!([{"type": "plain", "exact": 1}])), Ok(()));
    assert_eq!(
        asked(json!([{"type": "plain", "exact": 1}, {"type": "plain", "exact": 2}])),
        Err(Refusal::DetailWidened { index: 1 })
    );
    // Two details do not add up to one.
    assert_eq!(
        asked(json!([{"type": "plain", "list": ["a"], "exact": 1}])),
        Err(Refusal::DetailWidened { index: 0 })
    );
    assert_eq!(asked(json!([{"type": "quantity", "exact": 1}])), Err(Refusal::DetailWidened { index: 0 }));
    assert_eq!(asked(json!([{"type": "unknown"}])), Err(Refusal::UnknownDetailType { index: 0 }));
    let unknown = details(json!([{"type": "unknown"}]));
    assert_eq!(types().is_within(&unknown, &unknown), Err(Refusal::UnknownDetailType { index: 0 }));
}

#[test]
fn long_lists_are_compared_quickly() {
    let list = |count: u32| json!([{"type": "plain", "list": (0..count).rev().collect::<Vec<_>>()}]);
    let (narrower, wider) = (details(list(40_000)), details(list(50_000)));
    let start = std::time::Instant::now();
    assert_eq!(types().is_within(&narrower, &wider), Ok(()));
    assert!(types().is_within(&wider, &narrower).is_err());
    assert!(start.elapsed() < std::time::Duration::from_secs(5), "{:?}", start.elapsed());
}
