use serde_json::{Value, json};

/// The algorithms that an assertion may be signed with. None of them is symmetric: a public key can never
/// serve as somebody's shared secret.
pub const ASSERTION_ALGORITHMS: [&str; 4] = ["ES256", "RS256", "PS256", "EdDSA"];

/// Checks others' signatures; `keys` does it. A closure serves as well.
pub trait SignatureCheck {
    /// Whether `token`, a JWS in its compact form, is signed with `algorithm` by a key of `jwks` that is meant
    /// for it. Keys that the token itself names or brings along do not count.
    fn is_signed(&self, token: &str, algorithm: &str, jwks: &Value) -> bool;
}

impl<F: Fn(&str, &str, &Value) -> bool> SignatureCheck for F {
    fn is_signed(&self, token: &str, algorithm: &str, jwks: &Value) -> bool {
        self(token, algorithm, jwks)
    }
}

/// Keys that sign nothing for us: an assertion of a client that nobody knows is checked against these, so that
/// it takes as long as another's. It is the example key of RFC 7517, appendix A.1, whose private half is
/// public; what it signs is refused all the same.
pub(crate) fn nobodys_keys() -> Value {
    json!({"keys": [{
        "kty": "EC", "crv": "P-256",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
    }]})
}
