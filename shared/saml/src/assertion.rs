use oauth::time::CLOCK_SKEW;
use oauth::{Timestamp, TokenId};

use crate::NotXml;
use crate::element::{Element, Namespace};
use crate::moment::date_time;
use crate::signature::Unsigned;

/// The format of a name that says nothing about itself (SAML Core, section 8.3.1).
pub const NAME_ID_UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
/// The format of an e-mail address (SAML Core, section 8.3.2).
pub const NAME_ID_EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
/// A person typed a password over a protected connection (SAML Authentication Context, section 3.4.10).
pub const PASSWORD_PROTECTED_TRANSPORT: &str =
    "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
/// Nothing is said of how a person authenticated (SAML Authentication Context, section 3.4.25).
pub const UNSPECIFIED_CONTEXT: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";

const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const NAME_FORMAT_BASIC: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic";
const NAME_FORMAT_URI: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";

/// An assertion (SAML Core, section 2.3.3) that is yet to be signed: about one subject, for one audience, to be
/// presented at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion<'a> {
    /// Its identifier, never used again (SAML Core, section 1.3.4).
    pub id: &'a TokenId,
    /// Who says it.
    pub issuer: &'a str,
    /// When.
    pub issued_at: Timestamp,
    /// Until when it may be taken.
    pub expires_at: Timestamp,
    /// About whom.
    pub subject: NameId<'a>,
    /// The one party that may rely on it (SAML Core, section 2.5.1.4).
    pub audience: &'a str,
    /// The one URL at which it may be presented (SAML Profiles, section 3.3).
    pub recipient: &'a str,
    /// When and how the subject authenticated, if it is a person who did.
    pub authentication: Option<AuthenticationStatement<'a>>,
    /// What else is said.
    pub attributes: Vec<Attribute>,
}

/// What the subject is called (SAML Core, section 2.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameId<'a> {
    /// The URI of the name's format.
    pub format: &'a str,
    /// The name.
    pub value: &'a str,
}

/// When and how somebody authenticated (SAML Core, section 2.7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthenticationStatement<'a> {
    /// The moment (`auth_time`).
    pub at: Timestamp,
    /// The class of context, a URI.
    pub context: &'a str,
}

/// An attribute with its values (SAML Core, section 2.7.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name: a URI, or a name without a colon.
    pub name: String,
    /// Its values, in order.
    pub values: Vec<String>,
}

impl Assertion<'_> {
    /// The assertion in the form in which it is signed.
    ///
    /// # Errors
    /// [`NotXml`] when anything that it is to say holds a character that XML cannot.
    pub fn unsigned(&self) -> Result<Unsigned, NotXml> {
        let id = self.xml_id();
        let issuer = element("Issuer").text(self.issuer);
        let mut assertion = element("Assertion")
            .attribute("ID", &id)
            .attribute("IssueInstant", date_time(self.issued_at))
            .attribute("Version", "2.0")
            .child(issuer)
            .child(self.subject())
            .child(self.conditions());
        if let Some(statement) = &self.authentication {
            assertion = assertion.child(authentication(statement));
        }
        if !self.attributes.is_empty() {
            let attributes = self.attributes.iter().map(attribute);
            assertion = assertion.child(element("AttributeStatement").children(attributes));
        }
        Unsigned::new(assertion, &id)
    }

    /// The identifier as `xs:ID`, which cannot begin with a digit or `-`.
    fn xml_id(&self) -> String {
        format!("_{}", self.id)
    }

    fn subject(&self) -> Element {
        // No NotBefore: the bearer's data must not have one (SAML Profiles, section 4.1.4.2).
        let data = element("SubjectConfirmationData")
            .attribute("NotOnOrAfter", date_time(self.expires_at))
            .attribute("Recipient", self.recipient);
        let name = element("NameID").attribute("Format", self.subject.format).text(self.subject.value);
        let confirmation = element("SubjectConfirmation").attribute("Method", BEARER).child(data);
        element("Subject").child(name).child(confirmation)
    }

    fn conditions(&self) -> Element {
        let skew = i64::try_from(CLOCK_SKEW.as_secs()).unwrap_or_default();
        // For a recipient whose clock is a little behind ours.
        let not_before = Timestamp::from_seconds(self.issued_at.as_seconds().saturating_sub(skew));
        let audience = element("AudienceRestriction").child(element("Audience").text(self.audience));
        element("Conditions")
            .attribute("NotBefore", date_time(not_before))
            .attribute("NotOnOrAfter", date_time(self.expires_at))
            .child(audience)
    }
}

fn authentication(statement: &AuthenticationStatement<'_>) -> Element {
    let class = element("AuthnContextClassRef").text(statement.context);
    element("AuthnStatement")
        .attribute("AuthnInstant", date_time(statement.at))
        .child(element("AuthnContext").child(class))
}

fn attribute(attribute: &Attribute) -> Element {
    let format = if attribute.name.contains(':') { NAME_FORMAT_URI } else { NAME_FORMAT_BASIC };
    let values = attribute.values.iter().map(|value| element("AttributeValue").text(value));
    element("Attribute").attribute("Name", &attribute.name).attribute("NameFormat", format).children(values)
}

fn element(name: &'static str) -> Element {
    Element::new(Namespace::Assertion, name)
}
