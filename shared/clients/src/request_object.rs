use std::time::Duration;

use oauth::time::CLOCK_SKEW;
use oauth::{ClientId, Parameters, Refusal, Timestamp};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

use crate::assertion::{LONGEST_JTI, SpendOnce};
use crate::claims::{Audience, NumericDate, Unverified};
use crate::{ASSERTION_ALGORITHMS, SignatureCheck};

/// How long a signed request may be good, and how long ago it may have been made (FAPI CIBA Profile, section 5.2.2).
const LONGEST_LIFE: Duration = Duration::from_hours(1);

/// What a signed request says it is, when it says so (RFC 9101, section 10.8).
const EXPLICIT_TYPE: &str = "oauth-authz-req+jwt";

/// What a signed request says (OpenID CIBA Core 1.0, section 7.1.1), proven to be its client's.
pub struct SignedRequest {
    /// The parameters that it carries.
    pub parameters: Parameters,
    /// What must be remembered so that it works once.
    pub once: SpendOnce,
}

/// The claims that make it a request of this client for this server; everything else is a parameter.
struct Claims {
    iss: String,
    aud: Audience,
    exp: NumericDate,
    iat: NumericDate,
    nbf: NumericDate,
    jti: String,
    parameters: Vec<(String, Value)>,
}

/// Checks a signed request of `client_id`, which is to be signed with `algorithm` by a key of its own, for this issuer (OpenID CIBA
/// Core 1.0, section 7.1.1).
///
/// # Errors
/// [`Refusal::RequestObjectInvalid`].
pub fn signed_request(
    token: &str,
    client_id: &ClientId,
    (algorithm, jwks): (&str, &Value),
    signatures: &impl SignatureCheck,
    issuer: &str,
    now: Timestamp,
) -> Result<SignedRequest, Refusal> {
    let invalid = |why| Refusal::RequestObjectInvalid { why };
    let Unverified { header, claims } =
        Unverified::<Claims>::parse(token).ok_or(invalid("it is no JWT with all claims that it needs"))?;
    let is_registered = header.alg.as_deref() == Some(algorithm) && ASSERTION_ALGORITHMS.contains(&algorithm);
    if !is_registered || header.crit.is_some() {
        return Err(invalid("its algorithm is not the registered one"));
    }
    if !is_request(header.typ.as_deref()) {
        return Err(invalid("it says that it is something else"));
    }
    if !signatures.is_signed(token, algorithm, jwks) {
        return Err(invalid("no key of the client has signed it"));
    }
    if claims.iss != client_id.as_str() {
        return Err(invalid("its iss is not the client"));
    }
    let is_for_us = match &claims.aud {
        Audience::One(one) => one == issuer,
        Audience::Several(several) => several.iter().any(|one| one == issuer),
    };
    if !is_for_us {
        return Err(invalid("its aud is not this issuer"));
    }
    check_times(&claims, now).map_err(invalid)?;
    if !(1..=LONGEST_JTI).contains(&claims.jti.len()) {
        return Err(invalid("its jti is empty or too long"));
    }
    let once = SpendOnce::of_request(client_id, &claims.jti, claims.exp.0);
    Ok(SignedRequest { parameters: parameters(claims.parameters)?, once })
}

/// A JWT that says that it is something else is no request (RFC 8725, section 3.11).
fn is_request(typ: Option<&str>) -> bool {
    let Some(typ) = typ else { return true };
    let typ = typ.to_ascii_lowercase();
    matches!(typ.strip_prefix("application/").unwrap_or(&typ), EXPLICIT_TYPE | "jwt")
}

fn check_times(claims: &Claims, now: Timestamp) -> Result<(), &'static str> {
    if claims.exp.0 <= now {
        return Err("it has expired");
    }
    if claims.nbf.0 > now.after(CLOCK_SKEW) || claims.iat.0 > now.after(CLOCK_SKEW) {
        return Err("it is from the future");
    }
    if now > claims.nbf.0.after(LONGEST_LIFE) || claims.exp.0 > claims.nbf.0.after(LONGEST_LIFE) {
        return Err("it is good for more than an hour, or older than that");
    }
    Ok(())
}

/// The claims as the parameters that they stand for: texts as they are, numbers as their digits, what is structured as JSON, and a
/// list of resources as one that is repeated.
fn parameters(claims: Vec<(String, Value)>) -> Result<Parameters, Refusal> {
    let mut pairs = Vec::new();
    for (name, value) in claims {
        if matches!(name.as_str(), "request" | "request_uri") {
            return Err(Refusal::RequestObjectInvalid { why: "it has another request in it" });
        }
        match value {
            Value::Array(values) if name == "resource" => {
                pairs.extend(values.into_iter().map(|value| (name.clone(), as_text(value))));
            }
            value => pairs.push((name, as_text(value))),
        }
    }
    Ok(Parameters::from_pairs(pairs))
}

fn as_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ClaimsVisitor)
    }
}

struct ClaimsVisitor;

impl<'de> Visitor<'de> for ClaimsVisitor {
    type Value = Claims;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the claims of a request")
    }

    /// Each member once: what is checked and what is used must be the same.
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Claims, A::Error> {
        let mut members = serde_json::Map::new();
        while let Some((name, value)) = entries.next_entry::<String, Value>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("repeated member"));
            }
        }
        let mut claim =
            |name: &'static str| members.remove(name).ok_or_else(|| A::Error::missing_field(name));
        let (iss, aud, jti) = (claim("iss")?, claim("aud")?, claim("jti")?);
        let (exp, iat, nbf) = (claim("exp")?, claim("iat")?, claim("nbf")?);
        Ok(Claims {
            iss: read(iss)?,
            aud: read(aud)?,
            exp: read(exp)?,
            iat: read(iat)?,
            nbf: read(nbf)?,
            jti: read(jti)?,
            parameters: members.into_iter().collect(),
        })
    }
}

fn read<T: serde::de::DeserializeOwned, E: Error>(value: Value) -> Result<T, E> {
    serde_json::from_value(value).map_err(|_| E::custom("a claim of another type"))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const ISSUER: &str = "https://auth.example.com";

    fn claims() -> Value {
        json!({
            "iss": "agent", "aud": ISSUER, "exp": 1_800_000_300, "iat": 1_800_000_000, "nbf": 1_800_000_000, "jti": "j-1",
            "scope": "openid files.read", "login_hint": "alice", "requested_expiry": 60,
            "resource": ["https://a.example", "https://b.example"],
            "authorization_details": [{"type": "file_access", "actions": ["read"]}],
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = claims();
        let members = claims.as_object_mut().expect("an object");
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.to_owned(), value);
        }
        claims
    }

    fn token(header: &Value, claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2lnbmVk", part(&header.to_string()), part(claims))
    }

    fn read_by(header: &Value, claims: &str, is_signed: bool) -> Result<SignedRequest, Refusal> {
        let client = ClientId::parse("agent").expect("an id");
        let signatures = |_: &str, _: &str, _: &Value| is_signed;
        signed_request(&token(header, claims), &client, ("ES256", &json!({})), &signatures, ISSUER, NOW)
    }

    #[test]
    fn a_request_says_its_parameters_as_a_form_would() {
        let read = read_by(&json!({"alg": "ES256"}), &claims().to_string(), true)
            .unwrap_or_else(|refusal| panic!("{refusal}"));
        let mut pairs: Vec<(&str, &str)> = read.parameters.iter().collect();
        pairs.sort_unstable();
        assert_eq!(
            pairs,
            [
                ("authorization_details", r#"[{"type":"file_access","actions":["read"]}]"#),
                ("login_hint", "alice"),
                ("requested_expiry", "60"),
                ("resource", "https://a.example"),
                ("resource", "https://b.example"),
                ("scope", "openid files.read"),
            ]
        );
    }

    #[test]
    fn what_is_not_signed_by_the_client_for_us_and_for_now_is_refused() {
        let good = json!({"alg": "ES256", "typ": "oauth-authz-req+jwt"});
        assert!(read_by(&good, &claims().to_string(), true).is_ok());
        assert!(read_by(&good, &claims().to_string(), false).is_err(), "no signature");
        for header in [
            json!({"alg": "none"}),
            json!({"alg": "RS256"}),
            json!({"alg": "HS256"}),
            json!({}),
            json!({"alg": "ES256", "typ": "at+jwt"}),
            json!({"alg": "ES256", "typ": "client-authentication+jwt"}),
            json!({"alg": "ES256", "crit": ["exp"]}),
        ] {
            assert!(read_by(&header, &claims().to_string(), true).is_err(), "{header}");
        }
        for (name, value) in [
            ("iss", json!("other")),
            ("iss", Value::Null),
            ("aud", json!("https://other.example")),
            ("aud", json!([])),
            ("aud", Value::Null),
            ("exp", json!(1_800_000_000)),
            ("exp", json!(1_800_003_601)),
            ("exp", Value::Null),
            ("nbf", json!(1_800_000_100)),
            ("nbf", json!(1_799_990_000)),
            ("nbf", Value::Null),
            ("iat", json!(1_800_000_100)),
            ("iat", Value::Null),
            ("jti", json!("")),
            ("jti", json!("j".repeat(257))),
            ("jti", Value::Null),
            ("request", json!("a.b.c")),
            ("request_uri", json!("https://agent.example/request")),
        ] {
            let claims = with(name, value.clone()).to_string();
            assert!(read_by(&good, &claims, true).is_err(), "{name}: {value}");
        }
        let twice = claims().to_string().replacen('{', r#"{"login_hint":"bob","#, 1);
        assert!(read_by(&good, &twice, true).is_err(), "a member twice");
    }
}
