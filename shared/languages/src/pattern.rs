//! A compiled Fluent pattern: text, variables and choices, and nothing that could loop or call.

use std::collections::BTreeSet;

use fluent_syntax::ast;
use fluent_syntax::unicode::unescape_unicode_to_string;
use oauth::acts_unseen;

use crate::value::Kind;
use crate::{Arguments, Message, Texts, Value};

/// How many members of a list are shown; the rest is counted.
const MOST_MEMBERS: usize = 20;

/// Why a message could not be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The language's file has no such message.
    #[error("the language has no message \"{0}\"")]
    UnknownMessage(String),
    /// The message mentions a variable that it was given no value for.
    #[error("no value was given for ${0}")]
    MissingValue(String),
    /// The message shows a variable whose value is absent, outside of a choice with an `[absent]` variant.
    #[error("the value of ${0} is absent where the message shows it")]
    AbsentValue(String),
}

/// Why a pattern does not compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// References, functions, attributes, terms.
    #[error("only text, {{ $variables }} and choices between variants of a $variable are allowed")]
    Syntax,
    /// A character that acts unseen (a control, a direction mark), literally or as an escape.
    #[error("invisible and control characters are not allowed")]
    UnseenCharacter,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Show(String),
    Choose { on: String, variants: Vec<(Key, Pattern)>, otherwise: Pattern },
}

#[derive(Clone, Debug, PartialEq)]
enum Key {
    Absent,
    /// A category of CLDR's plural rules, by its name.
    Plural(String),
    Text(String),
    Number(String),
}

/// What a pattern is rendered with.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) texts: &'a Texts,
    pub(crate) arguments: &'a Arguments,
    /// Whether the words of a variant chosen by a text's own value are shown as a value.
    pub(crate) words_are_values: bool,
    /// The variable that stands for one member of a list at the moment.
    member: Option<(&'a str, &'a Value)>,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(texts: &'a Texts, arguments: &'a Arguments, words_are_values: bool) -> Self {
        Self { texts, arguments, words_are_values, member: None }
    }

    fn value(&self, name: &str) -> Result<&'a Value, RenderError> {
        match self.member {
            Some((member, value)) if member == name => Ok(value),
            _ => self.arguments.get(name).ok_or_else(|| RenderError::MissingValue(name.to_owned())),
        }
    }
}

impl Pattern {
    pub(crate) fn render(&self, scope: Scope<'_>) -> Result<Message, RenderError> {
        let mut message = Message::default();
        for part in &self.0 {
            match part {
                Part::Text(text) => message.push_text(text),
                Part::Show(name) => message.append(&show(scope.value(name)?, name, scope)?),
                Part::Choose { on, variants, otherwise } => {
                    message.append(&choose(on, scope.value(on)?, variants, otherwise, scope)?);
                }
            }
        }
        Ok(message)
    }

    /// The variables that the pattern mentions.
    pub(crate) fn variables(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        for part in &self.0 {
            match part {
                Part::Text(_) => {}
                Part::Show(name) => _ = names.insert(name.as_str()),
                Part::Choose { on, variants, otherwise } => {
                    names.insert(on);
                    for (_, pattern) in variants {
                        names.extend(pattern.variables());
                    }
                    names.extend(otherwise.variables());
                }
            }
        }
        names
    }

    /// Whether every value of a variable makes a difference that the reader sees: it is shown, or one variant stands for
    /// just this value.
    pub(crate) fn reveals(&self, name: &str) -> bool {
        self.0.iter().any(|part| match part {
            Part::Text(_) => false,
            Part::Show(shown) => shown == name,
            Part::Choose { on, variants, otherwise } => {
                let mut many = variants.iter().filter(|(key, _)| on != name || matches!(key, Key::Plural(_)));
                otherwise.reveals(name) && many.all(|(_, pattern)| pattern.reveals(name))
            }
        })
    }

    /// Whether the pattern can be rendered while a variable is absent.
    pub(crate) fn allows_absence_of(&self, name: &str) -> bool {
        self.0.iter().all(|part| match part {
            Part::Text(_) => true,
            Part::Show(shown) => shown != name,
            Part::Choose { on, variants, otherwise } if on == name => {
                let absent = variants.iter().find(|(key, _)| *key == Key::Absent);
                absent.map_or(otherwise, |(_, pattern)| pattern).allows_absence_of(name)
            }
            Part::Choose { variants, otherwise, .. } => {
                otherwise.allows_absence_of(name)
                    && variants.iter().all(|(_, pattern)| pattern.allows_absence_of(name))
            }
        })
    }

    pub(crate) fn compile(pattern: &ast::Pattern<&str>) -> Result<Self, Unsupported> {
        pattern.elements.iter().map(compile_element).collect::<Result<_, _>>().map(Self)
    }
}

fn show(value: &Value, name: &str, scope: Scope<'_>) -> Result<Message, RenderError> {
    let mut message = Message::default();
    match &value.0 {
        Kind::Absent => return Err(RenderError::AbsentValue(name.to_owned())),
        Kind::Text(text) => message.push_value(text),
        Kind::Number(number) => message.push_value(&scope.texts.number(number)),
        Kind::Phrase(phrase) => message.append(phrase),
        Kind::List(members) => {
            return join_members(members, scope, |member| show(member, name, scope));
        }
    }
    Ok(message)
}

fn choose(
    on: &str,
    value: &Value,
    variants: &[(Key, Pattern)],
    otherwise: &Pattern,
    scope: Scope<'_>,
) -> Result<Message, RenderError> {
    if let Kind::List(members) = &value.0 {
        return join_members(members, scope, |member| {
            choose(on, member, variants, otherwise, Scope { member: Some((on, member)), ..scope })
        });
    }
    let chosen = variants.iter().find(|(key, _)| key.matches(value, scope.texts));
    let message = chosen.map_or(otherwise, |(_, pattern)| pattern).render(scope)?;
    let stands_for_value = matches!(chosen, Some((Key::Text(_), _)));
    Ok(if stands_for_value && scope.words_are_values { message.into_value() } else { message })
}

fn join_members<'a>(
    members: &'a [Value],
    scope: Scope<'a>,
    render: impl Fn(&'a Value) -> Result<Message, RenderError>,
) -> Result<Message, RenderError> {
    let shown = members.iter().take(MOST_MEMBERS).map(render).collect::<Result<Vec<_>, _>>()?;
    scope.texts.join(shown, members.len().saturating_sub(MOST_MEMBERS))
}

impl Key {
    /// A text never matches `[absent]` or a plural's name: an agent that calls a file "absent" must not be able to pick
    /// the words for no file at all.
    fn matches(&self, value: &Value, texts: &Texts) -> bool {
        match (self, &value.0) {
            (Self::Absent, Kind::Absent) => true,
            (Self::Text(key), Kind::Text(text)) => key == text,
            (Self::Number(key), Kind::Number(number)) => key == number,
            (Self::Plural(category), Kind::Number(number)) => texts.plural(number) == category,
            _ => false,
        }
    }

    fn compile(key: &ast::VariantKey<&str>) -> Self {
        match key {
            ast::VariantKey::NumberLiteral { value } => Self::Number((*value).to_owned()),
            ast::VariantKey::Identifier { name } => match *name {
                "absent" => Self::Absent,
                "zero" | "one" | "two" | "few" | "many" | "other" => Self::Plural((*name).to_owned()),
                text => Self::Text(text.to_owned()),
            },
        }
    }
}

fn compile_element(element: &ast::PatternElement<&str>) -> Result<Part, Unsupported> {
    match element {
        ast::PatternElement::TextElement { value } => our_text(&value.replace(['\n', '\r'], " ")),
        ast::PatternElement::Placeable { expression } => compile_expression(expression),
    }
}

fn compile_expression(expression: &ast::Expression<&str>) -> Result<Part, Unsupported> {
    match expression {
        ast::Expression::Inline(ast::InlineExpression::VariableReference { id }) => {
            Ok(Part::Show(id.name.to_owned()))
        }
        ast::Expression::Inline(ast::InlineExpression::StringLiteral { value }) => {
            our_text(&unescape_unicode_to_string(value))
        }
        ast::Expression::Select { selector, variants } => {
            let ast::InlineExpression::VariableReference { id } = selector else {
                return Err(Unsupported::Syntax);
            };
            let mut compiled = Vec::new();
            let mut otherwise = None;
            for variant in variants {
                let pattern = Pattern::compile(&variant.value)?;
                if variant.default {
                    otherwise = Some(pattern);
                } else {
                    compiled.push((Key::compile(&variant.key), pattern));
                }
            }
            let otherwise = otherwise.ok_or(Unsupported::Syntax)?;
            Ok(Part::Choose { on: id.name.to_owned(), variants: compiled, otherwise })
        }
        ast::Expression::Inline(_) => Err(Unsupported::Syntax),
    }
}

fn our_text(text: &str) -> Result<Part, Unsupported> {
    // A soft hyphen is a translator's tool: it lets a long word of ours break.
    if text.chars().any(|character| acts_unseen(character) && character != '\u{ad}') {
        return Err(Unsupported::UnseenCharacter);
    }
    Ok(Part::Text(text.to_owned()))
}
