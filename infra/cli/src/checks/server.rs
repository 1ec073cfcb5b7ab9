use std::num::NonZero;
use std::time::Duration;

use oauth::configuration::{Brand, ExchangeSettings, Lifetimes, Limits, Server, SignInSettings};
use oauth::passkey_domain;
use pages::{Colour, Logo};
use url::Url;

use super::{IssuerChoice, plain_text_problem, strangers};
use crate::files::{BrandTable, Lifetime, LifetimesTable, LimitsTable, ServerFile};
use crate::reading::Read;
use crate::{Complaint, Place};

/// The bounds of an access token's lifetime, for the server and for each tool.
pub(super) const ACCESS_TOKEN_LIFETIME: (u64, u64) = (30, 3_600);

/// The server's settings, if nothing is wrong with them.
pub(super) fn server(
    file: &Read<ServerFile>,
    choice: &IssuerChoice<'_>,
    complaints: &mut Vec<Complaint>,
) -> Option<Server> {
    let before = complaints.len();
    let issuer = issuer(file, choice, complaints);
    let pages = issuer.as_deref().and_then(|issuer| pages(file, issuer, complaints));
    let brand = brand(file, &file.value.brand, complaints);
    let lifetimes = lifetimes(file, &file.value.lifetimes, complaints);
    let documents = issuer.as_deref().and_then(|issuer| strangers::documents(file, issuer, complaints));
    let own = issuer.as_deref().unwrap_or_default();
    let trusted_issuers = super::trust::issuers(file, own, complaints);
    let id_jag_targets = super::trust::targets(file, own, complaints);
    let sign_in = sign_in(file, pages.as_deref().unwrap_or(own), complaints);
    let server = Server {
        issuer: issuer?,
        pages,
        brand,
        require_pushed_authorization_requests: file.value.require_pushed_authorization_requests,
        lifetimes,
        limits: limits(&file.value.limits),
        exchange: exchange(file, complaints),
        backchannel: super::backchannel::settings(file, complaints),
        devices: super::devices::settings(file, complaints),
        sign_in,
        trusted_issuers,
        id_jag_targets,
        documents,
        registration: strangers::registration(file, complaints),
        outbound: strangers::outbound(file, complaints),
    };
    (complaints.len() == before).then_some(server)
}

fn exchange(file: &Read<ServerFile>, complaints: &mut Vec<Complaint>) -> ExchangeSettings {
    let (table, default) = (&file.value.exchange, ExchangeSettings::default());
    let longest_chain = table.longest_chain.map_or(default.longest_chain, usize::from);
    if !(1..=oauth::LONGEST_CHAIN).contains(&longest_chain) {
        complaints.push(file.complaint(
            &["exchange", "longest_chain"],
            format!("`longest_chain` is {longest_chain}."),
            format!("It may be 1 to {}.", oauth::LONGEST_CHAIN),
        ));
    }
    ExchangeSettings {
        longest_chain,
        record: table.record.unwrap_or(default.record),
        issue_refresh_tokens: table.issue_refresh_tokens.unwrap_or(default.issue_refresh_tokens),
        accept_refresh_tokens: table.accept_refresh_tokens.unwrap_or(default.accept_refresh_tokens),
    }
}

/// Nobody is to be locked out by a configuration: there is a way to sign in, and it works where the pages are.
fn sign_in(file: &Read<ServerFile>, pages: &str, complaints: &mut Vec<Complaint>) -> SignInSettings {
    let (table, default) = (&file.value.sign_in, SignInSettings::default());
    let passwords = table.passwords.unwrap_or(default.passwords);
    let passkeys = table.passkeys.unwrap_or(default.passkeys);
    if !passwords && !passkeys {
        complaints.push(file.complaint(
            &["sign_in", "passwords"],
            "Nobody could sign in: there are neither passwords nor passkeys.",
            "Leave one of both on.",
        ));
    } else if !passwords && passkey_domain(pages).is_none() {
        complaints.push(file.complaint(
            &["sign_in", "passwords"],
            format!("Nobody could sign in: {pages:?} has no domain, so there are no passkeys."),
            "Give the pages a domain, or leave passwords on.",
        ));
    }
    SignInSettings { passwords, passkeys }
}

fn limits(table: &LimitsTable) -> Limits {
    let default = Limits::default();
    let or = |written: Option<NonZero<u32>>, default| written.map_or(default, NonZero::get);
    Limits {
        client_requests_per_minute: or(table.client_requests_per_minute, default.client_requests_per_minute),
        sign_ins_per_minute: or(table.sign_ins_per_minute, default.sign_ins_per_minute),
    }
}

fn issuer(
    file: &Read<ServerFile>,
    choice: &IssuerChoice<'_>,
    complaints: &mut Vec<Complaint>,
) -> Option<String> {
    let written = file.value.issuer.as_deref();
    let Some(issuer) = choice.argument.or(written).or(choice.otherwise) else {
        complaints.push(file.complaint(
            &[],
            "Nothing says what the issuer is.",
            "Name it: `--issuer https://auth.example.com`.",
        ));
        return None;
    };
    let from_file = choice.argument.is_none() && written.is_some();
    let place = if from_file { file.at(&["issuer"]) } else { Place::file(&file.path) };
    if let Err(problem) = parse_issuer(issuer) {
        complaints.push(Complaint::new(
            place,
            format!("The issuer {issuer:?} {problem}."),
            "An issuer is such as https://auth.example.com (RFC 8414, section 2).",
        ));
        return None;
    }
    if file.value.demo && !is_loopback(issuer) {
        complaints.push(file.complaint(
            &["demo"],
            format!("This configuration is a demonstration, and the issuer {issuer:?} is not on loopback."),
            "Start from infra/config for a real deployment.",
        ));
        return None;
    }
    Some(issuer.to_owned())
}

/// The URL of the pages, when it is another than the issuer.
fn pages(file: &Read<ServerFile>, issuer: &str, complaints: &mut Vec<Complaint>) -> Option<String> {
    let pages = file.value.pages.as_deref().filter(|pages| *pages != issuer)?;
    let mut refuse = |wrong: String, remedy| complaints.push(file.complaint(&["pages"], wrong, remedy));
    if let Err(problem) = parse_issuer(pages) {
        let remedy = "It is written as an issuer is: such as https://sign-in.example.com.";
        refuse(format!("The URL of the pages {pages:?} {problem}."), remedy);
        return None;
    }
    // On one machine both can be tried out. Apart from that, passwords do not travel without TLS, nor to a loopback address.
    if is_loopback(pages) != is_loopback(issuer) {
        let wrong = format!("Of the issuer {issuer:?} and the pages {pages:?}, one alone is on loopback.");
        refuse(wrong, "Leave `pages` out for a server on this machine.");
        return None;
    }
    Some(pages.to_owned())
}

/// Whether a text can be an issuer identifier (RFC 8414, section 2). It is compared as written, so it must be written as a
/// URL parser would write it.
pub(super) fn parse_issuer(text: &str) -> Result<(), &'static str> {
    let url = Url::parse(text).map_err(|_| "is not a URL")?;
    if text.len() > 256 {
        return Err("is longer than 256 characters");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("names a user");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a query or a fragment");
    }
    if text.ends_with('/') {
        return Err("ends with a slash");
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(text) => {}
        "http" => return Err("is not https"),
        _ => return Err("is not an https URL"),
    }
    let normal = url.as_str().trim_end_matches('/');
    if normal == text {
        Ok(())
    } else {
        Err("is not written in its normal form (lower case host, no default port, no dots in the path)")
    }
}

pub(super) fn is_loopback(issuer: &str) -> bool {
    Url::parse(issuer).is_ok_and(|url| url.host().is_some_and(|host| oauth::is_loopback(&host)))
}

fn brand(file: &Read<ServerFile>, table: &BrandTable, complaints: &mut Vec<Complaint>) -> Brand {
    if let Some(problem) = plain_text_problem(&table.name, 60) {
        complaints.push(file.complaint(&["brand", "name"], format!("The brand's name {problem}."), ""));
    }
    if table.accent.parse::<Colour>().is_err() {
        complaints.push(file.complaint(
            &["brand", "accent"],
            format!("{:?} is not a colour.", table.accent),
            "Write it as #rrggbb.",
        ));
    }
    let logo_svg = table.logo_file.as_deref().and_then(|name| logo(file, name, complaints));
    Brand { name: table.name.clone(), accent: table.accent.to_ascii_lowercase(), logo_svg }
}

fn logo(file: &Read<ServerFile>, name: &str, complaints: &mut Vec<Complaint>) -> Option<String> {
    let mut refuse =
        |wrong: String, remedy: &str| complaints.push(file.complaint(&["brand", "logo_file"], wrong, remedy));
    if !super::is_beside(name) {
        refuse(
            format!("{name:?} is not the name of a file beside server.toml."),
            "Name the file alone, without a folder.",
        );
        return None;
    }
    let bytes = match std::fs::read(file.path.with_file_name(name)) {
        Ok(bytes) => bytes,
        Err(error) => {
            refuse(format!("The logo {name:?} cannot be read: {error}."), "It must lie beside server.toml.");
            return None;
        }
    };
    match Logo::parse(&bytes) {
        Ok(Logo::Svg(text)) => Some(text),
        Ok(Logo::Png(_)) => {
            refuse(format!("The logo {name:?} is not an SVG image."), "");
            None
        }
        Err(problem) => {
            refuse(format!("The logo {name:?} cannot be used: {problem}."), "");
            None
        }
    }
}

fn lifetimes(file: &Read<ServerFile>, table: &LifetimesTable, complaints: &mut Vec<Complaint>) -> Lifetimes {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let default = Lifetimes::default();
    let mut within = |name: &str, asked: Option<Lifetime>, default: Duration, bounds: (u64, u64)| {
        within(file, ["lifetimes", name], asked, default, bounds, complaints)
    };
    Lifetimes {
        request_uri: within("request_uri", table.request_uri, default.request_uri, (60, 300)),
        interaction: within("interaction", table.interaction, default.interaction, (MINUTE, HOUR)),
        code: within("code", table.code, default.code, (10, 60)),
        access_token: within("access_token", table.access_token, default.access_token, ACCESS_TOKEN_LIFETIME),
        id_token: within("id_token", table.id_token, default.id_token, (30, HOUR)),
        session: within("session", table.session, default.session, (5 * MINUTE, 7 * DAY)),
        authorization: within(
            "authorization",
            table.authorization,
            default.authorization,
            (5 * MINUTE, 365 * DAY),
        ),
    }
}

/// The lifetime that a table of the file names, or the default. One outside its bounds, in seconds and both allowed, is complained of.
pub(super) fn within(
    file: &Read<ServerFile>,
    [table, name]: [&str; 2],
    asked: Option<Lifetime>,
    default: Duration,
    bounds: (u64, u64),
    complaints: &mut Vec<Complaint>,
) -> Duration {
    let Some(asked) = asked else { return default };
    if let Some(wrong) = out_of_bounds(name, asked, bounds) {
        complaints.push(file.complaint(&[table, name], wrong, ""));
    }
    asked.0
}

/// What is wrong with a lifetime outside its bounds, both in seconds and both allowed.
pub(super) fn out_of_bounds(name: &str, asked: Lifetime, (least, most): (u64, u64)) -> Option<String> {
    let seconds = asked.0.as_secs();
    (seconds < least || seconds > most).then(|| {
        let [least, most] = [least, most].map(|bound| Lifetime(Duration::from_secs(bound)));
        format!("`{name}` is {asked}, and must lie between {least} and {most}.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_an_https_url_or_http_on_loopback() {
        for good in [
            "https://auth.example.com",
            "https://auth.example.com/prod",
            "https://auth.example.com:8443",
            "http://localhost:8080",
            "http://127.0.0.1:8080/prod",
            "http://[::1]:8080",
        ] {
            assert_eq!(parse_issuer(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "auth.example.com",
            "http://auth.example.com",
            "ftp://auth.example.com",
            "https://auth.example.com/",
            "https://auth.example.com?x=1",
            "https://auth.example.com#f",
            "https://u@auth.example.com",
            "https://AUTH.example.com",
            "https://auth.example.com:443",
            "https://auth.example.com/a/../b",
            "http://localhost.evil.example",
            "javascript:alert(1)",
            "https://auth.example.com/a b",
        ] {
            assert!(parse_issuer(bad).is_err(), "{bad}");
        }
    }
}
