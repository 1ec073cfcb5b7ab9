use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::ast::Entry;
use fluent_syntax::parser::{ParserError, parse_runtime};
use intl_pluralrules::{PluralCategory, PluralRuleType, PluralRules};

use crate::pattern::{Pattern, Scope, Unsupported};
use crate::{Arguments, LanguageTag, Message, RenderError, Value};

/// The texts of one language, read from its file.
#[derive(Clone)]
pub struct Texts {
    tag: LanguageTag,
    plurals: PluralRules,
    messages: BTreeMap<String, Pattern>,
}

/// Why a language's file cannot be used. Lines are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextsError {
    /// The file is not Fluent.
    #[error("line {line}: {problem}")]
    Syntax {
        /// Where.
        line: usize,
        /// The parser's words.
        problem: String,
    },
    /// A message uses more of Fluent than a language file may.
    #[error("line {line}: in \"{key}\": {problem}")]
    Unsupported {
        /// Where the message begins.
        line: usize,
        /// The message.
        key: String,
        /// What it uses.
        problem: Unsupported,
    },
    /// A message stands there twice.
    #[error("line {line}: \"{key}\" is there twice")]
    Repeated {
        /// Where the message is first.
        line: usize,
        /// The message.
        key: String,
    },
    /// A message is missing that every language needs, for lists, spans of time and dates.
    #[error("\"{0}\" is missing")]
    Missing(&'static str),
    /// The plural rules of the language are not known.
    #[error("no plural rules are known for the language \"{0}\"")]
    UnknownLanguage(LanguageTag),
}

/// The messages that joining lists, counting and telling the time are made of.
const GRAMMAR: [&str; 14] = [
    "list-pair",
    "list-more",
    "list-rest",
    "decimal-point",
    "span-days",
    "span-hours",
    "span-minutes",
    "span-seconds",
    "span-pair",
    "month",
    "date",
    "moment",
    "span-nothing",
    "time-of-day",
];

impl Texts {
    /// Reads a language's file.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(tag: LanguageTag, source: &str) -> Result<Self, TextsError> {
        let plurals = PluralRules::create(tag.primary(), PluralRuleType::CARDINAL)
            .map_err(|_| TextsError::UnknownLanguage(tag.clone()))?;
        let messages = messages(source)?;
        match GRAMMAR.iter().find(|key| !messages.contains_key(**key)) {
            Some(key) => Err(TextsError::Missing(key)),
            None => Ok(Self { tag, plurals, messages }),
        }
    }

    /// Which language it is.
    pub fn tag(&self) -> &LanguageTag {
        &self.tag
    }

    /// A message with its values filled in.
    ///
    /// # Errors
    /// When there is no such message, or it shows a variable that has no value.
    pub fn message(&self, key: &str, arguments: &Arguments) -> Result<Message, RenderError> {
        let pattern = self.messages.get(key).ok_or_else(|| RenderError::UnknownMessage(key.to_owned()))?;
        pattern.render(Scope::new(self, arguments, false))
    }

    /// The keys of all messages.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.messages.keys().map(String::as_str)
    }

    /// The variables that a message mentions; none when there is no such message.
    pub fn variables(&self, key: &str) -> BTreeSet<&str> {
        self.messages.get(key).map(Pattern::variables).unwrap_or_default()
    }

    /// A number the language's way. Digits are not grouped: an amount must read the same as in the request.
    pub(crate) fn number(&self, number: &str) -> String {
        let point =
            self.message("decimal-point", &Arguments::none()).map_or_else(|_| ".".into(), |m| m.plain());
        number.replacen('.', &point, 1)
    }

    /// The name of the plural category that a number has in the language.
    pub(crate) fn plural(&self, number: &str) -> &'static str {
        match self.plurals.select(number) {
            Ok(PluralCategory::ZERO) => "zero",
            Ok(PluralCategory::ONE) => "one",
            Ok(PluralCategory::TWO) => "two",
            Ok(PluralCategory::FEW) => "few",
            Ok(PluralCategory::MANY) => "many",
            Ok(PluralCategory::OTHER) | Err(_) => "other",
        }
    }

    /// "a, b and c", or "a, b and 7 more" when `left_out` members are not shown.
    pub(crate) fn join(&self, members: Vec<Message>, left_out: usize) -> Result<Message, RenderError> {
        let mut members = members;
        if left_out > 0 {
            members.push(self.message("list-rest", &Arguments::none().with("count", left_out))?);
        }
        let Some(last) = members.pop() else {
            let mut empty = Message::default();
            empty.push_value("");
            return Ok(empty);
        };
        let before =
            members.into_iter().map(Ok).reduce(|first, second| self.pair("list-more", first?, second?));
        match before {
            Some(before) => self.pair("list-pair", before?, last),
            None => Ok(last),
        }
    }

    pub(crate) fn pair(&self, key: &str, first: Message, second: Message) -> Result<Message, RenderError> {
        self.message(key, &Arguments::from([("first", Value::from(first)), ("second", Value::from(second))]))
    }
}

fn messages(source: &str) -> Result<BTreeMap<String, Pattern>, TextsError> {
    let resource = parse_runtime(source).map_err(|(_, errors)| syntax_error(source, &errors))?;
    let mut messages = BTreeMap::new();
    for entry in &resource.body {
        let (key, pattern) = match entry {
            Entry::Message(message) => match &message.value {
                Some(value) if message.attributes.is_empty() => (message.id.name, Pattern::compile(value)),
                _ => (message.id.name, Err(Unsupported::Syntax)),
            },
            Entry::Term(term) => (term.id.name, Err(Unsupported::Syntax)),
            _ => continue,
        };
        let line = line_of_message(source, key);
        let pattern =
            pattern.map_err(|problem| TextsError::Unsupported { line, key: key.to_owned(), problem })?;
        if messages.insert(key.to_owned(), pattern).is_some() {
            return Err(TextsError::Repeated { line, key: key.to_owned() });
        }
    }
    Ok(messages)
}

fn syntax_error(source: &str, errors: &[ParserError]) -> TextsError {
    let (line, problem) = first_problem(source, errors);
    TextsError::Syntax { line, problem }
}

/// The line and words of the first error.
pub(crate) fn first_problem(source: &str, errors: &[ParserError]) -> (usize, String) {
    let Some(error) = errors.first() else {
        return (1, "not readable".to_owned());
    };
    let before = source.get(..error.pos.start).unwrap_or(source);
    (1 + before.matches('\n').count(), error.kind.to_string())
}

/// The syntax tree has no positions, but a message's key begins its line.
fn line_of_message(source: &str, key: &str) -> usize {
    let begins = |line: &str| {
        let line = line.strip_prefix('-').unwrap_or(line);
        line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    source.lines().position(begins).map_or(1, |index| index + 1)
}
