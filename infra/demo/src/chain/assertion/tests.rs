use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

use super::*;
use crate::stage::{CERTIFICATE, dice, saml_metadata};

const OTHER: &[u8] = include_bytes!("../../../fixtures/other.certificate.der");
const KEY: &[u8] = include_bytes!("../../../../../shared/keys/fixtures/rsa_2048.pkcs8.der");

const EXPECTED: Expected<'static> = Expected {
    issuer: "http://localhost:8690",
    audience: "http://localhost:8703/saml",
    recipient: "http://localhost:8703/saml/acs",
};

fn at(moment: &str) -> Timestamp {
    moment.parse().expect("a moment")
}

fn now() -> Timestamp {
    at("2026-11-26T12:00:00Z")
}

/// What the issuer says, in the form in which it signs: good for a minute from `now` on.
pub(in super::super) fn said(issuer: &str, now: Timestamp) -> String {
    let moment = |seconds| now + jiff::SignedDuration::from_secs(seconds);
    let attribute = |name: &str, value: &str| {
        format!(
            "<saml:Attribute Name=\"{name}\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\">\
             <saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"
        )
    };
    format!(
        "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_a1\" IssueInstant=\"{now}\" \
         Version=\"2.0\"><saml:Issuer>{issuer}</saml:Issuer><saml:Subject>\
         <saml:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\">alice</saml:NameID>\
         <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
         <saml:SubjectConfirmationData NotOnOrAfter=\"{end}\" Recipient=\"http://localhost:8703/saml/acs\">\
         </saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject>\
         <saml:Conditions NotBefore=\"{begin}\" NotOnOrAfter=\"{end}\"><saml:AudienceRestriction>\
         <saml:Audience>http://localhost:8703/saml</saml:Audience></saml:AudienceRestriction></saml:Conditions>\
         <saml:AttributeStatement>{role}{customer}{act}</saml:AttributeStatement></saml:Assertion>",
        begin = moment(-60),
        end = moment(60),
        role = attribute("Role", "Reader"),
        customer = attribute("Customer", "C-1042"),
        act = attribute("act", "{\"sub\":\"customers-tool\",\"act\":{\"sub\":\"reports-tool\"}}"),
    )
}

/// The document with the issuer's signature over it.
pub(in super::super) fn signed(document: &str) -> String {
    let id = document.split("ID=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    let info = signed_info(id, document.as_bytes());
    let key = RsaKeyPair::from_pkcs8(KEY).expect("a key");
    let mut value = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &dice(), info.as_bytes(), &mut value).expect("signed");
    let declared = format!(" xmlns:ds=\"{SIGNATURE}\"");
    let signature = format!(
        "<ds:Signature{declared}>{info}<ds:SignatureValue>{value}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>\
         <ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
        info = info.replace(&declared, ""),
        value = STANDARD.encode(value),
        certificate = STANDARD.encode(CERTIFICATE),
    );
    document.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1)
}

fn read(document: &str) -> Result<Assertion, Unacceptable> {
    Assertion::verified(document, &[OTHER.to_vec(), CERTIFICATE.to_vec()], EXPECTED, now())
}

fn good() -> String {
    said(EXPECTED.issuer, now())
}

#[test]
fn a_good_assertion_says_who_and_what() {
    let assertion = read(&signed(&good())).expect("good");
    assert_eq!((assertion.id.as_str(), assertion.subject.as_str()), ("_a1", "alice"));
    assert_eq!(assertion.expires_at, at("2026-11-26T12:01:00Z"));
    assert_eq!((assertion.one("Role"), assertion.one("Customer")), (Some("Reader"), Some("C-1042")));
    assert_eq!(assertion.one("Colour"), None);
}

/// The certificate beside the signature is nobody's word: it is not looked at, and not covered by the signature.
#[test]
fn no_byte_can_be_changed_but_those_that_nobody_reads() {
    let document = signed(&good());
    let (unread, end) = (document.find("<ds:KeyInfo>"), document.find("</ds:Signature>"));
    let unread = unread.expect("there")..end.expect("there");
    for place in (0..document.len()).filter(|place| !unread.contains(place)) {
        let mut bytes = document.clone().into_bytes();
        bytes[place] = if bytes[place] == b'x' { b'y' } else { b'x' };
        let changed = String::from_utf8(bytes).expect("ASCII");
        assert!(read(&changed).is_err(), "{place}: {changed}");
    }
}

#[test]
fn nothing_can_be_added_or_taken_away() {
    let document = signed(&good());
    let (_, signature) = document.split_once("<ds:Signature").expect("signed");
    let (signature, _) = signature.split_once("</ds:Signature>").expect("signed");
    let signature = format!("<ds:Signature{signature}</ds:Signature>");
    for wrong in [
        String::new(),
        "junk".to_owned(),
        good(),
        format!(" {document}"),
        format!("{document}\n"),
        format!("<!DOCTYPE saml:Assertion>{document}"),
        format!("<a>{document}</a>"),
        document.replace("C-1042", "C-<!-- -->1042"),
        document.replace("</saml:Assertion>", &format!("{signature}</saml:Assertion>")),
        // The signed one inside one that says something else.
        good()
            .replace("C-1042", "C-2077")
            .replace("</saml:Assertion>", &format!("{document}</saml:Assertion>")),
    ] {
        assert!(read(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_signature_by_a_key_that_the_metadata_does_not_have_is_none() {
    let refused = Assertion::verified(&signed(&good()), &[OTHER.to_vec()], EXPECTED, now());
    assert_eq!(refused, Err(Unacceptable::Signature));
    let refused = Assertion::verified(&signed(&good()), &[], EXPECTED, now());
    assert_eq!(refused, Err(Unacceptable::Signature));
}

/// SAML Core, sections 2.4.1.2 and 2.5.1; SAML Profiles, section 3.3.
#[test]
fn the_issuers_word_counts_for_whom_it_is_meant_alone() {
    let confirmation = "cm:bearer";
    let restriction = "<saml:AudienceRestriction>";
    for (old, new, why) in [
        (">http://localhost:8690<", ">http://localhost:8691<", Unacceptable::OtherIssuer),
        (">http://localhost:8703/saml<", ">http://localhost:8703/sam1<", Unacceptable::OtherAudience),
        ("saml/acs\"", "saml/acs/\"", Unacceptable::OtherRecipient),
        (confirmation, "cm:holder-of-key", Unacceptable::Condition),
        (
            restriction,
            "<saml:OneTimeUse></saml:OneTimeUse><saml:AudienceRestriction>",
            Unacceptable::Condition,
        ),
        (
            "<saml:Audience>",
            "<saml:Audience>a</saml:Audience><saml:Audience>",
            Unacceptable::Missing("Audience"),
        ),
        ("</saml:Issuer>", "</saml:Issuer><saml:Issuer></saml:Issuer>", Unacceptable::Missing("Issuer")),
        ("Name=\"Customer\"", "Name=\"Role\"", Unacceptable::Missing("Attribute of this name")),
        (">alice<", ">alice<!-- -->bob<", Unacceptable::Missing("NameID")),
        ("Version=\"2.0\"", "Version=\"1.1\"", Unacceptable::Shape),
        (
            "<saml:Conditions NotBefore=\"2026",
            "<saml:Conditions Other=\"2026",
            Unacceptable::Missing("NotBefore"),
        ),
    ] {
        let changed = good().replacen(old, new, 1);
        assert_ne!(changed, good(), "{old}");
        assert_eq!(read(&signed(&changed)), Err(why), "{new}");
    }
}

#[test]
fn its_time_is_from_its_first_moment_to_before_its_last() {
    let document = signed(&good());
    let keys = [CERTIFICATE.to_vec()];
    for (moment, is_taken) in [
        ("2026-11-26T11:58:59Z", false),
        ("2026-11-26T11:59:00Z", true),
        ("2026-11-26T12:00:59Z", true),
        ("2026-11-26T12:01:00Z", false),
    ] {
        let read = Assertion::verified(&document, &keys, EXPECTED, at(moment));
        assert_eq!(read.map(drop), if is_taken { Ok(()) } else { Err(Unacceptable::NotTheTime) }, "{moment}");
    }
    // Both ends count.
    let longer =
        good().replacen("NotOnOrAfter=\"2026-11-26T12:01:00Z\"", "NotOnOrAfter=\"2026-11-26T12:09:00Z\"", 1);
    assert_ne!(longer, good());
    let read = Assertion::verified(&signed(&longer), &keys, EXPECTED, at("2026-11-26T12:01:00Z"));
    assert_eq!(read, Err(Unacceptable::NotTheTime));
}

#[test]
fn keys_are_those_of_the_issuers_own_metadata() {
    let metadata = saml_metadata(EXPECTED.issuer);
    assert_eq!(certificates(&metadata, EXPECTED.issuer), Some(vec![CERTIFICATE.to_vec()]));
    assert_eq!(certificates(&metadata, "http://localhost:8691"), None);
    let encrypting = metadata.replace("use=\"signing\"", "use=\"encryption\"");
    assert_eq!(certificates(&encrypting, EXPECTED.issuer), Some(Vec::new()));
    assert_eq!(certificates("junk", EXPECTED.issuer), None);
}
