use reqwest::Method;
use serde_json::json;

use super::Expected::{Back, Page};
use super::{EVIL, Row, details, row};
use crate::agent::{Ask, asks_for_a_file};
use crate::assertion::unguessable;
use crate::web::{Parameters, http, post};

/// What `/authorize` refuses: on a page as long as it does not know where to send the person, by a redirect afterwards.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![];
    rows.extend(on_a_page());
    rows.extend(sent_back());
    rows
}

fn page(
    section: &'static str,
    name: &str,
    error: &'static str,
    names: &'static str,
    query: Parameters,
) -> Row {
    row(section, format!("/authorize: {name}"), Page(400, error), names, move |place| {
        http().get(place.stack.url(&format!("/authorize?{}", query.encoded())))
    })
}

fn back(section: &'static str, name: &str, error: &'static str, names: &'static str, ask: Ask) -> Row {
    row(section, format!("/authorize: {name}"), Back(error), names, move |place| {
        http().get(place.stack.url(&place.agent.sends_the_person_asking(&ask)))
    })
}

fn on_a_page() -> Vec<Row> {
    let of = |ask: Ask| ask.parameters.with("client_id", "report-agent");
    let with_uri = |uri: &str| Parameters::of([("client_id", "report-agent"), ("request_uri", uri)]);
    let ours = format!("urn:ietf:params:oauth:request_uri:{}.{}", &unguessable()[..22], unguessable());
    let mut rows = vec![
        page("OAuth 2.1, 4.1.1", "nothing at all", "invalid_request", "client_id", Parameters::default()),
        page(
            "OAuth 2.1, 4.1.1",
            "no client_id",
            "invalid_request",
            "client_id",
            asks_for_a_file().parameters,
        ),
        page(
            "OAuth 2.1, 4.1.2.1",
            "an unknown client",
            "invalid_request",
            "client_id",
            asks_for_a_file().parameters.with("client_id", "evil-agent"),
        ),
        page(
            "OAuth 2.1, 4.1.2.1",
            "a client_id that none can be",
            "invalid_request",
            "client_id",
            asks_for_a_file().parameters.with("client_id", EVIL),
        ),
        page(
            "OAuth 2.1, 3.1",
            "client_id twice",
            "invalid_request",
            "client_id",
            of(asks_for_a_file()).and("client_id", "evil-agent"),
        ),
        page(
            "OAuth 2.1, 4.1.2.1",
            "a redirect_uri that is not registered",
            "invalid_request",
            "redirect_uri",
            of(asks_for_a_file().with("redirect_uri", "https://evil.test/")),
        ),
        page(
            "OAuth 2.1, 4.1.2.1",
            "a redirect_uri that is a script",
            "invalid_request",
            "redirect_uri",
            of(asks_for_a_file().with("redirect_uri", "javascript:alert('evil')")),
        ),
        page(
            "OAuth 2.1, 4.1.2.1",
            "redirect_uri twice",
            "invalid_request",
            "redirect_uri",
            of(asks_for_a_file().and("redirect_uri", "https://evil.test/")),
        ),
        page(
            "OAuth 2.1, 2.3.2",
            "no redirect_uri, where several are registered",
            "invalid_request",
            "redirect_uri",
            of(asks_for_a_file().without("redirect_uri")),
        ),
        page(
            "RFC 9101, 5.2",
            "a request_uri of somebody else",
            "invalid_request_uri",
            "request_uri",
            with_uri("https://evil.test/request.jwt"),
        ),
        page(
            "RFC 9126, 4",
            "a request_uri that nobody pushed",
            "invalid_request_uri",
            "request_uri",
            with_uri(&ours),
        ),
        page(
            "RFC 9126, 4",
            "a request_uri that is none",
            "invalid_request_uri",
            "request_uri",
            with_uri(&format!("urn:ietf:params:oauth:request_uri:{EVIL}")),
        ),
        page(
            "OAuth 2.1, 3.1",
            "request_uri twice",
            "invalid_request",
            "request_uri",
            with_uri(&ours).and("request_uri", EVIL),
        ),
        page(
            "RFC 9126, 4",
            "an over-long request_uri",
            "invalid_request_uri",
            "request_uri",
            with_uri(&format!("urn:ietf:params:oauth:request_uri:{}", "evil".repeat(1000))),
        ),
        row(
            "RFC 6749, 10.12",
            "/authorize: an interaction that is none",
            Page(403, "invalid_request"),
            "",
            |place| {
                let query = Parameters::of([("interaction", EVIL)]);
                http().get(place.stack.url(&format!("/authorize?{}", query.encoded())))
            },
        ),
        row(
            "RFC 9110, 15.5.15",
            "/authorize: a query of 9 KB",
            Page(414, "invalid_request"),
            "query",
            |place| {
                http().get(
                    place.stack.url(&format!("/authorize?client_id=report-agent&state={}", "x".repeat(8500))),
                )
            },
        ),
        row("OAuth 2.1, 3.1", "/authorize: not UTF-8", Page(400, "invalid_request"), "UTF-8", |place| {
            http().get(place.stack.url("/authorize?client_id=report-agent&state=%ff%fe"))
        }),
        row("OAuth 2.1, 3.1", "/authorize: a NUL", Page(400, "invalid_request"), "UTF-8", |place| {
            http().get(place.stack.url("/authorize?client_id=report-agent&state=a%00b"))
        }),
        row(
            "OAuth 2.1, 3.1",
            "/authorize: JSON",
            Page(400, "invalid_request"),
            "application/x-www-form-urlencoded",
            |place| {
                http()
                    .post(place.stack.url("/authorize"))
                    .header("content-type", "application/json")
                    .body("{}")
            },
        ),
        row(
            "OAuth 2.1, 3.1",
            "/authorize: a body of 1 MiB",
            Page(413, "invalid_request"),
            "larger",
            |place| {
                post(
                    &place.stack.url("/authorize"),
                    &Parameters::of([("client_id", &"x".repeat(1024 * 1024))]),
                )
            },
        ),
    ];
    for method in [Method::PUT, Method::DELETE] {
        rows.push(row(
            "OAuth 2.1, 3.1",
            format!("/authorize: {method}"),
            Page(405, "invalid_request"),
            "GET",
            move |place| http().request(method.clone(), place.stack.url("/authorize")),
        ));
    }
    rows
}

fn sent_back() -> Vec<Row> {
    let ask = asks_for_a_file;
    vec![
        back(
            "OAuth 2.1, 4.1.2.1",
            "no response_type",
            "invalid_request",
            "response_type",
            ask().without("response_type"),
        ),
        back(
            "OAuth 2.1, 10.1",
            "the implicit grant",
            "unsupported_response_type",
            "response_type",
            ask().with("response_type", "token"),
        ),
        back(
            "OpenID Core, 3.2",
            "the implicit flow",
            "unsupported_response_type",
            "response_type",
            ask().with("response_type", "id_token token"),
        ),
        back(
            "OpenID Core, 3.3",
            "the hybrid flow",
            "unsupported_response_type",
            "response_type",
            ask().with("response_type", "code id_token"),
        ),
        back(
            "RFC 7636, 4.4.1",
            "no code_challenge",
            "invalid_request",
            "code_challenge",
            ask().without("code_challenge"),
        ),
        back(
            "RFC 7636, 4.3",
            "code_challenge_method=plain",
            "invalid_request",
            "code_challenge_method",
            ask().with("code_challenge_method", "plain"),
        ),
        back(
            "RFC 6749, 3.3",
            "an unknown scope",
            "invalid_scope",
            "scope",
            ask().with("scope", "evil.scope"),
        ),
        back(
            "RFC 8707, 2",
            "an unknown resource",
            "invalid_target",
            "resource",
            ask().with("resource", "https://evil.test"),
        ),
        back(
            "OpenID Core, 6.1",
            "a request object",
            "request_not_supported",
            "request",
            ask().with("request", "evil"),
        ),
        back(
            "OpenID Core, 3.1.2.6",
            "prompt=none, and nobody is signed in",
            "login_required",
            "",
            ask().with("prompt", "none"),
        ),
        back(
            "OpenID Core, 3.1.2.1",
            "an unknown prompt",
            "invalid_request",
            "prompt",
            ask().with("prompt", "evil"),
        ),
        back(
            "OpenID Core, 3.1.2.1",
            "a max_age that is no number",
            "invalid_request",
            "max_age",
            ask().with("max_age", "evil"),
        ),
        back(
            "OpenID Core, 3.1.2.1",
            "two spaces in acr_values",
            "invalid_request",
            "acr_values",
            ask().with("acr_values", "a  b"),
        ),
        back(
            "OpenID Core, 3.1.2.1",
            "eleven acr_values",
            "invalid_request",
            "acr_values",
            ask().with("acr_values", "1 2 3 4 5 6 7 8 9 10 11"),
        ),
        back(
            "OpenID Core, 3.1.2.1",
            "an over-long value of acr_values",
            "invalid_request",
            "acr_values",
            ask().with("acr_values", &"a".repeat(257)),
        ),
        back(
            "RFC 9396, 5",
            "authorization_details that are no JSON",
            "invalid_authorization_details",
            "authorization_details",
            ask().with("authorization_details", "evil"),
        ),
        back(
            "RFC 9396, 5",
            "a type that must be pushed",
            "invalid_authorization_details",
            "archive",
            details(&json!([{"type": "archive", "identifier": "evil"}])),
        ),
        back("OAuth 2.1, 3.1", "scope twice", "invalid_request", "scope", ask().and("scope", "evil")),
        back(
            "OAuth 2.1, 3.1",
            "an over-long nonce",
            "invalid_request",
            "nonce",
            ask().with("nonce", &"evil".repeat(600)),
        ),
        row("RFC 9126, 6", "/authorize: a client that must push", Back("invalid_request"), "push", |place| {
            http().get(place.stack.url(&place.pushing.sends_the_person_asking(&asks_for_a_file())))
        }),
    ]
}
