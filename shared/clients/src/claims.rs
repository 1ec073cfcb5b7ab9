use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth::Timestamp;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};

/// A JWT in its compact form (RFC 7519, section 3), taken apart. Nothing of it is proven. A member that comes
/// twice makes it unreadable.
pub(crate) struct Unverified<C> {
    pub(crate) header: Header,
    pub(crate) claims: C,
}

impl<C: DeserializeOwned> Unverified<C> {
    pub(crate) fn parse(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || signature.is_empty() {
            return None;
        }
        Some(Self { header: decode(header)?, claims: decode(claims)? })
    }
}

fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// The members of a JOSE header that decide (RFC 7515, section 4.1). A key inside the token itself is never
/// looked at.
#[derive(Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: Option<String>,
    pub(crate) typ: Option<String>,
    pub(crate) crit: Option<IgnoredAny>,
}

/// The claims of a client's assertion (RFC 7523, section 3; OpenID Connect Core, section 9).
#[derive(Deserialize)]
pub(crate) struct AssertionClaims {
    pub(crate) iss: String,
    pub(crate) sub: String,
    pub(crate) aud: Audience,
    pub(crate) exp: NumericDate,
    pub(crate) nbf: Option<NumericDate>,
    pub(crate) iat: Option<NumericDate>,
    pub(crate) jti: String,
}

/// The one claim that is needed to know whose keys to look at.
#[derive(Deserialize)]
pub(crate) struct Subject {
    pub(crate) sub: String,
}

/// `aud` (RFC 7519, section 4.1.3).
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Seconds since 1970, perhaps with a fraction (RFC 7519, section 2), which we drop.
#[derive(Clone, Copy)]
pub(crate) struct NumericDate(pub(crate) Timestamp);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// What a 64-bit float tells apart from its neighbours: far beyond any real date.
        const LATEST: f64 = 9_007_199_254_740_991.0;
        let number = serde_json::Number::deserialize(deserializer)?;
        let whole = number.as_i64().or_else(|| {
            let seconds = number.as_f64().filter(|seconds| seconds.abs() <= LATEST)?;
            #[expect(clippy::cast_possible_truncation, reason = "the fraction is what is dropped")]
            Some(seconds.trunc() as i64)
        });
        whole
            .map(|seconds| Self(Timestamp::from_seconds(seconds)))
            .ok_or_else(|| serde::de::Error::custom("not a moment"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_may_have_a_fraction_and_must_be_one() {
        for (json, seconds) in [
            ("1700000000", Some(1_700_000_000)),
            ("1700000000.9", Some(1_700_000_000)),
            ("1.7e9", Some(1_700_000_000)),
            ("-1", Some(-1)),
            ("1e300", None),
            ("18446744073709551615", None),
            ("\"1700000000\"", None),
            ("null", None),
        ] {
            let date = serde_json::from_str::<NumericDate>(json).ok();
            assert_eq!(date.map(|date| date.0.as_seconds()), seconds, "{json}");
        }
    }
}
