use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::Body;
use lambda_http::http::{HeaderMap, header};
use serde::{Deserialize, Serialize};

use super::PayloadVersion;
use crate::Response;

/// An answer as the gateway reads it. Version 1 has every header in `multi_value_headers`; version 2 has
/// `headers`, and cookies beside them.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// The status.
    pub status_code: u16,
    /// Headers, each with all its values (version 1).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub multi_value_headers: BTreeMap<String, Vec<String>>,
    /// Headers, each with one value (version 2).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The values of `Set-Cookie` (version 2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cookies: Vec<String>,
    /// The body, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Whether the body is base64 of the real one.
    #[serde(default)]
    pub is_base64_encoded: bool,
}

impl Reply {
    /// Writes a response in the shape that the gateway expects.
    pub fn new(response: Response, version: PayloadVersion) -> Self {
        let (parts, body) = response.into_parts();
        let (body, is_base64_encoded) = match body {
            Body::Text(text) => (Some(text), false),
            Body::Binary(bytes) => (Some(STANDARD.encode(bytes)), true),
            _ => (None, false),
        };
        let reply = Self { status_code: parts.status.as_u16(), body, is_base64_encoded, ..Self::default() };
        let mut values = values(&parts.headers);
        match version {
            PayloadVersion::One => Self { multi_value_headers: values, ..reply },
            PayloadVersion::Two => {
                let cookies = values.remove(header::SET_COOKIE.as_str()).unwrap_or_default();
                let headers = values.into_iter().map(|(name, values)| (name, values.join(", "))).collect();
                Self { headers, cookies, ..reply }
            }
        }
    }
}

/// Every header that we write is ASCII.
fn values(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in headers {
        if let Ok(value) = value.to_str() {
            values.entry(name.as_str().to_owned()).or_default().push(value.to_owned());
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use lambda_http::http::StatusCode;
    use serde_json::json;

    use super::*;
    use crate::answer::text;
    use crate::{Cookie, Site, set_cookie};

    fn response() -> Response {
        let site = Site::new("http://localhost:8765");
        let mut response = text(StatusCode::OK, "hello");
        for name in ["a", "b"] {
            set_cookie(&mut response, &site, &Cookie::new(name, "1")).expect("a cookie");
        }
        response
    }

    #[test]
    fn both_cookies_leave_in_both_versions() {
        let cookies = json!(["a=1; Path=/; HttpOnly; SameSite=Lax", "b=1; Path=/; HttpOnly; SameSite=Lax"]);

        let one = json!(Reply::new(response(), PayloadVersion::One));
        assert_eq!(one["multiValueHeaders"]["set-cookie"], cookies);
        assert_eq!(one["multiValueHeaders"]["content-type"], json!(["text/plain; charset=utf-8"]));
        assert_eq!((&one["statusCode"], &one["body"]), (&json!(200), &json!("hello")));

        let two = json!(Reply::new(response(), PayloadVersion::Two));
        assert_eq!(two["cookies"], cookies);
        assert_eq!(two["headers"]["content-type"], "text/plain; charset=utf-8");
        assert_eq!(two["headers"]["set-cookie"], json!(null));
    }

    #[test]
    fn bytes_leave_as_base64() {
        let reply = Reply::new(Response::new(Body::Binary(vec![0xff, 0])), PayloadVersion::One);
        assert_eq!((reply.body.as_deref(), reply.is_base64_encoded), (Some("/wA="), true));
    }
}
