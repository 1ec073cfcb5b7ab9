use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use environment::Fault;
use serde::Serialize;

#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    kid: &'a str,
    typ: &'a str,
}

/// What is signed: the encoded header and payload (RFC 7515, section 5.1, step 5).
pub(crate) fn signing_input(alg: &str, kid: &str, typ: &str, payload: &[u8]) -> Result<String, Fault> {
    let header =
        serde_json::to_vec(&Header { alg, kid, typ }).map_err(|error| Fault::broken("token", error))?;
    let mut input = URL_SAFE_NO_PAD.encode(header);
    input.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut input);
    Ok(input)
}

/// The compact form (RFC 7515, section 7.1).
pub(crate) fn compact(mut signing_input: String, signature: &[u8]) -> String {
    signing_input.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut signing_input);
    signing_input
}
