use serde_json::{Value, json};

use super::Expected::{self, Json};
use super::{EVIL, Place, Row, a_file_with, row};
use crate::agent::{Agent, BANK, the_file};
use crate::asking::{CIBA, for_approval_of, for_signing_in_of};
use crate::assertion::unguessable;
use crate::exchange::{ACCESS_TOKEN, ID_TOKEN};
use crate::web::Parameters;

/// What `/bc-authorize` refuses (OpenID CIBA Core 1.0, section 13), and `/token` of what was asked there (section 11).
pub(super) fn rows() -> Vec<Row> {
    let all =
        [hints(), scopes(), messages(), expiries(), words(), details(), clients(), told(), redemptions()];
    all.into_iter().flatten().collect()
}

/// A good request of the asking agent, changed.
fn asked(
    section: &'static str,
    name: &str,
    error: &'static str,
    names: &'static str,
    change: impl Fn(&Place, Parameters) -> Parameters + 'static,
) -> Row {
    row(section, format!("/bc-authorize: {name}"), Json(400, error), names, move |place| {
        place.asking.request("/bc-authorize", &change(place, good(place)))
    })
}

fn good(place: &Place) -> Parameters {
    for_approval_of(&place.reachable, &json!([the_file("Q4-report.pdf", &["read"])]))
}

/// A request with one parameter more, or another value for it.
fn with(section: &'static str, name: &str, error: &'static str, parameter: &'static str, value: &str) -> Row {
    let value = value.to_owned();
    asked(section, name, error, parameter, move |_, form| form.with(parameter, &value))
}

/// A request with a parameter twice.
fn twice(parameter: &'static str) -> Row {
    let name = format!("{parameter} twice");
    asked("OAuth 2.1, 3.1", &name, "invalid_request", parameter, move |_, form| {
        form.with(parameter, EVIL).and(parameter, "1")
    })
}

fn hints() -> Vec<Row> {
    let section = "OpenID CIBA Core, 7.1";
    let unchosen = |name: &str, hints: &'static [&'static str]| {
        asked(section, name, "invalid_request", "exactly one of login_hint", move |_, form| {
            hints.iter().fold(form.without("login_hint"), |form, hint| form.and(hint, EVIL))
        })
    };
    let hinted = |name: &str, value: fn(&Place) -> String| {
        asked(section, name, "invalid_request", "id_token_hint", move |place, form| {
            form.without("login_hint").and("id_token_hint", &value(place))
        })
    };
    vec![
        unchosen("no hint", &[]),
        unchosen("a login_hint and an id_token_hint", &["login_hint", "id_token_hint"]),
        unchosen("a login_hint and a login_hint_token", &["login_hint", "login_hint_token"]),
        unchosen("an id_token_hint and a login_hint_token", &["id_token_hint", "login_hint_token"]),
        unchosen("all three hints", &["login_hint", "id_token_hint", "login_hint_token"]),
        with(section, "an empty login_hint", "invalid_request", "login_hint", ""),
        with(section, "a login_hint of 9 KB", "invalid_request", "login_hint", &"evil".repeat(2_300)),
        with(section, "a login_hint of 20 KB", "invalid_request", "login_hint", &"evil".repeat(5_000)),
        twice("login_hint"),
        twice("id_token_hint"),
        twice("login_hint_token"),
        hinted("an id_token_hint that is none", |_| EVIL.to_owned()),
        hinted("an id_token_hint of 9 KB", |_| "evil".repeat(2_300)),
        hinted("an access token for an id_token_hint", |place| place.for_files.clone()),
        hinted("an id_token_hint of another client", |place| place.id_token.clone()),
        asked(
            section,
            "a login_hint_token that nobody made",
            "expired_login_hint_token",
            "login_hint_token",
            |_, form| form.without("login_hint").and("login_hint_token", EVIL),
        ),
    ]
}

fn scopes() -> Vec<Row> {
    let (section, general) = ("OpenID CIBA Core, 7.1", "RFC 6749, 3.3");
    vec![
        asked(section, "no scope", "invalid_scope", "openid", |_, form| form.without("scope")),
        asked(section, "a scope without openid", "invalid_scope", "openid", |_, form| {
            form.with("scope", "files.read files.access")
        }),
        with(general, "a scope that the client may not ask for", "invalid_scope", "scope", "openid bank.pay"),
        with(general, "a scope that does not exist", "invalid_scope", "scope", "openid evil.scope"),
        with(general, "a scope that is none", "invalid_request", "scope", EVIL),
        with(general, "two spaces in the scope", "invalid_request", "scope", "openid  files.read"),
        twice("scope"),
        asked("RFC 9396, 3", "a scope that needs details", "invalid_scope", "files.access", |_, form| {
            form.without("authorization_details")
        }),
        with("RFC 8707, 2", "an unknown resource", "invalid_target", "resource", "https://evil.test"),
        with("RFC 8707, 2", "a resource that is no URI", "invalid_target", "resource", EVIL),
        asked("RFC 8707, 2", "seventeen resources", "invalid_request", "resource", |_, form| {
            (0..17).fold(form, |form, _| form.and("resource", "https://files.test"))
        }),
    ]
}

fn messages() -> Vec<Row> {
    let message = |name: &str, text: &str| {
        let name = format!("a binding_message with {name}");
        with("OpenID CIBA Core, 7.1", &name, "invalid_binding_message", "binding_message", text)
    };
    vec![
        message("a line break", "W4SCT\nevil"),
        message("a carriage return", "W4SCT\revil"),
        message("a tab", "W4\tSCT"),
        message("text that runs backwards", "W4\u{202e}TCS"),
        message("an isolate that is not closed", "W4\u{2066}SCT"),
        message("a space of no width", "W4\u{200b}SCT"),
        message("a byte order mark", "\u{feff}W4SCT"),
        message("a variation selector", "W4\u{fe0f}SCT"),
        message("a link", "Confirm at https://evil.test"),
        message("a host", "Confirm at login.evil.test"),
        message("an e-mail address", "Write to help@evil"),
        message("a telephone number", "Call +49 30 1234567"),
        message("a telephone number with dots", "Call 555.123.4567"),
        message("a telephone number with dashes", "Call 030\u{2013}123\u{a0}4567"),
        message(
            "a telephone number in other digits",
            "Call \u{ff10}\u{ff13}\u{ff10}\u{ff11}\u{ff12}\u{ff13}\u{ff14}",
        ),
        message("a host with other dots", "Confirm at login\u{3002}evil\u{ff0e}test"),
        message("a host that is no word", "Confirm at i\u{2764}.ws"),
        message("a host whose end is a sign", "Confirm at evil.\u{2121}"),
        message("an address of four numbers", "Confirm at 5.9.8.7"),
        message("an address of eight numbers", "Confirm at 2001:db8::1"),
        message("an e-mail address with a wide sign", "Write to help\u{ff20}evil"),
        message("a short number to call", "Call tel:110"),
        message("a code to dial", "Dial *#06#"),
        message("an escape", "W4\u{1b}[2JSCT"),
        message("101 characters", &"x".repeat(101)),
        message("10,000 characters", &"evil".repeat(2_500)),
        with(
            "OAuth 2.1, 3.1",
            "a binding_message of 20 KB",
            "invalid_request",
            "binding_message",
            &"evil".repeat(5_000),
        ),
        twice("binding_message"),
    ]
}

fn expiries() -> Vec<Row> {
    let expiry = |value: &str| {
        let name = format!("requested_expiry={value}");
        with("OpenID CIBA Core, 7.1", &name, "invalid_request", "requested_expiry", value)
    };
    let mut rows: Vec<Row> =
        ["0", "000", "-1", "+60", "1.5", "1e3", "0x10", " 60", "60 s", "٦٠", "9999999999", "soon"]
            .map(expiry)
            .into();
    rows.push(twice("requested_expiry"));
    rows
}

fn words() -> Vec<Row> {
    let section = "OpenID CIBA Core, 7.1";
    let many = ["urn:x"; 11].join(" ");
    vec![
        with(section, "two spaces in acr_values", "invalid_request", "acr_values", "a  b"),
        with(section, "eleven acr_values", "invalid_request", "acr_values", &many),
        with(
            section,
            "an over-long value of acr_values",
            "invalid_request",
            "acr_values",
            &"evil".repeat(65),
        ),
        twice("acr_values"),
        twice("user_code"),
        twice("channel"),
        with("the configuration's own", "a channel that is none", "invalid_request", "channel", EVIL),
        twice("actor_token"),
        asked(
            "RFC 8693, 2.1",
            "an actor_token without its type",
            "invalid_request",
            "actor_token_type",
            |_, form| form.and("actor_token", EVIL),
        ),
        asked("RFC 8693, 2.1", "an actor_token_type alone", "invalid_request", "actor_token", |_, form| {
            form.and("actor_token_type", ACCESS_TOKEN)
        }),
        asked("RFC 8693, 2.1", "an actor_token that is none", "invalid_request", "actor_token", |_, form| {
            form.and("actor_token", EVIL).and("actor_token_type", ACCESS_TOKEN)
        }),
        asked(
            "RFC 8693, 2.1",
            "an actor_token of a type that is not taken",
            "invalid_request",
            "actor_token_type",
            |place, form| form.and("actor_token", &place.id_token).and("actor_token_type", ID_TOKEN),
        ),
        asked(
            "RFC 8693, 2.1",
            "a person's token as actor_token",
            "invalid_request",
            "actor_token",
            |place, form| form.and("actor_token", &place.for_files).and("actor_token_type", ACCESS_TOKEN),
        ),
        with(section, "a request object", "request_not_supported", "request", "e30.e30."),
    ]
}

fn details() -> Vec<Row> {
    let section = "RFC 9396, 5";
    let detailed = |name: &str, names: &'static str, text: String| {
        asked(section, name, "invalid_authorization_details", names, move |_, form| {
            form.with("authorization_details", &text)
        })
    };
    let first = "authorization_details[0]";
    let one = |name: &str, detail: Value| detailed(name, first, json!([detail]).to_string());
    let file = the_file("Q4-report.pdf", &["read"]);
    let deep = format!(r#"[{{"type":"file_access","x":{}1{}}}]"#, "[".repeat(20), "]".repeat(20));
    vec![
        detailed("authorization_details that are no JSON", "authorization_details", EVIL.to_owned()),
        detailed("authorization_details that are no array", "authorization_details", file.to_string()),
        detailed("a hundred and one details", "100", json!(vec![file.clone(); 101]).to_string()),
        detailed("a member twice", "twice", r#"[{"type":"file_access","type":"evil"}]"#.to_owned()),
        detailed("details that nest too deep", "deeper", deep),
        one("a detail that is no object", json!("evil")),
        one("a detail without a type", json!({ "identifier": "evil" })),
        one("an unknown type", json!({ "type": "evil" })),
        one("a type that the client may not use", json!({ "type": "statement", "account": "evil" })),
        detailed("an unknown action", first, a_file_with("actions", json!(["evil"])).to_string()),
        detailed("an unknown member", first, a_file_with("strange", json!(1)).to_string()),
        detailed("a member of another kind", first, a_file_with("identifier", json!(["evil"])).to_string()),
        asked(section, "a detail for another tool", "invalid_authorization_details", first, |_, form| {
            form.with("resource", BANK)
        }),
        asked(
            section,
            "details of 300 KB and more",
            "invalid_request",
            "authorization_details",
            |_, form| {
                let memo = json!({ "type": "memo", "text": "evil".repeat(2_400) });
                form.with("authorization_details", &json!(vec![memo; 33]).to_string())
            },
        ),
        twice("authorization_details"),
    ]
}

/// Who may not ask at all.
fn clients() -> Vec<Row> {
    let section = "OpenID CIBA Core, 13";
    let of = |name: &str, expected: Expected, names, who: for<'a> fn(&'a Place) -> &'a Agent<'a>| {
        row(section, format!("/bc-authorize: {name}"), expected, names, move |place| {
            who(place).request("/bc-authorize", &good(place))
        })
    };
    let unregistered = Json(400, "unauthorized_client");
    vec![
        of("a public client", Json(401, "invalid_client"), "client", |place| &place.public),
        of("a client without the grant", unregistered, CIBA, |place| &place.agent),
        of("a client that works alone", unregistered, CIBA, |place| &place.nightly),
        of("a tool", unregistered, CIBA, |place| &place.tool),
    ]
}

/// A client that is told what was decided says by what token it knows us (section 7.1).
fn told() -> Vec<Row> {
    let token = |name: &str, error: &'static str, token: Option<&str>| {
        let token = token.map(str::to_owned);
        row(
            "OpenID CIBA Core, 7.1",
            format!("/bc-authorize: {name}"),
            Json(400, error),
            "client_notification_token",
            move |place| {
                let form = for_signing_in_of(&place.reachable);
                let form =
                    token.iter().fold(form, |form, token| form.and("client_notification_token", token));
                place.called_back.request("/bc-authorize", &form)
            },
        )
    };
    vec![
        token("no client_notification_token", "invalid_request", None),
        token("an empty client_notification_token", "invalid_request", Some("")),
        token("a client_notification_token that can be guessed", "invalid_request", Some("evil")),
        token(
            "a client_notification_token with a line break",
            "invalid_request",
            Some(&"evil\r\n".repeat(5)),
        ),
        token("a client_notification_token of 1025 characters", "invalid_request", Some(&"e".repeat(1_025))),
        row(
            "OAuth 2.1, 3.1",
            "/bc-authorize: client_notification_token twice",
            Json(400, "invalid_request"),
            "client_notification_token",
            |place| {
                let form = for_signing_in_of(&place.reachable)
                    .and("client_notification_token", &unguessable())
                    .and("client_notification_token", &unguessable());
                place.called_back.request("/bc-authorize", &form)
            },
        ),
    ]
}

fn coming_with(auth_req_id: &str) -> Parameters {
    Parameters::of([("grant_type", CIBA), ("auth_req_id", auth_req_id)])
}

/// What the asking agent comes with to `/token`.
fn redeemed(
    section: &'static str,
    name: &str,
    error: &'static str,
    names: &'static str,
    form: impl Fn(&Place) -> Parameters + 'static,
) -> Row {
    row(section, format!("/token: {name}"), Json(400, error), names, move |place| {
        place.asking.request("/token", &form(place))
    })
}

fn redemptions() -> Vec<Row> {
    let section = "OpenID CIBA Core, 11";
    let invalid = |name: &str, auth_req_id: fn(&Place) -> String| {
        redeemed(section, name, "invalid_grant", "auth_req_id", move |place| coming_with(&auth_req_id(place)))
    };
    let approved = |section, name: &str, error: &'static str, parameter: &'static str, value: &str| {
        let value = value.to_owned();
        redeemed(section, name, error, parameter, move |place| {
            coming_with(&place.approved).and(parameter, &value)
        })
    };
    let of = |name: &str, error: &'static str, names, who: for<'a> fn(&'a Place) -> &'a Agent<'a>| {
        row(section, format!("/token: {name}"), Json(400, error), names, move |place| {
            who(place).request("/token", &coming_with(&place.approved))
        })
    };
    let wider = a_file_with("actions", json!(["write"])).to_string();
    vec![
        redeemed(section, "no auth_req_id", "invalid_request", "auth_req_id", |_| {
            Parameters::of([("grant_type", CIBA)])
        }),
        redeemed(section, "an empty auth_req_id", "invalid_request", "auth_req_id", |_| coming_with("")),
        redeemed("OAuth 2.1, 3.1", "auth_req_id twice", "invalid_request", "auth_req_id", |place| {
            coming_with(&place.approved).and("auth_req_id", EVIL)
        }),
        invalid("an auth_req_id that is none", |_| EVIL.to_owned()),
        invalid("an auth_req_id that nobody was given", |_| {
            format!("{}.{}", &unguessable()[..22], unguessable())
        }),
        invalid("the id of an auth_req_id alone", |place| before_the_dot(&place.waiting)),
        invalid("the right id with another secret", |place| {
            format!("{}.{}", before_the_dot(&place.waiting), unguessable())
        }),
        invalid("the right id, approved, with another secret", |place| {
            format!("{}.{}", before_the_dot(&place.approved), unguessable())
        }),
        invalid("an over-long auth_req_id", |_| "evil".repeat(1_000)),
        invalid("an auth_req_id with a word more", |place| format!("{} evil", place.approved)),
        invalid("a code for an auth_req_id", |place| place.code.clone()),
        invalid("a refresh token for an auth_req_id", |place| place.refresh_token.clone()),
        invalid("an access token for an auth_req_id", |place| place.for_files.clone()),
        of("an auth_req_id of another client", "invalid_grant", "auth_req_id", |place| &place.other_asking),
        of("an auth_req_id, a public client", "unauthorized_client", CIBA, |place| &place.public),
        of("an auth_req_id, a client without the grant", "unauthorized_client", CIBA, |place| &place.agent),
        of("an auth_req_id, a client that works alone", "unauthorized_client", CIBA, |place| &place.nightly),
        approved("RFC 6749, 6", "approved, a wider scope", "invalid_scope", "scope", "openid email"),
        approved("RFC 6749, 3.3", "approved, a scope that is none", "invalid_request", "scope", EVIL),
        approved("RFC 8707, 2.2", "approved, a resource that was not", "invalid_target", "resource", BANK),
        approved("RFC 8707, 2.2", "approved, a resource that is no URI", "invalid_target", "resource", EVIL),
        approved(
            "RFC 9396, 6.1",
            "approved, a detail wider than that",
            "invalid_authorization_details",
            "authorization_details",
            &wider,
        ),
        approved(
            "RFC 9396, 5",
            "approved, details that are no JSON",
            "invalid_authorization_details",
            "authorization_details",
            EVIL,
        ),
        redeemed(
            "RFC 8693, 2.1",
            "approved, an actor_token that is none",
            "invalid_request",
            "actor_token",
            |place| {
                coming_with(&place.approved).and("actor_token", EVIL).and("actor_token_type", ACCESS_TOKEN)
            },
        ),
        approved("RFC 8693, 2.1", "approved, an actor_token alone", "invalid_request", "actor_token", EVIL),
        redeemed(
            "RFC 6749, 5.2",
            "approved, as a code",
            "unauthorized_client",
            "authorization_code",
            |place| Parameters::of([("grant_type", "authorization_code"), ("code", &place.approved)]),
        ),
    ]
}

fn before_the_dot(handle: &str) -> String {
    handle.split('.').next().unwrap_or_default().to_owned()
}
