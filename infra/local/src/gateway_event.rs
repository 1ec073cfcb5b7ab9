use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{CONTENT_TYPE, COOKIE, USER_AGENT};
use hyper::{HeaderMap, Method};
use oauth::Timestamp;
use serde_json::{Map, Value, json};

use crate::routes::Destination;

/// The stage when there is no base path, as behind a custom domain: a name that no path has, so that a handler that
/// trusts a path with the stage in it fails here already.
const HIDDEN_STAGE: &str = "local";

/// A request as the gateway received it, ready to be told as an event.
#[derive(Debug)]
pub(crate) struct Received<'request> {
    /// The verb.
    pub(crate) method: &'request Method,
    /// The path below the base path, percent-decoded.
    pub(crate) path: &'request str,
    /// The query as it was sent, without the question mark.
    pub(crate) query: &'request str,
    /// The headers, all of them UTF-8.
    pub(crate) headers: &'request HeaderMap,
    /// The body.
    pub(crate) body: &'request [u8],
    /// Where it goes.
    pub(crate) destination: &'request Destination<'request>,
    /// Who sent it.
    pub(crate) source: IpAddr,
    /// The name of this request in logs.
    pub(crate) request_id: &'request str,
    /// When it came.
    pub(crate) now: Timestamp,
    /// The base path: empty, or `/stage`.
    pub(crate) base_path: &'request str,
    /// The name that the request was sent to, without the port.
    pub(crate) domain_name: &'request str,
}

impl Received<'_> {
    /// The event of a REST API, payload format 1.0. The query is decoded: a `+` is a space, and an escape that is
    /// not UTF-8 arrives as U+FFFD, which no parameter of ours may contain.
    pub(crate) fn version_1(&self, every_body_is_binary: bool) -> Value {
        let headers = self.header_values();
        let query = self.query_values();
        let (body, is_base64_encoded) = self.body(every_body_is_binary);
        json!({
            "resource": self.destination.resource,
            "path": self.path,
            "httpMethod": self.method.as_str(),
            "headers": last_of_each(&headers),
            "multiValueHeaders": headers,
            "queryStringParameters": or_null(last_of_each(&query)),
            "multiValueQueryStringParameters": or_null(json!(query)),
            "pathParameters": or_null(self.path_parameters()),
            "stageVariables": null,
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "local",
                "domainName": self.domain_name,
                "domainPrefix": self.domain_name.split('.').next(),
                "extendedRequestId": self.request_id,
                "httpMethod": self.method.as_str(),
                "identity": { "sourceIp": self.source.to_string(), "userAgent": self.user_agent() },
                "path": format!("{}{}", self.base_path, self.path),
                "protocol": "HTTP/1.1",
                "requestId": self.request_id,
                "requestTimeEpoch": self.now.as_seconds().saturating_mul(1000),
                "resourceId": "local",
                "resourcePath": self.destination.resource,
                "stage": self.stage().unwrap_or(HIDDEN_STAGE),
            },
            "body": body,
            "isBase64Encoded": is_base64_encoded,
        })
    }

    /// The event of an HTTP API, payload format 2.0: the query as it was sent, repeated headers joined by commas,
    /// cookies apart, and the stage in `rawPath` when it has a name.
    pub(crate) fn version_2(&self) -> Value {
        let mut headers = self.header_values();
        let cookies = headers.remove(COOKIE.as_str());
        let cookies =
            cookies.map(|lines| lines.iter().flat_map(|line| line.split("; ")).map(str::to_owned).collect());
        let path = format!("{}{}", self.base_path, self.path);
        let route_key = format!("{} {}", self.method, self.destination.resource);
        let (body, is_base64_encoded) = self.body(!self.is_text());
        let mut event = json!({
            "version": "2.0",
            "routeKey": route_key,
            "rawPath": path,
            "rawQueryString": self.query,
            "headers": joined(&headers),
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "local",
                "domainName": self.domain_name,
                "domainPrefix": self.domain_name.split('.').next(),
                "http": {
                    "method": self.method.as_str(),
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": self.source.to_string(),
                    "userAgent": self.user_agent(),
                },
                "requestId": self.request_id,
                "routeKey": route_key,
                "stage": self.stage().unwrap_or("$default"),
                "timeEpoch": self.now.as_seconds().saturating_mul(1000),
            },
            "isBase64Encoded": is_base64_encoded,
        });
        let optional: [(&str, Option<Value>); 4] = [
            ("cookies", cookies),
            ("queryStringParameters", some(joined(&self.query_values()))),
            ("pathParameters", some(self.path_parameters())),
            ("body", body.map(Value::String)),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                event[name] = value;
            }
        }
        event
    }

    fn stage(&self) -> Option<&str> {
        self.base_path.strip_prefix('/')
    }

    fn user_agent(&self) -> Option<String> {
        self.headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    fn header_values(&self) -> BTreeMap<String, Vec<String>> {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in self.headers {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            values.entry(name.as_str().to_owned()).or_default().push(value);
        }
        values
    }

    fn query_values(&self) -> BTreeMap<String, Vec<String>> {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(self.query.as_bytes()) {
            values.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        values
    }

    fn path_parameters(&self) -> Value {
        let parameters = self.destination.path_parameters.iter();
        Value::Object(parameters.map(|(name, value)| ((*name).to_owned(), json!(value))).collect())
    }

    fn body(&self, is_binary: bool) -> (Option<String>, bool) {
        if self.body.is_empty() {
            (None, false)
        } else if is_binary {
            (Some(STANDARD.encode(self.body)), true)
        } else {
            (Some(String::from_utf8_lossy(self.body).into_owned()), false)
        }
    }

    /// Whether an HTTP API takes the body for text. A form it does not.
    fn is_text(&self) -> bool {
        let media_type =
            self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        media_type.starts_with("text/")
            || ["application/json", "application/javascript", "application/xml"]
                .contains(&media_type.as_str())
    }
}

fn last_of_each(values: &BTreeMap<String, Vec<String>>) -> Value {
    Value::Object(values.iter().map(|(name, values)| (name.clone(), json!(values.last()))).collect())
}

fn joined(values: &BTreeMap<String, Vec<String>>) -> Value {
    Value::Object(values.iter().map(|(name, values)| (name.clone(), json!(values.join(",")))).collect())
}

fn some(object: Value) -> Option<Value> {
    (object.as_object().map_or(0, Map::len) > 0).then_some(object)
}

fn or_null(object: Value) -> Value {
    some(object).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};
    use lambda_http::http::Request;
    use lambda_http::request::LambdaRequest;
    use lambda_http::{Body, RequestExt};

    use super::*;

    /// What a function would be handed for this request, through both payload versions.
    fn told(
        base_path: &str,
        query: &str,
        headers: &[(&'static str, &str)],
        body: &[u8],
    ) -> [(Value, Request<Body>); 2] {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header"));
        }
        let destination = Destination { function: "token", resource: "/token", path_parameters: vec![] };
        let received = Received {
            method: &Method::POST,
            path: "/token",
            query,
            headers: &map,
            body,
            destination: &destination,
            source: IpAddr::from([127, 0, 0, 1]),
            request_id: "a-request",
            now: Timestamp::from_seconds(1_800_000_000),
            base_path,
            domain_name: "localhost",
        };
        [received.version_1(true), received.version_2()].map(|event| {
            let request: LambdaRequest = serde_json::from_str(&event.to_string()).expect("an event");
            (event, request.into())
        })
    }

    #[test]
    fn each_version_is_recognised_as_what_it_is() {
        let [(_, one), (_, two)] = told("", "", &[("host", "localhost:8690")], b"");
        assert!(matches!(
            one.request_context_ref(),
            Some(lambda_http::request::RequestContext::ApiGatewayV1(_))
        ));
        assert!(matches!(
            two.request_context_ref(),
            Some(lambda_http::request::RequestContext::ApiGatewayV2(_))
        ));
    }

    #[test]
    fn verb_raw_path_and_body_arrive_in_both_versions() {
        let body = b"grant_type=client_credentials&scope=\xff";
        for (event, request) in told(
            "",
            "",
            &[("host", "localhost"), ("content-type", "application/x-www-form-urlencoded")],
            body,
        ) {
            assert_eq!(request.method(), Method::POST);
            assert_eq!(request.raw_http_path(), "/token");
            assert_eq!(request.body().as_ref(), body, "the very bytes, UTF-8 or not");
            assert_eq!(event["isBase64Encoded"], true);
        }
    }

    #[test]
    fn an_empty_body_is_no_body() {
        let [(one, _), (two, _)] = told("", "", &[("host", "localhost")], b"");
        assert_eq!((&one["body"], &one["isBase64Encoded"]), (&Value::Null, &json!(false)));
        assert!(two.get("body").is_none());
    }

    #[test]
    fn json_is_text_to_an_http_api() {
        let [_, (two, request)] = told(
            "",
            "",
            &[("host", "localhost"), ("content-type", "application/json; charset=utf-8")],
            b"{}",
        );
        assert_eq!((&two["body"], &two["isBase64Encoded"]), (&json!("{}"), &json!(false)));
        assert_eq!(request.body().as_ref(), b"{}");
    }

    #[test]
    fn a_repeated_parameter_keeps_all_its_values() {
        for (_, request) in told("", "a=1&b=x%20y&a=2&c=p+q", &[("host", "localhost")], b"") {
            let query = request.query_string_parameters();
            assert_eq!(query.all("a"), Some(vec!["1", "2"]));
            assert_eq!(query.first("b"), Some("x y"));
            assert_eq!(query.first("c"), Some("p q"));
        }
    }

    #[test]
    fn a_rest_api_decodes_the_query_and_an_http_api_does_not() {
        let [(one, _), (two, _)] = told("", "a=x%26y%3D1", &[("host", "localhost")], b"");
        assert_eq!(one["queryStringParameters"]["a"], "x&y=1");
        assert_eq!(two["rawQueryString"], "a=x%26y%3D1");
    }

    #[test]
    fn an_escape_that_is_not_utf8_is_visible_as_such() {
        for (_, request) in told("", "a=%FF&b=%zz&c=%", &[("host", "localhost")], b"") {
            let query = request.query_string_parameters();
            assert_eq!(query.first("a"), Some("\u{fffd}"));
            assert_eq!(query.first("b"), Some("%zz"));
            assert_eq!(query.first("c"), Some("%"));
        }
    }

    #[test]
    fn cookies_arrive_as_one_header_in_both_versions() {
        for (_, request) in told("", "", &[("host", "localhost"), ("cookie", "a=1; b=2")], b"") {
            assert_eq!(request.headers()[COOKIE], "a=1; b=2");
        }
    }

    #[test]
    fn a_header_sent_twice_arrives_as_a_function_would_see_it_on_aws() {
        let headers = [("host", "localhost"), ("authorization", "Basic one"), ("authorization", "Basic two")];
        let [(one, request_one), (_, request_two)] = told("", "", &headers, b"");
        assert_eq!(one["multiValueHeaders"]["authorization"], json!(["Basic one", "Basic two"]));
        // lambda_http lets `headers`, which holds the last value alone, replace `multiValueHeaders`.
        assert_eq!(request_one.headers().get_all("authorization").iter().collect::<Vec<_>>(), ["Basic two"]);
        assert_eq!(request_two.headers()["authorization"], "Basic one,Basic two");
    }

    #[test]
    fn a_base_path_is_the_stage() {
        let [(one, request_one), (two, request_two)] = told("/prod", "", &[("host", "localhost")], b"");
        assert_eq!(one["requestContext"]["stage"], "prod");
        assert_eq!(one["requestContext"]["path"], "/prod/token");
        assert_eq!(one["path"], "/token");
        assert_eq!(request_one.raw_http_path(), "/token");
        assert_eq!(two["requestContext"]["stage"], "prod");
        assert_eq!(
            request_two.raw_http_path(),
            "/prod/token",
            "an HTTP API leaves a named stage in the path"
        );
    }

    #[test]
    fn without_a_base_path_there_is_a_stage_that_no_path_shows() {
        let [(one, request_one), (two, _)] = told("", "", &[("host", "localhost")], b"");
        assert_eq!(one["requestContext"]["stage"], HIDDEN_STAGE);
        assert_eq!(request_one.raw_http_path(), "/token");
        assert_eq!(two["requestContext"]["stage"], "$default");
    }

    #[test]
    fn the_request_id_reaches_the_function() {
        let [(one, _), (two, _)] = told("", "", &[("host", "localhost")], b"");
        assert_eq!(one["requestContext"]["requestId"], "a-request");
        assert_eq!(two["requestContext"]["requestId"], "a-request");
    }
}
