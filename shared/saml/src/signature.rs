use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oauth::Sha256Digest;

use crate::NotXml;
use crate::element::{Element, Namespace};

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// A document that waits for its enveloped signature (XML Signature, section 6.6.4; SAML Core, section 5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsigned {
    document: Element,
    signed_info: Element,
    to_be_signed: String,
}

impl Unsigned {
    /// The document whose `ID` is `id`. Its signature will stand behind its first child, which is where the schema of an
    /// assertion wants it: behind `Issuer`.
    pub(crate) fn new(document: Element, id: &str) -> Result<Self, NotXml> {
        let digest = Sha256Digest::of(document.canonical()?.as_bytes());
        let signed_info = signed_info(id, &digest);
        let to_be_signed = signed_info.canonical()?;
        Ok(Self { document, signed_info, to_be_signed })
    }

    /// What is to be signed with RSASSA-PKCS1-v1_5 and SHA-256: `SignedInfo` in canonical form (XML Signature, section
    /// 4.4). It begins with `<`, which neither a JWT nor a certificate does, so one key can sign all three.
    pub fn to_be_signed(&self) -> &[u8] {
        self.to_be_signed.as_bytes()
    }

    /// The whole document, with the signature over [`Self::to_be_signed`] and the certificate (DER) of its key.
    ///
    /// # Errors
    /// [`NotXml`]: never, since all of it was written once already.
    pub fn signed(self, signature: &[u8], certificate: &[u8]) -> Result<String, NotXml> {
        let signature = element("Signature")
            .child(self.signed_info)
            .child(element("SignatureValue").text(STANDARD.encode(signature)))
            .child(key_info(certificate));
        self.document.with_second_child(signature).canonical()
    }
}

/// The certificate of a key (XML Signature, section 4.5.4).
pub(crate) fn key_info(certificate: &[u8]) -> Element {
    let certificate = element("X509Certificate").text(STANDARD.encode(certificate));
    element("KeyInfo").child(element("X509Data").child(certificate))
}

fn signed_info(id: &str, digest: &Sha256Digest) -> Element {
    let reference = element("Reference")
        .attribute("URI", format!("#{id}"))
        .child(
            element("Transforms").child(method("Transform", ENVELOPED)).child(method("Transform", EXCLUSIVE)),
        )
        .child(method("DigestMethod", SHA256))
        .child(element("DigestValue").text(STANDARD.encode(digest.as_bytes())));
    element("SignedInfo")
        .child(method("CanonicalizationMethod", EXCLUSIVE))
        .child(method("SignatureMethod", RSA_SHA256))
        .child(reference)
}

fn method(name: &'static str, algorithm: &str) -> Element {
    element(name).attribute("Algorithm", algorithm)
}

fn element(name: &'static str) -> Element {
    Element::new(Namespace::Signature, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "_a";

    fn document() -> Element {
        let child = |name| Element::new(Namespace::Assertion, name).text("é<&");
        Element::new(Namespace::Assertion, "Assertion")
            .attribute("ID", ID)
            .child(child("Issuer"))
            .child(child("Subject"))
    }

    /// XML Signature, section 6.6.4: the enveloped signature is no part of what it is over.
    #[test]
    fn without_its_signature_a_document_is_byte_for_byte_what_was_digested() {
        let unsigned = Unsigned::new(document(), ID).expect("XML");
        let signed = unsigned.signed(b"signature", b"certificate").expect("XML");
        let (before, rest) = signed.split_once("<ds:Signature ").expect("a signature");
        let (_, after) = rest.split_once("</ds:Signature>").expect("its end");
        assert!(before.ends_with("</saml:Issuer>") && after.starts_with("<saml:Subject>"), "{signed}");
        let digest = Sha256Digest::of(format!("{before}{after}").as_bytes());
        let digest = STANDARD.encode(digest.as_bytes());
        assert!(rest.contains(&format!("<ds:DigestValue>{digest}</ds:DigestValue>")), "{signed}");
    }

    /// Exclusive XML Canonicalization, section 2.2: as a document of its own it declares the prefix that it uses.
    #[test]
    fn what_is_signed_is_what_stands_in_the_document_with_its_prefix_declared() {
        let unsigned = Unsigned::new(document(), ID).expect("XML");
        let signed_info = String::from_utf8(unsigned.to_be_signed().to_vec()).expect("UTF-8");
        let declared = " xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"";
        assert!(signed_info.starts_with(&format!("<ds:SignedInfo{declared}>")), "{signed_info}");
        assert!(signed_info.contains("<ds:Reference URI=\"#_a\">"), "{signed_info}");
        let signed = unsigned.signed(b"signature", b"certificate").expect("XML");
        assert!(signed.contains(&signed_info.replace(declared, "")), "{signed}");
    }
}
