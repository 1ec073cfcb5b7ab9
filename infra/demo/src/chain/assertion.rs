//! A SAML 2.0 assertion as the ledger reads it. What is checked, and in which order, is that of SAML Profiles, section 4.1.4.3,
//! as far as an assertion without a response around it has it.
//!
//! **A real tool uses a SAML library.** XML signatures are easily verified over something else than what is read afterwards. This
//! reader takes one shape alone and gets by without canonicalization: Countersign writes its assertions in exclusive canonical form,
//! with the signature's element in one piece, so what was signed is the document's bytes without that element. From their digest
//! follows what `SignedInfo` must be, and that is what the signature is checked against. Only then are those bytes, and no others, read as XML. An assertion of another origin, or one that
//! was written anew on its way, is refused here though it may be good.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use roxmltree::{Document, Node};
use webpki::EndEntityCert;
use webpki::ring::RSA_PKCS1_2048_8192_SHA256;

const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/// Whose assertions are taken, and for whom they must be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    /// The issuer, to the letter.
    pub(super) issuer: &'a str,
    /// The reader's entity id.
    pub(super) audience: &'a str,
    /// Where it was presented.
    pub(super) recipient: &'a str,
}

/// An assertion that is good here and now. There is no other way to one than [`Assertion::verified`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assertion {
    /// Its identifier, never used again.
    pub(super) id: String,
    /// What the subject is called.
    pub(super) subject: String,
    /// Its last moment.
    pub(super) expires_at: Timestamp,
    /// What else it says, by the attribute's name.
    pub(super) attributes: BTreeMap<String, Vec<String>>,
}

/// Why an assertion is not taken: for the tool's own log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unacceptable {
    /// It is not in the one shape that is read.
    #[error("not an assertion with one signature")]
    Shape,
    /// The signature is not over what stands there, or by another key.
    #[error("a wrong signature")]
    Signature,
    /// Something that must be said is not, or twice.
    #[error("no {0}, or several")]
    Missing(&'static str),
    /// Another issuer's.
    #[error("another issuer")]
    OtherIssuer,
    /// For somebody else.
    #[error("another audience")]
    OtherAudience,
    /// To be presented somewhere else.
    #[error("another recipient")]
    OtherRecipient,
    /// It demands what is not understood here (SAML Core, section 2.5.1).
    #[error("a condition that is not understood")]
    Condition,
    /// It was good, or will be.
    #[error("not the time")]
    NotTheTime,
}

impl Assertion {
    /// Verifies and reads a document, by the certificates (DER) of the issuer's keys. The certificate in the document is not
    /// looked at: anybody can put one there.
    ///
    /// # Errors
    /// [`Unacceptable`].
    pub(super) fn verified(
        document: &str,
        certificates: &[Vec<u8>],
        expected: Expected<'_>,
        now: Timestamp,
    ) -> Result<Self, Unacceptable> {
        let Parted { signed, info: said_info, value } = Parted::of(document).ok_or(Unacceptable::Shape)?;
        let xml = Document::parse(&signed).map_err(|_| Unacceptable::Shape)?;
        let root = xml.root_element();
        if !root.has_tag_name((SAML, "Assertion")) || root.attribute("Version") != Some("2.0") {
            return Err(Unacceptable::Shape);
        }
        let id = root.attribute("ID").filter(|id| is_plain(id)).ok_or(Unacceptable::Missing("ID"))?;
        let info = signed_info(id, signed.as_bytes());
        let is_signed = certificates.iter().any(|certificate| is_by(certificate, &info, &value));
        if said_info != info || !is_signed {
            return Err(Unacceptable::Signature);
        }
        let said = Said { root, expected, now };
        said.is_for_here()?;
        Ok(Self {
            id: id.to_owned(),
            subject: said.subject()?,
            expires_at: said.expires_at()?,
            attributes: said.attributes()?,
        })
    }

    /// The one value of an attribute.
    pub(super) fn one(&self, attribute: &str) -> Option<&str> {
        match self.attributes.get(attribute)?.as_slice() {
            [value] => Some(value),
            _ => None,
        }
    }
}

/// A document and its one signature, taken apart.
struct Parted {
    /// What was signed: all but the signature.
    signed: String,
    /// What the document says that the signature is over, as a document of its own.
    info: String,
    /// The signature.
    value: Vec<u8>,
}

impl Parted {
    fn of(document: &str) -> Option<Self> {
        let begin = format!(r#"<ds:Signature xmlns:ds="{SIGNATURE}"><ds:SignedInfo>"#);
        let (before, rest) = document.split_once(&begin)?;
        let (signature, after) = rest.split_once("</ds:Signature>")?;
        if [before, after].iter().any(|part| part.contains("ds:Signature")) {
            return None;
        }
        let (info, rest) = signature.split_once("</ds:SignedInfo><ds:SignatureValue>")?;
        let (value, _) = rest.split_once("</ds:SignatureValue>")?;
        Some(Self {
            signed: format!("{before}{after}"),
            info: format!(r#"<ds:SignedInfo xmlns:ds="{SIGNATURE}">{info}</ds:SignedInfo>"#),
            value: STANDARD.decode(value).ok()?,
        })
    }
}

/// What a signature by RSA and SHA-256 over these bytes is over, in exclusive canonical form (XML Signature, sections 4.4 and
/// 6.6.4).
fn signed_info(id: &str, signed: &[u8]) -> String {
    let digest = STANDARD.encode(digest(&SHA256, signed));
    let method = |name: &str, algorithm: &str| format!(r#"<ds:{name} Algorithm="{algorithm}"></ds:{name}>"#);
    let exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
    [
        format!(r#"<ds:SignedInfo xmlns:ds="{SIGNATURE}">"#),
        method("CanonicalizationMethod", exclusive),
        method("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"),
        format!(r##"<ds:Reference URI="#{id}"><ds:Transforms>"##),
        method("Transform", "http://www.w3.org/2000/09/xmldsig#enveloped-signature"),
        method("Transform", exclusive),
        "</ds:Transforms>".to_owned(),
        method("DigestMethod", "http://www.w3.org/2001/04/xmlenc#sha256"),
        format!("<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"),
    ]
    .concat()
}

fn is_by(certificate: &[u8], info: &str, signature: &[u8]) -> bool {
    let certificate = certificate.into();
    EndEntityCert::try_from(&certificate).is_ok_and(|certificate| {
        certificate.verify_signature(RSA_PKCS1_2048_8192_SHA256, info.as_bytes(), signature).is_ok()
    })
}

/// Letters that mean nothing in XML.
fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// What was signed, and what it must say.
struct Said<'x> {
    root: Node<'x, 'x>,
    expected: Expected<'x>,
    now: Timestamp,
}

impl<'x> Said<'x> {
    fn is_for_here(&self) -> Result<(), Unacceptable> {
        if words(one(self.root, "Issuer")?) != Some(self.expected.issuer) {
            return Err(Unacceptable::OtherIssuer);
        }
        let conditions = one(self.root, "Conditions")?;
        if conditions.children().any(|condition| !condition.has_tag_name((SAML, "AudienceRestriction"))) {
            return Err(Unacceptable::Condition);
        }
        let audience = one(one(conditions, "AudienceRestriction")?, "Audience")?;
        if words(audience) != Some(self.expected.audience) {
            return Err(Unacceptable::OtherAudience);
        }
        let confirmation = self.confirmation()?;
        if confirmation.attribute("Recipient") != Some(self.expected.recipient) {
            return Err(Unacceptable::OtherRecipient);
        }
        let begins = moment(conditions, "NotBefore")?;
        let is_time = begins <= self.now
            && self.now < self.expires_at()?
            && self.now < moment(confirmation, "NotOnOrAfter")?;
        if is_time { Ok(()) } else { Err(Unacceptable::NotTheTime) }
    }

    /// How the bearer shows that it is theirs to present (SAML Profiles, section 3.3).
    fn confirmation(&self) -> Result<Node<'x, 'x>, Unacceptable> {
        let confirmation = one(one(self.root, "Subject")?, "SubjectConfirmation")?;
        if confirmation.attribute("Method") != Some(BEARER) {
            return Err(Unacceptable::Condition);
        }
        one(confirmation, "SubjectConfirmationData")
    }

    fn subject(&self) -> Result<String, Unacceptable> {
        let name = one(one(self.root, "Subject")?, "NameID")?;
        words(name).map(str::to_owned).ok_or(Unacceptable::Missing("NameID"))
    }

    fn expires_at(&self) -> Result<Timestamp, Unacceptable> {
        moment(one(self.root, "Conditions")?, "NotOnOrAfter")
    }

    fn attributes(&self) -> Result<BTreeMap<String, Vec<String>>, Unacceptable> {
        let statement = one(self.root, "AttributeStatement")?;
        let mut attributes = BTreeMap::new();
        for attribute in statement.children().filter(|child| child.has_tag_name((SAML, "Attribute"))) {
            let name = attribute.attribute("Name").ok_or(Unacceptable::Missing("Name"))?;
            let values = attribute.children().filter(|child| child.has_tag_name((SAML, "AttributeValue")));
            let values = values.map(|value| words(value).unwrap_or_default().to_owned()).collect();
            if attributes.insert(name.to_owned(), values).is_some() {
                return Err(Unacceptable::Missing("Attribute of this name"));
            }
        }
        Ok(attributes)
    }
}

/// The one child of this name.
fn one<'x>(parent: Node<'x, 'x>, name: &'static str) -> Result<Node<'x, 'x>, Unacceptable> {
    let mut found = parent.children().filter(|child| child.has_tag_name((SAML, name)));
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(Unacceptable::Missing(name)),
    }
}

/// The text of an element that holds nothing else: a comment in it would hide what follows from some readers.
fn words<'x>(node: Node<'x, 'x>) -> Option<&'x str> {
    let mut children = node.children();
    match (children.next(), children.next()) {
        (Some(only), None) if only.is_text() => only.text(),
        _ => None,
    }
}

fn moment(node: Node<'_, '_>, attribute: &'static str) -> Result<Timestamp, Unacceptable> {
    let text = node.attribute(attribute).ok_or(Unacceptable::Missing(attribute))?;
    text.parse().map_err(|_| Unacceptable::Missing(attribute))
}

/// The certificates (DER) of the keys with which an issuer signs, as its metadata has them (SAML Metadata, section 2.4.1.1).
/// `None` when it is another issuer's, or no metadata.
pub(super) fn certificates(metadata: &str, issuer: &str) -> Option<Vec<Vec<u8>>> {
    let xml = Document::parse(metadata).ok()?;
    let root = xml.root_element();
    let is_its_own =
        root.has_tag_name((METADATA, "EntityDescriptor")) && root.attribute("entityID") == Some(issuer);
    let keys = root.descendants().filter(|node| {
        node.has_tag_name((METADATA, "KeyDescriptor")) && node.attribute("use") == Some("signing")
    });
    let nodes = keys.flat_map(|key| key.descendants());
    let nodes = nodes.filter(|node| node.has_tag_name((SIGNATURE, "X509Certificate")));
    let certificates = nodes.map(|node| STANDARD.decode(words(node)?).ok()).collect();
    if is_its_own { certificates } else { None }
}

#[cfg(test)]
pub(super) mod tests;
