use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::Trouble;

/// Whether a person stands behind the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acting {
    /// The agent acts for a person.
    ForAPerson,
    /// The agent acts for itself.
    Alone,
}

/// The claims of an access token, one a line with what each means. Only for the person at the terminal: an agent
/// has no business with the inside of its token, whose reader is the tool (RFC 9068, section 6).
///
/// # Errors
/// When the token is not a JWT.
pub(crate) fn shown(token: &str, acting: Acting) -> Result<String, Trouble> {
    let claims = inside(token).ok_or_else(|| Trouble::Unexpected {
        endpoint: "The token endpoint",
        why: "the access token is not a JWT".into(),
    })?;
    let width = claims
        .iter()
        .filter(|(_, value)| as_details(value).is_none())
        .map(|(_, value)| plain(value).len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    let known = ORDER.iter().filter_map(|name| claims.get_key_value(*name));
    let others = claims.iter().filter(|(name, _)| !ORDER.contains(&name.as_str()) && *name != DETAILS);
    for (name, value) in known.chain(others).chain(claims.get_key_value(DETAILS)) {
        if let Some(details) = as_details(value) {
            let _ = writeln!(text, "{name}  {}", meaning(name, value, acting));
            for detail in details {
                let _ = writeln!(text, "           {detail}");
            }
        } else {
            let _ = writeln!(text, "{name:<11}{:<width$}  {}", plain(value), meaning(name, value, acting));
        }
    }
    Ok(text)
}

/// The order in which a person wants to read them.
const ORDER: [&str; 13] = [
    "iss",
    "sub",
    "client_id",
    "aud",
    "scope",
    "iat",
    "exp",
    "auth_time",
    "amr",
    "acr",
    "grant_id",
    "jti",
    "asked",
];

/// What stands last, being the longest.
const DETAILS: &str = "authorization_details";

fn meaning(name: &str, value: &Value, acting: Acting) -> String {
    match (name, acting) {
        ("iss", _) => "the server that issued it".into(),
        ("sub", Acting::ForAPerson) => "the person for whom the agent acts".into(),
        ("sub", Acting::Alone) => "the agent itself: no person stands behind it".into(),
        ("client_id", _) => "the agent that asked".into(),
        ("aud", _) => "the one tool that may accept it".into(),
        ("scope", _) => "what it is good for there, roughly".into(),
        (DETAILS, _) => "what it is good for there, exactly:".into(),
        ("iat", _) => moment("issued at", value),
        ("exp", _) => moment("worthless from", value),
        ("auth_time", _) => moment("the person signed in at", value),
        ("amr", _) => "how the person signed in".into(),
        ("acr", _) => "how surely it was the person".into(),
        ("grant_id", _) => "the authorization behind it, as the audit trail has it".into(),
        ("jti", _) => "the token's own identifier".into(),
        ("asked", _) => "the digest of everything that was asked, as the person saw it".into(),
        ("groups", _) => "what the tool wants to know of the person".into(),
        _ => String::new(),
    }
}

fn moment(what: &str, value: &Value) -> String {
    match value.as_i64().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()) {
        Some(time) => format!("{what} {time}"),
        None => what.to_owned(),
    }
}

/// A list of objects, which needs lines of its own.
fn as_details(value: &Value) -> Option<&Vec<Value>> {
    value.as_array().filter(|items| items.iter().any(Value::is_object))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn inside(token: &str) -> Option<Map<String, Value>> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(claims: &Value) -> String {
        format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    #[test]
    fn every_claim_has_a_line_and_the_explanations_stand_in_a_column() {
        let token = token(&json!({
            "exp": 1_800_000_300, "iss": "http://localhost:8690", "sub": "p-1", "aud": "https://files.internal.corp",
            "authorization_details": [{"type": "file_access", "identifier": "Q4-report.pdf"}], "amr": ["pwd"],
            "unknown": 1,
        }));
        let text = shown(&token, Acting::ForAPerson).expect("a JWT");
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("iss        http://localhost:8690        "));
        assert!(lines[1].starts_with("sub        p-1"), "{text}");
        let column = lines[0].find("the server").expect("explained");
        assert_eq!(lines[1].find("the person"), Some(column));
        assert_eq!(lines[2].find("the one tool"), Some(column));
        assert!(text.contains("worthless from 2027-01-15T08:05:00Z"), "{text}");
        assert!(lines.iter().any(|line| line.starts_with("unknown")), "{text}");
        let last = lines.last().expect("the details");
        assert!(last.ends_with(r#"{"type":"file_access","identifier":"Q4-report.pdf"}"#), "{text}");
    }

    #[test]
    fn an_agent_alone_has_no_person_behind_it() {
        let text = shown(&token(&json!({"sub": "nightly-agent"})), Acting::Alone).expect("a JWT");
        assert!(text.contains("no person"));
    }

    #[test]
    fn what_is_no_jwt_is_said_to_be_none() {
        for wrong in ["", "opaque", "a.b.c", "a.e30"] {
            let shown = shown(wrong, Acting::Alone);
            assert_eq!(shown.is_err(), wrong != "a.e30", "{wrong}");
        }
    }
}
