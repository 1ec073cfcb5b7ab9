use serde::Deserialize;
use serde_json::Value;

use super::Refusal;
use super::access_token::AccessToken;

/// This tool's resource identifier: the `aud` of the tokens it accepts.
pub(crate) const RESOURCE: &str = "https://files.internal.corp";

/// The folder of the demo, as details name it.
pub(crate) const LOCATION: &str = "https://files.internal.corp/finance";

/// The scope without which no file is touched. It says nothing about which file.
pub(crate) const FILE_SCOPE: &str = "files.access";

/// What a request wants to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    action: &'static str,
    /// The folder's name beneath the tool's resource identifier.
    pub(super) folder: String,
    /// The file's name in it.
    pub(super) identifier: String,
}

/// A detail of type `file_access`. A member that this tool does not know could be a restriction, so a detail that has
/// one allows nothing here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileAccess {
    r#type: String,
    locations: Vec<String>,
    actions: Vec<String>,
    /// Without it every file of the locations is meant.
    identifier: Option<String>,
}

impl Wanted {
    /// Reading the file of this path: one folder and a name, taken as they stand. Percent-encoding is not decoded:
    /// the decision and the file system must not disagree about a name.
    pub(super) fn to_read(path: &str) -> Option<Self> {
        let (folder, identifier) = path.strip_prefix('/')?.split_once('/')?;
        let plain = |name: &str| {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
                && !name.is_empty()
                && !name.starts_with('.')
        };
        (plain(folder) && plain(identifier)).then(|| Self {
            action: "read",
            folder: folder.to_owned(),
            identifier: identifier.to_owned(),
        })
    }

    /// Whether a token allows it: the scope opens the door, one of the details must name this file and this action.
    ///
    /// # Errors
    /// What is missing.
    pub(super) fn allowed_by(&self, token: &AccessToken) -> Result<(), Refusal> {
        if !token.has_scope(FILE_SCOPE) {
            return Err(Refusal::InsufficientScope);
        }
        if token.authorization_details().iter().any(|detail| self.covered_by(detail)) {
            Ok(())
        } else {
            Err(Refusal::InsufficientDetails(self.as_detail()))
        }
    }

    fn covered_by(&self, detail: &Value) -> bool {
        FileAccess::deserialize(detail).is_ok_and(|detail| {
            detail.r#type == "file_access"
                && detail.locations.contains(&self.location())
                && detail.actions.iter().any(|action| action == self.action)
                && detail.identifier.is_none_or(|identifier| identifier == self.identifier)
        })
    }

    fn location(&self) -> String {
        format!("{RESOURCE}/{}", self.folder)
    }

    /// What an agent would have to ask for.
    fn as_detail(&self) -> Value {
        serde_json::json!({
            "type": "file_access",
            "locations": [self.location()],
            "actions": [self.action],
            "identifier": self.identifier,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(scope: &str, details: &Value) -> AccessToken {
        serde_json::from_value(json!({"scope": scope, "authorization_details": details})).expect("claims")
    }

    fn q4() -> Wanted {
        Wanted::to_read("/finance/Q4-report.pdf").expect("a path")
    }

    fn detail() -> Value {
        json!({"type": "file_access", "locations": [LOCATION], "actions": ["read"], "identifier": "Q4-report.pdf"})
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

    fn allows(detail: &Value) -> bool {
        q4().allowed_by(&token("openid files.access", &json!([detail]))).is_ok()
    }

    #[test]
    fn the_file_that_was_approved_can_be_read() {
        assert!(allows(&detail()));
        assert!(allows(&with("actions", json!(["write", "read"]))));
        assert!(allows(&with("locations", json!(["https://files.internal.corp/legal", LOCATION]))));
    }

    #[test]
    fn the_file_beside_it_cannot() {
        let q3 = Wanted::to_read("/finance/Q3-report.pdf").expect("a path");
        let refusal = q3.allowed_by(&token("files.access", &json!([detail()]))).expect_err("refused");
        assert!(
            matches!(refusal, Refusal::InsufficientDetails(asked) if asked["identifier"] == "Q3-report.pdf")
        );
    }

    #[test]
    fn a_detail_without_identifier_means_every_file_of_its_locations() {
        assert!(allows(&with("identifier", Value::Null)));
    }

    #[test]
    fn every_member_must_fit() {
        for (member, value) in [
            ("type", json!("mcp_tool")),
            ("type", Value::Null),
            ("actions", json!(["write"])),
            ("actions", json!([])),
            ("actions", json!("read")),
            ("actions", Value::Null),
            ("locations", json!(["https://files.internal.corp/legal"])),
            ("locations", json!(["https://files.internal.corp/finance/"])),
            ("locations", json!(["https://files.internal.corp"])),
            ("locations", Value::Null),
            ("identifier", json!("q4-report.pdf")),
            ("identifier", json!(["Q4-report.pdf"])),
        ] {
            assert!(!allows(&with(member, value.clone())), "{member}: {value}");
        }
    }

    #[test]
    fn a_restriction_that_the_tool_does_not_know_is_no_permission() {
        assert!(!allows(&with("only_on", json!("Monday"))));
    }

    #[test]
    fn two_details_are_not_added_up() {
        let reads_legal = with("locations", json!(["https://files.internal.corp/legal"]));
        let writes_finance = with("actions", json!(["write"]));
        assert!(q4().allowed_by(&token("files.access", &json!([reads_legal, writes_finance]))).is_err());
    }

    #[test]
    fn details_without_the_scope_and_the_scope_without_details_open_nothing() {
        for scope in ["", "files.read", "files.accessible", "FILES.ACCESS"] {
            let refusal = q4().allowed_by(&token(scope, &json!([detail()]))).expect_err("refused");
            assert!(matches!(refusal, Refusal::InsufficientScope), "{scope}");
        }
        assert!(matches!(
            q4().allowed_by(&token("files.access", &json!([]))),
            Err(Refusal::InsufficientDetails(_))
        ));
    }

    #[test]
    fn a_path_is_a_folder_and_a_plain_name() {
        for path in [
            "/",
            "/finance",
            "/finance/",
            "//Q4-report.pdf",
            "/finance/../secret",
            "/finance/..",
            "/finance/a/b",
            "/finance/Q4%2Dreport.pdf",
            "/finance/%2e%2e",
            "/finance/Q4 report.pdf",
            "Q4-report.pdf",
        ] {
            assert_eq!(Wanted::to_read(path), None, "{path}");
        }
    }
}
