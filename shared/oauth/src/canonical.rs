use serde::Serialize;

/// The canonical JSON (RFC 8785) of a value: the one form that is hashed and signed.
///
/// # Panics
/// When the value is not JSON (a map with keys that are not strings): ours always are.
pub fn canonical(value: &impl Serialize) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).expect("what is asked is JSON")
}
