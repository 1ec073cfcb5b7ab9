use reqwest::blocking::RequestBuilder;

use super::Expected::{self, Page};
use super::{EVIL, Place, Row, row};
use crate::browser::{self, Browser};
use crate::local_stack::passkeys::PASSKEYS;
use crate::web::{Parameters, post};

/// What the pages of people refuse in a form that our own page did send, in the browser that it was made for. None of it
/// spends the interaction: all rows use the same.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = sign_in();
    rows.extend(consent());
    rows.extend(approval());
    rows.extend(invitations());
    rows.extend(user_code());
    rows.extend(devices());
    rows.extend(passkeys());
    rows.extend(sign_in_with_a_passkey());
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

fn invitations() -> Vec<Row> {
    let one = |section, name: &str, expected: Expected, names, more: Parameters| {
        row(section, format!("/account/invitations: {name}"), expected, names, move |place: &Place| {
            sent_with("csrf", &place.inviting, "/account/invitations", &more)
        })
    };
    let agent = |id: &str| Parameters::of([("agent", id)]);
    let (refused, again) = (Page(400, "invalid_request"), Page(422, "Choose one of the agents in the list"));
    let (section, repeated) = ("OpenID CIBA Core, 7.1", "OAuth 2.1, 3.1");
    vec![
        one(section, "nobody chosen", again, "", Parameters::default()),
        one(section, "an empty choice", again, "", agent("")),
        one(section, "an unknown agent", again, "", agent(EVIL)),
        one(section, "an over-long agent", again, "", agent(&EVIL.repeat(200))),
        one(section, "an agent that asks nobody", again, "", agent("report-agent")),
        one(section, "the agent in capitals", again, "", agent("INVITED-AGENT")),
        one(repeated, "agent twice", refused, "agent", agent("invited-agent").and("agent", EVIL)),
        one(repeated, "a good csrf twice", refused, "csrf", agent("invited-agent").and("csrf", EVIL)),
    ]
}

/// No row tries a password: each would be counted.
fn user_code() -> Vec<Row> {
    let one = |section, name: &str, expected: Expected, names, more: Parameters| {
        row(section, format!("/account/user-code: {name}"), expected, names, move |place: &Place| {
            sent_with("csrf", &place.setting_a_code, "/account/user-code", &more)
        })
    };
    let typed = |code: &str| Parameters::of([("current_password", "evil"), ("user_code", code)]);
    let (refused, again) = (Page(400, "invalid_request"), Page(422, "6 to 64 visible characters"));
    let (section, repeated) = ("OpenID CIBA Core, 7.1", "OAuth 2.1, 3.1");
    vec![
        one(section, "nothing typed", again, "", Parameters::default()),
        one(section, "an empty code", again, "", typed("")),
        one(section, "a short code", again, "", typed("12345")),
        one(section, "a long code", again, "", typed(&EVIL.repeat(5))),
        one(section, "a code on two lines", again, "", typed(EVIL)),
        one(section, "a code with what nobody sees", again, "", typed("1234\u{202e}56")),
        one(
            section,
            "no password to remove it",
            Page(422, "The password is not right"),
            "",
            Parameters::of([("remove", "yes"), ("current_password", &"evil".repeat(2_000))]),
        ),
        one(repeated, "user_code twice", refused, "user_code", typed("123456").and("user_code", EVIL)),
        one(
            repeated,
            "current_password twice",
            refused,
            "current_password",
            typed("123456").and("current_password", EVIL),
        ),
        one(
            repeated,
            "remove twice",
            refused,
            "remove",
            typed("123456").and("remove", "yes").and("remove", "yes"),
        ),
        one(repeated, "a good csrf twice", refused, "csrf", typed("123456").and("csrf", EVIL)),
    ]
}

fn passkeys() -> Vec<Row> {
    let one = |name: &str, expected: Expected, names, more: Parameters| {
        row("WebAuthn, 7.1", format!("{PASSKEYS}: {name}"), expected, names, move |place: &Place| {
            sent_with("csrf", &place.adding_passkeys, PASSKEYS, &more)
        })
    };
    let refused = Page(400, "invalid_request");
    let what = |button: &str| Parameters::of([("do", button)]);
    let named = |name: &str| what("register").and("name", name);
    let no_name = Page(422, "A name has 1 to 40 visible characters");
    let (late, gone) = (Page(422, "That took too long"), Page(422, "There is no such passkey any more"));
    let ceremony = |ceremony: &str| named("Mine").and("ceremony", ceremony);
    vec![
        one("no button", refused, "do", Parameters::default()),
        one("an unknown button", refused, "do", what(EVIL)),
        one("two buttons", refused, "do", what("register").and("do", "remove")),
        one("no name", no_name, "", what("register")),
        one("a long name", no_name, "", named(&"x".repeat(41))),
        one("a name that acts unseen", no_name, "", named("My\u{202e}phone")),
        one("two names", refused, "name", named("Mine").and("name", EVIL)),
        one("no ceremony", refused, "ceremony", named("Mine")),
        one("a ceremony that is none", late, "", ceremony(EVIL)),
        one("two ceremonies", refused, "ceremony", ceremony(EVIL).and("ceremony", EVIL)),
        one("no passkey", refused, "passkey", what("remove")),
        one("a passkey that is none", refused, "passkey", what("remove").and("passkey", EVIL)),
        one("removes another's", gone, "", what("remove").and("passkey", "AAAA")),
    ]
}

fn sign_in_with_a_passkey() -> Vec<Row> {
    let one = |name: &str, expected: Expected, names, more: Parameters| {
        row("WebAuthn, 7.2", format!("/sign-in: {name}"), expected, names, move |place: &Place| {
            sent(&place.signing_in, "/sign-in", &more)
        })
    };
    let (refused, again) =
        (Page(400, "invalid_request"), Page(422, "You could not be signed in with this passkey"));
    let answer = || Parameters::of([("answer", "{}")]);
    let mut rows = vec![
        one("an answer without a ceremony", refused, "ceremony", answer()),
        one("a ceremony that is none", Page(422, "That took too long"), "", answer().and("ceremony", EVIL)),
        one("two answers", refused, "answer", answer().and("answer", "{}").and("ceremony", EVIL)),
    ];
    let deep = "[".repeat(4_000);
    for (name, text) in
        [("no JSON", EVIL.to_owned()), ("an empty object", "{}".to_owned()), ("4,000 brackets", deep)]
    {
        let name = format!("/sign-in: an answer that is {name}");
        rows.push(row("WebAuthn, 7.2", name, again, "", move |place: &Place| answered(place, &text)));
    }
    rows
}

/// The ceremony of the very page is good: what comes with it is not.
fn answered(place: &Place<'_>, answer: &str) -> RequestBuilder {
    let (_, page) = &place.signing_in;
    let more = Parameters::of([("ceremony", page.field("ceremony").as_str()), ("answer", answer)]);
    sent(&place.signing_in, "/sign-in", &more)
}

/// No row registers a device: each would be counted.
fn devices() -> Vec<Row> {
    let one = |name: &str, expected: Expected, names, more: Parameters| {
        row("OAuth 2.1, 3.1", format!("/account/devices: {name}"), expected, names, move |place: &Place| {
            sent_with("csrf", &place.naming_devices, "/account/devices", &more)
        })
    };
    let refused = Page(400, "invalid_request");
    let what = |button: &str| Parameters::of([("do", button)]);
    let named =
        |button: &str, address: &str, name: &str| what(button).and("address", address).and("name", name);
    let of = |button: &str, device: &str| what(button).and("device", device);
    let hours =
        |from: &str, to: &str, zone: &str| what("quiet").and("from", from).and("to", to).and("zone", zone);
    let unknown = "a".repeat(22);
    let no_number = Page(422, "That is not a telephone number");
    let no_address = Page(422, "That is not an e-mail address");
    let (no_name, no_hours) =
        (Page(422, "A name has 1 to 40 visible characters"), Page(422, "Quiet hours need"));
    let (gone, no_zone) =
        (Page(422, "There is no such device any more"), Page(422, "There is no such time zone"));
    vec![
        one("no button", refused, "do", Parameters::default()),
        one("an unknown button", refused, "do", what(EVIL)),
        one("two buttons", refused, "do", what("loud").and("do", "quiet")),
        one("a good csrf twice", refused, "csrf", what("loud").and("csrf", EVIL)),
        one("no number", no_number, "", named("sms", "", "Mine")),
        one("a number that is none", no_number, "", named("sms", "call me", "Mine")),
        one("a number at home", no_number, "", named("sms", "0151 12345678", "Mine")),
        one("a number of 5 KB", no_number, "", named("sms", &"9".repeat(5_000), "Mine")),
        one("two numbers", refused, "address", named("sms", "+4915112345678", "Mine").and("address", EVIL)),
        one(
            "a number abroad",
            Page(422, "numbers of this country"),
            "",
            named("sms", "+882161234567", "Mine"),
        ),
        one("no name", no_name, "", named("sms", "+4915112345678", "")),
        one("a long name", no_name, "", named("sms", "+4915112345678", &"x".repeat(41))),
        one("a name that acts unseen", no_name, "", named("sms", "+4915112345678", "My\u{202e}phone")),
        one("two names", refused, "name", named("sms", "+4915112345678", "Mine").and("name", EVIL)),
        one("no address", no_address, "", named("email", "", "Mine")),
        one("two addresses in one", no_address, "", named("email", "a@mills.test,b@mills.test", "Mine")),
        one(
            "an address with a header",
            no_address,
            "",
            named("email", "a@mills.test\r\nBcc: b@mills.test", "Mine"),
        ),
        one(
            "an address elsewhere",
            Page(422, "addresses of this domain"),
            "",
            named("email", "a@elsewhere.test", "Mine"),
        ),
        one(
            "below a domain",
            Page(422, "addresses of this domain"),
            "",
            named("email", "a@x.mills.test", "Mine"),
        ),
        one("no device", refused, "device", what("remove")),
        one("a device that is none", refused, "device", of("remove", EVIL)),
        one("two devices", refused, "device", of("remove", &unknown).and("device", &unknown)),
        one("removes another's", gone, "", of("remove", &unknown)),
        one("moves another's", gone, "", of("earlier", &unknown)),
        one("renames another's", gone, "", of("rename", &unknown).and("name", "Mine")),
        one("renames to nothing", no_name, "", of("rename", &unknown)),
        one("confirms another's", gone, "", of("check", &unknown)),
        one("no hours", no_hours, "", what("quiet")),
        one("hours that are none", no_hours, "", hours("25:00", "07:00", "Europe/Berlin")),
        one("hours that end as they begin", no_hours, "", hours("07:00", "07:00", "Europe/Berlin")),
        one("a zone that is none", no_zone, "", hours("22:00", "07:00", EVIL)),
        one("a zone of 5 KB", no_zone, "", hours("22:00", "07:00", &"x/".repeat(2_500))),
        one("two zones", refused, "zone", hours("22:00", "07:00", "UTC").and("zone", "UTC")),
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
        one(section, "a number that is none", refused, "number", approving("0").and("number", EVIL)),
        one(
            section,
            "an over-long number",
            refused,
            "number",
            approving("0").and("number", &"9".repeat(5_000)),
        ),
        one(
            repeated,
            "number twice",
            refused,
            "number",
            approving("0").and("number", "42").and("number", "17"),
        ),
    ]
}
