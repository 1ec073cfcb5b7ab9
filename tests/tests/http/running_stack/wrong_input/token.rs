use serde_json::json;

use super::Expected::Json;
use super::{EVIL, Place, Row, a_file_with, row};
use crate::agent::{BANK, CALLBACK};
use crate::asking::DEFERRED;
use crate::assertion::unguessable;
use crate::web::Parameters;

/// What `/token` refuses (RFC 6749, section 5.2).
pub(super) fn rows() -> Vec<Row> {
    [grants(), codes(), refresh_tokens(), alone(), deferred()].into_iter().flatten().collect()
}

/// Whoever comes for the answer to a token request that waits for a person.
fn deferred() -> Vec<Row> {
    let section = "draft-ietf-oauth-deferred-token-response, 5.6";
    let coming = |name: &str, error: &'static str, code: fn(&Place) -> String| {
        of_agent(section, name, error, "deferral_code", move |place| {
            Parameters::of([("grant_type", DEFERRED), ("deferral_code", &code(place))])
        })
    };
    vec![
        of_agent(section, "no deferral_code", "invalid_request", "deferral_code", |_| {
            Parameters::of([("grant_type", DEFERRED)])
        }),
        coming("an empty deferral_code", "invalid_request", |_| String::new()),
        of_agent("OAuth 2.1, 3.1", "deferral_code twice", "invalid_request", "deferral_code", |_| {
            Parameters::of([("grant_type", DEFERRED), ("deferral_code", EVIL)]).and("deferral_code", EVIL)
        }),
        coming("a deferral_code that is none", "invalid_grant", |_| EVIL.to_owned()),
        coming("a deferral_code that nobody was given", "invalid_grant", |_| {
            format!("{}.{}", &unguessable()[..22], unguessable())
        }),
        coming("an over-long deferral_code", "invalid_grant", |_| "evil".repeat(1_000)),
        coming("an auth_req_id as a deferral_code", "invalid_grant", |place| place.approved.clone()),
    ]
}

fn of_agent(
    section: &'static str,
    name: &str,
    error: &'static str,
    names: &'static str,
    form: impl Fn(&Place) -> Parameters + 'static,
) -> Row {
    row(section, format!("/token: {name}"), Json(400, error), names, move |place| {
        place.agent.request("/token", &form(place))
    })
}

fn grants() -> Vec<Row> {
    let grant = |name: &str, error: &'static str, form: Parameters| {
        of_agent("RFC 6749, 5.2", name, error, "grant_type", move |_| form.clone())
    };
    vec![
        grant("no grant_type", "invalid_request", Parameters::default()),
        grant("an empty grant_type", "invalid_request", Parameters::of([("grant_type", "")])),
        grant("an unknown grant_type", "unsupported_grant_type", Parameters::of([("grant_type", EVIL)])),
        grant(
            "grant_type twice",
            "invalid_request",
            Parameters::of([("grant_type", "authorization_code"), ("grant_type", "password")]),
        ),
        grant(
            "the password grant",
            "unsupported_grant_type",
            Parameters::of([("grant_type", "password"), ("username", "x"), ("password", EVIL)]),
        ),
        grant(
            "a grant_type in capitals",
            "unsupported_grant_type",
            Parameters::of([("grant_type", "AUTHORIZATION_CODE")]),
        ),
        grant("the implicit grant", "unsupported_grant_type", Parameters::of([("grant_type", "implicit")])),
    ]
}

fn with_code(place: &Place) -> Parameters {
    Parameters::of([
        ("grant_type", "authorization_code"),
        ("code", &place.code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", &place.ask.verifier),
    ])
}

fn codes() -> Vec<Row> {
    let section = "OAuth 2.1, 4.1.3";
    vec![
        of_agent(section, "no code", "invalid_request", "code", |place| with_code(place).without("code")),
        of_agent(section, "code twice", "invalid_request", "code", |place| {
            with_code(place).and("code", EVIL)
        }),
        of_agent(section, "a code that is none", "invalid_grant", "code", |place| {
            with_code(place).with("code", EVIL)
        }),
        of_agent(section, "a code that nobody was given", "invalid_grant", "code", |place| {
            with_code(place).with("code", &format!("{}.{}", &unguessable()[..22], unguessable()))
        }),
        of_agent(section, "the right code with another secret", "invalid_grant", "code", |place| {
            let id = place.code.split('.').next().unwrap_or_default();
            with_code(place).with("code", &format!("{id}.{}", unguessable()))
        }),
        of_agent(section, "an over-long code", "invalid_grant", "code", |place| {
            with_code(place).with("code", &"evil".repeat(1000))
        }),
        of_agent("RFC 7636, 4.6", "no code_verifier", "invalid_request", "code_verifier", |place| {
            with_code(place).without("code_verifier")
        }),
        of_agent(
            "RFC 7636, 4.1",
            "a code_verifier that is too short",
            "invalid_request",
            "code_verifier",
            |place| with_code(place).with("code_verifier", "evil"),
        ),
        of_agent(
            "RFC 7636, 4.1",
            "a code_verifier that is too long",
            "invalid_request",
            "code_verifier",
            |place| with_code(place).with("code_verifier", &"evil".repeat(40)),
        ),
        of_agent(
            "RFC 7636, 4.6",
            "a code_verifier of another code",
            "invalid_grant",
            "code_verifier",
            |place| with_code(place).with("code_verifier", &unguessable()),
        ),
        of_agent("RFC 6749, 4.1.3", "another redirect_uri", "invalid_grant", "redirect_uri", |place| {
            with_code(place).with("redirect_uri", "https://evil.test/")
        }),
        of_agent(
            "RFC 8707, 2.2",
            "a resource that was not approved",
            "invalid_target",
            "resource",
            |place| with_code(place).and("resource", BANK),
        ),
        of_agent("RFC 8707, 2.2", "a resource that is no URI", "invalid_target", "resource", |place| {
            with_code(place).and("resource", EVIL)
        }),
        of_agent(
            "RFC 9396, 6.1",
            "a detail wider than the grant",
            "invalid_authorization_details",
            "authorization_details[0]",
            |place| {
                with_code(place)
                    .and("authorization_details", &a_file_with("actions", json!(["write"])).to_string())
            },
        ),
        of_agent(
            "RFC 9396, 5",
            "authorization_details that are no JSON",
            "invalid_authorization_details",
            "authorization_details",
            |place| with_code(place).and("authorization_details", EVIL),
        ),
        row(section, "/token: a code of another client", Json(400, "invalid_grant"), "code", |place| {
            place.public.request("/token", &with_code(place))
        }),
        row(
            "RFC 6749, 5.2",
            "/token: a client that may use no code",
            Json(400, "unauthorized_client"),
            "authorization_code",
            |place| place.nightly.request("/token", &with_code(place)),
        ),
    ]
}

fn refresh_tokens() -> Vec<Row> {
    let section = "OAuth 2.1, 4.3.1";
    let with_token = |place: &Place| {
        Parameters::of([("grant_type", "refresh_token"), ("refresh_token", &place.refresh_token)])
    };
    vec![
        of_agent(section, "no refresh_token", "invalid_request", "refresh_token", |_| {
            Parameters::of([("grant_type", "refresh_token")])
        }),
        of_agent(section, "refresh_token twice", "invalid_request", "refresh_token", move |place| {
            with_token(place).and("refresh_token", EVIL)
        }),
        of_agent(section, "a refresh token that is none", "invalid_grant", "refresh token", move |place| {
            with_token(place).with("refresh_token", EVIL)
        }),
        of_agent(section, "an access token in its place", "invalid_grant", "refresh token", move |place| {
            with_token(place).with("refresh_token", &place.for_files)
        }),
        of_agent(section, "an over-long refresh token", "invalid_grant", "refresh token", move |place| {
            with_token(place).with("refresh_token", &"evil".repeat(2000))
        }),
        of_agent("RFC 6749, 6", "a wider scope", "invalid_scope", "scope", move |place| {
            with_token(place).with("scope", "files.access bank.pay")
        }),
        of_agent("RFC 6749, 3.3", "a scope that is none", "invalid_request", "scope", move |place| {
            with_token(place).with("scope", EVIL)
        }),
        of_agent(
            "RFC 8707, 2.2",
            "a resource that was not approved",
            "invalid_target",
            "resource",
            move |place| with_token(place).with("resource", BANK),
        ),
        of_agent(
            "RFC 9396, 6.1",
            "a detail wider than the grant",
            "invalid_authorization_details",
            "authorization_details[0]",
            move |place| {
                with_token(place)
                    .with("authorization_details", &a_file_with("identifier", json!("evil.pdf")).to_string())
            },
        ),
        row(
            section,
            "/token: a refresh token of another client",
            Json(400, "invalid_grant"),
            "refresh token",
            move |place| place.modern.request("/token", &with_token(place)),
        ),
        row(
            "RFC 6749, 5.2",
            "/token: a client that may not refresh",
            Json(400, "unauthorized_client"),
            "refresh_token",
            move |place| place.brief.request("/token", &with_token(place)),
        ),
    ]
}

fn alone() -> Vec<Row> {
    let nightly =
        |section: &'static str, name: &str, error: &'static str, names: &'static str, form: Parameters| {
            let form = Parameters::of([("grant_type", "client_credentials")]).joined(&form);
            row(section, format!("/token: alone, {name}"), Json(400, error), names, move |place| {
                place.nightly.request("/token", &form)
            })
        };
    vec![
        of_agent(
            "RFC 6749, 5.2",
            "alone, a client that may not",
            "unauthorized_client",
            "client_credentials",
            |_| Parameters::of([("grant_type", "client_credentials")]),
        ),
        nightly(
            "RFC 6749, 3.3",
            "an unknown scope",
            "invalid_scope",
            "scope",
            Parameters::of([("scope", "evil.scope")]),
        ),
        nightly(
            "RFC 6749, 3.3",
            "a scope about people",
            "invalid_scope",
            "scope",
            Parameters::of([("scope", "openid")]),
        ),
        nightly(
            "RFC 9396, 3",
            "a scope that needs details",
            "invalid_scope",
            "scope",
            Parameters::of([("scope", "files.access")]),
        ),
        nightly(
            "RFC 8707, 2",
            "an unknown resource",
            "invalid_target",
            "resource",
            Parameters::of([("resource", "https://evil.test")]),
        ),
        nightly(
            "RFC 9396, 5",
            "a detail beyond what it has",
            "invalid_authorization_details",
            "authorization_details[0]",
            Parameters::of([(
                "authorization_details",
                &a_file_with("identifier", json!("evil.pdf")).to_string(),
            )]),
        ),
        nightly(
            "RFC 9396, 5",
            "an unknown type",
            "invalid_authorization_details",
            "authorization_details[0]",
            Parameters::of([("authorization_details", r#"[{"type":"evil"}]"#)]),
        ),
    ]
}
