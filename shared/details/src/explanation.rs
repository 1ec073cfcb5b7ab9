//! What an invalid detail is told: the place and the rule, never a value that was sent.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::Value;

/// The most characters of a pointer or a problem.
const LONGEST: usize = 200;
/// The most choices of an `enum` that are listed.
const MOST_CHOICES: usize = 10;

/// The place of an error as a JSON pointer into the detail, and which of the schema's rules is broken there. Only what
/// the schema says is repeated, and field names where they are plain.
pub(crate) fn explain(error: &ValidationError<'_>) -> (String, String) {
    let mut place = String::new();
    for name in error.instance_path().as_str().split('/').skip(1) {
        place.push('/');
        place.push_str(member(name));
    }
    let problem = match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            place.push('/');
            place.push_str(member(unexpected.first().map_or("", String::as_str)));
            "is not a field of this type".to_owned()
        }
        kind => rule(kind),
    };
    (tidy(&place), tidy(&problem))
}

/// A name for a pointer: the sender's own where it is plain and short, else a question mark.
pub(crate) fn member(name: &str) -> &str {
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$' | b'~');
    if (1..=64).contains(&name.len()) && name.bytes().all(is_plain) { name } else { "?" }
}

fn rule(kind: &Kind) -> String {
    match kind {
        Kind::Required { property: Value::String(name) } => format!("lacks the field {name}"),
        Kind::Type { kind: TypeKind::Single(kind) } => format!("must be of type {kind}"),
        Kind::Type { kind: TypeKind::Multiple(kinds) } => {
            let kinds: Vec<String> = kinds.iter().map(|kind| kind.to_string()).collect();
            format!("must be of type {}", kinds.join(" or "))
        }
        Kind::Enum { options } => choices(options),
        Kind::Constant { expected_value } => format!("must be {}", own_value(expected_value)),
        Kind::Format { format } => format!("must have the format {format}"),
        Kind::MinLength { limit } => format!("must have at least {limit} characters"),
        Kind::MaxLength { limit } => format!("must have at most {limit} characters"),
        Kind::MinItems { limit } => format!("must have at least {limit} elements"),
        Kind::MaxItems { limit } => format!("must have at most {limit} elements"),
        Kind::MinProperties { limit } => format!("must have at least {limit} members"),
        Kind::MaxProperties { limit } => format!("must have at most {limit} members"),
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::UniqueItems => "must not have the same element twice".to_owned(),
        Kind::Pattern { .. } => "does not match the pattern that the schema of this type asks for".to_owned(),
        other => format!("does not follow the rule {} in the schema of this type", other.keyword()),
    }
}

fn choices(options: &Value) -> String {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let listed: Vec<String> = options.iter().take(MOST_CHOICES).map(own_value).collect();
    let more = if options.len() > MOST_CHOICES { " or another that the schema lists" } else { "" };
    format!("must be one of {}{more}", listed.join(", "))
}

/// A value that the schema itself holds.
fn own_value(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The text within what `error_description` may hold (RFC 6749, section 5.2), cut where it is long.
fn tidy(text: &str) -> String {
    let allowed = |character: &char| matches!(character, ' '..='~') && !matches!(character, '"' | '\\');
    let mut tidied: String = text.chars().filter(allowed).take(LONGEST).collect();
    if text.chars().nth(LONGEST).is_some() {
        tidied.push_str("...");
    }
    tidied
}
