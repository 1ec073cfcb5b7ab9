use std::time::Duration;

use crate::NotXml;
use crate::element::{Element, Namespace};
use crate::signature::key_info;

/// The content type of metadata (SAML Metadata, appendix A).
pub const METADATA_CONTENT_TYPE: &str = "application/samlmetadata+xml";

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// Why there is no metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// No key has a certificate yet.
    #[error("no signing key has a certificate")]
    NoCertificate,
    /// The issuer cannot stand in XML.
    #[error(transparent)]
    NotXml(#[from] NotXml),
}

/// The metadata of the issuer (SAML Metadata, section 2.4.3): by which keys its assertions are signed, one certificate
/// (DER) a key, and that they come from `token_endpoint` by token exchange (RFC 8693). The schema demands a place for
/// single sign-on, and there is none: the grant type stands in the place of its binding, which no browser profile knows,
/// so nobody sends a person there.
///
/// # Errors
/// [`MetadataError`].
pub fn metadata(
    issuer: &str,
    token_endpoint: &str,
    certificates: &[&[u8]],
    max_age: Duration,
) -> Result<String, MetadataError> {
    if certificates.is_empty() {
        return Err(MetadataError::NoCertificate);
    }
    let keys = certificates
        .iter()
        .map(|certificate| element("KeyDescriptor").attribute("use", "signing").child(key_info(certificate)));
    let endpoint = element("SingleSignOnService")
        .attribute("Binding", TOKEN_EXCHANGE)
        .attribute("Location", token_endpoint);
    let role = element("IDPSSODescriptor")
        .attribute("WantAuthnRequestsSigned", "false")
        .attribute("protocolSupportEnumeration", PROTOCOL)
        .children(keys)
        .child(endpoint);
    let entity = element("EntityDescriptor")
        .attribute("cacheDuration", format!("PT{}S", max_age.as_secs()))
        .attribute("entityID", issuer)
        .child(role);
    Ok(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n", entity.canonical()?))
}

fn element(name: &'static str) -> Element {
    Element::new(Namespace::Metadata, name)
}
