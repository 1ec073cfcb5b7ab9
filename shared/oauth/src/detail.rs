use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Refusal, Sha256Digest};

/// How many details one request may carry.
pub const MOST_DETAILS: usize = 100;
/// How deep one detail may nest.
pub const DEEPEST_DETAIL: usize = 16;

/// One authorization detail (RFC 9396, section 2): a `type` and the fields that the type defines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuthorizationDetail {
    /// Which registered type gives the other fields their meaning.
    #[serde(rename = "type")]
    pub detail_type: String,
    /// Everything else.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl AuthorizationDetail {
    /// The detail as the JSON object that came and goes out.
    pub fn to_value(&self) -> Value {
        let mut object = self.fields.clone();
        object.insert("type".to_owned(), Value::String(self.detail_type.clone()));
        Value::Object(object)
    }

    /// The strings of `locations` (RFC 9396, section 2.2).
    pub fn locations(&self) -> impl Iterator<Item = &str> {
        self.fields.get("locations").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }
}

/// What `authorization_details` holds, in the order it was asked for. Cheap to clone: it may be 300 KB.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuthorizationDetails(Arc<Vec<AuthorizationDetail>>);

impl AuthorizationDetails {
    /// Reads the parameter's JSON: an array of objects, each with a `type` (RFC 9396, section 2).
    /// Whether the types exist and the fields fit is asked of the registered types afterwards.
    ///
    /// # Errors
    /// [`Refusal::DetailsNotAnArray`], [`Refusal::TooManyDetails`], [`Refusal::DetailWithoutType`],
    /// [`Refusal::DetailTooDeep`], [`Refusal::DetailRepeatsMember`].
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        refuse_deep_nesting(text)?;
        let values: Vec<Value> = serde_json::from_str::<crate::strict_json::Strict>(text)
            .map_err(|error| not_an_array(&error))?
            .into_array()?;
        Self::from_values(values)
    }

    /// Takes values that are JSON already, as in a request object or a subject token.
    ///
    /// # Errors
    /// As [`AuthorizationDetails::parse`].
    pub fn from_values(values: Vec<Value>) -> Result<Self, Refusal> {
        if values.len() > MOST_DETAILS {
            return Err(Refusal::TooManyDetails { limit: MOST_DETAILS });
        }
        values
            .into_iter()
            .enumerate()
            .map(|(index, value)| one(index, value))
            .collect::<Result<Vec<_>, _>>()
            .map(Self::new)
    }

    /// Details that are known to be well formed.
    pub fn new(details: Vec<AuthorizationDetail>) -> Self {
        Self(Arc::new(details))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The details in order.
    pub fn iter(&self) -> impl Iterator<Item = &AuthorizationDetail> {
        self.0.iter()
    }

    /// The details at the given positions, in order; positions beyond the end are passed over.
    #[must_use]
    pub fn pick(&self, positions: &[usize]) -> Self {
        Self::new(
            self.0
                .iter()
                .enumerate()
                .filter(|(at, _)| positions.contains(at))
                .map(|(_, one)| one.clone())
                .collect(),
        )
    }

    /// The details for which `keep` holds.
    #[must_use]
    pub fn retaining(&self, keep: impl Fn(&AuthorizationDetail) -> bool) -> Self {
        Self::new(self.0.iter().filter(|detail| keep(detail)).cloned().collect())
    }

    /// How many bytes of JSON they are.
    pub fn bytes(&self) -> usize {
        serde_json::to_vec(self).map_or(0, |json| json.len())
    }

    /// The SHA-256 of the canonical form (RFC 8785): the same for the same details, however they were written.
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(&crate::canonical(self))
    }
}

fn not_an_array(error: &serde_json::Error) -> Refusal {
    let repeated = error.is_data() && error.to_string().starts_with("repeated member");
    if repeated {
        Refusal::DetailRepeatsMember
    } else {
        Refusal::DetailsNotAnArray { line: error.line(), column: error.column() }
    }
}

fn one(index: usize, value: Value) -> Result<AuthorizationDetail, Refusal> {
    let Value::Object(mut fields) = value else {
        return Err(Refusal::DetailWithoutType { index });
    };
    match fields.get("type").cloned() {
        Some(Value::String(detail_type)) if !detail_type.is_empty() => {
            // `remove` would put the last field in its place, and the person is shown what was asked as it was written.
            fields.retain(|name, _| name != "type");
            Ok(AuthorizationDetail { detail_type, fields })
        }
        _ => Err(Refusal::DetailWithoutType { index }),
    }
}

/// Counts brackets before anything recursive touches the text, so that depth costs nothing.
fn refuse_deep_nesting(text: &str) -> Result<(), Refusal> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST_DETAIL {
            return Err(Refusal::DetailTooDeep { limit: DEEPEST_DETAIL });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_needs_a_type() {
        for text in [r#"[{"actions":["read"]}]"#, r#"[{"type":""}]"#, r#"[{"type":7}]"#, r#"["file_access"]"#]
        {
            assert!(
                matches!(AuthorizationDetails::parse(text), Err(Refusal::DetailWithoutType { index: 0 })),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_an_array_is_refused_with_its_place() {
        for text in ["{}", "7", "[", "[{\"type\":\"a\"},]", "null", "\"[]\""] {
            assert!(
                matches!(AuthorizationDetails::parse(text), Err(Refusal::DetailsNotAnArray { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn nesting_is_refused_before_it_is_parsed() {
        let text = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(matches!(AuthorizationDetails::parse(&text), Err(Refusal::DetailTooDeep { .. })));
    }

    /// A reader that takes the first of two members and one that takes the last would see different requests.
    #[test]
    fn a_member_that_comes_twice_is_refused() {
        let text = r#"[{"type":"file_access","identifier":"a","identifier":"b"}]"#;
        assert!(matches!(AuthorizationDetails::parse(text), Err(Refusal::DetailRepeatsMember)));
    }

    #[test]
    fn the_digest_does_not_depend_on_how_the_details_were_written() {
        let one = AuthorizationDetails::parse(r#"[{"type":"payment","amount":1.50,"to":"x"}]"#).unwrap();
        let other =
            AuthorizationDetails::parse(r#"[ {"to":"\u0078", "amount":1.5, "type":"payment"} ]"#).unwrap();
        assert_eq!(one.digest(), other.digest());
    }
}
