use oauth::{AuthorizationDetail, AuthorizationDetails};
use serde_json::{Map, Value};

/// One thing that a request wants to do, in the words of a detail's type (RFC 9396, section 2).
///
/// A detail allows it when it has the type, fits every member that was named here, and has no other: a member that the tool
/// does not look at could be a restriction. Two details are not added up.
#[derive(Clone, Debug)]
pub struct WantedDetail {
    detail_type: String,
    members: Vec<(String, Rule)>,
}

/// What a member of the detail must be.
#[derive(Clone, Debug)]
enum Rule {
    /// An array with this in it.
    Among(String),
    /// Just this.
    Is(Value),
    /// This, or not there: the type says that its absence restricts nothing.
    IsOrAbsent(Value),
    /// Anything: it restricts nothing that matters here.
    Ignored,
}

impl WantedDetail {
    /// Begins with the type. A detail that has nothing but a type allows it then, and no other.
    pub fn of_type(detail_type: impl Into<String>) -> Self {
        Self { detail_type: detail_type.into(), members: Vec::new() }
    }

    /// One of `actions`.
    #[must_use]
    pub fn action(self, action: impl Into<String>) -> Self {
        self.among("actions", action)
    }

    /// One of `locations`, to the letter: whether a place includes what lies beneath it is the type's business.
    #[must_use]
    pub fn location(self, location: impl Into<String>) -> Self {
        self.among("locations", location)
    }

    /// `identifier` must be there and be this.
    #[must_use]
    pub fn identifier(self, identifier: impl Into<String>) -> Self {
        self.field("identifier", identifier.into())
    }

    /// `identifier` must be this, or absent: for types that mean every object then.
    #[must_use]
    pub fn identifier_or_every(self, identifier: impl Into<String>) -> Self {
        self.field_or_absent("identifier", identifier.into())
    }

    /// An array member of the detail must contain this.
    #[must_use]
    pub fn among(self, member: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(member.into(), Rule::Among(value.into()))
    }

    /// A member must be just this.
    #[must_use]
    pub fn field(self, member: impl Into<String>, value: impl Into<Value>) -> Self {
        self.with(member.into(), Rule::Is(value.into()))
    }

    /// A member must be just this, or absent: for types that say that its absence restricts nothing.
    #[must_use]
    pub fn field_or_absent(self, member: impl Into<String>, value: impl Into<Value>) -> Self {
        self.with(member.into(), Rule::IsOrAbsent(value.into()))
    }

    /// A member may be anything. Only for one that restricts nothing of what is wanted.
    #[must_use]
    pub fn ignoring(self, member: impl Into<String>) -> Self {
        self.with(member.into(), Rule::Ignored)
    }

    fn with(mut self, member: String, rule: Rule) -> Self {
        self.members.push((member, rule));
        self
    }

    /// Whether one of the details allows it.
    pub fn allowed_by(&self, details: &AuthorizationDetails) -> bool {
        details.iter().any(|detail| self.covered_by(detail))
    }

    fn covered_by(&self, detail: &AuthorizationDetail) -> bool {
        let looked_at = |member: &String| self.members.iter().any(|(name, _)| name == member);
        detail.detail_type == self.detail_type
            && detail.fields.keys().all(looked_at)
            && self.members.iter().all(|(name, rule)| rule.holds(detail.fields.get(name)))
    }

    /// The least that a client would have to ask for.
    pub fn to_value(&self) -> Value {
        let mut object = Map::new();
        object.insert("type".to_owned(), self.detail_type.as_str().into());
        for (name, rule) in &self.members {
            match rule {
                Rule::Among(value) => {
                    if let Value::Array(several) =
                        object.entry(name.as_str()).or_insert_with(|| Value::Array(Vec::new()))
                    {
                        several.push(value.as_str().into());
                    }
                }
                Rule::Is(value) | Rule::IsOrAbsent(value) => {
                    object.insert(name.clone(), value.clone());
                }
                Rule::Ignored => {}
            }
        }
        Value::Object(object)
    }
}

impl Rule {
    fn holds(&self, member: Option<&Value>) -> bool {
        match (self, member) {
            (Self::Among(wanted), Some(Value::Array(values))) => values.iter().any(|value| value == wanted),
            (Self::Is(wanted) | Self::IsOrAbsent(wanted), Some(value)) => value == wanted,
            (Self::Among(_) | Self::Is(_), _) => false,
            (Self::IsOrAbsent(_), None) | (Self::Ignored, _) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FINANCE: &str = "https://files.internal.corp/finance";

    fn the_report() -> WantedDetail {
        WantedDetail::of_type("file_access").action("read").location(FINANCE).identifier("Q4-report.pdf")
    }

    fn detail() -> Value {
        json!({"type": "file_access", "locations": [FINANCE], "actions": ["read"], "identifier": "Q4-report.pdf"})
    }

    /// The detail with one member changed, or removed when the value is null.
    fn with(member: &str, value: Value) -> Value {
        let mut detail = detail();
        let object = detail.as_object_mut().expect("an object");
        if value.is_null() {
            object.remove(member);
        } else {
            object.insert(member.to_owned(), value);
        }
        detail
    }

    fn allows(wanted: &WantedDetail, details: &[Value]) -> bool {
        wanted.allowed_by(&AuthorizationDetails::from_values(details.to_vec()).expect("details"))
    }

    #[test]
    fn what_was_approved_is_allowed_also_beside_more() {
        assert!(allows(&the_report(), &[detail()]));
        assert!(allows(&the_report(), &[with("actions", json!(["write", "read"]))]));
        assert!(allows(&the_report(), &[with("identifier", json!("Q3-report.pdf")), detail()]));
    }

    #[test]
    fn every_member_must_fit() {
        for (member, value) in [
            ("type", json!("mcp_tool")),
            ("actions", json!(["write"])),
            ("actions", json!([])),
            ("actions", json!("read")),
            ("actions", json!([["read"]])),
            ("actions", Value::Null),
            ("locations", json!(["https://files.internal.corp/finance/"])),
            ("locations", json!(["https://files.internal.corp"])),
            ("locations", Value::Null),
            ("identifier", json!("q4-report.pdf")),
            ("identifier", json!(["Q4-report.pdf"])),
            ("identifier", Value::Null),
        ] {
            assert!(!allows(&the_report(), &[with(member, value.clone())]), "{member}: {value}");
        }
        assert!(!allows(&the_report(), &[]));
    }

    #[test]
    fn a_member_that_the_tool_does_not_look_at_could_be_a_restriction() {
        let restricted = with("only_on", json!("Monday"));
        assert!(!allows(&the_report(), std::slice::from_ref(&restricted)));
        assert!(allows(&the_report().ignoring("only_on"), &[restricted]));
        assert!(!allows(&WantedDetail::of_type("file_access"), &[detail()]));
    }

    #[test]
    fn an_absent_identifier_means_every_object_only_where_the_type_says_so() {
        let every =
            WantedDetail::of_type("file_access").action("read").location(FINANCE).identifier_or_every("any");
        assert!(allows(&every, &[with("identifier", Value::Null)]));
        assert!(allows(&every, &[with("identifier", json!("any"))]));
        assert!(!allows(&every, &[detail()]));
    }

    #[test]
    fn two_details_are_not_added_up() {
        let elsewhere = with("locations", json!(["https://files.internal.corp/legal"]));
        let otherwise = with("actions", json!(["write"]));
        assert!(!allows(&the_report(), &[elsewhere, otherwise]));
    }

    #[test]
    fn what_a_client_is_told_to_ask_for_allows_it() {
        let both = the_report().action("write").ignoring("only_on");
        assert_eq!(both.to_value()["actions"], json!(["read", "write"]));
        assert!(allows(&both, &[both.to_value()]));
        assert_eq!(the_report().to_value(), detail());
    }
}
