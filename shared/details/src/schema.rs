use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;

/// The dialect that types are written in.
pub(crate) const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The largest compiled regular expression, in bytes.
const LARGEST_PATTERN: usize = 1 << 20;

/// Compiles a JSON Schema so that validating takes time linear in the value: patterns run on an engine that never
/// backtracks, and nothing is fetched. `format` is asserted, and a format that nobody knows is an error.
pub(crate) fn compile(schema: &Value) -> Result<Validator, ValidationError<'static>> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .offline()
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false)
        .with_pattern_options(
            PatternOptions::regex().size_limit(LARGEST_PATTERN).dfa_size_limit(LARGEST_PATTERN),
        )
        .build(schema)
}
