//! What a person reads before they approve.

use std::borrow::Cow;
use std::sync::LazyLock;

use languages::{Arguments, Message, Template, Texts, Value as Shown};
use oauth::AuthorizationDetail;
use serde_json::{Map, Value};

use crate::DetailTypes;
use crate::fields::{Fields, escaped};

/// The variable that every sentence may use: the name of the tool that the detail is for.
pub(crate) const TOOL: &str = "tool";

/// How many elements of one list a sentence shows; `languages` counts the rest. A type that allows more is refused.
pub(crate) const MOST_MEMBERS: u64 = 20;

/// How many characters of a long text are shown: from its beginning, and from its end, where the name of a file or
/// the last digits of an account are. What is between is an ellipsis.
const BEGINNING: usize = 170;
const END: usize = 120;

impl DetailTypes {
    /// The sentence that tells a person of a detail, in the language of `texts`: our words and the detail's values apart.
    ///
    /// A field is `$` and its name; one within an object is named with all names on the way, joined by `_`:
    /// `/amount/value` is `$amount_value`. A list is joined the language's way; `true`, `false` and `null` are these
    /// words, which a sentence may choose by; the members of an object that the schema does not name are shown as
    /// `name: value`. `$tool` is `tool`, the name that people know the tool by, or the tools that the type belongs to.
    ///
    /// Nothing stays untold: what the sentence does not know, whatever the reason, follows it in brackets.
    pub fn sentence(&self, detail: &AuthorizationDetail, texts: &Texts, tool: Option<&str>) -> Message {
        let registered = self.registered(&detail.detail_type);
        let told = registered.and_then(|registered| {
            let tools = || {
                registered.definition.tools.iter().map(|tool| tool.as_str().to_owned()).collect::<Vec<_>>()
            };
            let tool = tool.map_or_else(|| Shown::from(tools()), |name| Shown::text(&shortened(name)));
            let arguments = arguments(&detail.fields, registered.fields(), texts).with(TOOL, tool);
            let message = registered.template(texts.tag())?.render(&arguments, texts).ok()?;
            Some((message, registered.fields()))
        });
        let nothing = Fields::default();
        let (message, fields) = told.unwrap_or_else(|| {
            (phrase(&JUST, [("value", Shown::text(&shortened(&detail.detail_type)))], texts), &nothing)
        });
        untold(&detail.fields, fields).into_iter().fold(message, |message, (name, value)| {
            let arguments = [
                ("sentence", Shown::from(message)),
                ("name", Shown::text(&shortened(&name))),
                ("value", shown(value, texts)),
            ];
            phrase(&AND, arguments, texts)
        })
    }
}

static JUST: LazyLock<Template> = LazyLock::new(|| own("{ $value }"));
static AND: LazyLock<Template> = LazyLock::new(|| own("{ $sentence } ({ $name }: { $value })"));
static MEMBER: LazyLock<Template> = LazyLock::new(|| own("{ $name }: { $value }"));

fn own(source: &str) -> Template {
    Template::parse(source).expect("the template is a constant, and a test renders it")
}

fn phrase<const N: usize>(template: &Template, arguments: [(&str, Shown); N], texts: &Texts) -> Message {
    template.render(&Arguments::from(arguments), texts).expect("each variable has a value that is not absent")
}

fn arguments(detail: &Map<String, Value>, fields: &Fields, texts: &Texts) -> Arguments {
    let value = |pointer: &str| {
        let (first, rest) = pointer[1..]
            .split_once('/')
            .map_or((&pointer[1..], ""), |(first, _)| (first, &pointer[1 + first.len()..]));
        detail.get(first.replace("~1", "/").replace("~0", "~").as_str())?.pointer(rest)
    };
    let argument = |pointer: &str| value(pointer).map_or_else(Shown::absent, |value| shown(value, texts));
    fields.fields.iter().map(|field| (field.variable.clone(), argument(&field.pointer))).collect()
}

/// A value as a sentence shows it. Nothing in it can be absent.
fn shown(value: &Value, texts: &Texts) -> Shown {
    match value {
        Value::Null => Shown::text("null"),
        Value::Bool(truth) => Shown::text(if *truth { "true" } else { "false" }),
        Value::Number(number) => number
            .as_i64()
            .map(Shown::from)
            .or_else(|| number.as_u64().map(Shown::from))
            .or_else(|| number.as_f64().map(Shown::from))
            .unwrap_or_else(|| Shown::text(&shortened(&number.to_string()))),
        Value::String(text) => Shown::text(&shortened(text)),
        Value::Array(elements) => Shown::list(elements.iter().map(|element| shown(element, texts))),
        Value::Object(members) => Shown::list(members.iter().map(|(name, value)| {
            let arguments = [("name", Shown::text(&shortened(name))), ("value", shown(value, texts))];
            Shown::from(phrase(&MEMBER, arguments, texts))
        })),
    }
}

/// The text, or its beginning and its end with an ellipsis between.
fn shortened(text: &str) -> Cow<'_, str> {
    let position =
        |mut indices: std::str::CharIndices<'_>, count: usize| indices.nth(count).map(|(at, _)| at);
    let Some(after_beginning) = position(text.char_indices(), BEGINNING) else {
        return text.into();
    };
    let end = text.char_indices().rev().nth(END - 1).map_or(0, |(at, _)| at);
    if end <= after_beginning {
        return text.into();
    }
    format!("{}…{}", &text[..after_beginning], &text[end..]).into()
}

/// The places in a detail that no field of the type covers, and what is there.
fn untold<'a>(detail: &'a Map<String, Value>, fields: &Fields) -> Vec<(String, &'a Value)> {
    fn collect<'a>(
        at: &str,
        members: &'a Map<String, Value>,
        fields: &Fields,
        into: &mut Vec<(String, &'a Value)>,
    ) {
        for (name, value) in members {
            let pointer = format!("{at}/{}", escaped(name));
            match value {
                Value::Object(members) if fields.groups.contains(&pointer) => {
                    collect(&pointer, members, fields, into);
                }
                _ if fields.fields.iter().any(|field| field.pointer == pointer) => {}
                value => into.push((pointer[1..].to_owned(), value)),
            }
        }
    }
    let mut untold = Vec::new();
    collect("", detail, fields, &mut untold);
    untold
}
