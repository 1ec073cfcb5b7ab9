use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::Serializer;
use lambda_http::Body;
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;

use crate::form::LONGEST_QUERY;
use crate::request::{Arrival, Request};

/// Which of the gateway's two shapes an event has, and its answer must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum PayloadVersion {
    One,
    Two,
}

/// What was sent is not a request that came through API Gateway.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAnEvent {
    /// What is wrong with it, without its content.
    pub why: &'static str,
}

/// An event as the gateway writes it, as far as we read it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    // Version 1.
    http_method: Option<String>,
    path: Option<String>,
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    query_string_parameters: Option<BTreeMap<String, String>>,
    multi_value_query_string_parameters: Option<BTreeMap<String, Vec<String>>>,
    // Version 2.
    raw_path: Option<String>,
    raw_query_string: Option<String>,
    cookies: Option<Vec<String>>,
    // Both.
    headers: Option<BTreeMap<String, String>>,
    path_parameters: Option<BTreeMap<String, String>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
    request_context: RequestContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    request_id: Option<String>,
    stage: Option<String>,
    domain_name: Option<String>,
    // Version 1.
    resource_path: Option<String>,
    identity: Option<Sender>,
    // Version 2.
    route_key: Option<String>,
    http: Option<Http>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sender {
    source_ip: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    method: String,
    source_ip: Option<String>,
}

/// What may not stand in a URI as it is. Nothing is decoded: `%` stays.
const NOT_IN_URI: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

impl Event {
    /// Reads an event into a request; how it arrived stands in its extensions as [`Arrival`].
    ///
    /// # Errors
    /// [`NotAnEvent`] when it is not one of the two shapes.
    pub fn read(json: &str, invocation_id: &str) -> Result<(PayloadVersion, Request), NotAnEvent> {
        let event: Self = serde_json::from_str(json)
            .map_err(|_| NotAnEvent { why: "it does not have the shape of one" })?;
        let version = event.version();
        Ok((version, event.into_request(version, invocation_id)?))
    }

    const fn version(&self) -> PayloadVersion {
        if self.request_context.http.is_some() { PayloadVersion::Two } else { PayloadVersion::One }
    }

    fn into_request(mut self, version: PayloadVersion, invocation_id: &str) -> Result<Request, NotAnEvent> {
        let method = self.method()?;
        let headers = self.take_headers();
        let query = self.query(version);
        let arrival = self.arrival(invocation_id);
        let mut uri = utf8_percent_encode(&arrival.path, NOT_IN_URI).to_string();
        if let Some(query) = query {
            uri.push('?');
            uri.push_str(&query);
        }
        let mut request = lambda_http::http::Request::builder()
            .method(method)
            .uri(uri)
            .extension(arrival)
            .body(self.take_body()?)
            .map_err(|_| NotAnEvent { why: "its path is not one" })?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn method(&self) -> Result<Method, NotAnEvent> {
        let version_two = self.request_context.http.as_ref().map(|http| &http.method);
        version_two
            .or(self.http_method.as_ref())
            .and_then(|method| Method::from_bytes(method.as_bytes()).ok())
            .ok_or(NotAnEvent { why: "it has no method" })
    }

    /// Version 1 has every header twice: the last value alone, and all of them. Only the second says what
    /// was sent.
    fn take_headers(&mut self) -> HeaderMap {
        let single = self.headers.take().unwrap_or_default();
        let all = match self.multi_value_headers.take() {
            Some(all) if !all.is_empty() => all,
            _ => single.into_iter().map(|(name, value)| (name, vec![value])).collect(),
        };
        let cookies =
            self.cookies.take().unwrap_or_default().into_iter().map(|cookie| (header::COOKIE, cookie));
        let mut headers = HeaderMap::new();
        let named = all.into_iter().flat_map(|(name, values)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok();
            values.into_iter().filter_map(move |value| Some((name.clone()?, value)))
        });
        for (name, value) in named.chain(cookies) {
            // What cannot be a header was not one on the wire either.
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                headers.append(name, value);
            }
        }
        headers
    }

    /// The query, percent-encoded. Version 1 brings it decoded. One that is too long for a URI is cut, still
    /// too long for [`crate::query`].
    fn query(&self, version: PayloadVersion) -> Option<String> {
        let mut query = match version {
            PayloadVersion::One => self.encoded_query(),
            PayloadVersion::Two => {
                let raw = self.raw_query_string.as_deref().unwrap_or_default();
                utf8_percent_encode(raw, NOT_IN_URI).to_string()
            }
        };
        query.truncate(LONGEST_QUERY + 1);
        (!query.is_empty()).then_some(query)
    }

    fn encoded_query(&self) -> String {
        let mut query = Serializer::new(String::new());
        match (&self.multi_value_query_string_parameters, &self.query_string_parameters) {
            (Some(all), _) if !all.is_empty() => {
                for (name, values) in all {
                    query.extend_pairs(values.iter().map(|value| (name, value)));
                }
            }
            (_, Some(single)) => {
                query.extend_pairs(single);
            }
            _ => {}
        }
        query.finish()
    }

    fn arrival(&mut self, invocation_id: &str) -> Arrival {
        let context = &mut self.request_context;
        let sender = context.identity.take().and_then(|sender| sender.source_ip);
        let path = self.raw_path.take().or_else(|| self.path.take()).unwrap_or_default();
        let path = without_stage(&path, context.stage.as_deref());
        let route =
            context.route_key.take().and_then(|key| key.split_once(' ').map(|(_, route)| route.to_owned()));
        Arrival {
            request_id: context.request_id.take().unwrap_or_else(|| invocation_id.to_owned()),
            route: context.resource_path.take().or(route).unwrap_or_else(|| path.clone()),
            path,
            path_parameters: self.path_parameters.take().unwrap_or_default(),
            source_ip: sender.or_else(|| context.http.take().and_then(|http| http.source_ip)),
            domain: context.domain_name.take(),
        }
    }

    fn take_body(&mut self) -> Result<Body, NotAnEvent> {
        match self.body.take() {
            None => Ok(Body::Empty),
            Some(text) if self.is_base64_encoded == Some(true) => {
                let bytes =
                    STANDARD.decode(text).map_err(|_| NotAnEvent { why: "its body is not base64" })?;
                Ok(Body::Binary(bytes))
            }
            Some(text) => Ok(Body::Text(text)),
        }
    }
}

/// The path beneath the stage. Version 2 writes the stage into it, version 1 does not.
fn without_stage(path: &str, stage: Option<&str>) -> String {
    let beneath = stage
        .and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage))
        .filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let path = beneath.unwrap_or(path);
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::request::{arrival, authorization};
    use crate::{form, query};
    use oauth::Refusal;

    fn read(event: &Value) -> Request {
        Event::read(&event.to_string(), "lambda-1").expect("an event").1
    }

    fn version_one() -> Value {
        json!({
            "resource": "/assets/{file}",
            "path": "/assets/style sheet.css",
            "httpMethod": "GET",
            "headers": {"Host": "[", "Accept": "text/css"},
            "multiValueHeaders": {"Host": ["["], "Accept": ["text/html", "text/css"]},
            "queryStringParameters": {"a": "2"},
            "multiValueQueryStringParameters": {"a": ["1 &+%", "2"]},
            "pathParameters": {"file": "style sheet.css"},
            "stageVariables": null,
            "requestContext": {
                "requestId": "req-1", "stage": "prod", "resourcePath": "/assets/{file}",
                "domainName": "auth.example",
                "identity": {"sourceIp": "192.0.2.1"}
            },
            "body": null,
            "isBase64Encoded": false
        })
    }

    fn version_two() -> Value {
        json!({
            "version": "2.0",
            "routeKey": "POST /token",
            "rawPath": "/prod/token",
            "rawQueryString": "",
            "cookies": ["a=1", "b=2"],
            "headers": {"content-type": "application/x-www-form-urlencoded", "authorization": "Basic eDp5"},
            "requestContext": {
                "requestId": "req-2", "stage": "prod", "routeKey": "POST /token", "domainName": "auth.example",
                "http": {"method": "POST", "path": "/prod/token", "sourceIp": "192.0.2.2"}
            },
            "body": "Z3JhbnRfdHlwZT1hJTIwYg==",
            "isBase64Encoded": true
        })
    }

    #[test]
    fn a_rest_api_event_is_read_as_it_was_sent() {
        let request = read(&version_one());
        assert_eq!(request.uri().path(), "/assets/style%20sheet.css");
        assert_eq!(request.headers().get_all("accept").iter().count(), 2);
        let parameters = query(&request).expect("a query");
        assert_eq!(parameters.repeated("a"), Ok(vec!["1 &+%", "2"]));
        assert_eq!(
            *arrival(&request),
            Arrival {
                request_id: "req-1".into(),
                route: "/assets/{file}".into(),
                path: "/assets/style sheet.css".into(),
                path_parameters: [("file".to_owned(), "style sheet.css".to_owned())].into(),
                source_ip: Some("192.0.2.1".into()),
                domain: Some("auth.example".into()),
            }
        );
    }

    #[test]
    fn an_http_api_event_is_read_as_it_was_sent() {
        let (version, request) = Event::read(&version_two().to_string(), "lambda-1").expect("an event");
        assert_eq!(version, PayloadVersion::Two);
        assert_eq!(request.method(), Method::POST);
        assert_eq!(form(&request).expect("a form").optional("grant_type"), Ok(Some("a b")));
        assert_eq!(request.headers().get_all("cookie").iter().count(), 2);
        let arrival = arrival(&request);
        assert_eq!((arrival.route.as_str(), arrival.path.as_str()), ("/token", "/token"));
        assert_eq!(arrival.source_ip.as_deref(), Some("192.0.2.2"));
        assert_eq!(arrival.domain.as_deref(), Some("auth.example"));
    }

    #[test]
    fn a_function_url_routes_by_its_path() {
        let mut event = version_two();
        event["rawPath"] = json!("/token");
        event["requestContext"]["routeKey"] = json!("$default");
        event["requestContext"]["stage"] = json!("$default");
        assert_eq!(arrival(&read(&event)).route, "/token");
    }

    #[test]
    fn a_repeated_authorization_header_is_seen_in_both_versions() {
        let mut event = version_one();
        event["headers"]["Authorization"] = json!("Basic Yg==");
        event["multiValueHeaders"]["Authorization"] = json!(["Basic YQ==", "Basic Yg=="]);
        assert_eq!(authorization(&read(&event)), Err(Refusal::SeveralAuthenticationMethods));
    }

    #[test]
    fn no_header_makes_an_event_unreadable() {
        let mut event = version_one();
        event["multiValueHeaders"] = json!({
            "User-Agent": ["Größe"], "not a name": ["x"], "X-Control": ["a\u{1}b"], "Accept": ["text/html"]
        });
        let request = read(&event);
        assert_eq!(request.headers()["accept"], "text/html");
        assert_eq!(request.headers()["user-agent"].as_bytes(), "Größe".as_bytes());
        assert_eq!(request.headers().len(), 2);
    }

    #[test]
    fn a_query_that_is_no_uri_is_still_a_query() {
        let mut event = version_two();
        event["rawQueryString"] = json!("a=\"<ü>{}|\\^` b%20c");
        let parameters = query(&read(&event)).expect("a query");
        assert_eq!(parameters.optional("a"), Ok(Some("\"<ü>{}|\\^` b c")));
    }

    #[test]
    fn a_query_longer_than_any_uri_is_too_long() {
        let too_long = Err(Refusal::QueryTooLong { limit: LONGEST_QUERY });
        let mut event = version_two();
        event["rawQueryString"] = json!(format!("a={}", "b".repeat(100_000)));
        assert_eq!(query(&read(&event)).map(|_| ()), too_long);
        let mut event = version_one();
        event["multiValueQueryStringParameters"] = json!({"a": ["b".repeat(100_000)]});
        assert_eq!(query(&read(&event)).map(|_| ()), too_long);
    }

    #[test]
    fn a_body_that_is_not_what_it_says_is_no_event() {
        let mut event = version_two();
        event["body"] = json!("%%%");
        let why = "its body is not base64";
        assert_eq!(Event::read(&event.to_string(), "lambda-1").map(|_| ()), Err(NotAnEvent { why }));
    }
}
