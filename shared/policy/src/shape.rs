//! The types' own fields in Cedar's terms, read from their JSON Schemas. The schema for policies and each question are made
//! from the same shapes, so a policy that fits the one can be asked with the other.

use std::collections::BTreeMap;

use cedar_policy::RestrictedExpression;
use oauth::configuration::{DetailType, Narrowing};
use serde_json::Value;

/// The fields that every type may have (RFC 9396, section 2.2). A type with one of these names has no fields of its own for
/// policies.
pub(crate) const COMMON: [&str; 6] =
    ["type", "actions", "locations", "datatypes", "identifier", "privileges"];

/// What a value is in Cedar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `String`.
    Text,
    /// `Long`.
    Whole,
    /// `Bool`.
    Truth,
    /// `decimal`: four digits after the point.
    Decimal,
    /// `Set`.
    Set(Box<Self>),
    /// A record.
    Record(BTreeMap<String, Member>),
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) shape: Shape,
    pub(crate) required: bool,
}

impl Shape {
    /// The shape of a type's own fields. Those that Cedar cannot hold, such as an object with any names, are left out.
    pub(crate) fn of_type(registered: &DetailType) -> Option<Self> {
        if COMMON.contains(&registered.name.as_str()) {
            return None;
        }
        match Self::of(&registered.schema, "", &registered.narrowing)? {
            Self::Record(mut members) => {
                members.retain(|name, _| !COMMON.contains(&name.as_str()));
                Some(Self::Record(members))
            }
            _ => None,
        }
    }

    fn of(schema: &Value, pointer: &str, narrowing: &BTreeMap<String, Narrowing>) -> Option<Self> {
        match schema.get("type").and_then(Value::as_str) {
            // A decimal number in a string.
            Some("string") if narrowing.get(pointer) == Some(&Narrowing::AtMost) => Some(Self::Decimal),
            Some("string") => Some(Self::Text),
            Some("integer") => Some(Self::Whole),
            Some("number") => Some(Self::Decimal),
            Some("boolean") => Some(Self::Truth),
            Some("array") => {
                let items = Self::of(schema.get("items")?, &format!("{pointer}/*"), narrowing)?;
                Some(Self::Set(Box::new(items)))
            }
            Some("object") => Some(Self::Record(members(schema, pointer, narrowing)?)),
            _ => None,
        }
    }

    /// The value in Cedar's terms.
    ///
    /// # Errors
    /// What does not fit. It is an error and not left out: a policy that forbids would look for it in vain.
    pub(crate) fn express(&self, value: &Value) -> Result<RestrictedExpression, String> {
        let misfit = || format!("a value is not {self:?}");
        match self {
            Self::Text => value
                .as_str()
                .map(|text| RestrictedExpression::new_string(text.to_owned()))
                .ok_or_else(misfit),
            Self::Whole => value.as_i64().map(RestrictedExpression::new_long).ok_or_else(misfit),
            Self::Truth => value.as_bool().map(RestrictedExpression::new_bool).ok_or_else(misfit),
            Self::Decimal => decimal(value).ok_or_else(misfit),
            Self::Set(items) => {
                let values = value.as_array().ok_or_else(misfit)?;
                let items = values.iter().map(|one| items.express(one)).collect::<Result<Vec<_>, _>>()?;
                Ok(RestrictedExpression::new_set(items))
            }
            Self::Record(members) => {
                let fields = value.as_object().ok_or_else(misfit)?;
                let present =
                    members.iter().filter_map(|(name, member)| Some((name, member, fields.get(name)?)));
                let present = present
                    .map(|(name, member, value)| Ok((name.clone(), member.shape.express(value)?)))
                    .collect::<Result<Vec<_>, String>>()?;
                RestrictedExpression::new_record(present).map_err(|error| error.to_string())
            }
        }
    }
}

fn members(
    schema: &Value,
    pointer: &str,
    narrowing: &BTreeMap<String, Narrowing>,
) -> Option<BTreeMap<String, Member>> {
    let required = |name: &str| {
        let names = schema.get("required").and_then(Value::as_array);
        names.is_some_and(|names| names.iter().any(|one| one == name))
    };
    let properties = schema.get("properties")?.as_object()?;
    let member = |(name, schema): (&String, &Value)| {
        let shape = Shape::of(schema, &format!("{pointer}/{name}"), narrowing)?;
        Some((name.clone(), Member { shape, required: required(name) }))
    };
    Some(properties.iter().filter_map(member).collect())
}

/// Cedar wants a point, and has four digits after it; zeros beyond them are nothing.
fn decimal(value: &Value) -> Option<RestrictedExpression> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (kept, beyond) = fraction.split_at_checked(4).unwrap_or((fraction, ""));
    let is_exact = beyond.bytes().all(|byte| byte == b'0');
    let is_number = digits(whole.strip_prefix('-').unwrap_or(whole)) && digits(fraction);
    (is_number && is_exact).then(|| RestrictedExpression::new_decimal(format!("{whole}.{kept}")))
}
