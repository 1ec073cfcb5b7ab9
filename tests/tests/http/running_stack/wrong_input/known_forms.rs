use reqwest::blocking::RequestBuilder;

use super::Expected::{self, Page};
use super::{EVIL, Place, Row, row};
use crate::browser::{self, Browser};
use crate::web::{Parameters, post};

/// What the pages of people refuse in a form that our own page did send, in the browser that it was made for. None of it
/// spends the interaction: all rows use the same.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = sign_in();
    rows.extend(consent());
    rows.extend(approval());
    rows
}

/// Our form, dressed as the browser sends it.
fn sent(place: &(Browser<'_>, browser::Page), path: &str, more: &Parameters) -> RequestBuilder {
    sent_with("interaction", place, path, more)
}

/// A form that has what was sealed for it in this field.
fn sent_with(
    field: &str,
    (browser, page): &(Browser<'_>, browser::Page),
    path: &str,
    more: &Parameters,
) -> RequestBuilder {
    let form = Parameters::of([(field, &page.field(field))]).joined(more);
    let request = post(&browser.stack.url(path), &form)
        .header("origin", browser.origin())
        .header("sec-fetch-site", "same-origin")
        .header("accept-language", "en");
    browser.dresses(request)
}

fn sign_in() -> Vec<Row> {
    let one = |section, name: &str, expected: Expected, names, more: Parameters| {
        row(section, format!("/sign-in: {name}"), expected, names, move |place: &Place| {
            sent(&place.signing_in, "/sign-in", &more)
        })
    };
    let typed =
        |user_name: &str, password: &str| Parameters::of([("user_name", user_name), ("password", password)]);
    let refused = Page(400, "invalid_request");
    // As for any wrong password: nothing says that such a name cannot be.
    let again = Page(422, "The user name or password is not right");
    let (section, repeated) = ("OpenID Core, 3.1.2.3", "OAuth 2.1, 3.1");
    vec![
        one(section, "nothing typed", again, "", Parameters::default()),
        one(section, "an empty password", again, "", typed("somebody", "")),
        one(section, "a user_name of 5 KB", again, "", typed(&"x".repeat(5_000), "password")),
        one(section, "a password of 8 KB", again, "", typed("somebody", &"evil".repeat(2_000))),
        one(repeated, "a password of 20 KB", refused, "password", typed("somebody", &"evil".repeat(5_000))),
        one(repeated, "user_name twice", refused, "user_name", typed("a", "evil").and("user_name", EVIL)),
        one(repeated, "password twice", refused, "password", typed("a", "evil").and("password", EVIL)),
        one(
            repeated,
            "a good interaction twice",
            refused,
            "interaction",
            typed("a", "b").and("interaction", EVIL),
        ),
    ]
}

fn consent() -> Vec<Row> {
    let one = |section, name: &str, expected: Expected, names, more: Parameters| {
        row(section, format!("/consent: {name}"), expected, names, move |place: &Place| {
            sent(&place.deciding, "/consent", &more)
        })
    };
    let refused = Page(400, "invalid_request");
    let approving = |detail: &str| {
        Parameters::of([("detail", detail), ("scope", "files.access"), ("decision", "approve")])
    };
    let nothing = Page(422, "asks for access");
    let (section, repeated, details) = ("OAuth 2.1, 4.1.1", "OAuth 2.1, 3.1", "RFC 9396, 7");
    vec![
        one(section, "no decision", refused, "decision", Parameters::default()),
        one(section, "an unknown decision", refused, "decision", approving("0").with("decision", EVIL)),
        one(
            section,
            "an over-long decision",
            refused,
            "decision",
            approving("0").with("decision", &EVIL.repeat(2_000)),
        ),
        one(repeated, "decision twice", refused, "decision", approving("0").and("decision", "deny")),
        one(
            repeated,
            "a good interaction twice",
            refused,
            "interaction",
            approving("0").and("interaction", EVIL),
        ),
        one(
            repeated,
            "remember twice",
            refused,
            "remember",
            approving("0").and("remember", "yes").and("remember", "yes"),
        ),
        one(details, "a detail that was not asked for", refused, "detail", approving("1")),
        one(details, "a detail before the first", refused, "detail", approving("-1")),
        one(details, "a detail that is no number", refused, "detail", approving(EVIL)),
        one(details, "an over-long detail", refused, "detail", approving(&"9".repeat(5_000))),
        one(
            section,
            "a scope that was not asked for",
            nothing,
            "",
            approving("0").without("detail").with("scope", EVIL),
        ),
    ]
}

fn approval() -> Vec<Row> {
    let one = |section, name: &str, expected: Expected, names, more: Parameters| {
        row(section, format!("/approval: {name}"), expected, names, move |place: &Place| {
            sent_with("request", &place.answering, "/approval", &more)
        })
    };
    let refused = Page(400, "invalid_request");
    let approving = |detail: &str| {
        Parameters::of([("detail", detail), ("scope", "files.access"), ("decision", "approve")])
    };
    let nothing = Page(422, "Nothing is chosen");
    let (section, repeated, details) = ("OpenID CIBA Core, 8", "OAuth 2.1, 3.1", "RFC 9396, 7");
    vec![
        one(section, "no decision", refused, "decision", Parameters::default()),
        one(section, "an unknown decision", refused, "decision", approving("0").with("decision", EVIL)),
        one(
            section,
            "a decision in capitals",
            refused,
            "decision",
            approving("0").with("decision", "APPROVE"),
        ),
        one(
            section,
            "an over-long decision",
            refused,
            "decision",
            approving("0").with("decision", &EVIL.repeat(2_000)),
        ),
        one(repeated, "decision twice", refused, "decision", approving("0").and("decision", "deny")),
        one(repeated, "a good request twice", refused, "request", approving("0").and("request", EVIL)),
        one(details, "a detail that was not asked for", refused, "detail", approving("1")),
        one(details, "a detail before the first", refused, "detail", approving("-1")),
        one(details, "a detail that is no number", refused, "detail", approving(EVIL)),
        one(details, "an over-long detail", refused, "detail", approving(&"9".repeat(5_000))),
        one(
            section,
            "a scope that was not asked for",
            nothing,
            "",
            approving("0").without("detail").with("scope", EVIL),
        ),
        one(section, "nothing chosen", nothing, "", Parameters::of([("decision", "approve")])),
    ]
}
