use crate::public_key::KeyDefect;

/// Why a token proves nothing. What the token said is shown in part only, in characters that an
/// `error_description` may hold (RFC 6749, section 5.2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRejected {
    /// Longer than anybody needs.
    #[error("the token has {bytes} bytes, {limit} are accepted")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The most that is accepted.
        limit: usize,
    },
    /// Not a JWS in compact form (RFC 7515, section 7.1) with a JSON object in it.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// `alg` is not one of those that are accepted, or the key is for another.
    #[error("the token's algorithm '{algorithm}' is not accepted")]
    AlgorithmNotAllowed {
        /// What its header says.
        algorithm: String,
    },
    /// `crit` names extensions that must be understood; none is (RFC 7515, section 4.1.11).
    #[error("the token's header has critical extensions, none is understood")]
    CriticalExtension,
    /// A token for something else (RFC 8725, section 3.11).
    #[error("the token's type is '{found}'")]
    WrongType {
        /// What `typ` says; empty when there is none.
        found: String,
    },
    /// Our own tokens name their key.
    #[error("the token does not name its key")]
    NoKeyId,
    /// No such key, or none any more.
    #[error("the token's key '{key_id}' is not known")]
    UnknownKey {
        /// What `kid` says; empty when there is none.
        key_id: String,
    },
    /// The key is known but must not be used.
    #[error("the token's key cannot be used: {why}")]
    UnusableKey {
        /// What is wrong with it.
        why: KeyDefect,
    },
    /// The signature does not match.
    #[error("the token's signature does not match")]
    BadSignature,
    /// Not from whom it should be.
    #[error("the token's issuer is not the expected one")]
    WrongIssuer,
}

/// What a stranger wrote, short and harmless enough to be repeated to them.
pub(crate) fn shown(text: &str) -> String {
    let harmless = |character| match character {
        ' ' | '!' | '#'..='&' | '('..='[' | ']'..='~' => character,
        _ => '?',
    };
    text.chars().take(64).map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stranger_wrote_is_repeated_in_part_and_without_quotes() {
        assert_eq!(shown("at+jwt"), "at+jwt");
        assert_eq!(shown("a\"b'c\\d\n\u{202e}é"), "a?b?c?d???");
        assert_eq!(shown(&"x".repeat(1_000)).len(), 64);
    }
}
