use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, InvalidHeaderName, InvalidHeaderValue,
    SET_COOKIE, TRANSFER_ENCODING,
};
use hyper::{HeaderMap, Response, StatusCode};
use serde::Deserialize;

/// A function's JSON answer, of either payload version.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionAnswer {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    multi_value_headers: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    cookies: Vec<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// Why an answer is none. The caller hears 502 or 500; the log has this.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// Not the JSON that API Gateway takes.
    #[error("it is not an answer: {0}")]
    Shape(#[from] serde_json::Error),
    /// The status is outside 200 to 599.
    #[error("{0} is no status of an answer")]
    Status(u16),
    /// A header's name cannot be sent.
    #[error("a header's name cannot be sent: {0}")]
    HeaderName(#[from] InvalidHeaderName),
    /// A header's value cannot be sent.
    #[error("a header's value cannot be sent: {0}")]
    HeaderValue(#[from] InvalidHeaderValue),
    /// The body is said to be base64 and is not.
    #[error("the body is not base64")]
    Body(#[from] base64::DecodeError),
}

/// Turns a function's JSON answer into HTTP, as API Gateway does: a body without a media type is JSON, and what
/// frames the message is the server's own business.
///
/// One thing is left as it is: a REST API sends our `WWW-Authenticate` under the name
/// `x-amzn-Remapped-WWW-Authenticate`. Here it keeps its name, as it does behind an HTTP API.
///
/// # Errors
/// [`NoAnswer`] when API Gateway could not make an answer of it.
pub(crate) fn read(answer: &[u8]) -> Result<Response<Full<Bytes>>, NoAnswer> {
    let answer: FunctionAnswer = serde_json::from_slice(answer)?;
    let status = StatusCode::from_u16(answer.status_code)
        .ok()
        .filter(|status| (200..600).contains(&status.as_u16()))
        .ok_or(NoAnswer::Status(answer.status_code))?;
    let headers = headers_of(&answer)?;
    let body = match answer.body {
        Some(body) if answer.is_base64_encoded => Bytes::from(STANDARD.decode(body)?),
        Some(body) => Bytes::from(body),
        None => Bytes::new(),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

fn headers_of(answer: &FunctionAnswer) -> Result<HeaderMap, NoAnswer> {
    let single = answer.headers.iter().map(|(name, value)| (name, std::slice::from_ref(value)));
    let multiple = answer.multi_value_headers.iter().map(|(name, values)| (name, values.as_slice()));
    let mut headers = HeaderMap::new();
    for (name, values) in single.chain(multiple) {
        let name = HeaderName::try_from(name)?;
        for value in values {
            headers.append(&name, HeaderValue::try_from(value)?);
        }
    }
    for cookie in &answer.cookies {
        headers.append(SET_COOKIE, HeaderValue::try_from(cookie)?);
    }
    for framing in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
        headers.remove(framing);
    }
    if answer.body.as_ref().is_some_and(|body| !body.is_empty()) && !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use serde_json::json;

    use super::*;

    async fn body(response: Response<Full<Bytes>>) -> Bytes {
        let Ok(collected) = response.into_body().collect().await;
        collected.to_bytes()
    }

    #[tokio::test]
    async fn a_rest_answer_keeps_each_cookie() {
        let answer = json!({
            "statusCode": 302,
            "headers": {},
            "multiValueHeaders": { "location": ["/sign-in"], "set-cookie": ["a=1", "b=2"] },
            "isBase64Encoded": false,
        });
        let response = read(answer.to_string().as_bytes()).expect("an answer");
        assert_eq!(response.status(), StatusCode::FOUND);
        assert_eq!(response.headers()["location"], "/sign-in");
        assert_eq!(response.headers().get_all(SET_COOKIE).iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
        assert_eq!(response.headers().get(CONTENT_TYPE), None);
        assert!(body(response).await.is_empty());
    }

    #[tokio::test]
    async fn an_http_api_answer_has_its_cookies_apart() {
        let answer = json!({ "statusCode": 200, "cookies": ["a=1", "b=2"], "headers": {}, "body": "{}" });
        let response = read(answer.to_string().as_bytes()).expect("an answer");
        assert_eq!(response.headers().get_all(SET_COOKIE).iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    }

    #[tokio::test]
    async fn a_binary_body_is_decoded() {
        let answer = json!({ "statusCode": 200, "body": "/wA=", "isBase64Encoded": true });
        assert_eq!(
            body(read(answer.to_string().as_bytes()).expect("an answer")).await,
            [0xff, 0x00].as_slice()
        );
    }

    #[test]
    fn framing_is_not_the_functions_business() {
        let answer = json!({
            "statusCode": 200,
            "headers": { "Content-Length": "9999", "Transfer-Encoding": "chunked", "Connection": "upgrade" },
            "body": "x",
        });
        let response = read(answer.to_string().as_bytes()).expect("an answer");
        assert_eq!(response.headers().len(), 1, "{:?}", response.headers());
    }

    #[test]
    fn what_is_no_answer_is_said_to_be_none() {
        for (answer, why) in [
            ("null", "not an answer"),
            (r#"{"statusCode":"200"}"#, "not an answer"),
            (r#"{"statusCode":99}"#, "99"),
            (r#"{"statusCode":101}"#, "101"),
            (r#"{"statusCode":200,"headers":{"a b":"c"}}"#, "name"),
            (r#"{"statusCode":200,"headers":{"a":"b\r\nc: d"}}"#, "value"),
            (r#"{"statusCode":200,"body":"!","isBase64Encoded":true}"#, "base64"),
        ] {
            let error = read(answer.as_bytes()).expect_err(answer).to_string();
            assert!(error.contains(why), "{answer}: {error}");
        }
    }
}
