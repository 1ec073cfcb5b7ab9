use oauth::{Parameters, Refusal, Secret};

/// The most characters of a code: more has none of ours.
const LONGEST_CODE: usize = 64;

/// The code of a link that was sent to somebody.
pub(crate) fn code_of_a_link(parameters: &Parameters) -> Result<Secret<String>, Refusal> {
    let code = parameters.required("code")?;
    let is_code = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_');
    if code.len() > LONGEST_CODE || !code.bytes().all(is_code) {
        return Err(Refusal::MalformedParameter { name: "code", expected: "the code of a link" });
    }
    Ok(Secret::new(code.to_owned()))
}
