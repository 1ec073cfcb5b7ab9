//! Writes random documents in canonical form, one JSON object a line: the document, and every text that stands in it in
//! the order of the document. `tests/saml` holds them against a canonical form that others wrote.
//!
//! Usage: `random_documents SEED COUNT`

use std::error::Error;
use std::io::Write;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use saml::{Element, Namespace};

const NAMES: [&str; 4] = ["Assertion", "Value", "a", "B"];
const ATTRIBUTES: [&str; 5] = ["ID", "Version", "b", "a", "Algorithm"];

/// An element and the texts in it: of its attributes in the order of their names, then of its content.
#[derive(Clone, Debug)]
struct Written {
    element: Element,
    texts: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let seed: u64 = arguments.next().ok_or("a seed is missing")?.parse()?;
    let count: usize = arguments.next().ok_or("a count is missing")?.parse()?;
    let bytes = [seed.to_le_bytes(); 4].concat();
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let mut out = std::io::stdout().lock();
    for _ in 0..count {
        let written = document().new_tree(&mut runner).map_err(|why| why.to_string())?.current();
        let xml = written.element.canonical()?;
        writeln!(out, "{}", serde_json::json!({ "xml": xml, "texts": written.texts }))?;
    }
    Ok(())
}

fn document() -> impl Strategy<Value = Written> {
    let leaf = element(Just(Vec::new()));
    leaf.prop_recursive(5, 40, 4, |inner| element(prop::collection::vec(inner, 0..4)))
}

fn element(children: impl Strategy<Value = Vec<Written>>) -> impl Strategy<Value = Written> {
    let namespace =
        prop::sample::select(vec![Namespace::Assertion, Namespace::Metadata, Namespace::Signature]);
    let attributes = prop::collection::btree_map(prop::sample::select(&ATTRIBUTES), text(), 0..4);
    (namespace, prop::sample::select(&NAMES), attributes, text(), children).prop_map(
        |(namespace, name, attributes, text, children)| {
            let mut texts: Vec<String> = attributes.values().cloned().collect();
            let mut element = Element::new(namespace, name);
            for (name, value) in attributes {
                element = element.attribute(name, value);
            }
            texts.push(text.clone());
            element = element.text(text);
            for child in children {
                element = element.child(child.element);
                texts.extend(child.texts);
            }
            Written { element, texts }
        },
    )
}

/// What XML can hold, and often what means something in it.
fn text() -> impl Strategy<Value = String> {
    let meaningful =
        prop::sample::select(vec!['&', '<', '>', '"', '\'', '\t', '\n', '\r', ' ', ']', ';', '#']);
    let any = any::<char>().prop_filter("XML", |character| {
        !matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
    });
    prop::collection::vec(prop_oneof![meaningful, any], 0..12)
        .prop_map(|characters| characters.into_iter().collect())
}
