use reqwest::Method;

use super::Expected::{Challenge, Done, Inactive, Json};
use super::{EVIL, Row, row};
use crate::web::{Parameters, http, post};

/// What the endpoints refuse that look at a token: `/introspect`, `/revoke`, `/userinfo`.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = userinfo();
    rows.extend(userinfo_by_form());
    rows.extend(over_long());
    for path in ["/introspect", "/revoke"] {
        let section = if path == "/introspect" { "RFC 7662, 2.1" } else { "RFC 7009, 2.1" };
        rows.push(row(
            section,
            format!("{path}: no token"),
            Json(400, "invalid_request"),
            "token",
            move |place| place.tool.request(path, &Parameters::default()),
        ));
        rows.push(row(
            section,
            format!("{path}: an empty token"),
            Json(400, "invalid_request"),
            "token",
            move |place| place.tool.request(path, &Parameters::of([("token", "")])),
        ));
        rows.push(row(
            section,
            format!("{path}: token twice"),
            Json(400, "invalid_request"),
            "token",
            move |place| place.tool.request(path, &Parameters::of([("token", "a"), ("token", EVIL)])),
        ));
        rows.push(row(
            section,
            format!("{path}: token_type_hint twice"),
            Json(400, "invalid_request"),
            "token_type_hint",
            move |place| {
                place.tool.request(
                    path,
                    &Parameters::of([("token", "a"), ("token_type_hint", "a"), ("token_type_hint", EVIL)]),
                )
            },
        ));
    }
    rows.push(row(
        "RFC 7662, 2.1",
        "/introspect: a public client",
        Json(401, "invalid_client"),
        "client",
        |place| place.public.request("/introspect", &Parameters::of([("token", &place.for_files)])),
    ));
    rows
}

/// Longer than any token of ours, in the shape of each kind, and longer than any parameter may be.
fn over_long() -> Vec<Row> {
    let one = |path: &'static str, section, name: &str, expected, names, token: String| {
        row(section, format!("{path}: {name}"), expected, names, move |place| {
            place.tool.request(path, &Parameters::of([("token", &token)]))
        })
    };
    let places = [("/introspect", "RFC 7662, 2.2", Inactive), ("/revoke", "RFC 7009, 2.2", Done)];
    let rows = places.into_iter().map(|(path, section, unknown)| {
        let refresh_token = "evil".repeat(3_500);
        let access_token = format!("evil.{}.evil", "evil".repeat(3_500));
        let refused = Json(400, "invalid_request");
        [
            one(path, section, "a refresh token of 14 KB", unknown, "", refresh_token),
            one(path, section, "an access token of 14 KB", unknown, "", access_token),
            one(path, "RFC 6749, 5.2", "an over-long token", refused, "token", "evil".repeat(5_000)),
        ]
    });
    rows.flatten().collect()
}

/// The token in the body of a POST (RFC 6750, section 2.2).
fn userinfo_by_form() -> Vec<Row> {
    const FORM: &str = "application/x-www-form-urlencoded";
    let body = |name: &str, expected, names, content_type: &'static str, body: Vec<u8>| {
        row("RFC 6750, 2.2", format!("/userinfo: {name}"), expected, names, move |place| {
            http().post(place.stack.url("/userinfo")).header("content-type", content_type).body(body.clone())
        })
    };
    let refused = Json(400, "invalid_request");
    let json = br#"{"access_token":"evil"}"#;
    vec![
        body("JSON", refused, FORM, "application/json", json.into()),
        body("multipart", refused, FORM, "multipart/form-data; boundary=x", b"--x--".into()),
        body(
            "another charset",
            refused,
            FORM,
            "application/x-www-form-urlencoded; charset=utf-16",
            b"a=b".into(),
        ),
        body("access_token twice", refused, "access_token", FORM, b"access_token=a&access_token=evil".into()),
        body("a form without a token", Challenge, "", FORM, b"token=evil".into()),
        body("a form with an empty token", Challenge, "", FORM, b"access_token=".into()),
        body("a form with junk", Json(401, "invalid_token"), "token", FORM, b"access_token=evil".into()),
        body("a form that is not UTF-8", refused, "UTF-8", FORM, b"access_token=%ff%fe".into()),
        body("a body of 1 MiB", Json(413, "invalid_request"), "larger", FORM, vec![b'x'; 1024 * 1024]),
        row("RFC 6750, 2.2", "/userinfo: a form with a query", refused, "query", |place| {
            post(&place.stack.url("/userinfo?evil=1"), &Parameters::of([("access_token", &place.for_issuer)]))
        }),
    ]
}

fn userinfo() -> Vec<Row> {
    let with =
        |section: &'static str, name: &str, expected, names: &'static str, authorization: &'static str| {
            row(section, format!("/userinfo: {name}"), expected, names, move |place| {
                http().get(place.stack.url("/userinfo")).header("authorization", authorization)
            })
        };
    let invalid = Json(401, "invalid_token");
    let bearer = |token: &str| format!("Bearer {token}");
    let mut rows = vec![
        row("RFC 6750, 3.1", "/userinfo: no token", Challenge, "", |place| {
            http().get(place.stack.url("/userinfo"))
        }),
        with("RFC 6750, 3.1", "another scheme", Challenge, "", "Basic ZXZpbDpldmls"),
        with("RFC 6750, 2.1", "junk", invalid, "token", "Bearer evil"),
        with("RFC 6750, 2.1", "characters that no token has", invalid, "token", "Bearer <i>evil</i>"),
        row("RFC 6750, 2", "/userinfo: two tokens", Json(400, "invalid_request"), "token", move |place| {
            post(&place.stack.url("/userinfo"), &Parameters::of([("access_token", &place.for_issuer)]))
                .header("authorization", bearer(&place.for_issuer))
        }),
        row(
            "OAuth 2.1, 5.1",
            "/userinfo: a token in the query",
            Json(400, "invalid_request"),
            "query",
            |place| http().get(place.stack.url(&format!("/userinfo?access_token={}", place.for_issuer))),
        ),
        row("RFC 9068, 4", "/userinfo: a token for a tool", invalid, "token", move |place| {
            http().get(place.stack.url("/userinfo")).header("authorization", bearer(&place.for_files))
        }),
        row(
            "RFC 6750, 3.1",
            "/userinfo: a token without openid",
            Json(403, "insufficient_scope"),
            "openid",
            move |place| {
                http()
                    .get(place.stack.url("/userinfo"))
                    .header("authorization", bearer(&place.for_issuer_without_openid))
            },
        ),
        row("OpenID Core, 5.3", "/userinfo: a changed signature", invalid, "token", move |place| {
            let cut = &place.for_issuer[..place.for_issuer.len() - 6];
            http().get(place.stack.url("/userinfo")).header("authorization", format!("Bearer {cut}AAAAAA"))
        }),
        row("RFC 6750, 2.1", "/userinfo: a refresh token", invalid, "token", move |place| {
            http().get(place.stack.url("/userinfo")).header("authorization", bearer(&place.refresh_token))
        }),
    ];
    for method in [Method::PUT, Method::DELETE] {
        rows.push(row(
            "OpenID Core, 5.3.1",
            format!("/userinfo: {method}"),
            Json(405, "invalid_request"),
            "GET",
            move |place| http().request(method.clone(), place.stack.url("/userinfo")),
        ));
    }
    rows
}
