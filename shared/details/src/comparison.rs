//! When two JSON values are the same, exactly: numbers by what they are worth and never by rounding.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

/// Whether two values are the same JSON. `1` and `1.0` are (RFC 8785 writes both as `1`); `1` and `"1"` are not, and
/// texts are the same only when each character is.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    order(one, other).is_eq()
}

/// A total order of JSON values, so that arrays of any length are compared as sorted lists instead of pair by pair.
pub(crate) fn order(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (Value::Number(one), Value::Number(other)) => order_numbers(one, other),
        (Value::String(one), Value::String(other)) => one.cmp(other),
        (Value::Array(one), Value::Array(other)) => {
            first_difference(one.iter().zip(other).map(|(one, other)| order(one, other)))
                .unwrap_or_else(|| one.len().cmp(&other.len()))
        }
        (Value::Object(one), Value::Object(other)) => order_objects(one, other),
        _ => kind(one).cmp(&kind(other)),
    }
}

/// The order of two numbers, exact even where one is a 64-bit integer and the other a double.
pub(crate) fn order_numbers(one: &Number, other: &Number) -> Ordering {
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        (Some(one), None) => order_whole_and_double(one, double(other)),
        (None, Some(other)) => order_whole_and_double(other, double(one)).reverse(),
        (None, None) => double(one).total_cmp(&double(other)),
    }
}

fn order_objects(one: &Map<String, Value>, other: &Map<String, Value>) -> Ordering {
    let (one, other) = (sorted(one), sorted(other));
    first_difference(
        one.iter().zip(&other).map(|(one, other)| one.0.cmp(other.0).then_with(|| order(one.1, other.1))),
    )
    .unwrap_or_else(|| one.len().cmp(&other.len()))
}

fn sorted(object: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = object.iter().collect();
    members.sort_unstable_by_key(|(name, _)| *name);
    members
}

fn first_difference(mut orders: impl Iterator<Item = Ordering>) -> Option<Ordering> {
    orders.find(|order| order.is_ne())
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

/// Doubles from here on are ordered as doubles: no integer that JSON readers keep exactly is as large.
const HUGE: f64 = 1e30;

#[expect(clippy::cast_possible_truncation, reason = "it is whole and below 10^30")]
fn whole(number: &Number) -> Option<i128> {
    let integer = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    integer.or_else(|| {
        let double = double(number);
        (double.fract() == 0.0 && double.abs() < HUGE).then_some(double as i128)
    })
}

fn double(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

/// `double` is not whole, or huge.
#[expect(clippy::cast_possible_truncation, reason = "it is whole and below 10^30")]
fn order_whole_and_double(whole: i128, double: f64) -> Ordering {
    if double.abs() >= HUGE {
        return if double > 0.0 { Ordering::Less } else { Ordering::Greater };
    }
    if whole <= double.floor() as i128 { Ordering::Less } else { Ordering::Greater }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_are_never_confused() {
        let values =
            [json!(null), json!(false), json!(0), json!("0"), json!(""), json!([]), json!({}), json!([0])];
        for (at, one) in values.iter().enumerate() {
            for (other_at, other) in values.iter().enumerate() {
                assert_eq!(same(one, other), at == other_at, "{one} {other}");
            }
        }
    }

    #[test]
    fn a_number_is_the_same_however_it_was_written() {
        for (one, other) in [("1", "1.0"), ("100", "1e2"), ("0.1", "1e-1"), ("0", "-0.0")] {
            let read = |text| serde_json::from_str::<Value>(text).unwrap();
            assert!(same(&read(one), &read(other)), "{one} {other}");
        }
    }

    /// As doubles these pairs would be equal.
    #[test]
    fn large_integers_are_not_rounded() {
        for (smaller, larger) in [
            (json!(9_007_199_254_740_992_u64), json!(9_007_199_254_740_993_u64)),
            (json!(9_007_199_254_740_992.0), json!(9_007_199_254_740_993_u64)),
            (json!(u64::MAX), json!(18_446_744_073_709_551_616.0)),
            (json!(i64::MIN), json!(0.5)),
            (json!(u64::MAX), json!(1e300)),
            (json!(-1e300), json!(i64::MIN)),
            (json!(1), json!(1.5)),
            (json!(1.5), json!(2)),
            (json!(-2), json!(-1.5)),
        ] {
            assert_eq!(order(&smaller, &larger), Ordering::Less, "{smaller} {larger}");
            assert_eq!(order(&larger, &smaller), Ordering::Greater, "{smaller} {larger}");
        }
    }

    #[test]
    fn objects_are_the_same_in_any_order_and_look_alikes_are_different() {
        assert!(same(&json!({"a": 1, "b": [2]}), &json!({"b": [2], "a": 1})));
        assert!(!same(&json!({"a": 1}), &json!({"a": 1, "b": null})));
        // Latin and Cyrillic, composed and decomposed.
        assert!(!same(&json!("read"), &json!("r\u{435}ad")));
        assert!(!same(&json!("\u{e9}"), &json!("e\u{301}")));
    }
}
