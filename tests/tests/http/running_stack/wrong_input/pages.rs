use reqwest::Method;

use super::Expected::{Json, Page};
use super::{EVIL, Row, row};
use crate::web::{Parameters, http, post};

/// What the pages of people refuse, and the documents.
pub(super) fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = [
        "/sign-in",
        "/consent",
        "/approval",
        "/sign-out",
        "/sign-in/password",
        "/account",
        "/account/agents/end",
        "/account/invitations",
        "/account/user-code",
        "/account/devices",
        "/account/devices/confirm",
        "/account/passkeys",
        "/account/passkeys/enrol",
    ]
    .into_iter()
    .flat_map(every_form)
    .collect();
    rows.extend(of_nobody());
    rows.extend(documents());
    rows
}

const SECTION: &str = "RFC 6749, 10.12";

fn every_form(path: &'static str) -> Vec<Row> {
    let refused = Page(400, "invalid_request");
    let form = "application/x-www-form-urlencoded";
    vec![
        row(SECTION, format!("{path}: from another site"), Page(403, "invalid_request"), "", move |place| {
            post(&place.stack.url(path), &Parameters::of([("interaction", EVIL)]))
                .header("origin", "https://evil.test")
        }),
        row(SECTION, format!("{path}: JSON"), refused, form, move |place| {
            http().post(place.stack.url(path)).header("content-type", "application/json").body("{}")
        }),
        row(SECTION, format!("{path}: not UTF-8"), refused, "UTF-8", move |place| {
            http().post(place.stack.url(path)).header("content-type", form).body("interaction=%ff")
        }),
        row(SECTION, format!("{path}: 1 MiB"), Page(413, "invalid_request"), "larger", move |place| {
            http().post(place.stack.url(path)).header("content-type", form).body("x".repeat(1024 * 1024))
        }),
        row(
            "RFC 9110, 15.5.6",
            format!("{path}: DELETE"),
            Page(405, "invalid_request"),
            "POST",
            move |place| http().request(Method::DELETE, place.stack.url(path)),
        ),
    ]
}

/// Forms without what only our own page can have put there.
fn of_nobody() -> Vec<Row> {
    let one = |path: &'static str, name: &str, expected, names, form: Parameters| {
        row(SECTION, format!("{path}: {name}"), expected, names, move |place| {
            post(&place.stack.url(path), &form)
        })
    };
    let only_shown = |path: &'static str| {
        row("RFC 9110, 15.5.6", format!("{path}: POST"), Page(405, "invalid_request"), "GET", move |place| {
            post(&place.stack.url(path), &Parameters::of([("csrf", EVIL)]))
        })
    };
    let missing = Page(400, "invalid_request");
    let foreign = Page(403, "invalid_request");
    let forged = || {
        Parameters::of([
            ("interaction", EVIL),
            ("user_name", EVIL),
            ("password", EVIL),
            ("decision", "approve"),
        ])
    };
    vec![
        one("/sign-in", "nothing in it", missing, "interaction", Parameters::default()),
        one("/sign-in", "an interaction that is none", foreign, "", forged()),
        one("/sign-in", "interaction twice", missing, "interaction", forged().and("interaction", EVIL)),
        one("/consent", "nothing in it", foreign, "", Parameters::default()),
        one("/consent", "an interaction that is none", foreign, "", forged()),
        one("/approval", "nothing in it", foreign, "", Parameters::default()),
        one("/approval", "a request that is none", foreign, "", forged().with("request", EVIL)),
        one(
            "/account",
            "nobody is signed in",
            foreign,
            "",
            Parameters::of([("csrf", EVIL), ("client", EVIL)]),
        ),
        one(
            "/account/agents/end",
            "nobody is signed in",
            foreign,
            "",
            Parameters::of([("csrf", EVIL), ("of", &"A".repeat(22))]),
        ),
        one(
            "/account/invitations",
            "nobody is signed in",
            foreign,
            "",
            Parameters::of([("csrf", EVIL), ("agent", EVIL)]),
        ),
        one(
            "/account/user-code",
            "nobody is signed in",
            foreign,
            "",
            Parameters::of([("csrf", EVIL), ("current_password", EVIL), ("user_code", EVIL)]),
        ),
        one(
            "/account/devices",
            "nobody is signed in",
            foreign,
            "",
            Parameters::of([("csrf", EVIL), ("do", "sms"), ("address", "+4915112345678"), ("name", "Mine")]),
        ),
        one(
            "/account/devices/confirm",
            "nobody is signed in",
            foreign,
            "",
            Parameters::of([("csrf", EVIL), ("device", &"a".repeat(22)), ("code", "evil")]),
        ),
        one(
            "/account/passkeys",
            "nobody is signed in",
            foreign,
            "",
            Parameters::of([("csrf", EVIL), ("do", "register"), ("answer", EVIL), ("name", "Mine")]),
        ),
        one("/account/passkeys/enrol", "nothing in it", missing, "person", Parameters::default()),
        one("/account/passkeys/enrol", "a person who is none", missing, "person", of_link(EVIL, "evil")),
        one("/account/passkeys/enrol", "a code that is none", missing, "code", of_link(&nobody(), "<evil>")),
        one("/account/passkeys/enrol", "a long code", missing, "code", of_link(&nobody(), &"a".repeat(65))),
        one(
            "/account/passkeys/enrol",
            "of nobody",
            Page(422, "This link is not good"),
            "",
            of_link(&nobody(), "evil"),
        ),
        only_shown("/account/agents"),
        only_shown("/account/agents/access"),
        only_shown("/account/agents/approvals"),
        only_shown("/account/agents/approvals/file"),
        row("RFC 9110, 15.5.6", "/consent: GET", Page(405, "invalid_request"), "POST", |place| {
            http().get(place.stack.url("/consent"))
        }),
    ]
}

fn of_link(person: &str, code: &str) -> Parameters {
    Parameters::of([
        ("person", person),
        ("code", code),
        ("ceremony", EVIL),
        ("answer", EVIL),
        ("name", "Mine"),
    ])
}

fn nobody() -> String {
    format!("person-{}", "A".repeat(22))
}

fn documents() -> Vec<Row> {
    let one = |path: &'static str| {
        row("RFC 8414, 3.1", format!("{path}: POST"), Json(405, "invalid_request"), "GET", move |place| {
            post(&place.stack.url(path), &Parameters::of([("x", EVIL)]))
        })
    };
    let mut rows: Vec<Row> = [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/jwks.json",
        "/authorization-details-types",
        "/saml/metadata",
    ]
    .map(one)
    .into();
    for path in ["/errors", "/errors/token-missing", "/assets/style.css"] {
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            rows.push(row(
                "RFC 9110, 15.5.6",
                format!("{path}: {method}"),
                Json(405, "invalid_request"),
                "GET",
                move |place| http().request(method.clone(), place.stack.url(path)).body(EVIL),
            ));
        }
    }
    rows
}
