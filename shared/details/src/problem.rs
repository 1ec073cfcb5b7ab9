use languages::TemplateError;
use oauth::configuration::Narrowing;

/// What is wrong with a type that somebody wants to register. The text is for whoever writes the file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's text says what it means")]
pub enum Problem {
    #[error("name: 1 to 256 printable ASCII characters without spaces, quotes and backslashes are expected")]
    Name,
    #[error("tools: no token can carry the type: name at least one tool")]
    NoTools,

    #[error("schema{pointer}: {problem}")]
    SchemaInvalid { pointer: String, problem: String },
    #[error("schema: $schema must be {expected}, or absent")]
    Dialect { expected: &'static str },
    #[error("schema{pointer}: {reference:?} does not refer to a place in this schema such as #/$defs/name")]
    Reference { pointer: String, reference: String },
    #[error("schema{pointer}: {keyword} is not supported")]
    Keyword { pointer: String, keyword: String },
    #[error("schema: properties.type must have the const {name:?}")]
    TypeNotConst { name: String },
    #[error("{place}: the schema must say \"type\": \"object\"")]
    NotAnObject { place: String },
    #[error("{place}: the schema must refuse unknown fields: say \"additionalProperties\": false")]
    Open { place: String },
    #[error("{place}: the schema must say which JSON type it is")]
    AnyType { place: String },
    #[error("{place}: the schema must say what its elements or members are")]
    AnyContent { place: String },
    #[error(
        "{place}: the schema must limit it by {keyword} to at most {limit}: a person is not shown more of them"
    )]
    TooManyToShow { place: String, keyword: &'static str, limit: u64 },
    #[error("{place}: the schema goes deeper than {limit} levels")]
    TooDeep { place: String, limit: usize },
    #[error(
        "/locations: the schema must make it an array of strings, for they decide which tool a detail is for"
    )]
    Locations,

    #[error(
        "{place}: a sentence cannot call it ${variable}: a letter, then letters, digits, - and _ are expected"
    )]
    NotNameable { place: String, variable: String },
    #[error("{place}: ${variable} is what sentences call {other}")]
    NameTaken { place: String, variable: String, other: String },

    #[error("{table}: the schema has no field {pointer:?}")]
    NoSuchField { table: &'static str, pointer: String },
    #[error("narrowing: {pointer} cannot be {}: the schema must make it {expected}", name(rule))]
    RuleDoesNotFit { pointer: String, rule: Narrowing, expected: &'static str },

    #[error("sentence: there must be one")]
    NoSentence,
    #[error("sentence.{language}: this is not a language tag such as en or de-AT")]
    Language { language: String },
    #[error("sentence.{language}: {error}")]
    Sentence { language: String, error: TemplateError },
    #[error(
        "sentence.{language}: it must tell of ${variable}: a person may approve nothing that they do not see"
    )]
    Untold { language: String, variable: String },
    #[error("sentence.{language}: the schema has no field ${variable}")]
    Unknown { language: String, variable: String },
    #[error(
        "sentence.{language}: ${variable} may be absent: say with {{ ${variable} -> [absent] … *[other] … }} what that means"
    )]
    AbsenceUntold { language: String, variable: String },
}

fn name(rule: &Narrowing) -> &'static str {
    match rule {
        Narrowing::Exact => "exact",
        Narrowing::Subset => "subset",
        Narrowing::AtMost => "at_most",
        Narrowing::Beneath => "beneath",
    }
}
