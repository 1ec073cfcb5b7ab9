//! The subset rule: when what is asked for now lies within what was granted.

use std::collections::BTreeSet;

use oauth::configuration::{Absent, DetailType, Narrowing};
use oauth::{AuthorizationDetail, AuthorizationDetails, Refusal};
use serde_json::{Map, Value};

use crate::DetailTypes;
use crate::beneath::{enclosing, is_plain};
use crate::comparison::{order, order_numbers, same};
use crate::decimal::Decimal;
use crate::fields::escaped;

impl DetailTypes {
    /// Whether each detail of `narrower` lies within one of `wider` of the same type, by the type's `narrowing` and
    /// `absent` rules. Every narrowing of what was granted uses this rule (RFC 9396, section 6).
    ///
    /// - A field without a rule may not change, come or go.
    /// - A list may not be emptied, unless its absence means that nothing is allowed: to some readers an empty list is no
    ///   restriction.
    /// - A detail whose type has a quantity (a field that is [`Narrowing::AtMost`]) takes one of `wider` up: one payment
    ///   cannot become two.
    ///
    /// The rule compares; whether `narrower` is valid is asked of [`DetailTypes::validate`].
    ///
    /// # Errors
    /// [`Refusal::UnknownDetailType`], [`Refusal::DetailWidened`], with the index in `narrower`.
    pub fn is_within(
        &self,
        narrower: &AuthorizationDetails,
        wider: &AuthorizationDetails,
    ) -> Result<(), Refusal> {
        let mut quantities = Assignment::default();
        for (index, detail) in narrower.iter().enumerate() {
            let rules = self.get(&detail.detail_type).ok_or(Refusal::UnknownDetailType { index })?;
            let mut around = wider.iter().enumerate().filter(|(_, one)| detail_is_within(rules, detail, one));
            let is_within = if rules.narrowing.values().any(|rule| *rule == Narrowing::AtMost) {
                quantities.add(around.map(|(at, _)| at).collect())
            } else {
                around.next().is_some()
            };
            if !is_within {
                return Err(Refusal::DetailWidened { index });
            }
        }
        Ok(())
    }
}

fn detail_is_within(rules: &DetailType, narrower: &AuthorizationDetail, wider: &AuthorizationDetail) -> bool {
    narrower.detail_type == wider.detail_type && object_is_within(rules, "", &narrower.fields, &wider.fields)
}

fn object_is_within(
    rules: &DetailType,
    at: &str,
    narrower: &Map<String, Value>,
    wider: &Map<String, Value>,
) -> bool {
    let names: BTreeSet<&String> = narrower.keys().chain(wider.keys()).collect();
    names.into_iter().all(|name| {
        let pointer = format!("{at}/{}", escaped(name));
        match (narrower.get(name), wider.get(name)) {
            (Some(narrower), Some(wider)) => value_is_within(rules, &pointer, narrower, wider),
            (Some(_), None) => rules.absent.get(&pointer) == Some(&Absent::Anything),
            (None, Some(_)) => rules.absent.get(&pointer) == Some(&Absent::Nothing),
            (None, None) => true,
        }
    })
}

fn value_is_within(rules: &DetailType, pointer: &str, narrower: &Value, wider: &Value) -> bool {
    let may_empty = rules.absent.get(pointer) == Some(&Absent::Nothing);
    match rules.narrowing.get(pointer) {
        Some(Narrowing::Exact) => same(narrower, wider),
        Some(Narrowing::Subset) => is_subset(narrower, wider, may_empty),
        Some(Narrowing::AtMost) => is_at_most(narrower, wider),
        Some(Narrowing::Beneath) => lies_beneath(narrower, wider, may_empty),
        None => match (narrower, wider) {
            (Value::Object(narrower), Value::Object(wider)) if has_rules_beneath(rules, pointer) => {
                object_is_within(rules, pointer, narrower, wider)
            }
            _ => same(narrower, wider),
        },
    }
}

fn has_rules_beneath(rules: &DetailType, pointer: &str) -> bool {
    let is_beneath = |field: &String| field.strip_prefix(pointer).is_some_and(|rest| rest.starts_with('/'));
    rules.narrowing.keys().any(is_beneath) || rules.absent.keys().any(is_beneath)
}

/// Whether a list has lost elements and gained none. An element that comes twice counts twice: losing cannot double it.
fn is_subset(narrower: &Value, wider: &Value, may_empty: bool) -> bool {
    let (Value::Array(narrower), Value::Array(wider)) = (narrower, wider) else {
        return same(narrower, wider);
    };
    if narrower.is_empty() {
        return wider.is_empty() || may_empty;
    }
    // Sorted, for lists of 300 KB compared pair by pair would take minutes.
    let mut remaining = sorted(wider).into_iter();
    sorted(narrower).into_iter().all(|element| {
        remaining
            .by_ref()
            .find(|other| order(other, element).is_ge())
            .is_some_and(|other| same(other, element))
    })
}

fn sorted(elements: &[Value]) -> Vec<&Value> {
    let mut sorted: Vec<&Value> = elements.iter().collect();
    sorted.sort_unstable_by(|one, other| order(one, other));
    sorted
}

/// Whether a number, or a decimal number in a text, is no larger. Something negative is in no order with anything: what a
/// minus does to an amount is not ours to guess.
fn is_at_most(narrower: &Value, wider: &Value) -> bool {
    let in_order = match (narrower, wider) {
        (Value::Number(narrower), Value::Number(wider)) => {
            let signed =
                [narrower, wider].iter().any(|number| number.as_f64().is_none_or(f64::is_sign_negative));
            !signed && order_numbers(narrower, wider).is_le()
        }
        (Value::String(narrower), Value::String(wider)) => Decimal::parse(narrower)
            .zip(Decimal::parse(wider))
            .is_some_and(|(narrower, wider)| narrower.is_at_most(wider)),
        _ => false,
    };
    in_order || same(narrower, wider)
}

/// Whether a place, or each place of a list, lies beneath the wider one or one of the wider ones.
fn lies_beneath(narrower: &Value, wider: &Value, may_empty: bool) -> bool {
    let Some((narrower_places, wider_places)) = places(narrower, wider) else {
        return same(narrower, wider);
    };
    if narrower_places.is_empty() {
        return wider_places.is_empty() || may_empty;
    }
    let wider_places: BTreeSet<&str> = wider_places.into_iter().collect();
    narrower_places.into_iter().all(|place| {
        let is_around = |around: &str| wider_places.contains(around) && is_plain(around);
        wider_places.contains(place) || (is_plain(place) && enclosing(place).any(is_around))
    })
}

/// The places on both sides, when both are one text or both are lists of texts.
fn places<'a>(narrower: &'a Value, wider: &'a Value) -> Option<(Vec<&'a str>, Vec<&'a str>)> {
    match (narrower, wider) {
        (Value::String(narrower), Value::String(wider)) => Some((vec![narrower], vec![wider])),
        (Value::Array(narrower), Value::Array(wider)) => texts(narrower).zip(texts(wider)),
        _ => None,
    }
}

fn texts(elements: &[Value]) -> Option<Vec<&str>> {
    elements.iter().map(Value::as_str).collect()
}

/// Who takes up what: each one that is added gets a place of its own among those it may have, where others that came
/// before may move (a bipartite matching by augmenting paths).
#[derive(Debug, Default)]
struct Assignment {
    choices: Vec<Vec<usize>>,
    taken: std::collections::BTreeMap<usize, usize>,
}

impl Assignment {
    /// Whether there was a place for one more.
    fn add(&mut self, choices: Vec<usize>) -> bool {
        self.choices.push(choices);
        self.place(self.choices.len() - 1, &mut BTreeSet::new())
    }

    fn place(&mut self, who: usize, tried: &mut BTreeSet<usize>) -> bool {
        for position in self.choices[who].clone() {
            let is_new = tried.insert(position);
            let is_free =
                is_new && self.taken.get(&position).copied().is_none_or(|other| self.place(other, tried));
            if is_free {
                self.taken.insert(position, who);
                return true;
            }
        }
        false
    }
}
