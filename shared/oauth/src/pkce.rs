use serde::{Deserialize, Serialize};

use crate::{Secret, Sha256Digest};

/// An S256 code challenge (RFC 7636, section 4.2). `plain` does not exist here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeChallenge(Sha256Digest);

impl CodeChallenge {
    /// Reads `code_challenge`; `None` unless it is a SHA-256 in base64url.
    pub fn parse(text: &str) -> Option<Self> {
        Sha256Digest::from_base64url(text).map(Self)
    }
}

/// What the client kept to itself until it redeems the code (RFC 7636, section 4.1).
#[derive(Clone)]
pub struct CodeVerifier(Secret<String>);

impl CodeVerifier {
    /// Reads `code_verifier`: 43 to 128 unreserved characters.
    pub fn parse(text: &str) -> Option<Self> {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        ((43..=128).contains(&text.len()) && text.bytes().all(unreserved))
            .then(|| Self(Secret::new(text.to_owned())))
    }

    /// Whether this is what the challenge was made of, in constant time.
    pub fn answers(&self, challenge: &CodeChallenge) -> bool {
        self.0.matches(&challenge.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    #[test]
    fn the_example_of_the_rfc_answers() {
        let challenge = CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        assert!(
            CodeVerifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap().answers(&challenge)
        );
        assert!(
            !CodeVerifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl").unwrap().answers(&challenge)
        );
    }

    #[test]
    fn a_verifier_that_could_be_guessed_is_not_read() {
        assert!(CodeVerifier::parse(&"a".repeat(42)).is_none());
        assert!(CodeVerifier::parse(&"a".repeat(129)).is_none());
        assert!(CodeVerifier::parse(&format!("{}=", "a".repeat(43))).is_none());
    }
}
