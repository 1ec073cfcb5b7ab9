use reqwest::Method;

use super::Expected::Json;
use super::{EVIL, Row, row};
use crate::web::{Parameters, http, post};

/// What the endpoints refuse that look at a token: `/introspect`, `/revoke`, `/userinfo`.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = userinfo();
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
        row("RFC 6750, 3.1", "/userinfo: no token", Json(401, "invalid_request"), "token", |place| {
            http().get(place.stack.url("/userinfo"))
        }),
        with("RFC 6750, 2.1", "another scheme", Json(401, "invalid_request"), "token", "Basic ZXZpbDpldmls"),
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
