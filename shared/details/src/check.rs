use std::collections::BTreeMap;

use languages::{LanguageTag, Template};
use oauth::configuration::{DetailType, Narrowing};
use serde_json::Value;

use crate::Problem;
use crate::fields::{DEEPEST, Fields, Node, escaped};
use crate::schema::{self, DIALECT};
use crate::sentence::{MOST_MEMBERS, TOOL};

/// Whether a type can be registered. What a type must be so that nobody approves what they did not see:
///
/// - its schema is JSON Schema 2020-12, whole in itself, and refuses unknown fields at every level;
/// - `type` is the constant that the type is named;
/// - every field is told in the sentence of every language, also when it is absent, and lists are short enough to be
///   shown whole;
/// - the rules of `narrowing` and `absent` speak of fields that exist and can follow them.
///
/// # Errors
/// All that is wrong, in the order of the definition.
pub fn check_type(definition: &DetailType) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    if !(1..=256).contains(&definition.name.len()) || !definition.name.bytes().all(is_plain) {
        problems.push(Problem::Name);
    }
    check_schema(definition, &mut problems);
    // The rest reads the schema, which makes no sense before the schema does.
    if problems.is_empty() {
        let fields = Fields::of(&definition.schema);
        check_variables(&fields, &mut problems);
        check_rules(definition, &fields, &mut problems);
        check_sentences(definition, &fields, &mut problems);
    }
    if definition.tools.is_empty() {
        problems.push(Problem::NoTools);
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn check_schema(definition: &DetailType, problems: &mut Vec<Problem>) {
    let schema = &definition.schema;
    if schema.get("$schema").is_some_and(|dialect| dialect != DIALECT) {
        problems.push(Problem::Dialect { expected: DIALECT });
    }
    check_keywords(schema, "", problems);
    if !problems.is_empty() {
        return;
    }
    if let Err(error) = schema::compile(schema) {
        problems.push(Problem::SchemaInvalid {
            pointer: error.instance_path().as_str().to_owned(),
            problem: error.to_string(),
        });
        return;
    }
    let root = Node::root(schema);
    let constant = root.properties().get("type").and_then(|node| node.said("const").next());
    if constant.and_then(Value::as_str) != Some(&definition.name) {
        problems.push(Problem::TypeNotConst { name: definition.name.clone() });
    }
    check_object(&root, "", 0, problems);
    if let Some(locations) = root.at("/locations") {
        let elements = locations.inner("items");
        if !locations.is_only(&["array"]) || !elements.is_some_and(|elements| elements.is_only(&["string"])) {
            problems.push(Problem::Locations);
        }
    }
}

/// Keywords that would make the schema depend on something else, or let a value be compiled as a program.
fn check_keywords(schema: &Value, at: &str, problems: &mut Vec<Problem>) {
    let pointer = || at.to_owned();
    match schema {
        Value::Object(members) => {
            for (name, value) in members {
                let place = format!("{at}/{}", escaped(name));
                match (name.as_str(), value) {
                    ("$ref", Value::String(reference)) => {
                        if !is_local(reference) {
                            problems.push(Problem::Reference {
                                pointer: pointer(),
                                reference: reference.clone(),
                            });
                        }
                    }
                    (
                        "$id" | "$anchor" | "$dynamicRef" | "$dynamicAnchor" | "$vocabulary",
                        Value::String(_),
                    ) => {
                        problems.push(Problem::Keyword { pointer: pointer(), keyword: name.clone() });
                    }
                    ("format", Value::String(format)) if format == "regex" => {
                        problems.push(Problem::Keyword {
                            pointer: pointer(),
                            keyword: "format regex".to_owned(),
                        });
                    }
                    _ => check_keywords(value, &place, problems),
                }
            }
        }
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .for_each(|(index, element)| check_keywords(element, &format!("{at}/{index}"), problems)),
        _ => {}
    }
}

fn is_local(reference: &str) -> bool {
    reference.starts_with("#/") && !reference.contains('%')
}

/// An object whose properties have names: it refuses others, and each property can be shown.
fn check_object(object: &Node<'_>, place: &str, depth: usize, problems: &mut Vec<Problem>) {
    let place_or_all = || {
        if place.is_empty() { "schema".to_owned() } else { place.to_owned() }
    };
    if depth > DEEPEST {
        problems.push(Problem::TooDeep { place: place.to_owned(), limit: DEEPEST });
        return;
    }
    if !object.is_only(&["object"]) {
        problems.push(Problem::NotAnObject { place: place_or_all() });
    }
    if !object.is_closed() || object.has_patterns() {
        problems.push(Problem::Open { place: place_or_all() });
    }
    for (name, node) in object.properties() {
        check_value(&node, &format!("{place}/{}", escaped(name)), depth + 1, problems);
    }
}

/// A value: its type is known, and all of it can be shown.
fn check_value(node: &Node<'_>, place: &str, depth: usize, problems: &mut Vec<Problem>) {
    let own_place = || place.to_owned();
    if node.is_group() {
        return check_object(node, place, depth, problems);
    }
    if depth > DEEPEST {
        problems.push(Problem::TooDeep { place: own_place(), limit: DEEPEST });
    } else if node.types().is_none() {
        problems.push(Problem::AnyType { place: own_place() });
    } else {
        if node.may_be("array") {
            check_content(node, "maxItems", "items", place, depth, problems);
        }
        if node.may_be("object") {
            check_content(node, "maxProperties", "additionalProperties", place, depth, problems);
            if node.has_patterns() {
                problems
                    .push(Problem::Keyword { pointer: own_place(), keyword: "patternProperties".to_owned() });
            }
        }
    }
}

fn check_content(
    node: &Node<'_>,
    keyword: &'static str,
    inner: &str,
    place: &str,
    depth: usize,
    problems: &mut Vec<Problem>,
) {
    // A constant is as it is: nobody chooses what is in it.
    if node.said("const").chain(node.said("enum")).next().is_some() {
        return;
    }
    if node.limit(keyword).is_none_or(|limit| limit > MOST_MEMBERS) {
        problems.push(Problem::TooManyToShow { place: place.to_owned(), keyword, limit: MOST_MEMBERS });
    }
    match node.inner(inner) {
        Some(content) => check_value(&content, &format!("{place}/*"), depth + 1, problems),
        None => problems.push(Problem::AnyContent { place: place.to_owned() }),
    }
}

fn check_variables(fields: &Fields, problems: &mut Vec<Problem>) {
    let mut names = BTreeMap::from([(TOOL, "the tool's name")]);
    for field in &fields.fields {
        let (place, variable) = (field.pointer.clone(), field.variable.clone());
        if let Some(other) = names.insert(&field.variable, &field.pointer) {
            problems.push(Problem::NameTaken { place, variable, other: other.to_owned() });
        } else if !is_variable(&variable) {
            problems.push(Problem::NotNameable { place, variable });
        }
    }
}

/// An identifier of Fluent.
fn is_variable(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.bytes().all(is_plain)
}

fn check_rules(definition: &DetailType, fields: &Fields, problems: &mut Vec<Problem>) {
    let no_such = |table, pointer: &String| Problem::NoSuchField { table, pointer: pointer.clone() };
    let root = Node::root(&definition.schema);
    for (pointer, rule) in &definition.narrowing {
        match root.at(pointer).filter(|_| fields.contains(pointer)) {
            None => problems.push(no_such("narrowing", pointer)),
            Some(node) => {
                if let Some(expected) = misfit(&node, rule) {
                    problems.push(Problem::RuleDoesNotFit {
                        pointer: pointer.clone(),
                        rule: rule.clone(),
                        expected,
                    });
                }
            }
        }
    }
    let unknown = definition.absent.keys().filter(|pointer| !fields.contains(pointer));
    problems.extend(unknown.map(|pointer| no_such("absent", pointer)));
}

/// What the schema would have to say for a rule to make sense, unless it does.
fn misfit(node: &Node<'_>, rule: &Narrowing) -> Option<&'static str> {
    let (fits, expected) = match rule {
        Narrowing::Exact => (true, ""),
        Narrowing::Subset => (node.is_only(&["array"]), "an array"),
        Narrowing::AtMost => {
            let is_number = node.is_only(&["number", "integer"]);
            (is_number || node.is_only(&["string"]), "a number, or a string with a decimal number")
        }
        Narrowing::Beneath => {
            let elements = node.inner("items").is_some_and(|elements| elements.is_only(&["string"]));
            let is_list = node.is_only(&["array"]) && elements;
            (is_list || node.is_only(&["string"]), "a string or an array of strings")
        }
    };
    (!fits).then_some(expected)
}

fn check_sentences(definition: &DetailType, fields: &Fields, problems: &mut Vec<Problem>) {
    if definition.sentence.is_empty() {
        problems.push(Problem::NoSentence);
    }
    for (language, source) in &definition.sentence {
        let language = language.clone();
        if language.parse::<LanguageTag>().map(|tag| tag.to_string()).as_ref() != Ok(&language) {
            problems.push(Problem::Language { language });
            continue;
        }
        match Template::parse(source) {
            Err(error) => problems.push(Problem::Sentence { language, error }),
            Ok(template) => check_sentence(&language, &template, fields, problems),
        }
    }
}

fn check_sentence(language: &str, template: &Template, fields: &Fields, problems: &mut Vec<Problem>) {
    let (told, always) = (template.fields(), template.fields_that_must_be_there());
    for field in &fields.fields {
        let (language, variable) = (language.to_owned(), field.variable.clone());
        if !told.contains(variable.as_str()) {
            problems.push(Problem::Untold { language, variable });
        } else if !field.required && always.contains(variable.as_str()) {
            problems.push(Problem::AbsenceUntold { language, variable });
        }
    }
    let is_known = |name: &&str| *name == TOOL || fields.fields.iter().any(|field| field.variable == *name);
    let unknown = told.iter().filter(|name| !is_known(name));
    problems.extend(
        unknown.map(|name| Problem::Unknown { language: language.to_owned(), variable: (*name).to_owned() }),
    );
}
