use std::time::Duration;

use environment::Fault;
use lambda_http::http::{HeaderValue, StatusCode, header};
use oauth::{ErrorCode, Refusal};
use serde::Serialize;

use crate::answer::{empty, json};
use crate::request::Request;
use crate::status::status;
use crate::{Problem, Response, Site};

/// What the authentication challenges call the place.
const REALM: &str = "Countersign";

/// The name of the refusal or fault that a response carries in its extensions, for the request's log line.
#[derive(Clone, Debug)]
pub(crate) struct Told(pub(crate) String);

/// An error answer (RFC 6749, section 5.2).
#[derive(Serialize)]
struct ErrorBody {
    error: ErrorCode,
    error_description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_uri: Option<String>,
}

/// The answer of an endpoint that clients call: what came out, or the error as JSON (RFC 6749, section 5.2).
/// `site` is absent only where not even the configuration could be read.
pub fn respond_json(result: Result<Response, Problem>, request: &Request, site: Option<&Site>) -> Response {
    match result {
        Ok(response) => response,
        Err(Problem::Refused(refusal)) => refused(&refusal, request, site),
        Err(Problem::Fault(fault)) => failed(&fault, site),
    }
}

/// The answer of an endpoint that takes access tokens (RFC 6750, section 3): as [`respond_json`], with the
/// challenge that names what is wrong with the token. A REST API renames the header to
/// `x-amzn-Remapped-WWW-Authenticate`, so the body says the same. Without any token the answer has neither error nor
/// body (section 3.1).
pub fn respond_bearer(result: Result<Response, Problem>, site: Option<&Site>) -> Response {
    match result {
        Ok(response) => response,
        Err(Problem::Refused(refusal)) => {
            let mut response = match refusal {
                Refusal::TokenMissing => nothing_said(&refusal),
                _ => error_body(&refusal, site),
            };
            put(&mut response, header::WWW_AUTHENTICATE, &bearer_challenge(&refusal));
            response
        }
        Err(Problem::Fault(fault)) => failed(&fault, site),
    }
}

fn refused(refusal: &Refusal, request: &Request, site: Option<&Site>) -> Response {
    let mut response = error_body(refusal, site);
    // RFC 6749, section 5.2: the challenge matches the scheme that the client used.
    if response.status() == StatusCode::UNAUTHORIZED && request.headers().contains_key(header::AUTHORIZATION)
    {
        let challenge = format!("Basic realm=\"{REALM}\", charset=\"UTF-8\"");
        put(&mut response, header::WWW_AUTHENTICATE, &challenge);
    }
    response
}

fn error_body(refusal: &Refusal, site: Option<&Site>) -> Response {
    let body = ErrorBody {
        error: refusal.code(),
        error_description: refusal.description(),
        error_uri: site.map(|site| site.error_uri(&refusal.name())),
    };
    let mut response = json(status(refusal), &body);
    mark_refused(&mut response, refusal);
    response
}

/// RFC 6750, section 3.1: who shows no token at all is told neither an error code nor anything else.
fn nothing_said(refusal: &Refusal) -> Response {
    let mut response = empty(status(refusal));
    mark_refused(&mut response, refusal);
    response
}

/// Says of an answer what is not in its body, be it JSON or a page: which method is allowed (RFC 9110, section 15.5.6),
/// when to come again (sections 10.2.3 and 15.6.4), and, for the request's log line, what happened.
pub fn mark(response: &mut Response, problem: &Problem) {
    match problem {
        Problem::Refused(refusal) => mark_refused(response, refusal),
        Problem::Fault(Fault::Unavailable { .. }) => mark_unavailable(response),
        Problem::Fault(Fault::Broken { .. }) => mark_broken(response),
    }
}

fn mark_refused(response: &mut Response, refusal: &Refusal) {
    match refusal {
        Refusal::WrongMethod { allowed } => put(response, header::ALLOW, allowed),
        Refusal::SlowDown { retry_after } => put(response, header::RETRY_AFTER, &seconds(*retry_after)),
        _ => {}
    }
    response.extensions_mut().insert(Told(refusal.name()));
}

fn mark_unavailable(response: &mut Response) {
    put(response, header::RETRY_AFTER, "1");
    response.extensions_mut().insert(Told(UNAVAILABLE.to_owned()));
}

fn mark_broken(response: &mut Response) {
    response.extensions_mut().insert(Told(BROKEN.to_owned()));
}

/// Retry-After counts whole seconds; zero would invite a storm.
fn seconds(span: Duration) -> String {
    span.as_secs().max(1).to_string()
}

fn bearer_challenge(refusal: &Refusal) -> String {
    // RFC 6750, section 3.1: a request without any token is told nothing but how to authenticate.
    if matches!(refusal, Refusal::TokenMissing) {
        return format!("Bearer realm=\"{REALM}\"");
    }
    let scope = match refusal {
        Refusal::InsufficientScope { scope } => format!(", scope=\"{scope}\""),
        _ => String::new(),
    };
    let code = refusal.code().as_str();
    format!(
        "Bearer realm=\"{REALM}\", error=\"{code}\", error_description=\"{}\"{scope}",
        refusal.description()
    )
}

/// Under which name the error catalogue explains a refusal or a fault.
pub fn name(problem: &Problem) -> String {
    match problem {
        Problem::Refused(refusal) => refusal.name(),
        Problem::Fault(Fault::Unavailable { .. }) => UNAVAILABLE.to_owned(),
        Problem::Fault(Fault::Broken { .. }) => BROKEN.to_owned(),
    }
}

const UNAVAILABLE: &str = "fault-unavailable";
const BROKEN: &str = "fault-broken";

/// The answer to a fault of ours. The log has its text; the world hears that it was us, and whether trying
/// again may help.
fn failed(fault: &Fault, site: Option<&Site>) -> Response {
    tracing::error!(fault = %fault, "a fault of ours");
    match fault {
        Fault::Unavailable { .. } => unavailable(site),
        Fault::Broken { .. } => broken(site),
    }
}

/// The answer where not even the function could start.
pub(crate) fn temporarily_unavailable() -> Response {
    unavailable(None)
}

/// The answer where something of ours went wrong on the way out.
pub(crate) fn server_error() -> Response {
    broken(None)
}

fn unavailable(site: Option<&Site>) -> Response {
    let body = ErrorBody {
        error: ErrorCode::TemporarilyUnavailable,
        error_description: "the server cannot answer at the moment: try again".to_owned(),
        error_uri: site.map(|site| site.error_uri(UNAVAILABLE)),
    };
    let mut response = json(StatusCode::SERVICE_UNAVAILABLE, &body);
    mark_unavailable(&mut response);
    response
}

fn broken(site: Option<&Site>) -> Response {
    let body = ErrorBody {
        error: ErrorCode::ServerError,
        error_description: "something went wrong here".to_owned(),
        error_uri: site.map(|site| site.error_uri(BROKEN)),
    };
    let mut response = json(StatusCode::INTERNAL_SERVER_ERROR, &body);
    mark_broken(&mut response);
    response
}

/// Every value that comes here is ASCII without control characters, by [`Refusal::description`] or by being ours.
fn put(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use oauth::ClientRejection;
    use serde_json::{Value, json};

    use super::*;

    fn request(authorization: Option<&str>) -> Request {
        let mut builder = lambda_http::http::Request::post("/token");
        if let Some(value) = authorization {
            builder = builder.header(header::AUTHORIZATION, value);
        }
        builder.body(Body::Empty).expect("a request")
    }

    fn body(response: &Response) -> Value {
        serde_json::from_slice(response.body()).expect("JSON")
    }

    fn answer(problem: impl Into<Problem>, authorization: Option<&str>) -> Response {
        respond_json(Err(problem.into()), &request(authorization), None)
    }

    fn header_of(response: &Response, name: header::HeaderName) -> Option<&str> {
        response.headers().get(name).map(|value| value.to_str().expect("ASCII"))
    }

    const REJECTED: Refusal = Refusal::ClientRejected { why: ClientRejection::WrongSecret };

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_rfc() {
        let response = answer(Refusal::MissingParameter { name: "grant_type" }, None);
        assert_eq!(response.status(), 400);
        assert_eq!(
            body(&response),
            json!({"error": "invalid_request", "error_description": "the parameter grant_type is missing"})
        );
        assert_eq!(header_of(&response, header::CONTENT_TYPE), Some("application/json"));
        assert_eq!(header_of(&response, header::CACHE_CONTROL), Some("no-store"));
    }

    #[test]
    fn an_error_leads_to_its_explanation() {
        let site = Site::new("https://auth.example/prod");
        for (problem, name) in [
            (Problem::from(Refusal::NotUtf8), "not-utf8"),
            (Fault::unavailable("table", "slow").into(), "fault-unavailable"),
            (Fault::broken("table", "torn").into(), "fault-broken"),
        ] {
            assert_eq!(super::name(&problem), name);
            let response = respond_json(Err(problem), &request(None), Some(&site));
            let uri = body(&response)["error_uri"].as_str().expect("a link").to_owned();
            assert_eq!(uri, format!("https://auth.example/prod/errors/{name}"));
            let may_be = |byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert!(uri.bytes().all(may_be), "{uri}");
        }
    }

    #[test]
    fn a_client_that_used_the_authorization_header_is_challenged() {
        let response = answer(REJECTED, Some("Basic eDp5"));
        assert_eq!(response.status(), 401);
        let challenge = header_of(&response, header::WWW_AUTHENTICATE);
        assert_eq!(challenge, Some("Basic realm=\"Countersign\", charset=\"UTF-8\""));

        let response = answer(REJECTED, None);
        assert_eq!(response.status(), 401);
        assert_eq!(header_of(&response, header::WWW_AUTHENTICATE), None);
    }

    #[test]
    fn every_rejected_client_gets_the_same_answer() {
        let expected = body(&answer(REJECTED, None));
        for why in [
            ClientRejection::Unknown,
            ClientRejection::Disabled,
            ClientRejection::MethodNotRegistered,
            ClientRejection::AssertionReplayed,
        ] {
            assert_eq!(body(&answer(Refusal::ClientRejected { why }, None)), expected);
        }
    }

    #[test]
    fn method_and_pace_are_told_in_headers_too() {
        let response = answer(Refusal::WrongMethod { allowed: "POST" }, None);
        assert_eq!(response.status(), 405);
        assert_eq!(header_of(&response, header::ALLOW), Some("POST"));

        let response = answer(Refusal::SlowDown { retry_after: Duration::from_secs(30) }, None);
        assert_eq!(response.status(), 429);
        assert_eq!(header_of(&response, header::RETRY_AFTER), Some("30"));
    }

    #[test]
    fn a_description_has_only_the_characters_that_it_may_have() {
        let refusal = Refusal::DetailInvalid {
            index: 0,
            pointer: "/a\"b\\c\r\nSet-Cookie: x=y\u{1F600}".to_owned(),
            problem: "x".repeat(1_000),
        };
        let description = refusal.description();
        assert_eq!(description.len(), 500);
        assert!(description.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)));
        assert!(description.starts_with("authorization_details[0]/a'b/c??Set-Cookie: x=y?: xxx"));
    }

    #[test]
    fn a_fault_tells_nothing_of_the_inside() {
        let response = answer(Fault::unavailable("table", "arn:aws:dynamodb:secret"), None);
        assert_eq!(response.status(), 503);
        assert_eq!(header_of(&response, header::RETRY_AFTER), Some("1"));
        assert_eq!(body(&response)["error"], "temporarily_unavailable");
        assert!(!body(&response).to_string().contains("arn:"));

        let response = answer(Fault::broken("signing key", "arn:aws:kms:secret"), None);
        assert_eq!(response.status(), 500);
        assert_eq!(body(&response)["error"], "server_error");
        assert!(!body(&response).to_string().contains("arn:"));
    }

    #[test]
    fn a_bad_access_token_is_challenged_as_rfc_6750_says() {
        for (refusal, status, challenge) in [
            (Refusal::TokenMissing, 401, "Bearer realm=\"Countersign\""),
            (
                Refusal::TokenInvalid { why: "expired" },
                401,
                "Bearer realm=\"Countersign\", error=\"invalid_token\", \
                 error_description=\"the access token is invalid, expired or revoked\"",
            ),
            (
                Refusal::InsufficientScope { scope: "openid" },
                403,
                "Bearer realm=\"Countersign\", error=\"insufficient_scope\", \
                 error_description=\"the access token does not have the scope openid\", scope=\"openid\"",
            ),
            (
                Refusal::TokenSentTwice,
                400,
                "Bearer realm=\"Countersign\", error=\"invalid_request\", \
                 error_description=\"the access token was sent in more than one way\"",
            ),
        ] {
            let response = respond_bearer(Err(refusal.into()), None);
            assert_eq!(response.status(), status);
            assert_eq!(header_of(&response, header::WWW_AUTHENTICATE), Some(challenge));
            assert_eq!(response.body().is_empty(), challenge == "Bearer realm=\"Countersign\"");
        }
    }
}
