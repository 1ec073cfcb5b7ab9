use std::collections::BTreeSet;

use fluent_syntax::ast::Entry;
use fluent_syntax::parser::parse_runtime;

use crate::pattern::{Pattern, Scope, Unsupported};
use crate::texts::first_problem;
use crate::{Arguments, Message, RenderError, Texts};

/// The sentence of one type of authorization detail in one language.
///
/// It is the value of a Fluent message, such as
///
/// ```text
/// { $actions } { $identifier ->
///     [absent] every file
///    *[other] the file { $identifier }
/// } in { $locations }
/// ```
///
/// - `{ $actions }` shows the field's value; a list is joined the language's way.
/// - `[absent]` is the variant for a field that is not there. The word is reserved: a field whose text happens to be
///   "absent" does not choose it.
/// - `[one]`, `[few]`, `[other]` and the like are plurals, and only a number chooses them.
/// - Any other key is compared with a text: `{ $actions -> [read] lesen [write] schreiben *[other] { $actions } }`. With a
///   list, the choice is made for each member, the variable stands for that member, and the results are joined. The words
///   of such a variant stand for the value and are shown as one.
///
/// A template that would hide a field is refused ([`TemplateError::Conceals`]): whatever value a mentioned field has, the
/// reader sees it or sees words that stand for it alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    pattern: Pattern,
}

/// Why a sentence template cannot be used. Lines are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It is not a Fluent pattern.
    #[error("line {line}: {problem}")]
    Syntax {
        /// Where.
        line: usize,
        /// The parser's words.
        problem: String,
    },
    /// It is empty.
    #[error("a sentence template needs words")]
    Empty,
    /// It uses more of Fluent than a template may.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// Some value of a field would leave no trace in the sentence.
    #[error(
        "some values of ${field} would not be seen: a variant that stands for more than one value must show {{ ${field} }}"
    )]
    Conceals {
        /// The field.
        field: String,
    },
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// When it is not a pattern of text, variables and choices, or conceals a field that it mentions.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        if source.trim().is_empty() {
            return Err(TemplateError::Empty);
        }
        // As the indented value of one message, the source cannot begin another.
        let file = format!("sentence =\n    {}\n", source.lines().collect::<Vec<_>>().join("\n    "));
        let resource = parse_runtime(file.as_str()).map_err(|(_, errors)| {
            let (line, problem) = first_problem(&file, &errors);
            TemplateError::Syntax { line: line.saturating_sub(1).max(1), problem }
        })?;
        let [Entry::Message(message)] = resource.body.as_slice() else {
            return Err(Unsupported::Syntax.into());
        };
        let (Some(value), true) = (&message.value, message.attributes.is_empty()) else {
            return Err(Unsupported::Syntax.into());
        };
        let pattern = Pattern::compile(value)?;
        let concealed = pattern.variables().into_iter().find(|name| !pattern.reveals(name));
        if let Some(field) = concealed {
            return Err(TemplateError::Conceals { field: field.to_owned() });
        }
        Ok(Self { pattern })
    }

    /// The fields that the sentence tells of. A type's every field should be among them, and each should exist.
    pub fn fields(&self) -> BTreeSet<&str> {
        self.pattern.variables()
    }

    /// The fields whose absence the sentence has no words for: the type's schema should require them.
    pub fn fields_that_must_be_there(&self) -> BTreeSet<&str> {
        self.fields().into_iter().filter(|name| !self.pattern.allows_absence_of(name)).collect()
    }

    /// The sentence for one detail.
    ///
    /// # Errors
    /// When a field has no argument, or is absent where the template shows it.
    pub fn render(&self, arguments: &Arguments, texts: &Texts) -> Result<Message, RenderError> {
        self.pattern.render(Scope::new(texts, arguments, true))
    }
}
