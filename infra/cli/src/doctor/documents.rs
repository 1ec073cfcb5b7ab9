use hyper::header::CACHE_CONTROL;
use keys::{JWKS_MAX_AGE, Jwks};
use serde_json::Value;

use super::Verdict;
use super::visitor::Answer;

/// What clients cannot do without (OpenID Connect Discovery 1.0, section 3; RFC 8414, section 2; RFC 9126, section 5;
/// RFC 9207, section 3). Clients drop a document that lacks one.
const REQUIRED: [&str; 12] = [
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "pushed_authorization_request_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
    "response_types_supported",
    "code_challenge_methods_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "authorization_response_iss_parameter_supported",
];

const APPLY: &str =
    "apply the configuration with the right --issuer: countersign apply DIR --issuer URL --table NAME";
const DEPLOY: &str =
    "see that the deployed functions are of this version, and what stands in front of the API";

/// The members of a JWK that only its owner may know (RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

/// Reads JSON that an address must answer with.
pub(super) fn json(answer: &Answer) -> Result<Value, Verdict> {
    if answer.status != 200 {
        return Err(Verdict::wrong(
            format_args!("it is answered with the status {}", answer.status),
            "see that the address is the deployment's: its output Url, or its domain",
        ));
    }
    let read = serde_json::from_slice(&answer.body);
    match read {
        Ok(value) if answer.is_json() => Ok(value),
        _ => Err(Verdict::wrong("the answer is not JSON", DEPLOY)),
    }
}

/// A discovery document of this issuer. People's browsers may be sent to another domain; everything else is below the issuer.
pub(super) fn discovery(document: &Value, issuer: &str) -> Verdict {
    let missing: Vec<&str> = REQUIRED.into_iter().filter(|name| document.get(name).is_none()).collect();
    if !missing.is_empty() {
        return Verdict::wrong(format_args!("it lacks {}", missing.join(", ")), DEPLOY);
    }
    if document["issuer"] != issuer {
        return Verdict::wrong(
            format_args!("it says that the issuer is {} and not {issuer}", document["issuer"]),
            APPLY,
        );
    }
    let below = format!("{issuer}/");
    let is_for_people = |name| name == "authorization_endpoint";
    let elsewhere = endpoints(document).find(|(name, url)| !is_for_people(*name) && !url.starts_with(&below));
    if let Some((name, url)) = elsewhere {
        return Verdict::wrong(format_args!("{name} is not below the issuer: {url}"), APPLY);
    }
    if !lists(document, "code_challenge_methods_supported").contains(&"S256") {
        return Verdict::wrong("it does not offer PKCE with S256", DEPLOY);
    }
    Verdict::ok(format_args!("issuer and {} endpoints are right", endpoints(document).count()))
}

/// The key set, which must have a key for each advertised algorithm, and may be kept so long (RFC 7517, section 5).
pub(super) fn key_set(answer: &Answer, document: &Value) -> Verdict {
    let set = match json(answer) {
        Ok(set) => set,
        Err(verdict) => return verdict,
    };
    let jwks = match Jwks::parse(&set) {
        Ok(jwks) => jwks,
        Err(defect) => return Verdict::wrong(defect, DEPLOY),
    };
    let keys = set["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    if keys.iter().any(|key| PRIVATE.iter().any(|member| key.get(member).is_some())) {
        return Verdict::wrong(
            "it gives out a private key",
            "replace the keys at once: {\"rotate\": [\"ES256\", \"RS256\"], \"at_once\": true} to the rotation function",
        );
    }
    if let Some((key, defect)) = jwks.defects().next() {
        return Verdict::wrong(format_args!("the key {key} cannot be used: {defect}"), DEPLOY);
    }
    let without = lists(document, "id_token_signing_alg_values_supported")
        .into_iter()
        .find(|algorithm| !keys.iter().any(|key| key["alg"] == *algorithm));
    if let Some(algorithm) = without {
        return Verdict::wrong(
            format_args!("there is no key for {algorithm}, which is advertised"),
            "invoke the rotation function once (output Next1MakeTheKeys)",
        );
    }
    match max_age(answer) {
        Some(seconds) if seconds == JWKS_MAX_AGE.as_secs() => {
            Verdict::ok(format_args!("{} keys, to be kept for {seconds} s", keys.len()))
        }
        Some(seconds) => Verdict::wrong(
            format_args!(
                "it may be kept for {seconds} s, and new keys sign {} s after they are published",
                JWKS_MAX_AGE.as_secs()
            ),
            "have nothing between clients and the API change Cache-Control",
        ),
        None => Verdict::wrong(
            "it does not say for how long it may be kept",
            "have nothing between clients and the API take Cache-Control away",
        ),
    }
}

/// What `/token` says to a request without a client (OAuth 2.1, section 3.2.4): the error in JSON, kept by nobody, and
/// nothing of the inside.
pub(super) fn refusal(answer: &Answer) -> Verdict {
    if !matches!(answer.status, 400 | 401) {
        return Verdict::wrong(
            format_args!(
                "a request without a client is answered with {} and not with 400 or 401",
                answer.status
            ),
            "look for the request's line in the log: countersign audit, or the log group",
        );
    }
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok().filter(|_| answer.is_json());
    let Some(Value::Object(body)) = body else {
        return Verdict::wrong("a refusal is not JSON", DEPLOY);
    };
    if !matches!(body.get("error").and_then(Value::as_str), Some("invalid_client" | "invalid_request")) {
        return Verdict::wrong(format_args!("a refusal's error is {:?}", body.get("error")), DEPLOY);
    }
    let other =
        body.keys().find(|name| !["error", "error_description", "error_uri"].contains(&name.as_str()));
    if let Some(name) = other {
        return Verdict::wrong(format_args!("a refusal tells more than it should: {name}"), DEPLOY);
    }
    if !answer.header(CACHE_CONTROL).is_some_and(|value| value.contains("no-store")) {
        return Verdict::wrong(
            "a refusal may be kept by caches",
            "have nothing between clients and the API change Cache-Control",
        );
    }
    Verdict::ok(format_args!("{} {}", answer.status, body["error"]))
}

fn endpoints(document: &Value) -> impl Iterator<Item = (&str, &str)> {
    let members = document.as_object().into_iter().flatten();
    members
        .filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri")
        .map(|(name, url)| (name.as_str(), url.as_str().unwrap_or_default()))
}

fn lists<'d>(document: &'d Value, name: &str) -> Vec<&'d str> {
    document[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn max_age(answer: &Answer) -> Option<u64> {
    let directives = answer.header(CACHE_CONTROL)?.split(',').map(str::trim);
    directives.filter_map(|directive| directive.strip_prefix("max-age=")).find_map(|value| value.parse().ok())
}
