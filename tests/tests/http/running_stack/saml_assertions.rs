//! SAML 2.0 assertions by token exchange (RFC 8693, section 3), for a tool that takes nothing else.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::agent::{BANK, an_agent, asks_for_a_file, the_file_tool};
use crate::exchange::{LEDGER, SAML2, the_bank};
use crate::person::{granted, somebody};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::{Answer, Parameters};

/// The bank's token, on behalf of a person, and the ledger's assertion for it.
struct Exchanged {
    for_bank: String,
    answer: Answer,
    xml: String,
    user_name: String,
}

fn exchanged(stack: &Stack) -> Exchanged {
    let person = somebody(stack);
    let first = granted(&an_agent(stack), &person, &asks_for_a_file());
    let for_bank = the_file_tool(stack).exchanges(&first.access_token, BANK).ok().string("access_token");
    let more = Parameters::of([("requested_token_type", SAML2)]);
    let answer = the_bank(stack).exchanges_for(&for_bank, LEDGER, &more).ok();
    let bytes =
        URL_SAFE_NO_PAD.decode(answer.string("access_token")).expect("base64url (RFC 8693, section 3)");
    let xml = String::from_utf8(bytes).expect("UTF-8");
    Exchanged { for_bank, answer, xml, user_name: person.user_name }
}

/// RFC 8693, section 2.2.1: it is no access token, so it cannot be used as one.
#[test]
fn a_tool_that_takes_saml_gets_an_assertion_that_says_what_was_granted() {
    let stack = Stack::shared();
    let Exchanged { for_bank, answer, xml, user_name } = exchanged(stack);
    let said = answer.json();
    assert_eq!((&said["issued_token_type"], &said["token_type"]), (&SAML2.into(), &"N_A".into()));
    assert_eq!(said["scope"], "ledger.read");
    assert_eq!(said["authorization_details"][0]["account"], "Q4-report.pdf");
    assert_eq!(said["expires_in"], 60, "as the ledger's registration says");
    assert_eq!(answer.header("cache-control"), Some("no-store"));

    let issuer = &stack.issuer;
    for part in [
        format!("<saml:Issuer>{issuer}</saml:Issuer><ds:Signature "),
        format!(">{user_name}</saml:NameID>"),
        "<saml:Audience>https://ledger.test/saml</saml:Audience>".to_owned(),
        "Recipient=\"https://ledger.test/saml/acs\"".to_owned(),
        "ac:classes:PasswordProtectedTransport<".to_owned(),
        attribute("Role", "Reader"),
        attribute("Account", "Q4-report.pdf"),
        attribute("scope", "ledger.read"),
        attribute("act", "{\"sub\":\"bank-tool\",\"act\":{\"sub\":\"files-tool\"}}"),
        attribute("client_id", "bank-tool"),
    ] {
        assert!(xml.contains(&part), "{part} in {xml}");
    }
    assert!(!xml.contains("Writer"), "{xml}");
    let auth_time = verified(stack, &for_bank).claims["auth_time"].as_i64().expect("a moment");
    assert_eq!(seconds(&xml, "AuthnInstant"), auth_time);
    assert_eq!(seconds(&xml, "NotOnOrAfter") - seconds(&xml, "IssueInstant"), 60);
}

#[test]
fn independent_software_verifies_it_by_the_certificate_in_the_metadata_and_refuses_a_changed_byte() {
    let stack = Stack::shared();
    let Exchanged { xml, .. } = exchanged(stack);
    let metadata = stack.get("/saml/metadata").ok();
    assert_eq!(metadata.header("content-type"), Some("application/samlmetadata+xml"));
    assert!(metadata.header("cache-control").is_some_and(|value| value.contains("max-age=300")));
    let text = metadata.text();
    assert!(text.contains(&format!("entityID=\"{}\"", stack.issuer)), "{text}");
    let (_, rest) = text.split_once("<ds:X509Certificate>").expect("a certificate");
    let certificate = rest.split('<').next().expect("its end");
    assert!(xmlsec1_takes(&xml, certificate));
    for (old, new) in [(">Reader<", ">Writer<"), ("ledger.test/saml<", "ledger.test/sam1<")] {
        assert!(xml.contains(old), "{old}");
        assert!(!xmlsec1_takes(&xml.replace(old, new), certificate), "{new}");
    }
}

#[test]
fn an_assertion_is_no_access_token() {
    let stack = Stack::shared();
    let Exchanged { answer, .. } = exchanged(stack);
    let assertion = answer.string("access_token");
    assert_eq!(the_bank(stack).introspects(&assertion)["active"], false);
    the_bank(stack).exchanges(&assertion, LEDGER).is_refused(400, "invalid_request");
}

#[test]
fn a_tool_that_is_not_registered_for_saml_gets_none() {
    let stack = Stack::shared();
    let first = granted(&an_agent(stack), &somebody(stack), &asks_for_a_file());
    let more = Parameters::of([("requested_token_type", SAML2)]);
    let refused = the_file_tool(stack).exchanges_for(&first.access_token, BANK, &more);
    refused.is_refused(400, "invalid_request");
    assert!(refused.string("error_uri").ends_with("/errors/token-type-not-supported"), "{}", refused.text());
}

/// How an attribute of one value stands in canonical form.
fn attribute(name: &str, value: &str) -> String {
    format!(
        "<saml:Attribute Name=\"{name}\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\">\
         <saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"
    )
}

/// A moment in the assertion, in seconds since 1970.
pub(crate) fn seconds(xml: &str, attribute: &str) -> i64 {
    let (_, rest) = xml.split_once(&format!("{attribute}=\"")).expect("the attribute");
    let text = rest.split('"').next().expect("its end");
    let said = Command::new("date").args(["-u", "-d", text, "+%s"]).output().expect("date runs");
    String::from_utf8(said.stdout).expect("ASCII").trim().parse().expect("a number")
}

/// Whether xmlsec1 takes an assertion, trusting this certificate and nothing else.
fn xmlsec1_takes(xml: &str, certificate: &str) -> bool {
    let folder = Folder::new();
    let (assertion, pem) = (folder.0.join("assertion.xml"), folder.0.join("certificate.pem"));
    fs::write(&assertion, xml).expect("written");
    let lines = format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n");
    fs::write(&pem, lines).expect("written");
    let id = "urn:oasis:names:tc:SAML:2.0:assertion:Assertion";
    let said = Command::new("xmlsec1")
        .args(["--verify", "--enabled-key-data", "x509", "--id-attr:ID", id, "--trusted-pem"])
        .args([&pem, &assertion])
        .output();
    said.expect("xmlsec1 is installed: tests/run --only prepare").status.success()
}

/// A folder of its own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("countersign-saml-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
