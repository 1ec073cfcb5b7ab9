use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;

/// How far the clocks of two machines may be apart.
const CLOCK_SKEW_SECONDS: u64 = 10;

/// What a verified access token says, as far as this tool cares.
#[derive(Debug, Deserialize)]
pub(super) struct AccessToken {
    #[serde(default)]
    scope: String,
    #[serde(default)]
    authorization_details: Vec<Value>,
}

impl AccessToken {
    /// Whether this scope was granted.
    pub(super) fn has_scope(&self, wanted: &str) -> bool {
        self.scope.split(' ').any(|scope| scope == wanted)
    }

    /// The details, as JSON: their types have their own rules.
    pub(super) fn authorization_details(&self) -> &[Value] {
        &self.authorization_details
    }
}

/// Why a token is not accepted. The caller learns only that; a tool's own log would have the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unacceptable {
    /// Not a JWT, or a header that cannot be read.
    Malformed,
    /// Another kind of JWT, such as an ID token.
    NotAnAccessToken,
    /// It has a header parameter that must be understood and is not (RFC 7515, section 4.1.11).
    Critical,
    /// It names a key that the issuer does not publish, or none.
    UnknownKey,
    /// Signature, issuer, audience or time are wrong, or a claim is missing.
    Invalid,
}

/// Validates an access token as RFC 9068, section 4, says. The checks that `jsonwebtoken` leaves to its caller are
/// made here: `typ`, `crit`, and that `iss`, `aud` and `exp` must be present.
pub(super) fn verify(
    token: &str,
    keys: &JwkSet,
    issuer: &str,
    resource: &str,
) -> Result<AccessToken, Unacceptable> {
    let header = decode_header(token).map_err(|_| Unacceptable::Malformed)?;
    if !header.typ.as_deref().is_some_and(is_access_token) {
        return Err(Unacceptable::NotAnAccessToken);
    }
    if header.crit.is_some() {
        return Err(Unacceptable::Critical);
    }
    let key = header
        .kid
        .and_then(|kid| keys.find(&kid))
        .filter(|key| signs_es256(key))
        .ok_or(Unacceptable::UnknownKey)?;
    let key = DecodingKey::from_jwk(key).map_err(|_| Unacceptable::UnknownKey)?;

    // One algorithm, chosen by the tool: what the token's header says of itself decides nothing.
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_issuer(&[issuer]);
    rules.set_audience(&[resource]);
    rules.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    rules.validate_nbf = true;
    rules.leeway = CLOCK_SKEW_SECONDS;
    decode(token, &key, &rules).map(|token| token.claims).map_err(|_| Unacceptable::Invalid)
}

/// RFC 9068, section 4: `at+jwt`, or with the media type's full name.
fn is_access_token(typ: &str) -> bool {
    typ.eq_ignore_ascii_case("at+jwt") || typ.eq_ignore_ascii_case("application/at+jwt")
}

fn signs_es256(key: &Jwk) -> bool {
    matches!(&key.algorithm, AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P256)
        && !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption))
}
