use std::collections::BTreeMap;

/// A namespace that our documents use. Its prefix is always the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// Assertions (SAML Core, section 1.2): `saml`.
    Assertion,
    /// Metadata (SAML Metadata, section 1.2): `md`.
    Metadata,
    /// XML Signature, section 1.3: `ds`.
    Signature,
}

impl Namespace {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Assertion => "saml",
            Self::Metadata => "md",
            Self::Signature => "ds",
        }
    }

    const fn uri(self) -> &'static str {
        match self {
            Self::Assertion => "urn:oasis:names:tc:SAML:2.0:assertion",
            Self::Metadata => "urn:oasis:names:tc:SAML:2.0:metadata",
            Self::Signature => "http://www.w3.org/2000/09/xmldsig#",
        }
    }
}

/// A character that no XML document can hold, not even escaped (XML 1.0, section 2.2). To leave it out would be to say
/// something else than what was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("U+{:04X} cannot stand in XML", u32::from(*character))]
pub struct NotXml {
    /// The character.
    pub character: char,
}

/// An element of a document. Attributes are without a namespace, and prefixes stand for names only, never in values: so
/// the exclusive canonical form needs no list of further prefixes (Exclusive XML Canonicalization, section 2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    namespace: Namespace,
    name: &'static str,
    attributes: BTreeMap<&'static str, String>,
    content: Vec<Content>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    Element(Element),
    Text(String),
}

impl Element {
    /// An empty element.
    pub const fn new(namespace: Namespace, name: &'static str) -> Self {
        Self { namespace, name, attributes: BTreeMap::new(), content: Vec::new() }
    }

    /// The element with an attribute.
    #[must_use]
    pub fn attribute(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.insert(name, value.into());
        self
    }

    /// The element with more text at its end.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.content.push(Content::Text(text.into()));
        self
    }

    /// The element with one more child at its end.
    #[must_use]
    pub fn child(mut self, child: Self) -> Self {
        self.content.push(Content::Element(child));
        self
    }

    /// The element with these children at its end.
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.content.extend(children.into_iter().map(Content::Element));
        self
    }

    /// The element with a child right behind its first.
    pub(crate) fn with_second_child(mut self, child: Self) -> Self {
        self.content.insert(self.content.len().min(1), Content::Element(child));
        self
    }

    /// The element as a document of its own, in exclusive canonical form without comments (Exclusive XML
    /// Canonicalization 1.0; Canonical XML 1.0, section 2.3).
    ///
    /// # Errors
    /// [`NotXml`] when a text or value holds what XML cannot.
    pub fn canonical(&self) -> Result<String, NotXml> {
        let mut written = String::new();
        self.write(&mut Vec::new(), &mut written)?;
        Ok(written)
    }

    fn write(&self, declared: &mut Vec<Namespace>, out: &mut String) -> Result<(), NotXml> {
        let (prefix, uri) = (self.namespace.prefix(), self.namespace.uri());
        let is_new = !declared.contains(&self.namespace);
        out.extend(["<", prefix, ":", self.name]);
        if is_new {
            declared.push(self.namespace);
            out.extend([" xmlns:", prefix, "=\"", uri, "\""]);
        }
        // A map of names is in the order that the canonical form wants: by code point.
        for (name, value) in &self.attributes {
            out.extend([" ", name, "=\""]);
            escape(value, &ATTRIBUTE, out)?;
            out.push('"');
        }
        out.push('>');
        for part in &self.content {
            match part {
                Content::Element(child) => child.write(declared, out)?,
                Content::Text(text) => escape(text, &TEXT, out)?,
            }
        }
        out.extend(["</", prefix, ":", self.name, ">"]);
        if is_new {
            declared.pop();
        }
        Ok(())
    }
}

/// What the canonical form writes for a character (Canonical XML 1.0, section 2.3).
type Escapes = [(char, &'static str)];
const TEXT: [(char, &str); 4] = [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('\r', "&#xD;")];
const ATTRIBUTE: [(char, &str); 6] =
    [('&', "&amp;"), ('<', "&lt;"), ('"', "&quot;"), ('\t', "&#x9;"), ('\n', "&#xA;"), ('\r', "&#xD;")];

fn escape(text: &str, escapes: &Escapes, out: &mut String) -> Result<(), NotXml> {
    for character in text.chars() {
        if !is_xml(character) {
            return Err(NotXml { character });
        }
        match escapes.iter().find(|(from, _)| *from == character) {
            Some((_, to)) => out.push_str(to),
            None => out.push(character),
        }
    }
    Ok(())
}

/// `Char` of XML 1.0, section 2.2. A Rust character is no surrogate already.
const fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Namespace::{Assertion, Signature};

    #[test]
    fn a_prefix_is_declared_where_it_is_first_used_and_again_beside_it() {
        let leaf = || Element::new(Signature, "Leaf");
        let document = Element::new(Assertion, "Root")
            .child(leaf().child(leaf()))
            .child(Element::new(Assertion, "Other").child(leaf()));
        assert_eq!(
            document.canonical().expect("XML"),
            "<saml:Root xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
             <ds:Leaf xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:Leaf></ds:Leaf></ds:Leaf>\
             <saml:Other><ds:Leaf xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"></ds:Leaf></saml:Other>\
             </saml:Root>"
        );
    }

    #[test]
    fn attributes_stand_in_the_order_of_their_names_and_what_means_something_is_escaped() {
        let text = "a<b>&\"'\r\n\t";
        let document = Element::new(Signature, "E").attribute("b", text).attribute("B", "1").text(text);
        assert_eq!(
            document.canonical().expect("XML"),
            "<ds:E xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" B=\"1\" b=\"a&lt;b>&amp;&quot;'&#xD;&#xA;&#x9;\">\
             a&lt;b&gt;&amp;\"'&#xD;\n\t</ds:E>"
        );
    }

    #[test]
    fn what_xml_cannot_hold_is_refused_wherever_it_stands() {
        for character in ['\0', '\u{8}', '\u{b}', '\u{c}', '\u{e}', '\u{1f}', '\u{fffe}', '\u{ffff}'] {
            let refused = Err(NotXml { character });
            let text = format!("before{character}after");
            assert_eq!(Element::new(Assertion, "E").text(&text).canonical(), refused);
            assert_eq!(Element::new(Assertion, "E").attribute("a", &text).canonical(), refused);
            let inner = Element::new(Assertion, "E").text(&text);
            assert_eq!(Element::new(Assertion, "E").child(inner).canonical(), refused);
        }
        for character in
            ['\t', '\n', '\r', ' ', '\u{7f}', '\u{85}', '\u{d7ff}', '\u{e000}', '\u{fffd}', '\u{10ffff}']
        {
            assert!(Element::new(Assertion, "E").text(character).canonical().is_ok(), "{character:?}");
        }
    }
}
