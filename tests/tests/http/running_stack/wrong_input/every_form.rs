use reqwest::Method;

use super::Expected::{self, Json};
use super::{EVIL, Place, Row, row};
use crate::web::{Parameters, http, post};

const FORM: &str = "application/x-www-form-urlencoded";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What every endpoint refuses that takes a form of a client.
pub(super) fn rows() -> Vec<Row> {
    ["/par", "/token", "/introspect", "/revoke", "/bc-authorize"]
        .into_iter()
        .flat_map(|path| [methods(path), shapes(path), authentication(path)])
        .flatten()
        .collect()
}

fn methods(path: &'static str) -> Vec<Row> {
    let one = |method: Method| {
        let name = format!("{path}: {method}");
        row("RFC 9126, 2.3; RFC 9110, 15.5.6", name, Json(405, "invalid_request"), "POST", move |place| {
            http().request(method.clone(), place.stack.url(path))
        })
    };
    [Method::GET, Method::PUT, Method::DELETE, Method::PATCH].map(one).into()
}

/// Bodies that are no form, or too much of one, from a client that authenticates well.
fn shapes(path: &'static str) -> Vec<Row> {
    let refused = Json(400, "invalid_request");
    let body = |name: &str, expected, names, content_type: &'static str, body: Vec<u8>| {
        row("OAuth 2.1, 3.2", format!("{path}: {name}"), expected, names, move |place: &Place| {
            http()
                .post(place.stack.url(path))
                .header("content-type", content_type)
                .header("authorization", place.agent.authorization())
                .body(body.clone())
        })
    };
    let with_charset = "application/x-www-form-urlencoded; charset=utf-16";
    vec![
        body("JSON in place of a form", refused, FORM, "application/json", br#"{"grant_type":"x"}"#.into()),
        body("multipart", refused, FORM, "multipart/form-data; boundary=x", b"--x--".into()),
        body("another charset", refused, FORM, with_charset, b"a=b".into()),
        body("not UTF-8, encoded", refused, "UTF-8", FORM, b"scope=%ff%fe".into()),
        body("not UTF-8, raw", refused, "UTF-8", FORM, vec![b'a', b'=', 0xff, 0xfe]),
        body("a NUL", refused, "UTF-8", FORM, b"scope=a%00b".into()),
        body("a thousand parameters", refused, "parameters", FORM, "a=1&".repeat(1100).into()),
        body("a body of 1 MiB", Json(413, "invalid_request"), "larger", FORM, vec![b'x'; 1024 * 1024]),
        row("RFC 6749, 2.3.1", format!("{path}: parameters in the query"), refused, "query", move |place| {
            let query = Parameters::of([("client_id", EVIL)]).encoded();
            post(&place.stack.url(&format!("{path}?{query}")), &Parameters::of([("token", "x")]))
                .header("authorization", place.agent.authorization())
        }),
    ]
}

/// Clients that do not prove who they are, or try to in more than one way.
fn authentication(path: &'static str) -> Vec<Row> {
    let rejected = Json(401, "invalid_client");
    let refused = Json(400, "invalid_request");
    let one = |section, name: &str, expected: Expected, names, form: Parameters, header: Header| {
        let form = Parameters::of([("grant_type", "refresh_token"), ("token", EVIL)]).joined(&form);
        row(section, format!("{path}: {name}"), expected, names, move |place| {
            let request = post(&place.stack.url(path), &form);
            match header {
                Header::None => request,
                Header::Of(value) => request.header("authorization", value),
                Header::Good => request.header("authorization", place.agent.authorization()),
                Header::GoodAnd(value) => request
                    .header("authorization", place.agent.authorization())
                    .header("authorization", value),
            }
        })
    };
    let in_body = |id: &str| Parameters::of([("client_id", id), ("client_secret", EVIL)]);
    let asserting =
        |kind: &str| Parameters::of([("client_assertion_type", kind), ("client_assertion", EVIL)]);
    let none = Parameters::default;
    let own_id = Parameters::of([("client_id", "report-agent"), ("client_id", EVIL)]);
    let other_id = Parameters::of([("client_id", "posting-agent")]);
    vec![
        one("RFC 6749, 5.2", "nobody authenticates", rejected, "client", none(), Header::None),
        one("RFC 6749, 5.2", "an unknown client", rejected, "client", in_body("evil-client"), Header::None),
        one("RFC 6749, 5.2", "a client_id that none can be", rejected, "client", in_body(EVIL), Header::None),
        one("RFC 6749, 5.2", "a wrong secret", rejected, "client", in_body("posting-agent"), Header::None),
        one(
            "RFC 6749, 5.2",
            "an unknown public client",
            rejected,
            "client",
            Parameters::of([("client_id", "evil")]),
            Header::None,
        ),
        one(
            "RFC 7617, 2",
            "Basic that is no base64",
            rejected,
            "client",
            none(),
            Header::Of("Basic <i>evil"),
        ),
        one("RFC 7617, 2", "Basic without a colon", rejected, "client", none(), Header::Of("Basic ZXZpbA==")),
        one(
            "RFC 7617, 2",
            "Basic that is not UTF-8",
            rejected,
            "client",
            none(),
            Header::Of("Basic //79Ov8="),
        ),
        one(
            "RFC 6749, 2.3.1",
            "Basic with a wrong secret",
            rejected,
            "client",
            none(),
            Header::Of("Basic cmVwb3J0LWFnZW50OmV2aWw="),
        ),
        one(
            "RFC 6749, 2.3",
            "two Authorization headers",
            refused,
            "authenticate",
            none(),
            Header::GoodAnd("Basic ZXZpbDpldmls"),
        ),
        one(
            "RFC 6749, 2.3",
            "two ways to authenticate",
            refused,
            "authenticate",
            in_body("report-agent"),
            Header::Good,
        ),
        one(
            "RFC 6749, 2.3",
            "a secret and an assertion",
            refused,
            "authenticate",
            asserting(ASSERTION),
            Header::Good,
        ),
        one("OAuth 2.1, 3.2", "client_id twice", refused, "client_id", own_id, Header::Good),
        one("RFC 6749, 2.3.1", "client_id of another client", refused, "client_id", other_id, Header::Good),
        one(
            "RFC 7523, 2.2",
            "an assertion of an unknown type",
            refused,
            "client_assertion_type",
            asserting(EVIL),
            Header::None,
        ),
        one(
            "RFC 7523, 3",
            "an assertion that is no JWT",
            rejected,
            "client",
            asserting(ASSERTION),
            Header::None,
        ),
        one(
            "RFC 7523, 2.2",
            "an assertion without its type",
            refused,
            "client_assertion_type",
            Parameters::of([("client_assertion", "a.b.c")]),
            Header::None,
        ),
    ]
}

/// The Authorization header of a request.
#[derive(Clone, Copy)]
enum Header {
    None,
    Of(&'static str),
    Good,
    GoodAnd(&'static str),
}
