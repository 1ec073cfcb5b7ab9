use http_types::HeaderMap;
use http_types::header::AUTHORIZATION;

use crate::Refusal;

/// The token, from the header and from nowhere else (OAuth 2.1, section 5.1.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(Refusal::NoToken)?;
    if values.next().is_some() {
        return Err(Refusal::MalformedRequest);
    }
    let value = value.to_str().map_err(|_| Refusal::MalformedRequest)?;
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            let token = token.trim_start_matches(' ');
            // RFC 6750, section 2.1: `b64token`, and nothing behind it.
            if token.is_empty() || token.contains([' ', ',', '\t']) {
                return Err(Refusal::MalformedRequest);
            }
            Ok(token)
        }
        _ => Err(Refusal::NoToken),
    }
}
