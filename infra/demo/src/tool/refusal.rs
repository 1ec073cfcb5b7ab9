use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use super::access_token::Unacceptable;
use super::permission::FILE_SCOPE;

/// Why a request is not served (RFC 6750, section 3).
#[derive(Debug)]
pub(super) enum Refusal {
    /// No token: the challenge says how to come with one, and names no error.
    NoToken,
    /// More than one token, or one that is not text.
    MalformedRequest,
    /// A token, and not an acceptable one.
    InvalidToken(
        #[expect(dead_code, reason = "for a log; the caller learns no more than that")] Unacceptable,
    ),
    /// A good token without the scope.
    InsufficientScope,
    /// A good token that does not allow this; with the detail that would
    /// (draft-zehavi-oauth-rar-metadata, "Resource Server Error Signaling").
    InsufficientDetails(Value),
    /// No such file, said only to those who may read it.
    NotFound,
    /// Anything but GET.
    OnlyGet,
}

impl Refusal {
    /// Its status, its challenge, and a body that says the same to a person. Nothing of the request is in the
    /// header; in the body it is JSON.
    pub(super) fn into_response(self) -> Response<String> {
        let (status, error, description) = match &self {
            Self::NoToken => (StatusCode::UNAUTHORIZED, None, "an access token is needed"),
            Self::MalformedRequest => {
                (StatusCode::BAD_REQUEST, Some("invalid_request"), "there must be one Authorization header")
            }
            Self::InvalidToken(_) => (
                StatusCode::UNAUTHORIZED,
                Some("invalid_token"),
                "the access token is not acceptable here, or has expired",
            ),
            Self::InsufficientScope => {
                (StatusCode::FORBIDDEN, Some("insufficient_scope"), "the access token lacks the scope")
            }
            Self::InsufficientDetails(_) => (
                StatusCode::FORBIDDEN,
                Some("insufficient_authorization_details"),
                "the access token does not allow this action on this file",
            ),
            Self::NotFound => (StatusCode::NOT_FOUND, None, "there is no such file"),
            Self::OnlyGet => (StatusCode::METHOD_NOT_ALLOWED, None, "files can be read only"),
        };
        let mut body = json!({"error_description": description});
        let mut challenge = vec![r#"Bearer realm="files""#.to_owned()];
        if let Some(error) = error {
            body["error"] = error.into();
            challenge.push(format!(r#"error="{error}""#));
            challenge.push(format!(r#"error_description="{description}""#));
        }
        match self {
            Self::InsufficientScope => challenge.push(format!(r#"scope="{FILE_SCOPE}""#)),
            Self::InsufficientDetails(detail) => body["authorization_details"] = json!([detail]),
            _ => {}
        }
        response(status, &challenge.join(", "), &body)
    }
}

fn response(status: StatusCode, challenge: &str, body: &Value) -> Response<String> {
    let mut response = Response::new(body.to_string());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, HeaderValue::from_static("GET"));
    }
    let challenged = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::BAD_REQUEST];
    if challenged.contains(&status)
        && let Ok(challenge) = HeaderValue::from_str(challenge)
    {
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
