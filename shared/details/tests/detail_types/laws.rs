//! The laws of the subset rule, on details from small alphabets, so that some are related.

use oauth::AuthorizationDetails;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::details;
use crate::narrowing::types;

/// Any value.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        (-2..4_i32).prop_map(|number| json!(number)),
        (-2..4_i32).prop_map(|number| json!(f64::from(number) / 2.0)),
        prop::sample::select(vec![
            "", "a", "b", "1", "2", "2.0", "10", "-1", "/", "/a", "/a/", "/a/b", "/a/b/c", "/a/../b"
        ])
        .prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(vec!["a", "b"]), inner, 0..3)
                .prop_map(|map| json!(map)),
        ]
    })
}

/// A value that fits the rule of its field more often than not.
fn field(name: &'static str) -> BoxedStrategy<Value> {
    let numbers =
        prop_oneof![(0..4_u32).prop_map(|n| json!(n)), (0..4_u32).prop_map(|n| json!(f64::from(n) / 2.0))];
    let decimals = prop::sample::select(vec!["0", "1", "1.0", "1.5", "2", "10"]).prop_map(|text| json!(text));
    let place = prop::sample::select(vec!["/", "/a", "/a/", "/a/b", "/a/b/c", "/b"]);
    let fitting = match name {
        "list" | "nothing" => {
            prop::collection::vec(prop::sample::select(vec![json!("a"), json!(1), json!("1")]), 0..4)
                .prop_map(Value::from)
                .boxed()
        }
        "amount" => prop_oneof![numbers, decimals].boxed(),
        "place" => place.prop_map(|text| json!(text)).boxed(),
        "places" => prop::collection::vec(place, 0..3).prop_map(Value::from).boxed(),
        "group" => fields(vec!["list", "amount", "anything"]).boxed(),
        _ => Just(json!(1)).boxed(),
    };
    prop_oneof![6 => fitting, 1 => value()].boxed()
}

fn fields(names: Vec<&'static str>) -> impl Strategy<Value = Value> {
    let members: Vec<_> = names
        .into_iter()
        .map(|name| {
            prop::option::weighted(0.4, field(name)).prop_map(move |value| value.map(|value| (name, value)))
        })
        .collect();
    members.prop_map(|members| {
        members.into_iter().flatten().map(|(name, value)| (name.to_owned(), value)).collect()
    })
}

fn detail() -> impl Strategy<Value = Value> {
    let names = vec!["list", "nothing", "anything", "amount", "place", "places", "group", "exact", "unnamed"];
    (fields(names), prop::sample::select(vec!["plain", "quantity"])).prop_map(|(mut fields, name)| {
        fields["type"] = json!(name);
        fields
    })
}

/// What a field may become by its rule, and now and then something else.
fn narrowed(name: &str, value: Value) -> BoxedStrategy<Value> {
    let same = Just(value.clone());
    let changed = match (name, value) {
        ("list" | "nothing" | "places", Value::Array(elements)) if !elements.is_empty() => {
            let count = elements.len();
            prop::sample::subsequence(elements, 1..=count).prop_map(Value::from).boxed()
        }
        ("place", Value::String(place)) => Just(json!(format!("{}/x", place.trim_end_matches('/')))).boxed(),
        ("amount", Value::String(_)) => prop::sample::select(vec![json!("0"), json!("0.5")]).boxed(),
        ("amount", Value::Number(_)) => prop::sample::select(vec![json!(0), json!(0.5)]).boxed(),
        ("group", Value::Object(members)) => narrowed_members(members, vec!["anything"]).boxed(),
        _ => value_or(&same).boxed(),
    };
    let other = value_or(&same);
    prop_oneof![20 => same, 20 => changed, 1 => other].boxed()
}

fn value_or(same: &Just<Value>) -> impl Strategy<Value = Value> + use<> {
    prop_oneof![19 => same.clone(), 1 => value()]
}

/// The members, each narrowed; some that may go gone, and some that may come there.
fn narrowed_members(
    members: Map<String, Value>,
    may_come: Vec<&'static str>,
) -> impl Strategy<Value = Value> {
    let come = may_come
        .into_iter()
        .filter(|name| !members.contains_key(*name))
        .map(str::to_owned)
        .collect::<Vec<_>>();
    let come = prop::sample::subsequence(come.clone(), 0..=come.len());
    let kept: Vec<_> = members
        .into_iter()
        .map(|(name, value)| {
            let may_go = if matches!(name.as_str(), "nothing" | "places") { 0.7 } else { 0.99 };
            let value = narrowed(&name, value);
            prop::option::weighted(may_go, value.prop_map(move |value| (name.clone(), value)))
        })
        .collect();
    (kept, come).prop_map(|(kept, come)| {
        let come = come.into_iter().map(|name| (name, json!(1)));
        kept.into_iter().flatten().chain(come).collect()
    })
}

fn some_details() -> impl Strategy<Value = Value> {
    prop::collection::vec(detail(), 1..4).prop_map(Value::from)
}

/// Three lists of details, each more often than not narrower than the one after it.
fn chain() -> impl Strategy<Value = [Value; 3]> {
    fn narrower(list: &Value) -> impl Strategy<Value = Value> + use<> {
        let details: Vec<_> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|detail| {
                let mut fields = detail.as_object().unwrap().clone();
                let name = fields.remove("type").unwrap();
                narrowed_members(fields, vec!["anything"]).prop_map(move |mut detail| {
                    detail["type"] = name.clone();
                    detail
                })
            })
            .collect();
        (details, any::<prop::sample::Index>()).prop_map(|(mut details, place)| {
            if details.len() > 2 {
                details.swap_remove(place.index(3));
            }
            Value::from(details)
        })
    }
    some_details()
        .prop_flat_map(|wide| (narrower(&wide), Just(wide)))
        .prop_flat_map(|(middle, wide)| (narrower(&middle), Just(middle), Just(wide)))
        .prop_map(|(narrow, middle, wide)| [narrow, middle, wide])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn everything_lies_within_itself(own in some_details()) {
        prop_assert_eq!(types().is_within(&details(own.clone()), &details(own)), Ok(()));
    }

    #[test]
    fn what_lies_within_something_within_a_third_lies_within_that(
        [narrow, middle, wide] in prop_oneof![3 => chain(), 1 => [some_details(), some_details(), some_details()]],
    ) {
        let (narrow, middle, wide) = (details(narrow), details(middle), details(wide));
        let types = types();
        if types.is_within(&narrow, &middle).is_ok() && types.is_within(&middle, &wide).is_ok() {
            prop_assert_eq!(types.is_within(&narrow, &wide), Ok(()));
        }
    }

    /// Asking for less or being granted more never turns a yes into a no.
    #[test]
    fn asking_for_less_or_being_granted_more_is_never_worse(
        [narrow, _, wide] in chain(), more in some_details(), without in 0..3_usize,
    ) {
        let (narrow, wide, more) = (details(narrow), details(wide), details(more));
        let types = types();
        if types.is_within(&narrow, &wide).is_ok() {
            let less: Vec<usize> = (0..narrow.len()).filter(|at| *at != without).collect();
            prop_assert_eq!(types.is_within(&narrow.pick(&less), &wide), Ok(()));
            let all = AuthorizationDetails::new(wide.iter().chain(more.iter()).cloned().collect());
            prop_assert_eq!(types.is_within(&narrow, &all), Ok(()));
        }
    }

    /// A field that is added, or an action, is a refusal unless the type says what its absence means.
    #[test]
    fn nothing_is_gained(own in detail(), name in "[a-z]{1,8}", value in value()) {
        let mut wider = own.clone();
        if own.get(&name).is_none() && name != "anything" && name != "type" {
            wider[&name] = value;
            prop_assert!(types().is_within(&details(json!([wider])), &details(json!([own]))).is_err());
        }
    }
}
