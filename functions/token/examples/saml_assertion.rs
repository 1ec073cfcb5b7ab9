//! Makes an assertion as `POST /token` does, by an RSA key that is read from a file, and the metadata that goes with it.
//! `tests/saml` has software that others wrote look at both.
//!
//! Usage: `saml_assertion RSA_KEY.pkcs8.der ISSUED_AT NAME`, with the moment in seconds since 1970 and the person's name.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::Write;
use std::time::Duration;

use keys::{JWKS_MAX_AGE, KeyFile, Keys};
use oauth::configuration::{ClaimSource, Profile, SamlAttribute, SamlNameId, SamlRegistration};
use oauth::{AccessTokenClaims, AuthorizationDetails, Timestamp};
use serde_json::json;
use token::saml::{Statement, saml_assertion};

const ISSUER: &str = "https://auth.internal.corp";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let key = std::fs::read(arguments.next().ok_or("the key's file is missing")?)?;
    let issued_at = Timestamp::from_seconds(arguments.next().ok_or("the moment is missing")?.parse()?);
    let name = arguments.next().ok_or("the name is missing")?;

    let keys = Keys::from_file(&KeyFile::first(issued_at, [0; 32], key)?)?;
    let details = details(&name)?;
    let (registration, person) = (registration(), person(&name));
    let claims = claims(issued_at, registration.lifetime)?;
    let statement =
        Statement { claims: &claims, details: &details, registration: &registration, person: Some(&person) };
    let assertion = saml_assertion(&keys, &statement).await;
    let assertion = assertion.map_err(|problem| format!("{problem:?}"))?;
    let public = keys.public().await?;
    let certificates = public.certificates(issued_at);
    let metadata = saml::metadata(ISSUER, &format!("{ISSUER}/token"), &certificates, JWKS_MAX_AGE)?;
    writeln!(std::io::stdout(), "{}", json!({ "assertion": assertion, "metadata": metadata }))?;
    Ok(())
}

fn registration() -> SamlRegistration {
    let person = |source| SamlAttribute::Person(source);
    let detail =
        SamlAttribute::Detail { detail_type: "ledger_access".to_owned(), field: "/actions".to_owned() };
    let roles = BTreeMap::from([("ledger.read".to_owned(), "Reader".to_owned())]);
    SamlRegistration {
        audience: "https://ledger.internal.corp/saml".to_owned(),
        recipient: "https://ledger.internal.corp/saml/acs".to_owned(),
        name_id: SamlNameId::Email,
        lifetime: Duration::from_mins(2),
        attributes: BTreeMap::from([
            ("Groups".to_owned(), person(ClaimSource::Groups)),
            ("Role".to_owned(), SamlAttribute::Scopes(roles)),
            ("Actions".to_owned(), detail),
            ("urn:oid:2.16.840.1.113730.3.1.241".to_owned(), person(ClaimSource::Name)),
            ("Department".to_owned(), person(ClaimSource::Attribute("department".to_owned()))),
        ]),
    }
}

fn person(name: &str) -> Profile {
    Profile {
        user_name: "alice".to_owned(),
        name: name.to_owned(),
        email: Some("alice@internal.corp".to_owned()),
        phone_number: None,
        groups: BTreeSet::from(["finance".to_owned(), "R&D <core>".to_owned()]),
        attributes: BTreeMap::new(),
        locale: None,
        zone: None,
    }
}

fn details(name: &str) -> Result<AuthorizationDetails, Box<dyn Error>> {
    Ok(serde_json::from_value(json!([
        { "type": "ledger_access", "actions": ["read", "export"], "account": name },
    ]))?)
}

fn claims(issued_at: Timestamp, lifetime: Duration) -> Result<AccessTokenClaims, Box<dyn Error>> {
    Ok(serde_json::from_value(json!({
        "iss": ISSUER,
        "sub": "person-AAAAAAAAAAAAAAAAAAAAAA",
        "aud": "https://ledger.internal.corp",
        "exp": issued_at.after(lifetime),
        "iat": issued_at,
        "jti": "0123456789-ABCDEF_abcd",
        "client_id": "report-tool",
        "scope": "ledger.read ledger.export",
        "auth_time": issued_at.as_seconds() - 90,
        "amr": ["pwd"],
        "act": { "sub": "report-tool", "act": { "sub": "report-agent" } },
    }))?)
}
