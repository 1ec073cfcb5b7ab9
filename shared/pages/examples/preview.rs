//! Writes every page in every state and language, with the style sheets, below a folder: `cargo run -p countersign-pages
//! --example preview -- FOLDER`. Serve the folder to look at them and to check their accessibility.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use languages::{Arguments, Languages, Template, Texts, Value, Zone};
use oauth::Timestamp;
use oauth::configuration::SignInSettings;
use pages::{
    AccountNotice, AccountPage, ApprovalPage, ApprovalProblem, AskingClient, BlockedClient, Brand,
    ChangePasswordPage, Choices, ConsentPage, ConsentProblem, Decided, DecidedPage, DetailChoice, ErrorPage,
    Frame, LeadsTo, Lifetime, PasskeyOffer, PasswordProblem, Person, RememberedChoice, ScopeChoice,
    SignInPage, SignInProblem, SignedOutPage, WaitingPage, WaitingRequest, WhatHappened, Withheld,
};

static UTC: Zone = Zone::UTC;

const ALICE: Person<'_> = Person { display_name: "Alice Example", user_name: "alice" };

fn main() -> io::Result<()> {
    let folder = std::env::args().nth(1).map_or_else(|| PathBuf::from("preview"), PathBuf::from);
    let brand = Brand::default();
    let acme = Brand::new("Acme Mills", "#ffcc33".parse().map_err(io::Error::other)?, None);
    for asset in pages::assets().iter().chain(brand.assets()).chain(acme.assets()) {
        write(&folder.join(asset.path.trim_start_matches('/')), &asset.bytes)?;
    }
    let languages = Languages::shipped();
    for tag in languages.available() {
        let texts = languages.texts(tag);
        let frame = Frame { texts, brand: &brand, base_path: "" };
        for (name, html) in all_pages(frame).into_iter().chain([
            ("sign-in-other-brand", sign_in(Frame { brand: &acme, ..frame }, None)),
            ("consent-other-brand", consent(Frame { brand: &acme, ..frame }).render()),
        ]) {
            write(&folder.join(format!("{tag}/{name}.html")), html.as_bytes())?;
        }
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes)
}

fn all_pages(frame: Frame<'_>) -> Vec<(&'static str, String)> {
    let error = |what_happened, description| {
        ErrorPage {
            frame,
            what_happened,
            code: "invalid_request",
            description,
            catalogue: Some("https://countersign.example/errors#redirect-uri"),
            request_id: "1-67a3c0de-4b7f0e9d21c64a1f8e5b",
        }
        .render()
    };
    vec![
        ("sign-in", sign_in(frame, None)),
        ("sign-in-wrong", sign_in(frame, Some(SignInProblem::WrongUserNameOrPassword))),
        (
            "sign-in-wait",
            sign_in(frame, Some(SignInProblem::TooManyAttempts { wait: Duration::from_secs(30) })),
        ),
        ("consent", consent(frame).render()),
        ("consent-withheld", consent_of_what_is_not_hers(frame).render()),
        ("consent-stranger", consent_of_a_stranger(frame).render()),
        (
            "consent-nothing",
            ConsentPage { problem: Some(ConsentProblem::NothingChosen), ..consent(frame) }.render(),
        ),
        (
            "error-return",
            error(WhatHappened::ReturnIsUnknown, Some("redirect_uri: not registered for this client")),
        ),
        ("error-over", error(WhatHappened::InteractionIsOver, None)),
        ("error-expired", error(WhatHappened::RequestExpired, None)),
        ("approval", approval(frame).render()),
        (
            "approval-nothing",
            ApprovalPage { problem: Some(ApprovalProblem::NothingChosen), ..approval(frame) }.render(),
        ),
        (
            "approval-deferred",
            ApprovalPage {
                message: None,
                through: Some(vec!["Finance Agent".to_owned(), "Reports".to_owned()]),
                client_name: "Customers",
                client_id: "customers-tool",
                ..approval(frame)
            }
            .render(),
        ),
        ("approval-silent", ApprovalPage { message: None, ..approval(frame) }.render()),
        (
            "approval-numbers",
            ApprovalPage {
                actor: Some(("Night Watch", "night-watch")),
                numbers: Some([42, 17, 93]),
                problem: Some(ApprovalProblem::NumberNotPicked),
                ..approval(frame)
            }
            .render(),
        ),
        ("decided-wrong-number", decided(frame, Decided::WrongNumber)),
        ("decided-over", decided(frame, Decided::Over)),
        ("decided-gone", decided(frame, Decided::Gone)),
        ("waiting", waiting(frame)),
        ("waiting-none", WaitingPage { frame, requests: vec![], zone: &UTC }.render()),
        ("decided-approved", decided(frame, allowed(frame))),
        ("decided-denied", decided(frame, Decided::Denied)),
        ("decided-blocked", decided(frame, Decided::Blocked)),
        ("signed-out", SignedOutPage { frame }.render()),
        ("password", password(frame, None)),
        ("password-short", password(frame, Some(PasswordProblem::TooShort))),
        ("account", account(frame, None)),
        ("account-changed", account(frame, Some(AccountNotice::PasswordChanged))),
    ]
}

fn sign_in(frame: Frame<'_>, problem: Option<SignInProblem>) -> String {
    let user_name = if problem.is_some() { "alice" } else { "" };
    SignInPage {
        frame,
        interaction: "i",
        leads_to: LeadsTo::Client("Finance Agent"),
        user_name,
        again: false,
        passwords: true,
        takes_passkey: false,
        passkey: Some(PasskeyOffer { ceremony: "c".to_owned(), options: "{}".to_owned() }),
        problem,
    }
    .render()
}

fn password(frame: Frame<'_>, problem: Option<PasswordProblem>) -> String {
    ChangePasswordPage { frame, csrf: "c", person: ALICE, least_length: 12, problem }.render()
}

fn account(frame: Frame<'_>, notice: Option<AccountNotice>) -> String {
    AccountPage {
        frame,
        csrf: "c",
        person: ALICE,
        zone: &UTC,
        remembered: vec![RememberedChoice {
            client_name: "Finance Agent",
            client_id: "finance-agent",
            key: "k".to_owned(),
            sentences: &[file_sentence(frame.texts, "Q4-report.pdf".into()).plain()],
            language: &frame.texts.tag().to_string(),
            scopes: vec![ScopeChoice { name: "openid", description: None, is_required: true }],
            since: Timestamp::from_seconds(1_795_539_900),
            until: Timestamp::from_seconds(1_798_131_900),
        }],
        blocked: notice
            .map(|_| BlockedClient { name: "Travel Agent".to_owned(), id: "travel-agent".to_owned() })
            .into_iter()
            .collect(),
        sign_in: SignInSettings::default(),
        notice,
    }
    .render()
}

fn approval(frame: Frame<'_>) -> ApprovalPage<'_> {
    ApprovalPage {
        frame,
        request: "r",
        client_name: "Finance Agent",
        client_id: "finance-agent",
        actor: None,
        through: None,
        person: ALICE,
        message: Some("Delete Q4-report.pdf · 42"),
        choices: choices(frame),
        numbers: None,
        lifetime: Lifetime { token: Duration::from_mins(5), renewable_until: None },
        asked_at: Timestamp::from_seconds(1_795_539_900),
        expires_at: Timestamp::from_seconds(1_795_540_080),
        zone: &UTC,
        problem: None,
    }
}

fn waiting(frame: Frame<'_>) -> String {
    let request = |name: &str, message: Option<&str>| WaitingRequest {
        client_name: name.to_owned(),
        message: message.map(str::to_owned),
        expires_at: Timestamp::from_seconds(1_795_540_080),
        path: "/approval?request=r".to_owned(),
    };
    let requests =
        vec![request("Finance Agent", Some("Delete Q4-report.pdf · 42")), request("Travel Agent", None)];
    WaitingPage { frame, requests, zone: &UTC }.render()
}

fn allowed(frame: Frame<'_>) -> Decided<'_> {
    Decided::Approved {
        sentences: vec![payment_sentence(frame.texts)],
        scopes: vec![ScopeChoice { name: "openid", description: None, is_required: true }],
    }
}

fn decided<'a>(frame: Frame<'a>, decided: Decided<'a>) -> String {
    let next = matches!(decided, Decided::Denied).then(|| "/approval?request=r".to_owned());
    DecidedPage { frame, client_name: "Finance Agent", decided, next }.render()
}

fn consent(frame: Frame<'_>) -> ConsentPage<'_> {
    ConsentPage {
        frame,
        interaction: "i",
        client: AskingClient {
            name: "Finance Agent",
            id: "finance-agent",
            is_vouched_for: true,
            waits_on_this_machine: false,
        },
        returns_to: "127.0.0.1:8912",
        person: ALICE,
        purpose: Some("I want to sum up the fourth quarter for your meeting on Thursday."),
        choices: choices(frame),
        lifetime: Lifetime {
            token: Duration::from_mins(5),
            renewable_until: "Europe/Berlin"
                .parse()
                .ok()
                .map(|zone| (Timestamp::from_seconds(1_798_131_900), zone)),
        },
        may_be_remembered: true,
        problem: None,
    }
}

fn choices(frame: Frame<'_>) -> Choices<'_> {
    Choices {
        details: vec![
            DetailChoice {
                sentence: file_sentence(frame.texts, "Q4-report.pdf".into()),
                tool: "Finance File Server",
                json: "{\n  \"type\": \"file_access\",\n  \"locations\": [\"https://files.internal.corp/finance\"],\n  \"actions\": [\"read\"],\n  \"identifier\": \"Q4-report.pdf\"\n}".to_owned(),
            },
            DetailChoice {
                sentence: file_sentence(frame.texts, Value::absent()),
                tool: "Finance File Server",
                json: "{\n  \"type\": \"file_access\",\n  \"locations\": [\"https://files.internal.corp/finance\"],\n  \"actions\": [\"read\"]\n}".to_owned(),
            },
            DetailChoice {
                sentence: payment_sentence(frame.texts),
                tool: "Payments",
                json: "{\n  \"type\": \"payment\",\n  \"amount\": \"123.50\",\n  \"currency\": \"EUR\",\n  \"creditor\": \"Miller \\u0026 Sons\"\n}".to_owned(),
            },
        ],
        scopes: vec![
            ScopeChoice { name: "openid", description: None, is_required: true },
            ScopeChoice { name: "email", description: None, is_required: false },
        ],
        withheld: Withheld::default(),
    }
}

/// Alice cannot allow what she does not hold herself.
fn consent_of_what_is_not_hers(frame: Frame<'_>) -> ConsentPage<'_> {
    let withheld = Withheld { details: vec![2], scopes: vec!["email".to_owned()] };
    ConsentPage { choices: Choices { withheld, ..choices(frame) }, ..consent(frame) }
}

fn consent_of_a_stranger(frame: Frame<'_>) -> ConsentPage<'_> {
    let client = AskingClient {
        name: "Helpful \u{202e}tnegA <script>alert(1)</script>",
        id: "https://helpful-agent.example/oauth/client-metadata.json",
        is_vouched_for: false,
        waits_on_this_machine: true,
    };
    let lifetime = Lifetime { token: Duration::from_mins(5), renewable_until: None };
    let mut page = consent(frame);
    page.choices.details.truncate(1);
    page.choices.scopes.clear();
    ConsentPage { client, lifetime, purpose: None, may_be_remembered: false, ..page }
}

fn file_sentence(texts: &Texts, identifier: Value) -> languages::Message {
    let source = if texts.tag().language() == "de" {
        "{ $identifier ->\n [absent] Alle Dateien\n *[other] { $identifier }\n} in { $locations } { $actions ->\n [read] lesen\n *[other] { $actions }\n}"
    } else {
        "{ $actions ->\n [read] Read\n *[other] { $actions }\n} { $identifier ->\n [absent] every file\n *[other] { $identifier }\n} in { $locations }"
    };
    let arguments = Arguments::none()
        .with("actions", vec!["read"])
        .with("identifier", identifier)
        .with("locations", vec!["https://files.internal.corp/finance"]);
    Template::parse(source)
        .ok()
        .and_then(|template| template.render(&arguments, texts).ok())
        .unwrap_or_default()
}

fn payment_sentence(texts: &Texts) -> languages::Message {
    let source = if texts.tag().language() == "de" {
        "{ $amount } { $currency } an { $creditor } zahlen"
    } else {
        "Pay { $amount } { $currency } to { $creditor }"
    };
    let arguments =
        Arguments::none().with("amount", "123.50").with("currency", "EUR").with("creditor", "Miller & Sons");
    Template::parse(source)
        .ok()
        .and_then(|template| template.render(&arguments, texts).ok())
        .unwrap_or_default()
}
